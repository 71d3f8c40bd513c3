//! References to resources of another region, which the provider refuses: a network interface and its subnet, a load
//! balancer and its address. The error names the resource at the right site.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::hcl::ast::{Body, ExprKind, Root, TraversalStep};
use crate::kinds::regions::same_region;
use crate::kinds::{self, Location, Place};
use crate::object::ObjectId;
use crate::stack::program::Program;
use crate::stack::scope::plain;
use crate::stack::{Presence, Resource, Stack};

impl Stack {
    /// True if the block of the first resource mirrors that of the second.
    pub fn mirrors(&self, one: &Address, other: &Address) -> bool {
        is_mirror(&self.program, one, other)
    }
}

/// Reports each reference that must stay in the region of its resource and does not.
pub(super) fn check(
    program: &Program,
    resources: &IndexMap<Address, Resource>,
    by_id: &HashMap<ObjectId, Address>,
    found: &mut Diagnostics,
) {
    for resource in resources.values() {
        if !has_near(resource.kind.args) || resource.kind.location == Location::Global {
            continue;
        }
        let args = plain(&resource.args);
        for (path, id) in kinds::near::references(resource.kind, &args) {
            let target = by_id.get(&ObjectId::new(id)).and_then(|address| resources.get(address));
            let Some(target) = target else { continue };
            // An object with a global place, as a part of the load balancer of several regions, has no region.
            let is_global = target.kind.location == Location::Global;
            if !is_global && !same_region(&target.location, &resource.location) {
                found.push(diagnostic(program, resources, resource, target, &path));
            }
        }
    }
}

fn has_near(table: &[kinds::Arg]) -> bool {
    table.iter().any(|arg| match arg.ty {
        kinds::Ty::Block(block) => has_near(block.args),
        _ => arg.near,
    })
}

fn diagnostic(
    program: &Program,
    resources: &IndexMap<Address, Resource>,
    resource: &Resource,
    target: &Resource,
    path: &[&str],
) -> Diagnostic {
    let argument = path.last().copied().unwrap_or_default();
    let definition = program.definitions.get(&resource.address.block());
    let written = definition.and_then(|definition| written_at(&definition.block.body, path));
    let summary = format!(
        "`{}` is in {}, and its `{argument}` `{}` is in {}",
        resource.address, resource.location, target.address, target.location
    );
    let problem = Diagnostic::error("cross-region", summary)
        .at(written.unwrap_or(resource.span))
        .and(target.span, "declared here");
    let inherits = definition.is_some_and(|definition| definition.block.body.attribute("mirrors").is_some());
    let how = match written {
        None if inherits => "It inherits the reference by `mirrors`, and ",
        _ => "",
    };
    let why = format!("{how}{} requires both in one region.", resource.kind.provider().title);
    let twins = twins(program, resources, resource, target);
    let help = match twins.as_slice() {
        [] => format!(
            "Declare a `{}` at `site.{}`, and write it there: `{argument} = …`.",
            target.kind.name, resource.site
        ),
        [twin] => format!("Write `{argument} = {twin}`, which is at `site.{}`.", resource.site),
        several => {
            let all: Vec<String> = several.iter().take(3).map(|twin| format!("`{twin}`")).collect();
            format!("Write one of those at `site.{}`: {}.", resource.site, all.join(", "))
        }
    };
    problem.why(why).help(help)
}

/// The place of a nested argument in a block.
fn written_at(body: &Body, path: &[&str]) -> Option<Span> {
    match path {
        [] => None,
        [last] => body.attribute(last).map(|attribute| attribute.expr.span),
        [first, rest @ ..] => body.blocks(first).find_map(|block| written_at(&block.body, rest)),
    }
}

/// The resources that may take the place of one of another region: its mirror, or else those with the same name or
/// with mirrored parents, or else all of its kind at the site.
fn twins(
    program: &Program,
    resources: &IndexMap<Address, Resource>,
    resource: &Resource,
    target: &Resource,
) -> Vec<Address> {
    let fits = |other: &&Resource| {
        other.kind.name == target.kind.name
            && same_region(&other.location, &resource.location)
            && (other.presence == Presence::Permanent || resource.presence == Presence::Failover)
    };
    let all: Vec<&Resource> = resources.values().filter(fits).collect();
    let key = |address: &Address| address.to_string().split_once('[').map(|(_, key)| key.to_owned());
    let mirrors = |other: &&&Resource| {
        is_mirror(program, &other.address, &target.address)
            && (key(&target.address).is_none() || key(&other.address) == key(&target.address))
    };
    let alike = |other: &&&Resource| {
        let of_mirror = || {
            let [theirs, ours] = [other, &&target].map(|one| parent_of(resources, one));
            theirs.zip(ours).is_some_and(|(theirs, ours)| is_mirror(program, &theirs.address, &ours.address))
        };
        other.name.eq_ignore_ascii_case(&target.name) || of_mirror()
    };
    let pick = |chosen: Vec<&Resource>| chosen.into_iter().map(|one| one.address.clone()).collect::<Vec<_>>();
    let mirrored: Vec<&Resource> = all.iter().filter(mirrors).copied().collect();
    if !mirrored.is_empty() {
        return pick(mirrored);
    }
    let similar: Vec<&Resource> = all.iter().filter(alike).copied().collect();
    pick(if similar.is_empty() { all } else { similar })
}

fn parent_of<'a>(resources: &'a IndexMap<Address, Resource>, resource: &Resource) -> Option<&'a Resource> {
    let argument = match resource.kind.place {
        Place::Child(argument, _) | Place::Beside(argument, _) | Place::Part(argument, ..) => argument,
        _ => return None,
    };
    let id = ObjectId::new(resource.args.get(argument)?.as_str()?);
    resources.values().find(|other| other.id == id)
}

/// True if the block of the first mirrors the block of the second.
pub(super) fn is_mirror(program: &Program, one: &Address, other: &Address) -> bool {
    let mirrors = program.definitions.get(&one.block()).and_then(|one| one.block.body.attribute("mirrors"));
    mirrors.is_some_and(|attribute| match &attribute.expr.kind {
        ExprKind::Traversal { root: Root::Name(kind), steps } => {
            let label = steps.iter().find_map(|step| match step {
                TraversalStep::Attr(label) => Some(&*label.text),
                _ => None,
            });
            &*kind.text == other.kind() && label == Some(other.name())
        }
        _ => false,
    })
}
