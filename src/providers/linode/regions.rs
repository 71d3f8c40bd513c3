//! The regions of Linode.

use crate::kinds::regions::Region;

/// Constructor for the rows of [`REGIONS`]. A region is one data centre: it has no zones and no pair.
const fn at(name: &'static str, display_name: &'static str, geography: &'static str) -> Region {
    Region { name, display_name, geography, pair: None, zones: false }
}

/// All core regions, by name (source: Linode's list of regions). The geography is the country.
pub(super) static REGIONS: &[Region] = &[
    at("ap-northeast", "Tokyo 2, JP", "Japan"),
    at("ap-south", "Singapore, SG", "Singapore"),
    at("ap-southeast", "Sydney, AU", "Australia"),
    at("ap-west", "Mumbai, IN", "India"),
    at("au-mel", "Melbourne, AU", "Australia"),
    at("br-gru", "Sao Paulo, BR", "Brazil"),
    at("ca-central", "Toronto, CA", "Canada"),
    at("de-fra-2", "Frankfurt 2, DE", "Germany"),
    at("es-mad", "Madrid, ES", "Spain"),
    at("eu-central", "Frankfurt, DE", "Germany"),
    at("eu-west", "London, UK", "United Kingdom"),
    at("fr-par", "Paris, FR", "France"),
    at("gb-lon", "London 2, UK", "United Kingdom"),
    at("id-cgk", "Jakarta, ID", "Indonesia"),
    at("in-bom-2", "Mumbai 2, IN", "India"),
    at("in-maa", "Chennai, IN", "India"),
    at("it-mil", "Milan, IT", "Italy"),
    at("jp-osa", "Osaka, JP", "Japan"),
    at("jp-tyo-3", "Tokyo 3, JP", "Japan"),
    at("nl-ams", "Amsterdam, NL", "Netherlands"),
    at("se-sto", "Stockholm, SE", "Sweden"),
    at("sg-sin-2", "Singapore 2, SG", "Singapore"),
    at("us-central", "Dallas, TX", "United States"),
    at("us-east", "Newark, NJ", "United States"),
    at("us-iad", "Washington, DC", "United States"),
    at("us-lax", "Los Angeles, CA", "United States"),
    at("us-mia", "Miami, FL", "United States"),
    at("us-ord", "Chicago, IL", "United States"),
    at("us-sea", "Seattle, WA", "United States"),
    at("us-southeast", "Atlanta, GA", "United States"),
    at("us-west", "Fremont, CA", "United States"),
];
