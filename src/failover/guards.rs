//! Preflight checks: each is one function that adds its result and the fix.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::course::{Course, Question, command, flags, is_forced, site_of, waits};
use super::members::{is_at, stands_up, written};
use super::promote::repairs;
use super::sides::{Replica, regions, replicas};
use super::verdicts::{passes, refuses, warns};
use super::{LossEstimate, PreflightCheck, ProcedureInput};
use crate::address::Address;
use crate::duration::spoken;
use crate::roles::{FailoverMode, Health, Side};
use crate::shell::quoted;
use crate::stack::{Presence, Resource};
use crate::state::{ActiveSite, RunKind, Status};
use crate::steps::{Act, GraphError, StepGraph, Task};

/// The checks, in the order of their output.
const CHECKS: &[fn(&Question<'_>, &StepGraph, &mut Vec<PreflightCheck>)] = &[
    open_run,
    applied,
    super::lost::reachable,
    super::lost::alive,
    roles,
    promotable,
    health,
    lag,
    super::data_left::check,
    super::lost::fenced,
    data_loss,
    free,
    prerequisites,
    capacity,
    super::rights::check,
    super::locks::check,
    super::installed::check,
    super::replicas::alike,
    super::replicas::costs,
    super::restores::check,
    super::proofs::check,
    super::restores::rebuilt,
    super::restores::taken_home,
    super::restores::damaged,
    levers,
    super::strayed::movable,
    super::strayed::check,
    recovery_time,
    super::lost::touches_lost,
];

/// The checks of a restore in place.
const IN_PLACE: &[fn(&Question<'_>, &StepGraph, &mut Vec<PreflightCheck>)] = &[
    open_run,
    applied,
    super::lost::reachable,
    super::in_place::check,
    data_loss,
    capacity,
    super::rights::check,
    super::locks::check,
    super::restores::check,
    recovery_time,
];

/// All checks.
pub(super) fn all(question: &Question<'_>, graph: &StepGraph) -> Vec<PreflightCheck> {
    let mut found = Vec::new();
    let checks = if question.verb == RunKind::Restore { IN_PLACE } else { CHECKS };
    checks.iter().for_each(|check| check(question, graph, &mut found));
    super::isolation::all(question, graph, &mut found);
    found
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

/// No other run of the group is unfinished: it would block this one, and it explains roles that differ from state.
fn open_run(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if let Some(open) = question.state.roles.open.get(&*question.group.name) {
        let what = format!("run {} ({} of {}) is unfinished", open.run, open.verb.as_str(), open.group);
        let help = "Resume it with `drplan failover-group resume`, or abort it with `drplan failover-group abort`.";
        found.push(refuses("open-run", what, help));
    }
}

/// The stack is applied: every resource of the group is in state, as configured.
fn applied(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    const HELP: &str = "Run `drplan apply` first.";
    let recorded = |address: &&Address| !question.state.resources.contains_key(*address);
    let ProcedureInput { group, pending, .. } = **question;
    // A workload at a lost site is not stopped.
    let is_lost = |address: &&Address| {
        let resource = question.stack.resources.get(*address);
        resource.is_some_and(|resource| question.is_lost(&resource.site))
    };
    let stopped = group.quiesce.iter().filter(|address| !is_lost(address));
    let is_permanent = |address: &&Address| {
        let resource = question.stack.resources.get(*address);
        resource.is_some_and(|resource| resource.presence == Presence::Permanent && !question.is_lost(&resource.site))
    };
    let needs = group.needs.iter().filter(is_permanent);
    let members = group.promote.iter().chain(stopped).chain(&group.fence).chain(needs);
    let mut seen = BTreeSet::new();
    let missing: Vec<&str> = members.filter(recorded).map(Address::as_str).filter(|one| seen.insert(*one)).collect();
    let pending: Vec<&str> = pending.iter().map(Address::as_str).filter(|one| !missing.contains(one)).collect();
    if !missing.is_empty() {
        found.push(refuses("applied", format!("not applied yet: {}", missing.join(", ")), HELP));
    } else if pending.is_empty() {
        found.push(passes("applied", "every resource of the group is in state"));
    } else {
        let what = format!("the stack has changes that are not applied: {}", pending.join(", "));
        found.push(match is_forced(question) {
            // During an outage the recorded resources are moved as they are.
            true => warns("applied", what, "The run moves the resources as they were applied last."),
            false => refuses("applied", what, HELP),
        });
    }
}

/// The primary replicas are those in state.
fn roles(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let role = question.state.roles.groups.get(&*question.group.name);
    if role.is_some_and(|role| role.active == ActiveSite::Between) {
        found.push(warns(
            "roles",
            "the group is in a mixed state: an earlier run ended midway; this run starts from the observed roles",
            "",
        ));
        return;
    }
    let moving = question.state.roles.open.get(&*question.group.name);
    let at = |writer: Side, address: &Address| {
        let resource = question.stack.resources.get(address);
        resource.map_or_else(|| "?".to_owned(), |resource| site_of(question, resource, writer).to_owned())
    };
    let by_run = |writer: Side, address: &Address| match moving {
        Some(open) => format!("{address} is primary at {}: run {} promoted it", at(writer, address), open.run),
        None => format!("{address} is already primary at {}, and no run promoted it", at(writer, address)),
    };
    let recorded = |address: &Address| role.and_then(|role| role.stores.get(address).copied()).unwrap_or(Side::Source);
    for Replica { resource, standing, to, .. } in replicas(question) {
        let address = &resource.address;
        match standing.writer {
            // A further replica of the same data takes writes, which this move ends.
            None if standing.elsewhere.is_some() => {}
            Some(writer) if writer == recorded(address) => {}
            // Users were moved to a machine that has restored the data.
            Some(Side::Target) if question.stack.stand_in(resource).is_some() => {}
            Some(writer) if Some(writer) == to => found.push(warns("roles", by_run(writer, address), "")),
            Some(writer) => found.push(warns(
                "roles",
                format!("{address} is primary at {}, which differs from state", at(writer, address)),
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
fn promotable(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let nothing = Default::default();
    let group = question.group;
    let regions: Vec<&str> =
        group.sites().filter_map(|site| Some(question.stack.sites.get(site)?.location.as_str())).collect();
    for Replica { resource, promotion, standing: _, to, how } in replicas(question) {
        if let Some((source, target)) = question.stack.ends(resource)
            && !(regions.first() == Some(&&*source) && regions.contains(&&*target) && source != target)
        {
            let sites: Vec<&str> = group.standbys().iter().map(|site| &**site).collect();
            let what = format!(
                "{} replicates from {source} to {target}, but the group fails over from {} to {}",
                resource.address,
                group.from,
                sites.join(" or ")
            );
            found.push(refuses("direction", what, "Remove it from `promote`, or swap `from` and `to` of the group."));
        }
        let Some(to) = to else { continue };
        let promotes = graph
            .steps
            .iter()
            .any(|step| step.address == resource.address && matches!(step.act, Act::Task(Task::Promote { .. })));
        // A drill promotes nothing, and checks that it could.
        if !promotes && question.verb != RunKind::Drill {
            continue;
        }
        let seen = question.seen.replicas.get(&resource.address).unwrap_or(&nothing);
        let taken = question.stack.with_known(resource, |subject| (promotion.takes_offline)(subject, seen, to));
        let is_lost = |region: &String| question.lost_sites().any(|site| site.location.eq_ignore_ascii_case(region));
        if let Some(region) = taken.filter(|region| how == FailoverMode::Forced && !is_lost(region)) {
            let what = format!(
                "{} cannot be promoted: a forced promotion would take {region} offline, which has its writes and is \
                 not declared lost; a planned one needs every region of the data",
                resource.address
            );
            found.push(refuses("promotable", what, otherwise(question, &resource.address)));
            continue;
        }
        if promotion.needs_every_region
            && how == FailoverMode::Planned
            && let Some(region) = silent_elsewhere(question, resource)
        {
            let what = format!(
                "{} cannot be promoted: {region}, another region of its data, does not respond, and a planned \
                 promotion needs every region",
                resource.address
            );
            let help = format!(
                "Run the same command again once {region} responds. To leave this replica behind, as protection debt, \
                 add --without {}.",
                quoted(resource.address.as_str())
            );
            found.push(refuses("promotable", what, help));
            continue;
        }
        let call = question.stack.with_known(resource, |subject| (promotion.promote)(subject, seen, to, how));
        // A failback waits until the home site follows again; then the promotion is possible.
        if let (Err(why), true) = (&call, waits(question)) {
            found.push(warns(
                "promotable",
                format!("{} cannot be promoted yet: {why}", resource.address),
                "The run waits until it can be.",
            ));
        } else if let Err(why) = call {
            let help = otherwise(question, &resource.address);
            found.push(refuses("promotable", format!("{} cannot be promoted: {why}", resource.address), help));
        }
    }
}

/// A region of a replica's data that does not respond, beside those that exchange roles: check `reachable` names those.
fn silent_elsewhere(question: &Question<'_>, resource: &Resource) -> Option<String> {
    let Course { leaving, arriving, .. } = &question.course;
    let sides = [leaving, arriving].into_iter().filter_map(|site| question.stack.sites.get(site));
    let sides: Vec<&str> = sides.map(|site| site.location.as_str()).collect();
    let is_silent = |region: &String| {
        !sides.iter().any(|side| side.eq_ignore_ascii_case(region)) && question.seen.is_silent(region)
    };
    regions(question.stack, resource).into_iter().find(is_silent)
}

/// The other ways of a forced move whose replica cannot be promoted: to another site, or without the replica.
fn otherwise(question: &Question<'_>, replica: &Address) -> String {
    if question.lost.is_empty() || question.verb == RunKind::Drill {
        return String::new();
    }
    let Course { leaving, arriving, left: _, homeward: _ } = question.course.clone();
    let others = question.group.sites();
    let others = others.filter(|site| **site != leaving && **site != arriving && !question.is_lost(site));
    let forced = format!("--forced{}", flags(question.lost));
    let to = |site: &Arc<str>| match *site == question.group.from {
        true => command(question, &format!("down {forced}")),
        false => command(question, &format!("up {forced} --to {}", quoted(site))),
    };
    let mut ways: Vec<String> = others.map(|site| format!("To move to {site}: {}.", to(site))).collect();
    ways.push(format!("To leave this replica behind, as protection debt, add --without {}.", quoted(replica.as_str())));
    ways.join(" ")
}

/// Replication is healthy.
fn health(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let waits = waits(question);
    for replica in replicas(question) {
        if replica.is_there() || replica.to.is_none() {
            continue;
        }
        let waits = waits || repairs(question, &replica);
        let Replica { resource, standing, .. } = replica;
        let address = &resource.address;
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
fn lag(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some(rpo) = question.stack.objectives.rpo else { return };
    if waits(question) {
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

/// Data loss of each replica.
pub(super) fn losses(question: &Question<'_>) -> Vec<LossEstimate> {
    if question.verb == RunKind::Restore {
        return super::in_place::losses(question);
    }
    let one = |replica: Replica<'_>| {
        let moved = replica.is_there();
        let Replica { resource, standing, to, how, .. } = replica;
        let (amount, source) = match (how == FailoverMode::Forced && !moved, standing.lag) {
            _ if to.is_none() => (Some(Duration::ZERO), "it is not promoted".to_owned()),
            (false, _) if question.verb == RunKind::Drill => (None, "a drill promotes no data".to_owned()),
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
    replicas(question).into_iter().map(one).chain(super::restores::losses(question)).collect()
}

/// The data loss is accepted.
fn data_loss(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let all = match (is_forced(question), question.verb) {
        (true, _) => losses(question),
        // A planned move to a cold standby restores what was copied before it.
        (false, RunKind::Up) => super::restores::losses(question),
        (false, RunKind::Restore) => losses(question),
        (false, RunKind::Down | RunKind::Drill) => return,
    };
    for LossEstimate { replica, amount, source } in all {
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
fn free(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
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
fn stood_up<'a>(question: &Question<'a>) -> Vec<&'a Resource> {
    let ProcedureInput { stack, group, .. } = **question;
    match question.verb {
        RunKind::Drill => stack.rehearsed().collect(),
        RunKind::Restore => {
            let order = question.seen.in_place.iter();
            order.filter_map(|order| stack.resources.get(&order.machine)).collect()
        }
        RunKind::Up | RunKind::Down => {
            let arriving = &question.course.arriving;
            let all = stack.resources.values().filter(|resource| stands_up(group, resource));
            all.filter(|resource| is_at(stack, group, resource, arriving)).collect()
        }
    }
}

/// Permanent dependencies of the resources to create exist: images at the site, networks, profiles.
fn prerequisites(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
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
fn capacity(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.verb != RunKind::Down {
        super::offers::check(question, found);
    }
}

/// Traffic can be switched, and by more than one way.
fn levers(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.is_verification() {
        return;
    }
    let ways = match question.verb {
        RunKind::Drill => super::routes::ways(question).into_iter().filter(|ways| !ways.is_empty()).collect(),
        RunKind::Up | RunKind::Down | RunKind::Restore => ways(graph),
    };
    let accepted = question.stack.accepted.iter().find(|accepted| accepted.rule == "single-lever");
    let left_out = question.group.routes.iter().filter(|route| super::routes::is_left_out(question, route));
    let left_out: Vec<String> = left_out.map(|route| format!("route.{}", route.name)).collect();
    let single: Vec<&str> = ways.iter().filter(|ways| ways.len() == 1).flatten().map(String::as_str).collect();
    found.push(match (ways.is_empty(), single.is_empty(), accepted) {
        (true, ..) if question.group.routes.is_empty() => {
            warns("routes", "the group has no `route`: drplan does not switch traffic", "Switch traffic manually, or add a `route`.")
        }
        (true, ..) if question.verb == RunKind::Drill => {
            refuses("routes", "no route is usable: the resources that it changes do not exist", "Run `drplan apply` first.")
        }
        (true, ..) if left_out.len() == question.group.routes.len() => warns(
            "routes",
            format!("traffic is not switched: {} left out", left_out.join(", ")),
            "Switch traffic manually.",
        ),
        (true, ..) => refuses(
            "routes",
            "no route is usable: each would be changed at the lost site",
            format!(
                "Add a `route` that does not depend on the lost site. To move now and switch traffic manually, add {}.",
                question.group.routes.iter().map(|route| format!("--without {}", quoted(&format!("route.{}", route.name)))).collect::<Vec<_>>().join(" ")
            ),
        ),
        (false, false, None) => warns(
            "single-lever",
            format!("no alternative if it fails: {}", named_routes(&single)),
            "Add a `route` with `fallback_for` that does not depend on the first, or accept it with `accept \"single-lever\" { reason = \"…\" }`.",
        ),
        (false, false, Some(accepted)) => passes("single-lever", format!("single route, accepted: {}", accepted.reason)),
        (false, true, _) => passes("routes", format!("{} to switch, each with an alternative", ways.len())),
    });
}

/// The names of the routes that switch each set of users.
fn ways(graph: &StepGraph) -> Vec<Vec<String>> {
    let levers = graph.steps.iter().filter_map(|step| match &step.act {
        Act::Task(Task::Route { levers, agree: _ }) => Some(levers),
        _ => None,
    });
    levers.map(|levers| levers.iter().map(|lever| lever.name.clone()).collect()).collect()
}

/// Routes in a sentence.
fn named_routes(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("route.{name}")).collect();
    names.join(", ")
}

/// P95 is within the RTO.
fn recovery_time(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let is_move = matches!(question.verb, RunKind::Up | RunKind::Restore)
        || (question.verb == RunKind::Down && is_forced(question));
    let (Some(rto), true) = (question.stack.objectives.rto, is_move) else { return };
    let predicted = super::predict::predict(graph).1.headline(question.verb, question.how);
    if predicted.worst > rto {
        let is_outage = is_forced(question) || question.verb == RunKind::Restore;
        let time = if is_outage { "recovery time" } else { "service interruption" };
        found.push(warns(
            "recovery-time",
            format!("{time} P95 {} exceeds the RTO of {}", spoken(predicted.worst), spoken(rto)),
            "",
        ));
    }
}
