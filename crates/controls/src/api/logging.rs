//! Stages that write no log.

use super::{AccessLog, Change, Facts, HttpStageFacts, RestStageFacts, Rules, rest};
use crate::{
    Action, Control, Evidence, Fact, Finding, Framework, Guidance, OptionSpec, Place, Severity,
    verdict::{blind, live},
};

pub(super) const OFF: Control = Control {
    id: "api-stage-logging-off",
    title: "API stage writes no access log",
    severity: Severity::Low,
    action: Action::Guarded,
    breach: "A stage of a REST API has neither an access log nor execution logging at `*/*`, or a stage of an HTTP or WebSocket \
             API has no access log.",
    correction: "Writes the stage's access log to the log group of the option `log-group`, in the format of `format`. The group \
                 must be there, in the same region and account. Without the option the control is only told, and so is a REST \
                 API's stage in a region where API Gateway has no role for logs (account settings). An undo removes the access \
                 log again.",
    disruption: "None for callers. The lines cost ingestion and storage in CloudWatch Logs.",
    guidance: Guidance {
        why: "Without an access log nobody can say afterwards who called what. CloudTrail knows the API's configuration, not its \
              callers.",
        console: "1. Open API Gateway, choose the API, then Stages (for an HTTP API: Logging) and the stage.\n\
                  2. For a REST API set the CloudWatch log role under Settings first, once per region.\n\
                  3. Edit the access log: the ARN of a log group and a format, and save.\n",
        cli: "aws apigateway update-stage --rest-api-id a1b2c3d4e5 --stage-name prod --patch-operations \\\n  \
              'op=replace,path=/accessLogSettings/destinationArn,value=arn:aws:logs:eu-central-1:123456789012:log-group:apis' \\\n  \
              'op=replace,path=/accessLogSettings/format,value=$context.requestId $context.status'\n\
              aws apigatewayv2 update-stage --api-id a1b2c3d4e5 --stage-name prod --access-log-settings \\\n  \
              'DestinationArn=arn:aws:logs:eu-central-1:123456789012:log-group:apis,Format=$context.requestId $context.status'\n",
        terraform: r#"resource "aws_apigatewayv2_stage" "example" {
  api_id      = aws_apigatewayv2_api.example.id
  name        = "prod"
  auto_deploy = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.apis.arn
    format          = "$context.requestId $context.identity.sourceIp $context.routeKey $context.status"
  }
}
"#,
        cloudformation: "Stage:
  Type: AWS::ApiGatewayV2::Stage
  Properties:
    ApiId: !Ref Api
    StageName: prod
    AutoDeploy: true
    AccessLogSettings:
      DestinationArn: !GetAtt LogGroup.Arn
      Format: $context.requestId $context.identity.sourceIp $context.routeKey $context.status
",
        cdk: "new apigateway.RestApi(this, 'Api', {
  cloudWatchRole: true,
  deployOptions: {
    accessLogDestination: new apigateway.LogGroupLogDestination(logGroup),
    accessLogFormat: apigateway.AccessLogFormat.jsonWithStandardFields(),
  },
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "APIGateway.9, APIGateway.1" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-4(26), AU-10, AU-12, AU-2, AU-3, AU-6(3), AU-6(4), CA-7, SC-7(9), SI-7(8)",
        },
        Framework {
            name: "PCI DSS v4.0",
            ids: "10.2.1.1, 10.2.1.2, 10.2.1.3, 10.2.1.4, 10.2.1.5, 10.2.1.6, 10.2.1.7, 10.2.2",
        },
        Framework { name: "AWS Config", ids: "API_GW_EXECUTION_LOGGING_ENABLED, API_GWV2_ACCESS_LOGS_ENABLED" },
    ],
    options: &[
        OptionSpec {
            name: "log-group",
            default: r#""""#,
            doc: "The log group a correction writes access logs to, by name; {account} and {region} are filled in. Without one the \
                  control is only told.",
        },
        OptionSpec {
            name: "format",
            default: r#""$context.requestId $context.requestTime $context.identity.sourceIp $context.protocol $context.status""#,
            doc: "The line of an access log that a correction sets up. REST APIs ask for `$context.requestId` in it.",
        },
    ],
};

pub(super) fn off(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    match facts {
        Facts::RestStage(facts) => of_rest(facts, rules),
        Facts::HttpStage(facts) => of_http(facts, rules),
        _ => None,
    }
}

fn of_rest(facts: &RestStageFacts, rules: &Rules) -> Option<Finding<Change>> {
    const READ: &str = "apigateway:GetStage";
    let subject = format!("the log of {}", rest::subject(facts));
    match (&facts.access_log, &facts.execution_log) {
        (Fact::Known(Some(_)), _) | (_, Fact::Known(true)) => None,
        (Fact::Known(None), Fact::Known(false)) => match &facts.log_role {
            Fact::Known(true) => told(&subject, change(rules, &facts.place)),
            Fact::Known(false) => {
                told(&subject, Err("API Gateway has no role for logs in this region (account settings)".to_owned()))
            }
            _ => told(&subject, Err("whether API Gateway has a role for logs here cannot be read".to_owned())),
        },
        (Fact::Known(None), unknown) => blind(&OFF, &subject, unknown, READ),
        (unknown, _) => blind(&OFF, &subject, unknown, READ),
    }
}

fn of_http(facts: &HttpStageFacts, rules: &Rules) -> Option<Finding<Change>> {
    let subject = format!("the access log of stage {} of API {}", facts.stage, facts.api);
    match &facts.access_log {
        Fact::Known(Some(_)) => None,
        Fact::Known(None) => told(&subject, change(rules, &facts.place)),
        unknown => blind(&OFF, &subject, unknown, "apigatewayv2:GetStage"),
    }
}

fn told(subject: &str, change: Result<Change, String>) -> Option<Finding<Change>> {
    let (change, why) = match change {
        Ok(change) => (Some(change), String::new()),
        Err(why) => (None, format!("; {why}")),
    };
    live(&OFF, format!("{subject} is off{why}"), vec![Evidence::new("log", "off")], change.into_iter().collect())
}

fn change(rules: &Rules, place: &Place) -> Result<Change, String> {
    match &rules.log_group {
        Some(group) => Ok(Change::PutAccessLog(AccessLog {
            destination: super::rules::log_group(group, place),
            format: rules.log_format.clone(),
        })),
        None => Err("no log group to write to is configured (option `log-group`)".to_owned()),
    }
}
