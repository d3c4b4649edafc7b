use proptest::prelude::*;

use super::*;

const BUCKET: &str = "arn:aws:s3:::www-example";
const CONTROL: &str = "s3-bucket-public-acl";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn place() -> Place {
    Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-central-1").unwrap() }
}

fn tags<const N: usize>(pairs: [(&str, &str); N]) -> Tags {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn member() -> AccountFacts {
    AccountFacts {
        name: Some("web".to_owned()),
        path: ["r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"].map(str::to_owned).to_vec(),
        tags: Tags::new(),
        read_at: at("2026-11-01T00:00:00Z"),
    }
}

/// An exemption for everything that narrows nothing.
fn everything() -> Exemption {
    Exemption {
        origin: Origin::Line(7),
        control: "*".to_owned(),
        resource: "*".to_owned(),
        account: None,
        organizational_unit: None,
        region: None,
        tags: Tags::new(),
        owner: "web@example.com".to_owned(),
        reason: "public web site".to_owned(),
        ticket: "SEC-1".to_owned(),
        until: at("2027-01-01T00:00:00Z"),
    }
}

fn covers(exemption: &Exemption, now: &str) -> Coverage {
    let (arn, place, account) = (Arn::from_parts(BUCKET.to_owned()), place(), member());
    let tags = Fact::Known(tags([("team", "web"), ("public", "yes")]));
    let subject = Subject { arn: &arn, place: &place, account: Some(&account), tags: &tags };
    exemption.covers(CONTROL, &subject, at(now))
}

/// One way to narrow an exemption: a word for it, the fitting value, one that fits something else.
type Scope = (&'static str, fn(&mut Exemption), fn(&mut Exemption));

const SCOPES: [Scope; 8] = [
    ("control", |e| e.control = CONTROL.to_owned(), |e| e.control = "s3-bucket-public".to_owned()),
    ("whole arn", |e| e.resource = BUCKET.to_owned(), |e| e.resource = "arn:aws:s3:::www-exampl".to_owned()),
    ("pattern", |e| e.resource = "arn:aws:s3:::www-*".to_owned(), |e| e.resource = "arn:aws:s3:::*-www".to_owned()),
    (
        "account",
        |e| e.account = AccountId::new("111122223333").ok(),
        |e| e.account = AccountId::new("111122223334").ok(),
    ),
    (
        "unit",
        |e| e.organizational_unit = Some("ou-ab12-11111111".to_owned()),
        |e| e.organizational_unit = Some("ou-ab12-33333333".to_owned()),
    ),
    ("region", |e| e.region = Region::new("eu-central-1").ok(), |e| e.region = Region::new("eu-central-2").ok()),
    ("tag", |e| e.tags = tags([("team", "web")]), |e| e.tags = tags([("team", "Web")])),
    (
        "tags",
        |e| e.tags = tags([("team", "web"), ("public", "yes")]),
        |e| e.tags = tags([("team", "web"), ("absent", "")]),
    ),
];

#[test]
fn each_scope_narrows_alone() {
    let now = "2026-12-01T00:00:00Z";
    assert_eq!(covers(&everything(), now), Coverage::Yes);
    for (name, fits, fails) in SCOPES {
        let (mut fitting, mut other) = (everything(), everything());
        fits(&mut fitting);
        fails(&mut other);
        assert_eq!(covers(&fitting, now), Coverage::Yes, "{name}");
        assert_eq!(covers(&other, now), Coverage::No, "{name}");
    }
}

#[test]
fn every_scope_must_hold_when_they_are_combined() {
    for failing in 0..=SCOPES.len() {
        let mut exemption = everything();
        for (_, fits, _) in SCOPES {
            fits(&mut exemption);
        }
        let expected = SCOPES.get(failing).map_or(Coverage::Yes, |(_, _, fails)| {
            fails(&mut exemption);
            Coverage::No
        });
        let name = SCOPES.get(failing).map_or("none", |scope| scope.0);
        assert_eq!(covers(&exemption, "2026-12-01T00:00:00Z"), expected, "{name} does not fit");
    }
}

#[test]
fn the_end_is_exclusive() {
    for (now, expected) in [
        ("2026-12-31T23:59:59.999999999Z", Coverage::Yes),
        ("2027-01-01T00:00:00Z", Coverage::No),
        ("2027-01-01T00:00:00.000000001Z", Coverage::No),
    ] {
        assert_eq!(covers(&everything(), now), expected, "{now}");
    }
}

/// What is not known is asked for only when the answer hangs on it.
#[test]
fn ignorance_is_named_when_everything_else_fits() {
    let (arn, place, account) = (Arn::from_parts(BUCKET.to_owned()), place(), member());
    let refused = crate::Unreadable {
        operation: "GetBucketTagging".to_owned(),
        code: "AccessDenied".to_owned(),
        request_id: None,
    };
    let unknown_tags = [Fact::NotRead, Fact::Unreadable(refused)];
    let known_tags = Fact::Known(Tags::new());
    let now = at("2026-12-01T00:00:00Z");
    let by_unit = Exemption { organizational_unit: Some("ou-ab12-11111111".to_owned()), ..everything() };
    let by_tag = Exemption { tags: tags([("team", "web")]), ..everything() };
    let by_both = Exemption { tags: by_tag.tags.clone(), ..by_unit.clone() };
    let ended = |exemption: &Exemption| Exemption { until: now, ..exemption.clone() };
    let elsewhere = |e: &Exemption| Exemption { account: AccountId::new("444455556666").ok(), ..e.clone() };
    let away = AccountFacts { path: vec!["r-ab12".to_owned()], ..account.clone() };

    for unknown in &unknown_tags {
        for (exemption, account, tags, expected) in [
            (&by_unit, None, &known_tags, Coverage::Unknown(Missing::Organization)),
            (&by_unit, Some(&account), unknown, Coverage::Yes),
            (&by_tag, None, unknown, Coverage::Unknown(Missing::Tags)),
            (&by_tag, None, &known_tags, Coverage::No),
            (&by_both, None, unknown, Coverage::Unknown(Missing::Organization)),
            (&by_both, Some(&account), unknown, Coverage::Unknown(Missing::Tags)),
            (&by_both, Some(&account), &known_tags, Coverage::No),
            (&by_both, Some(&away), unknown, Coverage::No),
            (&everything(), None, unknown, Coverage::Yes),
            (&ended(&by_both), None, unknown, Coverage::No),
            (&elsewhere(&by_both), None, unknown, Coverage::No),
        ] {
            let subject = Subject { arn: &arn, place: &place, account, tags };
            assert_eq!(exemption.covers(CONTROL, &subject, now), expected, "{exemption:?} with {account:?}, {tags:?}");
        }
    }
}

#[test]
fn a_tag_is_alone_when_nothing_names_the_resource() {
    for (pattern, alone) in [
        ("*", true),
        ("**", true),
        ("arn:*", true),
        ("arn:aws:s3:::*", true),
        ("arn:*:s3:::*", true),
        ("arn:aws:s3:*:*:*", true),
        ("arn:aws:s3:eu-central-1:111122223333:accesspoint/*", true),
        ("arn:aws:s3:*:*:*/*", true),
        ("arn:aws:apigateway:eu-central-1::/restapis/*", true),
        ("arn:aws:s3:::www-*", false),
        ("arn:aws:s3:::*-logs", false),
        ("*www*", false),
        (BUCKET, false),
        ("arn:aws:s3:eu-central-1:111122223333:accesspoint/reports", false),
        ("arn:aws:s3:eu-central-1:111122223333:accesspoint/reports-*", false),
        ("arn:aws:iam::111122223333:role/app/*", false),
        ("arn:aws:s3::111122223333:public-access-block", false),
    ] {
        let tagged = Exemption { resource: pattern.to_owned(), tags: tags([("public", "yes")]), ..everything() };
        assert_eq!(tagged.is_by_tag_alone(), alone, "{pattern}");
        let in_one_account = Exemption { account: AccountId::new("111122223333").ok(), ..tagged.clone() };
        assert_eq!(in_one_account.is_by_tag_alone(), alone, "{pattern}: an account does not name a resource");
        assert!(!Exemption { tags: Tags::new(), ..tagged }.is_by_tag_alone(), "{pattern} without a tag");
    }
}

/// A warning is told once per exemption: each has a key of its own, also when only one narrowing differs, and keeps it when
/// the file grows above it.
#[test]
fn keys_tell_exemptions_apart() {
    let mut keys = std::collections::BTreeSet::from([everything().key()]);
    for (name, fits, _) in SCOPES {
        let mut exemption = everything();
        fits(&mut exemption);
        assert!(keys.insert(exemption.key()), "{name} is not in the key");
        assert_eq!(Exemption { origin: Origin::Line(99), ..exemption.clone() }.key(), exemption.key());
    }
    let huge = Exemption { resource: format!("arn:{}", "x".repeat(5000)), ..everything() };
    assert!(huge.key().len() < 64, "the ledger's keys are at most 1,024 bytes");
    let origin = Origin::Row { id: "e-1".to_owned(), by: "me".to_owned(), at: at("2026-11-01T00:00:00Z") };
    let row = Exemption { origin, ..everything() };
    assert_eq!((row.key(), row.stands()), ("e-1".to_owned(), "row e-1 of the ledger".to_owned()));
    assert_eq!(everything().stands(), "line 7 of the settings");
}

#[test]
fn an_exemption_survives_the_ledger() {
    let mut exemption = everything();
    exemption.origin = Origin::Row { id: "e-1".to_owned(), by: "me".to_owned(), at: at("2026-11-01T00:00:00Z") };
    for (_, fits, _) in SCOPES {
        let text = serde_json::to_string(&exemption).unwrap();
        assert_eq!(serde_json::from_str::<Exemption>(&text).unwrap(), exemption);
        fits(&mut exemption);
    }
}

proptest! {
    #[test]
    fn a_pattern_without_stars_covers_exactly_itself(pattern in "[a-c:/.?\\[é-]{0,8}", text in "[a-c:/.?\\[é-]{0,8}") {
        prop_assert!(matches(&pattern, &pattern));
        prop_assert_eq!(matches(&pattern, &text), pattern == text);
    }

    /// The pattern means what the regular expression with `.*` for each star means, here by trying every split.
    #[test]
    fn stars_stand_for_any_run(pattern in "[ab*]{0,6}", text in "[ab]{0,7}") {
        fn by_the_book(pattern: &[u8], text: &[u8]) -> bool {
            match pattern {
                [] => text.is_empty(),
                [b'*', rest @ ..] => (0..=text.len()).any(|n| by_the_book(rest, &text[n..])),
                [first, rest @ ..] => text.first() == Some(first) && by_the_book(rest, &text[1..]),
            }
        }
        prop_assert_eq!(matches(&pattern, &text), by_the_book(pattern.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn a_text_is_covered_by_itself_with_anything_starred(text in "[a-z:/é-]{0,20}", cuts in proptest::collection::vec(0_usize..20, 0..4)) {
        let starred: String = text.chars().enumerate().map(|(i, c)| if cuts.contains(&i) { '*' } else { c }).collect();
        prop_assert!(matches(&starred, &text), "{starred} against {text}");
    }
}
