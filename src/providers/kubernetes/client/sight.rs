//! A workload as drplan sees it: its body, with what only its pods and its autoscalers tell.

use serde_json::{Value as Json, json};

use super::super::ids::Named;
use super::error::CallError;
use super::transport::Transport;
use crate::reason::Reason;

/// The pods of a workload, as far as they matter for waits: how many are left, and why those that wait do.
pub(super) async fn pods(transport: &Transport, named: &Named<'_>, selector: &str) -> Result<Json, CallError> {
    let path = format!("api/v1/namespaces/{}/pods", named.namespace);
    let pods = transport.list(&path, &[("labelSelector", selector)]).await?;
    let ended = |pod: &&Json| {
        let phase = pod.pointer("/status/phase").and_then(Json::as_str);
        matches!(phase, Some("Succeeded" | "Failed"))
    };
    let left: Vec<&Json> = pods.iter().filter(|pod| !ended(pod)).collect();
    let ending = left.iter().filter(|pod| pod.pointer("/metadata/deletionTimestamp").is_some()).count();
    let waiting: Vec<Json> = left.iter().filter_map(|pod| waiting(transport, pod)).collect();
    Ok(json!({ "left": left.len(), "terminating": ending, "waiting": waiting }))
}

/// The reason why a pod does not run: that of a container, or of the scheduler.
fn waiting(transport: &Transport, pod: &Json) -> Option<Json> {
    let text = |of: &Json, at: &str| of.pointer(at).and_then(Json::as_str).unwrap_or_default().to_owned();
    let list = |at: &str| pod.pointer(at).and_then(Json::as_array).into_iter().flatten();
    let containers = list("/status/initContainerStatuses").chain(list("/status/containerStatuses"));
    let state = containers.filter_map(|one| one.pointer("/state/waiting")).next();
    let unscheduled =
        list("/status/conditions").find(|one| text(one, "/type") == "PodScheduled" && text(one, "/status") == "False");
    let why = state.or(unscheduled)?;
    let since = text(pod, "/metadata/creationTimestamp");
    Some(json!({
        "pod": text(pod, "/metadata/name"),
        "reason": text(why, "/reason"),
        "message": text(why, "/message"),
        "seconds": transport.age(&since).as_secs(),
    }))
}

/// The autoscalers of a workload. Without the right to list them, none is known.
pub(super) async fn autoscalers(transport: &Transport, named: &Named<'_>) -> Result<Vec<Json>, CallError> {
    let path = format!("apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", named.namespace);
    let all = match transport.list(&path, &[]).await {
        Err(error) if error.is(Reason::Forbidden) || error.is(Reason::Absent) => return Ok(Vec::new()),
        all => all?,
    };
    let text = |of: &Json, at: &str| of.pointer(at).and_then(Json::as_str).unwrap_or_default().to_owned();
    let is_its = |one: &&Json| {
        text(one, "/spec/scaleTargetRef/kind") == named.kind.name()
            && text(one, "/spec/scaleTargetRef/name") == named.name
    };
    let found = all.iter().filter(is_its).map(|one| {
        json!({
            "name": text(one, "/metadata/name"),
            "min": one.pointer("/spec/minReplicas").and_then(Json::as_u64).unwrap_or(1),
            "max": one.pointer("/spec/maxReplicas").and_then(Json::as_u64).unwrap_or(1),
        })
    });
    Ok(found.collect())
}

/// The images of a workload, in the order of their containers.
pub(super) fn images(body: &Json) -> Vec<Json> {
    let list = |at: &str| body.pointer(at).and_then(Json::as_array).into_iter().flatten();
    let containers = list("/spec/template/spec/initContainers").chain(list("/spec/template/spec/containers"));
    containers.filter_map(|one| one.get("image").cloned()).collect()
}

/// The labels of a workload's pods as a query has them.
pub(super) fn selector(body: &Json) -> String {
    let labels = body.pointer("/spec/selector/matchLabels").and_then(Json::as_object).into_iter().flatten();
    let mut terms: Vec<String> =
        labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    let rules = body.pointer("/spec/selector/matchExpressions").and_then(Json::as_array).into_iter().flatten();
    terms.extend(rules.filter_map(|rule| {
        let (key, operator) = (rule.get("key")?.as_str()?, rule.get("operator")?.as_str()?);
        let values = rule.get("values").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let values = values.collect::<Vec<_>>().join(",");
        match operator {
            "In" => Some(format!("{key} in ({values})")),
            "NotIn" => Some(format!("{key} notin ({values})")),
            "Exists" => Some(key.to_owned()),
            "DoesNotExist" => Some(format!("!{key}")),
            _ => None,
        }
    }));
    terms.join(",")
}

/// True unless the status says that all pods of the wanted number are ready, and no others exist.
pub(super) fn is_moving(body: &Json) -> bool {
    let number = |at: &str| body.pointer(at).and_then(Json::as_u64).unwrap_or_default();
    let wanted = number("/spec/replicas");
    // The status of a Deployment does not count pods that still end.
    let counts = ["/status/replicas", "/status/readyReplicas", "/status/updatedReplicas"];
    wanted == 0
        || number("/status/observedGeneration") < number("/metadata/generation")
        || number("/status/terminatingReplicas") > 0
        || counts.iter().any(|at| number(at) != wanted)
}
