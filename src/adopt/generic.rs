//! Existing objects whose type no kind has, as resources of the kind whose type is an argument.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::candidates::{Candidate, candidate};
use super::{ImportSurvey, arguments};
use crate::account::Account;
use crate::kinds::CloudObject;
use crate::object::ObjectId;

/// The API version with which a provider's types are read.
pub const PROVIDERS_API: &str = "2021-04-01";

/// The path of the provider of an object, which lists the versions of its types.
pub fn provider_of(id: &ObjectId) -> Option<ObjectId> {
    let type_ = id.arm_type()?;
    let namespace = type_.split('/').next()?;
    Some(ObjectId::new(format!("/subscriptions/{}/providers/{namespace}", id.subscription()?)))
}

/// The newest version of an object's type, one that is no preview where there is one.
pub fn newest(provider: &Json, id: &ObjectId) -> Option<String> {
    let type_ = id.arm_type()?;
    let (_, rest) = type_.split_once('/')?;
    let is_it = |one: &&Json| {
        one.get("resourceType").and_then(Json::as_str).is_some_and(|name| name.eq_ignore_ascii_case(rest))
    };
    let types = provider.get("resourceTypes")?.as_array()?;
    let versions = types.iter().find(is_it)?.get("apiVersions")?.as_array()?;
    let versions = versions.iter().filter_map(Json::as_str);
    let best = versions.max_by_key(|version| (version.len() == "2024-01-01".len(), version.to_owned()));
    best.map(str::to_owned)
}

/// The objects without another kind as resources; adds them to what is claimed.
pub(super) fn candidates(survey: &ImportSurvey, claimed: &mut HashSet<String>, account: &Account) -> Vec<Candidate> {
    let Some(kind) = survey.tables.kinds.iter().copied().find(|kind| kind.adoption.any.is_some()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (id, api) in &survey.generic {
        let (Some(body), Some(read)) = (survey.bodies.get(id), kind.adoption.any) else { continue };
        let found = CloudObject { id, body, all: &survey.bodies };
        let args = read(&found, api);
        let table = kind.of(&args);
        let Some(made) = candidate(table, None, &found, account).filter(|_| claimed.insert(id.folded())) else {
            continue;
        };
        let mut args = args;
        arguments::prune(table.args, &mut args);
        all.push(Candidate { args, ..made });
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_stable_version_of_a_type_is_read() {
        let provider = json!({ "resourceTypes": [
            { "resourceType": "sites", "apiVersions": ["2025-05-01-preview", "2024-04-01", "2023-12-01"] },
            { "resourceType": "sites/slots", "apiVersions": ["2022-01-01-preview"] },
        ] });
        let id =
            |rest: &str| ObjectId::new(format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/{rest}"));
        assert_eq!(newest(&provider, &id("Sites/a")).as_deref(), Some("2024-04-01"));
        assert_eq!(newest(&provider, &id("sites/a/slots/b")).as_deref(), Some("2022-01-01-preview"));
        assert_eq!(newest(&provider, &id("serverfarms/a")), None);
        assert_eq!(provider_of(&id("sites/a")), Some(ObjectId::new("/subscriptions/s/providers/Microsoft.Web")));
    }
}
