//! The kinds' tables against the sheets of facts: azurerm's schema and documentation, and the provider's own types.
//!
//! The sheets lie beside the checkout and not in it, so that these tests are skipped, loudly, where they are absent. Every
//! fault of every table is reported at once.

mod azurerm;
mod bodies;
pub mod sheets;

use drplan::kinds::{self, Kind, Place};

/// Where a kind's arguments come from, where that is not the azurerm resource of the same name; variants as `kind of parent`.
const OTHERWISE_NAMED: &[(&str, Option<&str>)] = &[
    ("vnet_peering", Some("azurerm_virtual_network_peering")),
    ("image_copy", None),
    ("geo_replica", None),
    ("geo_replica of mssql_server", None),
    ("geo_replica of cosmosdb_account", None),
    ("geo_replica of storage_account", None),
    ("geo_replica of postgresql_flexible_server", None),
];

/// Arguments of drplan's own, which azurerm has not; a kind `*` is every kind.
const OWN: &[(&str, &str)] = &[
    ("*", "site"),
    ("*", "mirrors"),
    ("resource_group", "presence"),
    ("vnet_peering", "between"),
    ("vnet_peering", "name_back"),
];

/// Arguments that one side requires and the other does not, each with the reason.
const REQUIRED_OTHERWISE: &[(&str, &str, &str)] = &[
    ("virtual_network", "address_space", "the pool that could stand in for it is left out"),
    ("subnet", "address_prefixes", "the pool that could stand in for it is left out"),
    ("key_vault", "tenant_id", "the subscription's tenant is known"),
    ("cosmosdb_account", "geo_location", "it follows from the site"),
    ("shared_image_version", "target_region", "its own region follows from the site"),
];

/// Arguments whose type, or number of blocks, differs from azurerm's, each with the reason.
const TYPED_OTHERWISE: &[(&str, &str, &str)] = &[
    ("cosmosdb_account", "geo_location", "further regions are replicas"),
    ("storage_share", "acl.access_policy", "the body has one"),
];

/// Arguments that azurerm's documentation calls forcing a new resource and that are updated in place all the same, each with
/// the reason.
const UPDATED_ALL_THE_SAME: &[(&str, &str, &str)] = &[
    (
        "subnet_network_security_group_association",
        "network_security_group",
        "one write of the subnet puts another group in its place, and leaves no moment without any",
    ),
    ("storage_account", "account_replication_type", "Azure changes it in place, and migrates where it cannot"),
];

/// Values that the provider takes although its types do not list them, each with where that is known from: kind, value, reason.
const UNLISTED_VALUES: &[(&str, &str, &str)] = &[];

/// A table to compare, the variants of a kind each for itself.
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

    /// Whether a list of exceptions holds this argument of this table.
    fn excepted(&self, list: &[(&str, &str, &str)], argument: &str) -> bool {
        list.iter().any(|(kind, name, _)| *kind == self.label && *name == argument)
    }

    /// Whether this is an argument of drplan's own.
    fn owns(&self, argument: &str) -> bool {
        OWN.iter().any(|(kind, name)| (*kind == "*" || *kind == self.label) && *name == argument)
    }

    /// Whether its resource group follows from a parent.
    fn is_child(&self) -> bool {
        !matches!(self.kind.place, Place::Group | Place::Subscription)
    }
}

fn tables() -> Vec<Table> {
    let mut tables = Vec::new();
    for kind in kinds::ALL {
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

/// Runs one comparison over all tables and reports all faults in one list.
fn compare(sheets: &str, mut faults_of: impl FnMut(&Table, &mut Vec<String>)) {
    if !sheets::present() {
        crate::skipped(&format!("the tables were NOT compared with {sheets}; ../shared/reference is absent"));
        return;
    }
    let mut report = Vec::new();
    for table in tables() {
        let mut faults = Vec::new();
        if table.kind.arm.type_.is_empty() {
            faults.push("the table is empty".to_owned());
        } else {
            faults_of(&table, &mut faults);
        }
        report.extend(faults.into_iter().map(|fault| format!("{}: {fault}", table.label)));
    }
    assert!(report.is_empty(), "{} faults against {sheets}:\n  {}\n", report.len(), report.join("\n  "));
}

#[test]
fn arguments_are_those_of_azurerm() {
    compare("azurerm's schema", azurerm::schema_faults);
}

#[test]
fn replacing_arguments_replace() {
    compare("azurerm's documentation", azurerm::replacement_faults);
}

#[test]
fn bodies_are_those_of_the_provider() {
    compare("the provider's types", bodies::faults);
}
