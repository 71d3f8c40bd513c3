//! Objects beside workloads: namespaces, maps of settings, autoscalers, and the service account of a namespace.

use serde_json::{Value as Json, json};

use super::answers::{Refused, Resource};
use super::clusters::Cluster;
use super::store::{self, AUTOSCALER, CONFIG_MAP, NAMESPACE};
use super::{NAME, patch, status, text, writes};
use crate::simulator::request::{HttpMethod, Request};
use crate::simulator::world::World;

/// A kind of such objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct OtherKind {
    pub(super) kind: &'static str,
    pub(super) api: &'static str,
    pub(super) resource: Resource,
}

/// Maps of settings, and autoscalers.
pub(super) const ALL: &[OtherKind] = &[
    OtherKind { kind: CONFIG_MAP, api: "v1", resource: Resource::core("configmaps") },
    OtherKind {
        kind: AUTOSCALER,
        api: "autoscaling/v2",
        resource: Resource { group: "autoscaling", plural: "horizontalpodautoscalers" },
    },
];

/// The kind with this group and plural.
pub(super) fn find(group: &str, plural: &str) -> Option<&'static OtherKind> {
    ALL.iter().find(|one| one.resource.group == group && one.resource.plural == plural)
}

/// A namespace as reads return it.
pub(super) fn namespace(world: &World, cluster: &Cluster, name: &str) -> Option<Json> {
    let own = store::other(world, cluster, name, NAMESPACE, name);
    own.or_else(|| store::namespaces(world, cluster).contains(name).then(|| namespace_body(world, name)))
}

fn namespace_body(world: &World, name: &str) -> Json {
    json!({
        "kind": NAMESPACE,
        "apiVersion": "v1",
        "metadata": {
            "name": name, "uid": world.seed.guid(&[NAME, NAMESPACE, name]), "resourceVersion": "1",
            "creationTimestamp": status::second(world.now), "labels": { "kubernetes.io/metadata.name": name },
        },
        "spec": { "finalizers": ["kubernetes"] },
        "status": { "phase": "Active" },
    })
}

/// Creates a namespace.
pub(super) fn create_namespace(world: &mut World, cluster: &Cluster, request: &Request) -> Result<Json, Refused> {
    let body = writes::body(request)?;
    let name = text(&body, "/metadata/name").to_owned();
    if store::namespaces(world, cluster).contains(&name) {
        return Err(Refused::exists(Resource::core("namespaces"), &name));
    }
    let made = namespace_body(world, &name);
    Ok(store::keep_other(world, cluster, NAMESPACE, made))
}

/// A new object of another kind.
pub(super) fn new(world: &World, namespace: &str, of: &OtherKind, body: &Json) -> Json {
    let name = text(body, "/metadata/name");
    let mut metadata = json!({
        "name": name, "namespace": namespace, "uid": world.seed.guid(&[NAME, of.kind, namespace, name]),
        "resourceVersion": "0", "creationTimestamp": status::second(world.now),
    });
    for part in ["labels", "annotations"] {
        if let Some(value) = body.pointer(&format!("/metadata/{part}")) {
            metadata[part] = value.clone();
        }
    }
    let mut made = json!({ "kind": of.kind, "apiVersion": of.api, "metadata": metadata });
    for (name, value) in body.as_object().into_iter().flatten() {
        if !["kind", "apiVersion", "metadata", "status"].contains(&name.as_str()) {
            made[name.as_str()] = value.clone();
        }
    }
    made
}

/// Answers a request for objects of another kind in a namespace.
pub(super) fn route(
    world: &mut World,
    cluster: &Cluster,
    request: &Request,
    (of, namespace, name): (&OtherKind, &str, Option<&str>),
) -> Result<(u16, Json), Refused> {
    let existing = |world: &World, name: &str| {
        store::other(world, cluster, namespace, of.kind, name).ok_or_else(|| Refused::absent(of.resource, name))
    };
    match (request.verb, name) {
        (HttpMethod::Post, None) => {
            let body = writes::body(request)?;
            let name = text(&body, "/metadata/name");
            if existing(world, name).is_ok() {
                return Err(Refused::exists(of.resource, name));
            }
            let made = new(world, namespace, of, &body);
            Ok((201, store::keep_other(world, cluster, of.kind, made)))
        }
        (HttpMethod::Get, Some(name)) => existing(world, name).map(|body| (200, body)),
        (HttpMethod::Patch, Some(name)) => {
            let mut body = existing(world, name)?;
            let changes = writes::merge_patch(request)?;
            match changes.as_array() {
                Some(operations) => body = patch::json(&body, operations).ok_or_else(Refused::failed_test)?,
                None => patch::merge(&mut body, &changes),
            }
            Ok((200, store::keep_other(world, cluster, of.kind, body)))
        }
        (HttpMethod::Delete, Some(name)) => {
            let body = existing(world, name)?;
            store::remove(world, cluster, namespace, of.kind, name);
            Ok((200, body))
        }
        _ => Err(Refused::method()),
    }
}
