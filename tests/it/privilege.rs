//! Least privilege: keys are requested only where something uses them.

use drplan::providers::azure::simulated::SUBSCRIPTION;

use crate::lab::{Lab, changes, failures, simulated};

/// Twenty storage accounts, and what reads one key.
fn stack(reads: &str) -> String {
    format!(
        r#"
stack "keys" {{}}
site "east" {{
  provider = "azure"
  location = "canadacentral"
}}
resource_group "app" {{ site = site.east }}
storage_account "data" {{
  for_each                 = toset([for at in range(20) : "keys${{at}}"])
  name                     = each.key
  resource_group           = resource_group.app
  account_tier             = "Standard"
  account_replication_type = "LRS"
}}
{reads}
"#
    )
}

const OUTPUT: &str = r#"
output "key" {
  value     = storage_account.data["keys7"].primary_access_key
  sensitive = true
}
"#;

const HOSTS: &str = r#"
output "hosts" {
  value = [for name, account in storage_account.data : account.primary_blob_host]
}
"#;

/// The number of POST requests that creating the stack takes, all of them for keys.
async fn key_requests(text: &str) -> u64 {
    let lab = Lab::new(1);
    let applied = lab.apply(text).await.unwrap();
    assert_eq!(failures(&applied, "apply"), Ok(()));
    let asked = lab.simulator.show().requests.get("POST").copied().unwrap_or_default();
    let (planned, _) = lab.plan(text, false).await;
    assert_eq!(changes(&planned), Vec::<String>::new());
    assert!(lab.standing().iter().all(|id| id.as_str().contains(SUBSCRIPTION)));
    asked
}

#[test]
fn keys_are_requested_only_where_they_are_used() {
    simulated(async {
        assert_eq!(key_requests(&stack(OUTPUT)).await, 1);
        assert_eq!(key_requests(&stack(HOSTS)).await, 0);
    });
}
