//! Any text as the only file of a stack, read within a small budget as every command reads it that changes nothing.

use std::sync::Arc;

use drplan::diagnostic::{Diagnostics, Sources, render_all};
use drplan::emit;
use drplan::hcl::eval::Budget;
use drplan::hcl::{self, Files};
use drplan::providers::azure::bicep;
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::providers::rules;
use drplan::review::compare;
use drplan::stack::{Input, Knowledge, read_all};
use drplan::value::Seal;
use drplan::view::graph::{Picture, PictureDetail, svg};

/// Units of the budget.
pub const UNITS: usize = 4_000_000;

/// Reads a text as every command does that changes nothing. Returns the units of work.
pub fn read(text: &str) -> usize {
    let budget = Budget::new(UNITS);
    let _ = hcl::format(text);
    let mut sources = Sources::default();
    let account = (SUBSCRIPTION, TENANT);
    let input =
        Input { reader: Arc::new(Echo), ..Input::in_memory(text, &mut sources, account, drplan::providers::catalog()) };
    let (program, mut found): (_, Diagnostics) = read_all(input);
    let (stack, wrong) = Arc::new(program).evaluate_within(&Knowledge::default(), &budget);
    found.extend(wrong);
    if let (Some(stack), false) = (stack, found.has_errors()) {
        found.extend(rules().check(&stack));
        let _ = compare(None, &stack, &Seal::new([7; 32]));
        let _ = emit::terraform(&stack, emit::Options { imports: false });
        let _ = bicep::emit(&stack);
        let _ = svg(&Picture::of(&stack, PictureDetail::All));
    }
    let _ = render_all(&found, &sources, 80);
    budget.used()
}

/// A directory in which each file holds its own path.
struct Echo;

impl Files for Echo {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(Some(path.as_bytes().into()))
    }
}
