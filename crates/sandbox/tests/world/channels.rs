//! Where messages go: what moto lacks of Security Hub, mail, secrets and Slack, as a function with exactly these rights has it.

use rectify_sandbox::SlackAnswer;
use serde_json::{Value, json};

use crate::harness::Sandbox;

const PRODUCT: &str = "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default";

fn finding(id: &str, more: &Value) -> Value {
    let mut finding = json!({
        "SchemaVersion": "2018-10-08", "Id": id, "ProductArn": PRODUCT, "GeneratorId": "rectify", "AwsAccountId": "123456789012",
        "CreatedAt": "2026-11-28T09:00:00Z", "UpdatedAt": "2026-11-28T09:00:00Z", "Title": "t", "Description": "d",
        "Severity": { "Label": "HIGH" }, "Resources": [{ "Type": "AwsS3Bucket", "Id": "arn:aws:s3:::data" }],
    });
    finding.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    finding
}

async fn calls(sandbox: &Sandbox, calls: &Value) -> Value {
    sandbox.world.invoke("Fed", &json!({ "calls": calls })).await.unwrap().response
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_in_security_hub_is_one_and_its_workflow_is_changed_by_an_update_only() {
    let sandbox = Sandbox::start().await;
    let import = |finding: Value| json!(["securityhub", "batch_import_findings", { "Findings": [finding] }]);
    let update = |status: &str, id: &str| {
        json!(["securityhub", "batch_update_findings", {
            "FindingIdentifiers": [{ "Id": id, "ProductArn": PRODUCT }], "Workflow": { "Status": status },
        }])
    };
    let off = calls(&sandbox, &json!([import(finding("f-1", &json!({}))), update("RESOLVED", "f-1")])).await;
    assert_eq!(off, json!(["InvalidAccessException", "InvalidAccessException"]), "it has to be switched on");

    sandbox.boto3("import boto3; boto3.client('securityhub').enable_security_hub()").await;
    let again = finding("f-1", &json!({ "Title": "t2", "Workflow": { "Status": "NEW" } }));
    let all = json!([
        import(finding("f-1", &json!({}))),
        update("RESOLVED", "f-1"),
        import(again),
        import(finding("f-2", &json!({ "AwsAccountId": "222222222222" }))),
        update("RESOLVED", "f-3"),
    ]);
    assert_eq!(calls(&sandbox, &all).await, json!(["ok", "ok", "ok", "ok", "ok"]));
    let findings = sandbox.world.security_hub().await.unwrap();
    assert_eq!(findings.len(), 1, "of this account alone: {findings:?}");
    assert_eq!(findings[0]["Title"], "t2");
    assert_eq!(findings[0]["Workflow"]["Status"], "RESOLVED", "an import does not change it");
    let other = finding("f-1", &json!({ "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/guardduty" }));
    assert_eq!(calls(&sandbox, &json!([import(other)])).await, json!(["AccessDeniedException"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_reads_its_secrets_sends_mail_and_writes_reports() {
    let sandbox = Sandbox::start().await;
    let mail = |from: &str| {
        json!(["sesv2", "send_email", {
            "FromEmailAddress": from, "Destination": { "ToAddresses": ["team@example.com"] },
            "Content": { "Simple": { "Subject": { "Data": "s" }, "Body": { "Text": { "Data": "t" }, "Html": { "Data": "<p>t" } } } },
        }])
    };
    let script = "import boto3\n\
                  boto3.client('sesv2').create_email_identity(EmailIdentity='rectify@example.com')\n\
                  boto3.client('ssm').put_parameter(Name='/rectify/slack', Value='x', Type='SecureString')\n\
                  boto3.client('ssm').put_parameter(Name='/rectify/other', Value='x', Type='SecureString')\n\
                  print(boto3.client('secretsmanager').create_secret(Name='slack', SecretString='x')['ARN'])";
    let secret = sandbox.boto3(script).await;
    let all = json!([
        ["ssm", "get_parameter", { "Name": "/rectify/slack", "WithDecryption": true }],
        ["ssm", "get_parameter", { "Name": "/rectify/other", "WithDecryption": true }],
        ["secretsmanager", "get_secret_value", { "SecretId": secret.trim() }],
        mail("rectify <rectify@example.com>"),
        mail("stranger@example.com"),
        ["s3", "put_object", { "Bucket": "rectify-reports", "Key": "2026/x.html", "Body": "<p>", "ContentType": "text/html" }],
        ["s3", "get_object", { "Bucket": "rectify-reports", "Key": "2026/x.html" }],
    ]);
    let said = calls(&sandbox, &all).await;
    assert_eq!(said, json!(["ok", "AccessDeniedException", "ok", "ok", "MessageRejected", "ok", "AccessDenied"]));
    let mails = sandbox.world.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["Content"]["Simple"]["Body"]["Html"]["Data"], "<p>t");
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_is_where_the_functions_are_told_it_is() {
    let sandbox = Sandbox::start().await;
    let environment = sandbox.world.invoke("Fed", &json!({ "environment": true })).await.unwrap().response;
    let api = environment["RECTIFY_SLACK_API"].as_str().unwrap().to_owned();
    assert!(sandbox.world.slack_webhook().starts_with(&format!("{api}/")));
    sandbox.world.plan_slack([SlackAnswer::Busy(3)]);
    let script = format!(
        r#"
import json, urllib.request, urllib.error
plain = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
proxied = urllib.request.build_opener()
def post(opener, url, body, **headers):
    try:
        answer = opener.open(urllib.request.Request(url, json.dumps(body).encode(), headers))
    except urllib.error.HTTPError as error:
        answer = error
    return [answer.status, answer.headers.get('Retry-After'), answer.read().decode()]
token = {{'Authorization': 'Bearer xoxb-1', 'Content-Type': 'application/json'}}
print(json.dumps([
    post(plain, '{}', {{'text': 'x'}}),
    post(plain, '{}', {{'text': 'x'}}),
    post(proxied, '{api}/chat.postMessage', {{'channel': 'C1', 'text': 'y'}}, **token),
]))
"#,
        sandbox.world.slack_webhook(),
        sandbox.world.slack_webhook()
    );
    let told: Value = serde_json::from_str(&sandbox.boto3(&script).await).unwrap();
    assert_eq!(told[0], json!([429, "3", "ratelimited"]));
    assert_eq!(told[1], json!([200, null, "ok"]));
    let answer: Value = serde_json::from_str(told[2][2].as_str().unwrap()).unwrap();
    assert_eq!((&answer["ok"], &answer["channel"]), (&json!(true), &json!("C1")));
    let calls = sandbox.world.slack();
    let told: Vec<(&str, u16)> = calls.iter().map(|call| (call.method.as_str(), call.status)).collect();
    assert_eq!(told, [("webhook", 429), ("webhook", 200), ("chat.postMessage", 200)]);
    assert_eq!(calls[2].ts.as_deref(), answer["ts"].as_str());
    assert!(sandbox.world.calls().is_empty(), "it is not AWS");
}
