//! A run that is killed after any entry of its journal, and one whose every request arrives twice, end in the same world as one that
//! nothing disturbs.

use std::collections::{BTreeMap, BTreeSet};

use drplan::address::{Address, ArmId};
use drplan::apply::Engine;
use drplan::plan::Plan;
use drplan::state::{Recorded, State};
use drplan::world::Clock;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use crate::lab::{Lab, changes, failures, in_parallel, simulated};
use crate::web_geo;

/// What is done while the run is killed.
#[derive(Clone, Copy)]
enum Story {
    /// The stack stands up.
    Apply,
    /// The stack stands up by template deployments.
    Deploy,
    /// The stack stands, and is changed: arguments, immutable arguments, names; resources come and go.
    Edit,
    /// The stack stands, and goes.
    Destroy,
}

/// A lab at an instant, and the text that is applied there: every cut begins from the same one.
struct Beginning {
    lab: Lab,
    text: String,
    now: Timestamp,
}

impl Beginning {
    fn again(&self) -> Lab {
        self.lab.fork(self.now)
    }
}

/// Everything that must come out the same, however disturbed.
#[derive(Debug, Serialize)]
struct World {
    recorded: BTreeMap<Address, Recorded>,
    standing: BTreeMap<ArmId, Json>,
}

/// The edits of [`Story::Edit`]: each text occurs in web-geo.
const EDITS: &[(&str, &str)] = &[
    // Changed in place.
    ("default = 4", "default = 6"),
    ("priority                   = 100", "priority                   = 200"),
    ("tolerated_number_of_failures = 0", "tolerated_number_of_failures = 2"),
    // Replaced, with all that uses them.
    ("offer     = \"web\"", "offer     = \"web2\""),
    // Replaced under another name.
    ("\"web-geo-sql-secondary\"", "\"web-geo-sql-spare\""),
    // Another address for the same object, and another object.
    ("lb_probe \"web-failover\"", "lb_probe \"front-failover\""),
    ("lb_probe.web-failover", "lb_probe.front-failover"),
];

impl Story {
    /// Brings the world to where the story begins, and gives the text with which it goes on.
    async fn begin(self, lab: &Lab, text: &str) -> Result<String, String> {
        match self {
            Self::Apply | Self::Deploy => Ok(text.to_owned()),
            Self::Destroy => finish(lab, text, false, 1).await.map(|_| text.to_owned()),
            Self::Edit => {
                finish(lab, text, false, 1).await?;
                Ok(EDITS.iter().fold(text.to_owned(), |text, (old, new)| {
                    assert!(text.contains(old), "the stack no longer has {old}");
                    text.replace(old, new)
                }))
            }
        }
    }

    fn lab(self) -> (Lab, String) {
        let (lab, text) = web_geo::lab();
        let engine = if matches!(self, Self::Deploy) { Engine::Deployments } else { Engine::Direct };
        (Lab { engine, ..lab }, text)
    }

    fn destroys(self) -> bool {
        matches!(self, Self::Destroy)
    }

    /// The beginning, the end where nothing disturbs it, and how many entries its journal has.
    fn undisturbed(self) -> (Beginning, World, usize) {
        simulated(async {
            let (lab, text) = self.lab();
            let text = self.begin(&lab, &text).await.unwrap_or_else(|why| panic!("{why}"));
            let begun = Beginning { now: lab.clock.now(), lab, text };
            let lab = begun.again();
            let before = lab.store.entries().len();
            let world = finish(&lab, &begun.text, self.destroys(), 1).await.unwrap_or_else(|why| panic!("{why}"));
            let entries = lab.store.entries().len() - before;
            (begun, world, entries)
        })
    }

    /// The end of the story where the run is killed once its journal holds so many entries.
    fn killed_after(self, begun: &Beginning, entries: usize) -> Result<World, String> {
        simulated(async {
            let (lab, text) = (begun.again(), &begun.text);
            lab.store.stop_after(entries);
            let killed = if self.destroys() { lab.destroy(text).await } else { lab.apply(text).await };
            if killed.is_ok() {
                return Err("the run was not killed".to_owned());
            }
            lab.store.go_on();
            finish(&lab, text, self.destroys(), 2).await
        })
    }

    fn survives_every_cut(self) {
        let (begun, undisturbed, entries) = self.undisturbed();
        let wrong = in_parallel(0..entries as u64, |cut| {
            let differs = match self.killed_after(&begun, cut as usize) {
                Err(why) => vec![why],
                Ok(world) => undisturbed.differs(&world),
            };
            if differs.is_empty() {
                return Vec::new();
            }
            vec![format!("── killed after {cut} of {entries} entries:\n  {}", differs.join("\n  "))]
        });
        assert!(wrong.is_empty(), "{} of {entries} cuts end otherwise:\n{}", wrong.len(), wrong.join("\n"));
    }
}

impl World {
    fn differs(&self, other: &Self) -> Vec<String> {
        let json = |world: &Self| serde_json::to_value(world).expect("a world is JSON");
        let mut found = Vec::new();
        differing("", &json(self), &json(other), &mut found);
        found
    }
}

/// Where two values differ, a line each.
fn differing(at: &str, expected: &Json, found: &Json, lines: &mut Vec<String>) {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            for key in keys {
                let of = |map: &serde_json::Map<String, Json>| map.get(key).cloned().unwrap_or_default();
                differing(&format!("{at} {key}"), &of(expected), &of(found), lines);
            }
        }
        _ if expected == found => {}
        _ => lines.push(format!("{at}: expected {expected}, found {found}")),
    }
}

/// Plans and applies until nothing is left to do, in no more than `most` runs, none of which may fail.
async fn finish(lab: &Lab, text: &str, destroy: bool, most: usize) -> Result<World, String> {
    let mut runs = 0;
    loop {
        let (planned, state) = lab.plan(text, destroy).await;
        let Plan { drift, outputs, .. } = &planned.plan;
        if changes(&planned).is_empty() && drift.is_empty() && outputs.is_empty() {
            return Ok(world(lab, planned.refreshed));
        }
        if runs == most {
            let left = changes(&planned).join("\n  ");
            return Err(format!(
                "after {most} runs this is left to do:\n  {left}\n  drift {drift:?}\n  outputs {outputs:?}"
            ));
        }
        runs += 1;
        let command = if destroy { "destroy" } else { "apply" };
        let applied = lab.carry_out(&planned, state, command).await.map_err(|error| error.to_string())?;
        failures(&applied, command)?;
    }
}

/// What stands, and what is recorded after a last look at it.
fn world(lab: &Lab, refreshed: Option<State>) -> World {
    let recorded = refreshed.map(|state| state.resources).unwrap_or_default();
    let standing = lab.simulator.show().objects.into_iter().map(|(id, mut body)| {
        without_etags(&mut body);
        (id, body)
    });
    World { recorded, standing: standing.collect() }
}

/// How often something was written is not what it is.
fn without_etags(body: &mut Json) {
    match body {
        Json::Object(map) => {
            map.remove("etag");
            map.values_mut().for_each(without_etags);
        }
        Json::Array(items) => items.iter_mut().for_each(without_etags),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[test]
fn an_apply_is_killed_after_each_entry() {
    Story::Apply.survives_every_cut();
}

#[test]
fn an_apply_by_deployments_is_killed_after_each_entry() {
    Story::Deploy.survives_every_cut();
}

#[test]
fn an_edit_is_killed_after_each_entry() {
    Story::Edit.survives_every_cut();
}

#[test]
fn a_destroy_is_killed_after_each_entry() {
    Story::Destroy.survives_every_cut();
}
