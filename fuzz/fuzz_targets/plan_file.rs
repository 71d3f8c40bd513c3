//! Any text as a saved plan: what can be read is written such that reading it gives the same plan.

#![no_main]

use drplan::plan::file::PlanFile;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(plan) = PlanFile::parse(text) else { return };
    let written = serde_json::to_string(&plan).expect("every saved plan has a text");
    assert_eq!(PlanFile::parse(&written).expect("what was written is read"), plan);
});
