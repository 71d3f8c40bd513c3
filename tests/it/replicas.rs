//! Replicas follow their source, and leave with it.

use drplan::object::ObjectId;
use drplan::plan::PlanOutcome;
use serde_json::Value as Json;

use crate::kinds::SITES;
use crate::lab::{Lab, changes, failures, simulated};

fn blocked(planned: &PlanOutcome) -> Vec<String> {
    planned.plan.blocked.iter().map(|one| format!("{}: {}", one.address, one.why)).collect()
}

async fn apply(lab: &Lab, text: &str) {
    failures(&lab.apply(text).await.unwrap(), "apply").unwrap();
    assert_eq!(changes(&lab.plan(text, false).await.0), [""; 0], "{text}");
}

fn example(of: &str) -> String {
    let variants = drplan::providers::azure::TABLES.kind("geo_replica").unwrap().variants.unwrap();
    let (_, kind) = variants.of.iter().find(|(name, _)| *name == of).unwrap();
    format!("{SITES}{}", kind.example)
}

fn bodies(lab: &Lab, ending: &str) -> Vec<(ObjectId, Json)> {
    lab.simulator.show().objects.into_iter().filter(|(id, _)| id.as_str().ends_with(ending)).collect()
}

#[test]
fn a_replicated_database_is_scaled_and_leaves_on_both_sides() {
    simulated(async {
        let lab = Lab::new(6);
        let second = "mssql_database \"bills\" {\n  server   = mssql_server.east\n  sku_name = \"S1\"\n}\n";
        let text = example("mssql_server") + second;
        let with = text.replace("[mssql_database.orders]", "[mssql_database.orders, mssql_database.bills]");
        apply(&lab, &with).await;
        assert_eq!(bodies(&lab, "/databases/bills").len(), 2);

        // Up and down through editions, in one apply each.
        for size in ["P1", "S0"] {
            apply(&lab, &with.replace("\"S1\"", &format!("\"{size}\""))).await;
            for (id, body) in bodies(&lab, "/databases/bills") {
                assert_eq!(body["sku"]["name"].as_str().map(|name| &name[..1]), Some(&size[..1]), "{id}: {body}");
            }
        }
        let scaled = |text: &str| text.replace("\"S1\"", "\"S0\"");

        let (planned, _) = lab.plan(&scaled(&example("mssql_server")), false).await;
        let gone = changes(&planned).into_iter().find(|line| line.starts_with("Delete")).unwrap();
        assert!(gone.contains("no longer in the stack; its copy ") && gone.contains("-west/databases/bills"), "{gone}");
        apply(&lab, &scaled(&example("mssql_server"))).await;
        assert_eq!(bodies(&lab, "/databases/bills"), []);
        assert_eq!(bodies(&lab, "/databases/orders").len(), 2, "another database is untouched");
    });
}

#[test]
fn a_server_with_a_replica_is_not_upgraded() {
    simulated(async {
        let lab = Lab::new(6);
        let text = example("postgresql_flexible_server").replace("\"16\"", "\"15\"");
        apply(&lab, &text).await;
        let newer = text.replace("\"15\"", "\"16\"");
        let why = blocked(&lab.plan(&newer, false).await.0);
        assert_eq!(why.len(), 1, "{why:?}");
        assert!(why[0].starts_with(
            "postgresql_flexible_server.east: its version cannot change, because Azure does not upgrade a server that has \
             read replicas: remove geo_replica.example, apply,"
        ));
        // Azure refuses the same, and drplan says so.
        let applied = lab.apply(&newer).await.unwrap();
        assert!(failures(&applied, "apply").unwrap_err().contains("MajorVersionUpgradeNotSupportedForReplica"));

        // The replica leaves in the same plan, and first.
        let at = newer.find("geo_replica").unwrap();
        apply(&lab, &newer[..at]).await;
        apply(&lab, &newer).await;
    });
}

#[test]
fn a_replica_that_the_text_keeps_apart_is_noted() {
    let lab = Lab::new(6);
    let text = example("postgresql_flexible_server").replace(
        "  source         = postgresql",
        "  sku_name = \"GP_Standard_D4ds_v5\"\n  source         = postgresql",
    );
    simulated(async {
        let (planned, _) = lab.plan(&text, false).await;
        assert_eq!(
            planned.plan.notes,
            [
                "geo_replica.example is configured unlike its source postgresql_flexible_server.east: size Standard_D2ds_v5 and \
             Standard_D4ds_v5. Azure refuses a planned promotion between them."
            ]
        );
    });
}
