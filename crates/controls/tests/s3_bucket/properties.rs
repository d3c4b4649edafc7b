//! What holds for every bucket, not only for the ones somebody thought of.

use proptest::prelude::*;
use rectify_controls::{Fact, Finding, Kind, Selection, State, plan, s3_bucket::*};
use serde_json::Value;

use super::{all, one, world::*};

const ACL: &str = "s3-bucket-public-acl";
const POLICY: &str = "s3-bucket-public-policy";

fn after(facts: &Facts, changes: &[Change]) -> Facts {
    let mut facts = facts.clone();
    for change in changes {
        S3Bucket::simulate(&mut facts, change);
    }
    facts
}

fn live(findings: &[Finding<Change>], control: &str) -> bool {
    findings.iter().any(|finding| finding.control.id == control && finding.state == State::Live)
}

/// Controls to correct. Whoever blocks public access and wants TLS, but leaves the public policy itself alone, asks for a
/// contradiction: AWS refuses every new text of a public policy once it is blocked. TLS is then told as not put right.
fn selection() -> impl Strategy<Value = Selection> {
    let controls: Vec<&'static str> = S3Bucket::CONTROLS.iter().map(|control| control.id).collect();
    prop::sample::subsequence(controls, 1..=S3Bucket::CONTROLS.len()).prop_map(|ids| {
        let mut ids: Selection = ids.into_iter().collect();
        if ids.contains("s3-bucket-block-public-access-off") && ids.contains("s3-bucket-tls-not-required") {
            ids.insert(POLICY);
        }
        ids
    })
}

fn on_bucket(facts: &Facts) -> &BucketFacts {
    match facts {
        Facts::Bucket(facts) => facts,
        _ => panic!("a bucket"),
    }
}

fn boxed(facts: BucketFacts) -> Facts {
    Facts::Bucket(Box::new(facts))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

    /// What a finding says it can put right is right afterwards, whatever else is corrected with it.
    #[test]
    fn after_the_plan_the_finding_is_gone(facts in target(), lost in lost(), rules in rules(), correct in selection()) {
        let facts = without(&facts, &lost, true);
        let before = S3Bucket::judge(&facts, &rules, &correct);
        let fixed = after(&facts, &plan::<S3Bucket>(&facts, &rules, &correct));
        let left = S3Bucket::judge(&fixed, &rules, &correct);
        for finding in before.iter().filter(|finding| !finding.changes.is_empty()) {
            prop_assert!(!live(&left, finding.control.id), "{} is still live: {:?}", finding.control.id, left);
        }
        prop_assert!(left.iter().all(|finding| finding.changes.is_empty()), "more could be done: {left:?}");
    }

    /// With everything known and writable, no trace of the finding is left: that is what proves a correction.
    #[test]
    fn on_known_facts_nothing_at_all_is_left(facts in bucket(), rules in rules(), correct in selection()) {
        let writable = facts.acl.known().is_some_and(|acl| {
            acl.owner_id.is_some() && !acl.grants.iter().any(|grant| matches!(grant.grantee, Grantee::Unknown { .. }))
        });
        prop_assume!(writable);
        let facts = boxed(facts);
        let before = S3Bucket::judge(&facts, &rules, &correct);
        let fixed = after(&facts, &plan::<S3Bucket>(&facts, &rules, &correct));
        let left = S3Bucket::judge(&fixed, &rules, &correct);
        for finding in before.iter().filter(|finding| !finding.changes.is_empty()) {
            prop_assert!(left.iter().all(|f| f.control.id != finding.control.id), "{left:?}");
        }
    }

    /// Minimal: every grant and every statement that does not let everyone in survives as it was, in its order.
    #[test]
    fn what_does_not_offend_survives(facts in bucket(), lost in lost(), rules in rules(), correct in selection()) {
        let known = facts.clone();
        let facts = without(&boxed(facts), &lost, false);
        let fixed = after(&facts, &plan::<S3Bucket>(&facts, &rules, &correct));
        let (facts, fixed) = (on_bucket(&facts), on_bucket(&fixed));
        if let (Fact::Known(before), Fact::Known(now)) = (&facts.acl, &fixed.acl) {
            let kept = |acl: &Acl| acl.grants.iter().filter(|grant| !is_public_grant(grant)).cloned().collect::<Vec<_>>();
            let private = |grants: &[Grant]| grants.len() == 1 && grants[0].permission == "FULL_CONTROL";
            let (before_kept, now_kept) = (kept(before), kept(now));
            prop_assert!(before_kept == now_kept || (before_kept.is_empty() && private(&now_kept)), "{:?}", now);
            prop_assert_eq!(&before.owner_id, &now.owner_id);
        }
        if let (Fact::Known(Some(before)), Fact::Known(now)) = (&facts.policy, &fixed.policy) {
            let (open, narrow) = split(before);
            let now: Value = now.as_ref().map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default();
            let now: Vec<Value> = now["Statement"].as_array().cloned().unwrap_or_default();
            let left: Vec<Value> = now.iter().filter(|statement| !open.contains(statement)).cloned().collect();
            let added = left.iter().filter(|statement| statement["Sid"] == "RectifyRequireTls").count();
            prop_assert_eq!(&left[..left.len() - added], &narrow[..]);
            prop_assert!(added <= 1);
        }
        if let (Fact::Known(before), Fact::Known(now)) = (&facts.block, &fixed.block) {
            let (before, now) = (before.unwrap_or_default(), now.unwrap_or_default());
            prop_assert_eq!(before.or(now), now, "no flag is switched off");
        }
        // Lost facts are never written.
        if lost.contains(&Read::Block) {
            prop_assert!(fixed.block.known().is_none() && known.block.known().is_some());
        }
        if lost.contains(&Read::Acl) {
            prop_assert!(fixed.acl.known().is_none());
        }
        if lost.contains(&Read::Policy) {
            prop_assert!(fixed.policy.known().is_none());
        }
    }

    #[test]
    fn planning_twice_is_planning_once(facts in target(), lost in lost(), rules in rules(), correct in selection()) {
        let facts = without(&facts, &lost, true);
        let fixed = after(&facts, &plan::<S3Bucket>(&facts, &rules, &correct));
        prop_assert_eq!(plan::<S3Bucket>(&fixed, &rules, &correct), vec![]);
    }

    /// Inverses in reverse order, and `undo` in its order, restore every setting. Two things are not settings: AWS's verdict
    /// on a policy follows from it, and versioning that was never enabled can only be suspended.
    #[test]
    fn an_undo_restores_the_facts(facts in target(), lost in lost(), rules in rules(), correct in selection()) {
        let facts = without(&facts, &lost, true);
        let plan = plan::<S3Bucket>(&facts, &rules, &correct);
        let fixed = after(&facts, &plan);
        let inverses: Option<Vec<Change>> = plan.iter().rev().map(|change| S3Bucket::inverse(&facts, change)).collect();
        let inverses = inverses.expect("every change of a plan can be undone");
        for back in [after(&fixed, &inverses), after(&fixed, &undo(&facts, &plan).unwrap())] {
            let (mut expected, mut back) = (facts.clone(), back);
            for side in [&mut expected, &mut back] {
                match side {
                    Facts::Bucket(side) => {
                        side.policy_is_public = Fact::NotRead;
                        if let Some(versioning) = side.versioning.known_mut() {
                            versioning.status.get_or_insert(VersioningStatus::Suspended);
                        }
                    }
                    Facts::AccessPoint(side) => side.policy_is_public = Fact::NotRead,
                    Facts::Account(_) => {}
                }
            }
            let touched = plan.iter().any(|change| matches!(change, Change::PutVersioning(_)));
            if let (false, Facts::Bucket(a), Facts::Bucket(b)) = (touched, &facts, &back) {
                prop_assert!(a.versioning.known().is_none_or(|v| v.status.is_none()) || a.versioning == b.versioning);
            }
            prop_assert_eq!(expected, back);
        }
    }

    /// A state in which facts are missing is silent only when every filling of the gaps would be silent too. AWS's verdict
    /// on a policy is a second opinion: it adds a finding of its own when it is there, and its absence is no ignorance.
    #[test]
    fn ignorance_is_never_silence(facts in target(), lost in lost(), refused: bool, rules in rules()) {
        let second_opinion = [Read::PolicyStatus, Read::AccessPointPolicyStatus];
        let facts = without(&facts, &second_opinion, true);
        let blind = without(&facts, &lost, refused);
        for control in S3Bucket::CONTROLS {
            let selection = one(control.id);
            let seen = S3Bucket::judge(&facts, &rules, &selection);
            let unseen = S3Bucket::judge(&blind, &rules, &selection);
            prop_assert!(!unseen.is_empty() || seen.is_empty(), "{} went silent without {lost:?}: {seen:?}", control.id);
            for finding in &unseen {
                prop_assert!(finding.state == State::Live || finding.changes.is_empty());
            }
        }
    }

    /// A missing fact never makes a breach look worse understood than it is: nothing neutralised without a block that is
    /// known to be on.
    #[test]
    fn an_unknown_block_never_neutralises(facts in bucket(), refused: bool, rules in rules()) {
        let blind = without(&boxed(facts), &[Read::Block, Read::AccountBlock], refused);
        for finding in S3Bucket::judge(&blind, &rules, &all()) {
            prop_assert!(!matches!(finding.state, State::Neutralised { .. }), "{finding:?}");
        }
    }

    /// The deadline may fall after any change: the first one alone already closes the exposure.
    #[test]
    fn the_first_change_alone_closes(facts in bucket(), lost in lost(), rules in rules()) {
        let facts = without(&boxed(facts), &lost, true);
        for control in [ACL, POLICY] {
            let plan = plan::<S3Bucket>(&facts, &rules, &one(control));
            if let Some(first) = plan.first() {
                let closed = after(&facts, std::slice::from_ref(first));
                prop_assert!(!live(&S3Bucket::judge(&closed, &rules, &one(control)), control), "{first}");
            }
        }
    }

    /// … both exposures at once, where the block acts on both.
    #[test]
    fn the_first_change_alone_closes_both(facts in bucket(), rules in rules()) {
        let text = facts.policy.known().cloned().flatten();
        prop_assume!(text.is_some_and(|text| s3_public(&text)));
        let facts = boxed(facts);
        let both = Selection::from([ACL, POLICY]);
        let plan = plan::<S3Bucket>(&facts, &rules, &both);
        if let Some(first) = plan.first() {
            let closed = S3Bucket::judge(&after(&facts, std::slice::from_ref(first)), &rules, &both);
            prop_assert!(!live(&closed, ACL) && !live(&closed, POLICY), "{first}");
        }
    }

    /// AWS would accept each change where the plan makes it, and each change of the undo where it stands.
    #[test]
    fn aws_accepts_each_step(facts in bucket(), rules in rules(), correct in selection()) {
        let mut facts = facts;
        if facts.ownership == Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)) {
            // No other ACL exists while ACLs are disabled.
            if let Some(acl) = facts.acl.known_mut() { acl.grants.clear() }
        }
        let before = boxed(facts);
        let plan = plan::<S3Bucket>(&before, &rules, &correct);
        let mut state = before.clone();
        for change in &plan {
            prop_assert_eq!(refusal(on_bucket(&state), change), None, "{} in {:?}", change, plan);
            S3Bucket::simulate(&mut state, change);
        }
        // An account's block that refuses what was there before the block was made is not ours to lift.
        let account = on_bucket(&before).account_block.known().copied().flatten().unwrap_or_default();
        let own = on_bucket(&before).block.known().copied().flatten().unwrap_or_default();
        let block = own.or(account);
        if block.block_public_acls || block.block_public_policy {
            return Ok(());
        }
        for change in undo(&before, &plan).unwrap() {
            prop_assert_eq!(refusal(on_bucket(&state), &change), None, "undo of {:?}: {}", plan, change);
            S3Bucket::simulate(&mut state, &change);
        }
    }

    /// The law is a function, and a control's finding does not depend on which others are asked.
    #[test]
    fn controls_are_judged_one_by_one(facts in target(), lost in lost(), rules in rules(), selection in selection()) {
        let facts = without(&facts, &lost, false);
        let together: Vec<String> = S3Bucket::judge(&facts, &rules, &selection).iter().map(super::view).collect();
        let singly: Vec<String> = S3Bucket::CONTROLS
            .iter()
            .filter(|control| selection.contains(control.id))
            .flat_map(|control| S3Bucket::judge(&facts, &rules, &one(control.id)))
            .map(|finding| super::view(&finding))
            .collect();
        prop_assert_eq!(together, singly);
    }

    /// Encryption is never lowered.
    #[test]
    fn encryption_is_never_lowered(facts in bucket(), rules in rules()) {
        let strength = |name: &str| ["AES256", "aws:kms", "aws:kms:dsse"].iter().position(|known| *known == name);
        let before = facts.encryption.known().cloned().flatten().map_or("AES256".to_owned(), |rule| rule.algorithm);
        for change in plan::<S3Bucket>(&boxed(facts), &rules, &all()) {
            if let Change::PutEncryption(rule) = change {
                prop_assert!(strength(&before).is_some() && strength(&rule.algorithm) >= strength(&before));
                prop_assert!(rule.key.is_some());
            }
        }
    }

    /// Any text may stand as a policy.
    #[test]
    fn no_policy_text_panics(text in ".{0,200}", status in proptest::option::of(any::<bool>())) {
        let mut facts = match super::facts("bucket", &Value::Null) {
            Facts::Bucket(facts) => facts,
            _ => unreachable!(),
        };
        facts.policy = Fact::Known(Some(text));
        facts.policy_is_public = Fact::Known(status);
        let findings = S3Bucket::judge(&Facts::Bucket(facts), &Rules::default(), &all());
        prop_assert!(findings.iter().any(|finding| finding.control.id == "s3-bucket-tls-not-required"));
    }

    /// Facts and changes go into the ledger and come back.
    #[test]
    fn facts_survive_the_ledger(facts in target(), lost in lost()) {
        let facts = without(&facts, &lost, true);
        let text = serde_json::to_string(&facts).unwrap();
        prop_assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
    }
}

#[test]
fn changes_survive_the_ledger() {
    for change in every_change() {
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
        assert!(!change.to_string().is_empty());
    }
}

/// Whatever stands there, each change can be undone by its inverse, also the ones that no plan makes today.
#[test]
fn every_change_has_an_inverse() {
    use serde_json::json;
    let website = json!({"index": "index.html", "error": null, "redirect_all": null, "routing": []});
    let text = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let configured = json!({
        "website": {"known": website}, "versioning": {"known": {"status": "Suspended", "mfa_delete": false}},
        "policy_is_public": {"known": null},
    });
    let bare = json!({
        "block": {"known": null}, "ownership": {"known": null}, "policy": {"known": null}, "encryption": {"known": null},
        "website": {"known": null}, "logging": {"known": null}, "policy_is_public": {"known": null},
    });
    let worlds = [
        super::facts("bucket", &configured),
        super::facts("bucket", &bare),
        super::facts("account", &Value::Null),
        super::facts("account", &json!({"block": {"known": null}})),
        super::facts("access_point", &Value::Null),
        super::facts("access_point", &json!({"policy": {"known": text}})),
    ];
    let mut undone = 0;
    for (facts, change) in worlds.iter().flat_map(|facts| every_change().into_iter().map(move |change| (facts, change)))
    {
        if let Some(inverse) = S3Bucket::inverse(facts, &change) {
            let back = after(facts, &[change.clone(), inverse.clone()]);
            assert_eq!(back, *facts, "{change}, then {inverse}");
            assert_eq!(S3Bucket::slot(&change), S3Bucket::slot(&inverse));
            undone += 1;
        }
    }
    assert_eq!(undone, 2 * every_change().len());
}

/// A change about another kind of target changes nothing and undoes nothing.
#[test]
fn changes_of_another_target_do_nothing() {
    let bucket = super::facts("bucket", &Value::Null);
    let account = super::facts("account", &Value::Null);
    let point = super::facts("access_point", &Value::Null);
    for change in every_change() {
        let homes = [&bucket, &account, &point].into_iter().filter(|facts| S3Bucket::inverse(facts, &change).is_some());
        assert_eq!(homes.count(), 1, "{change}");
        for facts in [&bucket, &account, &point] {
            if S3Bucket::inverse(facts, &change).is_none() {
                assert_eq!(after(facts, std::slice::from_ref(&change)), *facts, "{change}");
            }
        }
    }
}
