//! Regions of providers: geography, pair, availability zones.
//!
//! Plain facts, the same for every kind: the geography that `residency` restricts data to, the region that
//! geo-redundant storage copies to, and the names that a site accepts. Independent of kinds and providers.

/// A region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Name in ids and bodies, as in `canadacentral`.
    pub name: &'static str,
    /// Display name, as in `Canada Central`.
    pub display_name: &'static str,
    /// Geography that data at rest does not leave, as in `Canada`.
    pub geography: &'static str,
    /// Paired region, which geo-redundant services copy to. Not always mutual: Brazil South copies to South Central
    /// US, which copies elsewhere.
    pub pair: Option<&'static str>,
    /// True for a region with availability zones.
    pub zones: bool,
}

/// The region with this name or display name among these.
pub fn in_list(regions: &'static [Region], name: &str) -> Option<&'static Region> {
    regions.iter().find(|region| same_region(region.name, name) || same_region(region.display_name, name))
}

/// True if two names denote one region: `Canada East` is `canadaeast`.
pub fn same_region(one: &str, other: &str) -> bool {
    fn folded(name: &str) -> impl Iterator<Item = char> {
        name.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase())
    }
    one == other || folded(one).eq(folded(other))
}
