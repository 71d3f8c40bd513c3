//! Management locks, as Resource Manager lists them.

use serde_json::Value as Json;

use crate::kinds::looks::{ListRequest, Lock, Locks};
use crate::object::{Object, ObjectId};
use crate::providers::azure::ids::AzureId;

const TYPE: &str = "Microsoft.Authorization/locks";
const API: &str = "2020-05-01";

pub(super) static LOCKS: Locks = Locks { list, whole: None, is_list, read, removal: "az lock delete" };

fn list(scope: &ObjectId) -> ListRequest {
    // Without the filter, the list of a subscription has the locks of everything in it.
    let query = if scope.resource_group().is_none() { vec![("$filter", "atScope()".to_owned())] } else { Vec::new() };
    ListRequest { object: Object::whole(ObjectId::new(format!("{scope}/providers/{TYPE}")), API), query }
}

fn is_list(id: &ObjectId) -> bool {
    id.as_str().ends_with(TYPE)
}

fn read(id: &ObjectId, body: &Json) -> Option<Lock> {
    let level = body.pointer("/properties/level")?.as_str()?;
    let read_only = level.eq_ignore_ascii_case("ReadOnly");
    let level = if read_only { "ReadOnly" } else { "CanNotDelete" };
    Some(Lock { id: id.clone(), scope: id.scope()?, read_only, level })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lock_applies_to_the_object_that_it_extends() {
        let scope = ObjectId::new("/subscriptions/s/resourceGroups/g");
        let id = ObjectId::new(format!("{scope}/providers/{TYPE}/l"));
        let lock = read(&id, &json!({ "properties": { "level": "readonly" } })).unwrap();
        assert_eq!((lock.scope, lock.read_only, lock.level), (scope.clone(), true, "ReadOnly"));
        assert!(is_list(&list(&scope).object.id) && list(&scope).query.is_empty());
        assert_eq!(list(&ObjectId::new("/subscriptions/s")).query.len(), 1);
    }
}
