//! What the guard reads, as values. Shapes follow the EC2 API reference.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{Cidr, GroupId, GroupName, PrefixListId, VpcId};
use crate::{AccountId, Fact, Place};

/// What an event or a sweep is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One security group. The only one that is a resource; the others lead to some.
    Group(GroupId),
    /// The group of this name in the default VPC: how groups were called before every one had an id.
    Named(GroupName),
    /// The default group of a VPC, which comes with it and with no event of its own.
    DefaultOf(VpcId),
    /// Every group that refers to a prefix list.
    Referring(PrefixListId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(id) => write!(f, "security group {id}"),
            Self::Named(name) => write!(f, "the security group called {name}"),
            Self::DefaultOf(vpc) => write!(f, "the default security group of {vpc}"),
            Self::Referring(list) => write!(f, "the security groups that refer to {list}"),
        }
    }
}

/// The facts about one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The group.
    pub group: GroupId,
    /// Where it is.
    pub place: Place,
    /// The group itself.
    pub about: Fact<About>,
    /// Its rules, each in the order of [`Rule`].
    pub rules: Fact<RuleSet>,
    /// Entries of the prefix lists that its ingress rules refer to. A list that is not there any more has none.
    pub lists: BTreeMap<PrefixListId, Fact<Vec<Cidr>>>,
    /// Whether a network interface uses the group. Read for a default group only.
    pub in_use: Fact<bool>,
    /// What its rules are called, as far as the log says from which the facts were learned: later calls name rules by id. The guard
    /// reads none, and no control looks at it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub called: BTreeMap<String, Called>,
}

/// The rule that an id means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// Whether it lets out rather than in.
    pub egress: bool,
    /// What it allows.
    pub what: Allowed,
}

/// What is known of a group beside its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its name. The owner's to choose.
    pub name: String,
    /// The account that owns it. In a shared VPC one account can see another's groups.
    pub owner: Option<AccountId>,
    /// Its VPC.
    pub vpc: Option<String>,
}

/// All rules of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    /// What may come in, in order.
    pub ingress: Vec<Rule>,
    /// What may go out, in order.
    pub egress: Vec<Rule>,
}

/// One rule. Without its `sgr-` id: a rule that is put back gets another one, and no group has two rules with one content (EC2
/// API reference, `InvalidPermission.Duplicate`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// What it allows.
    pub what: Allowed,
    /// What hangs on it.
    #[serde(default)]
    pub notes: Notes,
}

/// What a rule allows: protocol, ports and whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Allowed {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or another protocol's number.
    pub protocol: String,
    /// First port; for ICMP the type. -1 is any.
    pub from: i32,
    /// Last port; for ICMP the code. -1 is any.
    pub to: i32,
    /// The other side.
    pub peer: Peer,
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// A range of addresses.
    Range(Cidr),
    /// The addresses in a prefix list.
    List(PrefixListId),
    /// The members of a group.
    Group(GroupRef),
}

/// How a rule refers to a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupRef {
    /// Its id.
    pub id: String,
    /// The account that owns it.
    pub owner: Option<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// The peering connection that leads there.
    pub peering: Option<String>,
}

/// What hangs on a rule and comes back with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notes {
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its tags, without those that only AWS can write (`aws:…`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// What a rule's protocol is to the controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    All,
    Tcp,
    Udp,
    Icmp,
    IcmpV6,
    /// Without ports that mean anything.
    Other,
}

impl Allowed {
    /// EC2 says names and takes numbers too (EC2 API reference, `IpPermission`).
    pub(super) fn class(&self) -> Protocol {
        match self.protocol.to_ascii_lowercase().as_str() {
            "-1" | "all" => Protocol::All,
            "tcp" | "6" => Protocol::Tcp,
            "udp" | "17" => Protocol::Udp,
            "icmp" | "1" => Protocol::Icmp,
            "icmpv6" | "58" => Protocol::IcmpV6,
            _ => Protocol::Other,
        }
    }
}

/// `tcp 22 from 0.0.0.0/0`, with `word` for «from».
pub(super) fn said(what: &Allowed, word: &str) -> String {
    let Allowed { from, to, .. } = what;
    let ports = |name: &str| match (from, to) {
        (-1, _) | (0, 65535) => format!("all {name} ports"),
        (from, to) if from == to => format!("{name} {from}"),
        (from, to) => format!("{name} {from}-{to}"),
    };
    let icmp = |name: &str| match (from, to) {
        (-1, _) => name.to_owned(),
        (kind, -1) => format!("{name} type {kind}"),
        (kind, code) => format!("{name} type {kind} code {code}"),
    };
    let traffic = match what.class() {
        Protocol::All => "all traffic".to_owned(),
        Protocol::Tcp => ports("tcp"),
        Protocol::Udp => ports("udp"),
        Protocol::Icmp => icmp("icmp"),
        Protocol::IcmpV6 => icmp("icmpv6"),
        Protocol::Other => format!("protocol {}", what.protocol),
    };
    let peer = match &what.peer {
        Peer::Range(range) => range.to_string(),
        Peer::List(list) => format!("prefix list {list}"),
        Peer::Group(group) => format!("group {}", group.id),
    };
    format!("{traffic} {word} {peer}")
}
