//! Conversion in both directions by a kind's table: a resource to its objects and request bodies, and response bodies
//! back to arguments and attributes.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::account::Account;
use crate::duration;
use crate::kinds::decode::canonical;
use crate::kinds::table::{
    Arg, AttributeSource, Block, Kind, Lit, Location, OtherResources, Place, RESOURCE_GROUP, Subject, Ty, Wire,
};
use crate::kinds::{export, mark, path, place};
use crate::object::{Object, ObjectId, Within};

/// A slash in a name, as ids have it.
pub const SLASH: &str = "%2F";

/// The id that other resources refer to, built by the kind's [`Place`], of a resource in this region. `None` while the
/// argument that decides it is absent.
pub fn id(
    kind: &Kind,
    name: &str,
    (account, location): (&Account, &str),
    args: &JsonMap<String, Json>,
) -> Option<ObjectId> {
    let name = &*name.replace('/', SLASH);
    let at = |argument: &str| match args.get(argument)? {
        Json::String(text) => Some(text.as_str()),
        Json::Array(items) => items.first()?.as_str(),
        _ => None,
    };
    let type_ = kind.type_.name;
    let text = match kind.place {
        Place::Subscription => return kind.grammar().of_group(&account.id, name),
        Place::Root(template) | Place::Beside(_, template) => filled(template, |word| match word {
            place::ACCOUNT => Some(&*account.id),
            place::NAME => Some(name),
            place::REGION => Some(location).filter(|location| !location.is_empty()),
            argument => at(argument),
        })?,
        Place::Group => return kind.grammar().within(at(RESOURCE_GROUP.name)?, type_, name),
        Place::Child(parent, segment) => format!("{}/{segment}/{name}", at(parent)?),
        Place::Extension(scope) => return kind.grammar().within(at(scope)?, type_, name),
        Place::Part(parent, _, segment, _) => format!("{}/{segment}/{name}", at(parent)?),
        Place::Property(target) => at(target)?.to_owned(),
        Place::Member(of) => return of.id(name, args),
    };
    Some(ObjectId::new(text))
}

/// A template with a text in place of each word in braces; `None` where one has none.
fn filled<'a>(template: &str, text: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let mut parts = template.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (word, rest) = part.split_once('}')?;
        out += text(word)?;
        out += rest;
    }
    Some(out)
}

/// The objects of a resource, in the order in which drplan writes them.
pub fn objects(subject: &Subject<'_>) -> Vec<Object> {
    let kind = subject.kind;
    if let Some(objects) = kind.odd.objects {
        return objects(subject);
    }
    let parent = |argument| kind.type_.object(ObjectId::new(subject.text(argument).unwrap_or_default()));
    vec![match kind.place {
        Place::Part(argument, list, _, key) => Object {
            within: Some(Within::Element { list: list.into(), key: key.into(), name: subject.name.into() }),
            ..parent(argument)
        },
        Place::Property(argument) => Object { within: Some(Within::Paths(owned_paths(kind.args))), ..parent(argument) },
        Place::Member(of) => of.object(subject),
        Place::Subscription
        | Place::Root(_)
        | Place::Beside(..)
        | Place::Group
        | Place::Child(..)
        | Place::Extension(_) => kind.type_.object(subject.id.clone()),
    }]
}

fn owned_paths(args: &[Arg]) -> Vec<String> {
    args.iter()
        .filter_map(|arg| match arg.wire {
            Wire::At(path) | Wire::Mapped(path, _) | Wire::Scaled(path, _) | Wire::Text(path) | Wire::Negated(path) => {
                Some(path)
            }
            Wire::Odd | Wire::Nowhere => None,
        })
        .filter(|path| !path.is_empty())
        // A path that ends in `.id` is removed with its object: `networkSecurityGroup.id` removes
        // `networkSecurityGroup`.
        .map(|path| path.strip_suffix(".id").unwrap_or(path).to_owned())
        .collect()
}

/// The request bodies that create a resource's objects, in the order of [`objects`].
pub fn bodies(subject: &Subject<'_>) -> Vec<Json> {
    let kind = subject.kind;
    let count = subject.kind.odd.objects.map_or(1, |objects| objects(subject).len());
    let mut bodies = vec![json!({}); count];
    let main = if kind.odd.leads { bodies.first_mut() } else { bodies.last_mut() };
    if let Some(main) = main {
        for (at, lit) in kind.fixed {
            path::put(main, at, lit.json());
        }
        match (kind.place, kind.location) {
            (Place::Part(_, _, _, key), _) => path::put(main, key, Json::from(subject.name)),
            (Place::Member(of), _) if of.member.is_empty() => path::put(main, of.key, Json::from(subject.name)),
            (_, Location::Regional) => path::put(main, "location", Json::from(subject.location)),
            (_, Location::Global) => path::put(main, "location", Json::from("global")),
            (_, Location::None) => {}
        }
        encode(kind.args, subject.args, main);
    }
    if let Some(odd) = kind.odd.encode {
        odd(subject, &mut bodies);
    }
    bodies
}

/// The body that these arguments make by the table alone.
pub fn encoded(table: &[Arg], args: &JsonMap<String, Json>) -> Json {
    let mut body = json!({});
    encode(table, args, &mut body);
    body
}

fn encode(table: &[Arg], args: &JsonMap<String, Json>, body: &mut Json) {
    for arg in table {
        let Some(value) = args.get(arg.name) else { continue };
        if let Ty::Block(block) = arg.ty {
            encode_blocks(arg, block, value, body);
            continue;
        }
        match arg.wire {
            Wire::At(at) => path::put(body, at, wire_value(&arg.ty, value)),
            Wire::Mapped(at, pairs) => path::put(body, at, translate(value, pairs, |pair| (pair.0, pair.1))),
            Wire::Scaled(at, factor) => {
                let scaled = match (value.as_i64(), value.as_f64()) {
                    (Some(int), _) => int.checked_mul(factor).map_or(Json::Null, Json::from),
                    (None, Some(float)) => Json::from((float * factor as f64).round() as i64),
                    (None, None) => Json::Null,
                };
                path::put(body, at, scaled);
            }
            Wire::Text(at) => {
                path::put(body, at, value.as_str().map_or_else(|| Json::from(value.to_string()), Json::from));
            }
            Wire::Negated(at) => path::put(body, at, value.as_bool().map_or(Json::Null, |b| Json::from(!b))),
            Wire::Odd | Wire::Nowhere => {}
        }
    }
}

fn encode_blocks(arg: &Arg, block: &Block, value: &Json, body: &mut Json) {
    let Wire::At(at) = arg.wire else { return };
    match value {
        Json::Array(items) => {
            let encoded = items.iter().map(|item| encode_block(block, item)).collect();
            path::put(body, at, Json::Array(encoded));
        }
        one => path::put(body, at, encode_block(block, one)),
    }
}

fn encode_block(block: &Block, value: &Json) -> Json {
    let mut element = json!({});
    if let Json::Object(args) = value {
        encode(block.args, args, &mut element);
    }
    element
}

fn wire_value(ty: &Ty, value: &Json) -> Json {
    match ty {
        Ty::Duration => value
            .as_str()
            .and_then(|text| duration::parse(text).ok())
            .map_or_else(|| value.clone(), |parsed| Json::from(duration::iso(parsed))),
        _ => value.clone(),
    }
}

fn translate(value: &Json, pairs: &[(Lit, Lit)], order: impl Fn(&(Lit, Lit)) -> (Lit, Lit) + Copy) -> Json {
    match value {
        Json::Array(items) => items.iter().map(|item| translate(item, pairs, order)).collect(),
        one => pairs
            .iter()
            .map(order)
            .find(|(from, _)| same_literal(&from.json(), one))
            .map_or_else(|| one.clone(), |(_, to)| to.json()),
    }
}

fn same_literal(a: &Json, b: &Json) -> bool {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// The part of a response that is this object: the whole body, one element of a list, or the body of which the object
/// owns some paths. `None` where that part is missing.
pub fn part<'a>(object: &Object, answer: &'a Json) -> Option<&'a Json> {
    match &object.within {
        None => Some(answer),
        Some(Within::Element { list, key, name }) => path::borrow(answer, list)?
            .as_array()?
            .iter()
            .find(|element| path::text(element, key).is_some_and(|other| path::same_name(other, name))),
        // An object that owns no path cannot be missing.
        Some(Within::Paths(paths)) if paths.is_empty() => Some(answer),
        Some(Within::Paths(paths)) => {
            paths.iter().any(|at| path::get(answer, at).is_some_and(|value| !value.is_null())).then_some(answer)
        }
    }
}

/// Arguments as the responses show them, in the canonical form that comparisons use. Arguments that the provider
/// never returns are absent.
pub fn read(kind: &Kind, answers: &[Json]) -> JsonMap<String, Json> {
    let mut args = JsonMap::new();
    if let Some(main) = kind.odd.main(answers) {
        decode(kind.args, main, &mut args);
    }
    if let Some(odd) = kind.odd.decode {
        odd(answers, &mut args);
    }
    mark::remove(&mut args);
    for arg in kind.args {
        if let Some(value) = args.get_mut(arg.name) {
            *value = canonical(&arg.ty, value);
        }
    }
    normalise(kind.args, &mut args);
    args
}

/// Writes the texts of a response in the spelling in which stacks have them.
fn normalise(table: &[Arg], args: &mut JsonMap<String, Json>) {
    for arg in table {
        let Some(value) = args.get_mut(arg.name) else { continue };
        if let Ty::Block(block) = arg.ty {
            let inner = |one: &mut Json| {
                if let Json::Object(args) = one {
                    normalise(block.args, args);
                }
            };
            match value {
                Json::Array(items) => items.iter_mut().for_each(inner),
                one => inner(one),
            }
        } else if let Some(form) = arg.form {
            let one = |value: &mut Json| {
                if let Json::String(text) = value {
                    *text = (form.normal)(text);
                }
            };
            match value {
                Json::Array(items) => items.iter_mut().for_each(one),
                value => one(value),
            }
        }
    }
}

/// Arguments as the body of a request sets them, with those that responses lack, and as they are written there.
pub fn requested(kind: &Kind, body: &Json) -> JsonMap<String, Json> {
    let mut args = JsonMap::new();
    decode_where(kind.args, body, &mut args, true);
    if let (Some(odd), None) = (kind.odd.decode, kind.odd.objects) {
        odd(std::slice::from_ref(body), &mut args);
    }
    args
}

/// The part of a returned value that a stack wrote, for a [`Arg::partial`] argument. `was` is the written value, which
/// may hold digests. What the response omits counts as unchanged, since services leave out secrets and empty values; so
/// do spellings that differ in case only.
pub fn written_part(was: &Json, now: &Json) -> Json {
    let is_marker = |map: &JsonMap<String, Json>| map.len() == 1 && map.keys().all(|key| key.starts_with('$'));
    match (was, now) {
        (_, Json::Null) => was.clone(),
        (Json::Object(was), Json::Object(now)) if !is_marker(was) => was
            .iter()
            .map(|(name, was)| {
                let part = now.get(name).map_or_else(|| was.clone(), |now| written_part(was, now));
                (name.clone(), part)
            })
            .collect(),
        (Json::Array(was), Json::Array(now)) => written_elements(was, now),
        (Json::String(one), Json::String(other)) if one.eq_ignore_ascii_case(other) => was.clone(),
        (Json::Number(one), Json::Number(other)) if one.as_f64() == other.as_f64() => was.clone(),
        (Json::Null, _) => Json::Null,
        _ => now.clone(),
    }
}

/// Elements with names match by name, others by position. Elements that the stack did not write are kept: a list is
/// written as a whole.
fn written_elements(was: &[Json], now: &[Json]) -> Json {
    let named = |items: &[Json]| items.iter().all(|item| path::element_name(item).is_some());
    if !was.is_empty() && named(was) && named(now) {
        let is = |one: &Json, other: &Json| match (path::element_name(one), path::element_name(other)) {
            (Some(one), Some(other)) => path::same_name(one, other),
            _ => false,
        };
        let kept = was.iter().filter_map(|was| Some(written_part(was, now.iter().find(|now| is(was, now))?)));
        let new = now.iter().filter(|now| !was.iter().any(|was| is(was, now)));
        return kept.chain(new.cloned()).collect();
    }
    if was.len() == now.len() {
        return was.iter().zip(now).map(|(was, now)| written_part(was, now)).collect();
    }
    now.iter().cloned().collect()
}

fn decode(table: &[Arg], body: &Json, args: &mut JsonMap<String, Json>) {
    decode_where(table, body, args, false);
}

/// The arguments of a table in a part of a response, without those that the provider never returns.
pub fn decoded(table: &[Arg], part: &Json) -> JsonMap<String, Json> {
    let mut args = JsonMap::new();
    decode(table, part, &mut args);
    args
}

fn decode_where(table: &[Arg], body: &Json, args: &mut JsonMap<String, Json>, write_only: bool) {
    for arg in table.iter().filter(|arg| write_only || !arg.write_only) {
        let value = match (arg.ty, arg.wire) {
            (Ty::Block(block), Wire::At(at)) => {
                path::get(body, at).and_then(|found| decode_blocks(block, &found, write_only))
            }
            (_, Wire::At(at)) => path::get(body, at),
            (_, Wire::Mapped(at, pairs)) => {
                path::get(body, at).map(|value| translate(&value, pairs, |pair| (pair.1, pair.0)))
            }
            (_, Wire::Scaled(at, factor)) => path::get(body, at).and_then(|value| {
                let value = value.as_i64()?;
                Some(if value % factor == 0 {
                    Json::from(value / factor)
                } else {
                    Json::from(value as f64 / factor as f64)
                })
            }),
            (_, Wire::Text(at)) => path::get(body, at).map(|value| match value.as_str().map(str::parse::<i64>) {
                Some(Ok(int)) => Json::from(int),
                _ => value,
            }),
            (_, Wire::Negated(at)) => path::get(body, at).and_then(|value| value.as_bool()).map(|b| Json::from(!b)),
            (_, Wire::Odd | Wire::Nowhere) => None,
        };
        if let Some(value) = value.filter(|value| !value.is_null()) {
            args.insert(arg.name.to_owned(), value);
        }
    }
}

fn decode_blocks(block: &Block, found: &Json, write_only: bool) -> Option<Json> {
    let one = |element: &Json| {
        let mut args = JsonMap::new();
        decode_where(block.args, element, &mut args, write_only);
        Json::Object(args)
    };
    match found {
        Json::Array(items) if items.is_empty() => None,
        Json::Array(items) if block.max == 1 => items.first().map(one),
        Json::Array(items) => Some(items.iter().map(one).collect()),
        Json::Object(_) => Some(one(found)),
        _ => None,
    }
}

/// Attributes from the responses and from names. Secret attributes and attributes that an action returns are left
/// out.
pub fn attributes(subject: &Subject<'_>, answers: &[Json]) -> JsonMap<String, Json> {
    let mut found = JsonMap::new();
    for attribute in subject.kind.attributes.iter().filter(|attribute| !attribute.secret) {
        let value = match attribute.from {
            AttributeSource::Body(at) => answers.iter().rev().find_map(|answer| path::get(answer, at)),
            AttributeSource::Names(text) => named(subject, text).map(Json::from),
            AttributeSource::Exported(argument) => subject
                .args
                .get(argument)
                .zip(subject.kind.odd.main(answers))
                .map(|(wanted, answer)| export::exported(wanted, answer)),
            AttributeSource::Action(..) => None,
        };
        if let Some(value) = value.filter(|value| !value.is_null()) {
            found.insert(attribute.name.to_owned(), value);
        }
    }
    found
}

/// A text of [`AttributeSource::Names`] with its placeholders replaced. `None` while an argument that it needs is
/// absent.
pub fn named(subject: &Subject<'_>, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, after) = after.split_once('}')?;
        out.push_str(before);
        match place {
            "name" => out.push_str(subject.name),
            "location" => out.push_str(subject.location),
            "id" => out.push_str(subject.id.as_str()),
            "subscription" => out.push_str(&subject.account.id),
            "tenant" => out.push_str(&subject.account.tenant),
            "parent" => {
                // A segment such as `blobServices/default/containers` lies between a container and its account.
                let segments = match subject.kind.place {
                    Place::Child(_, segment) => segment.split('/').count(),
                    _ => 1,
                };
                out.push_str(subject.id.as_str().rsplit('/').nth(segments + 1)?);
            }
            argument => {
                let (first, inner) = argument.split_once('.').unwrap_or((argument, ""));
                out.push_str(path::borrow(subject.args.get(first)?, inner)?.as_str()?);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// No other resources: for a resource that is handled alone.
pub struct NoOtherResources;

impl OtherResources for NoOtherResources {
    fn visit(&self, _: &ObjectId, _: &mut dyn FnMut(&Subject<'_>)) {}
}
