//! The fixture of tests of clients: one with the simulated API of its provider, on simulated time.

use std::sync::{Arc, Mutex};

use serde_json::Value as Json;

use crate::host::SimClock;
use crate::object::{Object, ObjectId};
use crate::sight::Sight;
use crate::simulator::{Fault, HttpMethod, RequestMatch, START, Simulator};
use crate::wire::{ApiConfig, BearerToken, FixedToken, HttpBackend};
use crate::world::{Clock, Cloud, CloudError, CloudRefusal, Notice, Notices, WriteCondition};

/// The token of the client.
pub(in crate::providers) const SECRET: &str = "s3cr3t-token";

/// Records the notices.
#[derive(Default)]
struct NoticeRecorder(Mutex<Vec<Notice>>);

impl Notices for NoticeRecorder {
    fn notice(&self, notice: &Notice) {
        self.0.lock().unwrap().push(notice.clone());
    }
}

/// A client and the simulator that it talks to.
pub(in crate::providers) struct ClientLab<C> {
    pub(in crate::providers) cloud: C,
    pub(in crate::providers) simulator: Simulator,
    told: Arc<NoticeRecorder>,
}

impl<C: Cloud> ClientLab<C> {
    pub(in crate::providers) fn of(seed: u64, endpoint: &str, client: fn(ApiConfig) -> C) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new(START));
        let simulator = Simulator::new(crate::providers::dialects(), seed, Arc::clone(&clock));
        let told = Arc::new(NoticeRecorder::default());
        let cloud = client(ApiConfig {
            endpoint: endpoint.parse().unwrap(),
            wire: HttpBackend::InProcess(simulator.router()),
            credential: Arc::new(FixedToken(BearerToken::new(SECRET))),
            clock,
            notices: Arc::clone(&told) as Arc<dyn Notices>,
        });
        Self { cloud, simulator, told }
    }

    pub(in crate::providers) fn suffer(&self, fault: Fault) {
        self.simulator.add_fault(fault).unwrap();
    }

    /// The notices so far.
    pub(in crate::providers) fn told(&self) -> Vec<Notice> {
        self.told.0.lock().unwrap().clone()
    }

    pub(in crate::providers) async fn put(&self, id: &str, body: Json) -> Json {
        self.cloud.put(&object(id), &body, WriteCondition::Always).await.unwrap_or_else(|e| panic!("{id}: {e}")).body
    }

    pub(in crate::providers) async fn get(&self, id: &str) -> Option<Sight> {
        self.cloud.get(&object(id)).await.unwrap_or_else(|e| panic!("{id}: {e}"))
    }

    /// The contents of all objects of a type.
    pub(in crate::providers) fn all(&self, of: &str) -> Vec<Json> {
        let objects = self.simulator.show().objects;
        objects.into_iter().filter(|(id, _)| id.as_str().contains(of)).map(|(_, body)| body).collect()
    }
}

pub(in crate::providers) fn object(id: &str) -> Object {
    Object::whole(ObjectId::new(id), "4")
}

/// The next request to a provider with this method.
pub(in crate::providers) fn next(provider: &str, verb: HttpMethod) -> RequestMatch {
    RequestMatch { provider: Some(provider.to_owned()), verb: Some(verb), times: Some(1), ..RequestMatch::default() }
}

pub(in crate::providers) fn refusal(error: CloudError) -> CloudRefusal {
    match error {
        CloudError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}
