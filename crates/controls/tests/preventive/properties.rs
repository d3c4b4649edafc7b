//! Whatever the settings are: nothing is lost and nothing is too long.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rectify_controls::{
    Preventive, Protection, Region,
    preventive::{Document, render},
};
use serde_json::Value;

use crate::{deployment, parsed};

/// What is denied, taken apart as far as it can be: one action at a time, a list of exceptions whole.
fn denials(documents: &[Document]) -> BTreeSet<String> {
    let mut denials = BTreeSet::new();
    for document in parsed(documents) {
        for statement in document["Statement"].as_array().unwrap() {
            let mut rest = statement.clone();
            let members = rest.as_object_mut().unwrap();
            members.remove("Sid");
            match members.remove("Action") {
                Some(Value::Array(actions)) => denials.extend(actions.iter().map(|action| format!("{action} {rest}"))),
                _ => assert!(denials.insert(rest.to_string()), "twice: {rest}"),
            }
        }
    }
    denials
}

fn preventive() -> impl Strategy<Value = Preventive> {
    let region = prop::sample::select(vec!["eu-central-1", "eu-west-1", "us-east-1", "ap-southeast-2"]);
    (
        prop::collection::btree_set(region, 0..4),
        prop::collection::btree_set("[a-z]{2,12}:[A-Z][a-zA-Z]{0,20}", 0..30),
        prop::collection::btree_set("[a-z0-9-]{2,20}", 0..40),
        prop::collection::btree_set(prop::sample::select(Protection::ALL.to_vec()), 0..6),
        any::<bool>(),
        prop::collection::btree_set("arn:aws:iam::\\*:role/[a-z]{3,40}", 0..8),
    )
        .prop_map(|(regions, exempt, services, protect, may_leave, principals)| Preventive {
            regions: regions.into_iter().map(|region| Region::new(region).unwrap()).collect(),
            regions_exempt_services: exempt.into_iter().collect(),
            services: services.into_iter().map(|service| format!("{service}:*")).collect(),
            protect: protect.into_iter().collect(),
            may_leave,
            exempt_principals: principals.into_iter().collect(),
            max_policies: Preventive::MOST_POLICIES,
            ..Preventive::default()
        })
}

proptest! {
    #[test]
    fn packing_loses_nothing_and_keeps_the_limit(preventive in preventive(), characters in 3_300_usize..=10_240) {
        let whole = Preventive { max_characters: Preventive::MOST_CHARACTERS, ..preventive.clone() };
        let small = Preventive { max_characters: characters, ..preventive };
        let whole = render(&whole, &deployment()).unwrap();
        if let Ok(documents) = render(&small, &deployment()) {
            for document in &documents {
                prop_assert!(document.content.is_ascii() && document.content.len() <= characters);
                prop_assert!(!document.statements.is_empty());
            }
            prop_assert_eq!(denials(&documents), denials(&whole));
            let sids: Vec<&String> = documents.iter().flat_map(|document| &document.statements).collect();
            prop_assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len(), "a Sid twice");
            prop_assert_eq!(&documents, &render(&small, &deployment()).unwrap(), "the same bytes each time");
        }
    }

    #[test]
    fn a_document_is_full_before_the_next_begins(preventive in preventive()) {
        let documents = render(&preventive, &deployment());
        prop_assume!(documents.is_ok());
        let documents = documents.unwrap();
        // First fit: two neighbours that would fit into one document are one.
        for pair in documents.windows(2) {
            let together = pair[0].content.len() + pair[1].content.len() - r#"{"Version":"2012-10-17","Statement":[]}"#.len() + 1;
            prop_assert!(together > preventive.max_characters);
        }
    }
}
