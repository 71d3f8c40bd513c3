//! The course of a procedure: the site that users and data leave, and the one they move to.

use std::sync::Arc;

use super::guards::refuses;
use super::{PreflightCheck, ProcedureInput};
use crate::kinds::{FailoverMode, Side};
use crate::shell::quoted;
use crate::stack::{Resource, Stack};
use crate::state::{ActiveSite, GroupRole, RunKind};

/// From one site of a group to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    /// The site that users and data leave.
    pub(super) leaving: Arc<str>,
    /// The site that they move to.
    pub(super) arriving: Arc<str>,
    /// True for a move to the group's home site.
    pub(super) homeward: bool,
}

/// The reason why a group goes nowhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NoCourse {
    /// It is there already.
    Idle(String),
    /// The site that it would move to cannot take over.
    Refused(PreflightCheck),
}

/// The course of a procedure, from the site where the group is active.
pub(super) fn course(question: &ProcedureInput<'_>) -> Result<Course, NoCourse> {
    match question.verb {
        RunKind::Up => up(question),
        RunKind::Down => down(question),
        RunKind::Drill => Ok(Course {
            leaving: Arc::clone(&question.group.from),
            arriving: standby(question).unwrap_or_else(|| Arc::clone(question.group.first_standby())),
            homeward: false,
        }),
    }
}

impl Course {
    /// The course of a procedure; the usual one where it goes nowhere.
    pub(super) fn of(question: &ProcedureInput<'_>) -> Self {
        course(question).unwrap_or_else(|_| nominal(question))
    }
}

/// The usual course, wherever the group is.
fn nominal(question: &ProcedureInput<'_>) -> Course {
    let group = question.group;
    let standby = standby(question).unwrap_or_else(|| Arc::clone(group.first_standby()));
    let home = Arc::clone(&group.from);
    match question.verb {
        RunKind::Up | RunKind::Drill => Course { leaving: home, arriving: standby, homeward: false },
        RunKind::Down => Course { leaving: standby, arriving: home, homeward: true },
    }
}

/// The requested standby, or the first that is not lost.
fn standby(question: &ProcedureInput<'_>) -> Option<Arc<str>> {
    let usable = |site: &&Arc<str>| question.to.is_none_or(|to| ***site == *to) && question.lost != Some(&***site);
    question.group.standbys().iter().find(usable).cloned()
}

fn up(question: &ProcedureInput<'_>) -> Result<Course, NoCourse> {
    let group = question.group;
    let role = question.state.roles.groups.get(&*group.name);
    let active = role.filter(|role| role.active == ActiveSite::Away).map(|role| &*role.site);
    let is_lost = |site: &str| question.lost == Some(site);
    let Some(arriving) = standby(question) else {
        return Err(NoCourse::Refused(nowhere(question, active)));
    };
    if let Some((active, GroupRole { since, run, .. })) = active.zip(role)
        && (*arriving == *active || (question.to.is_none() && !is_lost(active)))
    {
        return Err(NoCourse::Idle(format!(
            "{} is failed over already: {active} has been active since {since:.0}, by run {run}",
            group.name
        )));
    }
    let leaving = active.map_or_else(|| Arc::clone(&group.from), Arc::from);
    Ok(Course { leaving, arriving, homeward: false })
}

/// No standby can take over.
fn nowhere(question: &ProcedureInput<'_>, active: Option<&str>) -> PreflightCheck {
    let group = question.group;
    let what = match question.lost {
        Some(lost) if group.standbys().len() == 1 => {
            format!("{lost} is lost, and it is the only standby site of {}", group.name)
        }
        Some(lost) => format!("{lost} is lost, and no other standby site of {} was requested", group.name),
        None => format!("{} has no standby site that can take over", group.name),
    };
    let help = match (active, question.lost) {
        (Some(active), Some(lost)) if active == lost => format!(
            "Users and data are at {lost}. Move them home to {}: {}.",
            group.from,
            command(question, &format!("down --forced --lost {}", quoted(lost)))
        ),
        _ => format!("{} stays active until a standby site is available again.", active.unwrap_or(&group.from)),
    };
    refuses("destination", what, help)
}

fn down(question: &ProcedureInput<'_>) -> Result<Course, NoCourse> {
    let group = question.group;
    let home = &group.from;
    let leaving = match question.state.roles.groups.get(&*group.name) {
        None => {
            let what = format!("{} is not failed over: {home} is active, as in normal operation", group.name);
            return Err(NoCourse::Idle(what));
        }
        Some(GroupRole { active: ActiveSite::Home, since, run, .. }) => {
            let what = format!(
                "{} is at its home site already: {home} has been active since {since:.0}, by run {run}",
                group.name
            );
            return Err(NoCourse::Idle(what));
        }
        Some(role) if group.standbys().iter().any(|site| **site == *role.site) => Arc::from(role.site.as_str()),
        Some(_) => Arc::clone(group.first_standby()),
    };
    if question.lost == Some(&**home) {
        let what = format!("{home} is lost, and it is the home site that {} would move to", group.name);
        let help = format!("{leaving} stays active until {home} is available again.");
        return Err(NoCourse::Refused(refuses("destination", what, help)));
    }
    Ok(Course { leaving, arriving: Arc::clone(home), homeward: true })
}

/// A `failover-group` command on this group, between backticks. A stack with several groups must name it.
pub(super) fn command(question: &ProcedureInput<'_>, words: &str) -> String {
    let group = match question.stack.failover_groups.len() {
        0 | 1 => String::new(),
        _ => format!(" --group {}", quoted(&question.group.name)),
    };
    format!("`drplan failover-group {words}{group}`")
}

/// True for a forced run.
pub(super) fn is_forced(question: &ProcedureInput<'_>) -> bool {
    question.how == FailoverMode::Forced
}

/// True for a planned move home, which waits until home has caught up.
pub(super) fn waits(question: &ProcedureInput<'_>) -> bool {
    question.verb == RunKind::Down && !is_forced(question)
}

/// The source and target regions of a replica.
pub(super) fn ends(stack: &Stack, resource: &Resource) -> Option<(String, String)> {
    let replicates = resource.kind.recovery.replicates?;
    let region = |argument: &str| {
        let text = resource.args.get(argument)?.as_str()?.to_owned();
        let of = stack.by_id(&crate::address::ArmId::new(text.as_str())).map(|other| other.location.clone());
        Some(of.unwrap_or(text))
    };
    Some((region(replicates.from)?, region(replicates.to)?))
}

/// The side of a replica at a site; `None` where it has none there.
pub(super) fn side_at(question: &ProcedureInput<'_>, resource: &Resource, site: &str) -> Option<Side> {
    let location = &question.stack.sites.get(site)?.location;
    match ends(question.stack, resource) {
        Some((source, _)) if source.eq_ignore_ascii_case(location) => Some(Side::Source),
        Some((_, target)) if target.eq_ignore_ascii_case(location) => Some(Side::Target),
        Some(_) => None,
        None if *site == *question.group.from => Some(Side::Source),
        None => Some(Side::Target),
    }
}

/// The site of a side of a replica: a site of the group, where one is in that region.
pub(super) fn site_of<'a>(question: &ProcedureInput<'a>, resource: &Resource, side: Side) -> &'a str {
    let group = question.group;
    let is_there = |site: &&Arc<str>| side_at(question, resource, site) == Some(side);
    group.sites().find(is_there).map_or(
        match side {
            Side::Source => &*group.from,
            Side::Target => &**group.first_standby(),
        },
        |site| &**site,
    )
}
