//! Permissions of the signed-in identity for an apply, a destroy and a failover of the stack.

use std::collections::{BTreeMap, BTreeSet};

use super::subscription;
use crate::kinds::looks::{AccountCheck, AccountNeeds, Finding, ListAnswers, ListRequest, Severity, why};
use crate::object::ObjectId;
use crate::providers::azure::guards::rights;
use crate::providers::azure::ids::AzureId;

pub(super) const CHECK: AccountCheck = AccountCheck { name: "permissions", lists, judge };

/// Actions on every resource.
const VERBS: [&str; 3] = ["read", "write", "delete"];

/// Scopes in which resources are written, each with the required actions.
fn needed(needs: &AccountNeeds<'_>) -> BTreeMap<ObjectId, BTreeSet<String>> {
    let mut needed: BTreeMap<ObjectId, BTreeSet<String>> = BTreeMap::new();
    for one in needs.objects.iter().filter(|one| !one.is_property) {
        let scope = one.scope.clone().unwrap_or_else(|| subscription(needs.account));
        let actions = one.object.id.arm_type().into_iter().flat_map(|of| VERBS.map(|verb| rights::action(&of, verb)));
        needed.entry(scope).or_default().extend(actions);
    }
    needed
}

fn lists(needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    needed(needs).into_keys().map(|scope| rights::list(&scope)).collect()
}

fn judge(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let mut found = Vec::new();
    let needed = needed(needs);
    for (scope, actions) in &needed {
        let permitted = answers.get(&rights::list(scope));
        let Some(Ok(permitted)) = permitted else {
            let what = format!("your permissions in {} are unknown{}", scope.name(), why(permitted));
            found.push(Finding::of(Severity::Unseen, what, "Azure may refuse any write there."));
            continue;
        };
        let missing: Vec<&str> =
            actions.iter().filter(|action| !rights::allows(permitted, action)).map(String::as_str).collect();
        if !missing.is_empty() {
            found.push(Finding::of(
                Severity::Refuses,
                format!("missing permissions in {}: {}", scope.name(), missing.join(", ")),
                "Request a role with these actions. Contributor has most of them; locks and role assignments also need User Access Administrator.",
            ));
        }
    }
    if found.is_empty() {
        let actions: BTreeSet<&String> = needed.values().flatten().collect();
        found.push(Finding::passes(format!("you have all {} permissions that this stack needs", actions.len())));
    }
    found
}
