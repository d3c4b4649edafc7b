//! Address ranges, and when a set of them is the whole internet.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Serialize};

/// A range of IPv4 or IPv6 addresses. Bits behind the prefix are cleared, as EC2 does (EC2 API reference, `IpRange`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    v6: bool,
    /// The network, from the highest bit; an IPv4 network is the upper 32 bits.
    bits: u128,
    length: u8,
}

/// IPv4 and IPv6 ranges that no route of the internet leads to (RFC 1918, 6598, 1122, 3927, 4193, 4291).
const PRIVATE: [Cidr; 8] = [
    Cidr::v4(10, 0, 8),
    Cidr::v4(172, 16, 12),
    Cidr::v4(192, 168, 16),
    Cidr::v4(100, 64, 10),
    Cidr::v4(127, 0, 8),
    Cidr::v4(169, 254, 16),
    Cidr::v6(0xfc00, 7),
    Cidr::v6(0xfe80, 10),
];

impl Cidr {
    pub(super) const EVERYWHERE: Self = Self::v4(0, 0, 0);

    const fn v4(first: u8, second: u8, length: u8) -> Self {
        Self { v6: false, bits: ((first as u128) << 120) | ((second as u128) << 112), length }
    }

    const fn v6(first: u16, length: u8) -> Self {
        Self { v6: true, bits: (first as u128) << 112, length }
    }

    /// Reads `203.0.113.0/24` or `2001:db8::/32`.
    ///
    /// # Errors
    /// A sentence naming the text otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let odd = || format!("`{}` is no range of addresses", text.chars().take(64).collect::<String>());
        let (address, length) = text.split_once('/').ok_or_else(odd)?;
        let length: u8 = length.parse().map_err(|_| odd())?;
        let (v6, bits, longest) = match address.parse().map_err(|_| odd())? {
            IpAddr::V4(address) => (false, u128::from(u32::from(address)) << 96, 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        if length > longest {
            return Err(odd());
        }
        Ok(Self { v6, bits: bits & mask(length), length })
    }

    /// Whether it is IPv6.
    #[must_use]
    pub fn is_v6(&self) -> bool {
        self.v6
    }

    fn contains(&self, other: &Self) -> bool {
        self.v6 == other.v6 && self.length <= other.length && other.bits & mask(self.length) == self.bits
    }

    /// Whether the internet has no route to any of it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        PRIVATE.iter().any(|private| private.contains(self))
    }

    /// Whether it is «anywhere»: an IPv4 range shorter than /8 or an IPv6 range shorter than /32 that is not private, the bound
    /// that S3 uses for what is public (S3 user guide, "The meaning of public").
    #[must_use]
    pub fn is_anywhere(&self) -> bool {
        self.is_broad() && !self.is_private()
    }

    fn is_broad(&self) -> bool {
        self.length < if self.v6 { 32 } else { 8 }
    }

    /// The range that this and its `other` half make; `None` when they are no halves of one.
    fn joined(&self, other: &Self) -> Option<Self> {
        let parent = Self { length: self.length.checked_sub(1)?, ..*self };
        let parent = Self { bits: parent.bits & mask(parent.length), ..parent };
        let halves = self.v6 == other.v6 && self.length == other.length && self.bits != other.bits;
        (halves && parent.contains(other)).then_some(parent)
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.v6 {
            write!(f, "{}/{}", Ipv6Addr::from(self.bits), self.length)
        } else {
            let [first, second, third, fourth, ..] = self.bits.to_be_bytes();
            write!(f, "{}/{}", Ipv4Addr::new(first, second, third, fourth), self.length)
        }
    }
}

impl TryFrom<String> for Cidr {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> String {
        cidr.to_string()
    }
}

/// Which owners of `ranges` together let anywhere in: those with a range that is anywhere by itself, and those whose ranges join
/// to one (`0.0.0.0/1` and `128.0.0.0/1`, or 256 times a /8).
///
/// Whoever has only a range that lies inside a wider one of another owner has no part in it: without the wider one it is as
/// narrow as it was meant. When all owners that are named are taken away, nobody is named any more.
pub(super) fn openers<T: Ord + Copy>(ranges: &[(T, Cidr)]) -> BTreeSet<T> {
    let mut owners: BTreeMap<Cidr, BTreeSet<T>> = BTreeMap::new();
    for (owner, range) in ranges.iter().filter(|(_, range)| !range.is_private()) {
        owners.entry(*range).or_default().insert(*owner);
    }
    let mut openers = BTreeSet::new();
    loop {
        let more = openers_of_the_widest(&owners);
        if more.is_empty() {
            return openers;
        }
        owners.retain(|_, of| {
            of.retain(|owner| !more.contains(owner));
            !of.is_empty()
        });
        openers.extend(more);
    }
}

fn openers_of_the_widest<T: Ord + Copy>(owners: &BTreeMap<Cidr, BTreeSet<T>>) -> BTreeSet<T> {
    let alone: BTreeSet<T> =
        owners.iter().filter(|(range, _)| range.is_broad()).flat_map(|(_, of)| of.iter().copied()).collect();
    if !alone.is_empty() {
        return alone;
    }
    // In the order of their networks, wider ones first: each is inside the one before, or behind it.
    let mut widest: Vec<Cidr> = Vec::new();
    for range in owners.keys() {
        if !widest.last().is_some_and(|wider| wider.contains(range)) {
            widest.push(*range);
        }
    }
    let mut joined: Vec<(Cidr, Vec<Cidr>)> = Vec::new();
    for range in widest {
        let mut last = (range, vec![range]);
        while let Some(before) = joined.pop() {
            match before.0.joined(&last.0) {
                Some(parent) => {
                    let mut parts = before.1;
                    parts.extend(last.1);
                    last = (parent, parts);
                }
                None => {
                    joined.push(before);
                    break;
                }
            }
        }
        joined.push(last);
    }
    let parts = joined.into_iter().filter(|(range, _)| range.is_broad()).flat_map(|(_, parts)| parts);
    parts.filter_map(|part| owners.get(&part)).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openers_in(ranges: &[&str]) -> Vec<usize> {
        let ranges: Vec<_> = ranges.iter().enumerate().map(|(at, text)| (at, Cidr::parse(text).unwrap())).collect();
        openers(&ranges).into_iter().collect()
    }

    #[test]
    fn a_range_is_read_and_written_as_ec2_does() {
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32", "fe80::/10", "128.0.0.0/1"] {
            assert_eq!(Cidr::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Cidr::parse("10.1.2.3/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(Cidr::parse("2001:DB8:0:0::1/32").unwrap().to_string(), "2001:db8::/32");
        for text in ["", "0.0.0.0", "0.0.0.0/", "0.0.0.0/33", "::/129", "1.2.3/8", "0.0.0.0/-1", "x/8", "::/0/0"] {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn anywhere_is_shorter_than_8_or_32_and_not_private() {
        for text in ["0.0.0.0/0", "0.0.0.0/1", "52.0.0.0/6", "16.0.0.0/7", "::/0", "2000::/3", "2600::/12", "2a00::/31"]
        {
            assert!(Cidr::parse(text).unwrap().is_anywhere(), "{text}");
        }
        for text in ["10.0.0.0/8", "52.0.0.0/8", "192.168.0.0/16", "2a00::/32", "fc00::/7", "fd00::/8", "fe80::/10"] {
            assert!(!Cidr::parse(text).unwrap().is_anywhere(), "{text}");
        }
    }

    #[test]
    fn halves_make_a_whole() {
        assert_eq!(openers_in(&["0.0.0.0/1", "128.0.0.0/1"]), [0, 1]);
        assert_eq!(openers_in(&["16.0.0.0/8", "17.0.0.0/8"]), [0, 1]);
        assert_eq!(openers_in(&["17.0.0.0/8", "18.0.0.0/8"]), [0; 0], "neighbours, but of two pairs");
        assert_eq!(openers_in(&["2a00::/32", "2a00:1::/32"]), [0, 1]);
        assert_eq!(openers_in(&["10.0.0.0/8", "11.0.0.0/8"]), [0; 0], "one of them is private");
        let eighths: Vec<String> = (0..256).map(|first| format!("{first}.0.0.0/8")).collect();
        let eighths: Vec<&str> = eighths.iter().map(String::as_str).collect();
        // 10/8 and 127/8 are private; 11 and 126 then have no other half of their /7.
        assert_eq!(openers_in(&eighths).len(), 252);
    }

    #[test]
    fn what_lies_inside_a_wider_range_has_no_part_in_it() {
        assert_eq!(openers_in(&["0.0.0.0/0", "203.0.113.7/32", "::/0"]), [0, 2]);
        assert_eq!(openers_in(&["16.0.0.0/8", "17.0.0.0/8", "16.1.0.0/16"]), [0, 1]);
        // Unless it opens by itself once the wider one is gone.
        assert_eq!(openers_in(&["16.0.0.0/7", "16.0.0.0/8", "17.0.0.0/9", "17.128.0.0/9"]), [0, 1, 2, 3]);
        assert_eq!(openers_in(&[]), [0; 0]);
    }
}
