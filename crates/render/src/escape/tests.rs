use proptest::prelude::*;

use super::{ascii, block, cut, is_hidden, json, line, toml, value};

/// Text that wants to do harm, mixed with ordinary text.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\u{1b}[31m".to_owned()),
        Just("\u{1b}]8;;https://evil.example\u{7}".to_owned()),
        Just("\u{202e}gnp.exe".to_owned()),
        Just("\r\nBcc: everybody@evil.example".to_owned()),
        Just("https://evil.example/".to_owned()),
        Just("www.evil.com".to_owned()),
        Just("evil。com".to_owned()),
        Just("\\\\evil\\share".to_owned()),
        Just("\\".to_owned()),
        Just("s3.amazonaws.com".to_owned()),
        Just("\u{e0041}\u{fffe}".to_owned()),
        Just("<https://evil.example|click>".to_owned()),
        "[a-z.:/\\\\ \"-]{0,12}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_value_is_one_visible_line_without_links_within_its_limit(text in hostile(), limit in 0_usize..200) {
        let shown = value(&text, limit);
        prop_assert!(!shown.contains(is_hidden), "{shown:?}");
        prop_assert!(!shown.contains("://"), "{shown:?}");
        prop_assert!(!shown.contains("\\\\"), "{shown:?}");
        let kept = shown.rfind("… (").filter(|_| shown.ends_with(')')).and_then(|at| shown.get(..at)).unwrap_or(&shown);
        prop_assert!(kept.chars().count() <= limit || shown.chars().count() <= limit, "{shown:?}");
    }

    #[test]
    fn a_value_shown_twice_is_the_same(text in hostile()) {
        let once = value(&text, 100_000);
        prop_assert_eq!(value(&once, 100_000), once);
    }

    #[test]
    fn whatever_is_appended_shows(a in hostile(), b in "[a-z\u{200b}\n.]{0,5}") {
        let (one, two) = (a.clone(), format!("{a}{b}"));
        prop_assert_eq!(value(&one, 100_000) == value(&two, 100_000), one == two);
    }

    #[test]
    fn a_block_keeps_its_lines_and_nothing_else_that_is_hidden(text in hostile(), limit in 0_usize..200) {
        prop_assert!(!block(&text, limit).replace('\n', "").contains(is_hidden));
    }

    #[test]
    fn a_line_is_visible(text in hostile(), limit in 0_usize..200) {
        let shown = line(&text, limit);
        prop_assert!(!shown.contains(is_hidden), "{shown:?}");
        let visible = !text.contains(is_hidden) && text.chars().count() <= limit;
        prop_assert!(!visible || shown == text);
    }

    #[test]
    fn ascii_is_printable_and_within_its_limit(text in hostile(), limit in 0_usize..120) {
        let shown = ascii(&text, limit);
        prop_assert!(shown.len() <= limit && shown.bytes().all(|b| (b' '..=b'~').contains(&b)), "{shown:?}");
    }

    #[test]
    fn a_cut_keeps_the_beginning(text in any::<String>(), limit in 0_usize..50) {
        let kept = cut(&text, limit);
        let head: String = text.chars().take(limit).collect();
        prop_assert!(kept.starts_with(&head));
        prop_assert_eq!(kept == text, text.chars().count() <= limit || kept == text);
    }

    #[test]
    fn json_means_the_same_and_hides_nothing(text in hostile()) {
        let plain = serde_json::to_string(&text).unwrap();
        let shown = json(&plain);
        prop_assert!(!shown.contains(is_hidden));
        prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }

    #[test]
    fn toml_means_exactly_the_text_and_makes_no_link(text in hostile()) {
        let quoted = toml(&text);
        prop_assert!(!quoted.contains(is_hidden));
        prop_assert!(!quoted.contains("://"));
        let table: toml::Table = format!("x = {quoted}").parse().unwrap();
        prop_assert_eq!(table["x"].as_str(), Some(text.as_str()));
    }
}

#[test]
fn hostile_text_becomes_readable() {
    for (text, shown) in [
        ("plain-bucket_1", "plain-bucket_1"),
        ("", ""),
        ("a\u{1b}[31mred", "a\\u{1b}[31mred"),
        ("invoice\u{202e}fdp.exe", "invoice\\u{202e}fdp[.]exe"),
        ("two\r\nlines", "two\\u{d}\\u{a}lines"),
        ("zero\u{200b}width", "zero\\u{200b}width"),
        ("https://evil.example/x", "https[:]//evil[.]example/x"),
        ("www.evil.com", "www[.]evil[.]com"),
        ("www.1-2.com", "www[.]1-2[.]com"),
        ("jane@evil.com", "jane@evil[.]com"),
        ("evil。com and evil．com", "evil[。]com and evil[．]com"),
        ("\\\\evil\\share", "\\u{5c}\\u{5c}evil\\share"),
        ("a\\\u{1b}", "a\\u{5c}\\u{1b}"),
        // Words of AWS stay as they are where they stand alone, and only there.
        ("called by cloudformation.amazonaws.com.", "called by cloudformation.amazonaws.com."),
        ("{\"Service\":\"sns.amazonaws.com.cn\"}", "{\"Service\":\"sns.amazonaws.com.cn\"}"),
        ("evil.s3.amazonaws.com", "evil[.]s3[.]amazonaws[.]com"),
        ("s3.amazonaws.com/evil", "s3[.]amazonaws[.]com/evil"),
        ("s3.amazonaws.com.evil.com", "s3[.]amazonaws[.]com[.]evil[.]com"),
        ("x@s3.amazonaws.com", "x@s3[.]amazonaws[.]com"),
        (
            "READ to http://acs.amazonaws.com/groups/global/AllUsers",
            "READ to http://acs.amazonaws.com/groups/global/AllUsers",
        ),
        (
            "http://acs.amazonaws.com/groups/global/AllUsers/evil",
            "http[:]//acs[.]amazonaws[.]com/groups/global/AllUsers/evil",
        ),
        // Addresses and versions are no host names.
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("The end. Next", "The end. Next"),
        ("naïve ☕ 日本", "naïve ☕ 日本"),
    ] {
        assert_eq!(value(text, 500), shown, "{text:?}");
    }
}

#[test]
fn what_is_too_long_is_cut_between_characters_and_counted() {
    assert_eq!(value("äöü", 3), "äöü");
    assert_eq!(value("äöüß", 3), "äöü… (1 more character)");
    assert_eq!(value(&"x".repeat(100_000), 10), format!("{}… (99990 more characters)", "x".repeat(10)));
    // An escape is never cut in two.
    assert_eq!(value("ab\u{1b}cd", 5), "ab… (3 more characters)");
    assert_eq!(cut("日本語", 2), "日本… (1 more character)");
    assert_eq!(ascii("a rather long name", 10), "a rathe...");
    assert_eq!(ascii("naïve\nname", 20), "na?ve\\u{a}name");
}
