//! The difference between two stacks as JSON, for scripts. The fields below are stable; further ones may be added.
//!
//! ```json
//! {
//!   "format_version": 2,
//!   "stack": "web-geo", "before": "main (1a2b3c4d5e6f)", "after": "stacks/web-geo",
//!   "is_new": false, "has_changes": true,
//!   "verdict": "Difference: 1 to replace. …",
//!   "objectives": "met | at_risk | missed | impossible",
//!   "summary": { "create": 0, "update": 1, "replace": 1, "delete": 0, "rename": 1, "same": 30, "settings": 2 },
//!   "resources": [{
//!     "was": "lb.old | null", "address": "lb.web", "id": "/subscriptions/…", "site": "primary",
//!     "presence": "permanent | failover",
//!     "action": "create | update | replace | delete | rename",
//!     "order": "delete_first | create_first | null",
//!     "reason": "sku changes, which cannot be done in place", "loses_data": false,
//!     "arguments": [{ "path": "sku", "before": "Basic", "after": "Standard", "forces_replace": true }]
//!   }],
//!   "settings": [{
//!     "of": "objectives | stack | failover_group | site | variable | output", "name": "web",
//!     "turn": "added | changed | removed",
//!     "arguments": [ … ]
//!   }],
//!   "recovery": [{
//!     "group": "web", "mode": "forced | planned", "from": "primary", "before_known": true,
//!     "before": {
//!       "refused": ["a failed preflight check"],
//!       "recovery_time": {
//!         "p50": 184, "p95": 566, "approvals": 0, "objective": "1800 | null", "mark": "met | at_risk | missed | none"
//!       },
//!       "interruption": { "p50": 120, "p95": 310, "approvals": 0 },
//!       "critical_path": { "address": "…", "act": "create", "does": "create … (2m)", "expect": 120 },
//!       "data_loss": [{
//!         "replica": "…", "amount": "0 | null", "objective": "300 | null", "mark": "met | missed | unknown | none",
//!         "source": "…"
//!       }]
//!     },
//!     "after": { … }
//!   }],
//!   "risks": [{
//!     "rule": "objective | slower | impossible | group | data | replica | lock | accepted | residency", "what": "…"
//!   }],
//!   "assumed": "the assumptions of the predictions"
//! }
//! ```
//!
//! `before` and `after` of `recovery` are null where the stack has no such group. `objectives` compares predictions, in
//! seconds, with the objectives of the stack after. A sensitive value is `{"$sensitive": "hidden"}`, an unknown one
//! `{"$unknown": ["address.attribute", …]}`.

use serde_json::{Map, Value as Json, json};

use super::outlook::{self, ASSUMED};
use super::plan::word as verb;
use super::review::{StackLabels, verdict};
use crate::plan::{Action, Change, Order};
use crate::review::{Review, worst};

/// Version of the format. It changes when a field is removed, renamed or gets another meaning.
pub const FORMAT_VERSION: u32 = 2;

/// The difference as JSON.
pub fn json(review: &Review, sides: &StackLabels) -> Json {
    let Review { stack, is_new, resources, same, settings, outlooks, risks } = review;
    let objectives = worst(outlooks).map_or(json!("met"), |short| json!(short));
    json!({
        "format_version": FORMAT_VERSION,
        "stack": stack,
        "before": sides.before,
        "after": sides.after,
        "is_new": is_new,
        "has_changes": review.has_changes(),
        "verdict": verdict(review),
        "objectives": objectives,
        "summary": summary(resources, *same, settings.len()),
        "resources": resources.iter().map(resource).collect::<Vec<_>>(),
        "settings": settings,
        "recovery": outlooks.iter().map(outlook::json).collect::<Vec<_>>(),
        "risks": risks,
        "assumed": ASSUMED,
    })
}

fn summary(resources: &[Change], same: usize, settings: usize) -> Json {
    const WORDS: [&str; 5] = ["create", "update", "replace", "delete", "rename"];
    let number = |word: &str| Json::from(resources.iter().filter(|one| verb(one.action) == word).count());
    let mut all: Map<String, Json> = WORDS.into_iter().map(|word| (word.to_owned(), number(word))).collect();
    all.insert("same".to_owned(), same.into());
    all.insert("settings".to_owned(), settings.into());
    all.into()
}

fn resource(change: &Change) -> Json {
    let Change { address, was, id, site, location: _, presence, action, reason, arguments, loses_data, kind: _ } =
        change;
    let order = match action {
        Action::Replace(Order::DeleteFirst) => Some("delete_first"),
        Action::Replace(Order::CreateFirst) => Some("create_first"),
        _ => None,
    };
    json!({
        "was": was,
        "address": address,
        "id": id,
        "site": site,
        "presence": presence,
        "action": verb(*action),
        "order": order,
        "reason": reason,
        "loses_data": loses_data,
        "arguments": arguments,
    })
}
