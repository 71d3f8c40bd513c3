//! Services in a failover that are slow, silent or of a kind with rules of its own: throttling, routes that fail, sites
//! that are lost during a run, accounts with three regions, storage, locks, and replicas of another size.

use std::time::Duration;

use drplan::apply::FailurePolicy;
use drplan::simulator::{Fault, FaultTime, HttpMethod, Plane, RequestMatch, ScheduledFault};
use drplan::state::ActiveSite;
use drplan::steps::{Acceptance, RunEnd, StepEvent};

use super::incident::{DOWN, FORCED, Incident, RunRequest, UP};
use crate::lab::{Lab, changes, failures, simulated};

const SITES: &str = r#"
stack "services" {}

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

failover_group "group" {
  from    = site.home
  to      = site.away
  promote = [geo_replica.away]
}
"#;

/// An account with its write region at home. `away` and `third` are the priorities of the other sites.
fn cosmos(away: u32, third: u32) -> String {
    let replica = |site: &str, priority: u32| {
        format!(
            "geo_replica \"{site}\" {{\n  source            = cosmosdb_account.items\n  site              = site.{site}\n  \
             failover_priority = {priority}\n}}\n"
        )
    };
    let account = r#"
cosmosdb_account "items" {
  name           = "drplan-test-items"
  resource_group = resource_group.third
  site           = site.home
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }
}

"#;
    [SITES, account, &replica("away", away), &replica("third", third)].concat()
}

const STORAGE: &str = r#"
storage_account "files" {
  name                     = "drplantestfiles"
  resource_group           = resource_group.home
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}

geo_replica "away" {
  source = storage_account.files
  site   = site.away
}
"#;

const POSTGRES: &str = r#"
postgresql_flexible_server "home" {
  name                   = "drplan-test-pg-home"
  resource_group         = resource_group.home
  version                = "16"
  administrator_login    = "pgadmin"
  administrator_password = "an example, n0t a secret"
  sku_name               = "GP_Standard_D2ds_v5"
  storage_mb             = 131072
}

geo_replica "away" {
  name           = "drplan-test-pg-away"
  source         = postgresql_flexible_server.home
  resource_group = resource_group.away
}
"#;

/// The same with a block for each server.
const PAIR: &str = r#"
postgresql_flexible_server "home" {
  name                   = "drplan-test-pg-home"
  resource_group         = resource_group.home
  version                = "16"
  administrator_login    = "pgadmin"
  administrator_password = "an example, n0t a secret"
  sku_name               = "GP_Standard_D2ds_v5"
  storage_mb             = 131072
}

postgresql_flexible_server "away" {
  mirrors        = postgresql_flexible_server.home
  name           = "drplan-test-pg-away"
  resource_group = resource_group.away
}

geo_replica "away" {
  name   = "drplan-test-pg"
  source = postgresql_flexible_server.home
  target = postgresql_flexible_server.away
}
"#;

const SQL: &str = r#"
mssql_server "home" {
  name                         = "drplan-test-sql-home"
  resource_group               = resource_group.home
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}

mssql_server "away" {
  mirrors        = mssql_server.home
  name           = "drplan-test-sql-away"
  resource_group = resource_group.away
}

mssql_database "orders" {
  server   = mssql_server.home
  sku_name = "S1"
}

geo_replica "away" {
  name      = "drplan-test-orders"
  source    = mssql_server.home
  target    = mssql_server.away
  databases = [mssql_database.orders]
}
"#;

/// The home site is lost; an hour of writes may be, and both sites may take writes.
const ABANDONED: RunRequest =
    RunRequest { accepted: Acceptance { data_loss: Some(Duration::from_secs(3600)), split_brain: true }, ..FORCED };

async fn applied(text: impl Into<String>) -> Incident {
    Incident::of(Lab::new(7), text.into()).await
}

fn suffer(incident: &Incident, fault: impl Into<ScheduledFault>) {
    incident.lab.simulator.add_fault(fault).expect("the simulator is in memory");
}

fn answers(status: u16, retry_after: Option<u64>, on: RequestMatch) -> Fault {
    Fault::Answer { status, code: None, retry_after, on }
}

/// Reports of the steps of all runs.
fn reported(incident: &Incident) -> Vec<String> {
    let runs = incident.lab.store.entries();
    let said = runs.into_iter().filter_map(|entry| match entry.event {
        drplan::steps::Event::Step { event: StepEvent::Learnt(fact), .. } => Some(fact.what),
        _ => None,
    });
    said.collect()
}

#[test]
fn throttled_site_is_not_taken_for_a_silent_one() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.lose();
        incident.wait(60).await;
        let on = RequestMatch { times: Some(60), probability: Some(0.5), ..RequestMatch::default() };
        suffer(&incident, answers(429, Some(30), on));
        incident.done(FORCED).await;
        assert_eq!(incident.active(), ActiveSite::Away);
    });
}

#[test]
fn run_ends_soon_after_its_site_has_gone_silent() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.wait(60).await;
        let lose = Fault::Lose { location: incident.home.1.clone(), plane: Plane::Both };
        suffer(&incident, ScheduledFault { fault: lose, from: Some(FaultTime::Seconds(10.0)), until: None });
        let run = incident.begin(UP, FailurePolicy::Stop).await.unwrap_or_else(|why| panic!("{why}"));
        assert_ne!(run.report.ended, Some(RunEnd::Done));
        assert!(run.report.length < Duration::from_secs(3600), "{:?}", run.report.length);
        let fates = format!("{:#?}", run.report.fates);
        assert!(fates.contains("does not answer") || fates.contains("is unavailable"), "{fates}");
    });
}

#[test]
fn forced_failover_of_an_account_is_refused_where_another_region_is_next() {
    simulated(async {
        let incident = applied(cosmos(2, 1)).await;
        incident.lose();
        let why = incident.begin(ABANDONED, FailurePolicy::Stop).await.unwrap_err();
        assert!(why.contains("would move writes to westus2, not to canadaeast"), "{why}");
        assert_eq!(incident.active(), ActiveSite::Home);
    });
}

#[test]
fn account_of_three_regions_moves_and_returns_with_an_empty_plan() {
    simulated(async {
        let incident = applied(cosmos(2, 1)).await;
        incident.done(UP).await;
        assert_eq!(incident.changes().await, [""; 0]);
        incident.done(DOWN).await;
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
    });
}

/// The second server has a block of its own, and is created as a replica all the same.
#[test]
fn servers_with_blocks_of_their_own_change_roles_and_return() {
    simulated(async {
        let incident = applied([SITES, PAIR].concat()).await;
        let role = |name: &str| {
            let server = incident.before.keys().find(|id| id.name() == name).expect("a server");
            incident.lab.simulator.body(server).expect("a server")["properties"]["replicationRole"].clone()
        };
        let roles = || ["drplan-test-pg-home", "drplan-test-pg-away"].map(role);
        assert_eq!(roles(), ["Primary", "GeoAsyncReplica"]);
        for (request, expected) in [(UP, ["GeoAsyncReplica", "Primary"]), (DOWN, ["Primary", "GeoAsyncReplica"])] {
            incident.done(request).await;
            assert_eq!(roles(), expected);
            assert_eq!(incident.changes().await, [""; 0]);
        }
        incident.lose();
        incident.done(ABANDONED).await;
        assert_eq!(role("drplan-test-pg-away"), "Primary");
    });
}

/// A server that says of itself that it is none would never follow.
#[test]
fn target_that_is_created_otherwise_is_an_error() {
    let text = PAIR.replace("pg-away\"\n", "pg-away\"\n  create_mode    = \"Default\"\n");
    simulated(async {
        let lab = Lab::new(7);
        let why = lab.try_plan(&[SITES, &text].concat(), false).await.err().expect("an error");
        assert!(why.contains("the target is not created as a replica of the source"), "{why}");
    });
}

#[test]
fn account_is_left_alone_while_a_region_is_offline() {
    simulated(async {
        let mut incident = applied(cosmos(1, 2)).await;
        incident.lose();
        incident.done(ABANDONED).await;
        let offline = reported(&incident).iter().filter(|what| what.contains("offlineRegion")).count();
        assert_eq!(offline, 1, "{:#?}", reported(&incident));
        assert_eq!(incident.changes().await, [""; 0]);
        incident.text = incident.text.replace("\"Session\"", "\"Eventual\"");
        let (planned, _) = incident.lab.plan(&incident.text, false).await;
        let blocked: Vec<&str> = planned.plan.blocked.iter().map(|blocked| blocked.why.as_str()).collect();
        assert!(blocked.iter().any(|why| why.contains("Canada Central is offline")), "{blocked:#?}");
    });
}

/// The group does not know the third region, and Azure would refuse the promotion in the middle of the run.
#[test]
fn planned_move_is_refused_while_another_region_of_the_data_is_silent() {
    simulated(async {
        let mut incident = applied(cosmos(1, 2)).await;
        incident.home = ("third".to_owned(), "westus2".to_owned());
        incident.lose();
        let procedure = incident.procedure(UP).await;
        let refused = procedure.guards.iter().find(|guard| guard.rule == "promotable").expect("a finding");
        assert!(refused.what.contains("westus2, another region of its data, does not respond"), "{}", refused.what);
        assert!(refused.help.contains("--without geo_replica.away"), "{}", refused.help);
        assert!(procedure.is_refused());
    });
}

/// A lost third region prevents a planned change of the write region, and is no reason to abandon the healthy one.
#[test]
fn region_that_is_not_lost_is_never_taken_offline() {
    simulated(async {
        let mut incident =
            applied(cosmos(1, 2).replace("= site.away\n  promote", "= [site.away, site.third]\n  promote")).await;
        incident.home = ("third".to_owned(), "westus2".to_owned());
        incident.lose();
        let procedure = incident.procedure(ABANDONED).await;
        let refused = procedure.guards.iter().find(|guard| guard.rule == "promotable").expect("a finding");
        assert!(refused.what.contains("would take canadacentral offline"), "{}", refused.what);
        assert!(refused.help.contains("--without geo_replica.away"), "{}", refused.help);
        assert!(procedure.is_refused());
        // The lost write region is abandoned, whatever became of the others.
        incident.home = ("home".to_owned(), "canadacentral".to_owned());
        incident.lose();
        let procedure = incident.procedure(ABANDONED).await;
        assert!(procedure.guards.iter().all(|guard| guard.rule != "promotable"), "{:#?}", procedure.guards);
    });
}

#[test]
fn account_whose_data_plane_alone_is_lost_is_failed_over() {
    simulated(async {
        let incident = applied([SITES, STORAGE].concat()).await;
        let lose = Fault::Lose { location: incident.home.1.clone(), plane: Plane::Data };
        suffer(&incident, lose);
        let procedure = incident.procedure(ABANDONED).await;
        let cost = procedure.guards.iter().find(|guard| guard.rule == "protection").expect("a warning");
        assert!(cost.what.contains("Standard_LRS"), "{}", cost.what);
        incident.done(ABANDONED).await;
        assert_eq!(incident.active(), ActiveSite::Away);
        assert_eq!(incident.changes().await, [""; 0]);
    });
}

#[test]
fn account_whose_control_plane_is_lost_is_not_called_deleted() {
    simulated(async {
        let incident = applied([SITES, STORAGE].concat()).await;
        incident.lose();
        let why = incident.begin(ABANDONED, FailurePolicy::Stop).await.unwrap_err();
        assert!(why.contains("the control plane of canadacentral, which does not answer"), "{why}");
        assert!(!why.contains("deleted"), "{why}");
    });
}

#[test]
fn lock_in_the_way_of_a_step_is_found_before_the_first_change() {
    simulated(async {
        let lock = r#"
management_lock "home" {
  scope      = resource_group.home
  lock_level = "ReadOnly"
}
"#;
        let incident = applied([SITES, STORAGE, lock].concat()).await;
        let why = incident.begin(UP, FailurePolicy::Stop).await.unwrap_err();
        assert!(why.contains("management_lock.home (ReadOnly lock of home) blocks geo_replica.away"), "{why}");
        let free = applied([SITES, STORAGE, &lock.replace("ReadOnly", "CanNotDelete")].concat()).await;
        free.done(UP).await;
    });
}

/// A run after the server and not its replica was scaled by somebody else.
async fn after_scaling(at: &str, value: serde_json::Value) -> Result<(), String> {
    let incident = applied([SITES, POSTGRES].concat()).await;
    let server = incident.before.keys().find(|id| id.name() == "drplan-test-pg-home").expect("a server");
    incident.lab.simulator.edit(server, at, value).expect("the simulator is in memory");
    incident.begin(UP, FailurePolicy::Stop).await.map(drop)
}

#[test]
fn replica_of_another_size_is_found_before_the_first_change() {
    simulated(async {
        let why = after_scaling("sku.name", "Standard_D4ds_v5".into()).await.unwrap_err();
        assert!(why.contains("size Standard_D4ds_v5 and Standard_D2ds_v5"), "{why}");
        let why = after_scaling("properties.storage.storageSizeGB", 256.into()).await.unwrap_err();
        assert!(why.contains("storage in GiB 256 and 128"), "{why}");
        assert_eq!(after_scaling("tags", serde_json::json!({ "team": "shop" })).await, Ok(()));
    });
}

#[test]
fn replica_is_scaled_with_its_source() {
    simulated(async {
        for (store, from, to) in
            [(SQL, "\"S1\"", "\"P1\""), (POSTGRES, "\"GP_Standard_D2ds_v5\"", "\"GP_Standard_D4ds_v5\"")]
        {
            let incident = applied([SITES, store].concat()).await;
            let larger = incident.text.replace(from, to);
            // The second change goes back: the source is then scaled first.
            for text in [&larger, &incident.text] {
                let (planned, _) = incident.lab.plan(text, false).await;
                let notes = planned.plan.notes.join("\n");
                assert!(notes.contains("geo_replica.away keeps both sides alike"), "{notes}");
                assert_eq!(changes(&planned).len(), 1, "{:#?}", changes(&planned));
                let applied = incident.lab.apply(text).await.expect("apply succeeds");
                failures(&applied, "apply").expect("every step succeeds");
                let compared = incident.procedure(UP).await;
                let alike = compared.guards.iter().find(|guard| guard.rule == "alike").expect("a check");
                assert_eq!(alike.what, "every replica has the size of its source");
            }
            incident.done(UP).await;
        }
    });
}

/// web-geo with a second route, by a DNS record.
fn two_routes(text: &str) -> String {
    let record = r#"
dns_zone "example" {
  name           = "web-geo.example.net"
  resource_group = resource_group.web-global
}

dns_cname_record "www" {
  zone   = dns_zone.example
  ttl    = 60
  record = "web-geo-primary.canadacentral.cloudapp.azure.com"
}
"#;
    let route = r#"
  route "dns" {
    record = dns_cname_record.www
    from   = "web-geo-primary.canadacentral.cloudapp.azure.com"
    to     = "web-geo-secondary.canadaeast.cloudapp.azure.com"
  }

  probe "front" {"#;
    [text.replace("\n  probe \"front\" {", route).as_str(), record].concat()
}

#[test]
fn next_route_is_tried_while_the_first_is_refused_throttled_or_fails() {
    simulated(async {
        let standing = Incident::web_geo().await;
        let text = two_routes(&standing.text);
        let applied = standing.lab.apply(&text).await.expect("apply succeeds");
        failures(&applied, "apply").expect("every step succeeds");
        for status in [403, 429, 500, 502, 503] {
            let mut incident = standing.fork(standing.lab.simulator.now());
            incident.text = text.clone();
            let on = RequestMatch {
                verb: Some(HttpMethod::Put),
                path: Some("*/trafficManagerProfiles/*/externalEndpoints/*".to_owned()),
                ..RequestMatch::default()
            };
            suffer(&incident, answers(status, None, on));
            let run = incident.done(UP).await;
            assert!(
                reported(&incident).iter().any(|what| what.starts_with("dns_cname_record.www was switched")),
                "{status}: {:#?}",
                reported(&incident)
            );
            assert!(run.report.length < Duration::from_secs(1800), "{status}: {:?}", run.report.length);
        }
    });
}

/// web-geo with a route for other users, by a DNS record that leads to a destination of its own.
fn other_users(text: &str) -> String {
    two_routes(text)
        .replace("web-geo-primary.canadacentral.cloudapp.azure.com", "api.canadacentral.example.net")
        .replace("web-geo-secondary.canadaeast.cloudapp.azure.com\"\n  }", "api.canadaeast.example.net\"\n  }")
}

#[test]
fn every_set_of_users_is_switched() {
    simulated(async {
        let standing = Incident::web_geo().await;
        let text = other_users(&standing.text);
        let applied = standing.lab.apply(&text).await.expect("apply succeeds");
        failures(&applied, "apply").expect("every step succeeds");
        let fork = || {
            let mut incident = standing.fork(standing.lab.simulator.now());
            incident.text = text.clone();
            incident
        };
        let incident = fork();
        incident.done(UP).await;
        for end in ["dns_cname_record.www", "traffic_manager_external_endpoint.secondary"] {
            let switched = format!("{end} was switched");
            let reported = reported(&incident);
            assert!(reported.iter().any(|what| what.starts_with(&switched)), "{end}: {reported:#?}");
        }
        // Nobody else switches these users.
        let refused = fork();
        let on =
            RequestMatch { verb: Some(HttpMethod::Put), path: Some("*/CNAME/*".to_owned()), ..RequestMatch::default() };
        suffer(&refused, answers(403, None, on));
        let run = refused.begin(UP, FailurePolicy::Stop).await.unwrap_or_else(|why| panic!("{why}"));
        assert_ne!(run.report.ended, Some(RunEnd::Done));
    });
}
