//! The port [`Cloud`] over the transports of the clusters.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::super::ids::{Named, WorkloadKind};
use super::connect::Kubernetes;
use super::error::CallError;
use super::sight;
use super::transport::Transport;
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::wire::refused;
use crate::world::{Cloud, CloudError, WriteCondition};

/// The query by which a read asks whether the account may scale a workload.
const MAY_SCALE: &str = "may-scale";

fn unknown(what: &str) -> CloudError {
    refused(Reason::Invalid, "NotSupported", format!("drplan {what}"))
}

/// A workload that does not exist where it is to be changed.
fn absent(id: &ObjectId) -> CloudError {
    let message = format!("`{id}` does not exist: install it, drplan only scales it");
    refused(Reason::Absent, "NotInstalled", message)
}

impl Kubernetes {
    fn named<'a>(&self, id: &'a ObjectId) -> Result<Named<'a>, CloudError> {
        Named::of(id).ok_or_else(|| refused(Reason::Invalid, "Id", format!("`{id}` is no workload")))
    }

    /// A workload and its cluster; `None` where the cluster or the workload does not exist.
    async fn read(&self, id: &ObjectId) -> Result<Option<Sight>, CloudError> {
        let named = self.named(id)?;
        let Some(transport) = self.realms.enter(named.cluster).await? else { return Ok(None) };
        match transport.get(&named.path(), &[]).await {
            Ok(body) => completed(&transport, &named, body).await.map(Some).map_err(CallError::of_read),
            Err(error) if error.is(Reason::Absent) => Ok(None),
            Err(error) => Err(error.of_read()),
        }
    }

    /// Sets the number of pods, and returns once the server has stored it.
    async fn scale(&self, id: &ObjectId, body: &Json) -> Result<Sight, CloudError> {
        let named = self.named(id)?;
        let replicas = body.pointer("/spec/replicas").and_then(Json::as_u64);
        let replicas = replicas.ok_or_else(|| unknown("changes the number of pods of a workload only"))?;
        let transport = self.realms.enter(named.cluster).await?.ok_or_else(|| absent(id))?;
        let path = format!("{}/scale", named.path());
        let scaled = transport.merge(&path, &json!({ "spec": { "replicas": replicas } }), false).await;
        match scaled {
            Ok(_) => self.read(id).await?.ok_or_else(|| absent(id)),
            Err(error) if error.is(Reason::Absent) => Err(absent(id)),
            Err(error) => Err(error.of_write()),
        }
    }

    /// The server's answer to the question whether this account may scale the workload.
    async fn may_scale(&self, id: &ObjectId) -> Result<Option<Json>, CloudError> {
        let named = self.named(id)?;
        let Some(transport) = self.realms.enter(named.cluster).await? else { return Ok(None) };
        let asked = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": {
                "namespace": named.namespace, "verb": "patch", "group": "apps", "resource": named.kind.plural(),
                "subresource": "scale", "name": named.name,
            } },
        });
        let path = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        transport.review(path, &asked).await.map(Some).map_err(CallError::of_read)
    }
}

/// A workload with its images, its selector, its autoscalers, and while it is on the move, its pods.
async fn completed(transport: &Arc<Transport>, named: &Named<'_>, mut body: Json) -> Result<Sight, CallError> {
    let selector = sight::selector(&body);
    body["images"] = Json::Array(sight::images(&body));
    body["selector"] = json!(selector);
    if body.get("kind").and_then(Json::as_str).and_then(WorkloadKind::named).is_none() {
        body["kind"] = json!(named.kind.name());
    }
    // A server leaves out a number of zero.
    if body.pointer("/spec/replicas").is_none() {
        body["spec"]["replicas"] = json!(0);
    }
    if sight::is_moving(&body) {
        body["pods"] = sight::pods(transport, named, &selector).await?;
    }
    let scalers = sight::autoscalers(transport, named).await?;
    if !scalers.is_empty() {
        body["autoscalers"] = Json::Array(scalers);
    }
    Ok(Sight::settled(body))
}

#[async_trait]
impl Cloud for Kubernetes {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        self.read(&object.id).await
    }

    /// Scales an existing workload. Somebody else creates it.
    async fn put(&self, object: &Object, body: &Json, _: WriteCondition<'_>) -> Result<Sight, CloudError> {
        self.scale(&object.id, body).await
    }

    /// Refuses: somebody else installs workloads, and removes them.
    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        match self.read(&object.id).await? {
            None => Ok(()),
            Some(_) => Err(unknown("never deletes a workload")),
        }
    }

    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        self.scale(&object.id, body).await
    }

    async fn post(&self, _: &Object, action: &str, _: &[(&str, &str)], _: Option<&Json>) -> Result<Json, CloudError> {
        Err(unknown(&format!("knows no action `{action}` of a workload")))
    }

    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        match query {
            [(MAY_SCALE, _)] => self.may_scale(&object.id).await,
            _ => Ok(self.read(&object.id).await?.map(|sight| sight.body)),
        }
    }

    /// Any answer shows that the API is alive.
    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        let named = self.named(&object.id)?;
        let Some(transport) = self.realms.enter(named.cluster).await? else { return Ok(()) };
        match transport.get("version", &[]).await {
            Err(error @ (CallError::NotSent(_) | CallError::Lost(_))) => Err(error.of_read()),
            Err(error) if error.is(Reason::Outage) => Err(error.of_read()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn metric(&self, _: &Object, _: &str) -> Result<Option<f64>, CloudError> {
        Ok(None)
    }

    async fn collection(&self, _: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        Err(unknown("reads workloads one by one"))
    }

    fn delayed_until(&self, id: &ObjectId) -> Option<Timestamp> {
        self.realms.entered(Named::of(id)?.cluster)?.delayed_until()
    }

    async fn list(&self, _: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        Ok(Vec::new())
    }
}
