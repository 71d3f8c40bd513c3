//! Many objects are looked at by lists, and what is seen is what single reads would have seen.

use std::collections::BTreeMap;

use async_trait::async_trait;
use drplan::address::ArmId;
use drplan::apply::observe;
use drplan::azure::Azure;
use drplan::kinds::Object;
use drplan::plan::{Observed, to_observe};
use drplan::simulator::{Fault, Plane};
use drplan::world::{Cloud, CloudError, Store, When};
use serde_json::Value as Json;

use crate::lab::{Lab, changes, failures, simulated};
use crate::stacks::{lab, stacks};

/// A cloud that lists nothing, so that everything is read by itself.
struct Unlisted<'a>(&'a Azure);

#[async_trait]
impl Cloud for Unlisted<'_> {
    async fn get(&self, id: &ArmId, api: &str) -> Result<Option<Json>, CloudError> {
        self.0.get(id, api).await
    }
    async fn put(&self, id: &ArmId, api: &str, body: &Json, when: When<'_>) -> Result<Json, CloudError> {
        self.0.put(id, api, body, when).await
    }
    async fn delete(&self, id: &ArmId, api: &str) -> Result<(), CloudError> {
        self.0.delete(id, api).await
    }
    async fn patch(&self, id: &ArmId, api: &str, body: &Json) -> Result<Json, CloudError> {
        self.0.patch(id, api, body).await
    }
    async fn post(
        &self,
        id: &ArmId,
        api: &str,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        self.0.post(id, api, action, query, body).await
    }
    async fn get_with(&self, id: &ArmId, api: &str, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        self.0.get_with(id, api, query).await
    }
    async fn metric(&self, id: &ArmId, name: &str) -> Result<Option<f64>, CloudError> {
        self.0.metric(id, name).await
    }
    async fn collection(&self, path: &ArmId, _: &str) -> Result<Vec<Json>, CloudError> {
        Err(CloudError::Unreachable(format!("{path} is not listed")))
    }
    async fn list(&self, group: &ArmId) -> Result<Vec<ArmId>, CloudError> {
        self.0.list(group).await
    }
}

const MANY: &str = r#"
stack "many" {}

site "east" {
  provider = "azure"
  location = "canadaeast"
}

site "central" {
  provider = "azure"
  location = "canadacentral"
}

resource_group "app" {
  for_each = { central = site.central, east = site.east }
  name     = "app-${each.key}"
  site     = each.value
}

user_assigned_identity "app" {
  for_each       = toset([for n in range(600) : "id-${n}"])
  name           = each.key
  resource_group = resource_group.app["central"]
}

public_ip "app" {
  for_each          = toset([for n in range(40) : "ip-${n}"])
  name              = each.key
  resource_group    = resource_group.app["east"]
  allocation_method = "Static"
}

virtual_network "app" {
  resource_group = resource_group.app["central"]
  address_space  = ["10.0.0.0/16"]
}

subnet "app" {
  for_each         = toset([for n in range(30) : tostring(n)])
  name             = "subnet-${each.key}"
  virtual_network  = virtual_network.app
  address_prefixes = ["10.0.${each.key}.0/24"]
}

management_lock "app" {
  scope      = virtual_network.app
  lock_level = "CanNotDelete"
}
"#;

struct World {
    lab: Lab,
    objects: Vec<Object>,
}

impl World {
    async fn new() -> Self {
        let lab = Lab::new(3);
        lab.simulator.add_fault(Fault::Unthrottled).expect("the world is in memory");
        let applied = lab.apply(MANY).await.expect("it is applied");
        failures(&applied, "apply").expect("all of it");
        let (stack, _) = lab.read(MANY).expect("a stack").evaluate(&Default::default()).expect("a stack");
        let objects = to_observe(&stack, Some(&applied.state), true);
        Self { lab, objects }
    }

    fn reads(&self) -> u64 {
        self.lab.simulator.show().requests["GET"]
    }

    /// What is seen, if it is the same with lists and without, and with how many reads.
    async fn seen(&self) -> (Observed, u64) {
        let before = self.reads();
        let listed = observe(&self.lab.azure, &*self.lab.clock, &self.objects, None).await.expect("it is seen");
        let reads = self.reads() - before;
        let singly = observe(&Unlisted(&self.lab.azure), &*self.lab.clock, &self.objects, None).await;
        assert_eq!(listed, singly.expect("it is seen"));
        (listed, reads)
    }
}

fn at(path: &str) -> ArmId {
    ArmId::new(format!("/subscriptions/{}/resourceGroups/{path}", drplan::simulator::SUBSCRIPTION))
}

#[test]
fn many_objects_take_few_reads_and_are_seen_as_they_stand() {
    simulated(async {
        let world = World::new().await;
        let (seen, reads) = world.seen().await;
        assert_eq!(seen.objects.len(), 2 + 600 + 40 + 1 + 30 + 1);
        assert!(reads <= 12, "{reads} reads for {} objects", seen.objects.len());
        assert_eq!(changes(&world.lab.plan(MANY, false).await.0), [""; 0]);

        // Drift, and one that is gone: that the list does not show it is not enough, and it is asked for by itself.
        let gone = at("app-central/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-7");
        let gone =
            world.objects.iter().map(|object| &object.id).find(|id| id.name() == gone.name()).expect("it is there");
        world.lab.simulator.delete_object(gone).expect("it stands");
        let changed =
            world.objects.iter().map(|object| &object.id).find(|id| id.name() == "ip-3").expect("it is there");
        world.lab.simulator.edit(changed, "properties.idleTimeoutInMinutes", 17.into()).expect("it stands");
        let (seen, more) = world.seen().await;
        assert_eq!((seen.objects[gone].as_ref(), more), (None, reads + 1));
        assert_eq!(changes(&world.lab.plan(MANY, false).await.0).len(), 2);

        // Where reads are behind, lists are as far behind.
        let api = &world.objects.iter().find(|object| object.id == *changed).expect("it is there").api;
        world.lab.simulator.add_fault(Fault::Stale { seconds: 600.0 }).expect("the world is in memory");
        let tags = serde_json::json!({ "tags": { "late": "yes" } });
        drop(world.lab.azure.patch(changed, api, &tags).await.expect("it is taken"));
        let (seen, _) = world.seen().await;
        assert_eq!(seen.objects[changed].as_ref().expect("it stands").pointer("/tags/late"), None, "not yet");
    });
}

#[test]
fn what_a_list_leaves_out_is_unseen_and_not_gone() {
    simulated(async {
        let world = World::new().await;
        let lose = Fault::Lose { location: "canadaeast".to_owned(), plane: Plane::Both };
        world.lab.simulator.add_fault(lose).expect("the world is in memory");
        let (seen, _) = world.seen().await;
        assert_eq!(seen.unread.len(), 41, "the group and its addresses");
        assert!(seen.objects.values().all(Option::is_some), "nothing is taken to be gone");
        let state = world.lab.store.load().expect("a state").expect("something recorded");
        assert_eq!(drplan::plan::vanished(&state, &seen), []);
        assert_eq!(changes(&world.lab.plan(MANY, false).await.0), [""; 0]);
    });
}

/// How many objects of an applied stack are shown by lists, and how many there are; each as a read shows it.
async fn shown(lab: &Lab, text: &str) -> (usize, usize) {
    let applied = lab.apply(text).await.expect("it is applied");
    failures(&applied, "apply").expect("all of it");
    let recorded = applied.state.resources.values().flat_map(|recorded| &recorded.objects);
    let objects: BTreeMap<&ArmId, &str> = recorded.map(|object| (&object.id, &*object.api)).collect();
    let mut shown = 0;
    for (id, api) in &objects {
        let (path, _) = id.as_str().rsplit_once('/').expect("a name");
        let Ok(list) = lab.azure.collection(&ArmId::new(path), api).await else { continue };
        let own = list.iter().find(|body| body["id"].as_str().is_some_and(|own| ArmId::new(own) == **id));
        shown += usize::from(own.is_some());
        let read = lab.azure.get(id, api).await.expect("it is read");
        assert!(own.is_none() || own == read.as_ref(), "{id}: {own:?} and {read:?}");
    }
    (shown, objects.len())
}

/// Whatever a stack or a kind's example makes: what a list shows is what a read shows, and nearly all of it is in a list.
#[test]
fn lists_show_what_reads_show() {
    let (mut listed, mut all) = (0, 0);
    let stacks = stacks().into_iter().map(|dir| lab(&dir));
    let examples = crate::kinds::examples().into_iter().map(|(_, _, text)| (Lab::new(7), text));
    for (lab, text) in stacks.chain(examples) {
        let (shown, of) = simulated(shown(&lab, &text));
        (listed, all) = (listed + shown, all + of);
    }
    assert!(listed * 10 > all * 9, "{listed} of {all} are listed");
}
