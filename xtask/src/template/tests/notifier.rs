//! The outbox, the notifier, and what a guard may tell.

use super::*;

fn policy<'a>(role: &'a Value, name: &str) -> &'a Value {
    let policies = role["Properties"]["Policies"].as_sequence().unwrap();
    let of = |policy: &'a Value| match policy {
        Value::Tagged(tagged) => &tagged.value[1],
        plain => plain,
    };
    let found = policies.iter().map(of).find(|policy| policy["PolicyName"] == name);
    &found.unwrap_or_else(|| panic!("no policy `{name}`"))["PolicyDocument"]
}

/// The condition that a policy of the notifier hangs on; `None` when it always has it.
fn condition<'a>(role: &'a Value, name: &str) -> Option<&'a str> {
    let policies = role["Properties"]["Policies"].as_sequence().unwrap();
    policies.iter().find_map(|policy| match policy {
        Value::Tagged(tagged) if tagged.value[1]["PolicyName"] == name => tagged.value[0].as_str(),
        _ => None,
    })
}

/// A guard says what it has to say to one queue and to nobody else.
#[test]
fn a_guard_may_send_to_the_outbox_and_publish_nothing() {
    let template = template(&[LAMP]);
    let role = &template["Resources"]["DeskLampGuardRole"];
    let may = statements(policy(role, "record-and-tell"));
    assert_eq!(may["Outbox"], (vec!["sqs:SendMessage"], vec!["Outbox.Arn"]));
    let mut texts = Vec::new();
    members::texts(role, &mut texts);
    assert!(!texts.iter().any(|text| text.starts_with("sns:")), "{texts:?}");

    let variables = &template["Resources"]["DeskLampGuard"]["Properties"]["Environment"]["Variables"];
    // `!Ref` of a queue is its URL.
    assert_eq!(plain(&variables["RECTIFY_OUTBOX"]), "Outbox");
    assert!(variables.get("RECTIFY_TOPIC").is_none());
}

/// Six times the time-out (Lambda developer guide, "Creating and configuring an Amazon SQS event source mapping"); a FIFO queue's
/// dead letters are a FIFO queue, which AWS checks when the stack is made.
#[test]
fn a_message_is_hidden_long_enough_and_never_lost() {
    let template = template(&[LAMP]);
    let resources = &template["Resources"];
    let outbox = &resources["Outbox"]["Properties"];
    let notifier = &resources["Notifier"]["Properties"];
    assert_eq!(outbox["VisibilityTimeout"].as_u64(), notifier["Timeout"].as_u64().map(|seconds| 6 * seconds));
    assert_eq!(plain(&outbox["RedrivePolicy"]["deadLetterTargetArn"]), "OutboxDeadLetters.Arn");
    assert_eq!(outbox["RedrivePolicy"]["maxReceiveCount"], 5);
    for id in ["Outbox", "OutboxDeadLetters"] {
        let queue = &resources[id]["Properties"];
        assert!(plain(&queue["QueueName"]).ends_with(".fifo"), "{id}");
        assert_eq!(queue["FifoQueue"], true, "{id}");
        assert_eq!(queue["ContentBasedDeduplication"], false, "{id}: the message's own id");
        assert_eq!(queue["MessageRetentionPeriod"], 1_209_600, "{id}: the longest there is");
        let policy = &resources[format!("{id}Policy")]["Properties"];
        assert_eq!(plain(&policy["Queues"][0]), id);
        assert_eq!(policy["PolicyDocument"]["Statement"][0]["Condition"]["Bool"]["aws:SecureTransport"], "false");
    }
    let messages = &notifier["Events"]["Messages"];
    assert_eq!(plain(&messages["Type"]), "SQS");
    assert_eq!(plain(&messages["Properties"]["Queue"]), "Outbox.Arn");
    assert_eq!(messages["Properties"]["FunctionResponseTypes"][0], "ReportBatchItemFailures");
    // Lambda takes at most ten of a FIFO queue at once, and no batching window.
    assert_eq!(messages["Properties"]["BatchSize"], 10);
    assert!(messages["Properties"].get("MaximumBatchingWindowInSeconds").is_none());
}

#[test]
fn the_notifier_is_woken_for_what_is_held_and_for_the_digest() {
    let template = template(&[LAMP]);
    let events = &template["Resources"]["Notifier"]["Properties"]["Events"];
    for (name, schedule, input) in
        [("Flush", "rate(1 minute)", json!({"flush": true})), ("Digest", "cron(0 7 * * ? *)", json!({"digest": true}))]
    {
        let properties = &events[name]["Properties"];
        assert_eq!(plain(&properties["Schedule"]), schedule);
        let written: Json = serde_json::from_str(plain(&properties["Input"])).unwrap();
        assert_eq!(written, input);
    }
}

#[test]
fn the_notifier_reads_no_secret_and_sends_no_mail_unless_it_is_told_which() {
    let template = template(&[LAMP]);
    let role = &template["Resources"]["NotifierRole"];
    for (name, holds, parameter) in [
        ("read-secrets", "HasChannelSecrets", "ChannelSecrets"),
        ("send-digests", "HasDigestSender", "DigestSender"),
        ("tell-other-topics", "HasChannelTopics", "ChannelTopics"),
    ] {
        assert_eq!(condition(role, name), Some(holds));
        assert_eq!(template["Parameters"][parameter]["Default"], "", "{parameter}: empty is none");
    }
    assert_eq!(
        statements(policy(role, "read-secrets"))["Secrets"],
        (vec!["secretsmanager:GetSecretValue", "ssm:GetParameter"], vec!["ChannelSecrets"])
    );
    let keys = &policy(role, "read-secrets")["Statement"][1];
    assert_eq!(keys["Condition"]["StringEquals"]["kms:ViaService"].as_sequence().unwrap().len(), 2);
    let digests = &policy(role, "send-digests")["Statement"][0]["Condition"]["StringEquals"]["ses:FromAddress"];
    assert_eq!(plain(digests), "DigestSender");

    let always = ["carry", "tell"].map(|name| statements(policy(role, name)));
    let actions: Vec<&str> =
        always.iter().flat_map(|may| may.values()).flat_map(|(actions, _)| actions.clone()).collect();
    assert!(actions.iter().all(|action| !action.contains('*') && !action.starts_with("iam:")), "{actions:?}");
    for (actions, resources) in always.iter().flat_map(|may| may.values()) {
        assert!(!resources.contains(&"*"), "{actions:?} can be narrowed");
    }
    let lake =
        policy(role, "tell")["Statement"].as_sequence().unwrap().iter().find(|one| one["Sid"] == "Lake").unwrap();
    let lake = &lake["Condition"]["StringEquals"];
    assert_eq!(lake["events:source"], "rectify");
    // What a guard's own rule takes is an order; the notifier gives none.
    let own =
        &template["Resources"]["DeskLampGuard"]["Properties"]["Events"]["Own"]["Properties"]["Pattern"]["detail-type"];
    assert!(!own.as_sequence().unwrap().contains(&lake["events:detail-type"]));
}

/// What the guard of buckets says of our own: nothing.
#[test]
fn the_bucket_of_reports_breaks_no_rule() {
    let template = template(&kinds::all());
    let bucket = &template["Resources"]["Reports"]["Properties"];
    let block = bucket["PublicAccessBlockConfiguration"].as_mapping().unwrap();
    assert_eq!((block.len(), block.values().all(|on| *on == Value::Bool(true))), (4, true));
    assert_eq!(bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced");
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    let tags = bucket["Tags"].as_sequence().unwrap();
    assert!(
        tags.iter().any(|tag| tag["Key"] == "rectify:log-store" && tag["Value"] == "true"),
        "no access log, no key"
    );
    let option = |control: &str, name: &str| {
        let all = kinds::all();
        let found = all.iter().flat_map(|kind| kind.controls).find(|known| known.id == control).unwrap();
        found.options.iter().find(|option| option.name == name).unwrap().default
    };
    assert_eq!(option("s3-bucket-logging-off", "log-store-tag"), "\"rectify:log-store=true\"");
    let days = bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"].as_u64().unwrap();
    assert!(days >= option("s3-bucket-lifecycle-short-expiry", "minimum-days").parse().unwrap());
    let policy = &template["Resources"]["ReportsPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    assert_eq!(policy.as_sequence().unwrap().len(), 1, "and nobody is let in");
    assert_eq!(policy[0]["Condition"]["Bool"]["aws:SecureTransport"], "false");
}

/// The topic hears of a notifier that does not work without the notifier.
#[test]
fn a_notifier_that_does_not_work_is_an_alarm() {
    let template = template(&[LAMP]);
    for (id, metric, threshold) in [
        ("OutboxDeadLettersAlarm", "ApproximateNumberOfMessagesVisible", 0),
        ("OutboxAgeAlarm", "ApproximateAgeOfOldestMessage", 900),
        ("NotifierErrorsAlarm", "Errors", 0),
        ("NotifierThrottlesAlarm", "Throttles", 0),
    ] {
        let alarm = &template["Resources"][id]["Properties"];
        assert_eq!(plain(&alarm["MetricName"]), metric);
        assert_eq!(alarm["Threshold"], threshold, "{id}");
        assert_eq!(plain(&alarm["AlarmActions"][0]), "Alarms");
    }
}

/// The template and the notifier are written apart and have to use the same words.
#[test]
fn variables_and_names_are_those_of_the_notifier() {
    let repo = Repo::find().unwrap();
    let sources: String = (repo.files().unwrap().iter())
        .filter(|path| path.starts_with("crates/notifier/src/") || path.starts_with("crates/runtime/src/"))
        .map(|path| repo.read(path).unwrap())
        .collect();
    let template = template(&[LAMP]);
    let variables = &template["Resources"]["Notifier"]["Properties"]["Environment"]["Variables"];
    for name in variables.as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()) {
        assert!(sources.contains(&format!("\"{name}\"")) || sources.contains(&format!("`{name}`")), "{name}");
    }
    let route = repo.read("crates/notifier/src/route.rs").unwrap_or_default();
    assert!(
        route.contains(&format!("LAKE: &str = \"{}\"", super::super::LAKE)),
        "the detail type that the role allows"
    );
}

/// In a flood a mailbox gets the summary. Alarms carry no attributes, so that filter must not stand in their way.
#[test]
fn a_flood_stays_out_of_mailboxes_and_alarms_do_not() {
    let template = template(&[LAMP]);
    let resources = &template["Resources"];
    let filter = &resources["FindingsEmail"]["Properties"]["FilterPolicy"]["digest"];
    let kept: Vec<&str> = filter.as_sequence().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(kept, ["single", "summary"]);
    let alarms = &resources["AlarmsEmail"]["Properties"];
    assert_eq!(plain(&alarms["TopicArn"]), "Alarms");
    assert!(alarms.get("FilterPolicy").is_none());
}
