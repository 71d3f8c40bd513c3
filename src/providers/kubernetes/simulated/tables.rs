//! Lists as tables, which `kubectl get` asks for.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::text;

/// A table of these objects.
pub(super) fn table(now: Timestamp, kind: &str, version: u64, items: &[Json]) -> Json {
    let columns: &[&str] = match kind {
        "Deployment" => &["Name", "Ready", "Up-to-date", "Available", "Age"],
        "StatefulSet" => &["Name", "Ready", "Age"],
        "Pod" => &["Name", "Ready", "Status", "Restarts", "Age"],
        "Namespace" => &["Name", "Status", "Age"],
        _ => &["Name", "Age"],
    };
    let definitions: Vec<Json> = columns
        .iter()
        .map(|name| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({ "name": name, "type": "string", "format": format, "description": "", "priority": 0 })
        })
        .collect();
    let rows: Vec<Json> = items
        .iter()
        .map(|body| {
            let cells: Vec<Json> = columns.iter().map(|column| cell(now, kind, column, body)).collect();
            let object = json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"],
            });
            json!({ "cells": cells, "object": object })
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": { "resourceVersion": version.to_string() },
        "columnDefinitions": definitions, "rows": rows,
    })
}

fn cell(now: Timestamp, kind: &str, column: &str, body: &Json) -> Json {
    let number = |at: &str| body.pointer(at).and_then(Json::as_u64).unwrap_or_default();
    let list = |at: &str| body.pointer(at).and_then(Json::as_array).into_iter().flatten();
    match (kind, column) {
        (_, "Name") => json!(text(body, "/metadata/name")),
        (_, "Age") => json!(age(now, text(body, "/metadata/creationTimestamp"))),
        ("Pod", "Ready") => {
            let ready = list("/status/containerStatuses").filter(|one| one["ready"] == true).count();
            json!(format!("{ready}/{}", list("/spec/containers").count()))
        }
        ("Pod", "Status") => {
            let waiting = list("/status/containerStatuses").find_map(|one| one.pointer("/state/waiting/reason"));
            let is_ending = body.pointer("/metadata/deletionTimestamp").is_some();
            match (is_ending, waiting.and_then(Json::as_str)) {
                (true, _) => json!("Terminating"),
                (false, Some(reason)) => json!(reason),
                (false, None) => json!(text(body, "/status/phase")),
            }
        }
        ("Pod", "Restarts") => json!("0"),
        ("Namespace", "Status") => json!(text(body, "/status/phase")),
        (_, "Ready") => json!(format!("{}/{}", number("/status/readyReplicas"), number("/spec/replicas"))),
        (_, "Up-to-date") => json!(number("/status/updatedReplicas")),
        (_, "Available") => json!(number("/status/availableReplicas")),
        _ => json!(""),
    }
}

fn age(now: Timestamp, since: &str) -> String {
    let Ok(since) = since.parse::<Timestamp>() else { return "<unknown>".to_owned() };
    let seconds = now.duration_since(since).as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
