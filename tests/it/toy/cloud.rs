//! The cloud of the toy provider. It knows objects by numbers of its own, keeps their names, and loses answers on
//! demand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use drplan::object::{Collection, Object, ObjectId};
use drplan::reason::Reason;
use drplan::sight::{Phase, Sight, Version};
use drplan::world::{Cloud, CloudError, CloudRefusal, WriteCondition};
use serde_json::{Value as Json, json};

/// Faults of the cloud.
#[derive(Debug, Clone, Default)]
pub struct ToyFaults {
    /// Requests with these numbers are carried out, and their answers are lost.
    pub lost_answers: BTreeSet<u64>,
    /// Regions of which nothing answers.
    pub lost_regions: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
struct World {
    objects: BTreeMap<String, Json>,
    /// Everything that was ever created, by name.
    created: Vec<String>,
    requests: u64,
    faults: ToyFaults,
}

/// The cloud.
#[derive(Debug, Default)]
pub struct Toy(Mutex<World>);

impl Toy {
    /// An independent copy.
    pub fn fork(&self) -> Arc<Self> {
        Arc::new(Self(Mutex::new(self.world().clone())))
    }

    /// Sets the faults from now on; numbers of requests begin at zero again.
    pub fn suffers(&self, faults: ToyFaults) {
        let mut world = self.world();
        world.faults = faults;
        world.requests = 0;
    }

    /// The number of requests since then.
    pub fn requests(&self) -> u64 {
        self.world().requests
    }

    /// The names of what exists.
    pub fn standing(&self) -> Vec<String> {
        self.world().objects.keys().cloned().collect()
    }

    /// The body of an object.
    pub fn body(&self, id: &str) -> Option<Json> {
        self.world().objects.get(id).cloned()
    }

    /// Every creation of an object that was not deleted since.
    pub fn created(&self) -> Vec<String> {
        self.world().created.clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no panic while locked")
    }

    /// Counts a request, and carries it out even where its answer is lost.
    fn write<T>(&self, id: &ObjectId, work: impl FnOnce(&mut World) -> Result<T, CloudError>) -> Result<T, CloudError> {
        let mut world = self.world();
        world.reach(id)?;
        let is_lost = world.faults.lost_answers.contains(&world.requests);
        world.requests += 1;
        let done = work(&mut world);
        if is_lost { Err(CloudError::OutcomeUnknown("the answer was lost".to_owned())) } else { done }
    }
}

impl World {
    /// Refuses a request for an object in a lost region.
    fn reach(&self, id: &ObjectId) -> Result<(), CloudError> {
        let machine = id.as_str().split("/disks/").next().unwrap_or_default();
        let region = self.objects.get(machine).and_then(|body| body["location"].as_str());
        match region.filter(|region| self.faults.lost_regions.contains(*region)) {
            Some(region) => Err(CloudError::Unreachable(format!("{region} does not answer"))),
            None => Ok(()),
        }
    }

    fn sight(&self, id: &str) -> Option<Sight> {
        let body = self.objects.get(id)?.clone();
        let version = Version::new(&body.to_string());
        Some(Sight { body, version: Some(version), phase: Phase::Settled })
    }
}

fn refused(reason: Reason, message: &str) -> CloudError {
    CloudError::Refused(CloudRefusal {
        reason,
        has_begun: false,
        answer: "no".to_owned(),
        code: format!("{reason:?}"),
        message: message.to_owned(),
        correlation: None,
    })
}

#[async_trait::async_trait]
impl Cloud for Toy {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        let world = self.world();
        world.reach(&object.id)?;
        Ok(world.sight(object.id.as_str()))
    }

    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        let id = object.id.as_str().to_owned();
        self.write(&object.id, |world| {
            let found = world.sight(&id);
            if let (WriteCondition::Unchanged(version), Some(found)) = (when, &found)
                && found.version.as_ref() != Some(version)
            {
                return Err(refused(Reason::Changed, "it was changed"));
            }
            if let Some((machine, _)) =
                id.split_once("/disks/").filter(|(machine, _)| !world.objects.contains_key(*machine))
            {
                return Err(refused(Reason::Absent, &format!("there is no {machine}")));
            }
            let mut body = body.clone();
            if found.is_none() {
                world.created.push(id.clone());
            }
            let number = found.as_ref().map_or(json!(world.created.len()), |found| found.body["number"].clone());
            body["address"] = json!(format!("10.0.0.{number}"));
            body["number"] = json!(format!("m-{}", number.to_string().trim_matches('"').trim_start_matches("m-")));
            if let Some(found) = &found {
                body["address"] = found.body["address"].clone();
            }
            world.objects.insert(id.clone(), body);
            Ok(world.sight(&id).expect("it was written"))
        })
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        let id = object.id.as_str().to_owned();
        self.write(&object.id, |world| {
            if world.objects.keys().any(|other| other.starts_with(&format!("{id}/"))) {
                return Err(refused(Reason::InUse, "it has disks"));
            }
            if world.objects.remove(&id).is_some() {
                world.created.retain(|created| *created != id);
            }
            Ok(())
        })
    }

    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        self.put(object, body, WriteCondition::Always).await
    }

    async fn post(
        &self,
        object: &Object,
        action: &str,
        _: &[(&str, &str)],
        _: Option<&Json>,
    ) -> Result<Json, CloudError> {
        Err(refused(Reason::Invalid, &format!("{} has no action {action}", object.id)))
    }

    async fn get_with(&self, object: &Object, _: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        Ok(self.get(object).await?.map(|seen| seen.body))
    }

    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        let lost = self.world().faults.lost_regions.clone();
        match object.id.as_str().strip_prefix("toy:regions/").filter(|region| lost.contains(*region)) {
            Some(region) => Err(CloudError::Unreachable(format!("{region} does not answer"))),
            None => self.get(object).await.map(drop),
        }
    }

    async fn metric(&self, _: &Object, _: &str) -> Result<Option<f64>, CloudError> {
        Ok(None)
    }

    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        let world = self.world();
        let within = format!("{}/", list.path);
        let is_member = |id: &&String| id.strip_prefix(&within).is_some_and(|name| !name.contains('/'));
        let members = world.objects.keys().filter(is_member);
        Ok(members.filter_map(|id| Some((ObjectId::new(id.as_str()), world.sight(id)?))).collect())
    }

    async fn list(&self, _: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        Ok(Vec::new())
    }
}
