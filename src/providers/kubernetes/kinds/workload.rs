//! Workload in a cluster: a Deployment or a StatefulSet that somebody else installs, and that drplan scales with the
//! role of its site.

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::kubernetes::ids::{TYPE, WorkloadKind};

/// Seconds until a pod that was told to end is gone (estimate; Kubernetes kills it after 30).
pub(in crate::providers::kubernetes) const STOP: u32 = 10;
/// Seconds until a new pod is ready (estimate).
pub(in crate::providers::kubernetes) const START: u32 = 20;
/// Seconds after which a pod that cannot start for this reason counts as failed.
const PATIENCE: u64 = 120;
/// The same for one that no node has room for: an autoscaler of nodes needs minutes.
const NO_ROOM: u64 = 900;
/// The reason of a pod that no node has room for.
const UNSCHEDULABLE: &str = "Unschedulable";
/// Reasons of a container that waits in the course of an ordinary start.
const ORDINARY: &[&str] = &["ContainerCreating", "PodInitializing", ""];

/// Names of Kubernetes: labels of DNS.
static LABEL: Form =
    Form::new("a name of Kubernetes: lower-case letters, digits and hyphens", &["shop", "web-1"], "Invalid", |text| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_label = !text.is_empty()
            && text.len() <= 63
            && !text.starts_with('-')
            && !text.ends_with('-')
            && text.bytes().all(inner);
        (!is_label).then(|| "it has other characters than lower-case letters, digits and hyphens".to_owned())
    });

/// Table of `kubernetes_workload`.
pub(super) static KIND: Kind = Kind {
    name: "kubernetes_workload",
    about: "Deployment or StatefulSet in a cluster, which somebody else installs: drplan reads and scales it.",
    type_: KindType { name: TYPE, version: "apps/v1" },
    place: Place::Beside("cluster", "kubernetes:{cluster}/namespaces/{namespace}/{kind}/{name}"),
    location: Location::None,
    names: NameRule::new(
        1,
        63,
        "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        "lower-case letters, digits, `-` and `.`, and starts and ends with a letter or digit",
    ),
    args: &[
        place(
            "cluster",
            &["kubernetes_cluster"],
            "Cluster. `\"kubernetes:contexts/NAME\"` is a context of the files in KUBECONFIG, for a cluster that the \
             stack does not manage; the block then has a `site`.",
        ),
        Arg {
            need: Need::Required,
            form: Some(&LABEL),
            ..arg("namespace", Ty::String, "", "Namespace.").replace().wire(Wire::Nowhere)
        },
        arg("kind", Ty::Enum(&["Deployment", "StatefulSet"]), "kind", "Kind of the workload.")
            .default(Lit::Str("Deployment"))
            .replace(),
        arg("replicas", Ty::Integer(0, 10_000), "spec.replicas", "Number of pods while its site is active.").required(),
        arg("standby", Ty::Integer(0, 10_000), "", "Number of pods while another site of its group is active.")
            .default(Lit::Int(0))
            .wire(Wire::Nowhere),
    ],
    attributes: &[
        attribute("images", "images", FakeValue::Nothing, "Images of its containers, which are its release.").list(),
        attribute("selector", "selector", FakeValue::Nothing, "Labels of its pods, as `kubectl -l` takes them."),
    ],
    durations: Durations { create: 1, update: START, delete: 1 },
    lasts: Some(lasts),
    in_use: "",
    run_moves: &["replicas"],
    moves: Moves { idle: Some(IdleArgument { argument: "replicas", standby: "standby" }), ..Moves::NONE },
    installed: Some(&INSTALLED),
    drill: Drill::never("somebody else installs it, so that nothing could install a copy"),
    restless: &["metadata", "status", "pods", "autoscalers"],
    odd: Overrides { ready: Some(ready), ..Overrides::NONE },
    adoption: Adoption { is: Some(|_| false), ..Adoption::BY_TABLE },
    terraform: Terraform {
        shape: TerraformShape::Folded("somebody else installs it; drplan scales it when its site changes its role"),
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "shop" {
  site = site.east
}

kubernetes_cluster "shop" {
  resource_group = resource_group.shop
  dns_prefix     = "shop"

  default_node_pool {
    name       = "system"
    vm_size    = "Standard_D4s_v5"
    node_count = 2
  }

  identity {
    type = "SystemAssigned"
  }
}

kubernetes_workload "example" {
  cluster   = kubernetes_cluster.shop
  namespace = "shop"
  name      = "web"
  replicas  = 3
}
"#,
    ..crate::providers::kubernetes::KIND
};

static INSTALLED: Installed = Installed { rivals, release };

/// The number at a path; Kubernetes leaves out zeros.
fn number(body: &Json, at: &str) -> u64 {
    path::borrow(body, at).and_then(Json::as_u64).unwrap_or_default()
}

/// The duration of a change of the number of pods. A StatefulSet starts and ends one pod after the other.
fn lasts(before: Option<&Json>, after: &Json) -> u32 {
    let replicas = |body: &Json| u32::try_from(number(body, "spec.replicas")).unwrap_or(u32::MAX);
    let (was, now) = (before.map_or(0, replicas), replicas(after));
    let each = if now < was { STOP } else { START };
    let is_ordered = path::text(after, "kind").and_then(WorkloadKind::named) == Some(WorkloadKind::StatefulSet);
    match now.abs_diff(was) {
        0 => 1,
        pods if is_ordered => each.saturating_mul(pods),
        _ => each,
    }
}

/// Ready once the controller has seen the number of pods, all of them are ready, and those beyond it are gone: a
/// Deployment counts pods that still end no longer, although they may still write.
fn ready(bodies: &[Json]) -> Readiness {
    let Some(body) = bodies.first().filter(|body| !body.is_null()) else {
        return Readiness::Never("the workload does not exist in the cluster".to_owned());
    };
    if number(body, "status.observedGeneration") < number(body, "metadata.generation") {
        return Readiness::Waits("the controller has seen the change".to_owned());
    }
    let wanted = number(body, "spec.replicas");
    let left = path::borrow(body, "pods.left").and_then(Json::as_u64);
    if let Some(left) = left.filter(|left| *left > wanted) {
        let more = left - wanted;
        let pods = if more == 1 { "pod has" } else { "pods have" };
        return Readiness::Waits(format!("{more} more {pods} ended"));
    }
    let ready = number(body, "status.readyReplicas");
    let available = path::borrow(body, "status.availableReplicas").and_then(Json::as_u64).unwrap_or(ready);
    let counts = [number(body, "status.updatedReplicas"), number(body, "status.replicas"), ready, available];
    if wanted == 0 || counts.iter().all(|count| *count >= wanted) {
        return Readiness::Yes;
    }
    let state = format!("{ready} of {wanted} pods are ready");
    match stuck(body) {
        Some((why, true)) => Readiness::Never(format!("{state}: {why}")),
        Some((why, false)) => Readiness::Waits(format!("{wanted} of {wanted} pods are ready ({ready} now; {why})")),
        None => Readiness::Waits(format!("{wanted} of {wanted} pods are ready ({ready} now)")),
    }
}

/// The reason why pods do not start, and true if waiting longer does not help.
fn stuck(body: &Json) -> Option<(String, bool)> {
    let conditions = path::items(body, "status.conditions");
    let deadline = conditions.iter().find(|one| {
        path::text(one, "type") == Some("Progressing") && path::text(one, "reason") == Some("ProgressDeadlineExceeded")
    });
    let waiting = path::items(body, "pods.waiting");
    let described = waiting.iter().filter_map(|pod| {
        let text = |at: &str| path::text(pod, at).unwrap_or_default();
        let reason = text("reason");
        if ORDINARY.contains(&reason) {
            return None;
        }
        let patience = if reason == UNSCHEDULABLE { NO_ROOM } else { PATIENCE };
        let message = if text("message").is_empty() { String::new() } else { format!(": {}", text("message")) };
        Some((format!("pod {} {reason}{message}", text("pod")), number(pod, "seconds") >= patience))
    });
    let worst = described.max_by_key(|(_, ends)| *ends);
    match (deadline, worst) {
        (Some(_), Some((why, _))) => Some((why, true)),
        (Some(condition), None) => {
            let message = path::text(condition, "message").unwrap_or_default();
            Some((format!("ProgressDeadlineExceeded: {message}"), true))
        }
        (None, worst) => worst,
    }
}

/// The images of a workload: two sites with the same ones have the same release.
fn release(body: &Json) -> Vec<String> {
    let images = path::items(body, "images").iter();
    images.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// Labels and annotations by which tools mark what they reconcile, with the tool and the way to suspend it.
const RECONCILERS: &[(&str, &str, &str)] = &[
    ("kustomize.toolkit.fluxcd.io/name", "Flux", "Suspend its Kustomization, or leave `replicas` out of its manifests"),
    ("argocd.argoproj.io/instance", "Argo CD", "Ignore differences of `spec.replicas` in its Application"),
    ("argocd.argoproj.io/tracking-id", "Argo CD", "Ignore differences of `spec.replicas` in its Application"),
];

/// Others that set the number of pods: who applied it last, tools that reconcile, and autoscalers.
fn rivals(body: &Json) -> Vec<Rival> {
    let mut found = Vec::new();
    let named = |at: &str, key: &str| path::borrow(body, at)?.get(key)?.as_str().map(str::to_owned);
    for (key, tool, help) in RECONCILERS {
        let Some(name) = named("metadata.labels", key).or_else(|| named("metadata.annotations", key)) else { continue };
        let what = format!("{tool} reconciles it (`{key}`: {name})");
        found.push(Rival { what, help: format!("{help}."), is_fatal: owns_replicas(body).is_some() });
    }
    if let Some(manager) = owns_replicas(body).filter(|_| found.is_empty()) {
        let what = format!("`{manager}` applied its number of replicas, and applies it again");
        let help = "Leave `replicas` out of what it applies, or suspend it during the run.".to_owned();
        found.push(Rival { what, help, is_fatal: true });
    }
    for scaler in path::items(body, "autoscalers") {
        let text = |at: &str| path::text(scaler, at).unwrap_or_default();
        let (least, most) = (number(scaler, "min").max(1), number(scaler, "max"));
        let what = format!("HorizontalPodAutoscaler `{}` scales it between {least} and {most}", text("name"));
        let help = "It leaves a workload alone that is at 0, and takes over again once it is started. To leave its \
                    number alone in plans, write `ignore_changes = [\"replicas\"]`."
            .to_owned();
        found.push(Rival { what, help, is_fatal: false });
    }
    found
}

/// The manager that applied the number of replicas, and so sets it back with its next apply.
fn owns_replicas(body: &Json) -> Option<&str> {
    let managers = path::items(body, "metadata.managedFields").iter();
    let mut owners = managers.filter(|one| {
        let owns = one.pointer("/fieldsV1/f:spec/f:replicas").is_some();
        owns && path::text(one, "operation") == Some("Apply") && path::text(one, "subresource").is_none()
    });
    owners.find_map(|one| path::text(one, "manager"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(generation: u64, replicas: u64, status: Json, pods: Json) -> Json {
        json!({
            "kind": "Deployment", "metadata": { "generation": generation }, "spec": { "replicas": replicas },
            "status": status, "pods": pods,
        })
    }

    #[test]
    fn stopped_workload_waits_for_pods_that_still_end() {
        // The status of a Deployment forgets its pods at once, while they still write.
        let ends = deployment(2, 0, json!({ "observedGeneration": 2 }), json!({ "left": 2 }));
        assert!(matches!(ready(&[ends]), Readiness::Waits(why) if why.contains("2 more pods")));
        let gone = deployment(2, 0, json!({ "observedGeneration": 2 }), json!({ "left": 0 }));
        assert_eq!(ready(&[gone]), Readiness::Yes);
    }

    #[test]
    fn status_of_an_earlier_generation_proves_nothing() {
        let status = json!({ "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2 });
        assert!(matches!(ready(&[deployment(2, 2, status.clone(), Json::Null)]), Readiness::Waits(_)));
        assert_eq!(ready(&[deployment(1, 2, status, Json::Null)]), Readiness::Yes);
    }

    #[test]
    fn failure_says_why_pods_do_not_start() {
        let pod = |reason: &str, seconds: u64| json!({ "left": 2, "waiting": [{ "pod": "web-1", "reason": reason, "message": "", "seconds": seconds }] });
        let of = |pods: Json| ready(&[deployment(1, 2, json!({ "observedGeneration": 1, "readyReplicas": 1 }), pods)]);
        assert!(matches!(of(pod("ContainerCreating", 500)), Readiness::Waits(_)));
        assert!(matches!(of(pod("ImagePullBackOff", 10)), Readiness::Waits(_)));
        let Readiness::Never(why) = of(pod("ImagePullBackOff", 130)) else { panic!("it waits") };
        assert_eq!(why, "1 of 2 pods are ready: pod web-1 ImagePullBackOff");
        // An autoscaler of nodes may still make room.
        assert!(matches!(of(pod("Unschedulable", 130)), Readiness::Waits(_)));
    }

    #[test]
    fn stateful_set_takes_its_pods_one_by_one() {
        let body = |kind: &str, replicas: u64| json!({ "kind": kind, "spec": { "replicas": replicas } });
        assert_eq!(lasts(Some(&body("Deployment", 3)), &body("Deployment", 0)), STOP);
        assert_eq!(lasts(Some(&body("StatefulSet", 3)), &body("StatefulSet", 0)), 3 * STOP);
        assert_eq!(lasts(Some(&body("StatefulSet", 0)), &body("StatefulSet", 3)), 3 * START);
    }

    #[test]
    fn applier_of_replicas_is_found() {
        let owner = |operation: &str| {
            json!({ "metadata": { "managedFields": [
            { "manager": "gitops", "operation": operation, "fieldsV1": { "f:spec": { "f:replicas": {} } } },
        ] } })
        };
        assert!(rivals(&owner("Apply"))[0].is_fatal);
        assert!(rivals(&owner("Update")).is_empty());
    }
}
