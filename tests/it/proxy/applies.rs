//! Applies and destroys through the proxy.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use drplan::apply::Engine;
use drplan::object::ObjectId;
use drplan::providers::azure::deployments::ENGINE;
use drplan::world::Store;

use super::faulty::Proxy;
use super::{behind_proxy, hold, seeds, tell};
use crate::failover::groups;
use crate::lab::{Lab, changes, failures};
use crate::seeds::{Numbers, StackModel};

/// Seeds of a normal test run.
const SEEDS: std::ops::Range<u64> = 0..400;

struct DisturbedApply<'a> {
    lab: Lab,
    proxy: Arc<Proxy>,
    told: &'a Mutex<Vec<String>>,
    /// Objects after an apply without faults.
    undisturbed: BTreeSet<ObjectId>,
    /// Objects among these that the cloud adds by itself.
    added: BTreeSet<ObjectId>,
}

impl DisturbedApply<'_> {
    /// One run; true if it succeeded.
    async fn attempt(&self, text: &str, destroy: bool) -> Result<bool, String> {
        let command = if destroy { "destroy" } else { "apply" };
        let (planned, state) = match self.lab.try_plan(text, destroy).await {
            Ok(planned) => planned,
            Err(why) if why.contains("\"bug\"") || why.contains("cannot be ordered") => return Err(why),
            Err(why) => {
                tell(self.told, format!("no plan: {why}"));
                return Ok(false);
            }
        };
        let applied = self.lab.carry_out(&planned, state, command).await.map_err(|error| error.to_string())?;
        let outcome = failures(&applied, command);
        tell(self.told, outcome.clone().err().unwrap_or_else(|| format!("{command}: done")));
        Ok(outcome.is_ok())
    }

    /// Every existing object is in the state, as created or as begun.
    fn holds(&self) -> Result<(), String> {
        let state = self.lab.store.load().map_err(|error| error.to_string())?;
        let recorded = state.iter().flat_map(|state| state.resources.values()).flat_map(|one| &one.objects);
        let recorded: BTreeSet<String> = recorded.map(|object| object.id.folded()).collect();
        let orphans: Vec<ObjectId> = self
            .lab
            .standing()
            .into_iter()
            .filter(|id| !recorded.contains(&id.folded()) && !self.added.contains(id))
            .collect();
        if orphans.is_empty() { Ok(()) } else { Err(format!("not in the state: {orphans:?}")) }
    }

    /// Without further faults, the same command succeeds and leaves an empty plan.
    async fn finish(&self, text: &str, destroy: bool) -> Result<(), String> {
        self.proxy.trouble(0, None);
        if !self.attempt(text, destroy).await? {
            return Err("the run fails without faults".to_owned());
        }
        self.holds()?;
        let (planned, _) = self.lab.try_plan(text, destroy).await?;
        let left = changes(&planned);
        if left.is_empty() && planned.plan.drift.is_empty() {
            return Ok(());
        }
        Err(format!("the plan is not empty: {left:#?}, drift {:?}", planned.plan.drift))
    }
}

/// Random stacks, and starter stacks with a failover group.
fn stack(seed: u64, numbers: &mut Numbers, lab: &Lab) -> String {
    if seed.is_multiple_of(4) {
        return groups::RandomGroup::random(numbers).text;
    }
    loop {
        let count = 4 + numbers.below(16);
        let mut model = StackModel::random(numbers, count);
        model.unlock();
        let text = model.text();
        if lab.read(&text).is_ok() {
            return text;
        }
    }
}

async fn tells(seed: u64, told: &Mutex<Vec<String>>) -> Result<(), String> {
    let mut numbers = Numbers::new(seed ^ 0x00ab_1e55);
    let fresh = Lab::new(1);
    let text = stack(seed, &mut numbers, &fresh);
    let applied = fresh.apply(&text).await.map_err(|error| error.to_string())?;
    failures(&applied, "apply without a proxy")?;
    let undisturbed: BTreeSet<ObjectId> = fresh.standing().into_iter().collect();
    let recorded = applied.state.resources.values().flat_map(|one| &one.objects).map(|object| object.id.folded());
    let recorded: BTreeSet<String> = recorded.collect();
    let added = undisturbed.iter().filter(|id| !recorded.contains(&id.folded())).cloned().collect();

    let (lab, proxy) = behind_proxy(seed);
    let engine = if seed % 3 == 1 { Engine::Bulk(&ENGINE) } else { Engine::Direct };
    let lab = Lab { engine, ..lab };
    let disturbed = DisturbedApply { lab, proxy, told, undisturbed, added };
    let percent = 3 + numbers.below(25);
    tell(told, format!("faults for {percent}% of the requests"));
    for _ in 0..1 + numbers.below(2) {
        disturbed.proxy.trouble(percent, None);
        disturbed.attempt(&text, false).await?;
        disturbed.holds()?;
    }
    disturbed.finish(&text, false).await?;
    let standing: BTreeSet<ObjectId> = disturbed.lab.standing().into_iter().collect();
    if standing != disturbed.undisturbed {
        let differ: Vec<_> = standing.symmetric_difference(&disturbed.undisturbed).collect();
        return Err(format!("objects that exist in only one of both clouds: {differ:?}\n{text}"));
    }
    disturbed.proxy.trouble(percent, None);
    disturbed.attempt(&text, true).await?;
    disturbed.holds()?;
    disturbed.finish(&text, true).await?;
    match disturbed.lab.standing() {
        none if none.is_empty() => Ok(()),
        left => Err(format!("destroy leaves {left:?}")),
    }
}

#[test]
fn apply_converges_after_any_proxy_fault() {
    hold("proxy::applies", seeds(SEEDS), tells);
}
