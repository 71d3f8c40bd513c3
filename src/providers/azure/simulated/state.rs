//! State of this dialect in the world, beside objects and operations.
//!
//! Its fields are named as in the files, which had them before there were dialects.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::deployments::kept::Deployment;
use super::files::ShareTree;
use super::throttle::Buckets;
use crate::simulator::dialect::Part;
use crate::simulator::fields::StoredFields;
use crate::simulator::world::World;

/// An old version that reads return until a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StaleRead {
    pub(super) until: Timestamp,
    /// The old body; `None`: the object did not exist.
    pub(super) body: Option<Json>,
}

/// Seconds between probes before the first probe has read the object's settings.
const USUAL: u32 = 10;

/// The probe state of one monitored object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Monitor {
    /// Seconds between two probes.
    pub(super) interval: u32,
    /// The number of consecutive failed probes.
    pub(super) failed: u32,
    /// The timeout of the current probe, if its failure makes the object unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<Timestamp>,
    /// The revision of the world at which a further probe would have the same result.
    #[serde(skip)]
    pub(super) settled: Option<u64>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { interval: USUAL, failed: 0, due: None, settled: None }
    }
}

/// The last request about one provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrationRequest {
    pub(super) wanted: RegistrationTarget,
    pub(super) done: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RegistrationTarget {
    Registered,
    Unregistered,
}

/// The state of the dialect.
#[derive(Debug, Clone, Default)]
pub(super) struct ArmState {
    /// The deployments, by folded id.
    pub(super) deployments: BTreeMap<String, Deployment>,
    /// The deployments that changed since the last write.
    pub(super) changed: BTreeSet<String>,
    pub(super) buckets: Buckets,
    /// The old versions that stale reads return, by folded id.
    pub(super) stale: BTreeMap<String, StaleRead>,
    /// The probe state of monitored objects, by folded id.
    pub(super) monitors: BTreeMap<String, Monitor>,
    /// The written properties of implicit children, by folded id.
    pub(super) always: BTreeMap<String, Json>,
    /// Soft-deleted objects, by folded id.
    pub(super) bin: BTreeMap<String, Json>,
    /// The last registration request of each provider, by folded namespace.
    pub(super) registrations: BTreeMap<String, RegistrationRequest>,
    /// The trees of file shares, by folded id.
    pub(super) shares: BTreeMap<String, ShareTree>,
    /// The shares that changed since the last write.
    pub(super) changed_shares: BTreeSet<String>,
}

/// The state of the dialect in a world.
pub(super) fn of(world: &World) -> &ArmState {
    world.parts.get()
}

/// The state of the dialect in a world, for a change.
pub(super) fn of_mut(world: &mut World) -> &mut ArmState {
    world.parts.get_mut()
}

impl ArmState {
    /// Removes the deployments to a deleted resource group.
    pub(super) fn forget_deployments(&mut self, group: &str) {
        let below = format!("{group}/");
        let gone: Vec<String> = self.deployments.keys().filter(|id| id.starts_with(&below)).cloned().collect();
        for id in gone {
            self.deployments.remove(&id);
            self.changed.insert(id);
        }
    }
}

impl ArmState {
    /// The tree of a share, for a change.
    pub(super) fn share_mut(&mut self, id: &str) -> &mut ShareTree {
        self.changed_shares.insert(id.to_owned());
        self.shares.entry(id.to_owned()).or_default()
    }

    /// Removes the tree of a deleted share.
    pub(super) fn forget_share(&mut self, id: &str) {
        if self.shares.remove(id).is_some() {
            self.changed_shares.insert(id.to_owned());
        }
    }
}

impl Part for ArmState {
    fn copied(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }

    fn write_whole(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        into.put_map("deployments", &self.deployments)?;
        into.put_map("shares", &self.shares)
    }

    fn write_changes(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        let changed = self.changed.iter().map(|id| (id.clone(), self.deployments.get(id))).collect();
        into.put_map("deployments", &changed)?;
        let changed = self.changed_shares.iter().map(|id| (id.clone(), self.shares.get(id))).collect();
        into.put_map("shares", &changed)
    }

    fn write_details(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        let Self { deployments: _, changed: _, shares: _, changed_shares: _, .. } = self;
        let Self { buckets, stale, monitors, always, bin, registrations, .. } = self;
        into.put("buckets", buckets)?;
        into.put("stale", stale)?;
        into.put_map("monitors", monitors)?;
        into.put_map("always", always)?;
        into.put_map("bin", bin)?;
        into.put_map("registrations", registrations)
    }

    fn read(&mut self, field: &str, value: &Json) -> serde_json::Result<bool> {
        if field == "shares" {
            for (id, tree) in BTreeMap::<String, Option<ShareTree>>::deserialize(value)? {
                match tree {
                    Some(tree) => self.shares.insert(id, tree),
                    None => self.shares.remove(&id),
                };
            }
            return Ok(true);
        }
        if field != "deployments" {
            return Ok(false);
        }
        for (id, deployment) in BTreeMap::<String, Option<Deployment>>::deserialize(value)? {
            match deployment {
                Some(deployment) => self.deployments.insert(id, deployment),
                None => self.deployments.remove(&id),
            };
        }
        Ok(true)
    }

    fn clear_details(&mut self) {
        let (deployments, shares) = (std::mem::take(&mut self.deployments), std::mem::take(&mut self.shares));
        *self = Self { deployments, shares, ..Self::default() };
    }

    fn read_detail(&mut self, field: &str, value: &Json) -> serde_json::Result<bool> {
        match field {
            "buckets" => self.buckets = Buckets::deserialize(value)?,
            "stale" => self.stale = BTreeMap::deserialize(value)?,
            "monitors" => self.monitors = BTreeMap::deserialize(value)?,
            "always" => self.always = BTreeMap::deserialize(value)?,
            "bin" => self.bin = BTreeMap::deserialize(value)?,
            "registrations" => self.registrations = BTreeMap::deserialize(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn is_changed(&self) -> bool {
        !self.changed.is_empty() || !self.changed_shares.is_empty()
    }

    fn settled(&mut self) {
        self.changed.clear();
        self.changed_shares.clear();
    }

    fn close(&mut self) {
        // The progress of deployments under way is written only here and at their end: they are large and change often.
        let under_way = self.deployments.iter().filter(|(_, deployment)| deployment.is_running());
        self.changed.extend(under_way.map(|(id, _)| id.clone()));
    }
}
