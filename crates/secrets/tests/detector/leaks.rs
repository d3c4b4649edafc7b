//! Leaks as they are found in the wild, made new at every run from a seed, so that no secret stands in the repository; and
//! what only looks like one.

use crate::wraps::{ALNUM, BASE64, Chance, DASH, DIGITS, HEX, LETTERS, LOWER, UPPER, WRAPS, base64, id, pem};
use rectify_secrets::{Class, Limits, Reader, Report, scan};

/// Where key pairs stand: `{id}` and `{secret}` are the pair's, `{json}` the secret with escaped slashes, `{url}` percent-encoded.
const PAIRS: &[(&str, &str)] = &[
    ("credentials", "[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\nregion = eu-central-1\n"),
    ("credentials, secret first", "[prod]\r\naws_secret_access_key={secret}\r\naws_access_key_id={id}\r\n"),
    ("console csv", "Access key ID,Secret access key\r\n{id},{secret}\r\n"),
    ("old console csv", "User Name,Access Key Id,Secret Access Key\n\"backup\",{id},{secret}\n"),
    (
        "user csv",
        "User name,Password,Access key ID,Secret access key,Console login link\nci,,{id},{secret},https://123456789012.signin.aws.amazon.com/console\n",
    ),
    ("rootkey.csv", "AWSAccessKeyId={id}\r\nAWSSecretKey={secret}\r\n"),
    ("shell", "export AWS_ACCESS_KEY_ID={id}\nexport AWS_SECRET_ACCESS_KEY='{secret}'\n"),
    ("one line of shell", "AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={secret} aws s3 sync . s3://backup"),
    ("powershell", "$env:AWS_ACCESS_KEY_ID=\"{id}\"; $env:AWS_SECRET_ACCESS_KEY=\"{secret}\""),
    ("windows", "set AWS_ACCESS_KEY_ID={id}\r\nset AWS_SECRET_ACCESS_KEY={secret}\r\n"),
    (".env", "S3_BUCKET=x\nS3_KEY={id}\nS3_SECRET={secret}\n"),
    (
        "answer of create-access-key",
        "{\n    \"AccessKey\": {\n        \"UserName\": \"ci\",\n        \"AccessKeyId\": \"{id}\",\n        \"Status\": \"Active\",\n        \"SecretAccessKey\": \"{secret}\",\n        \"CreateDate\": \"2026-01-01T00:00:00+00:00\"\n    }\n}\n",
    ),
    ("minified json", "{\"region\":\"us-east-1\",\"accessKeyId\":\"{id}\",\"secretAccessKey\":\"{secret}\"}"),
    ("json with escaped slashes", "{\"key\":\"{id}\",\"secret\":\"{json}\"}"),
    ("json in json", "{\"body\":\"{\\\"accessKeyId\\\":\\\"{id}\\\",\\\"secretAccessKey\\\":\\\"{secret}\\\"}\"}"),
    (
        "file in a json string",
        "{\"content\":\"[default]\\naws_access_key_id={id}\\naws_secret_access_key={secret}\\n\"}",
    ),
    ("csv in a json string", "{\"csv\":\"Access key ID,Secret access key\\n{id},{secret}\\n\"}"),
    (
        "terraform state",
        "      \"attributes\": {\n        \"create_date\": \"2026-01-01T00:00:00Z\",\n        \"encrypted_secret\": null,\n        \"encrypted_ses_smtp_password_v4\": null,\n        \"id\": \"{id}\",\n        \"key_fingerprint\": null,\n        \"pgp_key\": null,\n        \"secret\": \"{secret}\",\n        \"status\": \"Active\",\n        \"user\": \"ci\"\n      }\n",
    ),
    (
        "terraform",
        "provider \"aws\" {\n  region     = \"us-east-1\"\n  access_key = \"{id}\"\n  secret_key = \"{secret}\"\n}\n",
    ),
    (
        "python",
        "client = boto3.client(\n    's3',\n    aws_access_key_id='{id}',\n    aws_secret_access_key='{secret}',\n)\n",
    ),
    ("java", "new BasicAWSCredentials(\"{id}\", \"{secret}\");"),
    ("javascript", "AWS.config.update({ accessKeyId: '{id}', secretAccessKey: '{secret}' });"),
    ("php", "'credentials' => [\n  'key'    => '{id}',\n  'secret' => '{secret}',\n],"),
    ("ruby", "Aws.config.update(credentials: Aws::Credentials.new('{id}', '{secret}'))"),
    ("go", "credentials.NewStaticCredentialsProvider(\"{id}\", \"{secret}\", \"\")"),
    ("rust", "Credentials::new(\"{id}\", \"{secret}\", None, None, \"x\")"),
    ("yaml", "aws:\n  access_key: {id}\n  secret_key: {secret}\n"),
    (
        "yaml, apart",
        "access:\n  id: \"{id}\"\n  # do not share\n  # rotated in spring\n  user: backup\n  secret: \"{secret}\"\n",
    ),
    ("docker compose", "    environment:\n      - AWS_ACCESS_KEY_ID={id}\n      - AWS_SECRET_ACCESS_KEY={secret}\n"),
    ("spring", "cloud.aws.credentials.accessKey={id}\ncloud.aws.credentials.secretKey={secret}\n"),
    (
        "hadoop",
        "<property><name>fs.s3a.access.key</name><value>{id}</value></property>\n<property><name>fs.s3a.secret.key</name><value>{secret}</value></property>\n",
    ),
    (
        "xml",
        "<Credentials>\n  <AccessKeyId>{id}</AccessKeyId>\n  <SecretAccessKey>{secret}</SecretAccessKey>\n</Credentials>\n",
    ),
    ("s3 url", "distcp s3n://{id}:{url}@bucket/path hdfs:///in"),
    ("query string", "https://x.example/?key={id}&secret={url}&region=eu"),
    (
        "s3cfg",
        "[default]\naccess_key = {id}\nbucket_location = US\ncloudfront_host = cloudfront.amazonaws.com\ndefault_mime_type = binary/octet-stream\ndelete_removed = False\nsecret_key = {secret}\n",
    ),
    ("s3fs", "{id}:{secret}\n"),
    ("rclone", "[s3]\ntype = s3\nprovider = AWS\naccess_key_id = {id}\nsecret_access_key = {secret}\n"),
    ("chat", "hey, here you go: {id} / {secret} - please delete afterwards"),
    ("tabs", "backup\t{id}\t{secret}\teu-west-1\n"),
    ("markdown table", "| user | id | secret |\n|---|---|---|\n| ci | `{id}` | `{secret}` |\n"),
    ("html", "<td>{id}</td><td>{secret}</td>"),
    ("sql", "INSERT INTO `settings` VALUES (1,'s3_key','{id}'),(2,'s3_secret','{secret}');\n"),
    ("ansible", "  vars:\n    aws_access_key: {id}\n    aws_secret_key: {secret}\n"),
    (
        "history",
        "  501  aws configure set aws_access_key_id {id}\n  502  aws configure set aws_secret_access_key {secret}\n",
    ),
    (
        "log",
        "2026-01-01T00:00:00Z DEBUG credentials: Credentials(access_key='{id}', secret_key='{secret}', token=None)\n",
    ),
    ("two columns", "id:     {id}\nsecret: {secret}"),
];

/// Fixed text, then so many of an alphabet.
type Piece = (&'static str, &'static [u8], usize);

/// Tokens: the rule, and how one is made.
const TOKENS: &[(&str, &[Piece])] = &[
    ("github-pat", &[("ghp_", ALNUM, 36)]),
    ("github-oauth", &[("gho_", ALNUM, 36)]),
    ("github-app-token", &[("ghs_", ALNUM, 36)]),
    ("github-fine-grained-pat", &[("github_pat_", ALNUM, 22), ("_", ALNUM, 59)]),
    ("gitlab-pat", &[("glpat-", DASH, 20)]),
    ("gitlab-pat", &[("glpat-", DASH, 27), (".01", LOWER, 7)]),
    ("gitlab-pat", &[("glpat-", DASH, 27), (".01.0w", LOWER, 7)]),
    ("gitlab-pat", &[("glpat-", DASH, 300), (".01.8c", LOWER, 7)]),
    ("gitlab-runner-token", &[("glrt-", DASH, 20)]),
    ("gitlab-runner-token", &[("glrt-t1_", DASH, 20)]),
    ("gitlab-runner-token", &[("glrt-t3_", DASH, 38), (".01.12", LOWER, 7)]),
    ("gitlab-runner-token", &[("glrt-t3_", DASH, 38), (".12", LOWER, 7)]),
    ("gitlab-ci-job-token", &[("glcbt-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-deploy-token", &[("gldt-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-feed-token", &[("glft-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-incoming-mail-token", &[("glimt-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-kubernetes-agent-token", &[("glagent-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-oauth-app-secret", &[("gloas-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-trigger-token", &[("glptt-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-scim-token", &[("glsoat-", DASH, 40), (".01.14", LOWER, 7)]),
    ("gitlab-deploy-token", &[("gldt-", DASH, 20)]),
    ("slack-bot-token", &[("xoxb-", DIGITS, 12), ("-", DIGITS, 13), ("-", ALNUM, 24)]),
    ("slack-user-token", &[("xoxp-", DIGITS, 12), ("-", DIGITS, 12), ("-", DIGITS, 13), ("-", HEX, 32)]),
    ("slack-app-token", &[("xapp-1-A", UPPER, 10), ("-", DIGITS, 13), ("-", HEX, 64)]),
    ("slack-webhook-url", &[("https://hooks.slack.com/services/T", UPPER, 10), ("/B", UPPER, 10), ("/", ALNUM, 24)]),
    ("stripe-key", &[("sk_live_", ALNUM, 24)]),
    ("stripe-key", &[("rk_live_51", ALNUM, 97)]),
    ("gcp-api-key", &[("AIzaSy", DASH, 33)]),
    ("gcp-oauth-client-secret", &[("GOCSPX-", DASH, 28)]),
    ("azure-client-secret", &[("abc", DIGITS, 1), ("Q~", DASH, 34)]),
    (
        "azure-storage-key",
        &[("AccountName=x;AccountKey=", BASE64, 86), ("==;EndpointSuffix=core.windows.net", BASE64, 0)],
    ),
    ("stripe-webhook-secret", &[("whsec_", ALNUM, 32)]),
    ("gcp-oauth-access-token", &[("ya29.a0", DASH, 160)]),
    ("azure-shared-access-key", &[("SharedAccessKeyName=Root;SharedAccessKey=", BASE64, 43), ("=", BASE64, 0)]),
    ("docker-token", &[("dckr_pat_", DASH, 27)]),
    ("npm-token", &[("//registry.npmjs.org/:_authToken=npm_", ALNUM, 36)]),
    ("pypi-token", &[("pypi-AgEIcHlwaS5vcmc", DASH, 140)]),
    ("rubygems-token", &[("rubygems_", HEX, 48)]),
    ("openai-key", &[("sk-", ALNUM, 20), ("T3BlbkFJ", ALNUM, 20)]),
    ("openai-key", &[("sk-proj-", DASH, 74), ("T3BlbkFJ", DASH, 74)]),
    ("anthropic-key", &[("sk-ant-api03-", DASH, 93), ("AA", DASH, 0)]),
    ("huggingface-token", &[("hf_", LETTERS, 34)]),
    ("sendgrid-token", &[("SG.", DASH, 22), (".", DASH, 43)]),
    ("twilio-api-key", &[("SK", HEX, 32)]),
    ("digitalocean-token", &[("dop_v1_", HEX, 64)]),
    ("doppler-token", &[("dp.pt.", ALNUM, 43)]),
    ("databricks-token", &[("dapi", HEX, 32)]),
    ("shopify-token", &[("shpat_", HEX, 32)]),
    ("grafana-token", &[("glsa_", ALNUM, 32), ("_", HEX, 8)]),
    ("vault-token", &[("hvs.", DASH, 95)]),
    ("terraform-cloud-token", &[("", ALNUM, 14), (".atlasv1.", DASH, 67)]),
    ("heroku-key", &[("HRKU-AA", DASH, 58)]),
    ("linear-key", &[("lin_api_", ALNUM, 40)]),
    ("notion-token", &[("ntn_", DIGITS, 11), ("", ALNUM, 35)]),
    ("postman-key", &[("PMAK-", HEX, 24), ("-", HEX, 34)]),
    ("pulumi-token", &[("pul-", HEX, 40)]),
    ("telegram-bot-token", &[("", DIGITS, 10), (":AA", DASH, 33)]),
    ("atlassian-token", &[("ATATT3", DASH, 186)]),
    ("aws-bedrock-api-key", &[("ABSK", BASE64, 128)]),
];

fn fill(template: &str, id: &str, secret: &str) -> String {
    let url = secret.replace('/', "%2F").replace('+', "%2B");
    template
        .replace("{id}", id)
        .replace("{secret}", secret)
        .replace("{json}", &secret.replace('/', "\\/"))
        .replace("{url}", &url)
}

/// What comes before and after a leak in a file: anything from nothing to more than a window.
fn around(chance: &mut Chance, content: &str) -> String {
    let line = "the quick brown fox jumps over the lazy dog, 42 times a day\n";
    let before = [0, 0, 3, 40, 300, 1100][chance.below(6)];
    format!("{}{content}\n{}", line.repeat(before), line.repeat(chance.below(60)))
}

/// In pieces of any size, as a network brings them.
fn read(chance: &mut Chance, bytes: &[u8]) -> Report {
    let mut reader = Reader::new(Limits::default());
    let mut rest = bytes;
    while !rest.is_empty() {
        let most = [1, 7, 100, 5000, 100_000][chance.below(5)];
        let (piece, after) = rest.split_at(most.min(rest.len()));
        reader.feed(piece);
        rest = after;
    }
    reader.finish()
}

#[test]
fn key_pairs_are_found_wherever_they_stand() {
    let mut chance = Chance::new(1);
    let (mut made, mut missed) = (0, Vec::new());
    for (name, template) in PAIRS {
        for (wrap, wrapped) in WRAPS {
            for _ in 0..4 {
                let (id, secret) = (id(&mut chance), chance.text(BASE64, 40));
                let content = around(&mut chance, &fill(template, &id, &secret));
                let report = read(&mut chance, &wrapped(content.as_bytes()));
                made += 1;
                let found = report.keys.iter().any(|key| key.as_str() == id)
                    && report.found.iter().any(|found| found.class == Class::AccessKey);
                if !found {
                    missed.push(format!("{name}, {wrap}: {:?}", report.found));
                }
                assert!(!format!("{report:?}").contains(&secret), "the secret is in the report");
            }
        }
    }
    assert!(missed.len() * 500 < made, "{} of {made} missed: {missed:#?}", missed.len());
}

#[test]
fn tokens_are_found_wherever_they_stand() {
    let mut chance = Chance::new(2);
    let (mut made, mut missed) = (0, Vec::new());
    for (rule, parts) in TOKENS {
        for (wrap, wrapped) in WRAPS {
            for template in [
                "token = \"{}\"\n",
                "TOKEN={}\n",
                "{\"token\":\"{}\"}",
                "curl -H 'Authorization: Bearer {}' x",
                "a,{},b\n",
                "{}",
            ] {
                let token: String = parts
                    .iter()
                    .map(|(text, alphabet, count)| format!("{text}{}", chance.text(alphabet, *count)))
                    .collect();
                let content = around(&mut chance, &template.replace("{}", &token));
                let report = read(&mut chance, &wrapped(content.as_bytes()));
                made += 1;
                if !report.found.iter().any(|found| found.rule == *rule) {
                    missed.push(format!("{rule}, {wrap}: {template:?} {token}"));
                }
                assert!(!format!("{report:?}").contains(&token), "the token is in the report");
            }
        }
    }
    assert!(missed.len() * 200 < made, "{} of {made} missed: {missed:#?}", missed.len());
}

#[test]
fn private_keys_are_found_in_every_form() {
    let mut chance = Chance::new(3);
    let forms = [
        ("RSA PRIVATE KEY", "MIIEpAIBAAKCAQEA", 1592),
        ("PRIVATE KEY", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ", 1624),
        ("PRIVATE KEY", "MC4CAQAwBQYDK2VwBCIEI", 64),
        ("EC PRIVATE KEY", "MHcCAQEEI", 164),
        ("DSA PRIVATE KEY", "MIIBuwIBAAKBgQ", 800),
        ("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW", 360),
        ("PGP PRIVATE KEY BLOCK", "lQOYBF", 1000),
    ];
    let (mut made, mut missed) = (0, Vec::new());
    for (label, begins, count) in forms {
        for (wrap, wrapped) in WRAPS {
            let (plain, escaped) =
                (pem(&mut chance, label, begins, count, "\n"), pem(&mut chance, label, begins, count, "\\n"));
            let indented = plain.replace('\n', "\n    ");
            let quoted: String = plain.lines().map(|line| format!("    \"{line}\\n\"\n")).collect();
            let contents = [
                plain.clone(),
                plain.replace('\n', "\r\n"),
                format!("tls.key: |\n    {indented}"),
                format!("{{\"type\": \"service_account\", \"private_key\": \"{escaped}\"}}"),
                quoted,
                format!("# {}", plain.replace('\n', "\n# ")),
            ];
            for content in contents {
                let content = around(&mut chance, &content);
                let report = read(&mut chance, &wrapped(content.as_bytes()));
                made += 1;
                if !report.found.iter().any(|found| found.rule == "private-key") {
                    missed.push(format!("{label}, {wrap}: {content}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{} of {made} missed: {missed:#?}", missed.len());
}

#[test]
fn a_passphrase_is_seen() {
    let mut chance = Chance::new(4);
    let encrypted = [
        pem(&mut chance, "ENCRYPTED PRIVATE KEY", "MIIFLTBXBgkqhkiG9w0BBQ0w", 1700, "\n"),
        pem(&mut chance, "OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0", 360, "\n"),
        pem(&mut chance, "RSA PRIVATE KEY", "xq", 1592, "\n").replacen(
            '\n',
            "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\n",
            1,
        ),
    ];
    for key in encrypted {
        let report = scan(key.as_bytes());
        assert_eq!(report.found.len(), 1, "{key}");
        assert_eq!(report.found[0].rule, "encrypted-private-key");
        assert_eq!(report.found[0].class, Class::EncryptedKey);
    }
}

#[test]
fn putty_and_age_keys() {
    let mut chance = Chance::new(5);
    let putty = format!(
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 2\n{}\nPrivate-Lines: 1\n{}\nPrivate-MAC: {}\n",
        chance.text(BASE64, 64),
        chance.text(BASE64, 48),
        chance.text(HEX, 64),
    );
    assert_eq!(scan(putty.as_bytes()).found[0].rule, "putty-private-key");
    assert_eq!(scan(putty.replace("none", "aes256-cbc").as_bytes()).found[0].class, Class::EncryptedKey);
    let age = format!("# created: 2026\nAGE-SECRET-KEY-1{}\n", chance.text(b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58));
    assert_eq!(scan(age.as_bytes()).found[0].rule, "age-secret-key");
}

#[test]
fn a_lone_secret_that_says_whose_it_is() {
    let mut chance = Chance::new(6);
    for template in [
        "aws_secret_access_key = {}",
        "AWS_SECRET_ACCESS_KEY: \"{}\"",
        "\"SecretAccessKey\":\"{}\"",
        "<fs.s3a.secret.key>{}<",
        "Secret access key: {}",
    ] {
        let report = scan(template.replace("{}", &chance.text(BASE64, 40)).as_bytes());
        assert_eq!(report.found.len(), 1, "{template}");
        assert_eq!((report.found[0].rule, report.found[0].class), ("aws-secret-key", Class::Token));
        assert!(report.keys.is_empty());
    }
}

#[test]
fn what_is_no_leak() {
    let mut chance = Chance::new(7);
    let (id, other, secret) = (id(&mut chance), id(&mut chance), chance.text(BASE64, 40));
    let documented = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let far = "a line that says nothing of interest to anybody at all\n".repeat(60);
    let cases = [
        ("a lone id", format!("last used by {id} on Monday")),
        ("two lone ids", format!("{id} replaced {other}")),
        ("many lone ids", (0..50).map(|_| format!("{}\n", crate::wraps::id(&mut chance))).collect()),
        ("AWS's example", format!("aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {documented}\n")),
        ("AWS's other example", format!("AKIAI44QH8DHBEXAMPLE:{}", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")),
        ("an example id", format!("AKIAIOSFODNN7EXAMPLE,{secret}")),
        ("an example secret", format!("aws_access_key_id = {id}\naws_secret_access_key = {documented}\n")),
        ("a template", format!("aws_access_key_id = {id}\naws_secret_access_key = ${{AWS_SECRET_ACCESS_KEY}}\n")),
        ("stars", format!("aws_access_key_id = {id}\naws_secret_access_key = {}\n", "*".repeat(40))),
        ("x", format!("aws_access_key_id = {id}\naws_secret_access_key = {}\n", "x".repeat(40))),
        ("the alphabet", format!("{id} {}", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN")),
        ("a commit", format!("{id} {}", chance.text(HEX, 40))),
        ("a path", format!("{id} com/amazonaws/services/s3/AmazonS3Client")),
        ("too long", format!("{id} {}", chance.text(BASE64, 41))),
        ("too short", format!("{id} {}", chance.text(BASE64, 39))),
        ("an integrity hash", format!("{id} sha256-{}=", chance.text(BASE64, 43))),
        ("far apart", format!("{id}\n{far}secret = {secret}\n")),
        ("an id of a role", format!("AROA{} {secret}", chance.text(crate::wraps::BASE32, 16))),
        ("an id in a longer word", format!("x{id} {secret}")),
        ("an id that goes on", format!("{id}A {secret}")),
        ("a header alone", "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n".to_owned()),
        ("a header in code", "if line == \"-----BEGIN PRIVATE KEY-----\" { begin(); }".to_owned()),
        ("both in code", "const A = '-----BEGIN PRIVATE KEY-----'; const B = '-----END PRIVATE KEY-----';".to_owned()),
        (
            "a placeholder key",
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC<your key here>\n-----END PRIVATE KEY-----"
                .to_owned(),
        ),
        ("a key of x", format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", "M".repeat(200))),
        ("a public key", pem(&mut chance, "PUBLIC KEY", "MIIBIjANBgkqhkiG9w0BAQ", 392, "\n")),
        ("a certificate", pem(&mut chance, "CERTIFICATE", "MIIDdzCCAl+gAwIBAgIE", 1200, "\n")),
        ("an OpenSSH public key", format!("ssh-rsa AAAAB3NzaC1yc2E{} x@y", chance.text(BASE64, 300))),
        ("a placeholder token", "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned()),
        ("a counted token", "ghp_123456789012345678901234567890123456".to_owned()),
        ("a token of the alphabet", "ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ".to_owned()),
        ("a token that goes on", format!("ghp_{}", chance.text(ALNUM, 37))),
        ("a token inside a word", format!("xghp_{}", chance.text(ALNUM, 36))),
        ("a test key of Stripe", format!("sk_test_{}", chance.text(ALNUM, 24))),
        ("a regular expression", "ghp_[0-9a-zA-Z]{36}|glpat-[\\w-]{20}|AKIA[A-Z2-7]{16}".to_owned()),
        (
            "Azurite",
            "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
                .to_owned(),
        ),
        ("a Slack example", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX".to_owned()),
    ];
    for (name, content) in cases {
        for (wrap, wrapped) in WRAPS {
            let report = scan(&wrapped(content.as_bytes()));
            assert_eq!(report.found, [], "{name}, {wrap}: {content}");
            assert_eq!(report.keys, []);
        }
    }
}

/// A window ends somewhere; nothing is lost or told twice there.
#[test]
fn at_every_place_of_a_window() {
    let mut chance = Chance::new(8);
    let token = format!("ghp_{}", chance.text(ALNUM, 36));
    let pair = format!("{} {}", id(&mut chance), chance.text(BASE64, 40));
    for shift in (60_000..72_000).step_by(13) {
        let content = format!("{}\n{token} {pair}\n{}", ".".repeat(shift), ".".repeat(3000));
        let report = scan(content.as_bytes());
        assert_eq!(
            report.rules().into_iter().collect::<Vec<_>>(),
            [("aws-access-key", 1), ("github-pat", 1)],
            "{shift}"
        );
        assert_eq!((report.found[0].line, report.found[0].offset), (2, shift as u64 + 1));
    }
}

/// A pair is told once, with its id, and where.
#[test]
fn what_is_told() {
    let mut chance = Chance::new(9);
    let (one, two) = (id(&mut chance), id(&mut chance));
    let content = format!("\n\na={one}\nb={}\n\n{two}:{}\n", chance.text(BASE64, 40), chance.text(BASE64, 40));
    let report = scan(content.as_bytes());
    assert_eq!(report.found.len(), 1);
    assert_eq!((report.found[0].rule, report.found[0].count, report.found[0].line), ("aws-access-key", 2, 3));
    let mut ids = [one.as_str(), two.as_str()];
    ids.sort_unstable();
    assert_eq!(report.keys.iter().map(|key| key.as_str()).collect::<Vec<_>>(), ids);
}

/// A lone id beside a pair stays lone.
#[test]
fn a_lone_id_beside_a_pair() {
    let mut chance = Chance::new(10);
    let (lone, paired) = (id(&mut chance), id(&mut chance));
    let content = format!("old={lone}\nid={paired}\nsecret={}\n", chance.text(BASE64, 40));
    let keys = scan(content.as_bytes()).keys;
    assert_eq!(keys.iter().map(|key| key.as_str()).collect::<Vec<_>>(), [paired]);
}

/// A credentials file, a key and a Kubernetes secret in base64.
#[test]
fn base64_that_holds_text() {
    let mut chance = Chance::new(11);
    for _ in 0..300 {
        let (id, secret) = (id(&mut chance), chance.text(BASE64, 40));
        let file = format!(
            "{}[default]\naws_access_key_id={id}\naws_secret_access_key={secret}\n",
            "#\n".repeat(chance.below(40))
        );
        for content in [
            format!("user-data: {}", base64(&file, 0)),
            format!("data:\n  config: {}\n", base64(&file, 76)),
            format!("data:\n  id: {}\n  secret: {}\n", base64(&id, 0), base64(&secret, 0)),
        ] {
            assert_eq!(
                scan(content.as_bytes()).keys.iter().map(|key| key.as_str()).collect::<Vec<_>>(),
                [id.as_str()],
                "{content}"
            );
        }
        let key = pem(&mut chance, "RSA PRIVATE KEY", "MIIEpAIBAAKCAQEA", 1592, "\n");
        for content in [format!("tls.key: {}", base64(&key, 0)), base64(&key, 76)] {
            assert_eq!(scan(content.as_bytes()).found[0].rule, "private-key", "{content}");
        }
    }
}
