//! Differences beside resources: the stack's own settings, objectives, sites, variables, failover groups, outputs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::resources::{relabelled, waiting};
use super::{DifferenceKind, Setting, hidden};
use crate::account::Realm;
use crate::address::{Address, is_identifier};
use crate::duration::human;
use crate::plan::ArgumentChange;
use crate::stack::{Backup, FailoverGroup, GroupStep, Probe, Repository, Route, Site, Stack, StepOrPhase};
use crate::stack::{guarded_url, with_guarded_url};
use crate::value::{Map, Seal, SealedValue};

/// Everything comparable in a stack, by subject and name, in the order of the report.
type SettingList = Vec<((&'static str, String), Json)>;

/// The differences.
pub(super) fn differences(
    before: Option<&Stack>,
    after: &Stack,
    renamed: &BTreeMap<Address, Address>,
    seal: &Seal,
) -> Vec<Setting> {
    let old: SettingList = before.map(|before| comparable(before, seal)).unwrap_or_default();
    let same = |((of, name), json): ((&'static str, String), Json)| {
        // Only failover groups hold addresses as text; elsewhere a text may look like one by chance.
        let json = if of == "failover_group" { relabelled(&json, renamed) } else { waiting(&json, renamed) };
        ((of, name), json)
    };
    let old: SettingList = old.into_iter().map(same).collect();
    let new = comparable(after, seal);
    let by_key = |all: &SettingList| -> HashMap<_, _> { all.iter().cloned().collect() };
    let (before, now) = (by_key(&old), by_key(&new));
    let mut found = Vec::new();
    for (key, json) in &new {
        found.extend(setting(key, before.get(key), Some(json)));
    }
    let gone = old.iter().filter(|(key, _)| !now.contains_key(key));
    found.extend(gone.filter_map(|(key, json)| setting(key, Some(json), None)));
    let order = |setting: &Setting| OF.iter().position(|of| *of == setting.of);
    found.sort_by_key(|setting| (order(setting), setting.turn));
    found
}

const OF: [&str; 8] = ["objectives", "stack", "provider", "failover_group", "backup", "site", "variable", "output"];

fn setting((of, name): &(&'static str, String), before: Option<&Json>, after: Option<&Json>) -> Option<Setting> {
    let turn = match (before, after) {
        (Some(_), Some(_)) => DifferenceKind::Changed,
        (Some(_), None) => DifferenceKind::Removed,
        (None, _) => DifferenceKind::Added,
    };
    let mut arguments = Vec::new();
    walk("", before, after, &mut arguments);
    // A removal is reported by name alone.
    if turn == DifferenceKind::Removed {
        arguments.clear();
    }
    // Settings without a name always exist, even if empty.
    let differs = !arguments.is_empty() || (turn != DifferenceKind::Changed && !name.is_empty());
    differs.then(|| Setting { of, name: name.clone(), turn, arguments: hidden(arguments) })
}

fn comparable(stack: &Stack, seal: &Seal) -> SettingList {
    let Stack { name, description, objectives, residency, cloud, accepted, sites, backups, failover_groups, .. } =
        stack;
    let time = |time: Option<Duration>| time.map(human);
    let accepted: JsonMap<String, Json> =
        accepted.iter().map(|accepted| (accepted.rule.clone(), Json::from(accepted.reason.as_str()))).collect();
    let own = json!({
        "name": name,
        "description": description,
        "residency": residency,
        "cloud": cloud.as_str(),
        "accept": accepted,
    });
    let mut all = vec![
        (("objectives", String::new()), json!({ "rto": time(objectives.rto), "rpo": time(objectives.rpo) })),
        (("stack", String::new()), own),
    ];
    all.extend(failover_groups.values().map(|of| (("failover_group", of.name.to_string()), group(of, seal))));
    all.extend(backups.values().map(|of| (("backup", of.name().to_owned()), backup(of, seal))));
    all.extend(sites.values().map(|of| (("site", of.name.to_string()), site(of))));
    all.extend(stack.variables.iter().map(|(name, of)| {
        let value = match of.sensitive {
            true => seal.seal(&of.value.clone().sensitive()),
            false => seal.seal(&of.value),
        };
        let json = json!({ "value": value.json(), "sensitive": of.sensitive, "description": of.description });
        (("variable", name.to_string()), json)
    }));
    all.extend(stack.account_blocks.iter().map(|(realm, written)| (("provider", named(realm)), json!(written))));
    all.extend(stack.outputs.iter().map(|(name, of)| {
        let json = json!({ "value": seal.seal(&of.value).json(), "description": of.description });
        (("output", name.to_string()), json)
    }));
    all
}

fn site(site: &Site) -> Json {
    let Site { name: _, provider, realm, location, tier, span: _ } = site;
    let provider = if realm.label.is_empty() { provider.name.to_owned() } else { named(realm) };
    json!({ "provider": provider, "location": location, "tier": tier })
}

fn backup(backup: &Backup, seal: &Seal) -> Json {
    let Backup {
        address: _,
        of,
        tool,
        repository,
        path,
        stanza,
        tag,
        class,
        schedule,
        verified,
        custodians,
        catalogue,
        span: _,
        spans: _,
    } = backup;
    let repository = match repository {
        Repository::Resource(address) => address.to_string(),
        Repository::Site(site) => format!("site.{site}"),
    };
    let time = |time: Option<Duration>| time.map(human);
    json!({
        "of": of, "tool": tool.name, "repository": repository, "path": path, "stanza": stanza, "tag": tag,
        "class": class.as_str(), "every": time(schedule.map(|one| one.every)),
        "increments": time(schedule.and_then(|one| one.increments)), "log": time(schedule.and_then(|one| one.log)),
        "keep": time(schedule.and_then(|one| one.keep)), "verified": time(*verified), "custodians": custodians,
        "catalogue": catalogue.as_ref().map(|catalogue| values(catalogue, seal)),
    })
}

/// A realm as a stack refers to it.
fn named(realm: &Realm) -> String {
    let label = if realm.label.is_empty() { String::new() } else { format!(".{}", realm.label) };
    format!("{}{label}", realm.provider)
}

fn group(group: &FailoverGroup, seal: &Seal) -> Json {
    let FailoverGroup {
        name: _,
        from,
        to,
        promote,
        restore,
        stand_up,
        quiesce,
        fence,
        routes,
        probes,
        steps,
        after,
        needs,
        span: _,
    } = group;
    let to = match to.as_slice() {
        [only] => json!(only),
        several => json!(several),
    };
    let mut json = json!({
        "from": from, "to": to, "promote": promote, "restore": restore, "stand_up": stand_up, "quiesce": quiesce, "fence": fence,
        "after": after, "depends_on": needs,
    });
    if let Some(all) = json.as_object_mut() {
        all.extend(routes.iter().map(|one| (key("route", &one.name), route(one, seal))));
        all.extend(probes.iter().map(|one| (key("probe", &one.name), probe(one, seal))));
        all.extend(steps.iter().map(|one| (key("step", &one.name), step(one, seal))));
    }
    json
}

fn key(word: &str, name: &str) -> String {
    format!("{word} {name}")
}

fn route(route: &Route, seal: &Seal) -> Json {
    let Route { name: _, kind: _, args, values: per_site, fallback_for, span: _ } = route;
    let mut json = values(args, seal);
    if let Some(all) = json.as_object_mut() {
        // A route with `from` and `to` has its values under these names.
        if !args.contains_key("to") {
            let per_site = per_site.iter().map(|(site, value)| (site.to_string(), seal.seal(value).into_json()));
            all.insert("values".to_owned(), Json::Object(per_site.collect()));
        }
        all.extend(fallback_for.as_ref().map(|route| ("fallback_for".to_owned(), json!(route))));
    }
    json
}

fn probe(probe: &Probe, seal: &Seal) -> Json {
    let Probe { name: _, url, status, address, marker, within, before, at, uses: _, span: _ } = probe;
    let mut json = json!({
        "url": seal.seal(&guarded_url(url)).json(), "status": status, "within": human(*within), "before": before, "at": at,
    });
    if let Some(all) = json.as_object_mut() {
        all.extend(address.as_ref().map(|address| ("address".to_owned(), seal.seal(address).into_json())));
        all.extend(marker.as_ref().map(|marker| ("marker".to_owned(), json!(marker))));
    }
    json
}

fn step(step: &GroupStep, seal: &Seal) -> Json {
    let GroupStep {
        name: _,
        on,
        to,
        modes,
        after,
        before,
        needs,
        action,
        arguments,
        drilled: _,
        only_if_unreachable,
        span: _,
    } = step;
    let words = |words: &[Arc<str>]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let places = |places: &[StepOrPhase]| places.iter().map(|place| place.as_str().to_owned()).collect::<Vec<_>>();
    let mut json = json!({
        "on": words(on), "to": words(to), "modes": words(modes), "after": places(after), "before": places(before),
        "only_if_unreachable": only_if_unreachable, "depends_on": needs,
    });
    if let Some(all) = json.as_object_mut() {
        all.insert(action.word().to_owned(), values(&with_guarded_url(arguments), seal));
    }
    json
}

fn values(args: &Map, seal: &Seal) -> Json {
    args.iter().map(|(name, value)| (name.to_string(), seal.seal(value).into_json())).collect::<JsonMap<_, _>>().into()
}

/// Differences within a value, name by name; a list is one value.
fn walk(path: &str, before: Option<&Json>, after: Option<&Json>, found: &mut Vec<ArgumentChange>) {
    let is_there = |json: &&Json| !json.is_null() && **json != json!([]) && **json != json!({});
    let (before, after) = (before.filter(is_there), after.filter(is_there));
    let plain = |json: &Json| json.as_object().filter(|map| !map.keys().any(|key| key.starts_with('$'))).cloned();
    match (before.and_then(plain), after.and_then(plain)) {
        (None, None) if before == after => {}
        (Some(old), Some(new)) => {
            for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
                walk(&inner(path, name), old.get(name), new.get(name), found);
            }
        }
        // An addition is reported name by name, a removal as a whole.
        (None, Some(new)) if before.is_none() => {
            new.iter().for_each(|(name, new)| walk(&inner(path, name), None, Some(new), found));
        }
        _ => {
            let sealed = |json: Option<&Json>| json.map(SealedValue::from_sealed_json);
            let (before, after) = (sealed(before), sealed(after));
            found.push(ArgumentChange { path: path.to_owned(), before, after, forces_replace: false });
        }
    }
}

fn inner(path: &str, name: &str) -> String {
    let name = match name.split_once(' ') {
        Some((word, name)) if is_identifier(word) => format!("{word}[\"{name}\"]"),
        _ if is_identifier(name) => name.to_owned(),
        _ => format!("[\"{name}\"]"),
    };
    match path {
        "" => name,
        path if name.starts_with('[') => format!("{path}{name}"),
        path => format!("{path}.{name}"),
    }
}
