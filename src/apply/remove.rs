//! Taking a resource away: its objects in reverse order, its parts out of the objects they are in.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::write::{TRIES, contended, etag};
use super::{LONGEST_LAG, LOOK, Stopped, Worker};
use crate::address::Address;
use crate::kinds::{Object, Place, Within, path};
use crate::plan::kind_of;
use crate::state::Recorded;

impl Worker<'_> {
    pub(super) async fn remove(&self, address: &Address, recorded: &Recorded) -> Result<(), Stopped> {
        let kind = kind_of(address, recorded);
        let is_group = kind.is_some_and(|kind| kind.place == Place::Subscription);
        // What has taken its place may have some of its objects: those stay.
        let heir = address.heir().and_then(|heir| self.stack.resources.get(&heir));
        let kept = |object: &Object| heir.is_some_and(|heir| heir.objects.iter().any(|other| other.id == object.id));
        for object in recorded.objects.iter().rev() {
            match &object.within {
                None if kept(object) => {}
                None => {
                    if is_group {
                        self.nothing_else_in(object).await?;
                    }
                    let was_there = self.settled(object).await?.is_some();
                    self.ports.cloud.delete(&object.id, &object.api).await?;
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
        Ok(())
    }

    /// Deletes what an earlier run began to make, should it only now be seen. By the deadline it would have been.
    async fn outlast(&self, object: &Object, deadline: Timestamp) -> Result<(), Stopped> {
        while self.ports.clock.now() < deadline {
            self.ports.clock.sleep(LOOK).await;
            if self.settled(object).await?.is_some() {
                return Ok(self.ports.cloud.delete(&object.id, &object.api).await?);
            }
        }
        Ok(())
    }

    /// A resource group takes everything in it along, so what drplan did not make must not be in it.
    async fn nothing_else_in(&self, object: &Object) -> Result<(), Stopped> {
        let inside = self.ports.cloud.list(&object.id).await?;
        if inside.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = inside.iter().take(10).map(ToString::to_string).collect();
        Err(Stopped::Failed(format!(
            "it holds {} that drplan did not make, and which would be deleted with it: {}. Move them elsewhere or delete them, then go on",
            if inside.len() == 1 { "something".to_owned() } else { format!("{} things", inside.len()) },
            names.join(", ")
        )))
    }

    async fn take_out(&self, object: &Object, within: &Within) -> Result<(), Stopped> {
        for attempt in 0..TRIES {
            self.before_try(attempt).await;
            let Some(current) = self.settled(object).await? else { return Ok(()) };
            let Some(body) = without(&current, within) else { return Ok(()) };
            if self.put_unchanged(object, &body, etag(&current).as_deref()).await?.is_some() {
                return Ok(());
            }
        }
        Err(contended(object))
    }
}

/// What stands without the part; `None` where it is not there.
fn without(current: &Json, within: &Within) -> Option<Json> {
    let mut body = current.clone();
    match within {
        Within::Paths(paths) => paths.iter().for_each(|at| path::remove(&mut body, at)),
        Within::Element { list, key, name } => {
            let items = path::get(current, list)?.as_array()?.clone();
            let same = |item: &Json| item.get(key).and_then(Json::as_str).is_some_and(|n| path::same_name(n, name));
            let kept: Vec<Json> = items.into_iter().filter(|item| !same(item)).collect();
            path::remove(&mut body, list);
            path::put(&mut body, list, Json::Array(kept));
        }
    }
    (body != *current).then_some(body)
}
