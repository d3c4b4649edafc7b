//! What is remembered, and what stands.

use aws_sdk_dynamodb::operation::{
    delete_item::{DeleteItemError, DeleteItemOutput},
    query::QueryOutput,
    update_item::{UpdateItemError, UpdateItemOutput},
};
use aws_sdk_dynamodb::types::error::TransactionConflictException;
use rectify_controls::{AccountId, Deferral};

use super::*;

type Item = Vec<(&'static str, AttributeValue)>;

pub(super) fn item(item: &Item) -> std::collections::HashMap<String, AttributeValue> {
    item.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A query's only page.
pub(super) fn query(items: Vec<Item>) -> Rule {
    mock!(Client::query)
        .then_output(move || QueryOutput::builder().set_items(Some(items.iter().map(item).collect())).build())
}

fn refused_by(row: Item) -> Rule {
    mock!(Client::update_item).then_error(move || {
        let refused = ConditionalCheckFailedException::builder().set_item(Some(item(&row))).build();
        UpdateItemError::ConditionalCheckFailedException(refused)
    })
}

fn account() -> AccountId {
    AccountId::new("111122223333").unwrap()
}

#[tokio::test]
async fn a_resource_is_read_to_the_last_page_as_it_is_now() {
    let first = mock!(Client::query)
        .match_requests(|call| {
            call.consistent_read() == Some(true)
                && call.index_name().is_none()
                && call.exclusive_start_key().is_none()
                && call.key_condition_expression() == Some("pk = :pk AND begins_with(sk, :sk)")
                && call.expression_attribute_values().unwrap()[":sk"] == text("state#")
        })
        .then_output(|| {
            let deferral = vec![
                ("sk", text("state#deferral#s3-bucket-public-acl")),
                ("since", number(1_000)),
                ("due", number(2_000)),
            ];
            QueryOutput::builder().items(item(&deferral)).last_evaluated_key("sk", text("x")).build()
        });
    let second = mock!(Client::query)
        .match_requests(|call| call.exclusive_start_key().is_some_and(|key| key["sk"] == text("x")))
        .then_output(|| QueryOutput::builder().items(item(&lease_item(OTHER, "r-0", 5_000, None))).build());
    let state = ledger(&[&first, &second]).resource(&key()).await.unwrap();
    assert_eq!(state.lease.as_ref().unwrap().request, "r-0");
    let second = |n| Timestamp::from_second(n).unwrap();
    assert_eq!(state.past(CONTROLS[0]).deferral, Some(Deferral { since: second(1), due: second(2) }));
    assert_eq!(state.past(CONTROLS[1]), rectify_controls::Past::default());
}

#[tokio::test]
async fn a_row_that_we_did_not_write_is_not_read_as_nothing() {
    for (row, attribute) in [
        (vec![("sk", text("state#lease"))], "correction"),
        (vec![("sk", text("state#deferral#c")), ("since", number(1))], "due"),
        (vec![("sk", text("state#tug#c")), ("recent", text("[{}]"))], "recent"),
        (vec![("sk", text("state#tug#c")), ("fenced_until", text("soon"))], "fenced_until"),
        (vec![("sk", text("state#unheard-of"))], "sk"),
    ] {
        let failure = ledger(&[&query(vec![row])]).resource(&key()).await.unwrap_err();
        let said = format!("could not read the ledger: refused (a row has no usable attribute `{attribute}`)");
        assert_eq!(failure.to_string(), said);
    }
}

#[tokio::test]
async fn what_stands_and_cannot_be_read_is_an_error() {
    let pk = |pk: &str| ("pk", text(pk));
    for (row, attribute) in [
        (vec![pk("standing"), ("sk", text("exemption#e-1"))], "exemption"),
        (vec![pk("standing"), ("sk", text("exemption#e-1")), ("exemption", text("{}"))], "exemption"),
        (vec![pk("standing"), ("sk", text("switch#region#eu-west-1"))], "sk"),
        (vec![pk("standing"), ("sk", text("switch#account"))], "sk"),
        (vec![pk("standing#x"), ("sk", text("switch#account"))], "pk"),
        (vec![pk("standing"), ("sk", text("something"))], "sk"),
        (vec![pk("standing#111122223333"), ("sk", text("account"))], "facts"),
    ] {
        let failure = ledger(&[&query(vec![row]), &query(vec![])]).standing(&account()).await.unwrap_err();
        assert_eq!(failure.message, Some(format!("a row has no usable attribute `{attribute}`")));
    }
}

#[tokio::test]
async fn a_switch_pauses_whatever_its_row_says() {
    let row = vec![("pk", text("standing#111122223333")), ("sk", text("switch#account"))];
    let standing = ledger(&[&query(vec![]), &query(vec![row])]).standing(&account()).await.unwrap();
    assert!(standing.switches[0].holds("any", &account()), "{standing:?}");
    assert_eq!(standing.switches[0].reason, "no reason recorded");
}

#[tokio::test]
async fn the_deferral_that_is_in_force_is_given_back() {
    let deferral = Deferral { since: now(), due: now() + Duration::from_secs(120) };
    let due = now().as_millisecond() + 30_000;
    let there = refused_by(vec![("since", number(now().as_millisecond())), ("due", number(due))]);
    let answer = ledger(&[&there]).defer(&key(), CONTROLS[0], &deferral, now()).await.unwrap();
    assert_eq!(answer.due.as_millisecond(), due);

    // Without the row it is read, and when it was ended in the meantime ours is written.
    let refused = mock!(Client::update_item).then_error(|| {
        UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    let gone = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let written = mock!(Client::update_item).then_output(|| UpdateItemOutput::builder().build());
    let answer = ledger(&[&refused, &gone, &written]).defer(&key(), CONTROLS[0], &deferral, now()).await.unwrap();
    assert_eq!((answer, written.num_calls()), (deferral, 1));
}

#[tokio::test]
async fn a_lease_that_is_somebody_elses_is_not_renewed() {
    let rule = refused_by(lease_item(OTHER, "r-0", 0, None));
    let failure = ledger(&[&rule]).renew(&key(), &ahead().id, "r-1", now(), Duration::from_secs(15)).await.unwrap_err();
    assert!(failure.code_is(LEASE_LOST), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn single_writes_wait_for_a_transaction_on_their_row() {
    let meeting = mock!(Client::update_item)
        .then_error(|| UpdateItemError::TransactionConflictException(TransactionConflictException::builder().build()));
    let written = mock!(Client::update_item).then_output(|| UpdateItemOutput::builder().build());
    ledger(&[&meeting, &written]).fence(&key(), CONTROLS[0], now()).await.unwrap();
    assert_eq!(written.num_calls(), 1);

    let meeting = mock!(Client::delete_item)
        .then_error(|| DeleteItemError::TransactionConflictException(TransactionConflictException::builder().build()));
    let deleted = mock!(Client::delete_item).then_output(|| DeleteItemOutput::builder().build());
    ledger(&[&meeting, &deleted]).unfence(&key(), CONTROLS[0]).await.unwrap();
    assert_eq!(deleted.num_calls(), 1);

    let meetings: Vec<Rule> = (0..6)
        .map(|_| {
            mock!(Client::update_item).then_error(|| {
                let meta = ErrorMetadata::builder().code("TransactionConflictException").build();
                let conflict = TransactionConflictException::builder().meta(meta).build();
                UpdateItemError::TransactionConflictException(conflict)
            })
        })
        .collect();
    let failure = ledger(&meetings.iter().collect::<Vec<_>>()).fence(&key(), CONTROLS[0], now()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_table_is_throttled_wherever_it_is_asked() {
    let body = || r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#.to_owned();
    let deferral = Deferral { since: now(), due: now() };
    let rule = mock!(Client::query).sequence().http_status(400, Some(body())).times(3).build();
    let resource = ledger(&[&rule]).resource(&key()).await.unwrap_err();
    let rule = mock!(Client::query).sequence().http_status(400, Some(body())).times(6).build();
    let standing = ledger(&[&rule]).standing(&account()).await.unwrap_err();
    let update = || mock!(Client::update_item).sequence().http_status(400, Some(body())).times(3).build();
    let defer = ledger(&[&update()]).defer(&key(), CONTROLS[0], &deferral, now()).await.unwrap_err();
    let once = ledger(&[&update()]).once("x", "r-1", now(), Duration::ZERO).await.unwrap_err();
    let lease = Duration::from_secs(15);
    let renew = ledger(&[&update()]).renew(&key(), &ahead().id, "r-1", now(), lease).await.unwrap_err();
    let get = mock!(Client::get_item).sequence().http_status(400, Some(body())).times(6).build();
    let budget = ledger(&[&get]).budget(CONTROLS[0], &account(), now()).await.unwrap_err();
    let delete = mock!(Client::delete_item).sequence().http_status(400, Some(body())).times(3).build();
    let end = ledger(&[&delete]).end_deferrals(&key(), &[CONTROLS[0]]).await.unwrap_err();
    for failure in [resource, standing, defer, once, renew, budget, end] {
        assert_eq!(failure.kind, FailureKind::Throttled, "{failure}");
        assert!(failure.code_is("ProvisionedThroughputExceededException"), "{failure}");
    }
}
