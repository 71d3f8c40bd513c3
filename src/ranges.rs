//! Address ranges: the one reading of `10.0.0.0/16`, containment and overlap. Plain arithmetic, independent of kinds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value as Json;

/// An address with the length of its prefix, as in `10.0.0.0/16`. The address may have bits after the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    v6: bool,
    address: u128,
    length: u32,
}

/// The reason why a text is no [`Cidr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CidrError {
    /// It has no `/`.
    NoSlash,
    /// No address is before the `/`.
    Address,
    /// No number is after the `/`; the maximum of this family of addresses.
    NoLength(u32),
    /// The number after the `/` is above the maximum of this family of addresses.
    TooLong(u32),
}

impl Cidr {
    /// Reads an address and the length of its prefix.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn parse(text: &str) -> Result<Self, CidrError> {
        let (address, length) = text.split_once('/').ok_or(CidrError::NoSlash)?;
        let (v6, address) = match address.parse().map_err(|_| CidrError::Address)? {
            IpAddr::V4(ip) => (false, u128::from(u32::from(ip))),
            IpAddr::V6(ip) => (true, u128::from(ip)),
        };
        let most = if v6 { 128 } else { 32 };
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CidrError::NoLength(most));
        }
        // A number that is too large for its type is too long as well.
        let length = length.parse().ok().filter(|length| *length <= most).ok_or(CidrError::TooLong(most))?;
        Ok(Self { v6, address, length })
    }

    /// The range with this first address and prefix length, of the same family.
    #[must_use]
    pub const fn with(self, address: u128, length: u32) -> Self {
        Self { address, length, ..self }
    }

    /// True for IPv6.
    pub const fn is_v6(self) -> bool {
        self.v6
    }

    /// The length of the prefix.
    pub const fn length(self) -> u32 {
        self.length
    }

    /// The bits of an address of this family: 32 or 128.
    pub const fn bits(self) -> u32 {
        if self.v6 { 128 } else { 32 }
    }

    /// The bits of an address that are free within the range.
    pub fn host_mask(self) -> u128 {
        1_u128.checked_shl(self.bits() - self.length).map_or(u128::MAX, |size| size - 1)
    }

    /// The first address of the range.
    pub fn first(self) -> u128 {
        self.address & !self.host_mask()
    }

    /// True if the address has bits after its prefix.
    pub fn has_host_bits(self) -> bool {
        self.address != self.first()
    }

    /// The address with this number, of the same family. Empty for a number that no IPv4 address has.
    pub fn address(self, number: u128) -> String {
        if self.v6 {
            return Ipv6Addr::from(number).to_string();
        }
        u32::try_from(number).map_or_else(|_| String::new(), |number| Ipv4Addr::from(number).to_string())
    }

    /// The range in its one form: from its first address.
    pub fn text(self) -> String {
        format!("{}/{}", self.address(self.first()), self.length)
    }
}

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
        let cidr = Cidr::parse(text).ok()?;
        Some(Self { v6: cidr.v6, first: cidr.first(), last: cidr.first() | cidr.host_mask() })
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
pub fn within(range: &str, length: u32) -> impl Iterator<Item = String> {
    let outer = Cidr::parse(range).ok().filter(|outer| !outer.v6 && (outer.length..=32).contains(&length));
    outer.into_iter().flat_map(move |outer| {
        let step = 1_u128 << (32 - length);
        let count = (outer.host_mask() + 1) / step;
        (0..count).map(move |at| outer.with(outer.first() + at * step, length).text())
    })
}

/// The IPv4 addresses of a subnet that a machine may have: the provider keeps the first four and the last one.
pub fn hosts(range: &str) -> impl Iterator<Item = String> {
    let range = Range::parse(range).filter(|range| !range.v6);
    range.into_iter().flat_map(|range| {
        let addresses = (range.first + 4)..range.last;
        addresses.filter_map(|address| Some(Ipv4Addr::from(u32::try_from(address).ok()?).to_string()))
    })
}

/// True for an address that [`hosts`] has.
pub fn is_host(range: &str, address: &str) -> bool {
    let address = address.parse().map(|ip: Ipv4Addr| u128::from(u32::from(ip)));
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
    fn a_range_is_read_in_one_way() {
        let cidr = Cidr::parse("10.0.3.7/22").unwrap();
        assert_eq!((cidr.text().as_str(), cidr.has_host_bits(), cidr.length()), ("10.0.0.0/22", true, 22));
        assert_eq!(Cidr::parse("::1/0").unwrap().text(), "::/0");
        assert!(!Cidr::parse("255.255.255.255/32").unwrap().has_host_bits());
        let faults = ["10.0.0.0", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/33", "fd00::/129", "10.0.0.0/999"];
        assert_eq!(
            faults.map(|text| Cidr::parse(text).unwrap_err()),
            [
                CidrError::NoSlash,
                CidrError::Address,
                CidrError::NoLength(32),
                CidrError::NoLength(32),
                CidrError::TooLong(32),
                CidrError::TooLong(128),
                CidrError::TooLong(32),
            ]
        );
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
