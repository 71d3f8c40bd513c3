//! Deleting a resource: its objects in reverse order, its parts out of the objects that contain them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::write::{TRIES, contended};
use super::{LONGEST_LAG, LOOK, StepError, Worker};
use crate::address::Address;
use crate::kinds::path;
use crate::object::{Object, Within};
use crate::plan::kind_of;
use crate::state::Recorded;

impl Worker<'_> {
    pub(super) async fn remove(&self, address: &Address, recorded: &Recorded) -> Result<(), StepError> {
        let kind = kind_of(self.stack.catalog(), address, recorded);
        let collects = kind.is_some_and(|kind| kind.place.collects());
        // Its replacement may have some of its objects: those stay.
        let heir = address.heir().and_then(|heir| self.stack.resources.get(&heir));
        let kept = |object: &Object| heir.is_some_and(|heir| heir.objects.iter().any(|other| other.id == object.id));
        for object in recorded.objects.iter().rev() {
            match &object.within {
                None if kept(object) => {}
                None => {
                    if collects {
                        self.nothing_else_in(object).await?;
                    }
                    let was_there = self.settled(object).await?.is_some();
                    self.ports.cloud.delete(object).await?;
                    if let (false, Some(begun)) = (was_there, recorded.under_way) {
                        let create = kind.map_or(0, |kind| kind.durations.create);
                        self.outlast(object, begun + SignedDuration::from_secs(2 * i64::from(create)) + LONGEST_LAG)
                            .await?;
                    }
                }
                Some(Within::Paths(paths)) if paths.is_empty() => {}
                Some(within) => self.take_out(object, within).await?,
            }
        }
        self.knowledge().attributes.remove(address);
        self.end_restore(address).await
    }

    /// Deletes an object that an earlier run began to create, should it appear only now. By the deadline it would
    /// have appeared.
    async fn outlast(&self, object: &Object, deadline: Timestamp) -> Result<(), StepError> {
        while self.ports.clock.now() < deadline {
            self.ports.clock.sleep(LOOK).await;
            if self.settled(object).await?.is_some() {
                return Ok(self.ports.cloud.delete(object).await?);
            }
        }
        Ok(())
    }

    /// The deletion of a root includes everything that it collects, so it must not contain objects that drplan did not
    /// create.
    async fn nothing_else_in(&self, object: &Object) -> Result<(), StepError> {
        let inside = self.ports.cloud.list(&object.id).await?;
        if inside.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = inside.iter().take(10).map(ToString::to_string).collect();
        Err(StepError::Failed(format!(
            "it contains {} that drplan did not create and would delete: {}. Move or delete them, then run the command again",
            if inside.len() == 1 { "1 object".to_owned() } else { format!("{} objects", inside.len()) },
            names.join(", ")
        )))
    }

    async fn take_out(&self, object: &Object, within: &Within) -> Result<(), StepError> {
        for attempt in 0..TRIES {
            self.before_try(attempt).await;
            let Some(current) = self.settled(object).await? else { return Ok(()) };
            let Some(body) = without(&current.body, within) else { return Ok(()) };
            if self.put_unchanged(object, &body, current.version.as_ref()).await?.is_some() {
                return Ok(());
            }
        }
        Err(contended(object))
    }
}

/// The object without the part; `None` where the part does not exist.
fn without(current: &Json, within: &Within) -> Option<Json> {
    let mut body = current.clone();
    match within {
        Within::Paths(paths) => paths.iter().for_each(|at| path::remove(&mut body, at)),
        Within::Element { list, key, name } => {
            let items = path::get(current, list)?.as_array()?.clone();
            let same = |item: &Json| path::text(item, key).is_some_and(|n| path::same_name(n, name));
            let kept: Vec<Json> = items.into_iter().filter(|item| !same(item)).collect();
            path::remove(&mut body, list);
            path::put(&mut body, list, Json::Array(kept));
        }
    }
    (body != *current).then_some(body)
}
