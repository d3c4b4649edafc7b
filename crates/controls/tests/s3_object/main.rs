//! The rules for S3 objects, from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "../laws/mod.rs"]
mod laws;

mod screening;

use std::collections::BTreeMap;

use proptest::prelude::*;
use rectify_controls::{
    AccountId, BucketName, Fact, Finding, Kind, Place, Region, Selection, Severity, State, Unreadable,
    s3_bucket::{Acl, BlockFlags, Grant, Grantee, ObjectOwnership},
    s3_object::*,
};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "s3-object-access-key";
pub(crate) const TOKEN: &str = "s3-object-private-key";
pub(crate) const ACL: &str = "s3-object-public-acl";

fn place() -> Place {
    Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-central-1").unwrap() }
}

pub(crate) fn object(key: &str, version: Option<&str>) -> ObjectId {
    let version = version.map(|version| VersionId::new(version).unwrap());
    ObjectId { bucket: BucketName::new("data").unwrap(), key: ObjectKey::new(key).unwrap(), version }
}

fn private() -> Acl {
    let owner = Grant {
        grantee: Grantee::Canonical { id: "0123abcd".to_owned(), name: None },
        permission: "FULL_CONTROL".to_owned(),
    };
    Acl { owner_id: Some("0123abcd".to_owned()), owner_name: None, grants: vec![owner] }
}

fn public() -> Acl {
    let mut acl = private();
    let uri = "http://acs.amazonaws.com/groups/global/AllUsers".to_owned();
    acl.grants.push(Grant { grantee: Grantee::Group { uri }, permission: "READ".to_owned() });
    acl
}

/// An object that breaks nothing.
fn clean() -> Facts {
    Facts {
        object: object("config/app.env", None),
        place: place(),
        content: Fact::Known(Content { size: 400, read: 400, ..Content::default() }),
        owners: Fact::Known(BTreeMap::new()),
        tags: Fact::Known(BTreeMap::new()),
        policy: Fact::Known(None),
        acl: Fact::Known(private()),
        ownership: Fact::Known(None),
        block: Fact::Known(None),
        account_block: Fact::Known(None),
    }
}

fn found(rule: &str, about: About) -> Found {
    Found { rule: rule.to_owned(), about, count: 1, line: 3, member: None }
}

fn holding(found: Vec<Found>) -> Facts {
    let keys = if found.iter().any(|found| found.about == About::AccessKey) {
        vec![AccessKeyId::new("AKIAIOSFODNN7REALONE").unwrap()]
    } else {
        Vec::new()
    };
    Facts { content: Fact::Known(Content { size: 400, read: 400, found, keys, ..Content::default() }), ..clean() }
}

fn leaky() -> Facts {
    holding(vec![found("aws-access-key", About::AccessKey)])
}

fn refused<T>() -> Fact<T> {
    Fact::Unreadable(Unreadable { operation: "Get".to_owned(), code: "AccessDenied".to_owned(), request_id: None })
}

fn judge(facts: &Facts, rules: &Rules) -> Vec<Finding<Change>> {
    S3Object::judge(facts, rules, &laws::every::<S3Object>())
}

fn silent(findings: &[Finding<Change>]) -> bool {
    findings.is_empty()
}

fn only(facts: &Facts) -> Finding<Change> {
    let mut findings = judge(facts, &Rules::default());
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

#[test]
fn a_clean_object_breaks_nothing() {
    assert!(silent(&judge(&clean(), &Rules::default())));
}

#[test]
fn an_access_key_is_told_with_its_id_and_its_place() {
    let finding = only(&leaky());
    assert_eq!((finding.control.id, finding.severity, finding.state.clone()), (KEY, Severity::Critical, State::Live));
    assert_eq!(finding.summary, "s3://data/config/app.env holds the access key AKIAIOSFODNN7REALONE with its secret");
    let evidence: Vec<(&str, &str)> = finding.evidence.iter().map(|e| (&*e.what, &*e.value)).collect();
    assert_eq!(evidence, [("aws-access-key", "in line 3"), ("access key", "AKIAIOSFODNN7REALONE")]);
}

/// Whose the keys are is evidence, and each is handed to the guard of keys with where it stands; the keys of sessions are not.
#[test]
fn keys_of_users_are_handed_to_their_guard() {
    let mut facts = leaky();
    let ids: Vec<AccessKeyId> =
        (0..14).map(|at| AccessKeyId::new(format!("AKIAIOSFODNN7REAL{at:03}")).unwrap()).collect();
    let session = AccessKeyId::new("ASIAIOSFODNN7REALONE").unwrap();
    let account = |text: &str| AccountId::new(text).unwrap();
    facts.content.known_mut().unwrap().keys = std::iter::once(session).chain(ids.clone()).collect();
    // AWS knows no account for the second.
    facts.owners =
        Fact::Known(ids.iter().filter(|id| **id != ids[1]).map(|id| (id.clone(), account("444455556666"))).collect());
    let finding = only(&facts);
    let value = |at: usize| finding.evidence[at].value.as_str();
    assert_eq!(value(1), "ASIAIOSFODNN7REALONE");
    assert_eq!(value(2), "AKIAIOSFODNN7REAL000 of account 444455556666");
    assert_eq!(value(3), "AKIAIOSFODNN7REAL001");

    let referred = S3Object::refers(&facts, &selected(&[KEY]));
    assert_eq!(referred.len(), 9, "ten at most, and one has no account");
    let first = &referred[0];
    assert_eq!((first.kind, first.place.account.as_str()), ("access-key", "444455556666"));
    assert_eq!(first.place.region.as_str(), "us-east-1");
    assert_eq!(first.id, json!({"key": "AKIAIOSFODNN7REAL000", "user": null, "exposed": "s3://data/config/app.env"}));
    assert!(S3Object::refers(&facts, &selected(&[TOKEN, ACL])).is_empty());
    for owners in [refused(), Fact::NotRead] {
        assert!(S3Object::refers(&Facts { owners, ..facts.clone() }, &selected(&[KEY])).is_empty());
    }
    let unknown = only(&Facts { owners: refused(), ..facts });
    assert_eq!(unknown.evidence.last().unwrap().value, "sts:GetAccessKeyInfo: AccessDenied");
}

#[test]
fn a_member_a_count_and_what_was_not_read_are_evidence() {
    let mut facts = leaky();
    let content = facts.content.known_mut().unwrap();
    content.found[0] = Found { count: 4, member: Some("backup/.env".to_owned()), ..content.found[0].clone() };
    (content.size, content.unread) = (900, vec!["a member that needs a password".to_owned()]);
    let finding = only(&facts);
    let evidence: Vec<&str> = finding.evidence.iter().map(|e| &*e.value).collect();
    assert_eq!(
        evidence,
        [
            "4 times, first in line 3 of backup/.env",
            "400 of 900 bytes",
            "a member that needs a password",
            "AKIAIOSFODNN7REALONE"
        ]
    );
}

#[test]
fn the_quarantine_is_a_tag_and_a_statement_and_proves_itself() {
    let facts = leaky();
    let finding = only(&facts);
    let [Change::Quarantine { tags, statement }] = finding.changes.as_slice() else { panic!("{:?}", finding.changes) };
    assert_eq!(tags, &BTreeMap::from([(TAG.to_owned(), "true".to_owned())]));
    let statement: Value = serde_json::from_str(statement).unwrap();
    assert_eq!(
        statement,
        json!({
            "Sid": statement["Sid"],
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": "arn:aws:s3:::data/config/app.env",
            "Condition": {"StringEquals": {"s3:ExistingObjectTag/rectify-quarantine": "true"}},
        })
    );
    let mut closed = laws::after::<S3Object>(&facts, &finding.changes);
    assert!(silent(&judge(&closed, &Rules::default())));
    // Nobody reads it then, the guard included.
    closed.content = refused();
    assert!(silent(&judge(&closed, &Rules::default())));
    // The tag alone, or the statement alone, closes nothing.
    for open in
        [Facts { tags: Fact::Known(BTreeMap::new()), ..closed.clone() }, Facts { policy: Fact::Known(None), ..closed }]
    {
        assert_eq!(judge(&open, &Rules::default()).len(), 2);
    }
}

#[test]
fn readers_of_a_quarantine_are_named() {
    let rules = Rules { quarantine_readers: vec!["arn:aws:iam::*:role/security".to_owned()], ..Rules::default() };
    let findings = judge(&leaky(), &rules);
    let [Change::Quarantine { statement, .. }] = findings[0].changes.as_slice() else { panic!() };
    let statement: Value = serde_json::from_str(statement).unwrap();
    assert_eq!(statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"], json!(["arn:aws:iam::*:role/security"]));
    let closed = laws::after::<S3Object>(&leaky(), &findings[0].changes);
    assert!(silent(&judge(&closed, &rules)));
    assert!(silent(&judge(&closed, &Rules::default())), "another list of readers is no reason to write again");
}

#[test]
fn the_rest_of_the_policy_stays_and_comes_back_to_the_letter() {
    let text = r#"{ "Version": "2012-10-17",  "Statement": {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"} }"#;
    let facts = Facts { policy: Fact::Known(Some(text.to_owned())), ..leaky() };
    let changes = only(&facts).changes;
    let closed = laws::after::<S3Object>(&facts, &changes);
    let policy: Value = serde_json::from_str(closed.policy.known().unwrap().as_ref().unwrap()).unwrap();
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 2);
    let undo = S3Object::undo(&facts, &changes).unwrap();
    assert_eq!(laws::after::<S3Object>(&closed, &undo), facts);
}

/// Between correction and undo somebody else adds a statement, and another object goes into quarantine.
#[test]
fn an_undo_leaves_what_others_wrote() {
    let facts = leaky();
    let changes = only(&facts).changes;
    let mut closed = laws::after::<S3Object>(&facts, &changes);
    let other = Facts { object: object("other.env", None), policy: closed.policy.clone(), ..leaky() };
    closed.policy = laws::after::<S3Object>(&other, &only(&other).changes).policy;
    let opened = laws::after::<S3Object>(&closed, &S3Object::undo(&facts, &changes).unwrap());
    let policy: Value = serde_json::from_str(opened.policy.known().unwrap().as_ref().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Resource"], "arn:aws:s3:::data/other.env");
}

/// A function died between the two writes. The next quarantine is undone to what stood before the first.
#[test]
fn a_statement_without_its_tag_is_nothing() {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}]}"#;
    for before in [Facts { policy: Fact::Known(Some(text.to_owned())), ..leaky() }, leaky()] {
        let closed = laws::after::<S3Object>(&before, &only(&before).changes);
        assert_eq!(closed.clone().without_what_was_begun(), closed, "what is closed stays so");
        let begun = Facts { tags: before.tags.clone(), ..closed };
        let facts = begun.clone().without_what_was_begun();
        assert_eq!(facts, before);
        let undo = S3Object::undo(&facts, &only(&facts).changes).unwrap();
        let again = laws::after::<S3Object>(&begun, &only(&facts).changes);
        assert_eq!(laws::after::<S3Object>(&again, &undo), before);
        // Not knowing is no reason to take anything away.
        let blind = Facts { tags: refused(), ..begun };
        assert_eq!(blind.clone().without_what_was_begun(), blind);
    }
    let other = Facts { policy: Fact::Known(Some(text.to_owned())), ..clean() };
    assert_eq!(other.clone().without_what_was_begun(), other, "to the letter");
}

#[test]
fn two_versions_of_a_key_have_statements_of_their_own() {
    let sid = |version| {
        let facts = Facts { object: object("config/app.env", version), ..leaky() };
        let changes = only(&facts).changes;
        let [Change::Quarantine { statement, .. }] = changes.as_slice() else { panic!() };
        serde_json::from_str::<Value>(statement).unwrap()["Sid"].as_str().unwrap().to_owned()
    };
    assert_ne!(sid(Some("one")), sid(Some("two")));
    assert_ne!(sid(Some("one")), sid(None));
}

/// In a policy, `*` is any text.
#[test]
fn a_key_with_wildcards_is_named_as_itself() {
    let facts = Facts { object: object("a*b?c$d", None), ..leaky() };
    let changes = only(&facts).changes;
    let [Change::Quarantine { statement, .. }] = changes.as_slice() else { panic!() };
    assert_eq!(serde_json::from_str::<Value>(statement).unwrap()["Resource"], "arn:aws:s3:::data/a${*}b${?}c${$}d");
    let old = Facts { policy: Fact::Known(Some(r#"{"Version":"2008-10-17","Statement":[]}"#.to_owned())), ..facts };
    assert!(only(&old).changes.is_empty());
}

#[test]
fn where_no_quarantine_can_be_made_that_is_told() {
    let many = (0..10).map(|at| (format!("tag-{at}"), String::new())).collect();
    let long = format!(r#"{{"Version":"2012-10-17","Id":"{}","Statement":[]}}"#, "x".repeat(20_300));
    for (facts, why) in [
        (Facts { tags: refused(), ..leaky() }, "could not be read"),
        (Facts { policy: refused(), ..leaky() }, "could not be read"),
        (Facts { tags: Fact::Known(many), ..leaky() }, "as many tags"),
        (Facts { policy: Fact::Known(Some(long)), ..leaky() }, "20 KB"),
        (Facts { policy: Fact::Known(Some("[]".to_owned())), ..leaky() }, "could not be understood"),
    ] {
        let finding = only(&facts);
        assert_eq!((finding.state, finding.changes), (State::Live, vec![]));
        assert!(finding.summary.contains(why), "{}", finding.summary);
    }
}

#[test]
fn a_statement_that_only_looks_like_ours_closes_nothing() {
    let facts = leaky();
    let closed = laws::after::<S3Object>(&facts, &only(&facts).changes);
    let text = closed.policy.known().unwrap().clone().unwrap();
    for (from, to) in [
        ("\"Deny\"", "\"Allow\""),
        ("\"Principal\":\"*\"", "\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:user/x\"}"),
        ("data/config/app.env", "data/config/app.en"),
        ("\"s3:GetObject\",", ""),
        ("rectify-quarantine\":\"true", "rectify-quarantine\":\"false"),
        ("{\"StringEquals\"", "{\"IpAddress\":{\"aws:SourceIp\":\"192.0.2.1/32\"},\"StringEquals\""),
        ("\"Sid\":\"Rectify", "\"Sid\":\"Xectify"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let facts = Facts { policy: Fact::Known(Some(changed)), ..closed.clone() };
        assert_eq!(judge(&facts, &Rules::default()).len(), 1, "{to}");
    }
}

#[test]
fn tokens_and_private_keys_are_told_only() {
    let finding = only(&holding(vec![found("private-key", About::PrivateKey), found("github-pat", About::Token)]));
    assert_eq!((finding.control.id, finding.severity, finding.changes.len()), (TOKEN, Severity::High, 0));
    assert_eq!(finding.summary, "s3://data/config/app.env holds github-pat, private-key");
    let finding = only(&holding(vec![found("encrypted-private-key", About::EncryptedKey)]));
    assert_eq!(finding.severity, Severity::Medium);
}

#[test]
fn rules_can_be_left_out_by_name() {
    let rules = Rules { ignored_rules: ["gcp-api-key".to_owned()].into(), ..Rules::default() };
    assert!(silent(&judge(&holding(vec![found("gcp-api-key", About::Token)]), &rules)));
    assert_eq!(
        judge(&holding(vec![found("gcp-api-key", About::Token), found("npm-token", About::Token)]), &rules).len(),
        1
    );
}

#[test]
fn what_cannot_be_read_is_told_and_what_nobody_can_read_is_not() {
    let blind = Facts { content: refused(), ..clean() };
    let states: Vec<State> = judge(&blind, &Rules::default()).into_iter().map(|finding| finding.state).collect();
    assert_eq!(states, [State::Unverifiable, State::Unverifiable]);
    for why in [LeftOut::Archived, LeftOut::CustomerKey] {
        let left_out = Content { left_out: Some(why), ..Content::default() };
        assert!(silent(&judge(&Facts { content: Fact::Known(left_out), ..clean() }, &Rules::default())));
    }
    // A large object of which the part that was read is clean is not told of: docs/adr/0018-objects.md.
    let large = Content { size: 1 << 40, read: 1 << 25, ..Content::default() };
    assert!(silent(&judge(&Facts { content: Fact::Known(large), ..clean() }, &Rules::default())));
}

#[test]
fn a_public_acl_loses_its_public_grants_and_nothing_else() {
    let facts = Facts { acl: Fact::Known(public()), ..clean() };
    let finding = only(&facts);
    assert_eq!((finding.control.id, finding.severity, finding.state.clone()), (ACL, Severity::High, State::Live));
    assert_eq!(finding.changes, [Change::PutAcl(private())]);
    assert_eq!(S3Object::undo(&facts, &finding.changes), Some(vec![Change::PutAcl(public())]));
}

#[test]
fn an_acl_without_effect() {
    let open = Facts { acl: Fact::Known(public()), ..clean() };
    let enforced = Facts { ownership: Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)), ..open.clone() };
    assert!(silent(&judge(&enforced, &Rules::default())));
    let ignore = BlockFlags { ignore_public_acls: true, ..BlockFlags::default() };
    for facts in [
        Facts { block: Fact::Known(Some(ignore)), ..open.clone() },
        Facts { account_block: Fact::Known(Some(ignore)), ..open.clone() },
    ] {
        assert!(matches!(only(&facts).state, State::Neutralised { .. }));
    }
    let only_new = BlockFlags { block_public_acls: true, ..BlockFlags::default() };
    for facts in [
        Facts { block: Fact::Known(Some(only_new)), ..open.clone() },
        Facts { block: refused(), account_block: refused(), ownership: refused(), ..open },
    ] {
        assert_eq!(only(&facts).state, State::Live);
    }
}

#[test]
fn options_are_checked() {
    let rules = |control: &str, option: &str, value: toml::Value| {
        let (control, option) = (control.to_owned(), option.to_owned());
        S3Object::rules(&rectify_controls::Trust::default(), &move |c, o| {
            (c == control && o == option).then(|| value.clone())
        })
    };
    let list = |items: &[&str]| toml::Value::Array(items.iter().map(|item| toml::Value::from(*item)).collect());
    assert!(rules(KEY, "quarantine-readers", list(&["arn:aws:iam::*:role/security"])).is_ok());
    assert!(rules(KEY, "quarantine-readers", list(&["security"])).unwrap_err().contains("quarantine-readers"));
    assert!(rules(KEY, "quarantine-readers", list(&["arn:x"; 11])).unwrap_err().contains("ten"));
    assert!(rules(TOKEN, "ignored-rules", list(&["gcp-api-key"])).is_ok());
    assert!(rules(TOKEN, "ignored-rules", list(&["GCP"])).unwrap_err().contains("ignored-rules"));
}

#[test]
fn names_are_checked_and_come_back_from_their_arns() {
    for (key, version) in [
        ("a", None),
        ("a/b c/Ü", Some("v1")),
        ("x?versionId=y", None),
        ("x?versionId=y", Some("z")),
        ("x?versionId=null", None),
        ("<script>\n", None),
        ("a:::b/c", Some("4_fL3kcRtjNlNjL8sHdGq9dBHkrmlHB1")),
    ] {
        let id = object(key, version);
        let arn = S3Object::arn(&id, &place());
        assert_eq!(S3Object::id(&arn, &place()).as_ref(), Some(&id), "{arn}");
    }
    assert_eq!(S3Object::arn(&object("a", Some("v")), &place()).as_str(), "arn:aws:s3:::data/a?versionId=v");
    for odd in [
        "arn:aws:s3:::data",
        "arn:aws:s3:::data/",
        "arn:aws:s3:::/x",
        "arn:aws-cn:s3:::data/x",
        "arn:aws:sns:eu-central-1:1:x",
    ] {
        assert_eq!(S3Object::id(&rectify_controls::Arn::from_parts(odd.to_owned()), &place()), None, "{odd}");
    }
    assert!(ObjectKey::new("").is_err() && ObjectKey::new("x".repeat(1025)).is_err());
    assert!(VersionId::new("null").is_err() && VersionId::new("a b").is_err() && VersionId::new("").is_err());
    assert!(AccessKeyId::new("AKIA").is_err());
}

fn fact<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![6 => value.prop_map(Fact::Known), 1 => Just(refused()), 1 => Just(Fact::NotRead)]
}

fn facts() -> impl Strategy<Value = Facts> {
    let what = prop::sample::select(vec![
        found("aws-access-key", About::AccessKey),
        found("aws-temporary-key", About::AccessKey),
        found("private-key", About::PrivateKey),
        found("encrypted-private-key", About::EncryptedKey),
        found("github-pat", About::Token),
    ]);
    let content = prop::collection::vec(what, 0..4).prop_map(|found| holding(found).content.known().unwrap().clone());
    let tag = prop_oneof![
        "[a-z]{1,8}".prop_map(|key| (key, "x".to_owned())),
        Just((TAG.to_owned(), "true".to_owned())),
        Just((TAG.to_owned(), "no".to_owned())),
    ];
    let tags = prop::collection::vec(tag, 0..12).prop_map(|tags| tags.into_iter().collect::<BTreeMap<_, _>>());
    let key = prop::sample::select(vec!["a.env", "b*?", "x?versionId=y", "ü/ä"]);
    let version = prop::option::of(Just("v1"));
    let flags = || {
        fact(prop::option::of(
            any::<bool>().prop_map(|on| BlockFlags { ignore_public_acls: on, ..BlockFlags::default() }),
        ))
    };
    let ownership = prop::option::of(prop::sample::select(vec![
        ObjectOwnership::BucketOwnerEnforced,
        ObjectOwnership::ObjectWriter,
    ]));
    let ids = (key, version).prop_map(|(key, version)| object(key, version));
    (ids, fact(content), fact(tags), 0..5_u8, fact(prop::sample::select(vec![private(), public()])), fact(ownership), flags(), flags())
        .prop_map(|(object, content, tags, policy, acl, ownership, block, account_block)| {
            let mut facts = Facts { object, content, tags, acl, ownership, block, account_block, ..clean() };
            let ours = || {
                let closed = Facts { object: facts.object.clone(), ..leaky() };
                let changes = only(&closed).changes;
                laws::after::<S3Object>(&closed, &changes).policy
            };
            facts.policy = match policy {
                0 => Fact::Known(None),
                1 => Fact::Known(Some(r#"{"Version":"2012-10-17", "Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#.to_owned())),
                2 => ours(),
                3 => Fact::Known(Some("no policy".to_owned())),
                _ => refused(),
            };
            facts
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_laws_of_every_kind(facts in facts(), selection in laws::selection::<S3Object>()) {
        laws::hold::<S3Object>(&facts, &Rules::default(), &selection)?;
    }

    #[test]
    fn ignorance_is_never_silence(facts in facts()) {
        laws::ignorance_is_never_silence::<S3Object>(&facts, &Rules::default(), &[])?;
    }

    /// Whatever a key looks like, it comes back from its ARN.
    #[test]
    fn any_name_comes_back(key in "\\PC{1,60}", version in prop::option::of("[A-Za-z0-9._-]{1,40}")) {
        prop_assume!(key.len() <= 1024 && version.as_deref() != Some("null"));
        let id = object(&key, version.as_deref());
        prop_assert_eq!(S3Object::id(&S3Object::arn(&id, &place()), &place()), Some(id));
    }
}

/// One selection for every control.
pub(crate) fn selected(ids: &[&'static str]) -> Selection {
    ids.iter().copied().collect()
}
