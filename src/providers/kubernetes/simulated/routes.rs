//! The paths of an API server.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::super::ids::WorkloadKind;
use super::answers::{Refused, Resource, list, success};
use super::clusters::{self, Cluster};
use super::others::{self, OtherKind};
use super::queries::{accepts, page};
use super::store::{self, Workload};
use super::{discovery, scale, status, tables, text, writes};
use crate::simulator::request::{HttpMethod, Request, Response};
use crate::simulator::world::World;

/// The time for which a watch stays open.
const WATCH: Duration = Duration::from_secs(20);
/// The oldest version that a watch may begin at.
const OLDEST: u64 = 2;

/// Answers a request.
pub(super) fn route(world: &mut World, request: &Request) -> Result<Response, Refused> {
    let cluster = clusters::of(world, request)?;
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (request.verb, path.as_slice()) {
        (HttpMethod::Get, ["readyz" | "livez" | "healthz"]) => {
            Ok(Response::text(200, b"ok".to_vec()).with("content-type", "text/plain"))
        }
        (HttpMethod::Get, found) if discovery::answer(found).is_some() => {
            Ok(success(200, &discovery::answer(found).unwrap_or_default()))
        }
        (HttpMethod::Post, ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]) => {
            let mut body = writes::body(request)?;
            body["metadata"] = json!({});
            body["status"] = json!({ "allowed": true });
            Ok(success(201, &body))
        }
        (HttpMethod::Post, ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"]) => {
            let user = json!({ "username": "clusterUser", "groups": ["system:authenticated"] });
            let body = json!({
                "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
                "metadata": { "creationTimestamp": status::second(world.now) }, "status": { "userInfo": user },
            });
            Ok(success(201, &body))
        }
        (verb, ["api", "v1", "namespaces"]) => match verb {
            HttpMethod::Post => others::create_namespace(world, &cluster, request).map(|body| success(201, &body)),
            _ => {
                let names = store::namespaces(world, &cluster);
                let all = names.iter().filter_map(|name| others::namespace(world, &cluster, name)).collect();
                listed(world, request, ("Namespace", "v1"), all)
            }
        },
        (HttpMethod::Get, ["api", "v1", "namespaces", name]) => others::namespace(world, &cluster, name)
            .map(|body| success(200, &body))
            .ok_or_else(|| Refused::absent(Resource::core("namespaces"), name)),
        (_, ["api", "v1", "namespaces", namespace, plural, rest @ ..]) => {
            core(world, &cluster, request, (Some(namespace), plural, rest))
        }
        (_, ["api", "v1", plural]) => core(world, &cluster, request, (None, plural, &[])),
        (_, ["apis", group, _, "namespaces", namespace, plural, rest @ ..]) => {
            grouped(world, &cluster, request, (group, Some(namespace), plural, rest))
        }
        (_, ["apis", group, _, plural]) => grouped(world, &cluster, request, (group, None, plural, &[])),
        _ => Err(Refused::no_route()),
    }
}

/// A list of objects as the request wants it: whole or a page, as a table, or watched.
fn listed(world: &World, request: &Request, (kind, api): (&str, &str), all: Vec<Json>) -> Result<Response, Refused> {
    let mut found = Vec::new();
    for body in all {
        if accepts(request, &body)? {
            found.push(body);
        }
    }
    let version = store::version(world);
    if request.query.get("watch").is_some_and(|watch| ["1", "true"].contains(&watch.as_str())) {
        return Ok(watch(request, found));
    }
    if request.header("accept").is_some_and(|accept| accept.contains("as=Table")) {
        return Ok(success(200, &tables::table(world.now, kind, version, &found)));
    }
    let (items, next) = page(found, request);
    let mut body = list(&format!("{kind}List"), api, version, items);
    if let Some(next) = next {
        body["metadata"]["continue"] = json!(next);
    }
    Ok(success(200, &body))
}

/// The changes since the version of a watch, which then ends: clients begin another one.
fn watch(request: &Request, found: Vec<Json>) -> Response {
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    let since = request.query.get("resourceVersion").map(|text| number(text)).unwrap_or_default();
    let events: Vec<Json> = match since {
        1..OLDEST => {
            let message = format!("too old resource version: {since} ({OLDEST})");
            vec![json!({ "type": "ERROR", "object": {
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
                "reason": "Expired", "code": 410,
            } })]
        }
        _ => {
            let is_new = |body: &Json| number(text(body, "/metadata/resourceVersion")) > since;
            let word = if since == 0 { "ADDED" } else { "MODIFIED" };
            found.into_iter().filter(is_new).map(|body| json!({ "type": word, "object": body })).collect()
        }
    };
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let mut response = Response::text(200, lines.into_bytes()).with("content-type", "application/json");
    response.delay += WATCH;
    response
}

/// A list or an object of the core group.
fn core(
    world: &mut World,
    cluster: &Cluster,
    request: &Request,
    (namespace, plural, rest): (Option<&str>, &str, &[&str]),
) -> Result<Response, Refused> {
    let every = |world: &World| -> Vec<Workload> {
        WorkloadKind::ALL.into_iter().flat_map(|kind| store::workloads(world, cluster, namespace, kind)).collect()
    };
    match (request.verb, plural, rest) {
        (HttpMethod::Get, "pods", []) => {
            let mut all: Vec<Json> = every(world).iter().flat_map(|one| status::pods(world, one)).collect();
            all.sort_by(|one, other| text(one, "/metadata/name").cmp(text(other, "/metadata/name")));
            listed(world, request, ("Pod", "v1"), all)
        }
        (HttpMethod::Get, "pods", [name]) => {
            let mut all = every(world).into_iter().flat_map(|one| status::pods(world, &one)).collect::<Vec<_>>();
            all.retain(|pod| text(pod, "/metadata/name") == *name);
            let found = all.pop().ok_or_else(|| Refused::absent(Resource::core("pods"), name))?;
            Ok(success(200, &found))
        }
        (HttpMethod::Get, "events", []) => {
            let all = every(world).iter().flat_map(|one| status::events(world, one)).collect();
            listed(world, request, ("Event", "v1"), all)
        }
        (HttpMethod::Post, "serviceaccounts", []) => {
            let body = writes::body(request)?;
            Err(Refused::exists(Resource::core("serviceaccounts"), text(&body, "/metadata/name")))
        }
        _ => other(world, cluster, request, ("", namespace, plural, rest)),
    }
}

/// A list or an object of another group.
fn grouped(
    world: &mut World,
    cluster: &Cluster,
    request: &Request,
    (group, namespace, plural, rest): (&str, Option<&str>, &str, &[&str]),
) -> Result<Response, Refused> {
    let kind = WorkloadKind::in_path(plural).filter(|_| group == "apps");
    let Some(kind) = kind else {
        return match (group, plural, request.verb) {
            ("apps", "replicasets", HttpMethod::Get) => listed(world, request, ("ReplicaSet", "apps/v1"), Vec::new()),
            _ => other(world, cluster, request, (group, namespace, plural, rest)),
        };
    };
    let existing = |world: &World, name: &str| {
        let found = store::workload(world, cluster, namespace.unwrap_or_default(), (kind, name));
        found.ok_or_else(|| Refused::absent(writes::resource(kind), name))
    };
    match (request.verb, rest, namespace) {
        (HttpMethod::Get, [], _) => {
            let all = store::workloads(world, cluster, namespace, kind);
            let all = all.iter().map(|one| status::shown(world, one)).collect();
            listed(world, request, (kind.name(), "apps/v1"), all)
        }
        (HttpMethod::Post, [], Some(namespace)) => {
            writes::create(world, cluster, request, namespace, kind).map(|body| success(201, &body))
        }
        (HttpMethod::Get, [name], _) => {
            let workload = existing(world, name)?;
            let body = status::shown(world, &workload);
            match request.header("accept").is_some_and(|accept| accept.contains("as=Table")) {
                true => Ok(success(200, &tables::table(world.now, kind.name(), store::version(world), &[body]))),
                false => Ok(success(200, &body)),
            }
        }
        (HttpMethod::Patch, [name], _) => {
            let before = existing(world, name)?;
            writes::change(world, cluster, request, before).map(|body| success(200, &body))
        }
        (HttpMethod::Delete, [name], Some(namespace)) => {
            existing(world, name)?;
            store::remove(world, cluster, namespace, kind.name(), name);
            Ok(success(200, &json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" })))
        }
        (HttpMethod::Get, [name, "scale"], _) => {
            existing(world, name).map(|one| success(200, &scale::shown(world, &one)))
        }
        (HttpMethod::Put | HttpMethod::Patch, [name, "scale"], _) => {
            let before = existing(world, name)?;
            scale::write(world, cluster, request, before).map(|body| success(200, &body))
        }
        _ => Err(Refused::method()),
    }
}

/// Objects that are kept as they are.
fn other(
    world: &mut World,
    cluster: &Cluster,
    request: &Request,
    (group, namespace, plural, rest): (&str, Option<&str>, &str, &[&str]),
) -> Result<Response, Refused> {
    let of: &OtherKind = others::find(group, plural).ok_or_else(Refused::no_route)?;
    match (request.verb, rest, namespace) {
        (HttpMethod::Get, [], _) => {
            let all = store::others(world, cluster, namespace, of.kind);
            listed(world, request, (of.kind, of.api), all)
        }
        (_, [], Some(namespace)) => {
            others::route(world, cluster, request, (of, namespace, None)).map(|(code, body)| success(code, &body))
        }
        (_, [name], Some(namespace)) => {
            let done = others::route(world, cluster, request, (of, namespace, Some(name)));
            done.map(|(code, body)| success(code, &body))
        }
        _ => Err(Refused::no_route()),
    }
}
