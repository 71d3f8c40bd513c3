//! Whether the subscription is registered with every provider that the stack needs. An apply or a failover run registers what is missing, which takes minutes that nobody
//! has in an outage, and a right.

use std::collections::BTreeSet;

use super::{Answers, Check, Finding, Patient, Verdict, subscription, why};
use crate::address::ArmId;
use crate::failover::{List, action_of, allows, permissions};

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

/// What may be done in the subscription, where a registration is asked for.
fn rights(patient: Patient<'_>) -> List {
    permissions(&ArmId::new(subscription(patient.stack)))
}

fn lists(patient: Patient<'_>) -> Vec<List> {
    let providers = namespaces(patient);
    providers.iter().map(|namespace| list(patient, namespace)).chain([rights(patient)]).collect()
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
            Some(state) => {
                let action = action_of(namespace, "register/action");
                let permitted = answers.get(&rights(patient)).and_then(|answer| answer.as_ref().ok());
                let (verdict, help) = match permitted.is_none_or(|permitted| allows(permitted, &action)) {
                    true => (
                        Verdict::Warns,
                        format!(
                            "An apply registers it. `az provider register --namespace {namespace}` does so before the day it is needed: it takes minutes."
                        ),
                    ),
                    false => (
                        Verdict::Fails,
                        format!(
                            "Whoever may do {action}, as a Contributor of the subscription, does it with `az provider register --namespace {namespace}`."
                        ),
                    ),
                };
                let what = format!("the subscription is not registered with {namespace} ({state})");
                found.push(Finding::of(NAME, verdict, what, help));
            }
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
