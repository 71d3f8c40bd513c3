//! A plan as JSON, for scripts. The fields below are stable; new ones may be added.
//!
//! ```json
//! {
//!   "format_version": 2,
//!   "stack": "web-geo", "cloud": "local",
//!   "basis": { "stack": "<digest>", "lineage": "…", "serial": 3, "role_epoch": 0 },
//!   "has_changes": true,
//!   "summary": {
//!     "create": 2, "update": 1, "replace": 0, "delete": 0, "rename": 0, "adopt": 0, "forget": 0, "keep": 30
//!   },
//!   "changes": [{
//!     "address": "lb.web", "id": "/subscriptions/…", "name": "web", "region": "canadacentral",
//!     "site": "primary", "presence": "permanent",
//!     "was": "lb.old | null",
//!     "action": "create | update | replace | delete | rename | adopt | forget | keep",
//!     "order": "delete_first | create_first | null",
//!     "reason": "new", "loses_data": false,
//!     "arguments": [{ "path": "sku", "before": null, "after": "Standard", "forces_replace": false }]
//!   }],
//!   "drift": [{ "address": "lb.web", "gone": false, "arguments": [ … ] }],
//!   "roles": {
//!     "epoch": 1,
//!     "swapped": [{ "group": "web", "active": "away | mixed_state", "site": "secondary", "since": "…", "run": "…",
//!                   "how": "planned | forced", "accepted": "ann on host | null" }],
//!     "drift": [{ "group": "web", "store": "geo_replica.orders", "from": "primary", "to": "secondary" }],
//!     "left": [{ "address": "…", "argument": "enabled" }],
//!     "protection_debt": [{
//!       "group": "web", "of": "geo_replica.orders", "what": "…", "remediation": "…", "since": "…"
//!     }],
//!     "open": { "run": "…", "group": "web", "verb": "up | down | drill", "since": "…" },
//!     "open_runs": ["…"]
//!   },
//!   "outputs": [{ "name": "front_door", "before": null, "after": "…" }],
//!   "stand_up": [{ "group": "web", "site": "secondary", "resources": ["…"], "objects": 9 }],
//!   "notes": ["…"],
//!   "blocked": [{ "address": "…", "why": "…" }]
//! }
//! ```
//!
//! A sensitive value is `{"$sensitive": "<keyed digest>"}`; a value known only after apply is
//! `{"$unknown": ["address.attribute", …]}`. `name` is the name in the cloud.

use serde_json::{Map, Value as Json, json};

use super::plan::{has_changes, word};
use super::roles;
use crate::plan::{Action, Change, Order, Plan};
use crate::stack::CloudName;

/// The version of the format. It rises when a field moves or changes its meaning.
pub const FORMAT_VERSION: u32 = 2;

/// The plan as JSON.
pub fn json(plan: &Plan, cloud: CloudName) -> Json {
    let Plan { stack, basis, changes, drift, roles, stand_up, outputs, notes, blocked, steps: _ } = plan;
    json!({
        "format_version": FORMAT_VERSION,
        "stack": stack,
        "cloud": cloud.as_str(),
        "basis": basis,
        "has_changes": has_changes(plan),
        "summary": summary(changes),
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
        "drift": drift,
        "roles": roles::json(roles),
        "outputs": outputs,
        "stand_up": stand_up,
        "notes": notes,
        "blocked": blocked,
    })
}

fn summary(changes: &[Change]) -> Json {
    const WORDS: [&str; 8] = ["create", "update", "replace", "delete", "rename", "adopt", "forget", "keep"];
    let number = |wanted: &str| changes.iter().filter(|change| word(change.action) == wanted).count();
    WORDS.into_iter().map(|word| (word.to_owned(), Json::from(number(word)))).collect::<Map<_, _>>().into()
}

fn change(change: &Change) -> Json {
    let Change { address, was, id, site, location, presence, action, reason, arguments, loses_data, kind: _ } = change;
    let order = match action {
        Action::Replace(Order::DeleteFirst) => Some("delete_first"),
        Action::Replace(Order::CreateFirst) => Some("create_first"),
        _ => None,
    };
    json!({
        "address": address,
        "was": was,
        "id": id,
        "name": id.name(),
        "region": location,
        "site": site,
        "presence": presence,
        "action": word(*action),
        "order": order,
        "reason": reason,
        "loses_data": loses_data,
        "arguments": arguments,
    })
}
