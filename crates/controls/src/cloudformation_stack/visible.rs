//! What of a property's value may be told. CloudFormation shows every value that is not `NoEcho`, environment variables and user
//! data among them, and what is told is kept for years.

/// In place of a value that may be a secret.
pub const HIDDEN: &str = "(not shown)";

/// Longest text that is shown, in bytes; policies are longer, and their beginning says which one it is.
const LONGEST: usize = 200;

/// Words in a path below which nothing is shown.
const SECRETIVE: [&str; 17] = [
    "apikey",
    "authorization",
    "certificate",
    "command",
    "connectionstring",
    "content",
    "credential",
    "environment",
    "header",
    "key",
    "parameters",
    "passphrase",
    "password",
    "private",
    "secret",
    "token",
    "userdata",
];

/// Names with such a word in them that are no secrets.
const HARMLESS: [&str; 8] =
    ["keyid", "keyrotation", "keypolicy", "keyschema", "keyusage", "bucketkey", "kmskey", "masterkey"];

/// `value` of the property at `path` as it may be told.
///
/// Numbers, flags and nulls are always shown. A text is not where the path names something secretive, or where it looks like a key
/// itself: better one difference less in a message than a password in it. A long text is cut. Tags are shown but for such
/// names.
#[must_use]
pub fn visible(path: &str, value: &str) -> String {
    let value = value.trim();
    if matches!(value, "true" | "false" | "null") || (value.len() <= 20 && value.parse::<f64>().is_ok()) {
        return value.to_owned();
    }
    if is_secretive(path) || looks_secret(value) {
        return HIDDEN.to_owned();
    }
    let bounded: String = value
        .chars()
        .filter(|c| !c.is_control())
        .scan(0, |length, c| {
            *length += c.len_utf8();
            (*length <= LONGEST).then_some(c)
        })
        .collect();
    if bounded.len() < value.len() { format!("{bounded}…") } else { bounded }
}

fn is_secretive(path: &str) -> bool {
    path.split('/').any(|part| {
        let part: String = part.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        // A tag has a member that is called so.
        part != "key"
            && SECRETIVE.iter().any(|word| part.contains(word))
            && !HARMLESS.iter().any(|word| part.contains(word))
    })
}

/// A value that holds a secretive member, a long run without words, or an armoured key.
fn looks_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let armoured = lower.contains("-----begin");
    // `"Password":"…"` inside a document.
    let named = lower.split('"').any(|part| part.len() <= 64 && !part.contains(' ') && is_secretive(part));
    let run = value.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | '_'))).any(is_random);
    armoured || named || run
}

/// Twenty characters or more with both cases and digits in them, as keys have and names have not.
fn is_random(run: &str) -> bool {
    let has = |class: fn(&char) -> bool| run.chars().any(|c| class(&c));
    let mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_digit);
    (run.len() >= 20 && mixed && has(char::is_ascii_lowercase)) || (run.starts_with("AKIA") && run.len() >= 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for (path, value) in [
            ("/Environment/Variables/STAGE", "prod"),
            ("/MasterUserPassword", "hunter2"),
            ("/SecretString", "x"),
            ("/UserData/Fn::Base64", "#!/bin/sh"),
            ("/ContainerDefinitions/0/Environment/3", r#"{"Name":"A","Value":"b"}"#),
            ("/Description", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"),
            ("/Description", "AKIAIOSFODNN7EXAMPLE"),
            ("/Definition", r#"{"Password":"x"}"#),
            ("/Body", "-----BEGIN RSA PRIVATE KEY-----"),
            ("/Tags/1/ApiToken", "short"),
        ] {
            assert_eq!(visible(path, value), HIDDEN, "{path} {value}");
        }
    }

    #[test]
    fn what_a_reader_needs_is_shown() {
        for (path, value) in [
            ("/VisibilityTimeout", "600"),
            ("/EnableKeyRotation", "false"),
            ("/KmsMasterKeyId", "alias/queues"),
            ("/SecurityGroupIngress/0", r#"{"CidrIp":"0.0.0.0/0","FromPort":22,"IpProtocol":"tcp","ToPort":22}"#),
            ("/Tags/0", r#"{"Key":"team","Value":"web"}"#),
            ("/PasswordLength", "8"),
            ("/TopicArn", "arn:aws:sns:eu-central-1:111122223333:orders"),
        ] {
            assert_eq!(visible(path, value), value, "{path}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let shown = visible("/Description", &"ä ".repeat(300));
        assert!(shown.len() <= LONGEST + 3 && shown.ends_with('…'), "{shown}");
    }
}
