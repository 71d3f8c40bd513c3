//! Whether who signs in may do what an apply, a destroy and a failover of this stack do.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answers, Check, Finding, Patient, Verdict, subscription, why};
use crate::address::ArmId;
use crate::failover::{List, action_of, allows, permissions};
use crate::kinds::Place;

const NAME: &str = "permissions";

pub(super) const CHECK: Check = Check { lists, judge };

/// What is done to every resource.
const VERBS: [&str; 3] = ["read", "write", "delete"];

/// The scopes in which resources are written, each with the actions that it takes there.
fn needed(patient: Patient<'_>) -> BTreeMap<ArmId, BTreeSet<String>> {
    let whole = ArmId::new(subscription(patient.stack));
    let mut needed: BTreeMap<ArmId, BTreeSet<String>> = BTreeMap::new();
    for resource in patient.stack.resources.values() {
        if matches!(resource.kind.place, Place::Property(_)) {
            continue;
        }
        let group = resource.group.as_ref().and_then(|group| patient.state?.resources.get(group));
        let scope = group.map_or_else(|| whole.clone(), |group| group.id.clone());
        let types = resource.objects.iter().filter_map(|object| object.id.arm_type());
        let actions = types.flat_map(|type_| VERBS.map(|verb| action_of(&type_, verb)));
        needed.entry(scope).or_default().extend(actions);
    }
    needed
}

fn lists(patient: Patient<'_>) -> Vec<List> {
    needed(patient).into_keys().map(|scope| permissions(&scope)).collect()
}

fn judge(patient: Patient<'_>, answers: &Answers, found: &mut Vec<Finding>) {
    let before = found.len();
    let needed = needed(patient);
    for (scope, actions) in &needed {
        let permitted = answers.get(&permissions(scope));
        let Some(Ok(permitted)) = permitted else {
            let what = format!("what you may do in {} cannot be looked at{}", scope.name(), why(permitted));
            found.push(Finding::of(NAME, Verdict::Unseen, what, "Any write there may be refused."));
            continue;
        };
        let missing: Vec<&str> =
            actions.iter().filter(|action| !allows(permitted, action)).map(String::as_str).collect();
        if !missing.is_empty() {
            found.push(Finding::of(
                NAME,
                Verdict::Fails,
                format!("in {} you may not do {}", scope.name(), missing.join(", ")),
                "Ask for a role that has these actions, as Contributor has for most; locks and role assignments need User Access Administrator, too.",
            ));
        }
    }
    if found.len() == before {
        let actions: BTreeSet<&String> = needed.values().flatten().collect();
        found.push(Finding::passes(NAME, format!("you may do all {} actions that this stack takes", actions.len())));
    }
}
