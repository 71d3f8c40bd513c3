//! Discovery: the version of a server, its groups, and their resources.

use serde_json::{Value as Json, json};

/// The answer to a path of discovery.
pub(super) fn answer(path: &[&str]) -> Option<Json> {
    Some(match path {
        ["version"] => json!({
            "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
            "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "$Format:%H$", "gitTreeState": "",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "go1.27.3", "compiler": "gc",
            "platform": "linux/amd64",
        }),
        ["api"] => json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }),
        ["apis"] => json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": [
                group("apps", "v1"), group("autoscaling", "v2"), group("authorization.k8s.io", "v1"),
                group("authentication.k8s.io", "v1"),
            ],
        }),
        ["api", "v1"] => resources(
            "v1",
            &[
                plain("namespaces", "namespace", "Namespace", false, &["ns"]),
                plain("pods", "pod", "Pod", true, &["po"]),
                plain("events", "event", "Event", true, &["ev"]),
                plain("configmaps", "configmap", "ConfigMap", true, &["cm"]),
                plain("serviceaccounts", "serviceaccount", "ServiceAccount", true, &["sa"]),
            ],
        ),
        ["apis", "apps", "v1"] => resources(
            "apps/v1",
            &[
                workload("deployments", "deployment", "Deployment", "deploy", "8aSe+NMegvE="),
                scale("deployments"),
                status("deployments", "Deployment"),
                workload("statefulsets", "statefulset", "StatefulSet", "sts", "H+vl74LkKdo="),
                scale("statefulsets"),
                status("statefulsets", "StatefulSet"),
                plain("replicasets", "replicaset", "ReplicaSet", true, &["rs"]),
            ],
        ),
        ["apis", "autoscaling", "v2"] => resources(
            "autoscaling/v2",
            &[plain("horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler", true, &["hpa"])],
        ),
        ["apis", "authorization.k8s.io", "v1"] => {
            resources("authorization.k8s.io/v1", &[created("selfsubjectaccessreviews", "SelfSubjectAccessReview")])
        }
        ["apis", "authentication.k8s.io", "v1"] => {
            resources("authentication.k8s.io/v1", &[created("selfsubjectreviews", "SelfSubjectReview")])
        }
        _ => return None,
    })
}

fn group(name: &str, version: &str) -> Json {
    let of = json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    json!({ "name": name, "versions": [of], "preferredVersion": of })
}

fn resources(version: &str, all: &[Json]) -> Json {
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": all })
}

fn plain(name: &str, singular: &str, kind: &str, namespaced: bool, short: &[&str]) -> Json {
    json!({
        "name": name, "singularName": singular, "namespaced": namespaced, "kind": kind,
        "verbs": ["create", "delete", "get", "list", "patch", "watch"], "shortNames": short,
    })
}

fn workload(name: &str, singular: &str, kind: &str, short: &str, hash: &str) -> Json {
    json!({
        "name": name, "singularName": singular, "namespaced": true, "kind": kind,
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": [short], "categories": ["all"], "storageVersionHash": hash,
    })
}

fn scale(of: &str) -> Json {
    json!({
        "name": format!("{of}/scale"), "singularName": "", "namespaced": true, "group": "autoscaling",
        "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"],
    })
}

fn status(of: &str, kind: &str) -> Json {
    json!({
        "name": format!("{of}/status"), "singularName": "", "namespaced": true, "kind": kind,
        "verbs": ["get", "patch", "update"],
    })
}

fn created(name: &str, kind: &str) -> Json {
    json!({ "name": name, "singularName": "", "namespaced": false, "kind": kind, "verbs": ["create"] })
}
