//! Azure Files behind the router: the order of requests of the real azcopy, and the signatures of Microsoft's SDK.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request as HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::Sha256;
use tower::ServiceExt as _;

use super::sas::{self, Need, Place, Refused};
use crate::host::SimClock;
use crate::object::ObjectId;
use crate::providers::azure::simulated::{BASE, SUBSCRIPTION};
use crate::simulator::{Fault, RequestMatch, START, Simulator};
use crate::world::Clock;

const READS: Need = Need { permission: 'r', level: 'o' };

/// An answer.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> (u16, &str) {
        (self.status, self.header("x-ms-error-code"))
    }
}

/// A cloud with the share `share1` of `prodfiles` in West Europe, and `share2` of `drfiles` in North Europe.
struct Shares {
    simulator: Simulator,
    clock: Arc<SimClock>,
}

impl Shares {
    async fn new() -> Self {
        let clock = Arc::new(SimClock::new(START));
        let simulator = Simulator::new(crate::providers::dialects(), 7, Arc::clone(&clock) as Arc<dyn Clock>);
        let shares = Self { simulator, clock };
        for (group, account, region, share) in
            [("prod", "prodfiles", "westeurope", "share1"), ("dr", "drfiles", "northeurope", "share2")]
        {
            let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}");
            shares.made(&format!("{group}?api-version=2021-04-01"), json!({ "location": region })).await;
            let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/{account}");
            let body = json!({ "location": region, "sku": { "name": "Standard_GRS" }, "kind": "StorageV2" });
            shares.made(&format!("{account}?api-version=2026-04-01"), body).await;
            let path = format!("{account}/fileServices/default/shares/{share}?api-version=2026-04-01");
            shares.made(&path, json!({ "properties": { "shareQuota": 10 } })).await;
        }
        shares
    }

    async fn made(&self, path: &str, body: Json) {
        let request = HttpRequest::put(format!("{BASE}{path}")).body(Body::from(body.to_string())).unwrap();
        let answer = self.send(request).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
        self.clock.sleep(std::time::Duration::from_secs(600)).await;
    }

    async fn send(&self, request: HttpRequest<Body>) -> Answer {
        let (parts, body) = self.simulator.router().oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_else(|_| "no answer".into());
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// A request with a token.
    async fn ask(&self, verb: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = HttpRequest::builder().method(verb).uri(format!("https://{url}"));
        let token = [("authorization", "Bearer any"), ("x-ms-file-request-intent", "backup")];
        for (name, value) in token.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    fn put(&self, share: &str, path: &str, content: &str) {
        self.simulator.put_file(&share_id(share), path, content.into()).unwrap();
    }

    fn paths(&self, share: &str) -> Vec<String> {
        self.simulator.files(&share_id(share)).unwrap().into_iter().map(|file| file.path).collect()
    }
}

fn share_id(share: &str) -> ObjectId {
    let (group, account) = if share == "share1" { ("prod", "prodfiles") } else { ("dr", "drfiles") };
    let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/{account}");
    ObjectId::new(format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{account}/fileServices/default/shares/{share}"))
}

const S1: &str = "prodfiles.file.core.windows.net/share1";
const S2: &str = "drfiles.file.core.windows.net/share2";

#[tokio::test(start_paused = true)]
async fn a_file_is_copied_from_share_to_share_as_azcopy_does_it() {
    let shares = Shares::new().await;
    shares.put("share1", "web/a & b.txt", "hello");
    let written = shares.simulator.files(&share_id("share1")).unwrap()[0].written;
    let listed = shares.ask("GET", &format!("{S1}/web?restype=directory&comp=list"), &[], "").await;
    assert_eq!(listed.status, 200);
    assert!(listed.body.contains("<File><Name>a &amp; b.txt</Name>"), "{}", listed.body);
    assert!(listed.body.contains("<Content-Length>5</Content-Length>"), "{}", listed.body);

    let file = format!("{S2}/web/a%20%26%20b.txt");
    assert_eq!(shares.ask("HEAD", &file, &[], "").await.status, 404);
    let create = [("x-ms-type", "file"), ("x-ms-content-length", "5")];
    assert_eq!(shares.ask("PUT", &file, &create, "").await.code(), (404, "ParentNotFound"));
    let directory = format!("{S2}/web?restype=directory");
    assert_eq!(shares.ask("PUT", &directory, &[], "").await.status, 201);
    assert_eq!(shares.ask("PUT", &directory, &[], "").await.code(), (409, "ResourceAlreadyExists"));
    assert_eq!(shares.ask("PUT", &file, &create, "").await.status, 201);
    assert_eq!(shares.ask("GET", &file, &[], "").await.body, "\0\0\0\0\0", "a new file holds zeros");

    let from = format!("https://{S1}/web%2Fa%20%26%20b.txt");
    let range = [
        ("x-ms-write", "update"),
        ("x-ms-range", "bytes=0-4"),
        ("x-ms-source-range", "bytes=0-4"),
        ("x-ms-copy-source", from.as_str()),
    ];
    let unread = shares.ask("PUT", &format!("{file}?comp=range"), &range, "").await;
    assert_eq!(unread.code(), (403, "CannotVerifyCopySource"), "the source needs its own authorisation");
    let range = [range.as_slice(), &[("x-ms-copy-source-authorization", "Bearer any")]].concat();
    assert_eq!(shares.ask("PUT", &format!("{file}?comp=range"), &range, "").await.status, 201);
    assert_eq!(shares.ask("GET", &file, &[], "").await.body, "hello");

    shares.clock.sleep(std::time::Duration::from_secs(60)).await;
    let time = written.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string();
    let times = [("x-ms-file-last-write-time", time.as_str())];
    assert_eq!(shares.ask("PUT", &format!("{file}?comp=properties"), &times, "").await.status, 200);
    let found = shares.ask("HEAD", &file, &[], "").await;
    assert_eq!((found.status, found.header("content-length")), (200, "5"));
    assert_eq!(found.header("x-ms-file-last-write-time"), time);
    let modified = found.header("last-modified").to_owned();
    assert_eq!(modified, shares.simulator.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());

    assert_eq!(shares.ask("DELETE", &directory, &[], "").await.code(), (409, "DirectoryNotEmpty"));
    assert_eq!(shares.ask("DELETE", &file, &[], "").await.status, 202);
    assert_eq!(shares.ask("DELETE", &directory, &[], "").await.status, 202);
    assert_eq!(shares.paths("share2"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn pages_and_snapshots_are_consistent() {
    let shares = Shares::new().await;
    for name in ["c.txt", "a.txt", "b/d.txt"] {
        shares.put("share1", name, "old");
    }
    let first = shares.ask("GET", &format!("{S1}/?restype=directory&comp=list&maxresults=2"), &[], "").await;
    assert!(first.body.contains("<Name>a.txt</Name>") && first.body.contains("<Directory><Name>b</Name>"));
    assert!(first.body.contains("<NextMarker>c.txt</NextMarker>"), "{}", first.body);
    let next = shares.ask("GET", &format!("{S1}/?restype=directory&comp=list&marker=c.txt"), &[], "").await;
    assert!(next.body.contains("<Name>c.txt</Name>") && !next.body.contains("a.txt"), "{}", next.body);

    let snapshot = shares.ask("PUT", &format!("{S1}?restype=share&comp=snapshot"), &[], "").await;
    let time = snapshot.header("x-ms-snapshot").to_owned();
    assert_eq!((snapshot.status, time.is_empty()), (201, false));
    shares.put("share1", "a.txt", "new");
    let read = async |query: String| shares.ask("GET", &format!("{S1}/a.txt{query}"), &[], "").await.body;
    assert_eq!(read(String::new()).await, "new");
    assert_eq!(read(format!("?sharesnapshot={time}")).await, "old");
}

#[tokio::test(start_paused = true)]
async fn faults_and_lost_regions_reach_files() {
    let shares = Shares::new().await;
    shares.put("share1", "a.txt", "hello");
    let file = format!("{S1}/a.txt");
    let once = |status, code: &str| Fault::Answer {
        status,
        code: Some(code.to_owned()),
        retry_after: None,
        on: RequestMatch { path: Some("*/a.txt".to_owned()), times: Some(1), ..RequestMatch::default() },
    };
    for (status, code) in [(503, "ServerBusy"), (409, "SharingViolation"), (403, "AuthorizationPermissionMismatch")] {
        shares.simulator.add_fault(once(status, code)).unwrap();
        let refused = shares.ask("GET", &file, &[], "").await;
        assert_eq!(refused.code(), (status, code));
        assert!(refused.body.contains(&format!("<Error><Code>{code}</Code>")), "{}", refused.body);
        assert_eq!(shares.ask("GET", &file, &[], "").await.body, "hello");
        shares.simulator.clear_faults().unwrap();
    }
    let lost = Fault::Lose { location: "westeurope".to_owned(), plane: crate::simulator::Plane::default() };
    shares.simulator.add_fault(lost).unwrap();
    assert_eq!(shares.ask("GET", &file, &[], "").await.body, "no answer");
    assert_eq!(shares.ask("GET", &format!("{S2}?restype=share"), &[], "").await.status, 200);
    // Azure fails the account over, and the same address serves the copy of the other region.
    let id = share_id("share1");
    let account = ObjectId::new(id.as_str().split("/fileServices").next().unwrap());
    shares.simulator.edit(&account, "properties.primaryLocation", json!("northeurope")).unwrap();
    assert_eq!(shares.ask("GET", &file, &[], "").await.body, "hello");
}

#[tokio::test(start_paused = true)]
async fn requests_need_a_signature_or_a_token_with_intent() {
    let shares = Shares::new().await;
    shares.put("share1", "a.txt", "hello");
    let send = async |url: String, headers: Vec<(&'static str, &'static str)>| {
        let mut request = HttpRequest::get(format!("https://{url}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        shares.send(request.body(Body::empty()).unwrap()).await
    };
    let file = format!("{S1}/a.txt");
    assert_eq!(send(file.clone(), vec![]).await.code(), (401, "NoAuthenticationInformation"));
    let token = vec![("authorization", "Bearer any")];
    assert_eq!(send(file.clone(), token).await.code(), (400, "MissingRequiredHeader"));

    let keys = format!(
        "{}/listKeys?api-version=2026-04-01",
        share_id("share1").as_str().split("/fileServices").next().unwrap()
    );
    let keys = shares.send(HttpRequest::post(format!("{BASE}{keys}")).body(Body::empty()).unwrap()).await;
    let keys: Json = serde_json::from_str(&keys.body).unwrap();
    let key = keys["keys"][1]["value"].as_str().unwrap();
    let signed = |sp: &str, se: &str| {
        let named = [("sp", sp), ("se", se), ("sv", "2025-07-05"), ("sr", "s")];
        let mut query: BTreeMap<String, String> = named.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let place = Place { account: "prodfiles", share: "share1", path: "" };
        let signature = signature(key, &sas::signed_text(&query, place).unwrap());
        query.insert("sig".to_owned(), signature);
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish();
        format!("{S1}/a.txt?{query}")
    };
    assert_eq!(send(signed("rl", "2099-01-01T00:00:00Z"), vec![]).await.body, "hello");
    assert_eq!(send(signed("rl", "2000-01-01T00:00:00Z"), vec![]).await.code(), (403, "AuthenticationFailed"));
    let weak = send(signed("l", "2099-01-01T00:00:00Z"), vec![]).await;
    assert_eq!(weak.code(), (403, "AuthorizationPermissionMismatch"));
    let changed = signed("rl", "2099-01-01T00:00:00Z").replace("sp=rl", "sp=rwl");
    assert_eq!(send(changed, vec![]).await.code(), (403, "AuthenticationFailed"));
}

fn signature(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(key).unwrap()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[test]
fn signatures_of_the_sdk_are_verified() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/recordings/sas-vectors.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: signatures were NOT compared with those of the SDK; ../shared/reference is absent");
        return;
    };
    let vectors: Json = serde_json::from_str(&text).unwrap();
    let key = vectors["key_base64"].as_str().unwrap().to_owned();
    let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let query = vector["query"].as_str().unwrap();
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(query.replace('+', "%2B").as_bytes()).into_owned().collect();
        let is_file = query.get("ss").is_some_and(|services| services.contains('f'))
            || (query.get("sr").is_some_and(|of| of == "f" || of == "s") && !query.contains_key("skoid"));
        if !is_file {
            continue;
        }
        let place = Place { account: "acct1", share: "share1", path: "dir/a.txt" };
        let name = vector["name"].as_str().unwrap();
        assert_eq!(sas::signed_text(&query, place).as_deref(), vector["string_to_sign"].as_str(), "{name}");
        let keys = [key.clone()];
        assert_eq!(sas::check(&query, place, READS, &keys, now), Ok(()), "{name}");
        let late = now + jiff::SignedDuration::from_hours(48);
        assert_eq!(sas::check(&query, place, READS, &keys, late), Err(Refused::Signature), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 4, "two of accounts, one of a share, one of a file");
}
