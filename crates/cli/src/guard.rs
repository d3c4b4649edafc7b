//! Giving orders to a guard's function.

use std::time::Duration;

use aws_config::{
    retry::RetryConfig, stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_lambda::{Client, types::InvocationType};
use aws_smithy_types::Blob;
use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::Order;
use serde::{Deserialize, de::DeserializeOwned};

use crate::connection::{CloudError, Connection};

/// Longer than a guard may run.
const PATIENCE: Duration = Duration::from_secs(120);

/// The guards of a stack.
#[derive(Debug, Clone)]
pub(crate) struct Guards<'c> {
    connection: &'c Connection,
    client: Client,
}

/// How one finding ended, as a guard answers an order to look.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub(crate) struct Ended {
    pub(crate) outcome: String,
    #[serde(default)]
    pub(crate) control: Option<String>,
    #[serde(default)]
    pub(crate) resource: Option<String>,
    #[serde(default)]
    pub(crate) summary: Option<String>,
    #[serde(default)]
    pub(crate) why: Option<String>,
    #[serde(default)]
    pub(crate) correction: Option<String>,
}

/// A guard's answer to an order to look.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Looked {
    pub(crate) outcomes: Vec<Ended>,
}

/// What a function that failed says (Lambda developer guide, "function errors").
#[derive(Debug, Default, Deserialize)]
struct Unhandled {
    #[serde(rename = "errorType")]
    kind: Option<String>,
    #[serde(rename = "errorMessage")]
    message: Option<String>,
}

impl<'c> Guards<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        let config = aws_sdk_lambda::config::Builder::from(connection.config())
            // A guard at work says nothing until it is done.
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).read_timeout(PATIENCE).build(),
            )
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { connection, client: Client::from_conf(config) }
    }

    /// Gives an order and waits for the answer.
    ///
    /// An order that changes something is sent once: an answer that is lost says nothing about what was done.
    pub(crate) async fn order<T: DeserializeOwned>(&self, kind: &str, order: &Order) -> Result<T, CloudError> {
        let function = self.connection.function(kind);
        let odd = |answer: String| CloudError::Answer { function: function.clone(), answer };
        let payload = serde_json::to_vec(order).map_err(|error| odd(error.to_string()))?;
        let once = RetryConfig::standard().with_max_attempts(1);
        let invocation = self
            .client
            .invoke()
            .function_name(&function)
            .invocation_type(InvocationType::RequestResponse)
            .payload(Blob::new(payload))
            .customize();
        let invocation = if matches!(order, Order::Undo { .. }) {
            invocation.config_override(aws_sdk_lambda::config::Builder::new().retry_config(once))
        } else {
            invocation
        };
        let answer = invocation
            .send()
            .await
            .map_err(|error| self.failure(&function, AwsFailure::new("lambda", "InvokeFunction", &error)))?;
        let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
        if answer.function_error.is_some() {
            let said: Unhandled = serde_json::from_slice(&body).unwrap_or_default();
            let error = match (said.kind, said.message) {
                (Some(kind), Some(message)) => format!("{kind}: {message}"),
                (Some(only), None) | (None, Some(only)) => only,
                (None, None) => String::from_utf8_lossy(&body).into_owned(),
            };
            return Err(CloudError::Function { function, error });
        }
        serde_json::from_slice(&body).map_err(|_| odd(String::from_utf8_lossy(&body).into_owned()))
    }

    /// Hands over an event to be worked on, as a rule would, and does not wait.
    pub(crate) async fn hand_over(&self, kind: &str, event: Vec<u8>) -> Result<(), CloudError> {
        let function = self.connection.function(kind);
        self.client
            .invoke()
            .function_name(&function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(event))
            .send()
            .await
            .map(drop)
            .map_err(|error| self.failure(&function, AwsFailure::new("lambda", "InvokeFunction", &error)))
    }

    fn failure(&self, function: &str, failure: AwsFailure) -> CloudError {
        if failure.kind == FailureKind::Gone {
            return self.connection.no_such("function", function.to_owned());
        }
        self.connection.failure(failure)
    }
}
