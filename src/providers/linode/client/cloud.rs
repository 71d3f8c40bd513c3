//! The port [`Cloud`] over the steps of writes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::body::above;
use super::error::CallError;
use super::handle::Linode;
use super::look::path;
use super::names::{Named, Of, PREFIX, record_id};
use super::objects::ObjectName;
use super::token;
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::wire::refused;
use crate::world::{Cloud, CloudError, WriteCondition};

/// The path of the locks of the account.
const LOCKS: &str = "locks";

/// A lock with ids above the port; `None` for one of an object that drplan does not manage.
fn lock(body: &Json) -> Option<Json> {
    let of = Of::of_entity(body.pointer("/entity/type")?.as_str()?)?;
    let id = format!("{PREFIX}{LOCKS}/{}", body.get("id")?.as_u64()?);
    let scope = of.id(body.pointer("/entity/label")?.as_str()?);
    Some(json!({ "id": id, "scope": scope.as_str(), "lock_type": body.get("lock_type")? }))
}

/// Types of records that lead users.
const LEADING: [&str; 3] = ["A", "AAAA", "CNAME"];

/// A refusal of what Linode does not have.
fn unknown(what: &str) -> CloudError {
    refused(Reason::Invalid, "NotSupported", format!("Linode has no {what}"))
}

impl Linode {
    /// The region of an object, or the region that an id names. `None` for an object without one.
    async fn region(&self, object: &Object) -> Result<Option<String>, CloudError> {
        let rest = object.id.as_str().strip_prefix(PREFIX).unwrap_or_default();
        if let Some(region) = rest.strip_prefix("regions/") {
            return Ok(Some(region.to_owned()));
        }
        let Ok(named) = Named::of(&object.id) else { return Ok(None) };
        let found = self.look(named).await?;
        Ok(found.and_then(|found| found.body.get("region")?.as_str().map(str::to_owned)))
    }
}

impl Linode {
    /// The records of all domains that lead users. Those of one type and name that a stack cannot tell apart are left
    /// out.
    async fn records(&self) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        let mut all: BTreeMap<ObjectId, Vec<Json>> = BTreeMap::new();
        for domain in self.transport.list(Of::Domain.path(), None).await? {
            let (path, name) = (path(Of::Domain, Of::Domain.path(), &domain), domain.get("domain"));
            let Some((path, name)) = path.zip(name.and_then(Json::as_str)) else { continue };
            for body in self.transport.list(&format!("{path}/{}", Of::Record.path()), None).await? {
                let leads = body.get("type").and_then(Json::as_str).is_some_and(|type_| LEADING.contains(&type_));
                if let Some(id) = record_id(name, &body).filter(|_| leads) {
                    all.entry(id).or_default().push(body);
                }
            }
        }
        let mut seen = Vec::new();
        for (id, mut bodies) in all {
            if let (Some(body), true) = (bodies.pop(), bodies.is_empty()) {
                seen.push((id, self.seen(Of::Record, body).await?));
            }
        }
        Ok(seen)
    }
}

#[async_trait]
impl Cloud for Linode {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        if let Some(name) = ObjectName::of(&object.id) {
            return self.object(&name).await;
        }
        let named = Named::of(&object.id)?;
        match self.look(named).await? {
            Some(found) => self.seen(named.of, found.body).await.map(Some),
            None => Ok(None),
        }
    }

    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        match ObjectName::of(&object.id) {
            Some(name) => self.put_object(&name, body, when).await,
            None => self.write(object, body, when).await,
        }
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        if let Some(name) = ObjectName::of(&object.id) {
            return self.delete_object(&name).await;
        }
        self.remove(object).await
    }

    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        let Some(mut seen) = self.get(object).await? else {
            return Err(refused(Reason::Absent, "Absent", format!("`{}` does not exist", object.id)));
        };
        for (name, value) in body.as_object().into_iter().flatten() {
            seen.body[name.as_str()] = value.clone();
        }
        self.write(object, &seen.body, WriteCondition::Always).await
    }

    /// Sent once: a caller knows if an action that was lost may be repeated.
    async fn post(
        &self,
        object: &Object,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        if let (Some(name), "presign") = (ObjectName::of(&object.id), action) {
            return self.presigned_object(&name, query).await;
        }
        let named = Named::of(&object.id)?;
        if named.of != Of::Instance || !["boot", "shutdown"].contains(&action) {
            return Err(unknown(&format!("action `{action}` of `{}`", object.id)));
        }
        let Some(found) = self.look(named).await? else {
            return Err(refused(Reason::Absent, "Absent", format!("`{}` does not exist", object.id)));
        };
        let before = self.newest_event().await?;
        let empty = json!({});
        let path = format!("{}/{action}", found.path);
        let sent = self.transport.call(Method::POST, &path, Some(body.unwrap_or(&empty))).await;
        sent.map_err(CallError::of_write)?;
        Ok(self.ended((named.of, &found.path), before, None).await?.map_or(Json::Null, |body| above(named.of, body)))
    }

    /// Bodies of machines always have their status, which is what failover runs expand.
    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        if let Some(path) = token::check(&object.id) {
            let answer = self.transport.get(path).await.map_err(CallError::of_read)?;
            return Ok(Some(token::with_days_left(answer, self.transport.now())));
        }
        if let Some(path) = token::availability(&object.id) {
            let plans = self.transport.get(path).await.map_err(CallError::of_read)?;
            return Ok(Some(json!({ "value": plans })));
        }
        if object.id.as_str().strip_prefix(PREFIX) == Some(LOCKS) {
            let locks = self.transport.list(LOCKS, None).await?;
            return Ok(Some(json!({ "value": locks.iter().filter_map(lock).collect::<Vec<_>>() })));
        }
        match query {
            [] | [("$expand", "status")] => Ok(self.get(object).await?.map(|sight| sight.body)),
            [(name, value), ..] => Err(unknown(&format!("read with `{name}={value}`"))),
        }
    }

    /// The API is one for all regions, and says of each if it has an outage.
    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        let region = match self.region(object).await {
            Ok(region) => region,
            // Any answer will do, also a refusal of the token.
            Err(CloudError::Refused(refusal)) if refusal.reason != Reason::Outage => return Ok(()),
            Err(error) => return Err(error),
        };
        let path = region.as_ref().map_or_else(|| "profile".to_owned(), |region| format!("regions/{region}"));
        match self.transport.get(&path).await {
            Ok(body) if body.get("status").and_then(Json::as_str) == Some("outage") => Err(CloudError::Unreachable(
                format!("Linode reports an outage of {}", region.as_deref().unwrap_or_default()),
            )),
            Ok(_) => Ok(()),
            Err(CallError::Answered(error)) if error.reason() != Reason::Outage => Ok(()),
            Err(error) => Err(error.of_read()),
        }
    }

    /// drplan reads no metrics of Linode.
    async fn metric(&self, _object: &Object, _name: &str) -> Result<Option<f64>, CloudError> {
        Ok(None)
    }

    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        let of = Of::listed(&list.path).ok_or_else(|| unknown(&format!("list `{}`", list.path)))?;
        if of == Of::Record {
            return self.records().await;
        }
        let mut seen = Vec::new();
        for body in self.transport.list(of.path(), None).await? {
            let Some(label) = body.get(of.label()).and_then(Json::as_str).map(str::to_owned) else { continue };
            if (Named { of, label: &label, record: None }).is(&body) {
                let found = self.found(of, of.path(), body).await?;
                seen.push((of.id(&label), self.seen(of, found.body).await?));
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
