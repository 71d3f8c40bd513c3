//! Parts of other objects that Resource Manager also accepts as separate requests, such as a load balancer's pools: a
//! write of a part is a write of the whole object. The kinds' tables list them.

use serde_json::{Value as Json, json};

use super::answer::{AdmittedRequest, parent_not_found};
use super::request::{ErrorResponse, Response};
use super::target::ResourcePath;
use super::types::{self, EmbeddedList, ProviderType};
use super::world::{SimulatedObject, World};
use crate::kinds::path;

/// The part that a path names, and the object that contains it.
struct PartTarget<'a> {
    whole: &'a SimulatedObject,
    type_: &'static ProviderType,
    part: &'static EmbeddedList,
}

impl World {
    /// The kind of part that a path names; `None` for any other path.
    pub(super) fn part(named: &ResourcePath) -> Option<&'static EmbeddedList> {
        let (whole, segment) = named.type_.rsplit_once('/')?;
        types::find(whole)?.parts.iter().find(|part| part.segment.eq_ignore_ascii_case(segment))
    }

    /// True for the path of a part that accepts separate writes.
    pub(super) fn is_alone(named: &ResourcePath) -> bool {
        Self::part(named).is_some_and(|part| part.alone)
    }

    fn found(&self, named: &ResourcePath) -> Result<PartTarget<'_>, ErrorResponse> {
        let whole = named.above(2);
        let absent = || parent_not_found(&whole);
        let object = self.standing(&whole).ok_or_else(absent)?;
        let type_ = types::find(&object.type_).ok_or_else(absent)?;
        let part = Self::part(named).ok_or_else(absent)?;
        Ok(PartTarget { whole: object, type_, part })
    }

    /// Writes a part: a write of the whole object that includes it.
    pub(super) fn put_part(
        &mut self,
        named: &ResourcePath,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Response, ErrorResponse> {
        let mut element = ask.request.object()?;
        let PartTarget { whole, type_, part } = self.found(named)?;
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

    /// Deletes a part: a write of the whole object without it.
    pub(super) fn delete_part(
        &mut self,
        named: &ResourcePath,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Response, ErrorResponse> {
        let PartTarget { whole, type_, part } = self.found(named)?;
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

    /// The list of parts below an object; `None` where the segment names no list of parts.
    pub(super) fn parts_listed(&self, whole: &str, segment: &str) -> Option<Json> {
        let object = self.standing(whole)?;
        let part = types::find(&object.type_)?.parts.iter().find(|part| part.segment.eq_ignore_ascii_case(segment))?;
        Some(json!({ "value": path::items(&object.body, part.list) }))
    }
}

fn is_called(item: &Json, part: &EmbeddedList, name: &str) -> bool {
    item.get(part.key).and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(name))
}
