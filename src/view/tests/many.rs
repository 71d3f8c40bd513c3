//! Many like lines are one line with a count, and every line with `-v`.

use serde_json::json;

use crate::address::Address;
use crate::plan::{ArgumentChange, Drift};
use crate::state::{Recorded, State};
use crate::value::SealedValue;
use crate::view::{Detail, Layout, WIDTH, plan, state};

const FULL: Layout = Layout { detail: Detail::Full, width: WIDTH };

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn state_of(resources: &[(&str, &str)]) -> State {
    let mut state = State::empty("web", "lineage".to_owned());
    for (address, site) in resources {
        let recorded: Recorded = serde_json::from_value(json!({
            "id": format!("/subscriptions/s/{address}"), "name": address, "site": site, "location": "canadacentral",
            "objects": [], "arguments": {}, "attributes": {}, "status": "standing",
        }))
        .unwrap();
        state.resources.insert(address.parse().unwrap(), recorded.into());
    }
    state
}

#[test]
fn many_recorded_resources_of_a_kind_are_one_line_for_each_site() {
    let recorded = state_of(&[
        ("subnet.a", "east"),
        ("subnet.b", "east"),
        ("subnet.c", "west"),
        ("subnet.d", "east"),
        ("subnet.e", "east"),
        ("virtual_network.hub", "east"),
    ]);
    let summary = plain(&state::list(&recorded, Layout::default()));
    let expected = "4 subnet (-v shows each)  east\n    a, b, d, e\nsubnet.c                  west\n\
                    virtual_network.hub       east\n";
    assert_eq!(summary, expected);
    let each = plain(&state::list(&recorded, FULL));
    assert_eq!(each.lines().count(), 6);
    let first: Vec<&str> = each.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(first, recorded.resources.keys().map(Address::as_str).collect::<Vec<_>>());
}

#[test]
fn many_like_drift_lines_are_one_line_with_their_number() {
    let changed = |name: &str, after: &str| {
        let value = |text: &str| Some(SealedValue::from_sealed_json(&json!(text)));
        let argument = ArgumentChange {
            path: "sku".to_owned(),
            before: value("Standard"),
            after: value(after),
            forces_replace: false,
        };
        Drift { address: Address::new("public_ip", name), gone: false, arguments: vec![argument] }
    };
    let gone = |name: &str| Drift { address: Address::new("subnet", name), gone: true, arguments: Vec::new() };
    let mut drift: Vec<Drift> = ["a", "b", "c", "d"].map(|name| changed(name, "Basic")).to_vec();
    drift.push(changed("e", "Other"));
    drift.extend(["a", "b", "c", "d", "e"].map(gone));
    let summary = plain(&plan::drift_section(&drift, Layout::default()).unwrap());
    let expected = "Drift detected: these resources changed outside drplan.\n  \
                    ~ 4 public_ip were changed (-v shows each)\n        a, b, c, d\n        \
                    sku: \"Standard\" -> \"Basic\"\n  \
                    ~ public_ip.e was changed\n        sku: \"Standard\" -> \"Other\"\n  \
                    - 5 subnet were deleted (-v shows each)\n        a, b, c, d, e\n";
    assert_eq!(summary, expected);
    let each = plain(&plan::drift_section(&drift, FULL).unwrap());
    assert_eq!(each.matches("was changed").count() + each.matches("was deleted").count(), 10);
}
