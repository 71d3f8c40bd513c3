//! Looking at what stands.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;
use serde_json::Value as Json;

use super::{LONGEST_LAG, LOOK};
use crate::address::ArmId;
use crate::kinds::Object;
use crate::plan::{Observed, unseen};
use crate::state::State;
use crate::world::{Clock, Cloud, CloudError};

/// How many objects are read at a time.
pub(super) const WIDTH: usize = 32;
/// So many objects of one type below one scope are read one by one; more are listed.
const SINGLY: usize = 10;

/// Reads these objects. What cannot be read because its region does not answer is left out and told of: an outage of one site must not stop the work at
/// another, and what was not seen is taken as recorded, never as gone.
///
/// Right after a run, reads may be behind what it wrote. What it recorded and is not seen then is looked for again until it cannot be that any more:
/// believed to be gone, it would be forgotten and go on standing.
///
/// # Errors
/// Any other refusal: without the right to read, nothing is known.
pub async fn observe(
    cloud: &dyn Cloud,
    clock: &dyn Clock,
    objects: &[Object],
    state: Option<&State>,
) -> Result<Observed, CloudError> {
    let mut observed = read(cloud, objects).await?;
    let Some((state, until)) = state.and_then(|state| Some((state, state.last_step? + LONGEST_LAG))) else {
        return Ok(observed);
    };
    while clock.now() < until {
        let behind = unseen(state, &observed);
        if behind.is_empty() {
            break;
        }
        tracing::info!(objects = behind.len(), "what was written just now is not seen yet");
        clock.sleep(LOOK).await;
        let again = read(cloud, &behind).await?;
        observed.objects.retain(|id, _| !again.unread.contains_key(id));
        observed.objects.extend(again.objects);
        observed.unread.extend(again.unread);
    }
    Ok(observed)
}

/// Reads these objects one by one, but for those that a list shows.
async fn read(cloud: &dyn Cloud, objects: &[Object]) -> Result<Observed, CloudError> {
    let listed = list(cloud, objects).await;
    let mut found: BTreeMap<ArmId, Option<Json>> = BTreeMap::new();
    let mut unread = BTreeMap::new();
    // What a list does not show may be missing in it: whether it is gone, only a read of it tells.
    let mut others = Vec::new();
    for object in objects {
        match listed.get(&object.id) {
            Some(body) => drop(found.insert(object.id.clone(), Some(body.clone()))),
            None => others.push(object),
        }
    }
    let mut read = stream::iter(others)
        .map(|object| async move { (&object.id, cloud.get(&object.id, &object.api).await) })
        .buffer_unordered(WIDTH);
    while let Some((id, body)) = read.next().await {
        match body {
            Ok(body) => {
                found.insert(id.clone(), body);
            }
            Err(error) if is_outage(&error) => {
                unread.insert(id.clone(), error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Observed { objects: found, unread, ..Observed::default() })
}

/// The bodies of objects whose type is wanted often below one scope, from lists: a page of these costs as much as one object. A list that is not to be had
/// leaves its objects to be read one by one, which then tells why.
async fn list(cloud: &dyn Cloud, objects: &[Object]) -> BTreeMap<ArmId, Json> {
    let mut collections: BTreeMap<(ArmId, &str), Vec<&ArmId>> = BTreeMap::new();
    for object in objects {
        if let Some(path) = collection(&object.id) {
            collections.entry((path, &object.api)).or_default().push(&object.id);
        }
    }
    collections.retain(|_, wanted| wanted.len() > SINGLY);
    let mut lists = stream::iter(collections.into_keys())
        .map(|(path, api)| async move { (cloud.collection(&path, api).await, path) })
        .buffer_unordered(WIDTH);
    let mut bodies = BTreeMap::new();
    while let Some((list, path)) = lists.next().await {
        match list {
            Ok(list) => bodies.extend(list.into_iter().filter_map(|body| {
                let id = ArmId::new(body.get("id")?.as_str()?);
                Some((id, body))
            })),
            Err(error) => tracing::debug!(%path, %error, "a list is not to be had; its objects are read one by one"),
        }
    }
    bodies
}

/// Where objects like this one are listed: its id without its name. What extends another object, as a lock does, is listed with that of all scopes around
/// it, and so is read by itself.
fn collection(id: &ArmId) -> Option<ArmId> {
    let extends = id.as_str().to_ascii_lowercase().matches("/providers/").count() > 1;
    let (path, _) = id.as_str().rsplit_once('/').filter(|_| !extends)?;
    Some(ArmId::new(path))
}

pub(super) fn is_outage(error: &CloudError) -> bool {
    match error {
        CloudError::Unreachable(_) | CloudError::OutcomeUnknown(_) => true,
        CloudError::Refused(refused) => refused.status >= 500,
    }
}
