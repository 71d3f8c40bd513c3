//! Objects as reads and lists show them, and the pages of lists.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value as Json, json};

use super::admitted::AdmittedRequest;
use super::types::{self, ProviderType};
use super::{places, state};
use crate::kinds::path;
use crate::simulator::body::Body;
use crate::simulator::world::{SimulatedObject, World};

/// Entries in a page of a list, unless `$top` is smaller.
const PAGE: usize = 250;

/// The body, including the children that Azure embeds in it.
pub(super) fn whole_body<'a>(world: &'a World, object: &'a SimulatedObject) -> Cow<'a, Json> {
    let Some((type_, data)) = extended(world, object) else { return Cow::Borrowed(&object.body) };
    let (mut body, id) = (object.body.to_json(), object.id.folded());
    for at in data {
        let url = path::borrow(&body, at).and_then(Json::as_str).and_then(|url| url.strip_prefix("https://"));
        if let Some(place) = url.map(|rest| format!("{}/data/{rest}", world.base)) {
            path::put(&mut body, at, Json::from(place));
        }
    }
    for segment in &type_.embeds {
        let children: Vec<Json> = children(world, object, &id, segment).into_iter().map(Body::to_json).collect();
        path::put(&mut body, &format!("properties.{segment}"), Json::Null);
        path::put(&mut body, &format!("properties.{segment}"), Json::Array(children));
    }
    Cow::Owned(body)
}

/// The text of that body, made of the texts of the object and its children. `None` where one has to look into them.
pub(super) fn whole_text(world: &World, object: &SimulatedObject) -> Option<Vec<u8>> {
    let (type_, _) = extended(world, object).filter(|(_, data)| data.is_empty())?;
    let id = object.id.folded();
    let mut body: IndexMap<String, &RawValue> = serde_json::from_str(object.body.loaded_text()?).ok()?;
    let mut properties: IndexMap<String, Cow<'_, RawValue>> =
        serde_json::from_str(body.get("properties")?.get()).ok()?;
    for segment in &type_.embeds {
        let children = to_raw_value(&children(world, object, &id, segment)).ok()?;
        properties.insert((*segment).to_owned(), Cow::Owned(children));
    }
    let properties = to_raw_value(&properties).ok()?;
    body.insert("properties".to_owned(), &properties);
    serde_json::to_vec(&body).ok()
}

/// The bodies of the children of an object that a segment of its properties lists.
fn children<'a>(world: &'a World, object: &SimulatedObject, id: &str, segment: &str) -> Vec<&'a Body> {
    let type_ = format!("{}/{}", object.type_, segment.to_ascii_lowercase());
    let children = world.below(id).map(|(_, child)| child).filter(|child| child.seen() && child.type_ == type_);
    children.map(|child| &child.body).collect()
}

/// The type of an object whose body is shown with more than it has, and the places of URLs of data that are changed.
/// `None` for any other object.
pub(super) fn extended<'a>(world: &World, object: &SimulatedObject) -> Option<(&'a ProviderType, &'a [&'static str])> {
    let type_ = types::find(&object.type_)?;
    let data: &[&str] = if world.lenient { &type_.data } else { &[] };
    (!type_.embeds.is_empty() || !data.is_empty()).then_some((type_, data))
}

/// The body of an object as a list shows it, equal to that of a read. As in Azure, a list silently omits objects
/// that a read would not find and objects in a lost region.
pub(super) fn listed(world: &World, object: &SimulatedObject) -> Option<Json> {
    let id = object.id.folded();
    if places::own_region(world, &id).is_some_and(|region| world.rest.faults.reach(&region).is_err()) {
        return None;
    }
    match state::of(world).stale.get(&id).filter(|stale| stale.until > world.now) {
        Some(stale) => stale.body.clone(),
        None => Some(whole_body(world, object).into_owned()),
    }
}

/// One page of a list, with the link to the next.
pub(super) fn page(world: &World, found: impl Iterator<Item = (String, Json)>, ask: &AdmittedRequest<'_>) -> Json {
    let query = &ask.request.query;
    let top = query.get("$top").and_then(|top| top.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let token = query.get("$skipToken").and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
    let after = token.and_then(|token| String::from_utf8(token).ok());
    let mut found = found.skip_while(|(id, _)| after.as_ref().is_some_and(|after| id <= after));
    let mut last = String::new();
    let value: Vec<Json> = found
        .by_ref()
        .take(top)
        .map(|(id, body)| {
            last = id;
            body
        })
        .collect();
    let mut page = json!({ "value": value });
    if found.next().is_some() {
        let others = query.iter().filter(|(name, _)| *name != "$skipToken");
        let query: String = others.map(|(name, value)| format!("{name}={}&", encode(value))).collect();
        let token = URL_SAFE_NO_PAD.encode(&last);
        page["nextLink"] = json!(format!("{}{}?{query}$skipToken={token}", world.base, ask.request.path));
    }
    page
}

fn encode(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
