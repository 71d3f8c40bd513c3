//! The engine that hands writes to Azure as template deployments. Writes at about the same time share one request per
//! resource group, so that thousands of resources do not depend on one client's request budget.
//!
//! It wraps the cloud and has its interface: a run that uses it is executed, journaled and resumed like any other.
//! Objects that the plan found missing are not read again individually; one what-if before each deployment checks
//! them all. Writes that cannot use a template are sent directly.

mod batch;
mod operations;
mod planned_ids;
mod template;

use crate::providers::azure::ids::AzureId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, FutureExt as _, join_all, select};
use serde_json::Value as Json;

use crate::apply::{BulkEngine, EngineInput, read_or_list};
use crate::kinds::Catalog;
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::world::{Clock, Cloud, CloudError, CloudRefusal, Ids, WriteCondition};
use batch::Batch;
use operations::OperationOutcomes;
use planned_ids::PlannedIds;

/// The engine.
pub static ENGINE: BulkEngine = BulkEngine {
    name: "deployments",
    about: "Template deployments, each with every resource of a resource group that is ready: for stacks of thousands of \
            resources",
    // Five full deployments.
    width: 4_000,
    wrap: |input| Box::new(Deployments::new(input)),
};

/// The time during which further writes are collected.
const WINDOW: Duration = Duration::from_secs(1);
/// The time between two reads of a deployment's progress.
const LOOK: Duration = Duration::from_secs(5);

/// A write that waits for its deployment.
struct PendingWrite {
    object: Object,
    body: Json,
    /// True if it is assumed to create an object, because the plan found none.
    unseen: bool,
    answer: oneshot::Sender<Result<Sight, CloudError>>,
}

/// A cloud whose writes are template deployments.
struct Deployments<'a>(Arc<DeploymentsState<'a>>);

struct DeploymentsState<'a> {
    cloud: &'a dyn Cloud,
    clock: &'a dyn Clock,
    ids: &'a dyn Ids,
    catalog: &'static Catalog,
    /// Objects that the plan found missing and that were not read since.
    absent: Mutex<HashSet<ObjectId>>,
    /// Objects that were reported as missing without a read, and not written yet.
    unseen: Mutex<HashSet<ObjectId>>,
    batch: Batch<'a, PendingWrite>,
}

impl<'a> Deployments<'a> {
    fn new(EngineInput { cloud, clock, ids, catalog, absent }: EngineInput<'a>) -> Self {
        let absent = absent.into_iter().filter(|id| scope_of(id).is_some()).collect();
        Self(Arc::new(DeploymentsState {
            cloud,
            clock,
            ids,
            catalog,
            absent: Mutex::new(absent),
            unseen: Mutex::default(),
            batch: Batch::default(),
        }))
    }
}

/// The resource group to which an object can be deployed. `None` for direct writes: resource groups themselves, and
/// objects outside of them.
fn scope_of(id: &ObjectId) -> Option<ObjectId> {
    let group = id.group()?;
    let is_resource = id.folded().get(group.as_str().len()..)?.starts_with("/providers/");
    is_resource.then_some(group)
}

impl<'a> DeploymentsState<'a> {
    /// Writes the collected batch.
    async fn write_all(self: Arc<Self>) {
        self.clock.sleep(WINDOW).await;
        let mut groups: Vec<(ObjectId, Vec<PendingWrite>)> = Vec::new();
        for write in self.batch.take() {
            let Some(scope) = scope_of(&write.object.id) else { continue };
            match groups.iter_mut().find(|(other, _)| *other == scope) {
                Some((_, writes)) => writes.push(write),
                None => groups.push((scope, vec![write])),
            }
        }
        let parts = groups.into_iter().flat_map(|(scope, writes)| {
            template::portions(writes).into_iter().map(move |writes| (scope.clone(), writes))
        });
        join_all(parts.map(|(scope, writes)| self.deploy(scope, writes))).await;
    }

    /// Writes all of these. Where the cloud refuses them together, writes each half separately, so that an error is
    /// reported for the object concerned only.
    fn deploy<'b>(self: &'b Arc<Self>, scope: ObjectId, mut writes: Vec<PendingWrite>) -> BoxFuture<'b, ()>
    where
        'a: 'b,
    {
        async move {
            let Some(left) = self.deploy_together(&scope, writes).await else { return };
            writes = left;
            if writes.len() > 1 {
                let other = writes.split_off(writes.len() / 2);
                self.deploy(scope.clone(), writes).await;
                self.deploy(scope, other).await;
            } else {
                for write in writes {
                    self.write_directly(write).await;
                }
            }
        }
        .boxed()
    }

    /// Returns the writes where the cloud refuses the template as a whole, and so has executed none of it.
    async fn deploy_together(&self, scope: &ObjectId, writes: Vec<PendingWrite>) -> Option<Vec<PendingWrite>> {
        let id = scope.child("providers/Microsoft.Resources/deployments", &format!("drplan-{}", self.ids.fresh()));
        let deployment = Object::whole(id.clone(), template::API);
        let all = template::request(self.catalog, scope, &writes, true);
        let foreseen = match self.cloud.post(&deployment, "whatIf", &[], Some(&all)).await {
            Ok(answer) => PlannedIds::read(&answer),
            Err(CloudError::Refused(refused)) if is_about_it(&refused) => {
                tracing::info!(%id, %refused, writes = writes.len(), "the what-if was refused as a whole");
                return Some(writes);
            }
            Err(error) => {
                // A what-if changes nothing, whatever its outcome.
                let error = match error {
                    CloudError::OutcomeUnknown(why) => CloudError::Unreachable(why),
                    error => error,
                };
                writes.into_iter().for_each(|write| write.end(Err(error.clone())));
                return None;
            }
        };
        let mut wanted = Vec::with_capacity(writes.len());
        for write in writes {
            if write.unseen && foreseen.stands(&write.object.id) {
                let why = stands(&write.object.id);
                write.end(Err(why));
            } else {
                wanted.push(write);
            }
        }
        if wanted.is_empty() {
            return None;
        }
        tracing::info!(%id, resources = wanted.len(), "deploying a template");
        self.carry_out(&deployment, scope, wanted).await
    }

    /// Deploys, and answers each write as soon as it is complete.
    async fn carry_out(
        &self,
        deployment: &Object,
        scope: &ObjectId,
        writes: Vec<PendingWrite>,
    ) -> Option<Vec<PendingWrite>> {
        let Object { id, .. } = deployment;
        let body = template::request(self.catalog, scope, &writes, false);
        let mut left = writes;
        let mut deploying = self.cloud.put(deployment, &body, WriteCondition::Always);
        let ended = loop {
            match select(deploying, self.clock.sleep(LOOK)).await {
                Either::Left((ended, _)) => break ended,
                Either::Right(((), still)) => deploying = still,
            }
            // Progress that cannot be read now is reported at the end of the deployment.
            if let Ok(ends) = self.ends(deployment).await {
                left = self.release(left, &ends).await;
            }
        };
        match ended {
            Ok(_) => {
                let all = OperationOutcomes::done(left.iter().map(|write| write.object.id.clone()));
                self.release(left, &all).await;
            }
            Err(error) => {
                let ends = self.ends(deployment).await.unwrap_or_default();
                if let CloudError::Refused(refused) = &error
                    && ends.is_empty()
                    && is_about_it(refused)
                {
                    tracing::info!(%id, %refused, "the deployment was refused as a whole");
                    return Some(left);
                }
                for write in self.release(left, &ends).await {
                    write.end(Err(match &error {
                        CloudError::Refused(refused) => CloudError::OutcomeUnknown(format!(
                            "the deployment {} ended without reporting it: {refused}",
                            id.name()
                        )),
                        error => error.clone(),
                    }));
                }
            }
        }
        None
    }

    /// The completed operations of a deployment.
    async fn ends(&self, deployment: &Object) -> Result<OperationOutcomes, CloudError> {
        let path = ObjectId::new(format!("{}/operations", deployment.id));
        let list = Collection::new(path, template::API);
        Ok(OperationOutcomes::read(self.cloud.collection(&list).await?.iter().map(|(_, seen)| &seen.body)))
    }

    /// Answers the completed writes, and returns the others.
    async fn release(&self, writes: Vec<PendingWrite>, ends: &OperationOutcomes) -> Vec<PendingWrite> {
        let (mut done, mut others) = (Vec::new(), Vec::new());
        for write in writes {
            match ends.of(&write.object.id) {
                None => others.push(write),
                Some(Ok(())) => done.push(write),
                // Temporary obstacles, and those that can be removed: the client handles them, and a deployment does
                // not.
                Some(Err(refused)) if matches!(refused.reason, Reason::Busy | Reason::Unregistered) => {
                    self.write_directly(write).await;
                }
                Some(Err(refused)) => write.end(Err(CloudError::Refused(refused.clone()))),
            }
        }
        if !done.is_empty() {
            self.read(done).await;
        }
        others
    }

    /// Answers completed writes with the current bodies: many are listed, few are read.
    async fn read(&self, writes: Vec<PendingWrite>) {
        let objects: Vec<Object> = writes.iter().map(|write| write.object.clone()).collect();
        let seen = read_or_list(self.catalog, self.cloud, objects.iter().collect()).await;
        for write in writes {
            let unread = |why: &dyn std::fmt::Display| {
                CloudError::OutcomeUnknown(format!("{} was deployed and cannot be read: {why}", write.object.id))
            };
            let answer = match &seen {
                Ok(seen) => match seen.objects.get(&write.object.id) {
                    Some(Some(seen)) => Ok(seen.clone()),
                    Some(None) => Err(unread(&"not found")),
                    None => Err(unread(&seen.unread.get(&write.object.id).map_or("", String::as_str))),
                },
                Err(error) => Err(unread(error)),
            };
            write.end(answer);
        }
    }

    /// Writes one object directly. It was not read before, so it is read now.
    async fn write_directly(&self, write: PendingWrite) {
        let standing = if write.unseen { self.cloud.get(&write.object).await } else { Ok(None) };
        let answer = match standing {
            Ok(None) => self.cloud.put(&write.object, &write.body, WriteCondition::Always).await,
            Ok(Some(_)) => Err(stands(&write.object.id)),
            Err(error) => Err(error),
        };
        write.end(answer);
    }
}

impl PendingWrite {
    fn end(self, answer: Result<Sight, CloudError>) {
        // The receiver is dropped only with the run.
        let _ = self.answer.send(answer);
    }
}

/// True if a refusal is about the content of the request, rather than its time or its sender.
fn is_about_it(refused: &CloudRefusal) -> bool {
    !refused.has_begun && refused.reason.is_about_the_request()
}

/// The refusal of a write that would create an object that exists: the caller reads it again.
fn stands(id: &ObjectId) -> CloudError {
    CloudError::Refused(CloudRefusal {
        reason: Reason::Changed,
        has_begun: false,
        answer: "HTTP 412".to_owned(),
        code: "PreconditionFailed".to_owned(),
        message: format!("a what-if shows that {id} exists already"),
        correlation: None,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Cloud for Deployments<'_> {
    /// An object that the plan found missing is reported as missing, once: the what-if before its write is more
    /// reliable than a read.
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        if lock(&self.0.absent).remove(&object.id) {
            lock(&self.0.unseen).insert(object.id.clone());
            return Ok(None);
        }
        lock(&self.0.unseen).remove(&object.id);
        self.0.cloud.get(object).await
    }

    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        if when != WriteCondition::Always || scope_of(&object.id).is_none() {
            return self.0.cloud.put(object, body, when).await;
        }
        let (answer, answered) = oneshot::channel();
        let unseen = lock(&self.0.unseen).remove(&object.id);
        let write = PendingWrite { object: object.clone(), body: body.clone(), unseen, answer };
        let inner = Arc::clone(&self.0);
        let work = self.0.batch.add(write, move || inner.write_all().boxed());
        let answer = match select(answered, work).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), answered)) => answered.await,
        };
        answer.unwrap_or_else(|_| {
            Err(CloudError::OutcomeUnknown(format!("the deployment of {} was abandoned", object.id)))
        })
    }

    /// Directly: a deployment is no single request.
    async fn put_together(&self, writes: &[(Object, Json, WriteCondition<'_>)]) -> Result<Vec<Sight>, CloudError> {
        self.0.cloud.put_together(writes).await
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        self.0.cloud.delete(object).await
    }

    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        self.0.cloud.patch(object, body).await
    }

    async fn post(
        &self,
        object: &Object,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        self.0.cloud.post(object, action, query, body).await
    }

    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        self.0.cloud.get_with(object, query).await
    }

    fn clock_skew(&self) -> Option<jiff::SignedDuration> {
        self.0.cloud.clock_skew()
    }

    fn delayed_until(&self, id: &ObjectId) -> Option<jiff::Timestamp> {
        self.0.cloud.delayed_until(id)
    }

    fn last_refusal(&self, id: &ObjectId) -> Option<String> {
        self.0.cloud.last_refusal(id)
    }

    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        self.0.cloud.answers(object).await
    }

    async fn metric(&self, object: &Object, name: &str) -> Result<Option<f64>, CloudError> {
        self.0.cloud.metric(object, name).await
    }

    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        self.0.cloud.collection(list).await
    }

    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        self.0.cloud.list(group).await
    }
}
