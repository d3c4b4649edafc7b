//! The forms in which people have logs.

use serde_json::{Value, json};

use crate::made::{corrected, fine, gzip, log, named, of, open, read, tar, unreadable, with, zip};

const TIME: &str = "2025-07-10T12:35:26Z";

fn three() -> [String; 3] {
    [read(1), open(TIME, "b"), read(2)]
}

#[test]
fn what_cloudtrail_and_people_write() {
    let three = three();
    let pretty = |value: &str| serde_json::to_string_pretty(&serde_json::from_str::<Value>(value).unwrap()).unwrap();
    let log = log(&three);
    let texts = [
        ("log file", log.clone()),
        ("JSON lines", three.join("\n")),
        ("JSON lines of Windows", three.join("\r\n") + "\r\n"),
        ("array", format!("[{}]", three.join(", "))),
        ("one after the other", three.concat()),
        ("log files one after the other", three.iter().map(|one| crate::made::log(&[one])).collect()),
        ("pretty", pretty(&log)),
        ("tabs", pretty(&log).replace("  ", "\t")),
        ("pretty lines", three.iter().map(|one| pretty(one)).collect::<Vec<_>>().join("\n")),
        ("with BOM", format!("\u{feff}{log}")),
        ("spaces around", format!("  \n{log}\n\n")),
        ("something before the records", log.replacen("{\"Records\"", "{\"version\":1,\"Records\"", 1)),
        ("CloudWatch Logs export", three.iter().map(|one| format!("{TIME} {one}\n")).collect()),
    ];
    for (what, text) in texts {
        let files = [
            text.clone().into_bytes(),
            gzip(text.as_bytes()),
            gzip(&gzip(text.as_bytes())),
            zip(&[("a/b.json", text.as_bytes())]),
            zip(&[("a/b.json.gz", &gzip(text.as_bytes()))]),
            tar(&[("a/b.json", text.as_bytes())]),
            gzip(&tar(&[("a/b.json.gz", &gzip(text.as_bytes()))])),
            gzip(&zip(&[("a/b.json", text.as_bytes())])),
        ];
        for (number, bytes) in files.into_iter().enumerate() {
            let report = of(bytes);
            println!("{what}, {number}");
            fine(&report, 3);
            assert_eq!((report.files.read, report.records.watched, corrected(&report)), (1, 1, 1));
        }
    }
}

#[test]
fn several_files_in_one() {
    let three = three();
    let members: Vec<u8> = three.iter().flat_map(|one| gzip(log(&[one]).as_bytes())).collect();
    fine(&of(members), 3);
    let logs: Vec<Vec<u8>> = three.iter().map(|one| gzip(log(&[one]).as_bytes())).collect();
    let files = [("1.json.gz", &*logs[0]), ("2.json.gz", &*logs[1]), ("d/3.json.gz", &*logs[2])];
    for bytes in [zip(&files), tar(&files), gzip(&tar(&files))] {
        let report = of(bytes);
        fine(&report, 3);
        assert_eq!(report.files.read, 3);
    }
}

#[test]
fn what_services_send_and_export() {
    let three = three();
    let record = |at: usize| serde_json::from_str::<Value>(&three[at]).unwrap();
    let envelope = |at: usize| {
        json!({"version": "0", "id": "i", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "account": "111122223333",
            "time": TIME, "region": "eu-central-1", "resources": [], "detail": record(at)})
    };
    let line = |at: usize| json!({"logStreamName": "s", "timestamp": 1, "message": three[at], "eventId": "1"});
    let texts = [
        ("EventBridge archive", (0..3).map(|at| envelope(at).to_string() + "\n").collect::<String>()),
        ("lookup-events", json!({"Events": ([0, 1, 2].map(|at| json!({"EventId": "1", "CloudTrailEvent": three[at]}))), "NextToken": "x"}).to_string()),
        ("CloudWatch Logs subscription", json!({"messageType": "DATA_MESSAGE", "logEvents": ([0, 1, 2].map(|at| json!({"id": "1", "message": three[at]})))}).to_string()),
        ("filter-log-events", json!({"events": ([0, 1, 2].map(line)), "searchedLogStreams": []}).to_string()),
        ("filter-log-events, the rest first", json!({"a": [], "events": ([0, 1, 2].map(line))}).to_string()),
        ("Lake", json!([0, 1, 2].map(|at| json!({"eventJson": three[at]}))).to_string()),
        ("a log file in a message", json!({"message": log(&three)}).to_string()),
        ("a log file in a message, the rest first", json!({"message": log(&three).replacen("{\"Records", "{\"a\":1,\"Records", 1)}).to_string()),
    ];
    for (what, text) in texts {
        for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            println!("{what}");
            let report = of(bytes);
            fine(&report, 3);
            assert_eq!((report.records.watched, corrected(&report)), (1, 1));
        }
    }
}

#[test]
fn tables() {
    let three = three();
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let lake = format!("eventJson,n\n{}", three.iter().map(|one| format!("{},1\n", quoted(one))).collect::<String>());
    let record: Value = serde_json::from_str(&three[1]).unwrap();
    let athena = format!(
        "\"eventtime\",\"eventsource\",\"eventname\",\"awsregion\",\"recipientaccountid\",\"requestparameters\",\"responseelements\"\n\
         \"{TIME}\",\"ec2.amazonaws.com\",\"AuthorizeSecurityGroupIngress\",\"eu-central-1\",\"111122223333\",{},{}\n",
        quoted(&record["requestParameters"].to_string()),
        quoted(&record["responseElements"].to_string())
    );
    for (text, records) in [(lake, 3), (athena, 1)] {
        let bom = format!("\u{feff}{text}");
        for bytes in [
            text.clone().into_bytes(),
            gzip(text.as_bytes()),
            zip(&[("a.csv", text.as_bytes())]),
            bom.clone().into_bytes(),
            tar(&[("a", bom.as_bytes())]),
        ] {
            let report = of(bytes);
            fine(&report, records);
            assert_eq!(corrected(&report), 1);
        }
    }
    // A row that is no text does not end the table.
    let text = format!("eventJson\n{}\n\"x\u{e9}\"\n{}\n", quoted(&three[0]), quoted(&three[1]));
    let bytes: Vec<u8> = text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
    named(&of(bytes), "log", "1 row has no record", 2);
}

#[test]
fn other_files_of_aws_are_no_logs_and_no_trouble() {
    let digest =
        json!({"awsAccountId": "111122223333", "digestStartTime": TIME, "logFiles": [{"s3Object": "x"}]}).to_string();
    let insight = json!({"Records": [{"eventVersion": "1.08", "eventTime": TIME, "insightDetails": {"eventName": "RunInstances", "eventSource": "ec2.amazonaws.com"}}]}).to_string();
    let config = json!({"configurationItems": [{"resourceType": "AWS::S3::Bucket"}]}).to_string();
    for (what, text) in [
        ("CloudTrail digests", digest),
        ("CloudTrail Insights", insight),
        ("AWS Config history", config),
        ("JSON without records", "{\"a\":[1]}".to_owned()),
    ] {
        for bytes in [text.clone().into_bytes(), gzip(text.as_bytes()), zip(&[("a", text.as_bytes())])] {
            let report = of(bytes);
            fine(&report, 0);
            assert_eq!((report.files.read, report.files.other.get(what)), (0, Some(&1)), "{what}");
        }
    }
}

#[test]
fn a_file_without_events_is_a_log() {
    for text in ["{\"Records\":[]}", "[]", "{\"Records\" : [\n]}\n", "{\"Events\":[]}"] {
        for bytes in [
            text.as_bytes().to_vec(),
            gzip(text.as_bytes()),
            zip(&[("a", text.as_bytes())]),
            [gzip(text.as_bytes()), gzip(text.as_bytes())].concat(),
        ] {
            let report = of(bytes);
            fine(&report, 0);
            assert_eq!(report.files.read, 1, "{text}");
        }
    }
}

#[test]
fn what_is_no_log_is_named() {
    let utf16 = |order: fn(u16) -> [u8; 2]| log(&three()).encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let cases: [(&str, Vec<u8>); 14] = [
        ("it is empty", Vec::new()),
        ("it is empty", b" \n".to_vec()),
        ("there is no JSON in it", b"# Logs\nof July\n".to_vec()),
        ("there is no JSON in it", b"\x89PNG\r\n\x1a\n\0\0".to_vec()),
        ("there is no JSON in it", b"a,b\n1,2\n".to_vec()),
        ("zstd", b"\x28\xb5\x2f\xfdxxxx".to_vec()),
        ("bzip2", b"BZh91AY".to_vec()),
        ("xz", b"\xfd7zXZ\0".to_vec()),
        ("7-Zip", b"7z\xbc\xaf'\x1c".to_vec()),
        ("Parquet", b"PAR1abc".to_vec()),
        ("UTF-16", [vec![0xff, 0xfe], utf16(u16::to_le_bytes)].concat()),
        ("UTF-16", [vec![0xfe, 0xff], utf16(u16::to_be_bytes)].concat()),
        ("UTF-16", utf16(u16::to_le_bytes)),
        ("empty zip", b"PK\x05\x06aaaaaaaaaaaaaaaaaa".to_vec()),
    ];
    for (why, bytes) in cases {
        named(&of(bytes.clone()), "log", why, 0);
        if !why.contains("zip") {
            named(&of(gzip(&bytes)), "log", why, 0);
            named(&of(zip(&[("a", &bytes)])), "log!a", why, 0);
        }
    }
}

#[test]
fn a_damaged_archive_gives_what_it_has() {
    let three = three();
    let whole = gzip(log(&three).as_bytes());
    // Behind the end: padding, or anything.
    for garbage in [&[0_u8; 100][..], b"garbage behind the end", &[0x1f, 0x8b, 8]] {
        named(&of([&*whole, garbage].concat()), "log", "cannot be read to its end", 3);
    }
    let mut wrong = whole.clone();
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    named(&of(wrong), "log", "checksum", 3);
    // The size that stands at its end is somebody's word.
    for size in [0_u32, 1, u32::MAX, 40 << 20] {
        let mut wrong = whole.clone();
        let at = wrong.len() - 4;
        wrong[at..].copy_from_slice(&size.to_le_bytes());
        named(&of(wrong), "log", "cannot be read to its end", 3);
    }
    // An archive whose end is lost, where its index is.
    let logs: Vec<Vec<u8>> = three.iter().map(|one| gzip(log(&[one]).as_bytes())).collect();
    let files = [("1.json.gz", &*logs[0]), ("2.json.gz", &*logs[1]), ("3.json.gz", &*logs[2])];
    let zip = zip(&files);
    named(&of(&zip[..zip.len() - 30]), "log", "files were read until one was not whole", 3);
    let tar = tar(&files);
    named(&of(&tar[..3 * 1024 + 100]), "log!3.json.gz", "cannot be read to its end", 2);
}

#[test]
fn archives_may_be_in_each_other_and_not_without_end() {
    let mut bytes = log(&three()).into_bytes();
    for _ in 0..4 {
        bytes = gzip(&bytes);
    }
    fine(&of(bytes.clone()), 3);
    for _ in 0..20 {
        bytes = gzip(&bytes);
    }
    named(&of(bytes), "log", "archives that are in each other", 0);
}

#[test]
fn a_line_that_was_never_ended_costs_one_line() {
    let three = three();
    for (lost, cut) in [(1, 10), (1, 200), (1, three[1].len() - 2)] {
        let text = format!("{}\n{}\n{}\n{}\n", three[0], &three[1][..cut], three[2], three[0]);
        for bytes in [text.clone().into_bytes(), gzip(text.as_bytes()), zip(&[("a", text.as_bytes())])] {
            let report = of(bytes);
            assert_eq!((report.records.read, report.records.unreadable), (3, lost), "{:?}", unreadable(&report));
            assert_eq!(report.files.unreadable.total, 1);
        }
    }
}

#[test]
fn a_record_that_names_no_place_is_said_to() {
    for field in ["recipientAccountId", "awsRegion", "eventTime"] {
        let one = with(&open(TIME, "x"), |record| {
            record.insert(field.to_owned(), json!("No where!"));
            record.remove("userIdentity");
        });
        let report = of(log(&[one, read(1)]));
        named(&report, "log", "1 record of a watched call", 2);
        assert_eq!((report.records.unreadable, corrected(&report)), (1, 0), "{field}");
    }
}

/// What Athena makes of a request is no JSON: nobody can say what it was about, and that is said.
#[test]
fn a_table_whose_requests_are_no_json() {
    let text = "eventversion,eventtime,eventsource,eventname,awsregion,requestparameters,eventid,recipientaccountid\n\
                1.08,2025-07-10T12:00:00Z,ec2.amazonaws.com,AuthorizeSecurityGroupIngress,eu-central-1,\"{groupId=sg-1, x={y=1}}\",e,111122223333\n";
    let report = of(text);
    named(&report, "log", "1 row has a request that is not JSON", 1);
    assert_eq!((report.verdicts.ignored, report.verdicts.heard()), (0, 0));
    assert!(report.verdicts.needs_live_state > 0);
    let none = of(text.replace("\"{groupId=sg-1, x={y=1}}\"", "null"));
    assert!(unreadable(&none).is_empty() && none.verdicts.needs_live_state == 0);
}
