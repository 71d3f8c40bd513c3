//! Behaviours of the cloud port over each transport: in process, TCP, and TLS with a requested token.
//!
//! The client is drplan's and the cloud is the local simulator; only the transport differs.

mod behaviours;

use drplan::providers::azure::ids::AzureId;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use drplan::host::{SeededIds, SimClock};
use drplan::object::{Object, ObjectId};
use drplan::providers::azure::client::{Azure, AzureConfig, BearerToken, FixedToken, HttpBackend};
use drplan::providers::azure::simulated::{BASE, SUBSCRIPTION, TENANT};
use drplan::simulator::serve::{Authority, ServedWorld, serve};
use drplan::simulator::{Fault, START, Simulator};
use drplan::world::{Clock, Cloud, Notice, Notices, WriteCondition};
use futures::FutureExt as _;
use futures::future::join_all;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use crate::lab::simulated;
use behaviours::ALL;

/// Simulated seconds per real second on both sides, where time is real.
const SPEED: u32 = 15;

/// A client, and the simulator that it reaches.
pub struct Port {
    pub cloud: Azure,
    pub simulator: Simulator,
    pub told: Arc<NoticeLog>,
    /// True if time stands still while a request is under way, so that a busy machine makes no request longer.
    pub is_paused: bool,
}

/// Notices that the client reported.
#[derive(Default)]
pub struct NoticeLog(Mutex<Vec<Notice>>);

impl Notices for NoticeLog {
    fn notice(&self, notice: &Notice) {
        self.0.lock().expect("no panic while locked").push(notice.clone());
    }
}

impl NoticeLog {
    /// All notices so far.
    pub fn all(&self) -> Vec<Notice> {
        self.0.lock().expect("no panic while locked").clone()
    }
}

impl Port {
    fn new(simulator: Simulator, clock: Arc<SimClock>, endpoint: &str, wire: HttpBackend, token: String) -> Self {
        let told = Arc::new(NoticeLog::default());
        let cloud = Azure::new(AzureConfig {
            endpoint: endpoint.parse().expect("a URL"),
            wire,
            credential: Arc::new(FixedToken(BearerToken::new(token))),
            clock,
            ids: Arc::new(SeededIds::new(1)),
            notices: Arc::clone(&told) as Arc<dyn Notices>,
        });
        Self { cloud, simulator, told, is_paused: false }
    }

    /// Without sockets, on paused time.
    fn in_process() -> Self {
        let clock = Arc::new(SimClock::new(START));
        let simulator = Simulator::new(drplan::providers::dialects(), 7, Arc::clone(&clock) as Arc<dyn Clock>);
        let wire = HttpBackend::InProcess(simulator.router());
        Self { is_paused: true, ..Self::new(simulator, clock, BASE, wire, "any".to_owned()) }
    }

    /// Over a plain socket: Resource Manager alone, which accepts any token.
    async fn over_tcp() -> Self {
        let (clock, simulator, listener, port) = served().await;
        let base = format!("http://127.0.0.1:{port}");
        let simulator = simulator.based_at(&base);
        tokio::spawn(serve(
            listener,
            None,
            (simulator.router(), drplan::providers::dialects()),
            std::future::pending(),
        ));
        let wire = HttpBackend::Net(HttpBackend::client().expect("a client"));
        Self::new(simulator, clock, &base, wire, "any".to_owned())
    }

    /// Behind TLS, with all services next to Resource Manager; the client trusts only its certificate authority.
    async fn over_tls(authority: &Authority) -> Self {
        let (clock, simulator, listener, port) = served().await;
        let base = format!("https://localhost:{port}");
        let tls = authority.acceptor(&["localhost".to_owned()], START).expect("a certificate");
        // Both sides count the same seconds, so that no conversion is needed.
        let served = ServedWorld {
            simulator: simulator.clone(),
            base: base.clone(),
            speed: 1,
            key: [3; 32],
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        tokio::spawn(serve(
            listener,
            Some(tls),
            (served.router(), drplan::providers::dialects()),
            std::future::pending(),
        ));
        let trusted = reqwest::Certificate::from_pem(authority.certificate.as_bytes()).expect("a certificate");
        let client = reqwest::Client::builder().tls_certs_only([trusted]).build().expect("a client");
        let token = token(&client, &base).await;
        Self::new(simulator, clock, &base, HttpBackend::Net(client), token)
    }

    /// Adds a fault.
    pub fn suffer(&self, fault: Fault) {
        self.simulator.add_fault(fault).expect("the simulator is in memory");
    }

    /// Clears all faults.
    pub fn recover(&self) {
        self.simulator.clear_faults().expect("the simulator is in memory");
    }

    /// Number of requests with a verb.
    pub fn asked(&self, verb: &str) -> u64 {
        self.simulator.show().requests.get(verb).copied().unwrap_or(0)
    }

    /// Writes an object with the newest known API version of its type.
    pub async fn put(&self, id: &ObjectId, body: &Json) -> Json {
        let made = self.cloud.put(&object(id), body, WriteCondition::Always).await;
        made.unwrap_or_else(|error| panic!("PUT {id}: {error}")).body
    }

    /// A resource group in Canada Central.
    pub async fn group(&self) {
        self.put(&at(""), &json!({ "location": "canadacentral" })).await;
    }
}

async fn served() -> (Arc<SimClock>, Simulator, TcpListener, u16) {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let clock = Arc::new(SimClock::sped(START, SPEED));
    let simulator = Simulator::new(drplan::providers::dialects(), 7, Arc::clone(&clock) as Arc<dyn Clock>);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    (clock, simulator, listener, port)
}

/// A token requested as Azure's clients do.
pub async fn token(client: &reqwest::Client, base: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id=tester&client_secret=any&scope={base}/.default");
    let request = client.post(format!("{base}/{TENANT}/oauth2/v2.0/token"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.expect("an answer").bytes().await.expect("a body");
    let answer: Json = serde_json::from_slice(&answer).expect("JSON");
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// Id in the resource group `rg`, or of the group itself.
pub fn at(path: &str) -> ObjectId {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg");
    ObjectId::new(if path.is_empty() { group } else { format!("{group}/providers/{path}") })
}

/// The object with an id, of the type that its kind writes.
pub fn object(id: &ObjectId) -> Object {
    let type_ = id.arm_type().expect("a type");
    let mut kinds = drplan::providers::azure::TABLES.kinds.iter();
    let kind = kinds.find(|kind| kind.type_.name.eq_ignore_ascii_case(&type_)).expect("a kind of this type");
    kind.type_.object(id.clone())
}

/// Runs every behaviour over this transport, each with a new simulator, and fails with the names of those that fail.
async fn all<Opening: Future<Output = Port>>(open: impl Fn() -> Opening) {
    let failed = join_all(ALL.iter().map(|(name, behaves)| {
        let opening = open();
        let told = AssertUnwindSafe(async move { behaves(&opening.await).await }).catch_unwind();
        told.map(move |outcome| outcome.err().map(|_| *name))
    }));
    let failed: Vec<&str> = failed.await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "failed behaviours (reasons above): {failed:#?}");
}

fn in_real_time(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

#[test]
fn port_behaviours_hold_in_process() {
    simulated(all(|| async { Port::in_process() }));
}

#[test]
fn port_behaviours_hold_over_tcp() {
    in_real_time(all(Port::over_tcp));
}

#[test]
fn port_behaviours_hold_over_tls() {
    let authority = Authority::new(START).expect("an authority");
    in_real_time(all(|| Port::over_tls(&authority)));
}
