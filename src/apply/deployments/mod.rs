//! The engine that hands writes to Azure as template deployments: what is written at about the same time goes in one request for each resource group, so that
//! thousands of resources do not hang on one machine's budget of calls.
//!
//! It stands between a run and the cloud, as a cloud: a run that uses it is walked, journalled and resumed like any other. What a plan has found absent is
//! not looked at again one by one; a what-if before each deployment says so of all at once. What must not go by a template goes directly.

mod batch;
mod foreseen;
mod operations;
mod template;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, FutureExt as _, join_all, select};
use serde_json::Value as Json;

use super::observe;
use crate::address::ArmId;
use crate::kinds::Object;
use crate::world::{Clock, Cloud, CloudError, Ids, Refused, When, is_unregistered};
use batch::Batch;
use foreseen::Foreseen;
use operations::Ends;

/// The most steps that are under way at a time: those of five whole deployments.
pub(super) const WIDTH: usize = 4_000;
/// How long is waited for what else is to be written.
const WINDOW: Duration = Duration::from_secs(1);
/// The time between two looks at what a deployment has done.
const LOOK: Duration = Duration::from_secs(5);

/// A write that waits for its deployment.
struct Write {
    id: ArmId,
    api: String,
    body: Json,
    /// Whether it is taken to make what does not stand, because the plan saw nothing.
    unseen: bool,
    answer: oneshot::Sender<Result<Json, CloudError>>,
}

/// A cloud that is written to by template deployments.
pub struct Deployments<'a>(Arc<Inner<'a>>);

struct Inner<'a> {
    cloud: &'a dyn Cloud,
    clock: &'a dyn Clock,
    ids: &'a dyn Ids,
    /// What the plan found absent and nobody has looked at since.
    absent: Mutex<HashSet<ArmId>>,
    /// What was said to be absent without a look, and was not written yet.
    unseen: Mutex<HashSet<ArmId>>,
    batch: Batch<'a, Write>,
}

impl<'a> Deployments<'a> {
    /// Around a cloud. `absent` are the objects that the plan makes and has seen not to stand.
    pub fn new(
        cloud: &'a dyn Cloud,
        clock: &'a dyn Clock,
        ids: &'a dyn Ids,
        absent: impl IntoIterator<Item = ArmId>,
    ) -> Self {
        let absent = absent.into_iter().filter(|id| scope_of(id).is_some()).collect();
        Self(Arc::new(Inner {
            cloud,
            clock,
            ids,
            absent: Mutex::new(absent),
            unseen: Mutex::default(),
            batch: Batch::default(),
        }))
    }
}

/// The resource group to which an object can be deployed; `None` where it goes directly: groups themselves, and what is in no group.
fn scope_of(id: &ArmId) -> Option<ArmId> {
    let group = id.group()?;
    let is_resource = id.folded().get(group.as_str().len()..)?.starts_with("/providers/");
    is_resource.then_some(group)
}

impl<'a> Inner<'a> {
    /// Writes what has come together.
    async fn write_all(self: Arc<Self>) {
        self.clock.sleep(WINDOW).await;
        let mut groups: Vec<(ArmId, Vec<Write>)> = Vec::new();
        for write in self.batch.take() {
            let Some(scope) = scope_of(&write.id) else { continue };
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

    /// Writes all of these, unless the cloud will not have them as one; then each half by itself, so that what is wrong with one is said of that one alone.
    fn deploy<'b>(self: &'b Arc<Self>, scope: ArmId, mut writes: Vec<Write>) -> BoxFuture<'b, ()>
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

    /// What is left where the cloud refuses the template as a whole, and so has done nothing of it.
    async fn deploy_together(&self, scope: &ArmId, writes: Vec<Write>) -> Option<Vec<Write>> {
        let id = scope.child("providers/Microsoft.Resources/deployments", &format!("drplan-{}", self.ids.fresh()));
        let all = template::request(scope, &writes, true);
        let foreseen = match self.cloud.post(&id, template::API, "whatIf", &[], Some(&all)).await {
            Ok(answer) => Foreseen::read(&answer),
            Err(CloudError::Refused(refused)) if is_about_it(&refused) => {
                tracing::info!(%id, %refused, writes = writes.len(), "a what-if is refused as a whole");
                return Some(writes);
            }
            Err(error) => {
                // A what-if changes nothing, whatever became of it.
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
            if write.unseen && foreseen.stands(&write.id) {
                let why = stands(&write.id);
                write.end(Err(why));
            } else {
                wanted.push(write);
            }
        }
        if wanted.is_empty() {
            return None;
        }
        tracing::info!(%id, resources = wanted.len(), "a template is deployed");
        self.carry_out(&id, scope, wanted).await
    }

    /// Deploys, and answers each write as soon as it is seen to be done.
    async fn carry_out(&self, id: &ArmId, scope: &ArmId, writes: Vec<Write>) -> Option<Vec<Write>> {
        let body = template::request(scope, &writes, false);
        let mut left = writes;
        let mut deploying = self.cloud.put(id, template::API, &body, When::Always);
        let ended = loop {
            match select(deploying, self.clock.sleep(LOOK)).await {
                Either::Left((ended, _)) => break ended,
                Either::Right(((), still)) => deploying = still,
            }
            // What cannot be looked at now is told when the deployment has ended.
            if let Ok(ends) = self.ends(id).await {
                left = self.release(left, &ends).await;
            }
        };
        match ended {
            Ok(_) => {
                let all = Ends::done(left.iter().map(|write| write.id.clone()));
                self.release(left, &all).await;
            }
            Err(error) => {
                let ends = self.ends(id).await.unwrap_or_default();
                if let CloudError::Refused(refused) = &error
                    && ends.is_empty()
                    && is_about_it(refused)
                {
                    tracing::info!(%id, %refused, "a deployment is refused as a whole");
                    return Some(left);
                }
                for write in self.release(left, &ends).await {
                    write.end(Err(match &error {
                        CloudError::Refused(refused) => CloudError::OutcomeUnknown(format!(
                            "the deployment {} ended without telling of it: {refused}",
                            id.name()
                        )),
                        error => error.clone(),
                    }));
                }
            }
        }
        None
    }

    /// What the operations of a deployment say has ended.
    async fn ends(&self, id: &ArmId) -> Result<Ends, CloudError> {
        let path = ArmId::new(format!("{id}/operations"));
        Ok(Ends::read(&self.cloud.collection(&path, template::API).await?))
    }

    /// Answers the writes that have ended, and returns the others.
    async fn release(&self, writes: Vec<Write>, ends: &Ends) -> Vec<Write> {
        let (mut done, mut others) = (Vec::new(), Vec::new());
        for write in writes {
            match ends.of(&write.id) {
                None => others.push(write),
                Some(Ok(())) => done.push(write),
                // What is in its way passes, or can be mended: a client does that, and a deployment does not.
                Some(Err(refused)) if refused.is_busy() || is_unregistered(&refused.code) => {
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

    /// Answers writes that are done with what stands now: many are listed, few are read.
    async fn read(&self, writes: Vec<Write>) {
        let object = |write: &Write| Object { id: write.id.clone(), api: write.api.clone(), within: None };
        let objects: Vec<Object> = writes.iter().map(object).collect();
        let seen = observe::read_or_list(self.cloud, objects.iter().collect()).await;
        for write in writes {
            let unread = |why: &dyn std::fmt::Display| {
                CloudError::OutcomeUnknown(format!("{} was deployed, and cannot be read: {why}", write.id))
            };
            let answer = match &seen {
                Ok(seen) => match seen.objects.get(&write.id) {
                    Some(Some(body)) => Ok(body.clone()),
                    Some(None) => Err(unread(&"nothing is found")),
                    None => Err(unread(&seen.unread.get(&write.id).map_or("", String::as_str))),
                },
                Err(error) => Err(unread(error)),
            };
            write.end(answer);
        }
    }

    /// Writes one by itself. Nothing has looked at it, so that it is looked at now.
    async fn write_directly(&self, write: Write) {
        let standing = if write.unseen { self.cloud.get(&write.id, &write.api).await } else { Ok(None) };
        let answer = match standing {
            Ok(None) => self.cloud.put(&write.id, &write.api, &write.body, When::Always).await,
            Ok(Some(_)) => Err(stands(&write.id)),
            Err(error) => Err(error),
        };
        write.end(answer);
    }
}

impl Write {
    fn end(self, answer: Result<Json, CloudError>) {
        // Whoever asked is gone only when the run is.
        let _ = self.answer.send(answer);
    }
}

/// Whether a refusal is about what was asked for, rather than about when or by whom.
fn is_about_it(refused: &Refused) -> bool {
    (400..500).contains(&refused.status) && !matches!(refused.status, 401 | 403 | 408 | 429) && !refused.is_busy()
}

/// The refusal of a write that was to make what turns out to stand: whoever asked looks again.
fn stands(id: &ArmId) -> CloudError {
    CloudError::Refused(Refused {
        status: 412,
        code: "PreconditionFailed".to_owned(),
        message: format!("a what-if shows that {id} stands already"),
        correlation: None,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Cloud for Deployments<'_> {
    /// What the plan saw not to stand is taken not to, once: the what-if before it is written says more than a look.
    async fn get(&self, id: &ArmId, api: &str) -> Result<Option<Json>, CloudError> {
        if lock(&self.0.absent).remove(id) {
            lock(&self.0.unseen).insert(id.clone());
            return Ok(None);
        }
        lock(&self.0.unseen).remove(id);
        self.0.cloud.get(id, api).await
    }

    async fn put(&self, id: &ArmId, api: &str, body: &Json, when: When<'_>) -> Result<Json, CloudError> {
        if when != When::Always || scope_of(id).is_none() {
            return self.0.cloud.put(id, api, body, when).await;
        }
        let (answer, answered) = oneshot::channel();
        let unseen = lock(&self.0.unseen).remove(id);
        let write = Write { id: id.clone(), api: api.to_owned(), body: body.clone(), unseen, answer };
        let inner = Arc::clone(&self.0);
        let work = self.0.batch.add(write, move || inner.write_all().boxed());
        let answer = match select(answered, work).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), answered)) => answered.await,
        };
        answer.unwrap_or_else(|_| Err(CloudError::OutcomeUnknown(format!("the deployment of {id} was given up"))))
    }

    async fn delete(&self, id: &ArmId, api: &str) -> Result<(), CloudError> {
        self.0.cloud.delete(id, api).await
    }

    async fn patch(&self, id: &ArmId, api: &str, body: &Json) -> Result<Json, CloudError> {
        self.0.cloud.patch(id, api, body).await
    }

    async fn post(
        &self,
        id: &ArmId,
        api: &str,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        self.0.cloud.post(id, api, action, query, body).await
    }

    async fn get_with(&self, id: &ArmId, api: &str, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        self.0.cloud.get_with(id, api, query).await
    }

    async fn metric(&self, id: &ArmId, name: &str) -> Result<Option<f64>, CloudError> {
        self.0.cloud.metric(id, name).await
    }

    async fn collection(&self, path: &ArmId, api: &str) -> Result<Vec<Json>, CloudError> {
        self.0.cloud.collection(path, api).await
    }

    async fn list(&self, group: &ArmId) -> Result<Vec<ArmId>, CloudError> {
        self.0.cloud.list(group).await
    }
}
