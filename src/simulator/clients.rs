//! The clients of a workload, in groups: each group caches DNS answers, resolves a site, and writes rows.

use super::ledger::Ledger;
use super::rows::Client;
use super::seed::Seed;
use super::sight::{ClientView, Destination};
use super::world::World;

/// One in this many in-flight rows was committed without an acknowledgement when the region was lost, and is retried.
const ONE_OF: f64 = 50.0;

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

impl Client {
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
        ledgers: &mut [(&str, &mut Ledger)],
        seed: Seed,
        is_dark: impl Fn(&str, &str) -> bool,
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
        let taker = |(provider, ledger): &(&str, &mut Ledger), site: &str| {
            ledger.taker(site, |region| is_dark(provider, region)).map(str::to_owned)
        };
        let takers: Option<Vec<String>> =
            site.as_ref().and_then(|site| ledgers.iter().map(|one| taker(one, site)).collect());
        self.served = site.filter(|_| takers.is_some());
        let Some(takers) = takers else {
            self.refused += self.share;
            self.down += 1;
            return RowFate::Refused;
        };
        let again = self.cut.take();
        let mut twice = 0;
        for ((_, ledger), region) in ledgers.iter_mut().zip(&takers) {
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
