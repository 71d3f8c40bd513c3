//! Applies by template deployments: the same objects as by single requests, for a fraction of the calls.

use drplan::apply::{ApplyOutcome, Engine};
use drplan::object::{Collection, Object, ObjectId};
use drplan::providers::azure::deployments::ENGINE;
use drplan::providers::azure::ids::AzureId;
use drplan::providers::azure::simulated::SUBSCRIPTION;
use drplan::run::StepOutcome;
use drplan::simulator::{Fault, parse_faults};
use drplan::world::{Clock as _, Cloud as _, WriteCondition};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::kinds::examples;
use crate::lab::{Lab, changes, failures, simulated, unmarked};
use crate::stacks::{lab, stacks};

const MANY: &str = r#"
stack "many" {}

site "central" {
  provider = "azure"
  location = "canadacentral"
}

resource_group "app" {
  name = "app"
  site = site.central
}

public_ip "app" {
  for_each          = toset([for n in range(999) : "ip-${n}"])
  name              = each.key
  resource_group    = resource_group.app
  allocation_method = "Static"
}
"#;

fn few() -> String {
    MANY.replace("range(999)", "range(9)")
}

fn address(name: &str) -> ObjectId {
    ObjectId::new(format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/app/providers/Microsoft.Network/publicIPAddresses/{name}"
    ))
}

fn by_deployments() -> Lab {
    Lab { engine: Engine::Bulk(&ENGINE), ..Lab::new(5) }
}

fn failed(applied: &ApplyOutcome) -> Vec<&str> {
    let fates = applied.report.fates.iter();
    fates
        .filter_map(|fate| match fate {
            StepOutcome::Failed(_, why) | StepOutcome::Unknown(_, why) => Some(why.as_str()),
            _ => None,
        })
        .collect()
}

/// Deployments of a resource group, as bodies.
async fn deployments(lab: &Lab, group: &str) -> Vec<Json> {
    let path = ObjectId::new(format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Resources/deployments"
    ));
    lab.cloud
        .collection(&Collection::new(path, "2025-04-01"))
        .await
        .expect("a list")
        .into_iter()
        .map(|(_, seen)| seen.body)
        .collect()
}

/// Duration of a thousand creates on the cloud's clock, and their number of writes.
fn a_thousand(engine: Engine) -> (SignedDuration, u64) {
    simulated(async {
        let lab = Lab { engine, ..Lab::new(5) };
        lab.simulator.add_fault(Fault::Instant).expect("the simulator is in memory");
        let began = lab.clock.now();
        let applied = lab.apply(MANY).await.expect("apply succeeds");
        failures(&applied, "apply").expect("every step succeeds");
        let took = lab.clock.now().duration_since(began);
        assert_eq!(lab.standing().len(), 1000);
        let requests = lab.simulator.show().requests;
        let writes = ["PUT", "POST"].iter().filter_map(|verb| requests.get(*verb)).sum();
        println!("{engine:?}: {took:#} for 1000 creates, {requests:?}");
        (took, writes)
    })
}

/// Azure's limit: a burst of 200 writes, then 10 a second.
const FLOOR: SignedDuration = SignedDuration::from_secs((1000 - 200) / 10);

#[test]
fn thousand_creates_finish_close_to_the_write_limit() {
    let (took, _) = a_thousand(Engine::Direct);
    assert!(took * 10 <= FLOOR * 11, "{took:#}");
}

#[test]
fn thousand_creates_by_deployments_take_less_than_a_tenth() {
    let (took, writes) = a_thousand(Engine::Bulk(&ENGINE));
    assert!(took * 10 < FLOOR, "{took:#}");
    assert_eq!(writes, 1 + 2 * 2, "one group, and two deployments with a what-if each");
}

#[test]
fn deployments_create_the_same_objects_as_single_requests() {
    for dir in stacks() {
        stands_alike(&dir.display().to_string(), || lab(&dir));
    }
    for (name, _, text) in examples() {
        stands_alike(&name, || (Lab::new(7), text.clone()));
    }
}

fn stands_alike(name: &str, lab: impl Fn() -> (Lab, String)) {
    simulated(async {
        let (direct, text) = lab();
        failures(&direct.apply(&text).await.expect("apply succeeds"), name).expect("every step succeeds");
        let deployed = Lab { engine: Engine::Bulk(&ENGINE), ..lab().0 };
        failures(&deployed.apply(&text).await.expect("apply succeeds"), name).expect("every step succeeds");
        let (ours, theirs) = (alike(&deployed), alike(&direct));
        let ids = |all: &[(String, Json)]| all.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&ours), ids(&theirs), "{name}");
        for (one, other) in ours.iter().zip(&theirs) {
            assert_eq!(one, other, "{name}");
        }
        let (again, _) = deployed.plan(&text, false).await;
        assert_eq!((changes(&again), &again.plan.drift), (Vec::<String>::new(), &Vec::new()), "{name}");
    });
}

/// All existing objects, without properties that count writes or depend on the time.
fn alike(lab: &Lab) -> Vec<(String, Json)> {
    fn timeless(body: &mut Json) {
        match body {
            Json::Object(map) => {
                map.retain(|name, value| {
                    let is_time = value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok());
                    name != "etag" && !name.ends_with("MonitorStatus") && !is_time
                });
                map.values_mut().for_each(timeless);
            }
            Json::Array(items) => items.iter_mut().for_each(timeless),
            _ => {}
        }
    }
    let objects = unmarked(lab.simulator.show().objects);
    let one = |(id, mut body): (ObjectId, Json)| {
        timeless(&mut body);
        (id.folded(), body)
    };
    objects.into_iter().map(one).collect()
}

#[test]
fn existing_unrecorded_object_is_not_overwritten() {
    simulated(async {
        let lab = by_deployments();
        let group = few().replace("range(9)", "range(0)");
        failures(&lab.apply(&group).await.expect("apply succeeds"), "apply").expect("every step succeeds");
        let (planned, state) = lab.plan(&few(), false).await;
        // Another client creates one of the objects between the plan and the deployment.
        let other = json!({
            "location": "canadacentral",
            "properties": { "publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": 20 },
        });
        lab.cloud
            .put(&Object::whole(address("ip-0"), "2021-05-01"), &other, WriteCondition::Always)
            .await
            .expect("the object is created");
        let applied = lab.carry_out(&planned, state, "apply").await.expect("the state can be written");
        let failed = failed(&applied);
        assert!(failed.iter().any(|why| why.contains("ip-0 exists already and is not this stack's")), "{failed:?}");
        let body = lab.simulator.body(&address("ip-0")).expect("the object exists");
        assert_eq!(body["properties"]["idleTimeoutInMinutes"], 20);
    });
}

#[test]
fn failure_reports_the_provider_error_and_stops_only_dependents() {
    let faults = [
        // The failure occurs during the deployment, not before, so that the what-if succeeds.
        r#"[{"fault": "fail", "code": "QuotaExceeded", "message": "no addresses left", "on": {"verb": "PUT", "path": "*/ip-4"}}]"#,
        r#"[{"fault": "answer", "status": 409, "code": "QuotaExceeded", "on": {"verb": "PUT", "path": "*/ip-4"}}]"#,
    ];
    for fault in faults {
        simulated(async {
            let lab = by_deployments();
            parse_faults(fault, drplan::providers::dialects())
                .expect("faults")
                .into_iter()
                .for_each(|fault| lab.simulator.add_fault(fault).expect("memory"));
            let applied = lab.apply(&few()).await.expect("the state can be written");
            let failed = failed(&applied);
            assert!(failed.len() == 1 && failed[0].contains("QuotaExceeded"), "{failed:?}");
            assert_eq!(
                lab.standing()
                    .iter()
                    .filter(|id| id.name().starts_with("ip-"))
                    .filter(|id| id.name() != "ip-4")
                    .count(),
                8
            );
            lab.simulator.clear_faults().expect("memory");
            failures(&lab.apply(&few()).await.expect("the state can be written"), "apply")
                .expect("the remaining steps succeed");
        });
    }
}

#[test]
fn resource_without_template_support_does_not_prevent_deployments() {
    simulated(async {
        let lab = by_deployments();
        let fault = r#"[{"fault": "answer", "status": 400, "code": "InvalidTemplateDeployment", "on": {"verb": "POST", "path": "*/whatIf", "times": 4}}]"#;
        parse_faults(fault, drplan::providers::dialects())
            .expect("faults")
            .into_iter()
            .for_each(|fault| lab.simulator.add_fault(fault).expect("memory"));
        failures(&lab.apply(&few()).await.expect("the state can be written"), "apply").expect("every step succeeds");
        let sizes: Vec<usize> = deployments(&lab, "app")
            .await
            .iter()
            .map(|one| one["properties"]["outputResources"].as_array().expect("resources").len())
            .collect();
        assert_eq!(sizes.iter().sum::<usize>(), 8, "one resource is created by a request: {sizes:?}");
    });
}

#[test]
fn unregistered_provider_is_registered_during_a_deployment() {
    simulated(async {
        let lab = by_deployments();
        let fault = r#"[{"fault": "unregistered", "provider": "Microsoft.Network"}]"#;
        parse_faults(fault, drplan::providers::dialects())
            .expect("faults")
            .into_iter()
            .for_each(|fault| lab.simulator.add_fault(fault).expect("memory"));
        failures(&lab.apply(&few()).await.expect("the state can be written"), "apply").expect("every step succeeds");
    });
}

#[test]
fn deployment_history_contains_no_secret() {
    let dir = stacks().into_iter().find(|dir| dir.ends_with("web-geo")).expect("the stack");
    simulated(async {
        let (mut lab, text) = lab(&dir);
        lab.engine = Engine::Bulk(&ENGINE);
        for (name, value) in &mut lab.variables {
            if name.contains("password") {
                *value = "C0rrect-horse-9".to_owned();
            }
        }
        assert!(lab.variables.iter().any(|(_, value)| value == "C0rrect-horse-9"), "{:?}", lab.variables);
        failures(&lab.apply(&text).await.expect("apply succeeds"), "apply").expect("every step succeeds");
        let groups = lab.standing().into_iter().filter_map(|id| id.resource_group().map(str::to_owned));
        let mut seen = 0;
        for group in groups.collect::<std::collections::BTreeSet<_>>() {
            for deployment in deployments(&lab, &group).await {
                let id = ObjectId::new(deployment["id"].as_str().expect("an id"));
                let template = lab
                    .cloud
                    .post(&Object::whole(id, "2025-04-01"), "exportTemplate", &[], None)
                    .await
                    .expect("a template");
                assert!(!format!("{deployment}{template}").contains("C0rrect-horse-9"), "{template}");
                seen += 1;
            }
        }
        assert!(seen > 3, "{seen} deployments");
    });
}
