//! What people ask for.

use aws_sdk_dynamodb::{
    operation::{batch_get_item::BatchGetItemOutput, query::QueryOutput},
    types::KeysAndAttributes,
};

use super::{
    state::{item, query},
    *,
};

fn listed(sk: &'static str, at: i64) -> Vec<(&'static str, AttributeValue)> {
    vec![("pk", text(RESOURCE)), ("sk", text(sk)), ("at", number(at))]
}

fn row(sk: &'static str, outcome: &str) -> Vec<(&'static str, AttributeValue)> {
    vec![
        ("pk", text(RESOURCE)),
        ("sk", text(sk)),
        ("control", text("c")),
        ("fingerprint", text("0123456789abcdef")),
        ("severity", text("critical")),
        ("summary", text(sk)),
        ("evidence", text("[]")),
        ("status", text("open")),
        ("outcome", text(outcome)),
        ("first_seen", number(1)),
        ("last_seen", number(2)),
        ("seen", number(3)),
    ]
}

fn summaries(rows: &[FindingRow]) -> Vec<&str> {
    rows.iter().map(|row| row.summary.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn keys_that_were_not_processed_are_asked_for_again_and_the_order_stays() {
    let index = query(vec![listed("finding#c#3", 3), listed("finding#c#2", 2), listed("finding#c#1", 1)]);
    let first = mock!(Client::batch_get_item)
        .match_requests(|call| call.request_items().unwrap()["ledger"].consistent_read() == Some(true))
        .then_output(|| {
            let left = KeysAndAttributes::builder()
                .keys(item(&vec![("pk", text(RESOURCE)), ("sk", text("finding#c#3"))]))
                .build()
                .unwrap();
            BatchGetItemOutput::builder()
                .responses(
                    "ledger",
                    vec![item(&row("finding#c#1", "notified")), item(&row("finding#c#2", "corrected"))],
                )
                .unprocessed_keys("ledger", left)
                .build()
        });
    let second = mock!(Client::batch_get_item)
        .match_requests(|call| {
            let keys = &call.request_items().unwrap()["ledger"].keys;
            keys.len() == 1 && keys[0]["sk"] == text("finding#c#3")
        })
        .then_output(|| {
            BatchGetItemOutput::builder().responses("ledger", vec![item(&row("finding#c#3", "notified"))]).build()
        });
    let ledger = ledger(&[&index, &first, &second]);
    let rows = ledger.findings("notified", None, None, None, 10).await.unwrap();
    // The second has another outcome by now.
    assert_eq!(summaries(&rows), ["finding#c#3", "finding#c#1"]);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_processes_nothing_is_throttled() {
    let index = query(vec![listed("finding#c#3", 3)]);
    let nothing: Vec<Rule> = (0..6)
        .map(|_| {
            mock!(Client::batch_get_item).then_output(|| {
                let left = KeysAndAttributes::builder()
                    .keys(item(&vec![("pk", text(RESOURCE)), ("sk", text("finding#c#3"))]))
                    .build()
                    .unwrap();
                BatchGetItemOutput::builder().unprocessed_keys("ledger", left).build()
            })
        })
        .collect();
    let rules: Vec<&Rule> = std::iter::once(&index).chain(&nothing).collect();
    let failure = ledger(&rules).findings("notified", None, None, None, 10).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled);
}

#[tokio::test]
async fn the_index_is_read_until_enough_are_wanted_and_no_further() {
    let other = "resource#444455556666#eu-west-1#arn:aws:s3:::data";
    let page = |pk: &'static str, more: bool| {
        mock!(Client::query).then_output(move || {
            let row = vec![("pk", text(pk)), ("sk", text("finding#c#1")), ("at", number(1))];
            let answer = QueryOutput::builder().items(item(&row));
            if more { answer.last_evaluated_key("sk", text("x")).build() } else { answer.build() }
        })
    };
    let rows = mock!(Client::batch_get_item)
        .match_requests(|call| call.request_items().unwrap()["ledger"].keys.len() == 1)
        .then_output(|| {
            BatchGetItemOutput::builder().responses("ledger", vec![item(&row("finding#c#1", "notified"))]).build()
        });
    let (first, second) = (page(other, true), page(RESOURCE, true));
    let account = rectify_controls::AccountId::new("111122223333").unwrap();
    let ledger = ledger(&[&first, &second, &rows]);
    let found = ledger.findings("notified", None, Some("arn:aws:s3:::data"), Some(&account), 1).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_hundred_and_one_rows_are_two_batches() {
    let index = mock!(Client::query).then_output(|| {
        let rows = (0..101)
            .map(|n| item(&vec![("pk", text(RESOURCE)), ("sk", text(&format!("finding#c#{n}"))), ("at", number(n))]));
        QueryOutput::builder().set_items(Some(rows.collect())).build()
    });
    let batch = |size: usize| {
        mock!(Client::batch_get_item)
            .match_requests(move |call| call.request_items().unwrap()["ledger"].keys.len() == size)
            .then_output(|| BatchGetItemOutput::builder().build())
    };
    let (first, second) = (batch(100), batch(1));
    let found = ledger(&[&index, &first, &second]).findings("notified", None, None, None, 1_000).await.unwrap();
    assert_eq!((found.len(), first.num_calls(), second.num_calls()), (0, 1, 1), "rows that are gone are left out");
}
