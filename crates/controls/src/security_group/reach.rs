//! Which ingress rules let anywhere in, port by port.
//!
//! Rules are judged together: two halves of the internet in two rules are the whole of it on the ports that both open. So the
//! ports of each protocol are cut where a rule begins or ends, and each piece is asked who opens it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cidr, Facts, PrefixListId, Rule,
    cidr::openers,
    facts::{Peer, Protocol},
    ports::Ports,
};
use crate::Fact;

/// ICMP's echo request, and ICMPv6's (IANA).
const ECHO: (i32, i32) = (8, 128);

/// A group's ingress rules that lead to addresses, and what each opens.
pub(super) struct Reach<'a> {
    doors: Vec<Door<'a>>,
    tcp: Vec<Piece>,
    udp: Vec<Piece>,
    echo: BTreeSet<usize>,
    /// Rules whose prefix list could not be read.
    unknown: Vec<Unknown<'a>>,
}

/// A rule, and why the prefix list it refers to is unknown.
pub(super) type Unknown<'a> = (&'a Rule, &'a Fact<Vec<Cidr>>);

/// A rule by its addresses.
#[derive(Clone)]
struct Door<'a> {
    rule: &'a Rule,
    ranges: Vec<Cidr>,
}

/// Ports that the same rules open to anywhere.
struct Piece {
    from: u16,
    to: u16,
    openers: BTreeSet<usize>,
}

const NOT_READ: Fact<Vec<Cidr>> = Fact::NotRead;

impl<'a> Reach<'a> {
    /// What the `ingress` rules of `facts` open.
    pub(super) fn of(facts: &'a Facts, ingress: &'a [Rule]) -> Self {
        let (mut doors, mut unknown) = (Vec::new(), Vec::new());
        for rule in ingress {
            match &rule.what.peer {
                Peer::Range(range) => doors.push(Door { rule, ranges: vec![*range] }),
                Peer::List(list) => match facts.lists.get(list).unwrap_or(&NOT_READ) {
                    Fact::Known(ranges) => doors.push(Door { rule, ranges: ranges.clone() }),
                    fact => unknown.push((rule, fact)),
                },
                Peer::Group(_) => {}
            }
        }
        let none = BTreeSet::new();
        let (tcp, udp) = (pieces(&doors, Protocol::Tcp, &none), pieces(&doors, Protocol::Udp, &none));
        let echo = openers(&ranges_of(&doors, allows_echo));
        Self { doors, tcp, udp, echo, unknown }
    }

    /// Rules that let anywhere in on one of `ports`.
    pub(super) fn on(&self, ports: &Ports) -> Vec<&'a Rule> {
        self.rules(self.pieces().filter(|piece| ports.meet(piece.from, piece.to)).flat_map(|piece| &piece.openers))
    }

    /// Rules that let anywhere in on a port that is none of `ports`, and, if `echo` is asked for, by a ping.
    pub(super) fn outside(&self, ports: &Ports, echo: bool) -> Vec<&'a Rule> {
        let outside = self.pieces().filter(|piece| !ports.cover(piece.from, piece.to));
        self.rules(outside.flat_map(|piece| &piece.openers).chain(self.echo.iter().filter(|_| echo)))
    }

    /// The widest rules, where more than `most` ports of a protocol are open to anywhere: as many of them as it takes until no
    /// more are.
    pub(super) fn beyond(&self, most: u32) -> Vec<&'a Rule> {
        let mut offending = BTreeSet::new();
        for (protocol, pieces) in [(Protocol::Tcp, &self.tcp), (Protocol::Udp, &self.udp)] {
            if count(pieces) <= most {
                continue;
            }
            let mut widest: Vec<usize> = pieces
                .iter()
                .flat_map(|piece| piece.openers.iter().copied())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            widest.sort_by_key(|at| self.doors.get(*at).map(|door| std::cmp::Reverse(width(door.rule))));
            // The fewest that are enough: taking more away never opens a port.
            let enough = |taken: usize| {
                let without = widest.iter().take(taken).copied().collect();
                count(&self::pieces(&self.doors, protocol, &without)) <= most
            };
            let (mut least, mut sure) = (1, widest.len());
            while least < sure {
                let middle = usize::midpoint(least, sure);
                if enough(middle) { sure = middle } else { least = middle + 1 }
            }
            offending.extend(widest.into_iter().take(least));
        }
        self.rules(offending.iter())
    }

    /// A rule whose prefix list could not be read and that opens a port that `counts`; with `echo` also one that lets pings in.
    pub(super) fn unknown(&self, counts: impl Fn(u16, u16) -> bool, echo: bool) -> Option<Unknown<'a>> {
        let counts = |rule: &Rule| {
            let span = |protocol| span(rule, protocol).is_some_and(|(from, to)| counts(from, to));
            span(Protocol::Tcp) || span(Protocol::Udp) || (echo && allows_echo(rule))
        };
        self.unknown.iter().find(|(rule, _)| counts(rule)).copied()
    }

    /// A rule whose prefix list could not be read, where more than `most` ports of a protocol are open if such lists hold anywhere.
    pub(super) fn unknown_beyond(&self, most: u32) -> Option<Unknown<'a>> {
        let worst = self.unknown.iter().map(|(rule, _)| Door { rule, ranges: vec![Cidr::EVERYWHERE] });
        let doors: Vec<Door<'_>> = self.doors.iter().cloned().chain(worst).collect();
        let none = BTreeSet::new();
        let beyond = |protocol| count(&pieces(&doors, protocol, &none)) > most;
        let has_ports = |rule: &Rule, protocol| span(rule, protocol).is_some();
        let found = [Protocol::Tcp, Protocol::Udp].into_iter().filter(|protocol| beyond(*protocol));
        found
            .flat_map(|protocol| self.unknown.iter().filter(move |(rule, _)| has_ports(rule, protocol)))
            .next()
            .copied()
    }

    /// Entries of a rule's prefix list that are anywhere.
    pub(super) fn anywhere_in(facts: &Facts, list: &PrefixListId) -> Vec<Cidr> {
        let entries = facts.lists.get(list).and_then(Fact::known);
        entries.into_iter().flatten().filter(|range| range.is_anywhere()).copied().collect()
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.tcp.iter().chain(&self.udp)
    }

    /// In the order of the group's rules, each once.
    fn rules<'b>(&self, at: impl Iterator<Item = &'b usize>) -> Vec<&'a Rule> {
        let at: BTreeSet<usize> = at.copied().collect();
        at.into_iter().filter_map(|at| self.doors.get(at).map(|door| door.rule)).collect()
    }
}

/// The ports of `protocol` that a rule opens; every port where the protocol is all.
fn span(rule: &Rule, protocol: Protocol) -> Option<(u16, u16)> {
    match rule.what.class() {
        Protocol::All => Some((0, u16::MAX)),
        // Below 0 is any port, which EC2 takes for no other protocol than ICMP.
        class if class == protocol => match (u16::try_from(rule.what.from), u16::try_from(rule.what.to)) {
            (Ok(from), Ok(to)) => Some((from, to)),
            _ => Some((0, u16::MAX)),
        },
        _ => None,
    }
}

fn width(rule: &Rule) -> u32 {
    let span = span(rule, Protocol::Tcp).or_else(|| span(rule, Protocol::Udp));
    // All protocols are wider than all ports of one.
    let all = u32::from(rule.what.class() == Protocol::All);
    all + span.map_or(0, |(from, to)| u32::from(to).saturating_sub(u32::from(from)) + 1)
}

/// Type and code are no ports: a rule for type 22 has nothing to do with port 22. All types have the echo among them.
fn allows_echo(rule: &Rule) -> bool {
    match rule.what.class() {
        Protocol::Icmp => rule.what.from == -1 || rule.what.from == ECHO.0,
        Protocol::IcmpV6 => rule.what.from == -1 || rule.what.from == ECHO.1,
        _ => false,
    }
}

fn count(pieces: &[Piece]) -> u32 {
    let open = pieces.iter().filter(|piece| !piece.openers.is_empty());
    open.map(|piece| u32::from(piece.to) - u32::from(piece.from) + 1).sum()
}

fn ranges_of<'a>(doors: &[Door<'a>], wanted: impl Fn(&'a Rule) -> bool) -> Vec<(usize, Cidr)> {
    let wanted = doors.iter().enumerate().filter(|(_, door)| wanted(door.rule));
    wanted.flat_map(|(at, door)| door.ranges.iter().map(move |range| (at, *range))).collect()
}

/// The ports of `protocol` that are open to anywhere when the doors in `without` are shut.
fn pieces(doors: &[Door<'_>], protocol: Protocol, without: &BTreeSet<usize>) -> Vec<Piece> {
    let spans: Vec<(usize, u16, u16)> = doors
        .iter()
        .enumerate()
        .filter(|(at, _)| !without.contains(at))
        .filter_map(|(at, door)| span(door.rule, protocol).map(|(from, to)| (at, from, to)))
        .collect();
    let mut cuts: BTreeSet<u32> = BTreeSet::new();
    for (_, from, to) in &spans {
        cuts.extend([u32::from(*from), u32::from(*to) + 1]);
    }
    let mut known: BTreeMap<Vec<usize>, BTreeSet<usize>> = BTreeMap::new();
    let mut pieces = Vec::new();
    for (first, behind) in cuts.iter().zip(cuts.iter().skip(1)) {
        let (Ok(from), Ok(to)) = (u16::try_from(*first), u16::try_from(behind - 1)) else { continue };
        let over: Vec<usize> =
            spans.iter().filter(|(_, first, last)| *first <= from && to <= *last).map(|(at, ..)| *at).collect();
        let openers = known
            .entry(over)
            .or_insert_with_key(|over| {
                let doors = over.iter().filter_map(|at| doors.get(*at).map(|door| (*at, door)));
                openers(
                    &doors.flat_map(|(at, door)| door.ranges.iter().map(move |range| (at, *range))).collect::<Vec<_>>(),
                )
            })
            .clone();
        if !openers.is_empty() {
            pieces.push(Piece { from, to, openers });
        }
    }
    pieces
}
