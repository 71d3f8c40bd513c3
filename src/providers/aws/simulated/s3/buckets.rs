//! Buckets: creation, deletion, and reads of their settings. Most settings are written by Cloud Control.

use serde_json::{Map, Value as Json, json};

use super::super::answers::{Refused, S3_NAMESPACE, text as answered};
use super::super::handler;
use super::super::kept;
use super::super::store::{MADE, Place, text};
use super::super::types::{ACCOUNT, BUCKET, BUCKET_POLICY};
use super::super::xml;
use super::{Call, not_allowed, own};
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, World};

fn document(root: &str, content: Json) -> Response {
    answered(200, xml::document(root, S3_NAMESPACE, &content))
}

pub(super) fn list(world: &World) -> Response {
    let all = world.objects().filter(|object| object.type_ == BUCKET.name && object.seen());
    let shown = all.map(|object| json!({ "Name": object.body["BucketName"], "CreationDate": object.body[MADE] }));
    let shown: Vec<Json> = shown.collect();
    let owner = json!({ "ID": ACCOUNT, "DisplayName": "drplan" });
    document("ListAllMyBucketsResult", json!({ "Owner": owner, "Buckets": { "Bucket*": shown } }))
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Response, Refused> {
    kept::bucket_name(world, &call.bucket)?;
    let body = std::str::from_utf8(&call.request.bytes).ok().and_then(xml::parse);
    let wanted = body.as_ref().and_then(|body| body.text("LocationConstraint")).unwrap_or_default();
    let usual = if call.region == "us-east-1" { "" } else { call.region };
    if wanted != usual {
        let why = "The location constraint is incompatible for the region specific endpoint this request was sent to.";
        return Err(Refused::bad("IllegalLocationConstraintException", why));
    }
    let mut model = Map::new();
    model.insert("BucketName".to_owned(), json!(call.bucket));
    if call.request.header("x-amz-bucket-object-lock-enabled") == Some("true") {
        model.insert("ObjectLockEnabled".to_owned(), json!(true));
    }
    kept::complete_bucket(call.region, &call.bucket, &mut model)?;
    Place::new(&BUCKET, call.region).insert(world, &call.bucket, Json::Object(model), Lifecycle::Standing);
    Ok(Response::empty(200).with("location", format!("/{}", call.bucket)))
}

pub(super) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refused> {
    match call.request.verb {
        HttpMethod::Head => Ok(Response::empty(200).with("x-amz-bucket-region", call.region)),
        HttpMethod::Delete if call.wants("policy") => {
            Place::new(&BUCKET_POLICY, call.region).remove(world, &call.bucket);
            Ok(Response::empty(204))
        }
        HttpMethod::Delete if call.request.query.is_empty() => {
            let body = own(world, call)?.clone();
            kept::delete_bucket(world, call.region, &body)?;
            kept::bucket_gone(world, call.region, &body);
            Place::new(&BUCKET, call.region).remove(world, &call.bucket);
            Ok(Response::empty(204))
        }
        HttpMethod::Put if call.wants("versioning") => version(world, call),
        HttpMethod::Put if call.wants("policy") => policy(world, call),
        HttpMethod::Get => setting(world, call),
        _ => Err(not_allowed()),
    }
}

fn version(world: &mut World, call: &Call<'_>) -> Result<Response, Refused> {
    let body = std::str::from_utf8(&call.request.bytes).ok().and_then(xml::parse);
    let status = body.as_ref().and_then(|body| body.text("Status")).unwrap_or_default();
    if !matches!(status, "Enabled" | "Suspended") {
        return Err(Refused::bad("MalformedXML", "The XML you provided was not well-formed"));
    }
    let before = own(world, call)?;
    let mut after = before.clone();
    after["VersioningConfiguration"] = json!({ "Status": status });
    kept::check_bucket(before, &after)?;
    Place::new(&BUCKET, call.region).change(world, &call.bucket, |body| *body = after);
    Ok(Response::empty(200))
}

/// Sets the policy of a bucket.
fn policy(world: &mut World, call: &Call<'_>) -> Result<Response, Refused> {
    let malformed = || Refused::bad("MalformedPolicy", "Policies must be valid JSON and have statements.");
    let document: Json = serde_json::from_slice(&call.request.bytes).map_err(|_| malformed())?;
    if !document.is_object() {
        return Err(malformed());
    }
    handler::policy(Some(&document)).map_err(|_| malformed())?;
    kept::check_policy(own(world, call)?, &document)?;
    let body = json!({ "Bucket": call.bucket, "PolicyDocument": document });
    Place::new(&BUCKET_POLICY, call.region).insert(world, &call.bucket, body, Lifecycle::Standing);
    Ok(Response::empty(204))
}

fn unset(code: &str) -> Refused {
    Refused::new(404, code, "The configuration does not exist.")
}

/// A setting of a bucket.
fn setting(world: &World, call: &Call<'_>) -> Result<Response, Refused> {
    let body = own(world, call)?;
    let of = |name: &str, code: &str| body.get(name).filter(|value| !value.is_null()).ok_or_else(|| unset(code));
    let root = |root: &str, content: Json| Ok(document(root, content));
    if call.wants("location") {
        let at = if call.region == "us-east-1" { "" } else { call.region };
        let text = xml::document("LocationConstraint", S3_NAMESPACE, &json!(at));
        return Ok(answered(200, text));
    }
    if call.wants("versioning") {
        return root("VersioningConfiguration", body.get("VersioningConfiguration").cloned().unwrap_or(Json::Null));
    }
    if call.wants("policy") {
        let policy = Place::new(&BUCKET_POLICY, call.region).body(world, &call.bucket);
        let policy = policy.ok_or_else(|| unset("NoSuchBucketPolicy"))?;
        return Ok(Response::json(200, &policy["PolicyDocument"]));
    }
    if call.wants("encryption") {
        let own = of("BucketEncryption", "ServerSideEncryptionConfigurationNotFoundError")?;
        let rules: Vec<Json> = items(own, "ServerSideEncryptionConfiguration")
            .iter()
            .map(|rule| {
                json!({
                    "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                    "BucketKeyEnabled": rule.get("BucketKeyEnabled").cloned().unwrap_or(json!(false)),
                })
            })
            .collect();
        return root("ServerSideEncryptionConfiguration", json!({ "Rule*": rules }));
    }
    if call.wants("publicAccessBlock") {
        let own = of("PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration")?;
        return root("PublicAccessBlockConfiguration", own.clone());
    }
    if call.wants("ownershipControls") {
        let own = of("OwnershipControls", "OwnershipControlsNotFoundError")?;
        return root("OwnershipControls", json!({ "Rule*": own["Rules"] }));
    }
    if call.wants("object-lock") {
        if body["ObjectLockEnabled"] != true {
            return Err(unset("ObjectLockConfigurationNotFoundError"));
        }
        let rule = body.pointer("/ObjectLockConfiguration/Rule");
        return root("ObjectLockConfiguration", json!({ "ObjectLockEnabled": "Enabled", "Rule": rule }));
    }
    if call.wants("tagging") {
        let tags = of("Tags", "NoSuchTagSet")?;
        return root("Tagging", json!({ "TagSet": { "Tag*": tags } }));
    }
    if call.wants("lifecycle") {
        let own = of("LifecycleConfiguration", "NoSuchLifecycleConfiguration")?;
        return root(
            "LifecycleConfiguration",
            json!({ "Rule*": items(own, "Rules").iter().map(rule).collect::<Vec<_>>() }),
        );
    }
    if call.wants("replication") {
        let own = of("ReplicationConfiguration", "ReplicationConfigurationNotFoundError")?;
        return root("ReplicationConfiguration", json!({ "Role": own["Role"], "Rule*": own["Rules"] }));
    }
    let why =
        format!("The simulator has no such setting of a bucket: {:?}", call.request.query.keys().collect::<Vec<_>>());
    Err(Refused::new(501, "NotImplemented", why))
}

fn items<'a>(body: &'a Json, name: &str) -> &'a [Json] {
    body[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A rule of a lifecycle, with the names of S3.
fn rule(rule: &Json) -> Json {
    let noncurrent = rule.get("NoncurrentVersionExpiration").map(|own| {
        json!({ "NoncurrentDays": own["NoncurrentDays"], "NewerNoncurrentVersions": own["NewerNoncurrentVersions"] })
    });
    let expires = rule.get("ExpirationInDays").map(|days| json!({ "Days": days }));
    json!({
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": { "Prefix": text(rule, "Prefix") },
        "Expiration": expires,
        "NoncurrentVersionExpiration": noncurrent,
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
    })
}
