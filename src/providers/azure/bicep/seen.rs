//! Resources as the functions of a kind see them while a body is emitted: what follows from an input, or belongs to
//! another resource, is a mark there as well.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map as JsonMap, Value as Json};

use super::code::{Code, FileInput};
use super::express::{BicepScope, LoopEntry};
use super::marks::{ArgumentMark, CLOSE, Marker, NAMES, OPEN, OTHERS};
use crate::address::Address;
use crate::hcl::ast::{ExprKind, Root, TraversalStep};
use crate::kinds::{OtherResources, Subject, Wire};
use crate::object::ObjectId;
use crate::stack::Resource;

/// Resources that a kind has read so far.
#[derive(Default)]
pub(super) struct SeenResources<'e, 'a> {
    /// Numbers of the marks for names and regions; `None` for what has no expression.
    places: RefCell<HashMap<(Address, &'static str), Option<usize>>>,
    /// Other resources, with the first number of their marks.
    others: RefCell<HashMap<Address, (usize, Rc<Marker<'e, 'a>>)>>,
}

/// The other resources of the stack, with marks, and without what is secret or unknown in them.
pub(super) struct ClearResources<'m, 'e, 'a> {
    pub marker: &'m Marker<'e, 'a>,
    pub others: &'m dyn OtherResources,
}

impl OtherResources for ClearResources<'_, '_, '_> {
    fn visit(&self, id: &ObjectId, visit: &mut dyn FnMut(&Subject<'_>)) {
        let Some(resource) = self.marker.frame.emitter.stack.by_id(id) else { return };
        let args = self.marker.args_of(resource);
        let (name, location) = self.marker.seen_place(resource);
        self.others.visit(id, &mut |subject| {
            visit(&Subject { name: &name, location: &location, args: &args, others: self, ..*subject });
        });
    }
}

impl<'e, 'a> Marker<'e, 'a> {
    /// Name and region of a resource.
    pub(super) fn seen_place(&self, resource: &Resource) -> (String, String) {
        let name = self.place(resource, "name", &resource.name, || self.name_of(resource));
        let location = self.place(resource, "location", &resource.location, || {
            let site = self.frame.emitter.stack.sites.get(&resource.site)?;
            let is_same = site.location.eq_ignore_ascii_case(&resource.location);
            is_same.then(|| Code::Input(FileInput::Site(site.name.to_string())))
        });
        (name, location)
    }

    /// True if the region of the resource is a mark in its body.
    pub(super) fn shows_region(&self) -> bool {
        let key = (self.resource.address.clone(), "location");
        let number = self.seen.as_ref().and_then(|seen| seen.places.borrow().get(&key).copied().flatten());
        number.is_some_and(|number| self.allowed.borrow().has(number))
    }

    fn place(
        &self,
        resource: &Resource,
        what: &'static str,
        value: &str,
        code: impl FnOnce() -> Option<Code>,
    ) -> String {
        let Some(seen) = &self.seen else { return value.to_owned() };
        let key = (resource.address.clone(), what);
        let known = seen.places.borrow().get(&key).copied();
        let number = known.unwrap_or_else(|| {
            let number = NAMES + seen.places.borrow().len();
            let made = code().map(|code| {
                let mark = ArgumentMark { code, value: Json::from(value), wire: Wire::At("") };
                self.marks.borrow_mut().insert(number, mark);
                number
            });
            seen.places.borrow_mut().insert(key, made);
            made
        });
        match number.filter(|number| self.allowed.borrow().has(*number)) {
            Some(number) => format!("{OPEN}{number}{CLOSE}"),
            None => value.to_owned(),
        }
    }

    /// The name of a resource: the expression of its own, an attribute of another.
    fn name_of(&self, resource: &Resource) -> Option<Code> {
        if resource.address != self.resource.address {
            return self.frame.attribute(resource, "name");
        }
        // A part of an account in a region is named after the region of its site, or of the one that its block names.
        let emitter = self.frame.emitter;
        let is_region = |location: &str| resource.kind.odd.name.is_some() && location == &*resource.name;
        let own = emitter.stack.sites.get(&resource.site).filter(|site| is_region(&site.location));
        let region =
            own.map(|site| FileInput::Site(site.name.to_string())).or_else(|| emitter.region_of_name(resource));
        self.frame.emitter.written_name(resource, &self.frame).or_else(|| region.map(Code::Input))
    }

    /// Arguments of another resource.
    fn args_of(&self, resource: &Resource) -> JsonMap<String, Json> {
        let emitter = self.frame.emitter;
        let resource: Option<&'a Resource> = emitter.stack.resources.get(&resource.address);
        let (Some(seen), Some(resource)) = (&self.seen, resource) else { return JsonMap::new() };
        let known = seen.others.borrow().get(&resource.address).cloned();
        let known = known.or_else(|| {
            // The loop of another resource is not this one's, so that its entry is written out.
            let each = emitter.at(resource).map(|each| LoopEntry { id: None, ..each });
            let other = Marker::new(emitter, resource, each, None)?.among(self);
            let known = (OTHERS * (1 + seen.others.borrow().len()), Rc::new(other));
            seen.others.borrow_mut().insert(resource.address.clone(), known.clone());
            Some(known)
        });
        known.map(|(first, other)| other.arguments(first)).unwrap_or_default()
    }
}

impl<'a> super::emitter::BicepEmitter<'a> {
    /// The input with the region that a resource is named after, where its block names the site in `site`.
    pub(super) fn region_of_name(&self, resource: &Resource) -> Option<FileInput> {
        let definition = self.stack.program.definitions.get(&resource.address.block())?;
        let expr = &definition.block.body.attribute("site")?.expr;
        let ExprKind::Traversal { root: Root::Name(root), steps } = &expr.kind else { return None };
        let [TraversalStep::Attr(label)] = steps.as_slice() else { return None };
        let site = self.stack.sites.get(&label.text).filter(|_| &*root.text == "site")?;
        let is_named = resource.kind.odd.name.is_some() && site.location == *resource.name;
        is_named.then(|| FileInput::Site(site.name.to_string()))
    }

    /// The name that the block of a resource writes, if it follows from an input.
    pub(super) fn written_name(&self, resource: &Resource, frame: &BicepScope<'_, 'a>) -> Option<Code> {
        let definition = self.stack.program.definitions.get(&resource.address.block())?;
        let written = definition.block.body.attribute("name")?;
        let known = frame.value(&written.expr)?;
        let code = (known.as_str() == Some(&*resource.name)).then(|| frame.express(&written.expr)).flatten()?;
        (!code.is_constant()).then_some(code)
    }
}
