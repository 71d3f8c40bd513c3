//! Failover groups: read, typed and checked. The failover planner acts on them.

mod check;
mod cycles;
mod depends;
mod each;
pub(crate) mod model;
pub(crate) mod route;
mod step;
pub(crate) mod url;
mod workloads;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

pub(super) use each::instance_name;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::duration;
use crate::hcl;
use crate::hcl::ast::{Expr, HclAttribute, HclBlock, Ident};
use crate::hcl::eval::{ELEMENT_WORK, GROUP_WORK, MEMBER_WORK, WAIT_WORK};
use crate::object::ObjectId;
use crate::stack::faults::{duration_error, unsupported};
use crate::stack::program::Program;
use crate::stack::scope::{BlockScope, Facts, is_resource};
use crate::stack::{Backup, FailoverGroup, Presence, Resource, Stack};
use crate::value::{HIDDEN, Value};

/// The blocks of a failover group.
const BLOCKS: &[&str] = &["route", "probe", "step"];
/// The arguments of a failover group.
const GROUP: &[&str] = &["from", "to", "promote", "restore", "stand_up", "quiesce", "fence", "for_each", "depends_on"];

/// Reads every failover group.
pub(super) fn read_all(
    program: &Program,
    facts: &Facts<'_>,
    backups: &IndexMap<Arc<str>, Backup>,
    found: &mut Diagnostics,
) -> IndexMap<Arc<str>, FailoverGroup> {
    let mut groups = IndexMap::new();
    for block in program.failover_groups.values() {
        if found.is_full() || facts.budget().is_spent() {
            break;
        }
        let all =
            GroupReader::new(facts, backups, found).instances(block, None, |reader, name| reader.group(&name, block));
        groups.extend(all.into_iter().map(|group| (Arc::clone(&group.name), group)));
    }
    workloads::fill(program, facts, &mut groups);
    pay(facts, &groups, found);
    depends::check(&mut groups, found);
    cycles::check(&groups, found);
    groups
}

/// Charges what the forecasts of the groups cost: a step for each member, which waits for members of earlier phases.
/// Several groups may have the same members, so that the number of resources does not bound it.
fn pay(facts: &Facts<'_>, groups: &IndexMap<Arc<str>, FailoverGroup>, found: &mut Diagnostics) {
    let mut stood_up: HashMap<&Address, usize> = HashMap::new();
    for resource in facts.resources.values().filter(|resource| resource.presence == Presence::Failover) {
        *stood_up.entry(resource.group.as_ref().unwrap_or(&resource.address)).or_default() += 1;
    }
    for group in groups.values() {
        let created = group.stand_up.iter().filter_map(|of| stood_up.get(of)).sum::<usize>();
        let arriving = created + group.promote.len();
        let leaving = group.quiesce.len() + group.fence.len();
        let last = group.routes.len() + group.probes.len() + group.steps.len();
        let members = arriving + leaving + last;
        let waits = arriving.saturating_mul(leaving).saturating_add(last.saturating_mul(members));
        let units = members.saturating_mul(MEMBER_WORK).saturating_add(waits.saturating_mul(WAIT_WORK));
        if facts.charge(units).is_err() {
            found.extend(facts.budget().overdrawn(group.span));
            return;
        }
    }
}

/// Reads one failover group; `None` where there is none with this name.
pub(super) fn read_one(
    program: &Program,
    facts: &Facts<'_>,
    backups: &IndexMap<Arc<str>, Backup>,
    name: &str,
    found: &mut Diagnostics,
) -> Option<FailoverGroup> {
    let block = program.failover_groups.get(name.split('[').next().unwrap_or(name))?;
    let mut reader = GroupReader::new(facts, backups, found);
    reader.instances(block, Some(name), |reader, name| reader.group(&name, block)).pop()
}

struct GroupReader<'a> {
    facts: &'a Facts<'a>,
    backups: &'a IndexMap<Arc<str>, Backup>,
    scope: BlockScope<'a>,
    found: &'a mut Diagnostics,
    /// Home and the standby sites of the group in hand, as far as they are known.
    home: Option<Arc<str>>,
    standbys: Vec<Arc<str>>,
    /// The resources in `depends_on` of the group in hand and of its blocks.
    needs: BTreeSet<Address>,
    /// Labels of blocks whose `for_each` has an error: their instances are unknown.
    undecided: BTreeSet<Arc<str>>,
}

impl<'a> GroupReader<'a> {
    fn new(facts: &'a Facts<'a>, backups: &'a IndexMap<Arc<str>, Backup>, found: &'a mut Diagnostics) -> Self {
        Self {
            facts,
            backups,
            scope: BlockScope::new(facts, None),
            found,
            home: None,
            standbys: Vec::new(),
            needs: BTreeSet::new(),
            undecided: BTreeSet::new(),
        }
    }

    fn group(&mut self, name: &Arc<str>, block: &HclBlock) -> Option<FailoverGroup> {
        // Every group searches all resources.
        self.facts.charge(GROUP_WORK + self.facts.resources.len().saturating_mul(ELEMENT_WORK)).ok()?;
        (self.home, self.standbys, self.needs) = (None, Vec::new(), BTreeSet::new());
        self.undecided.clear();
        let (mut promote, mut restore, mut stand_up) = (None, None, None);
        let (mut quiesce, mut fence, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "from" => self.home = self.site(attribute),
                "to" => self.standbys = self.sites(attribute),
                "promote" => promote = Some(self.resources(attribute)),
                "restore" => restore = Some(self.backups(attribute)),
                "stand_up" => stand_up = Some(self.resources(attribute)),
                "quiesce" => quiesce = self.resources(attribute),
                "fence" => fence = self.resources(attribute),
                "for_each" => {}
                "depends_on" => after = self.depends_on(attribute),
                _ => self.unknown("a failover group", &attribute.name, GROUP),
            }
        }
        self.required(block, GROUP, &["from", "to"], "a failover group");
        self.distinct_sites(name, block);
        let (mut routes, mut probes, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for inner in &block.body.blocks {
            match &*inner.ident.text {
                "route" => routes.extend(self.instances(inner, None, |reader, name| reader.route(name, inner))),
                "probe" => probes.extend(self.instances(inner, None, |reader, name| reader.probe(name, inner))),
                "step" => steps.extend(self.instances(inner, None, |reader, name| reader.step(name, inner))),
                _ => self.unknown_block("a failover group", &inner.ident, BLOCKS),
            }
        }
        self.repeated_names(block);
        self.step_names(&mut steps, block);
        self.fallback_names(&routes, block);
        let (from, to) = (self.home.clone()?, self.standbys.clone());
        if to.is_empty() {
            return None;
        }
        let promote = promote.unwrap_or_else(|| self.replicas(&from, &to));
        let restore = restore.unwrap_or_else(|| self.backups_of_sites());
        let stand_up = stand_up.unwrap_or_else(|| self.failover_groups_at(&to));
        self.check_lists(block, &promote, &stand_up, &to);
        self.check_stopped(block, &quiesce);
        self.check_fence(block, &fence);
        Some(FailoverGroup {
            name: Arc::clone(name),
            from,
            to,
            promote,
            restore,
            stand_up: stand_up.into_iter().collect(),
            quiesce,
            fence,
            routes,
            probes,
            steps,
            after,
            needs: std::mem::take(&mut self.needs).into_iter().collect(),
            span: block.header,
        })
    }

    /// Reports sites of the group that are written twice.
    fn distinct_sites(&mut self, name: &str, block: &HclBlock) {
        let span = block.body.attribute("to").map_or(block.header, |attribute| attribute.expr.span);
        if let Some(from) = self.home.as_ref().filter(|from| self.standbys.contains(from)) {
            self.found.push(
                Diagnostic::error("same-site", format!("`from` and `to` of `{name}` are the same site `{from}`"))
                    .at(if self.standbys.len() == 1 { block.header } else { span })
                    .help("Write another site as `to`."),
            );
        }
        let repeated = self.standbys.iter().enumerate().find(|(at, site)| self.standbys[..*at].contains(site));
        if let Some((_, site)) = repeated {
            self.found.push(
                Diagnostic::error("same-site", format!("`to` of `{name}` contains the site `{site}` twice"))
                    .at(span)
                    .help("Write each standby site once, in order of preference."),
            );
        }
    }

    /// Every replica from home to a standby.
    fn replicas(&self, from: &str, to: &[Arc<str>]) -> Vec<Address> {
        self.facts
            .resources
            .values()
            .filter(|resource| {
                let is_image = resource.kind.recovery.replicates.is_some_and(|replicates| replicates.image);
                let located = |id: &ObjectId| {
                    let address = self.facts.by_id.get(id)?;
                    self.facts.resources.get(address).map(|other| other.location.clone())
                };
                !is_image
                    && ends(resource, located).is_some_and(|(source, target)| {
                        let target = Some(target);
                        Some(source) == self.location(from) && to.iter().any(|to| target == self.location(to))
                    })
            })
            .map(|resource| resource.address.clone())
            .collect()
    }

    /// Every backup of a resource at home or at a standby.
    fn backups_of_sites(&self) -> Vec<Address> {
        let site = |backup: &Backup| self.facts.resources.get(&backup.of).map(|of| &of.site);
        let own = |backup: &&Backup| {
            site(backup).is_some_and(|site| self.home.iter().chain(&self.standbys).any(|own| own == site))
        };
        self.backups.values().filter(own).map(|backup| backup.address.clone()).collect()
    }

    fn location(&self, site: &str) -> Option<String> {
        self.facts.sites.get(site).map(|site| site.location.clone())
    }

    fn failover_groups_at(&self, to: &[Arc<str>]) -> Vec<Address> {
        self.facts
            .resources
            .values()
            .filter(|resource| {
                resource.kind.place.is_root() && resource.presence == Presence::Failover && to.contains(&resource.site)
            })
            .map(|resource| resource.address.clone())
            .collect()
    }

    fn site(&mut self, attribute: &HclAttribute) -> Option<Arc<str>> {
        match self.value(&attribute.expr)? {
            Value::Block(address) if address.kind() == "site" => Some(address.own_name().into()),
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

    /// The sites of a list, or the single one.
    fn sites(&mut self, attribute: &HclAttribute) -> Vec<Arc<str>> {
        let items = match self.value(&attribute.expr) {
            Some(Value::List(items)) if !items.is_empty() => items,
            Some(single) => Arc::new(vec![single].into()),
            None => return Vec::new(),
        };
        let mut sites = Vec::new();
        for item in items.iter().filter(|item| !item.told_within()) {
            match item {
                Value::Block(address) if address.kind() == "site" => sites.push(address.own_name().into()),
                _ => self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{}`: expected a site or a list of sites", attribute.name.text),
                    )
                    .at(attribute.expr.span)
                    .help("Write `site.…`, or `[site.…, site.…]`."),
                ),
            }
        }
        sites
    }

    /// A site of this group, or of any as long as those are unknown.
    fn is_own_site(&self, site: &str) -> bool {
        let own = || self.home.iter().chain(&self.standbys);
        self.home.is_none() || self.standbys.is_empty() || own().any(|own| **own == *site)
    }

    /// Reports a site that is neither home nor a standby of the group.
    fn foreign_site(&mut self, site: &str, argument: &str, span: Span) {
        let own: Vec<String> = self.home.iter().chain(&self.standbys).map(|site| format!("`site.{site}`")).collect();
        self.found.push(
            Diagnostic::error(
                "wrong-value",
                format!("invalid value for `{argument}`: `{site}` is not a site of this failover group"),
            )
            .at(span)
            .help(format!("Write one of its sites: {}.", own.join(", "))),
        );
    }

    /// The resources that a list (or a single reference) names.
    fn resources(&mut self, attribute: &HclAttribute) -> Vec<Address> {
        self.resources_in(&attribute.expr, &attribute.name)
    }

    /// The backups that a list (or a single reference) names, in its order, each once.
    fn backups(&mut self, attribute: &HclAttribute) -> Vec<Address> {
        let mut all: Vec<Address> = Vec::new();
        let mut open: Vec<Value> = self.value(&attribute.expr).into_iter().collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Block(address) if address.kind() == "backup" => {
                    if !all.contains(&address) {
                        all.push(address);
                    }
                }
                Value::List(items) => open.extend(items.iter().rev().cloned()),
                Value::Map(map) => open.extend(map.values().rev().cloned()),
                // Reported where it came to be.
                Value::Unknown(_) => {}
                _ => self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{}`: expected backups", attribute.name.text),
                    )
                    .at(attribute.expr.span)
                    .help("Write `[backup.name, …]`."),
                ),
            }
        }
        all
    }

    /// The resources that an expression names.
    fn resources_in(&mut self, expr: &Expr, argument: &Ident) -> Vec<Address> {
        let mut all = Vec::new();
        let mut open: Vec<Value> = self.value(expr).into_iter().collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Block(address) if is_resource(&address) => all.push(address),
                Value::List(items) => open.extend(items.iter().rev().cloned()),
                Value::Map(map) => open.extend(map.values().rev().cloned()),
                // Reported where it came to be.
                Value::Unknown(_) => {}
                _ => self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{}`: expected resources", argument.text),
                    )
                    .at(expr.span)
                    .help("Write `[kind.name, …]`."),
                ),
            }
        }
        all
    }

    fn words(&mut self, attribute: &HclAttribute, known: &[&str]) -> Vec<Arc<str>> {
        let mut words = Vec::new();
        let items = match self.value(&attribute.expr) {
            Some(Value::List(items)) => items,
            Some(single) => Arc::new(vec![single].into()),
            None => return words,
        };
        for item in items.iter().filter(|item| !item.told_within()) {
            let word = if item.sensitive_within() { HIDDEN } else { item.as_str().unwrap_or_default() };
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
        if value.sensitive_within() {
            self.found.push(step::shown_value(attribute));
            return None;
        }
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

/// The sites as alternatives: `a` or `b`.
pub(super) fn any_of(sites: &[Arc<str>]) -> String {
    let named: Vec<String> = sites.iter().map(|site| format!("`{site}`")).collect();
    named.join(" or ")
}

fn block_name(block: &HclBlock) -> &str {
    block.labels.first().map_or("", |label| &label.text)
}

/// The source and target regions of a replica; `None` for any other resource. `located` has the regions of resources.
fn ends(resource: &Resource, located: impl Fn(&ObjectId) -> Option<String>) -> Option<(String, String)> {
    let replicates = resource.kind.recovery.replicates?;
    let region = |argument: &str| {
        let text = resource.args.get(argument)?.as_str()?;
        // A site stands in arguments as its region.
        Some(located(&ObjectId::new(text)).unwrap_or_else(|| text.to_owned()))
    };
    Some((region(replicates.from)?, region(replicates.to)?))
}

impl Stack {
    /// The source and target regions of a replica; `None` for any other resource.
    pub(crate) fn ends(&self, resource: &Resource) -> Option<(String, String)> {
        ends(resource, |id| self.by_id(id).map(|other| other.location.clone()))
    }
}
