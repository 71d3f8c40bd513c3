//! Roots: resources that lie in nothing else. One that only collects others is a resource group; any other is a
//! resource like those in a group.

use drplan::kinds::{Kind, KindType, Place, body};
use drplan::providers::rules;
use drplan::stack::{Knowledge, Stack};
use drplan::view::graph::{Picture, PictureDetail};

use crate::lab::Lab;

/// A root that collects nothing.
static MACHINE: Kind = Kind {
    name: "machine",
    type_: KindType { name: "Test.Compute/machines", version: "1" },
    place: Place::Root("/subscriptions/{account}/providers/Test.Compute/machines/{name}"),
    ..Kind::EMPTY
};

const STACK: &str = r#"
stack "roots" {}

site "east" {
  provider = "azure"
  location = "canadacentral"
}

site "west" {
  provider = "azure"
  location = "canadaeast"
}

resource_group "east" {
  site = site.east
}

resource_group "west" {
  site     = site.west
  presence = "failover"
}

user_assigned_identity "east" {
  resource_group = resource_group.east
}

storage_account "west" {
  name                     = "drplanroots"
  resource_group           = resource_group.west
  account_tier             = "Standard"
  account_replication_type = "LRS"

  identity {
    type       = "UserAssigned"
    identities = [user_assigned_identity.east]
  }
}

failover_group "web" {
  from = site.east
  to   = site.west
}
"#;

/// A root that only collects.
static FOLDER: Kind = Kind {
    name: "folder",
    type_: KindType { name: "Test.Resources/folders", version: "1" },
    place: Place::Subscription,
    ..Kind::EMPTY
};

fn stack() -> Stack {
    let program = Lab::new(1).read(STACK).expect("the stack reads");
    program.evaluate(&Knowledge::default()).expect("the stack evaluates").0
}

/// The stack with another kind in place of that of one resource.
fn stack_with(address: &str, kind: &'static Kind) -> Stack {
    let mut stack = stack();
    let found = stack.resources.values_mut().find(|resource| resource.address.as_str() == address);
    found.expect("the resource is declared").kind = kind;
    stack
}

#[test]
fn root_lies_in_itself_and_is_stood_up_with_what_lies_in_it() {
    let stack = stack();
    let group = &stack.failover_groups["web"];
    let of_group: Vec<_> = stack.resources.values().filter(|resource| group.stands_up(resource)).collect();
    let names: Vec<_> = of_group.iter().map(|resource| resource.address.as_str()).collect();
    assert_eq!(names, ["resource_group.west", "storage_account.west"]);
    assert!(of_group.iter().all(|resource| resource.group.as_ref() == group.stand_up.first()));
}

#[test]
fn root_that_works_is_drawn_and_one_that_collects_is_a_box() {
    let drawn = |kind: &'static Kind| {
        let picture = Picture::of(&stack_with("resource_group.west", kind), PictureDetail::All);
        picture.cells.iter().any(|cell| cell.members.iter().any(|of| of.as_str() == "resource_group.west"))
    };
    assert!(!drawn(&FOLDER) && drawn(&MACHINE));
}

#[test]
fn recovery_site_must_not_lean_on_a_root_that_works_at_the_lost_site() {
    let is_found = |kind: &'static Kind| {
        let stack = stack_with("user_assigned_identity.east", kind);
        rules().review(&stack).found.iter().any(|finding| finding.code == "leans-on-lost-site")
    };
    assert!(!is_found(&FOLDER) && is_found(&MACHINE));
}

#[test]
fn id_of_a_root_lies_in_the_account() {
    let stack = stack();
    let id = body::id(&MACHINE, "one", (&stack.account, ""), &serde_json::Map::new()).expect("it needs no argument");
    let account = drplan::providers::azure::TABLES.grammar.of_account(&stack.account.id).expect("a scope");
    assert!(account.contains(&id) && id.as_str().ends_with("/Test.Compute/machines/one"), "{id}");
}
