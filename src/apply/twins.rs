//! Changes of a source that its replica's object at the target must follow.

use serde_json::Value as Json;

use super::{StepError, Worker};
use crate::kinds::path;
use crate::plan::twin_changes;
use crate::stack::Resource;

impl Worker<'_> {
    /// Changes the counterparts of a resource whose main object changes; `first` for those that change before it.
    /// The cloud refuses a source that outgrows its replica.
    pub(super) async fn change_twins(
        &self,
        resource: &Resource,
        old: &Json,
        new: &Json,
        first: bool,
    ) -> Result<(), StepError> {
        for change in twin_changes(self.stack, resource, old, new).into_iter().filter(|change| change.first == first) {
            let Some(current) = self.ports.cloud.get(&change.target).await? else { continue };
            let mut wanted = current.body.clone();
            path::merge(&mut wanted, &Json::Null, &change.body);
            if wanted != current.body {
                self.ports.cloud.patch(&change.target, &change.body).await?;
            }
        }
        Ok(())
    }
}
