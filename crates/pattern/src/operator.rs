//! The comparison operators on one leaf value (EventBridge user guide, "comparison operators for use in event patterns").

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use serde_json::{Number, Value};

use crate::text::{AnyCase, Wildcard};

/// What a leaf value may be.
#[derive(Debug, Clone)]
pub(crate) enum Operator {
    /// A string, `true`, `false` or `null`: character by character.
    Exact(Value),
    /// A number as written.
    ExactNumber(Number),
    /// `exists: true`: any leaf, `null` too.
    Exists,
    /// `exists: false`: no leaf at the path. Never true of a value; the search looks for it.
    Absent,
    /// A comparison with strings; false for everything else.
    Text(TextOperator),
    /// `cidr`: a string that is an address in the block.
    Cidr(IpNet),
    /// `numeric`.
    Numeric(Range),
    /// `anything-but` strings: none of these. Other types are "anything but" a string, so they match.
    NoneOf(Vec<TextOperator>),
    /// `anything-but` numbers: none of these, compared as numbers. Other types match.
    NoNumberOf(Vec<f64>),
}

/// A comparison with a string.
#[derive(Debug, Clone)]
pub(crate) enum TextOperator {
    Equals(String),
    EqualsAnyCase(AnyCase),
    Prefix(String),
    PrefixAnyCase(AnyCase),
    Suffix(String),
    SuffixAnyCase(AnyCase),
    Wildcard(Wildcard),
}

/// An interval of numbers; a bound is a value and whether the value itself belongs to it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range {
    pub(crate) bottom: Option<(f64, bool)>,
    pub(crate) top: Option<(f64, bool)>,
}

/// `numeric` works between -5e9 and +5e9 (user guide, "numeric matching").
const NUMERIC_LIMIT: f64 = 5.0e9;

/// The number, when it is one that `numeric` can compare.
pub(crate) fn comparable(number: &Number) -> Option<f64> {
    number.as_f64().filter(|value| value.abs() <= NUMERIC_LIMIT)
}

impl Operator {
    /// Whether `leaf` (never an object or a list) satisfies the operator.
    pub(crate) fn accepts(&self, leaf: &Value) -> bool {
        match self {
            Self::Exact(value) => value == leaf,
            Self::ExactNumber(number) => matches!(leaf, Value::Number(found) if found == number),
            Self::Exists => true,
            Self::Absent => false,
            Self::Text(operator) => leaf.as_str().is_some_and(|text| operator.accepts(text)),
            Self::Cidr(block) => leaf.as_str().and_then(address).is_some_and(|address| block.contains(&address)),
            Self::Numeric(range) => match leaf {
                Value::Number(number) => comparable(number).is_some_and(|value| range.contains(value)),
                _ => false,
            },
            Self::NoneOf(operators) => {
                leaf.as_str().is_none_or(|text| !operators.iter().any(|operator| operator.accepts(text)))
            }
            Self::NoNumberOf(numbers) => match leaf {
                Value::Number(number) => comparable(number).is_none_or(|value| !numbers.contains(&value)),
                _ => true,
            },
        }
    }
}

impl TextOperator {
    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Equals(expected) => expected == text,
            Self::EqualsAnyCase(expected) => expected.equals(text),
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::PrefixAnyCase(prefix) => prefix.is_prefix_of(text),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::SuffixAnyCase(suffix) => suffix.is_suffix_of(text),
            Self::Wildcard(wildcard) => wildcard.matches(text),
        }
    }
}

impl Range {
    fn contains(self, value: f64) -> bool {
        self.bottom.is_none_or(|(bottom, closed)| value > bottom || (closed && value == bottom))
            && self.top.is_none_or(|(top, closed)| value < top || (closed && value == top))
    }
}

/// Reads an address as the engine does: an IPv6 address has no dots in it, and one that maps an IPv4 address is that.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let address: Ipv6Addr = text.parse().ok().filter(|_| !text.contains('.'))?;
        return Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4));
    }
    text.parse().ok().map(IpAddr::V4)
}
