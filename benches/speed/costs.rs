//! The cost of hostile texts: work, and time for each unit of it.

use std::sync::Arc;
use std::time::Instant;

use drplan::diagnostic::{Diagnostics, Sources, render_all};
use drplan::emit;
use drplan::hcl::eval::{Budget, MAX_WORK};
use drplan::providers::azure::bicep;
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::providers::rules;
use drplan::review::compare;
use drplan::stack::{Input, Knowledge, read_all};
use drplan::value::Seal;
use drplan::view::graph::{Picture, PictureDetail, svg};

use super::hostile::{self, HostileText};

/// Most texts that are printed.
const SHOWN: usize = 10;

/// The cost of one text.
struct Cost {
    name: &'static str,
    bytes: usize,
    work: usize,
    seconds: f64,
    refused: bool,
}

/// Prints the texts that took longest: their size, their share of the budget, nanoseconds for each unit, and whether
/// they are refused.
pub fn print() {
    let mut costs: Vec<Cost> = hostile::texts().iter().map(cost).collect();
    costs.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    println!("{:<32}{:>10}{:>10}{:>10}{:>10}  result", "hostile text", "bytes", "budget", "time", "ns/unit");
    for Cost { name, bytes, work, seconds, refused } in costs.iter().take(SHOWN) {
        let share = 100.0 * (*work).min(MAX_WORK) as f64 / MAX_WORK as f64;
        let each = 1e9 * seconds / (*work).clamp(1, MAX_WORK) as f64;
        let result = if *refused { "refused" } else { "valid" };
        println!("{name:<32}{bytes:>10}{share:>8.0} %{:>7.0} ms{each:>10.2}  {result}", seconds * 1e3);
    }
}

fn cost(hostile: &HostileText) -> Cost {
    let began = Instant::now();
    let budget = Budget::default();
    let mut sources = Sources::default();
    let (program, mut found) =
        read_all(Input::in_memory(&hostile.text, &mut sources, (SUBSCRIPTION, TENANT), drplan::providers::catalog()));
    let (stack, of_values): (_, Diagnostics) = Arc::new(program).evaluate_within(&Knowledge::default(), &budget);
    found.extend(of_values);
    // What is valid is read by every command that changes nothing.
    if let (Some(stack), false) = (&stack, found.has_errors()) {
        let _ = rules().check(stack);
        let _ = compare(None, stack, &Seal::new([7; 32]));
        let _ = emit::terraform(stack, emit::Options { imports: false });
        let _ = bicep::emit(stack);
        let _ = svg(&Picture::of(stack, PictureDetail::All));
    }
    let _ = render_all(&found, &sources, 80);
    Cost {
        name: hostile.name,
        bytes: hostile.text.len(),
        work: budget.used(),
        seconds: began.elapsed().as_secs_f64(),
        refused: found.has_errors(),
    }
}
