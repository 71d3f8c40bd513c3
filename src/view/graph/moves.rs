//! Changes of `failover-group up`: the ways by which users come, and the steps as text.

use std::collections::BTreeMap;

use super::{End, Entrance, Frame, LinkKind, MoveList, Picture};
use crate::address::Address;
use crate::duration::spoken;
use crate::failover::lever;
use crate::stack::{FailoverGroup, Presence, Route, Stack};
use crate::value::Value;

/// The most names in one step; the rest is counted.
const MOST_NAMES: usize = 3;

/// Changes that `failover-group up` makes to resources.
pub(super) fn changes(stack: &Stack) -> BTreeMap<Address, Vec<&'static str>> {
    let mut changes: BTreeMap<Address, Vec<&'static str>> = BTreeMap::new();
    let mut note = |address: &Address, change: &'static str| {
        let changes = changes.entry(address.clone()).or_default();
        if !changes.contains(&change) {
            changes.push(change);
        }
    };
    for group in stack.failover_groups.values() {
        group.stopped_away(stack).for_each(|address| note(address, "stopped"));
        for replica in super::replicas(stack).filter(|replica| group.promote.contains(&replica.resource.address)) {
            note(&replica.to.address, "promoted");
        }
        let routes = group.routes.iter().flat_map(|route| route.all_values());
        let switched = routes.filter_map(|value| match value {
            Value::Block(address) => Some(address),
            _ => None,
        });
        switched.chain(&group.fence).for_each(|address| note(address, "switched"));
    }
    changes
}

/// Adds the ways by which users reach the sites.
pub(super) fn entrances(frame: &Frame<'_>, picture: &mut Picture) {
    for group in frame.stack.failover_groups.values() {
        for route in &group.routes {
            let entrance = End::Entrance(picture.entrances.len());
            picture.entrances.push(entrance_of(frame.stack, group, route));
            picture.link(LinkKind::Serves, entrance, End::Site(frame.site(&group.from)), None).label =
                vec!["normal operation".to_owned()];
            picture.link(LinkKind::ServesAfterUp, entrance, End::Site(frame.site(group.first_standby())), None).label =
                vec!["after up".to_owned()];
        }
        if group.routes.is_empty() {
            picture.entrances.push(Entrance {
                title: "Users".to_owned(),
                detail: format!("no route in {}: drplan does not switch traffic", group.name),
            });
        }
    }
}

fn entrance_of(stack: &Stack, group: &FailoverGroup, route: &Route) -> Entrance {
    let switch = lever(stack, group, route, (&group.from, group.first_standby()));
    let entrances = route.entrances().filter_map(|value| match value {
        Value::Block(address) => Some(address.to_string()),
        _ => None,
    });
    let entrances = entrances.collect::<Vec<_>>().join(", ");
    let name = if entrances.is_empty() { route.name.to_string() } else { entrances };
    let lingers = if switch.lingers.is_zero() {
        String::new()
    } else {
        format!(", clients follow within {}", spoken(switch.lingers))
    };
    Entrance { title: format!("Users → {name}"), detail: format!("route {}{lingers}", route.name) }
}

/// Steps of `failover-group up` of each failover group.
pub(super) fn lists(stack: &Stack) -> Vec<MoveList> {
    if stack.failover_groups.is_empty() {
        let title = "No failover group".to_owned();
        return vec![MoveList {
            title,
            steps: vec!["drplan moves neither data nor traffic of this stack.".to_owned()],
        }];
    }
    stack.failover_groups.values().map(|group| list(stack, group)).collect()
}

fn list(stack: &Stack, group: &FailoverGroup) -> MoveList {
    let mut steps = Vec::new();
    let stopped: Vec<Address> = group.stopped_away(stack).cloned().collect();
    if !stopped.is_empty() {
        steps.push(format!("Stop {} at {}, if {1} is reachable", names(&stopped), group.from));
    }
    if !group.fence.is_empty() {
        steps.push(format!("Forced run only: block users and writes at {}", names(&group.fence)));
    }
    if !group.promote.is_empty() {
        let rpo = stack.objectives.rpo.map(|rpo| format!(" (RPO {})", spoken(rpo))).unwrap_or_default();
        steps.push(format!("Promote {} at {}{rpo}", names(&group.promote), group.first_standby()));
    }
    let created = stack.resources.values().filter(|resource| group.stands_up(resource)).count();
    if created > 0 {
        let resources = super::super::count(created, "failover-only resource", "failover-only resources");
        steps.push(format!("Create {resources} at {}", group.first_standby()));
    } else if stack.resources.values().any(|r| r.presence == Presence::Failover) && !group.stand_up.is_empty() {
        steps.push(format!("Create the resources of {}", names(&group.stand_up.iter().cloned().collect::<Vec<_>>())));
    }
    let probes = |before: bool| {
        let names = group.probes.iter().filter(|probe| probe.before.is_some() == before).map(|probe| &*probe.name);
        names.collect::<Vec<_>>().join(", ")
    };
    if !probes(true).is_empty() {
        steps.push(format!("Wait for probe {} to succeed before traffic is switched", probes(true)));
    }
    if let Some(first) = group.routes.first() {
        let lingers = lever(stack, group, first, (&group.from, group.first_standby())).lingers;
        let follow =
            if lingers.is_zero() { String::new() } else { format!("; clients follow within {}", spoken(lingers)) };
        let with = match group.routes.len() {
            1 => format!("route {}", first.name),
            _ => {
                let names: Vec<&str> = group.routes.iter().map(|route| &*route.name).collect();
                format!("routes {}", names.join(", "))
            }
        };
        steps.push(format!("Switch traffic with {with} to {}{follow}", group.first_standby()));
    }
    if group.routes.is_empty() {
        steps.push("Traffic: no route; switch it manually".to_owned());
    }
    if !probes(false).is_empty() {
        steps.push(format!("Wait for probe {} to succeed", probes(false)));
    }
    let own: Vec<String> = group
        .steps
        .iter()
        .filter(|step| step.on.iter().any(|on| &**on == "up"))
        .map(|step| format!("{} ({})", step.name, step.action.word().replace('_', " ")))
        .collect();
    if !own.is_empty() {
        steps.push(format!("Group steps, each where the group declares it: {}", own.join(", ")));
    }
    MoveList {
        title: format!("failover-group up · {}: {} → {}", group.name, group.from, group.first_standby()), steps
    }
}

fn names(addresses: &[Address]) -> String {
    let shown: Vec<&str> = addresses.iter().take(MOST_NAMES).map(Address::as_str).collect();
    match addresses.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
