//! One HTTP client for all services, and one for what has no SDK crate.

use std::{error::Error as StdError, fmt, sync::Once, time::Duration};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        connector_metadata::ConnectorMetadata,
        http::{HttpClient, HttpConnector as _, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
        orchestrator::HttpRequest,
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream, config_bag::ConfigBag};

/// The client that every service shares.
///
/// Left alone, each service client makes an HTTP client of its own, and each of those turns the machine's whole CA bundle
/// into trust anchors twice: once to check that it can, once for the first call. Proxy variables are honoured as in the
/// SDK's own default.
pub(crate) fn client() -> SharedHttpClient {
    let inner = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    SharedHttpClient::new(Warm { inner, tried: Once::new() })
}

/// A client for calls that no SDK crate makes: the SDK's own connector, with its TLS, its proxy variables and a pool. Cheap
/// to clone; clones share the pool.
///
/// It follows no redirect and tries nothing twice.
#[derive(Clone)]
pub struct Http(SharedHttpConnector);

/// One request. Its `Debug` prints neither address nor headers nor body: any of them can be a secret.
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The whole address.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'a str, String)>,
    /// The body; empty for none.
    pub body: String,
}

/// An answer, whatever its status.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

/// No answer came. Says why without the address, which can be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no answer ({why})")]
pub struct NoAnswer {
    /// It took too long, as opposed to a connection that could not be made or was cut.
    pub timed_out: bool,
    /// Why, for people.
    pub why: String,
}

/// From the connection to the end of the answer.
const WHOLE: Duration = Duration::from_secs(10);

impl Http {
    /// Makes a client. That reads the CA bundle: make one per process.
    #[must_use]
    pub fn new() -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(3)).build();
        let connector = ConnectorBuilder::default()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .proxy_config(ProxyConfig::from_env());
        Self(SharedHttpConnector::new(connector.build()))
    }

    /// Sends one request and waits for the whole answer, at most ten seconds.
    ///
    /// # Errors
    /// [`NoAnswer`] when none came. A status is an answer.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, NoAnswer> {
        let work = async {
            let mut http = HttpRequest::new(SdkBody::from(request.body));
            http.set_method(request.method).map_err(|_| unsent("not a method"))?;
            http.set_uri(request.url).map_err(|_| unsent("not an address"))?;
            for (name, value) in request.headers {
                let name = name.to_owned();
                http.headers_mut().try_insert(name, value).map_err(|_| unsent("not a header"))?;
            }
            let answer = self.0.call(http).await.map_err(|error| {
                let timed_out = error.is_timeout();
                NoAnswer { timed_out, why: last_cause(&error) }
            })?;
            let status = answer.status().as_u16();
            let headers = answer.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let body = ByteStream::new(answer.into_body()).collect().await;
            let body = body.map_err(|_| NoAnswer { timed_out: false, why: "the answer was cut".to_owned() })?;
            Ok(Answer { status, headers, body: body.to_vec() })
        };
        match tokio::time::timeout(WHOLE, work).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer { timed_out: true, why: format!("none within {} seconds", WHOLE.as_secs()) }),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Answer {
    /// A header's value, by its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// Whether the status says that it worked.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

fn unsent(why: &str) -> NoAnswer {
    NoAnswer { timed_out: false, why: why.to_owned() }
}

/// The innermost cause: the outer ones say only that something went wrong, and may repeat the address.
fn last_cause(error: &dyn StdError) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// Hands out the inner client's connectors, and lets it try one when the first service client is made.
///
/// The trial reads the CA bundle: two milliseconds when a Lambda starts, where the whole processor is ours, and thirty in
/// the first event of a 128 MB function. Every further service client would try again for nothing.
#[derive(Debug)]
struct Warm {
    inner: SharedHttpClient,
    tried: Once,
}

impl HttpClient for Warm {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.inner.http_connector(settings, components)
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let mut result = Ok(());
        self.tried.call_once(|| result = self.inner.validate_base_client_config(components, config));
        result
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use aws_config::{BehaviorVersion, SdkConfig};

    use super::*;

    #[derive(Debug, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl HttpClient for Counting {
        fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
            unreachable!("no call is made")
        }

        fn validate_base_client_config(&self, _: &RuntimeComponentsBuilder, _: &ConfigBag) -> Result<(), BoxError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    #[test]
    fn the_bundle_is_read_with_the_first_client_and_not_again() {
        let trials = Arc::new(AtomicUsize::new(0));
        let inner = SharedHttpClient::new(Counting(Arc::clone(&trials)));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(Warm { inner, tried: Once::new() })
            .build();
        assert_eq!(trials.load(Ordering::Relaxed), 0);
        let _ledger = aws_sdk_dynamodb::Client::new(&config);
        assert_eq!(trials.load(Ordering::Relaxed), 1);
        let _topic = aws_sdk_sns::Client::new(&config);
        let _again = aws_sdk_dynamodb::Client::new(&config);
        assert_eq!(trials.load(Ordering::Relaxed), 1);
    }
}
