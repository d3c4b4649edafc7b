//! What holds whatever a trail looks like.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rectify_controls::{Fact, Kind, cloudtrail::*};

use super::{laws, world::*};

fn fact<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![8 => value.prop_map(Fact::Known), 1 => Just(refused("Get")), 1 => Just(Fact::NotRead)]
}

fn some_basic() -> impl Strategy<Value = BasicSelector> {
    let kinds = prop::sample::select(vec!["All", "ReadOnly", "WriteOnly"]);
    let excluded = prop::sample::subsequence(vec!["kms.amazonaws.com", "rdsdata.amazonaws.com"], 0..=2);
    let values = prop::sample::subsequence(vec!["arn:aws:s3", "arn:aws:s3:::a/", "arn:aws:s3:::a/b/"], 0..=3);
    (kinds, any::<bool>(), excluded, prop::option::of(values)).prop_map(|(kind, management, excluded, values)| {
        let values = values.unwrap_or_default();
        let data: Vec<(&str, &[&str])> = if values.is_empty() { vec![] } else { vec![("AWS::S3::Object", &values)] };
        basic(kind, management, &excluded, &data)
    })
}

fn some_advanced() -> impl Strategy<Value = AdvancedSelector> {
    let category = prop::sample::select(vec!["Management", "Data", "NetworkActivity"]);
    let way = prop::option::of(prop::sample::select(vec!["true", "false"]));
    let prefix =
        prop::option::of(prop::sample::select(vec!["arn:aws:s3:::a/", "arn:aws:s3:::a/b/", "arn:aws:s3:::c/"]));
    let source = prop::option::of(prop::sample::select(vec!["kms.amazonaws.com", "rdsdata.amazonaws.com"]));
    (category, way, prefix, source).prop_map(|(category, way, prefix, source)| {
        let mut fields = vec![field("eventCategory", &[category])];
        fields.extend(way.map(|way| field("readOnly", &[way])));
        if category == "Data" {
            fields.push(field("resources.type", &["AWS::S3::Object"]));
            fields.extend(prefix.map(|prefix| starts("resources.ARN", &[prefix])));
        }
        if category == "Management" {
            fields.extend(source.map(|source| FieldSelector {
                field: "eventSource".to_owned(),
                not_equals: vec![source.to_owned()],
                ..FieldSelector::default()
            }));
        }
        advanced(fields)
    })
}

fn some_selectors() -> impl Strategy<Value = Selectors> {
    prop_oneof![
        prop::collection::vec(some_basic(), 1..=5).prop_map(Selectors::Basic),
        prop::collection::vec(some_advanced(), 1..=4).prop_map(Selectors::Advanced),
    ]
}

fn some_insights() -> impl Strategy<Value = BTreeSet<String>> {
    prop::sample::subsequence(vec!["ApiCallRateInsight".to_owned(), "ApiErrorRateInsight".to_owned()], 0..=2)
        .prop_map(|kinds| kinds.into_iter().collect())
}

fn some_settings() -> impl Strategy<Value = Settings> {
    let key = prop::option::of(Just("arn:aws:kms:eu-central-1:111122223333:key/1".to_owned()));
    (any::<[bool; 4]>(), key, prop::sample::select(vec!["logs", "theirs"])).prop_map(|(flags, key, bucket)| Settings {
        key,
        bucket: bucket.to_owned(),
        multi_region: flags[0],
        global_events: flags[1],
        organization: flags[2],
        validation: flags[3],
        ..settings()
    })
}

fn some_bucket() -> impl Strategy<Value = Bucket> {
    let flags = || {
        let flags = any::<[bool; 2]>().prop_map(|[acls, policies]| rectify_controls::s3_bucket::BlockFlags {
            ignore_public_acls: acls,
            restrict_public_buckets: policies,
            ..Default::default()
        });
        fact(prop::option::of(flags))
    };
    let own = (fact(any::<bool>()), fact(any::<bool>()), flags(), flags()).prop_map(
        |(policy_public, acl_public, block, account_block)| Bucket::Own {
            policy_public,
            acl_public,
            block,
            account_block,
        },
    );
    prop_oneof![own, Just(Bucket::Foreign), Just(Bucket::Missing)]
}

fn some_definition() -> impl Strategy<Value = Definition> {
    (some_settings(), any::<bool>(), some_selectors(), some_insights()).prop_map(
        |(settings, logging, selectors, insights)| Definition {
            settings,
            logging,
            selectors,
            insights,
            tags: BTreeMap::new(),
        },
    )
}

fn some_seen(name: &'static str) -> impl Strategy<Value = Seen> {
    (any::<[bool; 3]>(), fact(any::<bool>()), fact(some_selectors())).prop_map(move |(flags, logging, selectors)| {
        Seen {
            multi_region: flags[0],
            global_events: flags[1],
            owner: account(if flags[2] { OURS } else { MANAGEMENT }),
            organization: !flags[2],
            logging,
            selectors: if flags[2] { selectors } else { Fact::NotRead },
            ..seen(name)
        }
    })
}

fn some_trail() -> impl Strategy<Value = Facts> {
    let status = (any::<[bool; 2]>(), prop::option::of(Just("NoSuchBucket".to_owned())))
        .prop_map(|([logging, started], delivery_error)| Status { logging, started, delivery_error });
    let there = (
        fact(some_settings().prop_map(Some)),
        fact(status),
        fact(some_selectors()),
        fact(some_insights()),
        fact(some_bucket()),
        prop::option::of(some_definition()),
        prop::collection::vec(some_seen("other"), 0..=1),
    );
    let there = there.prop_map(|(settings, status, selectors, insights, bucket, kept, beside)| TrailFacts {
        settings,
        status,
        selectors,
        insights,
        bucket,
        kept: kept.map(Box::new),
        deleted: false,
        beside: Fact::Known(beside),
        ..trail()
    });
    let gone = prop::option::of(some_definition()).prop_map(gone);
    prop_oneof![6 => there, 1 => gone].prop_map(|facts| Facts::Trail(Box::new(facts)))
}

fn some_account() -> impl Strategy<Value = Facts> {
    let trails = (some_seen("one"), some_seen("two"), 0_usize..=2)
        .prop_map(|(one, two, count)| [one, two].into_iter().take(count).collect::<Vec<_>>());
    (fact(trails), prop::sample::subsequence(vec!["one", "two"], 0..=2)).prop_map(|(trails, kept)| {
        let kept = kept.into_iter().map(|name| (trail_id(name), true)).collect();
        Facts::Account(Box::new(AccountFacts { place: place(), trails, kept }))
    })
}

fn some_store_settings() -> impl Strategy<Value = StoreSettings> {
    let category = prop::sample::select(vec!["Management", "Data"]);
    let way = prop::option::of(prop::sample::select(vec!["true", "false"]));
    let selector = (category, way).prop_map(|(category, way)| {
        let field = |name: &str, value: &str| FieldSelector {
            field: name.to_owned(),
            equals: vec![value.to_owned()],
            ..FieldSelector::default()
        };
        let fields = std::iter::once(field("eventCategory", category)).chain(way.map(|way| field("readOnly", way)));
        AdvancedSelector { name: None, fields: fields.collect() }
    });
    let selectors = prop::collection::vec(selector, 0..3).prop_map(Selectors::Advanced);
    let retention = prop::sample::select(vec![7, 366, 2557]);
    (any::<bool>(), any::<bool>(), retention, selectors).prop_map(|(multi_region, protected, retention, selectors)| {
        StoreSettings { multi_region, protected, retention, selectors }
    })
}

fn some_store() -> impl Strategy<Value = Facts> {
    let status = prop::sample::select(vec!["ENABLED", "STOPPED_INGESTION", "PENDING_DELETION", "CREATED"]);
    let kept = prop::option::of(Just("ENABLED".to_owned()));
    let (now, before) = (fact(some_store_settings()), prop::option::of(some_store_settings()));
    (fact(status.prop_map(str::to_owned)), kept, now, before).prop_map(|(status, kept, settings, kept_settings)| {
        Facts::Store(Box::new(StoreFacts { status, kept, settings, kept_settings, ..store("ENABLED") }))
    })
}

fn some_facts() -> impl Strategy<Value = Facts> {
    prop_oneof![6 => some_trail(), 2 => some_account(), 3 => some_store()]
}

fn some_rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), prop::option::of(Just("alias/trail".to_owned())), any::<bool>()).prop_map(|(kms, key, keep)| {
        Rules {
            excludable: if kms { vec!["kms.amazonaws.com".to_owned()] } else { Vec::new() },
            keep_data_events: keep,
            key,
            log_buckets: Vec::new(),
        }
    })
}

proptest! {
    #[test]
    fn the_laws_hold(facts in some_facts(), rules in some_rules(), correct in laws::selection::<CloudTrail>()) {
        laws::hold::<CloudTrail>(&facts, &rules, &correct)?;
    }

    #[test]
    fn ignorance_is_never_silence(facts in some_facts(), rules in some_rules()) {
        laws::ignorance_is_never_silence::<CloudTrail>(&facts, &rules, &["tags", "block", "account_block", "beside"])?;
    }

    /// What a correction sets logs everything that was logged before and everything that is logged now.
    #[test]
    fn nothing_is_lost_by_a_correction_of_selectors(now in some_selectors(), before in some_selectors()) {
        if let Some(both) = now.with(&before) {
            let fixed = both.with_management(&[]);
            prop_assert!(fixed.management_gaps(&[]).is_empty(), "{:?}", fixed);
            prop_assert!(fixed.lost(&before).is_empty() && fixed.lost(&now).is_empty(), "{:?}", fixed);
            prop_assert!(both.cover(&before) && both.cover(&now));
        }
    }

    /// Keeping is a ratchet: what is kept after a look logs at least what was kept before it.
    #[test]
    fn what_is_kept_never_gets_worse(facts in some_trail()) {
        let Facts::Trail(trail) = &facts else { unreachable!() };
        let Some(Facts::Trail(kept)) = CloudTrail::keep(&facts) else { return Ok(()) };
        let (Some(before), Some(now)) = (&trail.kept, &kept.kept) else { return Ok(()) };
        prop_assert!(now.selectors.cover(&before.selectors), "{:?}", now);
        prop_assert!(now.logging >= before.logging && now.settings.validation >= before.settings.validation);
        prop_assert!(now.settings.multi_region >= before.settings.multi_region);
        prop_assert!(now.settings.key.is_some() || before.settings.key.is_none());
        let mut again = facts.clone();
        CloudTrail::recall(&mut again, &Facts::Trail(kept));
        prop_assert_eq!(CloudTrail::keep(&again), CloudTrail::keep(&again.clone()));
    }
}
