//! Switches of several resources at once: records that a provider changes in one request, so that users never see half
//! of a move.

use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json};

use super::write::{TRIES, merged};
use super::{StepError, Worker};
use crate::address::Address;
use crate::hcl::line_text;
use crate::kinds::{body, decode};
use crate::object::Object;
use crate::reason::Reason;
use crate::sight::Sight;
use crate::stack::Resource;
use crate::state::Recorded;
use crate::world::{CloudError, WriteCondition};

/// The number of repetitions of a write with an unknown outcome: each reads first, and writes only differences.
pub(super) const UNCLEAR: u32 = 3;
pub(super) const LOOK: Duration = Duration::from_secs(5);

pub(super) type ArgumentMap = JsonMap<String, Json>;

/// Arguments to write, by resource.
pub(super) type Moves = [(Address, ArgumentMap)];

/// A resource that is to change, as it was read.
struct Change<'s> {
    resource: &'s Resource,
    recorded: Recorded,
    /// Its arguments after the change.
    arguments: ArgumentMap,
    /// The values that the arguments to write have now.
    found: ArgumentMap,
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

    /// Writes the arguments of several resources at once, and returns their previous values.
    pub(super) async fn switch_together(&self, moves: &Moves) -> Result<Vec<ArgumentMap>, StepError> {
        let (mut unclear, mut attempt) = (1, 0);
        let mut first = Vec::new();
        let changes = loop {
            match self.written_together(moves, &mut first).await {
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

    /// Reads the objects and writes all that differ in one request; `None` where one was changed meanwhile. `first` has
    /// the values of the first read: what somebody else writes during the switch is not overwritten.
    async fn written_together(
        &self,
        moves: &Moves,
        first: &mut Vec<ArgumentMap>,
    ) -> Result<Option<Vec<Change<'_>>>, StepError> {
        let mut changes = Vec::with_capacity(moves.len());
        for (address, arguments) in moves {
            changes.push(self.change_of(address, arguments).await?);
        }
        if first.is_empty() {
            first.extend(changes.iter().map(|change| change.found.clone()));
        }
        for ((change, first), (address, wanted)) in changes.iter().zip(&*first).zip(moves) {
            if let Some((name, now)) =
                change.found.iter().find(|(name, now)| disturbs(change.resource, name, now, first, wanted))
            {
                let text = |value: &Json| line_text(value, &|_| None);
                let was = first.get(name).map(text).unwrap_or_default();
                return Err(StepError::Failed(format!(
                    "somebody else changes {address} now: `{name}` was {was}, and is {}",
                    text(now)
                )));
            }
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

    /// A change of one resource, as it is now.
    async fn change_of(&self, address: &Address, arguments: &ArgumentMap) -> Result<Change<'_>, StepError> {
        let missing = || StepError::Failed(format!("the stack has no {address}"));
        let resource = self.stack.resources.get(address).ok_or_else(missing)?;
        let unrecorded = || StepError::Failed(format!("{address} is not in the state: it does not exist"));
        let recorded = self.recorded(address).ok_or_else(unrecorded)?;
        let object = resource.objects.first().ok_or_else(missing)?;
        let gone = || StepError::Failed(format!("{} does not exist", object.id));
        let current = self.settled(object).await?.ok_or_else(gone)?;
        let read = body::read(resource.kind, std::slice::from_ref(&current.body));
        let found: ArgumentMap =
            arguments.keys().map(|name| (name.clone(), read.get(name).cloned().unwrap_or_default())).collect();
        let (mut before, mut after) = (recorded.arguments.clone(), recorded.arguments.clone());
        for (name, value) in arguments {
            before.remove(name);
            after.insert(name.clone(), value.clone());
        }
        let body = |args: &JsonMap<String, Json>| self.bodies(resource, args).into_iter().next().unwrap_or_default();
        let body = merged(&current, Some(&body(&before)), &body(&after), &self.shown_lists());
        Ok(Change { resource, recorded, arguments: after, found, object, current, body })
    }
}

/// True for a value that is neither the one of the first read nor the wanted one.
fn disturbs(resource: &Resource, name: &str, now: &Json, first: &ArgumentMap, wanted: &ArgumentMap) -> bool {
    let same = |other: Option<&Json>| match (resource.kind.arg(name), other) {
        (Some(arg), Some(other)) => decode::canonical(&arg.ty, now) == decode::canonical(&arg.ty, other),
        (None, Some(other)) => now == other,
        (_, None) => false,
    };
    !same(first.get(name)) && !same(wanted.get(name))
}

/// The addresses of the moves, for a sentence.
pub(super) fn names(moves: &Moves) -> String {
    moves.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>().join(", ")
}
