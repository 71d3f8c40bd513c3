//! Azure Monitor's metrics of the simulated objects.

use serde_json::json;

use super::absent::parent_not_found;
use super::admitted::AdmittedRequest;
use super::places;
use super::types::{self, ProviderType};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

/// The type of the list of an object's metrics, folded.
pub(super) const METRICS: &str = "microsoft.insights/metrics";

/// The latest value of each requested metric.
pub(super) fn metrics(world: &World, scope: &str, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
    if let Some(region) = places::own_region(world, scope) {
        world.rest.faults.reach(&region)?;
    }
    let object = world.standing(scope).ok_or_else(|| parent_not_found(scope))?;
    let asked = ask.request.query.get("metricnames").map_or("", String::as_str);
    let kinds = || types::find(&object.type_).into_iter().flat_map(ProviderType::writers);
    let mut value = Vec::new();
    for name in asked.split(',').map(str::trim) {
        let found = kinds().flat_map(|kind| kind.simulated.metrics).find(|metric| metric.name == name);
        let metric = found.ok_or_else(|| {
            ErrorResponse::service(
                400,
                "BadRequest",
                format!("Failed to find metric configuration for provider and metric: {}, {name}.", object.type_),
            )
        })?;
        // Azure Monitor has a value for each completed minute, and none for a metric without data.
        let minute = world.now - jiff::SignedDuration::from_secs(world.now.as_second().rem_euclid(60) + 60);
        let aggregations = ask.request.query.get("aggregation").map_or("average", String::as_str);
        let series = (metric.value)(world, &object.id).map(|number| {
            let mut point = json!({ "timeStamp": minute.to_string() });
            for aggregation in aggregations.split(',').map(|name| name.trim().to_ascii_lowercase()) {
                point[aggregation] = json!(number);
            }
            json!({ "metadatavalues": [], "data": [point] })
        });
        let series: Vec<_> = series.into_iter().collect();
        value.push(json!({
            "id": format!("{}/providers/Microsoft.Insights/metrics/{name}", object.id),
            "type": "Microsoft.Insights/metrics",
            "name": { "value": name, "localizedValue": name },
            "unit": metric.unit,
            "timeseries": series,
            "errorCode": "Success",
        }));
    }
    let interval = ask.request.query.get("interval").map_or("PT1M", String::as_str);
    Ok(Response::json(200, &json!({ "cost": 0, "interval": interval, "value": value })))
}
