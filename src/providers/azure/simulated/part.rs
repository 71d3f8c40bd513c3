//! Parts of other objects that Resource Manager also accepts as separate requests, such as a load balancer's pools: a
//! write of a part is a write of the whole object. The kinds' tables list them.

use serde_json::{Value as Json, json};

use super::absent::parent_not_found;
use super::admitted::AdmittedRequest;
use super::target::ResourcePath;
use super::types::{self, EmbeddedList, ProviderType};
use super::{operations, put, references, valid_write};
use crate::kinds::path;
use crate::simulator::operations::{LeavingPart, Operation};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::{SimulatedObject, World};

/// The part that a path names, and the object that contains it.
struct PartTarget<'a> {
    whole: &'a SimulatedObject,
    type_: &'static ProviderType,
    part: &'static EmbeddedList,
}

/// The kind of part that a path names; `None` for any other path.
pub(super) fn part(named: &ResourcePath) -> Option<&'static EmbeddedList> {
    let (whole, segment) = named.type_.rsplit_once('/')?;
    types::find(whole)?.parts.iter().find(|part| part.segment.eq_ignore_ascii_case(segment))
}

/// True for the path of a part that accepts separate writes.
pub(super) fn is_alone(named: &ResourcePath) -> bool {
    part(named).is_some_and(|part| part.alone)
}

fn found<'w>(world: &'w World, named: &ResourcePath) -> Result<PartTarget<'w>, ErrorResponse> {
    let whole = named.above(2);
    let absent = || parent_not_found(&whole);
    let object = world.standing(&whole).ok_or_else(absent)?;
    let type_ = types::find(&object.type_).ok_or_else(absent)?;
    let part = part(named).ok_or_else(absent)?;
    Ok(PartTarget { whole: object, type_, part })
}

/// The body of a part whose deletion is under way.
pub(super) fn leaving_part<'w>(world: &'w World, named: &ResourcePath) -> Option<&'w Json> {
    let (_, leaving) = leaving(world, &named.above(2))?;
    (leaving.id == named.id).then_some(&leaving.body)
}

/// Writes a part: a write of the whole object that includes it.
pub(super) fn put_part(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let mut element = ask.request.object()?;
    let PartTarget { whole, type_, part } = found(world, named)?;
    path::put(&mut element, part.key, Json::from(named.name()));
    let (id, mut body) = (whole.id.clone(), whole.body.to_json());
    let mut items = path::items(&body, part.list).to_vec();
    let old = items.iter_mut().find(|item| is_called(item, part, named.name()));
    let created = old.is_none();
    match old {
        Some(old) => *old = element,
        None => items.push(element),
    }
    path::put(&mut body, part.list, Json::Array(items));
    let draft = valid_write::draft(world, id, type_, body, ask)?;
    let answer = put::accept(world, draft, ask)?;
    let body = references::element(world, &named.id).map_or_else(Vec::new, |element| element.to_string().into_bytes());
    Ok(Response { status: if created { 201 } else { 200 }, body, ..answer })
}

/// The part of an object whose deletion is under way, and the operation.
fn leaving<'w>(world: &'w World, whole: &str) -> Option<(&'w Operation, &'w LeavingPart)> {
    let operation = world.operation(world.standing(whole)?.operation.as_ref()?)?;
    Some((operation, operation.leaving.as_ref()?))
}

/// Deletes a part: a write of the whole object without it. As in Azure, reads of the part find it until the write
/// ends.
pub(super) fn delete_part(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let PartTarget { whole, type_, part } = found(world, named)?;
    if let Some((operation, _)) = leaving(world, &named.above(2)).filter(|(_, leaving)| leaving.id == named.id) {
        return Ok(operations::announce(world, Response::empty(202), operation, type_.answers));
    }
    let (id, mut body) = (whole.id.clone(), whole.body.to_json());
    let mut items = path::items(&body, part.list).to_vec();
    let Some(at) = items.iter().position(|item| is_called(item, part, named.name())) else {
        return Ok(Response::empty(204));
    };
    let mut gone = items.remove(at);
    path::put(&mut gone, "properties.provisioningState", Json::from("Deleting"));
    path::put(&mut body, part.list, Json::Array(items));
    let draft = valid_write::draft(world, id, type_, body, ask)?;
    let answer = put::accept(world, draft, ask)?;
    let key = world.object(&named.above(2)).and_then(|whole| whole.operation.clone());
    if let Some(operation) = key.and_then(|key| world.operation(&key)).cloned() {
        let leaving = LeavingPart { id: named.id.clone(), body: gone };
        world.keep_operation(Operation { leaving: Some(leaving), ..operation });
    }
    Ok(Response { status: 202, body: Vec::new(), ..answer })
}

/// The list of parts below an object; `None` where the segment names no list of parts.
pub(super) fn parts_listed(world: &World, whole: &str, segment: &str) -> Option<Json> {
    let object = world.standing(whole)?;
    let part = types::find(&object.type_)?.parts.iter().find(|part| part.segment.eq_ignore_ascii_case(segment))?;
    let mut items = path::items(&object.body, part.list).to_vec();
    let own = format!("{whole}/{}/", part.segment.to_ascii_lowercase());
    let leaving = leaving(world, whole).filter(|(_, leaving)| leaving.id.starts_with(&own));
    items.extend(leaving.map(|(_, leaving)| leaving.body.clone()));
    Some(json!({ "value": items }))
}

fn is_called(item: &Json, part: &EmbeddedList, name: &str) -> bool {
    item.get(part.key).and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(name))
}
