//! Roles as text and JSON: groups that are failed over, roles that moved without a run, protection debt, and the
//! unfinished run.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{BOLD, Layout, RED, YELLOW, fit, styled};
use crate::plan::{GroupDebt, HeldArgument, MovedGroup, RoleDrift, RoleSummary, owed};
use crate::roles::{FailoverMode, Side};
use crate::shell::quoted;
use crate::stack::CloudName;
use crate::state::{ActiveSite, GroupRole, OpenRun, RecordedDebt, Roles};

/// The sections about roles; none in normal operation.
pub fn sections(roles: &RoleSummary, layout: Layout) -> Vec<String> {
    let RoleSummary { epoch: _, swapped: away, drift, left, owed, open } = roles;
    let mut sections = Vec::new();
    sections.extend(unfinished(open.iter(), layout));
    sections.extend(away.iter().map(|one| swapped(one, layout)));
    sections.extend(moved_by_itself(drift, left, layout));
    sections.extend(debts(owed, layout));
    sections
}

/// The same for scripts, as in the JSON of a plan.
pub fn json(roles: &RoleSummary) -> Json {
    let RoleSummary { epoch, swapped, drift, left, owed, open } = roles;
    let of_group = |one: &MovedGroup| {
        let MovedGroup { group, active, site, since, run, how, accepted } = one;
        json!({
            "group": group, "active": active_word(*active), "site": site, "since": since, "run": run, "how": how,
            "accepted": accepted,
        })
    };
    json!({
        "epoch": epoch,
        "swapped": swapped.iter().map(of_group).collect::<Vec<_>>(),
        "drift": drift,
        "left": left,
        "protection_debt": owed.iter().map(debt_json).collect::<Vec<_>>(),
        "open": open.first(),
        "open_runs": open,
    })
}

/// Protection debt of a group as JSON.
pub fn debt_json(GroupDebt { group, of, what, pays, since }: &GroupDebt) -> Json {
    json!({ "group": group, "of": of, "what": what, "remediation": pays, "since": since })
}

/// The recorded role of a group as JSON.
pub fn role_json(role: &GroupRole) -> Json {
    let GroupRole { active, site, since, run, how, accepted, stores, moved, owed } = role;
    let debt = |RecordedDebt { of, debt, since }: &RecordedDebt| json!({ "of": of, "what": debt.what, "remediation": debt.pays, "since": since });
    json!({
        "active": active_word(*active),
        "site": site,
        "since": since,
        "run": run,
        "how": how,
        "accepted": accepted,
        "stores": stores,
        "moved": moved,
        "protection_debt": owed.iter().map(debt).collect::<Vec<_>>(),
    })
}

/// The name for scripts of the state that a group is in.
pub(super) const fn active_word(active: ActiveSite) -> &'static str {
    match active {
        ActiveSite::Home => "home",
        ActiveSite::Away => "away",
        ActiveSite::Between => "mixed_state",
    }
}

/// The unfinished failover runs, and the commands for each.
fn unfinished<'a>(all: impl Iterator<Item = &'a OpenRun>, layout: Layout) -> Vec<String> {
    let all: Vec<&OpenRun> = all.collect();
    let one = |open: &&OpenRun| {
        let words = format!(
            "The {}. Until it is resumed or aborted, no other command changes the resources that it works on.",
            of_run(open)
        );
        let group = if all.len() > 1 { format!(" --group {}", quoted(&open.group)) } else { String::new() };
        let commands = format!(
            "    Show it: `drplan failover-group status{group}`\n    Resume it: `drplan failover-group resume{group}`\n    \
             Abort it: `drplan failover-group abort{group}`\n"
        );
        format!("{}\n{commands}", styled(YELLOW, &layout.wrap(&words, 0)))
    };
    all.iter().map(one).collect()
}

/// `failover run 1-a (up of web) is unfinished since …`.
pub fn of_run(open: &OpenRun) -> String {
    let OpenRun { run, group, verb, since, leaving: _ } = open;
    format!("failover run {run} ({} of {group}) has been unfinished since {since:.0}", verb.as_str())
}

/// A group that is not at its home site, and the command for failback.
fn swapped(one: &MovedGroup, layout: Layout) -> String {
    let MovedGroup { group, active, site, since, run, how, accepted } = one;
    let by = by(run, *how, accepted.as_deref());
    let (head, words) = match active {
        ActiveSite::Between if accepted.is_some() => (
            format!("Failover group {group} is in a mixed state"),
            format!(
                "traffic and data are on different sites, as recorded at {since:.0}, {by}. {site} is the recorded site. \
                 `drplan failover-group status` shows where each is."
            ),
        ),
        ActiveSite::Between => (
            format!("Failover group {group} is in a mixed state"),
            match how {
                Some(how) => format!(
                    "run {run} ({}) was aborted midway at {since:.0}; traffic and data can be on different sites. {site} \
                     was left active.",
                    how.as_str()
                ),
                None => format!(
                    "the journal of run {run}, which began at {since:.0}, is missing: its mode and its outcome are \
                     unknown. Traffic and data can be on different sites. {site} was active when it began."
                ),
            },
        ),
        ActiveSite::Away | ActiveSite::Home => (
            format!("Failover group {group} is failed over"),
            format!("{site} has been active since {since:.0}, {by}. The plan keeps it so."),
        ),
    };
    let words = layout.wrap(&format!("{head}: {words} To fail back: `drplan failover-group down`."), 0);
    // The head is shorter than a line, so that it is never wrapped.
    words.replacen(&head, &styled(BOLD, &head), 1) + "\n"
}

/// Roles that moved outside drplan, and the two ways to settle them.
pub fn moved_by_itself(drift: &[RoleDrift], left: &[HeldArgument], layout: Layout) -> Option<String> {
    if drift.is_empty() {
        return None;
    }
    let one = |RoleDrift { group, store, from, to }: &RoleDrift| {
        let store = styled(BOLD, store.as_str());
        format!(
            "{} {store}: primary replica at {to}, in state at {from} (failover group {group})\n",
            styled(YELLOW, "  ~")
        )
    };
    let mut text = "Role drift detected: these replicas were promoted outside drplan, at an unknown time.\n".to_owned();
    text.extend(drift.iter().map(one));
    if !left.is_empty() {
        let each: Vec<String> = left.iter().map(|left| format!("{} of {}", left.argument, left.address)).collect();
        let words = format!("Until you choose, drplan leaves unchanged: {}.", each.join(", "));
        text += &format!("    {}\n", layout.wrap(&words, 4));
    }
    text += "  Choose one:\n    Record the roles as they are now: `drplan roles accept`\n";
    let groups: BTreeSet<&str> = drift.iter().map(|drift| drift.group.as_str()).collect();
    let back = |group| format!("    Fail back: `drplan failover-group down --group {}`\n", quoted(group));
    text.extend(groups.into_iter().map(back));
    Some(text)
}

/// Protection debt, each with its remediation.
fn debts(owed: &[GroupDebt], layout: Layout) -> Option<String> {
    let one = |GroupDebt { group: _, of, what, pays, since }: &GroupDebt| {
        let words = layout.wrap(&format!("Since {since:.0}: {what}. Remediation: {pays}."), 4);
        format!("{} {}\n    {}\n", styled(RED, "  !"), styled(BOLD, of.as_str()), words)
    };
    let all: String = owed.iter().map(one).collect();
    (!owed.is_empty())
        .then(|| format!("Protection debt: resources with reduced redundancy or replication right now.\n{all}"))
}

/// The roles in state, for `drplan roles show`.
pub fn recorded(stack: &str, cloud: CloudName, roles: &Roles, layout: Layout) -> String {
    let mut text = format!("{} on {}: role epoch {}\n", styled(BOLD, stack), cloud.as_str(), roles.epoch);
    if roles.groups.is_empty() {
        text += "No run has moved a role: every failover group is at its home site.\n";
    }
    for (name, role) in &roles.groups {
        let GroupRole { active, site, since, run, how, accepted, stores, moved: _, owed: _ } = role;
        text += &match active {
            ActiveSite::Home => {
                let by = by(run, *how, accepted.as_deref());
                let words = format!(
                    "Failover group {name} is at its home site: {site} has been active since {since:.0}, {by}."
                );
                layout.wrap(&words, 0) + "\n"
            }
            ActiveSite::Away | ActiveSite::Between => swapped(
                &MovedGroup {
                    group: name.clone(),
                    active: *active,
                    site: site.clone(),
                    since: *since,
                    run: run.clone(),
                    how: *how,
                    accepted: accepted.clone(),
                },
                layout,
            ),
        };
        for (store, side) in stores {
            let at = match (active, side) {
                (ActiveSite::Home, Side::Source) | (ActiveSite::Away, Side::Target) => site.as_str(),
                (_, Side::Source) => "the site that the group fails over from",
                (_, Side::Target) => "the site that the group fails over to",
            };
            text += &format!("    {store}: primary replica at {at}\n");
        }
    }
    let sections = unfinished(roles.open.values(), layout).into_iter().chain(debts(&owed(roles), layout));
    fit(&sections.fold(text, |text, section| format!("{text}\n{section}")), layout.width)
}

/// The run that moved a role and how, or the user who accepted it.
pub(super) fn by(run: &str, how: Option<FailoverMode>, accepted: Option<&str>) -> String {
    match (accepted, how) {
        (Some(by), _) => format!("accepted by {by} in run {run}; it moved outside drplan"),
        (None, Some(how)) => format!("by {} run {run}", how.as_str()),
        (None, None) => format!("by run {run}, whose journal is missing"),
    }
}
