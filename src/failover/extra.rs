//! Probes and custom steps of a group, each between the phases and steps that it names.

use std::collections::BTreeMap;

use super::draft::{NewStep, ProcedureDraft};
use super::drill::rehearses;
use super::procedure::ahead_of;
use super::up::seconds_of;
use super::{Avoidance, levers};
use crate::address::Address;
use crate::duration;
use crate::kinds::DurationEstimate;
use crate::plan::touches;
use crate::stack::{GroupStep, Presence, Probe};
use crate::state::RunKind;
use crate::steps::{Act, Stage, StepId, Task, Undo};
use crate::value::Value;

/// Typical seconds until a probe succeeds.
const ANSWERED: u32 = 5;
/// Typical and P95 seconds of a custom step without a time of its own.
const STEP: DurationEstimate = DurationEstimate { typical: 10, worst: 120 };
/// Typical and P95 seconds until an operator approves.
const PERSON: DurationEstimate = DurationEstimate { typical: 300, worst: 1800 };

/// Adds the probes that a phase waits for, after all earlier phases.
pub(super) fn probes_before(draft: &mut ProcedureDraft<'_>, verb: RunKind) {
    let group = draft.question.group;
    for probe in group.probes.iter().filter(|probe| probe.before.is_some()) {
        let Some(before) = probe.before.as_deref().and_then(stage) else { continue };
        let needs = draft.of(ahead_of(before));
        if let Some(id) = add_probe(draft, verb, probe, needs) {
            draft.of(&[before]).into_iter().filter(|step| *step != id).for_each(|step| draft.need(step, &[id]));
        }
    }
}

/// Adds the probes that verify the service after traffic has switched.
pub(super) fn probes_after(draft: &mut ProcedureDraft<'_>, verb: RunKind) {
    let group = draft.question.group;
    for probe in group.probes.iter().filter(|probe| probe.before.is_none()) {
        let needs = draft.of(&[Stage::Promote, Stage::StandUp, Stage::Route]);
        add_probe(draft, verb, probe, needs);
    }
}

fn add_probe(draft: &mut ProcedureDraft<'_>, verb: RunKind, probe: &Probe, needs: Vec<StepId>) -> Option<StepId> {
    match verb {
        RunKind::Down if asks_failover(draft, probe) => return None,
        RunKind::Drill if !asks_copy(draft, probe) => {
            let address = Address::new("probe", &probe.name);
            draft.notes.push(format!("{address} is skipped: it probes nothing that a drill copies"));
            return None;
        }
        RunKind::Up | RunKind::Down | RunKind::Drill => {}
    }
    let seconds = seconds_of(probe.within);
    let made = NewStep {
        address: Address::new("probe", &probe.name),
        act: Act::Task(Task::Probe),
        stage: Stage::Probe,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: DurationEstimate { typical: ANSWERED.min(seconds), worst: seconds },
        undo: Undo::Nothing,
    };
    Some(draft.add(made, needs))
}

/// True for a probe of a failover-only resource, which proves nothing about failback.
fn asks_failover(draft: &ProcedureDraft<'_>, probe: &Probe) -> bool {
    let resources = &draft.question.stack.resources;
    probe.uses.iter().any(|used| resources.get(used).is_some_and(|used| used.presence == Presence::Failover))
}

/// True for a probe of a resource that a drill copies. Any other would probe production.
fn asks_copy(draft: &ProcedureDraft<'_>, probe: &Probe) -> bool {
    draft
        .question
        .stack
        .copies
        .as_ref()
        .is_some_and(|copies| probe.uses.iter().any(|used| copies.of.contains_key(used)))
}

/// Adds the custom steps of the group for this verb and mode.
pub(super) fn custom_steps(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let (verb, mode) = (question.verb.as_str(), question.how.as_str());
    let steps = question
        .group
        .steps
        .iter()
        .filter(|step| step.on.iter().any(|on| &**on == verb) && step.modes.iter().any(|wanted| &**wanted == mode));
    let mut added: BTreeMap<&str, StepId> = BTreeMap::new();
    let mut steps: Vec<&GroupStep> = steps.collect();
    if question.verb == RunKind::Drill {
        steps.retain(|step| match rehearses(step) {
            Ok(()) => true,
            Err(why) => {
                draft.notes.push(format!("{} is skipped in a drill: {why}", Address::new("step", &step.name)));
                false
            }
        });
    }
    for step in &steps {
        let made = made(draft, step);
        if draft.touches_lost(&made.touches) {
            let what = "skipped: it would send a request to the lost site".to_owned();
            draft.avoided.push(Avoidance { address: made.address, what });
            continue;
        }
        added.insert(&step.name, draft.add(made, Vec::new()));
    }
    for step in &steps {
        let Some(&id) = added.get(&*step.name) else { continue };
        let named = |draft: &ProcedureDraft<'_>, name: &str| match (added.get(name), stage(name)) {
            (Some(other), _) => vec![*other],
            (None, Some(stage)) => draft.of(&[stage]),
            (None, None) => Vec::new(),
        };
        let mut needs: Vec<StepId> = step.after.iter().flat_map(|name| named(draft, name)).collect();
        if step.after.is_empty() {
            let earliest = step.before.iter().filter_map(|name| stage(name)).min();
            needs = match earliest {
                Some(before) => draft.of(ahead_of(before)),
                None if step.before.is_empty() => draft.of(&[Stage::CatchUp, Stage::Promote, Stage::StandUp]),
                None => Vec::new(),
            };
            needs.retain(|need| *need != id);
        }
        draft.need(id, &needs);
        for name in &step.before {
            named(draft, name).into_iter().for_each(|later| draft.need(later, &[id]));
        }
    }
}

fn made(draft: &ProcedureDraft<'_>, step: &GroupStep) -> NewStep {
    let (word, args) = &step.action;
    let time =
        |name: &str| args.get(name).and_then(Value::as_str).and_then(|text| duration::parse(text).ok()).map(seconds_of);
    let takes = match &**word {
        "wait" => time("for").map_or(STEP, |seconds| DurationEstimate { typical: seconds, worst: seconds }),
        "approval" => DurationEstimate { worst: time("within").unwrap_or(PERSON.worst), ..PERSON },
        _ => DurationEstimate { worst: time("within").unwrap_or(STEP.worst), ..STEP },
    };
    let account = args.get("account");
    let account = account.and_then(|account| levers::resource(draft.question.stack, account));
    NewStep {
        address: Address::new("step", &step.name),
        act: Act::Task(Task::Custom { action: word.to_string() }),
        stage: Stage::Step,
        serial: Vec::new(),
        touches: account.map(touches).unwrap_or_default(),
        takes,
        undo: Undo::Nothing,
    }
}

/// The phase with this name.
pub(super) fn stage(name: &str) -> Option<Stage> {
    Some(match name {
        "quiesce" => Stage::Quiesce,
        "fence" => Stage::Fence,
        "promote" => Stage::Promote,
        "stand_up" => Stage::StandUp,
        "probe" => Stage::Probe,
        "route" => Stage::Route,
        _ => return None,
    })
}
