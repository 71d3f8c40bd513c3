//! Probes and custom steps of a group, each between the phases and steps that it names.

use std::collections::{BTreeMap, BTreeSet};

use super::Avoidance;
use super::course::is_forced;
use super::draft::{NewStep, ProcedureDraft, seconds_of};
use super::verify::copies;
use crate::actions::ActionEffect;
use crate::address::Address;
use crate::duration;
use crate::kinds::DurationEstimate;
use crate::plan::touches;
use crate::stack::{GroupStep, Phase, Probe, ProbeBefore, StepOrPhase};
use crate::state::RunKind;
use crate::steps::{Act, Stage, StepId, Task, Undo};

/// Typical seconds until a probe succeeds.
const ANSWERED: u32 = 5;

/// Adds the probes that a phase waits for, after all earlier phases.
pub(super) fn probes_before(draft: &mut ProcedureDraft<'_>) {
    let group = draft.question.group;
    for probe in group.probes.iter().filter(|probe| probe.before.is_some()) {
        let Some(before) = probe.before.map(probed_before) else { continue };
        // A forced move stops work at once: nothing is left to probe before.
        let before = if before == Stage::Quiesce && is_forced(draft.question) { Stage::Route } else { before };
        let needs = draft.needs_of(before);
        if let Some(id) = add_probe(draft, probe, needs) {
            let later: &[Stage] = if before == Stage::Quiesce { &[before, Stage::Promote] } else { &[before] };
            draft.of(later).into_iter().filter(|step| *step != id).for_each(|step| draft.need(step, &[id]));
        }
    }
}

/// Adds the probes that verify the service after traffic has switched.
pub(super) fn probes_after(draft: &mut ProcedureDraft<'_>) {
    let group = draft.question.group;
    for probe in group.probes.iter().filter(|probe| probe.before.is_none()) {
        let needs = draft.of(&[Stage::Promote, Stage::StandUp, Stage::Restore, Stage::Route]);
        add_probe(draft, probe, needs);
    }
}

fn add_probe(draft: &mut ProcedureDraft<'_>, probe: &Probe, needs: Vec<StepId>) -> Option<StepId> {
    match draft.question.verb {
        RunKind::Up | RunKind::Down | RunKind::Restore if !probe.is_about(&draft.question.course.arriving) => {
            return None;
        }
        RunKind::Drill if !asks_copy(draft, probe) => {
            let address = Address::new("probe", &probe.name);
            if !draft.question.is_verification() {
                draft.notes.push(format!("{address} is skipped: it probes nothing that a drill copies"));
            }
            return None;
        }
        RunKind::Up | RunKind::Down | RunKind::Drill | RunKind::Restore => {}
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

/// True for a probe of a resource that a drill copies. Any other would probe production.
fn asks_copy(draft: &ProcedureDraft<'_>, probe: &Probe) -> bool {
    let Some(known) = &draft.question.stack.copies else { return false };
    let made: BTreeSet<&Address> = copies(draft.question).into_iter().map(|copy| &copy.address).collect();
    probe.uses.iter().any(|used| known.of.get(used).is_some_and(|copy| made.contains(copy)))
}

/// Adds the custom steps of the group for this verb and mode.
pub(super) fn custom_steps(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let (verb, mode) = (question.verb.as_str(), question.how.as_str());
    let steps = question.group.steps.iter().filter(|step| step.is_part_of(verb, mode, &draft.question.course.arriving));
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
            let what = "it would send a request to the lost site".to_owned();
            draft.avoided.push(Avoidance { address: made.address, what });
            continue;
        }
        added.insert(&step.name, draft.add(made, Vec::new()));
    }
    for step in &steps {
        let Some(&id) = added.get(&*step.name) else { continue };
        let named = |draft: &ProcedureDraft<'_>, place: &StepOrPhase| match place {
            StepOrPhase::Step(name) => added.get(&**name).copied().into_iter().collect(),
            StepOrPhase::Phase(phase) => draft.of(stages(*phase)),
        };
        // A decision that is placed nowhere comes first: nothing moves before it.
        if step.action.asks_a_person() && step.after.is_empty() && step.before.is_empty() {
            for later in draft.of(&[Stage::Promote, Stage::Restore, Stage::Route]) {
                draft.need(later, &[id]);
            }
            continue;
        }
        let mut needs: Vec<StepId> = step.after.iter().flat_map(|name| named(draft, name)).collect();
        if step.after.is_empty() {
            let earliest = step.before.iter().filter_map(StepOrPhase::phase).flat_map(stages).copied().min();
            needs = match earliest {
                Some(before) => draft.needs_of(before),
                None if step.before.is_empty() => {
                    draft.of(&[Stage::CatchUp, Stage::Promote, Stage::StandUp, Stage::Restore])
                }
                None => Vec::new(),
            };
            needs.retain(|need| *need != id);
        }
        let is_needed = |made: &&crate::steps::Step| made.stage == Stage::StandUp && step.needs.contains(&made.address);
        needs.extend(draft.steps.iter().filter(is_needed).map(|made| made.id));
        draft.need(id, &needs);
        for name in &step.before {
            named(draft, name).into_iter().for_each(|later| draft.need(later, &[id]));
        }
    }
}

/// A step of the group that a drill runs.
///
/// # Errors
/// The reason to skip it, a sentence without its full stop.
fn rehearses(step: &GroupStep) -> Result<(), &'static str> {
    match step.action.effect {
        ActionEffect::Nothing => Ok(()),
        ActionEffect::Own if step.drilled => Ok(()),
        ActionEffect::Own => Err("it changes resources, and its `on` does not include `drill`"),
        ActionEffect::Production { .. } => Err("it changes production"),
    }
}

fn made(draft: &ProcedureDraft<'_>, step: &GroupStep) -> NewStep {
    let GroupStep { action, arguments, .. } = step;
    let written =
        |name: &str| arguments.get(name)?.as_str().and_then(|text| duration::parse(text).ok()).map(seconds_of);
    let (typical, worst) = action.seconds(written);
    let changed = action.resource.and_then(|argument| arguments.get(argument));
    let changed = changed.and_then(|resource| draft.question.stack.referred(resource));
    NewStep {
        address: Address::new("step", &step.name),
        act: Act::Task(Task::Custom { action: action.word().to_owned() }),
        stage: Stage::Step,
        serial: Vec::new(),
        touches: changed.map(touches).unwrap_or_default(),
        takes: DurationEstimate { typical, worst },
        undo: Undo::Nothing,
    }
}

/// The stages of a phase; none for one that procedures do not have.
pub(super) const fn stages(phase: Phase) -> &'static [Stage] {
    match phase {
        Phase::StandUp => &[Stage::StandUp],
        Phase::Restore => &[Stage::Restore],
        Phase::Quiesce => &[Stage::Quiesce],
        Phase::Fence => &[Stage::Fence],
        Phase::Sync => &[Stage::CatchUp],
        Phase::Promote => &[Stage::Promote],
        Phase::Probe => &[Stage::Probe],
        Phase::Route => &[Stage::Route],
    }
}

/// The stage that waits for a probe.
const fn probed_before(before: ProbeBefore) -> Stage {
    match before {
        ProbeBefore::Quiesce => Stage::Quiesce,
        ProbeBefore::Route => Stage::Route,
    }
}
