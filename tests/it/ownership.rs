//! Ownership: what exists and is not this stack's is neither taken nor changed nor deleted, unless its address is named
//! for an import; what this stack has made bears its mark.

use drplan::address::Address;
use drplan::kinds::mark::Owner;
use drplan::object::{Object, ObjectId};
use drplan::plan::{Action, PlanOutcome};
use drplan::providers::azure::simulated::SUBSCRIPTION;
use drplan::world::{Cloud as _, Store as _, WriteCondition};
use serde_json::{Value as Json, json};

use crate::kinds::SITES;
use crate::lab::{Lab, changes, failures, simulated};

fn id(rest: &str) -> ObjectId {
    ObjectId::new(format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{rest}"))
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

async fn put(lab: &Lab, rest: &str, api: &str, body: Json) {
    lab.cloud.put(&Object::whole(id(rest), api), &body, WriteCondition::Always).await.unwrap();
}

const ACCOUNT: &str = "data/providers/Microsoft.Storage/storageAccounts/ownedfiles";

fn stack(name: &str, replication: &str) -> String {
    format!(
        "{}resource_group \"data\" {{\n  site = site.east\n}}\nstorage_account \"files\" {{\n  name = \"ownedfiles\"\n  \
         resource_group = resource_group.data\n  account_tier = \"Standard\"\n  \
         account_replication_type = \"{replication}\"\n}}\n",
        SITES.replace("stack \"example\"", &format!("stack \"{name}\""))
    )
}

fn blocked(planned: &PlanOutcome) -> Vec<String> {
    planned.plan.blocked.iter().map(|one| format!("{}: {}", one.address, one.why)).collect()
}

fn body(lab: &Lab, id: &ObjectId) -> Json {
    lab.simulator.show().objects.get(id).cloned().unwrap_or_default()
}

/// Applies after a check that nothing blocks it.
async fn apply(lab: &Lab, text: &str) {
    let (planned, state) = lab.plan(text, false).await;
    assert_eq!(blocked(&planned), [""; 0]);
    failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
    let (again, _) = lab.plan(text, false).await;
    assert_eq!((changes(&again), blocked(&again)), (Vec::new(), Vec::new()), "{text}");
}

#[test]
fn another_stacks_object_is_taken_only_by_name_and_with_all_differences() {
    simulated(async {
        let mut lab = Lab::new(4);
        apply(&lab, &stack("first", "GRS")).await;
        let first = std::mem::take(&mut lab.store);
        let owner = |lab: &Lab| Owner::of(&body(lab, &id(ACCOUNT))).unwrap().stack;
        assert_eq!(owner(&lab), "first");

        let second = stack("second", "LRS");
        let (planned, _) = lab.plan(&second, false).await;
        let why = blocked(&planned);
        assert_eq!(why.len(), 2, "{why:?}");
        assert!(why[1].starts_with("storage_account.files: it exists, and stack first (lineage "), "{}", why[1]);
        assert!(why[1].ends_with("owns it: import it with `--adopt storage_account.files`, or write another name"));
        let import = changes(&planned).into_iter().find(|line| line.contains("storage_account.files")).unwrap();
        assert!(import.contains("account_replication_type: \"GRS\" -> \"LRS\""), "{import}");

        lab.adopt = vec![address("storage_account.files"), address("resource_group.data")];
        apply(&lab, &second).await;
        assert_eq!(owner(&lab), "second");

        // The first stack no longer changes or deletes it.
        lab.adopt = Vec::new();
        lab.store = first;
        for (text, destroy) in [(stack("first", "RAGRS"), false), (stack("first", "GRS"), true)] {
            let why = blocked(&lab.plan(&text, destroy).await.0);
            assert!(
                why.iter().any(|why| why.contains("stack second") && why.contains("drplan state forget")),
                "{why:?}"
            );
        }
    });
}

#[test]
fn unmarked_objects_and_parts_are_left_alone() {
    simulated(async {
        let mut lab = Lab::new(4);
        put(&lab, "data", "2025-04-01", json!({ "location": "canadacentral" })).await;
        let text = stack("example", "LRS");
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(
            blocked(&planned),
            [
                "resource_group.data: it exists and is not this stack's: import it with `--adopt resource_group.data`, or \
             write another name"
            ]
        );
        lab.adopt = vec![address("resource_group.data")];
        apply(&lab, &text).await;
        lab.adopt = Vec::new();

        // A child without tags of its own, in an object of this stack.
        let account = format!("{ACCOUNT}/blobServices/default/containers/reports");
        put(&lab, &account, "2026-04-01", json!({ "properties": {} })).await;
        let container = "storage_container \"reports\" {\n  storage_account = storage_account.files\n}\n";
        let (planned, _) = lab.plan(&format!("{text}{container}"), false).await;
        assert_eq!(planned.plan.blocked.len(), 1, "{:?}", changes(&planned));
        lab.adopt = vec![address("storage_container.reports")];
        apply(&lab, &format!("{text}{container}")).await;
    });
}

#[test]
fn a_region_that_differs_blocks_an_import() {
    simulated(async {
        let mut lab = Lab::new(4);
        put(&lab, "data", "2025-04-01", json!({ "location": "canadaeast" })).await;
        lab.adopt = vec![address("resource_group.data")];
        let (planned, _) = lab.plan(&stack("example", "LRS"), false).await;
        let why = blocked(&planned);
        assert!(why[0].starts_with("resource_group.data: it exists, and its site differs, which cannot be"), "{why:?}");
    });
}

/// The mark of an object.
fn without_mark(body: &Json) -> Json {
    let mut bare = body.clone();
    if let Some(Json::Object(tags)) = bare.get_mut("tags") {
        tags.retain(|name, _| !drplan::kinds::mark::is_mark(name));
    }
    bare
}

#[test]
fn what_an_earlier_version_made_stays_this_stacks_and_is_marked_with_the_next_change() {
    simulated(async {
        let lab = Lab::new(4);
        apply(&lab, &stack("example", "LRS")).await;
        let bare = without_mark(&body(&lab, &id(ACCOUNT)));
        let request = json!({
            "location": bare["location"], "kind": bare["kind"], "sku": { "name": bare["sku"]["name"] }, "tags": {},
            "properties": { "accessTier": "Hot" },
        });
        put(&lab, ACCOUNT, "2026-04-01", request).await;
        assert_eq!(Owner::of(&body(&lab, &id(ACCOUNT))), None);
        let (planned, _) = lab.plan(&stack("example", "LRS"), false).await;
        let about_tags = changes(&planned).into_iter().filter(|line| line.contains("tags")).count();
        assert_eq!((about_tags, blocked(&planned).len()), (0, 0));
        apply(&lab, &stack("example", "GRS")).await;
        assert!(Owner::of(&body(&lab, &id(ACCOUNT))).is_some());
    });
}

#[test]
fn a_mark_makes_an_object_this_stacks_that_the_state_has_lost() {
    simulated(async {
        let lab = Lab::new(4);
        let text = stack("example", "LRS");
        apply(&lab, &text).await;
        let mut state = lab.store.load().unwrap().unwrap();
        state.resources.remove(&address("storage_account.files"));
        state.serial += 1;
        lab.store.save(&state).unwrap();
        let (planned, _) = lab.plan(&text, false).await;
        let import = planned.plan.changes.iter().find(|change| change.action == Action::Adopt).unwrap();
        assert_eq!(import.reason, "exists in the cloud with the mark of this stack, and is not in the state");
        apply(&lab, &text).await;
    });
}

#[test]
fn a_new_name_that_is_taken_blocks_a_replacement() {
    simulated(async {
        let lab = Lab::new(4);
        let network = |name: &str| {
            format!(
                "{}virtual_network \"main\" {{\n  name = \"{name}\"\n  resource_group = resource_group.data\n  \
                 address_space = [\"10.0.0.0/16\"]\n}}\n",
                stack("example", "LRS")
            )
        };
        apply(&lab, &network("one")).await;
        let taken = "data/providers/Microsoft.Network/virtualNetworks/two";
        let properties = json!({ "addressSpace": { "addressPrefixes": ["10.9.0.0/16"] } });
        put(&lab, taken, "2025-09-01", json!({ "location": "canadacentral", "properties": properties })).await;
        let (planned, _) = lab.plan(&network("two"), false).await;
        assert_eq!(
            blocked(&planned),
            ["virtual_network.main: its new name is taken by an object that is not this stack's: write another name"]
        );
    });
}

#[test]
fn a_plan_notes_taken_names_of_failover_only_resources() {
    simulated(async {
        let lab = Lab::new(4);
        let text = format!(
            "{}resource_group \"standby\" {{\n  site     = site.west\n  presence = \"failover\"\n}}\n",
            stack("example", "LRS")
        );
        apply(&lab, &text).await;
        put(&lab, "standby", "2025-04-01", json!({ "location": "canadaeast" })).await;
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(changes(&planned), [""; 0]);
        assert_eq!(
            planned.plan.notes,
            [
                "The name of failover-only resource_group.standby is taken by an object that is not this stack's. A failover \
             could not create it: delete the object, or write another name."
            ]
        );
    });
}

/// The second copy of an image finds the definition that the first one made; that alone is no import.
#[test]
fn only_what_exists_is_imported() {
    simulated(async {
        let lab = Lab::new(4);
        let example = drplan::providers::azure::TABLES.kind("image_copy").unwrap().example;
        let text = |versions: &str| {
            format!("{SITES}{example}")
                .replace(
                    "  name          = \"1.0.0\"",
                    &format!("  for_each      = toset([{versions}])\n  name = each.key"),
                )
                .replace(
                    "  source  = shared_image_version.example",
                    "  for_each = shared_image_version.example\n  source = each.value",
                )
        };
        apply(&lab, &text("\"1.0.0\", \"1.0.1\"")).await;
        let (planned, _) = lab.plan(&text("\"1.0.0\", \"1.0.1\", \"1.1.0\""), false).await;
        let made = changes(&planned).iter().filter(|line| line.starts_with("Create")).count();
        assert_eq!((made, changes(&planned).len()), (2, 2), "{:#?}", changes(&planned));
        apply(&lab, &text("\"1.0.0\", \"1.0.1\", \"1.1.0\"")).await;
    });
}
