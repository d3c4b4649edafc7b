use std::collections::{BTreeMap, BTreeSet};

use rectify_controls::{Order, Trigger, pattern::event_pattern};
use rectify_pattern::Pattern;
use serde_json::{Value as Json, json};
use yaml_serde::{Value, value::TaggedValue};

use super::files;
use crate::{
    kinds::{self, sample::LAMP},
    repo::Repo,
};

mod members;
mod notifier;

fn template(kinds: &[kinds::KindSummary]) -> Value {
    named("template.yaml", kinds)
}

/// One of the generated files.
fn named(path: &str, kinds: &[kinds::KindSummary]) -> Value {
    let files = files(kinds).unwrap();
    let file = files.iter().find(|file| file.path == path).unwrap();
    yaml_serde::from_str(&file.text).unwrap_or_else(|error| panic!("{error}\n{}", file.text))
}

/// Every logical id that `value` refers to by `!Ref`, `!GetAtt` or inside `!Sub`.
fn references(value: &Value, into: &mut BTreeSet<String>) {
    let mut add = |target: &str| into.insert(target.split('.').next().unwrap().to_owned());
    match value {
        Value::Tagged(tagged) => {
            let TaggedValue { tag, value } = &**tagged;
            match value.as_str() {
                Some(target) if tag == "Ref" || tag == "GetAtt" => _ = add(target),
                Some(text) if tag == "Sub" => {
                    text.split("${").skip(1).for_each(|part| _ = add(part.split('}').next().unwrap()));
                }
                // `!Sub` with values of its own names those first.
                None if tag == "Sub" => {
                    let (text, own) = (value[0].as_str().unwrap(), value[1].as_mapping().unwrap());
                    for name in text.split("${").skip(1).map(|part| part.split('}').next().unwrap()) {
                        if !own.contains_key(name) {
                            add(name);
                        }
                    }
                }
                _ => {}
            }
            references(value, into);
        }
        Value::Mapping(map) => map.values().for_each(|inner| references(inner, into)),
        Value::Sequence(items) => items.iter().for_each(|inner| references(inner, into)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let files = ["template.yaml", "member.yaml", "member-correct.yaml"];
    let books = [vec![LAMP], kinds::all(), [kinds::all(), vec![LAMP]].concat()];
    for (path, kinds) in files.iter().flat_map(|path| books.iter().map(move |kinds| (path, kinds))) {
        let template = named(path, kinds);
        let mut known: BTreeSet<String> = ["Resources", "Parameters"]
            .into_iter()
            .flat_map(|section| {
                template[section].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap().to_owned())
            })
            .collect();
        // SAM names the rules of events so.
        known.extend(
            kinds.iter().flat_map(|kind| ["Change", "Own"].map(|event| format!("{}Guard{event}", kind.pascal()))),
        );
        let mut used = BTreeSet::new();
        references(&template, &mut used);
        let dangling: Vec<_> =
            used.iter().filter(|name| !name.starts_with("AWS::") && !known.contains(*name)).collect();
        assert!(dangling.is_empty(), "{path}: {dangling:?}");
        assert!(used.contains(if *path == "template.yaml" { "Ledger" } else { "HubStack" }), "{path}");
    }
}

/// CloudFormation refuses a template whose resources wait for each other, and only when it is deployed.
#[test]
fn no_resource_waits_for_itself() {
    let template = template(&[LAMP]);
    let mut waits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, resource) in template["Resources"].as_mapping().unwrap() {
        references(resource, waits.entry(id.as_str().unwrap().to_owned()).or_default());
    }
    // SAM's rules of the events, whose target is the function.
    for event in ["Change", "Own"] {
        waits.insert(format!("DeskLampGuard{event}"), ["DeskLampGuard".to_owned()].into());
    }
    assert!(
        waits["DeskLampSchedulerRole"].contains("Schedules")
            && waits["DeskLampGuard"].contains("DeskLampSchedulerRole")
    );
    while !waits.is_empty() {
        let ready: Vec<String> = (waits.iter())
            .filter(|(_, on)| !on.iter().any(|id| waits.contains_key(id)))
            .map(|(id, _)| id.clone())
            .collect();
        assert!(!ready.is_empty(), "these wait for each other: {waits:#?}");
        waits.retain(|id, _| !ready.contains(id));
    }
}

/// The text of a value, without its tag and its own values: `!Sub x` and `!Sub [x, {…}]` give `x`.
fn plain(value: &Value) -> &str {
    match value {
        Value::Tagged(tagged) => tagged.value.as_str().unwrap_or_else(|| tagged.value[0].as_str().unwrap()),
        other => other.as_str().unwrap(),
    }
}

/// The command line makes these names of the stack's name by itself.
#[test]
fn what_the_command_line_looks_for_is_named_after_the_stack() {
    let template = template(&[LAMP]);
    let resources = &template["Resources"];
    for (id, property, name) in [
        ("Ledger", "TableName", "${AWS::StackName}-ledger"),
        ("DeskLampGuard", "FunctionName", "${AWS::StackName}-desk-lamp"),
        ("DeskLampGuardDeadLetters", "QueueName", "${AWS::StackName}-desk-lamp-dead-letters"),
        ("Notifier", "FunctionName", "${AWS::StackName}-notifier"),
        ("Outbox", "QueueName", "${AWS::StackName}-outbox.fifo"),
        ("OutboxDeadLetters", "QueueName", "${AWS::StackName}-outbox-dead-letters.fifo"),
        ("Schedules", "Name", "AWS::StackName"),
    ] {
        assert_eq!(plain(&resources[id]["Properties"][property]), name, "{id}");
    }
    let index = &resources["Ledger"]["Properties"]["GlobalSecondaryIndexes"][0];
    let keys: Vec<_> =
        index["KeySchema"].as_sequence().unwrap().iter().map(|key| plain(&key["AttributeName"])).collect();
    assert_eq!((plain(&index["IndexName"]), keys), ("feed", vec!["feed", "at"]));
}

/// A kept ledger is imported by itself, cut out of the template by line: docs/sam-local.md.
#[test]
fn the_ledger_can_stand_alone() {
    let text = files(&[LAMP]).unwrap().remove(0).text;
    let cut: String = text
        .lines()
        .skip_while(|line| *line != "  Ledger:")
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    let alone: Value = yaml_serde::from_str(&cut).unwrap();
    assert_eq!(alone["Ledger"], template(&[LAMP])["Resources"]["Ledger"]);
    let mut used = BTreeSet::new();
    references(&alone, &mut used);
    assert_eq!(used, ["AWS::StackName".to_owned()].into());
}

/// Actions and resources of each statement in `document`, by `Sid`.
fn statements(document: &Value) -> BTreeMap<&str, (Vec<&str>, Vec<&str>)> {
    (document["Statement"].as_sequence().unwrap().iter())
        .map(|statement| {
            let all = |key: &str| match &statement[key] {
                Value::Sequence(items) => items.iter().map(plain).collect(),
                one => vec![plain(one)],
            };
            (plain(&statement["Sid"]), (all("Action"), all("Resource")))
        })
        .collect()
}

const LAMP_FUNCTION: &str =
    "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-desk-lamp";

#[test]
fn a_schedule_may_wake_its_own_guard_and_only_from_the_group() {
    let kinds = [kinds::all(), vec![LAMP]].concat();
    let template = template(&kinds);
    let role = &template["Resources"]["DeskLampSchedulerRole"]["Properties"];
    let may = statements(&role["Policies"][0]["PolicyDocument"]);
    assert_eq!(may["Guard"], (vec!["lambda:InvokeFunction"], vec![LAMP_FUNCTION]));
    assert_eq!(may["DeadLetters"], (vec!["sqs:SendMessage"], vec!["DeskLampGuardDeadLetters.Arn"]));

    let trust = &role["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(plain(&trust["Principal"]["Service"]), "scheduler.amazonaws.com");
    assert_eq!(plain(&trust["Condition"]["StringEquals"]["aws:SourceAccount"]), "AWS::AccountId");
    assert_eq!(
        plain(&trust["Condition"]["ArnEquals"]["aws:SourceArn"]),
        "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/${Schedules}"
    );
}

#[test]
fn a_guard_may_look_again_and_pass_its_role_to_nobody_else() {
    let template = template(&[LAMP]);
    let policies = template["Resources"]["DeskLampGuardRole"]["Properties"]["Policies"].as_sequence().unwrap();
    let document = |name: &str| &policies.iter().find(|policy| policy["PolicyName"] == name).unwrap()["PolicyDocument"];
    let may = statements(document("look-again"));
    assert_eq!(
        may["Schedules"],
        (
            vec!["scheduler:CreateSchedule"],
            vec!["arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${Schedules}/*"]
        )
    );
    assert_eq!(may["SchedulerRole"], (vec!["iam:PassRole"], vec!["DeskLampSchedulerRole.Arn"]));
    let passing = &document("look-again")["Statement"][1]["Condition"]["StringEquals"]["iam:PassedToService"];
    assert_eq!(plain(passing), "scheduler.amazonaws.com");

    let ledger = &statements(document("record-and-tell"))["Ledger"];
    assert_eq!(ledger.1, ["Ledger.Arn"]);
    assert!(ledger.0.contains(&"dynamodb:Query") && ledger.0.contains(&"dynamodb:DeleteItem"), "{ledger:?}");
}

#[test]
fn operators_may_what_the_command_line_does() {
    let template = template(&[LAMP]);
    let may = statements(&template["Resources"]["Operators"]["Properties"]["PolicyDocument"]);
    assert_eq!(
        may.keys().copied().collect::<Vec<_>>(),
        [
            "DeadLetters",
            "Feed",
            "Functions",
            "Guards",
            "Ledger",
            "Lists",
            "Outbox",
            "Probe",
            "Reports",
            "Rules",
            "SweeperDeadLetters",
            "Trails"
        ]
    );
    assert_eq!(may["Functions"].0, ["lambda:GetFunctionConfiguration"]);
    assert!(
        may["Functions"].1.contains(&LAMP_FUNCTION) && may["Functions"].1.len() == 3,
        "the notifier's and the sweeper's too: {may:?}"
    );
    let letters = vec!["sqs:GetQueueAttributes", "sqs:GetQueueUrl"];
    assert_eq!(may["SweeperDeadLetters"], (letters, vec!["SweeperDeadLetters.Arn"]));
    assert!(
        may["Lists"]
            .0
            .iter()
            .all(|action| action.contains(":List") || action.contains(":Get") || action.contains(":Describe"))
    );
    let own_events = &template["Resources"]["Operators"]["Properties"]["PolicyDocument"]["Statement"];
    let probe = own_events.as_sequence().unwrap().iter().find(|statement| statement["Sid"] == "Probe").unwrap();
    assert_eq!(probe["Condition"]["StringEquals"]["events:source"], "rectify", "nobody's events but our own");
    assert_eq!(may["Feed"], (vec!["dynamodb:Query"], vec!["${Ledger.Arn}/index/feed"]));
    assert_eq!(may["Guards"], (vec!["lambda:InvokeFunction"], vec![LAMP_FUNCTION]));
    assert_eq!(may["Ledger"].1, ["Ledger.Arn"]);
    assert_eq!(may["DeadLetters"].1, ["DeskLampGuardDeadLetters.Arn", "OutboxDeadLetters.Arn"]);
    assert_eq!(
        may["Outbox"],
        (vec!["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"], vec!["Outbox.Arn"])
    );
    for (actions, _) in may.values() {
        assert!(actions.iter().all(|action| !action.contains('*') && !action.starts_with("iam:")), "{actions:?}");
    }
}

/// One message in the queue is enough, whatever else the queue did in those minutes.
#[test]
fn any_waiting_dead_letter_is_an_alarm() {
    let template = template(&[LAMP]);
    let alarm = &template["Resources"]["DeskLampGuardDeadLettersAlarm"]["Properties"];
    assert_eq!(plain(&alarm["MetricName"]), "ApproximateNumberOfMessagesVisible");
    assert_eq!(plain(&alarm["Statistic"]), "Maximum");
    assert_eq!(plain(&alarm["ComparisonOperator"]), "GreaterThanThreshold");
    assert_eq!(alarm["Threshold"], 0);
    assert_eq!(alarm["EvaluationPeriods"], 1);
    assert_eq!(plain(&alarm["Dimensions"][0]["Value"]), "DeskLampGuardDeadLetters.QueueName");
}

#[test]
fn every_guard_is_woken_once_a_day() {
    let template = template(&[LAMP]);
    let tend = &template["Resources"]["DeskLampGuard"]["Properties"]["Events"]["Tend"];
    assert_eq!(plain(&tend["Type"]), "Schedule");
    assert_eq!(plain(&tend["Properties"]["Schedule"]), "rate(1 day)");
    let order: Order = serde_json::from_str(plain(&tend["Properties"]["Input"])).unwrap();
    assert_eq!(order, Order::Tend {});
}

#[test]
fn the_pattern_in_the_template_is_the_rule_books() {
    let template = template(&[LAMP]);
    let written = &template["Resources"]["DeskLampGuard"]["Properties"]["Events"]["Change"]["Properties"]["Pattern"];
    assert_eq!(serde_json::to_value(written).unwrap(), event_pattern(LAMP.triggers, &[]));
    assert_eq!(
        event_pattern(LAMP.triggers, &[])["detail"]["eventSource"],
        json!(["lamp.amazonaws.com", "desk.amazonaws.com"])
    );
}

#[test]
fn a_pattern_that_no_account_accepts_is_refused() {
    let long = "AVeryLongEventName".repeat(120).leak();
    let trigger = Trigger { name: long, ..LAMP.triggers[0] };
    let kind = kinds::KindSummary { triggers: vec![trigger].leak(), ..LAMP };
    let error = format!("{:#}", files(&[kind]).unwrap_err());
    assert!(error.contains("desk-lamp") && error.contains("2048"), "{error}");
}

/// Every example of a trigger reaches the guard, whoever called; failed calls and reads do not.
#[test]
fn the_pattern_lets_every_example_through() {
    let repo = Repo::find().unwrap();
    for kind in kinds::all() {
        let pattern = Pattern::from_value(&event_pattern(kind.triggers, kind.notices)).unwrap();
        for trigger in kind.triggers {
            let path = format!("events/{}/{}.json", kind.name, trigger.example);
            let mut event: Json = serde_json::from_str(&repo.read(&path).unwrap()).unwrap();
            assert_eq!(event["detail"]["eventName"], trigger.name, "{path}");
            assert_eq!(event["detail"]["eventSource"], trigger.source, "{path}");
            assert!(pattern.matches(&event), "{path}: {:?}", pattern.explain(&event));
            event["detail"]["userIdentity"] = json!({"type": "Root", "accountId": "123456789012"});
            assert!(pattern.matches(&event), "{path} as root");
            event["detail"]["errorCode"] = json!("AccessDenied");
            assert!(!pattern.matches(&event), "{path} failed");
        }
        for notice in kind.notices {
            let path = format!("events/{}/{}.json", kind.name, notice.example);
            let event: Json = serde_json::from_str(&repo.read(&path).unwrap()).unwrap();
            assert_eq!(event["source"], notice.source, "{path}");
            assert_eq!(event["detail-type"], notice.detail_type, "{path}");
            assert!(pattern.matches(&event), "{path}: {:?}", pattern.explain(&event));
        }
    }
}

#[test]
fn every_action_of_the_rule_book_is_in_the_role_and_nothing_else() {
    for kind in kinds::all() {
        let template = template(&[kind]);
        let policies = &template["Resources"][format!("{}GuardRole", kind.pascal())]["Properties"]["Policies"];
        let mut granted = BTreeSet::new();
        let of_the_kind = |policy: &&Value| policy["PolicyName"] == "observe" || policy["PolicyName"] == "correct";
        for policy in policies.as_sequence().unwrap().iter().filter(of_the_kind) {
            for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
                for action in statement["Action"].as_sequence().unwrap() {
                    granted.insert(action.as_str().unwrap().to_owned());
                }
            }
        }
        let used: BTreeSet<String> = kind.access.iter().map(|access| access.action.to_owned()).collect();
        assert_eq!(granted, used);
        assert!(used.iter().all(|action| action.contains(':') && !action.contains('*')), "{used:?}");
    }
}

/// The template and the runtime are written apart and have to use the same words.
#[test]
fn variables_and_metrics_are_those_of_the_runtime() {
    let repo = Repo::find().unwrap();
    let runtime: String = (repo.files().unwrap().iter())
        .filter(|path| path.starts_with("crates/runtime/src/"))
        .map(|path| repo.read(path).unwrap())
        .collect();
    let telemetry = repo.read("crates/runtime/src/telemetry.rs").unwrap();
    let template = template(&[LAMP]);
    let resources = template["Resources"].as_mapping().unwrap();

    let variables = &resources["DeskLampGuard"]["Properties"]["Environment"]["Variables"];
    for name in variables.as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()) {
        assert!(runtime.contains(&format!("\"{name}\"")), "{name}");
    }
    let alarms = resources.values().filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm");
    let own: Vec<&Value> = alarms.map(|alarm| &alarm["Properties"]).filter(|it| it["Namespace"] == "rectify").collect();
    assert_eq!(own.len(), 2);
    for alarm in own {
        let [metric, dimension] =
            [&alarm["MetricName"], &alarm["Dimensions"][0]["Name"]].map(|name| name.as_str().unwrap());
        assert!(telemetry.contains(&format!("\"{metric}\"")), "{metric}");
        assert!(telemetry.contains(&format!("\"Dimensions\": [[\"{dimension}\"]]")), "{dimension}");
        assert_eq!(alarm["Dimensions"][0]["Value"], "desk-lamp");
    }
    assert!(telemetry.contains("\"Namespace\": \"rectify\""));
}
