//! The next request of a write: it follows from what Linode has and what it should have.

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::body::{DOMAIN, replica_regions, rules, tags};
use super::events::Effect;
use super::look::Found;
use super::names::Of;

/// A step of a write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// A request.
    Call(StepRequest),
    /// The machine leaves the firewall with this number.
    Leave(u64),
}

/// A request, and the property that shows its effect.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Json>,
    /// `None` for a request that is complete when it is answered.
    pub(super) effect: Option<Effect>,
}

fn call(method: Method, path: String, body: Json) -> Step {
    Step::Call(StepRequest { method, path, body: Some(body), effect: None })
}

fn act(path: String, body: Json, effect: Effect) -> Step {
    Step::Call(StepRequest { method: Method::POST, path, body: Some(body), effect: Some(effect) })
}

/// The next step; `None` where nothing is left. The wanted body has numbers for references. `made`: the write has
/// created the object, so that what nobody wrote is Linode's choice.
pub(super) fn next(of: Of, found: &Found, wanted: &Json, made: bool) -> Option<Step> {
    match of {
        Of::Instance => of_instance(found, wanted, made),
        Of::Volume => of_volume(found, wanted),
        Of::Firewall => of_firewall(found, wanted),
        Of::Image => of_image(found, wanted),
        Of::Bucket => of_bucket(found, wanted),
        Of::Domain => put(found, changed(&found.body, wanted, DOMAIN)),
        Of::Record => put(found, changed(&found.body, wanted, &["target", "ttl_sec"])),
    }
}

fn of_instance(found: &Found, wanted: &Json, made: bool) -> Option<Step> {
    let (path, now) = (&found.path, &found.body);
    let firewall = |body: &Json| body.get("firewall_id").and_then(Json::as_u64);
    match (firewall(now), firewall(wanted)) {
        (Some(old), new) if new != Some(old) && !(made && new.is_none()) => return Some(Step::Leave(old)),
        (None, Some(new)) => {
            let device = json!({ "id": found.number(), "type": "linode" });
            return Some(call(Method::POST, format!("{}/{new}/devices", Of::Firewall.path()), device));
        }
        _ => {}
    }
    if let Some(plan) = wanted.get("type").filter(|plan| now.get("type") != Some(plan)) {
        let body = json!({ "type": plan, "allow_auto_disk_resize": false });
        return Some(act(format!("{path}/resize"), body, ("/type", plan.clone())));
    }
    let backups = |body: &Json| body.pointer("/backups/enabled").and_then(Json::as_bool) == Some(true);
    if backups(now) != backups(wanted) {
        let action = if backups(wanted) { "enable" } else { "cancel" };
        return Some(call(Method::POST, format!("{path}/backups/{action}"), json!({})));
    }
    put(found, changed(now, wanted, &["watchdog_enabled"]))
}

fn of_volume(found: &Found, wanted: &Json) -> Option<Step> {
    let (path, now) = (&found.path, &found.body);
    let machine = |body: &Json| body.get("linode_id").and_then(Json::as_u64);
    match (machine(now), machine(wanted)) {
        (Some(old), new) if new != Some(old) => return Some(detach(path)),
        (None, Some(new)) => {
            return Some(act(format!("{path}/attach"), json!({ "linode_id": new }), ("/linode_id", json!(new))));
        }
        _ => {}
    }
    if let Some(size) = wanted.get("size").filter(|size| now.get("size") != Some(size)) {
        return Some(act(format!("{path}/resize"), json!({ "size": size }), ("/size", size.clone())));
    }
    put(found, changed(now, wanted, &[]))
}

/// The step that takes a volume with this path from its machine.
pub(super) fn detach(path: &str) -> Step {
    act(format!("{path}/detach"), json!({}), ("/linode_id", Json::Null))
}

fn of_firewall(found: &Found, wanted: &Json) -> Option<Step> {
    let (path, now) = (&found.path, &found.body);
    if wanted.get("rules").is_some() && rules(now) != rules(wanted) {
        return Some(call(Method::PUT, format!("{path}/rules"), rules(wanted)));
    }
    put(found, changed(now, wanted, &["status"]))
}

/// An image is sent to all of its regions at once, and leaves those that the request does not name.
fn of_image(found: &Found, wanted: &Json) -> Option<Step> {
    let regions = found.body.get("regions").map(replica_regions).unwrap_or_default();
    if let Some(wanted) = wanted.get("replica_regions").map(replica_regions).filter(|wanted| *wanted != regions) {
        let body = json!({ "regions": wanted });
        return Some(act(format!("{}/regions", found.path), body, ("/status", json!("available"))));
    }
    put(found, changed(&found.body, wanted, &["description"]))
}

fn of_bucket(found: &Found, wanted: &Json) -> Option<Step> {
    // A bucket has no tags.
    let access = changed(&found.body, wanted, &["acl", "cors_enabled"]);
    access.map(|body| call(Method::POST, format!("{}/access", found.path), body))
}

/// The step that writes these properties, if there are any.
fn put(found: &Found, changes: Option<Json>) -> Option<Step> {
    changes.map(|body| call(Method::PUT, found.path.clone(), body))
}

/// The tags and these properties, where they are to change.
fn changed(now: &Json, wanted: &Json, names: &[&str]) -> Option<Json> {
    let mut body = json!({});
    for name in names {
        let value = wanted.get(*name).filter(|value| now.get(*name).is_none_or(|now| sorted(now) != sorted(value)));
        if let Some(value) = value {
            body[*name] = value.clone();
        }
    }
    let mut old: Vec<&str> =
        now.get("tags").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    old.sort_unstable();
    if json!(old) != tags(wanted) {
        body["tags"] = tags(wanted);
    }
    body.as_object().is_some_and(|map| !map.is_empty()).then_some(body)
}

/// A value in which the order of a list of texts does not count.
fn sorted(value: &Json) -> Json {
    let texts = value.as_array().map(|items| items.iter().filter_map(Json::as_str).collect::<Vec<_>>());
    texts.map_or_else(
        || value.clone(),
        |mut texts| {
            texts.sort_unstable();
            json!(texts)
        },
    )
}
