//! Archives and bytes that mean harm, or are broken.

use crate::wraps::{ALNUM, Chance, gzip, zip};
use proptest::prelude::*;
use rectify_secrets::{Limits, Reader, Unread, scan};

fn token(seed: u64) -> String {
    format!("token: ghp_{}\n", Chance::new(seed).text(ALNUM, 36))
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let bomb = gzip(&vec![b'a'; 4_000_000]);
    let mut reader = Reader::new(Limits { inflated: 1_000_000, ..Limits::default() });
    reader.feed(&bomb);
    assert!(reader.is_full());
    let report = reader.finish();
    assert_eq!(report.unread, [Unread::Inflated]);
    assert!(report.text <= 1_000_000);

    let zeros = vec![0; 4_000_000];
    let bomb = zip(&[("a", zeros.as_slice()), ("b", zeros.as_slice())], true, false);
    let mut reader = Reader::new(Limits { inflated: 1_000_000, ..Limits::default() });
    reader.feed(&bomb);
    assert!(reader.is_full());
    assert_eq!(reader.finish().unread, [Unread::Inflated]);
}

#[test]
fn many_members_end_at_the_limit() {
    let members: Vec<(String, &[u8])> =
        (0..200).map(|at| (format!("{at}"), b"hello, hello, hello".as_slice())).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let mut reader = Reader::new(Limits { members: 100, ..Limits::default() });
    reader.feed(&zip(&members, true, false));
    assert!(reader.is_full());
}

#[test]
fn archives_in_archives_end_at_the_limit() {
    let two = gzip(&gzip(token(1).as_bytes()));
    assert_eq!(scan(&two).found[0].rule, "github-pat");
    let four = gzip(&gzip(&two));
    let report = scan(&four);
    assert_eq!((report.found, report.unread), (vec![], vec![Unread::Nested]));
}

#[test]
fn what_comes_before_the_damage_is_read() {
    let mut content = token(2).into_bytes();
    content.extend((0..200_000_u32).flat_map(|at| at.to_le_bytes()));
    let whole = gzip(&content);
    let report = scan(&whole[..whole.len() / 2]);
    assert_eq!((report.found[0].rule, report.unread), ("github-pat", vec![Unread::Damaged]));
    let whole = zip(&[("a", &content)], true, false);
    let report = scan(&whole[..whole.len() / 2]);
    assert_eq!((report.found[0].rule, report.unread), ("github-pat", vec![Unread::Damaged]));
}

/// What is read of a damaged archive is the same however its bytes come.
#[test]
fn damage_is_met_at_the_same_place() {
    let mut chance = Chance::new(8);
    let text = format!("{}{}", token(9), chance.text(ALNUM, 20_000));
    for place in (20..9_000).step_by(97) {
        let mut damaged = gzip(text.as_bytes());
        for byte in damaged.iter_mut().skip(place).take(3) {
            *byte ^= 0x5A;
        }
        let whole = scan(&damaged);
        for size in [1, 7, 100, 1000, 1024, 5000] {
            let mut reader = Reader::new(Limits::default());
            damaged.chunks(size).for_each(|piece| reader.feed(piece));
            assert_eq!(reader.finish(), whole, "{place} {size}");
        }
    }
}

#[test]
fn members_that_are_not_read_are_told() {
    let mut locked = zip(&[("secret.txt", token(3).as_bytes())], false, false);
    locked[6] |= 1;
    assert_eq!(scan(&locked).unread, [Unread::Encrypted]);
    let mut rare = zip(&[("secret.txt", b"whatever this is")], false, false);
    rare[8] = 14;
    assert_eq!(scan(&rare).unread, [Unread::Compression]);
    assert_eq!(scan(b"\xFD7zXZ\0 and so on").unread, [Unread::Compression]);
    assert_eq!(scan(b"\x28\xB5\x2F\xFD and so on").unread, [Unread::Compression]);
}

/// A member after one that is not read is.
#[test]
fn the_rest_of_an_archive_is_read() {
    let mut mixed = zip(&[("locked", b"0123456789"), ("b", token(4).as_bytes())], false, false);
    mixed[6] |= 1;
    let report = scan(&mixed);
    assert_eq!((report.found[0].rule, report.found[0].member.as_deref()), ("github-pat", Some("b")));
}

#[test]
fn a_name_that_is_a_secret_is_left_out() {
    let name = token(5);
    let report = scan(&zip(&[(name.trim_start_matches("token: ").trim(), token(6).as_bytes())], true, false));
    assert_eq!((report.found.len(), report.found[0].member.clone()), (1, None));
}

#[test]
fn the_report_is_bounded() {
    let members: Vec<(String, String)> = (0..300).map(|at| (format!("{at}"), token(at))).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    assert_eq!(scan(&zip(&members, true, false)).found.len(), rectify_secrets::Report::MOST);
}

#[test]
fn a_reader_cannot_be_printed() {
    let mut reader = Reader::new(Limits::default());
    reader.feed(token(7).as_bytes());
    assert_eq!(format!("{reader:?}"), "Reader { .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Bytes of any kind, cut anywhere: no panic, and the cuts change nothing.
    #[test]
    fn pieces_do_not_matter(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..3000),
            "[A-Za-z0-9+/= \n\\\\%u-]{0,600}(AKIA[A-Z2-7]{16}|-----BEGIN PRIVATE KEY-----|SG\\.|Q~|:AA)[A-Za-z0-9+/= \n\\\\%-]{0,600}".prop_map(String::into_bytes),
            // Dense in anchors, escapes and what stands around them.
            "(AKIA[A-Z2-7]{16}|access_key|aws_secret_access_key|-----BEGIN PRIVATE KEY-----|AccountKey=|A\0K\0I\0A\0|MII[BE][a-zA-Z0-9]{60}|\\\\{1,9}|&#x?[0-9A-F]{0,3};?|%25?[0-9A-F]{0,2}|=\r?\n|=3D|\x1B?\\[[0-9;]{0,20}[mK]|[A-Za-z0-9/+]{39,41}|[ :=_\"/+`nu-]){0,200}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(|tail| [b"PK\x03\x04".as_slice(), &tail].concat()),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(|tail| [b"\x1F\x8B\x08".as_slice(), &tail].concat()),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(|tail| zip(&[("x", &tail)], true, true)),
        ],
        cuts in prop::collection::vec(1..500_usize, 1..20),
    ) {
        let mut reader = Reader::new(Limits::default());
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            reader.feed(piece);
            rest = after;
        }
        prop_assert_eq!(reader.finish(), scan(&bytes));
    }
}
