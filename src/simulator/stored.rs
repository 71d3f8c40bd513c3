//! The text of a world: its fields in the order of the files, and how a snapshot or a line of the log is read back.
//!
//! Parts of dialects have fields beside those of the world. Knows no dialect, and not the disk.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::dialect::Dialects;
use super::faults::Faults;
use super::fields::StoredFields;
use super::machine_sides::MachineReplica;
use super::operations::Operation;
use super::rows::RunningWorkload;
use super::seed::Seed;
use super::world::{SimulatedObject, World};

impl World {
    /// The whole world, for a snapshot.
    pub(super) fn stored(&self) -> serde_json::Result<StoredFields> {
        let mut fields = StoredFields::default();
        fields.put("seed", &self.seed)?;
        fields.put("now", &self.now)?;
        let (objects, operations) = self.tables();
        fields.put("objects", objects)?;
        fields.put("operations", operations)?;
        self.parts.iter().try_for_each(|part| part.write_whole(&mut fields))?;
        fields.put_object("rest", self.details()?)?;
        Ok(fields)
    }

    /// Changes since the last write, for a line of the log.
    pub(super) fn stored_changes(&self) -> serde_json::Result<StoredFields> {
        let mut fields = StoredFields::default();
        fields.put("now", &self.now)?;
        let objects = self.changes.objects.iter().map(|key| (key.clone(), self.object(key))).collect();
        fields.put_map("objects", &objects)?;
        let operations = self.changes.operations.iter();
        let operations = operations.filter_map(|key| Some((key.clone(), self.operation(key)?))).collect();
        fields.put_map("operations", &operations)?;
        self.parts.iter().try_for_each(|part| part.write_changes(&mut fields))?;
        fields.put_object("rest", self.details()?)?;
        Ok(fields)
    }

    /// Small state, which a snapshot and every line hold whole.
    fn details(&self) -> serde_json::Result<StoredFields> {
        let mut fields = StoredFields::default();
        fields.put("faults", &self.rest.faults)?;
        fields.put("counters", &self.rest.counters)?;
        self.parts.iter().try_for_each(|part| part.write_details(&mut fields))?;
        if let Some(work) = &self.rest.work {
            fields.put("work", work)?;
        }
        if !self.rest.replicas.is_empty() {
            fields.put("replicas", &self.rest.replicas)?;
        }
        Ok(fields)
    }
}

/// A snapshot, or a line of the log: complete new values, `None` for a deleted object.
pub(super) struct WorldRecord {
    /// The seed, which only a snapshot has.
    seed: Option<Seed>,
    now: Timestamp,
    objects: BTreeMap<String, Option<SimulatedObject>>,
    operations: BTreeMap<String, Operation>,
    rest: DetailsRecord,
    parts: BTreeMap<String, Json>,
}

/// Small state of a world.
struct DetailsRecord {
    faults: Faults,
    counters: BTreeMap<String, u64>,
    work: Option<RunningWorkload>,
    replicas: BTreeMap<String, MachineReplica>,
    parts: BTreeMap<String, Json>,
}

impl<'de> Deserialize<'de> for WorldRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Which other fields are known depends on the dialects: `World::read` refuses the rest.
        #[derive(Deserialize)]
        struct Fields {
            seed: Option<Seed>,
            now: Option<Timestamp>,
            #[serde(default)]
            objects: BTreeMap<String, Option<SimulatedObject>>,
            #[serde(default)]
            operations: BTreeMap<String, Operation>,
            rest: Option<Details>,
            #[serde(flatten)]
            parts: BTreeMap<String, Json>,
        }
        #[derive(Deserialize)]
        struct Details {
            faults: Option<Faults>,
            counters: Option<BTreeMap<String, u64>>,
            work: Option<RunningWorkload>,
            #[serde(default)]
            replicas: BTreeMap<String, MachineReplica>,
            #[serde(flatten)]
            parts: BTreeMap<String, Json>,
        }
        let Fields { seed, now, objects, operations, rest, parts } = Fields::deserialize(deserializer)?;
        // A misspelt field is named before the one that is missing for it.
        let missing = |field| match parts.keys().next() {
            Some(other) => D::Error::custom(unknown(other)),
            None => D::Error::missing_field(field),
        };
        let now = now.ok_or_else(|| missing("now"))?;
        let Details { faults, counters, work, replicas, parts: details } = rest.ok_or_else(|| missing("rest"))?;
        let faults = faults.ok_or_else(|| D::Error::missing_field("faults"))?;
        let counters = counters.ok_or_else(|| D::Error::missing_field("counters"))?;
        let rest = DetailsRecord { faults, counters, work, replicas, parts: details };
        Ok(Self { seed, now, objects, operations, rest, parts })
    }
}

fn unknown(field: &str) -> String {
    format!("unknown field `{field}`")
}

impl World {
    /// The world of a snapshot.
    ///
    /// # Errors
    /// Fields that no dialect knows.
    pub(super) fn of_snapshot(stored: WorldRecord, dialects: Dialects) -> Result<Self, String> {
        let seed = stored.seed.ok_or("missing field `seed`")?;
        let mut world = Self::new(seed.0, stored.now, dialects);
        world.read(WorldRecord { seed: None, ..stored })?;
        Ok(world)
    }

    /// Applies a snapshot or a line of the log.
    ///
    /// # Errors
    /// Fields that no dialect knows.
    pub(super) fn read(&mut self, stored: WorldRecord) -> Result<(), String> {
        let WorldRecord { seed, now, objects, operations, rest, parts } = stored;
        if seed.is_some() {
            return Err(unknown("seed"));
        }
        let strange = |provider: &super::dialect::ProviderName| {
            let known = provider.is_first() || self.dialects.iter().any(|one| one.name() == provider.as_str());
            (!known).then(|| format!("this drplan does not simulate the provider `{}`", provider.as_str()))
        };
        let providers = objects.values().flatten().map(|object| &object.provider);
        let mut providers = providers.chain(operations.values().map(|operation| &operation.provider));
        if let Some(why) = providers.find_map(strange) {
            return Err(why);
        }
        self.now = now;
        self.replace(objects, operations);
        for (field, value) in parts {
            self.read_by_a_part(&field, |part| part.read(&field, &value))?;
        }
        let DetailsRecord { faults, counters, work, replicas, parts } = rest;
        self.rest.faults = faults;
        self.rest.counters = counters;
        self.rest.work = work;
        self.rest.replicas = replicas;
        self.parts.iter_mut().for_each(|part| part.clear_details());
        for (field, value) in parts {
            self.read_by_a_part(&field, |part| part.read_detail(&field, &value))?;
        }
        Ok(())
    }

    /// Lets the part read a field that has it.
    fn read_by_a_part(
        &mut self,
        field: &str,
        read: impl Fn(&mut dyn super::dialect::Part) -> serde_json::Result<bool>,
    ) -> Result<(), String> {
        for part in self.parts.iter_mut() {
            if read(&mut **part).map_err(|error| format!("{field}: {error}"))? {
                return Ok(());
            }
        }
        Err(unknown(field))
    }
}
