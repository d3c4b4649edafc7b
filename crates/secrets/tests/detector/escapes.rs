//! Secrets in the escapes of the formats that carry them.

use crate::wraps::{ALNUM, Chance, base64, id, secret, utf16};
use rectify_secrets::{Class, scan};

fn keys(content: &str) -> String {
    let report = scan(content.as_bytes());
    assert!(report.found.iter().all(|found| found.class == Class::AccessKey), "{content}");
    report.keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(" ")
}

/// Signs in a secret as JSON, programs, URLs, HTML and logs write them.
#[test]
fn signs_of_a_secret_are_escaped() {
    let mut chance = Chance::new(20);
    let signs = [
        (r"\/", "+"),
        (r"\\/", "+"),
        (r"\\\/", "+"),
        ("/", r"\u002B"),
        (r"\u002f", r"\u002b"),
        (r"\\u002F", r"\\u002B"),
        (r"\x2F", r"\x2B"),
        ("%2F", "%2B"),
        ("%252F", "%252B"),
        ("%252f", "%252b"),
        ("&#47;", "&#43;"),
        ("&#x2F;", "&#x2B;"),
    ];
    for (slash, plus) in signs {
        for _ in 0..20 {
            let (id, secret) = (id(&mut chance), secret(&mut chance).replace('/', slash).replace('+', plus));
            let content = format!("{{\"AccessKeyId\":\"{id}\",\"SecretAccessKey\":\"{secret}\"}}");
            assert_eq!(keys(&content), id, "{content}");
        }
    }
}

/// More than one sign of a secret.
#[test]
fn many_signs_of_a_secret_are_escaped() {
    let mut chance = Chance::new(21);
    let (id, secret) = (id(&mut chance), secret(&mut chance));
    for sign in [r"\u002F", "&#x2F;", "%252F"] {
        let secret = secret.replace('+', "/").replace('/', sign);
        assert_eq!(keys(&format!("{id} {secret}")), id, "{sign}");
    }
}

/// Signs and colours directly before a key are no part of it.
#[test]
fn an_escape_before_a_key_is_none_of_it() {
    let mut chance = Chance::new(22);
    for before in [
        r"\n",
        r"\t",
        r"\u0022",
        r"\\u0022",
        r"\x22",
        r"\\x22",
        "%3D",
        "%3d",
        "%253D",
        "=3D",
        "\x1B[32m",
        "\x1B[01;31m",
        "\x1B[38;5;208m",
        "\x1B[m\x1B[K",
        r"\u001b[33m",
        r"\033[33m",
    ] {
        for _ in 0..20 {
            let (id, secret) = (id(&mut chance), secret(&mut chance));
            let content = format!("id:{before}{id}\x1B[0m secret:{before}{secret}\x1B[0m\n");
            assert_eq!(keys(&content), id, "{content}");
            let token = format!("{before}ghp_{}", chance.text(ALNUM, 36));
            assert_eq!(scan(token.as_bytes()).found.len(), 1, "{token}");
        }
    }
}

/// Letters that only look like the end of an escape belong to the word.
#[test]
fn what_is_no_escape_belongs_to_the_word() {
    let mut chance = Chance::new(23);
    for before in ["x22", "n", "m", "32m", "3D", "K"] {
        let (id, secret) = (id(&mut chance), secret(&mut chance));
        for content in [format!(" {before}{id} {secret}"), format!(" {id} secret {before}{secret}")] {
            assert_eq!(keys(&content), "", "{content}");
        }
    }
    // A secret may itself begin like one.
    let (id, mut secret) = (id(&mut chance), secret(&mut chance));
    secret.replace_range(..2, "3D");
    assert_eq!(keys(&format!("id={id}\nsecret={secret}\n")), id);
}

/// A line of mail ends anywhere in a secret.
#[test]
fn mail_breaks_a_line_in_a_secret() {
    let mut chance = Chance::new(24);
    for end in ["=\n", "=\r\n"] {
        for at in 1..40 {
            let (id, secret) = (id(&mut chance), secret(&mut chance));
            let (one, two) = secret.split_at(at);
            for after in [" thanks", "\n", ""] {
                let content = format!("aws_access_key_id=3D{id} aws_secret_access_key=3D{one}{end}{two}{after}");
                assert_eq!(keys(&content), id, "{content}");
            }
        }
        let (id, secret) = (id(&mut chance), secret(&mut chance));
        assert_eq!(keys(&format!("{id} and {secret}{end} thanks")), id);
    }
}

/// An id and its secret with a sign between them that could be the secret's.
#[test]
fn one_sign_between_id_and_secret() {
    let mut chance = Chance::new(25);
    for between in ["/", "+", ":", "|", " / "] {
        let (id, secret) = (id(&mut chance), secret(&mut chance));
        assert_eq!(keys(&format!("{id}{between}{secret}\n")), id);
    }
}

/// `echo` puts a line end after what is encoded.
#[test]
fn base64_of_a_line() {
    let mut chance = Chance::new(26);
    for end in ["", "\n", "\r\n"] {
        for _ in 0..50 {
            let (id, secret) = (id(&mut chance), secret(&mut chance));
            let [one, two] = [&id, &secret].map(|text| base64(&format!("{text}{end}"), 0));
            assert_eq!(keys(&format!("data:\n  access: {one}\n  secret: {two}\n")), id, "{end:?}");
            assert_eq!(keys(&format!("{{\"a\":\"{one}\",\"b\":\"{two}\"}}")), id, "{end:?}");
        }
    }
    // Another service's id is none of AWS.
    let other = chance.text(b"BCDEFGHJKLMNOPQRSTUVWXYZ23456789", 20);
    let content = format!("a: {}\nb: {}\n", base64(&other, 0), base64(&secret(&mut chance), 0));
    assert_eq!(keys(&content), "", "{content}");
}

/// GitHub's answer has a file in base64 with `\n` after each line.
#[test]
fn lines_of_base64_in_json() {
    let mut chance = Chance::new(27);
    for end in [r"\n", r"\r\n", r"\\n"] {
        for before in [0, 3, 12, 120, 400] {
            let (id, secret) = (id(&mut chance), secret(&mut chance));
            let file = format!(
                "{}[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n",
                "# a line of settings\n".repeat(before)
            );
            let lines = base64(&file, 60).replace("\n    ", end);
            assert_eq!(
                keys(&format!("{{\"encoding\":\"base64\",\"content\":\"{lines}{end}\"}}")),
                id,
                "{end} {before}"
            );
        }
    }
}

/// Tokens in base64 have the same signs.
#[test]
fn signs_of_a_token_are_escaped() {
    let mut chance = Chance::new(28);
    for (slash, plus, equals) in
        [(r"\/", r"\u002B", r"\u003d"), ("%2F", "%2B", "%3D"), ("&#x2F;", "&#43;", "="), ("/", "+", r"\u003D")]
    {
        let key = format!("{}/{}+{}==", chance.text(ALNUM, 40), chance.text(ALNUM, 22), chance.text(ALNUM, 22));
        let key = key.replace('=', equals).replace('/', slash).replace('+', plus);
        let content = format!("\"AccountName=x;AccountKey={key};EndpointSuffix=core.windows.net\"");
        assert_eq!(scan(content.as_bytes()).found.len(), 1, "{content}");
    }
    let azurite =
        r"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq\/K1SZFPTOtr\/KBHBeksoGMGw==;";
    assert_eq!(scan(azurite.as_bytes()).found, []);
}

/// A program of .NET has its strings in UTF-16, each after its length and before a zero; notes can have a piece of one too.
#[test]
fn utf16_in_the_middle_of_bytes() {
    let mut chance = Chance::new(29);
    let wide = |text: &str| utf16(text.as_bytes(), u16::to_le_bytes);
    for before in [0, 1, 2, 3, 500, 5000, 64_000, 66_001, 70_000] {
        let (id, secret, token) = (id(&mut chance), secret(&mut chance), format!("ghp_{}", chance.text(ALNUM, 36)));
        let mut program = [b"MZ\x90\0 and so on".as_slice(), &vec![0xCC; before]].concat();
        for text in ["eu-central-1", &id, &secret, "bucket", &token] {
            program.extend([u8::try_from(text.len() * 2 + 1).unwrap()].iter().chain(&wide(text)).chain(&[0]));
        }
        program.extend([0; 5000]);
        let report = scan(&program);
        let found: Vec<_> = report.rules().into_iter().collect();
        assert_eq!(found, [("aws-access-key", 1), ("github-pat", 1)], "{before}");
        assert_eq!(report.keys[0].as_str(), id);
        let place = program.windows(8).position(|part| part == wide("AKIA")).unwrap();
        assert_eq!(report.found[0].offset, place as u64);
    }
    let (id, secret) = (id(&mut chance), secret(&mut chance));
    let lone = [b"MZ\x90\0 and so on, for quite a while, in bytes of one each, as programs do ".as_slice(), &wide(&id)]
        .concat();
    assert_eq!(scan(&lone).found, []);
    let labelled = format!("aws_secret_access_key={secret}\n");
    let labelled = [lone.as_slice(), &wide(&" nothing of interest\n".repeat(150)), &wide(&labelled)].concat();
    assert_eq!(scan(&labelled).rules().into_keys().collect::<Vec<_>>(), ["aws-secret-key"]);
}
