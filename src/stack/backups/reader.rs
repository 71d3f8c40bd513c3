//! The reader of one `backup` block: every error at its place, all in one run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::ARGUMENTS;
use super::model::{DataClass, Repository};
use crate::address::Address;
use crate::backup::{self, RestoreForm, Schedule, Tool};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::duration::{parse, spoken};
use crate::hcl;
use crate::hcl::ast::{HclAttribute, HclBlock};
use crate::hcl::eval::GROUP_WORK;
use crate::stack::Backup;
use crate::stack::faults::{duration_error, unsupported};
use crate::stack::scope::{BlockScope, EachInstance, Facts, is_resource};
use crate::value::{Map, Value};

/// The arguments of the block `catalogue`.
const CATALOGUE: &[&str] = &["program", "arguments", "environment", "directory", "within"];
/// The block in messages.
const OF: &str = "a backup";

pub(super) struct BackupReader<'a> {
    facts: &'a Facts<'a>,
    scope: BlockScope<'a>,
    found: &'a mut Diagnostics,
}

/// The values of a block's arguments.
#[derive(Default)]
struct Written {
    of: Option<Address>,
    tool: Option<&'static Tool>,
    repository: Option<Repository>,
    texts: BTreeMap<&'static str, String>,
    times: BTreeMap<&'static str, Duration>,
    class: Option<DataClass>,
    custodians: Vec<String>,
}

impl<'a> BackupReader<'a> {
    pub(super) fn new(facts: &'a Facts<'a>, each: Option<EachInstance>, found: &'a mut Diagnostics) -> Self {
        Self { facts, scope: BlockScope::new(facts, each), found }
    }

    pub(super) fn backup(mut self, address: Address, block: &HclBlock) -> Option<Backup> {
        self.facts.charge(GROUP_WORK).ok()?;
        let mut written = Written::default();
        let mut spans = BTreeMap::new();
        for attribute in &block.body.attributes {
            spans.insert(Arc::clone(&attribute.name.text), attribute.expr.span);
            self.argument(attribute, &mut written);
        }
        let mut catalogue = None;
        for inner in &block.body.blocks {
            match &*inner.ident.text {
                "catalogue" if catalogue.is_none() => catalogue = Some(self.catalogue(inner)),
                "catalogue" => self.found.push(
                    Diagnostic::error("too-many-blocks", "too many `catalogue` blocks: a backup takes one")
                        .at(inner.header)
                        .help("Remove one."),
                ),
                _ => self.found.push(unsupported("block", OF, &inner.ident, &["catalogue"])),
            }
        }
        let class = written.class.unwrap_or(DataClass::Persistent);
        let required = if class == DataClass::Fixed { &ALWAYS[..3] } else { &ALWAYS[..] };
        for argument in required.iter().filter(|argument| !block.body.means(argument, ARGUMENTS)) {
            self.missing(block, argument);
        }
        self.words_of_tool(block, &written, &spans);
        self.intervals(&written, &spans);
        self.place_of_copies(&written, &spans);
        let Written { of, tool, repository, mut texts, times, custodians, .. } = written;
        let time = |name: &str| times.get(name).copied();
        let schedule = time("every").map(|every| Schedule {
            every,
            increments: time("increments"),
            log: time("log"),
            keep: time("keep"),
        });
        Some(Backup {
            address,
            of: of?,
            tool: tool?,
            repository: repository?,
            path: texts.remove("path"),
            stanza: texts.remove("stanza"),
            tag: texts.remove("tag"),
            class,
            schedule,
            verified: time("verified"),
            custodians,
            catalogue,
            span: block.header,
            spans,
        })
    }

    fn argument(&mut self, attribute: &HclAttribute, written: &mut Written) {
        let known = |name: &str| ARGUMENTS.iter().copied().find(|own| *own == name);
        let Some(name) = known(&attribute.name.text) else {
            self.found.push(unsupported("argument", OF, &attribute.name, ARGUMENTS));
            return;
        };
        match name {
            "for_each" => {}
            "of" => written.of = self.resource(attribute),
            "tool" => written.tool = self.tool(attribute),
            "repository" => written.repository = self.repository(attribute),
            "class" => written.class = self.class(attribute),
            "custodians" => written.custodians = self.custodians(attribute),
            "path" | "stanza" | "tag" => {
                if let Some(text) = self.text(attribute) {
                    written.texts.insert(name, text);
                }
            }
            _ => {
                if let Some(time) = self.duration(attribute) {
                    written.times.insert(name, time);
                }
            }
        }
    }

    fn missing(&mut self, block: &HclBlock, argument: &str) {
        let help = match argument {
            "of" => "Write the resource whose data it can bring back, as in `of = kind.name`.".to_owned(),
            "tool" => format!("Write the tool that makes it: {}.", tool_names()),
            "repository" => "Write the resource that keeps the copies, as in `repository = kind.name`.".to_owned(),
            "every" => "Write how often a full copy is made, as in `every = \"24h\"`.".to_owned(),
            other => format!("Write `{other} = …`."),
        };
        self.found.push(
            Diagnostic::error("missing-argument", format!("missing required argument `{argument}` in {OF}"))
                .at(block.header)
                .help(help),
        );
    }

    /// The value of an argument. `None` where an error, which has been reported, leaves it unknown.
    fn value(&mut self, attribute: &HclAttribute) -> Option<Value> {
        let (value, problems) = hcl::evaluate_partly(&attribute.expr, &self.scope);
        self.found.extend(problems);
        (!value.told_within() && !value.is_null()).then_some(value)
    }

    fn wrong(&mut self, attribute: &HclAttribute, expected: &str, help: impl Into<String>) {
        let name = &attribute.name.text;
        let summary = format!("invalid value for `{name}`: expected {expected}");
        self.found.push(Diagnostic::error("wrong-value", summary).at(attribute.expr.span).help(help));
    }

    fn resource(&mut self, attribute: &HclAttribute) -> Option<Address> {
        match self.value(attribute)? {
            Value::Block(address) if is_resource(&address) => Some(address),
            _ => {
                self.wrong(attribute, "a resource", "Write one resource, as in `kind.name`.");
                None
            }
        }
    }

    fn tool(&mut self, attribute: &HclAttribute) -> Option<&'static Tool> {
        let text = self.text(attribute)?;
        let found = backup::tool(&text);
        if found.is_none() {
            let problem = format!("invalid value for `tool`: unknown tool \"{text}\"");
            let known = backup::TOOLS.iter().map(|tool| tool.name);
            let otherwise = Some(format!("Supported: {}.", tool_names()));
            self.found.push(
                Diagnostic::error("wrong-value", problem).at(attribute.expr.span).suggest(&text, known, otherwise),
            );
        }
        found
    }

    /// A resource that keeps objects, or a site, which is refused later for a tool that needs a repository.
    fn repository(&mut self, attribute: &HclAttribute) -> Option<Repository> {
        let catalog = self.facts.program.catalog;
        let address = match self.value(attribute)? {
            Value::Block(address) if address.kind() == "site" => {
                return Some(Repository::Site(address.own_name().into()));
            }
            Value::Block(address) if is_resource(&address) => address,
            _ => {
                self.wrong(attribute, "a resource that keeps objects", "Write one resource, as in `kind.name`.");
                return None;
            }
        };
        // With an error in its block the variant is unknown.
        let kind = self.facts.resources.get(&address).map(|one| one.kind).or_else(|| catalog.kind(address.kind()));
        if kind.is_some_and(|kind| !kind.recovery.keeps_objects) {
            let names = catalog.kinds().filter(|kind| kind.recovery.keeps_objects).map(|kind| kind.name);
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            self.found.push(
                Diagnostic::error(
                    "wrong-value",
                    format!("invalid value for `repository`: `{address}` does not keep objects"),
                )
                .at(attribute.expr.span)
                .help(format!("Write a resource of one of the kinds {}.", names.join(", "))),
            );
            return None;
        }
        Some(Repository::Resource(address))
    }

    fn class(&mut self, attribute: &HclAttribute) -> Option<DataClass> {
        let text = self.text(attribute)?;
        let found = DataClass::ALL.into_iter().find(|class| class.as_str() == text);
        if found.is_none() {
            let words = DataClass::ALL.map(DataClass::as_str);
            let problem = format!("invalid value for `class`: \"{text}\"");
            self.found.push(Diagnostic::error("wrong-value", problem).at(attribute.expr.span).suggest(
                &text,
                words,
                Some(format!("Supported: {}.", words.map(|word| format!("\"{word}\"")).join(", "))),
            ));
        }
        found
    }

    fn custodians(&mut self, attribute: &HclAttribute) -> Vec<String> {
        let Some(value) = self.value(attribute) else { return Vec::new() };
        let names = match &value {
            Value::List(items) => {
                let name = |item: &Value| item.as_str().filter(|name| !name.trim().is_empty()).map(str::to_owned);
                items.iter().map(name).collect::<Option<Vec<String>>>()
            }
            _ => None,
        };
        names.unwrap_or_else(|| {
            self.wrong(
                attribute,
                "a list of names that may be shown",
                "Write who holds a private key, as in `[\"operations\", \"notary\"]`.",
            );
            Vec::new()
        })
    }

    /// A text that is known before apply and may be shown.
    fn text(&mut self, attribute: &HclAttribute) -> Option<String> {
        let value = self.value(attribute)?;
        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            return Some(text.to_owned());
        }
        let help = "Write a string. It is printed, and read before any resource exists.";
        self.wrong(attribute, "a string that is known and may be shown", help);
        None
    }

    fn duration(&mut self, attribute: &HclAttribute) -> Option<Duration> {
        let text = self.text(attribute)?;
        match parse(&text) {
            Ok(time) if !time.is_zero() => Some(time),
            Ok(_) => {
                self.wrong(attribute, "a duration above zero", "Write a duration, as in \"24h\".");
                None
            }
            Err(why) => {
                self.found.push(duration_error(&attribute.name, &why).at(attribute.expr.span));
                None
            }
        }
    }

    /// Reports arguments that the tool does not take, and those that it needs.
    fn words_of_tool(&mut self, block: &HclBlock, written: &Written, spans: &BTreeMap<Arc<str>, Span>) {
        let Some(tool) = written.tool else { return };
        let of_tools = |name: &str| backup::TOOLS.iter().any(|tool| tool.words.iter().any(|word| word.name == name));
        let is_set = |name: &str| written.texts.contains_key(name) || written.times.contains_key(name);
        for (name, span) in spans.iter().filter(|(name, _)| of_tools(name) && is_set(name)) {
            if tool.words.iter().any(|word| word.name == &**name) {
                continue;
            }
            let takes = |other: &&&Tool| other.words.iter().any(|word| word.name == &**name);
            let others: Vec<&str> = backup::TOOLS.iter().filter(takes).map(|other| other.title).collect();
            self.found.push(
                Diagnostic::error("unknown-argument", format!("`{name}` has no meaning for {}", tool.title))
                    .at(*span)
                    .help(format!("Remove it. It belongs to {}.", others.join(" and "))),
            );
        }
        for word in tool.words.iter().filter(|word| word.required && !block.body.means(word.name, ARGUMENTS)) {
            self.found.push(
                Diagnostic::error(
                    "missing-argument",
                    format!("missing required argument `{}` in {OF} of {}", word.name, tool.title),
                )
                .at(block.header)
                .help(format!("Write `{} = \"…\"`, as the tool's configuration has it.", word.name)),
            );
        }
    }

    /// Reports intervals between full copies that are not shorter than theirs.
    fn intervals(&mut self, written: &Written, spans: &BTreeMap<Arc<str>, Span>) {
        let Some(every) = written.times.get("every") else { return };
        for name in ["increments", "log"] {
            let (Some(time), Some(span)) = (written.times.get(name), spans.get(name)) else { continue };
            if time >= every {
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{name}`: {} is not shorter than `every`", spoken(*time)),
                    )
                    .at(*span)
                    .help(format!("Write less than {}, or remove it.", spoken(*every))),
                );
            }
        }
    }

    /// Reports a site as the repository of a tool that stores objects.
    fn place_of_copies(&mut self, written: &Written, spans: &BTreeMap<Arc<str>, Span>) {
        let (Some(tool), Some(Repository::Site(site))) = (written.tool, &written.repository) else { return };
        if tool.form == RestoreForm::Volume {
            return;
        }
        let span = spans.get("repository").copied().unwrap_or_default();
        self.found.push(
            Diagnostic::error(
                "wrong-value",
                format!("invalid value for `repository`: {} cannot store its copies in `site.{site}`", tool.title),
            )
            .at(span)
            .help("Write a resource that keeps objects. A site is the place of snapshots."),
        );
    }

    /// The arguments of the command that prints the catalogue.
    fn catalogue(&mut self, block: &HclBlock) -> Map {
        let mut arguments = Map::new();
        for attribute in &block.body.attributes {
            let name = &attribute.name;
            if !CATALOGUE.contains(&&*name.text) {
                self.found.push(unsupported("argument", "the block `catalogue`", name, CATALOGUE));
                continue;
            }
            if &*name.text == "within" {
                if let Some(time) = self.duration(attribute) {
                    arguments.insert(Arc::clone(&name.text), Value::from(crate::duration::human(time)));
                }
                continue;
            }
            let Some(value) = self.value(attribute) else { continue };
            let plain = value.unmark().0;
            let is_text = |value: &Value| matches!(value.unmark().0, Value::String(_) | Value::Unknown(_));
            let fits = match (&*name.text, plain) {
                (_, Value::Unknown(_)) => true,
                ("arguments", Value::List(items)) => items.iter().all(is_text),
                ("environment", Value::Map(map)) => map.values().all(is_text),
                ("program" | "directory", value) => is_text(value),
                _ => false,
            };
            if fits {
                arguments.insert(Arc::clone(&name.text), value);
            } else {
                let expected = match &*name.text {
                    "arguments" => "a list of strings",
                    "environment" => "a map of strings",
                    _ => "a string",
                };
                self.wrong(attribute, expected, "Write the program and its arguments apart: no shell reads them.");
            }
        }
        for inner in &block.body.blocks {
            self.found.push(unsupported("block", "the block `catalogue`", &inner.ident, &[]));
        }
        if !block.body.means("program", CATALOGUE) {
            self.found.push(
                Diagnostic::error("missing-argument", "missing required argument `program` in the block `catalogue`")
                    .at(block.header)
                    .help("Write the program that prints the catalogue, as in `program = \"pgbackrest\"`."),
            );
        }
        arguments
    }
}

/// The arguments that every backup has; fixed data may have no schedule.
const ALWAYS: [&str; 4] = ["of", "tool", "repository", "every"];

/// The words of all tools.
fn tool_names() -> String {
    let names: Vec<String> = backup::TOOLS.iter().map(|tool| format!("\"{}\"", tool.name)).collect();
    names.join(", ")
}
