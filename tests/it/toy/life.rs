//! The whole life of the toy provider's kinds: plan, apply, drift, import, kills, lost answers, failover, destruction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use drplan::diagnostic::Sources;
use drplan::emit::{Options, terraform};
use drplan::kinds::Catalog;
use drplan::object::{Object, ObjectId};
use drplan::plan::Action;
use drplan::stack::{Input, Knowledge, read_all};
use drplan::state::Status;
use drplan::steps::Acceptance;
use drplan::world::{Cloud, Store, WriteCondition};
use serde_json::json;

use super::{TABLES, Toy, ToyFaults};
use crate::adopt::{adopt_lists, is_whole};
use crate::failover::incident::{DOWN, FORCED, Incident, RunRequest, UP};
use crate::lab::{Lab, changes, failures, simulated};

const STACK: &str = r#"
stack "toys" {}

site "home" {
  provider = "toy"
  location = "moon"
}

site "away" {
  provider = "toy"
  location = "mars"
}

toy_machine "web" {
  site  = site.home
  size  = 2
  image = "one"
}

toy_disk "data" {
  machine = toy_machine.web
  size_gb = 100
}

toy_machine "standby" {
  mirrors  = toy_machine.web
  site     = site.away
}

toy_record "www" {
  site  = site.away
  value = toy_machine.web.address
}

failover_group "web" {
  from = site.home
  to   = site.away

  route "record" {
    record = toy_record.www
    values = {
      home = toy_machine.web.address
      away = toy_machine.standby.address
    }
  }
}

output "number" {
  value = toy_machine.web.number
}
"#;

const MACHINE: &str = "toy:machines/web";

/// A lab whose stacks may use the provider.
fn lab() -> Lab {
    Lab { catalog: super::catalog(), ..Lab::new(1) }
}

/// Applies until the plan is empty; the number of runs.
async fn finish(lab: &Lab, text: &str, destroy: bool) -> usize {
    for runs in 0..4 {
        let (planned, state) = lab.plan(text, destroy).await;
        if changes(&planned).is_empty() && planned.plan.drift.is_empty() && planned.plan.outputs.is_empty() {
            return runs;
        }
        let done = lab.carry_out(&planned, state, if destroy { "destroy" } else { "apply" }).await;
        done.expect("the state can be written");
    }
    panic!("after four runs: {:?}", changes(&lab.plan(text, destroy).await.0));
}

/// The object with this id, as requests name it.
fn object_of(lab: &Lab, text: &str, id: &str) -> Object {
    let (stack, _) = lab.read(text).expect("the stack reads").evaluate(&Default::default()).expect("it evaluates");
    stack.by_id(&ObjectId::new(id)).expect("the stack has it").objects[0].clone()
}

/// The bodies of everything that exists.
fn world(toy: &Toy) -> BTreeMap<String, serde_json::Value> {
    toy.standing().into_iter().map(|id| (id.clone(), toy.body(&id).expect("it exists"))).collect()
}

/// Nothing was made twice.
fn is_single(toy: &Toy) -> bool {
    let created = toy.created();
    created.len() == created.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn resources_come_change_and_go() {
    simulated(async {
        let lab = lab();
        let (planned, state) = lab.plan(STACK, false).await;
        // What only the provider can say is unknown before it exists.
        let known =
            changes(&planned).into_iter().filter(|change| change.contains("toy_record.www")).collect::<String>();
        assert!(!known.contains("10.0.0"), "{known}");
        failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
        let record = lab.toy.body("toy:records/www").expect("the record exists");
        assert_eq!(record["value"], lab.toy.body(MACHINE).expect("the machine exists")["address"]);

        // A change in place keeps the number, a replacement does not.
        let number = |lab: &Lab| lab.toy.body(MACHINE).expect("the machine exists")["number"].clone();
        let before = number(&lab);
        let larger = STACK.replace("size  = 2", "size  = 3");
        failures(&lab.apply(&larger).await.unwrap(), "apply").unwrap();
        assert_eq!(number(&lab), before);
        let other = larger.replace("\"one\"", "\"two\"");
        finish(&lab, &other, false).await;
        assert_ne!(number(&lab), before);
        assert!(is_single(&lab.toy));

        // Somebody else changes it: drift in the words of the stack.
        let object = object_of(&lab, &other, MACHINE);
        let mut body = lab.toy.body(MACHINE).unwrap();
        body["size"] = json!(7);
        lab.toy.put(&object, &body, WriteCondition::Always).await.unwrap();
        let (planned, _) = lab.plan(&other, false).await;
        let drifted: Vec<String> = planned.plan.drift.iter().map(|drift| drift.address.to_string()).collect();
        assert_eq!(drifted, ["toy_machine.web"]);

        finish(&lab, &other, true).await;
        assert_eq!(lab.toy.standing(), Vec::<String>::new());
    });
}

#[test]
fn run_that_is_killed_after_any_entry_converges() {
    let (end, entries) = simulated(async {
        let lab = lab();
        finish(&lab, STACK, false).await;
        (world(&lab.toy), lab.store.entries().len())
    });
    assert!(entries > 8, "{entries}");
    for cut in 0..entries {
        simulated(async {
            let lab = lab();
            lab.store.stop_after(cut);
            assert!(lab.apply(STACK).await.is_err(), "the run was not killed after {cut} entries");
            lab.store.go_on();
            finish(&lab, STACK, false).await;
            assert_eq!(world(&lab.toy).keys().collect::<Vec<_>>(), end.keys().collect::<Vec<_>>(), "cut {cut}");
            assert!(is_single(&lab.toy), "cut {cut}: {:?}", lab.toy.created());
        });
    }
}

#[test]
fn lost_answer_is_found_again_and_nothing_is_made_twice() {
    let requests = simulated(async {
        let lab = lab();
        lab.toy.suffers(ToyFaults::default());
        finish(&lab, STACK, false).await;
        lab.toy.requests()
    });
    assert!(requests >= 4, "{requests}");
    for lost in 0..requests {
        simulated(async {
            let lab = lab();
            lab.toy.suffers(ToyFaults { lost_answers: BTreeSet::from([lost]), ..ToyFaults::default() });
            finish(&lab, STACK, false).await;
            assert_eq!(lab.toy.standing().len(), 4, "request {lost}");
            assert!(is_single(&lab.toy), "request {lost}: {:?}", lab.toy.created());
            let state = lab.store.load().unwrap().expect("a state");
            assert!(state.resources.values().all(|one| one.status == Status::Standing), "request {lost}");
        });
    }
}

#[test]
fn what_exists_already_is_imported_by_name_only() {
    simulated(async {
        let mut lab = lab();
        let object = object_of(&lab, STACK, MACHINE);
        let theirs = json!({ "location": "moon", "size": 2, "image": "one" });
        lab.toy.put(&object, &theirs, WriteCondition::Always).await.unwrap();
        let number = lab.toy.body(MACHINE).unwrap()["number"].clone();
        let (planned, _) = lab.plan(STACK, false).await;
        let blocked: Vec<&str> = planned.plan.blocked.iter().map(|blocked| blocked.address.as_str()).collect();
        assert_eq!(blocked, ["toy_machine.web"]);
        lab.adopt = vec!["toy_machine.web".parse().unwrap()];
        let (planned, state) = lab.plan(STACK, false).await;
        let adopted = planned.plan.changes.iter().find(|change| change.address.as_str() == "toy_machine.web");
        assert_eq!(adopted.map(|change| change.action), Some(Action::Adopt));
        failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
        assert_eq!(lab.toy.body(MACHINE).unwrap()["number"], number);
    });
}

#[test]
fn users_are_led_to_the_standby_and_back() {
    simulated(async {
        let lab = lab();
        finish(&lab, STACK, false).await;
        let home = ("home".to_owned(), "moon".to_owned());
        let incident = Incident { lab, text: STACK.to_owned(), home, before: BTreeMap::new() };
        let toy = || &incident.lab.toy;
        let address = |id: &str| toy().body(id).expect("it exists")["address"].clone();
        let led_to = || toy().body("toy:records/www").expect("the record exists")["value"].clone();
        incident.done(UP).await;
        assert_eq!(led_to(), address("toy:machines/standby"));
        assert_eq!(changes(&incident.lab.plan(STACK, false).await.0), Vec::<String>::new());
        incident.done(DOWN).await;
        assert_eq!(led_to(), address(MACHINE));

        // A region is lost: nothing is asked of it, and users are moved all the same.
        toy().suffers(ToyFaults { lost_regions: BTreeSet::from(["moon".to_owned()]), ..ToyFaults::default() });
        let accepted = Acceptance { split_brain: true, ..FORCED.accepted };
        incident.done(RunRequest { accepted, ..FORCED }).await;
        assert_eq!(led_to(), address("toy:machines/standby"));
    });
}

/// Without Azure, its rules for tags hold for nothing.
#[test]
fn tags_of_a_stack_keep_the_rules_of_the_providers_that_there_are() {
    static ALONE: LazyLock<Catalog> = LazyLock::new(|| Catalog::new([&super::TABLES]));
    let errors = |catalog: &'static Catalog| -> Vec<String> {
        let text = "stack \"toys\" {\n  tags = { windows = \"to the moon\" }\n}\n";
        let mut sources = Sources::default();
        let (program, _) = read_all(Input::in_memory(text, &mut sources, ("", ""), catalog));
        let (_, found) = Arc::new(program).evaluate_all(&Knowledge::default());
        found.iter().map(|one| one.summary.clone()).filter(|summary| summary.contains("tags")).collect()
    };
    let refused = errors(super::catalog());
    assert!(refused.concat().contains("begins with `windows`, which Azure reserves"), "{refused:?}");
    assert_eq!(errors(&ALONE), [""; 0]);
}

#[test]
fn what_exists_is_adopted_as_a_stack_whose_plan_is_empty() {
    simulated(async {
        let mut lab = lab();
        finish(&lab, STACK, false).await;
        let mut adopted = adopt_lists(&mut lab, &TABLES).await.expect("everything can be read");
        is_whole(&lab, &adopted).await.unwrap_or_else(|why| panic!("{why}\n{}", adopted.text));
        adopted.kinds.sort();
        assert_eq!(adopted.kinds, ["toy_disk", "toy_machine", "toy_machine", "toy_record"]);
        assert!(adopted.text.contains("machine = toy_machine.web"), "{}", adopted.text);
    });
}

#[test]
fn stack_is_emitted_for_the_provider_of_terraform() {
    let lab = lab();
    let program = lab.read(STACK).unwrap_or_else(|why| panic!("{why}"));
    let (stack, _) = program.evaluate(&Default::default()).expect("the stack evaluates");
    let emitted = terraform(&stack, Options { imports: true });
    let all: String =
        emitted.files.iter().filter(|(name, _)| name.ends_with(".tf")).map(|(_, text)| text.as_str()).collect();
    for part in [
        "source = \"example/toy\"",
        "resource \"toy_machine\" \"standby\" {",
        "machine_id = toy_machine.web.id",
        "value = toy_machine.web.address",
        "ignore_changes = [value]",
        "id = \"toy:machines/web\"",
    ] {
        let is_there = all.lines().any(|line| {
            line.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .contains(&part.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        assert!(is_there, "no `{part}` in\n{all}");
    }
    assert!(!all.contains("azurerm") && !all.contains("cloudflare"), "{all}");
    drplan::hcl::parse(&all, 0).unwrap_or_else(|why| panic!("{why:?}\n{all}"));
}
