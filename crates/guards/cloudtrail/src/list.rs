//! Listing what there is in an account and region: its trails, itself, and its event data stores a page at a time.

use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::cloudtrail::{StoreId, Target, trail_of_arn};
use rectify_runtime::Page;

use crate::Clients;

/// The longest token that CloudTrail makes is of 1 000 characters (CloudTrail API reference, `PaginationToken`: 4 to 1 000).
const LONGEST_TOKEN: usize = 1_000;

/// One page. Trails, of which a region has five at most, come with the first; shadows of trails at home elsewhere do not.
pub(crate) async fn list(at: &Clients, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
    let token = cursor.map(token).transpose()?;
    let mut page = stores(at, token).await?;
    if cursor.is_none() {
        let answer = at
            .trails
            .describe_trails()
            .include_shadow_trails(false)
            .send()
            .await
            .map_err(|error| AwsFailure::new("cloudtrail", "DescribeTrails", &error))?;
        for arn in answer.trail_list().iter().filter_map(|trail| trail.trail_arn()) {
            match trail_of_arn(arn) {
                Some((trail, owner)) if owner == at.place.account && trail.region == at.place.region => {
                    page.ids.push(Target::Trail(trail));
                }
                Some(_) => {}
                None => page.odd.push(arn.to_owned()),
            }
        }
        page.ids.push(Target::Account(at.place.account.clone()));
    }
    Ok(page)
}

/// `ListEventDataStores`, those that wait for their deletion too.
async fn stores(at: &Clients, token: Option<String>) -> Result<Page<Target>, AwsFailure> {
    let answer = match at.trails.list_event_data_stores().set_next_token(token).send().await {
        Ok(answer) => answer,
        // CloudTrail Lake is not in every region, and closed to new customers (CloudTrail user guide).
        Err(error) => match AwsFailure::new("cloudtrail", "ListEventDataStores", &error) {
            failure if failure.code_is("UnsupportedOperationException") => {
                return Ok(Page { ids: Vec::new(), odd: Vec::new(), next: None });
            }
            failure => return Err(failure),
        },
    };
    let (mut ids, mut odd) = (Vec::new(), Vec::new());
    for arn in answer.event_data_stores().iter().filter_map(|store| store.event_data_store_arn()) {
        let id = arn.rsplit_once(":eventdatastore/").map(|(_, id)| id);
        match id.and_then(|id| StoreId::new(at.place.region.clone(), id).ok()) {
            Some(store) => ids.push(Target::Store(store)),
            None => odd.push(arn.to_owned()),
        }
    }
    Ok(Page {
        ids,
        odd,
        next: answer.next_token.filter(|token| !token.is_empty()).map(|token| format!("stores/{token}")),
    })
}

fn token(cursor: &str) -> Result<String, AwsFailure> {
    let token = cursor.strip_prefix("stores/").filter(|token| {
        (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
    });
    token.map(str::to_owned).ok_or_else(|| AwsFailure {
        service: "cloudtrail",
        operation: "ListEventDataStores",
        kind: FailureKind::Invalid,
        code: None,
        message: Some("the cursor is not one that this release made: sweep from the beginning".to_owned()),
        request_id: None,
    })
}
