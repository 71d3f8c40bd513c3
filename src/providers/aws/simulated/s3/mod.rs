//! S3: buckets and objects, by path or by host.

mod buckets;
pub(super) mod content;
mod list;
mod objects;

use serde_json::Value as Json;

use super::answers::Refused;
use super::hosts::Endpoint;
use super::offers;
use super::store::{bucket, region};
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response, decoded};
use crate::simulator::world::World;

/// A request with the bucket and the key that it names.
struct Call<'a> {
    request: &'a Request,
    /// The region of the endpoint.
    region: &'a str,
    bucket: String,
    key: String,
}

impl Call<'_> {
    /// True for a request for a part of a bucket or an object.
    fn wants(&self, name: &str) -> bool {
        self.request.query.contains_key(name)
    }

    fn query(&self, name: &str) -> &str {
        self.request.query.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// Answers a request.
pub(super) fn answer(
    world: &mut World,
    at: &Endpoint,
    request: &Request,
    fails: Option<ErrorResponse>,
) -> Result<Response, Refused> {
    let path = request.path.trim_start_matches('/');
    let (bucket, key) = match &at.bucket {
        Some(bucket) => (bucket.clone(), path),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (decoded(bucket), key)
        }
    };
    let call = Call { request, region: &at.region, bucket, key: decoded(key) };
    let verb = request.verb;
    permitted(world, &call)?;
    if !verb.reads()
        && let Some(failure) = &fails
    {
        return Err(Refused::of(failure));
    }
    if call.bucket.is_empty() {
        return match verb {
            HttpMethod::Get => Ok(buckets::list(world)),
            _ => Err(not_allowed()),
        };
    }
    if call.key.is_empty() && verb == HttpMethod::Put && request.query.is_empty() {
        return buckets::create(world, &call);
    }
    here(world, &call)?;
    match (verb, call.key.is_empty()) {
        (HttpMethod::Get, true) if call.wants("versions") => list::versions(world, &call),
        (HttpMethod::Get, true) if call.wants("list-type") || call.wants("prefix") || only_lists(&call) => {
            list::objects(world, &call)
        }
        (_, true) => buckets::answer(world, &call),
        (_, false) => objects::answer(world, &call),
    }
}

/// True for the older list of objects, which no parameter names.
fn only_lists(call: &Call<'_>) -> bool {
    let known = ["delimiter", "encoding-type", "marker", "max-keys", "prefix"];
    call.request.query.keys().all(|name| known.contains(&name.as_str()) || name == "x-id")
}

fn not_allowed() -> Refused {
    Refused::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}

fn permitted(world: &World, call: &Call<'_>) -> Result<(), Refused> {
    let action = match (call.request.verb, call.key.is_empty()) {
        (HttpMethod::Get, true) if call.wants("policy") => "s3:GetBucketPolicy",
        (HttpMethod::Put, true) if call.wants("policy") => "s3:PutBucketPolicy",
        (HttpMethod::Delete, true) if call.wants("policy") => "s3:DeleteBucketPolicy",
        (HttpMethod::Put, true) if call.wants("versioning") => "s3:PutBucketVersioning",
        (HttpMethod::Get | HttpMethod::Head, false) => "s3:GetObject",
        (HttpMethod::Put, false) => "s3:PutObject",
        (HttpMethod::Delete, false) => "s3:DeleteObject",
        (HttpMethod::Put, true) => "s3:CreateBucket",
        (HttpMethod::Delete, true) => "s3:DeleteBucket",
        _ => "s3:ListBucket",
    };
    match offers::permitted(world, action) {
        true => Ok(()),
        false => Err(Refused::new(403, "AccessDenied", "Access Denied")),
    }
}

/// Refuses a bucket that does not exist, or that another region has.
fn here(world: &World, call: &Call<'_>) -> Result<(), Refused> {
    let absent = || Refused::new(404, "NoSuchBucket", "The specified bucket does not exist");
    let object = bucket(world, &call.bucket).ok_or_else(absent)?;
    match region(object) {
        Some(at) if at != call.region => {
            let why = format!(
                "The bucket you are attempting to access must be addressed using the specified endpoint: \
                 s3.{at}.amazonaws.com"
            );
            Err(Refused::new(301, "PermanentRedirect", why))
        }
        _ => Ok(()),
    }
}

/// The body of the bucket of a request.
fn own<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w Json, Refused> {
    let found = bucket(world, &call.bucket).map(|object| &*object.body);
    found.ok_or_else(|| Refused::new(404, "NoSuchBucket", "The specified bucket does not exist"))
}
