//! The clouds of all providers as one: a request goes to the provider of its object.
//!
//! A provider is connected to at the first request, or before by [`Clouds::open`], so that nobody needs credentials of
//! a provider from which nothing is asked.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::sync::OnceCell;

use crate::kinds::{Catalog, Grammar, Tables, path};
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::world::{Cloud, CloudError, CloudRefusal, Entrances, SecretText, WriteCondition};

/// Connects to a provider, or says why that is impossible. A provider whose objects lie in those of others gets the way
/// into them.
pub type Connect = Box<dyn Fn(Weak<dyn Entrances>) -> BoxFuture<'static, Result<Arc<dyn Cloud>, String>> + Send + Sync>;

/// The clouds of the providers that a command knows.
pub struct Clouds(Arc<Connections>);

struct Connections {
    catalog: &'static Catalog,
    of: Vec<Connection>,
    /// Itself, for providers whose objects lie in those of others.
    own: Weak<Connections>,
}

struct Connection {
    provider: &'static Tables,
    connect: Connect,
    cloud: OnceCell<Arc<dyn Cloud>>,
}

impl Clouds {
    /// The clouds of these providers.
    pub fn new(catalog: &'static Catalog, of: impl IntoIterator<Item = (&'static Tables, Connect)>) -> Self {
        let connection = |(provider, connect)| Connection { provider, connect, cloud: OnceCell::new() };
        let of = of.into_iter().map(connection).collect();
        Self(Arc::new_cyclic(|own| Connections { catalog, of, own: Weak::clone(own) }))
    }

    /// Connects to a provider now. A provider without a client is left out.
    ///
    /// # Errors
    /// The reason why it is impossible: without credentials nothing could be read, and the state would be taken as the
    /// truth.
    pub async fn open(&self, provider: &Tables) -> Result<(), String> {
        match self.0.of.iter().find(|one| one.provider == provider) {
            Some(connection) => connection.open(&self.0.own).await.map(drop),
            None => Ok(()),
        }
    }

    async fn cloud(&self, id: &ObjectId) -> Result<&Arc<dyn Cloud>, CloudError> {
        self.0.cloud(id).await
    }

    /// The cloud of an id, if it was connected to.
    fn opened(&self, id: &ObjectId) -> Option<&Arc<dyn Cloud>> {
        self.0.connection(id).ok()?.cloud.get()
    }
}

impl Connections {
    fn connection(&self, id: &ObjectId) -> Result<&Connection, CloudError> {
        let provider = self.catalog.owner(id);
        provider.and_then(|provider| self.of.iter().find(|one| one.provider == provider)).ok_or_else(|| {
            let title = provider.map_or("the provider of this id", |provider| provider.title);
            CloudError::Unreachable(format!("drplan has no client for {title}"))
        })
    }

    async fn cloud(&self, id: &ObjectId) -> Result<&Arc<dyn Cloud>, CloudError> {
        let connection = self.connection(id)?;
        connection.open(&self.own).await.map_err(|message| {
            CloudError::Refused(CloudRefusal {
                reason: Reason::Unauthenticated,
                has_begun: false,
                answer: "no connection".to_owned(),
                code: format!("{} cannot be reached", connection.provider.title),
                message,
                correlation: None,
            })
        })
    }
}

impl Connection {
    async fn open(&self, clouds: &Weak<Connections>) -> Result<&Arc<dyn Cloud>, String> {
        let entrances = || -> Weak<dyn Entrances> { Weak::<Connections>::clone(clouds) };
        self.cloud.get_or_try_init(|| (self.connect)(entrances())).await
    }
}

/// Credentials are an attribute of an object, read by the cloud of that.
#[async_trait]
impl Entrances for Connections {
    async fn credentials(&self, of: &ObjectId) -> Result<Option<SecretText>, CloudError> {
        let type_ = self.catalog.type_of(of).unwrap_or_default();
        let found = self.catalog.of_type(&type_).find_map(|kind| Some((kind, kind.entrance?)));
        let Some((kind, entrance)) = found else {
            return Err(CloudError::Unreachable(format!("`{of}` serves no API that drplan knows")));
        };
        let object = kind.type_.object(of.clone());
        match self.cloud(of).await?.post(&object, entrance.action, &[], None).await {
            Ok(answer) => {
                let text = path::get(&answer, entrance.path).and_then(|text| text.as_str().map(SecretText::new));
                let none = || CloudError::Unreachable(format!("the answer to {} has no credentials", entrance.action));
                text.map(Some).ok_or_else(none)
            }
            Err(CloudError::Refused(refused)) if refused.reason == Reason::Absent => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn token(&self, of: &ObjectId, audience: &str) -> Result<SecretText, CloudError> {
        self.cloud(of).await?.token(audience).await
    }
}

#[async_trait]
impl Cloud for Clouds {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        self.cloud(&object.id).await?.get(object).await
    }

    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        self.cloud(&object.id).await?.put(object, body, when).await
    }

    /// The objects of one provider are written together; `writes` of several are written one provider after the other.
    async fn put_together(&self, writes: &[(Object, Json, WriteCondition<'_>)]) -> Result<Vec<Sight>, CloudError> {
        let provider = |(object, ..): &(Object, Json, WriteCondition<'_>)| self.0.catalog.owner(&object.id);
        let mut seen = Vec::with_capacity(writes.len());
        for part in writes.chunk_by(|one, next| provider(one) == provider(next)) {
            let [(object, ..), ..] = part else { continue };
            seen.extend(self.cloud(&object.id).await?.put_together(part).await?);
        }
        Ok(seen)
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        self.cloud(&object.id).await?.delete(object).await
    }

    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        self.cloud(&object.id).await?.patch(object, body).await
    }

    async fn post(
        &self,
        object: &Object,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        self.cloud(&object.id).await?.post(object, action, query, body).await
    }

    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        self.cloud(&object.id).await?.get_with(object, query).await
    }

    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        self.cloud(&object.id).await?.answers(object).await
    }

    async fn metric(&self, object: &Object, name: &str) -> Result<Option<f64>, CloudError> {
        self.cloud(&object.id).await?.metric(object, name).await
    }

    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        self.cloud(&list.path).await?.collection(list).await
    }

    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        self.cloud(group).await?.list(group).await
    }

    /// The largest offset of any provider's clock.
    fn clock_skew(&self) -> Option<SignedDuration> {
        let skews = self.0.of.iter().filter_map(|one| one.cloud.get()?.clock_skew());
        skews.max_by_key(|skew| skew.abs())
    }

    fn delayed_until(&self, id: &ObjectId) -> Option<Timestamp> {
        self.opened(id)?.delayed_until(id)
    }

    fn last_refusal(&self, id: &ObjectId) -> Option<String> {
        self.opened(id)?.last_refusal(id)
    }
}
