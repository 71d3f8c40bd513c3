//! Search over the commands that drplan itself offers: from a situation, a sequence of offered commands leads out.
//!
//! Offers are those of `status` (unfinished runs and sites that do not respond), of aborted runs, of `plan` for a group
//! that is not at home, and of the help of preflight checks that failed.

use std::collections::VecDeque;
use std::time::Duration;

use drplan::address::Address;
use drplan::apply::FailurePolicy;
use drplan::failover::PreflightCheck;
use drplan::roles::FailoverMode;
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Acceptance, RunEnd};
use drplan::world::Clock;

use super::commands::{Command, CommandResult, Move};
use super::incident::{Incident, IncidentSnapshot};

/// Maximum number of commands on a way out, and of situations that a search visits.
const DEEPEST: usize = 7;
const MOST: usize = 60;
/// Time before each further command: replicas follow again, and operations end.
const PAUSE: u64 = 1800;

/// Where a search has to arrive.
#[derive(Debug, Clone, Copy)]
pub enum Goal<'a> {
    /// At home, without an unfinished run.
    Home,
    /// At a site other than the lost one, without an unfinished run.
    Alive { lost: &'a str },
}

/// A situation of a group, the commands that the last output offers, and the way there.
struct Situation {
    at: IncidentSnapshot,
    offers: Vec<Command>,
    way: Vec<String>,
}

/// Leads a group from a situation to a goal by offered commands. Returns the situation at the end.
pub async fn way_out(from: IncidentSnapshot, group: &str, goal: Goal<'_>) -> Result<IncidentSnapshot, String> {
    if is_reached(&from.incident, group, goal) {
        return Ok(from);
    }
    let mut open = VecDeque::from([Situation { at: from, offers: Vec::new(), way: Vec::new() }]);
    let mut tried = Vec::new();
    for _ in 0..MOST {
        let Some(Situation { at, offers, way }) = open.pop_front() else { break };
        let mut offers = offers;
        offers.extend(standing_offers(&at.incident, group, goal));
        if offers.is_empty() || way.len() >= DEEPEST {
            tried.push(format!("{} ╳ {}", way.join(" → "), described(&at.incident, group)));
            continue;
        }
        let mut seen: Vec<Command> = Vec::new();
        for command in offers {
            if seen.contains(&command) {
                continue;
            }
            let incident = at.again();
            if !way.is_empty() {
                incident.wait(PAUSE).await;
            }
            let result = incident.command(&command, FailurePolicy::Stop).await;
            let offers = printed_offers(&incident, &command, &result);
            let mut way = way.clone();
            way.push(format!("{command} ⇒ {result}").chars().take(400).collect());
            seen.push(command);
            if is_reached(&incident, group, goal) {
                return Ok(IncidentSnapshot::of(incident));
            }
            open.push_back(Situation { at: IncidentSnapshot::of(incident), offers, way });
        }
    }
    tried.extend(open.iter().map(|open| open.way.join(" → ")));
    Err(format!("no offered command leads {group} to {goal:?}:\n    {}", tried.join("\n    ")))
}

fn is_reached(incident: &Incident, group: &str, goal: Goal<'_>) -> bool {
    let (active, site) = incident.active_site(group);
    incident.open_run(group).is_none()
        && match goal {
            Goal::Home => active == ActiveSite::Home,
            Goal::Alive { lost } => active != ActiveSite::Between && site != lost,
        }
}

fn described(incident: &Incident, group: &str) -> String {
    format!("{:?}, unfinished {:?}", incident.active_site(group), incident.open_run(group).map(|open| open.run))
}

/// The commands that `status` and `plan` print, whatever was typed last.
fn standing_offers(incident: &Incident, group: &str, goal: Goal<'_>) -> Vec<Command> {
    let (active, site) = incident.active_site(group);
    let open = incident.open_run(group);
    let mut offers = Vec::new();
    if let Goal::Alive { lost } = goal
        && (open.is_some() || site == lost)
    {
        let verb = if lost == incident.home.0 { RunKind::Up } else { RunKind::Down };
        offers.push(Command::Move(Move::forced(group, verb, lost, None)));
    }
    match (open, active) {
        (Some(_), _) => offers.extend([Command::Resume(group.to_owned()), Command::Abort(group.to_owned())]),
        (None, ActiveSite::Between | ActiveSite::Away) => {
            offers.push(Command::Move(Move::planned(group, RunKind::Down, None)));
        }
        (None, ActiveSite::Home) => {}
    }
    offers
}

/// The commands that the output of a command offers.
fn printed_offers(incident: &Incident, command: &Command, result: &CommandResult) -> Vec<Command> {
    match (command, result) {
        (Command::Move(ask), CommandResult::Refused(checks)) => from_help(ask, checks),
        // The end of the run names the loss, and the command that accepts it.
        (Command::Move(ask), CommandResult::Run(_, said)) if said.contains("data loss would be ") => {
            let seconds =
                said.split("data loss would be ").nth(1).and_then(|rest| rest.split('s').next()?.parse().ok());
            let loss = seconds.map(Duration::from_secs);
            let accepted = Acceptance { data_loss: loss.max(ask.accepted.data_loss), ..ask.accepted };
            vec![Command::Move(Move { accepted, ..ask.clone() })]
        }
        (Command::Abort(group), CommandResult::Aborted(false, _)) => vec![Command::LeaveAsIs(group.clone())],
        (Command::Abort(group) | Command::LeaveAsIs(group), CommandResult::Aborted(true, _))
            if incident.active_site(group).0 == ActiveSite::Between =>
        {
            let left = incident.active_site(group).1;
            vec![
                Command::Move(Move::planned(group, RunKind::Up, None)),
                Command::Move(Move::planned(group, RunKind::Down, None)),
                Command::Move(Move::forced(group, RunKind::Up, &left, None)),
            ]
        }
        _ => Vec::new(),
    }
}

/// The commands in the help of failed checks: commands between backticks, and flags to add. Every flag of the checks
/// belongs to one command, since each failed check alone blocks it.
fn from_help(ask: &Move, checks: &[PreflightCheck]) -> Vec<Command> {
    let mut offers = Vec::new();
    let (mut with_flags, mut has_flags) = (ask.clone(), false);
    for check in checks {
        for quoted in check.help.split('`').skip(1).step_by(2) {
            offers.extend(parsed(quoted, ask));
        }
        let words: Vec<&str> = check.help.split_whitespace().map(|word| word.trim_end_matches([',', '.'])).collect();
        for pair in words.windows(2) {
            match pair {
                ["--accept-data-loss", amount] => {
                    // `DURATION` stands for what the operator can bear.
                    let seconds = amount.trim_end_matches('s').parse().unwrap_or(3600);
                    let before = with_flags.accepted.data_loss.unwrap_or_default();
                    with_flags.accepted.data_loss = Some(before.max(Duration::from_secs(seconds)));
                    has_flags = true;
                }
                ["--without", address] => {
                    with_flags.without.extend(address.trim_matches('\'').parse::<Address>());
                    has_flags = true;
                }
                _ => {}
            }
        }
        if words.contains(&"--accept-split-brain") {
            with_flags.accepted.split_brain = true;
            has_flags = true;
        }
    }
    if has_flags {
        offers.push(Command::Move(with_flags));
    }
    offers
}

/// A command as printed. What the operator has accepted already is typed again.
fn parsed(text: &str, ask: &Move) -> Option<Command> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let group = ask.group.as_str();
    let value = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        Some(words.get(at + 1)?.trim_matches('\''))
    };
    let verb = match words.as_slice() {
        ["drplan", "apply", ..] => return Some(Command::Apply),
        ["drplan", "failover-group", "resume", ..] => return Some(Command::Resume(group.to_owned())),
        ["drplan", "failover-group", "abort", ..] => return Some(Command::Abort(group.to_owned())),
        ["drplan", "failover-group", "up", ..] => RunKind::Up,
        ["drplan", "failover-group", "down", ..] => RunKind::Down,
        _ => return None,
    };
    let how = if words.contains(&"--forced") { FailoverMode::Forced } else { FailoverMode::Planned };
    let planned = Move::planned(group, verb, value("--to"));
    let accepted = if how == FailoverMode::Forced { ask.accepted } else { planned.accepted };
    Some(Command::Move(Move { how, lost: value("--lost").map(str::to_owned), accepted, ..planned }))
}

/// Leads every group home by offered commands, and checks that nothing is left to do.
pub async fn all_home(from: IncidentSnapshot, groups: &[&str]) -> Result<(), String> {
    let mut at = from;
    for group in groups {
        at = way_out(at, group, Goal::Home).await?;
    }
    let incident = at.again();
    incident.wait(300).await;
    settled(&incident).await
}

/// Checks that a plan is empty and nothing is left over. `plan` offers to apply what an aborted run did not complete.
pub async fn settled(incident: &Incident) -> Result<(), String> {
    // An account with a region that is still offline is not changed.
    for _ in 0..MOST {
        let (planned, _) = incident.lab.plan(&incident.text, false).await;
        if planned.plan.blocked.is_empty() {
            break;
        }
        incident.wait(PAUSE).await;
    }
    let changes = incident.changes().await;
    if !changes.iter().all(|change| is_offered(change)) {
        return Err(format!("a plan has changes: {changes:#?}"));
    }
    if !changes.is_empty() {
        match incident.command(&Command::Apply, FailurePolicy::Stop).await {
            CommandResult::Run(Some(RunEnd::Done), _) => {}
            other => return Err(format!("apply: {other}")),
        }
        let changes = incident.changes().await;
        if !changes.is_empty() {
            return Err(format!("after an apply, a plan has changes: {changes:#?}"));
        }
    }
    let left = incident.left_over();
    if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:#?}")) }
}

/// Changes of a plan that runs leave to the next apply: rollbacks that the cloud refused, failover-only resources at a
/// site that was lost, machines that a run stopped at a site which the next run took for lost, copies of a drill that
/// was aborted, the order of regions after one was offline, and the redundancy that a forced failover of a storage
/// account costs.
fn is_offered(change: &str) -> bool {
    let of_order = [
        "(failover_priority changes)",
        "(account_replication_type changes)",
        "drift of geo_replica",
        "(instances changes) [instances: 0 -> ",
    ]
    .iter()
    .any(|words| change.contains(words));
    let of_order = of_order || change.starts_with("drift of storage_account");
    let of_drill = change.starts_with("Forget") && change.contains("~drill");
    of_order
        || of_drill
        || ["an earlier apply did not complete it", "left over from"].iter().any(|words| change.contains(words))
}

/// A copy of a situation for a search: faults end, but for the loss of a region.
pub fn quiet(incident: &Incident, lost: Option<drplan::simulator::Fault>) -> IncidentSnapshot {
    let copy = incident.fork(incident.lab.clock.now());
    copy.lab.store.go_on();
    copy.lab.simulator.clear_faults().expect("the simulator is in memory");
    lost.into_iter().for_each(|fault| copy.lab.simulator.add_fault(fault).expect("the simulator is in memory"));
    IncidentSnapshot::of(copy)
}
