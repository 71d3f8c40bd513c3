//! What Helm and others have installed, put into a simulated cluster by a manifest.

use serde_json::Value as Json;

use super::super::ids::WorkloadKind;
use super::super::yaml;
use super::clusters::Cluster;
use super::store::NAMESPACE;
use super::{others, store, text, writes};
use crate::object::ObjectId;
use crate::simulator::world::World;

/// The namespace of an object without one.
const DEFAULT: &str = "default";

/// Creates or changes the objects of a manifest. Of a kind that the simulator does not have, nothing is kept.
///
/// # Errors
/// The manifest cannot be read, or an object of it is not valid. Nothing is installed then.
pub(super) fn install(world: &mut World, cluster: &ObjectId, manifest: &str) -> Result<Vec<ObjectId>, String> {
    if world.object(&world.key(cluster)).is_none() {
        return Err(format!("the simulator has no cluster `{cluster}`"));
    }
    let cluster = Cluster { id: cluster.clone() };
    let documents = yaml::documents(manifest)?;
    let objects = documents.iter().flat_map(|document| match document.get("items").and_then(Json::as_array) {
        Some(items) => items.iter().collect::<Vec<_>>(),
        None => vec![document],
    });
    let mut installs = Vec::new();
    for body in objects {
        let (kind, name) = (text(body, "/kind").to_owned(), text(body, "/metadata/name"));
        let namespace = Some(text(body, "/metadata/namespace")).filter(|one| !one.is_empty()).unwrap_or(DEFAULT);
        if kind.is_empty() || name.is_empty() {
            return Err("an object of the manifest has no `kind`, or no `metadata.name`".to_owned());
        }
        let new = WorkloadKind::named(&kind).map(|kind| writes::new(world, namespace, kind, body.clone()));
        let new = new
            .transpose()
            .map_err(|_| format!("{kind} {name} needs a name, `spec.selector`, and containers with an image"))?;
        installs.push((new, body, namespace.to_owned()));
    }
    let mut ids = Vec::new();
    for (workload, body, namespace) in installs {
        let (kind, name) = (text(body, "/kind").to_owned(), text(body, "/metadata/name").to_owned());
        match workload {
            Some(mut workload) => {
                let before = store::workload(world, &cluster, &namespace, (workload.kind, &name));
                if let Some(before) = &before {
                    let course = std::mem::take(&mut workload.course);
                    workload.course = before.course.clone();
                    (workload.course.start, workload.course.stop) = (course.start, course.stop);
                    workload.course.waiting = course.waiting;
                }
                store::keep(world, &cluster, workload, before.as_ref());
            }
            None => {
                let of = others::ALL.iter().find(|one| one.kind == kind);
                match (of, kind.as_str()) {
                    (Some(of), _) => {
                        let made = others::new(world, &namespace, of, body);
                        store::keep_other(world, &cluster, of.kind, made);
                    }
                    (None, NAMESPACE) => {
                        let made = others::new(world, "", &NAMESPACES, body);
                        store::keep_other(world, &cluster, NAMESPACE, made);
                    }
                    (None, _) => continue,
                }
            }
        }
        ids.push(store::id(&cluster, if kind == NAMESPACE { &name } else { &namespace }, &kind, &name));
    }
    Ok(ids)
}

/// Namespaces lie in nothing.
const NAMESPACES: others::OtherKind =
    others::OtherKind { kind: NAMESPACE, api: "v1", resource: super::answers::Resource::core("namespaces") };
