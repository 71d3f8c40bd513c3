//! Objects: conditions, versions and locks.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::super::answers::{Refused, S3_NAMESPACE, text as answered};
use super::super::launches;
use super::super::store::{MADE, Place, give_uuid, text, time, timestamp};
use super::super::types::OBJECT;
use super::super::xml;
use super::{Call, content, not_allowed, own};
use crate::simulator::request::{HttpMethod, Response, decoded};
use crate::simulator::world::{Lifecycle, World};

/// Headers of an object that its reads return as they were written.
const KEPT: &[&str] = &["cache-control", "content-disposition", "content-encoding", "content-language", "content-type"];

/// Beginning of the headers with texts that users keep beside an object.
const METADATA: &str = "x-amz-meta-";
/// The most bytes of such texts.
const LONGEST_METADATA: usize = 2048;
/// The header with the class of storage.
const CLASS: &str = "x-amz-storage-class";
/// The class of an object that names none.
const USUAL: &str = "STANDARD";
/// The other classes, and if their objects can be read at once.
const CLASSES: &[(&str, bool)] = &[
    ("REDUCED_REDUNDANCY", true),
    ("STANDARD_IA", true),
    ("ONEZONE_IA", true),
    ("INTELLIGENT_TIERING", true),
    ("GLACIER_IR", true),
    ("GLACIER", false),
    ("DEEP_ARCHIVE", false),
];

fn place<'a>(call: &'a Call<'_>) -> Place<'a> {
    Place { of: &OBJECT, region: call.region, within: Some(&call.bucket) }
}

pub(super) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refused> {
    if ["uploads", "uploadId", "acl", "retention", "legal-hold", "tagging"].iter().any(|name| call.wants(name)) {
        let why = "The simulator has no uploads in parts, and no settings of objects.";
        return Err(Refused::new(501, "NotImplemented", why));
    }
    match call.request.verb {
        HttpMethod::Put => put(world, call),
        HttpMethod::Get | HttpMethod::Head => get(world, call),
        HttpMethod::Delete => delete(world, call),
        _ => Err(not_allowed()),
    }
}

/// The versions of the object of a call, newest first.
fn versions(world: &World, call: &Call<'_>) -> Vec<Json> {
    let body = place(call).body(world, &call.key);
    body.and_then(|body| body["Versions"].as_array().cloned()).unwrap_or_default()
}

/// Keeps the versions of an object; the newest is also its body.
fn keep(world: &mut World, call: &Call<'_>, versions: Vec<Json>) {
    let Some(newest) = versions.first().cloned() else {
        place(call).remove(world, &call.key);
        return;
    };
    let mut body = newest;
    body["Bucket"] = json!(call.bucket);
    body["Key"] = json!(call.key);
    body["Versions"] = Json::Array(versions);
    place(call).insert(world, &call.key, body, Lifecycle::Standing);
}

fn is_marker(version: &Json) -> bool {
    version["DeleteMarker"] == true
}

/// Checks the conditions of a write.
fn conditions(call: &Call<'_>, current: Option<&Json>) -> Result<(), Refused> {
    let failed = |name: &str| {
        let why = "At least one of the pre-conditions you specified did not hold";
        Err(Refused::new(412, "PreconditionFailed", format!("{why}: {name}")))
    };
    let tag = current.map(|version| text(version, "ETag"));
    let is = |wanted: &str| tag.is_some_and(|tag| wanted.trim_matches('"') == tag || wanted == "*");
    match (call.request.header("if-none-match"), call.request.header("if-match")) {
        (Some("*"), _) if current.is_some() => failed("If-None-Match"),
        (Some(wanted), _) if wanted != "*" => {
            let why = "A header you provided implies functionality that is not implemented";
            Err(Refused::new(501, "NotImplemented", why))
        }
        (_, Some(_)) if current.is_none() => Err(Refused::new(404, "NoSuchKey", "The specified key does not exist.")),
        (_, Some(wanted)) if !is(wanted) => failed("If-Match"),
        _ => Ok(()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refused> {
    let bucket = own(world, call)?.clone();
    let mut all = versions(world, call);
    let current = all.first().filter(|version| !is_marker(version));
    conditions(call, current)?;
    let has_checksum =
        call.request.headers.keys().any(|name| name == "content-md5" || name.starts_with("x-amz-checksum-"))
            || call.request.header("x-amz-trailer").is_some_and(|name| name.starts_with("x-amz-checksum-"));
    let is_locked = bucket["ObjectLockEnabled"] == true;
    if is_locked && !has_checksum {
        let why = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock \
            parameters";
        return Err(Refused::bad("InvalidRequest", why));
    }
    if call.key.len() > 1024 {
        return Err(Refused::bad("KeyTooLongError", "Your key is too long"));
    }
    let (mut version, is_copy) = match call.request.header("x-amz-copy-source") {
        Some(source) => (copied(world, source)?, true),
        None => (written(call)?, false),
    };
    if let Some(class) = class_of(call)? {
        version["StorageClass"] = json!(class);
    }
    let now = time(world);
    version["LastModified"] = json!(now);
    version[MADE] = json!(now);
    let is_versioned = bucket.pointer("/VersioningConfiguration/Status").is_some_and(|status| status == "Enabled");
    version["VersionId"] = json!(if is_versioned { give_uuid(world).replace('-', "") } else { "null".to_owned() });
    if let Some(until) = locked_until(world, call, &bucket)? {
        version["RetainUntil"] = json!(until);
    }
    if !is_versioned {
        all.retain(|other| other["VersionId"] != "null");
    }
    let (tag, id) = (text(&version, "ETag").to_owned(), text(&version, "VersionId").to_owned());
    all.insert(0, version);
    keep(world, call, all);
    let response = match is_copy {
        true => {
            let result = json!({ "ETag": format!("\"{tag}\""), "LastModified": now });
            answered(200, xml::document("CopyObjectResult", S3_NAMESPACE, &result))
        }
        false => Response::empty(200).with("etag", format!("\"{tag}\"")),
    };
    let response = response.with("x-amz-server-side-encryption", "AES256");
    Ok(if is_versioned { response.with("x-amz-version-id", id) } else { response })
}

/// A version from a request.
fn written(call: &Call<'_>) -> Result<Json, Refused> {
    let bytes = content::of_request(call.request)?;
    let mut headers = Map::new();
    for (name, value) in &call.request.headers {
        let is_kept = KEPT.contains(&name.as_str()) || name.starts_with(METADATA);
        let value = if name == "content-encoding" {
            value.trim_start_matches("aws-chunked").trim_matches(',').trim()
        } else {
            value
        };
        if is_kept && !value.is_empty() {
            headers.insert(name.clone(), json!(value));
        }
    }
    let own = headers.iter().filter_map(|(name, value)| Some((name.strip_prefix(METADATA)?, value.as_str()?)));
    let length: usize = own.map(|(name, value)| name.len() + value.len()).sum();
    if length > LONGEST_METADATA {
        let why = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(Refused::bad("MetadataTooLarge", why));
    }
    Ok(json!({
        "ETag": content::tag(&bytes), "Size": bytes.len(), "Headers": headers, "Content": content::kept(&bytes),
    }))
}

/// The class that a request names, other than the usual one.
fn class_of<'a>(call: &'a Call<'_>) -> Result<Option<&'a str>, Refused> {
    let Some(class) = call.request.header(CLASS).filter(|class| *class != USUAL) else { return Ok(None) };
    match CLASSES.iter().any(|(name, _)| *name == class) {
        true => Ok(Some(class)),
        false => Err(Refused::bad("InvalidStorageClass", "The storage class you specified is not valid")),
    }
}

/// The class of a version.
pub(super) fn class(version: &Json) -> &str {
    version.get("StorageClass").and_then(Json::as_str).unwrap_or(USUAL)
}

/// True for a version that has to be restored before anybody can read it.
fn is_archived(version: &Json) -> bool {
    CLASSES.iter().any(|(name, is_at_hand)| *name == class(version) && !is_at_hand)
}

/// A version that is copied from another object.
fn copied(world: &World, source: &str) -> Result<Json, Refused> {
    let source = source.trim_start_matches('/').split('?').next().unwrap_or_default();
    let (bucket, key) = source.split_once('/').unwrap_or((source, ""));
    let absent = || Refused::new(404, "NoSuchKey", "The specified key does not exist.");
    let object = super::super::store::bucket(world, bucket).ok_or_else(absent)?;
    let region = super::super::store::region(object).unwrap_or_default();
    let place = Place { of: &OBJECT, region: &region, within: Some(bucket) };
    let body = place.body(world, &decoded(key)).filter(|body| !is_marker(body)).ok_or_else(absent)?;
    Ok(json!({
        "ETag": body["ETag"], "Size": body["Size"], "Headers": body["Headers"], "Content": body["Content"],
    }))
}

/// The time until which a new version cannot be deleted: its own, or that of its bucket.
fn locked_until(world: &World, call: &Call<'_>, bucket: &Json) -> Result<Option<String>, Refused> {
    if let Some(until) = call.request.header("x-amz-object-lock-retain-until-date") {
        if bucket["ObjectLockEnabled"] != true {
            return Err(Refused::bad("InvalidRequest", "Bucket is missing Object Lock Configuration"));
        }
        let until: Option<Timestamp> = until.parse().ok();
        let until = until.filter(|until| *until > world.now);
        let why = "The retain until date must be in the future!";
        return until.map(|until| Some(timestamp(until))).ok_or_else(|| Refused::bad("InvalidArgument", why));
    }
    let rule = bucket.pointer("/ObjectLockConfiguration/Rule/DefaultRetention");
    let days = rule.and_then(|rule| rule["Days"].as_i64().or_else(|| rule["Years"].as_i64().map(|years| years * 365)));
    Ok(days.map(|days| timestamp(world.now + SignedDuration::from_hours(days.clamp(0, 36_500) * 24))))
}

fn get(world: &World, call: &Call<'_>) -> Result<Response, Refused> {
    let all = launches::report(world, call.region, (&call.bucket, &call.key)).map(|text| {
        let bytes = text.into_bytes();
        vec![json!({ "Content": content::kept(&bytes), "ETag": content::tag(&bytes), "VersionId": "null" })]
    });
    let all = all.unwrap_or_else(|| versions(world, call));
    let absent = || Refused::new(404, "NoSuchKey", "The specified key does not exist.");
    let version = match call.query("versionId") {
        "" => all.first().filter(|version| !is_marker(version)).ok_or_else(absent)?,
        id => {
            let why = "The specified version does not exist.";
            let found = all.iter().find(|version| version["VersionId"] == id);
            found.ok_or_else(|| Refused::new(404, "NoSuchVersion", why))?
        }
    };
    if is_marker(version) {
        return Err(not_allowed());
    }
    if is_archived(version) && call.request.verb == HttpMethod::Get {
        let why = "The operation is not valid for the object's storage class";
        return Err(Refused::new(403, "InvalidObjectState", why));
    }
    let tag = text(version, "ETag");
    let is = |wanted: &str| wanted.trim_matches('"') == tag || wanted == "*";
    if call.request.header("if-match").is_some_and(|wanted| !is(wanted)) {
        let why = "At least one of the pre-conditions you specified did not hold";
        return Err(Refused::new(412, "PreconditionFailed", why));
    }
    let modified: Option<Timestamp> = text(version, "LastModified").parse().ok();
    let date = modified.map(|time| time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).unwrap_or_default();
    let mut response = Response::empty(200).with("etag", format!("\"{tag}\"")).with("last-modified", date);
    if version["VersionId"] != "null" {
        response = response.with("x-amz-version-id", text(version, "VersionId"));
    }
    if call.request.header("if-none-match").is_some_and(is) {
        return Ok(Response { status: 304, ..response });
    }
    let headers = version["Headers"].as_object();
    for (name, value) in headers.into_iter().flatten() {
        if let Some(name) = KEPT.iter().find(|kept| *kept == name) {
            response = response.with(name, value.as_str().unwrap_or_default());
        } else if name.starts_with(METADATA) {
            response.named.push((name.clone(), value.as_str().unwrap_or_default().to_owned()));
        }
    }
    // AWS leaves the usual class out.
    if class(version) != USUAL {
        response = response.with(CLASS, class(version));
    }
    if !response.headers.iter().any(|(name, _)| *name == "content-type") {
        response = response.with("content-type", "binary/octet-stream");
    }
    let bytes = content::read(&version["Content"]);
    response = response.with("accept-ranges", "bytes").with("x-amz-server-side-encryption", "AES256");
    let range = call.request.header("range").and_then(|range| part(range, bytes.len()));
    let (status, body) = match range {
        Some((from, to)) => {
            response = response.with("content-range", format!("bytes {from}-{to}/{}", bytes.len()));
            (206, bytes.get(from..=to).unwrap_or_default().to_vec())
        }
        None => (200, bytes),
    };
    let response = response.with("content-length", body.len().to_string());
    Ok(Response { status, body, ..response })
}

/// The wanted part of a content: the first and the last byte.
fn part(range: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let (from, to) = match (from.parse::<usize>().ok(), to.parse::<usize>().ok()) {
        (Some(from), to) => (from, to.unwrap_or(last).min(last)),
        (None, Some(count)) => (length.saturating_sub(count), last),
        (None, None) => return None,
    };
    (from <= to).then_some((from, to))
}

fn delete(world: &mut World, call: &Call<'_>) -> Result<Response, Refused> {
    let is_versioned =
        own(world, call)?.pointer("/VersioningConfiguration/Status").is_some_and(|status| status == "Enabled");
    let mut all = versions(world, call);
    conditions(call, all.first().filter(|version| !is_marker(version)))?;
    let id = call.query("versionId").to_owned();
    let is_locked = |version: &Json| {
        let until: Option<Timestamp> = text(version, "RetainUntil").parse().ok();
        until.is_some_and(|until| until > world.now)
    };
    if !id.is_empty() {
        if all.iter().any(|version| version["VersionId"] == id.as_str() && is_locked(version)) {
            let why = "Access Denied because object protected by object lock.";
            return Err(Refused::new(403, "AccessDenied", why));
        }
        all.retain(|version| version["VersionId"] != id.as_str());
        keep(world, call, all);
        return Ok(Response::empty(204).with("x-amz-version-id", id));
    }
    if is_versioned {
        let marker = give_uuid(world).replace('-', "");
        let now = time(world);
        all.insert(0, json!({ "VersionId": marker, "DeleteMarker": true, "LastModified": now, MADE: now }));
        keep(world, call, all);
        return Ok(Response::empty(204).with("x-amz-delete-marker", "true").with("x-amz-version-id", marker));
    }
    all.retain(|version| version["VersionId"] != "null");
    keep(world, call, all);
    Ok(Response::empty(204))
}
