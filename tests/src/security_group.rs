//! Somebody with an `aws ec2` command, for security groups.

use crate::{ACCOUNT, Person};

const VERSION: &str = "2016-11-15";

/// One rule as `describe-security-group-rules` shows it, without its id: `tcp 22 22 0.0.0.0/0`, its description and its tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Protocol, ports and the other side.
    pub what: String,
    /// Its description.
    pub description: String,
    /// `key=value` of each tag.
    pub tags: Vec<String>,
}

impl Person {
    /// One call of EC2; anything but an answer below 300 fails the test.
    pub async fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.query("ec2", VERSION, action, parameters).await.body
    }

    /// `aws ec2 create-security-group` in the default VPC; its id.
    pub async fn create_group(&self, name: &str) -> String {
        let body = self.ec2("CreateSecurityGroup", &[("GroupName", name), ("GroupDescription", "test")]).await;
        first(&body, "groupId").expect("a new group has an id")
    }

    /// `aws ec2 create-vpc`; its id.
    pub async fn create_vpc(&self) -> String {
        let body = self.ec2("CreateVpc", &[("CidrBlock", "10.9.0.0/16")]).await;
        first(&body, "vpcId").expect("a new VPC has an id")
    }

    /// The id of a VPC's default group.
    pub async fn default_group(&self, vpc: &str) -> String {
        let filters = [
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.1", vpc),
            ("Filter.2.Name", "group-name"),
            ("Filter.2.Value.1", "default"),
        ];
        let body = self.ec2("DescribeSecurityGroups", &filters).await;
        first(&body, "groupId").expect("a VPC has a default group")
    }

    /// `aws ec2 authorize-security-group-ingress` with one rule: `tcp 22-25 0.0.0.0/0`, `-1 -1 pl-1`, `tcp 22 sg-1`.
    pub async fn allow(&self, group: &str, rule: &str) {
        self.allow_with(group, rule, &[]).await;
    }

    /// The same, with more parameters.
    pub async fn allow_with(&self, group: &str, rule: &str, more: &[(&str, &str)]) {
        let parts: Vec<&str> = rule.split(' ').collect();
        let (from, to) = parts[1].split_once('-').filter(|(from, _)| !from.is_empty()).unwrap_or((parts[1], parts[1]));
        let field = match parts[2] {
            list if list.starts_with("pl-") => "PrefixListIds.1.PrefixListId",
            group if group.starts_with("sg-") => "Groups.1.GroupId",
            six if six.contains(':') => "Ipv6Ranges.1.CidrIpv6",
            _ => "IpRanges.1.CidrIp",
        };
        let field = format!("IpPermissions.1.{field}");
        let mut parameters =
            vec![("GroupId", group), ("IpPermissions.1.IpProtocol", parts[0]), (field.as_str(), parts[2])];
        if parts[0] != "-1" {
            parameters.extend([("IpPermissions.1.FromPort", from), ("IpPermissions.1.ToPort", to)]);
        }
        parameters.extend(more);
        self.ec2("AuthorizeSecurityGroupIngress", &parameters).await;
    }

    /// Every rule of a group, ingress or egress, in order.
    pub async fn rules(&self, group: &str, egress: bool) -> Vec<Rule> {
        let body =
            self.ec2("DescribeSecurityGroupRules", &[("Filter.1.Name", "group-id"), ("Filter.1.Value.1", group)]).await;
        let mut rules: Vec<Rule> = items(&body)
            .into_iter()
            .filter(|item| first(item, "isEgress").as_deref() == Some(if egress { "true" } else { "false" }))
            .map(|item| {
                let text = |name: &str| first(item, name).unwrap_or_default();
                let peer = ["cidrIpv4", "cidrIpv6", "prefixListId"].into_iter().find_map(|name| first(item, name));
                let group = || {
                    let (_, info) = item.split_once("<referencedGroupInfo>")?;
                    first(info, "groupId")
                };
                let tags = item.split_once("<tagSet>").map_or("", |(_, tags)| tags);
                let mut tags: Vec<String> = tags
                    .split("<key>")
                    .skip(1)
                    .map(|tag| {
                        let key = tag.split('<').next().unwrap_or_default();
                        format!("{key}={}", first(tag, "value").unwrap_or_default())
                    })
                    .collect();
                tags.sort();
                let peer = peer.or_else(group).unwrap_or_default();
                Rule {
                    what: format!("{} {} {} {peer}", text("ipProtocol"), text("fromPort"), text("toPort")),
                    description: text("description"),
                    tags,
                }
            })
            .collect();
        rules.sort();
        rules
    }

    /// What the rules of a group allow, without descriptions and tags.
    pub async fn allowed(&self, group: &str) -> Vec<String> {
        self.rules(group, false).await.into_iter().map(|rule| rule.what).collect()
    }

    /// The id of the only ingress rule.
    pub async fn rule_id(&self, group: &str) -> String {
        let body =
            self.ec2("DescribeSecurityGroupRules", &[("Filter.1.Name", "group-id"), ("Filter.1.Value.1", group)]).await;
        let ingress = items(&body).into_iter().find(|item| first(item, "isEgress").as_deref() == Some("false"));
        first(ingress.expect("there is an ingress rule"), "securityGroupRuleId").expect("a rule has an id")
    }

    /// `aws ec2 create-managed-prefix-list` with one entry; its id.
    pub async fn create_list(&self, cidr: &str) -> String {
        let parameters =
            [("PrefixListName", "offices"), ("AddressFamily", "IPv4"), ("MaxEntries", "10"), ("Entry.1.Cidr", cidr)];
        first(&self.ec2("CreateManagedPrefixList", &parameters).await, "prefixListId").expect("a new list has an id")
    }

    /// `aws ec2 modify-managed-prefix-list --add-entries`.
    pub async fn add_to_list(&self, list: &str, version: &str, cidr: &str) {
        let parameters = [("PrefixListId", list), ("CurrentVersion", version), ("AddEntry.1.Cidr", cidr)];
        self.ec2("ModifyManagedPrefixList", &parameters).await;
    }
}

/// A group of the sandbox's account, as orders name it.
pub fn resource(group: &str) -> serde_json::Value {
    let arn = format!("arn:aws:ec2:eu-central-1:{ACCOUNT}:security-group/{group}");
    serde_json::json!({"account": ACCOUNT, "region": "eu-central-1", "arn": arn})
}

fn first(xml: &str, element: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>")).map(|(text, _)| text.to_owned())
}

/// The rules in an answer: each begins with its own id, whatever is nested in it.
fn items(xml: &str) -> Vec<&str> {
    let set = xml.split_once("<securityGroupRuleSet>").map_or("", |(_, set)| set);
    let mut items = Vec::new();
    let (mut depth, mut start, mut at) = (0, 0, 0);
    while let Some(next) = set.get(at..).and_then(|rest| rest.find(['<']).map(|offset| at + offset)) {
        let tag = &set[next..];
        if tag.starts_with("<item>") {
            depth += 1;
            if depth == 1 {
                start = next;
            }
        } else if tag.starts_with("</item>") {
            depth -= 1;
            if depth == 0 {
                items.push(&set[start..next]);
            }
        }
        at = next + 1;
    }
    items
}
