//! What is checked before the first change: each check one function that says what it found, and what to do about it.

use std::time::Duration;

use super::levers::{lever, with_subject};
use super::procedure::{Replica, ends, is_forced, replicas, side, site_of};
use super::survey::{stands_up, written};
use super::{Guard, Loss, Question, Verdict};
use crate::address::Address;
use crate::duration::spoken;
use crate::kinds::{Health, Side};
use crate::stack::{Resource, Route};
use crate::state::{Active, Status, Verb};
use crate::steps::{Act, NotAGraph, StepGraph, Task};

/// The checks, in the order in which they are told.
const CHECKS: &[fn(&Question<'_>, &StepGraph, &mut Vec<Guard>)] = &[
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
pub(super) fn all(question: &Question<'_>, graph: &StepGraph) -> Vec<Guard> {
    let mut found = Vec::new();
    CHECKS.iter().for_each(|check| check(question, graph, &mut found));
    super::isolation::all(question, graph, &mut found);
    found
}

pub(super) fn refuses(rule: &'static str, what: impl Into<String>, help: impl Into<String>) -> Guard {
    Guard { rule, verdict: Verdict::Refuses, what: what.into(), help: help.into() }
}

pub(super) fn warns(rule: &'static str, what: impl Into<String>, help: impl Into<String>) -> Guard {
    Guard { rule, verdict: Verdict::Warns, what: what.into(), help: help.into() }
}

pub(super) fn passes(rule: &'static str, what: impl Into<String>) -> Guard {
    Guard { rule, verdict: Verdict::Passes, what: what.into(), help: String::new() }
}

/// Steps of the group that wait for each other.
pub(super) fn circle(members: &[Address], error: &NotAGraph) -> Guard {
    let names: Vec<&str> = members.iter().map(Address::as_str).collect();
    let what = match names.is_empty() {
        true => error.to_string(),
        false => format!("these steps wait for each other: {}", names.join(", ")),
    };
    refuses("order", what, "Look at `after` and `before` of the group's steps.")
}

/// Nothing can be moved that was never applied.
fn applied(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let recorded = |address: &&Address| !question.state.resources.contains_key(*address);
    let group = question.group;
    let missing: Vec<&str> =
        group.promote.iter().chain(&group.quiesce).chain(&group.fence).filter(recorded).map(Address::as_str).collect();
    found.push(match missing.is_empty() {
        true => passes("applied", "everything the group names is recorded"),
        false => refuses("applied", format!("not applied yet: {}", missing.join(", ")), "Run `drplan apply` first."),
    });
}

/// The sites that must answer do.
fn reachable(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    for site in [&question.group.from, &question.group.to] {
        let Some(region) = question.stack.sites.get(site).map(|site| &site.location) else { continue };
        let given_up = question.lost == Some(&**site);
        let silent = question.seen.silent.iter().find(|(other, _)| other.eq_ignore_ascii_case(region));
        found.push(match (given_up, silent) {
            (true, _) => passes("reachable", format!("{site} is given up, and nothing is asked of {region}")),
            (false, None) => passes("reachable", format!("the control plane of {site} answers ({region})")),
            (false, Some((_, why))) => {
                let help = match question.verb {
                    Verb::Up if **site == *question.group.from => {
                        format!("If it is lost, run `up --forced --lost {site}`.")
                    }
                    Verb::Down if **site == *question.group.from => {
                        "Data is brought back once that site is there again; nothing is forced on the way back."
                            .to_owned()
                    }
                    _ => "Wait until it answers again.".to_owned(),
                };
                refuses("reachable", format!("the control plane of {site} does not answer ({region}): {why}"), help)
            }
        });
    }
}

/// Which side takes writes is what is recorded.
fn roles(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let role = question.state.roles.groups.get(&*question.group.name);
    if role.is_some_and(|role| role.active == Active::Between) {
        found.push(warns("roles", "an earlier run was given up half-way; this one goes on from what is seen", ""));
        return;
    }
    let recorded = |address: &Address| role.and_then(|role| role.stores.get(address).copied()).unwrap_or(Side::Source);
    let to = side(question.verb);
    for Replica { resource, standing, .. } in replicas(question) {
        let address = &resource.address;
        match standing.writer {
            Some(writer) if writer == recorded(address) => {}
            Some(writer) if writer == to => found.push(warns(
                "roles",
                format!("{address} takes writes at {} already, and no run moved it", site_of(question, writer)),
                "",
            )),
            Some(writer) => found.push(warns(
                "roles",
                format!("{address} takes writes at {}, which is not what is recorded", site_of(question, writer)),
                "",
            )),
            None if is_forced(question) => {}
            None => found.push(refuses(
                "roles",
                format!("nobody says which side of {address} takes writes"),
                "Look again once both sites answer.",
            )),
        }
    }
}

/// Every replica can be moved this way, and in this direction.
fn promotable(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
    let nothing = Default::default();
    let (from, to) = (&question.group.from, &question.group.to);
    let region = |site: &str| question.stack.sites.get(site).map(|site| site.location.clone());
    for Replica { resource, promotion, .. } in replicas(question) {
        if let Some((source, target)) = ends(question.stack, resource)
            && (Some(&source), Some(&target)) != (region(from).as_ref(), region(to).as_ref())
        {
            let what = format!(
                "{} replicates from {source} to {target}, and the group moves from {from} to {to}",
                resource.address
            );
            found.push(refuses("direction", what, "Take it out of `promote`, or name the sites the other way round."));
        }
        let promotes = graph
            .steps
            .iter()
            .any(|step| step.address == resource.address && matches!(step.act, Act::Task(Task::Promote { .. })));
        // A drill promotes nothing, and looks whether it could.
        if !promotes && question.verb != Verb::Drill {
            continue;
        }
        let seen = question.seen.replicas.get(&resource.address).unwrap_or(&nothing);
        let call = with_subject(question.stack, resource, |subject| {
            (promotion.promote)(subject, seen, side(question.verb), question.how)
        });
        // On the way back, the run waits until the side that was left follows again; then there is a way.
        if let (Err(why), Verb::Down) = (&call, question.verb) {
            found.push(warns(
                "promotable",
                format!("{} cannot be promoted yet: {why}", resource.address),
                "The run waits.",
            ));
        } else if let Err(why) = call {
            found.push(refuses("promotable", format!("{} cannot be promoted: {why}", resource.address), ""));
        }
    }
}

/// Replicas follow.
fn health(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let waits = question.verb == Verb::Down;
    for Replica { resource, standing, .. } in replicas(question) {
        let address = &resource.address;
        if standing.writer == Some(side(question.verb)) {
            continue;
        }
        let guard = match (&standing.health, is_forced(question) || waits) {
            (Health::Following, _) => passes("health", format!("{address} is replicated")),
            (health @ (Health::Behind(_) | Health::Broken(_) | Health::Unseen(_)), true) => {
                let help = if waits { "The run waits until it follows." } else { "What was not passed on is lost." };
                warns("health", ill(address, health), help)
            }
            (health @ (Health::Behind(_) | Health::Broken(_) | Health::Unseen(_)), false) => refuses(
                "health",
                ill(address, health),
                "A planned promotion would wait for it or lose data. Mend the replication first.",
            ),
        };
        found.push(guard);
    }
}

/// How a replica does not follow, in words.
fn ill(address: &Address, health: &Health) -> String {
    match health {
        Health::Following => format!("{address} is replicated"),
        Health::Behind(how) | Health::Broken(how) => format!("{address}: it {how}"),
        Health::Unseen(why) => format!("{address}: its copy cannot be looked at: {why}"),
    }
}

/// How far replicas are behind, against the objective.
fn lag(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let Some(rpo) = question.stack.objectives.rpo else { return };
    if question.verb == Verb::Down {
        return;
    }
    for Replica { resource, standing, .. } in replicas(question) {
        let Some(lag) = standing.lag else { continue };
        if lag > rpo {
            let what =
                format!("{} is {} behind, and no more than {} may be lost", resource.address, spoken(lag), spoken(rpo));
            found.push(warns("lag", what, "The objective would be missed."));
        } else {
            found.push(passes(
                "lag",
                format!("{} is {} behind, of {} allowed", resource.address, spoken(lag), spoken(rpo)),
            ));
        }
    }
}

/// A forced promotion needs the old side fenced, or dead.
fn fenced(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
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
        passes("fenced", format!("the old side is fenced before data moves: {}", fences.join(", ")))
    } else if dead {
        passes("fenced", format!("{site} is dead: none of its addresses answers"))
    } else if question.accepted.split_brain {
        warns(
            "fenced",
            format!("{site} is not fenced and may still take writes"),
            "That was accepted with --accept-split-brain.",
        )
    } else {
        refuses(
            "fenced",
            format!(
                "nothing keeps {site} from taking writes while the other side does, and nothing shows that it is dead"
            ),
            "Name what fences it in `fence`, or accept that with --accept-split-brain.",
        )
    });
}

/// What each replica would lose.
pub(super) fn losses(question: &Question<'_>) -> Vec<Loss> {
    let one = |Replica { resource, standing, .. }: Replica<'_>| {
        let moved = standing.writer == Some(side(question.verb));
        let (amount, source) = match (is_forced(question) && !moved, standing.lag) {
            (false, _) if question.verb == Verb::Drill => (Some(Duration::ZERO), "a drill moves no data".to_owned()),
            (false, _) if moved => (Some(Duration::ZERO), "it takes writes there already".to_owned()),
            (false, _) => (Some(Duration::ZERO), "a planned promotion passes everything on first".to_owned()),
            // A fraction of a second more than what was said is still within what is announced.
            (true, Some(lag)) => {
                (Some(Duration::from_secs(lag.as_secs() + 1)), "replication lag as last heard".to_owned())
            }
            (true, None) => (None, "nobody says how far it is behind".to_owned()),
        };
        Loss { replica: resource.address.clone(), amount, source }
    };
    replicas(question).into_iter().map(one).collect()
}

/// What would be lost was accepted.
fn data_loss(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    if !is_forced(question) {
        return;
    }
    for Loss { replica, amount, source } in losses(question) {
        found.push(match (amount, question.accepted.data_loss) {
            (Some(Duration::ZERO), _) => passes("data-loss", format!("{replica} loses nothing: {source}")),
            (Some(amount), Some(accepted)) if amount <= accepted => passes(
                "data-loss",
                format!("{replica} may lose the last {}, and {} were accepted", spoken(amount), spoken(accepted)),
            ),
            (Some(amount), accepted) => {
                let but = accepted.map(|accepted| format!(", and only {} were accepted", spoken(accepted)));
                refuses(
                    "data-loss",
                    format!(
                        "{replica} may lose what was written in the last {}{} ({source})",
                        spoken(amount),
                        but.unwrap_or_default()
                    ),
                    format!("Accept it with --accept-data-loss {}s, or more.", amount.as_secs()),
                )
            }
            (None, Some(accepted)) => warns(
                "data-loss",
                format!("how much {replica} would lose is not known: {source}"),
                format!("{} were accepted; the run measures again right before it promotes.", spoken(accepted)),
            ),
            (None, None) => refuses(
                "data-loss",
                format!("how much {replica} would lose is not known: {source}"),
                "Say how much may be lost with --accept-data-loss.",
            ),
        });
    }
}

/// The names of what stands up are not taken.
fn free(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    if question.verb == Verb::Down {
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
            format!("these stand already and are not recorded: {}", taken.join(", ")),
            "Delete them, or take them into the state.",
        ));
    } else if count > 0 {
        found.push(passes("names-free", format!("the names of all {count} resources that stand up are free")));
    }
}

/// What the procedure stands up: what stands only while the group is up, or the copies of that.
fn stood_up<'a>(question: &Question<'a>) -> Vec<&'a Resource> {
    let Question { stack, group, .. } = *question;
    match question.verb {
        Verb::Drill => stack.rehearsed().collect(),
        Verb::Up | Verb::Down => stack.resources.values().filter(|resource| stands_up(group, resource)).collect(),
    }
}

/// What stands up needs things that always stand: images at the site, networks, profiles.
fn prerequisites(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    if question.verb == Verb::Down {
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
        true => passes("prerequisites", "networks, images and everything else that the new side needs stand"),
        false => refuses(
            "prerequisites",
            format!("the new side needs what does not stand: {}", names.join(", ")),
            "Run `drplan apply` first.",
        ),
    });
}

/// Machines are to be had where they stand up.
fn capacity(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    if question.verb != Verb::Down {
        super::offers::check(question, found);
    }
}

/// Users can be moved, and by more than one lever.
fn levers(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
    let usable = match question.verb {
        Verb::Drill => Some(usable(question)).filter(|count| *count > 0),
        Verb::Up | Verb::Down => graph.steps.iter().find_map(|step| match &step.act {
            Act::Task(Task::Route { levers, agree: _ }) => Some(levers.len()),
            _ => None,
        }),
    };
    let accepted = question.stack.accepted.iter().find(|accepted| accepted.rule == "single-lever");
    found.push(match (usable, accepted) {
        (None, _) if question.group.routes.is_empty() => {
            warns("levers", "the group has no `route`: users are not moved", "Move them by hand, or write a `route`.")
        }
        (None, _) if question.verb == Verb::Drill => {
            refuses("levers", "no lever could be pulled: what they write does not stand", "Run `drplan apply` first.")
        }
        (None, _) => refuses("levers", "no lever can be used", "Each `route` would be moved at the site that is given up."),
        (Some(1), None) => warns(
            "single-lever",
            "there is a single lever: if it fails, users stay where they are",
            "Write a second `route` that does not hang on the first, or accept it with `accept \"single-lever\" { reason = \"…\" }`.",
        ),
        (Some(1), Some(accepted)) => passes("single-lever", format!("there is a single lever, which was accepted: {}", accepted.reason)),
        (Some(count), _) => passes("levers", format!("{count} levers, tried in order")),
    });
}

/// How many levers could be pulled: what they write stands.
fn usable(question: &Question<'_>) -> usize {
    let Question { stack, group, state, seen, .. } = *question;
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

/// The objective can be reached.
fn recovery_time(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
    let (Some(rto), true) = (question.stack.objectives.rto, question.verb == Verb::Up) else { return };
    let (_, predicted) = super::predict::predict(graph);
    if predicted.worst > rto {
        found.push(warns(
            "recovery-time",
            format!("users may have to wait for {}, and the objective is {}", spoken(predicted.worst), spoken(rto)),
            "",
        ));
    }
}

/// A forced run touches nothing at the site that is given up: no step may, whatever led to it.
fn touches_lost(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
    let Some(site) = question.lost.and_then(|lost| question.stack.sites.get(lost)) else { return };
    let mut clean = true;
    for step in &graph.steps {
        for touch in step.touches.iter().filter(|touch| touch.region.eq_ignore_ascii_case(&site.location)) {
            clean = false;
            found.push(refuses(
                "touches-lost-site",
                format!("{} would touch {} at {}: {}", step.address, site.name, touch.region, touch.with),
                "Put what must work without that site elsewhere: recovery must not hang on what is lost.",
            ));
        }
    }
    if clean {
        let what = format!("none of {} steps touches {} ({})", graph.steps.len(), site.name, site.location);
        found.push(passes("touches-lost-site", what));
    }
}
