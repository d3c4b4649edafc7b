//! The documents as they are shipped, and against AWS's own list of actions.

use std::collections::BTreeMap;

use rectify_controls::preventive::{GLOBAL, PreventiveError, is_document_of};
use serde_json::Value;

use crate::{FILE, documents, parsed, properties::denials, try_documents};

#[test]
fn each_action_is_real_and_knows_the_resources_it_is_written_with() {
    let reference: BTreeMap<&str, &str> = include_str!("reference.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').unwrap())
        .collect();
    let mut seen = 0;
    for document in parsed(&documents(FILE)) {
        for statement in document["Statement"].as_array().unwrap() {
            let list = |key: &str| statement[key].as_array().cloned().unwrap_or_default();
            let resources: Vec<String> = list("Resource").iter().map(|one| one.as_str().unwrap().to_owned()).collect();
            for action in list("Action") {
                let action = action.as_str().unwrap();
                let arns = reference.get(action).unwrap_or_else(|| panic!("{action} is not an action"));
                seen += 1;
                // `rule/`, `function:`: what stands before the first name.
                let kind = |arn: &str| {
                    let resource = arn.splitn(6, ':').nth(5).unwrap();
                    resource.split(['/', ':']).next().unwrap().to_owned()
                };
                let kinds: Vec<String> = arns.split_whitespace().filter(|arn| *arn != "*").map(kind).collect();
                let fits = |pattern: &String| pattern == "*" || kinds.contains(&kind(pattern));
                assert!(resources.iter().all(fits), "{action} is not for {resources:?} but for {kinds:?}");
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn global_services_are_sorted_and_well_formed() {
    assert!(GLOBAL.is_sorted());
    assert!(GLOBAL.iter().all(|action| action.split(':').count() == 2 && !action.starts_with('*')));
}

#[test]
fn the_shipped_example() {
    // The comment of settings.toml, as somebody would take it in.
    let file = include_str!("../../../../settings/settings.toml");
    let (before, section) = file.split_once("# [preventive]\n").unwrap();
    let lines: Vec<&str> = section.lines().map_while(|line| line.strip_prefix("# ")).collect();
    let environment = "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n";
    let documents = documents(&format!("{environment}[preventive]\n{}\n", lines.join("\n")));
    assert!(!before.is_empty() && !documents.is_empty());
    let mut shown = String::new();
    for document in &documents {
        let mut value: Value = serde_json::from_str(&document.content).unwrap();
        value.sort_all_objects();
        shown += &format!("{} ({} characters)\n{value:#}\n", document.name, document.content.len());
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_cannot_be_split_says_so() {
    // As long as a list of names that nobody would shorten by hand.
    let services: Vec<String> = (0..300).map(|n| format!("\"service{n}:SomeLongAction\"")).collect();
    let file = FILE.replace("\"s3\", \"sts\"", &format!("{}, \"s3\", \"sts\"", services.join(", ")));
    let error = try_documents(&file).unwrap_err();
    let PreventiveError::Whole { sid, characters, most } = &error else { panic!("{error}") };
    assert!(sid == "Services" && *characters > 5_120 && *most == 5_120, "{error}");
    assert!(error.help().contains("max-characters"));
    let roles: Vec<String> =
        (0..60).map(|n| format!("\"arn:aws:iam::*:role/somebody-with-a-long-name-{n}\"")).collect();
    let file = format!(
        "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n[preventive]\nexempt-principals = [{}]\n\
         max-characters = 3000",
        roles.join(", ")
    );
    let error = try_documents(&file).unwrap_err();
    assert!(matches!(error, PreventiveError::One { .. }), "{error}");
    let file = FILE.replace("[preventive]", "[preventive]\nmax-policies = 2");
    let error = try_documents(&file).unwrap_err();
    assert!(matches!(error, PreventiveError::TooMany { most: 2, .. }), "{error}");
}

#[test]
fn a_statement_that_fills_more_than_a_document_is_split_by_its_actions() {
    let file = |characters: usize| {
        let roles: Vec<String> = (0..17).map(|n| format!("\"arn:aws:iam::*:role/emergency-{n}\"")).collect();
        format!(
            "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n[preventive]\nprotect = [\"guardduty\"]\n\
             exempt-principals = [{}]\nmax-characters = {characters}\nmax-policies = 10",
            roles.join(", ")
        )
    };
    let (whole, small) = (documents(&file(10_240)), documents(&file(2_048)));
    let sids: Vec<&str> = small.iter().flat_map(|document| &document.statements).map(String::as_str).collect();
    assert!(sids.contains(&"ExemptRolesa") && sids.contains(&"ExemptRolesb"), "{sids:?}");
    assert!(small.iter().all(|document| document.content.len() <= 2_048));
    assert_eq!(denials(&small), denials(&whole));
}

#[test]
fn a_document_is_known_by_its_name() {
    let documents = documents(FILE);
    let names: Vec<&str> = documents.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names[0], "rectify-1-guardrails");
    assert!(names.iter().all(|name| is_document_of("rectify", name)));
    for other in [
        "rectify-guardrails",
        "rectify-0-guardrails",
        "rectify-x-guardrails",
        "rectify-two-1-guardrails",
        "my-rectify-1-guardrails",
        "rectify-1-guardrails-old",
        "rectify-1111-guardrails",
    ] {
        assert!(!is_document_of("rectify", other), "{other}");
    }
}

#[test]
fn a_fingerprint_is_of_what_is_said() {
    use rectify_controls::preventive::fingerprint;
    assert_eq!(fingerprint("{\"a\":1,\"b\":[2]}"), fingerprint("{ \"b\": [2],\n\"a\": 1 }"));
    assert_ne!(fingerprint("{\"a\":1}"), fingerprint("{\"a\":2}"));
    assert_ne!(fingerprint("not JSON"), fingerprint("not JSON either"));
    assert_eq!(fingerprint("{}").len(), 32);
}
