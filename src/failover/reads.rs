//! The reads of a survey, and their results.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::address::Address;
use crate::backup::BackupSet;
use crate::kinds::looks::ListRequest;
use crate::kinds::{Power, PowerState, ReadRequest, ReadResult, ReadResults, ReplicaStatus};
use crate::object::{Object, ObjectId};
use crate::plan::Observed;
use crate::roles::IncidentCause;
use crate::steps::WebAnswer;

/// A public URL of a site: the site, and the route that leads there.
pub type SiteFront = (String, Address);

/// The read of the power state of a workload.
#[derive(Debug, Clone)]
pub struct PowerRequest {
    /// The workload.
    pub address: Address,
    /// Its states and actions.
    pub power: &'static Power,
    /// The read.
    pub read: ReadRequest,
}

/// The objects and lists to read.
#[derive(Debug, Clone, Default)]
pub struct SurveyRequest {
    /// The sides of each replica.
    pub replicas: Vec<(Address, ReadRequest)>,
    /// Volumes with data that a backup is made of, and the reads that show if they are sound.
    pub volumes: Vec<(Address, ReadRequest)>,
    /// Workloads that are stopped and started by an action.
    pub powers: Vec<PowerRequest>,
    /// Objects that the procedure changes, or whose status it needs.
    pub objects: Vec<Object>,
    /// Reads that show whether the control plane of each region responds.
    pub regions: Vec<(String, Object)>,
    /// Lists of sizes, quotas and permissions.
    pub lists: Vec<ListRequest>,
    /// The same for each lost site, by site, whose control plane may respond after all.
    pub lost: Vec<(String, Object)>,
    /// Public URLs of the lost sites, to test if they still serve.
    pub fronts: Vec<(SiteFront, String)>,
}

/// A requested restore in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOrder {
    /// The backup.
    pub backup: Address,
    /// The machine that is made again.
    pub machine: Address,
    /// The requested rung of the ladder; `None` for the one that loses least.
    pub rung: Option<u8>,
    /// The point to restore instead of the newest.
    pub point: Option<String>,
    /// The way that follows from the rung and from what is observed.
    pub way: RestoreWay,
}

/// A way to restore in place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RestoreWay {
    /// The machine is made again, and restores its backups when it starts.
    #[default]
    Launch,
    /// The machine is made again, and takes its volumes.
    Volume,
    /// The volume is made again of a snapshot.
    Snapshot {
        /// The backup of snapshots.
        backup: Address,
        /// The snapshot.
        point: String,
    },
}

/// Results of a survey.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SurveyResult {
    /// The time before the first read; `None` where nothing was read.
    pub at: Option<Timestamp>,
    /// Observations of each replica.
    pub replicas: BTreeMap<Address, ReadResults>,
    /// Assumed standings of replicas that were not read.
    pub assumed: BTreeMap<Address, ReplicaStatus>,
    /// Volumes with data that a backup is made of.
    pub volumes: BTreeMap<Address, ReadResult>,
    /// Power states, as far as reads show them.
    pub powers: BTreeMap<Address, PowerState>,
    /// Observations of objects.
    pub observed: Observed,
    /// Regions whose control plane did not respond, each with the error.
    pub silent: BTreeMap<String, String>,
    /// Regions whose control plane responded, and refused reads by its request limits.
    pub throttled: BTreeSet<String>,
    /// The content of each list, or the error.
    pub lists: BTreeMap<ObjectId, Result<serde_json::Value, String>>,
    /// For each lost site, true if its control plane responds. Sites where nothing was read are missing.
    pub lost_answers: BTreeMap<String, bool>,
    /// The answer of each public URL of a lost site, or the error.
    pub fronts: BTreeMap<SiteFront, Result<WebAnswer, String>>,
    /// The catalogue of each backup that a cold standby restores, or the error.
    pub catalogues: BTreeMap<Address, Result<BackupSet, String>>,
    /// The cause of the incident.
    pub cause: IncidentCause,
    /// The requested restore in place.
    pub in_place: Option<RestoreOrder>,
    /// The number of points of each backup that are not trusted, because the damage may be in them.
    pub distrusted: BTreeMap<Address, usize>,
}

impl SurveyResult {
    /// Notes the cause of the incident. Where data are damaged, only points from before this time are trusted; without
    /// a time, all but the newest of each backup.
    pub fn judge(&mut self, cause: IncidentCause, since: Option<Timestamp>) {
        self.cause = cause;
        if cause.is_lost() {
            return;
        }
        for (backup, set) in &mut self.catalogues {
            let Ok(set) = set else { continue };
            let all = std::mem::take(set);
            let before = all.points().len();
            *set = match since {
                Some(since) => all.before(since),
                None => all.without_newest(),
            };
            self.distrusted.insert(backup.clone(), before - set.points().len());
        }
    }

    /// True if the control plane of a region did not respond.
    pub fn is_silent(&self, region: &str) -> bool {
        self.silent.keys().any(|silent| silent.eq_ignore_ascii_case(region))
    }
}
