//! Clusters of containers: pools that are resources of their own stay when their cluster is written, replications of a
//! registry follow its tier, and zones keep the names of private endpoints.

use drplan::run::StepOutcome;

use crate::lab::{Lab, changes, simulated};

const STACK: &str = r#"
stack "clusters" {}
site "east" {
  provider = "azure"
  location = "canadacentral"
}
site "west" {
  provider = "azure"
  location = "canadaeast"
}
resource_group "east" {
  site = site.east
}
resource_group "west" {
  site = site.west
}
kubernetes_cluster "east" {
  resource_group = resource_group.east
  dns_prefix     = "orders-east"
  sku_tier       = "Standard"
  default_node_pool {
    name                 = "system"
    vm_size              = "Standard_D4s_v5"
    auto_scaling_enabled = true
    min_count            = 2
    max_count            = 6
  }
  identity {
    type = "SystemAssigned"
  }
}
kubernetes_cluster_node_pool "work" {
  kubernetes_cluster = kubernetes_cluster.east
  vm_size            = "Standard_D8s_v5"
  node_count         = 3
}
"#;

/// Applies, and expects an empty plan.
async fn stands(lab: &Lab, text: &str) {
    let applied = lab.apply(text).await.expect("the state can be written");
    for fate in &applied.report.fates {
        assert!(!matches!(fate, StepOutcome::Failed(..) | StepOutcome::Unknown(..)), "a step ended as {fate:?}");
    }
    let (again, _) = lab.plan(text, false).await;
    assert_eq!((changes(&again), again.plan.drift.len()), (Vec::<String>::new(), 0));
}

#[test]
fn pools_stay_when_their_cluster_is_written() {
    simulated(async {
        let lab = Lab::new(21);
        stands(&lab, STACK).await;
        stands(&lab, &STACK.replace("max_count            = 6", "max_count            = 9")).await;
        let pools: Vec<String> = lab
            .standing()
            .iter()
            .filter_map(|id| id.as_str().split_once("/agentPools/").map(|(_, name)| name.to_owned()))
            .collect();
        assert_eq!(pools, ["system", "work"]);
    });
}

#[test]
fn cluster_at_a_second_site_mirrors_the_first() {
    simulated(async {
        let lab = Lab::new(22);
        let text = format!(
            r#"{STACK}
kubernetes_cluster "west" {{
  mirrors        = kubernetes_cluster.east
  resource_group = resource_group.west
  dns_prefix     = "orders-west"
}}
output "names" {{
  value = [kubernetes_cluster.east.fqdn, kubernetes_cluster.west.fqdn]
}}
"#
        );
        stands(&lab, &text).await;
        lab.destroy(&text).await.expect("the state can be written");
        assert!(lab.standing().is_empty(), "{:?}", lab.standing());
    });
}

#[test]
fn size_of_the_first_pool_is_not_changed_in_place() {
    simulated(async {
        let lab = Lab::new(23);
        stands(&lab, STACK).await;
        let (planned, _) = lab.plan(&STACK.replace("Standard_D4s_v5", "Standard_D8s_v5"), false).await;
        let why = format!("{:?}", planned.plan.blocked);
        assert!(why.contains("kubernetes_cluster_node_pool"), "{why}");
    });
}
