//! An account in which not everything is logged by any trail.

use super::{
    AccountFacts, Change, Facts, Rules, Seen,
    book::{Found, blind, live, on_account, unverifiable},
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, Severity, verdict::missing};

pub(super) const NIST: &str = "AC-2(4), AC-4(26), AC-6(9), AU-10, AU-12, AU-2, AU-3, AU-6(3), AU-6(4), AU-14(1), CA-7, SC-7(9), \
                               SI-3(8), SI-4(20), SI-7(8), SA-8(22)";
pub(super) const PCI: &str = "3.5.1.3, 7.3.3, 10.2.1.1, 10.2.1.2, 10.2.1.3, 10.2.1.4, 10.2.1.5, 10.2.1.6";

pub(super) const NOT_MULTI_REGION: Control = Control {
    id: "cloudtrail-not-multi-region",
    title: "No trail logs all management events of all regions",
    severity: Severity::High,
    action: Action::Guarded,
    breach: "No trail that sees the account covers all regions, logs, includes global service events and all management events, \
             reads and writes. The organisation's trail counts for every member; what it selects is judged in the account that \
             owns it, because AWS shows it to nobody else.",
    correction: "Lets the trail that covered the account before log all regions and global service events again, if that is all it \
                 lacks; where rectify has seen none, the only trail of the account that lacks nothing else. Whatever else is \
                 missing is for the trail's own controls. An undo brings the old flags back.",
    disruption: "A second trail that logs management events costs money. Log files of all regions arrive in the trail's bucket.",
    guidance: Guidance {
        why: "An attacker works in the region that nobody looks at. One trail for all regions, best one for the organisation, is \
              free of charge for its first copy of management events and leaves no corner.",
        console: "1. Open CloudTrail, Trails, and choose the trail.\n2. A trail made in the console covers all regions; one that does \
                  not is changed with the command below.\n3. Under Management events choose Edit, and tick Read and Write.\n",
        cli: "aws cloudtrail update-trail --name main --is-multi-region-trail --include-global-service-events --region eu-central-1\n\
              aws cloudtrail put-event-selectors --trail-name main --region eu-central-1 --event-selectors \
              '[{\"ReadWriteType\":\"All\",\"IncludeManagementEvents\":true}]'\n",
        terraform: r#"resource "aws_cloudtrail" "main" {
  name                          = "main"
  s3_bucket_name                = aws_s3_bucket.trail.id
  is_multi_region_trail         = true
  include_global_service_events = true
  is_organization_trail         = true
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.trail.arn
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
    IsOrganizationTrail: true
    EnableLogFileValidation: true
    KMSKeyId: !GetAtt TrailKey.Arn
",
        cdk: "new cloudtrail.Trail(this, 'Trail', {
  trailName: 'main',
  isMultiRegionTrail: true,
  includeGlobalServiceEvents: true,
  managementEvents: cloudtrail.ReadWriteType.ALL,
  enableFileValidation: true,
  encryptionKey: trailKey,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "CloudTrail.1" },
        Framework { name: "CIS AWS v3.0", ids: "3.1" },
        Framework { name: "CIS AWS v5.0", ids: "3.1" },
        Framework { name: "NIST 800-53 r5", ids: NIST },
        Framework { name: "PCI DSS v4.0", ids: PCI },
        Framework { name: "AWS Config", ids: "MULTI_REGION_CLOUD_TRAIL_ENABLED" },
    ],
    options: &[],
};

pub(super) fn judge(facts: &Facts, rules: &Rules) -> Option<Found> {
    on_account(facts, |facts| account(facts, rules))
}

fn account(facts: &AccountFacts, rules: &Rules) -> Option<Found> {
    let subject = format!("account {}", facts.place.account);
    let trails = match &facts.trails {
        Fact::Known(trails) => trails,
        unknown => return blind(&NOT_MULTI_REGION, &subject, unknown, "cloudtrail:DescribeTrails"),
    };
    let judged: Vec<(&Seen, Vec<Gap>)> =
        trails.iter().map(|seen| (seen, gaps_under(seen, &rules.excludable))).collect();
    if judged.iter().any(|(_, gaps)| gaps.is_empty()) {
        return None;
    }
    let summary = match trails.len() {
        0 => format!("{subject} has no trail"),
        _ => format!("no trail logs all management events of all regions of {subject}"),
    };
    let mut evidence: Vec<Evidence> = judged
        .iter()
        .map(|(seen, gaps)| {
            let gaps: Vec<&str> = gaps.iter().map(|gap| gap.words.as_str()).collect();
            Evidence::new("trail", format!("{} of account {}: {}", seen.trail, seen.owner, gaps.join(", ")))
        })
        .collect();
    if evidence.is_empty() {
        evidence.push(Evidence::new("trail", "none"));
    }
    // One that lacks nothing but what could not be read may be the one that covers everything.
    if judged.iter().any(|(_, gaps)| gaps.iter().all(|gap| gap.unread)) {
        let summary = format!("whether a trail covers {subject} cannot be judged");
        return unverifiable(&NOT_MULTI_REGION, summary, evidence);
    }
    let changes = mendable(facts, &judged).map(|seen| Change::Coverage {
        trail: seen.trail.clone(),
        multi_region: true,
        global_events: true,
    });
    live(&NOT_MULTI_REGION, summary, evidence, changes.into_iter().collect())
}

/// The trail that `UpdateTrail` alone makes good: the one that did cover the account, or the only one.
fn mendable<'a>(facts: &AccountFacts, judged: &[(&'a Seen, Vec<Gap>)]) -> Option<&'a Seen> {
    let mut candidates: Vec<&Seen> = (judged.iter())
        .filter(|(seen, gaps)| seen.owner == facts.place.account && gaps.iter().all(|gap| gap.flag))
        .map(|(seen, _)| *seen)
        .collect();
    let covered = |seen: &&&Seen| facts.kept.get(&seen.trail).copied().unwrap_or(false);
    if let Some(before) = candidates.iter().find(covered) {
        return Some(before);
    }
    let first = candidates.pop();
    first.filter(|_| candidates.is_empty())
}

/// What keeps a trail from covering an account.
pub(super) struct Gap {
    words: String,
    /// It is one of the two flags that [`Change::Coverage`] sets.
    flag: bool,
    /// It could not be read.
    unread: bool,
}

/// What of all that `seen` should log it does not, whatever the settings allow to leave out.
pub(super) fn gaps(seen: &Seen) -> Vec<Gap> {
    gaps_under(seen, &[])
}

pub(super) fn gaps_under(seen: &Seen, excludable: &[String]) -> Vec<Gap> {
    let gap = |words: String| Gap { words, flag: false, unread: false };
    let flag = |words: &str| Gap { flag: true, ..gap(words.to_owned()) };
    let unread = |evidence: Evidence| Gap { unread: true, ..gap(evidence.value) };
    let mut gaps = Vec::new();
    gaps.extend((!seen.multi_region).then(|| flag("one region only")));
    gaps.extend((!seen.global_events).then(|| flag("without global service events")));
    match &seen.logging {
        Fact::Known(true) => {}
        Fact::Known(false) => gaps.push(gap("stopped".to_owned())),
        unknown => gaps.extend(missing(unknown, "cloudtrail:GetTrailStatus").map(unread)),
    }
    match &seen.selectors {
        Fact::Known(selectors) => gaps.extend(selectors.management_gaps(excludable).into_iter().map(gap)),
        Fact::NotRead if seen.organization => {}
        unknown => gaps.extend(missing(unknown, "cloudtrail:GetEventSelectors").map(unread)),
    }
    gaps
}
