//! Rules of a repository that delete parts of a chain of backups by their age.

use super::{Rule, Weight, span};
use crate::diagnostic::Diagnostics;
use crate::stack::{Backup, Repository, Resource, Stack};
use crate::value::{Map, Value};

/// Arguments of stores of objects.
const RULES: &str = "lifecycle_rule";
const EXPIRATION: &str = "expiration";

pub(super) static RULE: Rule = Rule {
    name: "lifecycle-on-chain",
    about: "No rule of a repository deletes parts of a chain of backups by their age.",
    weight: Weight::Error,
    cause: "A `lifecycle_rule` with `expiration` of a repository is for objects of a tool whose newer copies need older \
            ones: restic, pgBackRest, WAL-G.",
    consequence: "The rule deletes what is old, and newer copies still need it. Their catalogue goes on listing them, and \
                  a restore fails.",
    fix: "Remove `expiration`, and let the tool remove what it no longer needs (`keep`). Rules for old versions and for \
          unfinished uploads may stay.",
    breaks: include_str!("../../templates/check/lifecycle-on-chain/breaks.hcl"),
    keeps: include_str!("../../templates/check/lifecycle-on-chain/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for backup in stack.backups.values().filter(|backup| backup.tool.chained) {
        let Repository::Resource(address) = &backup.repository else { continue };
        let Some(store) = stack.resources.get(address) else { continue };
        let Some(rule) = rules(store).find(|rule| expires(rule, backup)) else { continue };
        let name = rule.get("id").and_then(Value::as_str).unwrap_or_default();
        found.push(
            RULE.finding(format!(
                "rule `{name}` of `{address}` deletes objects of `{}` by their age, and newer copies need them",
                backup.address
            ))
            .at(span(store, RULES))
            .and(backup.span, "keeps its copies there")
            .help(format!("Remove `expiration`: {} removes what it no longer needs.", backup.tool.title)),
        );
    }
}

fn rules(store: &Resource) -> impl Iterator<Item = &Map> {
    let all = match store.args.get(RULES) {
        Some(Value::List(all)) => all.iter().collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter_map(|rule| match rule {
        Value::Map(rule) => Some(&***rule),
        _ => None,
    })
}

/// True for a rule in force that deletes objects of the backup's path.
fn expires(rule: &Map, backup: &Backup) -> bool {
    let is_set = |name: &str| rule.get(name).is_some_and(|value| !value.is_null());
    let prefix = match rule.get("filter") {
        Some(Value::Map(filter)) => filter.get("prefix").and_then(Value::as_str).unwrap_or_default(),
        _ => "",
    };
    let path = backup.path.as_deref().unwrap_or_default().trim_matches('/');
    let prefix = prefix.trim_matches('/');
    let is_on = rule.get("status").and_then(Value::as_str) != Some("Disabled");
    is_on && is_set(EXPIRATION) && (path.starts_with(prefix) || prefix.starts_with(path))
}
