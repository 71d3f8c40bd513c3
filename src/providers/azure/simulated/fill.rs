//! Attributes that the provider sets: generated from the seed and the id, as the kinds' tables specify.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map as JsonMap, Value as Json};

use super::places;
use super::references::ids;
use super::types::{self, ProviderType};
use super::{SUBSCRIPTION, TENANT};
use crate::account::Account;
use crate::address::Address;
use crate::kinds::body::{self, NoOtherResources};
use crate::kinds::{Attribute, AttributeSource, FakeValue, Kind, Place, Refusal, Subject, Ty, path};
use crate::object::ObjectId;
use crate::ranges::Cidr;
use crate::simulator::world::World;

/// The three address ranges that are reserved for documentation, and the number of addresses of hosts in each.
const DOCUMENTATION: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];
const HOSTS: u64 = 254;
/// The number of objects with names up to which a new public address is compared with theirs.
const MOST_HOSTS: usize = 512;

/// Fills in every missing attribute of an object.
pub(super) fn attributes(world: &mut World, id: &str, type_: &'static ProviderType) {
    let Some(object) = world.object(id) else { return };
    let (whole_id, read) = (object.id.clone(), object.body.clone());
    let mut body = read.clone();
    let mut changed = false;
    for kind in type_.writers() {
        let prefix = match kind.place {
            Place::Part(_, list, ..) => format!("{list}[]."),
            Place::Member(of) => format!("{}[].", of.every()),
            _ => String::new(),
        };
        for attribute in kind.attributes {
            let AttributeSource::Body(at) = attribute.from else { continue };
            if attribute.fake == FakeValue::Nothing {
                continue;
            }
            let at = format!("{prefix}{at}");
            let maker = AttributeFiller { world, kind, id: &whole_id, body: &read, attribute, at: &at };
            changed |= maker.fill(&mut body, &at, &[], None);
        }
    }
    if changed {
        world.change(id, |object| object.body = body);
    }
}

/// The response to an action of a kind: the values in its table, and every attribute that comes from the action.
pub(super) fn action(
    world: &World,
    id: &ObjectId,
    type_: &'static ProviderType,
    action: &str,
) -> Option<Result<Json, Refusal>> {
    let mut responses = type_.writers().flat_map(|kind| kind.simulated.responds);
    if let Some((_, response)) = responses.find(|(name, _)| name.eq_ignore_ascii_case(action)) {
        return Some(response(world, id));
    }
    let mut answer = None;
    for told in type_.writers().flat_map(|kind| kind.simulated.tells) {
        if told.action.eq_ignore_ascii_case(action) {
            let text = told.text.map_or_else(|| secret(world, id, told.path, 64), str::to_owned);
            path::put(answer.get_or_insert_with(|| Json::Object(JsonMap::new())), told.path, Json::from(text));
        }
    }
    for attribute in type_.writers().flat_map(|kind| kind.attributes) {
        if let AttributeSource::Action(name, at) = attribute.from
            && name.eq_ignore_ascii_case(action)
        {
            let made = secret(world, id, at, 64);
            path::put(answer.get_or_insert_with(|| Json::Object(JsonMap::new())), at, Json::from(made));
        }
    }
    answer.map(Ok)
}

/// A secret that the provider gives an object.
pub(super) fn secret(world: &World, id: &ObjectId, purpose: &str, bytes: usize) -> String {
    STANDARD.encode(world.seed.stream(&[&id.folded(), purpose]).bytes(bytes))
}

/// Generates one attribute of one object.
struct AttributeFiller<'a> {
    world: &'a World,
    kind: &'static Kind,
    id: &'a ObjectId,
    body: &'a Json,
    attribute: &'static Attribute,
    at: &'a str,
}

impl AttributeFiller<'_> {
    /// Walks to the attribute's path in every list element, and fills empty values. `element` is the outermost list
    /// element on the way.
    fn fill(&self, at: &mut Json, path: &str, places: &[usize], element: Option<&Json>) -> bool {
        let (segment, rest) = path.split_once('.').map_or((path, None), |(segment, rest)| (segment, Some(rest)));
        let (name, list) = segment.split_once('[').map_or((segment, None), |(name, index)| (name, Some(index)));
        let Json::Object(map) = at else { return false };
        let Some(index) = list else {
            return match rest {
                Some(rest) => {
                    self.fill(map.entry(name).or_insert_with(|| Json::Object(JsonMap::new())), rest, places, element)
                }
                None if map.get(name).is_some_and(|value| !value.is_null()) => false,
                None => match self.make(places, element) {
                    Some(made) => map.insert(name.to_owned(), made).is_none_or(|old| old.is_null()),
                    None => false,
                },
            };
        };
        let (Some(Json::Array(items)), Some(rest)) = (map.get_mut(name), rest) else { return false };
        let only = index.trim_end_matches(']').parse::<usize>().ok();
        let mut changed = false;
        for (at, item) in items.iter_mut().enumerate().filter(|(at, _)| only.is_none_or(|only| only == *at)) {
            let whole = element.cloned().unwrap_or_else(|| item.clone());
            let places = [places, &[at]].concat();
            changed |= self.fill(item, rest, &places, Some(&whole));
        }
        changed
    }

    fn make(&self, places: &[usize], element: Option<&Json>) -> Option<Json> {
        let place = format!("{}{places:?}", self.at);
        let mut stream = self.world.seed.stream(&[&self.id.folded(), &place]);
        Some(match self.attribute.fake {
            FakeValue::Nothing => return None,
            FakeValue::Guid => Json::from(self.world.seed.guid(&[&self.id.folded(), &place])),
            FakeValue::PublicIp => Json::from(self.public_address(&mut stream)),
            FakeValue::PrivateIp => Json::from(self.private_address(&mut stream, element.unwrap_or(self.body))?),
            FakeValue::Text(text) => Json::from(self.text(text)?),
            FakeValue::Key => Json::from(STANDARD.encode(stream.bytes(64))),
        })
    }

    fn text(&self, text: &str) -> Option<String> {
        let address = Address::new(self.kind.name, self.id.name());
        let args =
            if text.contains('{') { body::read(self.kind, std::slice::from_ref(self.body)) } else { JsonMap::new() };
        let location = places::region(self.world, &self.id.folded()).unwrap_or_default();
        let subject = Subject {
            kind: self.kind,
            address: &address,
            name: self.id.name(),
            id: self.id,
            location: &location,
            account: &Account::new(SUBSCRIPTION, TENANT),
            args: &args,
            others: &NoOtherResources,
            facts: Default::default(),
        };
        body::named(&subject, text)
    }

    /// A free address of the ranges that are reserved for documentation: Azure gives no address twice.
    fn public_address(&self, stream: &mut crate::simulator::seed::Stream) -> String {
        let (range, host) = (stream.below(DOCUMENTATION.len() as u64), stream.below(HOSTS));
        let address = |range: u64, host: u64| {
            let range = DOCUMENTATION.iter().cycle().nth(range as usize).copied().unwrap_or_default();
            format!("{range}.{}", host % HOSTS + 1)
        };
        // A check of thousands of objects would cost more than a rare duplicate address.
        let taken: Vec<String> = match self.world.hosting().nth(MOST_HOSTS) {
            None => self.world.hosting().flat_map(|id| self.world.hosts_of(id)).collect(),
            Some(_) => Vec::new(),
        };
        let all = (0..DOCUMENTATION.len() as u64).flat_map(|further| (0..HOSTS).map(move |step| (further, step)));
        all.map(|(further, step)| address(range + further, host + step))
            .find(|address| !taken.contains(address))
            .unwrap_or_else(|| address(range, host))
    }

    /// A free address in the first referenced object that has an address range.
    fn private_address(&self, stream: &mut crate::simulator::seed::Stream, within: &Json) -> Option<String> {
        let (subnet, range) = ids(within).into_iter().find_map(|id| Some((id.clone(), range(self.world, &id)?)))?;
        let range = Cidr::parse(&range).ok().filter(|range| !range.is_v6())?;
        let network = u32::try_from(range.first()).ok()?;
        let size = u32::try_from(range.host_mask()).ok()?.saturating_add(1);
        // A check of thousands of users would cost more than a rare duplicate address.
        let users = self.world.users(&subnet).filter_map(|(_, user)| self.world.object(user)).take(256);
        let mut taken = Vec::new();
        users.for_each(|user| texts_at(&user.body, self.at, &mut taken));
        // Azure reserves the first four addresses and the last one.
        let usable = size.checked_sub(5).filter(|usable| *usable > 0)?;
        let start = stream.below(u64::from(usable)) as u32;
        (0..usable)
            .map(|step| Ipv4Addr::from(network + 4 + (start + step) % usable).to_string())
            .find(|address| !taken.contains(&address.as_str()))
    }
}

/// The texts at a path, through all lists on the way.
fn texts_at<'a>(body: &'a Json, at: &str, into: &mut Vec<&'a str>) {
    let (segment, rest) = at.split_once('.').unwrap_or((at, ""));
    let name = segment.split('[').next().unwrap_or(segment);
    match body.get(name) {
        Some(Json::String(text)) if rest.is_empty() => into.push(text),
        Some(Json::Array(items)) => items.iter().for_each(|item| texts_at(item, rest, into)),
        Some(inner @ Json::Object(_)) => texts_at(inner, rest, into),
        _ => {}
    }
}

/// The address range of an object, where its table has one.
fn range(world: &World, id: &str) -> Option<String> {
    let object = world.standing(id)?;
    let kinds = &types::find(&object.type_)?.kinds;
    let args = kinds.iter().flat_map(|kind| kind.args);
    let ranges = args.filter(|arg| matches!(arg.ty, Ty::Cidr | Ty::List(Ty::Cidr) | Ty::Set(Ty::Cidr)));
    let paths = ranges.filter_map(|arg| super::shape::wire_path(arg.wire));
    let mut found = paths.filter_map(|at| path::get(&object.body, at));
    found.find_map(|value| match value {
        Json::String(text) => Some(text),
        Json::Array(items) => items.first().and_then(Json::as_str).map(str::to_owned),
        _ => None,
    })
}
