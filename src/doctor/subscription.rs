//! Whether the subscription is there and takes writes.

use serde_json::Value as Json;

use super::{Answers, Check, Finding, Patient, Verdict, subscription, why};
use crate::address::ArmId;
use crate::failover::List;

const NAME: &str = "subscription";
const API: &str = "2022-12-01";

pub(super) const CHECK: Check = Check { lists, judge };

fn list(patient: Patient<'_>) -> List {
    List { id: ArmId::new(subscription(patient.stack)), api: API, query: Vec::new() }
}

fn lists(patient: Patient<'_>) -> Vec<List> {
    vec![list(patient)]
}

fn judge(patient: Patient<'_>, answers: &Answers, found: &mut Vec<Finding>) {
    let id = &patient.stack.subscription;
    found.push(match answers.get(&list(patient)) {
        Some(Ok(answer)) => {
            let text = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or_default();
            match text("state") {
                "Enabled" => Finding::passes(NAME, format!("{} ({id}) is enabled", text("displayName"))),
                state => Finding::of(
                    NAME,
                    Verdict::Fails,
                    format!("{} ({id}) is {}, and takes no writes", text("displayName"), state.to_lowercase()),
                    "Let its owner enable it, or choose another one with AZURE_SUBSCRIPTION_ID.",
                ),
            }
        }
        other => Finding::of(
            NAME,
            Verdict::Fails,
            format!("{id} cannot be read{}", why(other)),
            "Look at AZURE_SUBSCRIPTION_ID, and whether who signs in may read the subscription.",
        ),
    });
}
