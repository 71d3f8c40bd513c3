//! Preflight checks: each is one function that adds its result and the fix.

use std::time::Duration;

use super::levers::{lever, with_subject};
use super::procedure::{Replica, ends, is_forced, replicas, side, site_of};
use super::survey::{stands_up, written};
use super::{LossEstimate, PreflightCheck, PreflightStatus, ProcedureInput};
use crate::address::Address;
use crate::duration::spoken;
use crate::kinds::{Health, Side};
use crate::stack::{Resource, Route};
use crate::state::{ActiveSite, RunKind, Status};
use crate::steps::{Act, GraphError, StepGraph, Task};

/// The checks, in the order of their output.
const CHECKS: &[fn(&ProcedureInput<'_>, &StepGraph, &mut Vec<PreflightCheck>)] = &[
    open_run,
    applied,
    reachable,
    roles,
    promotable,
    health,
    lag,
    fenced,
    data_loss,
    free,
    prerequisites,
    capacity,
    super::rights::check,
    levers,
    recovery_time,
    touches_lost,
];

/// All checks.
pub(super) fn all(question: &ProcedureInput<'_>, graph: &StepGraph) -> Vec<PreflightCheck> {
    let mut found = Vec::new();
    CHECKS.iter().for_each(|check| check(question, graph, &mut found));
    super::isolation::all(question, graph, &mut found);
    found
}

pub(super) fn refuses(rule: &'static str, what: impl Into<String>, help: impl Into<String>) -> PreflightCheck {
    PreflightCheck { rule, verdict: PreflightStatus::Refuses, what: what.into(), help: help.into() }
}

pub(super) fn warns(rule: &'static str, what: impl Into<String>, help: impl Into<String>) -> PreflightCheck {
    PreflightCheck { rule, verdict: PreflightStatus::Warns, what: what.into(), help: help.into() }
}

pub(super) fn passes(rule: &'static str, what: impl Into<String>) -> PreflightCheck {
    PreflightCheck { rule, verdict: PreflightStatus::Passes, what: what.into(), help: String::new() }
}

/// Steps of the group that depend on each other in a cycle.
pub(super) fn circle(members: &[Address], error: &GraphError) -> PreflightCheck {
    let names: Vec<&str> = members.iter().map(Address::as_str).collect();
    let what = match names.is_empty() {
        true => error.to_string(),
        false => format!("these steps depend on each other in a cycle: {}", names.join(", ")),
    };
    refuses("order", what, "Remove one of the `after` or `before` references of these steps.")
}

/// No other run is unfinished: it would block this one, and it explains roles that differ from state.
fn open_run(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if let Some(open) = &question.state.roles.open {
        let what = format!("run {} ({} of {}) is unfinished", open.run, open.verb.as_str(), open.group);
        let help = "Resume it with `drplan failover-group resume`, or abort it with `drplan failover-group abort`.";
        found.push(refuses("open-run", what, help));
    }
}

/// Every resource of the group is in state.
fn applied(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let recorded = |address: &&Address| !question.state.resources.contains_key(*address);
    let group = question.group;
    let missing: Vec<&str> =
        group.promote.iter().chain(&group.quiesce).chain(&group.fence).filter(recorded).map(Address::as_str).collect();
    found.push(match missing.is_empty() {
        true => passes("applied", "every resource of the group is in state"),
        false => refuses("applied", format!("not applied yet: {}", missing.join(", ")), "Run `drplan apply` first."),
    });
}

/// The control planes that the run needs respond.
fn reachable(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    for site in [&question.group.from, &question.group.to] {
        let Some(region) = question.stack.sites.get(site).map(|site| &site.location) else { continue };
        let given_up = question.lost == Some(&**site);
        let silent = question.seen.silent.iter().find(|(other, _)| other.eq_ignore_ascii_case(region));
        found.push(match (given_up, silent) {
            (true, _) => passes("reachable", format!("{site} is lost; no request goes to {region}")),
            (false, None) => passes("reachable", format!("the control plane of {site} responds ({region})")),
            (false, Some((_, why))) => {
                let help = match question.verb {
                    RunKind::Up if **site == *question.group.from => {
                        format!("If {site} is lost: `drplan failover-group up --forced --lost {site}`.")
                    }
                    RunKind::Down if **site == *question.group.from => {
                        "Wait until that site is available again. Failback is always planned, never forced.".to_owned()
                    }
                    _ => "Wait until it responds again.".to_owned(),
                };
                refuses("reachable", format!("the control plane of {site} does not respond ({region}): {why}"), help)
            }
        });
    }
}

/// The primary replicas are those in state.
fn roles(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let role = question.state.roles.groups.get(&*question.group.name);
    if role.is_some_and(|role| role.active == ActiveSite::Between) {
        found.push(warns(
            "roles",
            "the group is in a mixed state: an earlier run was aborted midway; this run starts from the observed roles",
            "",
        ));
        return;
    }
    let moving = question.state.roles.open.as_ref().filter(|open| open.group == *question.group.name);
    let by_run = |writer: Side, address: &Address| match moving {
        Some(open) => format!("{address} is primary at {}: run {} promoted it", site_of(question, writer), open.run),
        None => format!("{address} is already primary at {}, and no run promoted it", site_of(question, writer)),
    };
    let recorded = |address: &Address| role.and_then(|role| role.stores.get(address).copied()).unwrap_or(Side::Source);
    let to = side(question.verb);
    for Replica { resource, standing, .. } in replicas(question) {
        let address = &resource.address;
        match standing.writer {
            Some(writer) if writer == recorded(address) => {}
            Some(writer) if writer == to => found.push(warns("roles", by_run(writer, address), "")),
            Some(writer) => found.push(warns(
                "roles",
                format!("{address} is primary at {}, which differs from state", site_of(question, writer)),
                "",
            )),
            None if is_forced(question) => {}
            None => found.push(refuses(
                "roles",
                format!("the primary replica of {address} is unknown"),
                "Try again once both sites respond.",
            )),
        }
    }
}

/// Every replica can be promoted in this mode and direction.
fn promotable(question: &ProcedureInput<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let nothing = Default::default();
    let (from, to) = (&question.group.from, &question.group.to);
    let region = |site: &str| question.stack.sites.get(site).map(|site| site.location.clone());
    for Replica { resource, promotion, .. } in replicas(question) {
        if let Some((source, target)) = ends(question.stack, resource)
            && (Some(&source), Some(&target)) != (region(from).as_ref(), region(to).as_ref())
        {
            let what = format!(
                "{} replicates from {source} to {target}, but the group fails over from {from} to {to}",
                resource.address
            );
            found.push(refuses("direction", what, "Remove it from `promote`, or swap `from` and `to` of the group."));
        }
        let promotes = graph
            .steps
            .iter()
            .any(|step| step.address == resource.address && matches!(step.act, Act::Task(Task::Promote { .. })));
        // A drill promotes nothing, and checks that it could.
        if !promotes && question.verb != RunKind::Drill {
            continue;
        }
        let seen = question.seen.replicas.get(&resource.address).unwrap_or(&nothing);
        let call = with_subject(question.stack, resource, |subject| {
            (promotion.promote)(subject, seen, side(question.verb), question.how)
        });
        // A failback waits until the home site follows again; then the promotion is possible.
        if let (Err(why), RunKind::Down) = (&call, question.verb) {
            found.push(warns(
                "promotable",
                format!("{} cannot be promoted yet: {why}", resource.address),
                "The run waits until it can be.",
            ));
        } else if let Err(why) = call {
            found.push(refuses("promotable", format!("{} cannot be promoted: {why}", resource.address), ""));
        }
    }
}

/// Replication is healthy.
fn health(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let waits = question.verb == RunKind::Down;
    for Replica { resource, standing, .. } in replicas(question) {
        let address = &resource.address;
        if standing.writer == Some(side(question.verb)) {
            continue;
        }
        let guard = match (&standing.health, is_forced(question) || waits) {
            (Health::Following, _) => passes("health", format!("{address} is replicated")),
            (health @ (Health::Behind(_) | Health::Broken(_) | Health::Unseen(_)), true) => {
                let help = if waits {
                    "The run waits until replication is healthy."
                } else {
                    "Writes that are not replicated yet are lost."
                };
                warns("health", ill(address, health), help)
            }
            (health @ (Health::Behind(_) | Health::Broken(_) | Health::Unseen(_)), false) => refuses(
                "health",
                ill(address, health),
                "A planned promotion would wait for it or lose data. Fix the replication first.",
            ),
        };
        found.push(guard);
    }
}

/// State of a replica, as text.
fn ill(address: &Address, health: &Health) -> String {
    match health {
        Health::Following => format!("{address} is replicated"),
        Health::Behind(how) | Health::Broken(how) => format!("{address} {how}"),
        Health::Unseen(why) => format!("{address}: its target cannot be read: {why}"),
    }
}

/// Replication lag against the RPO.
fn lag(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some(rpo) = question.stack.objectives.rpo else { return };
    if question.verb == RunKind::Down {
        return;
    }
    for Replica { resource, standing, .. } in replicas(question) {
        let Some(lag) = standing.lag else { continue };
        if lag > rpo {
            let what = format!("{}: replication lag {}, RPO {}", resource.address, spoken(lag), spoken(rpo));
            found.push(warns("lag", what, "A forced failover now would miss the RPO."));
        } else {
            found.push(passes(
                "lag",
                format!("{}: replication lag {}, RPO {}", resource.address, spoken(lag), spoken(rpo)),
            ));
        }
    }
}

/// A forced promotion needs the lost site fenced, or down.
fn fenced(question: &ProcedureInput<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if !is_forced(question) {
        return;
    }
    let fences = graph.steps.iter().filter(|step| step.stage == crate::steps::Stage::Fence);
    let fences: Vec<&str> = fences
        .filter(|step| matches!(step.act, Act::Task(Task::Move { .. })))
        .map(|step| step.address.as_str())
        .collect();
    let fronts = &question.seen.fronts;
    let dead = !fronts.is_empty() && fronts.values().all(Result::is_err);
    let site = question.lost.unwrap_or(&question.group.from);
    found.push(if !fences.is_empty() {
        passes("fenced", format!("{site} is fenced before the promotion: {}", fences.join(", ")))
    } else if dead {
        passes("fenced", format!("{site} is down: none of its public endpoints responds"))
    } else if question.accepted.split_brain {
        warns(
            "fenced",
            format!("{site} is not fenced and can still accept writes"),
            "You accepted this with --accept-split-brain.",
        )
    } else {
        refuses(
            "fenced",
            format!("split brain possible: {site} is not fenced, and its endpoints respond or are unknown"),
            "Add resources that block writes at {site} to `fence`, or accept the risk with --accept-split-brain.",
        )
    });
}

/// Data loss of each replica.
pub(super) fn losses(question: &ProcedureInput<'_>) -> Vec<LossEstimate> {
    let one = |Replica { resource, standing, .. }: Replica<'_>| {
        let moved = standing.writer == Some(side(question.verb));
        let (amount, source) = match (is_forced(question) && !moved, standing.lag) {
            (false, _) if question.verb == RunKind::Drill => (Some(Duration::ZERO), "a drill moves no data".to_owned()),
            (false, _) if moved => (Some(Duration::ZERO), "already primary at that site".to_owned()),
            (false, _) => (Some(Duration::ZERO), "a planned promotion replicates all writes first".to_owned()),
            // Rounded up: a fraction of a second more is still within the announced loss.
            (true, Some(lag)) => {
                (Some(Duration::from_secs(lag.as_secs() + 1)), "replication lag as last read".to_owned())
            }
            (true, None) => (None, "replication lag is unavailable".to_owned()),
        };
        LossEstimate { replica: resource.address.clone(), amount, source }
    };
    replicas(question).into_iter().map(one).collect()
}

/// The data loss is accepted.
fn data_loss(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if !is_forced(question) {
        return;
    }
    for LossEstimate { replica, amount, source } in losses(question) {
        found.push(match (amount, question.accepted.data_loss) {
            (Some(Duration::ZERO), _) => passes("data-loss", format!("{replica}: no data loss: {source}")),
            (Some(amount), Some(accepted)) if amount <= accepted => passes(
                "data-loss",
                format!("{replica}: data loss up to {}, accepted up to {}", spoken(amount), spoken(accepted)),
            ),
            (Some(amount), accepted) => {
                let but = accepted.map(|accepted| format!(", accepted only up to {}", spoken(accepted)));
                refuses(
                    "data-loss",
                    format!("{replica}: data loss up to {}{} ({source})", spoken(amount), but.unwrap_or_default()),
                    format!("Accept it with --accept-data-loss {}s, or more.", amount.as_secs()),
                )
            }
            (None, Some(accepted)) => warns(
                "data-loss",
                format!("{replica}: data loss unknown: {source}"),
                format!(
                    "Accepted up to {}. The run measures the lag again right before the promotion.",
                    spoken(accepted)
                ),
            ),
            (None, None) => refuses(
                "data-loss",
                format!("{replica}: data loss unknown: {source}"),
                "Set the data loss that you accept with --accept-data-loss DURATION.",
            ),
        });
    }
}

/// The names of resources to create are free.
fn free(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.verb == RunKind::Down {
        return;
    }
    let (mut taken, mut count) = (Vec::new(), 0);
    for resource in stood_up(question) {
        count += 1;
        let there = |id| matches!(question.seen.observed.objects.get(id), Some(Some(_)));
        let objects = resource.objects.iter().filter(|object| object.within.is_none());
        if !question.state.resources.contains_key(&resource.address)
            && objects.into_iter().any(|object| there(&object.id))
        {
            taken.push(resource.address.as_str());
        }
    }
    if !taken.is_empty() {
        found.push(refuses(
            "names-free",
            format!("these exist already and are not in state: {}", taken.join(", ")),
            "Delete them, or import them with `drplan adopt`.",
        ));
    } else if count > 0 {
        found.push(passes("names-free", format!("the names of all {count} resources to create are free")));
    }
}

/// The resources that the procedure creates: failover-only resources, or their copies in a drill.
fn stood_up<'a>(question: &ProcedureInput<'a>) -> Vec<&'a Resource> {
    let ProcedureInput { stack, group, .. } = *question;
    match question.verb {
        RunKind::Drill => stack.rehearsed().collect(),
        RunKind::Up | RunKind::Down => stack.resources.values().filter(|resource| stands_up(group, resource)).collect(),
    }
}

/// Permanent dependencies of the resources to create exist: images at the site, networks, profiles.
fn prerequisites(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.verb == RunKind::Down {
        return;
    }
    let stack = question.stack;
    let written = written(stack, question.group);
    let written = written.iter().filter_map(|address| stack.resources.get(address));
    let stands_up = |need: &Resource| stands_up(question.group, need) || need.address.is_rehearsed();
    let mut missing: Vec<&Address> = written
        .chain(stood_up(question))
        .flat_map(|resource| &resource.needs)
        .filter(|need| stack.resources.get(*need).is_some_and(|need| !stands_up(need)))
        .filter(|need| question.state.resources.get(*need).is_none_or(|recorded| recorded.status != Status::Standing))
        .collect();
    missing.sort();
    missing.dedup();
    let names: Vec<&str> = missing.iter().map(|address| address.as_str()).collect();
    found.push(match names.is_empty() {
        true => passes("prerequisites", "networks, images and all other dependencies exist"),
        false => {
            refuses("prerequisites", format!("missing dependencies: {}", names.join(", ")), "Run `drplan apply` first.")
        }
    });
}

/// Machine sizes and quota are available at the target site.
fn capacity(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.verb != RunKind::Down {
        super::offers::check(question, found);
    }
}

/// Traffic can be switched, and by more than one route.
fn levers(question: &ProcedureInput<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let usable = match question.verb {
        RunKind::Drill => Some(usable(question)).filter(|count| *count > 0),
        RunKind::Up | RunKind::Down => graph.steps.iter().find_map(|step| match &step.act {
            Act::Task(Task::Route { levers, agree: _ }) => Some(levers.len()),
            _ => None,
        }),
    };
    let accepted = question.stack.accepted.iter().find(|accepted| accepted.rule == "single-lever");
    found.push(match (usable, accepted) {
        (None, _) if question.group.routes.is_empty() => {
            warns("routes", "the group has no `route`: drplan does not switch traffic", "Switch traffic manually, or add a `route`.")
        }
        (None, _) if question.verb == RunKind::Drill => {
            refuses("routes", "no route is usable: the resources that it changes do not exist", "Run `drplan apply` first.")
        }
        (None, _) => refuses("routes", "no route is usable: each would be changed at the lost site", "Add a `route` that does not depend on the lost site."),
        (Some(1), None) => warns(
            "single-lever",
            "the group has a single `route`: if it fails, traffic does not switch",
            "Add a second `route` that does not depend on the first, or accept it with `accept \"single-lever\" { reason = \"…\" }`.",
        ),
        (Some(1), Some(accepted)) => passes("single-lever", format!("single route, accepted: {}", accepted.reason)),
        (Some(count), _) => passes("routes", format!("{count} routes, tried in order")),
    });
}

/// Number of usable routes: the resources that they change exist.
fn usable(question: &ProcedureInput<'_>) -> usize {
    let ProcedureInput { stack, group, state, seen, .. } = *question;
    let stands = |address: &Address| {
        state.resources.get(address).is_some_and(|recorded| {
            recorded.status == Status::Standing
                && recorded.objects.iter().all(|object| matches!(seen.observed.objects.get(&object.id), Some(Some(_))))
        })
    };
    let could = |route: &&Route| {
        let lever = lever(stack, route, false);
        !lever.moves.is_empty() && lever.moves.iter().all(|(address, _)| stands(address))
    };
    group.routes.iter().filter(could).count()
}

/// P95 is within the RTO.
fn recovery_time(question: &ProcedureInput<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let (Some(rto), true) = (question.stack.objectives.rto, question.verb == RunKind::Up) else { return };
    let (_, predicted) = super::predict::predict(graph);
    if predicted.worst > rto {
        found.push(warns(
            "recovery-time",
            format!("recovery time P95 {} exceeds the RTO of {}", spoken(predicted.worst), spoken(rto)),
            "",
        ));
    }
}

/// No step of a forced run touches the lost site.
fn touches_lost(question: &ProcedureInput<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some(site) = question.lost.and_then(|lost| question.stack.sites.get(lost)) else { return };
    let mut clean = true;
    for step in &graph.steps {
        for touch in step.touches.iter().filter(|touch| touch.region.eq_ignore_ascii_case(&site.location)) {
            clean = false;
            found.push(refuses(
                "touches-lost-site",
                format!("{} touches {} in {}: {}", step.address, site.name, touch.region, touch.with),
                "Move it to another region: recovery must not depend on the lost site.",
            ));
        }
    }
    if clean {
        let what = format!("no step of {} touches {} ({})", graph.steps.len(), site.name, site.location);
        found.push(passes("touches-lost-site", what));
    }
}
