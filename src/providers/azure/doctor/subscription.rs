//! Existence and state of the subscription.

use serde_json::Value as Json;

use super::subscription;
use crate::account::Account;
use crate::kinds::looks::{AccountCheck, AccountNeeds, Finding, ListAnswers, ListRequest, Severity, why};
use crate::object::Object;

const API: &str = "2022-12-01";

pub(super) const CHECK: AccountCheck = AccountCheck { name: "subscription", lists, judge };

fn list(account: &Account) -> ListRequest {
    ListRequest { object: Object::whole(subscription(account), API), query: Vec::new() }
}

fn lists(needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    vec![list(needs.account)]
}

fn judge(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let id = &needs.account.id;
    vec![match answers.get(&list(needs.account)) {
        Some(Ok(answer)) => {
            let text = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or_default();
            match text("state") {
                "Enabled" => Finding::passes(format!("{} ({id}) is enabled", text("displayName"))),
                state => Finding::of(
                    Severity::Refuses,
                    format!("{} ({id}) is {} and accepts no writes", text("displayName"), state.to_lowercase()),
                    "Have its owner enable it, or choose another subscription with AZURE_SUBSCRIPTION_ID.",
                ),
            }
        }
        other => Finding::of(
            Severity::Refuses,
            format!("{id} cannot be read{}", why(other)),
            "Check AZURE_SUBSCRIPTION_ID, and that the signed-in identity can read the subscription.",
        ),
    }]
}
