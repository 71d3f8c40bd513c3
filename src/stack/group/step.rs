//! Probes and further steps of a failover group.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::each::{Reference, ReferenceError};
use super::{GroupReader, block_name};
use crate::actions::{self, StepAction};
use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::hcl;
use crate::hcl::ast::{Expr, ExprKind, HclAttribute, HclBlock};
use crate::stack::references::plain_name;
use crate::stack::{GroupStep, Phase, Probe, ProbeBefore, StepOrPhase};
use crate::value::{HIDDEN, Map, Value};

/// The procedures that a step may be part of.
const VERBS: &[&str] = &["up", "down", "drill"];
/// The modes that a step may be part of.
const MODES: &[&str] = &["planned", "forced"];

/// The arguments of a probe.
const PROBE: &[&str] = &["url", "status", "address", "marker", "within", "before", "at", "for_each", "depends_on"];
/// The arguments of a step.
const STEP: &[&str] = &["on", "to", "modes", "after", "before", "only_if_unreachable", "for_each", "depends_on"];

/// The error of a sensitive value for an argument that is shown.
pub(super) fn shown_value(attribute: &HclAttribute) -> Diagnostic {
    let name = &attribute.name.text;
    Diagnostic::error("wrong-value", format!("invalid value for `{name}`: it is sensitive"))
        .at(attribute.expr.span)
        .why("Procedures, journals and reports show it.")
        .help("Use a value that is not sensitive.")
}

impl GroupReader<'_> {
    pub(super) fn probe(&mut self, name: Arc<str>, block: &HclBlock) -> Option<Probe> {
        let (mut url, mut status, mut within) = (None, 200, Duration::from_secs(300));
        let (mut before, mut at, mut uses) = (None, None, Vec::new());
        let (mut address, mut marker) = (None, None);
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "url" => {
                    drop(self.scope.take_touched());
                    url = self.value(&attribute.expr).map(|value| (value, attribute.expr.span));
                    uses.extend(self.scope.take_touched());
                }
                "status" => status = self.status(attribute),
                "address" => {
                    drop(self.scope.take_touched());
                    address = self.address(attribute);
                    uses.extend(self.scope.take_touched());
                }
                "marker" => marker = self.header_name(attribute),
                "within" => within = self.duration(attribute).unwrap_or(within),
                "before" => before = self.phase_after(attribute),
                "at" => at = self.site(attribute).map(|site| (site, attribute.expr.span)),
                "for_each" => {}
                "depends_on" => drop(self.block_needs(attribute)),
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
                Diagnostic::error("wrong-value", "invalid value for `url`: it is not an HTTP URL")
                    .at(span)
                    .help("Write `https://…` or `http://…`."),
            );
        }
        if let Some((site, span)) = at.as_ref().filter(|(site, _)| !self.is_own_site(site)) {
            self.foreign_site(site, "at", *span);
        }
        if let Some(each) = self.scope.each.as_ref().filter(|_| uses.is_empty()) {
            uses = each.needs.iter().cloned().collect();
        }
        let at = at.map(|(site, _)| site).or_else(|| self.led_to(&url, &uses));
        Some(Probe { name, url, status, address, marker, within, before, at, uses, span: block.header })
    }

    /// The address that a probe connects to.
    fn address(&mut self, attribute: &HclAttribute) -> Option<Value> {
        let value = self.value(&attribute.expr)?;
        let is_address = match &value {
            Value::String(text) => text.parse::<IpAddr>().is_ok(),
            Value::Unknown(_) | Value::Sensitive(_) => true,
            _ => false,
        };
        if !is_address {
            self.found.push(
                Diagnostic::error("wrong-value", "invalid value for `address`: it is not an IP address")
                    .at(attribute.expr.span)
                    .help("Refer to the address of the origin, or write it: `address = \"203.0.113.10\"`."),
            );
        }
        is_address.then_some(value)
    }

    /// The name of an HTTP header.
    fn header_name(&mut self, attribute: &HclAttribute) -> Option<String> {
        let value = self.value(&attribute.expr)?;
        let is_name = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let name = value.as_str().filter(is_name).map(str::to_owned);
        if name.is_none() {
            let name = &attribute.name.text;
            self.found.push(
                Diagnostic::error("wrong-value", format!("invalid value for `{name}`: it is not the name of a header"))
                    .at(attribute.expr.span)
                    .help("Write the name of a header whose value is the name of the site, such as `\"X-Site\"`."),
            );
        }
        name
    }

    /// The site that the URL of a probe leads to: that of the resources it refers to, or of the region in its name.
    fn led_to(&self, url: &Value, uses: &[Address]) -> Option<Arc<str>> {
        let used: Vec<_> = uses.iter().filter_map(|used| self.facts.resources.get(used)).collect();
        match used.is_empty() {
            true => self.site_in(url.as_str().into_iter()),
            false => self.one_site(used.into_iter()),
        }
    }

    /// The phase that waits for a probe.
    fn phase_after(&mut self, attribute: &HclAttribute) -> Option<ProbeBefore> {
        let names = plain_name(&attribute.expr);
        let word = match names.as_deref() {
            Some([word]) => Some(&**word),
            _ => None,
        };
        let phase = word.and_then(|word| ProbeBefore::ALL.into_iter().find(|phase| phase.as_str() == word));
        if phase.is_none() {
            let known = ProbeBefore::ALL.map(ProbeBefore::as_str);
            let summary = match word {
                Some(word) => format!("invalid value for `before` of a probe: `{word}`"),
                None => "invalid value for `before` of a probe: expected a phase".to_owned(),
            };
            // The other phases are no misspellings.
            let misspelt = word.filter(|word| Phase::named(word).is_none());
            self.found.push(Diagnostic::error("wrong-value", summary).at(attribute.expr.span).suggest(
                misspelt.unwrap_or_default(),
                known,
                Some("Write `before = \"quiesce\"` (the source still serves) or `before = \"route\"`.".to_owned()),
            ));
        }
        phase
    }

    pub(super) fn step(&mut self, name: Arc<str>, block: &HclBlock) -> Option<GroupStep> {
        let all = |words: &[&str]| words.iter().map(|word| Arc::from(*word)).collect::<Vec<Arc<str>>>();
        let (mut on, mut modes) = (all(VERBS), all(MODES));
        let (mut after, mut before, mut only_if_unreachable) = (Vec::new(), Vec::new(), None);
        let (mut to, mut needs) = (Vec::new(), Vec::new());
        let drilled = block.body.attribute("on").is_some();
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "on" => on = self.words(attribute, VERBS),
                "modes" => modes = self.words(attribute, MODES),
                "to" => to = self.destinations(attribute),
                "after" => after = self.steps_and_phases(attribute),
                "before" => before = self.steps_and_phases(attribute),
                "only_if_unreachable" => only_if_unreachable = self.resources(attribute).into_iter().next(),
                "for_each" => {}
                "depends_on" => needs = self.block_needs(attribute),
                _ => self.unknown("a step", &attribute.name, STEP),
            }
        }
        let [action] = block.body.blocks.as_slice() else {
            let words: Vec<&str> = actions::words().collect();
            self.found.push(
                Diagnostic::error(
                    "wrong-step",
                    format!("the step has {} actions: exactly one is required", block.body.blocks.len()),
                )
                .at(block.header)
                .help(format!("Write one of the blocks {}.", words.join(", "))),
            );
            return None;
        };
        let (action, arguments) = self.action(action)?;
        let drilled = drilled && on.iter().any(|verb| &**verb == "drill");
        Some(GroupStep {
            name,
            on,
            to,
            modes,
            after,
            before,
            needs,
            action,
            arguments,
            drilled,
            only_if_unreachable,
            span: block.header,
        })
    }

    /// The sites that a step is for.
    fn destinations(&mut self, attribute: &HclAttribute) -> Vec<Arc<str>> {
        let sites = self.sites(attribute);
        for site in sites.iter().filter(|site| !self.is_own_site(site)).cloned().collect::<Vec<_>>() {
            self.foreign_site(&site, "to", attribute.expr.span);
        }
        sites
    }

    fn action(&mut self, block: &HclBlock) -> Option<(&'static StepAction, Map)> {
        let word = &block.ident;
        let Some(action) = actions::find(&word.text) else {
            let words: Vec<&str> = actions::words().collect();
            self.found.push(
                Diagnostic::error("unknown-kind", format!("unsupported action `{}` in a step", word.text))
                    .at(word.span)
                    .suggest(&word.text, words.iter().copied(), Some(format!("Supported: {}.", words.join(", ")))),
            );
            return None;
        };
        let known = action.arguments();
        let mut args = Map::new();
        for attribute in &block.body.attributes {
            let name = &attribute.name.text;
            let Some(argument) = action.argument(name) else {
                self.unknown(&format!("`{}`", word.text), &attribute.name, &known);
                continue;
            };
            let value = match action.question {
                Some(question) if *question == **name => self.message(&attribute.expr),
                _ => self.value(&attribute.expr),
            };
            if argument.is_duration() {
                self.duration(attribute);
            } else if value.as_ref().is_some_and(Value::sensitive_within) && !action.takes_secrets(name) {
                self.found.push(shown_value(attribute));
            }
            args.extend(value.map(|value| (Arc::clone(name), value)));
        }
        self.required(block, &known, &action.required(), &format!("`{}`", word.text));
        Some((action, args))
    }

    /// Puts all instances in place of a step with `for_each`, and reports names in `after` and `before` that are
    /// neither steps nor phases.
    pub(super) fn step_names(&mut self, steps: &mut [GroupStep], block: &HclBlock) {
        let names: Vec<Arc<str>> = steps.iter().map(|step| Arc::clone(&step.name)).collect();
        // A step with an error is declared all the same, and a misspelt block may be the step that is meant.
        let inner = block.body.blocks.iter().filter(|inner| !matches!(&*inner.ident.text, "route" | "probe"));
        let labels: Vec<&str> = inner.flat_map(|inner| &inner.labels).map(|label| &*label.text).collect();
        for step in steps {
            for places in [&mut step.after, &mut step.before] {
                for place in std::mem::take(places) {
                    let StepOrPhase::Step(name) = &place else {
                        places.push(place);
                        continue;
                    };
                    match self.named(name, names.iter()) {
                        Some(all) => places.extend(all.into_iter().map(StepOrPhase::Step)),
                        None if labels.contains(&&**name) => places.push(place),
                        None => {
                            let known: BTreeSet<&str> =
                                names.iter().map(|name| &**name).chain(labels.clone()).collect();
                            let known: Vec<&str> = known.into_iter().chain(Phase::ALL.map(Phase::as_str)).collect();
                            self.found.push(
                                Diagnostic::error(
                                    "unknown-name",
                                    format!(
                                        "reference to undeclared step or phase `{name}` in `{}`",
                                        block_name(block)
                                    ),
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
            }
        }
    }

    /// Steps and phases, written as `step.name`, `route` or `"route"`.
    fn steps_and_phases(&mut self, attribute: &HclAttribute) -> Vec<StepOrPhase> {
        let items: Vec<&Expr> = match &attribute.expr.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![&attribute.expr],
        };
        let mut named = Vec::new();
        for item in items {
            match self.reference(item, "step") {
                Ok(Reference::Block(name)) => named.push(StepOrPhase::Step(name)),
                Ok(Reference::Word(word)) => named.push(match Phase::named(&word) {
                    Some(phase) => StepOrPhase::Phase(phase),
                    None => StepOrPhase::Step(word),
                }),
                Err(ReferenceError::Reported) => {}
                Err(ReferenceError::Other) => self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `{}`: expected steps and phases", attribute.name.text),
                    )
                    .at(item.span)
                    .help("Write `step.name` for a step, or a phase such as `route`."),
                ),
            }
        }
        named
    }

    /// The question of an approval. The journal keeps it and everybody sees it, so that its sensitive parts are left
    /// out here, before anything else has them.
    fn message(&mut self, expr: &Expr) -> Option<Value> {
        let value = self.value(expr)?;
        if !value.sensitive_within() || matches!(value, Value::Unknown(_)) {
            return Some(value);
        }
        let ExprKind::Template(parts) = &expr.kind else { return Some(HIDDEN.into()) };
        let shown =
            parts.iter().map(|part| match hcl::eval::evaluate_template(std::slice::from_ref(part), &self.scope) {
                Ok(part) if !part.sensitive_within() => hcl::eval::to_text(&part).unwrap_or_else(|_| HIDDEN.into()),
                _ => HIDDEN.into(),
            });
        Some(shown.map(|part| part.to_string()).collect::<String>().into())
    }
}
