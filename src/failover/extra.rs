//! Probes and the steps that a group adds of its own, each between the phases and steps that it names.

use std::collections::BTreeMap;

use super::draft::{Draft, Made};
use super::drill::rehearses;
use super::procedure::ahead_of;
use super::up::seconds_of;
use super::{Avoided, levers};
use crate::address::Address;
use crate::duration;
use crate::kinds::Span;
use crate::plan::touches;
use crate::stack::{GroupStep, Presence, Probe};
use crate::state::Verb;
use crate::steps::{Act, Stage, StepId, Task, Undo};
use crate::value::Value;

/// How long a probe usually has to ask before it is answered as wanted.
const ANSWERED: u32 = 5;
/// How long a step of its own usually takes, and at worst where it names no time.
const STEP: Span = Span { typical: 10, worst: 120 };
/// How long a person takes to answer.
const PERSON: Span = Span { typical: 300, worst: 1800 };

/// Adds the probes that come before a phase: behind all that comes before that phase.
pub(super) fn probes_before(draft: &mut Draft<'_>, verb: Verb) {
    let group = draft.question.group;
    for probe in group.probes.iter().filter(|probe| probe.before.is_some()) {
        let Some(before) = probe.before.as_deref().and_then(stage) else { continue };
        let needs = draft.of(ahead_of(before));
        if let Some(id) = add_probe(draft, verb, probe, needs) {
            draft.of(&[before]).into_iter().filter(|step| *step != id).for_each(|step| draft.need(step, &[id]));
        }
    }
}

/// Adds the probes that look whether users are served once they have moved.
pub(super) fn probes_after(draft: &mut Draft<'_>, verb: Verb) {
    let group = draft.question.group;
    for probe in group.probes.iter().filter(|probe| probe.before.is_none()) {
        let needs = draft.of(&[Stage::Promote, Stage::StandUp, Stage::Route]);
        add_probe(draft, verb, probe, needs);
    }
}

fn add_probe(draft: &mut Draft<'_>, verb: Verb, probe: &Probe, needs: Vec<StepId>) -> Option<StepId> {
    match verb {
        Verb::Down if asks_failover(draft, probe) => return None,
        Verb::Drill if !asks_copy(draft, probe) => {
            let address = Address::new("probe", &probe.name);
            draft.notes.push(format!("{address} is not asked: it asks nothing that is copied"));
            return None;
        }
        Verb::Up | Verb::Down | Verb::Drill => {}
    }
    let seconds = seconds_of(probe.within);
    let made = Made {
        address: Address::new("probe", &probe.name),
        act: Act::Task(Task::Probe),
        stage: Stage::Probe,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: Span { typical: ANSWERED.min(seconds), worst: seconds },
        undo: Undo::Nothing,
    };
    Some(draft.add(made, needs))
}

/// Whether a probe asks something that stands only during a failover: then it says nothing of the way back.
fn asks_failover(draft: &Draft<'_>, probe: &Probe) -> bool {
    let resources = &draft.question.stack.resources;
    probe.uses.iter().any(|used| resources.get(used).is_some_and(|used| used.presence == Presence::Failover))
}

/// Whether a probe asks something of which a drill has a copy: else it would ask what is in use.
fn asks_copy(draft: &Draft<'_>, probe: &Probe) -> bool {
    draft
        .question
        .stack
        .copies
        .as_ref()
        .is_some_and(|copies| probe.uses.iter().any(|used| copies.of.contains_key(used)))
}

/// Adds the steps of the group that belong to this verb and mode.
pub(super) fn custom_steps(draft: &mut Draft<'_>) {
    let question = draft.question;
    let (verb, mode) = (question.verb.as_str(), question.how.as_str());
    let steps = question
        .group
        .steps
        .iter()
        .filter(|step| step.on.iter().any(|on| &**on == verb) && step.modes.iter().any(|wanted| &**wanted == mode));
    let mut added: BTreeMap<&str, StepId> = BTreeMap::new();
    let mut steps: Vec<&GroupStep> = steps.collect();
    if question.verb == Verb::Drill {
        steps.retain(|step| match rehearses(step) {
            Ok(()) => true,
            Err(why) => {
                draft.notes.push(format!("{} is not rehearsed: {why}", Address::new("step", &step.name)));
                false
            }
        });
    }
    for step in &steps {
        let made = made(draft, step);
        if draft.touches_lost(&made.touches) {
            let what = "it is left out: it would be asked of the site that is given up".to_owned();
            draft.avoided.push(Avoided { address: made.address, what });
            continue;
        }
        added.insert(&step.name, draft.add(made, Vec::new()));
    }
    for step in &steps {
        let Some(&id) = added.get(&*step.name) else { continue };
        let named = |draft: &Draft<'_>, name: &str| match (added.get(name), stage(name)) {
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

fn made(draft: &Draft<'_>, step: &GroupStep) -> Made {
    let (word, args) = &step.action;
    let time =
        |name: &str| args.get(name).and_then(Value::as_str).and_then(|text| duration::parse(text).ok()).map(seconds_of);
    let takes = match &**word {
        "wait" => time("for").map_or(STEP, |seconds| Span { typical: seconds, worst: seconds }),
        "approval" => Span { worst: time("within").unwrap_or(PERSON.worst), ..PERSON },
        _ => Span { worst: time("within").unwrap_or(STEP.worst), ..STEP },
    };
    let account = args.get("account").and_then(|account| levers::resource(draft.question.stack, account));
    Made {
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
