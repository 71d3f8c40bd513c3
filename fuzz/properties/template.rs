//! Any text as a template that is deployed to the local simulator. The template is refused or deployed to its end, and
//! the simulator still answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use drplan::host::SimClock;
use drplan::providers::azure::simulated::SUBSCRIPTION;
use drplan::simulator::{HttpMethod, Request, Response, START, Simulator};
use serde_json::{Value, json};

fn ask(simulator: &Simulator, verb: HttpMethod, path: &str, body: Option<Value>) -> Response {
    simulator.handle(&Request {
        verb,
        path: format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg{path}"),
        query: BTreeMap::from([("api-version".to_owned(), "2021-04-01".to_owned())]),
        headers: BTreeMap::new(),
        body: Ok(body),
        bytes: Default::default(),
    })
}

/// Panics unless the property holds for this input.
pub fn holds(text: &str) {
    let Ok(template) = serde_json::from_str::<Value>(text) else { return };
    let clock = Arc::new(SimClock::new(START));
    let simulator = Simulator::new(drplan::providers::dialects(), 1, clock.clone());
    ask(&simulator, HttpMethod::Put, "", Some(json!({ "location": "canadacentral" })));
    let path = "/providers/Microsoft.Resources/deployments/one";
    let body = json!({ "properties": { "mode": "Incremental", "template": template } });
    ask(&simulator, HttpMethod::Post, &format!("{path}/whatIf"), Some(body.clone()));
    let begun = ask(&simulator, HttpMethod::Put, path, Some(body)).status;
    assert!(matches!(begun, 201 | 400 | 404), "{begun}");
    clock.advance_to(START + Duration::from_secs(7 * 24 * 3600));
    if begun == 201 {
        let ended = ask(&simulator, HttpMethod::Get, path, None);
        let ended: Value = serde_json::from_slice(&ended.body).expect("the answer is JSON");
        let state = ended["properties"]["provisioningState"].as_str().unwrap_or_default();
        assert!(matches!(state, "Succeeded" | "Failed"), "{ended}");
    }
    assert_eq!(ask(&simulator, HttpMethod::Get, "", None).status, 200);
}
