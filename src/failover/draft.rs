//! Builder of a procedure: steps by phase, with their durations.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Avoidance;
use super::course::Question;
use super::phases::ahead_of;
use crate::address::Address;
use crate::kinds::{Call, CallMethod, DurationEstimate, Grammar, Moves, Power, body};
use crate::object::ObjectId;
use crate::plan::{serial_words, touches};
use crate::stack::{Knowledge, Resource};
use crate::state::{Recorded, Status};
use crate::steps::{Act, Stage, Step, StepId, Task, Touch, Undo};

/// The steps so far, and skipped actions.
pub(super) struct ProcedureDraft<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) steps: Vec<Step>,
    pub(super) avoided: Vec<Avoidance>,
    /// Notes for the operator.
    pub(super) notes: Vec<String>,
    stages: BTreeMap<Stage, Vec<StepId>>,
}

/// A step without its id and dependencies.
pub(super) struct NewStep {
    pub(super) address: Address,
    pub(super) act: Act,
    pub(super) stage: Stage,
    pub(super) serial: Vec<String>,
    pub(super) touches: Vec<Touch>,
    pub(super) takes: DurationEstimate,
    pub(super) undo: Undo,
}

impl<'a> ProcedureDraft<'a> {
    pub(super) fn new(question: &'a Question<'a>) -> Self {
        Self { question, steps: Vec::new(), avoided: Vec::new(), notes: Vec::new(), stages: BTreeMap::new() }
    }

    /// Adds a step. Recorded durations take precedence over the tables.
    pub(super) fn add(&mut self, made: NewStep, needs: Vec<StepId>) -> StepId {
        let NewStep { address, act, stage, serial, touches, takes, undo } = made;
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        let (expect, worst) = super::predict::durations(self.question, &address, &act, takes);
        self.stages.entry(stage).or_default().push(id);
        self.steps.push(Step { id, address, needs, act, serial, touches, expect, worst, stage, undo });
        id
    }

    /// The steps of these phases.
    pub(super) fn of(&self, stages: &[Stage]) -> Vec<StepId> {
        stages.iter().filter_map(|stage| self.stages.get(stage)).flatten().copied().collect()
    }

    /// The steps that precede a phase.
    pub(super) fn needs_of(&self, stage: Stage) -> Vec<StepId> {
        let mut needs = self.of(ahead_of(stage, self.question.how));
        // Resources are created while clients leave a fence; only a promotion waits for its end.
        if stage == Stage::StandUp {
            needs.retain(|id| {
                !self.steps.get(id.index()).is_some_and(|step| matches!(step.act, Act::Task(Task::Linger(_))))
            });
        }
        needs
    }

    /// Adds dependencies to a step.
    pub(super) fn need(&mut self, step: StepId, needs: &[StepId]) {
        if let Some(step) = self.steps.get_mut(step.index()) {
            step.needs.extend(needs.iter().copied().filter(|need| *need != step.id));
        }
    }

    /// True for the region of a lost site.
    pub(super) fn is_lost(&self, region: &str) -> bool {
        self.question.lost_sites().any(|site| site.location.eq_ignore_ascii_case(region))
    }

    /// True if any of these regions is that of a lost site.
    pub(super) fn touches_lost(&self, touches: &[Touch]) -> bool {
        touches.iter().any(|touch| self.is_lost(&touch.region))
    }

    /// A step that sets one argument of a resource. Its rollback restores the configured value.
    pub(super) fn writes(
        &self,
        resource: &Resource,
        argument: &str,
        value: serde_json::Value,
        stage: Stage,
    ) -> NewStep {
        let task = |value: serde_json::Value| {
            Act::Task(Task::Move { arguments: [(argument.to_owned(), value)].into_iter().collect() })
        };
        let before = resource.configured(argument);
        let takes = usual(self.change(resource, argument, &value));
        // A write that changes nothing is not sent; the state may be wrong about that.
        let typical = if self.recorded(resource, argument) == Some(&value) { 0 } else { takes.typical };
        let takes = DurationEstimate { typical, ..takes };
        NewStep {
            address: resource.address.clone(),
            takes,
            act: task(value),
            stage,
            serial: serial_words(resource),
            touches: touches(resource),
            undo: before.map_or(Undo::Nothing, |before| Undo::Act(Box::new(task(before)))),
        }
    }

    /// A step that stops the work of a resource; `None` for kinds that cannot be stopped. Its rollback starts it.
    pub(super) fn stops(&self, resource: &Resource) -> Option<NewStep> {
        let Moves { power, .. } = resource.kind.moves;
        let write = resource.stopped().map(|(argument, off)| self.writes(resource, argument, off, Stage::Quiesce));
        write.or_else(|| power.map(|power| powers(resource, power, false, Stage::Quiesce)))
    }

    /// A step that starts the work of a resource as configured. Its rollback stops it.
    pub(super) fn starts(&self, resource: &Resource, stage: Stage) -> Option<NewStep> {
        let Moves { power, .. } = resource.kind.moves;
        let write = resource.stopped().and_then(|(argument, off)| {
            let made = self.writes(resource, argument, resource.configured(argument)?, stage);
            let arguments = [(argument.to_owned(), off)].into_iter().collect();
            Some(NewStep { undo: Undo::Act(Box::new(Act::Task(Task::Move { arguments }))), ..made })
        });
        write.or_else(|| power.map(|power| powers(resource, power, true, stage)))
    }

    /// The resource of a step.
    pub(super) fn address(&self, id: StepId) -> Option<Address> {
        self.steps.get(id.index()).map(|step| step.address.clone())
    }

    /// A step that creates a resource. Its rollback deletes it.
    pub(super) fn creates(&self, resource: &Resource) -> NewStep {
        NewStep {
            address: resource.address.clone(),
            act: Act::Create,
            stage: Stage::StandUp,
            serial: serial_words(resource),
            touches: touches(resource),
            takes: usual(self.creation(resource)),
            undo: Undo::Act(Box::new(Act::Delete(Box::new(as_recorded(resource))))),
        }
    }

    /// Duration of the creation of a resource, in seconds.
    fn creation(&self, resource: &Resource) -> u32 {
        let usual = resource.kind.durations.create;
        let Some(lasts) = resource.kind.lasts else { return usual };
        let body = self.question.stack.with_known(resource, |subject| body::bodies(subject).pop());
        body.map_or(usual, |body| lasts(None, &body))
    }

    /// The recorded value of an argument.
    fn recorded(&self, resource: &Resource, argument: &str) -> Option<&serde_json::Value> {
        self.question.state.resources.get(&resource.address)?.arguments.get(argument)
    }

    /// Duration of a change of one argument, in seconds.
    fn change(&self, resource: &Resource, argument: &str, value: &serde_json::Value) -> u32 {
        let usual = resource.kind.durations.update;
        let Some(lasts) = resource.kind.lasts else { return usual };
        let before = self.recorded(resource, argument);
        let with = |value: &serde_json::Value| {
            let mut args = resource.known_arguments();
            args.insert(argument.to_owned(), value.clone());
            let knowledge = Knowledge::default();
            self.question.stack.with_subject(resource, &args, &knowledge, |subject| body::bodies(subject).pop())
        };
        match (before.map(with), with(value)) {
            (Some(Some(before)), Some(after)) => lasts(Some(&before), &after),
            _ => usual,
        }
    }

    /// The regions that a request touches.
    pub(super) fn touches_of(&self, call: &Call) -> Vec<Touch> {
        let mut touches = Vec::new();
        if let Some(region) = &call.region {
            let with = match &call.method {
                CallMethod::Post(..) | CallMethod::Patch => {
                    "the control plane that receives the request and reports the status of its operation"
                }
                CallMethod::Run(_) => "the machine that the command is run at",
            };
            touches.push(Touch::new(region, with));
        }
        // An action changes no metadata; a write does.
        if let (CallMethod::Patch, Some(region)) = (&call.method, self.metadata_region(&call.object.id)) {
            touches.push(Touch::new(region, "its resource group's metadata"));
        }
        touches
    }

    /// The region of the root that keeps the metadata of an object, if the stack has that root.
    fn metadata_region(&self, id: &ObjectId) -> Option<String> {
        let around = std::iter::successors(Some(id.clone()), |id| self.question.stack.catalog().above(id));
        let mut held = around.filter_map(|id| self.question.stack.by_id(&id));
        held.find(|resource| resource.kind.place.collects()).map(|root| root.location.clone())
    }
}

/// A step that starts or stops a resource by an action, which changes no metadata. Its rollback does the opposite.
fn powers(resource: &Resource, power: &Power, on: bool, stage: Stage) -> NewStep {
    let with = "the control plane that receives the request and reports the status of its operation";
    NewStep {
        address: resource.address.clone(),
        act: Act::Task(Task::Power { on }),
        stage,
        serial: serial_words(resource),
        touches: vec![Touch::new(&resource.location, with)],
        takes: power.action(on).takes,
        undo: Undo::Act(Box::new(Act::Task(Task::Power { on: !on }))),
    }
}

/// A typical duration with its P95: three times as long, since the published durations have their P95 at two to five
/// times the typical value.
pub(super) const fn usual(seconds: u32) -> DurationEstimate {
    DurationEstimate { typical: seconds, worst: seconds * 3 }
}

/// The state of a resource whose creation has started, as far as its deletion needs it.
pub(super) fn as_recorded(resource: &Resource) -> Recorded {
    let nothing = Default::default;
    Recorded { prevent_destroy: false, ..Recorded::of(resource, nothing(), nothing(), Status::Creating) }
}

/// A duration in whole seconds.
pub(super) fn seconds_of(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
