//! Existence and state of the subscription.

use serde_json::Value as Json;

use super::{DoctorCheck, DoctorInput, DoctorResult, DoctorStatus, ListAnswers, subscription, why};
use crate::failover::ListRequest;
use crate::object::{Object, ObjectId};

const NAME: &str = "subscription";
const API: &str = "2022-12-01";

pub(super) const CHECK: DoctorCheck = DoctorCheck { lists, judge };

fn list(subject: DoctorInput<'_>) -> ListRequest {
    let id = ObjectId::new(subscription(subject.stack));
    ListRequest { object: Object::whole(id, API), query: Vec::new() }
}

fn lists(subject: DoctorInput<'_>) -> Vec<ListRequest> {
    vec![list(subject)]
}

fn judge(subject: DoctorInput<'_>, answers: &ListAnswers, found: &mut Vec<DoctorResult>) {
    let id = &subject.stack.account.id;
    found.push(match answers.get(&list(subject)) {
        Some(Ok(answer)) => {
            let text = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or_default();
            match text("state") {
                "Enabled" => DoctorResult::passes(NAME, format!("{} ({id}) is enabled", text("displayName"))),
                state => DoctorResult::of(
                    NAME,
                    DoctorStatus::Fails,
                    format!("{} ({id}) is {} and accepts no writes", text("displayName"), state.to_lowercase()),
                    "Have its owner enable it, or choose another subscription with AZURE_SUBSCRIPTION_ID.",
                ),
            }
        }
        other => DoctorResult::of(
            NAME,
            DoctorStatus::Fails,
            format!("{id} cannot be read{}", why(other)),
            "Check AZURE_SUBSCRIPTION_ID, and that the signed-in identity can read the subscription.",
        ),
    });
}
