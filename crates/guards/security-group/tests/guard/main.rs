//! The guard at the HTTP seam: what moto cannot do. Pages, refusals, throttling, a group that is gone, a state that changes
//! between reading and writing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod fake;

use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    Fact, Kind, Place, Selection,
    security_group::{
        Allowed, Change, Cidr, DEFAULT_HAS_RULES, Facts, GroupId, GroupName, GroupRef, Notes, Peer, PrefixListId,
        SecurityGroup, Stand, Target, VpcId,
    },
};
use rectify_guard_security_group::SecurityGroupGuard;
use rectify_runtime::{Guard, Observed};

use fake::{Fake, group, groups, ok, refused, rule, rules};

const RULES: &str = "DescribeSecurityGroupRules";
const GROUPS: &str = "DescribeSecurityGroups";
const ENTRIES: &str = "GetManagedPrefixListEntries";
const ASSOCIATIONS: &str = "GetManagedPrefixListAssociations";
const LISTS: &str = "DescribeManagedPrefixLists";
const REVOKE: &str = "RevokeSecurityGroupIngress";
const AUTHORISE: &str = "AuthorizeSecurityGroupIngress";

fn sg(id: &str) -> Target {
    Target::Group(GroupId::new(id).unwrap())
}

fn pl(id: &str) -> PrefixListId {
    PrefixListId::new(id).unwrap()
}

fn all() -> Selection {
    SecurityGroup::CONTROLS.iter().map(|control| control.id).collect()
}

async fn observe(fake: &Fake, selection: &Selection) -> Result<Observed<Facts>, AwsFailure> {
    SecurityGroupGuard::default().observe(&fake.session(), &sg("sg-1"), selection).await
}

async fn facts(fake: &Fake) -> Facts {
    match observe(fake, &all()).await {
        Ok(Observed::Facts(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

fn ssh(peer: &str) -> String {
    rule("sgr-1", "tcp", (22, 22), peer)
}

const ANYWHERE: &str = "<cidrIpv4>0.0.0.0/0</cidrIpv4>";

fn entries(cidrs: &[&str], next: Option<&str>) -> fake::Answer {
    let items: String = cidrs.iter().map(|cidr| format!("<item><cidr>{cidr}</cidr></item>")).collect();
    let next = next.map(|token| format!("<nextToken>{token}</nextToken>")).unwrap_or_default();
    ok(ENTRIES, &format!("<entrySet>{items}</entrySet>{next}"))
}

#[tokio::test]
async fn every_page_is_read() {
    let tags = "<description>jump host</description><cidrIpv6>::/0</cidrIpv6><tagSet><item><key>owner</key><value>web</value></item>\
                <item><key>aws:cloudformation:stack-name</key><value>s</value></item></tagSet>";
    let second = rule("sgr-2", "-1", (-1, -1), "<prefixListId>pl-1</prefixListId>");
    let peer = "<referencedGroupInfo><groupId>sg-2</groupId><userId>444455556666</userId><vpcId>vpc-2</vpcId>\
                <vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId></referencedGroupInfo>";
    let third = rule("sgr-3", "icmp", (8, -1), peer);
    let egress = rule("sgr-4", "-1", (-1, -1), ANYWHERE).replace("<isEgress>false", "<isEgress>true");
    let fake = Fake::default()
        .on(GROUPS, [group("web", "111122223333")])
        .on(
            RULES,
            [rules(&[ssh(tags), second], Some("page-2")), rules(&[], Some("page-3")), rules(&[third, egress], None)],
        )
        .on(ENTRIES, [entries(&["203.0.113.0/24"], Some("more")), entries(&["0.0.0.0/0"], None)]);
    let facts = facts(&fake).await;
    let known = facts.rules.known().unwrap();
    assert_eq!((known.ingress.len(), known.egress.len()), (3, 1));
    let six = known.ingress.iter().find(|rule| rule.what.from == 22).unwrap();
    assert_eq!(six.notes.description.as_deref(), Some("jump host"));
    assert_eq!(
        six.notes.tags.iter().collect::<Vec<_>>(),
        [(&"owner".to_owned(), &"web".to_owned())],
        "AWS's own are not ours"
    );
    assert_eq!(facts.lists[&pl("pl-1")].known().unwrap().len(), 2);
    assert_eq!(facts.in_use, Fact::NotRead, "only a default group has to be unused");
    assert_eq!(fake.sent(RULES).len(), 3);
    assert!(fake.sent(RULES)[2].contains("NextToken=page-3") && fake.sent(RULES)[0].contains("MaxResults=1000"));
    assert!(fake.sent(ENTRIES)[1].contains("NextToken=more"));
}

#[tokio::test]
async fn a_default_group_is_asked_whether_it_is_used_and_nothing_is_read_in_vain() {
    let through = [ssh("<prefixListId>pl-1</prefixListId>")];
    let fake = Fake::default()
        .on(GROUPS, [group("default", "111122223333")])
        .on(RULES, [rules(&through, None)])
        .on(ENTRIES, [entries(&[], None)])
        .on("DescribeNetworkInterfaces", [ok("DescribeNetworkInterfaces", "<networkInterfaceSet/><nextToken>n</nextToken>"),
            ok("DescribeNetworkInterfaces", "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>")]);
    assert_eq!(facts(&fake).await.in_use, Fact::Known(true), "on the second page");
    let only = Selection::from([DEFAULT_HAS_RULES]);
    observe(&fake, &only).await.unwrap();
    assert_eq!(fake.sent(ENTRIES).len(), 1, "the control is not about lists");
}

#[tokio::test]
async fn what_is_refused_is_a_fact_and_what_is_gone_is_a_value() {
    let through = [ssh("<prefixListId>pl-1</prefixListId>")];
    let denied = || refused(403, "UnauthorizedOperation");
    let fake = Fake::default().on(GROUPS, [denied()]).on(RULES, [rules(&through, None)]).on(ENTRIES, [denied()]);
    let facts_of = facts(&fake).await;
    assert!(matches!(&facts_of.about, Fact::Unreadable(why) if why.code == "UnauthorizedOperation"));
    assert!(matches!(&facts_of.lists[&pl("pl-1")], Fact::Unreadable(_)));
    // A list that is no longer there, or no longer shared, lets nobody in.
    for code in ["InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound"] {
        let fake = fake.clone().on(GROUPS, [group("web", "111122223333")]).on(ENTRIES, [refused(400, code)]);
        assert_eq!(facts(&fake).await.lists[&pl("pl-1")], Fact::Known(Vec::new()), "{code}");
    }
    let gone = Fake::default().on(GROUPS, [refused(400, "InvalidGroup.NotFound")]).on(RULES, [rules(&[], None)]);
    assert_eq!(observe(&gone, &all()).await.unwrap(), Observed::Gone);
    let odd = Fake::default()
        .on(GROUPS, [group("web", "111122223333")])
        .on(RULES, [rules(&[ssh("<cidrIpv4>everywhere</cidrIpv4>")], None)]);
    assert!(matches!(facts(&odd).await.rules, Fact::Unreadable(_)), "what is not understood is not left out");
}

#[tokio::test]
async fn throttling_is_waited_for_and_then_an_error() {
    let busy = || refused(503, "RequestLimitExceeded");
    let fake = Fake::default().on(GROUPS, [busy(), busy(), group("web", "111122223333")]).on(RULES, [rules(&[], None)]);
    assert!(facts(&fake).await.rules.known().is_some());
    let fake = fake.on(RULES, [busy()]);
    assert_eq!(observe(&fake, &all()).await.unwrap_err().kind, FailureKind::Throttled);
}

#[tokio::test]
async fn what_is_no_group_is_never_read() {
    let fake = Fake::default();
    let guard = SecurityGroupGuard::default();
    let list = Target::Referring(pl("pl-1"));
    assert_eq!(guard.observe(&fake.session(), &list, &all()).await.unwrap(), Observed::Gone);
    assert_eq!(
        guard.apply(&fake.session(), &list, &Change::Ingress(Vec::new())).await.unwrap_err().kind,
        FailureKind::Invalid
    );
}

fn stand(peer: Peer, notes: Option<Notes>) -> Stand {
    Stand { rule: Allowed { protocol: "tcp".into(), from: 22, to: 22, peer }, notes }
}

fn anywhere() -> Peer {
    Peer::Range(Cidr::parse("0.0.0.0/0").unwrap())
}

fn noted(description: &str, tags: &[(&str, &str)]) -> Option<Notes> {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Some(Notes { description: Some(description.to_owned()), tags })
}

async fn apply(fake: &Fake, stands: Vec<Stand>) -> Result<(), AwsFailure> {
    SecurityGroupGuard::default().apply(&fake.session(), &sg("sg-1"), &Change::Ingress(stands)).await
}

fn done(action: &str) -> fake::Answer {
    ok(action, "<return>true</return>")
}

#[tokio::test]
async fn a_rule_is_taken_away_by_the_id_it_has_now() {
    let other = rule("sgr-9", "tcp", (22, 22), "<cidrIpv4>203.0.113.0/24</cidrIpv4>");
    let egress = rule("sgr-8", "tcp", (22, 22), ANYWHERE).replace("<isEgress>false", "<isEgress>true");
    let fake = Fake::default().on(RULES, [rules(&[other, egress, ssh(ANYWHERE)], None)]).on(REVOKE, [done(REVOKE)]);
    apply(&fake, vec![stand(anywhere(), None)]).await.unwrap();
    assert_eq!(fake.sent(REVOKE), ["GroupId=sg-1 SecurityGroupRuleId.1=sgr-1"]);
    // Twice is once.
    let fake = fake.on(RULES, [rules(&[], None)]);
    apply(&fake, vec![stand(anywhere(), None)]).await.unwrap();
    assert_eq!(fake.sent(REVOKE).len(), 1);
}

#[tokio::test]
async fn rules_are_put_back_with_what_hung_on_them() {
    let fake = Fake::default().on(RULES, [rules(&[], None)]).on(AUTHORISE, [done(AUTHORISE)]);
    let peered =
        GroupRef { id: "sg-2".into(), owner: Some("444455556666".into()), vpc: None, peering: Some("pcx-1".into()) };
    let six = Peer::Range(Cidr::parse("::/0").unwrap());
    apply(
        &fake,
        vec![
            stand(anywhere(), noted("jump host", &[("owner", "web")])),
            stand(six, noted("six", &[("owner", "web")])),
            stand(Peer::List(pl("pl-1")), noted("offices", &[])),
            stand(Peer::Group(peered), Some(Notes::default())),
        ],
    )
    .await
    .unwrap();
    insta::assert_snapshot!(fake.sent(AUTHORISE).join("\n"));
    // All traffic has no ports, all of ICMP has.
    let all = |protocol: &str| Stand {
        rule: Allowed { protocol: protocol.into(), from: -1, to: -1, peer: anywhere() },
        notes: Some(Notes::default()),
    };
    apply(&fake, vec![all("-1"), all("icmp")]).await.unwrap();
    let sent = fake.sent(AUTHORISE).last().unwrap().clone();
    assert!(sent.contains("IpPermissions.1.IpProtocol=-1 IpPermissions.1.IpRanges"), "{sent}");
    assert!(sent.contains("IpPermissions.2.FromPort=-1"), "{sent}");
}

#[tokio::test]
async fn a_state_that_changes_under_our_hands_is_read_again() {
    // Somebody else took the rule away, or put it back, between reading and writing.
    let gone = refused(400, "InvalidSecurityGroupRuleId.NotFound");
    let fake = Fake::default().on(RULES, [rules(&[ssh(ANYWHERE)], None), rules(&[], None)]).on(REVOKE, [gone.clone()]);
    apply(&fake, vec![stand(anywhere(), None)]).await.unwrap();
    let there = refused(400, "InvalidPermission.Duplicate");
    let fake =
        Fake::default().on(RULES, [rules(&[], None), rules(&[ssh(ANYWHERE)], None)]).on(AUTHORISE, [there.clone()]);
    apply(&fake, vec![stand(anywhere(), Some(Notes::default()))]).await.unwrap();
    // And not for ever.
    let fake = Fake::default().on(RULES, [rules(&[], None)]).on(AUTHORISE, [there]);
    let failure = apply(&fake, vec![stand(anywhere(), Some(Notes::default()))]).await.unwrap_err();
    assert!(failure.code_is("InvalidPermission.Duplicate"));
    assert_eq!(fake.sent(AUTHORISE).len(), 3);
}

async fn find(fake: &Fake, target: Target) -> Result<Vec<(Place, Target)>, AwsFailure> {
    SecurityGroupGuard::default().find(&fake.session(), &target).await
}

fn lists(state: &str) -> fake::Answer {
    ok(
        LISTS,
        &format!("<prefixListSet><item><prefixListId>pl-1</prefixListId><state>{state}</state></item></prefixListSet>"),
    )
}

fn associated(all: &[(&str, &str)], next: Option<&str>) -> fake::Answer {
    let item = |(id, owner): &(&str, &str)| {
        format!("<item><resourceId>{id}</resourceId><resourceOwner>{owner}</resourceOwner></item>")
    };
    let items: String = all.iter().map(item).collect();
    let next = next.map(|token| format!("<nextToken>{token}</nextToken>")).unwrap_or_default();
    ok(ASSOCIATIONS, &format!("<prefixListAssociationSet>{items}</prefixListAssociationSet>{next}"))
}

#[tokio::test]
async fn what_refers_to_a_list_is_found_in_every_account_once_the_change_is_through() {
    let fake = Fake::default()
        .on(LISTS, [lists("modify-in-progress"), lists("modify-complete")])
        .on(
            GROUPS,
            [
                groups(&[("sg-1", "a", "111122223333"), ("sg-x", "theirs", "444455556666")], Some("n")),
                groups(&[("sg-3", "b", "111122223333")], None),
            ],
        )
        .on(
            ASSOCIATIONS,
            [
                associated(&[("sg-1", "111122223333"), ("rtb-1", "111122223333")], Some("n")),
                associated(&[("sg-2", "444455556666"), ("sg-4", "not an account")], None),
            ],
        );
    let found = find(&fake, Target::Referring(pl("pl-1"))).await.unwrap();
    let text: Vec<String> = found.iter().map(|(place, id)| format!("{} {id}", place.account)).collect();
    assert_eq!(
        text,
        ["111122223333 security group sg-1", "111122223333 security group sg-3", "444455556666 security group sg-2"]
    );
    assert!(found.iter().all(|(place, _)| place.region == fake.place().region));
    assert!(fake.sent(GROUPS)[0].contains("Filter.1.Name=ip-permission.prefix-list-id Filter.1.Value.1=pl-1"));

    // A list of somebody else's does not say who refers to it; the own groups are found all the same.
    let fake = fake.on(ASSOCIATIONS, [refused(403, "UnauthorizedOperation")]);
    assert_eq!(find(&fake, Target::Referring(pl("pl-1"))).await.unwrap().len(), 1);
}

#[tokio::test]
async fn groups_by_name_and_by_vpc() {
    let fake = Fake::default().on(GROUPS, [group("default", "111122223333")]);
    let vpc = Target::DefaultOf(VpcId::new("vpc-1").unwrap());
    assert_eq!(find(&fake, vpc.clone()).await.unwrap(), [(fake.place(), sg("sg-1"))]);
    assert!(fake.sent(GROUPS)[0].contains("Filter.1.Value.1=vpc-1 Filter.2.Name=group-name Filter.2.Value.1=default"));
    let named = Target::Named(GroupName::new("web").unwrap());
    assert_eq!(find(&fake, named.clone()).await.unwrap().len(), 1);
    assert_eq!(fake.sent(GROUPS)[1], "GroupName.1=web");
    let fake = Fake::default().on(GROUPS, [refused(400, "InvalidGroup.NotFound")]);
    assert_eq!(find(&fake, named).await.unwrap(), []);
    let fake = Fake::default().on(GROUPS, [refused(403, "UnauthorizedOperation")]);
    assert_eq!(find(&fake, vpc).await.unwrap_err().kind, FailureKind::Denied);
}

#[tokio::test]
async fn a_page_of_the_list_and_what_is_no_cursor() {
    let fake = Fake::default()
        .on(GROUPS, [groups(&[("sg-1", "a", "111122223333"), ("odd id", "b", "111122223333")], Some("next"))]);
    let guard = SecurityGroupGuard::default();
    let page = guard.list(&fake.session(), Some("here")).await.unwrap();
    assert_eq!((page.ids, page.odd, page.next), (vec![sg("sg-1")], vec!["odd id".to_owned()], Some("next".to_owned())));
    assert!(fake.sent(GROUPS)[0].contains("owner-id") && fake.sent(GROUPS)[0].contains("NextToken=here"));
    let long = "x".repeat(3000);
    for cursor in ["", "a b", "\n", "\u{e9}", long.as_str()] {
        assert_eq!(guard.list(&fake.session(), Some(cursor)).await.unwrap_err().kind, FailureKind::Invalid, "{cursor}");
    }
    assert_eq!(guard.tags(&fake.session(), &sg("sg-1")).await.known().unwrap()["team"], "web");
}
