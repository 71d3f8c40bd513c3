//! Writes of single arguments, which quiesce, fence and open; and routes, which switch traffic with several writes
//! and are rolled back where users do not follow.

use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json};

use super::around::front;
use super::probe::ProbeRequest;
use super::tasks::say;
use super::{StepError, Worker};
use crate::address::Address;
use crate::kinds::body;
use crate::run::StepReporter;
use crate::stack::Resource;
use crate::state::{Recorded, Status};
use crate::steps::{Act, RouteSwitch, StepFact};
use crate::value::Value;

/// The time limit for the endpoint to answer after a switch.
const FRONT: Duration = Duration::from_secs(600);
/// The time limit until a read shows a write.
const SETTLES: Duration = Duration::from_secs(1800);
const LOOK: Duration = Duration::from_secs(5);
/// The number of repetitions of a write with an unknown outcome: each reads first, and writes only differences.
const UNCLEAR: u32 = 3;

type ArgumentMap = JsonMap<String, Json>;

impl Worker<'_> {
    /// Writes these arguments of a resource and no others, and returns their previous values.
    pub(super) async fn switch(&self, address: &Address, arguments: &ArgumentMap) -> Result<ArgumentMap, StepError> {
        let missing = || StepError::Failed(format!("the stack has no {address}"));
        let resource = self.stack.resources.get(address).ok_or_else(missing)?;
        let unrecorded = || StepError::Failed(format!("{address} is not in the state: it does not exist"));
        let recorded = self.recorded(address).ok_or_else(unrecorded)?;
        let mut tries = 1;
        let now = loop {
            match self.write_some(resource, &recorded, arguments).await {
                Err(StepError::Unknown(_)) if tries < UNCLEAR => tries += 1,
                done => break done?,
            }
            self.ports.clock.sleep(LOOK).await;
        };
        self.keep(address, Some(&now));
        let before = |name: &String| recorded.arguments.get(name).cloned().unwrap_or_default();
        Ok(arguments.keys().map(|name| (name.clone(), before(name))).collect())
    }

    async fn write_some(
        &self,
        resource: &Resource,
        recorded: &Recorded,
        arguments: &ArgumentMap,
    ) -> Result<Recorded, StepError> {
        // The previous values count as unwritten, so that these arguments are written wherever they differ.
        let (mut before, mut after) = (recorded.arguments.clone(), recorded.arguments.clone());
        for (name, value) in arguments {
            if value.is_null() {
                after.remove(name);
            } else {
                before.remove(name);
                after.insert(name.clone(), value.clone());
            }
        }
        let (old, new) = (self.bodies(resource, &before), self.bodies(resource, &after));
        let mut answers = Vec::with_capacity(new.len());
        for ((object, old), new) in resource.objects.iter().zip(&old).zip(&new) {
            if self.settled(object).await?.is_none() {
                return Err(StepError::Failed(format!("{} does not exist", object.id)));
            }
            answers.push(self.put(object, Some(old), new, &Act::Update).await?);
        }
        let answers = self.really(resource, arguments, self.ready(resource, answers).await?).await?;
        let attributes =
            self.stack.with_subject(resource, &after, &self.knowledge(), |subject| body::attributes(subject, &answers));
        {
            let mut knowledge = self.knowledge();
            let known = knowledge.attributes.entry(resource.address.clone()).or_default();
            known.extend(attributes.iter().map(|(name, value)| (name.as_str().into(), Value::from_json(value))));
        }
        let (status, under_way) = (Status::Standing, None);
        Ok(Recorded { arguments: after, attributes, status, under_way, ..recorded.clone() })
    }

    /// The answers, once they show these arguments as written, as far as the kind's answers show them at all.
    async fn really(
        &self,
        resource: &Resource,
        arguments: &ArgumentMap,
        answers: Vec<Json>,
    ) -> Result<Vec<Json>, StepError> {
        let began = self.ports.clock.now();
        let mut answers = answers;
        loop {
            let read = body::read(resource.kind, &answers);
            let differs = arguments.iter().find(|(name, wanted)| {
                let wanted = match resource.kind.arg(name) {
                    Some(arg) => crate::kinds::decode::canonical(&arg.ty, wanted),
                    None => (*wanted).clone(),
                };
                read.get(*name).is_some_and(|found| *found != wanted && !wanted.is_null())
            });
            let Some((name, _)) = differs else { return Ok(answers) };
            if self.ports.clock.now().duration_since(began).unsigned_abs() > SETTLES {
                return Err(StepError::Unknown(format!("`{name}` was written, and reads still show another value")));
            }
            self.ports.clock.sleep(LOOK).await;
            answers = self.ready(resource, Vec::new()).await?;
        }
    }

    /// Switches traffic with the first route that works.
    pub(super) async fn route(
        &self,
        routes: &[RouteSwitch],
        agree: &[String],
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let mut reasons = Vec::new();
        for route in routes {
            let mut moved = Vec::new();
            let why = match self.switch_traffic(route, agree, &mut moved, tell).await {
                Ok(()) => return Ok(()),
                Err(StepError::Failed(why) | StepError::Paused(why)) => why,
                Err(unknown @ StepError::Unknown(_)) => return Err(unknown),
            };
            say(tell, format!("Failed to switch traffic with {}; rolling it back: {why}", route.name));
            reasons.push(format!("{}: {why}", route.name));
            for (address, before) in moved.iter().rev() {
                match self.switch(address, before).await {
                    Ok(_) => self.tell_of(address, "was rolled back", tell),
                    Err(StepError::Failed(why) | StepError::Unknown(why) | StepError::Paused(why)) => {
                        reasons.push(format!("{address} was not rolled back: {why}"));
                    }
                }
            }
        }
        Err(StepError::Failed(match reasons.is_empty() {
            true => "no route is configured".to_owned(),
            false => format!("no route switched traffic; {}", reasons.join("; ")),
        }))
    }

    /// Switches traffic with one route and waits until users arrive at the new endpoint. `moved` receives each write
    /// with the previous values.
    async fn switch_traffic(
        &self,
        route: &RouteSwitch,
        agree: &[String],
        moved: &mut Vec<(Address, ArgumentMap)>,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        for (address, arguments) in &route.moves {
            let before = self.switch(address, arguments).await?;
            moved.push((address.clone(), before));
            self.tell_of(address, "was switched", tell);
        }
        self.ports.clock.sleep(route.lingers).await;
        if let Some(url) = &route.front {
            let served = |status: u16| (200..400).contains(&status);
            self.ask(ProbeRequest { request: front(url), shown: url, within: FRONT, right: &served }, tell).await?;
        }
        for probe in agree {
            self.probe(probe, tell).await?;
        }
        Ok(())
    }

    /// Reports the record of a resource that the step has changed.
    fn tell_of(&self, address: &Address, what: &str, tell: &StepReporter) {
        let now = self.recorded(address).map(|now| (address.clone(), Box::new(now)));
        tell.learnt(StepFact { resource: now, ..StepFact::said(format!("{address} {what}")) });
    }
}
