//! Logging that is stopped.

use super::{
    Change, Facts, Rules, Status, StoreFacts, TrailFacts,
    book::{Found, blind, live, on_store, on_trail},
    model,
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, Severity};

pub(super) const STOPPED: Control = Control {
    id: "cloudtrail-logging-stopped",
    title: "The trail does not log",
    severity: Severity::Critical,
    action: Action::Correct,
    breach: "A trail is stopped (`IsLogging` is false), or an event data store takes no events in (`STOPPED_INGESTION`). When it \
             was the only trail that sees an account, EventBridge gets no more events of calls from there: the event of the call \
             that stopped it is the last one, and from then on only sweeps and `rectify doctor` show it. A trail that was never \
             started is told and not started. The organisation's trail is judged in the account that owns it.",
    correction: "Starts logging, or ingestion, again. What happened while it was stopped is in no log. An undo stops it.",
    disruption: "None: logging again is what stood before.",
    guidance: Guidance {
        why: "Whoever stops a trail hides what comes next. A trail never has to be stopped: to save money, log fewer data events; to \
              move it, start the new one first. Deny `cloudtrail:StopLogging` and `cloudtrail:DeleteTrail` in a service control \
              policy.",
        console: "1. Open CloudTrail, Trails, and choose the trail.\n2. Choose Start logging.\n3. Look under Event history who stopped it.\n",
        cli: "aws cloudtrail start-logging --name main --region eu-central-1\naws cloudtrail get-trail-status --name main --region eu-central-1 --query IsLogging\n",
        terraform: r#"resource "aws_cloudtrail" "main" {
  name                          = "main"
  s3_bucket_name                = aws_s3_bucket.trail.id
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.trail.arn
  enable_logging                = true
}
"#,
        cloudformation: "Trail:
  Type: AWS::CloudTrail::Trail
  DependsOn: TrailBucketPolicy
  Properties:
    TrailName: main
    S3BucketName: !Ref TrailBucket
    IsLogging: true
    IsMultiRegionTrail: true
    IncludeGlobalServiceEvents: true
    EnableLogFileValidation: true
    KMSKeyId: !GetAtt TrailKey.Arn
",
        cdk: "// A trail made this way logs from the start.
new cloudtrail.Trail(this, 'Trail', {
  trailName: 'main',
  isMultiRegionTrail: true,
  enableFileValidation: true,
  encryptionKey: trailKey,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "CloudTrail.3" },
        Framework {
            name: "PCI DSS v4.0",
            ids: "10.2.1.1, 10.2.1.2, 10.2.1.3, 10.2.1.4, 10.2.1.5, 10.2.1.6, 10.2.1.7, 10.2.2",
        },
        Framework { name: "AWS Config", ids: "CLOUD_TRAIL_ENABLED" },
    ],
    options: &[],
};

pub(super) fn judge(facts: &Facts, _: &Rules) -> Option<Found> {
    let Facts::Trail(of_trail) = facts else { return on_store(facts, store) };
    match &of_trail.status {
        // A status that was read decides alone: only a trail that is there has one.
        Fact::Known(status) if of_trail.settings != Fact::Known(None) => trail(of_trail, status),
        unknown => on_trail(&STOPPED, facts, |facts, _| {
            blind(&STOPPED, &format!("trail {}", facts.trail), unknown, "cloudtrail:GetTrailStatus")
        }),
    }
}

fn trail(facts: &TrailFacts, status: &Status) -> Option<Found> {
    let subject = format!("trail {}", facts.trail);
    if status.logging {
        return None;
    }
    let logged = status.started || facts.kept.as_ref().is_some_and(|kept| kept.logging);
    let evidence = vec![Evidence::new("status", if logged { "stopped" } else { "never started" })];
    if logged {
        live(&STOPPED, format!("{subject} is stopped"), evidence, vec![Change::Logging(true)])
    } else {
        live(&STOPPED, format!("{subject} has never been started"), evidence, Vec::new())
    }
}

fn store(facts: &StoreFacts) -> Option<Found> {
    let subject = format!("event data store {}", facts.store);
    match &facts.status {
        Fact::Known(status) if status == model::STOPPED => {
            let evidence = vec![Evidence::new("status", status.as_str())];
            live(&STOPPED, format!("{subject} takes no events in"), evidence, vec![Change::Ingestion(true)])
        }
        Fact::Known(_) => None,
        unknown => blind(&STOPPED, &subject, unknown, "cloudtrail:GetEventDataStore"),
    }
}
