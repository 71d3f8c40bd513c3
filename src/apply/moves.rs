//! Writes of single arguments, which quiesce, fence and open; and routes, which switch traffic with several writes
//! and are rolled back where users do not follow.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use serde_json::Value as Json;

use super::around::{Patience, look};
use super::details::say;
use super::together::{ArgumentMap, LOOK, Moves, UNCLEAR, names};
use super::{StepError, Worker};
use crate::address::Address;
use crate::duration::spoken;
use crate::hcl::line_text;
use crate::kinds::{EndpointHealth, ReadRequest, ReadResult, ReadTarget, body};
use crate::run::StepReporter;
use crate::stack::{FailoverGroup, Resource};
use crate::state::{Recorded, Status};
use crate::steps::{Act, FrontWatch, LateArgument, RouteSwitch, StepFact};
use crate::value::Value;

/// The shortest time limit of one write of a route; twice as long for kinds whose changes take minutes.
const WRITE: Duration = Duration::from_secs(120);
/// The time limit until a read shows a write.
const SETTLES: Duration = Duration::from_secs(1800);

/// The routes of one set of users, as far as they were tried.
#[derive(Default)]
struct RouteAttempts {
    switched: Vec<String>,
    left: Vec<String>,
    reasons: Vec<String>,
    unknown: bool,
}

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

    /// Switches one set of users: every route that leads them to the destination, and for one that cannot be switched,
    /// its fallbacks. The step is done once a route has switched them.
    pub(super) async fn route(
        &self,
        routes: &[RouteSwitch],
        agree: &[String],
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let mut attempts = RouteAttempts::default();
        let is_fallback = |route: &RouteSwitch| {
            route.fallback_for.as_ref().is_some_and(|of| routes.iter().any(|route| route.name == *of))
        };
        for route in routes.iter().filter(|route| !is_fallback(route)) {
            let mut next = VecDeque::from([route]);
            let mut by = None;
            while let Some(route) = next.pop_front().filter(|_| by.is_none()) {
                match self.attempt(route, agree, tell, &mut attempts).await {
                    true => by = Some(route),
                    false => next.extend(routes.iter().filter(|of| of.fallback_for.as_ref() == Some(&route.name))),
                }
            }
            let list = if by.is_some() { &mut attempts.switched } else { &mut attempts.left };
            list.push(by.unwrap_or(route).name.clone());
        }
        let why = match attempts.reasons.is_empty() {
            true => "no route is configured".to_owned(),
            false => format!("no route switched traffic; {}", attempts.reasons.join("; ")),
        };
        match (attempts.switched.is_empty(), attempts.left.as_slice(), attempts.unknown) {
            (false, [], _) => Ok(()),
            (false, left, _) => {
                let (left, by) = (left.join(", "), attempts.switched.join(", "));
                say(tell, format!("Not switched: route {left}. Users reach the new site through {by}"));
                Ok(())
            }
            (true, _, true) => Err(StepError::Unknown(why)),
            (true, _, false) => Err(StepError::Failed(why)),
        }
    }

    /// True once a route is switched. One that is refused is rolled back; one whose outcome stays unknown for longer
    /// than its writes may take is left: users come first.
    async fn attempt(
        &self,
        route: &RouteSwitch,
        agree: &[String],
        tell: &StepReporter,
        attempts: &mut RouteAttempts,
    ) -> bool {
        let mut moved = Vec::new();
        let why = match self.switch_traffic(route, agree, &mut moved, tell).await {
            Ok(()) => return true,
            Err(StepError::Failed(why) | StepError::Paused(why)) => why,
            // Nothing can be rolled back through a service that does not answer, and its writes may still arrive.
            Err(StepError::Unknown(why)) => {
                say(tell, format!("{}: the outcome of this route is unknown: {why}", route.name));
                attempts.reasons.push(format!("{}: outcome unknown: {why}", route.name));
                attempts.unknown = true;
                return false;
            }
        };
        say(tell, format!("Failed to switch traffic with {}; rolling it back: {why}", route.name));
        attempts.reasons.push(format!("{}: {why}", route.name));
        moved.reverse();
        for request in self.requests(&moved) {
            let done = self.switch_in_time(request).await;
            for (address, before) in request {
                match &done {
                    Ok(_) => self.tell_of(address, "was rolled back", before, tell),
                    Err(StepError::Failed(why) | StepError::Unknown(why) | StepError::Paused(why)) => {
                        attempts.reasons.push(format!("{address} was not rolled back: {why}"));
                    }
                }
            }
        }
        false
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
        let mut moves = self.late(route).await?;
        moves.extend(route.moves.iter().cloned());
        for request in self.requests(&moves) {
            let before = self.switch_in_time(request).await?;
            for ((address, arguments), before) in request.iter().zip(before) {
                moved.push((address.clone(), before));
                self.tell_of(address, "was switched", arguments, tell);
            }
        }
        self.ports.clock.sleep(route.lingers).await;
        for probe in agree {
            self.probe(probe, tell).await?;
        }
        if let Some(watch) = &route.watch {
            self.watch_front(watch, tell).await;
        }
        Ok(())
    }

    /// Waits until the front of an endpoint reports it as healthy, for as long as the front needs to notice. Users have
    /// been switched: a front that reports nothing, or an unhealthy endpoint, is a fact for the report and no reason to
    /// lead them back.
    async fn watch_front(&self, watch: &FrontWatch, tell: &StepReporter) {
        let resource = self.stack.resources.get(&watch.endpoint);
        let Some((resource, front)) = resource.and_then(|resource| Some((resource, resource.kind.moves.front?))) else {
            return;
        };
        let Some(object) = resource.objects.first() else { return };
        let wanted = ReadRequest::new(resource.kind.type_.object(object.id.clone()), ReadTarget::Body);
        let began = self.ports.clock.now();
        let mut last = String::new();
        loop {
            let seen = look(self.ports.reads(), Patience::STATUS, &wanted).await;
            let health = match &seen {
                ReadResult::There(body) => (front.health)(body),
                ReadResult::Absent => EndpointHealth::Unknown("no such endpoint".to_owned()),
                ReadResult::Unseen(why) => EndpointHealth::Unknown(format!("unknown: {why}")),
            };
            let is_over = self.ports.clock.now().duration_since(began).unsigned_abs() + LOOK > watch.within;
            let served = match &health {
                EndpointHealth::Healthy(_) => Some(true),
                EndpointHealth::Unhealthy(_) if is_over => Some(false),
                EndpointHealth::Unhealthy(_) | EndpointHealth::Unknown(_) => None,
            };
            let (EndpointHealth::Healthy(word) | EndpointHealth::Unhealthy(word) | EndpointHealth::Unknown(word)) =
                health;
            if word != last || served.is_some() {
                let what = format!("{} reports {}: {word}", front.name, watch.endpoint);
                tell.learnt(StepFact { served, ..StepFact::said(what) });
                last = word;
            }
            if served.is_some() || is_over {
                return;
            }
            self.ports.clock.sleep(LOOK).await;
        }
    }

    /// The arguments of a route whose values were unknown when it was planned.
    async fn late(&self, route: &RouteSwitch) -> Result<Vec<(Address, ArgumentMap)>, StepError> {
        let mut moves = Vec::with_capacity(route.late.len());
        for LateArgument { resource: address, argument, site, waits_for: _ } in &route.late {
            let missing = || StepError::Failed(format!("the stack has no {address}"));
            let record = self.stack.resources.get(address).ok_or_else(missing)?;
            let find = |group: &FailoverGroup| {
                let route = group.route(&route.name)?;
                Some((route.kind, route.value_at(site)?.clone()))
            };
            let (kind, destination) = self.of_group(&route.name, find, |(_, value)| value.unknown_within()).await?;
            let value = (kind.late)(record, argument, &destination).ok_or_else(|| {
                StepError::Failed(format!("the value of route `{}` for {site} is unknown", route.name))
            })?;
            moves.push((address.clone(), ArgumentMap::from_iter([(argument.clone(), value)])));
        }
        Ok(moves)
    }

    /// Writes these arguments and no others, and returns their previous values; unknown where the cloud confirms no
    /// outcome within the worst case of the writes: they fail, are throttled, or get no answer, for longer than users
    /// can wait for this route.
    pub(super) async fn switch_in_time(&self, moves: &Moves) -> Result<Vec<ArgumentMap>, StepError> {
        let resources = || moves.iter().filter_map(|(address, _)| self.stack.resources.get(address));
        let usual = resources().map(|resource| resource.kind.durations.update).max().unwrap_or_default();
        let limit = Duration::from_secs(3 * u64::from(usual)).clamp(WRITE, 2 * WRITE);
        let work = async {
            match moves {
                [(address, arguments)] if !resources().any(|resource| resource.kind.moves.together) => {
                    self.switch(address, arguments).await.map(|before| vec![before])
                }
                moves => self.switch_together(moves).await,
            }
        };
        match select(pin!(work), pin!(self.ports.clock.sleep(limit))).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => {
                let mut ids = resources().flat_map(|resource| &resource.objects).map(|object| &object.id);
                let why = ids.find_map(|id| {
                    let throttled = || self.ports.cloud.delayed_until(id).map(|_| "requests are throttled".to_owned());
                    self.ports.cloud.last_refusal(id).or_else(throttled)
                });
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let (of, limit) = (names(moves), spoken(limit));
                Err(StepError::Unknown(format!("the cloud has not confirmed the change of {of} within {limit}{why}")))
            }
        }
    }

    /// Reports the record of a resource that the step has changed, and the arguments that it has set.
    pub(super) fn tell_of(&self, address: &Address, what: &str, arguments: &ArgumentMap, tell: &StepReporter) {
        let now = self.recorded(address).map(|now| (address.clone(), Box::new(now)));
        let set = |(name, value): (&String, &Json)| format!("{name} = {}", line_text(value, &|_| None));
        let set = arguments.iter().map(set).collect::<Vec<_>>().join(", ");
        tell.learnt(StepFact { resource: now, ..StepFact::said(format!("{address} {what}: {set}")) });
    }
}
