//! STS and IAM's own API: who asks, temporary keys, and reads of roles and profiles.

use jiff::SignedDuration;
use serde_json::{Map, Value as Json, json};

use super::answers::{IAM_NAMESPACE, Refused, STS_NAMESPACE, of_query};
use super::form;
use super::offers;
use super::signature::{self, Caller};
use super::store::{MADE, Place, text, timestamp};
use super::types::{ACCOUNT, GLOBAL, PROFILE, ROLE};
use super::verify::{TEMPORARY, temporary_secret};
use crate::simulator::request::{Request, Response};
use crate::simulator::world::World;

/// The form of a request.
pub(super) fn form_of(request: &Request) -> Map<String, Json> {
    if !request.bytes.is_empty() {
        return form::tree(&request.bytes);
    }
    request.query.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
}

/// True for a request that needs no signature, because it has a token of somebody else.
pub(super) fn is_unsigned(request: &Request) -> bool {
    form_of(request).get("Action").is_some_and(|action| action == "AssumeRoleWithWebIdentity")
}

fn string(form: &Map<String, Json>, name: &str) -> String {
    form.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// Answers a request to STS.
pub(super) fn answer(world: &World, request: &Request, caller: Option<&Caller>) -> Result<Response, Refused> {
    let form = form_of(request);
    let action = string(&form, "Action");
    if action != "GetCallerIdentity" && !offers::permitted(world, &format!("sts:{action}")) {
        return Err(Refused::new(403, "AccessDenied", format!("User is not authorized to perform: sts:{action}")));
    }
    let content = match action.as_str() {
        "GetCallerIdentity" => {
            let arn = caller.map(|caller| caller.arn.clone()).unwrap_or_default();
            let id = caller.map(|caller| caller.key.replacen("AKIA", "AIDA", 1));
            json!({ "Arn": arn, "UserId": id, "Account": ACCOUNT })
        }
        "AssumeRole" | "AssumeRoleWithWebIdentity" => assume(world, &form, action == "AssumeRole")?,
        _ => return Err(Refused::bad("InvalidAction", format!("Could not find operation {action}"))),
    };
    Ok(of_query(world, STS_NAMESPACE, &action, &content))
}

fn assume(world: &World, form: &Map<String, Json>, is_signed: bool) -> Result<Json, Refused> {
    let (arn, session) = (string(form, "RoleArn"), string(form, "RoleSessionName"));
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    if !(2..=64).contains(&session.len()) || !session.chars().all(is_letter) {
        return Err(Refused::bad("ValidationError", "Value at 'roleSessionName' is not valid."));
    }
    if !is_signed && string(form, "WebIdentityToken").split('.').count() != 3 {
        return Err(Refused::bad("InvalidIdentityToken", "The ID Token provided is not a valid JWT."));
    }
    let seconds =
        match string(form, "DurationSeconds").as_str() {
            "" => 3600,
            text => text.parse::<i64>().ok().filter(|seconds| (900..=43_200).contains(seconds)).ok_or_else(|| {
                Refused::bad("ValidationError", "Value at 'durationSeconds' is between 900 and 43200.")
            })?,
        };
    let name = arn.rsplit('/').next().unwrap_or_default();
    // Roles of other accounts are not in this world, and count as willing.
    let is_own = arn.starts_with(&format!("arn:aws:iam::{ACCOUNT}:role/"));
    let role = Place::new(&ROLE, GLOBAL).body(world, name);
    if !arn.starts_with("arn:aws:iam::") || !arn.contains(":role/") || (is_own && role.is_none()) {
        let why = format!("User is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(Refused::new(403, "AccessDenied", why));
    }
    let longest = role.and_then(|role| role["MaxSessionDuration"].as_i64()).unwrap_or(43_200);
    if seconds > longest {
        let why = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(Refused::bad("ValidationError", why));
    }
    let ends = world.now + SignedDuration::from_secs(seconds);
    let account = arn.split(':').nth(4).unwrap_or(ACCOUNT);
    let assumed = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
    let digits =
        world.seed.guid(&["aws", "session", &assumed, &ends.to_string()]).replace('-', "").to_ascii_uppercase();
    let digits = digits.get(..16).unwrap_or_default();
    let id = role.map_or_else(|| format!("AROA{digits}"), |role| text(role, "RoleId").to_owned());
    Ok(json!({
        "AssumedRoleUser": { "AssumedRoleId": format!("{id}:{session}"), "Arn": assumed },
        "Credentials": {
            "AccessKeyId": format!("{TEMPORARY}{digits}"),
            "SecretAccessKey": temporary_secret(digits),
            "SessionToken": signature::token(ends, &assumed),
            "Expiration": timestamp(ends),
        },
    }))
}

/// Answers a request to IAM.
pub(super) fn identity(world: &World, request: &Request, caller: &Caller) -> Result<Response, Refused> {
    let form = form_of(request);
    let action = string(&form, "Action");
    if !offers::permitted(world, &format!("iam:{action}")) {
        return Err(Refused::new(403, "AccessDenied", format!("User is not authorized to perform: iam:{action}")));
    }
    let absent = |what: &str, name: &str| {
        Refused::new(404, "NoSuchEntity", format!("The {what} with name {name} cannot be found."))
    };
    let content = match action.as_str() {
        "GetUser" => json!({ "User": { "Arn": caller.arn, "UserName": "drplan", "UserId": caller.key, "Path": "/" } }),
        "GetRole" => {
            let name = string(&form, "RoleName");
            let body = Place::new(&ROLE, GLOBAL).body(world, &name).ok_or_else(|| absent("role", &name))?;
            json!({ "Role": role(body) })
        }
        "GetInstanceProfile" => {
            let name = string(&form, "InstanceProfileName");
            let body =
                Place::new(&PROFILE, GLOBAL).body(world, &name).ok_or_else(|| absent("instance profile", &name))?;
            let roles = body["Roles"].as_array().into_iter().flatten().filter_map(Json::as_str);
            let roles = roles.filter_map(|name| Place::new(&ROLE, GLOBAL).body(world, name)).map(role);
            json!({ "InstanceProfile": {
                "InstanceProfileName": name, "Path": body["Path"], "Arn": body["Arn"], "CreateDate": body[MADE],
                "Roles": { "member*": roles.collect::<Vec<_>>() },
            } })
        }
        _ => return Err(Refused::bad("InvalidAction", format!("Could not find operation {action}"))),
    };
    Ok(of_query(world, IAM_NAMESPACE, &action, &content))
}

fn role(body: &Json) -> Json {
    let document = match &body["AssumeRolePolicyDocument"] {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    // IAM returns documents as they stand in a URL.
    let document: String = url::form_urlencoded::byte_serialize(document.as_bytes()).collect();
    json!({
        "RoleName": body["RoleName"], "RoleId": body["RoleId"], "Arn": body["Arn"], "Path": body["Path"],
        "CreateDate": body[MADE], "MaxSessionDuration": body["MaxSessionDuration"],
        "AssumeRolePolicyDocument": document.replace('+', "%20"),
    })
}
