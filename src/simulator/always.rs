//! Children that exist as long as what they are in: nobody makes them, and who writes one changes it. The kinds' tables say which there are.

use serde_json::{Value as Json, json};

use super::answer::Ask;
use super::bodies::merge;
use super::request::{Failure, Response};
use super::target::Named;
use super::types::{self, Type};
use super::world::{Object, World};
use crate::address::ArmId;
use crate::kinds::{Always, path};

impl World {
    /// What always exists below an object, by the word that leads to it.
    fn always_of(&self, object: &Object, segment: &str) -> Option<&'static Always> {
        let kinds = types::find(&object.type_).into_iter().flat_map(Type::writers);
        kinds.flat_map(|kind| kind.simulated.always).find(|one| one.segment.eq_ignore_ascii_case(segment))
    }

    /// The body of such a child; `None` where a path leads to none.
    pub(super) fn always(&self, named: &Named) -> Option<Json> {
        if types::find(&named.type_).is_some() {
            return None;
        }
        let parent = self.standing(&named.above(2))?;
        let segment = named.segments.iter().rev().nth(1)?;
        let child = self.always_of(parent, segment).filter(|child| child.name.eq_ignore_ascii_case(named.name()))?;
        let written = child.aside.is_none() || self.rest.always.contains_key(&named.id);
        written.then(|| self.child(parent, child))
    }

    /// What a body says of children that are made of it: the folded id of each, and its properties.
    pub(super) fn aside(id: &ArmId, type_: &Type, body: &Json) -> Vec<(String, Json)> {
        let children = type_.writers().flat_map(|kind| kind.simulated.always);
        let written = children.filter_map(|child| {
            let (at, make) = child.aside?;
            Some((id.child(child.segment, child.name).folded(), make(path::borrow(body, at)?)))
        });
        written.collect()
    }

    fn child(&self, parent: &Object, child: &Always) -> Json {
        let id = parent.id.child(child.segment, child.name);
        let mut properties: Json = serde_json::from_str(child.properties).unwrap_or_default();
        if let Some(written) = self.rest.always.get(&id.folded()) {
            merge(&mut properties, written.clone());
        }
        let type_ = id.arm_type().unwrap_or_default();
        json!({ "id": id.as_str(), "name": child.name, "type": type_, "properties": properties })
    }

    /// The list of such children below an object; `None` where none always exists.
    pub(super) fn always_listed(&self, parent: &str, segment: &str) -> Option<Json> {
        let parent = self.standing(parent)?;
        let child = self.always_of(parent, segment)?;
        let all: Vec<Json> = if child.name.is_empty() { Vec::new() } else { vec![self.child(parent, child)] };
        Some(json!({ "value": all }))
    }

    /// Writes such a child.
    pub(super) fn write_always(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let properties = ask.request.object()?.get("properties").cloned().unwrap_or_else(|| json!({}));
        merge(self.rest.always.entry(named.id.clone()).or_insert_with(|| json!({})), properties);
        self.always(named).map(|body| Response::json(200, &body)).ok_or_else(|| self.absent(named))
    }
}
