//! Check of `doctor` against Cloudflare: the token works, and still does when a failover needs it.

use serde_json::Value as Json;

use crate::kinds::looks::{AccountCheck, AccountNeeds, Finding, ListAnswers, ListRequest, Severity, why};
use crate::object::{Object, ObjectId};

/// All checks.
pub(super) const CHECKS: &[AccountCheck] = &[AccountCheck { name: "token", lists, judge }];

/// Days before its end in which a token should be renewed.
const SOON: i64 = 14;

/// The check of a token of a user, and that of a token of the account: each refuses the other's tokens.
fn lists(needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    let list = |id: String| ListRequest { object: Object::whole(ObjectId::new(id), "4"), query: Vec::new() };
    let account = &needs.account.id;
    let mut all = vec![list("cloudflare:user/tokens/verify".to_owned())];
    // A placeholder is no account.
    if account.len() == 32 && account.bytes().any(|byte| byte != b'0') {
        all.push(list(format!("cloudflare:accounts/{account}/tokens/verify")));
    }
    all
}

fn judge(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let all: Vec<_> = lists(needs).iter().map(|list| answers.get(list)).collect();
    let Some(Ok(token)) = all.iter().flatten().find(|answer| answer.is_ok()) else {
        let what = format!("the token of Cloudflare cannot be verified{}", why(all.first().copied().flatten()));
        let help = "Set CLOUDFLARE_API_TOKEN to a token with the rights `Zone Read` and `DNS Write`.";
        return vec![Finding::of(Severity::Refuses, what, help)];
    };
    let status = token.get("status").and_then(Json::as_str).unwrap_or("unknown");
    if status != "active" {
        let what = format!("the token of Cloudflare is {status}, not active");
        return vec![Finding::of(Severity::Refuses, what, "Create another token, and set CLOUDFLARE_API_TOKEN.")];
    }
    vec![match token.get("days_left").and_then(Json::as_i64) {
        None => Finding::passes("the token of Cloudflare is active and does not expire"),
        Some(days) if days < SOON => Finding::of(
            Severity::Warns,
            format!("the token of Cloudflare expires in {days} days"),
            "Extend it, or create another one and set CLOUDFLARE_API_TOKEN.",
        ),
        Some(days) => Finding::passes(format!("the token of Cloudflare is active for {days} more days")),
    }]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::account::Account;

    fn verdict(account: &str, answers: &[Result<Json, String>]) -> (Severity, String) {
        let account = Account::new(account, "");
        let needs = AccountNeeds { account: &account, objects: Vec::new(), machines: BTreeMap::new() };
        let answers = ListAnswers::to(&lists(&needs), answers.to_vec());
        let finding = judge(&needs, &answers).remove(0);
        (finding.severity, finding.what)
    }

    #[test]
    fn token_is_judged_by_its_status_and_its_end() {
        let user = "00000000000000000000000000000000";
        for (answer, severity, text) in [
            (Ok(json!({ "status": "active" })), Severity::Passes, "does not expire"),
            (Ok(json!({ "status": "active", "days_left": 15 })), Severity::Passes, "15 more days"),
            (Ok(json!({ "status": "active", "days_left": 13 })), Severity::Warns, "expires in 13 days"),
            (Ok(json!({ "status": "expired" })), Severity::Refuses, "is expired"),
            (Err("1000: Invalid API Token".to_owned()), Severity::Refuses, "cannot be verified"),
        ] {
            let found = verdict(user, std::slice::from_ref(&answer));
            assert!(found.0 == severity && found.1.contains(text), "{found:?}");
        }
        // A token of the account is none of a user.
        let of_account = [Err("1000: Invalid API Token".to_owned()), Ok(json!({ "status": "active" }))];
        assert_eq!(verdict("c10d5a3e7f0b4c6d8e9fa1b2c3d4e5f6", &of_account).0, Severity::Passes);
    }
}
