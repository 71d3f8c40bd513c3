//! The regions of AWS.

use crate::kinds::regions::Region;

/// Constructor for the rows of [`REGIONS`]. No region is paired with another, and all have several zones.
const fn at(name: &'static str, display_name: &'static str, geography: &'static str) -> Region {
    Region { name, display_name, geography, pair: None, zones: true }
}

/// All regions, by name (source: AWS's list of regions and endpoints, March 2026). The geography is the country.
pub static REGIONS: &[Region] = &[
    at("af-south-1", "Africa (Cape Town)", "South Africa"),
    at("ap-east-1", "Asia Pacific (Hong Kong)", "Hong Kong"),
    at("ap-east-2", "Asia Pacific (Taipei)", "Taiwan"),
    at("ap-northeast-1", "Asia Pacific (Tokyo)", "Japan"),
    at("ap-northeast-2", "Asia Pacific (Seoul)", "Korea"),
    at("ap-northeast-3", "Asia Pacific (Osaka)", "Japan"),
    at("ap-south-1", "Asia Pacific (Mumbai)", "India"),
    at("ap-south-2", "Asia Pacific (Hyderabad)", "India"),
    at("ap-southeast-1", "Asia Pacific (Singapore)", "Singapore"),
    at("ap-southeast-2", "Asia Pacific (Sydney)", "Australia"),
    at("ap-southeast-3", "Asia Pacific (Jakarta)", "Indonesia"),
    at("ap-southeast-4", "Asia Pacific (Melbourne)", "Australia"),
    at("ap-southeast-5", "Asia Pacific (Malaysia)", "Malaysia"),
    at("ap-southeast-6", "Asia Pacific (New Zealand)", "New Zealand"),
    at("ap-southeast-7", "Asia Pacific (Thailand)", "Thailand"),
    at("ca-central-1", "Canada (Central)", "Canada"),
    at("ca-west-1", "Canada West (Calgary)", "Canada"),
    at("cn-north-1", "China (Beijing)", "China"),
    at("cn-northwest-1", "China (Ningxia)", "China"),
    at("eu-central-1", "Europe (Frankfurt)", "Germany"),
    at("eu-central-2", "Europe (Zurich)", "Switzerland"),
    at("eu-north-1", "Europe (Stockholm)", "Sweden"),
    at("eu-south-1", "Europe (Milan)", "Italy"),
    at("eu-south-2", "Europe (Spain)", "Spain"),
    at("eu-west-1", "Europe (Ireland)", "Ireland"),
    at("eu-west-2", "Europe (London)", "United Kingdom"),
    at("eu-west-3", "Europe (Paris)", "France"),
    at("il-central-1", "Israel (Tel Aviv)", "Israel"),
    at("me-central-1", "Middle East (UAE)", "UAE"),
    at("me-south-1", "Middle East (Bahrain)", "Bahrain"),
    at("mx-central-1", "Mexico (Central)", "Mexico"),
    at("sa-east-1", "South America (São Paulo)", "Brazil"),
    at("us-east-1", "US East (N. Virginia)", "United States"),
    at("us-east-2", "US East (Ohio)", "United States"),
    at("us-gov-east-1", "AWS GovCloud (US-East)", "US Government"),
    at("us-gov-west-1", "AWS GovCloud (US-West)", "US Government"),
    at("us-west-1", "US West (N. California)", "United States"),
    at("us-west-2", "US West (Oregon)", "United States"),
];
