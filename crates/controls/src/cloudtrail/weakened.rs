//! Event selectors that log less than they should, or than they did.

use super::{
    Change, Facts, Rules, Settings, TrailFacts,
    book::{Found, blind, live, neutralised, on_trail},
    coverage, store,
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, OptionSpec, Severity};

pub(super) const WEAKENED: Control = Control {
    id: "cloudtrail-event-selectors-weakened",
    title: "The trail or event data store leaves events out",
    severity: Severity::High,
    action: Action::Guarded,
    breach: "The trail's selectors leave out management events (`IncludeManagementEvents` off, reads or writes only, or a source \
             excluded that `excludable-sources` does not name), or data events or Insights that it logged when it was last well. \
             Basic and advanced selectors are compared by what they log, so turning one form into the other is no breach, and \
             neither is logging more. Management events that another trail logs for all regions are told with less severity and \
             left alone: a trail for data events only is one of those. Of an event data store it is a breach when it takes in less than when \
             it was last well (selectors, other regions), keeps it for fewer days, or is no longer protected against deletion; what it was made \
             for is not judged, nor whether it is the organisation's.",
    correction: "Sets the selectors that stood when the trail was last well. Where others were added since, both are kept. Where \
                 nothing is known from before, management events are added and data events stay as they are. Insights that were \
                 switched off are switched on again. An event data store gets back what it had. An undo brings the old selectors or settings \
                 back; events that a shorter retention has deleted are gone.",
    disruption: "Data events and Insights cost money: who drops them to save it needs an exemption, or `keep-data-events = false`.",
    guidance: Guidance {
        why: "A trail that leaves out writes, or one service, looks healthy and is blind where it counts. Leave management events \
              whole, and drop data events in the code that made them, not by hand.",
        console: "1. Open CloudTrail, Trails, and choose the trail.\n2. Under Management events choose Edit.\n3. Tick Management events, \
                  Read and Write, and untick Exclude AWS KMS events and Exclude Amazon RDS Data API events.\n",
        cli: "aws cloudtrail put-event-selectors --trail-name main --event-selectors \
              '[{\"ReadWriteType\":\"All\",\"IncludeManagementEvents\":true}]'\n\
              aws cloudtrail get-event-selectors --trail-name main\n",
        terraform: r#"resource "aws_cloudtrail" "main" {
  name                          = "main"
  s3_bucket_name                = aws_s3_bucket.trail.id
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.trail.arn

  event_selector {
    read_write_type           = "All"
    include_management_events = true
  }
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
    EventSelectors:
      - ReadWriteType: All
        IncludeManagementEvents: true
",
        cdk: "new cloudtrail.Trail(this, 'Trail', {
  trailName: 'main',
  isMultiRegionTrail: true,
  managementEvents: cloudtrail.ReadWriteType.ALL,
  enableFileValidation: true,
  encryptionKey: trailKey,
});
",
    },
    frameworks: &[Framework { name: "AWS Config", ids: "CLOUDTRAIL_SECURITY_TRAIL_ENABLED" }],
    options: &[
        OptionSpec {
            name: "excludable-sources",
            default: "[]",
            doc: "Event sources whose management events a trail may leave out, for example `kms.amazonaws.com` and \
                  `rdsdata.amazonaws.com`.",
        },
        OptionSpec {
            name: "keep-data-events",
            default: "true",
            doc: "Data events and Insights that were logged have to stay so; `false` judges management events only.",
        },
    ],
};

pub(super) fn judge(facts: &Facts, rules: &Rules) -> Option<Found> {
    match facts {
        // Selectors that were read decide alone: only a trail that is there has any.
        Facts::Trail(facts) if facts.settings.known().is_none() && facts.selectors.known().is_some() => {
            trail(facts, None, rules)
        }
        Facts::Store(facts) => store::judge(facts, rules),
        facts => on_trail(&WEAKENED, facts, |facts, settings| trail(facts, Some(settings), rules)),
    }
}

fn trail(facts: &TrailFacts, settings: Option<&Settings>, rules: &Rules) -> Option<Found> {
    let subject = format!("the event selectors of trail {}", facts.trail);
    let selectors = match &facts.selectors {
        Fact::Known(selectors) => selectors,
        unknown => return blind(&WEAKENED, &subject, unknown, "cloudtrail:GetEventSelectors"),
    };
    let kept = facts.kept.as_deref().filter(|_| rules.keep_data_events);
    let gaps = selectors.management_gaps(&rules.excludable);
    let lost = kept.map(|kept| selectors.lost(&kept.selectors)).unwrap_or_default();
    let insights_lost: Vec<&String> = match (kept, &facts.insights) {
        (None, _) => Vec::new(),
        (Some(kept), _) if kept.insights.is_empty() => Vec::new(),
        (Some(kept), Fact::Known(now)) => kept.insights.difference(now).collect(),
        (Some(_), unknown) => return blind(&WEAKENED, &subject, unknown, "cloudtrail:GetInsightSelectors"),
    };
    let evidence: Vec<Evidence> = gaps
        .iter()
        .map(|gap| Evidence::new("not logged", gap.as_str()))
        .chain(lost.iter().map(|lost| Evidence::new("no longer logged", lost.as_str())))
        .chain(insights_lost.iter().map(|kind| Evidence::new("no longer logged", format!("Insights: {kind}"))))
        .collect();
    if evidence.is_empty() {
        return None;
    }
    let summary = format!("{subject} leave events out");
    if lost.is_empty() && insights_lost.is_empty() {
        // No second read of another account's trail: only what is certain takes the effect away.
        let others = facts.beside.known().into_iter().flatten();
        let other = others
            .filter(|seen| !(seen.trail == facts.trail && seen.owner == facts.place.account))
            .filter(|seen| seen.multi_region || settings.is_some_and(|settings| settings.multi_region))
            .find(|seen| coverage::gaps_under(seen, &rules.excludable).is_empty());
        if let Some(other) = other {
            let by = format!("trail {}, which logs all management events", other.trail);
            return neutralised(&WEAKENED, &by, summary, evidence);
        }
    }
    let mut changes = Vec::new();
    if !(gaps.is_empty() && lost.is_empty()) {
        let before =
            facts.kept.as_ref().map_or_else(|| Some(selectors.clone()), |kept| selectors.with(&kept.selectors));
        // More selectors than a trail takes: half of it put right would not be right, so it is told.
        let Some(before) = before else { return live(&WEAKENED, summary, evidence, changes) };
        changes.push(Change::Selectors(before.with_management(&rules.excludable)));
    }
    if let (false, Some(kept), Fact::Known(now)) = (insights_lost.is_empty(), kept, &facts.insights) {
        changes.push(Change::Insights(now.union(&kept.insights).cloned().collect()));
    }
    live(&WEAKENED, summary, evidence, changes)
}
