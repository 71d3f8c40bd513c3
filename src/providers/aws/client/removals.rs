//! Deletions: step by step, until nothing is found.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::control::{ALIAS, Type};
use super::error::CallError;
use super::found::Found;
use super::handle::Aws;
use super::names::{Named, Of};
use super::step::Step;
use super::tags::alias;
use super::{routes, volumes};
use crate::object::Object;
use crate::reason::Reason;
use crate::wire::{Backoff, RetryPolicy};
use crate::world::CloudError;

/// For a deletion that is unclear, or that another operation blocks.
const AGAIN: RetryPolicy = RetryPolicy::new(2, 30, 40, 900);
/// For the end of an object: a machine needs minutes.
const GONE: RetryPolicy = RetryPolicy::new(1, 10, 200, 1800);

/// The requests that delete an object: one that has to come first, or the last one.
enum Removal {
    First(Step),
    Last(&'static str, Json),
    Controlled,
    Object,
    Record,
    /// The deletion is under way.
    Waiting,
}

fn removal(of: Of, found: &Found) -> Removal {
    let by = |name: &str| json!({ (name): found.id });
    let first = match of {
        Of::InternetGateway => routes::detach(found),
        Of::RouteTable => routes::leave(found, |_| false),
        Of::Volume => volumes::detach(found),
        Of::Address => volumes::disassociate(found),
        _ => None,
    };
    if let Some(step) = first {
        return Removal::First(step);
    }
    match of {
        Of::Object => Removal::Object,
        Of::Record => Removal::Record,
        Of::Instance if found.body.pointer("/State/Name").and_then(Json::as_str) == Some("shutting-down") => {
            Removal::Waiting
        }
        Of::Instance => Removal::Last("TerminateInstances", json!({ "InstanceId": [found.id] })),
        Of::LaunchTemplate => Removal::Last("DeleteLaunchTemplate", by("LaunchTemplateId")),
        Of::Volume => Removal::Last("DeleteVolume", by("VolumeId")),
        Of::Address => Removal::Last("ReleaseAddress", by("AllocationId")),
        Of::Snapshot => Removal::Last("DeleteSnapshot", by("SnapshotId")),
        // Without this, the snapshots of an image would stay, and be found by nobody.
        Of::Image => {
            Removal::Last("DeregisterImage", json!({ "ImageId": found.id, "DeleteAssociatedSnapshots": true }))
        }
        _ => Removal::Controlled,
    }
}

impl Aws {
    /// Deletes an object and waits until it is gone. What belongs to others leaves it first.
    pub(super) async fn remove(&self, object: &Object) -> Result<(), CloudError> {
        self.forget();
        let named = Named::of(&object.id)?;
        if named.of == Of::Key {
            return self.remove_key(&named).await;
        }
        let region = self.region_of(&named.region).to_owned();
        let mut again = Backoff::new(AGAIN, self.transport.now());
        let mut lost: Option<String> = None;
        loop {
            let read = |error: CloudError| match &lost {
                Some(lost) => CloudError::OutcomeUnknown(format!("{lost}; reading the current state failed: {error}")),
                None => error,
            };
            let Some(found) = self.look(&named).await.map_err(read)? else { return Ok(()) };
            let done = match removal(named.of, &found) {
                Removal::First(step) => {
                    let sent = match &step {
                        Step::Ec2(action, form) => self.ec2(&region, action, form).await.map(drop),
                        part => self.part(&region, part).await?,
                    };
                    match sent {
                        Ok(()) => {
                            self.left(&named, &step).await?;
                            continue;
                        }
                        Err(error) => Err(error),
                    }
                }
                Removal::Waiting => Ok(()),
                Removal::Last(action, form) => self.ec2(&region, action, &form).await.map(drop),
                Removal::Object => self.delete_object(&named).await,
                Removal::Record => self.change_record(&named, "DELETE", &found.body).await?,
                Removal::Controlled => match Type::of(named.of) {
                    Some(type_) => self.control_delete(&region, (type_.name, &found.id)).await?,
                    None => Ok(()),
                },
            };
            let error = match done {
                Ok(()) => {
                    self.gone(&named).await?;
                    return self.leftovers(&named, &region, &found).await;
                }
                Err(error) if error.is(Reason::Absent) => return Ok(()),
                Err(error) => error,
            };
            let may_pass = error.is(Reason::Busy) || error.is_unclear();
            if error.is_unclear() {
                lost = Some(error.to_string());
            }
            match again.next(self.transport.now(), None).filter(|_| may_pass) {
                Some(wait) => self.transport.sleep(wait).await,
                None => return Err(lost.map_or_else(|| error.of_write(), CloudError::OutcomeUnknown)),
            }
        }
    }

    /// Waits until a request that comes before a deletion shows its effect.
    async fn left(&self, named: &Named, step: &Step) -> Result<(), CloudError> {
        let mut waits = Backoff::new(AGAIN, self.transport.now());
        loop {
            let unknown =
                |error: CloudError| CloudError::OutcomeUnknown(format!("the deletion cannot be read: {error}"));
            let Some(found) = self.look(named).await.map_err(unknown)? else { return Ok(()) };
            if !matches!(removal(named.of, &found), Removal::First(same) if same == *step) {
                return Ok(());
            }
            match waits.next(self.transport.now(), None) {
                Some(wait) => self.transport.sleep(wait).await,
                None => {
                    return Err(CloudError::OutcomeUnknown("a change before the deletion shows no effect".to_owned()));
                }
            }
        }
    }

    async fn gone(&self, named: &Named) -> Result<(), CloudError> {
        let mut reads = Backoff::new(GONE, self.transport.now());
        loop {
            match self.look(named).await {
                Ok(None) => return Ok(()),
                Ok(Some(_)) => {}
                Err(error) => return Err(CloudError::OutcomeUnknown(format!("the deletion cannot be read: {error}"))),
            }
            let Some(wait) = reads.next(self.transport.now(), Some(Duration::from_secs(3))) else {
                return Err(CloudError::OutcomeUnknown("it still exists long after its deletion".to_owned()));
            };
            self.transport.sleep(wait).await;
        }
    }

    /// Deletes the snapshots of an image that is gone. AWS deletes most of them with it.
    async fn leftovers(&self, named: &Named, region: &str, found: &Found) -> Result<(), CloudError> {
        if named.of != Of::Image {
            return Ok(());
        }
        for id in found.hidden.as_array().into_iter().flatten().filter_map(Json::as_str) {
            let mut waits = Backoff::new(AGAIN, self.transport.now());
            loop {
                let error = match self.ec2(region, "DeleteSnapshot", &json!({ "SnapshotId": id })).await {
                    Ok(_) => break,
                    Err(error) if error.is(Reason::Absent) => break,
                    Err(error) => error,
                };
                // For a while AWS still counts the image that is gone.
                let may_pass = error.is(Reason::InUse) || error.is_unclear();
                match waits.next(self.transport.now(), None).filter(|_| may_pass) {
                    Some(wait) => self.transport.sleep(wait).await,
                    None => return Err(CallError::of_write(error)),
                }
            }
        }
        Ok(())
    }

    /// Schedules the deletion of a key, and frees its name at once.
    async fn remove_key(&self, named: &Named) -> Result<(), CloudError> {
        let (region, name) = (self.region_of(&named.region), alias(&named.name));
        let Some(found) = self.properties(region, ALIAS, &name).await? else { return Ok(()) };
        if let (Some(id), Some(type_)) = (found.get("TargetKeyId").and_then(Json::as_str), Type::of(Of::Key))
            && self.properties(region, type_.name, id).await?.is_some()
        {
            self.control_delete(region, (type_.name, id)).await?.map_err(CallError::of_write)?;
        }
        self.control_delete(region, (ALIAS, &name)).await?.map_err(CallError::of_write)
    }
}
