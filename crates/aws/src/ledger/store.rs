//! Single rows and whole partitions.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    Ledger,
    expression::{Edit, Expressions, key, text},
    row::{Row, ours},
    transaction::MEETINGS,
};
use crate::{AwsFailure, FailureKind, pause};

/// Why a row was not written.
#[derive(Debug)]
pub(super) enum Refused {
    /// Its condition does not hold; the row as it stands, when there is one.
    Condition(Option<Row>),
    Failed(AwsFailure),
}

impl From<Refused> for AwsFailure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Failed(failure) => failure,
            Refused::Condition(_) => ours(
                "UpdateItem",
                FailureKind::Conflict,
                Some("ConditionalCheckFailedException"),
                "somebody else changed the row at the same time".to_owned(),
            ),
        }
    }
}

/// Which rows of a partition.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'a> {
    /// Those whose sort key begins so.
    Prefix(&'a str),
    /// Those that have no `until`, or one after this time.
    Until(i64),
}

impl Ledger {
    /// One row, as of now.
    pub(super) async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, AwsFailure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsFailure::new("dynamodb", "GetItem", &error))?;
        Ok(answer.item.map(Row))
    }

    /// Rows of one partition, as of now, by sort key.
    pub(super) async fn partition(&self, pk: &str, rows: Rows<'_>) -> Result<Vec<Row>, AwsFailure> {
        let mut found = Vec::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let call = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .expression_attribute_values(":pk", text(pk))
                .set_exclusive_start_key(start);
            let call = match rows {
                Rows::Prefix(prefix) => call
                    .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                    .expression_attribute_values(":sk", text(prefix)),
                Rows::Until(from) => call
                    .key_condition_expression("pk = :pk")
                    .filter_expression("attribute_not_exists(#until) OR #until > :from")
                    .expression_attribute_names("#until", "until")
                    .expression_attribute_values(":from", AttributeValue::N(from.to_string())),
            };
            let answer = call.send().await.map_err(|error| AwsFailure::new("dynamodb", "Query", &error))?;
            found.extend(answer.items.unwrap_or_default().into_iter().map(Row));
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Writes one row, and waits a little when a transaction is about to write it too.
    pub(super) async fn write(&self, pk: &str, sk: &str, edit: Edit, answer: ReturnValue) -> Result<Row, Refused> {
        let Expressions { update, condition, names, values } = edit.build();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .set_update_expression(update)
            .set_return_values_on_condition_check_failure(
                condition.is_some().then_some(ReturnValuesOnConditionCheckFailure::AllOld),
            )
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values(answer);
        let mut pauses = MEETINGS.iter();
        loop {
            let error = match call.clone().send().await {
                Ok(answer) => return Ok(Row(answer.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match (error.as_service_error(), pauses.next()) {
                (Some(UpdateItemError::ConditionalCheckFailedException(refused)), _) => {
                    return Err(Refused::Condition(refused.item().cloned().map(Row)));
                }
                (Some(UpdateItemError::TransactionConflictException(_)), Some(longest)) => pause(*longest).await,
                _ => return Err(Refused::Failed(AwsFailure::new("dynamodb", "UpdateItem", &error))),
            }
        }
    }

    /// Deletes one row and gives it back. None when it was not there.
    pub(super) async fn delete(&self, pk: &str, sk: &str) -> Result<Option<Row>, AwsFailure> {
        let call = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .return_values(ReturnValue::AllOld);
        let mut pauses = MEETINGS.iter();
        loop {
            let error = match call.clone().send().await {
                Ok(answer) => return Ok(answer.attributes.filter(|row| !row.is_empty()).map(Row)),
                Err(error) => error,
            };
            match (error.as_service_error(), pauses.next()) {
                (Some(DeleteItemError::TransactionConflictException(_)), Some(longest)) => pause(*longest).await,
                _ => return Err(AwsFailure::new("dynamodb", "DeleteItem", &error)),
            }
        }
    }
}
