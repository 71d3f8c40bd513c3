//! The services whose requests are JSON with the operation in a header: parameters, tags of all services, and quotas.

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::ec2::tag_word;
use super::handler::check_tags;
use super::hosts::Service;
use super::kept;
use super::limits;
use super::offers;
use super::store::{Place, own_id, text};
use super::types::{ACCOUNT, KEY_PAIR, NAMED, PARAMETER, PROFILE, ROLE, Type};
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// Answers a request.
pub(super) fn answer(
    world: &mut World,
    (service, region): (Service, &str),
    request: &Request,
    fails: Option<ErrorResponse>,
) -> Result<Response, Refused> {
    let target = request.header("x-amz-target").unwrap_or_default();
    let (_, action) = target.split_once('.').unwrap_or_default();
    let Ok(Some(Json::Object(body))) = &request.body else {
        return Err(Refused::bad("SerializationException", "The request body is not valid JSON."));
    };
    limits::admit(world, service, region, action)?;
    if !offers::permitted(world, &format!("{}:{action}", service.name())) {
        let why = format!("User is not authorized to perform: {}:{action}", service.name());
        return Err(Refused::bad("AccessDeniedException", why));
    }
    if let Some(failure) = fails.filter(|_| action.starts_with("Put") || action.starts_with("Delete")) {
        return Err(Refused::of(&failure));
    }
    let answer = match (service, action) {
        (Service::Ssm, "GetParameter") => {
            let found = parameter(world, region, text_of(body, "Name"))?;
            json!({ "Parameter": shown(found, body.get("WithDecryption") == Some(&json!(true))) })
        }
        (Service::Ssm, "GetParameters") => parameters(world, region, body),
        (Service::Ssm, "PutParameter") => put(world, region, body)?,
        (Service::Ssm, "DeleteParameter") => {
            let name = text_of(body, "Name").to_owned();
            parameter(world, region, &name)?;
            Place::new(&PARAMETER, region).remove(world, &name);
            json!({})
        }
        (Service::Tagging, "GetResources") => resources(world, region, body)?,
        (Service::Quotas, "GetServiceQuota") => {
            let code = text_of(body, "QuotaCode");
            let found = quotas(world, region).into_iter().find(|quota| quota["QuotaCode"] == code);
            let absent = || Refused::bad("NoSuchResourceException", format!("No quota found with code {code}"));
            json!({ "Quota": found.ok_or_else(absent)? })
        }
        (Service::Quotas, "ListServiceQuotas") => {
            let wanted = text_of(body, "ServiceCode");
            let own = quotas(world, region).into_iter().filter(|quota| quota["ServiceCode"] == wanted);
            json!({ "Quotas": own.collect::<Vec<_>>() })
        }
        _ => return Err(Refused::bad("UnknownOperationException", "")),
    };
    Ok(Response::json(200, &answer))
}

fn text_of<'a>(body: &'a Map<String, Json>, name: &str) -> &'a str {
    body.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn parameter<'w>(world: &'w World, region: &str, name: &str) -> Result<&'w Json, Refused> {
    let found = Place::new(&PARAMETER, region).body(world, name);
    found.ok_or_else(|| Refused::bad("ParameterNotFound", ""))
}

/// A secret is returned in plain text only on request.
fn shown(body: &Json, decrypted: bool) -> Json {
    let value = match body["Type"] == "SecureString" && !decrypted {
        true => json!("AQICAHsimulated"),
        false => body["Value"].clone(),
    };
    json!({
        "Name": body["Name"], "Type": body["Type"], "Value": value, "Version": body["Version"], "ARN": body["Arn"],
        "DataType": "text",
    })
}

fn parameters(world: &World, region: &str, body: &Map<String, Json>) -> Json {
    let names: Vec<&str> =
        body.get("Names").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let decrypted = body.get("WithDecryption") == Some(&json!(true));
    let (found, missing): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| parameter(world, region, name).is_ok());
    let found: Vec<Json> =
        found.iter().filter_map(|name| parameter(world, region, name).ok()).map(|one| shown(one, decrypted)).collect();
    json!({ "Parameters": found, "InvalidParameters": missing })
}

fn put(world: &mut World, region: &str, body: &Map<String, Json>) -> Result<Json, Refused> {
    let name = text_of(body, "Name").to_owned();
    let place = Place::new(&PARAMETER, region);
    let new = json!({ "Value": text_of(body, "Value") });
    let version = match place.body(world, &name) {
        Some(_) if body.get("Overwrite") != Some(&json!(true)) => {
            let why = "The parameter already exists. To overwrite this value, set the overwrite option in the \
                request to true.";
            return Err(Refused::bad("ParameterAlreadyExists", why));
        }
        Some(before) => {
            if text(&new, "Value").len() > 4096 {
                return Err(Refused::bad(
                    "ValidationException",
                    "Standard tier parameters support a maximum of 4096 characters.",
                ));
            }
            before["Version"].as_u64().unwrap_or_default() + 1
        }
        None => {
            kept::parameter(world, region, &name, &new)?;
            1
        }
    };
    let kind = if text_of(body, "Type").is_empty() { "String" } else { text_of(body, "Type") };
    let before = place.body(world, &name).cloned().unwrap_or_else(|| {
        let arn = format!("arn:aws:ssm:{region}:{ACCOUNT}:parameter/{}", name.trim_start_matches('/'));
        json!({ "Name": name, "Type": kind, "Tier": "Standard", "DataType": "text", "Arn": arn })
    });
    let mut after = before;
    after["Value"] = new["Value"].clone();
    after["Version"] = json!(version);
    if let Some(description) = body.get("Description") {
        after["Description"] = description.clone();
    }
    if let Some(tags) = body.get("Tags") {
        check_tags(Some(tags))?;
        after["Tags"] = tags.clone();
    }
    place.insert(world, &name, after, Lifecycle::Standing);
    Ok(json!({ "Version": version, "Tier": "Standard" }))
}

/// The service and the noun of a type in the name of an object, where one can have tags that all services know.
fn arn(of: &Type, region: &str, object: &SimulatedObject) -> Option<String> {
    let body = &object.body;
    if let Some(arn) = body["Arn"].as_str().filter(|arn| !arn.is_empty()) {
        return Some(arn.to_owned());
    }
    let id = if *of == KEY_PAIR { text(body, "KeyPairId").to_owned() } else { own_id(of, object) };
    let noun = Some(tag_word(of)).filter(|noun| !noun.is_empty())?;
    Some(format!("arn:aws:ec2:{region}:{ACCOUNT}:{noun}/{id}"))
}

/// Objects of all services with tags that all filters accept.
fn resources(world: &World, region: &str, body: &Map<String, Json>) -> Result<Json, Refused> {
    let list = |value: Option<&Json>| value.and_then(Json::as_array).cloned().unwrap_or_default();
    let filters = list(body.get("TagFilters"));
    let types: Vec<String> =
        list(body.get("ResourceTypeFilters")).iter().filter_map(Json::as_str).map(str::to_owned).collect();
    let fits = |tags: &[Json]| {
        filters.iter().all(|filter| {
            let values = list(filter.get("Values"));
            tags.iter().any(|tag| tag["Key"] == filter["Key"] && (values.is_empty() || values.contains(&tag["Value"])))
        })
    };
    let mut found = Vec::new();
    for of in NAMED.iter().copied().filter(|of| ![&ROLE, &PROFILE].contains(of)) {
        for object in Place::new(of, region).all(world) {
            // What is gone, or going, has lost its tags there.
            let is_gone = object.body.pointer("/State/Name").is_some_and(|state| state == "terminated");
            let tags = list(object.body.get("Tags"));
            let Some(arn) = arn(of, region, object).filter(|_| !tags.is_empty() && !is_gone) else { continue };
            let is_of = |wanted: &String| {
                let (service, noun) = wanted.split_once(':').unwrap_or((wanted, ""));
                let of_service = arn.split(':').nth(2) == Some(service);
                of_service && (noun.is_empty() || arn.contains(&format!(":{noun}/")))
            };
            if fits(&tags) && (types.is_empty() || types.iter().any(is_of)) {
                found.push(json!({ "ResourceARN": arn, "Tags": tags }));
            }
        }
    }
    let most = body.get("ResourcesPerPage").and_then(Json::as_u64).unwrap_or(50).clamp(1, 100);
    let most = usize::try_from(most).unwrap_or(50);
    let from = match text_of(body, "PaginationToken") {
        "" => 0,
        token => token
            .parse::<usize>()
            .map_err(|_| Refused::bad("PaginationTokenExpiredException", "The pagination token is not valid."))?,
    };
    let next = from.saturating_add(most);
    let token = if next < found.len() { next.to_string() } else { String::new() };
    let page: Vec<Json> = found.into_iter().skip(from).take(most).collect();
    Ok(json!({ "PaginationToken": token, "ResourceTagMappingList": page }))
}

/// Quotas that a cold site meets: the service, the code, the name, and the value.
fn quotas(world: &World, region: &str) -> Vec<Json> {
    let vcpus = offers::vcpu_quota(world, region);
    let all = [
        ("ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", vcpus),
        ("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
        ("vpc", "L-F678F1CE", "VPCs per Region", 5),
        ("vpc", "L-A4707A72", "Internet gateways per Region", 5),
        ("vpc", "L-407747CB", "Subnets per VPC", 200),
        ("vpc", "L-589F43AA", "Route tables per VPC", 200),
        ("vpc", "L-93826ACB", "Routes per route table", 50),
        ("vpc", "L-E79EC296", "VPC security groups per Region", 2500),
        ("vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60),
        ("vpc", "L-2AFB9258", "Security groups per network interface", 5),
        ("vpc", "L-1B52E74A", "Gateway VPC endpoints per Region", 20),
    ];
    let shown = all.into_iter().map(|(service, code, name, value)| {
        json!({
            "ServiceCode": service, "ServiceName": service, "QuotaCode": code, "QuotaName": name, "Value": value as f64,
            "QuotaArn": format!("arn:aws:servicequotas:{region}:{ACCOUNT}:{service}/{code}"),
            "Unit": "None", "Adjustable": true, "GlobalQuota": false,
        })
    });
    shown.collect()
}
