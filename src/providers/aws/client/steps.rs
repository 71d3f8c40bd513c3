//! The next request of a write: it follows from what AWS has and what it should have.

use serde_json::{Value as Json, json};

use super::control::{Type, same};
use super::found::Found;
use super::names::Of;
use super::step::Step;
use super::{images, machines, routes, tags, templates, volumes};

/// The state of a write, as far as the next step depends on it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stage {
    /// The write has created the object, so that what nobody wrote is AWS's choice.
    pub(super) made: bool,
    /// A request was carried out.
    pub(super) touched: bool,
}

/// The next step; `None` where nothing is left. The wanted body has AWS's ids for references.
///
/// # Errors
/// A change that needs another object.
pub(super) fn next(of: Of, found: &Found, wanted: &Json, stage: Stage) -> Result<Option<Step>, String> {
    let step = match of {
        Of::Instance => machines::next(found, wanted, stage.made)?,
        Of::LaunchTemplate => templates::next(found, wanted),
        Of::Volume => volumes::next_of_volume(found, wanted, stage.made),
        Of::Address => volumes::next_of_address(found, wanted, stage.made),
        Of::Image => images::next(found, wanted),
        Of::Object => object(found, wanted),
        Of::Record => record(found, wanted, stage.made),
        Of::Snapshot => None,
        _ => controlled(of, found, wanted, stage),
    };
    Ok(step.or_else(|| tagged(of, found, wanted)))
}

fn controlled(of: Of, found: &Found, wanted: &Json, stage: Stage) -> Option<Step> {
    let type_ = Type::of(of)?;
    if let Some(patch) = type_.patch(&found.body, wanted, stage.made, !stage.touched) {
        return Some(Step::Patch(patch));
    }
    if of == Of::Bucket {
        let policy = |body: &Json| body.get("Policy").filter(|policy| !policy.is_null()).cloned();
        let (now, new) = (policy(&found.body), policy(wanted));
        let is_same = same(now.as_ref().unwrap_or(&Json::Null), new.as_ref().unwrap_or(&Json::Null));
        return (!is_same && (!stage.made || new.is_some())).then_some(Step::Policy(new));
    }
    routes::next(of, found, wanted, stage.made)
}

fn object(found: &Found, wanted: &Json) -> Option<Step> {
    let differs = |name: &&str| {
        let value = wanted.get(*name).unwrap_or(&Json::Null);
        !same(found.body.get(*name).unwrap_or(&Json::Null), value) && (*name == "Metadata" || !value.is_null())
    };
    let digest = || found.body.get("ETag").and_then(Json::as_str).map(str::to_owned);
    ["Content", "ContentType", "StorageClass", "Metadata"].iter().any(differs).then(|| Step::Put(digest()))
}

fn record(found: &Found, wanted: &Json, made: bool) -> Option<Step> {
    let names =
        ["TTL", "ResourceRecords", "AliasTarget", "HealthCheckId", "SetIdentifier", "Weight", "Failover", "Region"];
    let differs = |name: &&str| {
        let value = wanted.get(*name).unwrap_or(&Json::Null);
        !same(found.body.get(*name).unwrap_or(&Json::Null), value) && (!made || !value.is_null())
    };
    names.iter().any(differs).then_some(Step::Upsert)
}

/// The step that sets or removes tags which EC2 keeps.
fn tagged(of: Of, found: &Found, wanted: &Json) -> Option<Step> {
    if !tags::has_tags(of) || Type::of(of).is_some_and(|type_| !type_.keeps_tags) {
        return None;
    }
    let (set, removed) = tags::changes(&found.body, wanted);
    // Tags of a key pair belong to the id of the pair, which is not its name.
    let id = found.body.get("KeyPairId").and_then(Json::as_str).unwrap_or(&found.id);
    let form = |tags: Vec<Json>| json!({ "ResourceId": [id], "Tag": tags });
    match (set.is_empty(), removed.is_empty()) {
        (false, _) => Some(Step::Ec2("CreateTags", form(set))),
        (true, false) => Some(Step::Ec2("DeleteTags", form(removed))),
        (true, true) => None,
    }
}
