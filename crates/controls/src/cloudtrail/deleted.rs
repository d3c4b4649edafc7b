//! A trail or an event data store that is gone.

use super::{
    Change, Facts, Rules, StoreFacts, TrailFacts,
    book::{Found, blind, live, on_store},
    model,
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, Severity};

pub(super) const DELETED: Control = Control {
    id: "cloudtrail-trail-deleted",
    title: "A trail or event data store was deleted",
    severity: Severity::Critical,
    action: Action::Guarded,
    breach: "A trail is gone that rectify has seen, or an event data store waits for its deletion (`PENDING_DELETION`, seven days). \
             Sweeps find a deleted trail too, because the account's trails are remembered. A trail that rectify has never seen \
             cannot be missed; whether the account has any at all is `cloudtrail-not-multi-region`.",
    correction: "Makes the trail again as it stood when it was last well: bucket, prefix, key, topic, log group, regions, \
                 organisation, validation, event selectors, Insights and tags, and starts it if it logged. An event data store is \
                 restored. An undo deletes either again. The log files that are in the bucket are untouched by all of it.",
    disruption: "Who means to delete a trail finds it back; exempt it first. Where another copy of management events is logged, \
                 it costs money. Making a trail again with a log group passes on the role it had.",
    guidance: Guidance {
        why: "Without a trail nothing that happens is on record, and nothing that listens to it acts. Keep trails in one stack that \
              nobody deletes by hand, best one for the whole organisation, and deny `cloudtrail:DeleteTrail` in a service control \
              policy.",
        console: "1. Open CloudTrail, Trails, Create trail.\n2. Give it the name and the bucket it had, and switch on log file \
                  validation and encryption.\n3. Choose management events, read and write. A trail made in the console covers all \
                  regions.\n4. For an event data store: Lake, Event data stores, choose it, Actions, Restore.\n",
        cli: "aws cloudtrail create-trail --name main --s3-bucket-name logs-123456789012 --is-multi-region-trail \
              --include-global-service-events --enable-log-file-validation --kms-key-id alias/trail\n\
              aws cloudtrail start-logging --name main\n\
              aws cloudtrail restore-event-data-store --event-data-store ARN\n",
        terraform: r#"resource "aws_cloudtrail" "main" {
  name                          = "main"
  s3_bucket_name                = aws_s3_bucket.trail.id
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.trail.arn

  lifecycle {
    prevent_destroy = true
  }
}
"#,
        cloudformation: "Trail:
  Type: AWS::CloudTrail::Trail
  DependsOn: TrailBucketPolicy
  DeletionPolicy: Retain
  UpdateReplacePolicy: Retain
  Properties:
    TrailName: main
    S3BucketName: !Ref TrailBucket
    IsLogging: true
    IsMultiRegionTrail: true
    IncludeGlobalServiceEvents: true
    EnableLogFileValidation: true
    KMSKeyId: !GetAtt TrailKey.Arn
",
        cdk: "const trail = new cloudtrail.Trail(this, 'Trail', {
  trailName: 'main',
  isMultiRegionTrail: true,
  enableFileValidation: true,
  encryptionKey: trailKey,
});
trail.applyRemovalPolicy(cdk.RemovalPolicy.RETAIN);
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "CloudTrail.1" },
        Framework { name: "NIST 800-53 r5", ids: super::coverage::NIST },
        Framework { name: "PCI DSS v4.0", ids: super::coverage::PCI },
        Framework { name: "AWS Config", ids: "MULTI_REGION_CLOUD_TRAIL_ENABLED" },
    ],
    options: &[],
};

pub(super) fn judge(facts: &Facts, _: &Rules) -> Option<Found> {
    match facts {
        Facts::Trail(facts) => trail(facts),
        facts => on_store(facts, store),
    }
}

fn trail(facts: &TrailFacts) -> Option<Found> {
    let subject = format!("trail {}", facts.trail);
    match &facts.settings {
        Fact::Known(None) => {}
        Fact::Known(Some(_)) => return None,
        unknown => return blind(&DELETED, &subject, unknown, "cloudtrail:GetTrail"),
    }
    let Some(kept) = &facts.kept else {
        let evidence = vec![Evidence::new("trail", "deleted")];
        let summary = format!("{subject} was deleted; what it was is not known here");
        return facts.deleted.then(|| live(&DELETED, summary, evidence, Vec::new()))?;
    };
    let evidence = vec![Evidence::new("trail", "deleted"), Evidence::new("logged to", kept.settings.bucket.as_str())];
    live(&DELETED, format!("{subject} was deleted"), evidence, vec![Change::CreateTrail(kept.clone())])
}

fn store(facts: &StoreFacts) -> Option<Found> {
    let subject = format!("event data store {}", facts.store);
    match &facts.status {
        Fact::Known(status) if status == model::PENDING_DELETION => {
            let evidence = vec![Evidence::new("status", status.as_str())];
            live(&DELETED, format!("{subject} was deleted"), evidence, vec![Change::Restored(true)])
        }
        Fact::Known(_) => None,
        unknown => blind(&DELETED, &subject, unknown, "cloudtrail:GetEventDataStore"),
    }
}
