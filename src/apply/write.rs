//! Writing a resource: its arguments filled in, its bodies brought into what stands, and what it brings read back.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json};

use super::{Stopped, Worker};
use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::kinds::{From, Object, Ready, Within, body, path};
use crate::plan::sealed;
use crate::stack::{Knowledge, Resource};
use crate::state::{Recorded, Status};
use crate::steps::Act;
use crate::value::{Map, Unknown, Value};
use crate::world::{CloudError, When};

/// How often a write is tried again because the object was changed by somebody else in between, or was read as it no longer stood. The pauses between, each
/// twice as long as the one before, are longer together than reads can be behind.
pub(super) const TRIES: u32 = 7;
/// The first of these pauses.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest that is waited for an object to be ready, beyond the end of its own operation.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// The time between two looks at an object that is not ready; grows with each.
const FIRST_LOOK: Duration = Duration::from_secs(2);
const LONGEST_LOOK: Duration = Duration::from_secs(20);

impl Worker<'_> {
    pub(super) async fn write(&self, resource: &Resource, act: &Act) -> Result<Box<Recorded>, Stopped> {
        let args = self.arguments(resource).await?;
        let plain = reveal(&args)?;
        let bodies = self.bodies(resource, &plain);
        let before = self.recorded(&resource.address).filter(|_| !matches!(act, Act::Create));
        let old: Option<Vec<Json>> = before
            .filter(|before| before.status != Status::Creating)
            .map(|before| self.bodies(resource, &before.arguments));
        let mut answers = Vec::with_capacity(bodies.len());
        for (at, (object, new)) in resource.objects.iter().zip(&bodies).enumerate() {
            let old = old.as_ref().and_then(|old| old.get(at));
            answers.push(self.put(object, old, new, act).await?);
        }
        let answers = self.ready(resource, answers).await?;
        let attributes =
            self.stack.with_subject(resource, &plain, &self.knowledge(), |subject| body::attributes(subject, &answers));
        self.learn(resource, &args, &attributes).await?;
        Ok(Box::new(Recorded::of(resource, sealed(&args, self.ports.seal), attributes, Status::Standing)))
    }

    /// The arguments, everything known: what waits for a secret of a resource that was not written in this run is asked for now.
    async fn arguments(&self, resource: &Resource) -> Result<Map, Stopped> {
        self.resolved(
            |knowledge| self.stack.resolve(resource, knowledge),
            |args: &Map| args.values().filter_map(Value::unknown_within).reduce(|a, b| a.and(&b)),
        )
        .await
    }

    /// What `resolve` makes of what is known, once nothing of it waits any more: secrets that it waits for are asked for.
    pub(super) async fn resolved<T>(
        &self,
        resolve: impl Fn(&Knowledge) -> Result<T, Diagnostics>,
        waits: impl Fn(&T) -> Option<Unknown>,
    ) -> Result<T, Stopped> {
        let resolve = || {
            resolve(&self.knowledge()).map_err(|problems| {
                let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Stopped::Failed(all.join("; "))
            })
        };
        let first = resolve()?;
        let Some(unknown) = waits(&first) else { return Ok(first) };
        for waits in unknown.waits_for.iter() {
            let Some((address, name)) = waits.rsplit_once('.') else { continue };
            let Ok(address) = address.parse::<Address>() else { continue };
            if let Some(other) = self.stack.resources.get(&address) {
                self.ask_secret(other, name).await?;
            }
        }
        let second = resolve()?;
        match waits(&second) {
            None => Ok(second),
            Some(unknown) => {
                let all: Vec<&str> = unknown.waits_for.iter().map(String::as_str).collect();
                Err(Stopped::Failed(format!("the cloud has not said what {} is", all.join(", "))))
            }
        }
    }

    pub(super) fn bodies(&self, resource: &Resource, args: &JsonMap<String, Json>) -> Vec<Json> {
        self.stack.with_subject(resource, args, &self.knowledge(), body::bodies)
    }

    /// Brings one object to what it should be, and returns it as it then stands.
    pub(super) async fn put(
        &self,
        object: &Object,
        old: Option<&Json>,
        new: &Json,
        act: &Act,
    ) -> Result<Json, Stopped> {
        for attempt in 0..TRIES {
            self.before_try(attempt).await;
            let current = self.settled(object).await?;
            let (body, etag) = match (&object.within, current) {
                (None, None) => (new.clone(), None),
                (None, Some(current)) => {
                    if *act == Act::Create && !self.known.contains(&object.id) {
                        return Err(Stopped::Failed(format!(
                            "{} stands already and is not recorded; `drplan plan` shows what adopting it would change",
                            object.id
                        )));
                    }
                    let Some(merged) = merged(&current, old, new) else { return Ok(current) };
                    (merged, etag(&current))
                }
                (Some(_), None) => {
                    return Err(Stopped::Failed(format!("{}, which it is a part of, does not stand", object.id)));
                }
                (Some(within), Some(current)) => {
                    let Some(spliced) = spliced(&current, within, old, new) else { return Ok(current) };
                    (spliced, etag(&current))
                }
            };
            if let Some(answer) = self.put_unchanged(object, &body, etag.as_deref()).await? {
                return Ok(answer);
            }
        }
        Err(contended(object))
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
        etag: Option<&str>,
    ) -> Result<Option<Json>, Stopped> {
        let when = etag.map_or(When::Always, When::Unchanged);
        match self.ports.cloud.put(&object.id, &object.api, body, when).await {
            Err(CloudError::Refused(refused)) if refused.status == 412 => Ok(None),
            Err(error) => Err(error.into()),
            Ok(answer) => Ok(Some(answer)),
        }
    }

    /// The object, once nothing is under way on it any more.
    pub(super) async fn settled(&self, object: &Object) -> Result<Option<Json>, Stopped> {
        let began = self.ports.clock.now();
        let mut look = FIRST_LOOK;
        loop {
            let current = self.ports.cloud.get(&object.id, &object.api).await?;
            let under_way = current.as_ref().and_then(provisioning).filter(|state| !is_final(state));
            let Some(state) = under_way else { return Ok(current) };
            if self.since(began) > PATIENCE {
                return Err(Stopped::Unknown(format!("{} has been {state} for too long", object.id)));
            }
            self.ports.clock.sleep(look).await;
            look = (look * 2).min(LONGEST_LOOK);
        }
    }

    /// The answers of all objects, each the part that is the resource's, once they are ready. `written` is how each stood right after it was written:
    /// that is not looked at again, unless writing the others may have changed it.
    pub(super) async fn ready(&self, resource: &Resource, written: Vec<Json>) -> Result<Vec<Json>, Stopped> {
        let began = self.ports.clock.now();
        let mut look = FIRST_LOOK;
        let mut seen = if written.len() == 1 { written } else { self.look(resource).await? };
        loop {
            let part = |(object, body): (&Object, &Json)| body::part(object, body).cloned().unwrap_or(Json::Null);
            let answers: Vec<Json> = resource.objects.iter().zip(&seen).map(part).collect();
            let ready = match resource.kind.odd.ready {
                Some(ready) => ready(&answers),
                None => answers
                    .iter()
                    .fold(Ready::Yes, |all, answer| if all == Ready::Yes { standing(answer) } else { all }),
            };
            match ready {
                Ready::Yes => return Ok(answers),
                Ready::Never(why) => return Err(Stopped::Failed(why)),
                Ready::Waits(why) if self.since(began) > PATIENCE => {
                    return Err(Stopped::Unknown(format!("it still waits until {why}")));
                }
                Ready::Waits(_) => {}
            }
            self.ports.clock.sleep(look).await;
            look = (look * 2).min(LONGEST_LOOK);
            seen = self.look(resource).await?;
        }
    }

    /// All objects of a resource as they stand; `null` for what does not.
    async fn look(&self, resource: &Resource) -> Result<Vec<Json>, Stopped> {
        let mut seen = Vec::with_capacity(resource.objects.len());
        for object in &resource.objects {
            seen.push(self.ports.cloud.get(&object.id, &object.api).await?.unwrap_or_default());
        }
        Ok(seen)
    }

    /// Keeps what is now known of a resource for those that wait for it.
    async fn learn(&self, resource: &Resource, args: &Map, attributes: &JsonMap<String, Json>) -> Result<(), Stopped> {
        let known = attributes.iter().map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect();
        {
            let mut knowledge = self.knowledge();
            knowledge.attributes.insert(resource.address.clone(), known);
            knowledge.args.insert(resource.address.clone(), args.clone());
        }
        for attribute in resource.kind.attributes.iter().filter(|attribute| attribute.secret) {
            if self.stack.names_attribute(attribute.name) {
                self.ask_secret(resource, attribute.name).await?;
            }
        }
        Ok(())
    }

    /// How long ago that was.
    pub(super) fn since(&self, time: Timestamp) -> Duration {
        self.ports.clock.now().duration_since(time).unsigned_abs()
    }

    /// Asks the cloud for a secret attribute, which is kept in memory only.
    async fn ask_secret(&self, resource: &Resource, name: &str) -> Result<(), Stopped> {
        let Some(attribute) = resource.kind.attribute(name) else { return Ok(()) };
        let (From::Action(action, at), Some(object)) = (attribute.from, resource.kind.odd.main(&resource.objects))
        else {
            return Ok(());
        };
        let (began, mut pause) = (self.ports.clock.now(), FIRST_LOOK);
        let answer = loop {
            match self.ports.cloud.post(&object.id, &object.api, action, &[], None).await {
                // Asking for a secret changes nothing, and may be done again.
                Err(CloudError::Refused(refused)) if refused.is_busy() && self.since(began) < PATIENCE => {
                    self.ports.clock.sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_LOOK);
                }
                answer => break answer?,
            }
        };
        if let Some(secret) = path::get(&answer, at) {
            let value = Value::from_json(&secret).sensitive();
            let mut knowledge = self.knowledge();
            knowledge.attributes.entry(resource.address.clone()).or_default().insert(name.into(), value);
        }
        Ok(())
    }
}

fn reveal(args: &Map) -> Result<JsonMap<String, Json>, Stopped> {
    let unknown = |name: &str| Stopped::Failed(format!("`{name}` is still not known"));
    args.iter().map(|(name, value)| Ok((name.to_string(), value.reveal().map_err(|_| unknown(name))?))).collect()
}

/// What stands with the change from `old` to `new` brought in; `None` where that changes nothing.
fn merged(current: &Json, old: Option<&Json>, new: &Json) -> Option<Json> {
    let mut merged = current.clone();
    path::merge(&mut merged, old.unwrap_or(&Json::Null), new);
    let failed = provisioning(current).is_some_and(|state| !state.eq_ignore_ascii_case("succeeded"));
    (failed || merged != *current).then_some(merged)
}

/// What stands with the part put into its place; `None` where that changes nothing.
fn spliced(current: &Json, within: &Within, old: Option<&Json>, new: &Json) -> Option<Json> {
    match within {
        Within::Paths(paths) if paths.is_empty() => None,
        Within::Paths(_) => merged(current, old, new),
        Within::Element { list, key, name } => {
            let mut items = path::get(current, list).and_then(|list| list.as_array().cloned()).unwrap_or_default();
            let same = |item: &Json| item.get(key).and_then(Json::as_str).is_some_and(|n| path::same_name(n, name));
            match items.iter_mut().find(|item| same(item)) {
                Some(item) => {
                    let before = item.clone();
                    path::merge(item, old.unwrap_or(&Json::Null), new);
                    if *item == before {
                        return None;
                    }
                }
                None => items.push(new.clone()),
            }
            let mut body = current.clone();
            path::remove(&mut body, list);
            path::put(&mut body, list, Json::Array(items));
            Some(body)
        }
    }
}

/// Why a write was given up.
pub(super) fn contended(object: &Object) -> Stopped {
    Stopped::Failed(format!("{} was changed by somebody else each time it was to be written", object.id))
}

pub(super) fn etag(body: &Json) -> Option<String> {
    body.get("etag").and_then(Json::as_str).map(str::to_owned)
}

fn provisioning(body: &Json) -> Option<&str> {
    path::borrow(body, "properties.provisioningState").and_then(Json::as_str)
}

fn is_final(state: &str) -> bool {
    ["succeeded", "failed", "canceled", "cancelled"].iter().any(|word| state.eq_ignore_ascii_case(word))
}

fn standing(answer: &Json) -> Ready {
    if answer.is_null() {
        return Ready::Waits("it can be read".to_owned());
    }
    match provisioning(answer) {
        None => Ready::Yes,
        Some(state) if state.eq_ignore_ascii_case("succeeded") => Ready::Yes,
        Some(state) if is_final(state) => Ready::Never(format!("it stands as {state}")),
        Some(state) => Ready::Waits(format!("it is no longer {state}")),
    }
}
