//! The activity log of the subscription: the long-running operations of the last hour, as events.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::filter::equality;
use crate::simulator::operations::{Operation, OperationKind, OperationState};
use crate::simulator::world::World;

/// The events that `$filter` selects by group or resource, newest first. Its times are ignored: a client that does
/// not ask the simulator for the time knows only its own.
pub(super) fn activity(world: &World, query: &BTreeMap<String, String>) -> Json {
    let clauses = query.get("$filter").map_or("", String::as_str).split(" and ");
    let wanted: Vec<(&str, String)> = clauses.filter_map(equality).collect();
    let is_wanted = |operation: &&Operation| {
        wanted.iter().all(|(name, value)| match name.to_ascii_lowercase().as_str() {
            "resourcegroupname" => operation.id.resource_group().is_some_and(|group| group.eq_ignore_ascii_case(value)),
            "resourceuri" | "resourceid" => operation.id.as_str().eq_ignore_ascii_case(value),
            _ => true,
        })
    };
    // A wake-up has no request.
    let requested = world.operations().filter(|operation| operation.act != OperationKind::Wake);
    let mut found: Vec<&Operation> = requested.filter(is_wanted).collect();
    found.sort_by(|a, b| (b.began, &b.key).cmp(&(a.began, &a.key)));
    json!({ "value": found.into_iter().map(event).collect::<Vec<_>>() })
}

/// The last event of an operation.
fn event(operation: &Operation) -> Json {
    let type_ = operation.id.arm_type().unwrap_or_default();
    let word = match (operation.act, &operation.posted) {
        (OperationKind::Delete, _) => "delete".to_owned(),
        (_, Some(posted)) => format!("{}/action", posted.action),
        (_, None) => "write".to_owned(),
    };
    let (status, name, level, at) = match &operation.progress {
        OperationState::Running => ("Started", "BeginRequest", "Informational", operation.began),
        OperationState::Succeeded => ("Succeeded", "EndRequest", "Informational", operation.due),
        OperationState::Failed(_) => ("Failed", "EndRequest", "Error", operation.due),
    };
    let text = |value: &str| json!({ "value": value, "localizedValue": value });
    json!({
        "id": format!("{}/events/{}/ticks/{}", operation.id, operation.key, at.as_millisecond()),
        "eventDataId": operation.key,
        "correlationId": operation.key,
        "operationId": operation.key,
        "operationName": text(&format!("{type_}/{word}")),
        "category": text("Administrative"),
        "eventName": text(name),
        "level": level,
        "status": text(status),
        "resourceId": operation.id.as_str(),
        "resourceGroupName": operation.id.resource_group(),
        "resourceProviderName": text(&operation.service),
        "resourceType": text(&type_),
        "subscriptionId": SUBSCRIPTION,
        "eventTimestamp": at.to_string(),
        "submissionTimestamp": at.to_string(),
    })
}
