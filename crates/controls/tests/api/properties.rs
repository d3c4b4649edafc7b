//! What holds for every resource, not only for the ones somebody thought of.

use proptest::prelude::*;
use rectify_controls::{Fact, Kind, api::*, plan};

use super::{laws, world};

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold(facts in world::facts(), rules in world::rules(), correct in laws::selection::<Api>()) {
        laws::hold::<Api>(&facts, &rules, &correct)?;
        laws::ignorance_is_never_silence::<Api>(&facts, &rules, &[])?;
    }

    /// A web ACL that is there is never replaced, and one of Firewall Manager never associated.
    #[test]
    fn a_firewall_stays(facts in world::facts(), rules in world::rules()) {
        let before = serde_json::to_value(&facts).unwrap();
        let there = |facts: &serde_json::Value| {
            let facts = facts.as_object().and_then(|facts| facts.values().next().cloned()).unwrap_or_default();
            facts.pointer("/web_acl/known").cloned()
        };
        for change in plan::<Api>(&facts, &rules, &laws::every::<Api>()) {
            if let Change::Associate(arn) = &change {
                prop_assert_eq!(there(&before), Some(serde_json::Value::Null), "{:?}", facts);
                let is_global = matches!(facts, Facts::Distribution(_));
                prop_assert_eq!(arn, if is_global { world::GLOBAL_BASELINE } else { world::BASELINE });
                if let Facts::UserPool(pool) = &facts {
                    let chosen = pool.acls.known().and_then(|acls| acls.iter().find(|acl| &acl.arn == arn));
                    prop_assert!(chosen.is_some_and(|acl| acl.fraud_control == Fact::Known(false)), "{:?}", pool);
                }
                prop_assert!(!before.to_string().contains("FMManagedWebACL"));
            }
            prop_assert!(!matches!(change, Change::Disassociate | Change::DeleteAccessLog | Change::DeleteWafLogging));
        }
    }

    /// Only what is shown to be off is written.
    #[test]
    fn a_log_stays(facts in world::facts(), rules in world::rules()) {
        for change in plan::<Api>(&facts, &rules, &laws::every::<Api>()) {
            match (&change, &facts) {
                (Change::PutAccessLog(_), Facts::RestStage(stage)) => {
                    prop_assert_eq!(&stage.access_log, &Fact::Known(None));
                    prop_assert_eq!(&stage.log_role, &Fact::Known(true));
                }
                (Change::PutAccessLog(_), Facts::HttpStage(stage)) => prop_assert_eq!(&stage.access_log, &Fact::Known(None)),
                (Change::PutWafLogging(_), Facts::WebAcl(acl)) => prop_assert_eq!(&acl.logging, &Fact::Known(None)),
                (Change::Associate(_), _) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

/// A logging configuration with more than a destination cannot be written from here, so it is not what a change of ours left.
#[test]
fn what_cannot_be_written_back_has_no_inverse() {
    let mut facts = world::web_acl();
    let change = Change::DeleteWafLogging;
    assert!(Api::inverse(&Facts::WebAcl(facts.clone()), &change).is_some());
    if let Some(Some(logging)) = facts.logging.known_mut() {
        logging.more = true;
    }
    assert_eq!(Api::inverse(&Facts::WebAcl(facts), &change), None);
    // A web ACL of WAF Classic is associated by nobody any more.
    let classic = Fact::Known(Some("473e64fd-f30b-4765-81a0-62ad96dd167a".to_owned()));
    let facts = Facts::Distribution(DistributionFacts { web_acl: classic, ..world::distribution() });
    assert_eq!(Api::inverse(&facts, &Change::Disassociate), None);
    // A change of another kind of target has none either.
    assert_eq!(Api::inverse(&Facts::RestApi(world::rest_api()), &change), None);
    assert_eq!(Api::inverse(&Facts::WebAcl(world::web_acl()), &Change::Disassociate), None);
}
