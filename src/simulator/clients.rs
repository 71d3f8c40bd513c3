//! The clients of a workload, in groups: each group caches DNS answers, resolves a site, and writes rows.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::network::Destination;
use super::seed::Seed;
use super::world::World;
use crate::kinds::{Lead, StorePlacement};

/// One in this many in-flight rows was committed without an acknowledgement when the region was lost, and is retried.
const ONE_OF: f64 = 50.0;

/// A group of clients that share one cached DNS answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    /// Rows that the group writes each second.
    pub(super) share: u64,
    /// The name or address to which the group connects.
    at: Option<String>,
    /// The second in which the group resolves its name again.
    until: u64,
    /// The region that served the group in the previous second.
    served: Option<String>,
    /// The last second before the site was lost, and the number of its rows that were committed
    /// without an acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<(u64, u64)>,
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

/// The outcome of the rows of a group in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFate {
    /// Every store has them.
    Written,
    /// No region accepted them.
    Refused,
    /// They went to no region of the simulated world, so that nothing is known of them.
    NotSimulated,
}

/// The clients' view of the world at one revision.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientView {
    pub(super) revision: Option<u64>,
    /// The placement of each store, once per store.
    pub(super) kept: Vec<StorePlacement>,
    /// The destination of each group's name or address.
    found: Vec<Option<(String, Destination)>>,
    /// The next hops of objects, by folded id.
    leads: HashMap<String, Lead>,
}

impl ClientView {
    /// An empty view for a new revision.
    pub(super) fn new(revision: u64, kept: Vec<StorePlacement>) -> Self {
        Self { revision: Some(revision), kept, ..Self::default() }
    }
}

impl Client {
    /// A group that writes `share` rows each second.
    pub(super) fn new(share: u64) -> Self {
        Self { share, ..Self::default() }
    }

    /// Resolves the name again when the cached answer expires. The first answer expires at a different time for each
    /// group: for the first group soonest.
    pub(super) fn ask(
        &mut self,
        world: &World,
        front: &str,
        second: u64,
        (number, of): (u64, u64),
        seen: &mut ClientView,
    ) {
        if self.at.is_some() && second < self.until {
            return;
        }
        let first = self.at.is_none() && second == 0;
        let draw = world.seed.stream(&["client", &number.to_string(), &second.to_string()]).unit();
        match world.resolve_with(front, draw, &mut seen.leads) {
            Ok((name, keep)) => {
                let keep = u64::from(keep);
                let keep = if first { keep.saturating_mul(number + 1) / of } else { keep };
                (self.at, self.until) = (Some(name), second.saturating_add(keep.max(1)));
            }
            Err(_) => self.at = None,
        }
    }

    /// The destination of the group's name or address, cached in the view.
    pub(super) fn find(&self, world: &World, number: usize, seen: &mut ClientView) -> Option<Destination> {
        let at = self.at.as_ref()?;
        if seen.found.len() <= number {
            seen.found.resize(number + 1, None);
        }
        let known = seen.found.get_mut(number)?;
        if let Some((name, found)) = known
            && name == at
        {
            return Some(found.clone());
        }
        let found = world.served(at);
        *known = Some((at.clone(), found.clone()));
        Some(found)
    }

    /// Writes the rows of one second to every store, if the resolved site can. All stores accept a row, or none. A host
    /// outside the simulated world, and one of which a fault states that it answers, leads to no store.
    pub(super) fn write(
        &mut self,
        found: Option<Destination>,
        (number, second): (usize, u64),
        ledgers: &mut [&mut Ledger],
        seed: Seed,
        is_dark: impl Fn(&str) -> bool,
    ) -> RowFate {
        let site = match found {
            Some(Destination::Outside | Destination::Told(Some(..400))) => {
                self.served = None;
                self.not_simulated += self.share;
                return RowFate::NotSimulated;
            }
            Some(Destination::Served(region)) => Some(region),
            Some(Destination::Dark(region)) if self.served.as_ref() == Some(&region) => {
                self.cut_off(second, number, &region, seed);
                None
            }
            Some(Destination::Dark(_) | Destination::Unserved | Destination::Refused(_) | Destination::Told(_))
            | None => None,
        };
        let takers: Option<Vec<String>> = site
            .as_ref()
            .and_then(|site| ledgers.iter().map(|ledger| ledger.taker(site, &is_dark).map(str::to_owned)).collect());
        self.served = site.filter(|_| takers.is_some());
        let Some(takers) = takers else {
            self.refused += self.share;
            self.down += 1;
            return RowFate::Refused;
        };
        let again = self.cut.take();
        let mut twice = 0;
        for (ledger, region) in ledgers.iter_mut().zip(&takers) {
            ledger.accept(region, number, second, self.share);
            // A retried row is a duplicate only where the first copy was not lost in the meantime.
            if let Some((_, rows)) = again.filter(|(second, _)| ledger.holds(number, *second)) {
                ledger.doubled += rows;
                twice = rows;
            }
        }
        self.doubled += twice;
        self.written += self.share;
        RowFate::Written
    }

    fn cut_off(&mut self, second: u64, number: usize, region: &str, seed: Seed) {
        let draw = seed.stream(&["cut", region, &number.to_string(), &second.to_string()]).unit();
        let rows = (self.share as f64 / ONE_OF + draw) as u64;
        self.cut = second.checked_sub(1).map(|before| (before, rows.min(self.share))).filter(|(_, rows)| *rows > 0);
    }
}
