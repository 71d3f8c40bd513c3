//! Writes: looks before each request, so that a repetition finds what an earlier one did.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::creates::{Made, is_unprotected};
use super::error::{CallError, code};
use super::found::Found;
use super::handle::Aws;
use super::names::{Named, Of};
use super::sight::{phase, sight, version};
use super::step::Step;
use super::steps::{Stage, next};
use super::tags::{above, below};
use super::xml::{list, text};
use crate::object::{Object, ObjectId};
use crate::reason::Reason;
use crate::sight::{Phase, Sight};
use crate::wire::{Backoff, RetryPolicy, elapsed, refused};
use crate::world::{CloudError, CloudRefusal, WriteCondition};

/// For a write whose answer was lost.
const UNCLEAR: RetryPolicy = RetryPolicy::new(1, 30, 8, 400);
/// For a write that another operation blocks.
const BUSY: RetryPolicy = RetryPolicy::new(3, 30, 60, 1200);
/// For an effect that reads do not show yet: they follow within minutes.
const SHOWN: RetryPolicy = RetryPolicy::new(1, 10, 80, 600);
/// Time for which an object that may have been made is looked for before another one is made.
const UNSEEN: Duration = Duration::from_secs(75);
/// The time between two reads of something under way, at first and later.
const POLL: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(15)];
/// The longest wait for a machine, a volume or a network, and for a copy of an image.
const LONGEST: [Duration; 2] = [Duration::from_secs(1800), Duration::from_secs(48 * 3600)];
/// Time in which AWS's checks of a machine pass.
const CHECKED: Duration = Duration::from_secs(900);
/// The most requests of one write. Each has an effect, so that more of them would go in a circle.
const MOST_STEPS: u32 = 60;

/// Course of a write so far.
struct Progress {
    unclear: Backoff,
    busy: Backoff,
    stage: Stage,
    /// The reason why the last request is unclear.
    lost: Option<String>,
    /// Until then, a missing object may still appear.
    unseen: Option<Timestamp>,
    /// The number of the token: one more for each object with the same token that was deleted.
    generation: u32,
    /// The last step, and the waits for its effect.
    last: Option<(Step, Backoff)>,
}

impl Progress {
    /// The error of a read in a write.
    fn read(&self, error: CloudError) -> CloudError {
        match &self.lost {
            Some(lost) => CloudError::OutcomeUnknown(format!("{lost}; reading the current state failed: {error}")),
            None => error,
        }
    }
}

impl Aws {
    fn progress(&self) -> Progress {
        let now = self.transport.now();
        Progress {
            unclear: Backoff::new(UNCLEAR, now),
            busy: Backoff::new(BUSY, now),
            stage: Stage::default(),
            lost: None,
            unseen: None,
            generation: 0,
            last: None,
        }
    }

    /// An object as the port returns it.
    pub(super) async fn seen(&self, of: Of, region: &str, found: Found) -> Result<Sight, CloudError> {
        let body = self.named(of, self.region_of(region), found).await?;
        Ok(sight(of, above(of, region, body)))
    }

    /// Refuses a write if the object is not what the caller read.
    async fn unchanged(
        &self,
        id: &ObjectId,
        (named, found): (&Named, Option<&Found>),
        when: WriteCondition<'_>,
    ) -> Result<(), CloudError> {
        let WriteCondition::Unchanged(wanted) = when else { return Ok(()) };
        let changed = |message: String| Err(refused(Reason::Changed, "Changed", message));
        let Some(found) = found else { return changed(format!("`{id}` no longer exists")) };
        match version(&self.seen(named.of, &named.region, found.clone()).await?.body) == *wanted {
            true => Ok(()),
            false => changed(format!("`{id}` was changed since it was read")),
        }
    }

    /// The object of a name when nothing of it is under way.
    pub(super) async fn settled(&self, named: &Named) -> Result<Option<Found>, CloudError> {
        let began = self.transport.now();
        let is_copy = matches!(named.of, Of::Image | Of::Snapshot);
        loop {
            let Some(found) = self.look(named).await? else { return Ok(None) };
            let state = match phase(named.of, &found.body) {
                Phase::Settled => return Ok(Some(found)),
                Phase::Failed(state) => return Err(failed(named, &state)),
                Phase::UnderWay(state) => state,
            };
            let so_far = elapsed(began, self.transport.now());
            if so_far >= LONGEST[usize::from(is_copy)] {
                let message = format!("`{}` is still `{state}` after {} s", named.name, so_far.as_secs());
                return Err(CloudError::OutcomeUnknown(message));
            }
            self.transport.sleep(POLL[usize::from(so_far > Duration::from_secs(120))]).await;
        }
    }

    /// Creates or changes an object.
    pub(super) async fn write(
        &self,
        object: &Object,
        body: &Json,
        when: WriteCondition<'_>,
    ) -> Result<Sight, CloudError> {
        self.forget();
        let named = Named::of(&object.id)?;
        let mut progress = self.progress();
        let mut sent = 0;
        while sent < MOST_STEPS {
            let found = self.settled(&named).await.map_err(|error| progress.read(error))?;
            if !progress.stage.touched && progress.lost.is_none() {
                self.unchanged(&object.id, (&named, found.as_ref()), when).await?;
            }
            let own = found.as_ref().map(|found| found.id.as_str());
            let wanted = self.resolved(&named, own, below(&named, body)).await;
            let wanted = wanted.map_err(|error| progress.read(error))?;
            let Some(found) = found else {
                if progress.unseen.is_some_and(|until| self.transport.now() < until) {
                    self.transport.sleep(POLL[0]).await;
                    continue;
                }
                sent += 1;
                self.make(&named, &wanted, &mut progress).await?;
                continue;
            };
            let step = next(named.of, &found, &wanted, progress.stage);
            let step = step.map_err(|why| refused(Reason::Invalid, "NotUpdatable", why))?;
            let Some(step) = step else {
                self.forget();
                return self.seen(named.of, &named.region, found).await;
            };
            // A step that was taken is not sent again while its effect may only be late.
            if let Some((last, waits)) = progress.last.as_mut().filter(|(last, _)| *last == step) {
                let is_kept = matches!(last, Step::Patch(_));
                match waits.next(self.transport.now(), None) {
                    // AWS writes some values in a form of its own, so that they differ for good.
                    Some(wait) if !is_kept || wait < Duration::from_secs(4) => {
                        self.transport.sleep(wait).await;
                        continue;
                    }
                    _ if is_kept => return self.seen(named.of, &named.region, found).await,
                    _ => {
                        let message = format!("AWS accepted a change of `{}`, but does not show it", object.id);
                        return Err(CloudError::OutcomeUnknown(message));
                    }
                }
            }
            sent += 1;
            match self.take(&named, &found, &wanted, &step).await? {
                Ok(()) => {
                    progress.last = Some((step, Backoff::new(SHOWN, self.transport.now())));
                    progress.stage.touched = true;
                    progress.lost = None;
                }
                // A part may exist already, by an earlier request that reads did not show yet.
                Err(error) => {
                    let is_new = matches!(step, Step::Create(..));
                    self.again_after(error, &mut progress, is_new).await?;
                }
            }
        }
        Err(CloudError::OutcomeUnknown(format!("`{}` is not as written after {MOST_STEPS} requests", object.id)))
    }

    /// Creates an object and waits until it can be used.
    async fn make(&self, named: &Named, wanted: &Json, progress: &mut Progress) -> Result<(), CloudError> {
        let made = match self.create(named, wanted, progress.generation).await? {
            Ok(made) => made,
            Err(error) => {
                let is_token =
                    matches!(code(&error), Some("IdempotentParameterMismatch" | "ClientTokenConflictException"));
                if is_token && progress.generation < MOST_STEPS {
                    progress.generation += 1;
                    return Ok(());
                }
                if error.is_unclear() && is_unprotected(named.of) {
                    progress.unseen = Some(self.transport.now() + UNSEEN);
                }
                // Of a creation that was lost, AWS's choices count as well.
                progress.stage.made |= error.is_unclear();
                return self.again_after(error, progress, true).await;
            }
        };
        progress.stage = Stage { made: true, touched: true };
        progress.lost = None;
        // A read may follow a write by minutes. What an earlier request has made may be gone.
        let total = match made {
            Made::Now => 300,
            Made::Perhaps => 60,
            Made::Before => 10,
        };
        let mut waits = Backoff::new(RetryPolicy::new(1, 10, 100, total), self.transport.now());
        let id = loop {
            if let Some(found) = self.look(named).await.map_err(|error| progress.read(error))? {
                break found.id;
            }
            let Some(wait) = waits.next(self.transport.now(), None) else {
                if made == Made::Now {
                    let message = format!("AWS has created `{}`, but does not show it", named.name);
                    return Err(CloudError::OutcomeUnknown(message));
                }
                progress.generation += 1;
                return Ok(());
            };
            self.transport.sleep(wait).await;
        };
        if named.of == Of::Instance {
            match self.settled(named).await? {
                Some(found) => self.checked(&named.region, &found.id).await?,
                None => self.started(&named.region, &id).await?,
            }
        }
        Ok(())
    }

    /// Refuses a machine that AWS has ended before it ran, with AWS's reason: another attempt would end the same way.
    async fn started(&self, region: &str, id: &str) -> Result<(), CloudError> {
        let answer = self.ec2(region, "DescribeInstances", &json!({ "InstanceId": [id] })).await;
        let Ok(answer) = answer else { return Ok(()) };
        let machines = list(&answer, "reservationSet").into_iter().flat_map(|one| list(one, "instancesSet"));
        let reason = machines.filter_map(|machine| machine.get("stateReason")).next().cloned().unwrap_or_default();
        let code = text(&reason, "code").and_then(|code| code.strip_prefix("Server."));
        let Some(code) = code else { return Ok(()) };
        let message = text(&reason, "message").unwrap_or("AWS gave no reason");
        let why = super::codes::reason(code, message).unwrap_or(Reason::Other);
        Err(refused(why, code, message.to_owned()))
    }

    /// Waits until AWS's checks of a machine have passed.
    async fn checked(&self, region: &str, id: &str) -> Result<(), CloudError> {
        let began = self.transport.now();
        loop {
            let answer = self.ec2(region, "DescribeInstanceStatus", &json!({ "InstanceId": [id] })).await;
            let lost = |error: CallError| CloudError::OutcomeUnknown(format!("the checks cannot be read: {error}"));
            let status = match answer {
                Ok(answer) => list(&answer, "instanceStatusSet").into_iter().next().cloned().unwrap_or_default(),
                // Reads may follow the start of a machine by seconds.
                Err(error) if error.is(Reason::Absent) => Json::Null,
                Err(error) => return Err(lost(error)),
            };
            let is_ok = |name: &str| status.pointer(&format!("/{name}/status")).and_then(Json::as_str) == Some("ok");
            if is_ok("instanceStatus") && is_ok("systemStatus") {
                return Ok(());
            }
            if elapsed(began, self.transport.now()) >= CHECKED {
                return Err(CloudError::OutcomeUnknown(format!("the status checks of {id} have not passed")));
            }
            self.transport.sleep(POLL[0]).await;
        }
    }

    /// Waits before a write is tried again, where that may help.
    async fn again_after(&self, error: CallError, progress: &mut Progress, creates: bool) -> Result<(), CloudError> {
        // The object appeared after the look: perhaps by an earlier request of this very write.
        let appeared = creates && error.is(Reason::Changed);
        let wait = match &error {
            busy if busy.is(Reason::Busy) => progress.busy.next(self.transport.now(), None),
            unclear if unclear.is_unclear() || appeared => progress.unclear.next(self.transport.now(), None),
            _ => None,
        };
        if error.is_unclear() {
            progress.lost = Some(error.to_string());
        }
        match wait {
            Some(wait) => {
                self.transport.sleep(wait).await;
                Ok(())
            }
            None => Err(progress.lost.take().map_or_else(|| error.of_write(), CloudError::OutcomeUnknown)),
        }
    }

    /// Takes a step. The inner error is that of the request.
    async fn take(
        &self,
        named: &Named,
        found: &Found,
        wanted: &Json,
        step: &Step,
    ) -> Result<Result<(), CallError>, CloudError> {
        let region = self.region_of(&named.region);
        Ok(match step {
            Step::Ec2(action, form) => self.ec2(region, action, form).await.map(drop),
            Step::Create(..) | Step::Update(..) | Step::Delete(..) => return self.part(region, step).await,
            Step::Patch(patch) => match super::control::Type::of(named.of) {
                Some(type_) => return self.control_update(region, (type_.name, &found.id), patch).await,
                None => Ok(()),
            },
            Step::Policy(policy) => self.set_policy(region, &named.name, policy.as_ref()).await,
            Step::Profile(profile) => self.set_profile(region, &found.id, profile.as_deref()).await,
            Step::Put(old) => self.put_object(named, wanted, old.as_deref()).await,
            Step::Upsert => return self.change_record(named, "UPSERT", wanted).await,
        })
    }

    /// Takes a step of a part of a composite. The inner error is that of the request.
    pub(super) async fn part(&self, region: &str, step: &Step) -> Result<Result<(), CallError>, CloudError> {
        match step {
            // The id of a part follows from what it joins, so that no second one can exist, and no token is needed.
            Step::Create(of, body) => Ok(self.control_create(region, (of, None), body).await?.map(drop)),
            Step::Update(of, id, patch) => self.control_update(region, (of, id), patch).await,
            Step::Delete(of, id) => self.control_delete(region, (of, id)).await,
            _ => Ok(Ok(())),
        }
    }

    /// Gives a machine an instance profile, or takes it away.
    async fn set_profile(&self, region: &str, id: &str, profile: Option<&str>) -> Result<(), CallError> {
        let filter = json!({ "Filter": [{ "Name": "instance-id", "Value": [id] }] });
        let answer = self.ec2(region, "DescribeIamInstanceProfileAssociations", &filter).await?;
        let all = list(&answer, "iamInstanceProfileAssociationSet");
        let current = all.iter().filter(|one| text(one, "state").is_none_or(|state| state.starts_with("associat")));
        let current = current.filter_map(|one| text(one, "associationId")).next();
        let (action, form) = match (current, profile) {
            (Some(old), Some(new)) => (
                "ReplaceIamInstanceProfileAssociation",
                json!({ "AssociationId": old, "IamInstanceProfile": { "Name": new } }),
            ),
            (Some(old), None) => ("DisassociateIamInstanceProfile", json!({ "AssociationId": old })),
            (None, Some(new)) => {
                ("AssociateIamInstanceProfile", json!({ "InstanceId": id, "IamInstanceProfile": { "Name": new } }))
            }
            (None, None) => return Ok(()),
        };
        self.ec2(region, action, &form).await.map(drop)
    }
}

/// A refusal of an object whose operation has failed.
fn failed(named: &Named, state: &str) -> CloudError {
    CloudError::Refused(CloudRefusal {
        reason: Reason::Other,
        has_begun: true,
        answer: "the operation failed".to_owned(),
        code: "Failed".to_owned(),
        message: format!("`{}` is in the state `{state}`", named.name),
        correlation: None,
    })
}
