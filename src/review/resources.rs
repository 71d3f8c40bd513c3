//! The change of each resource, by its kind's table.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map as JsonMap, Value as Json};

use super::hidden;
use super::pairs::ResourcePair;
use crate::address::Address;
use crate::kinds::{Holder, NameScope, Place, RESOURCE_GROUP};
use crate::plan::{
    Action, ArgumentChange, Change, Order, PreviousObject, are_the_same, concerned, differences as arguments, sealed,
};
use crate::stack::{Presence, Resource};
use crate::value::{Seal, SealedValue};

/// Resources that differ, destructive changes first, and the number of equal ones.
pub(super) fn differences(
    pairs: &[ResourcePair<'_>],
    renamed: &BTreeMap<Address, Address>,
    seal: &Seal,
) -> (Vec<Change>, usize) {
    let used = pairs.iter().filter_map(|pair| pair.after).flat_map(|after| &after.uses).collect();
    let comparison = Comparison { renamed, seal, used };
    let mut found = Vec::new();
    let mut same = 0;
    // A resource that refers to a replaced object with the same id is replaced with it.
    let mut remade: HashSet<&Address> = HashSet::new();
    for pair in pairs {
        let difference = match (pair.before, pair.after) {
            (Some(before), Some(after)) => comparison.both(before, after, &remade),
            (None, Some(after)) => Some(comparison.added(after, "new in the stack".to_owned())),
            (Some(before), None) => Some(comparison.removed(before, "removed from the stack".to_owned())),
            (None, None) => None,
        };
        let Some(difference) = difference else {
            same += 1;
            continue;
        };
        if let (Action::Replace(Order::DeleteFirst), Some(after)) = (difference.action, pair.after) {
            remade.insert(&after.address);
        }
        found.push(difference);
    }
    found.sort_by_key(|one| one.action);
    (found, same)
}

struct Comparison<'a> {
    renamed: &'a BTreeMap<Address, Address>,
    seal: &'a Seal,
    /// The resources that others refer to.
    used: HashSet<&'a Address>,
}

impl Comparison<'_> {
    fn both(&self, before: &Resource, after: &Resource, remade: &HashSet<&Address>) -> Option<Change> {
        match (before.presence, after.presence) {
            (Presence::Permanent, Presence::Failover) => {
                let reason = "becomes failover-only; was permanent".to_owned();
                let address = after.address.clone();
                return Some(Change { address, was: was(before, after), ..self.removed(before, reason) });
            }
            (Presence::Failover, Presence::Permanent) => {
                let reason = "becomes permanent; was failover-only".to_owned();
                return Some(Change { was: was(before, after), ..self.added(after, reason) });
            }
            (Presence::Permanent, Presence::Permanent) | (Presence::Failover, Presence::Failover) => {}
        }
        let args = sealed(&after.args, self.seal);
        let old: JsonMap<String, Json> = sealed(&before.args, self.seal)
            .into_iter()
            .map(|(name, value)| (name, waiting(&value, self.renamed)))
            .collect();
        let old = concerned(after.kind, &old, &args, are_the_same(&before.objects, &after.objects), self.seal);
        let was_written =
            PreviousObject { id: &before.id, name: &before.name, location: &before.location, arguments: &old };
        let changes = arguments(&was_written, after, &args, &|_| false);
        let (action, reason) = self.action(before, after, &changes, &args, remade)?;
        Some(Change { was: was(before, after), ..change(after, action, reason, hidden(changes)) })
    }

    /// Action for the change and its reason; `None` if nothing differs.
    fn action(
        &self,
        before: &Resource,
        after: &Resource,
        changes: &[ArgumentChange],
        args: &JsonMap<String, Json>,
        remade: &HashSet<&Address>,
    ) -> Option<(Action, String)> {
        let is_permanent = after.presence == Presence::Permanent;
        let forced: Vec<&ArgumentChange> = changes.iter().filter(|change| change.forces_replace).collect();
        let label = was(before, after).map(|was| format!("was {was}"));
        let with_label = |reason: String| label.iter().cloned().chain([reason]).collect::<Vec<_>>().join("; ");
        if before.variant != after.variant && is_permanent {
            return Some((
                Action::Replace(self.order(before, after, args)),
                with_label("its source has another kind".to_owned()),
            ));
        }
        if !forced.is_empty() && is_permanent {
            let reason = with_label(self.why_replaced(before, after, &forced));
            return Some((Action::Replace(self.order(before, after, args)), reason));
        }
        let used = after.uses.iter().find(|used| remade.contains(used)).filter(|_| is_permanent);
        if let Some(used) = used {
            return Some((Action::Replace(Order::DeleteFirst), with_label(format!("uses {used}, which is replaced"))));
        }
        if changes.is_empty() {
            return label.map(|was| (Action::Rename, format!("{was}; same cloud object, new label")));
        }
        let mut names: Vec<&str> = changes.iter().map(|change| top(&change.path)).collect();
        names.dedup();
        let verb = if names.len() == 1 { "changes" } else { "change" };
        let reason = with_label(format!("{} {verb}", names.join(", ")));
        let none_exists = "; failover-only, so nothing is replaced now";
        let end = if forced.is_empty() { "" } else { none_exists };
        Some((Action::Update, reason + end))
    }

    fn why_replaced(&self, before: &Resource, after: &Resource, forced: &[&ArgumentChange]) -> String {
        let group = |resource: &Resource| resource.group.clone().filter(|group| *group != resource.address);
        if matches!(after.kind.place, Place::Group)
            && forced.iter().any(|change| change.path == RESOURCE_GROUP.name)
            && let (Some(from), Some(to)) = (group(before), group(after))
        {
            return format!("moves from {from} to {to}, which needs a replacement");
        }
        if let [only] = forced
            && only.path == "name"
            && before.address != after.address
            && after.kind.names.written
            && !after.spans.contains_key("name")
        {
            return format!(
                "its cloud name follows from its label and cannot change in place; `name = \"{}\"` keeps it",
                before.name
            );
        }
        let paths: Vec<&str> = forced.iter().map(|change| change.path.as_str()).collect();
        let verb = if paths.len() == 1 { "changes" } else { "change" };
        format!("{} {verb}, which needs a replacement", paths.join(", "))
    }

    /// Order of deletion and creation, by configuration.
    fn order(&self, before: &Resource, after: &Resource, args: &JsonMap<String, Json>) -> Order {
        let plain = before.known_arguments();
        let kind = after.kind;
        let same_name = kind.names.unique == NameScope::Globally && before.name.eq_ignore_ascii_case(&after.name);
        let ours = Holder { id: &after.id, location: &after.location, args };
        let theirs = Holder { id: &before.id, location: &before.location, args: &plain };
        let same_label = || kind.excludes(ours, kind, theirs) && !self.used.contains(&after.address);
        let excludes = || kind.guards || kind.excludes_always(ours, kind, theirs) || same_label();
        if before.id == after.id || same_name || excludes() { Order::DeleteFirst } else { Order::CreateFirst }
    }

    fn added(&self, after: &Resource, reason: String) -> Change {
        let arguments = sealed(&after.args, self.seal).into_iter().map(|(path, value)| ArgumentChange {
            path,
            before: None,
            after: Some(SealedValue::from_sealed_json(&value)),
            forces_replace: false,
        });
        change(after, Action::Create, reason, hidden(arguments.filter(says_something).collect()))
    }

    fn removed(&self, before: &Resource, reason: String) -> Change {
        let loses_data = before.presence == Presence::Permanent && before.kind.recovery.loses_data;
        Change { loses_data, ..change(before, Action::Delete, reason, Vec::new()) }
    }
}

fn change(resource: &Resource, action: Action, reason: String, arguments: Vec<ArgumentChange>) -> Change {
    Change {
        address: resource.address.clone(),
        was: None,
        id: resource.id.clone(),
        site: resource.site.to_string(),
        location: resource.location.clone(),
        presence: resource.presence,
        action,
        reason,
        arguments,
        loses_data: matches!(action, Action::Replace(_)) && resource.kind.recovery.loses_data,
        kind: Some(resource.kind),
    }
}

fn was(before: &Resource, after: &Resource) -> Option<Address> {
    (before.address != after.address).then(|| before.address.clone())
}

/// A value whose unknown parts wait for resources under their new labels.
pub(super) fn waiting(json: &Json, renamed: &BTreeMap<Address, Address>) -> Json {
    match json {
        _ if renamed.is_empty() => json.clone(),
        _ if SealedValue::waits_for(json).is_some() => relabelled(json, renamed),
        Json::Array(items) => items.iter().map(|item| waiting(item, renamed)).collect(),
        Json::Object(map) => map.iter().map(|(name, item)| (name.clone(), waiting(item, renamed))).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

/// A value with new labels in each text that is an address or an attribute of one.
pub(super) fn relabelled(json: &Json, renamed: &BTreeMap<Address, Address>) -> Json {
    if renamed.is_empty() {
        return json.clone();
    }
    match json {
        Json::String(text) => Json::from(relabelled_text(text, renamed)),
        Json::Array(items) => items.iter().map(|item| relabelled(item, renamed)).collect(),
        Json::Object(map) => map.iter().map(|(name, item)| (name.clone(), relabelled(item, renamed))).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    }
}

/// An address or an attribute of one with its new label; any other text unchanged.
fn relabelled_text(text: &str, renamed: &BTreeMap<Address, Address>) -> String {
    let new = |address: &str| address.parse::<Address>().ok().and_then(|address| renamed.get(&address));
    if let Some(address) = new(text) {
        return address.to_string();
    }
    match text.rsplit_once('.') {
        Some((address, attribute)) => {
            new(address).map_or_else(|| text.to_owned(), |address| format!("{address}.{attribute}"))
        }
        None => text.to_owned(),
    }
}

fn says_something(change: &ArgumentChange) -> bool {
    change.after.as_ref().is_some_and(|value| match value.json() {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    })
}

fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}
