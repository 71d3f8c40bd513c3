//! Buckets of object storage.

use serde_json::{Map, Value as Json, json};

use super::answers::{Refused, page, success};
use super::fields::{self, Field, Shape};
use super::objects;
use super::requests::{Route, list, region};
use super::store::{self, BUCKETS};
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

const ACL: Shape = Shape::Word(&["private", "public-read", "authenticated-read", "public-read-write"]);
const CREATE: &[Field] = &[
    ("label", Shape::Text, true),
    ("region", Shape::Text, true),
    ("acl", ACL, false),
    ("cors_enabled", Shape::Bool, false),
    ("endpoint_type", Shape::Word(&["E0", "E1", "E2", "E3"]), false),
    ("s3_endpoint", Shape::Text, false),
];
const ACCESS: &[Field] = &[("acl", ACL, false), ("cors_enabled", Shape::Bool, false)];

/// Answers a request for buckets. Every write is complete when it is answered.
pub(super) fn route(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    let verb = route.request.verb;
    if !verb.reads() {
        route.at_once()?;
    }
    match (verb, route.rest) {
        (HttpMethod::Get, []) => list(world, BUCKETS, route.request),
        (HttpMethod::Post, []) => create(world, route.body()?),
        (HttpMethod::Get, [at]) => {
            let own = store::all(world, BUCKETS).into_iter().filter(|bucket| bucket.body["region"] == *at);
            page(own.map(store::shown).collect(), route.request)
        }
        (_, [at, label, rest @ ..]) => {
            let bucket = find(world, at, label).ok_or_else(Refused::absent)?;
            let (key, number) = (bucket.key(), bucket.id.name().to_owned());
            store::reach(world, at)?;
            match (verb, rest) {
                (HttpMethod::Get, []) => Ok(success(&store::shown(bucket))),
                (HttpMethod::Delete, []) if objects::has_objects(world, bucket) => {
                    Err(Refused::new(400, "Bucket is in use: delete its objects first"))
                }
                (HttpMethod::Delete, []) => {
                    world.take(&key);
                    Ok(success(&json!({})))
                }
                (HttpMethod::Get, ["access"]) => {
                    let (acl, cors) = (&bucket.body["acl"], &bucket.body["cors_enabled"]);
                    Ok(success(&json!({ "acl": acl, "acl_xml": "", "cors_enabled": cors, "cors_xml": "" })))
                }
                (HttpMethod::Post | HttpMethod::Put, ["access"]) => {
                    let body = route.body()?;
                    fields::check(&body, ACCESS, world.lenient)?;
                    store::change(world, BUCKETS, &number, |object| store::merge(object, &body));
                    Ok(success(&json!({})))
                }
                _ => Err(Refused::absent()),
            }
        }
        _ => Err(Refused::absent()),
    }
}

fn find<'w>(world: &'w World, at: &str, label: &str) -> Option<&'w SimulatedObject> {
    store::all(world, BUCKETS).into_iter().find(|bucket| bucket.body["region"] == at && bucket.body["label"] == label)
}

/// Refuses a label that is not valid.
fn named(label: &str) -> Result<(), Refused> {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    match (3..=63).contains(&label.len()) && label.bytes().all(is_inner) {
        true => Ok(()),
        false => Err(Refused::field("label", "Label must be 3-63 lower-case letters, digits, hyphens and dots")),
    }
}

fn create(world: &mut World, body: Map<String, Json>) -> Result<Response, Refused> {
    fields::check(&body, CREATE, world.lenient)?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (label, at) = (text("label"), text("region"));
    region(world, &at)?;
    named(&label)?;
    if find(world, &at, &label).is_some() {
        return Err(Refused::field("label", "Label must be unique within its region"));
    }
    let (number, now) = (store::give(world), store::time(world));
    let endpoint = format!("{at}-1.linodeobjects.com");
    let mut made = json!({
        "id": number,
        "cluster": format!("{at}-1"),
        "hostname": format!("{label}.{endpoint}"),
        "s3_endpoint": endpoint,
        "endpoint_type": "E1",
        "acl": "private",
        "cors_enabled": true,
        "objects": 0,
        "size": 0,
        "created": now,
    });
    store::merge(&mut made, &body);
    store::insert(world, BUCKETS, made, Lifecycle::Standing);
    let bucket = store::get(world, BUCKETS, &number.to_string())?;
    Ok(success(&store::shown(bucket)))
}
