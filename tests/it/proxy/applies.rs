//! Applies and destroys through the proxy.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use drplan::address::ArmId;
use drplan::apply::Engine;
use drplan::world::Store;

use super::faulty::Proxy;
use super::{behind_proxy, hold, seeds, tell};
use crate::failover::groups;
use crate::lab::{Lab, changes, failures};
use crate::seeds::{Model, Numbers};

/// The seeds of an ordinary run.
const SEEDS: std::ops::Range<u64> = 0..400;

struct Story<'a> {
    lab: Lab,
    proxy: Arc<Proxy>,
    told: &'a Mutex<Vec<String>>,
    /// What stands after an apply to which nothing happened.
    undisturbed: BTreeSet<ArmId>,
    /// Of that what drplan does not ask for: what the cloud adds by itself.
    added: BTreeSet<ArmId>,
}

impl Story<'_> {
    /// One run; whether it ended well.
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

    /// Whether all that stands is recorded, as standing or as begun.
    fn holds(&self) -> Result<(), String> {
        let state = self.lab.store.load().map_err(|error| error.to_string())?;
        let recorded = state.iter().flat_map(|state| state.resources.values()).flat_map(|one| &one.objects);
        let recorded: BTreeSet<String> = recorded.map(|object| object.id.folded()).collect();
        let orphans: Vec<ArmId> = self
            .lab
            .standing()
            .into_iter()
            .filter(|id| !recorded.contains(&id.folded()) && !self.added.contains(id))
            .collect();
        if orphans.is_empty() { Ok(()) } else { Err(format!("nothing is recorded of {orphans:?}")) }
    }

    /// Nothing happens any more, and the same command ends well and leaves nothing to do.
    async fn finish(&self, text: &str, destroy: bool) -> Result<(), String> {
        self.proxy.trouble(0, None);
        if !self.attempt(text, destroy).await? {
            return Err("without any trouble it does not end well".to_owned());
        }
        self.holds()?;
        let (planned, _) = self.lab.try_plan(text, destroy).await?;
        let left = changes(&planned);
        if left.is_empty() && planned.plan.drift.is_empty() {
            return Ok(());
        }
        Err(format!("this is left to do: {left:#?}, drift {:?}", planned.plan.drift))
    }
}

/// The stacks: random ones, and such as have a failover group.
fn stack(seed: u64, numbers: &mut Numbers, lab: &Lab) -> String {
    if seed.is_multiple_of(4) {
        return groups::Model::random(numbers).text;
    }
    loop {
        let count = 4 + numbers.below(16);
        let mut model = Model::random(numbers, count);
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
    let undisturbed: BTreeSet<ArmId> = fresh.standing().into_iter().collect();
    let recorded = applied.state.resources.values().flat_map(|one| &one.objects).map(|object| object.id.folded());
    let recorded: BTreeSet<String> = recorded.collect();
    let added = undisturbed.iter().filter(|id| !recorded.contains(&id.folded())).cloned().collect();

    let (lab, proxy) = behind_proxy(seed);
    let engine = if seed % 3 == 1 { Engine::Deployments } else { Engine::Direct };
    let lab = Lab { engine, ..lab };
    let story = Story { lab, proxy, told, undisturbed, added };
    let percent = 3 + numbers.below(25);
    tell(told, format!("trouble with {percent} of a hundred requests"));
    for _ in 0..1 + numbers.below(2) {
        story.proxy.trouble(percent, None);
        story.attempt(&text, false).await?;
        story.holds()?;
    }
    story.finish(&text, false).await?;
    let standing: BTreeSet<ArmId> = story.lab.standing().into_iter().collect();
    if standing != story.undisturbed {
        let differ: Vec<_> = standing.symmetric_difference(&story.undisturbed).collect();
        return Err(format!("these stand here or there, not in both: {differ:?}\n{text}"));
    }
    story.proxy.trouble(percent, None);
    story.attempt(&text, true).await?;
    story.holds()?;
    story.finish(&text, true).await?;
    match story.lab.standing() {
        none if none.is_empty() => Ok(()),
        left => Err(format!("destroy leaves {left:?}")),
    }
}

#[test]
fn whatever_happens_between_an_apply_ends_well_in_the_end() {
    hold("proxy::applies", seeds(SEEDS), tells);
}
