//! Launches of machines that restore: the manifest, and the user data that name it.
//!
//! The user data have three signed addresses: of the manifest, the status document and the released keys. These are
//! objects of the repository, and are deleted after the restore, the manifest first: without one the restore is done.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{FailoverRun, StepError, Worker};
use crate::address::Address;
use crate::backup::launch::{LaunchPlaces, Manifest, merged, user_data};
use crate::kinds::SignedObjects;
use crate::object::{Object, ObjectId};
use crate::stack::Resource;
use crate::state::StateError;
use crate::steps::{Act, LaunchRestore, Phase, Task};
use crate::world::WriteCondition;

/// The life of a signed address in seconds: a day.
const SIGNED: u32 = 24 * 3600;
/// Addresses that are signed within so many hours are the same, so that a repeated creation is the same request.
const SLOT_HOURS: i64 = 12;

/// The documents of a machine that restores.
pub(super) struct Documents {
    pub(super) manifest: Object,
    pub(super) status: Object,
    pub(super) key: Object,
    pub(super) signed: &'static SignedObjects,
}

impl Documents {
    /// The body of an object with this text.
    pub(super) fn body(&self, text: &str) -> Json {
        json!({ self.signed.content: text })
    }
}

impl Worker<'_> {
    /// Writes the manifest of a machine that restores, and adds the user data that name it to those of its body. Other
    /// resources stay as they are.
    pub(super) async fn start_restore(&self, resource: &Resource, bodies: &mut [Json]) -> Result<(), StepError> {
        let Some(errand) = &self.errand else { return Ok(()) };
        let Some(launch) = self.launch_of(&resource.address) else { return Ok(()) };
        let (Some(launches), Some(body)) = (resource.kind.recovery.launches, bodies.first_mut()) else { return Ok(()) };
        let documents = self.documents(&launch, &resource.address)?;
        self.write_manifest(&launch, &documents).await?;
        let at = self.signed_at(launch.chosen);
        let places = LaunchPlaces {
            run: &errand.run,
            manifest: &self.address_of(&documents.manifest, "GET", at).await?,
            status: &self.address_of(&documents.status, "PUT", at).await?,
            key: &self.address_of(&documents.key, "GET", at).await?,
        };
        let restore = user_data(&places).map_err(StepError::Failed)?;
        // Its own come first, and those of the restore are added.
        let all = launches.of(body).and_then(|own| merged(&own.unwrap_or_default(), &restore));
        let given = all.and_then(|all| launches.give(body, &all));
        given.map_err(|why| StepError::Failed(format!("{} cannot restore: {why}", resource.address)))
    }

    /// Writes the manifest of a restore.
    pub(super) async fn write_manifest(&self, launch: &LaunchRestore, documents: &Documents) -> Result<(), StepError> {
        let group = &self.errand()?.group.name;
        let manifest = Manifest::new(&self.stack.name, group, launch.chosen, launch.items.clone());
        let manifest = serde_json::to_string(&manifest).map_err(|error| StepError::Failed(error.to_string()))?;
        self.ports.cloud.put(&documents.manifest, &documents.body(&manifest), WriteCondition::Always).await?;
        Ok(())
    }

    /// The time of signatures: the same one for all creations within hours.
    fn signed_at(&self, chosen: Timestamp) -> Timestamp {
        let slots = self.ports.clock.now().duration_since(chosen).as_hours().max(0) / SLOT_HOURS;
        chosen.checked_add(SignedDuration::from_hours(slots * SLOT_HOURS)).unwrap_or(chosen)
    }

    /// The signed address of an object.
    async fn address_of(&self, object: &Object, method: &str, at: Timestamp) -> Result<String, StepError> {
        let (seconds, at) = (SIGNED.to_string(), at.to_string());
        let query = [("method", method), ("seconds", seconds.as_str()), ("at", at.as_str())];
        let answer = self.ports.cloud.post(object, "presign", &query, None).await?;
        let url = answer.get("url").and_then(Json::as_str).map(str::to_owned);
        url.ok_or_else(|| StepError::Failed("the cloud signed no address".to_owned()))
    }

    pub(super) fn documents(&self, launch: &LaunchRestore, machine: &Address) -> Result<Documents, StepError> {
        let Some(run) = self.errand.as_ref().map(|errand| &errand.run) else {
            return Err(StepError::Failed("only a failover run restores".to_owned()));
        };
        self.documents_of(launch, run, machine)
    }

    /// The documents of a machine in this run.
    fn documents_of(&self, launch: &LaunchRestore, run: &str, machine: &Address) -> Result<Documents, StepError> {
        let kept = self.stack.resources.get(&launch.store);
        let place = kept.and_then(|kept| Some((kept.kind.recovery.signed?, kept.objects.first()?)));
        let Some((signed, store)) = place else {
            return Err(StepError::Failed(format!("{} has no signed addresses", launch.store)));
        };
        let machine: String =
            machine.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let object = |what: &str| {
            let id: ObjectId = store.id.child(signed.segment, &format!("drplan-{run}-{machine}-{what}"));
            Object::whole(id, signed.type_.version)
        };
        let [manifest, status, key] = ["manifest.json", "status.json", "key.age"].map(object);
        Ok(Documents { manifest, status, key, signed })
    }

    /// Deletes the documents of a machine that is no more, if it was to restore: those of this run, and those that an
    /// earlier run left when it was ended as it was.
    pub(super) async fn end_restore(&self, machine: &Address) -> Result<(), StepError> {
        let own = self.launch_of(machine).zip(self.errand.as_ref().map(|errand| errand.run.clone()));
        let left = self.left_restores(machine)?;
        for (launch, run) in own.into_iter().chain(left) {
            // The repository is gone with the stack, or at a lost site: what is left in it expires with the addresses.
            let Ok(documents) = self.documents_of(&launch, &run, machine) else { continue };
            match self.clean(&documents).await {
                Ok(()) | Err(StepError::Failed(_) | StepError::Unknown(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The restores of a machine that runs began and did not end, with these runs.
    fn left_restores(&self, machine: &Address) -> Result<Vec<(LaunchRestore, String)>, StepError> {
        let kind = self.stack.catalog().kind(machine.kind());
        if kind.is_none_or(|kind| kind.recovery.launches.is_none()) {
            return Ok(Vec::new());
        }
        let unread = |error: StateError| StepError::Failed(format!("the runs before cannot be read: {error}"));
        let mut left = Vec::new();
        for run in self.ports.store.runs().map_err(unread)? {
            let Ok(over) = FailoverRun::read(self.ports.store, &run) else { continue };
            let (true, Ok(status)) = (over.is_over(), over.status()) else { continue };
            for step in over.graph.steps.iter().filter(|step| step.address == *machine) {
                let is_left = !matches!(status.phase(step.id), Some(Phase::Succeeded | Phase::Skipped));
                if let (Act::Task(Task::Restore(launch)), true) = (&step.act, is_left) {
                    left.push(((**launch).clone(), run.clone()));
                }
            }
        }
        Ok(left)
    }

    /// The restore of a machine in this run.
    fn launch_of(&self, machine: &Address) -> Option<LaunchRestore> {
        self.errand.as_ref()?.undertaking.steps.iter().find_map(|step| match &step.act {
            Act::Task(Task::Restore(launch)) if step.address == *machine => Some((**launch).clone()),
            _ => None,
        })
    }

    /// Deletes the documents, the manifest first.
    pub(super) async fn clean(&self, documents: &Documents) -> Result<(), StepError> {
        for object in [&documents.manifest, &documents.key, &documents.status] {
            self.ports.cloud.delete(object).await?;
        }
        Ok(())
    }
}
