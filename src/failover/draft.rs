//! A procedure in the making: steps by phase, and how long each takes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::levers::{plain, with_subject};
use super::{Avoided, Question};
use crate::address::{Address, ArmId};
use crate::kinds::{Call, Method, Need, Place, Span, body};
use crate::plan::{serial_words, touches};
use crate::stack::{Knowledge, Resource};
use crate::state::{Recorded, Status};
use crate::steps::{Act, Stage, Step, StepId, Task, Touch, Undo};

/// The steps so far, and what is left out.
pub(super) struct Draft<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) steps: Vec<Step>,
    pub(super) avoided: Vec<Avoided>,
    /// What else there is to say.
    pub(super) notes: Vec<String>,
    stages: BTreeMap<Stage, Vec<StepId>>,
}

/// What a step is made of beside its needs.
pub(super) struct Made {
    pub(super) address: Address,
    pub(super) act: Act,
    pub(super) stage: Stage,
    pub(super) serial: Vec<String>,
    pub(super) touches: Vec<Touch>,
    pub(super) takes: Span,
    pub(super) undo: Undo,
}

impl<'a> Draft<'a> {
    pub(super) fn new(question: &'a Question<'a>) -> Self {
        Self { question, steps: Vec::new(), avoided: Vec::new(), notes: Vec::new(), stages: BTreeMap::new() }
    }

    /// Adds a step. How long it took before counts for more than what the tables say.
    pub(super) fn add(&mut self, made: Made, needs: Vec<StepId>) -> StepId {
        let Made { address, act, stage, serial, touches, takes, undo } = made;
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        // How long a side took to catch up says of an outage how long it was, and nothing of the next one.
        let took = self.question.history.took(&address, &act).filter(|_| act != Act::Task(Task::CatchUp));
        let (expect, worst) = match took {
            Some((usual, longest)) => (usual, longest.max(seconds(takes.worst).min(usual * 3))),
            None => (seconds(takes.typical), seconds(takes.worst.max(takes.typical))),
        };
        self.stages.entry(stage).or_default().push(id);
        self.steps.push(Step { id, address, needs, act, serial, touches, expect, worst, stage, undo });
        id
    }

    /// The steps of these phases.
    pub(super) fn of(&self, stages: &[Stage]) -> Vec<StepId> {
        stages.iter().filter_map(|stage| self.stages.get(stage)).flatten().copied().collect()
    }

    /// Lets a step wait for others.
    pub(super) fn need(&mut self, step: StepId, needs: &[StepId]) {
        if let Some(step) = self.steps.get_mut(step.index()) {
            step.needs.extend(needs.iter().copied().filter(|need| *need != step.id));
        }
    }

    /// The region of the site that is given up.
    pub(super) fn lost(&self) -> Option<&'a str> {
        let site = self.question.stack.sites.get(self.question.lost?)?;
        Some(&site.location)
    }

    /// Whether a region is given up.
    pub(super) fn is_lost(&self, region: &str) -> bool {
        self.lost().is_some_and(|lost| lost.eq_ignore_ascii_case(region))
    }

    /// Whether any of these regions is given up.
    pub(super) fn touches_lost(&self, touches: &[Touch]) -> bool {
        touches.iter().any(|touch| self.is_lost(&touch.region))
    }

    /// A step that writes one argument of a resource, and back to what the stack says where it is undone.
    pub(super) fn writes(&self, resource: &Resource, argument: &str, value: serde_json::Value, stage: Stage) -> Made {
        let task = |value: serde_json::Value| {
            Act::Task(Task::Move { arguments: [(argument.to_owned(), value)].into_iter().collect() })
        };
        let before = wanted(resource, argument);
        Made {
            address: resource.address.clone(),
            takes: usual(self.change(resource, argument, &value)),
            act: task(value),
            stage,
            serial: serial_words(resource),
            touches: touches(resource),
            undo: before.map_or(Undo::Nothing, |before| Undo::Act(Box::new(task(before)))),
        }
    }

    /// A step that creates a resource; undone, it is deleted.
    pub(super) fn creates(&self, resource: &Resource) -> Made {
        Made {
            address: resource.address.clone(),
            act: Act::Create,
            stage: Stage::StandUp,
            serial: serial_words(resource),
            touches: touches(resource),
            takes: usual(self.creation(resource)),
            undo: Undo::Act(Box::new(Act::Delete(Box::new(as_recorded(resource))))),
        }
    }

    /// How many seconds the creation of a resource takes.
    fn creation(&self, resource: &Resource) -> u32 {
        let usual = resource.kind.durations.create;
        let Some(lasts) = resource.kind.simulated.lasts else { return usual };
        let body = with_subject(self.question.stack, resource, |subject| body::bodies(subject).pop());
        body.map_or(usual, |body| lasts(None, &body))
    }

    /// How many seconds a change of one argument takes.
    fn change(&self, resource: &Resource, argument: &str, value: &serde_json::Value) -> u32 {
        let usual = resource.kind.durations.update;
        let Some(lasts) = resource.kind.simulated.lasts else { return usual };
        let state = self.question.state;
        let before = state.resources.get(&resource.address).and_then(|recorded| recorded.arguments.get(argument));
        let with = |value: &serde_json::Value| {
            let mut args = plain(resource);
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
            touches.push(Touch {
                region: region.clone(),
                with: "the control plane that takes the request and answers for its operation".to_owned(),
            });
        }
        // An action changes no metadata; a write does.
        if let (Method::Patch, Some(region)) = (call.method, self.metadata_region(&call.id)) {
            touches.push(Touch { region, with: "its resource group's metadata".to_owned() });
        }
        touches
    }

    /// The region of the resource group that an id is in, where the stack has it.
    fn metadata_region(&self, id: &ArmId) -> Option<String> {
        let name = id.resource_group()?;
        let groups =
            self.question.stack.resources.values().filter(|resource| resource.kind.place == Place::Subscription);
        groups.filter(|group| group.name.eq_ignore_ascii_case(name)).map(|group| group.location.clone()).next()
    }
}

/// What the stack says of an argument.
pub(super) fn wanted(resource: &Resource, argument: &str) -> Option<serde_json::Value> {
    let written = resource.args.get(argument).and_then(|value| value.reveal().ok());
    written.or_else(|| match resource.kind.arg(argument)?.need {
        Need::Default(lit) => Some(lit.json()),
        Need::Required | Need::Optional => None,
    })
}

/// What usually takes so many seconds: the sheet of durations has the 95th percentile at two to five times the typical value; three is taken
/// where it says nothing.
pub(super) const fn usual(seconds: u32) -> Span {
    Span { typical: seconds, worst: seconds * 3 }
}

/// A resource as it is recorded once its creation was begun, as far as its deletion has to know it.
pub(super) fn as_recorded(resource: &Resource) -> Recorded {
    let nothing = Default::default;
    Recorded { prevent_destroy: false, ..Recorded::of(resource, nothing(), nothing(), Status::Creating) }
}
