//! The next commands: each follows from the standing, and is complete.

use std::collections::BTreeSet;

use super::read::{Snapshot, StatusSource};
use crate::cli::again::{again, quoted};
use crate::failover::{GroupStanding, flags};
use crate::roles::{FailoverMode, Health};
use crate::state::{ActiveSite, RunKind};
use crate::steps::Timeline;
use crate::view::standing::{NextAction, SiteAnswer, StackStanding};

/// The next actions for these groups.
pub(super) fn actions(source: &StatusSource<'_>, snapshot: &Snapshot, standing: &StackStanding) -> Vec<NextAction> {
    let silent = |site: &str| is_silent(standing, site);
    let mut actions = Vec::new();
    let sites = standing.sites.iter().map(|site| site.site.as_str()).filter(|site| silent(site));
    for site in sites {
        actions.extend(without(source, snapshot, standing, site));
    }
    for group in &standing.groups {
        let name = &group.group;
        let is_open = snapshot.runs.iter().any(|open| open.run.undertaking.group == *name);
        if is_open || silent(&group.active) {
            continue;
        }
        let command =
            |words: &str| Some(again(&source.words(words, name, snapshot), &source.args.stack, source.global));
        let is_home = group.active == group.home;
        if group.is_mixed {
            actions.extend(out_of_mixed(group, |site| is_silent(standing, site), command));
        } else if !group.may_be_led() {
            let other = group.standbys.iter().chain([&group.home]).find(|site| **site != group.active && silent(site));
            let once = other.map(|site| format!(", once {site} responds again")).unwrap_or_default();
            let move_there = match is_home {
                true => "down".to_owned(),
                false => format!("up --planned --to {}", quoted(&group.active)),
            };
            actions.push(NextAction {
                why: format!("To switch the traffic of {name} to {}{once}:", group.active),
                command: command(&move_there),
            });
        } else if !group.may_be_served() {
            let planned = if is_home { "up --planned" } else { "down" };
            actions.push(NextAction {
                why: format!(
                    "Users of {name} are not served, although {} responds: check the application there. To move {name} \
                     without data loss:",
                    group.active
                ),
                command: command(planned),
            });
        } else if !is_home {
            let why = match silent(&group.home) {
                true => format!("To move {name} home once {} responds again:", group.home),
                false => format!("To move {name} home to {}:", group.home),
            };
            actions.push(NextAction { why, command: command("down") });
        }
    }
    actions.extend(lagging(standing));
    actions
}

/// The moves that end a mixed state: first the one to the site of the data, which moves users only.
fn out_of_mixed(
    group: &GroupStanding,
    silent: impl Fn(&str) -> bool,
    command: impl Fn(&str) -> Option<String>,
) -> Vec<NextAction> {
    let name = &group.group;
    let data: BTreeSet<&str> = group.replicas.iter().filter_map(|replica| replica.primary.as_deref()).collect();
    let is_only = |site: &str| data.len() == 1 && data.contains(site);
    let standby = group.standbys.iter().find(|site| is_only(site) && !silent(site));
    let to_data = standby.map(|site| NextAction {
        why: format!("To end the mixed state of {name} at {site}, where its data is:"),
        command: command(&format!("up --planned --to {}", quoted(site))),
    });
    let home = (!silent(&group.home)).then(|| NextAction {
        why: match is_only(&group.home) {
            true => format!("To end the mixed state of {name} at {}, where its data is:", group.home),
            false => format!("To end the mixed state of {name}, move users and data to {}:", group.home),
        },
        command: command("down"),
    });
    to_data.into_iter().chain(home).collect()
}

/// True for a site that was read and does not respond.
fn is_silent(standing: &StackStanding, site: &str) -> bool {
    standing.sites.iter().any(|one| one.site == site && matches!(one.answer, SiteAnswer::Silent(_)))
}

/// Replicas that lag behind the RPO: no command of drplan helps.
fn lagging(standing: &StackStanding) -> Option<NextAction> {
    let rpo = standing.rpo?;
    let late = standing.groups.iter().flat_map(|group| &group.replicas);
    let late = late.filter(|one| one.health == Health::Following && one.lag.is_some_and(|lag| lag > rpo)).count();
    (late > 0).then(|| NextAction {
        why:
            "A forced failover now would lose more data than the RPO allows. Check the load of the primary replica and \
              the size of its secondary; a planned failover waits until all writes are replicated."
                .to_owned(),
        command: None,
    })
}

/// The commands that move the groups which a lost site concerns. Several groups without a run move with one command.
fn without(source: &StatusSource<'_>, snapshot: &Snapshot, standing: &StackStanding, site: &str) -> Vec<NextAction> {
    let silent = |site: &str| is_silent(standing, site);
    let concerned: Vec<&String> = standing.names.iter().filter(|group| concerns(snapshot, group, site)).collect();
    let open = |group: &str| snapshot.runs.iter().map(|open| &open.run).find(|run| run.undertaking.group == *group);
    let (idle, running): (Vec<&String>, Vec<&String>) = concerned.into_iter().partition(|group| open(group).is_none());
    let mut actions = Vec::new();
    for verb in [RunKind::Up, RunKind::Down] {
        let of_verb: Vec<&&String> = idle.iter().filter(|group| verb_of(snapshot, group, site) == Some(verb)).collect();
        let (why, command) = match of_verb.as_slice() {
            [] => continue,
            [group] => {
                (format!("If {site} is lost, move {group} without it:"), forced(source, snapshot, group, site, silent))
            }
            all => {
                let words = format!("failover-group {} --all --forced --lost {}", verb.as_str(), quoted(site));
                (
                    format!("If {site} is lost, move the {} groups that are active there without it:", all.len()),
                    Some(again(&words, &source.args.stack, source.global)),
                )
            }
        };
        actions.push(NextAction { why, command });
    }
    for group in running {
        let run = open(group).map(|run| run.started.run.as_str()).unwrap_or_default();
        actions.push(NextAction {
            why: format!("If {site} is lost, move {group} without it, which takes over run {run}:"),
            command: forced(source, snapshot, group, site, silent),
        });
    }
    actions
}

/// True for a group that is active at this site, or has an unfinished run that needs it.
fn concerns(snapshot: &Snapshot, group: &str, site: &str) -> bool {
    let run = snapshot.runs.iter().map(|open| &open.run).find(|run| run.undertaking.group == *group);
    if run.is_some_and(|run| is_abandoned(run, site)) {
        return false;
    }
    let role = snapshot.state.roles.groups.get(group).filter(|role| role.active != ActiveSite::Home);
    let active = role.map(|role| role.site.as_str()).or_else(|| home(snapshot, group));
    // Users and data of a group in a mixed state may be at any of its sites.
    let is_mixed = role.is_some_and(|role| role.active == ActiveSite::Between);
    active == Some(site) || is_mixed || run.is_some_and(|run| run.undertaking.regions.contains_key(site))
}

/// True where a run goes on without this site already.
pub(super) fn is_abandoned(run: &Timeline, site: &str) -> bool {
    let spec = &run.undertaking;
    spec.how == FailoverMode::Forced && spec.lost.iter().any(|lost| lost == site) && run.unwinds.is_none()
}

/// The home site of a group: that of the stack, or of its unfinished run.
fn home<'s>(snapshot: &'s Snapshot, group: &str) -> Option<&'s str> {
    let of_stack = snapshot.stack.as_ref().ok().and_then(|stack| stack.failover_groups.get(group));
    of_stack.map(|group| &*group.from).or_else(|| {
        let spec = snapshot.runs.iter().map(|open| &open.run.undertaking).find(|spec| spec.group == *group)?;
        Some(if spec.verb == RunKind::Down { &spec.arriving } else { &spec.leaving })
    })
}

/// The verb that moves a group away from a lost site.
fn verb_of(snapshot: &Snapshot, group: &str, site: &str) -> Option<RunKind> {
    home(snapshot, group).map(|home| if home == site { RunKind::Up } else { RunKind::Down })
}

/// The command that moves a group without a lost site. What an unfinished run abandons already stays lost while it is
/// `silent`.
pub(super) fn forced(
    source: &StatusSource<'_>,
    snapshot: &Snapshot,
    group: &str,
    site: &str,
    silent: impl Fn(&str) -> bool,
) -> Option<String> {
    let run = snapshot.runs.iter().map(|open| &open.run).find(|run| run.undertaking.group == *group);
    let known = run.into_iter().flat_map(|run| &run.undertaking.lost).map(String::as_str);
    let lost: Vec<&str> = known.filter(|lost| *lost != site && silent(lost)).chain([site]).collect();
    let verb = lost.iter().find_map(|lost| verb_of(snapshot, group, lost).filter(|verb| *verb == RunKind::Up));
    let verb = verb.or_else(|| verb_of(snapshot, group, site))?.as_str();
    let words = source.words(&format!("{verb} --forced{}", flags(&lost)), group, snapshot);
    // A new run needs the values of variables.
    Some(again(&words, &source.args.stack, source.global))
}
