//! Objects of S3, and the policies of buckets.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use super::endpoint::Service;
use super::error::CallError;
use super::found::Found;
use super::handle::Aws;
use super::names::Named;
use super::transport::Call;
use super::xml::{list, read, text};
use crate::reason::Reason;
use crate::wire::WireResponse;
use crate::wire::sigv4::encoded;
use crate::world::CloudError;

/// The beginning of headers with texts beside the content of an object.
const METADATA: &str = "x-amz-meta-";
/// The most pages of a list.
const PAGE_LIMIT: usize = 100;

/// A request to a bucket, or to an object of it.
fn call<'a>(region: &'a str, (operation, method): (&'a str, Method), bucket: &str, key: &str) -> Call<'a> {
    let repeats = method == Method::GET || method == Method::HEAD;
    let path = match key {
        "" => format!("/{}", encoded(bucket, false)),
        key => format!("/{}/{}", encoded(bucket, false), encoded(key, true)),
    };
    let (query, headers, body) = (Vec::new(), Vec::new(), Bytes::new());
    Call { service: Service::S3, region, operation, method, path, query, headers, body, repeats }
}

/// The checksum of a body, without which a bucket with object lock takes none.
fn checksum(body: &[u8]) -> (HeaderName, String) {
    (HeaderName::from_static("x-amz-checksum-sha256"), STANDARD.encode(Sha256::digest(body)))
}

/// The properties of an object in an answer.
fn properties(answer: &WireResponse) -> Result<Json, CallError> {
    let content = std::str::from_utf8(&answer.body);
    let content = content.map_err(|_| CallError::Lost("the object is no text".to_owned()))?;
    let mut body = Map::from_iter([("Content".to_owned(), Json::from(content))]);
    for (property, header) in [
        ("ContentType", "content-type"),
        ("ETag", "etag"),
        ("VersionId", "x-amz-version-id"),
        ("LastModified", "last-modified"),
    ] {
        if let Some(text) = answer.header(header) {
            body.insert(property.to_owned(), Json::from(text.trim_matches('"')));
        }
    }
    // AWS leaves the usual class out.
    let class = answer.header("x-amz-storage-class").unwrap_or("STANDARD");
    body.insert("StorageClass".to_owned(), Json::from(class));
    let metadata: Map<String, Json> = answer
        .headers
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().strip_prefix(METADATA)?.to_owned(), Json::from(value.to_str().ok()?)))
        })
        .collect();
    if !metadata.is_empty() {
        body.insert("Metadata".to_owned(), Json::Object(metadata));
    }
    Ok(Json::Object(body))
}

impl Aws {
    /// An object of S3; `None` where it does not exist.
    pub(super) async fn object(&self, named: &Named) -> Result<Option<Found>, CloudError> {
        let call = call(&named.region, ("GetObject", Method::GET), &named.within, &named.name);
        match self.transport.send(&call).await {
            Ok(answer) => {
                let body = properties(&answer).map_err(CallError::of_read)?;
                Ok(Some(Found::new(&named.name, body)))
            }
            Err(error) if error.is(Reason::Absent) => Ok(None),
            Err(error) => Err(error.of_read()),
        }
    }

    /// Writes an object: as a new one, or in place of the one with this digest.
    pub(super) async fn put_object(&self, named: &Named, wanted: &Json, old: Option<&str>) -> Result<(), CallError> {
        let mut call = call(&named.region, ("PutObject", Method::PUT), &named.within, &named.name);
        let text = |name: &str| wanted.get(name).and_then(Json::as_str);
        call.body = text("Content").unwrap_or_default().to_owned().into();
        call.headers.push(checksum(&call.body));
        call.headers.push((CONTENT_TYPE, text("ContentType").unwrap_or("text/plain").to_owned()));
        match old {
            Some(digest) => call.headers.push((HeaderName::from_static("if-match"), format!("\"{digest}\""))),
            None => call.headers.push((HeaderName::from_static("if-none-match"), "*".to_owned())),
        }
        if let Some(class) = text("StorageClass").filter(|class| *class != "STANDARD") {
            call.headers.push((HeaderName::from_static("x-amz-storage-class"), class.to_owned()));
        }
        for (name, value) in wanted.get("Metadata").and_then(Json::as_object).into_iter().flatten() {
            let header = HeaderName::try_from(format!("{METADATA}{name}"));
            let header = header.map_err(|_| CallError::NotSent(format!("`{name}` cannot name a text of an object")))?;
            call.headers.push((header, value.as_str().unwrap_or_default().to_owned()));
        }
        self.transport.send(&call).await.map(drop)
    }

    /// Deletes an object. In a bucket with versions the older ones stay.
    pub(super) async fn delete_object(&self, named: &Named) -> Result<(), CallError> {
        let call = call(&named.region, ("DeleteObject", Method::DELETE), &named.within, &named.name);
        self.transport.send(&call).await.map(drop)
    }

    /// The keys of all objects of a bucket.
    pub(super) async fn keys(&self, region: &str, bucket: &str) -> Result<Vec<String>, CloudError> {
        let mut all = Vec::new();
        let mut call = call(region, ("ListObjectsV2", Method::GET), bucket, "");
        for _ in 0..PAGE_LIMIT {
            let next = std::mem::take(&mut call.query);
            call.query.push(("list-type".to_owned(), "2".to_owned()));
            call.query.extend(next);
            let answer = self.transport.send(&call).await.map_err(CallError::of_read)?;
            let answer = read(&answer.body).unwrap_or_default();
            all.extend(list(&answer, "Contents").into_iter().filter_map(|one| text(one, "Key").map(str::to_owned)));
            call.query.clear();
            match text(&answer, "NextContinuationToken") {
                Some(next) => call.query.push(("continuation-token".to_owned(), next.to_owned())),
                None => return Ok(all),
            }
        }
        Err(CloudError::Unreachable(format!("the list of `{bucket}` does not end after {PAGE_LIMIT} pages")))
    }

    /// An address at which anybody can read an object, or write it, for so many seconds from now or from this time.
    pub(super) async fn presigned_object(
        &self,
        named: &Named,
        writes: bool,
        life: (u32, Option<Timestamp>),
    ) -> Result<String, CallError> {
        let action = if writes { ("PutObject", Method::PUT) } else { ("GetObject", Method::GET) };
        let call = call(&named.region, action, &named.within, &named.name);
        self.transport.presigned(&call, life).await.map(String::from)
    }

    /// The policy of a bucket; `None` where it has none.
    pub(super) async fn policy(&self, region: &str, bucket: &str) -> Result<Option<Json>, CloudError> {
        let mut call = call(region, ("GetBucketPolicy", Method::GET), bucket, "");
        call.query.push(("policy".to_owned(), String::new()));
        match self.transport.send(&call).await {
            Ok(answer) => Ok(answer.json()),
            Err(error) if error.is(Reason::Absent) => Ok(None),
            Err(error) => Err(error.of_read()),
        }
    }

    /// Sets the policy of a bucket, or removes it.
    pub(super) async fn set_policy(&self, region: &str, bucket: &str, policy: Option<&Json>) -> Result<(), CallError> {
        let action = match policy {
            Some(_) => ("PutBucketPolicy", Method::PUT),
            None => ("DeleteBucketPolicy", Method::DELETE),
        };
        let mut call = call(region, action, bucket, "");
        call.query.push(("policy".to_owned(), String::new()));
        call.repeats = true;
        if let Some(policy) = policy {
            call.body = policy.to_string().into();
            call.headers.push(checksum(&call.body));
        }
        self.transport.send(&call).await.map(drop)
    }
}
