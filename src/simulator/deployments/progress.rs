//! How a deployment goes on: what is ready is written, what is under way is looked at, and in the end it is told what came of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::around::Around;
use super::evaluate::Miss;
use super::template::{DEPLOYMENT, Item, Template, is_inner};
use super::{Deployment, Part, Stage, State, Work, named, request};
use crate::simulator::answer::Ask;
use crate::simulator::operations::Progress;
use crate::simulator::request::{Failure, Response, Verb};
use crate::simulator::target::{self, Target};
use crate::simulator::world::World;

/// How often a resource is written again that was refused for now.
const TRIES: u32 = 60;
/// How long is waited before that, where the refusal does not say, in seconds.
const PAUSE: u64 = 5;

/// What is written of a resource in a template and is no part of its body.
pub(super) const NOT_OF_THE_BODY: [&str; 12] = [
    "type",
    "name",
    "apiVersion",
    "dependsOn",
    "scope",
    "condition",
    "copy",
    "comments",
    "resources",
    "resourceGroup",
    "subscriptionId",
    "existing",
];

impl State {
    /// Whether nothing more comes of it.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Failed(_) | Self::Skipped | Self::NotBegun)
    }
}

impl Deployment {
    /// Ends it where it is; what is under way goes on by itself.
    pub(super) fn cancel(&mut self, now: Timestamp) {
        self.stage = Stage::Canceled;
        self.ended = Some(now);
        for part in self.parts.iter_mut().filter(|part| matches!(part.state, State::Waiting { .. })) {
            part.state = State::NotBegun;
        }
    }
}

impl World {
    /// When something of a deployment is to be looked at that no operation tells of.
    pub(in crate::simulator) fn next_deploying(&self) -> Option<Timestamp> {
        let running = self.deploying().filter_map(|id| self.deployments.get(id)?.next);
        running.filter(|next| *next > self.now).min()
    }

    /// Takes every deployment as far as it goes now; says whether anything came of it.
    pub(in crate::simulator) fn deploy(&mut self) -> bool {
        let running: Vec<String> = self.deploying().cloned().collect();
        let mut moved = false;
        for id in running {
            let Some(mut deployment) = self.deployments.remove(&id) else { continue };
            let own = self.step(&mut deployment);
            moved |= own;
            if deployment.stage != Stage::Running {
                self.changes.deployments.insert(id.clone());
            }
            // What it has written may have taken its own group away.
            self.deployments.insert(id, deployment);
        }
        moved
    }

    fn step(&mut self, deployment: &mut Deployment) -> bool {
        let work = match deployment.work.take() {
            Some(work) => Ok(*work),
            None => self.prepare(
                &deployment.scope,
                deployment.id.name(),
                &deployment.template,
                &deployment.parameters,
                deployment.literal,
            ),
        };
        let work = match work {
            Ok(work) => work,
            Err(failure) => {
                deployment.cancel(self.now);
                deployment.stage = Stage::Failed(failure);
                return true;
            }
        };
        let mut moved = false;
        while self.pass_through(deployment, &work) {
            moved = true;
        }
        let until = deployment.parts.iter().filter_map(|part| match part.state {
            State::Until(at) => Some(at),
            State::Waiting { again, .. } => again,
            _ => None,
        });
        deployment.next = until.min();
        if deployment.parts.iter().all(|part| part.state.is_final()) {
            self.finish(deployment, &work);
            return true;
        }
        deployment.work = Some(Box::new(work));
        moved
    }

    /// Looks at every resource once; says whether one of them has come further.
    fn pass_through(&mut self, deployment: &mut Deployment, work: &Work) -> bool {
        let mut moved = false;
        for (at, item) in work.items.iter().enumerate() {
            let Some(part) = deployment.parts.get(at) else { continue };
            let next = match &part.state {
                State::Waiting { again, tries } => match self.readiness(deployment, item) {
                    Some(true) if again.is_none_or(|again| again <= self.now) => {
                        let created = self.object(&item.id.folded()).is_none();
                        let (state, tries) = (self.start(deployment, work, item), *tries);
                        let state = self.again(state, tries);
                        if let Some(part) = deployment.parts.get_mut(at)
                            && part.began.is_none()
                        {
                            (part.began, part.created) = (Some(self.now), created);
                        }
                        Some(state)
                    }
                    Some(_) => None,
                    None => Some(State::NotBegun),
                },
                State::Running(key) => {
                    self.operation(key).map_or(Some(State::Done), |operation| match &operation.progress {
                        Progress::Running => None,
                        Progress::Succeeded => Some(State::Done),
                        Progress::Failed(failure) => Some(State::Failed(failure.clone())),
                    })
                }
                State::Until(at) => (*at <= self.now).then_some(State::Done),
                State::Inner => self.deployments.get(&item.id.folded()).and_then(inner_state),
                State::Done | State::Failed(_) | State::Skipped | State::NotBegun => None,
            };
            let (Some(state), Some(part)) = (next, deployment.parts.get_mut(at)) else { continue };
            moved |= !matches!(state, State::Waiting { .. });
            part.ended = state.is_final().then_some(self.now);
            part.state = state;
        }
        moved
    }

    /// Whether all that an item waits for stands; `None` where some of it never will.
    fn readiness(&self, deployment: &Deployment, item: &Item) -> Option<bool> {
        let mut ready = true;
        for need in &item.needs {
            match deployment.parts.get(*need).map(|part| &part.state) {
                Some(State::Failed(_) | State::NotBegun) => return None,
                Some(State::Done | State::Skipped) | None => {}
                Some(_) => ready = false,
            }
        }
        Some(ready)
    }

    /// What becomes of a state that is a refusal for now: it is tried again for a while.
    fn again(&self, state: State, tries: u32) -> State {
        match state {
            State::Failed(failure) if tries < TRIES && passes(&failure) => {
                let pause = failure.retry_after.unwrap_or(PAUSE).max(1);
                let pause = SignedDuration::from_secs(i64::try_from(pause).unwrap_or(i64::MAX));
                State::Waiting { again: Some(self.now + pause), tries: tries + 1 }
            }
            state => state,
        }
    }

    /// Writes a resource.
    fn start(&mut self, deployment: &Deployment, work: &Work, item: &Item) -> State {
        match self.try_start(deployment, work, item) {
            Ok(state) => state,
            Err(failure) => State::Failed(failure),
        }
    }

    fn try_start(&mut self, deployment: &Deployment, work: &Work, item: &Item) -> Result<State, Failure> {
        let symbols = Template::symbols(&work.items);
        let around = Around::during(self, &deployment.scope, deployment.id.name(), &symbols);
        let mut body = work.template.body(item, &around).map_err(|miss| self.unknown(item, miss))?;
        if item.type_.eq_ignore_ascii_case(DEPLOYMENT) {
            return self.start_inner(deployment, item, &body);
        }
        if let Json::Object(map) = &mut body {
            map.retain(|name, _| !NOT_OF_THE_BODY.contains(&name.as_str()));
        }
        let request = request(Verb::Put, &item.id, &item.api, body);
        let number = self.rest.counters.values().sum();
        let strike = self.rest.faults.strike(&request, self.seed, number);
        if let Some(failure) = strike.answer {
            return Err(failure);
        }
        let target = target::parse(&request.path, crate::simulator::SUBSCRIPTION)?;
        if !matches!(target, Target::Resource(_)) {
            return Err(named(&item.id).err().unwrap_or_else(|| super::wrong("it is no resource")));
        }
        let response = self.dispatch(target, Ask { request: &request, api: &item.api, fails: strike.fails })?;
        Ok(self.state_after(item, &response))
    }

    /// How far a resource is whose write was answered so.
    fn state_after(&self, item: &Item, response: &Response) -> State {
        let own = self.object(&item.id.folded()).and_then(|object| object.operation.clone());
        let told = response.headers.iter().find(|(name, _)| matches!(*name, "azure-asyncoperation" | "location"));
        let told = told.and_then(|(_, url)| url.split('?').next()?.rsplit('/').next()).map(str::to_owned);
        match own.or(told) {
            Some(key) => State::Running(key),
            None if response.delay.is_zero() => State::Done,
            None => State::Until(self.now + SignedDuration::try_from(response.delay).unwrap_or(SignedDuration::MAX)),
        }
    }

    fn start_inner(&mut self, deployment: &Deployment, item: &Item, body: &Json) -> Result<State, Failure> {
        let named = named(&item.id)?;
        let scope = self.scope_of_deployment(&named)?;
        let correlation = Some(deployment.correlation.clone());
        let inner = self.read_deployment(&scope, item.id.name(), body, correlation, !is_inner(body))?;
        self.keep_deployment(inner);
        Ok(State::Inner)
    }

    fn unknown(&self, item: &Item, miss: Miss) -> Failure {
        let why = match miss {
            Miss::Wrong(why) => why,
            Miss::Later => "it asks for what does not stand".to_owned(),
        };
        Failure::gateway(
            400,
            "DeploymentFailed",
            format!("The template resource '{}' cannot be evaluated: '{why}'.", item.id.name()),
        )
    }

    /// Says what came of a deployment whose resources have all come to an end.
    fn finish(&mut self, deployment: &mut Deployment, work: &Work) {
        deployment.ended = Some(self.now);
        let symbols = Template::symbols(&work.items);
        let failed = deployment.parts.iter().any(|part| matches!(part.state, State::Failed(_) | State::NotBegun));
        if failed {
            deployment.stage = Stage::Failed(failure());
            return;
        }
        let around = Around::during(self, &deployment.scope, deployment.id.name(), &symbols);
        match work.template.outputs(&around) {
            Ok(outputs) => (deployment.outputs, deployment.stage) = (outputs, Stage::Succeeded),
            Err(Miss::Wrong(why)) => {
                let why = format!("Unable to evaluate template outputs: '{why}'.");
                deployment.stage = Stage::Failed(Failure::gateway(400, "DeploymentOutputEvaluationFailed", why));
            }
            Err(Miss::Later) => deployment.stage = Stage::Failed(failure()),
        }
    }
}

/// What a deployment has failed for whose resources have failed.
fn failure() -> Failure {
    Failure::gateway(
        409,
        "DeploymentFailed",
        "At least one resource deployment operation failed. Please list deployment operations for details.",
    )
}

/// Whether a refusal passes by itself: something else is under way, or what answers does not just now.
fn passes(failure: &Failure) -> bool {
    crate::world::is_busy(&failure.code, &failure.message) || failure.status == 429 || failure.status >= 500
}

/// How far a part is that is a deployment itself.
fn inner_state(inner: &Deployment) -> Option<State> {
    match &inner.stage {
        Stage::Running => None,
        Stage::Succeeded => Some(State::Done),
        Stage::Failed(failure) => Some(State::Failed(failure.clone())),
        Stage::Canceled => {
            Some(State::Failed(Failure::gateway(409, "DeploymentCanceled", "The deployment was canceled.")))
        }
    }
}

impl Part {
    /// Its error, as operations tell it.
    pub(super) fn error(&self) -> Option<Json> {
        match &self.state {
            State::Failed(failure) => Some(json!({ "error": failure.error() })),
            _ => None,
        }
    }
}
