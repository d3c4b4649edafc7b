//! `[messages]`, `[[channel]]` and `[[digest]]`.

use super::{PLAIN, parse, refused};
use crate::{Channel, Digest, Every, Filter, Messages, Outlet, Severity};

const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";
const PARAMETER: &str = "arn:aws:ssm:eu-central-1:111122223333:parameter/rectify/slack";

/// What the lines of one `[[channel]]` of this type are read as.
fn channel(lines: &str) -> Channel {
    let settings = parse(&format!("{PLAIN}[[channel]]\nname = 'c'\n{lines}")).unwrap();
    let [channel] = &*settings.channels else { panic!("one channel") };
    channel.clone()
}

#[test]
fn without_a_word_everything_goes_to_the_stacks_topic() {
    for text in [PLAIN.to_owned(), format!("{PLAIN}[messages]\n")] {
        let settings = parse(&text).unwrap();
        assert_eq!(settings.messages, Messages::default());
        assert_eq!(settings.channels, [Channel::everything()]);
        assert!(settings.digests.is_empty());
    }
    let messages = Messages::default();
    assert_eq!((&*messages.owner_tag, messages.flood), ("owner", 30));
    assert_eq!(crate::Settings::fallback().channels, [Channel::everything()]);
    let everything = Channel::everything();
    assert_eq!((&*everything.name, everything.way), ("default", Outlet::Sns { topic: None }));
}

#[test]
fn a_channel_is_its_type_and_what_it_lets_through() {
    assert_eq!(channel("type = 'sns'").way, Outlet::Sns { topic: None });
    assert_eq!(channel(&format!("type = 'sns'\ntopic = '{TOPIC}'")).way, Outlet::Sns { topic: Some(TOPIC.into()) });
    assert_eq!(channel(&format!("type = 'chat'\ntopic = '{TOPIC}'")).way, Outlet::Chat { topic: TOPIC.into() });
    let slack = channel(&format!("type = 'slack'\nsecret = '{PARAMETER}'\nchannel = 'C0123456789'"));
    assert_eq!(slack.way, Outlet::Slack { secret: PARAMETER.into(), channel: Some("C0123456789".into()) });
    assert_eq!(channel("type = 'security-hub'").way, Outlet::SecurityHub);
    assert_eq!(channel("type = 'ocsf'").way, Outlet::Ocsf);
    let narrow = channel(
        "type = 'ocsf'\nseverity = 'high'\nenvironments = ['p']\ncontrols = ['bucket-*', 'bucket-open']\n\
         outcomes = ['failed', 'expiring']\nowners = ['web']\nalarms = true",
    );
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        narrow.filter,
        Filter {
            severity: Some(Severity::High),
            environments: list(&["p"]),
            controls: list(&["bucket-*", "bucket-open"]),
            outcomes: list(&["failed", "expiring"]),
            owners: list(&["web"]),
            alarms: true,
        }
    );
    for partition in ["aws-cn", "aws-us-gov", "aws-eusc"] {
        let topic = format!("arn:{partition}:sns:cn-north-1:111122223333:a_b-C");
        assert_eq!(channel(&format!("type = 'chat'\ntopic = '{topic}'")).way, Outlet::Chat { topic });
    }
}

#[test]
fn mistakes_in_channels_are_named() {
    let slack = format!("type = 'slack'\nsecret = '{PARAMETER}'");
    let bad_secret = "expected the ARN of a Secrets Manager secret or of an SSM parameter";
    for (lines, line, says) in [
        ("", 5, "`type` is missing: one of sns, slack"),
        ("type = 'Slack'", 7, "did you mean `slack`?"),
        ("type = 'teams'", 7, "`teams` is not a type: expected one of sns, slack, chat, security-hub, ocsf"),
        ("type = 1", 7, "expected text in quotes"),
        ("type = 'sns'\ntopik = 'a'", 8, "did you mean `topic`?"),
        ("type = 'sns'\ntopic = 'alerts'", 8, "`alerts` is not the ARN of a topic such as"),
        ("type = 'sns'\ntopic = 'arn:aws:sns:eu-central-1:1:alerts'", 8, "is not the ARN of a topic"),
        ("type = 'sns'\ntopic = 'arn:aws:sqs:eu-central-1:111122223333:alerts'", 8, "is not the ARN of a topic"),
        ("type = 'sns'\ntopic = 'arn:aws:sns:eu-central-1:111122223333:a b'", 8, "is not the ARN of a topic"),
        ("type = 'sns'\ntopic = 'arn:evil:sns:eu-central-1:111122223333:a'", 8, "is not the ARN of a topic"),
        ("type = 'sns'\ntopic = 'arn:aws:sns:evil.example/:111122223333:a'", 8, "is not the ARN of a topic"),
        ("type = 'sns'\ntopic = 'arn:aws:sns:eu-central-1:111122223333:a.fifo'", 8, "name a standard topic"),
        ("type = 'sns'\nsecret = 'x'", 8, "a channel of type `sns` has none"),
        ("type = 'ocsf'\ntopic = 'x'", 8, "a channel of type `ocsf` has none"),
        ("type = 'security-hub'\nchannel = 'x'", 8, "a channel of type `security-hub` has none"),
        ("type = 'chat'", 5, "`topic` is missing: a chat channel needs a topic of its own"),
        ("type = 'slack'", 5, "`secret` is missing"),
        ("type = 'slack'\nsecret = ''", 8, "must not be empty"),
        ("type = 'slack'\nsecret = 'rectify/slack'", 8, bad_secret),
        ("type = 'slack'\nsecret = 'arn:aws:ssm:eu-central-1:111122223333:document/x'", 8, bad_secret),
        (&*format!("{slack}\nchannel = '#alerts'"), 9, "`#alerts` is not the id of a Slack channel"),
        (&*format!("{slack}\nchannel = 'c0123456789'"), 9, "is not the id of a Slack channel"),
        (&*format!("{slack}\nchanel = 'C0123456789'"), 9, "did you mean `channel`?"),
        ("type = 'sns'\nseverity = 'hihg'", 8, "did you mean `high`?"),
        ("type = 'sns'\nseverity = 3", 8, "expected text in quotes"),
        ("type = 'sns'\nenvironments = ['q']", 8, "there is no environment `q`"),
        ("type = 'sns'\nenvironments = 'p'", 8, "expected a list of texts"),
        ("type = 'sns'\nenvironments = []", 8, "leave the line out to let everything pass"),
        ("type = 'sns'\ncontrols = ['bucket-opne']", 8, "did you mean `bucket-open`?"),
        ("type = 'sns'\ncontrols = ['s3-*']", 8, "`s3-*` is no control"),
        ("type = 'sns'\noutcomes = ['faild']", 8, "did you mean `failed`?"),
        ("type = 'sns'\noutcomes = ['ignored']", 8, "`ignored` is not an outcome: one of corrected"),
        ("type = 'sns'\nowners = ['']", 8, "must not be empty"),
        ("type = 'sns'\nalarms = 'yes'", 8, "expected true or false"),
        ("type = 'sns'\nseverities = 'high'", 8, "did you mean `severity`?"),
        ("type = 'sns'\n[[channel]]\nname = 'c'\ntype = 'ocsf'", 9, "two channels are called `c`"),
    ] {
        refused(&format!("{PLAIN}[[channel]]\nname = 'c'\n{lines}"), line, says);
    }
    for name in ["", " ", "a b", "a#b", "ä", "a/b", &"x".repeat(65)] {
        let text = format!("{PLAIN}[[channel]]\ntype = 'sns'\nname = '{name}'");
        refused(&text, 7, if name.trim().is_empty() { "must not be empty" } else { "a name is 1 to 64 letters" });
    }
    refused(&format!("{PLAIN}[[channel]]\ntype = 'sns'"), 5, "`name` is missing");
    refused(&format!("{PLAIN}[channel]\nname = 'c'"), 5, "write `[[channel]]`");
    refused(&format!("{PLAIN}[[channels]]\nname = 'c'"), 5, "did you mean `channel`?");
}

#[test]
fn a_secret_in_the_settings_is_refused_and_not_repeated() {
    for text in ["https://hooks.slack.com/services/T0/B0/verysecret", "xoxb-1-verysecret"] {
        let error = parse(&format!("{PLAIN}[[channel]]\nname = 'c'\ntype = 'slack'\nsecret = '{text}'")).unwrap_err();
        assert!(error.what.contains("make a new one") && !error.what.contains("verysecret"), "{error}");
    }
}

#[test]
fn single_values_of_messages_are_read_and_their_mistakes_named() {
    let settings = parse(&format!("{PLAIN}[messages]\nreminder = '1h'\nowner-tag = 'team'\nflood = 0"));
    let messages = settings.unwrap().messages;
    assert_eq!((&*messages.owner_tag, messages.flood), ("team", 0));
    for (line, says) in [
        ("owner-tag = ''", "must not be empty"),
        ("owner-tags = 'a'", "did you mean `owner-tag`?"),
        (&*format!("owner-tag = '{}'", "x".repeat(129)), "at most 128 characters"),
        ("flood = -1", "expected a whole number from 0 on, 0 for no limit"),
        ("flood = '30'", "from 0 on"),
        ("flood = 4294967296", "from 0 on"),
        ("fold = 3", "did you mean `flood`?"),
    ] {
        refused(&format!("{PLAIN}[messages]\n{line}"), 6, says);
    }
}

/// One `[[digest]]` with these lines, beside a channel of each kind of reader.
fn with_digest(lines: &str) -> String {
    format!(
        "{PLAIN}[messages]\nflood = 1\n[[channel]]\nname = 'people'\ntype = 'sns'\n\
         [[channel]]\nname = 'machines'\ntype = 'ocsf'\n[[digest]]\nname = 'd'\n{lines}"
    )
}

#[test]
fn a_digest_has_a_rhythm_and_a_way_out() {
    let settings = parse(&with_digest("every = 'week'\nowner = 'web'\nto = ['a@example.com']\nchannel = 'people'"));
    let expected = Digest {
        name: "d".to_owned(),
        every: Every::Week,
        owner: Some("web".to_owned()),
        to: vec!["a@example.com".to_owned()],
        channel: Some("people".to_owned()),
    };
    assert_eq!(settings.unwrap().digests, [expected]);
    let settings = parse(&with_digest("every = 'day'\nchannel = 'people'")).unwrap();
    assert_eq!((settings.digests[0].every, &settings.digests[0].owner), (Every::Day, &None));
    let default = format!("{PLAIN}[[digest]]\nname = 'd'\nevery = 'day'\nchannel = 'default'");
    assert_eq!(parse(&default).unwrap().digests.len(), 1, "the channel that there always is");
}

#[test]
fn mistakes_in_digests_are_named() {
    for (lines, line, says) in [
        ("channel = 'people'", 13, "`every` is missing"),
        ("every = 'month'\nchannel = 'people'", 15, "`month` is not `day` or `week`"),
        ("every = 'days'\nchannel = 'people'", 15, "did you mean `day`?"),
        ("every = 'day'", 13, "a digest needs `to` or `channel`, or both"),
        ("every = 'day'\nto = []", 13, "a digest needs `to` or `channel`, or both"),
        ("every = 'day'\nto = 'a@example.com'", 16, "expected a list of texts"),
        ("every = 'day'\nchannel = 'poeple'", 16, "did you mean `people`?"),
        ("every = 'day'\nchannel = 'machines'", 16, "`machines` is of type `ocsf`, which nobody reads"),
        ("every = 'day'\nchannel = 'people'\nowner = ''", 17, "must not be empty"),
        ("every = 'day'\nchanel = 'people'", 16, "did you mean `channel`?"),
        (
            "every = 'day'\nchannel = 'people'\n[[digest]]\nname = 'd'\nevery = 'day'\nchannel = 'people'",
            18,
            "two digests",
        ),
    ] {
        refused(&with_digest(lines), line, says);
    }
    let many: Vec<String> = (0..51).map(|n| format!("'a{n}@example.com'")).collect();
    refused(&with_digest(&format!("every = 'day'\nto = [{}]", many.join(", "))), 16, "at most 50 addresses");
}

#[test]
fn an_address_is_one_address() {
    for good in ["a@example.com", "first.last+tag@mail.example.co.uk", "o'neil@example.com"] {
        let text = with_digest(&format!("every = 'day'\nto = [\"{good}\"]"));
        assert_eq!(parse(&text).unwrap().digests[0].to, [good]);
    }
    let long = format!("{}@example.com", "x".repeat(65));
    for bad in [
        "",
        "a",
        "@",
        "a@",
        "@example.com",
        "a@example",
        "a@@example.com",
        "a@example.com,b@example.com",
        "a@example.com\\nBcc: b@example.com",
        "Name <a@example.com>",
        "a b@example.com",
        "ä@example.com",
        "a@exämple.com",
        ".a@example.com",
        "a..b@example.com",
        "a@-example.com",
        "a@example..com",
        &*long,
    ] {
        refused(&with_digest(&format!("every = 'day'\nto = [\"{bad}\"]")), 16, "is not an address such as");
    }
}
