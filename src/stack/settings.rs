//! The `stack` block and the sites.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, closest};
use crate::hcl::ast::{ExprKind, HclAttribute, HclBlock};
use crate::stack::constants::ConstantReader;
use crate::stack::group::instance_name;
use crate::stack::instance_errors::InstanceErrors;
use crate::stack::realms;
use crate::stack::scope::{EachInstance, Facts};
use crate::stack::written::for_each;
use crate::stack::{AcceptedFinding, CloudName, Objectives, Site};
use crate::value::{Map, Value};

/// The arguments of a site.
const SITE: &[&str] = &["provider", "location", "tier", "for_each"];

/// The `stack` block.
#[derive(Default)]
pub(super) struct Settings {
    pub description: Option<String>,
    pub objectives: Objectives,
    pub residency: Vec<String>,
    pub cloud: Option<CloudName>,
    pub accepted: Vec<AcceptedFinding>,
    pub tags: Map,
}

/// Reads the `stack` block.
pub(super) fn read(facts: &Facts<'_>, found: &mut Diagnostics) -> Settings {
    let mut settings = Settings::default();
    let Some(block) = &facts.program.stack else { return settings };
    let mut reader = ConstantReader::new(facts, found);
    for attribute in &block.body.attributes {
        match &*attribute.name.text {
            "description" => settings.description = reader.text(attribute),
            "residency" => settings.residency = residency(&mut reader, attribute),
            "cloud" => settings.cloud = cloud(&mut reader, attribute),
            "tags" => settings.tags = tags(&mut reader, attribute),
            _ => reader.unknown("the stack", &attribute.name, &["description", "residency", "cloud", "tags"]),
        }
    }
    for inner in &block.body.blocks {
        match &*inner.ident.text {
            "objectives" => settings.objectives = objectives(&mut reader, inner),
            "accept" => settings.accepted.extend(accepted(&mut reader, inner)),
            _ => reader.unknown_block("the stack", &inner.ident, &["objectives", "accept"]),
        }
    }
    settings
}

fn tags(reader: &mut ConstantReader<'_>, attribute: &HclAttribute) -> Map {
    match reader.value(attribute) {
        None => Map::new(),
        Some(Value::Map(map)) if map.values().all(|tag| matches!(tag, Value::String(_))) => {
            let texts = map.iter().map(|(name, value)| (&**name, value.as_str()));
            let mut rules = reader.catalog().providers().filter_map(|provider| provider.tags);
            let why = rules.find_map(|rule| rule.fault(texts.clone()));
            match why {
                None => (*map).clone(),
                // Every resource would have the same error.
                Some(why) => {
                    let problem = format!("invalid value for `tags`: {why}");
                    reader.found.push(Diagnostic::error("wrong-value", problem).at(attribute.expr.span));
                    Map::new()
                }
            }
        }
        Some(_) => {
            reader.wrong(attribute, "a map of strings that may be shown");
            Map::new()
        }
    }
}

fn residency(reader: &mut ConstantReader<'_>, attribute: &HclAttribute) -> Vec<String> {
    let geographies = reader.texts(attribute);
    let before = reader.found.len();
    for geography in &geographies {
        let catalog = reader.catalog();
        let regions = || catalog.providers().flat_map(|provider| provider.regions);
        if !regions().any(|region| region.geography.eq_ignore_ascii_case(geography)) {
            let known: std::collections::BTreeSet<&str> = regions().map(|region| region.geography).collect();
            reader.found.push(
                Diagnostic::error(
                    "wrong-value",
                    format!("invalid value for `residency`: unknown geography `{geography}`"),
                )
                .at(attribute.expr.span)
                .suggest(
                    geography,
                    known.iter().copied(),
                    Some(format!("Supported: {}.", known.iter().copied().collect::<Vec<_>>().join(", "))),
                ),
            );
        }
    }
    // Data would look as if it were kept outside of a geography that is misspelt.
    if reader.found.len() > before { Vec::new() } else { geographies }
}

fn cloud(reader: &mut ConstantReader<'_>, attribute: &HclAttribute) -> Option<CloudName> {
    let catalog = reader.catalog();
    let found = CloudName::named(&reader.text(attribute)?, catalog);
    if found.is_none() {
        let words = CloudName::all(catalog).map(|cloud| format!("\"{}\"", cloud.as_str()));
        reader.wrong(attribute, &format!("one of {}", words.collect::<Vec<_>>().join(", ")));
    }
    found
}

fn objectives(reader: &mut ConstantReader<'_>, block: &HclBlock) -> Objectives {
    let mut objectives = Objectives::default();
    for attribute in &block.body.attributes {
        match &*attribute.name.text {
            "rto" => objectives.rto = reader.duration(attribute),
            "rpo" => objectives.rpo = reader.duration(attribute),
            _ => reader.unknown("`objectives`", &attribute.name, &["rto", "rpo"]),
        }
    }
    objectives
}

fn accepted(reader: &mut ConstantReader<'_>, block: &HclBlock) -> Option<AcceptedFinding> {
    let reason = block.body.attribute("reason").map(|attribute| (reader.value(attribute), attribute));
    for attribute in block.body.attributes.iter().filter(|attribute| &*attribute.name.text != "reason") {
        reader.unknown("`accept`", &attribute.name, &["reason"]);
    }
    let reason = match reason {
        Some((Some(Value::String(reason)), _)) if !reason.trim().is_empty() => Some(reason.to_string()),
        // An unknown value has an error of its own.
        Some((None, attribute)) if !matches!(attribute.expr.kind, ExprKind::Null) => Some(String::new()),
        None if block.body.means("reason", &["reason"]) => Some(String::new()),
        _ => None,
    };
    match (block.labels.as_slice(), reason) {
        ([rule], Some(reason)) => Some(AcceptedFinding { rule: rule.text.to_string(), reason, span: block.header }),
        _ => {
            reader.found.push(
                Diagnostic::error("missing-argument", "`accept` needs a rule as its label and a `reason`")
                    .at(block.header)
                    .help("Write `accept \"single-lever\" { reason = \"…\" }`."),
            );
            None
        }
    }
}

/// Reads the sites.
pub(super) fn sites(facts: &Facts<'_>, found: &mut Diagnostics) -> IndexMap<Arc<str>, Site> {
    let mut reader = ConstantReader::new(facts, found);
    let mut sites = IndexMap::new();
    for (name, block) in &facts.program.sites {
        let all = instances(&mut reader, name, block);
        sites.extend(all.into_iter().map(|site| (Arc::clone(&site.name), site)));
    }
    sites
}

/// The site of a block, or one for each key of its `for_each`.
fn instances(reader: &mut ConstantReader<'_>, label: &Arc<str>, block: &HclBlock) -> Vec<Site> {
    let Some(attribute) = block.body.attribute("for_each") else {
        return site(reader, label, block).into_iter().collect();
    };
    let none = || Arc::new(std::collections::BTreeSet::new());
    let entries = for_each(&attribute.expr, &reader.scope, reader.found);
    let mut all = Vec::new();
    let mut merged = InstanceErrors::default();
    for (key, value) in entries.into_iter().flatten() {
        let address = Address::new("site", label).instance(&key);
        let name = instance_name(label, &key);
        reader.scope.0.each = Some(EachInstance { key: Value::String(key), value, needs: none() });
        let before = std::mem::take(reader.found);
        all.extend(site(reader, &name, block));
        merged.add(&address, std::mem::replace(reader.found, before));
    }
    reader.found.extend(merged.finish());
    reader.scope.0.each = None;
    all
}

fn site(reader: &mut ConstantReader<'_>, name: &Arc<str>, block: &HclBlock) -> Option<Site> {
    let catalog = reader.catalog();
    let (mut provider, mut location, mut tier) = (None, None, 1);
    for attribute in &block.body.attributes {
        match &*attribute.name.text {
            "provider" => {
                provider = realms::of_site(reader, attribute);
                if let Some((of, _)) = provider.as_ref().filter(|(of, _)| !of.has_sites()) {
                    reader.wrong(attribute, &format!("a provider with regions, which {} has not", of.title));
                    provider = None;
                }
            }
            "location" => location = reader.text(attribute).map(|text| (text, attribute.expr.span)),
            "tier" => match reader.value(attribute) {
                Some(Value::Number(number)) if matches!(number.as_i64(), Some(1 | 2)) => {
                    tier = u8::try_from(number.as_i64().unwrap_or(1)).unwrap_or(1);
                }
                None => {}
                Some(_) => reader.wrong(attribute, "1 (hot or warm) or 2 (a cold site)"),
            },
            "for_each" => {}
            _ => reader.unknown("a site", &attribute.name, SITE),
        }
    }
    for inner in &block.body.blocks {
        reader.unknown_block("a site", &inner.ident, SITE);
    }
    for missing in ["provider", "location"].into_iter().filter(|name| !block.body.means(name, SITE)) {
        reader.found.push(
            Diagnostic::error("missing-argument", format!("missing required argument `{missing}` in a site"))
                .at(block.header)
                .help(match missing {
                    "provider" => {
                        let named = catalog.providers().filter(|one| one.has_sites());
                        let named = named.map(|one| format!("`provider = \"{}\"`", one.name));
                        format!("Write {}.", named.collect::<Vec<_>>().join(" or "))
                    }
                    _ => "Write the region, as in `location = \"canadacentral\"`.".to_owned(),
                }),
        );
    }
    let (location, span) = location?;
    let (provider, realm) = provider?;
    let location = match provider.region(&location) {
        Some(region) => region.name.to_owned(),
        None => {
            let mut names = provider.regions.iter().map(|region| region.name);
            let help = closest(&location, names.clone()).map_or_else(
                || format!("Write the region's name, as in `{}`.", names.next().unwrap_or("…")),
                |close| format!("Did you mean `{close}`?"),
            );
            reader.found.push(
                Diagnostic::error("unknown-region", format!("unknown {} region `{location}`", provider.title))
                    .at(span)
                    .help(help),
            );
            return None;
        }
    };
    Some(Site { name: Arc::clone(name), provider, realm, location, tier, span: block.header })
}
