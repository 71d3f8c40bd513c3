//! Parts of other objects that Resource Manager also takes by themselves, as a load balancer's pools: a write of one is a write of the whole.
//! The kinds' tables say which there are.

use serde_json::{Value as Json, json};

use super::answer::{Ask, parent_not_found};
use super::request::{Failure, Response};
use super::target::Named;
use super::types::{self, Part, Type};
use super::world::{Object, World};
use crate::kinds::path;

/// What a path names, and what it is part of.
struct Found<'a> {
    whole: &'a Object,
    type_: &'static Type,
    part: &'static Part,
}

impl World {
    /// The kind of part that a path names; `None` where it names no part.
    pub(super) fn part(named: &Named) -> Option<&'static Part> {
        let (whole, segment) = named.type_.rsplit_once('/')?;
        types::find(whole)?.parts.iter().find(|part| part.segment.eq_ignore_ascii_case(segment))
    }

    /// Whether a path names a part that is written by itself.
    pub(super) fn is_alone(named: &Named) -> bool {
        Self::part(named).is_some_and(|part| part.kind.simulated.alone)
    }

    fn found(&self, named: &Named) -> Result<Found<'_>, Failure> {
        let whole = named.above(2);
        let absent = || parent_not_found(&whole);
        let object = self.standing(&whole).ok_or_else(absent)?;
        let type_ = types::find(&object.type_).ok_or_else(absent)?;
        let part = Self::part(named).ok_or_else(absent)?;
        Ok(Found { whole: object, type_, part })
    }

    /// Writes a part: the whole is written with it.
    pub(super) fn put_part(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let mut element = ask.request.object()?;
        let Found { whole, type_, part } = self.found(named)?;
        path::put(&mut element, part.key, Json::from(named.name()));
        let (id, mut body) = (whole.id.clone(), whole.body.clone());
        let mut items = path::items(&body, part.list).to_vec();
        let old = items.iter_mut().find(|item| is_called(item, part, named.name()));
        let created = old.is_none();
        match old {
            Some(old) => *old = element,
            None => items.push(element),
        }
        path::put(&mut body, part.list, Json::Array(items));
        let draft = self.draft(id, type_, body, ask)?;
        let answer = self.accept(draft, ask)?;
        let body = self.element(&named.id).map_or_else(Vec::new, |element| element.to_string().into_bytes());
        Ok(Response { status: if created { 201 } else { 200 }, body, ..answer })
    }

    /// Deletes a part: the whole is written without it.
    pub(super) fn delete_part(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let Found { whole, type_, part } = self.found(named)?;
        let (id, mut body) = (whole.id.clone(), whole.body.clone());
        let mut items = path::items(&body, part.list).to_vec();
        let before = items.len();
        items.retain(|item| !is_called(item, part, named.name()));
        if items.len() == before {
            return Ok(Response::empty(204));
        }
        path::put(&mut body, part.list, Json::Array(items));
        let draft = self.draft(id, type_, body, ask)?;
        let answer = self.accept(draft, ask)?;
        Ok(Response { status: 202, body: Vec::new(), ..answer })
    }

    /// The list of the parts below an object; `None` where the word leads to none.
    pub(super) fn parts_listed(&self, whole: &str, segment: &str) -> Option<Json> {
        let object = self.standing(whole)?;
        let part = types::find(&object.type_)?.parts.iter().find(|part| part.segment.eq_ignore_ascii_case(segment))?;
        Some(json!({ "value": path::items(&object.body, part.list) }))
    }
}

fn is_called(item: &Json, part: &Part, name: &str) -> bool {
    item.get(part.key).and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(name))
}
