//! Log Analytics workspace: a store of logs.
//!
//! A workspace is regional, and what it holds stays in its region: each site has one of its own. Deletion is soft, and
//! a workspace of the same name in the same group brings the logs back within 14 days.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

const SKU: &str = "properties.sku.name";

/// Access over the internet.
const ACCESS: Ty = Ty::Enum(&["Disabled", "Enabled", "SecuredByPerimeter"]);

/// Table of `log_analytics_workspace`.
pub static KIND: Kind = Kind {
    name: "log_analytics_workspace",
    about: "Log Analytics workspace: a store of logs in one region.",
    type_: KindType { name: "Microsoft.OperationalInsights/workspaces", version: "2026-03-01" },
    names: NameRule::new(
        4,
        63,
        "^[A-Za-z0-9][A-Za-z0-9-]+[A-Za-z0-9]$",
        "letters, digits and hyphens, and neither starts nor ends with a hyphen",
    ),
    args: &[
        RESOURCE_GROUP,
        arg(
            "sku",
            Ty::Enum(&[
                "CapacityReservation",
                "Free",
                "LACluster",
                "PerGB2018",
                "PerNode",
                "Premium",
                "Standalone",
                "Standard",
            ]),
            SKU,
            "Pricing tier. Azure offers new workspaces `PerGB2018` and `CapacityReservation`.",
        )
        .any_case()
        .kept(Kept::Chosen),
        arg(
            "reservation_capacity_in_gb_per_day",
            Ty::Integer(100, 50_000),
            "properties.sku.capacityReservationLevel",
            "Gigabytes a day that are paid in any case, with the tier `CapacityReservation`.",
        ),
        arg(
            "retention_in_days",
            Ty::Integer(7, 730),
            "properties.retentionInDays",
            "Days for which logs are kept: 30 to 730, or 7 with the tier `Free`.",
        )
        .kept(Kept::Chosen),
        arg(
            "daily_quota_gb",
            Ty::Integer(-1, 1_000_000),
            "properties.workspaceCapping.dailyQuotaGb",
            "Gigabytes a day after which logs are dropped. -1: no limit.",
        )
        .default(Lit::Int(-1)),
        arg(
            "allow_resource_only_permissions",
            Ty::Bool,
            "properties.features.enableLogAccessUsingOnlyResourcePermissions",
            "Let users of a resource read its logs without a permission on the workspace.",
        )
        .default(Lit::Bool(true)),
        arg("local_authentication_enabled", Ty::Bool, "", "Accept the keys of the workspace.")
            .wire(Wire::Negated("properties.features.disableLocalAuth"))
            .default(Lit::Bool(true)),
        arg(
            "cmk_for_query_forced",
            Ty::Bool,
            "properties.forceCmkForQuery",
            "Keep saved queries encrypted with a key of the stack.",
        ),
        arg(
            "data_collection_rule",
            Ty::Ref(&[]),
            "properties.defaultDataCollectionRuleResourceId",
            "Data collection rule of what arrives without one.",
        ),
        arg(
            "immediate_data_purge_on_30_days_enabled",
            Ty::Bool,
            "properties.features.immediatePurgeDataOn30Days",
            "Delete logs after 30 days without a grace period.",
        ),
        arg(
            "internet_ingestion_access_type",
            ACCESS,
            "properties.publicNetworkAccessForIngestion",
            "Access of senders from the internet.",
        )
        .default(Lit::Str("Enabled")),
        arg(
            "internet_query_access_type",
            ACCESS,
            "properties.publicNetworkAccessForQuery",
            "Access of readers from the internet.",
        )
        .default(Lit::Str("Enabled")),
        identity::IDENTITY_ONE,
        TAGS,
    ],
    attributes: &[
        attribute("workspace_id", "properties.customerId", FakeValue::Guid, "ID with which agents send logs."),
        key("primary_shared_key", "sharedKeys", "primarySharedKey", "Primary key."),
        key("secondary_shared_key", "sharedKeys", "secondarySharedKey", "Secondary key."),
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
    ],
    drill: Drill::never("a deleted workspace keeps its name for 14 days"),
    durations: Durations { create: 20, update: 5, delete: 10 },
    answers: AnswerStyle::AsyncBody,
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    in_use: "",
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(identity::check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        settle: Some(settle),
        accepts: &["properties.customerId", "properties.features", identity::ACCEPTS],
        ..SimulatedBehaviour::NONE
    },
    combinations: &[
        Combination::new(
            "BadRequest",
            &[
                ("reservation_capacity_in_gb_per_day", Test::Set),
                ("sku", Test::Not(&[Lit::Str("CapacityReservation")])),
            ],
            "only the tier `CapacityReservation` has a reserved capacity",
            "Set `sku = \"CapacityReservation\"`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("retention_in_days", Test::Below(30)), ("sku", Test::Not(&[Lit::Str("Free")]))],
            "logs are kept for 30 days at least",
            "Set a `retention_in_days` from 30 to 730.",
        ),
    ],
    adoption: Adoption {
        others: &[ChildList::all("linkedServices"), ChildList::all("dataExports")],
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        fifth: &["internet_ingestion_access_type", "internet_query_access_type"],
        features: "log_analytics_workspace {\n\
                   # By default, azurerm purges a workspace that it deletes. Purged logs cannot be recovered.\n\
                   permanently_delete_on_destroy = false\n\
                   }",
        ..Terraform::BY_RULE
    },
    uncovered: &["properties.replication", "properties.failover"],
    example: r#"
resource_group "example" {
  site = site.east
}

log_analytics_workspace "example" {
  resource_group    = resource_group.example
  sku               = "PerGB2018"
  retention_in_days = 30
}
"#,
    ..crate::providers::azure::KIND
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    bodies.iter_mut().for_each(|body| identity::encode(subject, body));
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    if let Some(body) = answers.first() {
        identity::decode(body, args);
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let Some(body) = cloud.get_mut(id) else { return };
    path::fill(body, SKU, "PerGB2018");
    path::fill(body, "properties.retentionInDays", 30);
}
