//! What holds for every stack.

use proptest::prelude::*;
use rectify_controls::{Fact, Kind, cloudformation_stack::*};

use super::{
    laws,
    world::{at, by_jane, calm, check},
};

fn drift() -> impl Strategy<Value = ResourceDrift> {
    let kinds = prop::sample::select(vec![
        "AWS::SQS::Queue",
        "AWS::ECS::Service",
        "AWS::CloudFormation::Stack",
        "AWS::ApplicationAutoScaling::ScalableTarget",
    ]);
    let path = prop::sample::select(vec!["/VisibilityTimeout", "/DesiredCount", "/Tags/0"]);
    let value = prop::option::of(prop::sample::select(vec!["30", "600", r#"{"Key":"aws:x","Value":"y"}"#]));
    let difference = (path, value.clone(), value).prop_map(|(path, expected, actual)| Difference {
        path: path.to_owned(),
        expected: expected.map(str::to_owned),
        actual: actual.map(str::to_owned),
    });
    let differences = prop::collection::vec(difference, 0..3);
    let logical = prop::sample::select(vec!["Queue", "Topic", "Other"]);
    (logical, kinds, prop::bool::weighted(0.2), differences).prop_map(|(logical, kind, deleted, differences)| {
        let differences = if deleted { Vec::new() } else { differences };
        ResourceDrift { logical: logical.to_owned(), kind: kind.to_owned(), deleted, differences }
    })
}

fn drifts() -> impl Strategy<Value = Vec<ResourceDrift>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(drift(), 1..3)]
}

prop_compose! {
    fn facts()(
        status in prop::sample::select(vec![
            "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE",
        ]),
        protected in any::<bool>(),
        root in prop::option::weighted(0.2, Just("shop".to_owned())),
        role in prop::option::weighted(0.8, Just("arn:aws:iam::123456789012:role/c".to_owned())),
        hour in prop::option::of(8u8..12),
        found in drifts(),
        remembered in drifts(),
        unknown in prop::bool::weighted(0.2),
        whole in prop::bool::weighted(0.8),
        changes in prop::collection::vec((prop::sample::select(vec!["Queue", "Topic"]), 8u8..12), 0..3),
        news in prop::option::of(8u8..12),
    ) -> Facts {
        let mut facts = calm();
        let time = |hour: u8| format!("{hour:02}:30");
        let state = facts.state.known_mut().unwrap();
        (state.status, state.protected, state.root, state.role) = (status.to_owned(), protected, root, role);
        state.deployed_at = hour.map(|hour| at(&time(hour)));
        let mut latest = check(found);
        latest.whole = whole;
        if unknown {
            latest.status = DriftStatus::Unknown;
            latest.unchecked.push(Unchecked { logical: "S".into(), kind: "AWS::SecretsManager::Secret".into(), reason: None });
        }
        facts.check = Fact::Known(latest);
        facts.remembered.drifts = remembered;
        facts.remembered.changes = changes.iter().map(|(logical, hour)| by_jane(logical, &time(*hour))).collect();
        facts.news = news.map(|hour| by_jane("Queue", &time(hour)));
        facts
    }
}

proptest! {
    #[test]
    fn the_laws_of_every_kind(facts in facts(), correct in laws::selection::<CloudFormationStack>()) {
        laws::hold::<CloudFormationStack>(&facts, &Rules::default(), &correct)?;
    }

    #[test]
    fn ignorance_is_never_silence(facts in facts()) {
        laws::ignorance_is_never_silence::<CloudFormationStack>(&facts, &Rules::default(), &[])?;
    }

    /// Keeping and recalling says the same as before to whoever looks once more.
    #[test]
    fn what_is_kept_is_kept(facts in facts()) {
        if let Some(kept) = CloudFormationStack::keep(&facts) {
            let mut again = facts.clone();
            CloudFormationStack::recall(&mut again, &kept);
            prop_assert_eq!(again.drifts(), facts.drifts());
            // Nothing left is kept once, and then no more.
            let nothing = kept.remembered == Remembered::default();
            prop_assert_eq!(CloudFormationStack::keep(&again), (!nothing).then(|| kept.clone()));
            let text = serde_json::to_string(&kept).unwrap();
            prop_assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), kept);
        }
    }

    /// Whatever CloudFormation says a value is, nothing secretive is told, and nothing without end.
    #[test]
    fn values_are_bounded(path in "(/[A-Za-z]{1,12}){1,4}", value in ".{0,600}") {
        prop_assert!(visible(&path, &value).len() <= 210);
        prop_assert_eq!(visible(&format!("{path}/Password"), "hunter22"), HIDDEN);
    }
}
