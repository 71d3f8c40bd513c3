//! Predicted times against the simulated reality, for every stack with a failover group: without a record, and after
//! one recorded run.

use std::fmt::Write as _;
use std::time::Duration;

use drplan::failover::History;
use drplan::state::RunKind;
use drplan::steps::{Prediction, Timeline};
use drplan::world::Store;

use super::incident::{DOWN, Incident, RunRequest, UP};
use super::scene::{SCENES, Scene};
use crate::lab::{Lab, simulated};

/// Greatest difference between P50 and reality.
const WITHIN: f64 = 0.10;

impl Incident {
    /// The recorded runs.
    fn history(&self) -> History {
        let mut history = History::default();
        for run in self.lab.store.runs().expect("the store is in memory") {
            history.take_in(&self.lab.store.entries_of(&run).expect("a journal"));
        }
        history
    }

    /// The last run.
    pub(super) fn last(&self) -> Timeline {
        let run = self.lab.store.runs().expect("the store is in memory").pop().expect("a run");
        Timeline::of(&self.lab.store.entries_of(&run).expect("a journal")).expect("a failover run")
    }

    /// Runs a request, and returns the differences between prediction and reality.
    async fn held(&self, ask: RunRequest, history: &History, what: &str) -> Vec<String> {
        let predicted = self.procedure_after(ask, history).await.predicted;
        self.done(ask).await;
        let run = self.last();
        compare(&predicted, &run, what)
    }
}

fn compare(predicted: &Prediction, run: &Timeline, what: &str) -> Vec<String> {
    let real = run.switched().expect("traffic is switched");
    let mut wrong = differs(predicted.typical, real, predicted.worst, &format!("{what}: recovery"));
    let planned = run.undertaking.verb != RunKind::Drill && !run.follows_outage();
    if let (Some(interruption), Some(real), true) = (predicted.interruption, run.interruption(), planned) {
        wrong.extend(differs(interruption.typical, real, interruption.worst, &format!("{what}: interruption")));
    }
    wrong
}

/// P50 is within ten percent, apart from two intervals of reading, and P95 holds.
pub(super) fn differs(typical: Duration, real: Duration, worst: Duration, what: &str) -> Vec<String> {
    let (p50, real, p95) = (typical.as_secs_f64(), real.as_secs_f64(), worst.as_secs_f64());
    let mut wrong = Vec::new();
    if (p50 - real).abs() > (real * WITHIN).max(2.0) {
        wrong.push(format!("{what}: predicted {p50}s, took {real}s"));
    }
    if real > p95 {
        wrong.push(format!("{what}: P95 {p95}s, took {real}s"));
    }
    wrong
}

#[test]
fn p50_is_within_ten_percent_of_every_first_run() {
    let mut wrong = Vec::new();
    for scene in SCENES.iter().filter(|scene| scene.ask.verb == RunKind::Up) {
        wrong.extend(simulated(async {
            let incident = scene.begin().await;
            incident.held(scene.ask, &History::default(), &scene.name()).await
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn p50_is_within_ten_percent_of_every_second_run_and_failback() {
    let mut wrong = Vec::new();
    for scene in SCENES.iter().filter(|scene| scene.ask.verb == RunKind::Up && !scene.ask.lost) {
        wrong.extend(simulated(async {
            let incident = Scene { ..*scene }.begin().await;
            let name = scene.name();
            incident.done(UP).await;
            incident.wait(600).await;
            let mut wrong = incident.held(DOWN, &incident.history(), &format!("{name}, failback")).await;
            incident.wait(600).await;
            let history = incident.history();
            let blind = incident.procedure_after(UP, &History::default()).await.predicted;
            let learned = incident.procedure_after(UP, &history).await.predicted;
            wrong.extend(incident.held(UP, &history, &format!("{name}, again")).await);
            let real = incident.last().switched().expect("traffic is switched");
            let off = |predicted: Prediction| predicted.typical.abs_diff(real);
            if off(learned) > off(blind) + Duration::from_secs(2) {
                wrong.push(format!("{name}: {learned:?} with a record, {blind:?} without, took {real:?}"));
            }
            // Two records, of the failover and the failback, leave 1/√2 of the distance to the P95 of the tables.
            let spread = |predicted: Prediction| predicted.worst.saturating_sub(predicted.typical).as_secs_f64();
            if spread(learned) < 0.65 * spread(blind) {
                wrong.push(format!("{name}: P95 {:?} after two runs, {:?} by the tables", learned.worst, blind.worst));
            }
            wrong
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Databases of one pair of servers, each with a replica of its own.
fn one_server_pair(count: u32) -> String {
    let mut text = r#"
stack "ledgers" {
  objectives {
    rto = "1h"
  }
}

site "north" {
  provider = "azure"
  location = "northeurope"
}

site "west" {
  provider = "azure"
  location = "westeurope"
}

resource_group "north" { site = site.north }
resource_group "west" { site = site.west }

mssql_server "north" {
  name                         = "ledgers-north"
  resource_group               = resource_group.north
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}

mssql_server "west" {
  mirrors        = mssql_server.north
  name           = "ledgers-west"
  resource_group = resource_group.west
}
"#
    .to_owned();
    for n in 0..count {
        let _ = write!(
            text,
            r#"
mssql_database "l{n}" {{
  server   = mssql_server.north
  sku_name = "S1"
}}

geo_replica "l{n}" {{
  name      = "ledgers-l{n}"
  source    = mssql_server.north
  target    = mssql_server.west
  databases = [mssql_database.l{n}]
}}
"#
        );
    }
    let all: Vec<String> = (0..count).map(|n| format!("geo_replica.l{n}")).collect();
    let _ = write!(
        text,
        "\nfailover_group \"ledgers\" {{\n  from    = site.north\n  to      = site.west\n  promote = [{}]\n}}\n",
        all.join(", ")
    );
    text
}

#[test]
fn replicas_of_one_server_pair_are_predicted_one_after_the_other() {
    simulated(async {
        let incident = Incident::of(Lab::new(7), one_server_pair(6)).await;
        incident.wait(60).await;
        let procedure = incident.procedure(UP).await;
        let promotions = procedure.critical.steps.len();
        let wrong = incident.held(UP, &History::default(), "six replicas").await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(promotions >= 6, "the critical path has {promotions} steps: {:?}", procedure.critical);
        assert!(incident.last().critical.len() >= 6, "{:?}", incident.last().critical);
        assert_eq!(incident.last().recovery(), None, "nothing confirms that users are served");
    });
}
