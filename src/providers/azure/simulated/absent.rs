//! Types that requests may name, and the errors for what does not exist.

use super::target::{GROUP, ResourcePath, group_of};
use super::types::{self, ProviderType};
use crate::simulator::request::{ErrorResponse, HttpMethod};
use crate::simulator::world::World;

/// The type, checked for support of this API version.
pub(super) fn known_type(world: &World, type_: &str, api: &str) -> Result<&'static ProviderType, ErrorResponse> {
    let Some(table) = types::known(type_) else {
        let namespace = type_.split('/').next().unwrap_or_default();
        return Err(ErrorResponse::gateway(
            404,
            "InvalidResourceNamespace",
            format!("The resource namespace '{namespace}' is invalid."),
        ));
    };
    let today = world.now.strftime("%Y-%m-%d").to_string();
    if !world.lenient && api.get(..10) > Some(table.api.max(&today)).and_then(|newest| newest.get(..10)) {
        let (namespace, rest) = table.name.split_once('/').unwrap_or((table.name, ""));
        return Err(ErrorResponse::gateway(
            400,
            "NoRegisteredProviderFound",
            format!(
                "No registered resource provider found for location '' and API version '{api}' for type '{rest}' of '{namespace}'. The supported api-versions are '{}' and earlier.",
                table.api
            ),
        ));
    }
    Ok(table)
}

/// The 404 error of a read: resource group, parent or resource not found.
pub(super) fn absent(world: &World, named: &ResourcePath) -> ErrorResponse {
    if let Some(group) = named.group() {
        let standing = group_of(&named.id).is_some_and(|id| world.standing(id).is_some());
        if named.type_ == GROUP || !standing {
            return group_not_found(group);
        }
    }
    if let Ok(type_) = known_type(world, &named.type_, "0000-00-00")
        && named.type_.matches('/').count() > 1
    {
        let parent = parent_id(named, type_);
        if world.standing(&parent).is_none() {
            return parent_not_found(&parent);
        }
    }
    let at = named.provider().map_or(0, |at| at + 1);
    let what = named.segments.get(at..).unwrap_or_default();
    let (namespace, pairs) = what.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let kinds = pairs.iter().step_by(2).map(String::as_str);
    let names = pairs.iter().skip(1).step_by(2).map(String::as_str);
    let path: Vec<&str> = std::iter::once(namespace).chain(kinds).chain(names).collect();
    ErrorResponse::gateway(
        404,
        "ResourceNotFound",
        format!(
            "The Resource '{}' under resource group '{}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            path.join("/"),
            named.group().unwrap_or("<null>")
        ),
    )
}

/// The folded id of the parent of a named resource.
pub(super) fn parent_id(named: &ResourcePath, type_: &ProviderType) -> String {
    let nested = named.type_.matches('/').count() > 1;
    match type_.segment {
        Some(segment) => named.above(segment.split('/').count() + 1),
        None if nested => named.above(2),
        None if named.type_ == GROUP => named.above(2),
        None => named.above(4),
    }
}

/// True for an object that no request creates: the `default` child of an existing object.
pub(super) fn is_implied(world: &World, id: &str) -> bool {
    id.strip_suffix("/default")
        .and_then(|rest| rest.rsplit_once('/'))
        .is_some_and(|(above, _)| world.standing(above).is_some())
}

pub(super) fn method_not_allowed(verb: HttpMethod) -> ErrorResponse {
    ErrorResponse::gateway(
        405,
        "MethodNotAllowed",
        format!("The request method '{}' is not allowed here.", verb.name()),
    )
}

pub(super) fn group_not_found(name: &str) -> ErrorResponse {
    ErrorResponse::gateway(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
}

pub(super) fn parent_not_found(parent: &str) -> ErrorResponse {
    ErrorResponse::gateway(
        404,
        "ParentResourceNotFound",
        format!("Can not perform requested operation on nested resource. Parent resource '{parent}' not found."),
    )
}
