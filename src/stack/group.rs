//! Failover groups: read, typed and checked. What they do is the failover planner's.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::duration;
use crate::hcl;
use crate::hcl::ast::{Attribute, Block, Expr, ExprKind, Ident};
use crate::kinds::Place;
use crate::stack::program::Program;
use crate::stack::references::plain_name;
use crate::stack::scope::{BlockScope, Facts};
use crate::stack::{FailoverGroup, GroupStep, Presence, Probe, Resource, Route};
use crate::value::{Map, Value};

/// The phases of a procedure, which steps may name.
const PHASES: &[&str] = &["preflight", "quiesce", "fence", "promote", "stand_up", "probe", "route"];
/// The verbs a step may belong to.
const VERBS: &[&str] = &["up", "down", "drill"];
/// The modes a step may belong to.
const MODES: &[&str] = &["planned", "forced"];

/// The actions of steps: the word, the arguments it needs, and those it may have.
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
        let mut reader = Reader { facts, scope: BlockScope::new(facts, None), found };
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
    Reader { facts, scope: BlockScope::new(facts, None), found }.group(name, block)
}

struct Reader<'a> {
    facts: &'a Facts<'a>,
    scope: BlockScope<'a>,
    found: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn group(&mut self, name: &Arc<str>, block: &Block) -> Option<FailoverGroup> {
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
                _ => self.unknown(
                    "a failover group",
                    &attribute.name,
                    &["from", "to", "promote", "stand_up", "quiesce", "fence"],
                ),
            }
        }
        self.required(block, &["from", "to"], "a failover group");
        let (mut routes, mut probes, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for inner in &block.body.blocks {
            match &*inner.ident.text {
                "route" => routes.extend(self.route(inner)),
                "probe" => probes.extend(self.probe(inner)),
                "step" => steps.extend(self.step(inner)),
                _ => self.unknown("a failover group", &inner.ident, &["route", "probe", "step"]),
            }
        }
        self.step_names(&steps, block);
        let (from, to) = (from?, to?);
        if from == to {
            self.found.push(
                Diagnostic::error("same-site", format!("`{name}` fails over from `{from}` to itself"))
                    .at(block.header)
                    .help("Name another site as `to`."),
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

    fn check_lists(&mut self, block: &Block, promote: &[Address], stand_up: &[Address], to: &str) {
        let span = |name: &str| block.body.attribute(name).map_or(block.header, |attribute| attribute.expr.span);
        for address in promote {
            if self.facts.resources.get(address).is_some_and(|r| r.kind.recovery.replicates.is_none_or(|r| r.image)) {
                self.found.push(
                    Diagnostic::error("wrong-value", format!("`{address}` is no replica that could be promoted"))
                        .at(span("promote"))
                        .help("Name the resources that replicate data to the other site."),
                );
            }
        }
        for address in stand_up {
            let Some(resource) = self.facts.resources.get(address) else { continue };
            let problem = if resource.kind.place != Place::Subscription {
                format!("`{address}` is not a resource group")
            } else if resource.presence != Presence::Failover {
                format!("`{address}` always stands: its presence is not \"failover\"")
            } else if &*resource.site != to {
                format!("`{address}` is at `{}`, and the group fails over to `{to}`", resource.site)
            } else {
                continue;
            };
            self.found.push(
                Diagnostic::error("wrong-value", problem)
                    .at(span("stand_up"))
                    .and(resource.span, "declared here")
                    .help(format!("Name resource groups with `presence = \"failover\"` at `{to}`.")),
            );
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

    fn route(&mut self, block: &Block) -> Option<Route> {
        let name = self.label(block)?;
        let mut args = Map::new();
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "profile" | "from" | "to" | "record" | "zone" | "value" | "ttl" | "weight" => {
                    args.extend(self.value(&attribute.expr).map(|value| (Arc::clone(&attribute.name.text), value)));
                }
                _ => self.unknown(
                    "a route",
                    &attribute.name,
                    &["profile", "from", "to", "record", "zone", "value", "ttl"],
                ),
            }
        }
        self.required(block, &["from", "to"], "a route");
        Some(Route { name, args, span: block.header })
    }

    fn probe(&mut self, block: &Block) -> Option<Probe> {
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
                _ => self.unknown("a probe", &attribute.name, &["url", "status", "within", "before"]),
            }
        }
        self.required(block, &["url"], "a probe");
        let (url, span) = url?;
        if let Value::String(text) = &url
            && !(text.starts_with("https://") || text.starts_with("http://"))
        {
            self.found.push(
                Diagnostic::error("wrong-value", format!("`{text}` is no URL that can be probed"))
                    .at(span)
                    .help("Write `https://…` or `http://…`."),
            );
        }
        if let Some(phase) = before.as_ref().filter(|phase| !PHASES.contains(&&***phase)) {
            self.found.push(
                Diagnostic::error("unknown-name", format!("there is no phase `{phase}`")).at(block.header).suggest(
                    phase,
                    PHASES.iter().copied(),
                    Some(format!("The phases are {}.", PHASES.join(", "))),
                ),
            );
        }
        Some(Probe { name, url, status, within, before, uses, span: block.header })
    }

    fn step(&mut self, block: &Block) -> Option<GroupStep> {
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
                _ => {
                    self.unknown("a step", &attribute.name, &["on", "modes", "after", "before", "only_if_unreachable"])
                }
            }
        }
        let [action] = block.body.blocks.as_slice() else {
            let words: Vec<&str> = ACTIONS.iter().map(|(word, ..)| *word).collect();
            self.found.push(
                Diagnostic::error(
                    "wrong-step",
                    format!("a step has one action, and this has {}", block.body.blocks.len()),
                )
                .at(block.header)
                .help(format!("Write one block of {}.", words.join(", "))),
            );
            return None;
        };
        let action = self.action(action)?;
        let drilled = drilled && on.iter().any(|verb| &**verb == "drill");
        Some(GroupStep { name, on, modes, after, before, action, drilled, only_if_unreachable, span: block.header })
    }

    fn action(&mut self, block: &Block) -> Option<(Arc<str>, Map)> {
        let word = &block.ident;
        let Some((_, needs, may)) = ACTIONS.iter().find(|(known, ..)| *known == &*word.text) else {
            self.found.push(
                Diagnostic::error("unknown-kind", format!("there is no action `{}`", word.text)).at(word.span).suggest(
                    &word.text,
                    ACTIONS.iter().map(|(word, ..)| *word),
                    None,
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
        self.required(block, needs, &format!("`{}`", word.text));
        Some((Arc::clone(&word.text), args))
    }

    /// What steps come after and before must be there.
    fn step_names(&mut self, steps: &[GroupStep], block: &Block) {
        let known: Vec<&str> = steps.iter().map(|step| &*step.name).chain(PHASES.iter().copied()).collect();
        for step in steps {
            for name in step.after.iter().chain(&step.before).filter(|name| !known.contains(&&***name)) {
                self.found.push(
                    Diagnostic::error(
                        "unknown-name",
                        format!("there is no step or phase `{name}` in `{}`", block_name(block)),
                    )
                    .at(step.span)
                    .suggest(
                        name,
                        known.iter().copied(),
                        Some(format!("There are {}.", known.join(", "))),
                    ),
                );
            }
        }
    }

    fn site(&mut self, attribute: &Attribute) -> Option<Arc<str>> {
        match self.value(&attribute.expr)? {
            Value::Block(address) if address.kind() == "site" => Some(address.name().into()),
            _ => {
                self.found.push(
                    Diagnostic::error("wrong-value", format!("`{}` takes a site", attribute.name.text))
                        .at(attribute.expr.span)
                        .help("Write `site.…`."),
                );
                None
            }
        }
    }

    /// The resources that a list (or a single reference) names.
    fn resources(&mut self, attribute: &Attribute) -> Vec<Address> {
        let mut all = Vec::new();
        let mut open: Vec<Value> = self.value(&attribute.expr).into_iter().collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Block(address) if address.kind() != "site" => all.push(address),
                Value::List(items) => open.extend(items.iter().rev().cloned()),
                Value::Map(map) => open.extend(map.values().rev().cloned()),
                // Told of already, where it came to be.
                Value::Unknown(_) => {}
                _ => self.found.push(
                    Diagnostic::error("wrong-value", format!("`{}` takes resources", attribute.name.text))
                        .at(attribute.expr.span)
                        .help("Write `[kind.name, …]`."),
                ),
            }
        }
        all
    }

    /// Names of steps and phases, written as `step.name`, `route` or `"route"`.
    fn names(&mut self, attribute: &Attribute, prefix: &str) -> Vec<Arc<str>> {
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
                    Diagnostic::error("wrong-value", format!("`{}` takes steps and phases", attribute.name.text))
                        .at(item.span)
                        .help("Write `step.name` for a step, or a phase such as `route`."),
                ),
            }
        }
        names
    }

    fn words(&mut self, attribute: &Attribute, known: &[&str]) -> Vec<Arc<str>> {
        let mut words = Vec::new();
        let items = match self.value(&attribute.expr) {
            Some(Value::List(items)) => items,
            Some(single) => Arc::new(vec![single]),
            None => return words,
        };
        for item in items.iter() {
            let word = item.as_str().unwrap_or_default();
            if known.contains(&word) {
                words.push(word.into());
            } else {
                self.found.push(
                    Diagnostic::error("wrong-value", format!("`{}` has no `{word}`", attribute.name.text))
                        .at(attribute.expr.span)
                        .suggest(word, known.iter().copied(), Some(format!("It takes {}.", known.join(", ")))),
                );
            }
        }
        words
    }

    fn status(&mut self, attribute: &Attribute) -> u16 {
        let value = self.value(&attribute.expr);
        let status = match &value {
            Some(Value::Number(number)) => number.as_i64().and_then(|n| u16::try_from(n).ok()),
            _ => None,
        };
        status.filter(|status| (100..600).contains(status)).unwrap_or_else(|| {
            if value.is_some() {
                self.found.push(
                    Diagnostic::error("wrong-value", "`status` takes an HTTP status, 100 to 599")
                        .at(attribute.expr.span),
                );
            }
            200
        })
    }

    fn duration(&mut self, attribute: &Attribute) -> Option<Duration> {
        let value = self.value(&attribute.expr)?;
        let parsed = value.as_str().ok_or_else(|| "a duration is written as in \"90s\" or \"5m\"".to_owned());
        match parsed.and_then(duration::parse) {
            Ok(duration) => Some(duration),
            Err(why) => {
                self.found.push(Diagnostic::error("wrong-value", why).at(attribute.expr.span));
                None
            }
        }
    }

    fn value(&mut self, expr: &Expr) -> Option<Value> {
        match hcl::evaluate(expr, &self.scope) {
            Ok(value) => Some(value),
            Err(problems) => {
                self.found.extend(problems);
                None
            }
        }
    }

    fn label(&mut self, block: &Block) -> Option<Arc<str>> {
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

    fn required(&mut self, block: &Block, names: &[&str], of: &str) {
        for name in names.iter().filter(|name| block.body.attribute(name).is_none()) {
            self.found.push(
                Diagnostic::error("missing-argument", format!("{of} needs the argument `{name}`"))
                    .at(block.header)
                    .help(format!("Write `{name} = …`.")),
            );
        }
    }

    fn unknown(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(
            Diagnostic::error("unknown-argument", format!("{of} has no argument `{}`", name.text))
                .at(name.span)
                .suggest(&name.text, known.iter().copied(), Some(format!("It takes {}.", known.join(", ")))),
        );
    }
}

fn block_name(block: &Block) -> &str {
    block.labels.first().map_or("", |label| &label.text)
}

/// The regions from and to which a resource replicates users' data. `None` for what does not.
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
