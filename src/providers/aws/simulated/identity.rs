//! Roles, instance profiles, and keys of KMS.

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::handler::{Handler, Seconds, default, generated, plain, policy, string, with};
use super::store::{Place, give_uuid, given, text};
use super::types::{ACCOUNT, ALIAS, GLOBAL, KEY, PROFILE, ROLE, Type};
use crate::simulator::world::World;

/// Managed policies of a role (source: IAM's quotas).
const MANAGED: usize = 10;

pub(super) static HANDLERS: &[Handler] = &[
    Handler {
        update: |_, _, _, after| check_role(after),
        delete: delete_role,
        ..plain(&ROLE, Seconds(12, 8, 12), create_role)
    },
    Handler {
        update: |world, _, _, after| check_profile(world, after),
        ..plain(&PROFILE, Seconds(90, 10, 12), create_profile)
    },
    Handler {
        update: |_, _, _, after| key_policy(after),
        gone: key_gone,
        ..plain(&KEY, Seconds(30, 10, 5), create_key)
    },
    Handler {
        update: |world, region, _, after| check_alias(world, region, after),
        ..plain(&ALIAS, Seconds(8, 5, 5), create_alias)
    },
];

/// The id of a principal: a prefix and letters.
fn principal(world: &mut World, prefix: &str) -> String {
    let number = given(world);
    let digits = world.seed.guid(&["aws", prefix, &number.to_string()]).replace('-', "").to_ascii_uppercase();
    format!("{prefix}{}", digits.get(..17).unwrap_or_default())
}

/// The name of a new object of IAM, which has no other of its name.
fn name(world: &mut World, of: &'static Type, model: &mut Map<String, Json>, most: usize) -> Result<String, Refused> {
    let number = given(world).to_string();
    let made = generated(of, &number);
    default(model, of.id, made);
    let name = string(model, of.id);
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    if name.is_empty() || name.len() > most || !name.chars().all(is_letter) {
        return Err(Refused::bad("ValidationError", format!("The specified value for {} is invalid", of.id)));
    }
    // IAM keeps the case of a name and ignores it where it compares two.
    let is_taken = |other: &str| other.eq_ignore_ascii_case(&name);
    let all = Place::new(of, GLOBAL);
    if all.all(world).iter().any(|object| is_taken(text(&object.body, of.id))) {
        return Err(Refused::new(409, "EntityAlreadyExists", format!("{name} already exists.")));
    }
    default(model, "Path", "/");
    Ok(name)
}

fn create_role(world: &mut World, _: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    check_role(&Json::Object(model.clone()))?;
    let name = name(world, &ROLE, model, 64)?;
    let id = principal(world, "AROA");
    let path = string(model, "Path");
    model.insert("RoleId".to_owned(), json!(id));
    model.insert("Arn".to_owned(), json!(format!("arn:aws:iam::{ACCOUNT}:role{path}{name}")));
    default(model, "MaxSessionDuration", 3600);
    Ok(name)
}

fn check_role(body: &Json) -> Result<(), Refused> {
    policy(body.get("AssumeRolePolicyDocument"))?;
    let inline = body["Policies"].as_array().map(Vec::as_slice).unwrap_or_default();
    inline.iter().try_for_each(|one| policy(one.get("PolicyDocument")))?;
    let size: usize = inline.iter().map(|one| one["PolicyDocument"].to_string().len()).sum();
    if size > 10_240 {
        return Err(Refused::new(409, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded"));
    }
    let managed = body["ManagedPolicyArns"].as_array().map(Vec::as_slice).unwrap_or_default();
    if managed.len() > MANAGED {
        return Err(Refused::new(409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10"));
    }
    let is_arn =
        |arn: &&Json| arn.as_str().is_some_and(|arn| arn.starts_with("arn:aws:iam::") && arn.contains(":policy/"));
    match managed.iter().find(|arn| !is_arn(arn)) {
        Some(arn) => Err(Refused::bad("ValidationError", format!("ARN {arn} is not valid."))),
        None => Ok(()),
    }
}

fn delete_role(world: &World, _: &str, body: &Json) -> Result<(), Refused> {
    let name = text(body, "RoleName");
    let profiles = Place::new(&PROFILE, GLOBAL).all(world);
    let has = |profile: &Json| profile["Roles"].as_array().is_some_and(|roles| roles.iter().any(|role| role == name));
    if profiles.iter().any(|profile| has(&profile.body)) {
        let why = "Cannot delete entity, must remove roles from instance profile first.";
        return Err(Refused::new(409, "DeleteConflict", why));
    }
    Ok(())
}

fn check_profile(world: &World, body: &Json) -> Result<(), Refused> {
    let roles = body["Roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [role] = roles else {
        return Err(Refused::new(
            409,
            "LimitExceeded",
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        ));
    };
    let role = role.as_str().unwrap_or_default();
    match Place::new(&ROLE, GLOBAL).find(world, role) {
        Some(_) => Ok(()),
        None => Err(Refused::new(404, "NoSuchEntity", format!("The role with name {role} cannot be found."))),
    }
}

fn create_profile(world: &mut World, _: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    check_profile(world, &Json::Object(model.clone()))?;
    let name = name(world, &PROFILE, model, 128)?;
    let path = string(model, "Path");
    model.insert("Arn".to_owned(), json!(format!("arn:aws:iam::{ACCOUNT}:instance-profile{path}{name}")));
    Ok(name)
}

fn key_policy(body: &Json) -> Result<(), Refused> {
    match body.get("KeyPolicy") {
        None => Ok(()),
        document => {
            policy(document).map_err(|why| Refused { code: "MalformedPolicyDocumentException".to_owned(), ..why })
        }
    }
}

fn create_key(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    key_policy(&Json::Object(model.clone()))?;
    let id = give_uuid(world);
    model.insert("KeyId".to_owned(), json!(id));
    model.insert("Arn".to_owned(), json!(format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}")));
    for (name, value) in [
        ("Description", json!("")),
        ("Enabled", json!(true)),
        ("EnableKeyRotation", json!(false)),
        ("KeySpec", json!("SYMMETRIC_DEFAULT")),
        ("KeyUsage", json!("ENCRYPT_DECRYPT")),
        ("MultiRegion", json!(false)),
        ("Origin", json!("AWS_KMS")),
        ("KeyPolicy", own_policy()),
    ] {
        default(model, name, value);
    }
    Ok(id)
}

/// The policy of a key without one: the account may do everything.
fn own_policy() -> Json {
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" });
    json!({ "Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement] })
}

/// The names of a key are free at once.
fn key_gone(world: &mut World, region: &str, body: &Json) {
    let at = Place::new(&ALIAS, region);
    let own = [text(body, "KeyId"), text(body, "Arn")].into_iter().flat_map(|id| with(world, at, "TargetKeyId", id));
    let own: Vec<String> = own.map(|alias| text(alias, "AliasName").to_owned()).collect();
    own.iter().for_each(|name| at.remove(world, name));
}

fn check_alias(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let target = text(body, "TargetKeyId");
    let id = target.rsplit('/').next().unwrap_or_default();
    match Place::new(&KEY, region).find(world, id) {
        Some(_) => Ok(()),
        None => Err(Refused::bad("NotFoundException", format!("Key '{target}' does not exist"))),
    }
}

fn create_alias(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    check_alias(world, region, &Json::Object(model.clone()))?;
    let name = string(model, "AliasName");
    if !name.starts_with("alias/") || name.starts_with("alias/aws/") {
        return Err(Refused::bad("InvalidAliasNameException", format!("{name} is not a valid alias name")));
    }
    if Place::new(&ALIAS, region).find(world, &name).is_some() {
        return Err(Refused::bad("AlreadyExistsException", format!("An alias with the name {name} already exists")));
    }
    Ok(name)
}
