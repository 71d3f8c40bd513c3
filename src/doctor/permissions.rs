//! Permissions of the signed-in identity for an apply, a destroy and a failover of the stack.

use crate::providers::azure::ids::AzureId;
use std::collections::{BTreeMap, BTreeSet};

use super::{DoctorCheck, DoctorInput, DoctorResult, DoctorStatus, ListAnswers, subscription, why};
use crate::failover::{ListRequest, action_of, allows, permissions};
use crate::object::ObjectId;

const NAME: &str = "permissions";

pub(super) const CHECK: DoctorCheck = DoctorCheck { lists, judge };

/// Actions on every resource.
const VERBS: [&str; 3] = ["read", "write", "delete"];

/// Scopes in which resources are written, each with the required actions.
fn needed(subject: DoctorInput<'_>) -> BTreeMap<ObjectId, BTreeSet<String>> {
    let whole = ObjectId::new(subscription(subject.stack));
    let mut needed: BTreeMap<ObjectId, BTreeSet<String>> = BTreeMap::new();
    for resource in subject.stack.resources.values() {
        if resource.kind.place.is_property() {
            continue;
        }
        let group = resource.group.as_ref().and_then(|group| subject.state?.resources.get(group));
        let scope = group.map_or_else(|| whole.clone(), |group| group.id.clone());
        let types = resource.objects.iter().filter_map(|object| object.id.arm_type());
        let actions = types.flat_map(|of| VERBS.map(|verb| action_of(&of, verb)));
        needed.entry(scope).or_default().extend(actions);
    }
    needed
}

fn lists(subject: DoctorInput<'_>) -> Vec<ListRequest> {
    needed(subject).into_keys().map(|scope| permissions(&scope)).collect()
}

fn judge(subject: DoctorInput<'_>, answers: &ListAnswers, found: &mut Vec<DoctorResult>) {
    let before = found.len();
    let needed = needed(subject);
    for (scope, actions) in &needed {
        let permitted = answers.get(&permissions(scope));
        let Some(Ok(permitted)) = permitted else {
            let what = format!("your permissions in {} are unknown{}", scope.name(), why(permitted));
            found.push(DoctorResult::of(NAME, DoctorStatus::Unseen, what, "Azure may refuse any write there."));
            continue;
        };
        let missing: Vec<&str> =
            actions.iter().filter(|action| !allows(permitted, action)).map(String::as_str).collect();
        if !missing.is_empty() {
            found.push(DoctorResult::of(
                NAME,
                DoctorStatus::Fails,
                format!("missing permissions in {}: {}", scope.name(), missing.join(", ")),
                "Request a role with these actions. Contributor has most of them; locks and role assignments also need User Access Administrator.",
            ));
        }
    }
    if found.len() == before {
        let actions: BTreeSet<&String> = needed.values().flatten().collect();
        found.push(DoctorResult::passes(
            NAME,
            format!("you have all {} permissions that this stack needs", actions.len()),
        ));
    }
}
