//! `rectify replay` and `rectify check` on logs that a test makes.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    harness::{self, Run, rectify},
    stack::Desk,
};

const SETTINGS: &str = "[[environment]]\nname = \"live\"\nmode = \"corrective\"\ndefault = true\n\n\
    [[environment]]\nname = \"dev\"\nmode = \"detective\"\naccounts = [\"999999999999\"]\n";

/// A folder of its own with settings in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("logs")).unwrap();
        std::fs::write(folder.join("settings.toml"), SETTINGS).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &[u8]) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, b"")
    }

    fn run_with(&self, args: &[&str], input: &[u8]) -> Run {
        let mut command = harness::command(args);
        command.current_dir(&self.0);
        harness::finish(command, input)
    }

    fn json(&self, args: &[&str]) -> Value {
        let run = self.run(args);
        assert!(run.out.starts_with('{'), "{run}");
        serde_json::from_str(&run.out).unwrap()
    }
}

fn record(name: &str, time: &str, id: &str, request: &Value) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": time, "eventSource": "s3.amazonaws.com", "eventName": name,
        "awsRegion": "eu-central-1", "eventID": id, "readOnly": false, "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333", "requestParameters": request,
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/jane", "accountId": "111122223333", "userName": "jane"},
    })
}

fn public(bucket: &str, time: &str, id: &str) -> Value {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*")}]});
    record("PutBucketPolicy", time, id, &json!({"bucketName": bucket, "bucketPolicy": policy}))
}

fn log(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

fn count<'r>(report: &'r Value, control: &str) -> &'r Value {
    let rows = report["controls"].as_array().unwrap();
    rows.iter().find(|row| row["control"] == control).unwrap_or(&Value::Null)
}

#[test]
fn verdicts_in_every_form_say_the_same() {
    let folder = Folder::new("forms");
    let closed = record("DeleteBucketPolicy", "2026-01-02T11:00:00Z", "e2", &json!({"bucketName": "reports"}));
    folder.write("logs/b.json", &log(&[closed]));
    folder.write("logs/a.json", &log(&[public("reports", "2026-01-02T10:00:00Z", "e1")]));

    let report = folder.json(&["replay", "logs", "--settings", "settings.toml", "--output", "json"]);
    let row = count(&report, "s3-bucket-public-policy");
    assert_eq!(
        (&row["would_correct"], &row["exposures"], &row["open"], &row["longest"]),
        (&json!(1), &json!(1), &json!(0), &json!(3600))
    );
    assert_eq!((&report["files"]["read"], &report["records"]["read"]), (&json!(2), &json!(2)));

    let lines = folder.run(&["replay", "logs", "--settings", "settings.toml", "--output", "jsonl"]);
    let rows: Vec<Value> = lines.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let corrected =
        rows.iter().filter(|row| row["verdict"] == "would_correct" && row["control"] == "s3-bucket-public-policy");
    assert_eq!(corrected.count(), 1, "{lines}");
    let table = folder.run(&["replay", "logs", "--settings", "settings.toml", "--output", "csv"]);
    assert_eq!(table.out.lines().count(), rows.len() + 1, "{table}");
    assert!(table.out.starts_with("time,verdict,"), "{table}");

    let text = folder.run(&["replay", "logs", "--settings", "settings.toml", "--html", "page.html"]);
    assert_eq!((text.code, text.out.as_str()), (Some(0), ""), "{text}");
    let page = std::fs::read_to_string(folder.0.join("page.html")).unwrap();
    assert!(page.contains("s3-bucket-public-policy") && page.contains("arn:aws:s3:::reports"));
    let text = folder.run(&["replay", "logs", "--settings", "settings.toml"]);
    assert_eq!(text.code, Some(0), "{text}");
    assert!(text.out.contains("s3-bucket-public-policy"), "{text}");
}

/// Where a page goes: to a file, to where a link leads, through what is no file, or to standard output.
#[cfg(unix)]
#[test]
fn a_page_is_written_where_somebody_wants_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new("pages");
    folder.write("logs/a.json", &log(&[public("reports", "2026-01-02T10:00:00Z", "e1")]));
    let page = |file: &str| folder.run(&["replay", "logs", "--settings", "settings.toml", "--html", file]);
    let mode = |file: &str| std::fs::metadata(folder.0.join(file)).unwrap().permissions().mode() & 0o777;

    assert_eq!(page("new.html").code, Some(0));
    folder.write("ordinary", b"");
    assert_eq!(mode("new.html"), mode("ordinary"), "as any new file");
    std::fs::set_permissions(folder.0.join("ordinary"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("ordinary", folder.0.join("link")).unwrap();
    assert_eq!(page("link").code, Some(0));
    assert!(std::fs::symlink_metadata(folder.0.join("link")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(folder.0.join("ordinary")).unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(mode("ordinary"), 0o640);

    let pipe = folder.0.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
    assert_eq!(page("pipe").code, Some(0));
    assert!(reader.join().unwrap().starts_with("<!DOCTYPE html>"));

    let printed = page("-");
    assert!(printed.code == Some(0) && printed.out.starts_with("<!DOCTYPE html>"), "{printed}");
    assert!(!folder.0.join("-").exists());
    let two = folder.run(&["replay", "logs", "--settings", "settings.toml", "--html", "-", "--output", "json"]);
    assert!(two.code == Some(2) && two.err.contains("want standard output"), "{two}");
    let nowhere = page("nowhere/page.html");
    assert!(nowhere.err.contains("`nowhere/page.html` could not be written: its directory is not there"), "{nowhere}");
    assert_eq!(page("logs").code, Some(10), "a directory");
}

#[test]
fn what_cannot_be_read_is_named_and_the_code_says_so() {
    let folder = Folder::new("unreadable");
    let whole = log(&[public("reports", "2026-01-02T10:00:00Z", "e1"), public("other", "2026-01-02T10:00:01Z", "e2")]);
    folder.write("logs/cut.json", whole.get(..whole.len() - 40).unwrap());
    let run = folder.run(&["replay", "logs", "--settings", "settings.toml"]);
    assert_eq!(run.code, Some(7), "{run}");
    assert!(run.err.contains("cut.json") && run.out.contains("cut.json"), "{run}");

    let run = folder.run(&["replay", "nowhere", "--settings", "settings.toml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.err.contains("`nowhere` is not there"), "{run}");
    std::fs::create_dir(folder.0.join("empty")).unwrap();
    let run = folder.run(&["replay", "empty", "--settings", "settings.toml"]);
    assert_eq!(run.code, Some(7), "an answer about nothing is no answer: {run}");
    for (args, says) in [
        (&["replay", "logs", "--settings", "none.toml"][..], "none.toml"),
        (&["replay", "logs", "--settings", "settings.toml", "--environment", "prod"][..], "no environment `prod`"),
        (
            &["replay", "logs", "--settings", "settings.toml", "--organization", "settings.toml"][..],
            "rectify org export",
        ),
        (&["replay", "s3://a/x"][..], "no place in S3"),
        (&["replay", "logs", "--diff", "settings.toml", "settings.toml", "--output", "csv"][..], "no table"),
        (&["replay"][..], "PATH"),
    ] {
        let run = folder.run(args);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{args:?}: {run}");
        assert!(run.err.contains(says), "{args:?}: {run}");
    }
}

#[test]
fn standard_input_environments_and_organisations() {
    let folder = Folder::new("input");
    let text = log(&[public("reports", "2026-01-02T10:00:00Z", "e1")]);
    let of = |args: &[&str]| {
        let run = folder
            .run_with(&[&["replay", "-", "--settings", "settings.toml", "--output", "json"][..], args].concat(), &text);
        let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run}"));
        let row = count(&report, "s3-bucket-public-policy").clone();
        (row["would_correct"].as_u64().unwrap(), row["would_tell"].as_u64().unwrap())
    };
    assert_eq!(of(&[]), (1, 0));
    assert_eq!(of(&["--environment", "dev"]), (0, 1));
    folder.write(
        "organization.json",
        br#"[{"account":"444455556666","name":"other","path":["r-ab12"],"tags":{},"read_at":"2026-01-01T00:00:00Z"}]"#,
    );
    assert_eq!(of(&["--organization", "organization.json"]), (0, 1), "of a stranger nothing is put back");
}

#[test]
fn other_settings_change_what_they_change() {
    let folder = Folder::new("diff");
    folder.write("logs/a.json", &log(&[public("reports", "2026-01-02T10:00:00Z", "e1")]));
    folder.write("new.toml", SETTINGS.replace("\"corrective\"", "\"detective\"").as_bytes());
    let run = folder.run(&["replay", "--diff", "settings.toml", "new.toml", "logs"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.out.contains("s3-bucket-public-policy") && run.out.contains("would correct → would tell"), "{run}");
    let same = folder.json(&["replay", "--diff", "settings.toml", "settings.toml", "logs", "--output", "json"]);
    assert_eq!(same["total"], 0, "{same}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new("pipe");
    let records: Vec<Value> =
        (0..3_000).map(|n| public(&format!("bucket-{n}"), "2026-01-02T10:00:00Z", &format!("e{n}"))).collect();
    folder.write("logs/a.json", &log(&records));
    let mut command = harness::command(&["replay", "logs", "--settings", "settings.toml", "--output", "jsonl"]);
    let mut child = command.current_dir(&folder.0).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn one_event_and_why_nothing_happens() {
    let folder = Folder::new("check");
    let event = public("reports", "2026-01-02T10:00:00Z", "e1").to_string();
    let run = folder.run_with(&["check", "-", "--settings", "settings.toml"], event.as_bytes());
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.out.contains("would correct") && run.out.contains("delete the bucket policy"), "{run}");

    let mut failed = public("reports", "2026-01-02T10:00:00Z", "e1");
    failed["errorCode"] = json!("AccessDenied");
    let run = folder.run_with(&["check", "-", "--settings", "settings.toml"], failed.to_string().as_bytes());
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.out.contains("the call failed, so nothing changed"), "{run}");

    let other = record("GetBucketPolicy", "2026-01-02T10:00:00Z", "e3", &json!({}));
    let run = folder.run_with(&["check", "-", "--settings", "settings.toml"], other.to_string().as_bytes());
    assert!(run.code == Some(0) && run.out.contains("no guard watches it"), "{run}");

    for (text, says) in
        [("{}", "no event"), ("nonsense", "no JSON"), ("", "no event"), ("{\"eventVersion\":\"1.08\"}", "no record")]
    {
        let run = folder.run_with(&["check", "-", "--settings", "settings.toml"], text.as_bytes());
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "`{text}`: {run}");
        assert!(run.err.contains(says), "`{text}`: {run}");
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/s3-bucket/put-bucket-acl-public.json");
    let run = rectify(&["check", example.to_str().unwrap(), "--output", "json"], b"");
    let said: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(said["events"][0]["name"], "PutBucketAcl", "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_in_a_bucket_and_a_look_at_the_live_state() {
    let desk = Desk::new("replay").await;
    desk.put_object("/reports/AWSLogs/a.json", &log(&[public("reports", "2026-01-02T10:00:00Z", "e1")]));
    let large = log(&(0..2_000)
        .map(|n| public(&format!("bucket-{n}"), "2026-01-03T10:00:00Z", &format!("l{n}")))
        .collect::<Vec<_>>());
    assert!(large.len() > 1 << 20, "goes through a file");
    let mut gzip = std::io::Cursor::new(Vec::new());
    gzip.write_all(&large).unwrap();
    desk.put_object("/reports/AWSLogs/b.json", &large);
    let run = desk.run(&["replay", "s3://reports/AWSLogs/", "--output", "json"]);
    let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run}"));
    assert_eq!((&report["files"]["read"], &report["records"]["read"]), (&json!(2), &json!(2_001)), "{run}");
    assert_eq!(run.code, Some(0), "{run}");

    let nothing = desk.run(&["replay", "s3://reports/none/"]);
    assert!(nothing.code == Some(7) && nothing.err.contains("there is nothing in it"), "{nothing}");
    let missing = desk.run(&["replay", "s3://no-such-bucket-here/"]);
    assert!(missing.code == Some(7) && missing.err.contains("NoSuchBucket"), "{missing}");

    let event = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("live-event.json");
    let mut own = public("reports", "2026-01-02T10:00:00Z", "e1");
    own["recipientAccountId"] = json!("123456789012");
    std::fs::write(&event, own.to_string()).unwrap();
    let live = desk.run(&["check", event.to_str().unwrap(), "--live", "--output", "json"]);
    let said: Value = serde_json::from_str(&live.out).unwrap_or_else(|error| panic!("{error}: {live}"));
    assert_eq!(said["live"][0]["resource"]["arn"], "arn:aws:s3:::reports", "{live}");
    assert_eq!(live.code, Some(3), "another control is broken: {live}");
}
