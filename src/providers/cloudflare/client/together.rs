//! Several records in one request: users never see a part of a switch.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::changes::result;
use super::error::CallError;
use super::look::Found;
use super::memory::Cloudflare;
use super::names::{Listed, Named};
use super::sight::has;
use crate::object::Object;
use crate::sight::Sight;
use crate::world::{CloudError, WriteCondition};

/// One write of several.
struct PlannedWrite<'a> {
    object: &'a Object,
    named: Named<'a>,
    body: &'a Json,
    when: WriteCondition<'a>,
}

/// A write and what exists before it.
struct ReadWrite<'w, 'a> {
    write: &'w PlannedWrite<'a>,
    found: Option<Found>,
    request: Json,
}

impl Cloudflare {
    /// Writes records with one request for each zone, after all of them have been read: if one is not what the caller
    /// read, none is written. `None` where there is another object among them, for which the API has no such request.
    pub(super) async fn together(
        &self,
        writes: &[(Object, Json, WriteCondition<'_>)],
    ) -> Result<Option<Vec<Sight>>, CloudError> {
        let mut planned = Vec::new();
        for (object, body, when) in writes {
            planned.push(PlannedWrite { object, named: Named::of(&object.id)?, body, when: *when });
        }
        if planned.iter().any(|write| !matches!(write.named, Named::Record { .. })) {
            return Ok(None);
        }
        let (mut unclear, mut lost) = (self.backoff(), None::<String>);
        loop {
            let all = self.read_all(&planned, lost.is_some()).await.map_err(|error| match &lost {
                Some(lost) => CloudError::OutcomeUnknown(format!("{lost}; reading the current state failed: {error}")),
                None => error,
            })?;
            let Err(error) = self.send_batches(&all).await else {
                return self.sights(&planned).await.map(Some);
            };
            if !error.is_unclear() {
                return Err(error.of_write());
            }
            lost = Some(error.to_string());
            if !self.wait(&mut unclear).await {
                return Err(error.of_write());
            }
        }
    }

    /// Reads all records, and leaves out those that an earlier request has written.
    async fn read_all<'w, 'a>(
        &self,
        planned: &'w [PlannedWrite<'a>],
        again: bool,
    ) -> Result<Vec<ReadWrite<'w, 'a>>, CloudError> {
        let mut all = Vec::new();
        for write in planned {
            let found = self.look(&write.named).await?;
            let (_, _, request) = self.request(&write.named, None, write.body).await?;
            if again && found.as_ref().is_some_and(|found| has(&found.body, &request)) {
                continue;
            }
            let listed = Listed::with(&write.named);
            self.unchanged(&write.object.id, listed, found.as_ref(), write.when).await?;
            all.push(ReadWrite { write, found, request });
        }
        Ok(all)
    }

    async fn send_batches(&self, all: &[ReadWrite<'_, '_>]) -> Result<(), CallError> {
        let mut batches: BTreeMap<String, (Vec<Json>, Vec<Json>)> = BTreeMap::new();
        for ReadWrite { write, found, request } in all {
            // The zone was read before, so that this needs no request.
            let path = self.path(Listed::with(&write.named)).await;
            let path = path.map_err(|error| CallError::NotSent(error.to_string()))?;
            let (puts, posts) = batches.entry(path).or_default();
            match found {
                Some(found) => {
                    let mut request = request.clone();
                    if let Json::Object(map) = &mut request {
                        map.insert("id".to_owned(), Json::from(found.id.as_str()));
                    }
                    puts.push(request);
                }
                None => posts.push(request.clone()),
            }
        }
        for (path, (puts, posts)) in batches {
            let body = json!({ "puts": puts, "posts": posts });
            let sent = self.transport.call(Method::POST, &format!("{path}/batch"), &[], Some(&body)).await?;
            result(&sent).map_err(|error| CallError::Lost(error.to_string()))?;
        }
        Ok(())
    }

    /// The records after the writes.
    async fn sights(&self, planned: &[PlannedWrite<'_>]) -> Result<Vec<Sight>, CloudError> {
        let mut seen = Vec::new();
        for write in planned {
            let gone = || CloudError::OutcomeUnknown(format!("`{}` does not exist after the write", write.object.id));
            let read = self.read(write.object).await;
            let read = read.map_err(|error| CloudError::OutcomeUnknown(format!("reading after the write: {error}")))?;
            seen.push(read.ok_or_else(gone)?);
        }
        Ok(seen)
    }
}
