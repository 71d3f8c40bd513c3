//! The regions of Azure.

use crate::kinds::regions::{self, Region};

/// The region with this name or display name, without regard to case and spaces.
pub fn region(name: &str) -> Option<&'static Region> {
    regions::in_list(REGIONS, name)
}

/// Constructor for the rows of [`REGIONS`].
const fn at(
    name: &'static str,
    display_name: &'static str,
    geography: &'static str,
    pair: Option<&'static str>,
    zones: bool,
) -> Region {
    Region { name, display_name, geography, pair, zones }
}

/// All regions, by name (source: the locations API of Resource Manager, March 2026).
pub static REGIONS: &[Region] = &[
    at("australiacentral", "Australia Central", "Australia", Some("australiacentral2"), false),
    at("australiacentral2", "Australia Central 2", "Australia", Some("australiacentral"), false),
    at("australiaeast", "Australia East", "Australia", Some("australiasoutheast"), true),
    at("australiasoutheast", "Australia Southeast", "Australia", Some("australiaeast"), false),
    at("austriaeast", "Austria East", "Austria", None, true),
    at("belgiumcentral", "Belgium Central", "Belgium", None, true),
    at("brazilsouth", "Brazil South", "Brazil", Some("southcentralus"), true),
    at("brazilsoutheast", "Brazil Southeast", "Brazil", Some("brazilsouth"), false),
    at("canadacentral", "Canada Central", "Canada", Some("canadaeast"), true),
    at("canadaeast", "Canada East", "Canada", Some("canadacentral"), false),
    at("centralindia", "Central India", "India", Some("southindia"), true),
    at("centralus", "Central US", "United States", Some("eastus2"), true),
    at("chilecentral", "Chile Central", "Chile", None, true),
    at("denmarkeast", "Denmark East", "Denmark", None, true),
    at("eastasia", "East Asia", "Asia Pacific", Some("southeastasia"), true),
    at("eastus", "East US", "United States", Some("westus"), true),
    at("eastus2", "East US 2", "United States", Some("centralus"), true),
    at("francecentral", "France Central", "France", Some("francesouth"), true),
    at("francesouth", "France South", "France", Some("francecentral"), false),
    at("germanynorth", "Germany North", "Germany", Some("germanywestcentral"), false),
    at("germanywestcentral", "Germany West Central", "Germany", Some("germanynorth"), true),
    at("indonesiacentral", "Indonesia Central", "Indonesia", None, true),
    at("israelcentral", "Israel Central", "Israel", None, true),
    at("italynorth", "Italy North", "Italy", None, true),
    at("japaneast", "Japan East", "Japan", Some("japanwest"), true),
    at("japanwest", "Japan West", "Japan", Some("japaneast"), true),
    at("jioindiacentral", "Jio India Central", "India", Some("jioindiawest"), false),
    at("jioindiawest", "Jio India West", "India", Some("jioindiacentral"), false),
    at("koreacentral", "Korea Central", "Korea", Some("koreasouth"), true),
    at("koreasouth", "Korea South", "Korea", Some("koreacentral"), false),
    at("malaysiawest", "Malaysia West", "Malaysia", None, true),
    at("mexicocentral", "Mexico Central", "Mexico", None, true),
    at("newzealandnorth", "New Zealand North", "New Zealand", None, true),
    at("northcentralus", "North Central US", "United States", Some("southcentralus"), false),
    at("northeurope", "North Europe", "Europe", Some("westeurope"), true),
    at("norwayeast", "Norway East", "Norway", Some("norwaywest"), true),
    at("norwaywest", "Norway West", "Norway", Some("norwayeast"), false),
    at("polandcentral", "Poland Central", "Poland", None, true),
    at("qatarcentral", "Qatar Central", "Qatar", None, true),
    at("southafricanorth", "South Africa North", "South Africa", Some("southafricawest"), true),
    at("southafricawest", "South Africa West", "South Africa", Some("southafricanorth"), false),
    at("southcentralus", "South Central US", "United States", Some("northcentralus"), true),
    at("southeastasia", "Southeast Asia", "Asia Pacific", Some("eastasia"), true),
    at("southindia", "South India", "India", Some("centralindia"), false),
    at("spaincentral", "Spain Central", "Spain", None, true),
    at("swedencentral", "Sweden Central", "Sweden", Some("swedensouth"), true),
    at("swedensouth", "Sweden South", "Sweden", Some("swedencentral"), false),
    at("switzerlandnorth", "Switzerland North", "Switzerland", Some("switzerlandwest"), true),
    at("switzerlandwest", "Switzerland West", "Switzerland", Some("switzerlandnorth"), false),
    at("uaecentral", "UAE Central", "UAE", Some("uaenorth"), false),
    at("uaenorth", "UAE North", "UAE", Some("uaecentral"), true),
    at("uksouth", "UK South", "United Kingdom", Some("ukwest"), true),
    at("ukwest", "UK West", "United Kingdom", Some("uksouth"), false),
    at("westcentralus", "West Central US", "United States", Some("westus2"), false),
    at("westeurope", "West Europe", "Europe", Some("northeurope"), true),
    at("westindia", "West India", "India", Some("southindia"), false),
    at("westus", "West US", "United States", Some("eastus"), false),
    at("westus2", "West US 2", "United States", Some("westcentralus"), true),
    at("westus3", "West US 3", "United States", Some("eastus"), true),
    at("chinaeast", "China East", "China", Some("chinanorth"), false),
    at("chinaeast2", "China East 2", "China", Some("chinanorth2"), false),
    at("chinaeast3", "China East 3", "China", Some("chinanorth3"), false),
    at("chinanorth", "China North", "China", Some("chinaeast"), false),
    at("chinanorth2", "China North 2", "China", Some("chinaeast2"), false),
    at("chinanorth3", "China North 3", "China", Some("chinaeast3"), true),
    at("usdodcentral", "USDoD Central", "US Department of Defense", Some("usdodeast"), false),
    at("usdodeast", "USDoD East", "US Department of Defense", Some("usdodcentral"), false),
    at("usgovarizona", "USGov Arizona", "US Government", Some("usgovtexas"), false),
    at("usgovtexas", "USGov Texas", "US Government", Some("usgovvirginia"), false),
    at("usgovvirginia", "USGov Virginia", "US Government", Some("usgovtexas"), true),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_is_found_by_either_name() {
        assert_eq!(region("Canada East"), region("canadaeast"));
        assert_eq!(region("CANADAEAST").map(|region| region.pair), Some(Some("canadacentral")));
        assert_eq!(region("atlantis"), None);
    }

    #[test]
    fn every_pair_is_a_region() {
        for one in REGIONS {
            assert!(one.pair.is_none_or(|pair| REGIONS.iter().any(|other| other.name == pair)), "{}", one.name);
        }
    }
}
