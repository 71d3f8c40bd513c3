//! Whether the subscription is registered with every provider that the stack needs. Registering takes minutes, which nobody has in an outage.

use std::collections::BTreeSet;

use super::{Answers, Check, Finding, Patient, Verdict, subscription, why};
use crate::address::ArmId;
use crate::failover::List;

const NAME: &str = "registrations";
const API: &str = "2021-04-01";

pub(super) const CHECK: Check = Check { lists, judge };

fn namespaces(patient: Patient<'_>) -> BTreeSet<String> {
    let objects = patient.stack.resources.values().flat_map(|resource| &resource.objects);
    objects.filter_map(|object| Some(object.id.arm_type()?.split('/').next()?.to_owned())).collect()
}

fn list(patient: Patient<'_>, namespace: &str) -> List {
    let id = ArmId::new(format!("{}/providers/{namespace}", subscription(patient.stack)));
    List { id, api: API, query: Vec::new() }
}

fn lists(patient: Patient<'_>) -> Vec<List> {
    namespaces(patient).iter().map(|namespace| list(patient, namespace)).collect()
}

fn judge(patient: Patient<'_>, answers: &Answers, found: &mut Vec<Finding>) {
    let before = found.len();
    let namespaces = namespaces(patient);
    for namespace in &namespaces {
        let answer = answers.get(&list(patient, namespace));
        let state =
            answer.and_then(|answer| answer.as_ref().ok()?.get("registrationState")?.as_str().map(str::to_owned));
        match state.as_deref() {
            Some("Registered") => {}
            Some(state) => found.push(Finding::of(
                NAME,
                Verdict::Fails,
                format!("the subscription is not registered with {namespace} ({state})"),
                format!(
                    "`az provider register --namespace {namespace}`, before the day it is needed: it takes minutes."
                ),
            )),
            None => found.push(Finding::of(
                NAME,
                Verdict::Unseen,
                format!("whether the subscription is registered with {namespace} cannot be looked at{}", why(answer)),
                "",
            )),
        }
    }
    if found.len() == before {
        let all: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        found.push(Finding::passes(NAME, format!("registered with {}", all.join(", "))));
    }
}
