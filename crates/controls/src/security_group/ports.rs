//! Sets of ports, as settings name them.

use std::fmt;

/// Ports and ranges of ports, in order and apart from each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// Single ports.
    #[must_use]
    pub fn of(ports: &[u16]) -> Self {
        Self::new(ports.iter().map(|port| (*port, *port)).collect())
    }

    /// Ranges, both ends included.
    #[must_use]
    pub fn new(mut ranges: Vec<(u16, u16)>) -> Self {
        ranges.retain(|(from, to)| from <= to);
        ranges.sort_unstable();
        let mut apart: Vec<(u16, u16)> = Vec::new();
        for (from, to) in ranges {
            match apart.last_mut() {
                Some((_, last)) if u32::from(from) <= u32::from(*last) + 1 => *last = to.max(*last),
                _ => apart.push((from, to)),
            }
        }
        Self(apart)
    }

    /// Whether one of them is from `from` to `to`.
    #[must_use]
    pub fn meet(&self, from: u16, to: u16) -> bool {
        self.0.iter().any(|(first, last)| *first <= to && from <= *last)
    }

    /// Whether all from `from` to `to` are among them.
    #[must_use]
    pub fn cover(&self, from: u16, to: u16) -> bool {
        self.0.iter().any(|(first, last)| *first <= from && to <= *last)
    }

    /// Reads an item of a setting: `22`, or `"8000-8100"`.
    pub(super) fn item(value: toml::Value) -> Result<(u16, u16), String> {
        match value {
            toml::Value::Integer(port) => match u16::try_from(port) {
                Ok(port) => Ok((port, port)),
                Err(_) => Err(format!("a list with `{port}`")),
            },
            toml::Value::String(text) => {
                let range = text
                    .split_once('-')
                    .and_then(|(from, to)| Some((from.trim().parse::<u16>().ok()?, to.trim().parse::<u16>().ok()?)));
                range.filter(|(from, to)| from <= to).ok_or_else(|| format!("a list with `{text}`"))
            }
            other => Err(format!("a list with {}", other.type_str())),
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |(from, to): &(u16, u16)| if from == to { from.to_string() } else { format!("{from}-{to}") };
        f.write_str(&self.0.iter().map(text).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_and_asked() {
        let ports = Ports::new(vec![(443, 443), (80, 81), (82, 90), (85, 86), (9, 5)]);
        assert_eq!(ports.to_string(), "80-90, 443");
        assert!(ports.meet(90, 100) && ports.meet(0, 65535) && !ports.meet(91, 442));
        assert!(ports.cover(80, 90) && ports.cover(443, 443) && !ports.cover(80, 91));
        assert!(Ports::new(vec![(0, 65535)]).cover(0, 65535));
        assert!(!Ports::default().meet(0, 65535));
    }
}
