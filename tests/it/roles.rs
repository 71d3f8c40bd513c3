//! Plans, applies and destroys before, during and after a failover: the roles are those that a run, or Azure itself,
//! left.

use std::collections::{BTreeMap, BTreeSet};

use drplan::address::Address;
use drplan::kinds::{CallMethod, ReplicaStatus};
use drplan::plan::{Action, Observed, PlanOutcome};
use drplan::roles::{FailoverMode, Health, ProtectionDebt, Side};
use drplan::state::{ActiveSite, GroupRole, OpenRun, RunKind, State};
use drplan::steps::RunEnd;
use drplan::view;
use drplan::world::{Clock, Cloud, Store, WriteCondition};

use crate::lab::{Lab, changes, simulated};
use crate::web_geo::lab;

const VMSS: &str = "linux_virtual_machine_scale_set.web";
const FRONT: &str = "traffic_manager_azure_endpoint.primary";
const BACK: &str = "traffic_manager_external_endpoint.secondary";

fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

/// Changes the recorded state.
fn record(lab: &Lab, change: impl FnOnce(&mut State)) {
    let mut state = lab.store.load().expect("a state").expect("a recorded state");
    change(&mut state);
    state.serial += 1;
    lab.store.save(&state).expect("the state can be written");
}

/// Writes a value into the body of a resource's object, as a run or a manual change does.
async fn write(lab: &Lab, address: &str, pointer: &str, value: serde_json::Value) {
    let state = lab.store.load().expect("a state").expect("a recorded state");
    let object = &state.resources[&at(address)].objects[0];
    let mut body = lab.cloud.get(object).await.expect("the object is readable").expect("the object exists").body;
    *body.pointer_mut(pointer).expect("a place") = value;
    lab.cloud.put(object, &body, WriteCondition::Always).await.expect("the object is written");
}

/// Value in the body of a resource's object.
async fn read(lab: &Lab, address: &str, pointer: &str) -> serde_json::Value {
    let state = lab.store.load().expect("a state").expect("a recorded state");
    let object = &state.resources[&at(address)].objects[0];
    let body = lab.cloud.get(object).await.expect("the object is readable").expect("the object exists").body;
    body.pointer(pointer).cloned().unwrap_or_default()
}

/// Promotes one side of every replica, if its kind supports a promotion.
async fn promote(lab: &Lab, text: &str, side: Side) {
    let (program, state) = (lab.read(text).expect("the stack is valid"), lab.store.load().expect("a state"));
    let (stack, _) = program.evaluate(&Default::default()).expect("the stack is valid");
    let seen = drplan::apply::look_at(lab.reads(), &drplan::plan::looks(&stack, &state.expect("a state"))).await;
    for (store, seen) in &seen {
        let resource = &stack.resources[store];
        let Some(promotion) = resource.kind.promotion else { continue };
        let known = resource.args.iter().filter_map(|(name, value)| Some((name.to_string(), value.reveal().ok()?)));
        let call = stack.with_subject(resource, &known.collect(), &Default::default(), |subject| {
            (promotion.promote)(subject, seen, side, FailoverMode::Planned)
        });
        let call = call.expect("the store can be promoted");
        let done = match call.method {
            CallMethod::Post(action, query) => {
                lab.cloud.post(&call.object, action, query, call.body.as_ref()).await.map(drop)
            }
            CallMethod::Patch => lab.cloud.patch(&call.object, &call.body.unwrap_or_default()).await.map(drop),
            CallMethod::Run(_) => panic!("{store} is promoted by a program"),
        };
        done.unwrap_or_else(|why| panic!("{store} is not promoted: {why}"));
    }
}

fn away(lab: &Lab) -> GroupRole {
    let moved = |argument: &str| BTreeSet::from([argument.to_owned()]);
    GroupRole {
        active: ActiveSite::Away,
        site: "secondary".to_owned(),
        since: lab.clock.now(),
        run: "0000000000001-a".to_owned(),
        how: Some(FailoverMode::Planned),
        accepted: None,
        stores: BTreeMap::from([(at("geo_replica.orders"), Side::Target), (at("geo_replica.catalog"), Side::Target)]),
        moved: BTreeMap::from([
            (at(VMSS), moved("instances")),
            (at(FRONT), moved("enabled")),
            (at(BACK), moved("enabled")),
        ]),
        owed: Vec::new(),
    }
}

/// The stack applied, and then moved as a `failover-group up` run does.
async fn moved() -> (Lab, String) {
    let (lab, text) = lab();
    let applied = lab.apply(&text).await.expect("apply succeeds");
    assert_eq!(applied.report.ended, Some(RunEnd::Done), "{:#?}", applied.report.fates);
    write(&lab, VMSS, "/sku/capacity", 0.into()).await;
    promote(&lab, &text, Side::Target).await;
    write(&lab, FRONT, "/properties/endpointStatus", "Disabled".into()).await;
    write(&lab, BACK, "/properties/endpointStatus", "Enabled".into()).await;
    let role = away(&lab);
    record(&lab, |state| {
        state.roles.epoch = 1;
        state.roles.groups.insert("web".to_owned(), role);
    });
    (lab, text)
}

/// The same, with the failover-only resources.
async fn up() -> (Lab, String) {
    let (lab, text) = moved().await;
    let stood_up = lab.apply(&text).await.expect("apply succeeds");
    assert_eq!(stood_up.report.ended, Some(RunEnd::Done), "{:#?}", stood_up.report.fates);
    (lab, text)
}

fn acts(planned: &PlanOutcome) -> Vec<String> {
    let acting = planned.plan.changes.iter().filter(|change| change.action != Action::Keep);
    acting.map(|change| format!("{} {}", view::plan::word(change.action), change.address)).collect()
}

#[test]
fn plan_after_failover_is_empty_and_explains_why() {
    simulated(async {
        let (lab, text) = moved().await;
        let (missing, _) = lab.plan(&text, false).await;
        assert!(acts(&missing).iter().all(|act| act.starts_with("create ")), "{:#?}", acts(&missing));
        assert_eq!(acts(&missing).len(), 7, "{:#?}", acts(&missing));

        let (lab, text) = up().await;
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&planned), [""; 0]);
        assert_eq!(planned.plan.drift, []);
        assert!(!view::plan::has_changes(&planned.plan));
        let swapped = &planned.plan.roles.swapped[0];
        assert_eq!((swapped.site.as_str(), swapped.run.as_str()), ("secondary", "0000000000001-a"));
        let said = anstream::adapter::strip_str(&view::plan::text(
            &planned.plan,
            planned.stack.cloud,
            view::Layout::default(),
        ))
        .to_string();
        assert!(said.contains("Failover group web is failed over: secondary has been active since"), "{said}");
        assert!(said.contains("`drplan failover-group down`"), "{said}");
        assert!(said.ends_with("No changes. web-geo matches its configuration and is failed over.\n"), "{said}");
    });
}

#[test]
fn stack_change_during_failover_keeps_the_switched_roles() {
    simulated(async {
        let (lab, text) = up().await;
        let more = text.replace("default = 4", "default = 6");
        let (planned, _) = lab.plan(&more, false).await;
        assert_eq!(acts(&planned), ["update linux_virtual_machine_scale_set.web-failover"]);

        let bigger = text.replace("Standard_D2s_v5", "Standard_D4s_v5");
        let (planned, state) = lab.plan(&bigger, false).await;
        let both =
            ["update linux_virtual_machine_scale_set.web", "update linux_virtual_machine_scale_set.web-failover"];
        assert_eq!(acts(&planned), both);
        lab.carry_out(&planned, state, "apply").await.expect("apply succeeds");
        assert_eq!(read(&lab, VMSS, "/sku/capacity").await, 0);
        assert_eq!(read(&lab, VMSS, "/sku/name").await, "Standard_D4s_v5");
        let (again, _) = lab.plan(&bigger, false).await;
        assert_eq!(changes(&again), [""; 0]);
    });
}

#[test]
fn manual_change_during_failover_is_drift() {
    simulated(async {
        let (lab, text) = up().await;
        write(&lab, "public_ip.web-failover", "/properties/idleTimeoutInMinutes", 17.into()).await;
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(acts(&planned), ["update public_ip.web-failover"]);
        assert_eq!(planned.plan.drift.len(), 1);
    });
}

#[test]
fn read_only_replicas_and_last_copies_stay_unchanged() {
    simulated(async {
        let (lab, text) = up().await;
        let blocked = async |text: &str| -> Vec<String> {
            let (planned, _) = lab.plan(text, false).await;
            planned.plan.blocked.iter().map(|blocked| format!("{}: {}", blocked.address, blocked.why)).collect()
        };
        let grown = blocked(&text.replace("max_size_gb = 50", "max_size_gb = 100")).await;
        assert_eq!(
            grown,
            [
                "mssql_database.orders: the primary of geo_replica.orders is at secondary, and this side accepts no changes \
              meanwhile: fail back with `drplan failover-group down` first; `--target` applies the other changes"
            ]
        );
        let replica = &text[text.find("geo_replica \"catalog\"").expect("a replica")..];
        let replica = &replica[..=replica.find("}\n").expect("its end")];
        let without = text.replace(replica, "").replace(", geo_replica.catalog]", "]");
        let gone = blocked(&without).await;
        assert_eq!(gone.len(), 1, "{gone:#?}");
        assert!(gone[0].starts_with("geo_replica.catalog: its primary is at secondary, and the data"), "{gone:#?}");
    });
}

#[test]
fn plan_after_failback_deletes_leftovers_and_manages_all_again() {
    simulated(async {
        let (lab, text) = up().await;
        promote(&lab, &text, Side::Source).await;
        record(&lab, |state| state.roles.groups.clear());
        let (planned, state) = lab.plan(&text, false).await;
        let left: Vec<_> = planned.plan.changes.iter().filter(|change| change.action == Action::Delete).collect();
        assert_eq!(left.len(), 7, "{:#?}", acts(&planned));
        assert!(left.iter().all(|change| change.reason.ends_with("left over from an earlier run")), "{left:#?}");
        let updated: Vec<String> = acts(&planned).into_iter().filter(|act| act.starts_with("update")).collect();
        assert_eq!(updated.len(), 3, "{updated:#?}");
        lab.carry_out(&planned, state, "apply").await.expect("apply succeeds");
        assert_eq!(read(&lab, VMSS, "/sku/capacity").await, 4);
        let (again, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&again), [""; 0]);
    });
}

#[test]
fn resources_of_an_unfinished_run_stay_unchanged() {
    simulated(async {
        let (lab, text) = up().await;
        record(&lab, |state| {
            state.roles.groups.clear();
            let open = OpenRun {
                run: "0000000000002-b".to_owned(),
                group: "web".to_owned(),
                verb: RunKind::Down,
                leaving: "secondary".to_owned(),
                since: lab.clock.now(),
            };
            state.roles.open.insert("web".to_owned(), open);
        });
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&planned), [""; 0]);
        let said = anstream::adapter::strip_str(&view::plan::text(
            &planned.plan,
            planned.stack.cloud,
            view::Layout::default(),
        ))
        .to_string();
        assert!(said.contains("The failover run 0000000000002-b (down of web) has been unfinished since"), "{said}");
    });
}

#[test]
fn destroy_during_failover_leaves_nothing() {
    simulated(async {
        let (lab, text) = up().await;
        let (planned, _) = lab.plan(&text, true).await;
        let orders = planned.plan.changes.iter().find(|change| change.address == at("geo_replica.orders"));
        assert_eq!(orders.map(|change| change.reason.as_str()), Some("requested by destroy, on the primary side"));
        let catalog = planned.plan.changes.iter().find(|change| change.address == at("geo_replica.catalog"));
        assert_eq!(catalog.map(|change| change.action), Some(Action::Forget));
        assert_eq!(planned.plan.blocked, []);
        let gone = lab.destroy(&text).await.expect("destroy succeeds");
        assert_eq!(gone.report.ended, Some(RunEnd::Done), "{:#?}", gone.report.fates);
        assert_eq!(lab.standing(), []);
    });
}

/// Observation of a store whose copy is the primary replica.
async fn observed(lab: &Lab, text: &str, writer: Side, health: Health, debts: &[ProtectionDebt]) -> Observed {
    let program = lab.read(text).expect("the stack is valid");
    let (stack, _) = program.evaluate(&Default::default()).expect("the stack is valid");
    let state = lab.store.load().expect("a state");
    let objects = drplan::plan::to_observe(&stack, state.as_ref(), true);
    let mut observed = drplan::apply::observe(stack.catalog(), &lab.cloud, &*lab.clock, &objects, state.as_ref())
        .await
        .expect("the object is readable");
    let debts = debts.to_vec();
    let standing = ReplicaStatus { writer: Some(writer), elsewhere: None, health, lag: None, debts, frozen: None };
    observed.standings = BTreeMap::from([(at("geo_replica.orders"), standing)]);
    observed.at = Some(lab.clock.now());
    observed
}

#[test]
fn role_drift_is_reported_and_not_reverted() {
    simulated(async {
        let (lab, text) = lab();
        lab.apply(&text).await.expect("apply succeeds");
        write(&lab, FRONT, "/properties/endpointStatus", "Disabled".into()).await;
        let seen = observed(&lab, &text, Side::Target, Health::Following, &[]).await;
        let planned = lab.plan_of(&text, false, &[], &seen).expect("a plan");
        assert_eq!(changes(&planned), [""; 0]);
        let roles = &planned.plan.roles;
        let drift: Vec<_> = roles.drift.iter().map(|drift| (drift.store.as_str(), &*drift.from, &*drift.to)).collect();
        assert_eq!(drift, [("geo_replica.orders", "primary", "secondary")]);
        assert_eq!(planned.plan.drift.len(), 1, "the manual change is still reported");
        let said = anstream::adapter::strip_str(&view::plan::text(
            &planned.plan,
            planned.stack.cloud,
            view::Layout::default(),
        ))
        .to_string();
        assert!(
            said.contains(
                "Role drift detected: these replicas were promoted outside drplan, at an unknown time.\n  ~ \
                 geo_replica.orders: primary replica at secondary, in state at primary (failover group web)\n    \
                 Until you choose, drplan leaves unchanged: enabled of \
                 traffic_manager_azure_endpoint.primary.\n  Choose one:\n    \
                 Record the roles as they are now: `drplan roles accept`\n    \
                 Fail back: `drplan failover-group down --group web`\n"
            ),
            "{said}"
        );

        // Accepted role drift is recorded like a run's result: one store was promoted and the other was not.
        let state = lab.store.load().expect("a state").expect("a recorded state");
        let group = &planned.stack.failover_groups["web"];
        let new = drplan::apply::NewRoles {
            stack: &planned.stack,
            groups: &[group],
            state: &state,
            observed: &seen,
            by: "ann on host",
        };
        let after = drplan::apply::accept(&new, &*lab.clock, &*lab.ids, &lab.store).expect("the state can be written");
        assert_eq!(lab.store.load().expect("a state").as_ref(), Some(&after));
        assert_eq!(after.roles.epoch, state.roles.epoch + 1);
        let role = &after.roles.groups["web"];
        assert_eq!((role.active, role.site.as_str()), (ActiveSite::Between, "primary"));
        assert_eq!(role.accepted.as_deref(), Some("ann on host"));
        assert!(role.moved[&at(FRONT)].contains("enabled"));
        let planned = lab.plan_of(&text, false, &[], &seen).expect("a plan");
        assert_eq!(planned.plan.roles.drift, []);
        assert_eq!(changes(&planned), [""; 0]);
        assert_eq!(planned.plan.drift, []);
    });
}

#[test]
fn failover_only_resources_stay_unchanged_during_role_drift() {
    simulated(async {
        let (lab, text) = up().await;
        record(&lab, |state| state.roles.groups.clear());
        let seen = observed(&lab, &text, Side::Target, Health::Following, &[]).await;
        let planned = lab.plan_of(&text, false, &[], &seen).expect("a plan");
        assert_eq!(changes(&planned), [""; 0]);
        for (address, argument) in [(VMSS, "instances"), (FRONT, "enabled"), (BACK, "enabled")] {
            let is_left = planned.plan.roles.left.iter().any(|l| l.address == at(address) && l.argument == argument);
            assert!(is_left, "{address}: {:#?}", planned.plan.roles.left);
        }
    });
}

#[test]
fn protection_debt_keeps_its_start_until_remedied() {
    simulated(async {
        let (lab, text) = lab();
        lab.apply(&text).await.expect("apply succeeds");
        let debt = ProtectionDebt { what: "the copy is missing".to_owned(), pays: "another copy".to_owned() };
        let owed = |planned: &PlanOutcome| -> Vec<_> {
            planned.plan.roles.owed.iter().map(|owed| (owed.what.clone(), owed.since)).collect()
        };
        let kept = |planned: &PlanOutcome| {
            let state = lab.store.load().expect("a state").expect("a recorded state");
            let refreshed = planned.refreshed.as_ref().expect("a refreshed state");
            drplan::apply::keep_observed(&state, refreshed, &lab.store).expect("the state can be written").is_some()
        };
        let first = observed(&lab, &text, Side::Source, Health::Following, std::slice::from_ref(&debt)).await;
        let planned = lab.plan_of(&text, false, &[], &first).expect("a plan");
        let since = first.at.expect("a time");
        assert_eq!(owed(&planned), [(debt.what.clone(), since)]);
        assert!(kept(&planned));

        lab.clock.sleep(std::time::Duration::from_secs(60)).await;
        let later = observed(&lab, &text, Side::Source, Health::Following, std::slice::from_ref(&debt)).await;
        let planned = lab.plan_of(&text, false, &[], &later).expect("a plan");
        assert_eq!(owed(&planned), [(debt.what.clone(), since)]);
        assert!(!kept(&planned));

        let unseen = Health::Unseen("no response".to_owned());
        let unseen = observed(&lab, &text, Side::Source, unseen, &[]).await;
        let planned = lab.plan_of(&text, false, &[], &unseen).expect("a plan");
        assert_eq!(owed(&planned), [(debt.what, since)]);

        let paid = observed(&lab, &text, Side::Source, Health::Following, &[]).await;
        let planned = lab.plan_of(&text, false, &[], &paid).expect("a plan");
        assert_eq!(owed(&planned), []);
        assert!(kept(&planned));
    });
}

/// Accepts the observed roles of `web`, and returns what was recorded.
async fn accepted(lab: &Lab, text: &str) -> GroupRole {
    let mut seen = observed(lab, text, Side::Target, Health::Following, &[]).await;
    let standing = seen.standings[&at("geo_replica.orders")].clone();
    seen.standings.insert(at("geo_replica.catalog"), standing);
    let planned = lab.plan_of(text, false, &[], &seen).expect("a plan");
    let state = lab.store.load().expect("a state").expect("a recorded state");
    let group = &planned.stack.failover_groups["web"];
    let new = drplan::apply::NewRoles {
        stack: &planned.stack,
        groups: &[group],
        state: &state,
        observed: &seen,
        by: "ann on host",
    };
    let after = drplan::apply::accept(&new, &*lab.clock, &*lab.ids, &lab.store).expect("the state can be written");
    after.roles.groups["web"].clone()
}

#[test]
fn accepted_role_is_that_of_data_and_of_traffic() {
    simulated(async {
        let (lab, text) = lab();
        lab.apply(&text).await.expect("apply succeeds");
        // All data was promoted outside drplan, and users are still led home.
        let role = accepted(&lab, &text).await;
        assert_eq!((role.active, role.site.as_str(), role.how), (ActiveSite::Between, "secondary", None));
        let (planned, _) = lab.plan(&text, false).await;
        assert!(acts(&planned).is_empty(), "{:#?}", acts(&planned));

        record(&lab, |state| state.roles.groups.clear());
        write(&lab, BACK, "/properties/endpointStatus", "Enabled".into()).await;
        write(&lab, FRONT, "/properties/endpointStatus", "Disabled".into()).await;
        let role = accepted(&lab, &text).await;
        assert_eq!((role.active, role.site.as_str(), role.how), (ActiveSite::Away, "secondary", None));
    });
}
