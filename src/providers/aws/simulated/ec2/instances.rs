//! Machines: lists, states, attributes and power.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::super::addresses;
use super::super::answers::Refused;
use super::super::machines::{CHECKED, Step, state, take};
use super::super::offers;
use super::super::store::{Place, is_visible, text};
use super::super::types::{ACCOUNT, ADDRESS, INSTANCE, VOLUME};
use super::call::Call;
use super::list::{filtered, page};
use super::shapes::{groups_of, lowered, tags};
use crate::simulator::world::World;

const FILTERS: &[(&str, &str)] = &[
    ("instance-id", "instanceId"),
    ("instance-state-name", "instanceState.name"),
    ("instance-state-code", "instanceState.code"),
    ("instance-type", "instanceType"),
    ("image-id", "imageId"),
    ("vpc-id", "vpcId"),
    ("subnet-id", "subnetId"),
    ("key-name", "keyName"),
    ("client-token", "clientToken"),
    ("availability-zone", "placement.availabilityZone"),
    ("private-ip-address", "privateIpAddress"),
    ("ip-address", "ipAddress"),
    ("instance.group-id", "groupSet.groupId"),
    ("instance.group-name", "groupSet.groupName"),
    ("launch-time", "launchTime"),
    ("block-device-mapping.volume-id", "blockDeviceMapping.ebs.volumeId"),
];

const STATUS_FILTERS: &[(&str, &str)] = &[
    ("instance-state-name", "instanceState.name"),
    ("instance-status.status", "instanceStatus.status"),
    ("system-status.status", "systemStatus.status"),
    ("availability-zone", "availabilityZone"),
];

/// The public address of a machine, and its owner: one of the account's that leads to it, or one that AWS lends it.
fn public(world: &World, region: &str, body: &Json) -> Option<(String, &'static str)> {
    let place = Place::new(&ADDRESS, region);
    let of = addresses::of_machine(world, region, text(body, "InstanceId"));
    let led = of.first().and_then(|id| place.body(world, id)).map(|body| (text(body, "PublicIp").to_owned(), ACCOUNT));
    led.or_else(|| Some((text(body, "PublicIp").to_owned(), "amazon")).filter(|(own, _)| !own.is_empty()))
}

fn shown(world: &World, region: &str, body: &Json) -> Json {
    let public = public(world, region, body);
    let (address, owner) = public.unzip();
    let groups = groups_of(world, region, body);
    let name = address.as_ref().map(|own| format!("ec2-{}.{region}.compute.amazonaws.com", own.replace('.', "-")));
    let is_gone = matches!(state(body), "terminated");
    let association = address.as_ref().map(|own| json!({ "publicIp": own, "publicDnsName": name, "ipOwnerId": owner }));
    let own = json!({ "privateIpAddress": body["PrivateIp"], "primary": true, "association": association });
    let interface = json!({
        "networkInterfaceId": body["NetworkInterfaceId"],
        "subnetId": body["SubnetId"],
        "vpcId": body["VpcId"],
        "ownerId": ACCOUNT,
        "status": "in-use",
        "privateIpAddress": body["PrivateIp"],
        "sourceDestCheck": body["SourceDestCheck"] != false,
        "groupSet": groups,
        "attachment": { "deviceIndex": 0, "status": "attached", "deleteOnTermination": true },
        "association": association,
        "privateIpAddressesSet": [own],
        "interfaceType": "interface",
    });
    json!({
        "instanceId": body["InstanceId"],
        "imageId": body["ImageId"],
        "instanceState": { "code": body.pointer("/State/Code"), "name": state(body) },
        "privateDnsName": body["PrivateDnsName"],
        "dnsName": name.unwrap_or_default(),
        "reason": "",
        "stateReason": body.get("StateReason").map(lowered),
        "keyName": body["KeyName"],
        "amiLaunchIndex": body["LaunchIndex"],
        "instanceType": body["InstanceType"],
        "launchTime": body["LaunchTime"],
        "placement": { "availabilityZone": body["AvailabilityZone"], "tenancy": "default", "groupName": "" },
        "monitoring": { "state": if body["Monitoring"] == true { "enabled" } else { "disabled" } },
        "subnetId": if is_gone { Json::Null } else { body["SubnetId"].clone() },
        "vpcId": if is_gone { Json::Null } else { body["VpcId"].clone() },
        "privateIpAddress": if is_gone { Json::Null } else { body["PrivateIp"].clone() },
        "ipAddress": address,
        "sourceDestCheck": body["SourceDestCheck"] != false,
        "groupSet": if is_gone { json!([]) } else { groups.clone() },
        "architecture": body["Architecture"],
        "rootDeviceType": "ebs",
        "rootDeviceName": body["RootDeviceName"],
        "blockDeviceMapping": if is_gone { json!([]) } else { disks(world, region, body) },
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "clientToken": body["ClientToken"],
        "ebsOptimized": body["EbsOptimized"],
        "enaSupport": true,
        "iamInstanceProfile": body.get("IamInstanceProfile").filter(|name| name.is_string()).map(|name| {
            json!({ "arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{}", name.as_str().unwrap_or_default()) })
        }),
        "networkInterfaceSet": if is_gone { json!([]) } else { json!([interface]) },
        "metadataOptions": with_state(lowered(&body["MetadataOptions"])),
        "tagSet": tags(body),
    })
}

fn with_state(mut options: Json) -> Json {
    options["state"] = json!("applied");
    options
}

/// The volumes of a machine.
fn disks(world: &World, region: &str, body: &Json) -> Json {
    let id = text(body, "InstanceId");
    let volumes = Place::new(&VOLUME, region).all(world).into_iter().map(|object| &*object.body);
    let shown = volumes.filter_map(|volume| {
        let one = volume["Attachments"].as_array()?.iter().find(|one| text(one, "InstanceId") == id)?;
        Some(json!({
            "deviceName": one["Device"],
            "ebs": {
                "volumeId": volume["VolumeId"], "status": one["State"], "attachTime": one["AttachTime"],
                "deleteOnTermination": one["DeleteOnTermination"],
            },
        }))
    });
    Json::Array(shown.collect())
}

/// The machines that a call wants, by their ids or all.
fn wanted<'w>(world: &'w World, call: &Call<'_>) -> Result<Vec<&'w Json>, Refused> {
    let place = Place::new(&INSTANCE, call.region);
    let ids = call.list("InstanceId");
    if ids.is_empty() {
        let all = place.all(world).into_iter().filter(|object| is_visible(world, object));
        return Ok(all.map(|object| &*object.body).collect());
    }
    ids.iter()
        .map(|id| match id.starts_with(INSTANCE.prefix) {
            true => place.get(world, id).map(|object| &*object.body),
            false => Err(Refused::bad("InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\""))),
        })
        .collect()
}

pub(super) fn list(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let found = wanted(world, call)?;
    let kept: Vec<(String, Json)> = found
        .into_iter()
        .map(|body| (text(body, "ReservationId").to_owned(), shown(world, call.region, body)))
        .collect();
    let mut reservations: Vec<Json> = Vec::new();
    for (id, machine) in kept {
        let Some(machine) = filtered(vec![machine], call, FILTERS)?.pop() else { continue };
        match reservations.iter_mut().find(|one| one["reservationId"] == id) {
            Some(one) => one["instancesSet"].as_array_mut().into_iter().for_each(|all| all.push(machine.clone())),
            None => reservations.push(json!({
                "reservationId": id, "ownerId": ACCOUNT, "groupSet": [], "instancesSet": [machine],
            })),
        }
    }
    page(reservations, call, "reservationSet", !call.list("InstanceId").is_empty())
}

/// The answer to a launch: the reservation with its machines as they are now.
pub(super) fn launched(world: &World, call: &Call<'_>, ids: &[String]) -> Map<String, Json> {
    let place = Place::new(&INSTANCE, call.region);
    let bodies: Vec<&Json> = ids.iter().filter_map(|id| place.body(world, id)).collect();
    let machines: Vec<Json> = bodies.iter().map(|body| shown(world, call.region, body)).collect();
    let reservation = bodies.first().map(|body| body["ReservationId"].clone());
    let answer = json!({
        "reservationId": reservation, "ownerId": ACCOUNT, "groupSet": [], "instancesSet": machines,
    });
    answer.as_object().cloned().unwrap_or_default()
}

pub(super) fn status(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let all = call.flag("IncludeAllInstances");
    let found = wanted(world, call)?.into_iter().filter(|body| all || state(body) == "running");
    let shown = found.map(|body| {
        let since: Option<Timestamp> = text(body, "RunningSince").parse().ok();
        let is_checked = since.is_some_and(|since| world.now >= since + SignedDuration::from_secs(CHECKED));
        let (status, detail) = match (state(body), is_checked || world.rest.faults.instant()) {
            ("running", true) => ("ok", "passed"),
            ("running", false) => ("initializing", "initializing"),
            _ => ("not-applicable", "not-applicable"),
        };
        let summary = json!({ "status": status, "details": [{ "name": "reachability", "status": detail }] });
        json!({
            "instanceId": body["InstanceId"],
            "availabilityZone": body["AvailabilityZone"],
            "instanceState": { "code": body.pointer("/State/Code"), "name": state(body) },
            "systemStatus": summary,
            "instanceStatus": summary,
        })
    });
    let shown = filtered(shown.collect(), call, STATUS_FILTERS)?;
    page(shown, call, "instanceStatusSet", !call.list("InstanceId").is_empty())
}

/// A change of the power of machines.
pub(super) fn power(world: &mut World, call: &Call<'_>, step: Step) -> Result<Map<String, Json>, Refused> {
    if call.list("InstanceId").is_empty() {
        return Err(super::call::absent("InstanceId"));
    }
    let machines: Vec<Json> = wanted(world, call)?.into_iter().cloned().collect();
    let mut late = Vec::new();
    for body in &machines {
        late.push(allowed(world, call, step, body)?);
    }
    let mut changes = Vec::new();
    for (body, late) in machines.iter().zip(late) {
        let id = text(body, "InstanceId");
        let has_effect = match step {
            Step::Start => state(body) == "stopped",
            Step::Stop => matches!(state(body), "running" | "pending"),
            _ => !matches!(state(body), "terminated" | "shutting-down"),
        };
        if has_effect {
            take(world, call.region, id, step, call.fails.clone().or(late));
        }
        let now = Place::new(&INSTANCE, call.region).body(world, id).unwrap_or(body);
        let shown = |body: &Json| json!({ "code": body.pointer("/State/Code"), "name": state(body) });
        changes.push(json!({ "instanceId": id, "currentState": shown(now), "previousState": shown(body) }));
    }
    Ok(std::iter::once(("instancesSet".to_owned(), Json::Array(changes))).collect())
}

/// Refuses a step of a machine, or says with which error it ends.
fn allowed(
    world: &World,
    call: &Call<'_>,
    step: Step,
    body: &Json,
) -> Result<Option<crate::simulator::request::ErrorResponse>, Refused> {
    let (id, now) = (text(body, "InstanceId"), state(body));
    let incorrect = || {
        let why = format!("The instance '{id}' is not in a state from which it can be changed: {now}.");
        Err(Refused::bad("IncorrectInstanceState", why))
    };
    match step {
        Step::Terminate if body["DisableApiTermination"] == true => {
            let why = format!(
                "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute \
                    and try again."
            );
            Err(Refused::bad("OperationNotPermitted", why))
        }
        Step::Start => match now {
            "stopped" => {
                let type_ = text(body, "InstanceType");
                offers::quota(world, call.region, type_, 1)?;
                offers::capacity(world, call.region, (text(body, "AvailabilityZone"), type_), 1)
            }
            "pending" | "running" => Ok(None),
            _ => incorrect(),
        },
        Step::Stop if matches!(now, "terminated" | "shutting-down") => incorrect(),
        _ => Ok(None),
    }
}

/// Machines that are restarted stay in their state.
pub(super) fn reboot(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    wanted(world, call)?;
    Ok(done())
}

pub(super) fn done() -> Map<String, Json> {
    std::iter::once(("return".to_owned(), json!(true))).collect()
}

/// Attributes of a machine, with the properties that have them.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("instanceType", "InstanceType"),
    ("userData", "UserData"),
    ("disableApiTermination", "DisableApiTermination"),
    ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior"),
    ("ebsOptimized", "EbsOptimized"),
    ("sourceDestCheck", "SourceDestCheck"),
];

pub(super) fn attribute(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let id = call.needs("InstanceId")?;
    let body = &Place::new(&INSTANCE, call.region).get(world, id)?.body;
    let wanted = call.needs("Attribute")?;
    let (name, property) = ATTRIBUTES.iter().find(|(name, _)| *name == wanted).ok_or_else(|| {
        Refused::bad("InvalidParameterValue", format!("Value ({wanted}) for parameter attribute is invalid."))
    })?;
    let mut answer = Map::new();
    answer.insert("instanceId".to_owned(), json!(id));
    answer.insert((*name).to_owned(), json!({ "value": body[*property] }));
    Ok(answer)
}

pub(super) fn modify(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let id = call.needs("InstanceId")?.to_owned();
    let place = Place::new(&INSTANCE, call.region);
    let before = place.get(world, &id)?.body.to_json();
    let now = state(&before);
    let given = |attribute: &str| {
        let parameter: String =
            attribute.chars().take(1).flat_map(char::to_uppercase).chain(attribute.chars().skip(1)).collect();
        let given = call.form.get(&parameter).map(|value| text(value, "Value").to_owned());
        given.or_else(|| (call.text("Attribute") == attribute).then(|| call.text("Value").to_owned()))
    };
    let groups = call.list("GroupId");
    let count = ATTRIBUTES.iter().filter(|(attribute, _)| given(attribute).is_some()).count();
    if count + usize::from(!groups.is_empty()) > 1 {
        let why = "Fields for multiple attribute types specified";
        return Err(Refused::bad("InvalidParameterCombination", why));
    }
    for (attribute, property) in ATTRIBUTES {
        let Some(value) = given(attribute) else { continue };
        if matches!(*property, "InstanceType" | "UserData" | "EbsOptimized") && now != "stopped" {
            let why = format!("The instance '{id}' is not in the 'stopped' state.");
            return Err(Refused::bad("IncorrectInstanceState", why));
        }
        if *property == "InstanceType" {
            let of = offers::known_type(&value)?;
            let own = text(&before, "Architecture");
            if !own.is_empty() && own != of.architecture {
                let why = format!(
                    "The architecture '{own}' of the instance does not match that of the type {value}: '{}'.",
                    of.architecture
                );
                return Err(Refused::bad("InvalidParameterValue", why));
            }
        }
        let value = match value.as_str() {
            word @ ("true" | "false") => json!(word == "true"),
            text => json!(text),
        };
        place.change(world, &id, |body| body[*property] = value);
    }
    if !groups.is_empty() {
        let groups = super::run::groups_of(world, call.region, text(&before, "VpcId"), groups)?;
        place.change(world, &id, |body| body["SecurityGroupIds"] = json!(groups));
    }
    Ok(done())
}

pub(super) fn console(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let id = call.needs("InstanceId")?;
    Place::new(&INSTANCE, call.region).get(world, id)?;
    let answer = json!({ "instanceId": id, "timestamp": super::super::store::time(world), "output": "" });
    Ok(answer.as_object().cloned().unwrap_or_default())
}
