//! The port [`Cloud`] over the steps of writes.

use async_trait::async_trait;
use axum::http::Method;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::account::Question;
use super::control::Type;
use super::described::Described;
use super::endpoint::Service;
use super::error::CallError;
use super::found::Found;
use super::handle::Aws;
use super::names::{FIRST_GROUP, GLOBAL, Listed, Named, Of, PREFIX};
use super::transport::Call;
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::wire::refused;
use crate::world::{Cloud, CloudError, WriteCondition};

/// Seconds for which an address of an object is valid, where the caller names none.
const PRESIGNED: u32 = 3600;

/// A refusal of what AWS does not have.
fn unknown(what: &str) -> CloudError {
    refused(Reason::Invalid, "NotSupported", format!("AWS has no {what}"))
}

fn absent(id: &ObjectId) -> CloudError {
    refused(Reason::Absent, "Absent", format!("`{id}` does not exist"))
}

/// The region in an id.
fn region(id: &ObjectId) -> &str {
    let rest = id.as_str().strip_prefix(PREFIX).unwrap_or_default();
    rest.split('/').next().unwrap_or_default()
}

impl Aws {
    /// Starts or stops a machine and waits for it.
    async fn power(&self, named: &Named, action: &'static str) -> Result<Json, CloudError> {
        let id = named.of.id(&named.region, &named.name);
        let Some(found) = self.look(named).await? else { return Err(absent(&id)) };
        let sent = self.ec2(&named.region, action, &json!({ "InstanceId": [found.id] })).await;
        sent.map_err(CallError::of_write)?;
        match self.settled(named).await? {
            Some(found) => Ok(self.seen(named.of, &named.region, found).await?.body),
            None => Ok(Json::Null),
        }
    }

    /// The objects of a list by name.
    async fn listed(&self, list: &Listed) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        let Listed { of, region, within } = list;
        let own = self.region_of(region);
        let mut all: Vec<(ObjectId, Option<Found>)> = Vec::new();
        match (of, Described::of(*of)) {
            (_, Some(by)) => {
                for item in self.of_name(by, own, None).await? {
                    // Without a name there is no id above the port. Every network has a first group of one name.
                    let is_named = |name: &&str| !name.is_empty() && (*of != Of::SecurityGroup || *name != FIRST_GROUP);
                    let Some(name) = by.name_of(&item).filter(is_named) else { continue };
                    let id = of.id(region, name);
                    if *of != Of::Volume || !super::volumes::is_part(&item) {
                        all.push((id, self.found(by, own, item).await?));
                    }
                }
            }
            (Of::Object, None) => {
                for key in self.keys(own, within).await? {
                    let id =
                        ObjectId::new(format!("{PREFIX}{region}/buckets/{within}/objects/{}", key.replace('/', "%2F")));
                    let found = self.object(&Named::of(&id)?).await?;
                    all.push((id, found));
                }
            }
            (Of::Record, None) => {
                for body in self.records(within).await? {
                    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
                    let (type_, name) = (text("Type"), text("Name"));
                    // These come and go with the zone.
                    if ["NS", "SOA"].contains(&&*type_) && name == *within {
                        continue;
                    }
                    let id = format!("{PREFIX}{GLOBAL}/zones/{within}/records/{type_}/{name}");
                    all.push((ObjectId::new(id), Some(Found::new(&name, body))));
                }
            }
            (Of::Key, None) => {
                for alias in self.identifiers(own, super::control::ALIAS).await? {
                    let Some(name) = alias.strip_prefix("alias/").filter(|name| !name.starts_with("aws/")) else {
                        continue;
                    };
                    let id = of.id(region, name);
                    let found = self.look(&Named::of(&id)?).await?;
                    all.push((id, found));
                }
            }
            (of, None) => {
                let Some(type_) = Type::of(*of) else { return Err(unknown("such list")) };
                for name in self.identifiers(own, type_.name).await? {
                    all.push((of.id(region, &name), self.of_identifier(*of, own, &name).await?));
                }
            }
        }
        let mut seen = Vec::new();
        for (id, found) in all {
            if let Some(found) = found {
                seen.push((id, self.seen(*of, region, found).await?));
            }
        }
        Ok(seen)
    }
}

#[async_trait]
impl Cloud for Aws {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        let named = Named::of(&object.id)?;
        match self.look(&named).await? {
            Some(found) => self.seen(named.of, &named.region, found).await.map(Some),
            None => Ok(None),
        }
    }

    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        self.write(object, body, when).await
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        self.remove(object).await
    }

    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        let Some(mut seen) = self.get(object).await? else { return Err(absent(&object.id)) };
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
        _body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        let named = Named::of(&object.id)?;
        match (named.of, action) {
            (Of::Instance, "start") => self.power(&named, "StartInstances").await,
            (Of::Instance, "stop") => self.power(&named, "StopInstances").await,
            (Of::Object, "presign") => {
                let given = |name: &str| query.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
                let seconds = given("seconds").and_then(|text| text.parse().ok()).unwrap_or(PRESIGNED);
                let at = given("at").and_then(|text| text.parse().ok());
                let url = self.presigned_object(&named, given("method") == Some("PUT"), (seconds, at)).await;
                Ok(json!({ "url": url.map_err(CallError::of_read)? }))
            }
            _ => Err(unknown(&format!("action `{action}` of `{}`", object.id))),
        }
    }

    /// Bodies of machines always have their state, which is what failover runs expand.
    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        if let Some((question, region)) = Question::of(&object.id) {
            return self.asked(question, region, query).await.map(Some);
        }
        match query {
            [("$expand", "volume_status")] => self.checked_volume(object).await,
            [("$expand", "snapshots"), rest @ ..] => self.snapshots_of(object, rest).await.map(Some),
            [] | [("$expand", "status")] => Ok(self.get(object).await?.map(|sight| sight.body)),
            [(name, value), ..] => Err(unknown(&format!("read with `{name}={value}`"))),
        }
    }

    /// Every region has an API of its own for most services.
    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        let named = Named::of(&object.id).ok();
        let region = self.region_of(region(&object.id));
        let answer = match named.as_ref().map(|named| named.of) {
            Some(Of::Object) => {
                let path = named.map(|named| format!("/{}", crate::wire::sigv4::encoded(&named.within, false)));
                let call = Call {
                    service: Service::S3,
                    region,
                    operation: "HeadBucket",
                    method: Method::HEAD,
                    path: path.unwrap_or_default(),
                    query: Vec::new(),
                    headers: Vec::new(),
                    body: Bytes::new(),
                    repeats: true,
                };
                self.transport.send(&call).await.map(drop)
            }
            Some(Of::Record) => self.records_answer().await,
            Some(of) if of.is_global() => {
                self.transport.act(Service::Sts, region, "GetCallerIdentity", &json!({})).await.map(drop)
            }
            _ => self.ec2(region, "DescribeInstances", &json!({ "MaxResults": 5 })).await.map(drop),
        };
        match answer {
            Ok(()) => Ok(()),
            // Any answer will do, also a refusal of the keys.
            Err(CallError::Answered(error)) if error.status < 500 => Ok(()),
            Err(error) => Err(error.of_read()),
        }
    }

    /// drplan reads no metrics of AWS.
    async fn metric(&self, _object: &Object, _name: &str) -> Result<Option<f64>, CloudError> {
        Ok(None)
    }

    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        match Listed::read(list.path.as_str()) {
            Some(listed) => self.listed(&listed).await,
            None => Err(unknown(&format!("list `{}`", list.path))),
        }
    }

    fn clock_skew(&self) -> Option<SignedDuration> {
        self.transport.skew()
    }

    fn delayed_until(&self, id: &ObjectId) -> Option<Timestamp> {
        self.transport.delayed_until(self.region_of(region(id)))
    }

    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        Err(unknown(&format!("group `{group}` that collects objects")))
    }
}
