//! Looking at what stands.

use std::collections::{BTreeMap, BTreeSet};

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
    let mut observed = read(cloud, objects, state).await?;
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
        let again = read(cloud, &behind, Some(state)).await?;
        observed.objects.retain(|id, _| !again.unread.contains_key(id));
        observed.objects.extend(again.objects);
        observed.unread.extend(again.unread);
    }
    Ok(observed)
}

/// Reads these objects. Resource groups that are not recorded come first, for nothing is in one that is not there; those that are recorded do not hold up the
/// others, for where a region is lost that would double the time of every look.
async fn read(cloud: &dyn Cloud, objects: &[Object], state: Option<&State>) -> Result<Observed, CloudError> {
    let recorded = state.iter().flat_map(|state| state.resources.values()).flat_map(|recorded| &recorded.objects);
    let recorded: BTreeSet<&ArmId> = recorded.map(|object| &object.id).collect();
    let (groups, others): (Vec<_>, Vec<_>) =
        objects.iter().partition(|object| object.id.scope().is_none() && !recorded.contains(&object.id));
    let mut seen = read_or_list(cloud, groups).await?;
    let is_absent = |id: &ArmId| matches!(seen.objects.get(id), Some(None));
    let (absent, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|object| object.id.group().is_some_and(|group| is_absent(&group)));
    let Observed { objects, unread, .. } = read_or_list(cloud, others).await?;
    seen.objects.extend(objects);
    seen.unread.extend(unread);
    seen.objects.extend(absent.into_iter().map(|object| (object.id.clone(), None)));
    Ok(seen)
}

/// Reads these objects one by one, but for those that a list shows.
pub(super) async fn read_or_list(cloud: &dyn Cloud, objects: Vec<&Object>) -> Result<Observed, CloudError> {
    let mut listed = list(cloud, &objects).await;
    let mut seen = Observed::default();
    // What a list does not show may be missing in it: whether it is gone, only a read of it tells.
    let mut looks = Vec::new();
    for object in objects {
        match listed.remove(&object.id) {
            Some(body) => drop(seen.objects.insert(object.id.clone(), Some(body))),
            None => looks.push(look(cloud, object)),
        }
    }
    let mut looks = stream::iter(looks).buffer_unordered(WIDTH);
    while let Some((id, body)) = looks.next().await {
        match body {
            Ok(body) => drop(seen.objects.insert(id.clone(), body)),
            Err(error) if is_outage(&error) => drop(seen.unread.insert(id.clone(), error.to_string())),
            Err(error) => return Err(error),
        }
    }
    Ok(seen)
}

/// The bodies of objects whose type is wanted often below one scope, from lists: a page of these costs as much as one object. A list that is not to be had
/// leaves its objects to be read one by one, which then tells why.
async fn list(cloud: &dyn Cloud, objects: &[&Object]) -> BTreeMap<ArmId, Json> {
    let mut collections: BTreeMap<(ArmId, &str), Vec<&ArmId>> = BTreeMap::new();
    for object in objects {
        if let Some(path) = collection(&object.id) {
            collections.entry((path, &object.api)).or_default().push(&object.id);
        }
    }
    collections.retain(|_, wanted| wanted.len() > SINGLY);
    let lists: Vec<_> = collections.into_keys().map(|(path, api)| list_one(cloud, path, api)).collect();
    let mut lists = stream::iter(lists).buffer_unordered(WIDTH);
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

async fn look<'a>(cloud: &dyn Cloud, object: &'a Object) -> (&'a ArmId, Result<Option<Json>, CloudError>) {
    (&object.id, cloud.get(&object.id, &object.api).await)
}

async fn list_one(cloud: &dyn Cloud, path: ArmId, api: &str) -> (Result<Vec<Json>, CloudError>, ArmId) {
    (cloud.collection(&path, api).await, path)
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
