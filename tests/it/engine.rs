//! Applies by template deployments: what stands afterwards is what single requests would have made, for a fraction of the calls.

use drplan::address::ArmId;
use drplan::apply::{Applied, Engine};
use drplan::run::Fate;
use drplan::simulator::{Fault, SUBSCRIPTION, parse_faults};
use drplan::world::{Clock as _, Cloud as _, When};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::kinds::examples;
use crate::lab::{Lab, changes, failures, simulated};
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

fn address(name: &str) -> ArmId {
    ArmId::new(format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/app/providers/Microsoft.Network/publicIPAddresses/{name}"
    ))
}

fn by_deployments() -> Lab {
    Lab { engine: Engine::Deployments, ..Lab::new(5) }
}

fn failed(applied: &Applied) -> Vec<&str> {
    let fates = applied.report.fates.iter();
    fates
        .filter_map(|fate| match fate {
            Fate::Failed(_, why) | Fate::Unknown(_, why) => Some(why.as_str()),
            _ => None,
        })
        .collect()
}

/// What was deployed to a group: the deployments as they are read.
async fn deployments(lab: &Lab, group: &str) -> Vec<Json> {
    let path = ArmId::new(format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Resources/deployments"
    ));
    lab.azure.collection(&path, "2025-04-01").await.expect("a list")
}

/// How long a thousand creates take, on the cloud's clock, and how many writes they are.
fn a_thousand(engine: Engine) -> (SignedDuration, u64) {
    simulated(async {
        let lab = Lab { engine, ..Lab::new(5) };
        lab.simulator.add_fault(Fault::Instant).expect("the world is in memory");
        let began = lab.clock.now();
        let applied = lab.apply(MANY).await.expect("it is applied");
        failures(&applied, "apply").expect("all of it");
        let took = lab.clock.now().duration_since(began);
        assert_eq!(lab.standing().len(), 1000);
        let requests = lab.simulator.show().requests;
        let writes = ["PUT", "POST"].iter().filter_map(|verb| requests.get(*verb)).sum();
        println!("{engine:?}: {took:#} for 1000 creates, {requests:?}");
        (took, writes)
    })
}

/// Azure lets 200 writes through at once and 10 a second from then on.
const FLOOR: SignedDuration = SignedDuration::from_secs((1000 - 200) / 10);

#[test]
fn a_thousand_creates_take_hardly_longer_than_the_budget_of_calls_lets_them() {
    let (took, _) = a_thousand(Engine::Direct);
    assert!(took * 10 <= FLOOR * 11, "{took:#}");
}

#[test]
fn a_thousand_creates_by_deployments_take_less_than_a_tenth_of_that() {
    let (took, writes) = a_thousand(Engine::Deployments);
    assert!(took * 10 < FLOOR, "{took:#}");
    assert_eq!(writes, 1 + 2 * 2, "the group, and of two deployments a what-if and the deployment");
}

#[test]
fn every_stack_and_example_stands_as_single_requests_would_have_made_it() {
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
        failures(&direct.apply(&text).await.expect("it is applied"), name).expect("all of it");
        let deployed = Lab { engine: Engine::Deployments, ..lab().0 };
        failures(&deployed.apply(&text).await.expect("it is applied"), name).expect("all of it");
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

/// Everything that stands, without what tells when it was written, or what was seen of it so far.
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
    let objects = lab.simulator.show().objects;
    let one = |(id, mut body): (ArmId, Json)| {
        timeless(&mut body);
        (id.folded(), body)
    };
    objects.into_iter().map(one).collect()
}

#[test]
fn what_stands_already_and_is_not_recorded_is_left_alone() {
    simulated(async {
        let lab = by_deployments();
        let group = few().replace("range(9)", "range(0)");
        failures(&lab.apply(&group).await.expect("it is applied"), "apply").expect("all of it");
        let (planned, state) = lab.plan(&few(), false).await;
        // Between the plan and the deployment somebody else makes one of them.
        let other = json!({
            "location": "canadacentral",
            "properties": { "publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": 20 },
        });
        lab.azure.put(&address("ip-0"), "2021-05-01", &other, When::Always).await.expect("it is made");
        let applied = lab.carry_out(&planned, state, "apply").await.expect("it is recorded");
        let failed = failed(&applied);
        assert!(failed.iter().any(|why| why.contains("ip-0 stands already and is not recorded")), "{failed:?}");
        let body = lab.simulator.body(&address("ip-0")).expect("it stands");
        assert_eq!(body["properties"]["idleTimeoutInMinutes"], 20);
    });
}

#[test]
fn what_fails_is_told_in_the_words_of_its_provider_and_stops_nothing_else() {
    let faults = [
        // While it is deployed, and before: then the what-if would not know.
        r#"[{"fault": "fail", "code": "QuotaExceeded", "message": "no addresses left", "on": {"verb": "PUT", "path": "*/ip-4"}}]"#,
        r#"[{"fault": "answer", "status": 409, "code": "QuotaExceeded", "on": {"verb": "PUT", "path": "*/ip-4"}}]"#,
    ];
    for fault in faults {
        simulated(async {
            let lab = by_deployments();
            parse_faults(fault)
                .expect("faults")
                .into_iter()
                .for_each(|fault| lab.simulator.add_fault(fault).expect("memory"));
            let applied = lab.apply(&few()).await.expect("it is recorded");
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
            failures(&lab.apply(&few()).await.expect("it is recorded"), "apply").expect("the rest of it");
        });
    }
}

#[test]
fn one_that_no_template_can_hold_does_not_keep_the_others_from_it() {
    simulated(async {
        let lab = by_deployments();
        let fault = r#"[{"fault": "answer", "status": 400, "code": "InvalidTemplateDeployment", "on": {"verb": "POST", "path": "*/whatIf", "times": 4}}]"#;
        parse_faults(fault)
            .expect("faults")
            .into_iter()
            .for_each(|fault| lab.simulator.add_fault(fault).expect("memory"));
        failures(&lab.apply(&few()).await.expect("it is recorded"), "apply").expect("all of it");
        let sizes: Vec<usize> = deployments(&lab, "app")
            .await
            .iter()
            .map(|one| one["properties"]["outputResources"].as_array().expect("resources").len())
            .collect();
        assert_eq!(sizes.iter().sum::<usize>(), 8, "one goes by itself: {sizes:?}");
    });
}

#[test]
fn a_provider_that_is_not_registered_is_registered_on_the_way() {
    simulated(async {
        let lab = by_deployments();
        let fault = r#"[{"fault": "unregistered", "provider": "Microsoft.Network"}]"#;
        parse_faults(fault)
            .expect("faults")
            .into_iter()
            .for_each(|fault| lab.simulator.add_fault(fault).expect("memory"));
        failures(&lab.apply(&few()).await.expect("it is recorded"), "apply").expect("all of it");
    });
}

#[test]
fn the_history_of_deployments_holds_no_secret() {
    let dir = stacks().into_iter().find(|dir| dir.ends_with("web-geo")).expect("the stack");
    simulated(async {
        let (mut lab, text) = lab(&dir);
        lab.engine = Engine::Deployments;
        for (name, value) in &mut lab.variables {
            if name.contains("password") {
                *value = "C0rrect-horse-9".to_owned();
            }
        }
        assert!(lab.variables.iter().any(|(_, value)| value == "C0rrect-horse-9"), "{:?}", lab.variables);
        failures(&lab.apply(&text).await.expect("it is applied"), "apply").expect("all of it");
        let groups = lab.standing().into_iter().filter_map(|id| id.resource_group().map(str::to_owned));
        let mut seen = 0;
        for group in groups.collect::<std::collections::BTreeSet<_>>() {
            for deployment in deployments(&lab, &group).await {
                let id = ArmId::new(deployment["id"].as_str().expect("an id"));
                let template =
                    lab.azure.post(&id, "2025-04-01", "exportTemplate", &[], None).await.expect("a template");
                assert!(!format!("{deployment}{template}").contains("C0rrect-horse-9"), "{template}");
                seen += 1;
            }
        }
        assert!(seen > 3, "{seen} deployments");
    });
}
