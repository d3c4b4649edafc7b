//! What the settings allow: off, shadow, detective, exemptions, and a file that cannot be read.

use rectify_e2e::{
    ALL_CORRECTIVE, Stage,
    breach::{self, BY_NAME, CORRECTED, GUARDED, TOLD, subject},
};
use rectify_sandbox::Call;

/// Settings in which the sandbox's account is in an environment with this mode.
fn environment(mode: &str) -> String {
    format!("[[environment]]\nname = \"production\"\nmode = \"{mode}\"\ndefault = true\n")
}

/// A world in which each of the fourteen controls has just been broken.
async fn all_broken(settings: &str) -> Stage {
    let stage = Stage::with_settings(settings).await;
    for control in breach::controls() {
        stage.aws.prepare(control).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    for control in breach::controls() {
        stage.aws.breach(control).await;
    }
    stage.settle().await;
    stage
}

/// Calls of functions to anything that is S3's.
fn calls_to_s3(stage: &Stage) -> Vec<Call> {
    let by_function = |call: &Call| call.function.is_some() && call.service.starts_with("s3");
    stage.world.calls().into_iter().filter(by_function).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn detective_tells_everything_and_changes_nothing() {
    let stage = all_broken(&environment("detective")).await;
    for (control, severity) in CORRECTED.into_iter().chain(GUARDED).chain(TOLD) {
        let about = stage.about(&subject(control)).await;
        assert_eq!(about.found, [(control.to_owned(), "notified".to_owned())], "{:#?}", about.ends);
        assert_eq!(about.told, [(control.to_owned(), "notified".to_owned(), severity.to_owned())]);
        assert_eq!(about.messages[0]["mode"], "detective", "{control}");
    }
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(stage.rows("correction#").await.len(), 0);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_records_everything_and_tells_nobody() {
    let stage = all_broken(&environment("shadow")).await;
    for control in breach::controls() {
        let about = stage.about(&subject(control)).await;
        assert_eq!(about.found, [(control.to_owned(), "shadowed".to_owned())], "{:#?}", about.ends);
        assert_eq!(about.findings.len(), 1, "{control}");
        assert_eq!(about.findings[0]["outcome"], "shadowed", "{control}");
    }
    assert_eq!(stage.told("").len(), 0);
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(stage.rows("correction#").await.len(), 0);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn off_does_not_even_read() {
    let stage = all_broken(&environment("off")).await;
    let ends = stage.ends();
    assert_eq!(ends.len(), breach::controls().len(), "{ends:#?}");
    for end in ends {
        assert_eq!(end.outcome, "ignored", "{:?}", end.all);
    }
    assert_eq!(calls_to_s3(&stage).len(), 0, "{}", stage.story());
    assert_eq!(stage.told("").len(), 0);
    assert_eq!(stage.ledger().await.len(), 0);
    stage.close().await;
}

/// One control off in an environment that corrects: its reads are not made, the others of the event are.
#[tokio::test(flavor = "multi_thread")]
async fn one_control_can_be_off_by_itself() {
    let off = "[control.s3-bucket-public-acl]\nproduction = \"off\"\n";
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{off}")).await;
    stage.aws.prepare("s3-bucket-public-acl").await;
    stage.aws.prepare("s3-bucket-block-public-access-off").await;
    stage.settle().await;
    stage.aws.breach("s3-bucket-public-acl").await;
    stage.aws.breach("s3-bucket-block-public-access-off").await;
    stage.settle().await;
    let open = stage.about(&subject("s3-bucket-public-acl")).await;
    assert!(open.is_untouched() && open.ends.is_empty(), "{open:#?}");
    assert_eq!(stage.ended("corrected").len(), 1, "{:#?}", stage.ends());
    assert!(calls_to_s3(&stage).iter().all(|call| call.operation != "GetBucketAcl"), "{}", stage.story());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_holds_where_it_says_and_until_it_ends() {
    let settings = format!(
        r#"{ALL_CORRECTIVE}
[[exemption]]
control = "s3-bucket-public-acl"
resource = "arn:aws:s3:::www-*"
owner = "web-team@example.com"
reason = "public web site"
ticket = "SEC-1"
expires = 2999-12-31

[[exemption]]
control = "*"
resource = "arn:aws:s3:::lab-1"
owner = "lab@example.com"
reason = "sandbox of the lab"
ticket = "SEC-1"
expires = 2999-12-31

[[exemption]]
control = "*"
resource = "arn:aws:s3:::old-*"
owner = "nobody@example.com"
reason = "forgotten"
ticket = "SEC-1"
expires = 2026-01-31

[[exemption]]
control = "*"
resource = "arn:aws:s3:::elsewhere"
account = "999999999999"
owner = "them@example.com"
reason = "a bucket of another account"
ticket = "SEC-1"
expires = 2999-12-31
"#
    );
    let stage = Stage::with_settings(&settings).await;
    let exempt = ["www-example-com", "lab-1"];
    let corrected = ["my-www-copy", "lab-10", "old-site", "elsewhere"];
    for bucket in exempt.into_iter().chain(corrected) {
        stage.aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    for bucket in exempt.into_iter().chain(corrected) {
        stage.aws.put_acl(bucket, "public-read").await;
    }
    stage.settle().await;

    for bucket in exempt {
        let about = stage.about(bucket).await;
        assert_eq!(about.found, [("s3-bucket-public-acl".to_owned(), "exempt".to_owned())], "{bucket}");
        assert!(about.told.is_empty() && about.writes.is_empty() && about.corrections.is_empty(), "{bucket}");
        assert!(stage.aws.acl(bucket).await.contains("AllUsers"), "{bucket}");
    }
    let site = stage.about("www-example-com").await;
    assert_eq!(site.ends[0].all["why"], "web-team@example.com: public web site (line 13 of the settings)");
    for bucket in corrected {
        let about = stage.about(bucket).await;
        assert_eq!(about.found, [("s3-bucket-public-acl".to_owned(), "corrected".to_owned())], "{bucket}");
        assert_eq!(about.told.len(), 1, "{bucket}");
    }
    // The exemption is for one control.
    stage
        .aws
        .put_policy("www-example-com", &breach::policy("www-example-com", &[breach::open("www-example-com")]))
        .await;
    stage.settle().await;
    let site = stage.about("www-example-com").await;
    assert!(site.found.contains(&("s3-bucket-public-policy".to_owned(), "corrected".to_owned())), "{:?}", site.found);
    stage.close().await;
}

/// A typing error never switches the guard off, and never lets it change anything.
#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_tell_everything_and_change_nothing() {
    let broken = format!("{ALL_CORRECTIVE}{BY_NAME}\n[control.s3-bucket-public-alc]\nmode = \"off\"\n");
    let stage = all_broken(&broken).await;
    for (control, severity) in CORRECTED.into_iter().chain(GUARDED).chain(TOLD) {
        let about = stage.about(&subject(control)).await;
        // What has a correction is held back. Encryption and logging have none: their targets are in the file.
        let target_unknown = ["s3-bucket-encryption-not-required-kms", "s3-bucket-logging-off"].contains(&control);
        let told_only = target_unknown || TOLD.iter().any(|(told, _)| *told == control);
        let outcome = if told_only { "notified" } else { "withheld" };
        assert_eq!(about.found, [(control.to_owned(), outcome.to_owned())], "{:#?}", about.ends);
        assert_eq!(about.told, [(control.to_owned(), outcome.to_owned(), severity.to_owned())]);
        if outcome == "withheld" {
            let why = about.messages[0]["why"].as_str().unwrap();
            assert!(why.contains("settings") && why.contains("did you mean `s3-bucket-public-acl`"), "{why}");
            assert_eq!(about.messages[0]["alarm"], true, "{control}");
        }
    }
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(stage.rows("correction#").await.len(), 0);
    stage.close().await;
}

/// A settings layer that was not deployed is no permission either.
#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_missing_tell_and_change_nothing() {
    let empty = tempfile::tempdir().unwrap();
    let stage = Stage::build("", |builder| builder.settings_directory(empty.path())).await;
    stage.aws.prepare("s3-bucket-public-acl").await;
    stage.settle().await;
    stage.aws.breach("s3-bucket-public-acl").await;
    stage.settle().await;
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 1);
    assert_eq!(stage.ended("withheld").len(), 1, "{:#?}", stage.ends());
    assert_eq!(stage.writes(), [""; 0]);
    stage.close().await;
}
