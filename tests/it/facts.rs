//! Tables of the kinds against the sheets of facts: azurerm's schema and documentation, and the provider's types.
//!
//! The sheets are outside the repository. Without them these tests are skipped with a message. Each test reports all
//! faults of all tables at once.

mod aws;
mod azurerm;
mod bodies;
pub mod sheets;
mod writable;

use drplan::kinds::{Kind, Place};

/// Kinds whose azurerm resource has another name, or that have none; variants as `kind of parent`.
const OTHERWISE_NAMED: &[(&str, Option<&str>)] = &[
    ("vnet_peering", Some("azurerm_virtual_network_peering")),
    ("image_copy", None),
    ("image_copy of shared_image_version", None),
    ("geo_replica", None),
    ("geo_replica of mssql_server", None),
    ("geo_replica of cosmosdb_account", None),
    ("geo_replica of storage_account", None),
    ("geo_replica of postgresql_flexible_server", None),
    ("geo_replica of postgresql_flexible_server with target", None),
    ("geo_replica of container_registry", None),
];

/// Arguments that only drplan has, not azurerm; kind `*` is every kind.
const OWN: &[(&str, &str)] = &[
    ("*", "site"),
    ("*", "mirrors"),
    ("resource_group", "presence"),
    ("linux_virtual_machine", "restores"),
    ("vnet_peering", "between"),
    ("vnet_peering", "name_back"),
];

/// Arguments that are required in drplan and optional in azurerm, or the reverse, each with the reason.
const REQUIRED_OTHERWISE: &[(&str, &str, &str)] = &[
    ("virtual_network", "address_space", "the alternative, an IP address pool, is not supported"),
    ("subnet", "address_prefixes", "the alternative, an IP address pool, is not supported"),
    ("key_vault", "tenant_id", "the default is the subscription's tenant"),
    ("cosmosdb_account", "geo_location", "derived from the site"),
    ("lb_outbound_rule", "frontend_ip_configuration", "Azure requires one"),
    ("kubernetes_cluster", "node_provisioning_profile", "Azure provisions no nodes without it"),
    ("shared_image_version", "target_region", "its own region is derived from the site"),
];

/// Arguments whose type, or number of blocks, differs from azurerm's, each with the reason.
const TYPED_OTHERWISE: &[(&str, &str, &str)] = &[
    ("cosmosdb_account", "geo_location", "further regions are replicas"),
    ("storage_share", "acl.access_policy", "the body has exactly one"),
];

/// Arguments that force a new resource according to azurerm's documentation, although Azure updates them in place, each
/// with the reason.
const UPDATED_ALL_THE_SAME: &[(&str, &str, &str)] = &[
    (
        "subnet_network_security_group_association",
        "network_security_group",
        "one write of the subnet replaces the group without a gap",
    ),
    ("subnet_route_table_association", "route_table", "one write of the subnet replaces the table without a gap"),
    ("subnet_nat_gateway_association", "nat_gateway", "one write of the subnet replaces the gateway"),
    ("kubernetes_cluster", "network_profile", "Azure changes parts of it in place"),
    ("storage_account", "account_replication_type", "Azure changes it in place, and migrates where it cannot"),
];

/// Provider types of which the sheets have operations only, and no schema.
const UNLISTED_TYPES: &[&str] =
    &["Microsoft.Sql/servers/virtualNetworkRules", "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules"];

/// Values that the provider accepts although its types do not list them: kind, value, source.
const UNLISTED_VALUES: &[(&str, &str, &str)] = &[];

/// A table to compare; each variant of a kind is a table.
struct Table {
    label: String,
    kind: &'static Kind,
    azurerm: Option<String>,
}

impl Table {
    fn new(label: String, kind: &'static Kind) -> Self {
        let azurerm = match OTHERWISE_NAMED.iter().find(|(name, _)| *name == label) {
            Some((_, other)) => other.map(str::to_owned),
            None => Some(format!("azurerm_{label}")),
        };
        Self { label, kind, azurerm }
    }

    /// True if a list of exceptions contains this argument of this table.
    fn excepted(&self, list: &[(&str, &str, &str)], argument: &str) -> bool {
        list.iter().any(|(kind, name, _)| *kind == self.label && *name == argument)
    }

    /// True for an argument that only drplan has.
    fn owns(&self, argument: &str) -> bool {
        OWN.iter().any(|(kind, name)| (*kind == "*" || *kind == self.label) && *name == argument)
    }

    /// True if the resource group follows from a parent.
    fn is_child(&self) -> bool {
        !matches!(self.kind.place, Place::Group | Place::Subscription)
    }
}

fn tables() -> Vec<Table> {
    let mut tables = Vec::new();
    for kind in drplan::providers::azure::TABLES.kinds {
        // The type of such a kind is an argument: there is no sheet to compare it with.
        if kind.typed.is_some() {
            continue;
        }
        match &kind.variants {
            None => tables.push(Table::new(kind.name.to_owned(), kind)),
            Some(variants) => {
                for (parent, variant) in variants.of {
                    tables.push(Table::new(format!("{} of {parent}", kind.name), variant));
                }
            }
        }
    }
    tables
}

/// Compares all tables and reports all faults in one list.
fn compare(sheets: &str, mut faults_of: impl FnMut(&Table, &mut Vec<String>)) {
    if !sheets::present() {
        crate::skipped(&format!("the tables were NOT compared with {sheets}; ../shared/reference is absent"));
        return;
    }
    let mut report = Vec::new();
    for table in tables() {
        let mut faults = Vec::new();
        if table.kind.type_.name.is_empty() {
            faults.push("the table is empty".to_owned());
        } else {
            faults_of(&table, &mut faults);
        }
        report.extend(faults.into_iter().map(|fault| format!("{}: {fault}", table.label)));
    }
    assert!(report.is_empty(), "{} faults against {sheets}:\n  {}\n", report.len(), report.join("\n  "));
}

#[test]
fn arguments_match_azurerm() {
    compare("azurerm's schema", azurerm::schema_faults);
}

#[test]
fn replacing_arguments_match_azurerm() {
    compare("azurerm's documentation", azurerm::replacement_faults);
}

#[test]
fn bodies_match_the_provider_types() {
    compare("the provider's types", bodies::faults);
}
