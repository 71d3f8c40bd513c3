//! Drills: the copies and steps of a drill, cleanup of all copies, and no change to production.

use std::collections::BTreeSet;

use drplan::address::Address;
use drplan::apply;
use drplan::failover::{self, History, PreflightStatus, Procedure, ProcedureInput, SurveyResult, production};
use drplan::kinds::DrillCopy;
use drplan::object::ObjectId;
use drplan::plan::{self, PlanOutcome};
use drplan::roles::FailoverMode;
use drplan::stack::{Resource, Stack};
use drplan::state::{ActiveSite, GroupRole, RunKind, State};
use drplan::steps::{Acceptance, Act, RunEnd, Stage, Step, StepGraph, StepId, Task, Undo};
use drplan::world::Store;
use serde_json::{Value as Json, json};

use crate::lab::{Lab, changes, failures, simulated};
use crate::web_geo;

/// An applied stack, and its text.
async fn applied((lab, text): (Lab, String)) -> (Lab, String) {
    let applied = lab.apply(&text).await.expect("apply succeeds");
    failures(&applied, "apply").expect("the stack is applied");
    (lab, text)
}

fn state(lab: &Lab) -> State {
    lab.store.load().expect("a state").expect("a recorded state")
}

/// The stack with the copies of a drill, the survey, and the procedure.
async fn prepare(lab: &Lab, text: &str, group: &str) -> (Stack, SurveyResult, Procedure) {
    let state = state(lab);
    let known = plan::knowledge(drplan::providers::catalog(), &state, &|_| false);
    let (stack, _) = lab.read(text).expect("a program").evaluate(&known).expect("a stack");
    let stack = stack.with_copies(group, &known);
    let survey = failover::survey(&stack, &stack.failover_groups[group], &state, &[]);
    let seen = apply::look_around(&survey, lab.reads(), &lab.simulator).await;
    let procedure = procedure(&stack, group, &state, &seen);
    (stack, seen, procedure)
}

fn procedure(stack: &Stack, group: &str, state: &State, seen: &SurveyResult) -> Procedure {
    failover::plan(&ProcedureInput {
        stack,
        group: &stack.failover_groups[group],
        verb: RunKind::Drill,
        how: FailoverMode::Planned,
        lost: &[],
        to: None,
        without: &[],
        pending: &[],
        state,
        seen,
        accepted: Acceptance::default(),
        verify: &[],
        history: &History::default(),
    })
}

fn refusals(procedure: &Procedure) -> Vec<String> {
    let refused = procedure.guards.iter().filter(|guard| guard.verdict == PreflightStatus::Refuses);
    refused.map(|guard| format!("{}: {}", guard.rule, guard.what)).collect()
}

/// Writing steps of these phases, as a separate graph.
fn phases(procedure: &Procedure, stages: &[Stage]) -> StepGraph {
    let wanted = |step: &&Step| stages.contains(&step.stage) && !matches!(step.act, Act::Task(_));
    let steps: Vec<Step> = procedure.steps.steps.iter().filter(wanted).cloned().collect();
    let place = |id: &StepId| steps.iter().position(|step| step.id == *id).map(|at| StepId(at as u32));
    let renumbered = steps.iter().enumerate().map(|(at, step)| Step {
        id: StepId(at as u32),
        needs: step.needs.iter().filter_map(place).collect(),
        ..step.clone()
    });
    StepGraph::new(renumbered.collect()).expect("a graph")
}

/// Executes these phases with the copies in the stack, as a failover run does.
async fn carry_out(lab: &Lab, text: &str, stack: Stack, procedure: &Procedure, stages: &[Stage]) {
    let (planned, state) = lab.plan(text, false).await;
    let PlanOutcome { mut plan, refreshed, moves, warnings, .. } = planned;
    plan.steps = phases(procedure, stages);
    let planned = PlanOutcome { plan, stack, refreshed, moves, warnings };
    let done = lab.carry_out(&planned, state, "drill").await.expect("the state can be written");
    failures(&done, "drill").expect("no step fails");
    assert_eq!(done.report.ended, Some(RunEnd::Done));
}

/// Ids among the arguments and objects of a resource.
fn ids(resource: &Resource) -> BTreeSet<ObjectId> {
    fn collect(value: &Json, into: &mut BTreeSet<ObjectId>) {
        match value {
            Json::String(text) if text.starts_with("/subscriptions/") => {
                into.insert(ObjectId::new(text.as_str()));
            }
            Json::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Json::Object(map) => map.values().for_each(|item| collect(item, into)),
            _ => {}
        }
    }
    let mut all: BTreeSet<ObjectId> = resource.objects.iter().map(|object| object.id.clone()).collect();
    resource.args.values().filter_map(|value| value.reveal().ok()).for_each(|value| collect(&value, &mut all));
    all
}

fn copy<'a>(stack: &'a Stack, address: &str) -> &'a Resource {
    let address: Address = address.parse().expect("an address");
    stack.resources.get(&address.rehearsed()).unwrap_or_else(|| panic!("no copy of {address}"))
}

fn argument(resource: &Resource, name: &str) -> Json {
    resource.args.get(name).and_then(|value| value.reveal().ok()).unwrap_or_default()
}

#[test]
fn copies_reference_only_copies() {
    simulated(async {
        let (lab, text) = applied(web_geo::lab()).await;
        let (stack, _, _) = prepare(&lab, &text, "web").await;
        let copied: Vec<&str> = stack.rehearsed().map(|copy| copy.address.as_str()).collect();
        for wanted in [
            "resource_group.web-failover~drill",
            "resource_group.web-secondary~drill",
            "virtual_network.secondary~drill",
            "subnet.web-secondary~drill",
            "network_security_group.web-secondary~drill",
            "subnet_network_security_group_association.web-secondary~drill",
            "public_ip.web-failover~drill",
            "lb.web-failover~drill",
            "lb_backend_address_pool.web-failover~drill",
            "lb_probe.web-failover~drill",
            "lb_rule.web-failover~drill",
            "linux_virtual_machine_scale_set.web-failover~drill",
        ] {
            assert!(copied.contains(&wanted), "{wanted} is not among {copied:#?}");
        }
        assert_eq!(copied.len(), 12, "{copied:#?}");

        let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/web-failover-drill";
        let group = ObjectId::new(group.replace("00000000-0000-0000-0000-000000000000", &stack.account.id));
        assert_eq!(copy(&stack, "resource_group.web-failover").id, group);
        let set = copy(&stack, "linux_virtual_machine_scale_set.web-failover");
        assert_eq!((set.name.as_str(), group.contains(&set.id)), ("web-failover", true));
        assert_eq!(argument(copy(&stack, "public_ip.web-failover"), "domain_name_label"), "web-geo-secondary-drill");
        let subnet = copy(&stack, "subnet.web-secondary");
        assert_eq!(argument(subnet, "default_outbound_access_enabled"), false);
        let nic = &argument(set, "network_interface")[0]["ip_configuration"][0];
        assert_eq!(nic["subnet"], subnet.id.as_str());
        let rules = argument(copy(&stack, "network_security_group.web-secondary"), "security_rule");
        let outbound: Vec<_> =
            rules.as_array().expect("rules").iter().filter(|rule| rule["direction"] == "Outbound").collect();
        assert_eq!(outbound.len(), 2);
        assert_eq!((&outbound[1]["access"], &outbound[1]["destination_address_prefix"]), (&json!("Deny"), &json!("*")));
        assert_eq!(argument(set, "source_image"), stack.resources[&Address::new("image_copy", "web")].id.as_str());

        for copy in stack.rehearsed() {
            for id in ids(copy) {
                let other = stack.by_id(&id).unwrap_or_else(|| panic!("{}: {id}", copy.address));
                let shared = other.kind.drill.copying == DrillCopy::StoodUp
                    && other.presence == drplan::stack::Presence::Permanent;
                assert!(other.address.is_rehearsed() || shared, "{} reaches {}", copy.address, other.address);
            }
            for need in &copy.needs {
                assert!(stack.resources.contains_key(need), "{} needs {need}", copy.address);
            }
        }
        // Resources that complete a network precede those in it, without an explicit reference.
        let association: Address =
            "subnet_network_security_group_association.web-secondary~drill".parse().expect("one");
        assert!(set.needs.contains(&association), "{:?}", set.needs);
    });
}

#[test]
fn every_step_of_a_drill_is_reversible() {
    simulated(async {
        let (lab, text) = applied(web_geo::lab()).await;
        let (stack, _, procedure) = prepare(&lab, &text, "web").await;
        assert_eq!(refusals(&procedure), [""; 0]);
        for step in &procedure.steps.steps {
            assert!(!matches!(step.undo, Undo::Impossible(_)), "{}", step.address);
            match &step.act {
                Act::Create | Act::Delete(_) => assert!(step.address.is_rehearsed(), "{}", step.address),
                Act::Task(Task::Probe | Task::CatchUp | Task::Unchanged { .. }) => {}
                other => panic!("{} does {other:?}", step.address),
            }
        }
        let of = |stage| procedure.steps.steps.iter().filter(move |step| step.stage == stage).count();
        assert_eq!((of(Stage::StandUp), of(Stage::TakeDown), of(Stage::Probe), of(Stage::Record)), (12, 12, 1, 1));
        assert_eq!(of(Stage::CatchUp), 2);
        let Some(Act::Task(Task::Unchanged { before, .. })) = procedure.steps.steps.last().map(|step| &step.act) else {
            panic!("the last step compares")
        };
        assert_eq!(before.len(), production::objects(&state(&lab)).len());
        assert_eq!(procedure.becomes, None);
        assert!(
            procedure.notes.iter().any(|note| note.starts_with("route.traffic-manager is checked, not switched")),
            "{:?}",
            procedure.notes
        );

        // No drill while the group is failed over.
        let mut away = state(&lab);
        let role = GroupRole {
            active: ActiveSite::Away,
            site: "secondary".to_owned(),
            since: jiff::Timestamp::UNIX_EPOCH,
            run: "r".to_owned(),
            how: Some(FailoverMode::Planned),
            stores: Default::default(),
            moved: Default::default(),
            owed: Vec::new(),
            accepted: None,
        };
        away.roles.groups.insert("web".to_owned(), role);
        let refused = self::procedure(&stack, "web", &away, &SurveyResult::default());
        assert!(refusals(&refused).iter().any(|why| why.starts_with("ordinary-day: ")), "{:?}", refusals(&refused));
    });
}

#[test]
fn drill_leaves_no_resources_and_changes_no_production() {
    simulated(async {
        let (lab, text) = applied(web_geo::lab()).await;
        let standing = lab.standing();
        let (stack, seen, procedure) = prepare(&lab, &text, "web").await;
        let before = production::fingerprints(drplan::providers::catalog(), &state(&lab), &seen.observed);
        carry_out(&lab, &text, stack, &procedure, &[Stage::StandUp]).await;
        assert!(lab.standing().len() > standing.len());

        // A stack with copies refers to them, including a probe of the group.
        let (stack, ..) = prepare(&lab, &text, "web").await;
        let known = plan::knowledge(drplan::providers::catalog(), &state(&lab), &|_| false);
        let group = stack.resolve_group("web", &known).expect("the stack is valid").expect("the group");
        let url = &group.probes[0].url;
        let address =
            &state(&lab).resources[&"public_ip.web-failover~drill".parse().expect("one")].attributes["ip_address"];
        assert_eq!(url.as_str(), Some(&*format!("https://{}/healthz", address.as_str().expect("an address"))));

        // The next apply deletes the copies of an interrupted drill.
        let (planned, _) = lab.plan(&text, false).await;
        let left = changes(&planned);
        assert_eq!(left.len(), 12, "{left:#?}");
        assert!(
            left.iter().all(|line| line.starts_with("Delete ") && line.contains("left over from a drill")),
            "{left:#?}"
        );

        carry_out(&lab, &text, stack, &procedure, &[Stage::TakeDown]).await;
        assert_eq!(lab.standing(), standing);
        assert!(state(&lab).resources.keys().all(|address| !address.is_rehearsed()));
        let (_, seen, _) = prepare(&lab, &text, "web").await;
        assert_eq!(production::fingerprints(drplan::providers::catalog(), &state(&lab), &seen.observed), before);
        let (again, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&again), [""; 0]);
    });
}

#[test]
fn every_stack_can_be_rehearsed() {
    for dir in crate::stacks::stacks() {
        simulated(async {
            let (lab, text) = applied(crate::stacks::lab(&dir)).await;
            let standing = lab.standing();
            let known = plan::knowledge(drplan::providers::catalog(), &state(&lab), &|_| false);
            let (stack, _) = lab.read(&text).expect("a program").evaluate(&known).expect("a stack");
            for group in stack.failover_groups.keys() {
                let (stack, _, procedure) = prepare(&lab, &text, group).await;
                let refused = refusals(&procedure);
                // The machines of this stack are in a network that another team manages.
                if dir.ends_with("images") {
                    assert!(
                        refused.iter().all(|why| why.starts_with("isolated: ")) && !refused.is_empty(),
                        "{refused:?}"
                    );
                    continue;
                }
                assert_eq!(refused, [""; 0], "{}", dir.display());
                carry_out(&lab, &text, stack, &procedure, &[Stage::StandUp, Stage::TakeDown]).await;
                assert_eq!(lab.standing(), standing, "{}", dir.display());
                let (again, _) = lab.plan(&text, false).await;
                assert_eq!(changes(&again), [""; 0], "{}", dir.display());
            }
        });
    }
}

#[test]
fn next_apply_deletes_drill_leftovers() {
    simulated(async {
        let (lab, text) = applied(web_geo::lab()).await;
        let standing = lab.standing();
        let (stack, _, procedure) = prepare(&lab, &text, "web").await;
        carry_out(&lab, &text, stack, &procedure, &[Stage::StandUp]).await;
        let (_, _, again) = prepare(&lab, &text, "web").await;
        assert!(refusals(&again).iter().any(|why| why.starts_with("copies: ")), "{:?}", refusals(&again));
        failures(&lab.apply(&text).await.expect("apply succeeds"), "apply").expect("the copies are deleted");
        assert_eq!(lab.standing(), standing);
    });
}

#[test]
fn copy_that_uses_production_resources_is_refused() {
    simulated(async {
        let (lab, text) = web_geo::lab();
        let elsewhere = "\"/subscriptions/1/resourceGroups/x/providers/Microsoft.Network/virtualNetworks/v/subnets/s\"";
        let at = text.find("linux_virtual_machine_scale_set \"web-failover\"").expect("the scale set");
        let (head, tail) = text.split_at(at);
        let text = format!("{head}{}", tail.replacen("subnet.web-secondary", elsewhere, 1));
        let (lab, text) = applied((lab, text)).await;
        let (_, _, procedure) = prepare(&lab, &text, "web").await;
        assert!(refusals(&procedure).iter().any(|why| why.starts_with("isolated: ")), "{:?}", refusals(&procedure));
    });
}

#[test]
fn steps_with_side_effects_are_rehearsed_only_on_request() {
    simulated(async {
        let (lab, text) = web_geo::lab();
        let http = |name: &str, on: &str| {
            format!(
                "step \"{name}\" {{\n {on}\n http {{\n url = \"https://hooks.example.com\"\n status = 202\n }}\n }}\n"
            )
        };
        let more = format!(
            "{}{}step \"breathe\" {{\n wait {{\n for = \"10s\"\n }}\n }}\nprobe \"door\" {{\n url = \"https://${{traffic_manager_profile.web.fqdn}}/\"\n }}\n",
            http("silent", ""),
            http("spoken", "on = [\"up\", \"drill\"]")
        );
        let text = text.replace("  probe \"front\" {", &format!("{more}  probe \"front\" {{"));
        let (lab, text) = applied((lab, text)).await;
        let (_, _, procedure) = prepare(&lab, &text, "web").await;
        assert_eq!(refusals(&procedure), [""; 0]);
        let of = |kind| {
            let steps = procedure.steps.steps.iter().filter(move |step| step.address.kind() == kind);
            steps.map(|step| step.address.name()).collect::<Vec<_>>()
        };
        assert_eq!((of("step"), of("probe")), (vec!["spoken", "breathe"], vec!["front"]));
        for note in [
            "step.silent is skipped in a drill: it changes resources, and its `on` does not include `drill`",
            "probe.door is skipped: it probes nothing that a drill copies",
        ] {
            assert!(procedure.notes.iter().any(|said| said == note), "{:#?}", procedure.notes);
        }
    });
}

#[test]
fn address_of_a_copy_round_trips() {
    for text in ["lb.web~drill", "subnet.web[\"a.b\"]~drill", "lb.web~drill~replaced"] {
        let address: Address = text.parse().expect("an address");
        assert_eq!(address.as_str(), text);
        assert_eq!(address.name(), "web");
    }
    let one: Address = "subnet.web[\"east\"]".parse().expect("an address");
    let copy = one.rehearsed();
    assert_eq!((copy.is_rehearsed(), copy.original(), copy.key().as_deref()), (true, Some(one.clone()), Some("east")));
    assert_eq!(copy.block(), one.block());
    assert_eq!((one.is_rehearsed(), one.original()), (false, None));
    assert!("lb.web~drilled".parse::<Address>().is_err());
}
