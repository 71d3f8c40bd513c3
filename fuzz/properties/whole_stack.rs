//! Any text as the only file of a stack: it is read, evaluated, checked and planned, and every message about it is
//! rendered.

use std::sync::Arc;

use drplan::diagnostic::{Diagnostics, Sources, render_all};
use drplan::hcl::Files;
use drplan::plan::{Observed, PlanInput, plan};
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::providers::rules;
use drplan::stack::{Input, Knowledge, read_all};
use drplan::value::Seal;

/// Panics unless the property holds for this input.
pub fn holds(text: &str) {
    let mut sources = Sources::default();
    let account = (SUBSCRIPTION, TENANT);
    let input =
        Input { reader: Arc::new(Echo), ..Input::in_memory(text, &mut sources, account, drplan::providers::catalog()) };
    let (program, found) = read_all(input);
    show(&found, &sources);
    let program = Arc::new(program);
    let (stack, wrong) = program.evaluate_all(&Knowledge::default());
    show(&wrong, &sources);
    if let Some(stack) = stack {
        show(&rules().check(&stack), &sources);
    }
    if found.has_errors() || wrong.has_errors() {
        return;
    }
    let question = PlanInput {
        program: &program,
        state: None,
        observed: &Observed::default(),
        seal: &Seal::new([7; 32]),
        targets: &[],
        adopt: &[],
        destroy: false,
    };
    match plan(&question) {
        Ok(planned) => show(&planned.warnings, &sources),
        Err(wrong) => {
            show(&wrong, &sources);
            assert!(wrong.iter().all(|one| one.code != "bug"), "a valid stack has a plan");
        }
    }
}

fn show(found: &Diagnostics, sources: &Sources) {
    let _ = render_all(found, sources, 80);
}

/// A directory in which each file holds its own path.
struct Echo;

impl Files for Echo {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(Some(path.as_bytes().into()))
    }
}
