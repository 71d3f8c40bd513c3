//! Any text as a saved plan. Writing the parsed plan and reading it again gives the same plan.

use drplan::plan::file::PlanFile;

/// Panics unless the property holds for this input.
pub fn holds(text: &str) {
    let Ok(plan) = PlanFile::parse(text) else { return };
    let written = serde_json::to_string(&plan).expect("every saved plan can be serialised");
    assert_eq!(PlanFile::parse(&written).expect("a written plan can be read"), plan);
}
