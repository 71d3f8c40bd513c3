//! Objects of buckets, as far as signed addresses reach them: reads, writes and deletions of one object at the host of
//! its bucket. It must not know drplan's client, which is tested against it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::NAME;
use super::store::{self, BUCKETS};
use crate::object::ObjectId;
use crate::simulator::dialect::ProviderName;
use crate::simulator::launches;
use crate::simulator::request::{HttpMethod, Request, Response, decoded};
use crate::simulator::signature::{Signed, signature};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// The end of the hosts of buckets.
const HOST: &str = ".linodeobjects.com";
/// The type of objects.
const OBJECTS: &str = "objects";
/// The only pair of keys.
const KEY: &str = "EMBEDDED000000000000";
const SECRET: &str = "embedded";

/// A refusal of the S3 API.
struct Refused(u16, &'static str, &'static str);

/// True for the host of a bucket.
pub(super) fn is_host(host: &str) -> bool {
    host.ends_with(HOST)
}

/// The bucket of a host.
fn bucket<'w>(world: &'w World, host: &str) -> Option<&'w SimulatedObject> {
    store::all(world, BUCKETS).into_iter().find(|bucket| bucket.body["hostname"] == host)
}

/// The id of an object in the world.
fn id(bucket: &SimulatedObject, key: &str) -> ObjectId {
    ObjectId::new(format!("{NAME}:object-storage/objects/{}/{}", bucket.id.name(), key.replace('/', "%2F")))
}

fn key_of(bucket: &SimulatedObject, key: &str) -> String {
    SimulatedObject::key_of(&ProviderName::of(NAME), &id(bucket, key))
}

/// Answers a request to the host of a bucket.
pub(super) fn answer(world: &mut World, request: &Request) -> Response {
    answered(world, request).unwrap_or_else(|Refused(status, code, message)| {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        Response::text(status, body.into_bytes())
    })
}

fn answered(world: &mut World, request: &Request) -> Result<Response, Refused> {
    let no_bucket = || Refused(404, "NoSuchBucket", "The specified bucket does not exist.");
    let found = bucket(world, request.host()).ok_or_else(no_bucket)?;
    if store::reach(world, &store::region(found)).is_err() {
        return Err(Refused(503, "ServiceUnavailable", "Please reduce your request rate."));
    }
    permit(world, request)?;
    let name = decoded(request.path.trim_start_matches('/'));
    if name.is_empty() {
        return Err(Refused(501, "NotImplemented", "The simulator reads and writes single objects."));
    }
    let absent = || Refused(404, "NoSuchKey", "The specified key does not exist.");
    match request.verb {
        HttpMethod::Get | HttpMethod::Head => {
            let (text, at) = read(world, found, &name).ok_or_else(absent)?;
            let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let (etag, head) = (tag(&text), request.verb == HttpMethod::Head);
            let text = if head { Vec::new() } else { text.into_bytes() };
            Ok(Response::text(200, text).with("etag", etag).with("last-modified", date))
        }
        HttpMethod::Put => {
            let old = read(world, found, &name).map(|(text, _)| tag(&text));
            if request.header("if-match").is_some_and(|wanted| Some(wanted) != old.as_deref()) {
                return Err(Refused(412, "PreconditionFailed", "A condition did not hold."));
            }
            let text = String::from_utf8(request.bytes.to_vec());
            let text = text.map_err(|_| Refused(400, "InvalidArgument", "The simulator keeps texts only."))?;
            let etag = tag(&text);
            keep(world, &id(found, &name), json!({ "content": text, "at": world.now.to_string() }));
            Ok(Response::empty(200).with("etag", etag))
        }
        HttpMethod::Delete => {
            let key = key_of(found, &name);
            world.take(&key);
            Ok(Response::empty(204))
        }
        _ => Err(Refused(405, "MethodNotAllowed", "The specified method is not allowed.")),
    }
}

fn keep(world: &mut World, id: &ObjectId, body: Json) {
    world.insert(SimulatedObject {
        id: id.clone(),
        provider: ProviderName::of(NAME),
        type_: OBJECTS.to_owned(),
        body: body.into(),
        stage: Lifecycle::Standing,
        version: 0,
        refers: Default::default(),
        operation: None,
        hollow: false,
    });
}

/// The text of an object, and the time of its last change: the report of a machine where one has written it by now.
fn read(world: &World, bucket: &SimulatedObject, name: &str) -> Option<(String, Timestamp)> {
    let is_here = |address: &str| {
        let other = named(world, address);
        other.is_some_and(|(other, key)| other.id == bucket.id && key == name)
    };
    let report = launches::report(world, name, is_here).map(|text| (text, world.now));
    report.or_else(|| kept(world, bucket, name))
}

fn kept(world: &World, bucket: &SimulatedObject, name: &str) -> Option<(String, Timestamp)> {
    let body = &world.standing(&key_of(bucket, name))?.body;
    Some((body["content"].as_str()?.to_owned(), body["at"].as_str()?.parse().ok()?))
}

/// The bucket and the key of an address.
fn named<'w>(world: &'w World, address: &str) -> Option<(&'w SimulatedObject, String)> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str().filter(|host| is_host(host))?;
    Some((bucket(world, host)?, decoded(url.path().trim_start_matches('/'))))
}

/// The text of an object that an address names, and the time of its last change.
pub(super) fn content(world: &World, address: &str) -> Option<(String, Timestamp)> {
    let (bucket, key) = named(world, address)?;
    kept(world, bucket, &key)
}

/// True for a bucket with objects, which cannot be deleted.
pub(super) fn has_objects(world: &World, bucket: &SimulatedObject) -> bool {
    let prefix = key_of(bucket, "");
    world.below(prefix.trim_end_matches('/')).any(|(_, object)| object.type_ == OBJECTS)
}

fn tag(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Refuses a request without a valid signature in its address, or after its end.
fn permit(world: &World, request: &Request) -> Result<(), Refused> {
    let value = |name: &str| request.query.get(name).map(String::as_str);
    let signed = || {
        let parts: Vec<&str> = value("X-Amz-Credential")?.split('/').collect();
        let [key, day, region, service, end] = parts.as_slice() else { return None };
        let (date, headers) = (value("X-Amz-Date")?, value("X-Amz-SignedHeaders")?);
        let seconds: i64 = value("X-Amz-Expires")?.parse().ok()?;
        let scope = [*day, *region, *service, *end];
        Some((*key, Signed { scope, date, headers, is_presigned: true }, seconds))
    };
    let (key, signed, seconds) = signed().ok_or(Refused(403, "AccessDenied", "Access Denied"))?;
    if key != KEY {
        return Err(Refused(403, "InvalidAccessKeyId", "The access key does not exist."));
    }
    if value("X-Amz-Signature") != Some(&*signature(request, SECRET, &signed)) && !world.lenient {
        return Err(Refused(403, "SignatureDoesNotMatch", "The signature does not match."));
    }
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", signed.date).ok();
    let date = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok()).map(|date| date.timestamp());
    let ends = date.and_then(|date| date.checked_add(SignedDuration::from_secs(seconds)).ok());
    match ends.is_some_and(|ends| ends > world.now) || world.lenient {
        true => Ok(()),
        false => Err(Refused(403, "AccessDenied", "Request has expired")),
    }
}
