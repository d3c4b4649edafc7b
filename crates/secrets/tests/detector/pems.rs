//! Private keys as files, programs, pages and logs wrap them, and what only looks like one.

use crate::wraps::{BASE64, Chance, pem};
use rectify_secrets::scan;

/// The lines of a key, each as `form` has it, joined by `between`.
fn lines(key: &str, form: &str, between: &str) -> String {
    key.lines().map(|line| form.replace("{}", line)).collect::<Vec<_>>().join(between)
}

fn keys(chance: &mut Chance) -> Vec<String> {
    vec![
        pem(chance, "RSA PRIVATE KEY", "MIIEpAIBAAKCAQEA", 1592, "\n"),
        pem(chance, "PRIVATE KEY", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ", 1624, "\n"),
        pem(chance, "PRIVATE KEY", "MC4CAQAwBQYDK2VwBCIEI", 64, "\n"),
        pem(chance, "EC PRIVATE KEY", "MHcCAQEEI", 164, "\n"),
        pem(chance, "OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ", 360, "\n"),
        pem(chance, "PGP PRIVATE KEY BLOCK", "lQOYBF", 1000, "\n"),
    ]
}

#[test]
fn a_key_is_found_through_what_stands_between_its_lines() {
    let forms = [
        ("{}", "\n"),
        ("{}", " "),
        ("{}", ""),
        ("{}", r"\n"),
        ("{}", r"\\n"),
        ("{}", r"\u000a"),
        ("{}", r"\x5Cn"),
        ("{}", "`n"),
        ("{}", "&#10;"),
        ("{}", "&#13;\n"),
        ("{}", "&#xd;\n"),
        ("{}", "%0A"),
        ("{}", "%0D%0A"),
        ("{}", "<br>"),
        ("{}", "<br />\n"),
        ("{}", "\\par\n"),
        ("// {}", "\n"),
        ("//{}", "\n"),
        ("# {}", "\n"),
        ("-- {}", "\n"),
        (" * {}", "\n"),
        ("> {}", "\n"),
        ("REM {}", "\r\n"),
        ("-{}", "\n"),
        ("+{}", "\n"),
        ("|{}|", "\n"),
        ("<p>{}</p>", "\n"),
        ("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", ""),
        ("2026-03-04T05:06:07.123Z INFO  [main] app.web: {}", "\n"),
        ("\"{}\\n\"", " +\n    "),
        ("'{}'.\"\\n\"", "\n  . "),
        ("\"{}\\n\"", " .\n"),
        ("\"{}\"", " & vbCrLf & _\n"),
        ("    \"{}\\r\\n\"", "\n"),
        ("\"{}\"", ",\n  "),
    ];
    let mut chance = Chance::new(30);
    for (form, between) in forms {
        for key in keys(&mut chance) {
            let content = format!("before\n{}\nafter\n", lines(&key, form, between));
            let report = scan(content.as_bytes());
            assert_eq!(report.rules().into_iter().collect::<Vec<_>>(), [("private-key", 1)], "{content}");
        }
    }
}

/// In a form that a browser sends, spaces and signs are escaped.
#[test]
fn a_key_in_a_url() {
    let mut chance = Chance::new(31);
    for key in keys(&mut chance) {
        let escaped = key.replace('+', "%2B").replace('/', "%2F").replace('\n', "%0A");
        for space in ["+", "%20"] {
            let content = format!("user=x&key={}&more=1", escaped.replace(' ', space));
            assert_eq!(scan(content.as_bytes()).found.len(), 1, "{content}");
        }
    }
}

/// What only begins like a key, ends too early or was typed to fill the place.
#[test]
fn what_is_no_key() {
    let mut chance = Chance::new(32);
    let head = "-----BEGIN RSA PRIVATE KEY-----";
    let tail = "-----END RSA PRIVATE KEY-----";
    let first = format!("MIIEpAIBAAKCAQEA{}", chance.text(BASE64, 48));
    let line = chance.text(BASE64, 64);
    let whole = pem(&mut chance, "RSA PRIVATE KEY", "MIIEpAIBAAKCAQEA", 1592, "\n");
    let at = |place: usize, word: &str| {
        let mut key = whole.clone();
        key.replace_range(place..place + word.len(), word);
        key
    };
    let same = format!("{}\n", "FH".repeat(32));
    let random: String = (0..6).map(|_| format!("{}\n", chance.text(BASE64, 64))).collect();
    let code = "getPrivateKeyFromEncodedString(readWholeFileAsString(pathOfTheKeyFile), \
                KeyFactoryForAllAlgorithms.getInstanceOfTheFactory(nameOfTheAlgorithm));\n";
    let cases = [
        ("a header alone", head.to_owned()),
        ("a header and code", format!("if (line.equals(\"{head}\")) {{ {} }}", code.repeat(20))),
        ("one line and dots", format!("{head}\n{first}\n...\n{tail}\n")),
        ("one line", format!("{head}\n{first}\n{tail}\n")),
        ("its first and last line", format!("{head}\n{first}\n[...]\n{line}\n{tail}\n")),
        ("a comment in between", format!("{head}\n{first}\n{}\n{line}\n{line}\n{line}\n", "and so on, ".repeat(12))),
        ("random lines", format!("{head}\n{}{tail}\n", format!("{line}\n").repeat(8))),
        ("an example at its end", at(1500, "EXAMPLE")),
        ("an example in the middle", at(900, "EXAMPLE")),
        ("an example over two lines", at(head.len() + 1 + 10 * 65 + 60, "EXAM\nPLE")),
        ("the same over and over", format!("{head}\n{first}\n{random}{same}{random}{tail}\n")),
        ("another key's header", format!("{head}\n-----BEGIN CERTIFICATE-----\n{}", format!("{line}\n").repeat(20))),
        ("PGP of something else", whole.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK")),
    ];
    let filled = format!("{head}\n{first}\n{random}{random}{tail}\n");
    for key in [whole, filled] {
        assert_eq!(scan(key.as_bytes()).found.len(), 1, "{key}");
    }
    for (name, content) in cases {
        assert_eq!(scan(content.as_bytes()).found, [], "{name}: {content}");
    }
}
