//! Observation of many objects through lists equals observation through single reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use drplan::apply::{Clouds, observe};
use drplan::object::{Collection, Object, ObjectId};
use drplan::plan::{Observed, to_observe};

use drplan::sight::Sight;
use drplan::simulator::{Fault, Plane};
use drplan::world::{Cloud, CloudError, Store, WriteCondition};
use serde_json::Value as Json;

use crate::lab::{Lab, changes, failures, simulated};
use crate::stacks::{lab, stacks};

/// A cloud whose lists fail, so that every object is read singly.
struct CloudWithoutLists<'a>(&'a Clouds);

#[async_trait]
impl Cloud for CloudWithoutLists<'_> {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        self.0.get(object).await
    }
    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        self.0.put(object, body, when).await
    }
    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        self.0.delete(object).await
    }
    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        self.0.patch(object, body).await
    }
    async fn post(
        &self,
        object: &Object,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        self.0.post(object, action, query, body).await
    }
    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        self.0.get_with(object, query).await
    }
    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        self.0.answers(object).await
    }
    async fn metric(&self, object: &Object, name: &str) -> Result<Option<f64>, CloudError> {
        self.0.metric(object, name).await
    }
    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        Err(CloudError::Unreachable(format!("{} is not listed", list.path)))
    }
    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
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

struct ObservedStack {
    lab: Lab,
    objects: Vec<Object>,
}

impl ObservedStack {
    async fn new() -> Self {
        let lab = Lab::new(3);
        lab.simulator.add_fault(Fault::Unthrottled).expect("the simulator is in memory");
        let applied = lab.apply(MANY).await.expect("apply succeeds");
        failures(&applied, "apply").expect("every step succeeds");
        let (stack, _) = lab.read(MANY).expect("a stack").evaluate(&Default::default()).expect("a stack");
        let objects = to_observe(&stack, Some(&applied.state), true);
        Self { lab, objects }
    }

    fn reads(&self) -> u64 {
        self.lab.simulator.show().requests["GET"]
    }

    /// The observed objects and the number of reads; fails if lists and single reads differ.
    async fn seen(&self) -> (Observed, u64) {
        let before = self.reads();
        let listed = observe(drplan::providers::catalog(), &self.lab.cloud, &*self.lab.clock, &self.objects, None)
            .await
            .expect("the cloud is readable");
        let reads = self.reads() - before;
        let singly = observe(
            drplan::providers::catalog(),
            &CloudWithoutLists(&self.lab.cloud),
            &*self.lab.clock,
            &self.objects,
            None,
        )
        .await;
        assert_eq!(listed, singly.expect("the cloud is readable"));
        (listed, reads)
    }
}

fn at(path: &str) -> ObjectId {
    ObjectId::new(format!("/subscriptions/{}/resourceGroups/{path}", drplan::providers::azure::simulated::SUBSCRIPTION))
}

#[test]
fn many_objects_are_observed_with_few_reads() {
    simulated(async {
        let stack = ObservedStack::new().await;
        let (seen, reads) = stack.seen().await;
        assert_eq!(seen.objects.len(), 2 + 600 + 40 + 1 + 30 + 1);
        assert!(reads <= 12, "{reads} reads for {} objects", seen.objects.len());
        assert_eq!(changes(&stack.lab.plan(MANY, false).await.0), [""; 0]);

        // Drift, and one deleted object: absence from a list is not proof, so the object is read singly.
        let gone = at("app-central/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-7");
        let gone = stack
            .objects
            .iter()
            .map(|object| &object.id)
            .find(|id| id.name() == gone.name())
            .expect("the object exists");
        stack.lab.simulator.delete_object(gone).expect("the object exists");
        let changed =
            stack.objects.iter().map(|object| &object.id).find(|id| id.name() == "ip-3").expect("the object exists");
        stack.lab.simulator.edit(changed, "properties.idleTimeoutInMinutes", 17.into()).expect("the object exists");
        let (seen, more) = stack.seen().await;
        assert_eq!((seen.objects[gone].as_ref(), more), (None, reads + 1));
        assert_eq!(changes(&stack.lab.plan(MANY, false).await.0).len(), 2);

        // Lists lag by as much as single reads.
        let object = stack.objects.iter().find(|object| object.id == *changed).expect("the object exists");
        stack.lab.simulator.add_fault(Fault::Stale { seconds: 600.0 }).expect("the simulator is in memory");
        let tags = serde_json::json!({ "tags": { "late": "yes" } });
        drop(stack.lab.cloud.patch(object, &tags).await.expect("the patch is accepted"));
        let (seen, _) = stack.seen().await;
        assert_eq!(
            seen.objects[changed].as_ref().expect("the object exists").body.pointer("/tags/late"),
            None,
            "not yet"
        );
    });
}

#[test]
fn object_missing_from_a_list_is_not_deleted() {
    simulated(async {
        let stack = ObservedStack::new().await;
        let lose = Fault::Lose { location: "canadaeast".to_owned(), plane: Plane::Both };
        stack.lab.simulator.add_fault(lose).expect("the simulator is in memory");
        let (seen, _) = stack.seen().await;
        assert_eq!(seen.unread.len(), 41, "the group and its addresses");
        assert!(seen.objects.values().all(Option::is_some), "no object counts as deleted");
        let state = stack.lab.store.load().expect("a state").expect("a recorded state");
        assert_eq!(drplan::plan::vanished(&state, &seen), []);
        assert_eq!(changes(&stack.lab.plan(MANY, false).await.0), [""; 0]);
    });
}

/// Number of objects of an applied stack that lists return, and number of all objects. Fails if a list and a read
/// differ.
async fn shown(lab: &Lab, text: &str) -> (usize, usize) {
    let applied = lab.apply(text).await.expect("apply succeeds");
    failures(&applied, "apply").expect("every step succeeds");
    let recorded = applied.state.resources.values().flat_map(|recorded| &recorded.objects);
    let objects: BTreeMap<&ObjectId, &Object> = recorded.map(|object| (&object.id, object)).collect();
    let mut shown = 0;
    for (id, object) in &objects {
        let (path, _) = id.as_str().rsplit_once('/').expect("a name");
        let list = Collection::new(ObjectId::new(path), Arc::clone(&object.of.version));
        let Ok(list) = lab.cloud.collection(&list).await else { continue };
        let own = list.iter().find(|(own, _)| own == *id).map(|(_, seen)| seen);
        shown += usize::from(own.is_some());
        let read = lab.cloud.get(object).await.expect("the object is readable");
        assert!(own.is_none() || own == read.as_ref(), "{id}: {own:?} and {read:?}");
    }
    (shown, objects.len())
}

/// For every stack and example, a list returns the same body as a read, and nearly all objects are in a list.
#[test]
fn lists_return_the_same_as_reads() {
    let (mut listed, mut all) = (0, 0);
    let stacks = stacks().into_iter().map(|dir| lab(&dir));
    let examples = crate::kinds::examples().into_iter().map(|(_, _, text)| (Lab::new(7), text));
    for (lab, text) in stacks.chain(examples) {
        let (shown, of) = simulated(shown(&lab, &text));
        (listed, all) = (listed + shown, all + of);
    }
    assert!(listed * 10 > all * 9, "{listed} of {all} are listed");
}
