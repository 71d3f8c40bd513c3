//! What differs between two stacks as JSON, for scripts: the fields below are promised, and further ones may come.
//!
//! ```json
//! {
//!   "format_version": "1.0",
//!   "stack": "web-geo", "before": "main (1a2b3c4d5e6f)", "after": "stacks/web-geo",
//!   "is_new": false, "has_changes": true,
//!   "verdict": "Difference: 1 to replace. …",
//!   "objectives": "met | at_risk | missed | impossible",
//!   "summary": { "create": 0, "update": 1, "replace": 1, "delete": 0, "rename": 1, "same": 30, "settings": 2 },
//!   "resources": [{
//!     "was": "lb.old | null", "address": "lb.web", "id": "/subscriptions/…", "site": "primary", "presence": "permanent | failover",
//!     "action": "create | update | replace | delete | rename",
//!     "order": "delete_first | create_first | null",
//!     "reason": "sku changes, which cannot be done in place", "loses_data": false,
//!     "arguments": [{ "path": "sku", "before": "Basic", "after": "Standard", "forces_replace": true }]
//!   }],
//!   "settings": [{
//!     "of": "objectives | stack | failover_group | site | variable | output", "name": "web", "turn": "added | changed | removed",
//!     "arguments": [ … ]
//!   }],
//!   "recovery": [{
//!     "group": "web", "mode": "forced | planned", "from": "primary", "before_known": true,
//!     "before": {
//!       "refused": ["why it could not be carried out"],
//!       "recovery_time": { "p50": 184, "p95": 566, "objective": "1800 | null", "mark": "met | at_risk | missed | none" },
//!       "decided_by": { "address": "…", "act": "create", "does": "create … (2m)", "expect": 120 },
//!       "data_loss": [{ "replica": "…", "amount": "0 | null", "objective": "300 | null", "mark": "met | missed | unknown | none", "source": "…" }]
//!     },
//!     "after": { … }
//!   }],
//!   "risks": [{ "rule": "objective | slower | impossible | group | data | replica | lock | accepted | residency", "what": "…" }],
//!   "assumed": "what the predictions rest on"
//! }
//! ```
//!
//! `before` and `after` of `recovery` are null where there is no such group on that side. `objectives` counts what is predicted in seconds against what the
//! stack after says. A sensitive value is `{"$sensitive": "hidden"}`, one that is not known yet `{"$unknown": ["address.attribute", …]}`.

use serde_json::{Map, Value as Json, json};

use super::outlook::{self, ASSUMED};
use super::review::{Sides, said, verdict};
use crate::plan::{Action, Change, Order};
use crate::review::{Difference, Review, worst};

/// The version of the format: the first number changes where a field goes or means something else.
pub const FORMAT_VERSION: &str = "1.0";

/// The difference as JSON.
pub fn json(review: &Review, sides: &Sides) -> Json {
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

fn summary(resources: &[Difference], same: usize, settings: usize) -> Json {
    const WORDS: [&str; 5] = ["create", "update", "replace", "delete", "rename"];
    let number = |word: &str| Json::from(resources.iter().filter(|one| said(one) == word).count());
    let mut all: Map<String, Json> = WORDS.into_iter().map(|word| (word.to_owned(), number(word))).collect();
    all.insert("same".to_owned(), same.into());
    all.insert("settings".to_owned(), settings.into());
    all.into()
}

fn resource(difference: &Difference) -> Json {
    let Difference { was, change } = difference;
    let Change { address, id, site, presence, action, reason, arguments, loses_data } = change;
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
        "action": said(difference),
        "order": order,
        "reason": reason,
        "loses_data": loses_data,
        "arguments": arguments,
    })
}
