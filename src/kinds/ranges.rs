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

    /// True for IPv6.
    pub fn is_v6(self) -> bool {
        self.v6
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

/// Addresses in any number of ranges: disjoint, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeSet(Vec<Range>);

impl RangeSet {
    /// The addresses in these ranges. Texts that are no ranges are skipped.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all: Vec<Range> = texts.into_iter().filter_map(Range::parse).collect();
        all.sort_by_key(|range| (range.v6, range.first));
        let mut joined: Vec<Range> = Vec::with_capacity(all.len());
        for range in all {
            match joined.last_mut().filter(|last| last.overlaps(range)) {
                Some(last) => last.last = last.last.max(range.last),
                None => joined.push(range),
            }
        }
        Self(joined)
    }

    /// The number of ranges.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if it has no addresses.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range> {
        self.0.iter().copied()
    }

    /// True if the range shares an address with any of these.
    pub fn meets(&self, range: Range) -> bool {
        // Of disjoint ranges in order, only the last one that starts before its end can reach it.
        let after = self.0.partition_point(|one| (one.v6, one.first) <= (range.v6, range.last));
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|one| one.overlaps(range))
    }

    /// True if both have an address in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() < other.0.len() { (self, other) } else { (other, self) };
        few.iter().any(|range| many.meets(range))
    }
}

impl Range {
    /// The place of the range in an order in which ranges that overlap are neighbours: its family and first address.
    pub fn start(self) -> (bool, u128) {
        (self.v6, self.first)
    }

    /// The last address, in the same order.
    pub fn end(self) -> (bool, u128) {
        (self.v6, self.last)
    }
}

/// The first pair of ranges, one of each list, that share an address. Texts that are no ranges are skipped.
pub fn overlap<'a>(ones: &[&'a str], others: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let theirs = RangeSet::of(others.iter().copied());
    let (one, range) = ones
        .iter()
        .find_map(|one| Range::parse(one).filter(|range| theirs.meets(*range)).map(|range| (*one, range)))?;
    let is_met = |other: &&&str| Range::parse(other).is_some_and(|other| range.overlaps(other));
    others.iter().find(is_met).map(|other| (one, *other))
}

/// The first two of these ranges that share an address. Texts that are no ranges are skipped.
pub fn clash<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    let mut all: Vec<(Range, &str)> =
        texts.into_iter().filter_map(|text| Range::parse(text).map(|range| (range, text))).collect();
    all.sort_by_key(|(range, _)| range.start());
    all.windows(2).find_map(|pair| match pair {
        [(one, first), (other, second)] if one.overlaps(*other) => Some((*first, *second)),
        _ => None,
    })
}

/// The ranges of this prefix length within an IPv4 range, in order; none for other texts.
pub fn within(range: &str, length: u8) -> impl Iterator<Item = String> {
    let bits = range.split_once('/').and_then(|(_, bits)| bits.parse::<u8>().ok());
    let start = Range::parse(range).filter(|range| !range.v6 && (bits..=Some(32)).contains(&Some(length)));
    let step = 1_u128 << (32 - u32::from(length.min(32)));
    start.into_iter().flat_map(move |outer| {
        let count = (outer.last - outer.first + 1) / step;
        (0..count).filter_map(move |at| {
            let first = u32::try_from(outer.first + at * step).ok()?;
            Some(format!("{}/{length}", std::net::Ipv4Addr::from(first)))
        })
    })
}

/// The IPv4 addresses of a subnet that a machine may have: Azure keeps the first four and the last one.
pub fn hosts(range: &str) -> impl Iterator<Item = String> {
    let range = Range::parse(range).filter(|range| !range.v6);
    range.into_iter().flat_map(|range| {
        let addresses = (range.first + 4)..range.last;
        addresses.filter_map(|address| Some(std::net::Ipv4Addr::from(u32::try_from(address).ok()?).to_string()))
    })
}

/// True for an address that [`hosts`] has.
pub fn is_host(range: &str, address: &str) -> bool {
    let address = address.parse().map(|ip: std::net::Ipv4Addr| u128::from(u32::from(ip)));
    let range = Range::parse(range).filter(|range| !range.v6);
    range.zip(address.ok()).is_some_and(|(range, address)| (range.first + 4..range.last).contains(&address))
}

/// The first range that lies within none of the others. Texts that are no ranges are skipped.
pub fn outside<'a>(inner: &[&'a str], outer: &[&str]) -> Option<&'a str> {
    let mut outer: Vec<Range> = outer.iter().filter_map(|text| Range::parse(text)).collect();
    outer.sort_by_key(|range| range.start());
    // For each, the range up to it that reaches furthest.
    for at in 1..outer.len() {
        let (before, this) = (outer[at - 1], outer[at]);
        if before.v6 == this.v6 && before.last > this.last {
            outer[at] = Range { last: before.last, ..before };
        }
    }
    let is_within = |range: Range| {
        let after = outer.partition_point(|one| one.start() <= range.start());
        after.checked_sub(1).and_then(|at| outer.get(at)).is_some_and(|one| one.contains(range))
    };
    inner.iter().find(|text| Range::parse(text).is_some_and(|range| !is_within(range))).copied()
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
        assert_eq!(within("10.0.0.0/23", 24).collect::<Vec<_>>(), ["10.0.0.0/24", "10.0.1.0/24"]);
        assert_eq!(within("10.0.0.0/24", 23).count() + within("fd00::/8", 24).count(), 0);
        assert_eq!(hosts("10.0.0.0/29").collect::<Vec<_>>(), ["10.0.0.4", "10.0.0.5", "10.0.0.6"]);
        assert_eq!(clash(["10.0.0.0/16", "fd00::/8", "10.0.4.0/24"]), Some(("10.0.0.0/16", "10.0.4.0/24")));
        assert_eq!(clash(["10.0.0.0/16", "10.1.0.0/16", "x"]), None);
    }

    #[test]
    fn sets_answer_as_single_comparisons_do() {
        let texts = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "11.0.0.0/9", "::/0", "fd00::/8", "0.0.0.0/0", "x"];
        for one in texts {
            for other in texts {
                for third in texts {
                    let pair = [other, third];
                    let range = |text: &str| Range::parse(text);
                    let found = overlap(&[one], &pair).is_some();
                    let compared = |text: &&str| range(one).zip(range(text)).is_some_and(|(a, b)| a.overlaps(b));
                    assert_eq!(found, pair.iter().any(compared), "{one} {pair:?}");
                    let within = |text: &&str| range(one).zip(range(text)).is_some_and(|(a, b)| b.contains(a));
                    let is_outside = range(one).is_some() && !pair.iter().any(within);
                    assert_eq!(outside(&[one], &pair).is_some(), is_outside, "{one} {pair:?}");
                }
            }
        }
    }
}
