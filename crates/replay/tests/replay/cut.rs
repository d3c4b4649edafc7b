//! Files cut at any byte, and texts read in windows of any size.

use proptest::prelude::*;
use rectify_replay::{Progress, Replay, Report};

use crate::made::{CORRECTIVE, file, fine, fixtures, gzip, inflate, log, of, open, read, settings, unreadable, zip};

/// What of a file that was cut must be true; how many records it still has.
fn cut(bytes: &[u8], at: usize, whole: u64) -> u64 {
    let report = of(&bytes[..at]);
    assert!(report.records.read <= whole, "{at}");
    assert!(at == bytes.len() || report.files.unreadable.total > 0, "nothing is said of what was lost behind {at}");
    report.records.read
}

#[test]
fn fixtures_cut_at_many_bytes() {
    for (name, bytes) in fixtures() {
        let plain = inflate(&bytes);
        let whole = of(&*bytes);
        assert_eq!(whole.files.unreadable.total, 0, "{name}");
        assert_eq!(whole.records, of(&*plain).records, "{name}");
        for (bytes, end) in [(&bytes, bytes.len()), (&plain, plain.len())] {
            let step = (end / 80).max(1);
            let mut last = 0;
            for at in (0..end).step_by(step) {
                let read = cut(bytes, at, whole.records.read);
                assert!(read >= last, "{name} cut at {at} has {read} records, and cut before that {last}");
                last = read;
            }
        }
    }
}

#[test]
fn a_small_file_cut_at_every_byte() {
    let text = log(&[read(1), open("2025-07-10T12:00:00Z", "a"), read(2)]);
    let array = format!("[{}]", [read(1), read(2), read(3)].join(",\n"));
    for bytes in
        [text.clone().into_bytes(), array.into_bytes(), gzip(text.as_bytes()), zip(&[("a.json", text.as_bytes())])]
    {
        let mut last = 0;
        for at in 0..bytes.len() {
            let read = cut(&bytes, at, 3);
            assert!(read >= last, "{at}");
            last = read;
        }
    }
}

fn windowed(bytes: &[u8], window: usize) -> Report {
    let settings = settings(CORRECTIVE);
    let replay = Replay::new(&settings, None, 1).unwrap().within(1 << 20, window, 1 << 30);
    // Two members are read as they come.
    let bytes = [gzip(bytes), gzip(b"")].concat();
    replay.run([file("log", bytes)].into_iter(), &Progress::default(), None).unwrap()
}

#[track_caller]
fn same(one: &Report, other: &Report) {
    let of = |report: &Report| {
        let unreadable: Vec<_> =
            report.files.unreadable.rows.iter().map(|row| (row.why.clone(), row.records)).collect();
        let what = (report.files.read, report.files.other.clone(), report.files.unreadable.total, report.records);
        (what, report.events.rows.clone(), report.period, report.verdicts, unreadable)
    };
    assert_eq!(of(one), of(other));
}

#[test]
fn fixtures_in_small_windows() {
    for (_, bytes) in fixtures() {
        let text = inflate(&bytes);
        let whole = of(&*text);
        for window in [64, 100, 1_000, 4_096, 65_537] {
            same(&windowed(&text, window), &whole);
        }
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(read(1)),
        Just(open("2025-07-10T12:00:00Z", "a")),
        Just("{\"Records\":[".to_owned()),
        Just("]}".to_owned()),
        Just("{\"digestStartTime\":1}".to_owned()),
        Just("\u{feff}".to_owned()),
        r#"[\[\]{}":,\\ \n]{0,20}"#.prop_map(|text| text),
        r#"\{"[a-z\\"]{0,6}":[ \n]{0,80}"(eventName|\\u0041|[}{\\"]){0,6}"\}"#.prop_map(|text| text),
        " {0,100}".prop_map(|text| text),
    ];
    let any = prop::collection::vec(any::<u8>(), 0..40);
    let pieces = prop_oneof![9 => piece.prop_map(String::into_bytes), 1 => any];
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    /// Whatever it is: read as a whole and in windows it says the same.
    #[test]
    fn windows_do_not_count(text in text(), window in 64_usize..700) {
        let begins = |magic: &[u8]| text.starts_with(magic);
        prop_assume!(!begins(b"\xff\xfe") && !begins(b"\xfe\xff"));
        same(&windowed(&text, window), &of(text));
    }

    #[test]
    fn any_bytes_are_a_file(bytes in prop::collection::vec(any::<u8>(), 0..600), magic in 0_usize..6) {
        let magic: &[u8] = [&b""[..], b"\x1f\x8b\x08", b"PK\x03\x04", b"{", b"\xef\xbb\xbf[", b"eventName\n"][magic];
        of([magic, &bytes].concat());
    }

    /// A byte that is another one costs at most what stands behind it, and is no panic.
    #[test]
    fn a_byte_that_is_wrong(at in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0_usize..3) {
        let text = log(&[read(1), open("2025-07-10T12:00:00Z", "a"), read(2)]);
        let mut bytes = [text.clone().into_bytes(), gzip(text.as_bytes()), zip(&[("a.json", text.as_bytes())])][which].clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        prop_assert!(of(bytes).records.read <= 4);
    }
}

/// Whatever is lost of lines, those that are whole count, and what is not is named.
#[test]
fn lines_that_are_damaged() {
    let lines: Vec<String> = (0..20).map(read).collect();
    let whole = lines.join("\n");
    for cut in [1, 2, 40, 150, 350, 351, 352, 353] {
        let report = of(&whole.as_bytes()[cut..]);
        assert_eq!(report.records.read, 19, "{cut}");
        assert_eq!(unreadable(&report).len(), 1, "{cut}: {:?}", unreadable(&report));
    }
    let between = [&*lines[0], "somebody wrote this", &lines[1], "# and this", &lines[2]].join("\n");
    let report = of(between.as_bytes());
    assert_eq!((report.records.read, report.records.unreadable), (3, 2), "{:?}", unreadable(&report));
    // The same in pieces.
    let settings = settings(CORRECTIVE);
    let replay = Replay::new(&settings, None, 1).unwrap().within(1 << 20, 97, 1 << 20);
    let text = gzip(&whole.as_bytes()[350..]);
    let report = replay.run([file("log", text)].into_iter(), &Progress::default(), None).unwrap();
    assert_eq!((report.records.read, unreadable(&report).len()), (19, 1));
    fine(&of(format!("\u{feff}{whole}\r\n")), 20);
}
