//! Roles as text: what a run has swapped, what moved without one, what is owed, and which run is not finished.

use super::{BOLD, RED, YELLOW, hang, styled, wrap};
use crate::kinds::{How, Side};
use crate::plan::{GroupDebt, Left, RoleDrift, RolesSeen, Swapped, owed};
use crate::stack::CloudName;
use crate::state::{Active, GroupRole, OpenRun, Roles};

/// The width of sentences.
const WIDTH: usize = 94;

/// The sections about roles; none on an ordinary day.
pub fn sections(roles: &RolesSeen) -> Vec<String> {
    let RolesSeen { epoch: _, swapped: away, drift, left, owed, open } = roles;
    let mut sections = Vec::new();
    sections.extend(open.as_ref().map(unfinished));
    sections.extend(away.iter().map(swapped));
    sections.extend(moved_by_itself(drift, left));
    sections.extend(debts(owed));
    sections
}

/// The failover run that is not finished, and what can be done about it.
fn unfinished(open: &OpenRun) -> String {
    let words = format!("The {}: nothing else changes the cloud until it is.", of_run(open));
    let commands = "    drplan failover-group status    look at it\n    drplan failover-group resume    go on with it\n    \
                    drplan failover-group abort     give it up\n";
    format!("{}\n{commands}", styled(YELLOW, &wrap(&words, WIDTH)))
}

/// `failover run 1-a (up of web) is not finished; it began at …`.
pub fn of_run(open: &OpenRun) -> String {
    let OpenRun { run, group, verb, since } = open;
    format!("failover run {run} ({} of {group}) is not finished; it began at {since:.0}", verb.as_str())
}

/// A group that is not at home, and what brings it back.
fn swapped(one: &Swapped) -> String {
    let Swapped { group, active, site, since, run, how, accepted } = one;
    let by = by(run, *how, accepted.as_deref());
    let (head, words) = match active {
        Active::Between => (
            format!("Roles of failover group {group} are in between"),
            format!("a run was given up on the way, and {site} was left active at {since:.0}, {by}."),
        ),
        Active::Away | Active::Home => (
            format!("Roles of failover group {group} are swapped"),
            format!("{site} is active since {since:.0}, {by}. That is expected, and nothing is planned against it."),
        ),
    };
    let words = wrap(&format!("{head}: {words} `drplan failover-group down` brings it back."), WIDTH);
    // The head is what matters, and never as long as a line.
    words.replacen(&head, &styled(BOLD, &head), 1) + "\n"
}

/// The roles that no run has moved, and the two ways to settle it.
pub fn moved_by_itself(drift: &[RoleDrift], left: &[Left]) -> Option<String> {
    if drift.is_empty() {
        return None;
    }
    let one = |RoleDrift { group, store, from, to }: &RoleDrift| {
        let store = styled(BOLD, store.as_str());
        format!(
            "{} {store} takes writes at {to}, and is recorded at {from} (failover group {group})\n",
            styled(YELLOW, "  ~")
        )
    };
    let mut text = "Role drift: no run moved these roles, and since when they are so is not known.\n".to_owned();
    text.extend(drift.iter().map(one));
    if !left.is_empty() {
        let each: Vec<String> = left.iter().map(|left| format!("{} of {}", left.argument, left.address)).collect();
        let words =
            format!("The stack says otherwise of {}; that is left as it is until this is settled.", each.join(", "));
        text += &format!("    {}\n", hang(&wrap(&words, WIDTH - 4), 4));
    }
    Some(
        text + "  It can be settled in two ways:\n    drplan roles accept             records the roles as they are\n    \
                drplan failover-group down      brings them back\n",
    )
}

/// What is owed, each with what pays it.
fn debts(owed: &[GroupDebt]) -> Option<String> {
    let one = |GroupDebt { group: _, of, what, pays, since }: &GroupDebt| {
        let words = wrap(&format!("Since {since:.0}: {what}. What pays it back: {pays}."), WIDTH - 4);
        format!("{} {}\n    {}\n", styled(RED, "  !"), styled(BOLD, of.as_str()), hang(&words, 4))
    };
    let all: String = owed.iter().map(one).collect();
    (!owed.is_empty()).then(|| format!("Protection debt: what is not protected as it should be right now.\n{all}"))
}

/// What is recorded of roles, by `drplan roles show`.
pub fn recorded(stack: &str, cloud: CloudName, roles: &Roles) -> String {
    let mut text = format!("{} on {}: role epoch {}\n", styled(BOLD, stack), cloud.as_str(), roles.epoch);
    if roles.groups.is_empty() {
        text += "No run has moved a role: every failover group is at home.\n";
    }
    for (name, role) in &roles.groups {
        let GroupRole { active, site, since, run, how, accepted, stores, moved: _, owed: _ } = role;
        text += &match active {
            Active::Home => {
                let by = by(run, *how, accepted.as_deref());
                wrap(&format!("Failover group {name} is at home: {site} is active since {since:.0}, {by}."), WIDTH)
                    + "\n"
            }
            Active::Away | Active::Between => swapped(&Swapped {
                group: name.clone(),
                active: *active,
                site: site.clone(),
                since: *since,
                run: run.clone(),
                how: *how,
                accepted: accepted.clone(),
            }),
        };
        for (store, side) in stores {
            let side = match side {
                Side::Source => "its source takes writes",
                Side::Target => "its copy takes writes",
            };
            text += &format!("    {store}: {side}\n");
        }
    }
    let sections = roles.open.as_ref().map(unfinished).into_iter().chain(debts(&owed(roles)));
    sections.fold(text, |text, section| format!("{text}\n{section}"))
}

/// Which run moved a role, and how; or who accepted it.
fn by(run: &str, how: How, accepted: Option<&str>) -> String {
    match (accepted, how) {
        (Some(by), _) => format!("as {by} accepted in run {run}; no run moved it"),
        (None, How::Planned) => format!("by run {run} (planned)"),
        (None, How::Forced) => format!("by run {run} (forced)"),
    }
}
