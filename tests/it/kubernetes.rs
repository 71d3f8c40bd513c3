//! Workloads in two clusters: what somebody else installs is imported and scaled with the role of its site, stops and
//! starts in order, and a move is refused where it could not start there.

use std::time::Duration;

use drplan::object::ObjectId;
use drplan::plan::Action;
use drplan::providers::azure::simulated::SUBSCRIPTION;
use drplan::steps::{Act, Event, RunEnd, Stage, StepEvent, Task};
use drplan::world::{Clock as _, Store as _};
use serde_json::{Value as Json, json};

use crate::failover::incident::{DOWN, FORCED, Incident, RunRequest, UP};
use crate::lab::{Lab, changes, failures, simulated};

const STACK: &str = r#"
stack "shop" {}

site "prod" {
  provider = "azure"
  location = "westeurope"
}

site "dr" {
  provider = "azure"
  location = "northeurope"
}

resource_group "prod" {
  site = site.prod
}

resource_group "dr" {
  site = site.dr
}

kubernetes_cluster "prod" {
  resource_group = resource_group.prod
  dns_prefix     = "shop-prod"

  default_node_pool {
    name       = "system"
    vm_size    = "Standard_D4s_v5"
    node_count = 2
  }

  identity {
    type = "SystemAssigned"
  }
}

kubernetes_cluster "dr" {
  mirrors        = kubernetes_cluster.prod
  resource_group = resource_group.dr
  dns_prefix     = "shop-dr"
}

kubernetes_workload "broker-prod" {
  cluster   = kubernetes_cluster.prod
  namespace = "shop"
  kind      = "StatefulSet"
  name      = "broker"
  replicas  = 2
}

kubernetes_workload "broker-dr" {
  mirrors = kubernetes_workload.broker-prod
  cluster = kubernetes_cluster.dr
}

kubernetes_workload "web-prod" {
  cluster    = kubernetes_cluster.prod
  namespace  = "shop"
  name       = "web"
  replicas   = 3
  depends_on = [kubernetes_workload.broker-prod]
}

kubernetes_workload "web-dr" {
  mirrors    = kubernetes_workload.web-prod
  cluster    = kubernetes_cluster.dr
  depends_on = [kubernetes_workload.broker-dr]
}

dns_zone "shop" {
  name           = "shop.example.org"
  resource_group = resource_group.dr
}

dns_a_record "www" {
  name    = "www"
  zone    = dns_zone.shop
  ttl     = 60
  records = ["198.51.100.10"]
}

failover_group "shop" {
  from    = site.prod
  to      = site.dr
  quiesce = [kubernetes_workload.broker-prod, kubernetes_workload.web-prod]

  route "www" {
    record = dns_a_record.www
    values = { prod = ["198.51.100.10"], dr = ["203.0.113.20"] }
  }
}
"#;

/// What Helm installs: `replicas` of each, with this image.
fn manifest(replicas: u64, image: &str) -> String {
    let workload = |kind: &str, name: &str, replicas: u64, image: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "namespace": "shop" },
            "spec": {
                "replicas": replicas, "selector": { "matchLabels": { "app": name } },
                "template": {
                    "metadata": { "labels": { "app": name } },
                    "spec": { "containers": [{ "name": "main", "image": image }] },
                },
            },
        })
        .to_string()
    };
    let web = if replicas == 0 { 0 } else { replicas + 1 };
    [workload("StatefulSet", "broker", replicas, "broker:3"), workload("Deployment", "web", web, image)].join("\n---\n")
}

fn cluster(name: &str) -> ObjectId {
    let path = format!("resourceGroups/{name}/providers/Microsoft.ContainerService/managedClusters/{name}");
    ObjectId::new(format!("/subscriptions/{SUBSCRIPTION}/{path}"))
}

fn workload(site: &str, kind: &str, name: &str) -> ObjectId {
    ObjectId::new(format!("kubernetes:{}/namespaces/shop/{kind}/{name}", cluster(site)))
}

/// The number of pods that a workload should have.
fn replicas(lab: &Lab, site: &str, kind: &str, name: &str) -> Json {
    lab.simulator.body(&workload(site, kind, name)).expect("a workload")["spec"]["replicas"].clone()
}

/// The number of pods of all four workloads.
fn all(lab: &Lab) -> [Json; 4] {
    [
        ("prod", "StatefulSet", "broker"),
        ("prod", "Deployment", "web"),
        ("dr", "StatefulSet", "broker"),
        ("dr", "Deployment", "web"),
    ]
    .map(|(site, kind, name)| replicas(lab, site, kind, name))
}

fn install(lab: &Lab, site: &str, manifest: &str) {
    lab.simulator.install("kubernetes", &cluster(site), manifest).unwrap().unwrap();
}

/// The stack with its clusters, and what Helm has installed in both.
async fn installed() -> Lab {
    let lab = Lab::new(11);
    failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
    install(&lab, "prod", &manifest(2, "web:1"));
    install(&lab, "dr", &manifest(0, "web:1"));
    lab.clock.sleep(Duration::from_secs(120)).await;
    lab
}

async fn incident() -> Incident {
    Incident::of(installed().await, STACK.to_owned()).await
}

#[test]
fn workload_is_imported_once_somebody_has_installed_it() {
    simulated(async {
        let lab = Lab::new(11);
        // Neither the cluster nor what is in it exists: no error, and nothing to create there.
        let (planned, _) = lab.plan(STACK, false).await;
        assert!(
            !changes(&planned).iter().any(|change| change.contains("kubernetes_workload")),
            "{:?}",
            changes(&planned)
        );
        assert!(planned.plan.notes.iter().any(|note| note.contains("not installed")), "{:?}", planned.plan.notes);
        failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();

        install(&lab, "prod", &manifest(2, "web:1"));
        // Helm has started the standby as well, which is scaled down.
        install(&lab, "dr", &manifest(2, "web:1"));
        let (planned, state) = lab.plan(STACK, false).await;
        let actions = planned.plan.changes.iter().filter(|change| change.address.kind() == "kubernetes_workload");
        assert!(actions.clone().count() == 4 && actions.clone().all(|change| change.action == Action::Adopt));
        failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
        assert_eq!(all(&lab), [2, 3, 0, 0].map(Json::from));
        let (again, _) = lab.plan(STACK, false).await;
        assert_eq!((changes(&again), again.plan.drift.len()), (Vec::new(), 0));

        // Somebody scales by hand: drift, in terms of the stack.
        lab.simulator.edit(&workload("prod", "Deployment", "web"), "spec.replicas", json!(7)).unwrap();
        let (drifted, _) = lab.plan(STACK, false).await;
        assert_eq!(drifted.plan.drift.len(), 1, "{:?}", drifted.plan.drift);

        // A destroy forgets workloads, and deletes their clusters.
        failures(&lab.destroy(STACK).await.unwrap(), "destroy").unwrap();
        assert!(lab.standing().is_empty(), "{:?}", lab.standing());
    });
}

#[test]
fn destroy_leaves_workloads_to_whoever_installed_them() {
    simulated(async {
        let lab = installed().await;
        failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
        let (planned, _) = lab.plan(STACK, true).await;
        let workloads = planned.plan.changes.iter().filter(|change| change.address.kind() == "kubernetes_workload");
        assert!(workloads.clone().count() == 4 && workloads.clone().all(|change| change.action == Action::Forget));
    });
}

/// The order in which the steps of the last run ended.
fn ended(incident: &Incident) -> Vec<String> {
    let run = incident.lab.store.runs().unwrap().pop().expect("a run");
    let entries = incident.lab.store.entries_of(&run).unwrap();
    let ended = entries.into_iter().filter_map(|entry| match entry.event {
        Event::Step { address, event: StepEvent::Succeeded(..), .. } => Some(address.to_string()),
        _ => None,
    });
    ended.collect()
}

#[test]
fn move_stops_and_starts_workloads_in_order_and_back() {
    simulated(async {
        let incident = incident().await;
        assert_eq!(all(&incident.lab), [2, 3, 0, 0].map(Json::from));
        let procedure = incident.procedure(UP).await;
        let stage = |stage: Stage| procedure.steps.steps.iter().filter(move |step| step.stage == stage);
        let moved = |step: &&drplan::steps::Step| matches!(step.act, Act::Task(Task::Move { .. }));
        assert_eq!((stage(Stage::Quiesce).filter(moved).count(), stage(Stage::Promote).filter(moved).count()), (2, 2));
        let before = incident.lab.clock.now();
        incident.done(UP).await;
        let took = incident.lab.clock.now().duration_since(before).as_secs();
        let order = ended(&incident);
        let at = |name: &str| order.iter().position(|one| one == name).unwrap_or_else(|| panic!("{name}: {order:?}"));
        // Users of the broker stop before it and start after it.
        assert!(at("kubernetes_workload.web-prod") < at("kubernetes_workload.broker-prod"));
        assert!(at("kubernetes_workload.broker-prod") < at("kubernetes_workload.broker-dr"));
        assert!(at("kubernetes_workload.broker-dr") < at("kubernetes_workload.web-dr"));
        assert_eq!(all(&incident.lab), [0, 0, 2, 3].map(Json::from));
        let predicted = i64::try_from(procedure.predicted.typical.as_secs()).unwrap();
        assert!((took - predicted).abs() * 10 <= predicted, "predicted {predicted} s, took {took} s");
        // A plan knows the roles: nothing to do.
        assert_eq!(incident.changes().await, Vec::<String>::new());

        incident.done(DOWN).await;
        assert_eq!(all(&incident.lab), [2, 3, 0, 0].map(Json::from));
        assert_eq!(incident.changes().await, Vec::<String>::new());
    });
}

#[test]
fn source_that_was_lost_is_stopped_once_it_is_back() {
    simulated(async {
        let incident = incident().await;
        incident.lose();
        incident.wait(60).await;
        let forced = RunRequest { ..FORCED };
        incident.done(forced).await;
        incident.lab.simulator.restore(&incident.home.1).unwrap();
        incident.wait(60).await;
        // Two sites work: the plan stops the former one.
        assert_eq!(all(&incident.lab), [2, 3, 2, 3].map(Json::from));
        let changes = incident.changes().await;
        assert!(changes.iter().filter(|change| change.contains("-prod")).count() == 2, "{changes:?}");
        failures(&incident.lab.apply(STACK).await.unwrap(), "apply").unwrap();
        assert_eq!(all(&incident.lab), [0, 0, 2, 3].map(Json::from));
        incident.done(DOWN).await;
        assert_eq!(all(&incident.lab), [2, 3, 0, 0].map(Json::from));
    });
}

/// The refusals of a planned move.
async fn refused(incident: &Incident) -> String {
    incident.begin(UP, drplan::apply::FailurePolicy::Stop).await.err().unwrap_or_default()
}

#[test]
fn move_is_refused_where_the_other_site_could_not_take_over() {
    simulated(async {
        let incident = incident().await;
        let web = workload("dr", "Deployment", "web");
        // Another release.
        install(&incident.lab, "dr", &manifest(0, "web:2"));
        let why = refused(&incident).await;
        assert!(why.contains("web:2") && why.contains("web:1"), "{why}");
        install(&incident.lab, "dr", &manifest(0, "web:1"));
        // Somebody sets the number back.
        let applied = json!([{
            "manager": "gitops", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
            "fieldsV1": { "f:spec": { "f:replicas": {} } },
        }]);
        incident.lab.simulator.edit(&web, "metadata.managedFields", applied).unwrap();
        assert!(refused(&incident).await.contains("gitops"));
        incident.lab.simulator.edit(&web, "metadata.managedFields", Json::Null).unwrap();
        // Nobody has installed it there.
        incident.lab.simulator.delete_object(&web).unwrap();
        assert!(refused(&incident).await.contains("not installed"));
    });
}

#[test]
fn start_that_fails_says_why() {
    simulated(async {
        let incident = incident().await;
        let web = workload("dr", "Deployment", "web");
        incident.lab.simulator.edit(&web, "simulated.waiting", json!("ImagePullBackOff")).unwrap();
        let outcome = incident.begin(UP, drplan::apply::FailurePolicy::Stop).await.unwrap();
        assert_ne!(outcome.report.ended, Some(RunEnd::Done));
        let told = format!("{:?}", outcome.report.fates);
        assert!(told.contains("0 of 3 pods are ready") && told.contains("ImagePullBackOff"), "{told}");
    });
}

#[test]
fn step_scales_a_workload_of_the_stack() {
    simulated(async {
        let step = "  step \"more\" {\n    on    = [\"up\"]\n    after = [\"promote\"]\n\n    kubernetes_scale {\n      \
                    workload = kubernetes_workload.web-dr\n      replicas = 5\n    }\n  }\n\n  route \"www\" {";
        let text = STACK.replace("  route \"www\" {", step);
        let incident = Incident::of(installed().await, text).await;
        incident.done(UP).await;
        assert_eq!(all(&incident.lab), [0, 0, 2, 5].map(Json::from));
    });
}
