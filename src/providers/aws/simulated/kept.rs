//! Buckets with their policies, and parameters.

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::handler::{Handler, Seconds, default, generated, plain, policy, string};
use super::store::{Place, bucket, give, text};
use super::types::{ACCOUNT, BUCKET, BUCKET_POLICY, OBJECT, PARAMETER};
use crate::simulator::world::World;

/// The longest value of a standard parameter, in bytes.
const LONGEST: usize = 4096;

pub(super) static HANDLERS: &[Handler] = &[
    Handler {
        update: |_, _, before, after| check_bucket(before, after),
        delete: delete_bucket,
        gone: bucket_gone,
        ..plain(&BUCKET, Seconds(20, 15, 15), create_bucket)
    },
    Handler {
        update: |world, region, _, after| {
            policy(after.get("PolicyDocument"))?;
            let bucket = Place::new(&BUCKET, region).body(world, text(after, "Bucket")).cloned().unwrap_or_default();
            check_policy(&bucket, &after["PolicyDocument"])
        },
        ..plain(&BUCKET_POLICY, Seconds(5, 5, 5), create_policy)
    },
    Handler { update: |_, _, _, after| value(after), ..plain(&PARAMETER, Seconds(5, 5, 5), create_parameter) },
];

/// Refuses the name of a bucket that is not valid or taken. All accounts share the names.
pub(super) fn bucket_name(world: &World, name: &str) -> Result<(), Refused> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let is_end = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    let is_valid = (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| is_letter(*byte))
        && is_end(bytes.first())
        && is_end(bytes.last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if !is_valid {
        return Err(Refused::bad("InvalidBucketName", "The specified bucket is not valid."));
    }
    match bucket(world, name) {
        Some(_) => {
            let why = "Your previous request to create the named bucket succeeded and you already own it.";
            Err(Refused::new(409, "BucketAlreadyOwnedByYou", why))
        }
        None => Ok(()),
    }
}

/// Completes the model of a new bucket, for both of its APIs.
pub(super) fn complete_bucket(region: &str, name: &str, model: &mut Map<String, Json>) -> Result<(), Refused> {
    model.insert("Arn".to_owned(), json!(format!("arn:aws:s3:::{name}")));
    model.insert("DomainName".to_owned(), json!(format!("{name}.s3.amazonaws.com")));
    model.insert("RegionalDomainName".to_owned(), json!(format!("{name}.s3.{region}.amazonaws.com")));
    model.insert("DualStackDomainName".to_owned(), json!(format!("{name}.s3.dualstack.{region}.amazonaws.com")));
    model.insert("WebsiteURL".to_owned(), json!(format!("http://{name}.s3-website-{region}.amazonaws.com")));
    let encryption =
        json!({ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" }, "BucketKeyEnabled": false });
    default(model, "BucketEncryption", json!({ "ServerSideEncryptionConfiguration": [encryption] }));
    let block = json!({
        "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
    });
    default(model, "PublicAccessBlockConfiguration", block);
    default(model, "OwnershipControls", json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] }));
    if model.get("ObjectLockEnabled") == Some(&json!(true)) {
        default(model, "VersioningConfiguration", json!({ "Status": "Enabled" }));
    }
    check_bucket(&Json::Null, &Json::Object(model.clone()))
}

fn create_bucket(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let id = give(world, "").to_ascii_lowercase();
    default(model, "BucketName", generated(&BUCKET, &id));
    let name = string(model, "BucketName");
    bucket_name(world, &name)?;
    complete_bucket(region, &name, model)?;
    Ok(name)
}

/// Refuses settings of a bucket that contradict each other, or that nothing reverses.
pub(super) fn check_bucket(before: &Json, after: &Json) -> Result<(), Refused> {
    let is_locked = |body: &Json| body["ObjectLockEnabled"] == true;
    let is_versioned = after.pointer("/VersioningConfiguration/Status").is_some_and(|status| status == "Enabled");
    if is_locked(before) && !is_locked(after) {
        return Err(Refused::bad("InvalidRequest", "Object Lock cannot be disabled once it is enabled."));
    }
    if is_locked(after) && !is_versioned {
        let why = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
        return Err(Refused::new(409, "InvalidBucketState", why));
    }
    if after.get("ObjectLockConfiguration").is_some() && !is_locked(after) {
        return Err(Refused::new(409, "InvalidBucketState", "Object Lock must be enabled on this bucket."));
    }
    if after.get("ReplicationConfiguration").is_some() && !is_versioned {
        let why = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
        return Err(Refused::bad("InvalidRequest", why));
    }
    Ok(())
}

/// Refuses to delete a bucket that has an object, or a version of one.
pub(super) fn delete_bucket(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let name = text(body, "BucketName");
    let objects = Place { of: &OBJECT, region, within: Some(name) }.all(world);
    match objects.is_empty() {
        true => Ok(()),
        false => Err(Refused::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")),
    }
}

pub(super) fn bucket_gone(world: &mut World, region: &str, body: &Json) {
    Place::new(&BUCKET_POLICY, region).remove(world, text(body, "BucketName"));
}

fn create_policy(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let name = string(model, "Bucket");
    if Place::new(&BUCKET, region).find(world, &name).is_none() {
        return Err(Refused::new(404, "NoSuchBucket", "The specified bucket does not exist"));
    }
    policy(model.get("PolicyDocument"))?;
    let bucket = Place::new(&BUCKET, region).body(world, &name).cloned().unwrap_or_default();
    check_policy(&bucket, &model.get("PolicyDocument").cloned().unwrap_or_default())?;
    if Place::new(&BUCKET_POLICY, region).find(world, &name).is_some() {
        return Err(Refused::new(409, "PolicyAlreadyExists", format!("The bucket {name} has a policy already.")));
    }
    Ok(name)
}

/// Refuses a policy that lets everybody in, where the bucket blocks such policies.
pub(super) fn check_policy(bucket: &Json, document: &Json) -> Result<(), Refused> {
    let blocks = bucket.pointer("/PublicAccessBlockConfiguration/BlockPublicPolicy").is_some_and(|on| *on == true);
    let statements = match &document["Statement"] {
        Json::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let is_everybody = |principal: &Json| *principal == "*" || principal["AWS"] == "*";
    let is_public = |one: &Json| {
        one["Effect"] == "Allow" && is_everybody(&one["Principal"]) && one.get("Condition").is_none_or(Json::is_null)
    };
    if blocks && statements.iter().any(is_public) {
        let why = "User is not authorized to perform: s3:PutBucketPolicy because public policies are blocked by the \
            BlockPublicPolicy block public access setting.";
        return Err(Refused::new(403, "AccessDenied", why));
    }
    Ok(())
}

fn value(body: &Json) -> Result<(), Refused> {
    if text(body, "Value").len() > LONGEST {
        return Err(Refused::bad(
            "ValidationException",
            "Standard tier parameters support a maximum of 4096 characters.",
        ));
    }
    Ok(())
}

/// Refuses a parameter that cannot be created, for both of its APIs.
pub(super) fn parameter(world: &World, region: &str, name: &str, body: &Json) -> Result<(), Refused> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
    let reserved =
        ["aws", "ssm"].iter().any(|word| name.trim_start_matches('/').to_ascii_lowercase().starts_with(word));
    if name.is_empty() || !name.chars().all(is_letter) || reserved {
        return Err(Refused::bad("ValidationException", format!("Parameter name {name} is not valid.")));
    }
    if Place::new(&PARAMETER, region).find(world, name).is_some() {
        return Err(Refused::bad("ParameterAlreadyExists", "The parameter already exists."));
    }
    value(body)
}

fn create_parameter(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let id = give(world, "");
    default(model, "Name", generated(&PARAMETER, &id));
    let name = string(model, "Name");
    parameter(world, region, &name, &Json::Object(model.clone()))?;
    if model.get("Type") == Some(&json!("SecureString")) {
        return Err(Refused::bad("ValidationException", "SecureString is not supported here."));
    }
    default(model, "DataType", "text");
    default(model, "Tier", "Standard");
    default(model, "Version", 1);
    default(model, "Arn", format!("arn:aws:ssm:{region}:{ACCOUNT}:parameter/{}", name.trim_start_matches('/')));
    Ok(name)
}
