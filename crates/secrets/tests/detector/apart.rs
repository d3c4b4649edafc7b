//! How far from its id a secret may stand, and whose it is.

use crate::wraps::{ALNUM, BASE64, Chance, id, secret};
use rectify_secrets::scan;

/// Lines as s3cmd and others write them, in alphabetical order.
fn options(count: usize) -> String {
    (0..count).map(|at| format!("option_{at:03} = a value\n")).collect()
}

fn found(content: &str) -> Vec<(&'static str, u32)> {
    scan(content.as_bytes()).rules().into_iter().collect()
}

#[test]
fn both_labelled_they_may_stand_far_apart() {
    let mut chance = Chance::new(40);
    let labels = [
        ("access_key", "secret_key"),
        ("accessKeyId", "secretAccessKey"),
        ("aws_access_key_id", "aws_secret_access_key"),
    ];
    for (key, name) in labels {
        for count in [0, 10, 30, 66, 80] {
            let (id, secret) = (id(&mut chance), secret(&mut chance));
            for content in [
                format!("[default]\n{key} = {id}\n{}{name} = {secret}\nuse_https = True\n", options(count)),
                format!("{name} = {secret}\n{}{key} = {id}\n", options(count)),
            ] {
                assert_eq!(found(&content), [("aws-access-key", 1)], "{content}");
            }
        }
        let (id, secret) = (id(&mut chance), secret(&mut chance));
        let far = format!("{key} = {id}\n{}{name} = {secret}\n", options(97));
        assert!(!found(&far).contains(&("aws-access-key", 1)), "{far}");
    }
}

#[test]
fn one_labelled_they_may_not() {
    let mut chance = Chance::new(41);
    for (key, name) in [("user", "secret_key"), ("access_key", "value"), ("user", "value")] {
        let (id, secret) = (id(&mut chance), secret(&mut chance));
        let content = format!("{key} = {id}\n{}{name} = {secret}\n", options(30));
        assert_eq!(found(&content), [], "{content}");
    }
}

/// Parameters have a name, a kind and a value, each on its own line.
#[test]
fn a_label_may_stand_two_lines_above() {
    let mut chance = Chance::new(42);
    let (id, secret) = (id(&mut chance), secret(&mut chance));
    let entry = |name: &str, value: &str| {
        format!(
            "  {{\n    \"Name\": \"/app/aws/{name}\",\n    \"Type\": \"SecureString\",\n    \"Value\": \"{value}\",\n    \
             \"ARN\": \"arn:aws:ssm:eu-central-1:123456789012:parameter/app/aws/{name}\",\n    \"DataType\": \"text\",\n    \
             \"LastModifiedUser\": \"arn:aws:iam::123456789012:user/somebody-with-a-long-name\",\n    \
             \"Description\": \"of the nightly backup, ask operations before you change it\"\n  }}\n"
        )
    };
    let content = format!("{}{}", entry("access_key", &id), entry("secret_key", &secret));
    assert_eq!(found(&content), [("aws-access-key", 1)], "{content}");
}

/// What stands far apart, or one of them alone, at every place of a window.
#[test]
fn far_apart_over_the_end_of_a_window() {
    let mut chance = Chance::new(47);
    let (id, secret) = (id(&mut chance), secret(&mut chance));
    let (id, secret) = (format!("access_key = {id}\n"), format!("aws_secret_access_key = {secret}\n"));
    let (before, after) = (format!("{id}{}{secret}", options(78)), format!("{secret}{}{id}", options(78)));
    for shift in (58_000..71_000).step_by(53) {
        let filled = |text: &str| format!("{}\n{text}{}", ".".repeat(shift), ".".repeat(4000));
        for (content, rule) in [(&before, "aws-access-key"), (&after, "aws-access-key"), (&secret, "aws-secret-key")] {
            let report = scan(filled(content).as_bytes());
            assert_eq!(report.rules().into_iter().collect::<Vec<_>>(), [(rule, 1)], "{shift}");
        }
    }
}

/// A labelled secret whose id is near but not near enough is told as a lone one, and never twice.
#[test]
fn a_secret_is_told_once() {
    let mut chance = Chance::new(43);
    for count in [0, 5, 20, 40, 60, 100, 200] {
        let (id, secret) = (id(&mut chance), secret(&mut chance));
        for content in [
            format!("{id}\n{}aws_secret_access_key = {secret}\n", options(count)),
            format!("access_key_id = {id}\n{}aws_secret_access_key = {secret}\n", options(count)),
        ] {
            let found = found(&content);
            assert!(found == [("aws-access-key", 1)] || found == [("aws-secret-key", 1)], "{found:?} {content}");
        }
    }
}

/// MinIO, Ceph and others: the interface of AWS with their own ids.
#[test]
fn a_secret_of_another_service() {
    let mut chance = Chance::new(44);
    let mut own = || format!("Q7{}", chance.text(b"BCDEFGHJKLMNOPQRSTUVWXYZ23456789", 18));
    let ids = [own(), own(), "DO00ABCDEFGH23456789".to_owned(), "1f2e3d4c5b6a79880716253443526170".to_owned()];
    for other in ids {
        let secret = secret(&mut chance);
        let token = chance.text(ALNUM, 250);
        for content in [
            format!("<AccessKeyId>{other}</AccessKeyId>\n<SecretAccessKey>{secret}</SecretAccessKey>"),
            format!("{{\"AccessKeyId\": \"{other}\",\n\"SecretAccessKey\": \"{secret}\"}}"),
            format!("\"SecretAccessKey\": \"{secret}\",\n\"SessionToken\": \"{token}\",\n\"AccessKeyId\": \"{other}\""),
            format!("aws_access_key_id={other}\naws_secret_access_key={secret}\n"),
            format!("AWS_ACCESS_KEY_ID={other} AWS_SECRET_ACCESS_KEY={secret}"),
        ] {
            assert_eq!(found(&content), [], "{content}");
        }
    }
    // Where the id is only named, or hidden, the secret is still one.
    for id in ["${AWS_ACCESS_KEY_ID}", "<your id>", "AKIA****************", "os.environ[\"ID\"]", ""] {
        let content = format!("aws_access_key_id={id}\naws_secret_access_key={}\n", secret(&mut chance));
        assert_eq!(found(&content), [("aws-secret-key", 1)], "{content}");
    }
}

/// An id out of the documentation makes its secret one too.
#[test]
fn a_secret_beside_an_example() {
    let mut chance = Chance::new(45);
    for example in ["AKIAIOSFODNN7EXAMPLE", "ASIAQAAAAAAAKZ4L3POJ", "AKIAXXXXXXXXXXXXXXXX"] {
        let secret = secret(&mut chance);
        for content in [
            format!("aws_access_key_id={example}\naws_secret_access_key={secret}\n"),
            format!("<SecretAccessKey>{secret}</SecretAccessKey><AccessKeyId>{example}</AccessKeyId>"),
        ] {
            assert_eq!(found(&content), [], "{content}");
        }
    }
}

/// Keys of Azure that somebody replaced.
#[test]
fn a_redacted_key_of_azure() {
    let mut chance = Chance::new(46);
    let key = chance.text(BASE64, 86);
    let with = |key: &str| format!("AccountName=x;AccountKey={key}==;EndpointSuffix=core.windows.net");
    assert_eq!(found(&with(&key)), [("azure-storage-key", 1)]);
    for redacted in [
        chance.text(BASE64, 43).repeat(2),
        format!("DEC0DED1{}", chance.text(BASE64, 78)),
        format!("{}deadBEEF{}", chance.text(BASE64, 40), chance.text(BASE64, 38)),
    ] {
        assert_eq!(found(&with(&redacted)), [], "{redacted}");
    }
}
