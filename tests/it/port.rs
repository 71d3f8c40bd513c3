//! The port of the cloud, behaviour by behaviour, over each transport that there is: in this process, TCP, and TLS with a token that was asked for.
//!
//! The client is drplan's own and the cloud the embedded one; what carries the requests is all that differs.

mod behaviours;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use drplan::address::ArmId;
use drplan::azure::{Azure, AzureConfig, FixedToken, Token, Wire};
use drplan::host::{SeededIds, SimClock};
use drplan::simulator::serve::{Authority, Service, Tokens, serve};
use drplan::simulator::{BASE, Fault, START, SUBSCRIPTION, Simulator, TENANT};
use drplan::world::{Clock, Cloud, Notice, Notices, When};
use futures::FutureExt as _;
use futures::future::join_all;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use crate::lab::simulated;
use behaviours::ALL;

/// How many seconds pass for both sides in one outside, where time is real. An answer may then take a second, which is long on a loopback.
const SPEED: u32 = 100;

/// A client, and the world that it reaches.
pub struct Port {
    pub cloud: Azure,
    pub simulator: Simulator,
    pub told: Arc<Told>,
}

/// What the client told meanwhile.
#[derive(Default)]
pub struct Told(Mutex<Vec<Notice>>);

impl Notices for Told {
    fn notice(&self, notice: &Notice) {
        self.0.lock().expect("nothing panics with it").push(notice.clone());
    }
}

impl Told {
    /// All of it so far.
    pub fn all(&self) -> Vec<Notice> {
        self.0.lock().expect("nothing panics with it").clone()
    }
}

impl Port {
    fn new(simulator: Simulator, clock: Arc<SimClock>, endpoint: &str, wire: Wire, token: String) -> Self {
        let told = Arc::new(Told::default());
        let cloud = Azure::new(AzureConfig {
            endpoint: endpoint.parse().expect("a URL"),
            wire,
            credential: Arc::new(FixedToken(Token::new(token))),
            clock,
            ids: Arc::new(SeededIds::new(1)),
            notices: Arc::clone(&told) as Arc<dyn Notices>,
        });
        Self { cloud, simulator, told }
    }

    /// Without sockets, on paused time.
    fn in_process() -> Self {
        let clock = Arc::new(SimClock::new(START));
        let simulator = Simulator::new(7, Arc::clone(&clock) as Arc<dyn Clock>);
        let wire = Wire::InProcess(simulator.router());
        Self::new(simulator, clock, BASE, wire, "any".to_owned())
    }

    /// Over a plain socket: the bare Resource Manager, which takes any token.
    async fn over_tcp() -> Self {
        let (clock, simulator, listener, port) = served().await;
        let base = format!("http://127.0.0.1:{port}");
        let simulator = simulator.based_at(&base);
        tokio::spawn(serve(listener, None, simulator.router(), std::future::pending()));
        let wire = Wire::Net(Wire::client().expect("a client"));
        Self::new(simulator, clock, &base, wire, "any".to_owned())
    }

    /// Behind TLS, with everything that is served beside Resource Manager; the client trusts its authority and nobody else.
    async fn over_tls(authority: &Authority) -> Self {
        let (clock, simulator, listener, port) = served().await;
        let base = format!("https://localhost:{port}");
        let tls = authority.acceptor(&["localhost".to_owned()]).expect("a certificate");
        let tokens = Tokens::new([3; 32], Arc::clone(&clock) as Arc<dyn Clock>);
        // Both sides count the same seconds, so that nothing is to be translated.
        let service = Service { simulator: simulator.clone(), tokens, base: base.clone(), speed: 1 };
        tokio::spawn(serve(listener, Some(tls), service.router(), std::future::pending()));
        let trusted = reqwest::Certificate::from_pem(authority.certificate.as_bytes()).expect("a certificate");
        let client = reqwest::Client::builder().tls_certs_only([trusted]).build().expect("a client");
        let token = token(&client, &base).await;
        Self::new(simulator, clock, &base, Wire::Net(client), token)
    }

    /// Adds a fault.
    pub fn suffer(&self, fault: Fault) {
        self.simulator.add_fault(fault).expect("the world is in memory");
    }

    /// Ends all faults.
    pub fn recover(&self) {
        self.simulator.clear_faults().expect("the world is in memory");
    }

    /// How often a verb was asked for.
    pub fn asked(&self, verb: &str) -> u64 {
        self.simulator.show().requests.get(verb).copied().unwrap_or(0)
    }

    /// Writes an object as its type's newest known version has it.
    pub async fn put(&self, id: &ArmId, body: &Json) -> Json {
        let made = self.cloud.put(id, api(id), body, When::Always).await;
        made.unwrap_or_else(|error| panic!("PUT {id}: {error}"))
    }

    /// A resource group in Canada Central.
    pub async fn group(&self) {
        self.put(&at(""), &json!({ "location": "canadacentral" })).await;
    }
}

async fn served() -> (Arc<SimClock>, Simulator, TcpListener, u16) {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let clock = Arc::new(SimClock::sped(START, SPEED));
    let simulator = Simulator::new(7, Arc::clone(&clock) as Arc<dyn Clock>);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    (clock, simulator, listener, port)
}

/// A token as Azure's clients ask for one.
pub async fn token(client: &reqwest::Client, base: &str) -> String {
    let form = "grant_type=client_credentials&client_id=tester&client_secret=any&scope=x%2F.default";
    let request = client.post(format!("{base}/{TENANT}/oauth2/v2.0/token"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.expect("an answer").bytes().await.expect("a body");
    let answer: Json = serde_json::from_slice(&answer).expect("JSON");
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// An id in the resource group `rg`, or its own.
pub fn at(path: &str) -> ArmId {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg");
    ArmId::new(if path.is_empty() { group } else { format!("{group}/providers/{path}") })
}

/// The API version of an object's type.
pub fn api(id: &ArmId) -> &'static str {
    let type_ = id.arm_type().expect("a type");
    let mut kinds = drplan::kinds::ALL.iter();
    kinds.find(|kind| kind.arm.type_.eq_ignore_ascii_case(&type_)).expect("a kind of this type").arm.api
}

/// Every behaviour over this transport, each in a world of its own, and those that are not as they should be.
async fn all<Opening: Future<Output = Port>>(open: impl Fn() -> Opening) {
    let failed = join_all(ALL.iter().map(|(name, behaves)| {
        let opening = open();
        let told = AssertUnwindSafe(async move { behaves(&opening.await).await }).catch_unwind();
        told.map(move |outcome| outcome.err().map(|_| *name))
    }));
    let failed: Vec<&str> = failed.await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "not as it should be (the reasons stand above): {failed:#?}");
}

fn in_real_time(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

#[test]
fn the_port_in_this_process() {
    simulated(all(|| async { Port::in_process() }));
}

#[test]
fn the_port_over_tcp() {
    in_real_time(all(Port::over_tcp));
}

#[test]
fn the_port_over_tls() {
    let authority = Authority::new().expect("an authority");
    in_real_time(all(|| Port::over_tls(&authority)));
}
