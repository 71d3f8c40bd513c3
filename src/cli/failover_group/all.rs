//! `up --all` and `down --all`: every failover group that the request concerns, one after the other, each with a run of
//! its own.

use super::prepare::{ProcedureRequest, carry_out as carry_out_one, evaluate};
use super::{ExitCode, Failure, Global, RunOptions, Session};
use crate::cli::again::again;
use crate::cli::explain;
use crate::cli::loading::load;
use crate::cli::planning::store_of;
use crate::kinds::FailoverMode;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{ActiveSite, Roles, RunKind};
use crate::view::table;
use crate::world::Store;

/// Carries the request out for every group that it concerns. A group that fails or is refused does not stop the others.
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
    let concerned = stack.failover_groups.values().filter(|group| concerns(errand, group, &state.roles));
    let groups: Vec<String> = concerned.map(|group| group.name.to_string()).collect();
    if groups.is_empty() {
        return Err(nothing(errand, &stack, global));
    }
    let mut rows = vec![["group", "result"].map(str::to_owned).to_vec()];
    let mut worst = ExitCode::Done;
    for (number, group) in (1..).zip(&groups) {
        session.say(&format!("\nFailover group {group} ({number} of {})\n\n", groups.len()));
        let common = RunOptions { group: Some(group.clone()), ..errand.common.clone() };
        let exit = match carry_out_one(&ProcedureRequest { common: &common, ..*errand }, global, session) {
            Ok(exit) => exit,
            Err(failure) => {
                explain(&failure, session);
                failure.exit()
            }
        };
        rows.push(vec![group.clone(), word(exit, errand.common.dry_run).to_owned()]);
        worst = if rank(exit) > rank(worst) { exit } else { worst };
    }
    session.say(&format!("\n{}", table(&rows, 2, session.width())));
    Ok(worst)
}

fn nothing(errand: &ProcedureRequest<'_>, stack: &Stack, global: &Global) -> Failure {
    let what = match errand.lost {
        Some(lost) => format!("no failover group of {} is active at {lost}; nothing was changed", stack.name),
        None => format!("no failover group of {} can move; nothing was changed", stack.name),
    };
    let status = again("failover-group status", errand.stack, global);
    Failure::refused(what).help(format!("Show the active sites: `{status}`"))
}

/// True for a group that is active at the lost site; for a planned move, for one that is not where it would move to.
fn concerns(errand: &ProcedureRequest<'_>, group: &FailoverGroup, roles: &Roles) -> bool {
    let role = roles.groups.get(&*group.name);
    let at = role.filter(|role| role.active != ActiveSite::Home).map_or(&*group.from, |role| role.site.as_str());
    match (errand.how, errand.lost, errand.verb) {
        (FailoverMode::Forced, Some(lost), _) => at == lost,
        (_, _, RunKind::Down) => roles.active(&group.name) != ActiveSite::Home,
        (_, _, RunKind::Up | RunKind::Drill) => roles.active(&group.name) != ActiveSite::Away,
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
