//! Any text as a file of faults for the simulator: what can be read is written such that reading it gives the same faults.

#![no_main]

use drplan::simulator::parse_faults;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(faults) = parse_faults(text) else { return };
    let written = serde_json::to_string(&faults).expect("every fault has a text");
    assert_eq!(parse_faults(&written).expect("what was written is read"), faults);
});
