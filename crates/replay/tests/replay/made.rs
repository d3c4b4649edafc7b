//! Records and files that a test makes, and the replay of them.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use rectify_controls::{AccountFacts, AccountId, Settings, every_control};
use rectify_replay::{Item, Progress, Replay, Report, Row, items};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const GROUP: &str = "sg-0a1b2c3d4e5f60718";
pub(crate) const SSH: &str = "sg-ingress-any-admin-port";

/// Everything is put back.
pub(crate) const CORRECTIVE: &str = "[[environment]]\nname = \"production\"\nmode = \"corrective\"\ndefault = true\n";

/// Everything is told.
pub(crate) const DETECTIVE: &str = "[[environment]]\nname = \"production\"\nmode = \"detective\"\ndefault = true\n";

pub(crate) fn settings(text: &str) -> Settings {
    Settings::parse(text, &every_control().collect::<Vec<_>>()).unwrap()
}

/// A replay of `paths` with one thread.
pub(crate) fn replay(paths: &[&Path]) -> Report {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    run(CORRECTIVE, None, 1, items(&paths)).0
}

/// A replay of items; every row.
pub(crate) fn run(
    text: &str,
    organization: Option<&BTreeMap<AccountId, AccountFacts>>,
    threads: usize,
    items: impl Iterator<Item = Item> + Send,
) -> (Report, Vec<Row>) {
    let settings = settings(text);
    let mut rows = Vec::new();
    let replay = Replay::new(&settings, organization, threads).unwrap();
    let mut keep = |row: &Row| {
        rows.push(row.clone());
        Ok(())
    };
    let report = replay.run(items, &Progress::default(), Some(&mut keep)).unwrap();
    (report, rows)
}

/// Bytes as one file.
pub(crate) fn file(name: &str, bytes: impl Into<Vec<u8>>) -> Item {
    Item::Fetched(name.to_owned(), bytes.into())
}

/// A replay of one file that has these bytes.
pub(crate) fn of(bytes: impl Into<Vec<u8>>) -> Report {
    run(CORRECTIVE, None, 1, [file("log", bytes)].into_iter()).0
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// A call as CloudTrail writes it, in the order of CloudTrail's keys.
pub(crate) fn record(source: &str, name: &str, time: &str, id: &str, more: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","principalId":"AIDA","arn":"arn:aws:iam::{ACCOUNT}:user/jane","accountId":"{ACCOUNT}","userName":"jane"}},"eventTime":"{time}","eventSource":"{source}","eventName":"{name}","awsRegion":"eu-central-1","sourceIPAddress":"203.0.113.17","userAgent":"aws-cli/2.31.20","requestID":"r","eventID":"{id}","eventType":"AwsApiCall","recipientAccountId":"{ACCOUNT}"{more}}}"#
    )
}

/// A call that only reads.
pub(crate) fn read(number: usize) -> String {
    record(
        "ec2.amazonaws.com",
        "DescribeInstances",
        "2025-07-10T12:00:00Z",
        &format!("read-{number}"),
        r#","readOnly":true"#,
    )
}

/// A rule of a security group that opens a port to everybody, or takes that back.
pub(crate) fn rule(name: &str, group: &str, port: u16, time: &str, id: &str) -> String {
    let more = json!({
        "requestParameters": {"groupId": group, "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": port, "toPort": port,
            "groups": {}, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "ipv6Ranges": {}, "prefixListIds": {}}]}},
        "responseElements": {"requestId": "r", "_return": true},
    });
    let more = more.to_string();
    record("ec2.amazonaws.com", name, time, id, &format!(",{}", &more[1..more.len() - 1]))
}

pub(crate) fn open(time: &str, id: &str) -> String {
    rule("AuthorizeSecurityGroupIngress", GROUP, 22, time, id)
}

pub(crate) fn close(time: &str, id: &str) -> String {
    rule("RevokeSecurityGroupIngress", GROUP, 22, time, id)
}

/// A log file as CloudTrail writes it.
pub(crate) fn log<R: AsRef<str>>(records: &[R]) -> String {
    let records: Vec<&str> = records.iter().map(AsRef::as_ref).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

/// One record with other fields.
pub(crate) fn with(record: &str, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut value: Value = serde_json::from_str(record).unwrap();
    change(value.as_object_mut().unwrap());
    value.to_string()
}

pub(crate) fn fixtures() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cloudtrail");
    let mut all: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    assert!(all.len() >= 5);
    all
}

pub(crate) fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap();
    out
}

/// Records by name of the call.
pub(crate) fn names(report: &Report) -> BTreeMap<(String, String), u64> {
    report.events.rows.iter().map(|row| ((row.source.clone(), row.name.clone()), row.records)).collect()
}

/// What of the files could not be read, and why.
pub(crate) fn unreadable(report: &Report) -> Vec<(String, String)> {
    report.files.unreadable.rows.iter().map(|row| (row.path.clone(), row.why.clone())).collect()
}

/// Nothing is wrong, and so many records were read.
#[track_caller]
pub(crate) fn fine(report: &Report, records: u64) {
    assert_eq!(unreadable(report), [], "something could not be read");
    assert_eq!((report.records.read, report.records.unreadable), (records, 0));
}

/// Something is wrong with one file, and this is said of it; so many records were read.
#[track_caller]
pub(crate) fn named(report: &Report, path: &str, why: &str, records: u64) {
    let all = unreadable(report);
    assert!(all.iter().any(|(named, said)| named == path && said.contains(why)), "{all:?}");
    assert_eq!(report.records.read, records, "{all:?}");
}

/// What would be corrected of [`SSH`]: an open port breaks other controls as well.
pub(crate) fn corrected(report: &Report) -> u64 {
    report.controls.iter().filter(|row| row.control == SSH).map(|row| row.counts.would_correct).sum()
}
