//! Failover groups: read, typed and checked. The failover planner acts on them.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::duration;
use crate::hcl;
use crate::hcl::ast::{Expr, ExprKind, HclAttribute, HclBlock, Ident};
use crate::kinds::{self, Kind, Place};
use crate::stack::program::Program;
use crate::stack::references::plain_name;
use crate::stack::scope::{BlockScope, Facts};
use crate::stack::settings::{duration_error, unsupported};
use crate::stack::{FailoverGroup, GroupStep, Presence, Probe, Resource, Route};
use crate::value::{Map, Value};

/// The phases of a procedure, for `after` and `before` of steps.
const PHASES: &[&str] = &["preflight", "quiesce", "fence", "promote", "stand_up", "probe", "route"];
/// The procedures that a step may be part of.
const VERBS: &[&str] = &["up", "down", "drill"];
/// The modes that a step may be part of.
const MODES: &[&str] = &["planned", "forced"];

/// The blocks of a failover group.
const BLOCKS: &[&str] = &["route", "probe", "step"];
/// The arguments of a failover group.
const GROUP: &[&str] = &["from", "to", "promote", "stand_up", "quiesce", "fence"];
/// The arguments of a route.
const ROUTE: &[&str] = &["profile", "from", "to", "record", "zone", "value", "ttl", "weight"];
/// The arguments of a probe.
const PROBE: &[&str] = &["url", "status", "within", "before"];
/// The arguments of a step.
const STEP: &[&str] = &["on", "modes", "after", "before", "only_if_unreachable"];

/// The actions of steps: the word, the required arguments, and the optional ones.
const ACTIONS: &[(&str, &[&str], &[&str])] = &[
    ("http", &["url"], &["method", "status", "headers", "body", "within"]),
    ("kubernetes_scale", &["cluster", "workload", "replicas"], &["namespace", "within"]),
    ("sync", &["from", "to"], &["mirror"]),
    ("storage_failover", &["account"], &[]),
    ("command", &["program"], &["arguments", "environment", "directory", "within"]),
    ("approval", &["message"], &["within"]),
    ("wait", &["for"], &[]),
];

/// Reads every failover group.
pub(super) fn read_all(
    program: &Program,
    facts: &Facts<'_>,
    found: &mut Diagnostics,
) -> IndexMap<Arc<str>, FailoverGroup> {
    let mut groups = IndexMap::new();
    for (name, block) in &program.failover_groups {
        let mut reader = GroupReader { facts, scope: BlockScope::new(facts, None), found };
        groups.extend(reader.group(name, block).map(|group| (Arc::clone(name), group)));
    }
    groups
}

/// Reads one failover group; `None` where there is none with this name.
pub(super) fn read_one(
    program: &Program,
    facts: &Facts<'_>,
    name: &str,
    found: &mut Diagnostics,
) -> Option<FailoverGroup> {
    let (name, block) = program.failover_groups.get_key_value(name)?;
    GroupReader { facts, scope: BlockScope::new(facts, None), found }.group(name, block)
}

struct GroupReader<'a> {
    facts: &'a Facts<'a>,
    scope: BlockScope<'a>,
    found: &'a mut Diagnostics,
}

impl GroupReader<'_> {
    fn group(&mut self, name: &Arc<str>, block: &HclBlock) -> Option<FailoverGroup> {
        let (mut from, mut to) = (None, None);
        let (mut promote, mut stand_up) = (None, None);
        let (mut quiesce, mut fence) = (Vec::new(), Vec::new());
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "from" => from = self.site(attribute),
                "to" => to = self.site(attribute),
                "promote" => promote = Some(self.resources(attribute)),
                "stand_up" => stand_up = Some(self.resources(attribute)),
                "quiesce" => quiesce = self.resources(attribute),
                "fence" => fence = self.resources(attribute),
                _ => self.unknown("a failover group", &attribute.name, GROUP),
            }
        }
        self.required(block, GROUP, &["from", "to"], "a failover group");
        let (mut routes, mut probes, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for inner in &block.body.blocks {
            match &*inner.ident.text {
                "route" => routes.extend(self.route(inner)),
                "probe" => probes.extend(self.probe(inner)),
                "step" => steps.extend(self.step(inner)),
                _ => self.unknown_block("a failover group", &inner.ident, BLOCKS),
            }
        }
        // A misspelt block may be the step that another one refers to.
        let strays = block.body.blocks.iter().filter(|inner| !BLOCKS.contains(&&*inner.ident.text));
        let strays = strays.flat_map(|inner| &inner.labels).map(|label| &*label.text).collect();
        self.step_names(&steps, strays, block);
        let (from, to) = (from?, to?);
        if from == to {
            self.found.push(
                Diagnostic::error("same-site", format!("`from` and `to` of `{name}` are the same site `{from}`"))
                    .at(block.header)
                    .help("Write another site as `to`."),
            );
        }
        let promote = promote.unwrap_or_else(|| self.replicas(&from, &to));
        let stand_up = stand_up.unwrap_or_else(|| self.failover_groups_at(&to));
        self.check_lists(block, &promote, &stand_up, &to);
        Some(FailoverGroup {
            name: Arc::clone(name),
            from,
            to,
            promote,
            stand_up,
            quiesce,
            fence,
            routes,
            probes,
            steps,
            span: block.header,
        })
    }

    fn check_lists(&mut self, block: &HclBlock, promote: &[Address], stand_up: &[Address], to: &str) {
        let span = |name: &str| block.body.attribute(name).map_or(block.header, |attribute| attribute.expr.span);
        let is_replica = |kind: &Kind| kind.recovery.replicates.is_some_and(|replicates| !replicates.image);
        for address in promote {
            let replica = match self.facts.resources.get(address) {
                Some(resource) => is_replica(resource.kind),
                // With an error in its block the variant is unknown.
                None => kinds::find(address.kind()).is_none_or(|kind| kind.variants.is_some() || is_replica(kind)),
            };
            if !replica {
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `promote`: `{address}` is not a replica"),
                    )
                    .at(span("promote"))
                    .help("Write resources that replicate data to the other site."),
                );
            }
        }
        for address in stand_up {
            let resource = self.facts.resources.get(address);
            let kind = kinds::find(address.kind());
            let problem = match resource {
                _ if kind.is_some_and(|kind| kind.place != Place::Subscription) => {
                    format!("`{address}` is not a resource group")
                }
                Some(resource) if resource.presence != Presence::Failover => {
                    format!("`{address}` is permanent")
                }
                Some(resource) if &*resource.site != to => {
                    format!("`{address}` is at `{}`, and the group fails over to `{to}`", resource.site)
                }
                _ => continue,
            };
            let problem = Diagnostic::error("wrong-value", format!("invalid value for `stand_up`: {problem}"))
                .at(span("stand_up"))
                .help(format!("Write resource groups with `presence = \"failover\"` at `{to}`."));
            self.found.push(match resource {
                Some(resource) => problem.and(resource.span, "declared here"),
                None => problem,
            });
        }
    }

    /// Every replica from one site to the other.
    fn replicas(&self, from: &str, to: &str) -> Vec<Address> {
        self.facts
            .resources
            .values()
            .filter(|resource| {
                ends(resource, self.facts).is_some_and(|(source, target)| {
                    Some(source) == self.location(from) && Some(target) == self.location(to)
                })
            })
            .map(|resource| resource.address.clone())
            .collect()
    }

    fn location(&self, site: &str) -> Option<String> {
        self.facts.sites.get(site).map(|site| site.location.clone())
    }

    fn failover_groups_at(&self, to: &str) -> Vec<Address> {
        self.facts
            .resources
            .values()
            .filter(|resource| {
                resource.kind.place == Place::Subscription
                    && resource.presence == Presence::Failover
                    && &*resource.site == to
            })
            .map(|resource| resource.address.clone())
            .collect()
    }

    fn route(&mut self, block: &HclBlock) -> Option<Route> {
        let name = self.label(block)?;
        let mut args = Map::new();
        for attribute in &block.body.attributes {
            if ROUTE.contains(&&*attribute.name.text) {
                args.extend(self.value(&attribute.expr).map(|value| (Arc::clone(&attribute.name.text), value)));
            } else {
                self.unknown("a route", &attribute.name, ROUTE);
            }
        }
        self.no_blocks(block, "a route");
        self.required(block, ROUTE, &["from", "to"], "a route");
        Some(Route { name, args, span: block.header })
    }

    fn probe(&mut self, block: &HclBlock) -> Option<Probe> {
        let name = self.label(block)?;
        let (mut url, mut status, mut within, mut before) = (None, 200, Duration::from_secs(300), None);
        let mut uses = Vec::new();
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "url" => {
                    drop(self.scope.take_touched());
                    url = self.value(&attribute.expr).map(|value| (value, attribute.expr.span));
                    uses = self.scope.take_touched().into_iter().collect();
                }
                "status" => status = self.status(attribute),
                "within" => within = self.duration(attribute).unwrap_or(within),
                "before" => before = self.names(attribute, "step").into_iter().next(),
                _ => self.unknown("a probe", &attribute.name, PROBE),
            }
        }
        self.no_blocks(block, "a probe");
        self.required(block, PROBE, &["url"], "a probe");
        let (url, span) = url?;
        if let Value::String(text) = &url
            && !(text.starts_with("https://") || text.starts_with("http://"))
        {
            self.found.push(
                Diagnostic::error("wrong-value", format!("invalid value for `url`: `{text}` is not an HTTP URL"))
                    .at(span)
                    .help("Write `https://…` or `http://…`."),
            );
        }
        if let Some(phase) = before.as_ref().filter(|phase| !PHASES.contains(&&***phase)) {
            self.found.push(
                Diagnostic::error("unknown-name", format!("reference to undeclared phase `{phase}`"))
                    .at(block.header)
                    .suggest(phase, PHASES.iter().copied(), Some(format!("The phases are {}.", PHASES.join(", ")))),
            );
        }
        Some(Probe { name, url, status, within, before, uses, span: block.header })
    }

    fn step(&mut self, block: &HclBlock) -> Option<GroupStep> {
        let name = self.label(block)?;
        let all = |words: &[&str]| words.iter().map(|word| Arc::from(*word)).collect::<Vec<Arc<str>>>();
        let (mut on, mut modes) = (all(VERBS), all(MODES));
        let (mut after, mut before, mut only_if_unreachable) = (Vec::new(), Vec::new(), None);
        let drilled = block.body.attribute("on").is_some();
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "on" => on = self.words(attribute, VERBS),
                "modes" => modes = self.words(attribute, MODES),
                "after" => after = self.names(attribute, "step"),
                "before" => before = self.names(attribute, "step"),
                "only_if_unreachable" => only_if_unreachable = self.resources(attribute).into_iter().next(),
                _ => self.unknown("a step", &attribute.name, STEP),
            }
        }
        let [action] = block.body.blocks.as_slice() else {
            let words: Vec<&str> = ACTIONS.iter().map(|(word, ..)| *word).collect();
            self.found.push(
                Diagnostic::error(
                    "wrong-step",
                    format!("a step has one action, and this step has {}", block.body.blocks.len()),
                )
                .at(block.header)
                .help(format!("Write one of the blocks {}.", words.join(", "))),
            );
            return None;
        };
        let action = self.action(action)?;
        let drilled = drilled && on.iter().any(|verb| &**verb == "drill");
        Some(GroupStep { name, on, modes, after, before, action, drilled, only_if_unreachable, span: block.header })
    }

    fn action(&mut self, block: &HclBlock) -> Option<(Arc<str>, Map)> {
        let word = &block.ident;
        let Some((_, needs, may)) = ACTIONS.iter().find(|(known, ..)| *known == &*word.text) else {
            self.found.push(
                Diagnostic::error("unknown-kind", format!("unsupported action `{}` in a step", word.text))
                    .at(word.span)
                    .suggest(
                        &word.text,
                        ACTIONS.iter().map(|(word, ..)| *word),
                        Some(format!(
                            "Supported: {}.",
                            ACTIONS.iter().map(|(word, ..)| *word).collect::<Vec<_>>().join(", ")
                        )),
                    ),
            );
            return None;
        };
        let known: Vec<&str> = needs.iter().chain(*may).copied().collect();
        let mut args = Map::new();
        for attribute in &block.body.attributes {
            if known.contains(&&*attribute.name.text) {
                args.extend(self.value(&attribute.expr).map(|value| (Arc::clone(&attribute.name.text), value)));
            } else {
                self.unknown(&format!("`{}`", word.text), &attribute.name, &known);
            }
            if matches!(&*attribute.name.text, "for" | "within") {
                self.duration(attribute);
            }
        }
        self.required(block, &known, needs, &format!("`{}`", word.text));
        Some((Arc::clone(&word.text), args))
    }

    /// Reports names in `after` and `before` that are neither steps nor phases.
    fn step_names(&mut self, steps: &[GroupStep], strays: Vec<&str>, block: &HclBlock) {
        let declared = block.body.blocks("step").flat_map(|step| &step.labels).map(|label| &*label.text);
        let known: Vec<&str> = declared.chain(strays).chain(PHASES.iter().copied()).collect();
        for step in steps {
            for name in step.after.iter().chain(&step.before).filter(|name| !known.contains(&&***name)) {
                self.found.push(
                    Diagnostic::error(
                        "unknown-name",
                        format!("reference to undeclared step or phase `{name}` in `{}`", block_name(block)),
                    )
                    .at(step.span)
                    .suggest(
                        name,
                        known.iter().copied(),
                        Some(format!("Declared: {}.", known.join(", "))),
                    ),
                );
            }
        }
    }

    fn site(&mut self, attribute: &HclAttribute) -> Option<Arc<str>> {
        match self.value(&attribute.expr)? {
            Value::Block(address) if address.kind() == "site" => Some(address.name().into()),
            _ => {
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{}`: expected a site", attribute.name.text),
                    )
                    .at(attribute.expr.span)
                    .help("Write `site.…`."),
                );
                None
            }
        }
    }

    /// The resources that a list (or a single reference) names.
    fn resources(&mut self, attribute: &HclAttribute) -> Vec<Address> {
        let mut all = Vec::new();
        let mut open: Vec<Value> = self.value(&attribute.expr).into_iter().collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Block(address) if address.kind() != "site" => all.push(address),
                Value::List(items) => open.extend(items.iter().rev().cloned()),
                Value::Map(map) => open.extend(map.values().rev().cloned()),
                // Reported where it came to be.
                Value::Unknown(_) => {}
                _ => self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{}`: expected resources", attribute.name.text),
                    )
                    .at(attribute.expr.span)
                    .help("Write `[kind.name, …]`."),
                ),
            }
        }
        all
    }

    /// Names of steps and phases, written as `step.name`, `route` or `"route"`.
    fn names(&mut self, attribute: &HclAttribute, prefix: &str) -> Vec<Arc<str>> {
        let items: Vec<&Expr> = match &attribute.expr.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![&attribute.expr],
        };
        let mut names = Vec::new();
        for item in items {
            match plain_name(item).as_deref() {
                Some([name]) => names.push(Arc::clone(name)),
                Some([root, name]) if &**root == prefix => names.push(Arc::clone(name)),
                _ => self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{}`: expected steps and phases", attribute.name.text),
                    )
                    .at(item.span)
                    .help("Write `step.name` for a step, or a phase such as `route`."),
                ),
            }
        }
        names
    }

    fn words(&mut self, attribute: &HclAttribute, known: &[&str]) -> Vec<Arc<str>> {
        let mut words = Vec::new();
        let items = match self.value(&attribute.expr) {
            Some(Value::List(items)) => items,
            Some(single) => Arc::new(vec![single]),
            None => return words,
        };
        for item in items.iter().filter(|item| !item.told_within()) {
            let word = item.as_str().unwrap_or_default();
            if known.contains(&word) {
                words.push(word.into());
            } else {
                self.found.push(
                    Diagnostic::error("wrong-value", format!("invalid value for `{}`: `{word}`", attribute.name.text))
                        .at(attribute.expr.span)
                        .suggest(word, known.iter().copied(), Some(format!("Supported: {}.", known.join(", ")))),
                );
            }
        }
        words
    }

    fn status(&mut self, attribute: &HclAttribute) -> u16 {
        let value = self.value(&attribute.expr);
        let status = match &value {
            Some(Value::Number(number)) => number.as_i64().and_then(|n| u16::try_from(n).ok()),
            _ => None,
        };
        status.filter(|status| (100..600).contains(status)).unwrap_or_else(|| {
            if value.is_some() {
                self.found.push(
                    Diagnostic::error("wrong-value", "invalid value for `status`: expected an HTTP status")
                        .help("Write a number from 100 to 599.")
                        .at(attribute.expr.span),
                );
            }
            200
        })
    }

    fn duration(&mut self, attribute: &HclAttribute) -> Option<Duration> {
        let value = self.value(&attribute.expr)?;
        if value.unknown_within().is_some() {
            return None;
        }
        let parsed = value.as_str().ok_or_else(|| "expected a duration, as in \"90s\" or \"5m\"".to_owned());
        match parsed.and_then(duration::parse) {
            Ok(duration) => Some(duration),
            Err(why) => {
                self.found.push(duration_error(&attribute.name, &why).at(attribute.expr.span));
                None
            }
        }
    }

    /// The value of an expression. `None` where an error, which has been reported, leaves it unknown; elements of a
    /// list may be so, too.
    fn value(&mut self, expr: &Expr) -> Option<Value> {
        let (value, problems) = hcl::evaluate_partly(expr, &self.scope);
        self.found.extend(problems);
        match value {
            Value::Unknown(unknown) if unknown.is_told() => None,
            value => Some(value),
        }
    }

    fn label(&mut self, block: &HclBlock) -> Option<Arc<str>> {
        if let [label] = block.labels.as_slice() {
            return Some(Arc::clone(&label.text));
        }
        self.found.push(
            Diagnostic::error("wrong-labels", format!("`{}` takes one label, its name", block.ident.text))
                .at(block.header)
                .help(format!("Write `{} \"name\" {{ … }}`.", block.ident.text)),
        );
        None
    }

    fn required(&mut self, block: &HclBlock, known: &[&str], names: &[&str], of: &str) {
        for name in names.iter().filter(|name| !block.body.means(name, known)) {
            self.found.push(
                Diagnostic::error("missing-argument", format!("missing required argument `{name}` in {of}"))
                    .at(block.header)
                    .help(format!("Write `{name} = …`.")),
            );
        }
    }

    fn no_blocks(&mut self, block: &HclBlock, of: &str) {
        for inner in &block.body.blocks {
            self.unknown_block(of, &inner.ident, &[]);
        }
    }

    fn unknown_block(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(unsupported("block", of, name, known));
    }

    fn unknown(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(unsupported("argument", of, name, known));
    }
}

fn block_name(block: &HclBlock) -> &str {
    block.labels.first().map_or("", |label| &label.text)
}

/// The source and target regions of a resource that replicates users' data; `None` for any other.
pub(crate) fn ends(resource: &Resource, facts: &Facts<'_>) -> Option<(String, String)> {
    let replicates = resource.kind.recovery.replicates.filter(|replicates| !replicates.image)?;
    let region = |argument: &str| {
        let text = resource.args.get(argument)?.as_str()?;
        match facts.by_id.get(&crate::address::ArmId::new(text)).and_then(|address| facts.resources.get(address)) {
            Some(other) => Some(other.location.clone()),
            // A site stands in arguments as its region.
            None => (!text.starts_with('/')).then(|| text.to_owned()),
        }
    };
    Some((region(replicates.from)?, region(replicates.to)?))
}
