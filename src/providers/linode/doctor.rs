//! Checks of `doctor` against Linode: the token works, and still does when a failover needs it; the regions have the
//! plans of machines.

use serde_json::Value as Json;

use super::guards;
use crate::kinds::looks::{
    AccountCheck, AccountNeeds, Finding, ListAnswers, ListRequest, Severity, capacity_findings, capacity_lists, why,
};
use crate::object::{Object, ObjectId};

/// All checks.
pub(super) const CHECKS: &[AccountCheck] = &[AccountCheck { name: "token", lists, judge }, CAPACITY];

const CAPACITY: AccountCheck = AccountCheck {
    name: "capacity",
    lists: |needs| capacity_lists(&guards::CAPACITY, needs),
    judge: |needs, answers| capacity_findings((super::TABLES.title, &guards::CAPACITY), needs, answers),
};

/// Days before its end in which a token should be renewed.
const SOON: i64 = 14;

/// The user of the token, and the tokens of that user: Linode does not say which of them is the one in use.
fn lists(_: &AccountNeeds<'_>) -> Vec<ListRequest> {
    let list = |id: &str| ListRequest { object: Object::whole(ObjectId::new(id), "4"), query: Vec::new() };
    vec![list("linode:profile"), list("linode:profile/tokens")]
}

fn judge(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let all: Vec<_> = lists(needs).iter().map(|list| answers.get(list)).collect();
    let Some(Some(Ok(user))) = all.first() else {
        let what = format!("the token of Linode does not work{}", why(all.first().copied().flatten()));
        let help = crate::providers::linode::TABLES.sign_in;
        return vec![Finding::of(Severity::Refuses, what, help)];
    };
    let user = user.get("username").and_then(Json::as_str).unwrap_or("its user");
    let tokens = all.get(1).copied().flatten().and_then(|answer| answer.as_ref().ok());
    let tokens = tokens.and_then(|tokens| tokens.get("data")?.as_array()).map(Vec::as_slice).unwrap_or_default();
    let ends = tokens.iter().filter_map(|token| {
        let label = token.get("label").and_then(Json::as_str).unwrap_or_default();
        Some((token.get("days_left")?.as_i64()?, label))
    });
    vec![match ends.min() {
        Some((days, label)) if days < SOON => Finding::of(
            Severity::Warns,
            format!("token `{label}` of {user} at Linode expires in {days} days"),
            "If drplan uses it, create another one and set LINODE_TOKEN. Otherwise delete it.",
        ),
        Some((days, _)) => {
            Finding::passes(format!("the token of Linode works; the next one of {user} ends in {days} days"))
        }
        None => Finding::passes(format!("the token of Linode works, and no token of {user} expires")),
    }]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::account::Account;

    #[test]
    fn token_is_judged_by_its_answer_and_the_next_end() {
        let account = Account::new("", "");
        let needs = AccountNeeds { account: &account, objects: Vec::new(), machines: BTreeMap::new() };
        let user = Ok(json!({ "username": "ops" }));
        let ends = |days: Json| Ok(json!({ "data": [{ "label": "drplan", "days_left": days }] }));
        for (answers, severity, text) in [
            (vec![user.clone(), ends(json!(null))], Severity::Passes, "no token of ops expires"),
            (vec![user.clone(), ends(json!(15))], Severity::Passes, "ends in 15 days"),
            (vec![user.clone(), ends(json!(13))], Severity::Warns, "`drplan` of ops at Linode expires in 13 days"),
            (vec![user.clone(), Err("403".to_owned())], Severity::Passes, "works"),
            (vec![Err("401: Invalid Token".to_owned()), ends(json!(15))], Severity::Refuses, "does not work"),
        ] {
            let answers = ListAnswers::to(&lists(&needs), answers);
            let finding = judge(&needs, &answers).remove(0);
            assert!(finding.severity == severity && finding.what.contains(text), "{}", finding.what);
        }
    }
}
