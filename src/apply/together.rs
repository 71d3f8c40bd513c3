//! Switches of several resources at once: records that a provider changes in one request, so that users never see half
//! of a move.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use serde_json::{Map as JsonMap, Value as Json};

use super::moves::{ArgumentMap, LOOK, UNCLEAR, WRITE};
use super::write::{TRIES, merged};
use super::{StepError, Worker};
use crate::address::Address;
use crate::duration::spoken;
use crate::hcl::line_text;
use crate::kinds::{body, decode};
use crate::object::Object;
use crate::reason::Reason;
use crate::sight::Sight;
use crate::stack::Resource;
use crate::state::Recorded;
use crate::world::{CloudError, WriteCondition};

/// Arguments to write, by resource.
pub(super) type Moves = [(Address, ArgumentMap)];

/// A resource that is to change, as it was read.
struct Change<'s> {
    resource: &'s Resource,
    recorded: Recorded,
    /// Its arguments after the change.
    arguments: ArgumentMap,
    object: &'s Object,
    current: Sight,
    /// The body to write; `None` where nothing differs.
    body: Option<Json>,
}

impl Worker<'_> {
    /// The moves in their order, divided into those that are written at once.
    pub(super) fn requests<'m>(&self, moves: &'m Moves) -> Vec<&'m Moves> {
        let provider = |(address, _): &(Address, ArgumentMap)| {
            let kind = self.stack.resources.get(address)?.kind;
            kind.moves.together.then(|| kind.provider().name)
        };
        moves.chunk_by(|one, next| provider(one).is_some() && provider(one) == provider(next)).collect()
    }

    /// Writes these arguments and no others, and returns their previous values; unknown where the cloud confirms no
    /// outcome within the worst case of the writes: they fail, are throttled, or get no answer, for longer than users can
    /// wait for this route.
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

    async fn switch_together(&self, moves: &Moves) -> Result<Vec<ArgumentMap>, StepError> {
        let mut unclear = 1;
        let mut attempt = 0;
        let changes = loop {
            match self.written_together(moves).await {
                Ok(Some(changes)) => break changes,
                Ok(None) if attempt + 1 < TRIES => {
                    attempt += 1;
                    self.before_try(attempt).await;
                }
                Ok(None) => return Err(StepError::Failed(format!("{} keeps changing", names(moves)))),
                Err(StepError::Unknown(_)) if unclear < UNCLEAR => {
                    unclear += 1;
                    self.ports.clock.sleep(LOOK).await;
                }
                Err(other) => return Err(other),
            }
        };
        let mut before = Vec::with_capacity(changes.len());
        for (change, (address, arguments)) in changes.into_iter().zip(moves) {
            let old = |name: &String| change.recorded.arguments.get(name).cloned().unwrap_or_default();
            before.push(arguments.keys().map(|name| (name.clone(), old(name))).collect());
            let answer = change.current.body;
            let attributes =
                self.stack.with_subject(change.resource, &change.arguments, &self.knowledge(), |subject| {
                    body::attributes(subject, std::slice::from_ref(&answer))
                });
            self.keep(address, Some(&Recorded { arguments: change.arguments, attributes, ..change.recorded }));
        }
        Ok(before)
    }

    /// Reads the objects and writes all that differ in one request; `None` where one was changed meanwhile.
    async fn written_together(&self, moves: &Moves) -> Result<Option<Vec<Change<'_>>>, StepError> {
        let mut changes = Vec::with_capacity(moves.len());
        for (address, arguments) in moves {
            changes.push(self.change_of(address, arguments).await?);
        }
        let writes: Vec<_> = changes
            .iter()
            .filter_map(|change| {
                let version = change.current.version.as_ref();
                let when = version.map_or(WriteCondition::Always, WriteCondition::Unchanged);
                Some((change.object.clone(), change.body.clone()?, when))
            })
            .collect();
        if writes.is_empty() {
            return Ok(Some(changes));
        }
        let answers = match self.ports.cloud.put_together(&writes).await {
            Err(CloudError::Refused(refused)) if refused.reason == Reason::Changed => return Ok(None),
            answers => answers?,
        };
        let written = changes.iter_mut().filter(|change| change.body.is_some());
        written.zip(answers).for_each(|(change, answer)| change.current = answer);
        Ok(Some(changes))
    }

    /// A change of one resource. Users whom somebody else has moved are not moved again without a look.
    async fn change_of(&self, address: &Address, arguments: &ArgumentMap) -> Result<Change<'_>, StepError> {
        let missing = || StepError::Failed(format!("the stack has no {address}"));
        let resource = self.stack.resources.get(address).ok_or_else(missing)?;
        let unrecorded = || StepError::Failed(format!("{address} is not in the state: it does not exist"));
        let recorded = self.recorded(address).ok_or_else(unrecorded)?;
        let object = resource.objects.first().ok_or_else(missing)?;
        let gone = || StepError::Failed(format!("{} does not exist", object.id));
        let current = self.settled(object).await?.ok_or_else(gone)?;
        let read = body::read(resource.kind, std::slice::from_ref(&current.body));
        for (name, wanted) in arguments {
            let same = |one: &Json, other: &Json| match resource.kind.arg(name) {
                Some(arg) => decode::canonical(&arg.ty, one) == decode::canonical(&arg.ty, other),
                None => one == other,
            };
            let (found, known) = (read.get(name).unwrap_or(&Json::Null), recorded.arguments.get(name));
            if !same(found, wanted) && !known.is_some_and(|known| same(found, known)) {
                let text = |value: &Json| line_text(value, &|_| None);
                return Err(StepError::Failed(format!(
                    "somebody else changed {address}: `{name}` is {}, and the state has {}; `drplan refresh` records it \
                     as it is",
                    text(found),
                    text(known.unwrap_or(&Json::Null)),
                )));
            }
        }
        let (mut before, mut after) = (recorded.arguments.clone(), recorded.arguments.clone());
        for (name, value) in arguments {
            before.remove(name);
            after.insert(name.clone(), value.clone());
        }
        let body = |args: &JsonMap<String, Json>| self.bodies(resource, args).into_iter().next().unwrap_or_default();
        let body = merged(&current, Some(&body(&before)), &body(&after));
        Ok(Change { resource, recorded, arguments: after, object, current, body })
    }
}

fn names(moves: &Moves) -> String {
    moves.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>().join(", ")
}
