//! Identity before address: labels that trade places, move on or shift by an index leave every object alone, in plans,
//! applies and reviews, and after a kill at any point.

use drplan::providers::azure::ids::AzureId;
use std::collections::BTreeMap;

use drplan::address::Address;
use drplan::object::ObjectId;
use drplan::plan::Action;
use drplan::review;
use drplan::world::Clock;

use crate::kinds::SITES;
use crate::lab::{Lab, changes, failures, simulated};

/// Storage accounts by label and name, with a container in the first one.
fn accounts(all: &[(&str, &str)]) -> String {
    let account = |(label, name): &(&str, &str)| {
        format!(
            "storage_account \"{label}\" {{\n  name = \"{name}\"\n  resource_group = resource_group.data\n  \
             account_tier = \"Standard\"\n  account_replication_type = \"LRS\"\n}}\n\
             storage_container \"{label}\" {{\n  name = \"files\"\n  storage_account = storage_account.{label}\n}}\n"
        )
    };
    format!(
        "{SITES}resource_group \"data\" {{\n  site = site.east\n}}\n{}",
        all.iter().map(account).collect::<String>()
    )
}

/// Accounts of one block by index.
fn indexed(names: &[&str]) -> String {
    format!(
        "{SITES}locals {{\n  names = [{}]\n}}\nresource_group \"data\" {{\n  site = site.east\n}}\n\
         storage_account \"each\" {{\n  for_each = {{ for at, name in local.names : tostring(at) => name }}\n  \
         name = each.value\n  resource_group = resource_group.data\n  account_tier = \"Standard\"\n  \
         account_replication_type = \"LRS\"\n}}\n",
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    )
}

/// A text, its edit, and the objects that the edit deletes and creates.
struct Relabelling {
    what: &'static str,
    before: String,
    after: String,
    deleted: &'static [&'static str],
    created: &'static [&'static str],
}

fn relabellings() -> Vec<Relabelling> {
    let one = |what, before, after| Relabelling { what, before, after, deleted: &[], created: &[] };
    vec![
        one(
            "each label moves on by one",
            accounts(&[("x", "acctone"), ("y", "accttwo")]),
            accounts(&[("y", "acctone"), ("z", "accttwo")]),
        ),
        one(
            "two labels trade places",
            accounts(&[("x", "acctone"), ("y", "accttwo")]),
            accounts(&[("y", "acctone"), ("x", "accttwo")]),
        ),
        one(
            "three labels turn",
            accounts(&[("x", "acctone"), ("y", "accttwo"), ("z", "acctthree")]),
            accounts(&[("y", "acctone"), ("z", "accttwo"), ("x", "acctthree")]),
        ),
        Relabelling {
            deleted: &["accttwo"],
            ..one(
                "a label moves to that of an account that leaves",
                accounts(&[("x", "acctone"), ("y", "accttwo")]),
                accounts(&[("y", "acctone")]),
            )
        },
        Relabelling {
            deleted: &["acctone"],
            ..one(
                "the first of an index leaves",
                indexed(&["acctone", "accttwo", "acctthree"]),
                indexed(&["accttwo", "acctthree"]),
            )
        },
        Relabelling {
            created: &["acctnew"],
            ..one(
                "an index gets a new first",
                indexed(&["acctone", "accttwo"]),
                indexed(&["acctnew", "acctone", "accttwo"]),
            )
        },
        Relabelling {
            deleted: &["acctone"],
            created: &["acctnew"],
            ..one(
                "the first leaves and another comes last",
                indexed(&["acctone", "accttwo"]),
                indexed(&["accttwo", "acctnew"]),
            )
        },
    ]
}

/// The names of the accounts with this action.
fn with(actions: &[(ObjectId, Action)], wanted: fn(&Action) -> bool) -> Vec<&str> {
    let is_account = |id: &ObjectId| id.arm_type().as_deref() == Some("Microsoft.Storage/storageAccounts");
    let mut names: Vec<&str> =
        actions.iter().filter(|(id, action)| is_account(id) && wanted(action)).map(|(id, _)| id.name()).collect();
    names.sort_unstable();
    names
}

fn is_destructive(action: &Action) -> bool {
    matches!(action, Action::Delete | Action::Replace(_))
}

#[test]
fn labels_move_and_objects_stay() {
    for Relabelling { what, before, after, deleted, created } in relabellings() {
        simulated(async {
            let lab = Lab::new(5);
            failures(&lab.apply(&before).await.unwrap(), what).unwrap();
            let stood = lab.simulator.show().objects;
            let (planned, state) = lab.plan(&after, false).await;
            let actions: Vec<_> =
                planned.plan.changes.iter().map(|change| (change.id.clone(), change.action)).collect();
            assert_eq!(with(&actions, is_destructive), deleted, "{what}: {:#?}", changes(&planned));
            assert_eq!(with(&actions, |action| *action == Action::Create), created, "{what}");
            let adopted = planned.plan.changes.iter().filter(|change| change.action == Action::Adopt).count();
            assert_eq!(adopted, 0, "{what}: nothing is imported");
            failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), what).unwrap();
            let stands = lab.simulator.show().objects;
            for (id, body) in stood.iter().filter(|(id, _)| !deleted.iter().any(|gone| id.as_str().contains(gone))) {
                assert_eq!(stands.get(id), Some(body), "{what}: {id} is untouched");
            }
            let (again, _) = lab.plan(&after, false).await;
            assert_eq!(changes(&again), [""; 0], "{what}");
        });
    }
}

/// At every cut of the journal, each object of the cloud that both texts want is recorded, and once.
#[test]
fn a_kill_neither_loses_nor_doubles_an_object() {
    for Relabelling { what, before, after, deleted, created } in relabellings() {
        let begun = simulated(async {
            let lab = Lab::new(5);
            failures(&lab.apply(&before).await.unwrap(), what).unwrap();
            (lab.clock.now(), lab)
        });
        let (now, lab) = begun;
        for cut in 0.. {
            let killed = simulated(async {
                let lab = lab.fork(now);
                lab.store.stop_after(cut);
                let killed = lab.apply(&after).await.is_err();
                lab.store.go_on();
                let state = drplan::world::Store::load(&lab.store).unwrap().unwrap();
                let mut times: BTreeMap<(&str, &ObjectId), usize> = BTreeMap::new();
                for (address, recorded) in &state.resources {
                    *times.entry((address.kind(), &recorded.id)).or_default() += 1;
                }
                let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
                assert!(twice.is_empty(), "{what}, cut {cut}: {twice:?}");
                for id in lab.standing() {
                    let owned = times.keys().any(|(_, recorded)| **recorded == id);
                    let coming = created.iter().any(|name| id.as_str().contains(name));
                    assert!(owned || coming, "{what}, cut {cut}: {id} is not recorded");
                }
                let (planned, state) = lab.plan(&after, false).await;
                let actions: Vec<_> =
                    planned.plan.changes.iter().map(|change| (change.id.clone(), change.action)).collect();
                let doomed = with(&actions, is_destructive);
                assert!(doomed.iter().all(|name| deleted.contains(name)), "{what}, cut {cut}: {doomed:?}");
                failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), what).unwrap();
                let (again, _) = lab.plan(&after, false).await;
                assert_eq!(changes(&again), [""; 0], "{what}, cut {cut}");
                killed
            });
            if !killed {
                break;
            }
        }
    }
}

#[test]
fn a_review_sees_the_same_renames_as_a_plan() {
    for Relabelling { what, before, after, deleted, created } in relabellings() {
        let lab = Lab::new(5);
        let read = |text: &str| lab.read(text).unwrap().evaluate(&Default::default()).unwrap().0;
        let review = review::compare(Some(&read(&before)), &read(&after), &lab.seal);
        let actions: Vec<_> = review.resources.iter().map(|change| (change.id.clone(), change.action)).collect();
        // A review may also pair an account that leaves with one that comes: as a replacement.
        let doomed = with(&actions, is_destructive);
        assert_eq!(doomed.len(), deleted.len(), "{what}: {actions:?}");
        let new = with(&actions, |action| *action == Action::Create);
        assert!(new.iter().all(|name| created.contains(name)), "{what}: {actions:?}");
    }
}

#[test]
fn a_target_takes_along_what_is_in_its_way() {
    simulated(async {
        let lab = Lab::new(5);
        let before = accounts(&[("x", "acctone"), ("y", "accttwo"), ("other", "acctthree")]);
        failures(&lab.apply(&before).await.unwrap(), "apply").unwrap();
        let after = accounts(&[("y", "acctone"), ("z", "accttwo"), ("another", "acctthree")]);
        let target: Address = "storage_account.y".parse().unwrap();
        let (planned, state) = lab.plan_for(&after, false, &[target]).await;
        let renames = ["storage_account.y (was recorded as storage_account.x", "storage_account.z (was recorded as"];
        let found = changes(&planned);
        assert_eq!(found.len(), 2, "{found:?}");
        renames.iter().zip(&found).for_each(|(rename, found)| assert!(found.contains(rename), "{found}"));
        failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
        let (rest, _) = lab.plan(&after, false).await;
        assert!(rest.plan.changes.iter().all(|change| !is_destructive(&change.action)), "{:?}", changes(&rest));
    });
}

#[test]
fn a_renamed_resource_changes_in_place_and_keeps_its_order() {
    simulated(async {
        let lab = Lab::new(5);
        let before = accounts(&[("x", "acctone"), ("y", "accttwo")]);
        failures(&lab.apply(&before).await.unwrap(), "apply").unwrap();
        let after = accounts(&[("y", "acctone"), ("x", "accttwo")]).replacen(
            "account_replication_type = \"LRS\"",
            "account_replication_type = \"GRS\"",
            1,
        );
        let (planned, state) = lab.plan(&after, false).await;
        let updated = changes(&planned).into_iter().find(|line| line.starts_with("Update")).unwrap();
        assert!(updated.contains("storage_account.y (was recorded as storage_account.x; "), "{updated}");
        failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
        let gone = lab.destroy(&after).await.unwrap();
        failures(&gone, "destroy").unwrap();
        assert!(lab.standing().is_empty() && gone.state.resources.is_empty());
    });
}
