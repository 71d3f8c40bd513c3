//! Moves that concern a part of a group's data or of a stack's groups: replicas that are not at a lost site, stores
//! without a replica at the destination, and drills beside the moves of other groups.

use std::time::Duration;

use drplan::apply::FailurePolicy;
use drplan::failover::PreflightStatus;
use drplan::roles::FailoverMode;
use drplan::simulator::{Fault, Plane};
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Act, Event, RunEnd, StepEvent, Task, Timeline};
use drplan::world::Store;

use super::commands::{Command, CommandResult, Move};
use super::groups::{SIDE, SQL};
use super::incident::Incident;
use crate::lab::{Lab, simulated};

const SITES: &str = r#"
stack "partial" {
  objectives {
    rto = "1h"
    rpo = "5m"
  }
}
site "home" {
  provider = "azure"
  location = "canadacentral"
}
site "away" {
  provider = "azure"
  location = "canadaeast"
}
site "third" {
  provider = "azure"
  location = "westus2"
}
resource_group "home" {
  site = site.home
}
resource_group "away" {
  site = site.away
}
resource_group "third" {
  site = site.third
}
resource_group "up-third" {
  site     = site.third
  presence = "failover"
}
resource_group "up-away" {
  site     = site.away
  presence = "failover"
}
"#;

/// A store at home whose replica is at this site.
fn store(n: usize, site: &str) -> String {
    SQL.replace("resource_group.away", &format!("resource_group.{site}")).replace("{n}", &n.to_string())
}

/// A group between the three sites that promotes the stores 0 and 1.
const GROUP: &str = r#"
failover_group "a" {
  from     = site.home
  to       = [site.away, site.third]
  promote  = [geo_replica.data0, geo_replica.data1]
  stand_up = []
}
"#;

fn lose(incident: &Incident, region: &str) {
    let fault = Fault::Lose { location: region.to_owned(), plane: Plane::Both };
    incident.lab.simulator.add_fault(fault).expect("the simulator is in memory");
}

/// The last run of a group.
fn last(incident: &Incident, group: &str) -> Timeline {
    let store = &incident.lab.store;
    let runs = store.runs().expect("runs").into_iter().rev();
    let timelines = runs.filter_map(|run| Timeline::of(&store.entries_of(&run).expect("a journal")).ok());
    timelines.into_iter().find(|run| run.undertaking.group == group).expect("a run of the group")
}

/// A forced move without `away`, to the third site.
fn without_away() -> Move {
    let mut ask = Move::forced("a", RunKind::Up, "away", Some("third")).accepting(Duration::from_secs(60));
    ask.accepted.split_brain = true;
    ask
}

#[test]
fn forced_move_promotes_what_is_not_at_the_lost_site_without_loss() {
    simulated(async {
        let text = SITES.to_owned() + &store(0, "away") + &store(1, "third") + GROUP;
        let incident = Incident::of(Lab::new(7), text).await;
        let up = Command::Move(Move::planned("a", RunKind::Up, Some("away")));
        let result = incident.command(&up, FailurePolicy::Stop).await;
        assert!(matches!(result, CommandResult::Run(Some(RunEnd::Done), _)), "{result}");
        lose(&incident, "canadaeast");
        incident.wait(60).await;

        let (procedure, ..) = incident.procedure_of(&without_away()).await.expect("a procedure");
        let modes = procedure.steps.steps.iter().filter_map(|step| match &step.act {
            Act::Task(Task::Promote { how, accepted, .. }) => Some((step.address.as_str(), *how, *accepted)),
            _ => None,
        });
        let modes: Vec<_> = modes.collect();
        assert_eq!(modes, [("geo_replica.data1", FailoverMode::Planned, None)]);
        let loss =
            |name: &str| procedure.losses.iter().find(|loss| loss.replica.as_str() == name).map(|loss| loss.amount);
        assert_eq!(loss("geo_replica.data1"), Some(Some(Duration::ZERO)));
        let left = procedure.guards.iter().find(|guard| guard.rule == "data-left").expect("the store at the lost site");
        assert!(
            left.verdict == PreflightStatus::Warns && left.what.contains("stays at away, which is lost"),
            "{left:?}"
        );

        let result = incident.command(&Command::Move(without_away()), FailurePolicy::Stop).await;
        assert!(matches!(result, CommandResult::Run(Some(RunEnd::Done), _)), "{result}");
        assert_eq!(incident.active_site("a"), (ActiveSite::Away, "third".to_owned()));
        assert_eq!(last(&incident, "a").lost(&"geo_replica.data1".parse().unwrap()), Some(Duration::ZERO));
    });
}

#[test]
fn forced_move_never_waits_for_a_silent_side() {
    simulated(async {
        let text = SITES.to_owned() + &store(0, "away") + &store(1, "third") + GROUP;
        let incident = Incident::of(Lab::new(8), text).await;
        let up = Command::Move(Move::planned("a", RunKind::Up, Some("away")));
        drop(incident.command(&up, FailurePolicy::Stop).await);
        // The home site, which still has the data of the other store, is silent without being declared lost.
        lose(&incident, "canadaeast");
        lose(&incident, "canadacentral");
        incident.wait(60).await;
        let (procedure, ..) = incident.procedure_of(&without_away()).await.expect("a procedure");
        for step in &procedure.steps.steps {
            assert!(!matches!(step.act, Act::Task(Task::Promote { how: FailoverMode::Planned, .. })), "{step:?}");
        }
    });
}

/// A store with a replica at one standby, and a workload that uses it at the other one.
fn needed() -> String {
    let side = |side: &str, net: &str, octet: &str| {
        let side = SIDE.replace("{side}", side).replace("{net}", net).replace("{octet}", octet);
        side.replace("{instances}", "1").replace(
            "  admin_username = \"operator\"\n",
            "  admin_username = \"operator\"\n  custom_data    = base64encode(geo_replica.data0.listener)\n",
        )
    };
    let group = r#"
failover_group "a" {
  from     = site.home
  to       = [site.third, site.away]
  promote  = [geo_replica.data0]
  stand_up = [resource_group.up-third]
}
"#;
    let third = side("up-third", "third", "30");
    SITES.to_owned() + &store(0, "away") + &side("home", "home", "10") + &third + group
}

#[test]
fn workload_does_not_move_where_its_data_cannot_follow_unless_the_data_is_left_behind() {
    simulated(async {
        let incident = Incident::of(Lab::new(9), needed()).await;
        let mut ask = Move::planned("a", RunKind::Up, None);
        let result = incident.command(&Command::Move(ask.clone()), FailurePolicy::Stop).await;
        let CommandResult::Refused(checks) = result else { panic!("{result}") };
        let left = checks.iter().find(|check| check.rule == "data-left").expect("the store that stays");
        assert!(left.what.contains("geo_replica.data0 has no replica at third"), "{left:?}");
        assert!(left.what.contains("linux_virtual_machine_scale_set.up-third"), "{left:?}");
        assert!(left.help.contains("`drplan failover-group up --planned --to away`"), "{left:?}");
        assert!(left.help.contains("--without geo_replica.data0"), "{left:?}");

        ask.without = vec!["geo_replica.data0".parse().unwrap()];
        let result = incident.command(&Command::Move(ask), FailurePolicy::Stop).await;
        assert!(matches!(result, CommandResult::Run(Some(RunEnd::Done), _)), "{result}");
        let roles = incident.state().roles;
        let debt = drplan::plan::owed(&roles);
        assert!(debt.iter().any(|debt| debt.what.contains("geo_replica.data0 was left behind")), "{debt:?}");
    });
}

#[test]
fn drill_sets_apart_what_another_group_changes_meanwhile() {
    simulated(async {
        let groups = r#"
public_ip "up-away" {
  resource_group    = resource_group.up-away
  allocation_method = "Static"
  sku               = "Standard"
}
failover_group "a" {
  from     = site.home
  to       = site.away
  promote  = [geo_replica.data0]
  stand_up = [resource_group.up-away]
  step "settle" {
    on    = ["drill"]
    after = [stand_up]
    wait {
      for = "20m"
    }
  }
}
failover_group "b" {
  from     = site.home
  to       = site.third
  promote  = [geo_replica.data1]
  stand_up = []
}
"#;
        let text = SITES.to_owned() + &store(0, "away") + &store(1, "third") + groups;
        let incident = Incident::of(Lab::new(10), text).await;
        let drill = Command::Move(Move::planned("a", RunKind::Drill, None));
        let up = Command::Move(Move::planned("b", RunKind::Up, None));
        let later = async {
            incident.wait(300).await;
            incident.command(&up, FailurePolicy::Stop).await
        };
        let (drilled, moved) = futures::join!(incident.command(&drill, FailurePolicy::Stop), later);
        assert!(matches!(moved, CommandResult::Run(Some(RunEnd::Done), _)), "{moved}");
        assert!(matches!(drilled, CommandResult::Run(Some(RunEnd::Done), _)), "{drilled}");
        let run = last(&incident, "a");
        let entries = incident.lab.store.entries_of(&run.started.run).expect("a journal");
        let facts = entries.iter().filter_map(|entry| match &entry.event {
            Event::Step { event: StepEvent::Learnt(fact), .. } => fact.apart.map(|_| fact.what.clone()),
            _ => None,
        });
        let facts: Vec<String> = facts.collect();
        assert_eq!(facts.len(), 1, "{facts:?}");
        assert!(facts[0].contains("(up of b)") && facts[0].contains("seed-sql-home1"), "{facts:?}");
        assert!(!facts[0].contains("seed-sql-home0"), "{facts:?}");
    });
}

#[test]
fn drill_still_fails_for_a_change_that_no_run_has_made() {
    simulated(async {
        let incident = Incident::web_geo().await;
        let drill = incident.begin(super::incident::DRILL, FailurePolicy::Stop);
        let manual = async {
            incident.wait(60).await;
            let id = incident.before.keys().find(|id| id.as_str().ends_with("/networkSecurityGroups/web-primary"));
            let id = id.expect("the group of web-primary");
            let object = drplan::object::Object::whole(id.clone(), "2025-09-01");
            let seen = drplan::world::Cloud::get(&incident.lab.cloud, &object).await.unwrap().expect("the object");
            let mut body = seen.body;
            body["tags"] = serde_json::json!({ "by": "hand" });
            let always = drplan::world::WriteCondition::Always;
            drplan::world::Cloud::put(&incident.lab.cloud, &object, &body, always).await.unwrap();
        };
        let (drilled, ()) = futures::join!(drill, manual);
        let report = drilled.unwrap_or_else(|why| panic!("{why}")).report;
        assert_eq!(report.ended, Some(RunEnd::Failed), "{:#?}", report.fates);
        assert!(format!("{:?}", report.fates).contains("web-primary differs"), "{:#?}", report.fates);
    });
}

#[test]
fn lost_traffic_profile_does_not_hold_the_data_back() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.done(super::incident::UP).await;
        // The profile's resource group is at the site that is lost.
        lose(&incident, "canadaeast");
        incident.wait(120).await;
        let mut ask = Move::forced("web", RunKind::Down, "secondary", None).accepting(Duration::from_secs(3600));
        let result = incident.command(&Command::Move(ask.clone()), FailurePolicy::Stop).await;
        let CommandResult::Refused(checks) = result else { panic!("{result}") };
        let routes = checks.iter().find(|check| check.rule == "routes").expect("the route at the lost site");
        assert!(routes.help.contains("--without route.traffic-manager"), "{routes:?}");
        ask.without = vec!["route.traffic-manager".parse().unwrap()];
        let result = incident.command(&Command::Move(ask), FailurePolicy::Stop).await;
        assert!(matches!(result, CommandResult::Run(Some(RunEnd::Done), _)), "{result}");
        assert_eq!(incident.active(), ActiveSite::Home);
        let debt = drplan::plan::owed(&incident.state().roles);
        assert!(debt.iter().any(|debt| debt.what.contains("route.traffic-manager was not switched")), "{debt:?}");
        assert_eq!(last(&incident, "web").served, None);
    });
}
