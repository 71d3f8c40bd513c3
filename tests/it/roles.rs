//! What plans, applies and destroys do before, during and after a failover: the roles are what a run left, or what Azure did by itself.

use std::collections::{BTreeMap, BTreeSet};

use drplan::address::Address;
use drplan::kinds::{Debt, Health, How, Method, Side, Standing};
use drplan::plan::{Action, Observed, Planned};
use drplan::state::{Active, GroupRole, OpenRun, State, Verb};
use drplan::steps::Ended;
use drplan::view;
use drplan::world::{Clock, Cloud, Store, When};

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
    let mut state = lab.store.load().expect("a state").expect("something is recorded");
    change(&mut state);
    state.serial += 1;
    lab.store.save(&state).expect("it is saved");
}

/// Writes a value into the body of a resource's object, as a run or somebody by hand does.
async fn write(lab: &Lab, address: &str, pointer: &str, value: serde_json::Value) {
    let state = lab.store.load().expect("a state").expect("something is recorded");
    let object = &state.resources[&at(address)].objects[0];
    let mut body = lab.azure.get(&object.id, &object.api).await.expect("it answers").expect("it is there");
    *body.pointer_mut(pointer).expect("a place") = value;
    lab.azure.put(&object.id, &object.api, &body, When::Always).await.expect("it is written");
}

/// The value in the body of a resource's object.
async fn read(lab: &Lab, address: &str, pointer: &str) -> serde_json::Value {
    let state = lab.store.load().expect("a state").expect("something is recorded");
    let object = &state.resources[&at(address)].objects[0];
    let body = lab.azure.get(&object.id, &object.api).await.expect("it answers").expect("it is there");
    body.pointer(pointer).cloned().unwrap_or_default()
}

/// Makes one side of every replica take writes, as far as its kind says how.
async fn promote(lab: &Lab, text: &str, side: Side) {
    let (program, state) = (lab.read(text).expect("it is right"), lab.store.load().expect("a state"));
    let (stack, _) = program.evaluate(&Default::default()).expect("it is right");
    let seen =
        drplan::apply::look_at(&lab.azure, &*lab.clock, &drplan::plan::looks(&stack, &state.expect("a state"))).await;
    for (store, seen) in &seen {
        let resource = &stack.resources[store];
        let Some(promotion) = resource.kind.promotion else { continue };
        let known = resource.args.iter().filter_map(|(name, value)| Some((name.to_string(), value.reveal().ok()?)));
        let call = stack.with_subject(resource, &known.collect(), &Default::default(), |subject| {
            (promotion.promote)(subject, seen, side, How::Planned)
        });
        let call = call.expect("it can be promoted");
        let done = match call.method {
            Method::Post(action, query) => lab.azure.post(&call.id, call.api, action, query, call.body.as_ref()).await,
            Method::Patch => lab.azure.patch(&call.id, call.api, &call.body.unwrap_or_default()).await,
        };
        done.unwrap_or_else(|why| panic!("{store} is not promoted: {why}"));
    }
}

fn away(lab: &Lab) -> GroupRole {
    let moved = |argument: &str| BTreeSet::from([argument.to_owned()]);
    GroupRole {
        active: Active::Away,
        site: "secondary".to_owned(),
        since: lab.clock.now(),
        run: "0000000000001-a".to_owned(),
        how: How::Planned,
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

/// The stack applied, and then moved as a run of `failover-group up` does.
async fn moved() -> (Lab, String) {
    let (lab, text) = lab();
    let applied = lab.apply(&text).await.expect("it is applied");
    assert_eq!(applied.report.ended, Some(Ended::Done), "{:#?}", applied.report.fates);
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

/// The same, with what stands only while the group is up.
async fn up() -> (Lab, String) {
    let (lab, text) = moved().await;
    let stood_up = lab.apply(&text).await.expect("it is applied");
    assert_eq!(stood_up.report.ended, Some(Ended::Done), "{:#?}", stood_up.report.fates);
    (lab, text)
}

fn acts(planned: &Planned) -> Vec<String> {
    let acting = planned.plan.changes.iter().filter(|change| change.action != Action::Keep);
    acting.map(|change| format!("{} {}", view::plan::word(change.action), change.address)).collect()
}

#[test]
fn after_up_a_plan_is_empty_and_says_why() {
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
        let said = anstream::adapter::strip_str(&view::plan::text(&planned.plan, planned.stack.cloud)).to_string();
        assert!(said.contains("Roles of failover group web are swapped: secondary is active since"), "{said}");
        assert!(said.contains("`drplan failover-group down`"), "{said}");
        assert!(said.ends_with("No changes. web-geo stands as its stack says, with its roles swapped.\n"), "{said}");
    });
}

#[test]
fn a_change_of_the_stack_reaches_both_sites_and_leaves_what_a_run_moved() {
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
        lab.carry_out(&planned, state, "apply").await.expect("it is applied");
        assert_eq!(read(&lab, VMSS, "/sku/capacity").await, 0);
        assert_eq!(read(&lab, VMSS, "/sku/name").await, "Standard_D4s_v5");
        let (again, _) = lab.plan(&bigger, false).await;
        assert_eq!(changes(&again), [""; 0]);
    });
}

#[test]
fn what_somebody_changed_by_hand_while_the_group_is_up_is_drift() {
    simulated(async {
        let (lab, text) = up().await;
        write(&lab, "public_ip.web-failover", "/properties/idleTimeoutInMinutes", 17.into()).await;
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(acts(&planned), ["update public_ip.web-failover"]);
        assert_eq!(planned.plan.drift.len(), 1);
    });
}

#[test]
fn what_is_read_only_or_holds_the_only_copy_is_not_touched() {
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
                "mssql_database.orders: geo_replica.orders takes writes at secondary, and this side of it takes no changes \
              meanwhile: bring it back with `drplan failover-group down` first; `--target` applies what else changes"
            ]
        );
        let replica = &text[text.find("geo_replica \"catalog\"").expect("a replica")..];
        let replica = &replica[..=replica.find("}\n").expect("its end")];
        let without = text.replace(replica, "").replace(", geo_replica.catalog]", "]");
        let gone = blocked(&without).await;
        assert_eq!(gone.len(), 1, "{gone:#?}");
        assert!(gone[0].starts_with("geo_replica.catalog: writes go to secondary, and with it"), "{gone:#?}");
    });
}

#[test]
fn back_home_what_was_left_over_goes_and_the_stack_holds_again() {
    simulated(async {
        let (lab, text) = up().await;
        promote(&lab, &text, Side::Source).await;
        record(&lab, |state| state.roles.groups.clear());
        let (planned, state) = lab.plan(&text, false).await;
        let left: Vec<_> = planned.plan.changes.iter().filter(|change| change.action == Action::Delete).collect();
        assert_eq!(left.len(), 7, "{:#?}", acts(&planned));
        assert!(left.iter().all(|change| change.reason.ends_with("an earlier run left it over")), "{left:#?}");
        let updated: Vec<String> = acts(&planned).into_iter().filter(|act| act.starts_with("update")).collect();
        assert_eq!(updated.len(), 3, "{updated:#?}");
        lab.carry_out(&planned, state, "apply").await.expect("it is applied");
        assert_eq!(read(&lab, VMSS, "/sku/capacity").await, 4);
        let (again, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&again), [""; 0]);
    });
}

#[test]
fn while_a_run_is_open_what_it_works_on_is_left_alone() {
    simulated(async {
        let (lab, text) = up().await;
        record(&lab, |state| {
            state.roles.groups.clear();
            state.roles.open = Some(OpenRun {
                run: "0000000000002-b".to_owned(),
                group: "web".to_owned(),
                verb: Verb::Down,
                since: lab.clock.now(),
            });
        });
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&planned), [""; 0]);
        let said = anstream::adapter::strip_str(&view::plan::text(&planned.plan, planned.stack.cloud)).to_string();
        assert!(said.contains("The failover run 0000000000002-b (down of web) is not finished"), "{said}");
    });
}

#[test]
fn a_destroy_while_the_group_is_up_leaves_nothing() {
    simulated(async {
        let (lab, text) = up().await;
        let (planned, _) = lab.plan(&text, true).await;
        let orders = planned.plan.changes.iter().find(|change| change.address == at("geo_replica.orders"));
        assert_eq!(
            orders.map(|change| change.reason.as_str()),
            Some("everything is destroyed, on the side that takes writes")
        );
        let catalog = planned.plan.changes.iter().find(|change| change.address == at("geo_replica.catalog"));
        assert_eq!(catalog.map(|change| change.action), Some(Action::Forget));
        assert_eq!(planned.plan.blocked, []);
        let gone = lab.destroy(&text).await.expect("it is destroyed");
        assert_eq!(gone.report.ended, Some(Ended::Done), "{:#?}", gone.report.fates);
        assert_eq!(lab.standing(), []);
    });
}

/// What a look says where a store's copy takes writes.
async fn observed(lab: &Lab, text: &str, writer: Side, health: Health, debts: &[Debt]) -> Observed {
    let program = lab.read(text).expect("it is right");
    let (stack, _) = program.evaluate(&Default::default()).expect("it is right");
    let state = lab.store.load().expect("a state");
    let objects = drplan::plan::to_observe(&stack, state.as_ref(), true);
    let mut observed =
        drplan::apply::observe(&lab.azure, &*lab.clock, &objects, state.as_ref()).await.expect("it answers");
    let standing = Standing { writer: Some(writer), health, lag: None, debts: debts.to_vec() };
    observed.standings = BTreeMap::from([(at("geo_replica.orders"), standing)]);
    observed.at = Some(lab.clock.now());
    observed
}

#[test]
fn a_role_that_moved_by_itself_is_told_and_nothing_is_planned_against_it() {
    simulated(async {
        let (lab, text) = lab();
        lab.apply(&text).await.expect("it is applied");
        write(&lab, FRONT, "/properties/endpointStatus", "Disabled".into()).await;
        let seen = observed(&lab, &text, Side::Target, Health::Following, &[]).await;
        let planned = lab.plan_of(&text, false, &[], &seen).expect("a plan");
        assert_eq!(changes(&planned), [""; 0]);
        let roles = &planned.plan.roles;
        let drift: Vec<_> = roles.drift.iter().map(|drift| (drift.store.as_str(), &*drift.from, &*drift.to)).collect();
        assert_eq!(drift, [("geo_replica.orders", "primary", "secondary")]);
        assert_eq!(planned.plan.drift.len(), 1, "what somebody changed is still told");
        let said = anstream::adapter::strip_str(&view::plan::text(&planned.plan, planned.stack.cloud)).to_string();
        assert!(
            said.contains(
                "Role drift: no run moved these roles, and since when they are so is not known.\n  ~ geo_replica.orders takes writes \
                 at secondary, and is recorded at primary (failover group web)\n    The stack says otherwise of enabled of \
                 traffic_manager_azure_endpoint.primary; that is\n    left as it is until this is settled.\n  It can be settled in \
                 two ways:\n    drplan roles accept             records the roles as they are\n    drplan failover-group down      \
                 brings them back\n"
            ),
            "{said}"
        );

        // Accepted, it is recorded as a run's: one store has moved and the other not.
        let state = lab.store.load().expect("a state").expect("something is recorded");
        let group = &planned.stack.failover_groups["web"];
        let new = drplan::apply::NewRoles {
            stack: &planned.stack,
            groups: &[group],
            state: &state,
            observed: &seen,
            by: "ann on host",
        };
        let after = drplan::apply::accept(&new, &*lab.clock, &*lab.ids, &lab.store).expect("it is recorded");
        assert_eq!(lab.store.load().expect("a state").as_ref(), Some(&after));
        assert_eq!(after.roles.epoch, state.roles.epoch + 1);
        let role = &after.roles.groups["web"];
        assert_eq!((role.active, role.site.as_str()), (Active::Between, "primary"));
        assert_eq!(role.accepted.as_deref(), Some("ann on host"));
        assert!(role.moved[&at(FRONT)].contains("enabled"));
        let planned = lab.plan_of(&text, false, &[], &seen).expect("a plan");
        assert_eq!(planned.plan.roles.drift, []);
        assert_eq!(changes(&planned), [""; 0]);
        assert_eq!(planned.plan.drift, []);
    });
}

#[test]
fn what_stands_up_is_left_alone_while_a_role_has_moved_by_itself() {
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
fn a_debt_is_owed_since_it_was_first_seen_until_it_is_paid() {
    simulated(async {
        let (lab, text) = lab();
        lab.apply(&text).await.expect("it is applied");
        let debt = Debt { what: "the copy is gone".to_owned(), pays: "another copy".to_owned() };
        let owed = |planned: &Planned| -> Vec<_> {
            planned.plan.roles.owed.iter().map(|owed| (owed.what.clone(), owed.since)).collect()
        };
        let kept = |planned: &Planned| {
            let state = lab.store.load().expect("a state").expect("something is recorded");
            let refreshed = planned.refreshed.as_ref().expect("a refreshed state");
            drplan::apply::keep_observed(&state, refreshed, &lab.store).expect("it is saved").is_some()
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

        let unseen = Health::Unseen("nobody answers".to_owned());
        let unseen = observed(&lab, &text, Side::Source, unseen, &[]).await;
        let planned = lab.plan_of(&text, false, &[], &unseen).expect("a plan");
        assert_eq!(owed(&planned), [(debt.what, since)]);

        let paid = observed(&lab, &text, Side::Source, Health::Following, &[]).await;
        let planned = lab.plan_of(&text, false, &[], &paid).expect("a plan");
        assert_eq!(owed(&planned), []);
        assert!(kept(&planned));
    });
}
