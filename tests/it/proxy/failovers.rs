//! Failovers and failbacks through the proxy: planned ones, and forced ones with a site that is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use drplan::apply::OnFailure;
use drplan::state::Active;
use drplan::steps::Ended;

use super::faulty::{MISHAPS, Mishap, Proxy, swaps};
use super::{behind_proxy, hold, seeds, tell};
use crate::failover::groups::{Model, STORES};
use crate::failover::incident::{Ask, DOWN, FORCED, Incident, UP};
use crate::seeds::Numbers;

/// The seeds of an ordinary run. A thousand take minutes.
const SEEDS: std::ops::Range<u64> = 0..100;

struct Story<'a> {
    incident: Incident,
    proxy: Arc<Proxy>,
    numbers: Numbers,
    told: &'a Mutex<Vec<String>>,
    percent: usize,
    /// What happens to each promotion.
    always: Option<Mishap>,
}

impl Story<'_> {
    /// Asks for it in spite of all trouble, and again without any: then it ends.
    async fn goes_through(&mut self, ask: Ask, ends: Active) -> Result<(), String> {
        self.proxy.taken();
        tell(self.told, format!("{:?} {:?}", ask.verb, ask.how));
        for _ in 0..1 + self.numbers.below(2) {
            self.proxy.trouble(self.percent, self.always);
            let ended = self.attempt(ask).await?;
            self.ended_as_designed(&ended, ends)?;
            self.kept(ask)?;
            if self.incident.active() == ends && self.incident.open().is_none() {
                break;
            }
        }
        self.proxy.trouble(0, None);
        if self.incident.active() != ends || self.incident.open().is_some() {
            tell(self.told, "nothing happens any more");
            let ended = self.attempt(ask).await?;
            if ended != Some(Ended::Done) {
                return Err(format!("without any trouble it ends as {ended:?}"));
            }
        }
        if self.incident.active() != ends || self.incident.open().is_some() {
            return Err(format!("{:?} is active, and {:?} is open", self.incident.active(), self.incident.open()));
        }
        // As long as anything may be on its way that was asked for once too often.
        self.incident.wait(4000).await;
        self.kept(ask)?;
        self.takes_writes(ends)?;
        self.asked_once()
    }

    /// Each store takes writes where it should, and nowhere else.
    fn takes_writes(&self, ends: Active) -> Result<(), String> {
        let wanted = if ends == Active::Away { "canadaeast" } else { "canadacentral" };
        for store in self.incident.tally().stores {
            let writers: Vec<String> =
                store.writers.iter().map(|region| region.replace(' ', "").to_ascii_lowercase()).collect();
            if writers != [wanted] {
                return Err(format!("{} takes writes at {writers:?}, not at {wanted}", store.name));
            }
        }
        Ok(())
    }

    /// Begins it or goes on with it; how it ended, if it was begun.
    async fn attempt(&self, ask: Ask) -> Result<Option<Ended>, String> {
        let outcome = match self.incident.open() {
            Some(_) => self.incident.resume(OnFailure::Stop).await.map_err(|error| error.to_string()),
            None => self.incident.begin(ask, OnFailure::Stop).await,
        };
        match outcome {
            Ok(undertaken) => {
                tell(self.told, format!("ended {:?}: {:?}", undertaken.report.ended, undertaken.report.fates));
                Ok(undertaken.report.ended)
            }
            // A guard refuses where it could not look; nothing was begun.
            Err(why) => {
                tell(self.told, format!("not begun: {why}"));
                Ok(None)
            }
        }
    }

    /// A run is done, or it is open and can go on.
    fn ended_as_designed(&self, ended: &Option<Ended>, ends: Active) -> Result<(), String> {
        let open = self.incident.open().is_some();
        match ended {
            Some(Ended::Done) if !open && self.incident.active() == ends => Ok(()),
            Some(Ended::Failed | Ended::Stopped) if open => Ok(()),
            None => Ok(()),
            _ => Err(format!("it ended as {ended:?}, open: {open}, and {:?} is active", self.incident.active())),
        }
    }

    /// No two sites took writes, and no more is lost than was accepted.
    fn kept(&self, ask: Ask) -> Result<(), String> {
        let tally = self.incident.tally();
        let accepted = if ask.lost || self.numbers_were_given_up() { FORCED.accepted.data_loss } else { None };
        let accepted = accepted.unwrap_or_default().as_secs_f64();
        if tally.split > 0 || tally.lost_seconds > accepted {
            return Err(format!("two sites took writes, or more than {accepted} s was lost: {tally:#?}"));
        }
        Ok(())
    }

    fn numbers_were_given_up(&self) -> bool {
        self.told.lock().expect("nobody panics here").iter().any(|line| line == "the site is lost")
    }

    /// What makes a change of roles without saying which was taken once for each store: once more would fail it back.
    fn asked_once(&self) -> Result<(), String> {
        let mut counts = BTreeMap::<String, usize>::new();
        for line in self.proxy.taken().into_iter().filter(|line| swaps(line)) {
            *counts.entry(line).or_default() += 1;
        }
        let twice: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
        if twice.is_empty() { Ok(()) } else { Err(format!("taken more than once: {twice:#?}")) }
    }
}

async fn tells(seed: u64, told: &Mutex<Vec<String>>) -> Result<(), String> {
    let mut numbers = Numbers::new(seed ^ 0xfa11_0ff5);
    let model = Model::random(&mut numbers);
    let (lab, proxy) = behind_proxy(seed);
    tell(told, format!("stack:\n{}", model.text));
    let incident = Incident::of(lab, model.text).await;
    incident.wait(30 + numbers.below(200) as u64).await;
    let percent = 3 + numbers.below(22);
    tell(told, format!("trouble with {percent} of a hundred requests"));
    let forced = model.can_be_forced && numbers.percent(50);
    let mut story = Story { incident, proxy, numbers, told, percent, always: None };
    if forced {
        tell(told, "the site is lost");
        story.incident.lose();
        story.incident.wait(30).await;
    }
    story.goes_through(if forced { FORCED } else { UP }, Active::Away).await?;
    if forced {
        drop(story.incident.lab.simulator.restore(&story.incident.home.1));
        story.incident.wait(7 * 3600).await;
    }
    let changes = story.incident.changes().await;
    if !changes.is_empty() {
        return Err(format!("a plan away from home has changes: {changes:#?}"));
    }
    story.goes_through(DOWN, Active::Home).await?;
    let changes = story.incident.changes().await;
    if !changes.is_empty() {
        return Err(format!("a plan at home has changes: {changes:#?}"));
    }
    let left = story.incident.left_over();
    if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:#?}")) }
}

#[test]
fn whatever_happens_between_a_failover_goes_there_and_back() {
    hold("proxy::failovers", seeds(SEEDS), tells);
}

/// Each store, and each mishap at each request for a promotion, there and back.
#[test]
fn a_promotion_to_which_something_happens_each_time_is_done_once() {
    let count = (STORES.len() * MISHAPS.len()) as u64;
    hold("proxy::failovers::a_promotion", seeds(0..count), async |seed, told| {
        let mut numbers = Numbers::new(seed);
        let store = STORES[seed as usize / MISHAPS.len() % STORES.len()];
        let mishap = MISHAPS[seed as usize % MISHAPS.len()];
        let (lab, proxy) = behind_proxy(seed);
        let incident = Incident::of(lab, Model::of(&[store], &mut numbers).text).await;
        incident.wait(60).await;
        let mut story = Story { incident, proxy, numbers, told, percent: 0, always: Some(mishap) };
        for (ask, ends) in [(UP, Active::Away), (DOWN, Active::Home)] {
            story.goes_through(ask, ends).await.map_err(|why| format!("{mishap:?}: {why}"))?;
        }
        Ok(())
    });
}
