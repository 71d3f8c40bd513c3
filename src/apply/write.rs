//! Writing a resource: resolving its arguments, merging its bodies into the existing objects, and reading back its
//! attributes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json};

use super::{StepError, Worker, alternatives};
use crate::diagnostic::Diagnostics;
use crate::kinds::mark::{self, Owner};
use crate::kinds::{AttributeSource, Readiness, body, path};
use crate::object::{Object, Within};
use crate::plan::sealed;
use crate::reason::Reason;
use crate::run::StepReporter;
use crate::sight::{Phase, Sight, Version};
use crate::stack::{Knowledge, Resource};
use crate::state::{Recorded, Status};
use crate::steps::{Act, StepFact};
use crate::value::{Awaited, Map, Unknown, Value};
use crate::world::{CloudError, WriteCondition};

/// The number of attempts at a write where the object was changed by another client, or was read in an outdated
/// version. The pauses between, each twice as long as the one before, together exceed the longest read delay.
pub(super) const TRIES: u32 = 7;
/// The first of these pauses.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest wait for an object to be ready, beyond the end of its own operation.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// The time between two reads of an object that is not ready; increases with each.
const FIRST_LOOK: Duration = Duration::from_secs(2);
const LONGEST_LOOK: Duration = Duration::from_secs(20);

impl Worker<'_> {
    pub(super) async fn write(
        &self,
        resource: &Resource,
        act: &Act,
        tell: &StepReporter,
    ) -> Result<Box<Recorded>, StepError> {
        let args = self.arguments(resource).await?;
        let mut plain = reveal(&args)?;
        if matches!(act, Act::Create) {
            plain.extend(self.snapshot_of(&resource.address));
        }
        let mut bodies = self.bodies(resource, &plain);
        self.mark(resource, &mut bodies);
        if matches!(act, Act::Create) {
            self.start_restore(resource, &mut bodies).await?;
        }
        let before = self.recorded(&resource.address).filter(|_| !matches!(act, Act::Create));
        let old: Option<Vec<Json>> = before
            .as_ref()
            .filter(|before| before.status != Status::Creating)
            .map(|before| self.bodies(resource, &before.arguments));
        let change = old.as_ref().and_then(|old| old.first()).zip(bodies.first());
        if let Some((old, new)) = change {
            self.change_twins(resource, old, new, true).await?;
        }
        self.clear_way(resource, &plain).await?;
        if matches!(act, Act::Create) {
            self.recover(resource, &bodies).await?;
        }
        let mut answers = Vec::with_capacity(bodies.len());
        for (at, (object, new)) in resource.objects.iter().zip(&bodies).enumerate() {
            let old = old.as_ref().and_then(|old| old.get(at));
            answers.push(match old {
                None if at == 0 && !resource.kind.alternatives.is_empty() => {
                    self.put_any((resource, object), &plain, new, act, tell).await?
                }
                _ => self.put(object, old, new, act).await?,
            });
        }
        if let Some(copied) = resource.kind.odd.copied.filter(|_| *act == Act::Update) {
            for (object, answer) in resource.objects.iter().zip(&mut answers) {
                let renewing = WriteCondition::Renewing(copied.renew);
                *answer = self.ports.cloud.put(object, &answer.body, renewing).await?;
            }
        }
        if let Some((old, new)) = change {
            self.change_twins(resource, old, new, false).await?;
        }
        if let Some(before) = &before {
            self.follow_up(resource, &plain, &before.arguments).await?;
        }
        let answers = self.ready(resource, answers).await?;
        let attributes =
            self.stack.with_subject(resource, &plain, &self.knowledge(), |subject| body::attributes(subject, &answers));
        self.learn(resource, &args, &attributes);
        Ok(Box::new(Recorded::of(resource, sealed(&args, self.ports.seal), attributes, Status::Standing)))
    }

    /// The arguments with all values known. Secrets of resources that were not written in this run are requested now.
    async fn arguments(&self, resource: &Resource) -> Result<Map, StepError> {
        self.resolved(|knowledge| self.stack.resolve(resource, knowledge), |args: &Map| Unknown::of(args.values()))
            .await
    }

    /// The result of `resolve` once all its values are known; requests the secrets that it depends on.
    pub(super) async fn resolved<T>(
        &self,
        resolve: impl Fn(&Knowledge) -> Result<T, Diagnostics>,
        waits: impl Fn(&T) -> Option<Unknown>,
    ) -> Result<T, StepError> {
        let resolve = || {
            resolve(&self.knowledge()).map_err(|problems| {
                let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
                StepError::Failed(all.join("; "))
            })
        };
        let first = resolve()?;
        let Some(unknown) = waits(&first) else { return Ok(first) };
        self.ask_secrets(&unknown).await?;
        let second = resolve()?;
        match waits(&second) {
            None => Ok(second),
            Some(unknown) => {
                let all: Vec<&str> = unknown.waits_for.iter().map(Awaited::as_str).collect();
                Err(StepError::Failed(format!("the cloud did not return {}", all.join(", "))))
            }
        }
    }

    pub(super) fn bodies(&self, resource: &Resource, args: &JsonMap<String, Json>) -> Vec<Json> {
        self.stack.with_subject(resource, args, &self.knowledge(), body::bodies)
    }

    /// Adds the owner's mark to the bodies of objects that take tags.
    fn mark(&self, resource: &Resource, bodies: &mut [Json]) {
        let whole = resource.objects.iter().zip(bodies).filter(|(object, _)| object.within.is_none());
        whole.filter(|(_, body)| mark::takes_mark(resource.kind, body)).for_each(|(_, body)| self.owner.mark(body));
    }

    /// Brings one object to its intended state, and returns the result.
    /// The property with the rank of the elements of a list, where ranks are unique among them.
    fn rank(&self, within: &Within) -> Option<&'static str> {
        let Within::Element { list, .. } = within else { return None };
        self.stack.catalog().providers().find_map(|provider| provider.rank_in(list))
    }

    /// Lists of bodies in which children appear as well.
    pub(super) fn shown_lists(&self) -> Vec<&'static str> {
        self.stack.catalog().providers().flat_map(|provider| provider.shown_lists()).collect()
    }

    pub(super) async fn put(
        &self,
        object: &Object,
        old: Option<&Json>,
        new: &Json,
        act: &Act,
    ) -> Result<Sight, StepError> {
        for attempt in 0..TRIES {
            self.before_try(attempt).await;
            let current = self.settled(object).await?;
            let (body, version) = match (&object.within, current) {
                (None, None) => (new.clone(), None),
                (None, Some(current)) => {
                    let is_ours = || Owner::of(&current.body).is_some_and(|owner| owner.lineage == self.owner.lineage);
                    let is_known = self.known.contains(&object.id) || self.is_recovered(&object.id);
                    if *act == Act::Create && !is_known && !is_ours() {
                        return Err(StepError::Failed(format!(
                            "{} exists already and is not this stack's; `drplan plan` shows how to import it",
                            object.id
                        )));
                    }
                    let Some(merged) = merged(&current, old, new, &self.shown_lists()) else { return Ok(current) };
                    (merged, current.version)
                }
                (Some(_), None) => {
                    return Err(StepError::Failed(format!("{}, which contains it, does not exist", object.id)));
                }
                (Some(within), Some(current)) => {
                    if let Some(missing) = unplaced(&current.body, within) {
                        return Err(StepError::Failed(format!("{} has no {missing}", object.id)));
                    }
                    let Some(spliced) = spliced(&current, (within, self.rank(within)), old, new) else {
                        return Ok(current);
                    };
                    (spliced, current.version)
                }
            };
            if let Some(answer) = self.put_unchanged(object, &body, version.as_ref()).await? {
                return Ok(answer);
            }
        }
        Err(contended(object))
    }

    /// Makes the first object of a resource in the first way for which the cloud has capacity. An object that exists
    /// was made in one of the ways, by a run that was cut short, and stays so.
    async fn put_any(
        &self,
        (resource, object): (&Resource, &Object),
        args: &JsonMap<String, Json>,
        body: &Json,
        act: &Act,
        tell: &StepReporter,
    ) -> Result<Sight, StepError> {
        let of = |args: &JsonMap<String, Json>| self.bodies(resource, args).into_iter().next().unwrap_or_default();
        let ways = alternatives::ways((self.stack, resource), args, body, of);
        if let Some(current) = self.settled(object).await? {
            return self.put(object, None, alternatives::made(&current.body, body, &ways), act).await;
        }
        let mut ways = ways.iter().peekable();
        while let Some(way) = ways.next() {
            match (self.ports.cloud.put(object, &way.body, WriteCondition::Always).await, ways.peek()) {
                (Ok(made), _) => return Ok(made),
                (Err(CloudError::Refused(refused)), Some(next)) if refused.reason == Reason::NoCapacity => {
                    let what = format!("no capacity for {}: {} is tried", way.said, next.said);
                    tell.learnt(StepFact::said(what));
                }
                (Err(error), _) => return Err(error.into()),
            }
        }
        Err(StepError::Failed(format!("nothing says how to make {}", resource.address)))
    }

    /// Waits before a write is tried again.
    pub(super) async fn before_try(&self, attempt: u32) {
        if let Some(doubled) = attempt.checked_sub(1) {
            self.ports.clock.sleep(FIRST_PAUSE * 2_u32.pow(doubled)).await;
        }
    }

    /// Writes an object unless it was changed since it was read; `None` where it was.
    pub(super) async fn put_unchanged(
        &self,
        object: &Object,
        body: &Json,
        version: Option<&Version>,
    ) -> Result<Option<Sight>, StepError> {
        let when = version.map_or(WriteCondition::Always, WriteCondition::Unchanged);
        match self.ports.cloud.put(object, body, when).await {
            Err(CloudError::Refused(refused)) if refused.reason == Reason::Changed => Ok(None),
            Err(error) => Err(error.into()),
            Ok(answer) => Ok(Some(answer)),
        }
    }

    /// The object, once no operation on it is in progress.
    pub(super) async fn settled(&self, object: &Object) -> Result<Option<Sight>, StepError> {
        let began = self.ports.clock.now();
        let mut look = FIRST_LOOK;
        loop {
            let current = self.ports.cloud.get(object).await?;
            let Some(Sight { phase: Phase::UnderWay(state), .. }) = &current else { return Ok(current) };
            if self.since(began) > PATIENCE {
                return Err(StepError::Unknown(format!("{} has been {state} for too long", object.id)));
            }
            self.ports.clock.sleep(look).await;
            look = (look * 2).min(LONGEST_LOOK);
        }
    }

    /// The bodies of all objects, each reduced to the resource's own part, once they are ready. `written` holds the
    /// objects right after the write: they are read again only where writing the others may have changed them.
    pub(super) async fn ready(&self, resource: &Resource, written: Vec<Sight>) -> Result<Vec<Json>, StepError> {
        let began = self.ports.clock.now();
        let mut look = FIRST_LOOK;
        // The service is interrupted until a workload has started.
        let longest = if resource.kind.moves.idle.is_some() { FIRST_LOOK } else { LONGEST_LOOK };
        let mut seen =
            if written.len() == 1 { written.into_iter().map(Some).collect() } else { self.look(resource).await? };
        loop {
            let (mut answers, mut ready) = (Vec::with_capacity(seen.len()), Readiness::Yes);
            for (object, seen) in resource.objects.iter().zip(&seen) {
                let part = seen.as_ref().and_then(|seen| Some((body::part(object, &seen.body)?, &seen.phase)));
                if ready == Readiness::Yes {
                    ready = standing(part.map(|(_, phase)| phase));
                }
                answers.push(part.map_or(Json::Null, |(part, _)| part.clone()));
            }
            if let Some(own) = resource.kind.odd.ready {
                ready = own(&answers);
            }
            match ready {
                Readiness::Yes => return Ok(answers),
                Readiness::Never(why) => return Err(StepError::Failed(why)),
                Readiness::Waits(why) if self.since(began) > PATIENCE => {
                    return Err(StepError::Unknown(format!("it is still not ready: waiting until {why}")));
                }
                Readiness::Waits(_) => {}
            }
            self.ports.clock.sleep(look).await;
            look = (look * 2).min(longest);
            seen = self.look(resource).await?;
        }
    }

    /// All objects of a resource; `None` for a missing one.
    pub(super) async fn look(&self, resource: &Resource) -> Result<Vec<Option<Sight>>, StepError> {
        let mut seen = Vec::with_capacity(resource.objects.len());
        for object in &resource.objects {
            seen.push(self.ports.cloud.get(object).await?);
        }
        Ok(seen)
    }

    /// Keeps the new values of a resource for the steps that wait for them.
    fn learn(&self, resource: &Resource, args: &Map, attributes: &JsonMap<String, Json>) {
        let known = attributes.iter().map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect();
        let mut knowledge = self.knowledge();
        knowledge.attributes.insert(resource.address.clone(), known);
        knowledge.args.insert(resource.address.clone(), args.clone());
    }

    /// The time since then.
    pub(super) fn since(&self, time: Timestamp) -> Duration {
        self.ports.clock.now().duration_since(time).unsigned_abs()
    }

    /// Requests the secret attributes that a value waits for, and no others: each is a key that somebody could use.
    pub(super) async fn ask_secrets(&self, unknown: &Unknown) -> Result<(), StepError> {
        for (address, name) in unknown.waits_for.iter().filter_map(Awaited::resource) {
            if let Some(other) = self.stack.resources.get(address) {
                self.ask_secret(other, name).await?;
            }
        }
        Ok(())
    }

    /// Requests a secret attribute from the cloud; it is kept in memory only.
    async fn ask_secret(&self, resource: &Resource, name: &str) -> Result<(), StepError> {
        let Some(attribute) = resource.kind.attribute(name) else { return Ok(()) };
        let (AttributeSource::Action(action, at), Some(object)) =
            (attribute.from, resource.kind.odd.main(&resource.objects))
        else {
            return Ok(());
        };
        let (began, mut pause) = (self.ports.clock.now(), FIRST_LOOK);
        let answer = loop {
            match self.ports.cloud.post(object, action, &[], None).await {
                // Requesting a secret changes nothing, and may be repeated.
                Err(CloudError::Refused(refused)) if refused.reason == Reason::Busy && self.since(began) < PATIENCE => {
                    self.ports.clock.sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_LOOK);
                }
                answer => break answer?,
            }
        };
        if let Some(secret) = path::get(&answer, at).and_then(|secret| attribute.told(secret)) {
            let value = Value::from_json(&secret).sensitive();
            let mut knowledge = self.knowledge();
            knowledge.attributes.entry(resource.address.clone()).or_default().insert(name.into(), value);
        }
        Ok(())
    }
}

fn reveal(args: &Map) -> Result<JsonMap<String, Json>, StepError> {
    let unknown = |name: &str| StepError::Failed(format!("`{name}` is still unknown"));
    args.iter().map(|(name, value)| Ok((name.to_string(), value.reveal().map_err(|_| unknown(name))?))).collect()
}

/// The existing body with the change from `old` to `new` applied; `None` where that changes nothing. A write repairs an
/// object whose last operation failed, whether or not it changes anything. Elements of children in `shown` lists stay.
pub(super) fn merged(current: &Sight, old: Option<&Json>, new: &Json, shown: &[&str]) -> Option<Json> {
    let mut merged = current.body.clone();
    fold_tags(&mut merged, new);
    path::merge(&mut merged, old.unwrap_or(&Json::Null), new);
    for list in shown {
        let own = |element: &Json| {
            let lists = [old.map_or(&[][..], |old| path::items(old, list)), path::items(new, list)];
            lists.into_iter().flatten().any(|one| path::element_name(one) == path::element_name(element))
        };
        let children: Vec<Json> = path::items(&current.body, list).iter().filter(|one| !own(one)).cloned().collect();
        if let Some(all) = path::borrow_mut(&mut merged, list).and_then(Json::as_array_mut) {
            all.retain(own);
            all.extend(children);
        }
    }
    (current.phase != Phase::Settled || merged != current.body).then_some(merged)
}

/// Writes the names of existing tags in the case of the new ones: names of tags have no case, so both would be one tag.
fn fold_tags(current: &mut Json, new: &Json) {
    let Some(wanted) = new.get("tags").and_then(Json::as_object) else { return };
    let Some(tags) = current.get_mut("tags").and_then(Json::as_object_mut) else { return };
    for name in wanted.keys().filter(|name| !tags.contains_key(*name)).cloned().collect::<Vec<_>>() {
        let alike = tags.keys().find(|other| other.to_lowercase() == name.to_lowercase()).cloned();
        if let Some(value) = alike.and_then(|alike| tags.remove(&alike)) {
            tags.insert(name, value);
        }
    }
}

/// The existing body with the part in its place; `None` where that changes nothing. `rank` is the property with the
/// rank of the elements of its list, where ranks are unique.
fn spliced(current: &Sight, (within, rank): (&Within, Option<&str>), old: Option<&Json>, new: &Json) -> Option<Json> {
    match within {
        Within::Paths(paths) if paths.is_empty() => None,
        Within::Paths(_) => merged(current, old, new, &[]),
        Within::Element { list, key, name } => {
            let mut items =
                path::get(&current.body, list).and_then(|list| list.as_array().cloned()).unwrap_or_default();
            let same = |item: &Json| path::text(item, key).is_some_and(|n| path::same_name(n, name));
            match items.iter().position(same) {
                Some(at) => {
                    let item = items.get_mut(at)?;
                    let before = item.clone();
                    path::merge(item, old.unwrap_or(&Json::Null), new);
                    if *item == before {
                        return None;
                    }
                    if let Some(rank) = rank {
                        exchange_rank(&mut items, rank, (at, &before));
                    }
                }
                None => items.push(new.clone()),
            }
            let mut body = current.body.clone();
            path::remove(&mut body, list);
            path::put(&mut body, list, Json::Array(items));
            Some(body)
        }
    }
}

/// The element of another list that would contain the part, where it does not exist.
fn unplaced<'a>(current: &Json, within: &'a Within) -> Option<&'a str> {
    let Within::Element { list, .. } = within else { return None };
    let (outer, _) = list.rsplit_once("].")?;
    path::borrow(current, &format!("{outer}]")).is_none().then_some(outer.rsplit(['.', '[']).next()?)
}

/// Gives the former rank of an element to the one whose rank it takes: ranks are unique, also between two writes.
fn exchange_rank(items: &mut [Json], property: &str, (at, before): (usize, &Json)) {
    let rank = |item: &Json| path::get(item, property);
    let (was, now) = (rank(before), items.get(at).and_then(rank));
    let Some(was) = was.filter(|was| now.as_ref() != Some(was)) else { return };
    let same = |(other, item): &(usize, &mut Json)| *other != at && rank(item) == now;
    if let Some((_, item)) = items.iter_mut().enumerate().find(same) {
        path::put(item, property, was);
    }
}

/// The error of a write that was changed by another client in every attempt.
pub(super) fn contended(object: &Object) -> StepError {
    StepError::Failed(format!("{} was changed by another client before each write", object.id))
}

/// Readiness by the phase of an object, or of a part of one; `None` where it cannot be read.
fn standing(phase: Option<&Phase>) -> Readiness {
    match phase {
        None => Readiness::Waits("it can be read".to_owned()),
        Some(Phase::Settled) => Readiness::Yes,
        Some(Phase::Failed(state)) => Readiness::Never(format!("its provisioning state is {state}")),
        Some(Phase::UnderWay(state)) => Readiness::Waits(format!("it is no longer {state}")),
    }
}
