//! Looking at what stands.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;

use crate::kinds::Object;
use crate::plan::Observed;
use crate::world::{Cloud, CloudError};

/// How many objects are read at a time.
pub(super) const WIDTH: usize = 32;

/// Reads these objects. What cannot be read because its region does not answer is left out and told of: an outage of one site must not stop the work at
/// another, and what was not seen is taken as recorded, never as gone.
///
/// # Errors
/// Any other refusal: without the right to read, nothing is known.
pub async fn observe(cloud: &dyn Cloud, objects: &[Object]) -> Result<Observed, CloudError> {
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
