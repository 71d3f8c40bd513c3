//! Registrations of the subscription with the resource providers that the stack needs. An apply or a failover run
//! registers missing ones, which needs a permission, and takes minutes during an outage.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeSet;

use super::{DoctorCheck, DoctorInput, DoctorResult, DoctorStatus, ListAnswers, subscription, why};
use crate::failover::{ListRequest, action_of, allows, permissions};
use crate::object::{Object, ObjectId};

const NAME: &str = "registrations";
const API: &str = "2021-04-01";

pub(super) const CHECK: DoctorCheck = DoctorCheck { lists, judge };

fn namespaces(subject: DoctorInput<'_>) -> BTreeSet<String> {
    let objects = subject.stack.resources.values().flat_map(|resource| &resource.objects);
    objects.filter_map(|object| Some(object.id.arm_type()?.split('/').next()?.to_owned())).collect()
}

fn list(subject: DoctorInput<'_>, namespace: &str) -> ListRequest {
    let id = ObjectId::new(format!("{}/providers/{namespace}", subscription(subject.stack)));
    ListRequest { object: Object::whole(id, API), query: Vec::new() }
}

/// Permissions in the subscription, where providers are registered.
fn rights(subject: DoctorInput<'_>) -> ListRequest {
    permissions(&ObjectId::new(subscription(subject.stack)))
}

fn lists(subject: DoctorInput<'_>) -> Vec<ListRequest> {
    let providers = namespaces(subject);
    providers.iter().map(|namespace| list(subject, namespace)).chain([rights(subject)]).collect()
}

fn judge(subject: DoctorInput<'_>, answers: &ListAnswers, found: &mut Vec<DoctorResult>) {
    let before = found.len();
    let namespaces = namespaces(subject);
    for namespace in &namespaces {
        let answer = answers.get(&list(subject, namespace));
        let state =
            answer.and_then(|answer| answer.as_ref().ok()?.get("registrationState")?.as_str().map(str::to_owned));
        match state.as_deref() {
            Some("Registered") => {}
            Some(state) => {
                let action = action_of(namespace, "register/action");
                let permitted = answers.get(&rights(subject)).and_then(|answer| answer.as_ref().ok());
                let (verdict, help) = match permitted.is_none_or(|permitted| allows(permitted, &action)) {
                    true => (
                        DoctorStatus::Warns,
                        format!(
                            "An apply registers it, which takes minutes. To do so now: `az provider register --namespace {namespace}`"
                        ),
                    ),
                    false => (
                        DoctorStatus::Fails,
                        format!(
                            "Ask a Contributor of the subscription to run `az provider register --namespace {namespace}`: your identity lacks {action}."
                        ),
                    ),
                };
                let what = format!("the subscription is not registered with {namespace} ({state})");
                found.push(DoctorResult::of(NAME, verdict, what, help));
            }
            None => found.push(DoctorResult::of(
                NAME,
                DoctorStatus::Unseen,
                format!("the registration with {namespace} is unknown{}", why(answer)),
                "",
            )),
        }
    }
    if found.len() == before {
        let all: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        found.push(DoctorResult::passes(NAME, format!("registered with {}", all.join(", "))));
    }
}
