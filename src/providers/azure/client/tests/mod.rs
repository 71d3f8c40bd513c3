//! The client with a scripted server, on simulated time.

mod hostile;
mod limits;
mod registration;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request as HttpRequest, Response as HttpResponse};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::*;
use crate::object::{Collection, Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Version;
use crate::world::{Clock, Cloud as _, CloudError, CloudRefusal, Ids, NoNotices, Notice, Notices, WriteCondition};

const ORIGIN: &str = "http://arm.test";
const SECRET: &str = "s3cr3t-token";
const API: &str = "2025-01-01";
const VNET: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
const GROUP: &str = "/subscriptions/sub/resourceGroups/rg";

struct TestClock(Instant);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

struct SequentialIds(AtomicU64);

impl Ids for SequentialIds {
    fn fresh(&self) -> String {
        format!("id-{}", self.0.fetch_add(1, Ordering::Relaxed))
    }
    fn key(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// The requests that the server received: method, path and body of each, and each `authorization`.
#[derive(Default)]
struct ReceivedRequests {
    requests: Vec<(String, Json)>,
    authorizations: Vec<String>,
}

impl ReceivedRequests {
    fn lines(&self) -> Vec<&str> {
        self.requests.iter().map(|(line, _)| line.as_str()).collect()
    }
}

/// An answer: status, headers, body (`null`: empty). The status 0 means a connection that breaks.
type Scripted = (u16, &'static [(&'static str, &'static str)], Json);

fn client(router: Router) -> Azure {
    client_with_notices(router, Arc::new(NoNotices))
}

fn client_with_notices(router: Router, notices: Arc<dyn Notices>) -> Azure {
    Azure::new(AzureConfig {
        endpoint: ORIGIN.parse().unwrap(),
        wire: HttpBackend::InProcess(router),
        credential: Arc::new(FixedToken(BearerToken::new(SECRET))),
        clock: Arc::new(TestClock(Instant::now())),
        ids: Arc::new(SequentialIds(AtomicU64::new(0))),
        notices,
    })
}

fn respond((status, headers, body): Scripted) -> HttpResponse<Body> {
    if status == 0 {
        let broken = futures::stream::once(async { Err::<bytes::Bytes, _>(std::io::Error::other("reset")) });
        return HttpResponse::new(Body::from_stream(broken));
    }
    let mut response = HttpResponse::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    response.body(body).unwrap()
}

/// A server that gives these answers in this order.
fn scripted(answers: Vec<Scripted>) -> (Azure, Arc<Mutex<ReceivedRequests>>) {
    let seen = Arc::new(Mutex::new(ReceivedRequests::default()));
    let router = recording(answers, &seen);
    (client(router), seen)
}

/// The same, with the notices of the client.
fn scripted_with_notices(answers: Vec<Scripted>) -> (Azure, Arc<Mutex<ReceivedRequests>>, Arc<NoticeLog>) {
    let (seen, told) = (Arc::new(Mutex::new(ReceivedRequests::default())), Arc::new(NoticeLog::default()));
    (client_with_notices(recording(answers, &seen), Arc::clone(&told) as Arc<dyn Notices>), seen, told)
}

fn recording(answers: Vec<Scripted>, seen: &Arc<Mutex<ReceivedRequests>>) -> Router {
    let script = Arc::new(Mutex::new(VecDeque::from(answers)));
    let record = Arc::clone(seen);
    Router::new().fallback(move |request: HttpRequest<Body>| {
        let (record, script) = (Arc::clone(&record), Arc::clone(&script));
        async move {
            let line = format!("{} {}", request.method(), request.uri().path());
            let authorization = request.headers()["authorization"].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            let mut record = record.lock().unwrap();
            record.requests.push((line, serde_json::from_slice(&body).unwrap_or_default()));
            record.authorizations.push(authorization);
            respond(script.lock().unwrap().pop_front().expect("the script has an answer left"))
        }
    })
}

/// The notices of the client.
#[derive(Default)]
struct NoticeLog(Mutex<Vec<Notice>>);

impl Notices for NoticeLog {
    fn notice(&self, notice: &Notice) {
        self.0.lock().unwrap().push(notice.clone());
    }
}

fn in_group(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/{name}")
}

fn vnet() -> Object {
    Object::whole(ObjectId::new(VNET), API)
}

fn group() -> Object {
    Object::whole(ObjectId::new(GROUP), API)
}

fn with_state(state: &str) -> Json {
    json!({"id": VNET, "zones": ["1", "2"], "properties": {"provisioningState": state}})
}

fn refused(error: CloudError) -> CloudRefusal {
    match error {
        CloudError::Refused(refused) => refused,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn expired_token_is_replaced_once() {
    let expired = || (401, &[] as &[_], json!({"error": {"code": "ExpiredAuthenticationToken"}}));
    let (azure, seen) = scripted(vec![expired(), (200, &[], with_state("Succeeded")), expired(), expired()]);
    assert!(azure.get(&vnet()).await.is_ok());
    assert_eq!(refused(azure.get(&vnet()).await.unwrap_err()).reason, Reason::Unauthenticated);
    assert_eq!(seen.lock().unwrap().requests.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn status_url_is_polled_and_the_resource_is_read_at_the_end() {
    const HEADERS: &[(&str, &str)] =
        &[("azure-asyncoperation", "http://arm.test/op/1"), ("location", "/res/1"), ("retry-after", "3")];
    let (azure, seen) = scripted(vec![
        (201, HEADERS, with_state("Updating")),
        (404, &[], json!({"error": {"code": "NotFound", "message": "not yet"}})),
        (200, &[("retry-after", "20")], json!({"status": "InProgress"})),
        (200, &[], json!({"status": "Succeeded", "error": null})),
        (200, &[], with_state("Succeeded")),
    ]);
    let start = Instant::now();
    let made = azure.put(&vnet(), &json!({"zones": ["1", "2"]}), WriteCondition::Always).await.unwrap();
    assert_eq!(made.body["zones"], json!(["1", "2"]));
    // The wait of the PUT, the default, the wait of the status.
    assert_eq!(start.elapsed().as_secs(), 3 + 10 + 20);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.lines(), [&format!("PUT {VNET}"), "GET /op/1", "GET /op/1", "GET /op/1", &format!("GET {VNET}")]);
    assert_eq!(seen.requests[0].1, json!({"zones": ["1", "2"]}));
}

#[tokio::test(start_paused = true)]
async fn location_url_and_bare_resource_are_polled_after_one_put() {
    for (first, second) in [
        ((202, &[("location", "/res/1")] as &[_], Json::Null), (202, &[] as &[_], Json::Null)),
        ((201, &[], with_state("Creating")), (200, &[], with_state("Creating"))),
        ((202, &[], Json::Null), (404, &[], json!({"error": {"code": "ResourceNotFound"}}))),
        // A polling URL that is the resource itself, and an empty 200 as the end.
        ((202, &[("azure-asyncoperation", VNET)], Json::Null), (200, &[], with_state("Accepted"))),
        ((202, &[("location", "/res/1")], Json::Null), (200, &[], Json::Null)),
    ] {
        let done = || (200, &[] as &[_], with_state("Succeeded"));
        let (azure, seen) = scripted(vec![first, second, done(), done()]);
        let made = azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap();
        assert_eq!(made.body["properties"]["provisioningState"], "Succeeded");
        let seen = seen.lock().unwrap();
        assert_eq!(seen.lines().iter().filter(|line| line.starts_with("PUT")).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn failed_operation_reports_its_innermost_code() {
    let failed = json!({"status": "Failed", "error": {"code": "Conflict", "message": "outer", "details": [
        {"code": "AllocationFailed", "message": "no room"}, {"code": "Other", "message": "beside"}]}});
    let (azure, _) = scripted(vec![
        (201, &[("azure-asyncoperation", "/op/1")], with_state("Creating")),
        (200, &[("x-ms-correlation-request-id", "c-1")], failed),
    ]);
    let error = refused(azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap_err());
    assert_eq!((error.code.as_str(), error.message.as_str()), ("AllocationFailed", "no room"));
    assert_eq!(error.correlation.as_deref(), Some("c-1"));
}

#[tokio::test(start_paused = true)]
async fn cancelled_operation_without_error_is_reported_as_cancelled() {
    let (azure, _) = scripted(vec![
        (201, &[("azure-asyncoperation", "/op/1")], with_state("Creating")),
        (200, &[], json!({"status": "Cancelled"})),
    ]);
    let error = refused(azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap_err());
    assert_eq!(error.code, "OperationCancelled");
}

#[test]
fn errors_are_parsed_in_every_shape() {
    let read = |status: u16, body: &str| {
        ArmError::read(&WireResponse { status, headers: Default::default(), body: body.to_owned().into() })
    };
    let bare = read(409, "\u{feff}{\"code\":\"Conflict\",\"message\":\"m\"}");
    assert_eq!((bare.code.as_str(), bare.message.as_str()), ("Conflict", "m"));
    assert_eq!(read(502, "<html>bad</html>").code, "BadGateway");
    assert_eq!(read(412, "").code, "PreconditionFailed");
    let nested = read(400, r#"{"error":{"code":"A","details":[{"code":"B","details":[{"code":"C","message":"c"}]}]}}"#);
    assert_eq!(nested.code, "C");
    assert_eq!(nested.details.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["A", "B"]);
}

#[tokio::test(start_paused = true)]
async fn foreign_origin_gets_no_token_and_no_request() {
    let evil = json!({"value": [], "nextLink": "http://evil.test/next"});
    let (azure, seen) = scripted(vec![(200, &[], evil)]);
    let error = azure.list(&ObjectId::new(GROUP)).await.unwrap_err();
    assert!(matches!(&error, CloudError::Unreachable(why) if why.contains("evil.test")), "{error}");
    assert_eq!(seen.lock().unwrap().requests.len(), 1);

    // A status URL of another origin is not followed; the resource reports its own progress.
    let (azure, seen) = scripted(vec![
        (201, &[("azure-asyncoperation", "http://evil.test/op")], with_state("Creating")),
        (200, &[], with_state("Succeeded")),
    ]);
    azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap();
    assert_eq!(seen.lock().unwrap().lines()[1], format!("GET {VNET}"));
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_to_the_last_page() {
    let (azure, _) = scripted(vec![
        (200, &[], json!({"value": [{"id": in_group("a")}], "nextLink": "http://arm.test/more?$skipToken=x"})),
        (200, &[], json!({"value": [], "nextLink": "http://arm.test/last"})),
        (200, &[], json!({"value": [{"id": in_group("b")}]})),
        (404, &[], json!({"error": {"code": "ResourceGroupNotFound"}})),
    ]);
    let listed = azure.list(&ObjectId::new(GROUP)).await.unwrap();
    assert_eq!(listed, [ObjectId::new(in_group("a")), ObjectId::new(in_group("b"))]);
    assert_eq!(azure.list(&ObjectId::new(GROUP)).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn list_whose_next_page_is_itself_is_refused() {
    let page = || (200, &[] as &[_], json!({"value": [{"id": "/a"}], "nextLink": "http://arm.test/more?$skipToken=x"}));
    let (azure, seen) = scripted(vec![page(), page()]);
    let refused = azure.list(&ObjectId::new(GROUP)).await.unwrap_err().to_string();
    assert!(refused.contains("names the same page as its next page"), "{refused}");
    assert_eq!(seen.lock().unwrap().requests.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn lost_put_is_repeated_only_after_a_read() {
    let (azure, seen) = scripted(vec![
        (0, &[], Json::Null),
        (200, &[], with_state("Creating")),
        (200, &[], with_state("Creating")),
        (200, &[], with_state("Succeeded")),
        (200, &[], with_state("Succeeded")),
    ]);
    azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap();
    let methods: Vec<_> = seen.lock().unwrap().lines().iter().map(|line| line[..3].to_owned()).collect();
    assert_eq!(methods, ["PUT", "GET", "GET", "GET", "PUT"]);

    // With a condition, a changed etag may come from this write or from another client.
    let (azure, _) = scripted(vec![(504, &[], Json::Null), (200, &[], json!({"etag": "new"}))]);
    let error = azure.put(&vnet(), &json!({}), WriteCondition::Unchanged(&Version::new("old"))).await.unwrap_err();
    assert!(matches!(error, CloudError::OutcomeUnknown(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn lost_action_is_never_repeated() {
    for lost in [0, 500, 504] {
        let (azure, seen) = scripted(vec![(lost, &[], Json::Null)]);
        let error = azure.post(&vnet(), "failover", &[], None).await.unwrap_err();
        assert!(matches!(error, CloudError::OutcomeUnknown(_)), "{error:?}");
        assert_eq!(seen.lock().unwrap().lines(), [format!("POST {VNET}/failover")]);
    }
}

/// The blocking operation may be the same action. The caller can find out by another read; this client cannot.
#[tokio::test(start_paused = true)]
async fn action_blocked_by_another_operation_is_not_repeated() {
    let busy = || (409, &[] as &[_], json!({"error": {"code": "AnotherOperationInProgress", "message": "m"}}));
    let (azure, seen) = scripted(vec![busy(), busy()]);
    assert!(refused(azure.post(&vnet(), "failover", &[], None).await.unwrap_err()).reason == Reason::Busy);
    assert!(refused(azure.patch(&vnet(), &json!({})).await.unwrap_err()).reason == Reason::Busy);
    assert_eq!(seen.lock().unwrap().requests.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn silent_server_ends_in_an_unknown_outcome() {
    let azure = client(Router::new().fallback(std::future::pending::<()>));
    let error = azure.post(&vnet(), "failover", &[], None).await.unwrap_err();
    assert!(matches!(error, CloudError::OutcomeUnknown(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn writes_wait_for_other_operations_and_for_lingering_uses() {
    let error = |code: &str| json!({"error": {"code": code, "message": "m"}});
    let (azure, _) = scripted(vec![
        (409, &[], error("AnotherOperationInProgress")),
        (200, &[], with_state("Succeeded")),
        (400, &[], error("InUseSubnetCannotBeDeleted")),
        (202, &[("location", "/op/1")], Json::Null),
        (404, &[], error("NotFound")),
        (200, &[], with_state("Succeeded")),
        (404, &[], error("ResourceNotFound")),
        (409, &[], error("ScopeLocked")),
        (412, &[], error("PreconditionFailed")),
    ]);
    azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap();
    azure.delete(&vnet()).await.unwrap();
    assert_eq!(refused(azure.delete(&vnet()).await.unwrap_err()).code, "ScopeLocked");
    let stale = azure.put(&vnet(), &json!({}), WriteCondition::Unchanged(&Version::new("old"))).await.unwrap_err();
    assert_eq!(refused(stale).reason, Reason::Changed);
}

#[tokio::test(start_paused = true)]
async fn absent_object_is_none_and_failure_is_an_error() {
    let error = |code: &str| json!({"error": {"code": code, "message": "m"}});
    let (azure, _) = scripted(vec![
        (404, &[], error("ResourceGroupNotFound")),
        (404, &[], error("ResourceNotFound")),
        (404, &[], error("SubscriptionNotFound")),
    ]);
    assert_eq!(azure.get(&group()).await, Ok(None));
    assert_eq!(azure.get(&vnet()).await, Ok(None));
    assert_eq!(refused(azure.get(&vnet()).await.unwrap_err()).code, "SubscriptionNotFound");
}

#[tokio::test(start_paused = true)]
async fn typed_client_keeps_every_field_of_a_resource_group() {
    let group = json!({"location": "westeurope", "tags": {"a": "b"}, "managedBy": "/x"});
    let (azure, seen) = scripted(vec![
        (201, &[], json!({"id": GROUP, "properties": {"provisioningState": "Succeeded"}, "extra": 1})),
        (202, &[("location", "/operationresults/1"), ("retry-after", "15")], Json::Null),
        (202, &[], Json::Null),
        (200, &[], Json::Null),
        (404, &[], json!({"error": {"code": "ResourceGroupNotFound"}})),
    ]);
    let made = azure.put(&self::group(), &group, WriteCondition::Always).await.unwrap();
    assert_eq!(made.body["extra"], 1);
    azure.delete(&self::group()).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.requests[0], ("PUT /subscriptions/sub/resourcegroups/rg".to_owned(), group));
    // The placeholder token of the typed client never leaves the transport.
    assert!(seen.authorizations.iter().all(|sent| sent == &format!("Bearer {SECRET}")));
}

#[tokio::test(start_paused = true)]
async fn token_never_appears_in_debug_output_or_logs() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let error = (403, &[] as &[_], json!({"error": {"code": "AuthorizationFailed", "message": "no"}}));
    let (azure, _) = scripted(vec![error.clone(), error.clone(), error]);
    // A callsite that a test on another thread logged first stays disabled until the cache is rebuilt from here.
    assert!(azure.get(&vnet()).await.is_err());
    tracing::callsite::rebuild_interest_cache();
    let group = azure.put(&self::group(), &json!({"location": "westeurope"}), WriteCondition::Always).await;
    let resource = azure.get(&vnet()).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("status=403"), "{log}");
    let shown = format!("{azure:?} {group:?} {resource:?} {:?}", FixedToken(BearerToken::new(SECRET)));
    assert!(!log.contains(SECRET) && !shown.contains(SECRET));
}
