//! What holds for any group.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn peer() -> impl Strategy<Value = Peer> {
    const RANGES: &[&str] = &[
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "16.0.0.0/8",
        "17.0.0.0/8",
        "10.0.0.0/8",
        "11.0.0.0/8",
        "203.0.113.0/24",
        "203.0.113.7/32",
        "2a00::/32",
        "2a00:1::/32",
        "2600::/12",
        "fc00::/7",
    ];
    prop_oneof![
        8 => select(RANGES).prop_map(|text| Peer::Range(range(text))),
        2 => select(&["pl-1", "pl-2"][..]).prop_map(|id| Peer::List(list(id))),
        1 => Just(Peer::Group(GroupRef { id: "sg-1".into(), owner: None, vpc: None, peering: None })),
    ]
}

fn a_rule() -> impl Strategy<Value = Rule> {
    let ports = select(
        &[
            ("tcp", 22, 22),
            ("tcp", 20, 25),
            ("tcp", 443, 443),
            ("tcp", 0, 65535),
            ("tcp", 0, 40000),
            ("tcp", 30000, 65535),
            ("udp", 53, 53),
            ("udp", 3000, 4000),
            ("icmp", -1, -1),
            ("icmp", 8, -1),
            ("icmp", 22, 22),
            ("-1", -1, -1),
            ("50", -1, -1),
            ("tcp", 5432, 5432),
        ][..],
    );
    let notes =
        (proptest::option::of("[a-z ]{1,9}"), proptest::collection::btree_map("[a-z]{1,4}", "[a-z]{0,4}", 0..3));
    (ports, peer(), notes).prop_map(|((protocol, from, to), peer, (description, tags))| Rule {
        what: Allowed { protocol: protocol.into(), from, to, peer },
        notes: Notes { description, tags },
    })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    vec(a_rule(), 0..9).prop_map(|rules| {
        let by_what: BTreeMap<Allowed, Notes> = rules.into_iter().map(|rule| (rule.what, rule.notes)).collect();
        by_what.into_iter().map(|(what, notes)| Rule { what, notes }).collect()
    })
}

fn fact<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![
        8 => value.prop_map(Fact::Known),
        1 => Just(()).prop_map(|()| refused()),
        1 => Just(()).prop_map(|()| Fact::NotRead),
    ]
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let entries = vec(select(&["0.0.0.0/0", "16.0.0.0/8", "17.0.0.0/8", "203.0.113.0/24", "::/0"][..]), 0..3)
        .prop_map(|texts| texts.into_iter().map(range).collect::<Vec<_>>());
    let lists = proptest::collection::btree_map(select(&["pl-1", "pl-2"][..]).prop_map(list), fact(entries), 0..3);
    let about = (select(&["default", "web"][..]), select(&["123456789012", "123456789012", "999988887777"][..]));
    let about = about.prop_map(|(name, owner)| About {
        name: name.into(),
        owner: Some(AccountId::new(owner).unwrap()),
        vpc: None,
    });
    let sets = (rules(), rules()).prop_map(|(ingress, egress)| RuleSet { ingress, egress });
    (fact(about), fact(sets), lists, fact(any::<bool>())).prop_map(|(about, rules, lists, in_use)| Facts {
        about,
        rules,
        lists,
        in_use,
        ..group(&[])
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), select(&[100_u32, 32_768, 65_535][..])).prop_map(|(echo, most_ports)| Rules {
        echo,
        most_ports,
        ..Rules::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_every_kind(facts in any_facts(), rules in any_rules(), correct in laws::selection::<SecurityGroup>()) {
        laws::hold::<SecurityGroup>(&facts, &rules, &correct)?;
    }

    #[test]
    fn ignorance_is_never_silence(facts in any_facts(), rules in any_rules()) {
        laws::ignorance_is_never_silence::<SecurityGroup>(&facts, &rules, &[])?;
    }

    /// A correction takes away rules that let a stranger in and nothing else: every rule for a narrow range, a group or a port
    /// that is no concern stays, with all that hangs on it.
    #[test]
    fn what_does_not_offend_stays(facts in any_facts(), rules in any_rules()) {
        let all = laws::every::<SecurityGroup>();
        let ingress: Selection = all.iter().copied().filter(|control| *control != DEFAULT).collect();
        let changes = rectify_controls::plan::<SecurityGroup>(&facts, &rules, &ingress);
        let after = laws::after::<SecurityGroup>(&facts, &changes);
        let (Some(before), Some(after)) = (facts.rules.known(), after.rules.known()) else { return Ok(()) };
        prop_assert_eq!(&before.egress, &after.egress);
        for rule in &before.ingress {
            let narrow = match &rule.what.peer {
                Peer::Group(_) => true,
                Peer::Range(range) => range.to_string().ends_with("/24") || range.to_string().ends_with("/32") || range.is_private(),
                Peer::List(_) => false,
            };
            let harmless = rule.what.protocol == "50" || (rule.what.from == 443 && rule.what.to == 443);
            if (narrow && !["2a00::/32", "2a00:1::/32"].contains(&peer_text(rule).as_str())) || harmless {
                prop_assert!(after.ingress.contains(rule), "{:?} is gone", rule);
            }
        }
        for rule in &after.ingress {
            prop_assert!(before.ingress.contains(rule), "{:?} is new", rule);
        }
    }

    /// Whatever a stranger's address, no administration port lets it in after the correction, unless a rule for a narrow range
    /// does.
    #[test]
    fn no_half_of_the_internet_is_left(facts in any_facts()) {
        let changes = rectify_controls::plan::<SecurityGroup>(&facts, &Rules::default(), &Selection::from([ADMIN]));
        let after = laws::after::<SecurityGroup>(&facts, &changes);
        if matches!(&facts.about, Fact::Known(about) if about.owner != Some(place().account)) {
            return Ok(());
        }
        for rule in after.rules.known().into_iter().flat_map(|rules| &rules.ingress) {
            let opens = rule.what.protocol == "-1" || (rule.what.protocol == "tcp" && rule.what.from <= 22 && 22 <= rule.what.to);
            if let Peer::Range(range) = &rule.what.peer {
                prop_assert!(!(opens && range.is_anywhere()), "{:?}", rule);
            }
        }
    }
}

fn peer_text(rule: &Rule) -> String {
    match &rule.what.peer {
        Peer::Range(range) => range.to_string(),
        _ => String::new(),
    }
}
