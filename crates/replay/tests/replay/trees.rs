//! Directories as people have them.

use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
    process::Command,
};

use crate::made::{fine, gzip, log, named, open, read, replay, unreadable};

fn write(directory: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = directory.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn as_in_the_bucket() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let prefix = "AWSLogs/o-a1b2c3d4e5/111122223333";
    for day in 1..4 {
        let log = gzip(log(&[read(day)]).as_bytes());
        write(at, &format!("{prefix}/CloudTrail/eu-central-1/2025/07/{day:02}/111122223333_CloudTrail_x.json.gz"), log);
    }
    let digest = gzip(br#"{"digestStartTime":"2025-07-10T12:00:00Z","logFiles":[]}"#);
    write(at, &format!("{prefix}/CloudTrail-Digest/eu-central-1/2025/07/01/d.json.gz"), digest);
    let insight = r#"{"Records":[{"eventVersion":"1.08","insightDetails":{"eventName":"RunInstances"}}]}"#;
    write(at, &format!("{prefix}/CloudTrail-Insight/eu-central-1/2025/07/01/i.json.gz"), gzip(insight.as_bytes()));
    let report = replay(&[at]);
    fine(&report, 3);
    assert_eq!(report.files.read, 3);
    assert_eq!(report.files.other.values().sum::<u64>(), 2);
}

#[test]
fn nothing_is_no_log() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::create_dir_all(at.join("2025/07")).unwrap();
    named(&replay(&[at]), &at.display().to_string(), "there is nothing in it", 0);
    let gone = at.join("gone");
    named(&replay(&[&gone]), &gone.display().to_string(), "No such file", 0);
}

#[test]
fn links() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write(at, "a/log.json", log(&[read(1)]));
    symlink(at, at.join("a/round")).unwrap();
    symlink("nowhere", at.join("a/dangling")).unwrap();
    symlink("itself", at.join("a/itself")).unwrap();
    let other = tempfile::tempdir().unwrap();
    write(other.path(), "log.json", log(&[read(2)]));
    symlink(other.path(), at.join("a/other")).unwrap();
    let report = replay(&[at]);
    assert_eq!((report.records.read, report.files.unreadable.total), (2, 3), "{:?}", unreadable(&report));
}

#[test]
fn a_pipe_that_lies_about_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write(at, "log.json", log(&[read(1)]));
    let pipe = at.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at.join("socket")).unwrap();
    let report = replay(&[at]);
    named(&report, &pipe.display().to_string(), "no file", 1);
    assert_eq!(report.files.unreadable.total, 2);
    // One that is named is read, as shells make them of `<(…)`.
    let text = gzip(log(&[read(1), open("2025-07-10T12:00:00Z", "a")]).as_bytes());
    let to = pipe.clone();
    let writer = std::thread::spawn(move || fs::write(to, text).unwrap());
    fine(&replay(&[&pipe]), 2);
    writer.join().unwrap();
}

#[test]
fn names_that_are_no_text_and_files_that_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::write(at.join(std::ffi::OsStr::from_bytes(b"\xff\xfe.json")), log(&[read(1)])).unwrap();
    write(at, "\u{1b}[31m\n.json", log(&[read(2)]));
    fine(&replay(&[at]), 2);
    write(at, "z.json", log(&[read(3)]));
    let refused = at.join("z.json");
    fs::set_permissions(&refused, fs::Permissions::from_mode(0o0)).unwrap();
    // Whoever is root reads everything.
    if fs::read(&refused).is_err() {
        named(&replay(&[at]), &refused.display().to_string(), "denied", 2);
    }
    let closed = at.join("closed");
    write(&closed, "x.json", log(&[read(4)]));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read_dir(&closed).is_err() {
        let all = unreadable(&replay(&[at]));
        assert!(all.iter().any(|(path, _)| *path == closed.display().to_string()), "{all:?}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Larger than what is read in one piece, stored and packed.
#[test]
fn large_files() {
    let directory = tempfile::tempdir().unwrap();
    let one = read(1);
    let text = log(&vec![one.as_str(); (45 << 20) / one.len()]);
    let records = text.matches("DescribeInstances").count() as u64;
    write(directory.path(), "plain.json", &text);
    write(directory.path(), "packed.json.gz", gzip(text.as_bytes()));
    write(directory.path(), "zeros", vec![0_u8; 30 << 20]);
    let report = replay(&[&directory.path().join("plain.json"), &directory.path().join("packed.json.gz")]);
    fine(&report, 2 * records);
    assert_eq!(report.files.read, 2);
    let zeros = directory.path().join("zeros");
    named(&replay(&[&zeros]), &zeros.display().to_string(), "there is no JSON in it", 0);
}
