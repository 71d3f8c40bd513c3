//! Looking at what stands.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;

use crate::kinds::Object;
use crate::plan::Observed;
use crate::world::{Cloud, CloudError};

/// How many objects are read at a time.
const WIDTH: usize = 32;

/// Reads these objects.
///
/// # Errors
/// The first object that cannot be read: what a plan would be made from must be whole.
pub async fn observe(cloud: &dyn Cloud, objects: &[Object]) -> Result<Observed, CloudError> {
    let mut read = stream::iter(objects)
        .map(|object| async move { (&object.id, cloud.get(&object.id, &object.api).await) })
        .buffer_unordered(WIDTH);
    let mut found = BTreeMap::new();
    while let Some((id, body)) = read.next().await {
        found.insert(id.clone(), body?);
    }
    Ok(Observed { objects: found })
}
