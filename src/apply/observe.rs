//! Looking at what stands.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;

use super::{LONGEST_LAG, LOOK};
use crate::kinds::Object;
use crate::plan::{Observed, unseen};
use crate::state::State;
use crate::world::{Clock, Cloud, CloudError};

/// How many objects are read at a time.
pub(super) const WIDTH: usize = 32;

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

async fn read(cloud: &dyn Cloud, objects: &[Object]) -> Result<Observed, CloudError> {
    let mut read = stream::iter(objects)
        .map(|object| async move { (&object.id, cloud.get(&object.id, &object.api).await) })
        .buffer_unordered(WIDTH);
    let (mut found, mut unread) = (BTreeMap::new(), BTreeMap::new());
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

pub(super) fn is_outage(error: &CloudError) -> bool {
    match error {
        CloudError::Unreachable(_) | CloudError::OutcomeUnknown(_) => true,
        CloudError::Refused(refused) => refused.status >= 500,
    }
}
