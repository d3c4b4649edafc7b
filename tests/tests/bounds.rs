//! What bounds corrections: budgets, tugs of war, grace, and fifty events at once.

use futures::future::join_all;
use rectify_e2e::{ACCOUNT, ALL_CORRECTIVE, Stage, breach, resource};
use serde_json::{Value, json};

const ACL: &str = "s3-bucket-public-acl";

async fn stage(more: &str) -> Stage {
    Stage::with_settings(&format!("{ALL_CORRECTIVE}\n{more}")).await
}

fn look(bucket: &str, because: &str) -> Value {
    json!({"rectify": "look", "resource": resource(bucket), "controls": [ACL], "because": because})
}

fn outcomes(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |end: &Value| (text(&end["control"]), text(&end["outcome"]));
    answer["outcomes"].as_array().map(|ends| ends.iter().map(of).collect()).unwrap_or_default()
}

async fn is_public(stage: &Stage, bucket: &str) -> bool {
    stage.aws.acl(bucket).await.contains("AllUsers")
}

/// Opens the bucket as somebody does who wants it open: the block goes too, of which nobody hears.
async fn open_again(stage: &Stage, bucket: &str) {
    stage.world.lose_events(true);
    stage.aws.try_s3("DELETE", &format!("/{bucket}?publicAccessBlock"), &[], "").await;
    stage.world.lose_events(false);
    stage.aws.put_acl(bucket, "public-read").await;
}

/// A budget of five against eighty breaches at once: five are put back, seventy-five are told, one of them as an alarm; the
/// rest is put back when somebody says so and there is budget again.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_holds_against_a_flood_and_is_one_alarm() {
    let stage = stage("[limits]\ncorrections-per-hour = 5").await;
    let buckets: Vec<String> = (0..80).map(|number| format!("data-{number}")).collect();
    for bucket in &buckets {
        stage.aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    join_all(buckets.iter().map(|bucket| stage.aws.put_acl(bucket, "public-read"))).await;
    stage.settle().await;
    assert_eq!(stage.ended("corrected").len(), 5, "{:#?}", stage.ends());
    assert_eq!(stage.rows("correction#").await.len(), 5);
    let mut left = Vec::new();
    for bucket in &buckets {
        if is_public(&stage, bucket).await {
            left.push(bucket.clone());
        }
    }
    assert_eq!(left.len(), 75);
    let withheld: Vec<Value> = stage.told(ACL).into_iter().filter(|told| told["outcome"] == "withheld").collect();
    assert_eq!(withheld.len(), 75, "each is told once");
    assert_eq!(withheld.iter().filter(|told| told["alarm"] == true).count(), 1, "and all of them are one alarm");
    assert!(withheld[0]["next"].as_str().unwrap().contains("rectify resume --control s3-bucket-public-acl"));

    // A new hour, as the ledger counts them.
    for budget in stage.rows("count").await {
        stage.delete_row(budget["pk"].as_str().unwrap(), "count").await;
    }
    stage.world.clear_records();
    let answer = stage.order(&look(&left[0], "resume")).await;
    assert!(outcomes(&answer).contains(&(ACL.to_owned(), "corrected".to_owned())), "{answer:#}");
    assert!(!is_public(&stage, &left[0]).await);
    stage.settle().await;
    stage.close().await;
}

/// The organisation's budget of a control counts beside the account's.
#[tokio::test(flavor = "multi_thread")]
async fn the_organisations_budget_holds_too() {
    let stage = stage("[limits]\ncorrections-per-hour-everywhere = 1").await;
    for bucket in ["data-a", "data-b"] {
        stage.aws.create_bucket(bucket).await;
        stage.settle().await;
        stage.aws.put_acl(bucket, "public-read").await;
        stage.settle().await;
    }
    let withheld = stage.about("data-b").await;
    assert_eq!(withheld.found, [(ACL.to_owned(), "withheld".to_owned())], "{:#?}", withheld.ends);
    assert!(
        withheld.messages[0]["why"]
            .as_str()
            .unwrap()
            .contains("limit of 1 corrections per hour for this control in all accounts")
    );
    stage.close().await;
}

/// Somebody's Terraform opens the bucket again and again: after three corrections it is left, said who and with what, and
/// how to end it; ending it corrects.
#[tokio::test(flavor = "multi_thread")]
async fn a_tug_of_war_ends_with_the_guard_letting_go() {
    let stage = stage("").await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    let mut corrected = 0;
    for _ in 0..8 {
        open_again(&stage, "data").await;
        stage.settle().await;
        corrected += usize::from(!is_public(&stage, "data").await);
    }
    assert_eq!(corrected, 3, "{:#?}", stage.ends());
    let about = stage.about("data").await;
    assert_eq!(about.corrections.len(), 3);
    let told: Vec<&Value> = about.messages.iter().filter(|told| told["outcome"] == "withheld").collect();
    assert_eq!(told.len(), 1, "told once");
    let why = told[0]["why"].as_str().unwrap();
    assert!(why.contains("a tug of war: corrected 3 times within 1h"), "{why}");
    assert!(why.contains("arn:aws:iam::123456789012:user/administrator with AWS CLI 2.31.0"), "{why}");
    assert!(told[0]["next"].as_str().unwrap().contains("rectify resume --resource"), "{told:#?}");
    let explained = stage.order(&json!({"rectify": "explain", "resource": resource("data")})).await;
    let acl = explained["controls"].as_array().unwrap().iter().find(|control| control["control"] == ACL).unwrap();
    assert!(acl["now"].as_str().unwrap().starts_with("withheld: a tug of war"), "{acl:#}");
    // What `rectify resume --resource` does.
    let pk = format!("resource#{ACCOUNT}#eu-central-1#arn:aws:s3:::data");
    stage.delete_row(&pk, &format!("state#tug#{ACL}")).await;
    let answer = stage.order(&look("data", "resume")).await;
    assert!(outcomes(&answer).contains(&(ACL.to_owned(), "corrected".to_owned())), "{answer:#}");
    assert!(!is_public(&stage, "data").await);
    stage.settle().await;
    stage.close().await;
}

/// A pipeline makes a bucket public and private again within the grace period: nobody hears of it. One that stays is put
/// back, by whatever process looks then, once.
#[tokio::test(flavor = "multi_thread")]
async fn grace_leaves_a_pipeline_alone_and_ends() {
    let stage = stage(&format!("[control.{ACL}]\ngrace = \"1h\"")).await;
    for bucket in ["passing", "staying"] {
        stage.aws.create_bucket(bucket).await;
        stage.settle().await;
        stage.aws.put_acl(bucket, "public-read").await;
    }
    stage.settle().await;
    // The same event again, and another one: still one look later.
    stage.aws.put_acl("staying", "public-read-write").await;
    stage.settle().await;
    for bucket in ["passing", "staying"] {
        assert!(is_public(&stage, bucket).await, "left alone: {:#?}", stage.ends());
    }
    assert!(stage.told("").is_empty() && stage.writes().is_empty(), "{:#?}", stage.told(""));
    let about = stage.about("staying").await;
    assert!(about.ends.iter().any(|end| end.outcome == "deferred"), "{:#?}", about.ends);
    let schedules = stage.world.schedules();
    assert_eq!(schedules.len(), 2, "one look for each bucket: {schedules:#?}");
    assert_eq!(schedules[0].input["rectify"], "look", "{schedules:#?}");

    stage.aws.put_acl("passing", "private").await;
    stage.settle().await;
    // Before its time a look changes nothing, whoever asks.
    stage.order(&look("staying", "grace")).await;
    assert!(is_public(&stage, "staying").await);
    assert_eq!(stage.rows("state#deferral").await.len(), 1, "what is over is forgotten");

    // The time passes: both rows say so, and the schedules fire.
    let pk = format!("resource#{ACCOUNT}#eu-central-1#arn:aws:s3:::staying");
    let past = jiff::Timestamp::now().as_millisecond() - 1_000;
    stage
        .put_row(json!({"pk": {"S": pk}, "sk": {"S": format!("state#deferral#{ACL}")},
            "since": {"N": (past - 3_600_000).to_string()}, "due": {"N": past.to_string()}}))
        .await;
    assert_eq!(stage.world.fire_schedules(), 2);
    stage.settle().await;
    assert!(!is_public(&stage, "staying").await, "{:#?}", stage.ends());
    let told = stage.told(ACL);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["outcome"], "corrected");
    assert_eq!(told[0]["actor"]["tool"], "AWS CLI 2.31.0", "the one who did it, not the schedule: {told:#?}");
    assert_eq!(stage.rows("correction#").await.len(), 1);
    assert!(stage.rows("state#deferral").await.is_empty());
    stage.close().await;
}

/// A short grace period ends by itself, with the schedule that the guard made.
#[tokio::test(flavor = "multi_thread")]
async fn grace_ends_by_itself() {
    let stage = stage(&format!("[control.{ACL}]\ngrace = \"3s\"")).await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(is_public(&stage, "data").await, "{:#?}", stage.ends());
    stage.until_not(async || is_public(&stage, "data").await).await;
    assert_eq!(stage.told(ACL).len(), 1);
    assert_eq!(stage.ended("corrected").len(), 1, "{:#?}", stage.ends());
    stage.close().await;
}

/// A pause holds from the next event on, every message says so, and ending it and looking again puts back what was held.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_seen_in_every_message_and_its_end_corrects() {
    let stage = stage("").await;
    for bucket in ["data", "other"] {
        stage.aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.put_row(
        json!({"pk": {"S": format!("standing#{ACCOUNT}")}, "sk": {"S": "switch#account"}, "paused_at": {"N": "1795428436785"},
            "reason": {"S": "migration"}, "by": {"S": "arn:aws:iam::123456789012:user/alice"}}),
    )
    .await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let about = stage.about("data").await;
    assert_eq!(about.found, [(ACL.to_owned(), "withheld".to_owned())], "{:#?}", about.ends);
    let paused = about.messages[0]["paused"].as_str().unwrap();
    assert!(paused.contains("migration") && paused.contains("user/alice"), "{paused}");
    assert!(stage.writes().is_empty());
    stage.delete_row(&format!("standing#{ACCOUNT}"), "switch#account").await;
    let answer = stage.order(&look("data", "resume")).await;
    assert!(outcomes(&answer).contains(&(ACL.to_owned(), "corrected".to_owned())), "{answer:#}");
    assert!(!is_public(&stage, "data").await);
    stage.settle().await;
    stage.close().await;
}

/// Fifty different events about one bucket at the same time, among them several breaches of several controls: every breach
/// is put back, no correction overlaps another, and the ledger has no open row.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_events_on_one_bucket_at_once() {
    let stage = stage("[limits]\nreversals = 100").await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    stage.world.clear_records();
    let policy = breach::policy("data", &[breach::open("data")]);
    join_all((0..50).map(async |number: usize| match number % 5 {
        0 => stage.aws.put_acl("data", "public-read").await,
        1 => {
            stage.aws.try_s3("PUT", "/data?policy", &[], &policy.to_string()).await;
        }
        2 => {
            stage.aws.try_s3("DELETE", "/data?publicAccessBlock", &[], "").await;
        }
        3 => stage.world.publish(&stage.example("put-bucket-acl-public", "data")),
        _ => stage.aws.tag("data", "round", &number.to_string()).await,
    }))
    .await;
    stage.settle().await;
    assert!(!is_public(&stage, "data").await, "{}", stage.story());
    assert_eq!(stage.aws.block("data").await, Some([true; 4]), "{}", stage.story());
    assert!(
        !stage
            .aws
            .policy("data")
            .await
            .is_some_and(|policy| policy.to_string().contains("\"*\"") && !policy.to_string().contains("Deny"))
    );
    let rows = stage.rows("correction#").await;
    for row in &rows {
        assert!(row["closed_at"].is_i64(), "{row:#}");
    }
    let mut spans: Vec<(i64, i64)> =
        rows.iter().map(|row| (row["claimed_at"].as_i64().unwrap(), row["closed_at"].as_i64().unwrap())).collect();
    spans.sort_unstable();
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two corrections at once: {spans:?}");
    }
    stage.close().await;
}

/// A function whose clock is five minutes ahead neither takes a lease that is held nor leaves one for ever.
#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_differ_by_minutes_do_no_harm() {
    for offset in [-300, 300] {
        let stage = stage("[limits]\nreversals = 100").await;
        stage.world.set_clock_offset(offset);
        stage.aws.create_bucket("data").await;
        stage.settle().await;
        for round in 0..3 {
            stage.world.clear_records();
            open_again(&stage, "data").await;
            for _ in 0..4 {
                stage.world.publish(&stage.example("put-bucket-acl-public", "data"));
            }
            stage.settle().await;
            assert!(!is_public(&stage, "data").await, "{offset} s, round {round}\n{}", stage.story());
            let told = stage.told(ACL);
            assert_eq!(told.len(), 1, "{offset} s, round {round}: {told:#?}\n{}", stage.story());
        }
        let rows = stage.rows("correction#").await;
        assert_eq!(rows.len(), 3, "{offset} s: {rows:#?}");
        let now = jiff::Timestamp::now().as_millisecond();
        for row in rows {
            let claimed = row["claimed_at"].as_i64().unwrap() - now - offset * 1000;
            assert!(claimed.abs() < 60_000, "the ledger keeps AWS's time: {claimed} ms off");
        }
        stage.close().await;
    }
}

/// An exemption in the ledger holds from the next event on and until it ends; who has it is warned before, once.
#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_in_the_ledger_holds_warns_and_ends() {
    let stage = stage("").await;
    stage.aws.create_bucket("www").await;
    stage.settle().await;
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48);
    let began = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(30 * 24);
    let exemption = |until: jiff::Timestamp| {
        let json = json!({"origin": {"row": {"id": "e-1", "by": "arn:aws:iam::123456789012:user/alice", "at": began}},
            "control": ACL, "resource": "arn:aws:s3:::www", "owner": "web@example.com", "reason": "site", "ticket": "SEC-1",
            "until": until});
        json!({"pk": {"S": "standing"}, "sk": {"S": "exemption#e-1"}, "exemption": {"S": json.to_string()},
            "until": {"N": until.as_millisecond().to_string()}})
    };
    stage.put_row(exemption(end)).await;
    stage.aws.put_acl("www", "public-read").await;
    stage.settle().await;
    let about = stage.about("www").await;
    assert_eq!(about.found, [(ACL.to_owned(), "exempt".to_owned())], "{:#?}", about.ends);
    assert_eq!(about.ends.last().unwrap().all["why"], "web@example.com: site (row e-1 of the ledger)");
    assert!(is_public(&stage, "www").await && stage.told("").is_empty());

    for expected in [1, 0] {
        let answer = stage.order(&json!({"rectify": "tend"})).await;
        assert_eq!(answer["warned"], expected, "{answer:#}");
    }
    let told = stage.told(ACL);
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["outcome"], &told[0]["exemption"]["ticket"]), (&json!("expiring"), &json!("SEC-1")));

    stage.put_row(exemption(jiff::Timestamp::now() - jiff::SignedDuration::from_secs(1))).await;
    let answer = stage.order(&look("www", "request")).await;
    assert!(
        outcomes(&answer).contains(&(ACL.to_owned(), "corrected".to_owned())),
        "an ended one is as if it were not: {answer:#}"
    );
    stage.settle().await;
    stage.close().await;
}

/// A tag on the bucket exempts only where the settings say so, and only together with a named resource otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_exempts_only_where_it_may() {
    let exemption = |resource: &str| {
        format!(
            "[[exemption]]\ncontrol = '{ACL}'\nresource = '{resource}'\ntags = {{ public = 'yes' }}\nowner = 'a@example.com'\n\
             reason = 'b'\nticket = 'SEC-1'\nexpires = 2999-12-31\n"
        )
    };
    for (settings, exempt) in [
        (exemption("arn:aws:s3:::www-*"), true),
        (format!("[exemptions]\nresource-tag-alone = true\n\n{}", exemption("*")), true),
    ] {
        let stage = stage(&settings).await;
        for bucket in ["www-tagged", "www-plain"] {
            stage.aws.create_bucket(bucket).await;
        }
        stage.aws.tag("www-tagged", "public", "yes").await;
        stage.settle().await;
        for bucket in ["www-tagged", "www-plain"] {
            stage.aws.put_acl(bucket, "public-read").await;
        }
        stage.settle().await;
        assert_eq!(is_public(&stage, "www-tagged").await, exempt, "{:#?}", stage.ends());
        assert!(!is_public(&stage, "www-plain").await, "{:#?}", stage.ends());
        stage.close().await;
    }
}

/// Shadow mode writes down what would have happened.
#[tokio::test(flavor = "multi_thread")]
async fn the_shadow_says_what_would_have_happened() {
    let stage = stage(&format!("[control.{ACL}]\nmode = \"shadow\"")).await;
    stage.aws.create_bucket("data").await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let about = stage.about("data").await;
    assert_eq!(about.findings.len(), 1, "{:#?}", about.ends);
    assert_eq!(about.findings[0]["would"], "corrected");
    assert_eq!(about.findings[0]["feed"], "finding#shadowed");
    assert!(stage.told("").is_empty() && stage.writes().is_empty());
    stage.close().await;
}
