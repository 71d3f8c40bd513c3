//! Registrations of the subscription with the resource providers that the stack needs. An apply or a failover run
//! registers missing ones, which needs a permission, and takes minutes during an outage.

use std::collections::BTreeSet;

use super::subscription;
use crate::kinds::looks::{AccountCheck, AccountNeeds, Finding, ListAnswers, ListRequest, Severity, why};
use crate::object::{Object, ObjectId};
use crate::providers::azure::guards::rights;
use crate::providers::azure::ids::AzureId;

const API: &str = "2021-04-01";

pub(super) const CHECK: AccountCheck = AccountCheck { name: "registrations", lists, judge };

fn namespaces(needs: &AccountNeeds<'_>) -> BTreeSet<String> {
    needs.objects.iter().filter_map(|one| Some(one.object.id.arm_type()?.split('/').next()?.to_owned())).collect()
}

fn list(needs: &AccountNeeds<'_>, namespace: &str) -> ListRequest {
    let id = ObjectId::new(format!("{}/providers/{namespace}", subscription(needs.account)));
    ListRequest { object: Object::whole(id, API), query: Vec::new() }
}

/// Permissions in the subscription, where providers are registered.
fn permissions(needs: &AccountNeeds<'_>) -> ListRequest {
    rights::list(&subscription(needs.account))
}

fn lists(needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    let providers = namespaces(needs);
    providers.iter().map(|namespace| list(needs, namespace)).chain([permissions(needs)]).collect()
}

fn judge(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let mut found = Vec::new();
    let namespaces = namespaces(needs);
    for namespace in &namespaces {
        let answer = answers.get(&list(needs, namespace));
        let state =
            answer.and_then(|answer| answer.as_ref().ok()?.get("registrationState")?.as_str().map(str::to_owned));
        match state.as_deref() {
            Some("Registered") => {}
            Some(state) => {
                let action = rights::action(namespace, "register/action");
                let permitted = answers.get(&permissions(needs)).and_then(|answer| answer.as_ref().ok());
                let (verdict, help) = match permitted.is_none_or(|permitted| rights::allows(permitted, &action)) {
                    true => (
                        Severity::Warns,
                        format!(
                            "An apply registers it, which takes minutes. To do so now: `az provider register --namespace {namespace}`"
                        ),
                    ),
                    false => (
                        Severity::Refuses,
                        format!(
                            "Ask a Contributor of the subscription to run `az provider register --namespace {namespace}`: your identity lacks {action}."
                        ),
                    ),
                };
                let what = format!("the subscription is not registered with {namespace} ({state})");
                found.push(Finding::of(verdict, what, help));
            }
            None => found.push(Finding::of(
                Severity::Unseen,
                format!("the registration with {namespace} is unknown{}", why(answer)),
                "",
            )),
        }
    }
    if found.is_empty() {
        let all: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        found.push(Finding::passes(format!("registered with {}", all.join(", "))));
    }
    found
}
