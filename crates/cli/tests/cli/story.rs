//! `rectify sandbox --story` with the guard as it is deployed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[test]
fn the_story_ends_well_with_the_real_guard() {
    let guards = std::env::var_os("RECTIFY_BIN_DIR").map_or_else(|| root().join("target/release"), PathBuf::from);
    for guard in ["s3-bucket", "security-group", "cloudtrail"] {
        assert!(guards.join(guard).is_file(), "no {guard} in {}: run `cargo build --release` first", guards.display());
    }
    let output = Command::new(env!("CARGO_BIN_EXE_rectify"))
        .args(["sandbox", "--story", "--port", "0", "--bin-dir"])
        .arg(&guards)
        .current_dir(root())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(!out.contains('\u{1b}'), "colours are for terminals: {out}");
    assert_eq!(out.matches("Put back and proven ").count(), 5, "{out}");
    // Each way: the command, the event, the outcome, the e-mail's subject, the ledger's row, the time.
    for (command, event, control, title, undo) in [
        (
            "$ aws s3api put-bucket-acl --bucket customer-reports --acl public-read",
            "PutBucketAcl at s3.amazonaws.com",
            "s3-bucket-public-acl",
            "Bucket ACL grants access to everyone",
            "put_acl",
        ),
        (
            "$ aws s3api put-bucket-policy --bucket customer-reports --policy '{",
            "PutBucketPolicy at s3.amazonaws.com",
            "s3-bucket-public-policy",
            "Bucket policy grants access to everyone",
            "put_policy",
        ),
        (
            "$ aws s3api delete-public-access-block --bucket customer-reports",
            "DeleteBucketPublicAccessBlock at s3.amazonaws.com",
            "s3-bucket-block-public-access-off",
            "Block Public Access is not fully on for the bucket",
            "delete_block",
        ),
    ] {
        for expected in [
            command.to_owned(),
            format!("Call via CloudTrail: {event}"),
            format!("Subject: Corrected: {title} - customer-reports"),
        ] {
            assert!(out.contains(&expected), "{expected}: {out}");
        }
        let lines = |what: &str| out.lines().filter(|line| line.contains(control) && line.contains(what)).count();
        assert_eq!(lines("corrected s3-bucket-"), 1, "{out}");
        assert_eq!(lines(undo), 1, "the ledger knows how to undo it: {out}");
        assert_eq!(lines(" ms"), 1, "{out}");
    }
    // What belonged there is still there.
    assert!(out.contains("a moment later        statement Auditors\n"), "{out}");
    for (open, closed) in [
        ("tcp 22 from 128.0.0.0/1", "a moment later        tcp 22 from 203.0.113.0/24\n"),
        ("right after the call  it does not log\n", "a moment later        it logs\n"),
    ] {
        assert!(out.contains(open) && out.contains(closed), "{closed}: {out}");
    }
}
