//! Route 53: zones, records, and changes that reach all servers after a while.
//!
//! The simulated account has a zone for every registrable domain that is looked up, except below `.invalid`.

use serde_json::{Map, Value as Json, json};

use super::answers::{ROUTE53_NAMESPACE, Refused, text as answered};
use super::offers;
use super::store::{Begun, Place, begin, give_uuid, text, time};
use super::types::{CHANGE, GLOBAL, RECORD, ZONE};
use super::xml::{self, Element};
use crate::simulator::operations::OperationKind;
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response};
use crate::simulator::world::{Lifecycle, World};

/// The action of the operation that ends a change.
pub(super) const ACTION: &str = "change";
/// Seconds until all servers have a change.
const SYNCED: u32 = 35;
/// The most records that one change has.
const MOST: usize = 1000;
/// The property with what servers answer until a change has reached them.
pub(super) const SERVED: &str = "Served";

fn document(root: &str, content: Json) -> Response {
    answered(200, xml::document(root, ROUTE53_NAMESPACE, &content))
}

/// Answers a request.
pub(super) fn answer(world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Result<Response, Refused> {
    let path = request.path.strip_prefix("/2013-04-01/").unwrap_or_default();
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    if !request.verb.reads()
        && let Some(failure) = &fails
    {
        return Err(Refused::of(failure));
    }
    let action = match (request.verb, segments.as_slice()) {
        (HttpMethod::Get, ["change", _]) => "GetChange",
        (HttpMethod::Post, [.., "rrset"]) => "ChangeResourceRecordSets",
        (HttpMethod::Get, [.., "rrset"]) => "ListResourceRecordSets",
        (HttpMethod::Post, ["hostedzone"]) => "CreateHostedZone",
        (HttpMethod::Delete, _) => "DeleteHostedZone",
        (_, [_, _]) => "GetHostedZone",
        _ => "ListHostedZones",
    };
    if !offers::permitted(world, &format!("route53:{action}")) {
        return Err(Refused::new(403, "AccessDenied", format!("User is not authorized to perform: route53:{action}")));
    }
    match (request.verb, segments.as_slice()) {
        (HttpMethod::Get, ["hostedzone"]) => Ok(zones(world, request)),
        (HttpMethod::Get, ["hostedzonesbyname"]) => Ok(zones_by_name(world, request)),
        (HttpMethod::Post, ["hostedzone"]) => create_zone(world, request),
        (HttpMethod::Get, ["hostedzone", id]) => {
            let zone = zone(world, id)?;
            let servers = json!({ "NameServers": { "NameServer*": servers(text(zone, "Name")) } });
            Ok(document("GetHostedZoneResponse", json!({ "HostedZone": shown(world, zone), "DelegationSet": servers })))
        }
        (HttpMethod::Delete, ["hostedzone", id]) => delete_zone(world, id),
        (HttpMethod::Get, ["hostedzone", id, "rrset"]) => records(world, id, request),
        (HttpMethod::Post, ["hostedzone", id, "rrset"]) => change(world, id, request),
        (HttpMethod::Get, ["change", id]) => {
            let change = world.object(&Place::new(&CHANGE, GLOBAL).key(id));
            let why = format!("A change with the specified change ID {id} does not exist.");
            let change = change.ok_or_else(|| Refused::new(404, "NoSuchChange", why))?;
            Ok(document("GetChangeResponse", json!({ "ChangeInfo": info(&change.body) })))
        }
        _ => Err(Refused::new(404, "UnknownOperationException", "Not found")),
    }
}

fn servers(name: &str) -> Json {
    json!([format!("ns-1.{name}awsdns.invalid"), format!("ns-2.{name}awsdns.invalid")])
}

fn info(change: &Json) -> Json {
    json!({
        "Id": format!("/change/{}", text(change, "Id")),
        "Status": change["Status"],
        "SubmittedAt": change["SubmittedAt"],
    })
}

fn zone<'w>(world: &'w World, id: &str) -> Result<&'w Json, Refused> {
    let why = format!("No hosted zone found with ID: {id}");
    Place::new(&ZONE, GLOBAL).body(world, id).ok_or_else(|| Refused::new(404, "NoSuchHostedZone", why))
}

fn of_zone(zone: &str) -> Place<'_> {
    Place { of: &RECORD, region: GLOBAL, within: Some(zone) }
}

fn shown(world: &World, zone: &Json) -> Json {
    let id = text(zone, "Id");
    json!({
        "Id": format!("/hostedzone/{id}"),
        "Name": zone["Name"],
        "CallerReference": zone["CallerReference"],
        "Config": { "Comment": "", "PrivateZone": false },
        "ResourceRecordSetCount": of_zone(id).all(world).len(),
    })
}

fn all_zones(world: &World) -> Vec<&Json> {
    let mut all: Vec<&Json> = Place::new(&ZONE, GLOBAL).all(world).into_iter().map(|object| &*object.body).collect();
    all.sort_by_key(|zone| order(text(zone, "Name")));
    all
}

/// The order of names: by their labels from the right.
fn order(name: &str) -> Vec<String> {
    name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect()
}

fn zones(world: &World, request: &Request) -> Response {
    let from = request.query.get("marker").map(String::as_str).unwrap_or_default();
    let most = request.query.get("maxitems").and_then(|text| text.parse().ok()).unwrap_or(100).clamp(1, 100);
    let all = all_zones(world);
    let start = all.iter().position(|zone| text(zone, "Id") == from).unwrap_or_default();
    let page: Vec<Json> = all.iter().skip(start).take(most).map(|zone| shown(world, zone)).collect();
    let next = all.get(start + most).map(|zone| zone["Id"].clone());
    document(
        "ListHostedZonesResponse",
        json!({
            "HostedZones": { "HostedZone*": page }, "Marker": from, "IsTruncated": next.is_some(), "NextMarker": next,
            "MaxItems": most.to_string(),
        }),
    )
}

fn zones_by_name(world: &mut World, request: &Request) -> Response {
    let wanted = request.query.get("dnsname").map(|name| full(name)).unwrap_or_default();
    let is_registrable = order(&wanted).len() == 2 && !wanted.ends_with(".invalid.");
    if is_registrable && !all_zones(world).iter().any(|zone| text(zone, "Name") == wanted) {
        let reference = format!("simulated {wanted}");
        insert_zone(world, &wanted, &reference);
    }
    let most = request.query.get("maxitems").and_then(|text| text.parse().ok()).unwrap_or(100).clamp(1, 100);
    let all = all_zones(world);
    let from = all.iter().filter(|zone| order(text(zone, "Name")) >= order(&wanted));
    let page: Vec<Json> = from.clone().take(most).map(|zone| shown(world, zone)).collect();
    let next = from.clone().nth(most);
    document(
        "ListHostedZonesByNameResponse",
        json!({
            "HostedZones": { "HostedZone*": page },
            "DNSName": wanted,
            "IsTruncated": next.is_some(),
            "NextDNSName": next.map(|zone| zone["Name"].clone()),
            "NextHostedZoneId": next.map(|zone| zone["Id"].clone()),
            "MaxItems": most.to_string(),
        }),
    )
}

/// A name with its dot at the end, in small letters.
fn full(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase().replace("\\052", "*"))
}

fn insert_zone(world: &mut World, name: &str, reference: &str) -> String {
    let digits = world.seed.guid(&["aws", "zone", name, reference]).replace('-', "").to_ascii_uppercase();
    let id = format!("Z{}", digits.get(..20).unwrap_or_default());
    let body = json!({ "Id": id, "Name": name, "CallerReference": reference });
    Place::new(&ZONE, GLOBAL).insert(world, &id, body, Lifecycle::Standing);
    let servers = servers(name);
    for (of, values) in
        [("NS", servers), ("SOA", json!([format!("ns-1.{name}awsdns.invalid. admin. 1 7200 900 1209600 86400")]))]
    {
        let record =
            json!({ "HostedZoneId": id, "Name": name, "Type": of, "TTL": "172800", "ResourceRecords": values });
        of_zone(&id).insert(world, &format!("{of}|{name}"), record, Lifecycle::Standing);
    }
    id
}

fn body(request: &Request) -> Result<Element, Refused> {
    let parsed = std::str::from_utf8(&request.bytes).ok().and_then(xml::parse);
    parsed.ok_or_else(|| Refused::bad("InvalidInput", "The request body is not well-formed XML."))
}

fn create_zone(world: &mut World, request: &Request) -> Result<Response, Refused> {
    let body = body(request)?;
    let name = full(body.text("Name").unwrap_or_default());
    let reference = body.text("CallerReference").unwrap_or_default();
    if reference.is_empty() || !name.contains('.') || name.len() < 3 {
        return Err(Refused::bad("InvalidInput", "A hosted zone needs Name and CallerReference."));
    }
    if all_zones(world).iter().any(|zone| text(zone, "CallerReference") == reference) {
        let why = "A hosted zone has already been created with the specified caller reference.";
        return Err(Refused::new(409, "HostedZoneAlreadyExists", why));
    }
    let id = insert_zone(world, &name, reference);
    let change = begin_change(world, Vec::new());
    let content = {
        let zone = zone(world, &id)?;
        let servers = json!({ "NameServers": { "NameServer*": servers(&name) } });
        json!({ "HostedZone": shown(world, zone), "ChangeInfo": info(&change), "DelegationSet": servers })
    };
    let response = document("CreateHostedZoneResponse", content);
    Ok(Response { status: 201, ..response }
        .with("location", format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}")))
}

fn delete_zone(world: &mut World, id: &str) -> Result<Response, Refused> {
    zone(world, id)?;
    let own = of_zone(id).all(world);
    if own.iter().any(|record| !matches!(text(&record.body, "Type"), "NS" | "SOA")) {
        let why = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(Refused::bad("HostedZoneNotEmpty", why));
    }
    let keys: Vec<String> = own.iter().map(|record| record.key()).collect();
    keys.iter().for_each(|key| drop(world.take(key)));
    Place::new(&ZONE, GLOBAL).remove(world, id);
    let change = begin_change(world, Vec::new());
    Ok(document("DeleteHostedZoneResponse", json!({ "ChangeInfo": info(&change) })))
}

/// The name of a record in the world.
fn record_name(record: &Json) -> String {
    let (of, name, set) = (text(record, "Type"), text(record, "Name"), text(record, "SetIdentifier"));
    if set.is_empty() { format!("{of}|{name}") } else { format!("{of}|{name}|{set}") }
}

fn shown_record(record: &Json) -> Json {
    let mut shown = Map::new();
    let name = text(record, "Name").replace('*', "\\052");
    shown.insert("Name".to_owned(), json!(name));
    for field in ["Type", "SetIdentifier", "Weight", "Region", "Failover", "TTL"] {
        shown.insert(field.to_owned(), record[field].clone());
    }
    if let Some(values) = record.get("ResourceRecords").and_then(Json::as_array) {
        let values: Vec<Json> = values.iter().map(|value| json!({ "Value": value })).collect();
        shown.insert("ResourceRecords".to_owned(), json!({ "ResourceRecord*": values }));
    }
    for field in ["AliasTarget", "HealthCheckId"] {
        shown.insert(field.to_owned(), record[field].clone());
    }
    Json::Object(shown)
}

fn records(world: &World, id: &str, request: &Request) -> Result<Response, Refused> {
    zone(world, id)?;
    let query = |name: &str| request.query.get(name).map(String::as_str).unwrap_or_default();
    let most = query("maxitems").parse().unwrap_or(300).clamp(1, 300);
    let key = |record: &Json| {
        (order(text(record, "Name")), text(record, "Type").to_owned(), text(record, "SetIdentifier").to_owned())
    };
    let mut all: Vec<&Json> = of_zone(id).all(world).into_iter().map(|object| &*object.body).collect();
    all.sort_by_key(|record| key(record));
    let from = (order(&full(query("name"))), query("type").to_owned(), query("identifier").to_owned());
    let start = if query("name").is_empty() { 0 } else { all.iter().take_while(|record| key(record) < from).count() };
    let page: Vec<Json> = all.iter().skip(start).take(most).map(|record| shown_record(record)).collect();
    let next = all.get(start + most);
    let of = |name: &str| next.map(|record| record[name].clone());
    Ok(document(
        "ListResourceRecordSetsResponse",
        json!({
            "ResourceRecordSets": { "ResourceRecordSet*": page },
            "IsTruncated": next.is_some(),
            "NextRecordName": of("Name"),
            "NextRecordType": of("Type"),
            "NextRecordIdentifier": of("SetIdentifier"),
            "MaxItems": most.to_string(),
        }),
    ))
}

/// The record of a request, with the properties of CloudFormation.
fn read_record(zone: &str, set: &Element) -> Json {
    let name = full(set.text("Name").unwrap_or_default());
    let mut record = json!({ "HostedZoneId": zone, "Name": name, "Type": set.text("Type") });
    for field in ["SetIdentifier", "Region", "Failover", "TTL", "HealthCheckId"] {
        if let Some(value) = set.text(field) {
            record[field] = json!(value);
        }
    }
    if let Some(weight) = set.text("Weight").and_then(|text| text.parse::<u64>().ok()) {
        record["Weight"] = json!(weight);
    }
    if let Some(values) = set.child("ResourceRecords") {
        let values = values.all("ResourceRecord").filter_map(|one| one.text("Value"));
        record["ResourceRecords"] = json!(values.collect::<Vec<_>>());
    }
    if let Some(alias) = set.child("AliasTarget") {
        record["AliasTarget"] = json!({
            "HostedZoneId": alias.text("HostedZoneId"),
            "DNSName": alias.text("DNSName"),
            "EvaluateTargetHealth": alias.text("EvaluateTargetHealth") == Some("true"),
        });
    }
    record
}

/// The reason why a record is not valid in its zone.
fn wrong(record: &Json, zone: &str) -> Option<String> {
    let (name, of) = (text(record, "Name"), text(record, "Type"));
    let values: Vec<&str> =
        record["ResourceRecords"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if name != zone && !name.ends_with(&format!(".{zone}")) {
        return Some(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
    }
    let types = ["A", "AAAA", "CAA", "CNAME", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "TXT", "HTTPS", "SVCB"];
    if !types.contains(&of) {
        return Some(format!("Invalid resource type: {of}"));
    }
    if of == "CNAME" && name == zone {
        return Some(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}"));
    }
    if record.get("AliasTarget").is_some() {
        let is_alone = values.is_empty() && record.get("TTL").is_none();
        return (!is_alone).then(|| "An alias has neither a TTL nor values".to_owned());
    }
    if text(record, "TTL").parse::<u32>().is_err() || values.is_empty() {
        return Some(format!("Invalid request: Missing field 'TTL' or 'ResourceRecords' in {name}"));
    }
    let bad = values.iter().find(|value| match of {
        "A" => value.parse::<std::net::Ipv4Addr>().is_err(),
        "AAAA" => value.parse::<std::net::Ipv6Addr>().is_err(),
        "TXT" | "SPF" => !value.starts_with('"') || !value.ends_with('"') || value.len() < 2,
        _ => value.trim().is_empty(),
    });
    if let Some(value) = bad {
        return Some(format!("Invalid Resource Record: FATAL problem: {of} record doesn't accept {value}"));
    }
    (of == "CNAME" && values.len() > 1).then(|| "A CNAME has one value".to_owned())
}

fn change(world: &mut World, id: &str, request: &Request) -> Result<Response, Refused> {
    let name = text(zone(world, id)?, "Name").to_owned();
    let invalid = |why: String| Refused::bad("InvalidChangeBatch", format!("[{why}]"));
    let body = body(request)?;
    let changes = body.child("ChangeBatch").and_then(|batch| batch.child("Changes"));
    let changes: Vec<(String, Json)> = changes
        .into_iter()
        .flat_map(|changes| changes.all("Change"))
        .filter_map(|change| {
            let set = change.child("ResourceRecordSet")?;
            Some((change.text("Action").unwrap_or_default().to_owned(), read_record(id, set)))
        })
        .collect();
    if changes.is_empty() || changes.len() > MOST {
        return Err(invalid("A batch has 1 to 1000 changes".to_owned()));
    }
    // All changes of a batch are made, or none.
    let mut after: std::collections::BTreeMap<String, Option<Json>> = std::collections::BTreeMap::new();
    for (action, record) in &changes {
        let key = record_name(record);
        let place = of_zone(id);
        let now = |key: &str, after: &std::collections::BTreeMap<String, Option<Json>>| match after.get(key) {
            Some(changed) => changed.clone(),
            None => place.body(world, key).map(shown_only),
        };
        let current = now(&key, &after);
        let of = format!("[name='{}', type='{}']", text(record, "Name"), text(record, "Type"));
        match (action.as_str(), current) {
            ("CREATE", Some(_)) => {
                return Err(invalid(format!("Tried to create resource record set {of} but it already exists")));
            }
            ("DELETE", None) => {
                return Err(invalid(format!("Tried to delete resource record set {of} but it was not found")));
            }
            ("DELETE", Some(current)) if current != *record => {
                let why = format!(
                    "Tried to delete resource record set {of} but the values provided do not match the current values"
                );
                return Err(invalid(why));
            }
            ("DELETE", Some(_)) => {
                after.insert(key, None);
            }
            ("CREATE" | "UPSERT", _) => {
                if let Some(why) = wrong(record, &name) {
                    return Err(invalid(why));
                }
                let others =
                    place.all(world).into_iter().map(|object| (record_name(&object.body), shown_only(&object.body)));
                let mut all: std::collections::BTreeMap<String, Json> = others.collect();
                for (key, changed) in &after {
                    match changed {
                        Some(record) => drop(all.insert(key.clone(), record.clone())),
                        None => drop(all.remove(key)),
                    }
                }
                let is_cname = |record: &Json| record["Type"] == "CNAME";
                let meets = |other: &Json| other["Name"] == record["Name"] && is_cname(other) != is_cname(record);
                if all.values().any(meets) {
                    return Err(invalid(format!("RRSet of type CNAME and another cannot share the name {of}")));
                }
                after.insert(key, Some(record.clone()));
            }
            (other, _) => return Err(Refused::bad("InvalidInput", format!("Invalid action '{other}'"))),
        }
    }
    let change = begin_change(world, after.keys().map(|key| of_zone(id).key(key)).collect());
    for (key, record) in after {
        let place = of_zone(id);
        let Some(mut record) = record else {
            place.remove(world, &key);
            continue;
        };
        let before = place.body(world, &key).cloned();
        let served = before
            .as_ref()
            .map(|before| before.get(SERVED).map_or_else(|| before.clone(), |own| own["record"].clone()));
        record[SERVED] = json!({ "change": change["Id"], "record": served });
        place.insert(world, &key, record, Lifecycle::Standing);
    }
    Ok(document("ChangeResourceRecordSetsResponse", json!({ "ChangeInfo": info(&change) })))
}

/// A record without what the world keeps beside it.
fn shown_only(record: &Json) -> Json {
    let mut shown = record.clone();
    if let Json::Object(fields) = &mut shown {
        fields.shift_remove(SERVED);
        fields.shift_remove(super::store::MADE);
    }
    shown
}

/// Begins a change of records.
fn begin_change(world: &mut World, records: Vec<String>) -> Json {
    let digits = give_uuid(world).replace('-', "").to_ascii_uppercase();
    let id = format!("C{}", digits.get(..20).unwrap_or_default());
    let body = json!({ "Id": id, "Status": "PENDING", "SubmittedAt": time(world), "Records": records });
    let place = Place::new(&CHANGE, GLOBAL);
    // Only who has its id finds a change.
    place.insert(world, &id, body.clone(), Lifecycle::Hidden);
    let begun =
        Begun { action: ACTION, act: OperationKind::Post, seconds: SYNCED, body: json!({}), fails: None, before: None };
    begin(world, place, &id, begun);
    body
}

/// Ends a change: all servers have it.
pub(super) fn ended(world: &mut World, key: &str) {
    let Some(change) = world.object(key).map(|object| object.body.to_json()) else { return };
    world.change(key, |object| object.body["Status"] = json!("INSYNC"));
    for record in change["Records"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        world.change(record, |object| {
            let is_its = object.body.get(SERVED).is_some_and(|served| served["change"] == change["Id"]);
            if let Json::Object(fields) = &mut *object.body
                && is_its
            {
                fields.shift_remove(SERVED);
            }
        });
    }
}
