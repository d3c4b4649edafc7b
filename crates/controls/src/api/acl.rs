//! The web ACLs themselves: one that stops nothing, one that writes no log.

use std::collections::BTreeMap;

use super::{Change, Does, Facts, Rules, Verb, WafLogging, WebAcl, WebAclFacts};
use crate::{
    Action, Control, Evidence, Fact, Finding, Framework, Guidance, OptionSpec, Severity,
    verdict::{blind, live, missing, neutralised, unverifiable},
};

pub(super) const EMPTY: Control = Control {
    id: "waf-acl-empty-or-allow-all",
    title: "Web ACL stops nothing",
    severity: Severity::Medium,
    action: Action::Notify,
    breach: "A web ACL, regional or for CloudFront, lets in everything: its default action is Allow and none of its rules stops \
             anything, because it has none, they only count or allow, or its rule groups are empty or overridden to count. An \
             empty one whose default action is Block is told with less severity. Web ACLs of Firewall Manager are left alone, \
             and so are ones with its rule groups.",
    correction: "",
    disruption: "None: the control is only told.",
    guidance: Guidance {
        why: "An API whose web ACL stops nothing has no firewall, whatever the reports say. Add the managed core rule set and a \
              rate limit, watch them in count mode for some days, then let them block. Which rules would break callers only \
              the owner knows, so rectify only tells.",
        console: "1. Open AWS WAF, choose Web ACLs, the region, and the web ACL.\n\
                  2. Choose Rules, Add rules, Add managed rule groups, and add the Core rule set of AWS.\n\
                  3. Edit rules that are overridden to count, and take the override away.\n",
        cli: "aws wafv2 get-web-acl --scope REGIONAL --name example --id EXAMPLE-ID\n\
              aws wafv2 update-web-acl --scope REGIONAL --name example --id EXAMPLE-ID --lock-token TOKEN \\\n  \
              --default-action Allow={} --rules file://rules.json \\\n  \
              --visibility-config SampledRequestsEnabled=true,CloudWatchMetricsEnabled=true,MetricName=example\n",
        terraform: r#"resource "aws_wafv2_web_acl" "example" {
  name  = "example"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "core"
    priority = 0

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "core"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "example"
    sampled_requests_enabled   = true
  }
}
"#,
        cloudformation: "WebAcl:
  Type: AWS::WAFv2::WebACL
  Properties:
    Scope: REGIONAL
    DefaultAction: { Allow: {} }
    VisibilityConfig: { SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: example }
    Rules:
      - Name: core
        Priority: 0
        OverrideAction: { None: {} }
        Statement:
          ManagedRuleGroupStatement: { VendorName: AWS, Name: AWSManagedRulesCommonRuleSet }
        VisibilityConfig: { SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: core }
",
        cdk: "const metric = (metricName: string) => (
  { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true }
);
new wafv2.CfnWebACL(this, 'WebAcl', {
  scope: 'REGIONAL',
  defaultAction: { allow: {} },
  visibilityConfig: metric('example'),
  rules: [{
    name: 'core',
    priority: 0,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesCommonRuleSet' } },
    visibilityConfig: metric('core'),
  }],
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "WAF.10" },
        Framework { name: "NIST 800-53 r5", ids: "CA-9(1), CM-2" },
        Framework { name: "PCI DSS v4.0", ids: "6.4.1, 6.4.2" },
        Framework { name: "AWS Config", ids: "WAFV2_WEBACL_NOT_EMPTY" },
    ],
    options: &[],
};

pub(super) const LOGGING_OFF: Control = Control {
    id: "waf-logging-off",
    title: "Web ACL writes no log",
    severity: Severity::Low,
    action: Action::Guarded,
    breach: "A web ACL, regional or for CloudFront, has no logging configuration. Web ACLs of Firewall Manager are left alone.",
    correction: "Writes the web ACL's log to the log group of the option `log-group`, whose name begins with `aws-waf-logs-`. The \
                 group must be there, in the same region and account. Without the option the control is only told. An undo \
                 switches the log off.",
    disruption: "None for callers. The lines cost ingestion and storage in CloudWatch Logs.",
    guidance: Guidance {
        why: "The log is the only place that says which requests a web ACL stopped and which it let in. Without it nobody can \
              tell an attack from a false alarm afterwards.",
        console: "1. Open AWS WAF, choose Web ACLs, the region, and the web ACL.\n\
                  2. Choose Logging and metrics, then Enable under Logging.\n\
                  3. Choose a log group whose name begins with aws-waf-logs- and save.\n",
        cli: "aws wafv2 put-logging-configuration --logging-configuration '{\n  \
              \"ResourceArn\": \"arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/example/EXAMPLE-ID\",\n  \
              \"LogDestinationConfigs\": [\"arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-example\"]}'\n",
        terraform: r#"resource "aws_cloudwatch_log_group" "waf" {
  name = "aws-waf-logs-example"
}

resource "aws_wafv2_web_acl_logging_configuration" "example" {
  resource_arn            = aws_wafv2_web_acl.example.arn
  log_destination_configs = [aws_cloudwatch_log_group.waf.arn]
}
"#,
        cloudformation: "LogGroup:
  Type: AWS::Logs::LogGroup
  Properties:
    LogGroupName: aws-waf-logs-example
Logging:
  Type: AWS::WAFv2::LoggingConfiguration
  Properties:
    ResourceArn: !GetAtt WebAcl.Arn
    LogDestinationConfigs:
      - !Sub arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${LogGroup}
",
        cdk: "const logGroup = new logs.LogGroup(this, 'LogGroup', { logGroupName: 'aws-waf-logs-example' });
new wafv2.CfnLoggingConfiguration(this, 'Logging', {
  resourceArn: webAcl.attrArn,
  logDestinationConfigs: [
    this.formatArn({ service: 'logs', resource: 'log-group', resourceName: logGroup.logGroupName, arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
  ],
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "WAF.11" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-4(26), AU-10, AU-12, AU-2, AU-3, AU-6(3), AU-6(4), CA-7, SC-7(10), SC-7(9), SI-7(8)",
        },
        Framework {
            name: "PCI DSS v4.0",
            ids: "10.2.1.1, 10.2.1.2, 10.2.1.3, 10.2.1.4, 10.2.1.5, 10.2.1.6, 10.2.1.7, 10.2.2",
        },
        Framework { name: "AWS Config", ids: "WAFV2_LOGGING_ENABLED" },
    ],
    options: &[OptionSpec {
        name: "log-group",
        default: r#""""#,
        doc: "The log group a correction writes to, by a name that begins with `aws-waf-logs-`; {account} and {region} are filled \
              in. Without one the control is only told.",
    }],
};

const READ: &str = "wafv2:GetWebACL";

/// Rules that stand in the evidence one by one.
const NAMED: usize = 20;

/// The web ACL, unless it is Firewall Manager's or cannot be read. Its name tells too, where the flag cannot be read.
fn own<'a>(control: &'static Control, facts: &'a WebAclFacts) -> Result<&'a WebAcl, Option<Finding<Change>>> {
    if facts.name.as_str().starts_with(super::firewall::FIREWALL_MANAGER) {
        return Err(None);
    }
    match &facts.acl {
        Fact::Known(acl) if acl.firewall_manager || acl.firewall_manager_groups > 0 => Err(None),
        Fact::Known(acl) => Ok(acl),
        unknown => Err(blind(control, &format!("web ACL {}", facts.name), unknown, READ)),
    }
}

pub(super) fn empty(facts: &Facts, _: &Rules) -> Option<Finding<Change>> {
    let Facts::WebAcl(facts) = facts else { return None };
    let acl = match own(&EMPTY, facts) {
        Ok(acl) => acl,
        Err(found) => return found,
    };
    if !acl.default_allows {
        let evidence = vec![Evidence::new("rules", "none")];
        let summary = format!("web ACL {} has no rules", facts.name);
        return if acl.rules.is_empty() {
            neutralised(&EMPTY, "the default action Block", summary, evidence)
        } else {
            None
        };
    }
    let mut evidence = Vec::new();
    let mut unknown = Vec::new();
    for rule in &acl.rules {
        match idle(&rule.does) {
            Ok(Some(why)) => evidence.push(Evidence::new("rule", format!("{}: {why}", rule.name))),
            Ok(None) => return None,
            Err(why) => unknown.extend(why),
        }
    }
    if !unknown.is_empty() {
        let summary = format!("web ACL {} cannot be judged: a rule group of it could not be read", facts.name);
        return unverifiable(&EMPTY, summary, unknown);
    }
    let summary = if acl.rules.is_empty() {
        evidence.push(Evidence::new("rules", "none"));
        format!("web ACL {} has no rules and lets in everything", facts.name)
    } else {
        format!("web ACL {} has no rule that stops anything and lets in everything", facts.name)
    };
    evidence.truncate(NAMED);
    live(&EMPTY, summary, evidence, Vec::new())
}

/// Why a rule stops nothing; `None` for one that can. Of a managed group AWS does not say which of its rules block, so it can.
fn idle(does: &Does) -> Result<Option<&'static str>, Option<Evidence>> {
    Ok(match does {
        Does::Action(Verb::Stop) | Does::ManagedGroup => None,
        Does::Action(Verb::Count) => Some("only counts"),
        Does::Action(Verb::Allow) => Some("only allows"),
        Does::CountGroup => Some("its rule group is overridden to count"),
        Does::OwnGroup { overrides, rules } => match rules {
            Fact::Known(rules) if stops(rules, overrides) => None,
            Fact::Known(_) => Some("no rule of its rule group stops anything"),
            unknown => return Err(missing(unknown, "wafv2:GetRuleGroup")),
        },
    })
}

fn stops(rules: &BTreeMap<String, Verb>, overrides: &BTreeMap<String, Verb>) -> bool {
    rules.iter().any(|(name, action)| overrides.get(name).unwrap_or(action) == &Verb::Stop)
}

pub(super) fn logging_off(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let Facts::WebAcl(facts) = facts else { return None };
    let subject = format!("the log of web ACL {}", facts.name);
    match &facts.logging {
        Fact::Known(Some(_)) => return None,
        Fact::Known(None) => {}
        unknown => {
            return match own(&LOGGING_OFF, facts) {
                Err(None) => None,
                _ => blind(&LOGGING_OFF, &subject, unknown, "wafv2:GetLoggingConfiguration"),
            };
        }
    }
    if let Err(found) = own(&LOGGING_OFF, facts) {
        return found;
    }
    let change = rules.waf_log_group.as_ref().map(|group| {
        let destination = super::rules::log_group(group, &facts.place);
        Change::PutWafLogging(WafLogging { destination, more: false })
    });
    let why = if change.is_none() { "; no log group to write to is configured (option `log-group`)" } else { "" };
    let evidence = vec![Evidence::new("log", "off")];
    live(&LOGGING_OFF, format!("{subject} is off{why}"), evidence, change.into_iter().collect())
}
