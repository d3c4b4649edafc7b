use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

fn read(text: &str) -> Template {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Template::read(file.path()).unwrap()
}

const TEMPLATE: &str = r#"
Parameters:
  Stage: { Type: String, Default: test }
  Ports: { Type: CommaDelimitedList, Default: "80, 443" }
  Count: { Type: Number, Default: 3 }
Mappings:
  Sizes: { test: { memory: 128 } }
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  Both: !And [!Condition IsTest, !Not [!Equals [!Ref Count, "4"]]]
  Loop: !Condition Loop
  Numbers: !Equals [!Ref Count, 3]
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { FifoQueue: true } }
  Named: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub "q-${Stage}" } }
  Topic: { Type: AWS::SNS::Topic }
  Off: { Type: AWS::SNS::Topic, Condition: IsNot }
  Fn: { Type: AWS::Serverless::Function, Properties: { CodeUri: . } }
  Kept: { Type: AWS::DynamoDB::Table, Properties: { TableName: !Sub "${AWS::StackName}-ledger" } }
  Group: { Type: AWS::Scheduler::ScheduleGroup, Properties: { Name: !Ref AWS::StackName } }
  Own: { Type: AWS::IAM::Role, Properties: { Path: /rectify/ } }
"#;

fn resolve(text: &str) -> Result<Value, String> {
    let template = read(TEMPLATE);
    let value = written_out(yaml_serde::from_str(text).unwrap());
    let overrides = BTreeMap::from([("Stage".to_owned(), "test".to_owned())]);
    Resolver::new(&template, "123456789012", "eu-central-1", "http://127.0.0.1:4566", overrides).resolve(&value)
}

#[test]
fn intrinsics_become_values() {
    let cases = [
        ("!Ref Ports", json!(["80", "443"])),
        ("!Ref Count", json!("3")),
        ("!Ref Queue", json!("http://127.0.0.1:4566/123456789012/rectify-Queue.fifo")),
        ("!GetAtt Named.Arn", json!("arn:aws:sqs:eu-central-1:123456789012:q-test")),
        ("Fn::GetAtt: [Named, QueueName]", json!("q-test")),
        ("!Ref Topic", json!("arn:aws:sns:eu-central-1:123456789012:rectify-Topic")),
        ("!GetAtt FnRole.Arn", json!("arn:aws:iam::123456789012:role/rectify-Fn")),
        ("!Ref Kept", json!("rectify-ledger")),
        ("!Ref Group", json!("rectify")),
        ("!GetAtt Group.Arn", json!("arn:aws:scheduler:eu-central-1:123456789012:schedule-group/rectify")),
        ("!GetAtt Own.Arn", json!("arn:aws:iam::123456789012:role/rectify/rectify-Own")),
        ("!If [Numbers, yes, no]", json!("yes")),
        ("!Sub '${AWS::Partition}-${Topic.TopicName}-${!x}'", json!("aws-rectify-Topic-${x}")),
        ("!Sub ['${a}-${Stage}', { a: !Ref Count }]", json!("3-test")),
        ("!Join [':', [a, !Ref Stage]]", json!("a:test")),
        ("!Select [1, !Split [',', 'a,b,c']]", json!("b")),
        ("!FindInMap [Sizes, !Ref Stage, memory]", json!(128)),
        ("!If [Both, { a: 1, b: !Ref AWS::NoValue }, no]", json!({ "a": 1 })),
        ("[1, !If [IsTest, !Ref AWS::NoValue, 2], 3]", json!([1, 3])),
        (
            "{ Condition: { Bool: { 'aws:SecureTransport': false } } }",
            json!({ "Condition": { "Bool": { "aws:SecureTransport": false } } }),
        ),
        ("{ 443: open }", json!({ "443": "open" })),
    ];
    for (text, expected) in cases {
        assert_eq!(resolve(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_known_is_an_error_that_names_it() {
    let cases = [
        ("!Ref Nobody", "`Nobody`"),
        ("!GetAtt Nobody.Arn", "`Nobody`"),
        ("!ImportValue other", "`Fn::ImportValue`"),
        ("!If [Nobody, 1, 2]", "`Nobody`"),
        ("!If [Loop, 1, 2]", "refer to themselves"),
        ("!Sub '${Stage'", "open"),
        ("!Join [1, 2, 3]", "`Fn::Join`"),
        ("!FindInMap [Sizes, none, memory]", "Sizes.none.memory"),
    ];
    for (text, part) in cases {
        let error = resolve(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_bad_template_says_so() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a: [").unwrap();
    assert!(matches!(Template::read(file.path()), Err(TemplateError::Yaml { .. })));
    assert!(matches!(Template::read(Path::new("/nowhere.yaml")), Err(TemplateError::Read { .. })));
}
