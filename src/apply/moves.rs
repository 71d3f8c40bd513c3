//! Writing single arguments: what quiesces, fences and opens; and levers, which do so in a row and are taken back where users have not moved.

use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json};

use super::around::front;
use super::probe::Asking;
use super::tasks::say;
use super::{Stopped, Worker};
use crate::address::Address;
use crate::kinds::body;
use crate::run::Tell;
use crate::stack::Resource;
use crate::state::{Recorded, Status};
use crate::steps::{Act, Learnt, Lever};
use crate::value::Value;

/// How long users may be waited for at the front, once a lever was moved.
const FRONT: Duration = Duration::from_secs(600);
/// How long it may take until what was written is read.
const SETTLES: Duration = Duration::from_secs(1800);
const LOOK: Duration = Duration::from_secs(5);
/// How often a write is done again whose outcome is not known: it looks first, and writes nothing that stands.
const UNCLEAR: u32 = 3;

type Arguments = JsonMap<String, Json>;

impl Worker<'_> {
    /// Writes these arguments of a resource and no others, and returns what they were.
    pub(super) async fn switch(&self, address: &Address, arguments: &Arguments) -> Result<Arguments, Stopped> {
        let missing = || Stopped::Failed(format!("the stack has no {address}"));
        let resource = self.stack.resources.get(address).ok_or_else(missing)?;
        let unrecorded = || Stopped::Failed(format!("{address} is not recorded: it does not stand"));
        let recorded = self.recorded(address).ok_or_else(unrecorded)?;
        let mut tries = 1;
        let now = loop {
            match self.write_some(resource, &recorded, arguments).await {
                Err(Stopped::Unknown(_)) if tries < UNCLEAR => tries += 1,
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
        arguments: &Arguments,
    ) -> Result<Recorded, Stopped> {
        // Whatever was there before counts as not written, so that these arguments are written wherever they differ.
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
                return Err(Stopped::Failed(format!("{} does not stand", object.id)));
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

    /// The answers, once they show these arguments as they were written, as far as the kind's answers show them at all.
    async fn really(
        &self,
        resource: &Resource,
        arguments: &Arguments,
        answers: Vec<Json>,
    ) -> Result<Vec<Json>, Stopped> {
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
                return Err(Stopped::Unknown(format!("`{name}` was written and still reads otherwise")));
            }
            self.ports.clock.sleep(LOOK).await;
            answers = self.ready(resource, Vec::new()).await?;
        }
    }

    /// Moves users with the first lever that works.
    pub(super) async fn route(&self, levers: &[Lever], agree: &[String], tell: &Tell) -> Result<(), Stopped> {
        let mut reasons = Vec::new();
        for lever in levers {
            let mut moved = Vec::new();
            let why = match self.pull(lever, agree, &mut moved, tell).await {
                Ok(()) => return Ok(()),
                Err(Stopped::Failed(why) | Stopped::Paused(why)) => why,
                Err(unknown @ Stopped::Unknown(_)) => return Err(unknown),
            };
            say(tell, format!("{} did not move users, and is taken back: {why}", lever.name));
            reasons.push(format!("{}: {why}", lever.name));
            for (address, before) in moved.iter().rev() {
                match self.switch(address, before).await {
                    Ok(_) => self.tell_of(address, "was taken back", tell),
                    Err(Stopped::Failed(why) | Stopped::Unknown(why) | Stopped::Paused(why)) => {
                        reasons.push(format!("{address} was not taken back: {why}"));
                    }
                }
            }
        }
        Err(Stopped::Failed(match reasons.is_empty() {
            true => "there is no lever".to_owned(),
            false => format!("no lever moved users; {}", reasons.join("; ")),
        }))
    }

    /// Moves one lever and waits until users come where it leads. `moved` is what was written, with what was there before.
    async fn pull(
        &self,
        lever: &Lever,
        agree: &[String],
        moved: &mut Vec<(Address, Arguments)>,
        tell: &Tell,
    ) -> Result<(), Stopped> {
        for (address, arguments) in &lever.moves {
            let before = self.switch(address, arguments).await?;
            moved.push((address.clone(), before));
            self.tell_of(address, "was switched", tell);
        }
        self.ports.clock.sleep(lever.lingers).await;
        if let Some(url) = &lever.front {
            let served = |status: u16| (200..400).contains(&status);
            self.ask(Asking { request: front(url), shown: url, within: FRONT, right: &served }, tell).await?;
        }
        for probe in agree {
            self.probe(probe, tell).await?;
        }
        Ok(())
    }

    /// Tells how a resource stands now that the step has changed it.
    fn tell_of(&self, address: &Address, what: &str, tell: &Tell) {
        let now = self.recorded(address).map(|now| (address.clone(), Box::new(now)));
        tell.learnt(Learnt { resource: now, ..Learnt::said(format!("{address} {what}")) });
    }
}
