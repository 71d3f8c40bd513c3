//! The port [`Cloud`] over the transport. This module decides what a lost answer means.

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::http::Method;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::changes::result;
use super::error::CallError;
use super::memory::Cloudflare;
use super::names::{Listed, Named};
use super::sight::has;
use super::token;
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::wire::refused;
use crate::world::{Cloud, CloudError, WriteCondition};

/// A refusal of what Cloudflare does not have.
fn unknown(what: &str) -> CloudError {
    refused(Reason::Invalid, "NotSupported", format!("Cloudflare has no {what}"))
}

#[async_trait]
impl Cloud for Cloudflare {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        self.read(object).await
    }

    /// Looks before each request, so that a repetition finds what an earlier one did.
    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        let (id, named) = (&object.id, Named::of(&object.id)?);
        let listed = Listed::with(&named);
        let (mut unclear, mut lost) = (self.backoff(), None::<String>);
        loop {
            let unknown = |lost: &Option<String>, error: CloudError| match lost {
                Some(lost) => CloudError::OutcomeUnknown(format!("{lost}; reading the current state failed: {error}")),
                None => error,
            };
            let found = self.look(&named).await.map_err(|error| unknown(&lost, error))?;
            let given = found.as_ref().map(|found| found.id.as_str());
            let (method, path, request) =
                self.request(&named, given, body).await.map_err(|error| unknown(&lost, error))?;
            match (&lost, &found) {
                (Some(_), Some(found)) if has(&found.body, &request) => {
                    return self.seen(id, listed, found.body.clone()).await;
                }
                (Some(lost), _) if self.unchanged(id, listed, found.as_ref(), when).await.is_err() => {
                    return Err(CloudError::OutcomeUnknown(lost.clone()));
                }
                _ => self.unchanged(id, listed, found.as_ref(), when).await?,
            }
            let error = match self.transport.call(method, &path, &[], Some(&request)).await {
                Ok(envelope) => return self.seen(id, listed, result(&envelope)?).await,
                Err(error) => error,
            };
            self.forget_given();
            // An object of this name appeared after the look: perhaps by an earlier request of this very write.
            let appeared = found.is_none() && error.is(Reason::Changed);
            if !error.is_unclear() && !appeared {
                return Err(error.of_write());
            }
            if error.is_unclear() {
                lost = Some(error.to_string());
            }
            if !self.wait(&mut unclear).await {
                return Err(lost.map_or_else(|| error.of_write(), CloudError::OutcomeUnknown));
            }
        }
    }

    async fn put_together(&self, writes: &[(Object, Json, WriteCondition<'_>)]) -> Result<Vec<Sight>, CloudError> {
        if let Some(seen) = self.together(writes).await? {
            return Ok(seen);
        }
        let mut seen = Vec::with_capacity(writes.len());
        for (object, body, when) in writes {
            seen.push(self.put(object, body, *when).await?);
        }
        Ok(seen)
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        let named = Named::of(&object.id)?;
        let mut unclear = self.backoff();
        loop {
            let Some(found) = self.look(&named).await? else { return Ok(()) };
            let path = format!("{}/{}", self.path(Listed::with(&named)).await?, found.id);
            let error = match self.transport.call(Method::DELETE, &path, &[], None).await {
                Ok(_) => None,
                Err(error) if error.is(Reason::Absent) => None,
                Err(error) => Some(error),
            };
            self.forget_given();
            match error {
                None => return Ok(()),
                // The look of the next round tells if it was deleted.
                Some(error) if error.is_unclear() && self.wait(&mut unclear).await => {}
                Some(error) => return Err(error.of_write()),
            }
        }
    }

    /// Sent once: a caller knows if a patch that was lost may be repeated.
    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        let named = Named::of(&object.id)?;
        let listed = Listed::with(&named);
        let Some(found) = self.look(&named).await? else {
            return Err(refused(Reason::Absent, "Absent", format!("`{}` does not exist", object.id)));
        };
        let path = format!("{}/{}", self.path(listed).await?, found.id);
        let body = self.outgoing(body).await?;
        let sent = self.transport.call(Method::PATCH, &path, &[], Some(&body)).await;
        self.seen(&object.id, listed, result(&sent.map_err(CallError::of_write)?)?).await
    }

    async fn post(
        &self,
        _object: &Object,
        action: &str,
        _query: &[(&str, &str)],
        _body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        Err(unknown(&format!("action `{action}`")))
    }

    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        if let Some(path) = token::check(&object.id) {
            let envelope = self.transport.call(Method::GET, path, &[], None).await.map_err(CallError::of_read)?;
            let now = self.transport.now();
            return Ok(envelope.get("result").cloned().map(|result| token::with_days_left(result, now)));
        }
        match query.first() {
            None => Ok(self.get(object).await?.map(|sight| sight.body)),
            Some((name, value)) => Err(unknown(&format!("read with `{name}={value}`"))),
        }
    }

    /// Any answer will do, also a refusal of the token.
    async fn answers(&self, _object: &Object) -> Result<(), CloudError> {
        match self.transport.call(Method::GET, "user/tokens/verify", &[], None).await {
            Ok(_) => Ok(()),
            Err(CallError::Answered(error)) if error.reason() != Reason::Outage => Ok(()),
            Err(error) => Err(error.of_read()),
        }
    }

    /// Cloudflare has no metrics that drplan reads.
    async fn metric(&self, _object: &Object, _name: &str) -> Result<Option<f64>, CloudError> {
        Ok(None)
    }

    /// Objects of one name that a stack cannot tell apart are left out.
    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        let listed = Listed::of(&list.path).ok_or_else(|| unknown(&format!("list `{}`", list.path)))?;
        let path = self.path(listed).await?;
        let mut all: BTreeMap<ObjectId, Vec<Json>> = BTreeMap::new();
        for body in self.pages(&path, &[]).await? {
            if let Some(id) = listed.id(&body) {
                all.entry(id).or_default().push(body);
            }
        }
        let mut seen = Vec::new();
        for (id, mut bodies) in all {
            if let (Some(body), true) = (bodies.pop(), bodies.is_empty()) {
                let sight = self.seen(&id, listed, body).await?;
                seen.push((id, sight));
            }
        }
        Ok(seen)
    }

    fn delayed_until(&self, _id: &ObjectId) -> Option<Timestamp> {
        self.transport.delayed_until()
    }

    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        Err(unknown(&format!("group `{group}` that collects objects")))
    }
}
