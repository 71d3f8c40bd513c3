//! The `stack` block and the sites.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Diagnostics, Span, closest};
use crate::duration;
use crate::hcl::ast::{Attribute, Block, Ident};
use crate::hcl::{self, Files, Key, Scope};
use crate::kinds::regions::{REGIONS, region};
use crate::stack::scope::{BlockScope, Facts};
use crate::stack::{Accepted, CloudName, Objectives, Provider, Site};
use crate::value::{Map, Value};

/// What a site can have.
const SITE: &[&str] = &["provider", "location", "tier"];

/// What the `stack` block says.
#[derive(Default)]
pub(super) struct Settings {
    pub description: Option<String>,
    pub objectives: Objectives,
    pub residency: Vec<String>,
    pub cloud: Option<CloudName>,
    pub accepted: Vec<Accepted>,
    pub tags: Map,
}

/// Variables, and locals that hang on nothing else: what may be named in the `stack` block and in sites.
struct Constants<'a>(BlockScope<'a>);

impl Scope for Constants<'_> {
    fn resolve(&self, root: &Ident, keys: &[(Key, Span)]) -> Result<(Value, usize), Diagnostic> {
        match (&*root.text, keys.first()) {
            ("local", Some((Key::Attr(name), span))) if !self.0.facts.program.is_constant(name) => {
                Err(Diagnostic::error("constant-expected", format!("`local.{name}` hangs on more than variables"))
                    .at(*span)
                    .why("This is needed before any resource is looked at.")
                    .help("Write a plain value, a variable, or a local that hangs on nothing else."))
            }
            ("var" | "local", _) => self.0.resolve(root, keys),
            // Told of when names were looked up.
            _ => Ok((Value::told(), keys.len())),
        }
    }

    fn files(&self) -> &dyn Files {
        self.0.files()
    }
}

struct Reader<'a> {
    scope: Constants<'a>,
    found: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn value(&mut self, attribute: &Attribute) -> Option<Value> {
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

    fn text(&mut self, attribute: &Attribute) -> Option<String> {
        let value = self.value(attribute)?;
        if let Value::String(text) = &value {
            return Some(text.to_string());
        }
        self.wrong(attribute, if value.sensitive_within() { "a string that may be shown" } else { "a string" });
        None
    }

    fn texts(&mut self, attribute: &Attribute) -> Vec<String> {
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

    fn duration(&mut self, attribute: &Attribute) -> Option<Duration> {
        let text = self.text(attribute)?;
        match duration::parse(&text) {
            Ok(duration) => Some(duration),
            Err(why) => {
                self.found.push(Diagnostic::error("wrong-value", why).at(attribute.expr.span));
                None
            }
        }
    }

    fn wrong(&mut self, attribute: &Attribute, wanted: &str) {
        self.found.push(
            Diagnostic::error("wrong-value", format!("`{}` takes {wanted}", attribute.name.text))
                .at(attribute.expr.span),
        );
    }

    fn unknown(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(
            Diagnostic::error("unknown-argument", format!("{of} has no argument `{}`", name.text))
                .at(name.span)
                .suggest(&name.text, known.iter().copied(), Some(format!("It takes {}.", known.join(", ")))),
        );
    }
}

/// Reads the `stack` block.
pub(super) fn read(facts: &Facts<'_>, found: &mut Diagnostics) -> Settings {
    let mut settings = Settings::default();
    let Some(block) = &facts.program.stack else { return settings };
    let mut reader = Reader { scope: Constants(BlockScope::new(facts, None)), found };
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
            _ => reader.unknown("the stack", &inner.ident, &["objectives", "accept"]),
        }
    }
    settings
}

fn tags(reader: &mut Reader<'_>, attribute: &Attribute) -> Map {
    match reader.value(attribute) {
        None => Map::new(),
        Some(Value::Map(map)) if map.values().all(|tag| matches!(tag, Value::String(_))) => (*map).clone(),
        Some(_) => {
            reader.wrong(attribute, "a map of strings that may be shown");
            Map::new()
        }
    }
}

fn residency(reader: &mut Reader<'_>, attribute: &Attribute) -> Vec<String> {
    let geographies = reader.texts(attribute);
    for geography in &geographies {
        if !REGIONS.iter().any(|region| region.geography.eq_ignore_ascii_case(geography)) {
            let known: std::collections::BTreeSet<&str> = REGIONS.iter().map(|region| region.geography).collect();
            reader.found.push(
                Diagnostic::error("wrong-value", format!("there is no geography `{geography}`"))
                    .at(attribute.expr.span)
                    .suggest(
                        geography,
                        known.iter().copied(),
                        Some(format!("They are {}.", known.iter().copied().collect::<Vec<_>>().join(", "))),
                    ),
            );
        }
    }
    geographies
}

fn cloud(reader: &mut Reader<'_>, attribute: &Attribute) -> Option<CloudName> {
    match reader.text(attribute)?.as_str() {
        "local" => Some(CloudName::Local),
        "azure" => Some(CloudName::Azure),
        _ => {
            reader.wrong(attribute, "\"local\" or \"azure\"");
            None
        }
    }
}

fn objectives(reader: &mut Reader<'_>, block: &Block) -> Objectives {
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

fn accepted(reader: &mut Reader<'_>, block: &Block) -> Option<Accepted> {
    let reason = block.body.attribute("reason").and_then(|attribute| reader.text(attribute));
    for attribute in block.body.attributes.iter().filter(|attribute| &*attribute.name.text != "reason") {
        reader.unknown("`accept`", &attribute.name, &["reason"]);
    }
    match (block.labels.as_slice(), reason) {
        ([rule], Some(reason)) if !reason.trim().is_empty() => {
            Some(Accepted { rule: rule.text.to_string(), reason, span: block.header })
        }
        _ => {
            reader.found.push(
                Diagnostic::error("missing-argument", "`accept` needs the rule as its label and a `reason`")
                    .at(block.header)
                    .help("Write `accept \"single-lever\" { reason = \"…\" }`."),
            );
            None
        }
    }
}

/// Reads the sites.
pub(super) fn sites(facts: &Facts<'_>, found: &mut Diagnostics) -> IndexMap<Arc<str>, Site> {
    let mut reader = Reader { scope: Constants(BlockScope::new(facts, None)), found };
    let mut sites = IndexMap::new();
    for (name, block) in &facts.program.sites {
        sites.extend(site(&mut reader, name, block).map(|site| (Arc::clone(name), site)));
    }
    sites
}

fn site(reader: &mut Reader<'_>, name: &Arc<str>, block: &Block) -> Option<Site> {
    let (mut provider, mut location, mut tier) = (None, None, 1);
    for attribute in &block.body.attributes {
        match &*attribute.name.text {
            "provider" => match reader.text(attribute).as_deref() {
                Some("azure") => provider = Some(Provider::Azure),
                Some("aws") => provider = Some(Provider::Aws),
                Some(_) => reader.wrong(attribute, "\"azure\" or \"aws\""),
                None => {}
            },
            "location" => location = reader.text(attribute).map(|text| (text, attribute.expr.span)),
            "tier" => match reader.value(attribute) {
                Some(Value::Number(number)) if matches!(number.as_i64(), Some(1 | 2)) => {
                    tier = u8::try_from(number.as_i64().unwrap_or(1)).unwrap_or(1);
                }
                None => {}
                Some(_) => reader.wrong(attribute, "1 (hot or warm) or 2 (a cold site)"),
            },
            _ => reader.unknown("a site", &attribute.name, SITE),
        }
    }
    for inner in &block.body.blocks {
        reader.unknown("a site", &inner.ident, SITE);
    }
    // What is misspelt is told of where it stands, and not as missing too.
    let is_meant = |name: &str| {
        let mut words = block.body.attributes.iter().map(|attribute| &*attribute.name.text);
        words.any(|word| word == name || (!SITE.contains(&word) && closest(word, SITE.iter().copied()) == Some(name)))
    };
    for missing in ["provider", "location"].into_iter().filter(|name| !is_meant(name)) {
        reader.found.push(
            Diagnostic::error("missing-argument", format!("a site needs the argument `{missing}`"))
                .at(block.header)
                .help(match missing {
                    "provider" => "Write `provider = \"azure\"` or `provider = \"aws\"`.",
                    _ => "Write the region, as in `location = \"canadacentral\"`.",
                }),
        );
    }
    let (location, span) = location?;
    let provider = provider?;
    let location = match (provider, region(&location)) {
        (Provider::Aws, _) => location,
        (Provider::Azure, Some(region)) => region.name.to_owned(),
        (Provider::Azure, None) => {
            let names = REGIONS.iter().map(|region| region.name);
            let help = closest(&location, names).map_or_else(
                || "Write the region's name, as in `canadacentral`.".to_owned(),
                |close| format!("Did you mean `{close}`?"),
            );
            reader.found.push(
                Diagnostic::error("unknown-region", format!("Azure has no region `{location}`")).at(span).help(help),
            );
            return None;
        }
    };
    Some(Site { name: Arc::clone(name), provider, location, tier, span: block.header })
}
