//! The clients of a workload: groups of them that keep the answers of DNS for different times, find a site, and write.

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::network::Found;
use super::seed::Seed;
use super::world::World;
use crate::kinds::Kept;

/// Of how many rows that are under way when a region is lost one was taken, and is written again.
const ONE_OF: f64 = 50.0;

/// A group of clients that learnt the same name at the same time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    /// Rows that it writes each second.
    pub(super) share: u64,
    /// The name or address that it goes to.
    at: Option<String>,
    /// The second in which it asks DNS again.
    until: u64,
    /// The region that served it in the second before.
    served: Option<String>,
    /// The second before its site was lost, and how many rows of that were taken without its knowing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<(u64, u64)>,
    pub(super) written: u64,
    pub(super) refused: u64,
    /// Seconds without service.
    pub(super) down: u64,
    /// Rows that it wrote a second time.
    pub(super) doubled: u64,
}

/// What clients find in the world as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) revision: Option<u64>,
    /// What the stores say, each once.
    pub(super) kept: Vec<Kept>,
    /// What serves at the name or address of each group.
    found: Vec<Option<(String, Found)>>,
}

impl Seen {
    /// What was seen at another revision is forgotten.
    pub(super) fn new(revision: u64, kept: Vec<Kept>) -> Self {
        Self { revision: Some(revision), kept, found: Vec::new() }
    }
}

impl Client {
    /// A group that writes so many rows each second.
    pub(super) fn new(share: u64) -> Self {
        Self { share, ..Self::default() }
    }

    /// Asks DNS again where it is time; of several groups, the first keeps its first answer for the shortest time.
    pub(super) fn ask(&mut self, world: &World, front: &str, second: u64, (number, of): (u64, u64)) {
        if self.at.is_some() && second < self.until {
            return;
        }
        let first = self.at.is_none() && second == 0;
        let draw = world.seed.stream(&["client", &number.to_string(), &second.to_string()]).unit();
        match world.resolve(front, draw) {
            Ok((name, keep)) => {
                let keep = u64::from(keep);
                let keep = if first { keep.saturating_mul(number + 1) / of } else { keep };
                (self.at, self.until) = (Some(name), second.saturating_add(keep.max(1)));
            }
            Err(_) => self.at = None,
        }
    }

    /// What serves where it goes.
    pub(super) fn find(&self, world: &World, number: usize, seen: &mut Seen) -> Option<Found> {
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

    /// Writes its rows of a second to every store, where the site that it found can. A row is taken by all stores or by none.
    pub(super) fn write(
        &mut self,
        found: Option<Found>,
        (number, second): (usize, u64),
        ledgers: &mut [&mut Ledger],
        seed: Seed,
        is_dark: impl Fn(&str) -> bool,
    ) -> bool {
        let site = match found {
            Some(Found::Served(region)) => Some(region),
            Some(Found::Dark(region)) if self.served.as_ref() == Some(&region) => {
                self.cut_off(second, number, &region, seed);
                None
            }
            _ => None,
        };
        let takers: Option<Vec<String>> = site
            .as_ref()
            .and_then(|site| ledgers.iter().map(|ledger| ledger.taker(site, &is_dark).map(str::to_owned)).collect());
        self.served = site.filter(|_| takers.is_some());
        let Some(takers) = takers else {
            self.refused += self.share;
            self.down += 1;
            return false;
        };
        let again = self.cut.take();
        let mut twice = 0;
        for (ledger, region) in ledgers.iter_mut().zip(&takers) {
            ledger.accept(region, number, second, self.share);
            // What was taken before is there twice only where it was not lost since.
            if let Some((_, rows)) = again.filter(|(second, _)| ledger.holds(number, *second)) {
                ledger.doubled += rows;
                twice = rows;
            }
        }
        self.doubled += twice;
        self.written += self.share;
        true
    }

    fn cut_off(&mut self, second: u64, number: usize, region: &str, seed: Seed) {
        let draw = seed.stream(&["cut", region, &number.to_string(), &second.to_string()]).unit();
        let rows = (self.share as f64 / ONE_OF + draw) as u64;
        self.cut = second.checked_sub(1).map(|before| (before, rows.min(self.share))).filter(|(_, rows)| *rows > 0);
    }
}
