//! EC2's answers as facts, and facts as EC2's requests.

use std::collections::BTreeMap;

use aws_sdk_ec2::types;
use rectify_controls::{
    AccountId, Tags,
    security_group::{About, Allowed, Cidr, GroupRef, Notes, Peer, PrefixListId, Rule, RuleSet},
};

/// The group itself.
pub(crate) fn about(group: &types::SecurityGroup) -> About {
    About {
        name: group.group_name().unwrap_or_default().to_owned(),
        owner: group.owner_id().and_then(|id| AccountId::new(id).ok()),
        vpc: group.vpc_id().map(str::to_owned),
    }
}

/// The group's tags.
pub(crate) fn group_tags(group: &types::SecurityGroup) -> Tags {
    let tags = group.tags().iter();
    tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// All rules, in order.
pub(crate) fn rules(all: &[types::SecurityGroupRule]) -> Result<RuleSet, String> {
    let mut rules = RuleSet::default();
    for one in all {
        let rule = rule(one)?;
        if one.is_egress() == Some(true) { rules.egress.push(rule) } else { rules.ingress.push(rule) }
    }
    rules.ingress.sort();
    rules.egress.sort();
    Ok(rules)
}

/// One rule. Tags that begin with `aws:` are AWS's own: nobody else can put them back (EC2 user guide, "Tag restrictions").
pub(crate) fn rule(one: &types::SecurityGroupRule) -> Result<Rule, String> {
    let tags =
        one.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())));
    Ok(Rule {
        what: allowed(one)?,
        notes: Notes {
            description: one.description().filter(|text| !text.is_empty()).map(str::to_owned),
            tags: tags.filter(|(key, _)| !key.starts_with("aws:")).collect::<BTreeMap<_, _>>(),
        },
    })
}

/// What a rule allows.
fn allowed(one: &types::SecurityGroupRule) -> Result<Allowed, String> {
    let peer = match (one.cidr_ipv4().or(one.cidr_ipv6()), one.prefix_list_id(), one.referenced_group_info()) {
        (Some(range), ..) => Peer::Range(Cidr::parse(range)?),
        (None, Some(list), _) => Peer::List(PrefixListId::new(list)?),
        (None, None, Some(group)) => Peer::Group(GroupRef {
            id: group.group_id().unwrap_or_default().to_owned(),
            owner: group.user_id().map(str::to_owned),
            vpc: group.vpc_id().map(str::to_owned),
            peering: group.vpc_peering_connection_id().map(str::to_owned),
        }),
        (None, None, None) => return Err("a rule without another side".to_owned()),
    };
    Ok(Allowed {
        protocol: one.ip_protocol().ok_or("a rule without a protocol")?.to_owned(),
        from: one.from_port().unwrap_or(-1),
        to: one.to_port().unwrap_or(-1),
        peer,
    })
}

/// The entries of a prefix list.
pub(crate) fn entries(entries: &[types::PrefixListEntry]) -> Result<Vec<Cidr>, String> {
    let mut ranges: Vec<Cidr> =
        entries.iter().map(|entry| Cidr::parse(entry.cidr().unwrap_or_default())).collect::<Result<_, _>>()?;
    ranges.sort();
    ranges.dedup();
    Ok(ranges)
}

/// What authorises a rule. Without ports where there are none: with a protocol other than TCP, UDP and ICMP they mean nothing
/// (EC2 API reference, `IpPermission`).
pub(crate) fn permission(rule: &Allowed, description: Option<&str>) -> types::IpPermission {
    let has_ports = matches!(rule.protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6" | "6" | "17" | "1" | "58");
    let port = |port: i32| (has_ports || port != -1).then_some(port);
    let permission = types::IpPermission::builder()
        .ip_protocol(&rule.protocol)
        .set_from_port(port(rule.from))
        .set_to_port(port(rule.to));
    let text = description.map(str::to_owned);
    match &rule.peer {
        Peer::Range(range) if range.is_v6() => permission
            .ipv6_ranges(types::Ipv6Range::builder().cidr_ipv6(range.to_string()).set_description(text).build()),
        Peer::Range(range) => {
            permission.ip_ranges(types::IpRange::builder().cidr_ip(range.to_string()).set_description(text).build())
        }
        Peer::List(list) => permission.prefix_list_ids(
            types::PrefixListId::builder().prefix_list_id(list.as_str()).set_description(text).build(),
        ),
        Peer::Group(group) => permission.user_id_group_pairs(
            types::UserIdGroupPair::builder()
                .group_id(&group.id)
                .set_user_id(group.owner.clone())
                .set_vpc_id(group.vpc.clone())
                .set_vpc_peering_connection_id(group.peering.clone())
                .set_description(text)
                .build(),
        ),
    }
    .build()
}

/// The tags of rules that are put back; `None` for none, which EC2 takes no specification for.
pub(crate) fn tags(tags: &BTreeMap<String, String>) -> Option<types::TagSpecification> {
    let all = tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build()).collect();
    (!tags.is_empty()).then(|| {
        types::TagSpecification::builder()
            .resource_type(types::ResourceType::SecurityGroupRule)
            .set_tags(Some(all))
            .build()
    })
}
