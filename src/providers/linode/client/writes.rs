//! Writes: looks before each request, so that a repetition finds what an earlier one did.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::body::{above, created};
use super::error::CallError;
use super::handle::Linode;
use super::look::{Found, path};
use super::names::{Named, Of};
use super::sight::{phase, sight, version};
use super::steps::{Step, StepRequest, detach, next};
use crate::object::{Object, ObjectId};
use crate::reason::Reason;
use crate::sight::{Phase, Sight};
use crate::wire::{Backoff, RetryPolicy, refused};
use crate::world::{CloudError, WriteCondition};

/// For a write whose answer was lost.
const UNCLEAR: RetryPolicy = RetryPolicy::new(1, 30, 8, 180);
/// For a write that another operation blocks: a move to another plan takes up to half an hour.
const BUSY: RetryPolicy = RetryPolicy::new(5, 30, 100, 2400);
/// The most requests of one write. Each has an effect, so that more of them would go in a circle.
const MOST_STEPS: u32 = 20;

/// Course of a write so far.
struct Progress {
    unclear: Backoff,
    busy: Backoff,
    /// The reason why the last request is unclear.
    lost: Option<String>,
    /// A request was carried out.
    touched: bool,
    /// The write created the object.
    made: bool,
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

impl Linode {
    fn progress(&self) -> Progress {
        let now = self.transport.now();
        let (unclear, busy) = (Backoff::new(UNCLEAR, now), Backoff::new(BUSY, now));
        Progress { unclear, busy, lost: None, touched: false, made: false }
    }

    /// The object with this body, as the port returns it.
    pub(super) async fn seen(&self, of: Of, body: Json) -> Result<Sight, CloudError> {
        Ok(sight(of, above(of, self.named(of, body).await?)))
    }

    /// Refuses a write if the object is not what the caller read.
    async fn unchanged(
        &self,
        id: &ObjectId,
        (of, found): (Of, Option<&Found>),
        when: WriteCondition<'_>,
    ) -> Result<(), CloudError> {
        let WriteCondition::Unchanged(wanted) = when else { return Ok(()) };
        let changed = |message: String| Err(refused(Reason::Changed, "Changed", message));
        let Some(found) = found else { return changed(format!("`{id}` no longer exists")) };
        match version(of, &self.seen(of, found.body.clone()).await?.body) == *wanted {
            true => Ok(()),
            false => changed(format!("`{id}` was changed since it was read")),
        }
    }

    /// The object of a label when nothing of it is under way.
    async fn settled(&self, named: Named<'_>) -> Result<Option<Found>, CloudError> {
        let Some(found) = self.look(named).await? else { return Ok(None) };
        if phase(named.of, &found.body) == Phase::Settled {
            return Ok(Some(found));
        }
        let Some(body) = self.ended((named.of, &found.path), u64::MAX, None).await? else { return Ok(None) };
        match self.list_of(named).await? {
            Some(list) => self.found(named.of, &list, body).await.map(Some),
            None => Ok(None),
        }
    }

    /// Creates or changes an object.
    pub(super) async fn write(
        &self,
        object: &Object,
        body: &Json,
        when: WriteCondition<'_>,
    ) -> Result<Sight, CloudError> {
        let named = Named::of(&object.id)?;
        let mut progress = self.progress();
        for _ in 0..MOST_STEPS {
            let found = self.settled(named).await.map_err(|error| progress.read(error))?;
            if !progress.touched && progress.lost.is_none() {
                self.unchanged(&object.id, (named.of, found.as_ref()), when).await?;
            }
            let wanted = self.resolved(named.of, body.clone()).await.map_err(|error| progress.read(error))?;
            let step = match &found {
                None => None,
                Some(found) => match next(named.of, found, &wanted, progress.made) {
                    None => return self.seen(named.of, found.body.clone()).await,
                    Some(step) => Some((found, step)),
                },
            };
            let made = step.is_none();
            let done = match step {
                None => self.create(named, &wanted).await?,
                Some((found, step)) => self.take(named.of, found, step).await?,
            };
            match done {
                Ok(()) => {
                    progress.touched = true;
                    progress.made |= made;
                    progress.lost = None;
                }
                Err(error) => self.again_after(error, &mut progress, made).await?,
            }
        }
        Err(CloudError::OutcomeUnknown(format!("`{}` is not as written after {MOST_STEPS} requests", object.id)))
    }

    /// Waits before a write is tried again, where that may help.
    async fn again_after(&self, error: CallError, progress: &mut Progress, made: bool) -> Result<(), CloudError> {
        // An object of this label appeared after the look: perhaps by an earlier request of this very write.
        let appeared = made && error.is(Reason::Changed);
        let wait = match &error {
            busy if busy.is(Reason::Busy) => progress.busy.next(self.transport.now(), None),
            unclear if unclear.is_unclear() || appeared => progress.unclear.next(self.transport.now(), None),
            _ => None,
        };
        if error.is_unclear() {
            progress.lost = Some(error.to_string());
            // Of a creation that was lost, Linode's choices count as well.
            progress.made |= made;
        }
        match wait {
            Some(wait) => {
                self.transport.sleep(wait).await;
                Ok(())
            }
            None => Err(progress.lost.take().map_or_else(|| error.of_write(), CloudError::OutcomeUnknown)),
        }
    }

    /// Creates an object and waits until it can be used. The inner error is that of the request.
    async fn create(&self, named: Named<'_>, wanted: &Json) -> Result<Result<(), CallError>, CloudError> {
        let list = self.list_of(named).await?.ok_or_else(|| {
            let domain = named.record.map(|record| record.domain).unwrap_or_default();
            refused(Reason::Absent, "domain", format!("the account has no domain `{domain}`"))
        })?;
        let before = if named.of.entity().is_some() { self.newest_event().await? } else { 0 };
        let mut wanted = wanted.clone();
        if named.of == Of::Image {
            wanted["disk_id"] = self.disk_of(&wanted).await?;
        }
        let body = created(named.of, named.label, &wanted);
        let answer = match self.transport.call(Method::POST, &list, Some(&body)).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let Some(path) = path(named.of, &list, &answer) else {
            return Ok(Err(CallError::Lost("the answer to the creation has no id".to_owned())));
        };
        match self.ended((named.of, &path), before, None).await? {
            Some(_) => Ok(Ok(())),
            None => Err(CloudError::OutcomeUnknown(format!("`{}` was deleted while it was created", named.label))),
        }
    }

    /// The number of the disk of a machine that an image is made of: its first one with files.
    async fn disk_of(&self, image: &Json) -> Result<Json, CloudError> {
        let machine = image.get("linode_id").and_then(Json::as_u64);
        let none = |why: &str| refused(Reason::Invalid, "linode_id", why.to_owned());
        let machine = machine.ok_or_else(|| none("an image is made of the disk of a machine, and none is given"))?;
        let disks = self.transport.list(&format!("{}/{machine}/disks", Of::Instance.path()), None).await?;
        let has_files = |disk: &&Json| disk.get("filesystem").and_then(Json::as_str) != Some("swap");
        let disk = disks.iter().find(has_files).and_then(|disk| disk.get("id"));
        disk.cloned().ok_or_else(|| none("the machine has no disk with files"))
    }

    /// Takes a step and waits for its effect. The inner error is that of the request.
    async fn take(&self, of: Of, found: &Found, step: Step) -> Result<Result<(), CallError>, CloudError> {
        let request = match step {
            Step::Call(request) => request,
            Step::Leave(firewall) => return self.leave(found, firewall).await,
        };
        let StepRequest { method, path, body, effect } = request;
        let before = if effect.is_some() { self.newest_event().await? } else { 0 };
        if let Err(error) = self.transport.call(method, &path, body.as_ref()).await {
            return Ok(Err(error));
        }
        if effect.is_some() {
            self.ended((of, &found.path), before, effect.as_ref()).await?;
        }
        Ok(Ok(()))
    }

    /// Takes a machine out of a firewall.
    async fn leave(&self, machine: &Found, firewall: u64) -> Result<Result<(), CallError>, CloudError> {
        let devices = format!("{}/{firewall}/devices", Of::Firewall.path());
        let all = self.transport.list(&devices, None).await?;
        let is_machine = |device: &&Json| {
            let entity = |name: &str| device.pointer(&format!("/entity/{name}"));
            entity("id").and_then(Json::as_u64) == machine.number() && entity("type") == Some(&json!("linode"))
        };
        let Some(device) = all.iter().find(is_machine).and_then(|device| device.get("id")?.as_u64()) else {
            return Ok(Ok(()));
        };
        let answer = self.transport.call(Method::DELETE, &format!("{devices}/{device}"), None).await;
        Ok(answer.map(drop))
    }

    /// Deletes an object and waits until it is gone. A volume leaves its machine first.
    pub(super) async fn remove(&self, object: &Object) -> Result<(), CloudError> {
        let named = Named::of(&object.id)?;
        let mut progress = self.progress();
        loop {
            let Some(found) = self.look(named).await.map_err(|error| progress.read(error))? else { return Ok(()) };
            let path = &found.path;
            let is_attached = named.of == Of::Volume && found.body.get("linode_id").is_some_and(Json::is_u64);
            let done = match is_attached {
                true => self.take(named.of, &found, detach(path)).await?,
                false => self.transport.call(Method::DELETE, path, None).await.map(drop),
            };
            match done {
                Ok(()) if is_attached => {}
                Ok(()) => self.gone(path).await?,
                Err(error) if error.is(Reason::Absent) => return Ok(()),
                Err(error) => self.again_after(error, &mut progress, false).await?,
            }
        }
    }

    async fn gone(&self, path: &str) -> Result<(), CloudError> {
        let mut reads = Backoff::new(BUSY, self.transport.now());
        loop {
            match self.transport.get(path).await {
                Err(error) if error.is(Reason::Absent) => return Ok(()),
                Err(error) => return Err(CloudError::OutcomeUnknown(format!("the deletion cannot be read: {error}"))),
                Ok(_) => {}
            }
            let wait = reads.next(self.transport.now(), Some(Duration::from_secs(3)));
            let Some(wait) = wait else {
                return Err(CloudError::OutcomeUnknown("it still exists long after its deletion".to_owned()));
            };
            self.transport.sleep(wait).await;
        }
    }
}
