//! What somebody made up to be too much.

use std::{io::Write as _, sync::atomic::Ordering};

use rectify_replay::{Progress, Replay, Report};

use crate::made::{
    CORRECTIVE, corrected, file, fine, gzip, log, names, of, open, read, record, settings, unreadable, zip,
};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn small_bomb(bytes: Vec<u8>) -> Report {
    let settings = settings(CORRECTIVE);
    let replay = Replay::new(&settings, None, 1).unwrap().within(32 << 20, 1 << 16, 1 << 20);
    replay.run([file("log", bytes)].into_iter(), &Progress::default(), None).unwrap()
}

#[test]
fn a_bomb_is_left_early() {
    let space = vec![b' '; 64 << 20];
    let bomb = packed(&space);
    let files: Vec<(String, Vec<u8>)> = (0..50).map(|n| (format!("{n}"), bomb.clone())).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
    for bytes in [bomb.clone(), gzip(&bomb), zip(&[("a", &space)]), crate::made::tar(&[("a", &bomb)]), zip(&files)] {
        let report = small_bomb(bytes);
        let all = unreadable(&report);
        assert!(all.iter().any(|(_, why)| why.contains("200 times its size")), "{all:?}");
        assert!(report.files.inflated < 200 << 20, "{}", report.files.inflated);
    }
}

/// Whoever hands out the files waits until somebody takes them, also when nobody reads any more.
#[test]
fn a_replay_that_is_stopped_ends_with_what_it_has() {
    let settings = settings(CORRECTIVE);
    let progress = Progress::default();
    let items = (0..200_000_u32).map(|_| file("log", log(&[read(1)]).into_bytes()));
    let replay = Replay::new(&settings, None, 2).unwrap();
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            while progress.items.load(Ordering::Relaxed) < 3 {
                std::thread::yield_now();
            }
            progress.stop.store(true, Ordering::Relaxed);
        });
        replay.run(items, &progress, None).unwrap()
    });
    assert!(report.stopped && (3..200_000).contains(&report.records.read), "{:?}", report.records);
}

#[test]
fn a_log_that_shrinks_well_is_no_bomb() {
    let one = read(1);
    let many = vec![one.as_str(); 1_500];
    fine(&small_bomb(gzip(log(&many).as_bytes())), 1_500);
}

#[test]
fn files_that_lie_over_each_other() {
    // Each is too much by itself, or only all of them together.
    let records: Vec<String> = (0..6_000).map(read).collect();
    for text in [packed(&vec![b' '; 4 << 20]), packed(log(&records).as_bytes())] {
        let report = small_bomb(named_many_times(&text));
        assert!(report.files.unreadable.total > 0);
        assert!(report.files.inflated < 300 << 20, "{}", report.files.inflated);
    }
}

/// One file of a zip archive, named many times by its index.
fn named_many_times(text: &[u8]) -> Vec<u8> {
    let one = zip(&[("a", text)]);
    let find = |magic: &[u8]| memchr::memmem::rfind(&one, magic).unwrap();
    let (central, end) = (find(b"PK\x01\x02"), find(b"PK\x05\x06"));
    let mut all = one[..central].to_vec();
    let count = 2_000_u16;
    for number in 0..count {
        let mut entry = one[central..end].to_vec();
        // Its name, of one letter, is the last that stands there.
        let name = entry.len() - 1;
        entry[name] = b'a' + u8::try_from(number % 26).unwrap();
        all.extend(entry);
    }
    let size = u32::try_from(all.len() - central).unwrap();
    let mut tail = one[end..].to_vec();
    tail[8..10].copy_from_slice(&count.to_le_bytes());
    tail[10..12].copy_from_slice(&count.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    all.extend(tail);
    all
}

#[test]
fn names_are_bounded() {
    let long = "x".repeat(100_000);
    let text = log(&[
        record(&long, &long, "2025-07-10T12:00:00Z", "a", ""),
        record(&long, &long, "2025-07-10T12:00:00Z", "b", ""),
    ]);
    let report = of(text);
    fine(&report, 2);
    let all = names(&report);
    assert_eq!(all.values().collect::<Vec<_>>(), [&2]);
    assert!(all.keys().all(|(source, name)| source.len() < 200 && name.len() < 200));

    let many: Vec<String> = (0..60_000)
        .map(|n| format!(r#"{{"eventSource":"s{n}","eventName":"N{n}"}}"#))
        .chain([open("2025-07-10T12:00:00Z", "a")])
        .collect();
    let report = of(many.join("\n"));
    fine(&report, 60_001);
    assert!(report.events.rows.len() < 50_010, "{}", report.events.rows.len());
    assert_eq!(names(&report).values().sum::<u64>(), 60_001);
    // What is watched is not among the others.
    assert_eq!(corrected(&report), 1);
}

#[test]
fn very_many_files_that_cannot_be_read() {
    let files: Vec<(String, Vec<u8>)> = (0..3_000).map(|n| (format!("{n:05}"), Vec::new())).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
    let report = of(zip(&files));
    assert_eq!((report.files.unreadable.total, report.files.unreadable.rows.len()), (3_000, 1_000));
    let name = "n".repeat(60_000);
    let report = of(zip(&[(&name, b"")]));
    assert!(report.files.unreadable.rows[0].path.len() <= 1_000);
}

#[test]
fn a_table_whose_quote_never_ends() {
    let mut text = b"eventName,eventSource\nA,b\n\"".to_vec();
    text.resize(18 << 20, b'x');
    let report = of(gzip(&text));
    assert!(unreadable(&report)[0].1.contains("without an end"), "{:?}", unreadable(&report));
    assert_eq!(report.records.read, 1);
}

#[test]
fn one_second_of_very_many_events() {
    let failed = r#","errorCode":"AccessDenied""#;
    let many: Vec<String> = (0..10_000)
        .map(|n| {
            record(
                "ec2.amazonaws.com",
                "AuthorizeSecurityGroupIngress",
                "2025-07-10T12:00:00Z",
                &format!("e{n}"),
                failed,
            )
        })
        .collect();
    let report = of(log(&many));
    fine(&report, 10_000);
    assert_eq!(report.records.duplicates, 0);
}

#[test]
fn whoever_stops_gets_what_was_read() {
    let settings = settings(CORRECTIVE);
    let replay = Replay::new(&settings, None, 2).unwrap();
    let progress = Progress::default();
    let items = (0..10_000).map(|number| {
        if number == 100 {
            progress.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        file("log", log(&[read(number)]))
    });
    let report = replay.run(items, &progress, None).unwrap();
    assert!(report.stopped);
    assert!((1..200).contains(&report.records.read), "{}", report.records.read);
}
