//! Increased risks of a change.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::IndexSet;
use serde::Serialize;

use super::outlook::{Expectation, Outlook, PreviousStack, Shortfall, falls_short, refusals};
use crate::address::Address;
use crate::duration::spoken;
use crate::failover::Procedure;
use crate::kinds::Kind;
use crate::plan::{Action, Change};
use crate::roles::FailoverMode;
use crate::stack::{FailoverGroup, Presence, Stack};
use crate::steps::TimeSpan;

/// One increased risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// Stable name of the rule: `objective`, `slower`, `data`.
    pub rule: &'static str,
    /// The risk, a sentence without its full stop; backticks mark code.
    pub what: String,
}

/// All increased risks, most severe first.
pub fn risks<'a>(
    earlier: PreviousStack<'_>,
    after: &Stack,
    changes: impl Iterator<Item = &'a Change>,
    outlooks: &[Outlook],
) -> Vec<Risk> {
    let mut found = Findings(Vec::new());
    outlooks.iter().for_each(|outlook| recovery(outlook, &mut found));
    if let PreviousStack::Stack(before) = earlier {
        objectives(before, after, &mut found);
        before.failover_groups.values().for_each(|group| members(group, after, &mut found));
    }
    data(changes, &mut found);
    if let PreviousStack::Stack(before) = earlier {
        protection(before, after, &mut found);
    }
    found.0
}

struct Findings(Vec<Risk>);

impl Findings {
    fn push(&mut self, rule: &'static str, what: String) {
        let risk = Risk { rule, what };
        if !self.0.contains(&risk) {
            self.0.push(risk);
        }
    }
}

/// An objective that is newly missed, a longer recovery time, or a failover that is newly blocked.
fn recovery(outlook: &Outlook, found: &mut Findings) {
    let Outlook { group, how, leaving: _, before, after } = outlook;
    let way = match how {
        FailoverMode::Forced => "A forced failover",
        FailoverMode::Planned => "A planned failover",
    };
    let Expectation::Procedure(after) = after else {
        if before.procedure().is_some() {
            found.push(
                "group",
                format!("Failover group `{group}` is removed: its users and data can no longer fail over"),
            );
        }
        return;
    };
    let before = before.procedure();
    let was = before.and_then(falls_short);
    for guard in refusals(after) {
        if !before.is_some_and(|before| refusals(before).any(|old| old == guard)) {
            found.push("impossible", format!("{way} of `{group}` would be blocked: {}", guard.what));
        }
    }
    if let (Some(short @ (Shortfall::AtRisk | Shortfall::Missed)), true) =
        (falls_short(after), falls_short(after) > was)
        && let Some(rto) = after.objectives.rto
    {
        let word = if short == Shortfall::Missed { "misses" } else { "may miss" };
        let took = match before {
            Some(before) if before.headline() == after.headline() => match before.objectives.rto {
                Some(old) if old != rto => format!(", unchanged; the RTO was {} before", spoken(old)),
                _ => ", unchanged".to_owned(),
            },
            Some(before) => format!(", before: {}", times(before)),
            None => String::new(),
        };
        let what = format!("{way} of `{group}` {word} the RTO of {}: {}{took}", spoken(rto), times(after));
        found.push("objective", what);
    } else if let Some(before) = before {
        slower(&format!("{way} of `{group}`"), before, after, found);
    }
}

fn times(procedure: &Procedure) -> String {
    let TimeSpan { typical, worst, .. } = procedure.headline();
    format!("{} (P50), {} (P95)", spoken(typical), spoken(worst))
}

/// A recovery time that is longer by more than a second, the precision of predictions.
fn slower(what: &str, before: &Procedure, after: &Procedure, found: &mut Findings) {
    let longer = |old: Duration, new: Duration| new.saturating_sub(old) > Duration::from_secs(1);
    let (old, new) = (before.headline(), after.headline());
    if longer(old.typical, new.typical) || longer(old.worst, new.worst) {
        found.push("slower", format!("{what} takes longer: {}, before: {}", times(after), times(before)));
    }
}

fn objectives(before: &Stack, after: &Stack, found: &mut Findings) {
    let both =
        [("RTO", before.objectives.rto, after.objectives.rto), ("RPO", before.objectives.rpo, after.objectives.rpo)];
    for (name, old, new) in both {
        match (old, new) {
            (Some(old), None) => {
                found.push("objective", format!("The {name} is removed; it was {}", spoken(old)));
            }
            (Some(old), Some(new)) if new > old => {
                let (old, new) = (spoken(old), spoken(new));
                found.push("objective", format!("The {name} is relaxed from {old} to {new}"));
            }
            _ => {}
        }
    }
}

/// Functions that a failover group loses.
fn members(before: &FailoverGroup, after: &Stack, found: &mut Findings) {
    let Some(now) = after.failover_groups.get(&before.name) else { return };
    let group = &before.name;
    let set = |addresses: &[Address]| addresses.iter().cloned().collect::<IndexSet<_>>();
    let lists = [
        ("no longer promotes", set(&before.promote), set(&now.promote), "its data remains at the lost site"),
        ("no longer fences", set(&before.fence), set(&now.fence), "both sites could accept writes (split brain)"),
        ("no longer quiesces", set(&before.quiesce), set(&now.quiesce), "it keeps working while data moves"),
        (
            "no longer creates",
            before.stand_up.clone(),
            now.stand_up.clone(),
            "its resources are missing during a failover",
        ),
    ];
    for (verb, old, new, so) in lists {
        // A deleted resource is reported as deleted instead.
        for address in old.difference(&new).filter(|address| after.resources.contains_key(*address)) {
            found.push("group", format!("Failover group `{group}` {verb} `{address}`: {so}"));
        }
    }
    for site in before.standbys().iter().filter(|site| before.standbys().len() > 1 && !now.has_site(site)) {
        found.push("group", format!("Failover group `{group}` no longer has the standby site `{site}`"));
    }
    let routes: BTreeSet<_> = now.routes.iter().map(|route| &route.name).collect();
    for route in
        before.routes.iter().filter(|route| !routes.contains(&route.name) && now.routes.len() < before.routes.len())
    {
        found.push(
            "group",
            format!(
                "Failover group `{group}` no longer has the route `{}`: one way less to switch traffic",
                route.name
            ),
        );
    }
    let probes: BTreeSet<_> = now.probes.iter().map(|probe| &probe.name).collect();
    for probe in before.probes.iter().filter(|probe| !probes.contains(&probe.name)) {
        found.push(
            "group",
            format!(
                "Failover group `{group}` no longer probes `{}`: traffic may switch to a site that does not respond",
                probe.name
            ),
        );
    }
}

/// Deleted data, replicas and locks.
fn data<'a>(changes: impl Iterator<Item = &'a Change>, found: &mut Findings) {
    for change in changes.filter(|change| change.presence == Presence::Permanent) {
        let is = |of: fn(&'static Kind) -> bool| change.kind.is_some_and(of);
        let address = &change.address;
        let done = match change.action {
            Action::Delete => "deleted",
            Action::Replace(_) => "replaced",
            _ => continue,
        };
        if is(|kind| kind.tables().any(|table| table.recovery.replicates.is_some_and(|of| !of.image))) {
            found.push(
                "replica",
                format!("`{address}` is {done}: until a new replica exists, its data is at one site only"),
            );
        } else if change.loses_data {
            found.push("data", format!("`{address}` is {done} together with its data, and no apply can restore that"));
        } else if is(|kind| kind.guards) && change.action == Action::Delete {
            found.push("lock", format!("`{address}` is {done}: the resources that it guarded can be deleted"));
        }
    }
}

/// Protection that is removed: locks, rules and residency.
fn protection(before: &Stack, after: &Stack, found: &mut Findings) {
    for old in before.resources.values().filter(|old| old.prevent_destroy) {
        if after.resources.get(&old.address).is_some_and(|new| !new.prevent_destroy) {
            found.push("lock", format!("`{}` can be deleted: `prevent_destroy` is removed", old.address));
        }
    }
    for new in &after.accepted {
        if !before.accepted.iter().any(|old| old.rule == new.rule) {
            found.push(
                "accepted",
                format!("Rule `{}` is accepted, so its findings are no longer reported: {}", new.rule, new.reason),
            );
        }
    }
    let wider = after.residency.iter().filter(|place| !before.residency.contains(place));
    let wider: Vec<&str> = wider.map(String::as_str).collect();
    if !before.residency.is_empty() && (after.residency.is_empty() || !wider.is_empty()) {
        let before = before.residency.join(", ");
        let what = match after.residency.is_empty() {
            true => format!("`residency` is removed: data may be stored in any geography; before: {before}"),
            false => format!("`residency` adds geographies: {}; before: {before}", wider.join(", ")),
        };
        found.push("residency", what);
    }
}
