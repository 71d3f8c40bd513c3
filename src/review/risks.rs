//! What becomes riskier.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::outlook::{Earlier, Expected, Outlook, Short, falls_short, refusals};
use crate::address::Address;
use crate::duration::spoken;
use crate::failover::Procedure;
use crate::kinds::{self, How};
use crate::plan::{Action, Change};
use crate::stack::{FailoverGroup, Presence, Stack};
use crate::steps::Predicted;

/// Something that becomes riskier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// The stable name of what is looked at: `objective`, `slower`, `data`.
    pub rule: &'static str,
    /// What becomes riskier, a sentence without its full stop; backticks mark code.
    pub what: String,
}

/// Everything that becomes riskier, what weighs most first.
pub fn risks<'a>(
    earlier: Earlier<'_>,
    after: &Stack,
    changes: impl Iterator<Item = &'a Change>,
    outlooks: &[Outlook],
) -> Vec<Risk> {
    let mut found = Found(Vec::new());
    outlooks.iter().for_each(|outlook| recovery(outlook, &mut found));
    if let Earlier::Stack(before) = earlier {
        objectives(before, after, &mut found);
        before.failover_groups.values().for_each(|group| members(group, after, &mut found));
    }
    data(changes, &mut found);
    if let Earlier::Stack(before) = earlier {
        protection(before, after, &mut found);
    }
    found.0
}

struct Found(Vec<Risk>);

impl Found {
    fn push(&mut self, rule: &'static str, what: String) {
        let risk = Risk { rule, what };
        if !self.0.contains(&risk) {
            self.0.push(risk);
        }
    }
}

/// A time or an objective that is missed, and was not before; users who wait longer; a procedure that can no longer be carried out.
fn recovery(outlook: &Outlook, found: &mut Found) {
    let Outlook { group, how, leaving: _, before, after } = outlook;
    let way = match how {
        How::Forced => "A forced failover",
        How::Planned => "A planned failover",
    };
    let Expected::Procedure(after) = after else {
        if before.procedure().is_some() {
            found.push("group", format!("Failover group `{group}` is gone: nothing moves its users and data any more"));
        }
        return;
    };
    let before = before.procedure();
    let was = before.and_then(falls_short);
    for guard in refusals(after) {
        if !before.is_some_and(|before| refusals(before).any(|old| old == guard)) {
            found.push("impossible", format!("{way} of `{group}` could not be carried out: {}", guard.what));
        }
    }
    if let (Some(short @ (Short::AtRisk | Short::Missed)), true) = (falls_short(after), falls_short(after) > was)
        && let Some(rto) = after.objectives.rto
    {
        let word = if short == Short::Missed { "misses" } else { "may miss" };
        let took = match before {
            Some(before) if before.predicted == after.predicted => match before.objectives.rto {
                Some(old) if old != rto => format!(", as before, when the objective was {}", spoken(old)),
                _ => ", as before".to_owned(),
            },
            Some(before) => format!(", and took {}", times(before)),
            None => String::new(),
        };
        let what = format!("{way} of `{group}` {word} its recovery time of {}: {}{took}", spoken(rto), times(after));
        found.push("objective", what);
    } else if let Some(before) = before {
        slower(&format!("{way} of `{group}`"), before, after, found);
    }
}

fn times(procedure: &Procedure) -> String {
    let Predicted { typical, worst } = procedure.predicted;
    format!("{} (P50), {} (P95)", spoken(typical), spoken(worst))
}

/// Users who wait longer: by more than a second, since that is how exact the times are.
fn slower(what: &str, before: &Procedure, after: &Procedure, found: &mut Found) {
    let longer = |old: Duration, new: Duration| new.saturating_sub(old) > Duration::from_secs(1);
    let (old, new) = (before.predicted, after.predicted);
    if longer(old.typical, new.typical) || longer(old.worst, new.worst) {
        found.push("slower", format!("{what} takes longer: {}, and took {}", times(after), times(before)));
    }
}

fn objectives(before: &Stack, after: &Stack, found: &mut Found) {
    let both = [
        ("recovery time", before.objectives.rto, after.objectives.rto),
        ("data loss", before.objectives.rpo, after.objectives.rpo),
    ];
    for (name, old, new) in both {
        match (old, new) {
            (Some(old), None) => {
                found.push("objective", format!("There is no objective of {name} any more; it was {}", spoken(old)));
            }
            (Some(old), Some(new)) if new > old => {
                let (old, new) = (spoken(old), spoken(new));
                found.push("objective", format!("The objective of {name} is loosened from {old} to {new}"));
            }
            _ => {}
        }
    }
}

/// What a failover group no longer does.
fn members(before: &FailoverGroup, after: &Stack, found: &mut Found) {
    let Some(now) = after.failover_groups.get(&before.name) else { return };
    let group = &before.name;
    let gone = |old: &[Address], new: &[Address]| -> Vec<String> {
        // What is still there under another label is not gone; what is not there any more is told as that.
        let left = old.iter().filter(|address| !new.contains(address) && after.resources.contains_key(*address));
        left.map(|address| format!("`{address}`")).collect()
    };
    let lists = [
        ("no longer promotes", &before.promote, &now.promote, "its data stays behind when the site is lost"),
        ("no longer fences", &before.fence, &now.fence, "both sites could take writes at once"),
        ("no longer quiesces", &before.quiesce, &now.quiesce, "it goes on working while data moves"),
        ("no longer stands up", &before.stand_up, &now.stand_up, "what is in it does not come back"),
    ];
    for (verb, old, new, so) in lists {
        for address in gone(old, new) {
            found.push("group", format!("Failover group `{group}` {verb} {address}: {so}"));
        }
    }
    let routes: BTreeSet<_> = now.routes.iter().map(|route| &route.name).collect();
    for route in
        before.routes.iter().filter(|route| !routes.contains(&route.name) && now.routes.len() < before.routes.len())
    {
        found.push(
            "group",
            format!("Failover group `{group}` no longer has the route `{}`: one lever less to move users", route.name),
        );
    }
    let probes: BTreeSet<_> = now.probes.iter().map(|probe| &probe.name).collect();
    for probe in before.probes.iter().filter(|probe| !probes.contains(&probe.name)) {
        found.push(
            "group",
            format!(
                "Failover group `{group}` no longer probes `{}`: users may be moved to what does not answer",
                probe.name
            ),
        );
    }
}

/// What is destroyed and cannot be made again, copies and locks.
fn data<'a>(changes: impl Iterator<Item = &'a Change>, found: &mut Found) {
    for change in changes.filter(|change| change.presence == Presence::Permanent) {
        let kind = kinds::find(change.address.kind());
        let is = |of: fn(&kinds::Kind) -> bool| kind.is_some_and(of);
        let address = &change.address;
        let done = match change.action {
            Action::Delete => "destroyed",
            Action::Replace(_) => "replaced",
            _ => continue,
        };
        if is(|kind| kind.variants.is_some() || kind.recovery.replicates.is_some_and(|of| !of.image)) {
            found.push(
                "replica",
                format!("`{address}` is {done}: until there is another one, its data is at one site only"),
            );
        } else if change.loses_data {
            found.push(
                "data",
                format!("`{address}` is {done}, and its data with it: nothing that is applied makes it again"),
            );
        } else if is(|kind| kind.guards) && change.action == Action::Delete {
            found.push("lock", format!("`{address}` is {done}: what it guarded can be deleted"));
        }
    }
}

/// What was protected, accepted or kept in place.
fn protection(before: &Stack, after: &Stack, found: &mut Found) {
    for old in before.resources.values().filter(|old| old.prevent_destroy) {
        if after.resources.get(&old.address).is_some_and(|new| !new.prevent_destroy) {
            found.push("lock", format!("`{}` may be destroyed: `prevent_destroy` is gone", old.address));
        }
    }
    for new in &after.accepted {
        if !before.accepted.iter().any(|old| old.rule == new.rule) {
            found.push("accepted", format!("`{}` is accepted and not told any more: {}", new.rule, new.reason));
        }
    }
    let wider = after.residency.iter().filter(|place| !before.residency.contains(place));
    let wider: Vec<&str> = wider.map(String::as_str).collect();
    if !before.residency.is_empty() && (after.residency.is_empty() || !wider.is_empty()) {
        let now =
            if after.residency.is_empty() { "anywhere".to_owned() } else { format!("in {} as well", wider.join(", ")) };
        found.push("residency", format!("Data may be kept {now}, and only in {} before", before.residency.join(", ")));
    }
}
