//! Address ranges: containment and overlap. Plain arithmetic, independent of kinds.

use std::net::IpAddr;

use serde_json::Value as Json;

/// A range of IPv4 or IPv6 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    v6: bool,
    first: u128,
    last: u128,
}

impl Range {
    /// Parses a range such as `10.0.0.0/16`. `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (v6, number, width) = match address.parse().ok()? {
            IpAddr::V4(ip) => (false, u128::from(u32::from(ip)), 32),
            IpAddr::V6(ip) => (true, u128::from(ip), 128),
        };
        let free = u32::checked_sub(width, bits.parse().ok()?)?;
        let rest = 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
        Some(Self { v6, first: number & !rest, last: number | rest })
    }

    /// True if the other range lies completely within this one.
    pub fn contains(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last <= self.last
    }

    /// True if the two ranges share an address.
    pub fn overlaps(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first <= other.last && other.first <= self.last
    }
}

/// True if two values are equal, or are ranges that share an address.
pub fn meet(one: &Json, other: &Json) -> bool {
    let range = |value: &Json| value.as_str().and_then(Range::parse);
    match (range(one), range(other)) {
        (Some(one), Some(other)) => one.overlaps(other),
        _ => !one.is_null() && one == other,
    }
}

/// The first pair of ranges, one of each list, that share an address. Texts that are no ranges are skipped.
pub fn overlap<'a>(ones: &[&'a str], others: &[&'a str]) -> Option<(&'a str, &'a str)> {
    ones.iter().find_map(|one| {
        let range = Range::parse(one)?;
        others
            .iter()
            .find(|other| Range::parse(other).is_some_and(|other| range.overlaps(other)))
            .map(|other| (*one, *other))
    })
}

/// The first range that lies within none of the others. Texts that are no ranges are skipped.
pub fn outside<'a>(inner: &[&'a str], outer: &[&str]) -> Option<&'a str> {
    let outer: Vec<Range> = outer.iter().filter_map(|text| Range::parse(text)).collect();
    inner
        .iter()
        .find(|text| Range::parse(text).is_some_and(|range| !outer.iter().any(|outer| outer.contains(range))))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_overlap_and_contain_as_networks_do() {
        assert_eq!(
            overlap(&["10.0.0.0/16"], &["10.1.0.0/16", "10.0.255.0/24"]),
            Some(("10.0.0.0/16", "10.0.255.0/24"))
        );
        assert_eq!(overlap(&["10.0.0.0/16"], &["10.1.0.0/16", "fd00::/8"]), None);
        assert_eq!(outside(&["10.0.1.0/24", "10.1.0.0/24"], &["10.0.0.0/16"]), Some("10.1.0.0/24"));
        assert_eq!(outside(&["fd00:1::/64"], &["10.0.0.0/16", "::/0"]), None);
        assert_eq!(Range::parse("10.0.0.0/33"), None);
    }
}
