//! The course of a procedure: the site that users and data leave, and the one they move to.

use std::ops::Deref;
use std::sync::Arc;

use super::users::users_strayed;
use super::verdicts::refuses;
use super::{PreflightCheck, ProcedureInput, in_prose};
use crate::address::Address;
use crate::roles::{FailoverMode, Side};
use crate::shell::quoted;
use crate::stack::Resource;
use crate::state::{ActiveSite, GroupRole, RunKind};

/// From one site of a group to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    /// The site that users and data leave.
    pub(super) leaving: Arc<str>,
    /// The site that they move to.
    pub(super) arriving: Arc<str>,
    /// The sites where users, work or data may be: the one that they leave; in a mixed state every one but the
    /// destination.
    pub(super) left: Vec<Arc<str>>,
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
fn course(question: &ProcedureInput<'_>) -> Result<Course, NoCourse> {
    match question.verb {
        RunKind::Up => up(question),
        RunKind::Down => down(question),
        RunKind::Restore => Ok(in_place(question)),
        RunKind::Drill => Ok(Course::new(
            question,
            Arc::clone(&question.group.from),
            standby(question).unwrap_or_else(|| Arc::clone(question.group.first_standby())),
        )),
    }
}

impl Course {
    fn new(question: &ProcedureInput<'_>, leaving: Arc<str>, arriving: Arc<str>) -> Self {
        let ProcedureInput { group, state, .. } = *question;
        let left = match state.roles.active(&group.name) {
            ActiveSite::Between => group.sites().filter(|site| **site != arriving).cloned().collect(),
            ActiveSite::Home | ActiveSite::Away => vec![Arc::clone(&leaving)],
        };
        let homeward = arriving == group.from;
        Self { leaving, arriving, left, homeward }
    }
}

/// The input of a procedure with its course, on which every check and step depends.
pub(super) struct Question<'a> {
    input: &'a ProcedureInput<'a>,
    /// The course of the procedure; the usual one where it goes nowhere.
    pub(super) course: Course,
}

impl<'a> Question<'a> {
    /// The question, and the reason where the procedure goes nowhere.
    pub(super) fn new(input: &'a ProcedureInput<'a>) -> (Self, Option<NoCourse>) {
        match course(input) {
            Ok(course) => (Self { input, course }, None),
            Err(refusal) => (Self { input, course: nominal(input) }, Some(refusal)),
        }
    }
}

impl<'a> Deref for Question<'a> {
    type Target = ProcedureInput<'a>;

    fn deref(&self) -> &Self::Target {
        self.input
    }
}

/// The usual course, wherever the group is.
fn nominal(question: &ProcedureInput<'_>) -> Course {
    let group = question.group;
    let standby = standby(question).unwrap_or_else(|| Arc::clone(group.first_standby()));
    let home = Arc::clone(&group.from);
    match question.verb {
        RunKind::Up | RunKind::Drill => Course::new(question, home, standby),
        RunKind::Down => Course::new(question, standby, home),
        RunKind::Restore => in_place(question),
    }
}

/// The course of a restore in place: none, at the site of the machine.
fn in_place(question: &ProcedureInput<'_>) -> Course {
    let machine = question.seen.in_place.as_ref().and_then(|order| question.stack.resources.get(&order.machine));
    let site = machine.map_or_else(|| Arc::clone(&question.group.from), |machine| Arc::clone(&machine.site));
    Course { leaving: Arc::clone(&site), arriving: site, left: Vec::new(), homeward: false }
}

/// The requested standby, or the first that is not lost.
fn standby(question: &ProcedureInput<'_>) -> Option<Arc<str>> {
    let usable = |site: &&Arc<str>| question.to.is_none_or(|to| ***site == *to) && !question.is_lost(site);
    question.group.standbys().iter().find(usable).cloned()
}

fn up(question: &ProcedureInput<'_>) -> Result<Course, NoCourse> {
    let group = question.group;
    let role = question.state.roles.groups.get(&*group.name);
    let away = role.filter(|role| role.active == ActiveSite::Away);
    let active = away.map(|role| &*role.site);
    if let Some(course) = away.and_then(|role| catching_up(question, role)) {
        return Ok(course);
    }
    let Some(arriving) = standby(question) else {
        return Err(NoCourse::Refused(nowhere(question, active)));
    };
    if let Some((active, GroupRole { since, run, .. })) = active.zip(role)
        && (*arriving == *active || (question.to.is_none() && !question.is_lost(active)))
    {
        return Err(NoCourse::Idle(format!(
            "{} is failed over already: {active} has been active since {since:.0}, by run {run}",
            group.name
        )));
    }
    // In a mixed state, the recorded site is where the data was last seen.
    let from = role.map(|role| &*role.site).filter(|site| group.has_site(site) && **site != *arriving);
    let leaving = from.map_or_else(|| Arc::clone(&group.from), Arc::from);
    Ok(Course::new(question, leaving, arriving))
}

/// The course that moves to the active standby what an earlier move left behind, or what was led away since.
fn catching_up(question: &ProcedureInput<'_>, role: &GroupRole) -> Option<Course> {
    let group = question.group;
    let is_meant = question.to.is_none_or(|to| *to == *role.site) && !question.is_lost(&role.site);
    let arriving = group.standbys().iter().find(|site| ***site == *role.site && is_meant)?;
    let is_behind = left_something_behind(question, role) || misled(question, arriving).is_some();
    is_behind.then(|| Course::new(question, Arc::clone(&group.from), Arc::clone(arriving)))
}

/// The site of the group to which users are led instead of the one where it is active.
fn misled(question: &ProcedureInput<'_>, active: &str) -> Option<String> {
    users_strayed(question.stack, question.group, &question.seen.observed, active)
}

/// True if the last move of the group left a replica behind or a route unswitched.
fn left_something_behind(question: &ProcedureInput<'_>, role: &GroupRole) -> bool {
    let group = Address::new("failover_group", &question.group.name);
    role.owed.iter().any(|owed| owed.of == group)
}

/// No standby can take over.
fn nowhere(question: &ProcedureInput<'_>, active: Option<&str>) -> PreflightCheck {
    let group = question.group;
    let standbys = group.standbys();
    let lost: Vec<&Arc<str>> = standbys.iter().filter(|site| question.is_lost(site)).collect();
    let what = match lost.as_slice() {
        [] => format!("{} has no standby site that can take over", group.name),
        [lost] if standbys.len() == 1 => format!("{lost} is lost, and it is the only standby site of {}", group.name),
        [lost] => format!("{lost} is lost, and no other standby site of {} was requested", group.name),
        all if all.len() == standbys.len() => {
            format!("all standby sites of {} are lost: {}", group.name, in_prose(all))
        }
        all => format!("{} are lost, and no other standby site of {} was requested", in_prose(all), group.name),
    };
    let help = match active {
        Some(active) if question.is_lost(active) && !question.is_lost(&group.from) => format!(
            "Users and data are at {active}. Move them home to {}: {}.",
            group.from,
            command(question, &format!("down --forced{}", flags(question.lost)))
        ),
        active if question.is_lost(active.unwrap_or(&group.from)) => {
            format!("Every site of {} is lost: wait until one is available again.", group.name)
        }
        _ => format!("{} stays active until a standby site is available again.", active.unwrap_or(&group.from)),
    };
    refuses("destination", what, help)
}

fn down(question: &ProcedureInput<'_>) -> Result<Course, NoCourse> {
    let group = question.group;
    let home = &group.from;
    let users = || misled(question, home).and_then(|site| group.standbys().iter().find(|one| ***one == site).cloned());
    let leaving = match (question.state.roles.groups.get(&*group.name), strayed(question).or_else(users)) {
        // Promoted or switched outside drplan: the role in the state is not where the data or the users are.
        (None | Some(GroupRole { active: ActiveSite::Home, .. }), Some(site)) => site,
        (None, None) => {
            let what = format!("{} is not failed over: {home} is active, as in normal operation", group.name);
            return Err(NoCourse::Idle(what));
        }
        (Some(role @ GroupRole { active: ActiveSite::Home, .. }), None) if left_something_behind(question, role) => {
            Arc::clone(group.first_standby())
        }
        (Some(GroupRole { active: ActiveSite::Home, since, run, .. }), None) => {
            let what = format!(
                "{} is at its home site already: {home} has been active since {since:.0}, by run {run}",
                group.name
            );
            return Err(NoCourse::Idle(what));
        }
        (Some(role), _) if group.standbys().iter().any(|site| **site == *role.site) => Arc::from(role.site.as_str()),
        (Some(_), _) => Arc::clone(group.first_standby()),
    };
    if question.is_lost(home) {
        let what = format!("{home} is lost, and it is the home site that {} would move to", group.name);
        let help = match question.is_lost(&leaving) {
            true => format!("Every site of {} is lost: wait until one is available again.", group.name),
            false => format!("{leaving} stays active until {home} is available again."),
        };
        return Err(NoCourse::Refused(refuses("destination", what, help)));
    }
    Ok(Course::new(question, leaving, Arc::clone(home)))
}

/// The standby site where a replica of the group is observed to be primary.
fn strayed(question: &ProcedureInput<'_>) -> Option<Arc<str>> {
    let ProcedureInput { stack, group, seen, without, .. } = *question;
    let at = |address: &Address| {
        let resource = stack.resources.get(address)?;
        let (promotion, observed) = (resource.kind.promotion?, seen.replicas.get(address)?);
        let writer = stack.with_known(resource, |subject| (promotion.standing)(subject, observed)).writer?;
        let is_home = side_at(question, resource, &group.from) == Some(writer);
        (!is_home).then(|| Arc::from(site_of(question, resource, writer)))
    };
    group.promote.iter().filter(|address| !without.contains(address)).find_map(at)
}

/// The flags that name these sites as lost.
pub(crate) fn flags(lost: &[impl AsRef<str>]) -> String {
    lost.iter().map(|site| format!(" --lost {}", quoted(site.as_ref()))).collect()
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

/// The side of a replica at a site; `None` where it has none there.
pub(super) fn side_at(question: &ProcedureInput<'_>, resource: &Resource, site: &str) -> Option<Side> {
    let location = &question.stack.sites.get(site)?.location;
    match question.stack.ends(resource) {
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
    if let (Side::Target, Some(machine)) = (side, question.stack.stand_in(resource)) {
        return &machine.site;
    }
    let is_there = |site: &&Arc<str>| side_at(question, resource, site) == Some(side);
    group.sites().find(is_there).map_or(
        match side {
            Side::Source => &*group.from,
            Side::Target => &**group.first_standby(),
        },
        |site| &**site,
    )
}
