//! `up --all` and `down --all`: every failover group that the request concerns, shown in one view and confirmed once,
//! then moved one after the other, each with a run of its own.

use std::collections::BTreeMap;

use super::begin::carry_out as carry_out_one;
use super::choice::{is_part, parts_exist};
use super::prepare::{evaluate, prepare};
use super::request::ProcedureRequest;
use super::{ExitCode, Failure, Global, ReviewFormat, RunOptions, Session};
use crate::address::Address;
use crate::cli::again::again;
use crate::cli::cloud::with_cloud;
use crate::cli::confirm::{Named, confirm_name};
use crate::cli::explain;
use crate::cli::loading::load;
use crate::cli::planning::store_of;
use crate::failover::Procedure;
use crate::graph;
use crate::roles::FailoverMode;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{ActiveSite, Roles, RunKind};
use crate::view::{self, table};
use crate::world::Store;

/// Carries the request out for every group that it concerns. A group that fails or is refused stops only the groups
/// that depend on it.
pub fn carry_out(errand: &ProcedureRequest<'_>, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(errand.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let Some(state) = store.load()? else {
        let what = format!("{} has no state on {}: it was never applied there", loaded.program.name(), cloud.as_str());
        let apply = again("apply", errand.stack, global);
        return Err(Failure::refused(what).help(format!("Apply it first: `{apply}`")));
    };
    let stack = evaluate(&loaded, &state, session)?;
    let mut concerned = Vec::new();
    for group in stack.failover_groups.values() {
        let lost = errand.named_sites(group, &stack)?;
        if concerns(&ProcedureRequest { lost: &lost, ..*errand }, group, &state.roles) {
            concerned.push(group);
        }
    }
    let groups = in_order(concerned, errand.verb);
    if groups.is_empty() {
        return Err(nothing(errand, &stack, global));
    }
    parts_exist(errand.without, &groups)?;
    let mut moves = GroupMoves::default();
    if errand.common.format == ReviewFormat::Text {
        let mut procedures: Vec<Procedure> = Vec::new();
        for group in &groups {
            let common = of_group(errand, group);
            let without = left_out(errand, group);
            let lost = errand.lost_sites(group, &stack)?;
            let one = ProcedureRequest { common: &common, without: &without, lost: &lost, ..*errand };
            let prepared = with_cloud(&loaded.account, global, session, async |reached, session| {
                prepare(&one, &group.name, &loaded, &store, &reached, global, session).await
            });
            match prepared {
                Ok(prepared) => {
                    let procedure = prepared.procedure;
                    if let Some(exit) = ended(&procedure) {
                        moves.results.insert(group.name.to_string(), exit);
                    }
                    procedures.push(procedure);
                }
                Err(failure) => moves.failed(group, &failure, session),
            }
        }
        let layout = session.layout(global);
        session.print(&view::procedure::overview(&procedures, cloud, layout))?;
        if errand.common.dry_run {
            return Ok(moves.worst());
        }
        let left: Vec<&str> =
            groups.iter().map(|group| &*group.name).filter(|name| !moves.results.contains_key(*name)).collect();
        if !left.is_empty() && !errand.common.yes {
            let what = format!("This moves {} of {} on {}.", left.join(", "), stack.name, cloud.as_str());
            let again = again(&format!("{} --all", errand.command()), errand.stack, global);
            confirm_name(&what, Named::Stack(&stack.name), &again, global, session)?;
        }
    }
    for (number, group) in (1..).zip(&groups) {
        if moves.results.contains_key(&*group.name) {
            continue;
        }
        session.say(&format!("\nFailover group {} ({number} of {})\n\n", group.name, groups.len()));
        if let Some(before) = moves.blocking(group, &groups, errand.verb) {
            session.say(&format!("Not moved: it depends on {before}, which did not move.\n"));
            moves.results.insert(group.name.to_string(), ExitCode::Refused);
            continue;
        }
        let is_text = errand.common.format == ReviewFormat::Text;
        let common = RunOptions { yes: errand.common.yes || is_text, ..of_group(errand, group) };
        let without = left_out(errand, group);
        let one = ProcedureRequest { common: &common, is_shown: is_text, without: &without, ..*errand };
        match carry_out_one(&one, global, session) {
            Ok(exit) => drop(moves.results.insert(group.name.to_string(), exit)),
            Err(failure) => moves.failed(group, &failure, session),
        }
    }
    let mut rows = vec![["group", "result"].map(str::to_owned).to_vec()];
    rows.extend(groups.iter().filter_map(|group| {
        let exit = moves.results.get(&*group.name)?;
        Some(vec![group.name.to_string(), word(*exit, errand.common.dry_run).to_owned()])
    }));
    session.say(&format!("\n{}", table(&rows, 2, session.width())));
    Ok(moves.worst())
}

/// The results of the groups, by name.
#[derive(Default)]
struct GroupMoves {
    results: BTreeMap<String, ExitCode>,
}

impl GroupMoves {
    fn failed(&mut self, group: &FailoverGroup, failure: &Failure, session: &mut Session) {
        explain(failure, session);
        self.results.insert(group.name.to_string(), failure.exit());
    }

    fn worst(&self) -> ExitCode {
        self.results.values().copied().max_by_key(|exit| rank(*exit)).unwrap_or(ExitCode::Done)
    }

    /// The group that had to move before this one and did not.
    fn blocking(&self, group: &FailoverGroup, all: &[&FailoverGroup], verb: RunKind) -> Option<String> {
        let before = all.iter().filter(|other| waits(group, other, verb));
        let did_not = |other: &&&FailoverGroup| {
            self.results.get(&*other.name).is_some_and(|exit| !matches!(exit, ExitCode::Done))
        };
        before.filter(did_not).map(|other| other.name.to_string()).next()
    }
}

/// The parts of a group that the request leaves out.
fn left_out(errand: &ProcedureRequest<'_>, group: &FailoverGroup) -> Vec<Address> {
    errand.without.iter().filter(|address| is_part(group, address)).cloned().collect()
}

/// The flags for one group.
fn of_group(errand: &ProcedureRequest<'_>, group: &FailoverGroup) -> RunOptions {
    RunOptions { group: Some(group.name.to_string()), ..errand.common.clone() }
}

/// The result of a group that does not move: nothing to do, or refused.
fn ended(procedure: &Procedure) -> Option<ExitCode> {
    match (&procedure.idle, procedure.is_refused()) {
        (Some(_), _) => Some(ExitCode::Done),
        (None, true) => Some(ExitCode::Refused),
        (None, false) => None,
    }
}

/// True for a group that moves after another: away from home after those it depends on, home before them.
fn waits(group: &FailoverGroup, other: &FailoverGroup, verb: RunKind) -> bool {
    match verb {
        RunKind::Down => other.after.contains(&group.name),
        RunKind::Up | RunKind::Drill | RunKind::Restore => group.after.contains(&other.name),
    }
}

/// The groups in the order in which they move; among the possible orders the one closest to the text.
fn in_order(groups: Vec<&FailoverGroup>, verb: RunKind) -> Vec<&FailoverGroup> {
    let needs = |group: &&FailoverGroup| -> Vec<usize> {
        let is_first = |(at, other): (usize, &&FailoverGroup)| waits(group, other, verb).then_some(at);
        groups.iter().enumerate().filter_map(is_first).collect()
    };
    let needs: Vec<Vec<usize>> = groups.iter().map(needs).collect();
    match graph::order(&needs) {
        Ok(order) => order.into_iter().filter_map(|at| groups.get(at).copied()).collect(),
        // A cycle is an error of the stack, which is never moved.
        Err(_) => groups,
    }
}

fn nothing(errand: &ProcedureRequest<'_>, stack: &Stack, global: &Global) -> Failure {
    let what = match errand.lost {
        [] => format!("no failover group of {} can move; nothing was changed", stack.name),
        lost => {
            format!("no failover group of {} is active at {}; nothing was changed", stack.name, lost.join(" or "))
        }
    };
    let status = again("failover-group status", errand.stack, global);
    Failure::refused(what).help(format!("Show the active sites: `{status}`"))
}

/// True for a group that is active at the lost site; for a planned move, for one that is not where it would move to.
fn concerns(errand: &ProcedureRequest<'_>, group: &FailoverGroup, roles: &Roles) -> bool {
    let role = roles.groups.get(&*group.name);
    let at = role.filter(|role| role.active != ActiveSite::Home).map_or(&*group.from, |role| role.site.as_str());
    match (errand.how, errand.verb) {
        (FailoverMode::Forced, _) => errand.lost.iter().any(|lost| lost == at),
        (_, RunKind::Down) => roles.active(&group.name) != ActiveSite::Home,
        (_, RunKind::Up | RunKind::Drill | RunKind::Restore) => roles.active(&group.name) != ActiveSite::Away,
    }
}

/// The result of a group in one word.
const fn word(exit: ExitCode, dry_run: bool) -> &'static str {
    match exit {
        ExitCode::Done if dry_run => "can move",
        ExitCode::Done => "done",
        ExitCode::Failed | ExitCode::Changes | ExitCode::StackWrong => "failed",
        ExitCode::Refused => "refused",
        ExitCode::Stopped => "stopped, can be resumed",
    }
}

/// The order of results, the best first.
const fn rank(exit: ExitCode) -> u8 {
    match exit {
        ExitCode::Done => 0,
        ExitCode::Changes => 1,
        ExitCode::Stopped => 2,
        ExitCode::Refused => 3,
        ExitCode::Failed => 4,
        ExitCode::StackWrong => 5,
    }
}
