//! Checks of `doctor` against AWS: whose keys these are, and the right to start machines where a stack has some.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::kinds::looks::{AccountCheck, AccountNeeds, Finding, ListAnswers, ListRequest, Severity, why};
use crate::object::{Object, ObjectId};

/// All checks.
pub(super) const CHECKS: &[AccountCheck] = &[
    AccountCheck { name: "identity", lists: identity, judge: judge_identity },
    AccountCheck { name: "machines", lists: dry_runs, judge: judge_dry_runs },
];

/// The region of questions that belong to none.
const HOME: &str = "us-east-1";

fn list(path: &str) -> ListRequest {
    ListRequest { object: Object::whole(ObjectId::new(format!("aws:{path}")), super::VERSION), query: Vec::new() }
}

/// The regions of a stack's objects of this type, or of any type.
fn regions<'a>(needs: &'a AccountNeeds<'_>, word: Option<&str>) -> BTreeSet<&'a str> {
    let of = |id: &'a ObjectId| {
        let mut parts = id.as_str().strip_prefix("aws:")?.split('/');
        let (region, own) = (parts.next()?, parts.next());
        (region != "global" && word.is_none_or(|word| own == Some(word))).then_some(region)
    };
    needs.objects.iter().filter_map(|needed| of(&needed.object.id)).collect()
}

/// One region is asked: the answer is the same everywhere, and that of a region of the stack shows that it answers.
fn identity(needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    vec![list(&format!("{}/identity", regions(needs, None).first().unwrap_or(&HOME)))]
}

fn judge_identity(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let asked = identity(needs);
    let Some(Some(Ok(answer))) = asked.first().map(|list| answers.get(list)) else {
        let answer = asked.first().and_then(|list| answers.get(list));
        let what = format!("the credentials of AWS do not work{}", why(answer));
        return vec![Finding::of(Severity::Refuses, what, super::TABLES.sign_in)];
    };
    let text = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or("unknown");
    let (account, name, wanted) = (text("Account"), text("Arn"), &*needs.account.id);
    let is_known = wanted.len() == 12 && wanted.bytes().any(|digit| digit != b'0');
    if is_known && account != wanted {
        return vec![Finding::of(
            Severity::Refuses,
            format!("the credentials belong to account {account} of AWS, and the stack to {wanted}"),
            "Set AWS_PROFILE to a profile of that account, or correct `account` in the block `provider \"aws\"`.",
        )];
    }
    if name.ends_with(":root") {
        return vec![Finding::of(
            Severity::Warns,
            format!("the credentials are those of the root user of account {account} of AWS"),
            "Create a role or a user with the rights that drplan needs. The root user cannot be limited.",
        )];
    }
    vec![Finding::passes(format!("the credentials of AWS work: {name}"))]
}

/// A trial start in each region with machines. AWS starts nothing.
fn dry_runs(needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    regions(needs, Some("instances")).into_iter().map(|region| list(&format!("{region}/dry-run"))).collect()
}

fn judge_dry_runs(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let judged = regions(needs, Some("instances")).into_iter().zip(dry_runs(needs)).map(|(region, list)| {
        let answer = answers.get(&list);
        match answer {
            Some(Ok(answer)) if answer.get("allowed") == Some(&Json::Bool(true)) => {
                Finding::passes(format!("machines may be started in {region}"))
            }
            Some(Ok(answer)) => {
                let code = answer.get("code").and_then(Json::as_str).unwrap_or("no reason");
                Finding::of(
                    Severity::Refuses,
                    format!("machines may not be started in {region}: {code}"),
                    "Allow ec2:RunInstances and ec2:CreateTags there. A failover cannot create machines otherwise.",
                )
            }
            _ => Finding::of(
                Severity::Unseen,
                format!("a trial start of a machine in {region} was not answered{}", why(answer)),
                "Try again later.",
            ),
        }
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::account::Account;

    fn judged(account: &str, answer: Result<Json, String>) -> Finding {
        let account = Account::new(account, "");
        let needs = AccountNeeds { account: &account, objects: Vec::new(), machines: BTreeMap::new() };
        let answers = ListAnswers::to(&identity(&needs), vec![answer]);
        judge_identity(&needs, &answers).remove(0)
    }

    #[test]
    fn account_of_the_credentials_is_that_of_the_stack() {
        let answer = |arn: &str| Ok(json!({ "Account": "111122223333", "Arn": arn }));
        let role = "arn:aws:sts::111122223333:assumed-role/ops/me";
        for (account, answer, severity, text) in [
            ("111122223333", answer(role), Severity::Passes, "assumed-role/ops/me"),
            ("000000000000", answer(role), Severity::Passes, "work"),
            (
                "444455556666",
                answer(role),
                Severity::Refuses,
                "account 111122223333 of AWS, and the stack to 444455556666",
            ),
            ("111122223333", answer("arn:aws:iam::111122223333:root"), Severity::Warns, "root user"),
            ("111122223333", Err("ExpiredToken".to_owned()), Severity::Refuses, "do not work"),
        ] {
            let finding = judged(account, answer);
            assert!(finding.severity == severity && finding.what.contains(text), "{}", finding.what);
        }
    }
}
