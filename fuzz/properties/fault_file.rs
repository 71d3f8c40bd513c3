//! Any text as a file of faults for the simulator. Writing the parsed faults and reading them again gives the same
//! faults.

use drplan::simulator::parse_faults;

/// Panics unless the property holds for this input.
pub fn holds(text: &str) {
    let Ok(faults) = parse_faults(text, drplan::providers::dialects()) else { return };
    let written = serde_json::to_string(&faults).expect("every fault can be serialised");
    assert_eq!(parse_faults(&written, drplan::providers::dialects()).expect("written faults can be read"), faults);
}
