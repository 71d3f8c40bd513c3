//! Any text as a saved plan. Writing the parsed plan and reading it again gives the same plan.

#![no_main]

use drplan::plan::file::PlanFile;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(plan) = PlanFile::parse(text) else { return };
    let written = serde_json::to_string(&plan).expect("every saved plan can be serialised");
    assert_eq!(PlanFile::parse(&written).expect("a written plan can be read"), plan);
});
