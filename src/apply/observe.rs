//! Reads of the cloud.

use crate::kinds::{Catalog, Grammar};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;

use super::{LONGEST_LAG, LOOK};
use crate::object::{Collection, Object, ObjectId};
use crate::plan::{Observed, unseen};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::state::State;
use crate::world::{Clock, Cloud, CloudError};

/// The number of objects read at a time.
pub(super) const WIDTH: usize = 32;
/// Up to this many objects of one type below one scope are read individually; more are listed.
const SINGLY: usize = 10;

/// Reads these objects. An object whose region does not answer is omitted and reported: an outage of one site must
/// not stop the work at another, and an object that was not read counts as recorded, never as deleted.
///
/// Right after a run, reads may lag behind its writes. Recorded objects that are missing then are read again until
/// that is ruled out: otherwise they would be forgotten while they still exist.
///
/// # Errors
/// Any other refusal: without the right to read, nothing is known.
pub async fn observe(
    catalog: &Catalog,
    cloud: &dyn Cloud,
    clock: &dyn Clock,
    objects: &[Object],
    state: Option<&State>,
) -> Result<Observed, CloudError> {
    let mut observed = read(catalog, cloud, objects, state).await?;
    let Some((state, until)) = state.and_then(|state| Some((state, state.last_step? + LONGEST_LAG))) else {
        return Ok(observed);
    };
    while clock.now() < until {
        let behind = unseen(state, &observed);
        if behind.is_empty() {
            break;
        }
        tracing::info!(objects = behind.len(), "recent writes are not visible yet");
        clock.sleep(LOOK).await;
        let again = read(catalog, cloud, &behind, Some(state)).await?;
        observed.objects.retain(|id, _| !again.unread.contains_key(id));
        observed.objects.extend(again.objects);
        observed.unread.extend(again.unread);
    }
    Ok(observed)
}

/// Reads these objects. Resource groups that are not recorded are read first, because a missing group contains
/// nothing. Recorded groups are read with the rest: where a region is lost, waiting for them would double the time of
/// every read.
async fn read(
    catalog: &Catalog,
    cloud: &dyn Cloud,
    objects: &[Object],
    state: Option<&State>,
) -> Result<Observed, CloudError> {
    let recorded = state.iter().flat_map(|state| state.resources.values()).flat_map(|recorded| &recorded.objects);
    let recorded: HashSet<&ObjectId> = recorded.map(|object| &object.id).collect();
    let (groups, others): (Vec<_>, Vec<_>) =
        objects.iter().partition(|object| catalog.scope(&object.id).is_none() && !recorded.contains(&object.id));
    let mut seen = read_or_list(catalog, cloud, groups).await?;
    let is_absent = |id: &ObjectId| matches!(seen.objects.get(id), Some(None));
    let (absent, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|object| catalog.group(&object.id).is_some_and(|group| is_absent(&group)));
    let Observed { objects, unread, .. } = read_or_list(catalog, cloud, others).await?;
    seen.objects.extend(objects);
    seen.unread.extend(unread);
    seen.objects.extend(absent.into_iter().map(|object| (object.id.clone(), None)));
    Ok(seen)
}

/// Reads these objects individually, except those that a list returns.
pub(crate) async fn read_or_list(
    catalog: &Catalog,
    cloud: &dyn Cloud,
    objects: Vec<&Object>,
) -> Result<Observed, CloudError> {
    let mut listed = list(catalog, cloud, &objects).await;
    let mut seen = Observed::default();
    // A list may omit an object: only a read shows whether it was deleted.
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

/// Objects from lists, where many of one type are wanted below one scope: a page costs as much as one
/// object. Where a list is unavailable, its objects are read individually, and those reads report the reason.
async fn list(catalog: &Catalog, cloud: &dyn Cloud, objects: &[&Object]) -> HashMap<ObjectId, Sight> {
    let mut wanted: HashMap<Collection, usize> = HashMap::new();
    let list_of =
        |object: &&Object| Some(Collection::new(catalog.collection(&object.id)?, Arc::clone(&object.of.version)));
    for list in objects.iter().filter_map(list_of) {
        *wanted.entry(list).or_default() += 1;
    }
    let mut collections: Vec<_> =
        wanted.into_iter().filter(|(_, wanted)| *wanted > SINGLY).map(|(list, _)| list).collect();
    collections.sort_unstable();
    let lists: Vec<_> = collections.into_iter().map(|list| list_one(cloud, list)).collect();
    let mut lists = stream::iter(lists).buffer_unordered(WIDTH);
    let mut seen = HashMap::new();
    while let Some((answer, Collection { path, .. })) = lists.next().await {
        match answer {
            Ok(list) => seen.extend(list),
            Err(error) => tracing::debug!(%path, %error, "a list is unavailable; its objects are read individually"),
        }
    }
    seen
}

async fn look<'a>(cloud: &dyn Cloud, object: &'a Object) -> (&'a ObjectId, Result<Option<Sight>, CloudError>) {
    (&object.id, cloud.get(&object.to_whole()).await)
}

async fn list_one(cloud: &dyn Cloud, list: Collection) -> (Result<Vec<(ObjectId, Sight)>, CloudError>, Collection) {
    (cloud.collection(&list).await, list)
}

pub(super) fn is_outage(error: &CloudError) -> bool {
    match error {
        CloudError::Unreachable(_) | CloudError::OutcomeUnknown(_) => true,
        CloudError::Refused(refused) => refused.reason == Reason::Outage,
    }
}
