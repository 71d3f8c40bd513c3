//! The `stack` block and the sites.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, closest};
use crate::duration;
use crate::hcl::ast::{ExprKind, HclAttribute, HclBlock, Ident};
use crate::hcl::eval::Budget;
use crate::hcl::{self, Files, ReferenceKey, Scope};
use crate::kinds::Catalog;
use crate::kinds::TagRule;
use crate::stack::block::InstanceErrors;
use crate::stack::group::instance_name;
use crate::stack::program::Program;
use crate::stack::realms;
use crate::stack::scope::{BlockScope, EachInstance, Facts};
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

/// Variables, and locals that depend on nothing else: the only references in the `stack` block and in sites.
struct ConstantScope<'a>(BlockScope<'a>);

impl Scope for ConstantScope<'_> {
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        match (&*root.text, keys.first()) {
            ("local", Some((ReferenceKey::Attr(name), span))) if !self.0.facts.program.is_constant(name) => {
                Err(Diagnostic::error("constant-expected", format!("`local.{name}` must depend on variables only"))
                    .at(*span)
                    .why("The `stack` block and sites are evaluated before any resource.")
                    .help("Write a plain value, a variable, or a local that depends on variables only."))
            }
            ("var" | "local" | "each", _) => self.0.resolve(root, keys),
            // Reported when references were checked.
            _ => Ok((Value::told(), keys.len())),
        }
    }

    fn files(&self) -> &dyn Files {
        self.0.files()
    }

    fn budget(&self) -> Budget {
        self.0.budget()
    }
}

/// Reads blocks that are evaluated before any resource.
pub(super) struct SettingsReader<'a> {
    scope: ConstantScope<'a>,
    found: &'a mut Diagnostics,
}

impl<'a> SettingsReader<'a> {
    pub(super) fn new(facts: &'a Facts<'a>, found: &'a mut Diagnostics) -> Self {
        Self { scope: ConstantScope(BlockScope::new(facts, None)), found }
    }

    pub(super) fn program(&self) -> &'a Program {
        self.scope.0.facts.program
    }

    pub(super) fn catalog(&self) -> &'static Catalog {
        self.program().catalog
    }

    pub(super) fn report(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }

    fn value(&mut self, attribute: &HclAttribute) -> Option<Value> {
        match hcl::evaluate(&attribute.expr, &self.scope) {
            Ok(Value::Null) => None,
            Ok(value) if value.told_within() => None,
            Ok(value) => Some(value),
            Err(problems) => {
                self.found.extend(problems);
                None
            }
        }
    }

    pub(super) fn text(&mut self, attribute: &HclAttribute) -> Option<String> {
        let value = self.value(attribute)?;
        if let Value::String(text) = &value {
            return Some(text.to_string());
        }
        self.wrong(attribute, if value.sensitive_within() { "a string that may be shown" } else { "a string" });
        None
    }

    fn texts(&mut self, attribute: &HclAttribute) -> Vec<String> {
        match self.value(attribute) {
            Some(Value::List(items)) if items.iter().all(|item| matches!(item, Value::String(_))) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(_) => {
                self.wrong(attribute, "a list of strings");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn duration(&mut self, attribute: &HclAttribute) -> Option<Duration> {
        let text = self.text(attribute)?;
        match duration::parse(&text) {
            Ok(duration) => Some(duration),
            Err(why) => {
                self.found.push(duration_error(&attribute.name, &why).at(attribute.expr.span));
                None
            }
        }
    }

    pub(super) fn wrong(&mut self, attribute: &HclAttribute, wanted: &str) {
        self.found.push(
            Diagnostic::error("wrong-value", format!("invalid value for `{}`: expected {wanted}", attribute.name.text))
                .at(attribute.expr.span),
        );
    }

    pub(super) fn unknown(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(unsupported("argument", of, name, known));
    }

    pub(super) fn unknown_block(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(unsupported("block", of, name, known));
    }
}

/// The error of an argument or block (`what`) that does not exist there.
pub(super) fn unsupported(what: &str, of: &str, name: &Ident, known: &[&str]) -> Diagnostic {
    let otherwise = match known {
        [] => format!("Remove it: {of} has no {what}s."),
        known => format!("Supported: {}.", known.join(", ")),
    };
    Diagnostic::error("unknown-argument", format!("unsupported {what} `{}` in {of}", name.text)).at(name.span).suggest(
        &name.text,
        known.iter().copied(),
        Some(otherwise),
    )
}

/// The error of a duration that cannot be read.
pub(super) fn duration_error(name: &Ident, why: &str) -> Diagnostic {
    Diagnostic::error("wrong-value", format!("invalid value for `{}`: {why}", name.text))
}

/// Reads the `stack` block.
pub(super) fn read(facts: &Facts<'_>, found: &mut Diagnostics) -> Settings {
    let mut settings = Settings::default();
    let Some(block) = &facts.program.stack else { return settings };
    let mut reader = SettingsReader::new(facts, found);
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

fn tags(reader: &mut SettingsReader<'_>, attribute: &HclAttribute) -> Map {
    match reader.value(attribute) {
        None => Map::new(),
        Some(Value::Map(map)) if map.values().all(|tag| matches!(tag, Value::String(_))) => {
            match TagRule::GENERAL.fault(map.iter().map(|(name, value)| (&**name, value.as_str()))) {
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

fn residency(reader: &mut SettingsReader<'_>, attribute: &HclAttribute) -> Vec<String> {
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

fn cloud(reader: &mut SettingsReader<'_>, attribute: &HclAttribute) -> Option<CloudName> {
    match reader.text(attribute)?.as_str() {
        "local" => Some(CloudName::Local),
        "azure" => Some(CloudName::Azure),
        _ => {
            reader.wrong(attribute, "\"local\" or \"azure\"");
            None
        }
    }
}

fn objectives(reader: &mut SettingsReader<'_>, block: &HclBlock) -> Objectives {
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

fn accepted(reader: &mut SettingsReader<'_>, block: &HclBlock) -> Option<AcceptedFinding> {
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
    let mut reader = SettingsReader::new(facts, found);
    let mut sites = IndexMap::new();
    for (name, block) in &facts.program.sites {
        let all = instances(&mut reader, name, block);
        sites.extend(all.into_iter().map(|site| (Arc::clone(&site.name), site)));
    }
    sites
}

/// The site of a block, or one for each key of its `for_each`.
fn instances(reader: &mut SettingsReader<'_>, label: &Arc<str>, block: &HclBlock) -> Vec<Site> {
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

fn site(reader: &mut SettingsReader<'_>, name: &Arc<str>, block: &HclBlock) -> Option<Site> {
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
