//! An object as it is now, and as it was when the caller read it.

use serde_json::Value as Json;

use super::look::Found;
use super::memory::Cloudflare;
use super::names::{Listed, Named};
use super::sight::{sight, version};
use crate::object::{Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::wire::{Backoff, RetryPolicy, refused};
use crate::world::{CloudError, WriteCondition};

/// For a write whose answer was lost.
const UNCLEAR: RetryPolicy = RetryPolicy::new(1, 30, 8, 180);

impl Cloudflare {
    /// An object; `None` where it does not exist.
    pub(super) async fn read(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        let named = Named::of(&object.id)?;
        match self.look(&named).await? {
            Some(found) => self.seen(&object.id, Listed::with(&named), found.body).await.map(Some),
            None => Ok(None),
        }
    }

    /// The object with this body, as the port returns it.
    pub(super) async fn seen(&self, id: &ObjectId, listed: Listed<'_>, body: Json) -> Result<Sight, CloudError> {
        let seen = sight(self.incoming(listed, body).await?);
        self.keep_seen(id, &seen);
        Ok(seen)
    }

    /// Refuses a write if the object is not what the caller read.
    pub(super) async fn unchanged(
        &self,
        id: &ObjectId,
        listed: Listed<'_>,
        found: Option<&Found>,
        when: WriteCondition<'_>,
    ) -> Result<(), CloudError> {
        let WriteCondition::Unchanged(wanted) = when else { return Ok(()) };
        let changed = |message: String| Err(refused(Reason::Changed, "Changed", message));
        let Some(found) = found else { return changed(format!("`{id}` no longer exists")) };
        let now = self.incoming(listed, found.body.clone()).await?;
        if version(&now) == *wanted {
            return Ok(());
        }
        let before = self.last_seen(id).filter(|before| version(before) == *wanted);
        changed(format!("`{id}` was changed since it was read{}", differences(before.as_ref(), &now)))
    }

    /// Waits before an unclear write is read again. False where no retries are left.
    pub(super) async fn wait(&self, unclear: &mut Backoff) -> bool {
        let Some(wait) = unclear.next(self.transport.now(), None) else { return false };
        self.transport.sleep(wait).await;
        true
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff::new(UNCLEAR, self.transport.now())
    }
}

/// The properties in which two bodies differ, with both values.
fn differences(before: Option<&Json>, now: &Json) -> String {
    let Some(before) = before.and_then(Json::as_object) else {
        return now.get("content").map(|content| format!(": its `content` is {content} now")).unwrap_or_default();
    };
    let nothing = Json::Null;
    let names: Vec<&String> = before.keys().chain(now.as_object().into_iter().flat_map(|map| map.keys())).collect();
    let mut texts: Vec<String> = Vec::new();
    for name in names.into_iter().filter(|name| !name.ends_with("modified_on")) {
        let (old, new) = (before.get(name).unwrap_or(&nothing), now.get(name).unwrap_or(&nothing));
        let text = format!("`{name}` was {old} and is {new}");
        if old != new && !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() { String::new() } else { format!(": {}", texts.join(", ")) }
}

/// The result of an answer to a write.
pub(super) fn result(envelope: &Json) -> Result<Json, CloudError> {
    let result = envelope.get("result").filter(|result| result.is_object()).cloned();
    result.ok_or_else(|| CloudError::OutcomeUnknown("the answer has no `result`".to_owned()))
}
