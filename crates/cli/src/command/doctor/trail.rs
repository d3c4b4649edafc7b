//! The trail: EventBridge has no event of a call that no trail logs (EventBridge user guide, "AWS service events delivered
//! via AWS CloudTrail").

use aws_sdk_cloudtrail::{
    Client,
    types::{AdvancedEventSelector, EventSelector, ReadWriteType},
};
use futures::{StreamExt as _, stream};
use rectify_aws::AwsFailure;
use rectify_controls::{AccountId, Order, Region, Swept, SweptRow};

use super::{Desk, check::Check};
use crate::{
    connection::{CloudError, Connection},
    guard::Guards,
};

const TRAIL: &str = "trail";

/// A trail, as far as it matters here.
#[derive(Debug, Clone)]
struct Trail {
    arn: String,
    home: String,
    everywhere: bool,
    organization: bool,
    logs: bool,
    /// Whether it takes management events that write.
    writes: bool,
    /// Why its last delivery to the bucket failed.
    trouble: Option<String>,
}

pub(super) async fn check(connection: &Connection, in_organization: bool) -> Vec<Check> {
    match read(connection).await {
        Ok(trails) => judge(&trails, connection.region().as_str(), in_organization),
        Err(failure) => vec![Check::unread(TRAIL, "", &connection.failure(failure))],
    }
}

async fn read(connection: &Connection) -> Result<Vec<Trail>, AwsFailure> {
    let client = Client::new(connection.config());
    // With the shadows of trails of other regions and of the organisation.
    let answer = client
        .describe_trails()
        .include_shadow_trails(true)
        .send()
        .await
        .map_err(|error| AwsFailure::new("cloudtrail", "DescribeTrails", &error))?;
    let mut trails = Vec::new();
    for trail in answer.trail_list() {
        let Some(arn) = trail.trail_arn() else { continue };
        let status = client
            .get_trail_status()
            .name(arn)
            .send()
            .await
            .map_err(|error| AwsFailure::new("cloudtrail", "GetTrailStatus", &error))?;
        let selectors = client
            .get_event_selectors()
            .trail_name(arn)
            .send()
            .await
            .map_err(|error| AwsFailure::new("cloudtrail", "GetEventSelectors", &error))?;
        trails.push(Trail {
            arn: arn.to_owned(),
            home: trail.home_region().unwrap_or_default().to_owned(),
            everywhere: trail.is_multi_region_trail().unwrap_or(false),
            organization: trail.is_organization_trail().unwrap_or(false),
            logs: status.is_logging().unwrap_or(false),
            writes: selectors.event_selectors().iter().any(takes_writes)
                || selectors.advanced_event_selectors().iter().any(takes_writes_advanced)
                // None is the default: all management events.
                || selectors.event_selectors().is_empty() && selectors.advanced_event_selectors().is_empty(),
            trouble: status.latest_delivery_error().filter(|error| !error.is_empty()).map(str::to_owned),
        });
    }
    Ok(trails)
}

/// Both default to what they would say (CloudTrail API reference, `EventSelector`).
fn takes_writes(selector: &EventSelector) -> bool {
    selector.include_management_events().unwrap_or(true)
        && selector.read_write_type().is_none_or(|kind| *kind != ReadWriteType::ReadOnly)
}

/// `eventCategory` is `Management`, and `readOnly`, when it is there, is not `true` (CloudTrail API reference,
/// `AdvancedFieldSelector`).
fn takes_writes_advanced(selector: &AdvancedEventSelector) -> bool {
    let field = |name: &str| selector.field_selectors().iter().find(|field| field.field() == name);
    let is = |name: &str, value: &str| field(name).is_some_and(|field| field.equals().iter().any(|is| is == value));
    is("eventCategory", "Management") && !is("readOnly", "true")
}

fn judge(trails: &[Trail], region: &str, in_organization: bool) -> Vec<Check> {
    let made = "`aws cloudtrail create-trail --is-multi-region-trail …` (README, \"Deploy\"), then \
                `aws cloudtrail start-logging`";
    let here: Vec<&Trail> = trails.iter().filter(|trail| trail.everywhere || trail.home == region).collect();
    let Some(first) = here.first() else {
        let seen = format!("no trail covers region {region}: EventBridge gets no events of calls");
        return vec![Check::failed(TRAIL, "", seen, made)];
    };
    let live: Vec<&&Trail> = here.iter().filter(|trail| trail.logs).collect();
    if live.is_empty() {
        let seen = format!("`{}` is stopped: EventBridge gets no events of calls", first.arn);
        return vec![Check::failed(TRAIL, "", seen, format!("`aws cloudtrail start-logging --name {}`", first.arn))];
    }
    let Some(good) = live.iter().filter(|trail| trail.writes).max_by_key(|t| (t.organization, t.everywhere)) else {
        let seen = format!("`{}` logs no management events that write", first.arn);
        let next = format!(
            "`aws cloudtrail put-event-selectors --trail-name {} --event-selectors \
             ReadWriteType=All,IncludeManagementEvents=true`",
            first.arn
        );
        return vec![Check::failed(TRAIL, "", seen, next)];
    };
    let mut checks = Vec::new();
    if !good.everywhere {
        let seen = format!("`{}` covers region {region} only", good.arn);
        let next = format!("`aws cloudtrail update-trail --name {} --is-multi-region-trail`", good.arn);
        checks.push(Check::warning(TRAIL, "", seen, next));
    }
    if in_organization && !good.organization {
        let seen = format!("`{}` is not the organisation's: members need trails of their own", good.arn);
        let next = format!("`aws cloudtrail update-trail --name {} --is-organization-trail`", good.arn);
        checks.push(Check::warning(TRAIL, "", seen, next));
    }
    if let Some(trouble) = &good.trouble {
        let seen = format!("`{}` cannot write to its bucket: {trouble}", good.arn);
        checks.push(Check::warning(TRAIL, "", seen, "see the bucket's policy; events come all the same"));
    }
    if checks.is_empty() {
        checks.push(Check::fine(TRAIL, "", format!("`{}` logs", good.arn)));
    }
    checks
}

/// Orders at a time: the guard's reserved concurrency is for events first.
const AT_ONCE: usize = 4;

/// What the guard of trails makes of each member now: a member whose only trail was stopped or deleted sends no more events, so
/// nothing else says so until the next sweep. Judged as a dry run: nothing is told or changed.
pub(super) async fn of_members<'a>(
    desk: &Desk<'_>,
    accounts: impl Iterator<Item = &'a AccountId>,
    region: &Region,
) -> Vec<Check> {
    let guards = Guards::new(desk.connection);
    let answers: Vec<(AccountId, Result<Swept, CloudError>)> = stream::iter(accounts.cloned())
        .map(async |account| {
            let order = Order::Sweep {
                account: account.clone(),
                // An account's trails together are judged once, not in every region.
                region: region.partition().first_region(),
                controls: vec![COVERAGE.to_owned()],
                dry_run: true,
                after: None,
            };
            (account, guards.order("cloudtrail", &order).await)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    covered(answers)
}

const COVERAGE: &str = "cloudtrail-not-multi-region";

fn covered(mut answers: Vec<(AccountId, Result<Swept, CloudError>)>) -> Vec<Check> {
    answers.sort_by(|(one, _), (other, _)| one.cmp(other));
    let accounts = answers.len();
    let mut checks = Vec::new();
    let (mut silent, mut first) = (0, None);
    for (account, answer) in answers {
        let swept = match answer {
            Ok(swept) => swept,
            Err(error) => {
                silent += 1;
                first.get_or_insert((account, error.to_string()));
                continue;
            }
        };
        if let Some(failed) = swept.failed.first() {
            silent += 1;
            first.get_or_insert((account, failed.error.clone()));
            continue;
        }
        let about = |row: &&SweptRow| row.control == COVERAGE && row.outcome != "exempt";
        if let Some(row) = swept.rows.iter().find(about) {
            let seen = row.summary.clone().unwrap_or_else(|| "no trail covers the account".to_owned());
            let next = format!(
                "EventBridge gets no events of what no trail logs: `rectify history --account {account}` says who stopped it; start \
                 it, or make the organisation's (docs/deploy.md)"
            );
            checks.push(Check::failed(TRAIL, account.as_str(), seen, next));
        }
    }
    if let Some((account, why)) = first {
        let seen =
            format!("the trails of {silent} of {accounts} accounts could not be judged, first of {account}: {why}");
        checks.push(Check::warning(TRAIL, "", seen, "see the checks `members` and `function`"));
    } else if checks.is_empty() {
        checks.push(Check::fine(TRAIL, "", format!("a trail covers each of {accounts} members")));
    }
    checks
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::types::AdvancedFieldSelector;
    use rectify_controls::Unswept;

    use super::{super::check::Verdict, *};

    fn trail() -> Trail {
        Trail {
            arn: "arn:aws:cloudtrail:eu-central-1:111122223333:trail/all".to_owned(),
            home: "us-east-1".to_owned(),
            everywhere: true,
            organization: true,
            logs: true,
            writes: true,
            trouble: None,
        }
    }

    #[track_caller]
    fn judged(trails: &[Trail], organization: bool, verdict: Verdict, says: &str) {
        let checks = judge(trails, "eu-central-1", organization);
        let text: Vec<String> =
            checks.iter().map(|c| format!("{} {}", c.seen, c.next.as_deref().unwrap_or_default())).collect();
        assert!(checks.iter().all(|check| check.verdict == verdict), "{checks:#?}");
        assert!(text.join("\n").contains(says), "`{says}` in {text:#?}");
    }

    #[test]
    fn one_good_trail_is_enough() {
        let stopped = Trail { logs: false, ..trail() };
        let reads = Trail { writes: false, ..trail() };
        judged(&[stopped, reads, trail()], true, Verdict::Fine, "logs");
        let own = Trail { organization: false, ..trail() };
        judged(&[own], false, Verdict::Fine, "logs");
    }

    #[test]
    fn without_one_there_are_no_events() {
        judged(&[], false, Verdict::Failed, "no trail covers");
        judged(&[Trail { everywhere: false, ..trail() }], false, Verdict::Failed, "create-trail");
        judged(&[Trail { logs: false, ..trail() }], false, Verdict::Failed, "start-logging --name arn:aws:cloudtrail");
        judged(&[Trail { writes: false, ..trail() }], false, Verdict::Failed, "put-event-selectors");
    }

    #[test]
    fn one_that_sees_too_little_is_a_warning() {
        let here = Trail { everywhere: false, home: "eu-central-1".to_owned(), ..trail() };
        judged(&[here], false, Verdict::Warning, "--is-multi-region-trail");
        judged(&[Trail { organization: false, ..trail() }], true, Verdict::Warning, "--is-organization-trail");
        let trouble = Some("AccessDenied".to_owned());
        judged(&[Trail { trouble, ..trail() }], true, Verdict::Warning, "AccessDenied");
    }

    #[test]
    fn selectors_say_what_is_taken() {
        let basic = |management: Option<bool>, kind: Option<ReadWriteType>| {
            takes_writes(
                &EventSelector::builder().set_include_management_events(management).set_read_write_type(kind).build(),
            )
        };
        assert!(basic(None, None) && basic(Some(true), Some(ReadWriteType::WriteOnly)));
        assert!(!basic(Some(false), None) && !basic(None, Some(ReadWriteType::ReadOnly)));
        let advanced = |fields: &[(&str, &str)]| {
            let fields = fields
                .iter()
                .map(|(name, is)| AdvancedFieldSelector::builder().field(*name).equals(*is).build().unwrap())
                .collect();
            takes_writes_advanced(&AdvancedEventSelector::builder().set_field_selectors(Some(fields)).build().unwrap())
        };
        assert!(advanced(&[("eventCategory", "Management")]));
        assert!(advanced(&[("eventCategory", "Management"), ("readOnly", "false")]));
        assert!(!advanced(&[("eventCategory", "Management"), ("readOnly", "true")]));
        assert!(!advanced(&[("eventCategory", "Data")]));
    }

    fn member(account: &str, change: impl FnOnce(&mut Swept)) -> (AccountId, Result<Swept, CloudError>) {
        let mut swept = Swept::default();
        change(&mut swept);
        (AccountId::new(account).unwrap(), Ok(swept))
    }

    fn row(outcome: &str) -> SweptRow {
        SweptRow {
            resource: "arn:aws:cloudtrail::222222222222:trails".to_owned(),
            control: COVERAGE.to_owned(),
            severity: None,
            outcome: outcome.to_owned(),
            summary: Some("no trail logs all management events of all regions of account 222222222222".to_owned()),
            why: None,
            correction: None,
        }
    }

    #[test]
    fn members_that_nobody_logs_are_named() {
        let fine = || member("111111111111", |_| {});
        let checks = covered(vec![member("222222222222", |swept| swept.rows.push(row("notified"))), fine()]);
        assert_eq!(checks.len(), 1, "{checks:#?}");
        assert_eq!((checks[0].verdict, checks[0].of.as_str()), (Verdict::Failed, "222222222222"));
        let checks = covered(vec![fine(), member("222222222222", |swept| swept.rows.push(row("exempt")))]);
        assert!(checks[0].verdict == Verdict::Fine && checks[0].seen.contains("2 members"), "{checks:#?}");
        let unread = Unswept { resource: "x".to_owned(), error: "could not DescribeTrails".to_owned() };
        let checks = covered(vec![fine(), member("333333333333", |swept| swept.failed.push(unread))]);
        assert!(checks[0].verdict == Verdict::Warning && checks[0].seen.contains("DescribeTrails"), "{checks:#?}");
    }
}
