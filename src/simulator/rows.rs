//! The state of a workload: its clients, and the ledgers of the stores to which they write. Knows no world.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::ledger::Ledger;
use crate::object::ObjectId;

/// The number of client groups, each with its own DNS cache.
const GROUPS: u64 = 4;

/// The settings of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The host or URL to which clients write.
    pub front: String,
    /// Objects of the data stores to which each row is written. Several objects of one store count once. Objects that
    /// keep no rows are skipped.
    pub stores: Vec<ObjectId>,
    /// Rows a second; at least one.
    pub rate: u64,
}

/// A running or stopped workload.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunningWorkload {
    pub(super) asked: Workload,
    /// The host of the endpoint.
    pub(super) host: String,
    pub(super) began: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Timestamp>,
    /// The number of simulated seconds so far.
    pub(super) seconds: u64,
    pub(super) clients: Vec<Client>,
    pub(super) ledgers: BTreeMap<String, Ledger>,
    /// The first and the last second with refused rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<(u64, u64)>,
}

/// A group of clients that share one cached DNS answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    /// Rows that the group writes each second.
    pub(super) share: u64,
    /// The name or address to which the group connects.
    pub(super) at: Option<String>,
    /// The second in which the group resolves its name again.
    pub(super) until: u64,
    /// The region that served the group in the previous second.
    pub(super) served: Option<String>,
    /// The last second before the site was lost, and the number of its rows that were committed
    /// without an acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cut: Option<(u64, u64)>,
    pub(super) written: u64,
    pub(super) refused: u64,
    /// Rows that were not sent, because their host is outside the simulated world.
    #[serde(default)]
    pub(super) not_simulated: u64,
    /// Seconds without service.
    pub(super) down: u64,
    /// Rows that the group wrote twice.
    pub(super) doubled: u64,
}

impl Client {
    /// A group that writes `share` rows each second.
    pub(super) fn new(share: u64) -> Self {
        Self { share, ..Self::default() }
    }
}

/// The host of a host or URL.
pub(super) fn host_of(front: &str) -> String {
    let url = Url::parse(front).ok().and_then(|url| url.host_str().map(str::to_owned));
    url.unwrap_or_else(|| front.to_owned()).to_ascii_lowercase()
}

impl RunningWorkload {
    pub(super) fn new(mut asked: Workload, now: Timestamp) -> Self {
        asked.rate = asked.rate.max(1);
        let host = host_of(&asked.front);
        let groups = GROUPS.min(asked.rate);
        let share = |group| asked.rate / groups + u64::from(group < asked.rate % groups);
        let clients = (0..groups).map(|group| Client::new(share(group))).collect();
        Self { asked, host, began: now, ended: None, seconds: 0, clients, ledgers: BTreeMap::new(), refused: None }
    }

    /// Replicates all accepted rows of a store to a region.
    pub(super) fn pass_on(&mut self, store: &str, region: &str) {
        if let Some(ledger) = self.ledgers.get_mut(store) {
            ledger.pass_on(region, self.seconds);
        }
    }

    pub(super) fn after(&self, seconds: u64) -> Timestamp {
        let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.began.checked_add(seconds).unwrap_or(Timestamp::MAX)
    }
}
