//! Policies of known verdict from other projects' tests. Where we differ, the table says why; nothing is skipped.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use rectify_policy::{AccountId, OrganizationId, Policy, Service, TrustZone, Verdict, assess};
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    name: String,
    policy: serde_json::Value,
    expected: String,
    service: Option<String>,
    aws_s3_text: Option<String>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize, Default)]
struct Options {
    #[serde(default)]
    allowed_accounts: Vec<String>,
    #[serde(default)]
    allowed_orgid: Vec<String>,
}

const FILES: [(&str, &str, usize); 5] = [
    ("cfn-nag", include_str!("fixtures/corpus/cfn-nag.json"), 21),
    ("custodian", include_str!("fixtures/corpus/cloud-custodian-cross-account.json"), 40),
    ("custodian-everyone", include_str!("fixtures/corpus/cloud-custodian-everyone-only.json"), 6),
    ("panther", include_str!("fixtures/corpus/panther-s3.json"), 5),
    ("policyuniverse", include_str!("fixtures/corpus/policyuniverse.json"), 40),
];

/// What we say where the source says otherwise: file, part of the name, our verdict, why.
const DISAGREEMENTS: &[(&str, &str, &str, &str)] = &[
    (
        "custodian-everyone",
        "s3-principal[0] ",
        "foreign",
        "everyone_only mode ignores conditions; aws:SourceArn is fixed to one account",
    ),
    ("custodian", "s3-policies[6] ", "foreign", "the source has a list of trusted VPCs; a trust zone has none"),
    (
        "custodian",
        "s3-policies[8] ",
        "foreign",
        "the source has a list of trusted VPC endpoints; a trust zone has none",
    ),
    (
        "custodian",
        "s3-resource-orgid[0] ",
        "public",
        "aws:ResourceOrgID is the bucket's organisation, which says nothing about the caller",
    ),
    (
        "custodian",
        "s3-conditions[1] ",
        "organisation",
        "the source distrusts the VPC; aws:SourceArn already limits the callers to a trusted account",
    ),
    (
        "custodian",
        "iam-policies[3] ",
        "public",
        "the source allow-lists the whole of Cognito; without an audience any identity pool of anybody may assume the role",
    ),
    (
        "policyuniverse",
        "statement07",
        "public",
        "ForAllValues and IfExists hold for a request without aws:SourceArn, so everybody is let in",
    ),
    ("policyuniverse", "statement27", "public", "as statement07"),
];

fn zone(options: &Options) -> TrustZone {
    TrustZone {
        accounts: options.allowed_accounts.iter().filter_map(|id| AccountId::new(id.as_str()).ok()).collect(),
        // The source's ids are shorter than AWS's.
        organization: options.allowed_orgid.first().map(|id| OrganizationId::new(format!("{id}0000")).unwrap()),
        ..TrustZone::default()
    }
}

fn judge(entry: &Entry) -> rectify_policy::Assessment {
    let text = entry.policy.to_string().replace("o-goodorg", "o-goodorg0000").replace("o-badorg", "o-badorg00000");
    let policy = Policy::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
    let service = match entry.service.as_deref() {
        Some("iam") => Service::IamTrust,
        Some(name) => name.parse().unwrap_or(Service::General),
        None => Service::General,
    };
    assess(&policy, service, &zone(&entry.options))
}

fn agrees(expected: &str, verdict: &Verdict) -> bool {
    match expected {
        "public" => *verdict == Verdict::Public,
        "not-public" => *verdict != Verdict::Public,
        "inside-allow-list" => *verdict <= Verdict::Organisation,
        "outside-allow-list" => *verdict > Verdict::Organisation,
        // Panther's bucket with a grant to everybody and a `Deny` for one account.
        "undetermined" => *verdict == Verdict::Public,
        other => panic!("unknown expectation {other}"),
    }
}

#[test]
fn every_known_verdict_holds_or_is_explained() {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for (file, text, count) in FILES {
        let entries: Vec<Entry> = serde_json::from_str(text).unwrap();
        assert_eq!(entries.len(), count, "{file}");
        for entry in entries {
            let verdict = judge(&entry).verdict;
            let named = |part: &str| entry.name.contains(part) || entry.name.ends_with(part);
            let explained = DISAGREEMENTS.iter().find(|(of, part, _, _)| *of == file && named(part));
            match explained {
                Some((_, part, ours, _)) if verdict.as_str() == *ours && !agrees(&entry.expected, &verdict) => {
                    used.insert((file, *part));
                }
                None if agrees(&entry.expected, &verdict) => {}
                _ => wrong.push(format!("{file} {}: source {}, we {verdict}", entry.name, entry.expected)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(used.len(), DISAGREEMENTS.len(), "a disagreement is no longer one: {used:?}");
}

/// The mechanical reading of Amazon's definition that the corpus brings, against our own reading of it.
#[test]
fn s3_answers_follow_amazons_text() {
    let mut compared = 0;
    for (file, text, _) in FILES {
        let entries: Vec<Entry> = serde_json::from_str(text).unwrap();
        for entry in entries.iter().filter(|entry| entry.service.as_deref() == Some("s3")) {
            let s3 = judge(entry).s3.unwrap();
            match entry.aws_s3_text.as_deref() {
                Some("public") => assert!(s3.public, "{file} {}", entry.name),
                Some("not-public") => assert!(!s3.public, "{file} {}", entry.name),
                _ => continue,
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 40);
}
