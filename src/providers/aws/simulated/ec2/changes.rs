//! Changes of machines and images that have actions of their own: metadata options, monitoring, profiles, deprecation.

use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::store::{Place, text};
use super::super::types::{ACCOUNT, GLOBAL, IMAGE, INSTANCE, PROFILE};
use super::call::Call;
use super::instances::done;
use super::list::{filtered, page};
use super::shapes::lowered;
use crate::simulator::world::World;

/// Options of a machine that a call may set.
const OPTIONS: [&str; 5] =
    ["HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "HttpProtocolIpv6", "InstanceMetadataTags"];

pub(super) fn metadata(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let id = call.needs("InstanceId")?.to_owned();
    let place = Place::new(&INSTANCE, call.region);
    place.get(world, &id)?;
    let hops = call.number("HttpPutResponseHopLimit")?;
    place.change(world, &id, |body| {
        for name in OPTIONS {
            match (name, call.text(name)) {
                (_, "") => {}
                ("HttpPutResponseHopLimit", _) => body["MetadataOptions"][name] = json!(hops),
                (_, word) => body["MetadataOptions"][name] = json!(word),
            }
        }
    });
    let mut options = lowered(&place.get(world, &id)?.body["MetadataOptions"]);
    options["state"] = json!("pending");
    let answer = json!({ "instanceId": id, "instanceMetadataOptions": options });
    Ok(answer.as_object().cloned().unwrap_or_default())
}

pub(super) fn monitor(world: &mut World, call: &Call<'_>, on: bool) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let place = Place::new(&INSTANCE, call.region);
    let ids = call.list("InstanceId");
    for id in &ids {
        place.get(world, id)?;
    }
    let state = if on { "enabled" } else { "disabled" };
    ids.iter().for_each(|id| place.change(world, id, |body| body["Monitoring"] = json!(on)));
    let all: Vec<Json> = ids.iter().map(|id| json!({ "instanceId": id, "monitoring": { "state": state } })).collect();
    Ok(std::iter::once(("instancesSet".to_owned(), Json::Array(all))).collect())
}

/// An image of the account that a call changes.
fn image(world: &World, call: &Call<'_>) -> Result<String, Refused> {
    call.at_once()?;
    let id = call.needs("ImageId")?;
    Place::new(&IMAGE, call.region).get(world, id)?;
    Ok(id.to_owned())
}

pub(super) fn describe_image(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let id = image(world, call)?;
    let given = call.form.get("Description").map(|value| text(value, "Value").to_owned());
    if let Some(description) = given {
        Place::new(&IMAGE, call.region).change(world, &id, |body| body["Description"] = json!(description));
    }
    Ok(done())
}

pub(super) fn deprecate(world: &mut World, call: &Call<'_>, is_deprecated: bool) -> Result<Map<String, Json>, Refused> {
    let id = image(world, call)?;
    let at = if is_deprecated { json!(call.needs("DeprecateAt")?) } else { Json::Null };
    Place::new(&IMAGE, call.region).change(world, &id, |body| body["DeprecationTime"] = at);
    Ok(done())
}

/// Beginning of the id of an association, which has one machine.
const ASSOCIATION: &str = "iip-assoc-";

/// The association of a machine with its profile.
fn association(body: &Json) -> Json {
    let (machine, profile) = (text(body, "InstanceId"), text(body, "IamInstanceProfile"));
    json!({
        "associationId": machine.replacen("i-", ASSOCIATION, 1),
        "instanceId": machine,
        "iamInstanceProfile": {
            "arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{profile}"),
        },
        "state": "associated",
    })
}

pub(super) fn associations(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let all = Place::new(&INSTANCE, call.region).all(world);
    let bodies = all.into_iter().map(|object| &object.body);
    let has_one = |body: &&crate::simulator::body::Body| body.get("IamInstanceProfile").is_some_and(Json::is_string);
    let shown: Vec<Json> = bodies.filter(has_one).map(|body| association(body)).collect();
    let ids = call.list("AssociationId");
    let is_wanted = |one: &Json| ids.is_empty() || ids.iter().any(|id| one["associationId"] == **id);
    let shown = shown.into_iter().filter(is_wanted).collect();
    let filters = [("instance-id", "instanceId"), ("state", "state")];
    page(filtered(shown, call, &filters)?, call, "iamInstanceProfileAssociationSet", !ids.is_empty())
}

/// Gives a machine the profile that a call names, or none.
fn associate(world: &mut World, call: &Call<'_>, machine: &str, named: bool) -> Result<Map<String, Json>, Refused> {
    let place = Place::new(&INSTANCE, call.region);
    let before = place.get(world, machine)?.body.to_json();
    let profile = match named {
        true => {
            let name = text(&call.form["IamInstanceProfile"], "Name");
            if Place::new(&PROFILE, GLOBAL).body(world, name).is_none() {
                let why = format!(
                    "Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM \
                                   Instance Profile name"
                );
                return Err(Refused::bad("InvalidParameterValue", why));
            }
            json!(name)
        }
        false => Json::Null,
    };
    place.change(world, machine, |body| body["IamInstanceProfile"] = profile);
    let shown = if named { association(&place.get(world, machine)?.body) } else { association(&before) };
    Ok(std::iter::once(("iamInstanceProfileAssociation".to_owned(), shown)).collect())
}

pub(super) fn add_profile(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let machine = call.needs("InstanceId")?.to_owned();
    associate(world, call, &machine, true)
}

/// Replaces or removes the profile of an association.
pub(super) fn change_profile(world: &mut World, call: &Call<'_>, named: bool) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let id = call.needs("AssociationId")?;
    let machine = id.replacen(ASSOCIATION, "i-", 1);
    let place = Place::new(&INSTANCE, call.region);
    let has_one = place.body(world, &machine).is_some_and(|body| body["IamInstanceProfile"].is_string());
    if !has_one {
        let why = format!("An invalid association-id of '{id}' was given");
        return Err(Refused::bad("NoSuchAssociation", why));
    }
    associate(world, call, &machine, named)
}
