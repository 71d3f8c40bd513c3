//! Steps that run far longer than their P95: the things that an operator should check.

use std::collections::BTreeMap;
use std::time::Duration;

use super::deed::act_word;
use super::{BOLD, Layout, RED, styled, visible};
use crate::address::Address;
use crate::duration::spoken;
use crate::steps::{Act, Step, Task};

/// The number of times that a step may take its P95 before an operator should check it.
pub const TIMES: u32 = 3;

/// The least time after which an operator should check a step: seconds more or less are no reason.
const LEAST: Duration = Duration::from_secs(60);

/// The parts of the advice that a step graph does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverdueAdvice {
    /// The object of each resource.
    pub objects: BTreeMap<Address, CheckedObject>,
}

/// An object in the cloud, and how to check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedObject {
    /// The place where it is shown: `in the portal, or its activity log`.
    pub place: &'static str,
    /// The command that shows it, with its resource id, where there is one.
    pub command: Option<String>,
}

/// A line of advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdviceLine {
    /// The headline.
    Head(String),
    /// A sentence.
    Words(String),
    /// A command, complete.
    Command(String),
}

/// True for a step that has run for more than [`TIMES`] its P95.
pub fn is_overdue(step: &Step, spent: Duration) -> bool {
    !step.worst.is_zero() && spent > step.worst.saturating_mul(TIMES).max(LEAST)
}

/// A step that takes far too long.
#[derive(Debug, Clone, Copy)]
pub struct OverdueStep<'a> {
    /// The step.
    pub step: &'a Step,
    /// The time since its start.
    pub spent: Duration,
    /// True if a process waits for it; otherwise its outcome is unknown.
    pub is_running: bool,
    /// Its last observation.
    pub learnt: Option<&'a str>,
    /// The number of further steps that do the same.
    pub more: usize,
}

/// The advice about a step.
pub fn lines(overdue: OverdueStep<'_>, advice: &OverdueAdvice) -> Vec<AdviceLine> {
    let OverdueStep { step, spent, is_running, learnt, more } = overdue;
    let times = spent.as_secs() / step.worst.as_secs().max(1);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let subject = format!("{}{more} ({})", step.address, act_word(&step.act).replace('_', " "));
    let (spent, worst) = (spoken(spent), spoken(step.worst));
    let mut lines = vec![AdviceLine::Head(match is_running {
        true => format!("{subject}: running for {spent}, {times} times the P95 of {worst}."),
        false => {
            format!("{subject}: started {spent} ago, {times} times the P95 of {worst}, and the outcome is unknown.")
        }
    })];
    let objects: Vec<&CheckedObject> =
        resources(step).into_iter().filter_map(|address| advice.objects.get(address)).collect();
    for CheckedObject { place, command } in &objects {
        let end = if command.is_some() { ':' } else { '.' };
        lines.push(AdviceLine::Words(format!("Check the resource {place}{end}")));
        lines.extend(command.clone().map(AdviceLine::Command));
    }
    let what = match &step.act {
        Act::Task(Task::Probe) => Some("Check the application behind this probe: its answer is not the expected one."),
        Act::Task(Task::Restore(_)) => Some("Read the console of the machine: it reports what its restore does."),
        Act::Task(Task::Custom { .. }) => Some("Check the request, program or operator that this step waits for."),
        _ if objects.is_empty() => Some("Check the network of this machine, and the service health of the region."),
        _ => None,
    };
    lines.extend(what.map(|what| AdviceLine::Words(what.to_owned())));
    let learnt = learnt.filter(|learnt| !learnt.is_empty());
    lines.extend(learnt.map(|learnt| AdviceLine::Words(format!("Last observation: {}", visible(learnt)))));
    lines
}

/// The resources that a step changes.
fn resources(step: &Step) -> Vec<&Address> {
    match &step.act {
        Act::Task(Task::Route { levers, .. }) => {
            let mut all: Vec<&Address> = levers.iter().flat_map(|lever| lever.resources()).collect();
            all.dedup();
            all
        }
        _ => vec![&step.address],
    }
}

/// The advice as text.
pub fn text(lines: &[AdviceLine], layout: Layout) -> String {
    let one = |line: &AdviceLine| match line {
        AdviceLine::Head(words) => format!("{} {}\n", styled(RED, "OVERDUE"), layout.wrap(words, 8)),
        AdviceLine::Words(words) => format!("  {}\n", layout.wrap(words, 2)),
        AdviceLine::Command(command) => format!("    {}\n", styled(BOLD, command)),
    };
    lines.iter().map(one).collect()
}
