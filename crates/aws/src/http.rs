//! One HTTP client for all services.

use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};

/// The client that every service shares.
///
/// Left alone, each service client makes an HTTP client of its own, and each of those reads and parses the machine's whole
/// CA bundle twice: once to check that it can, once for the first call. S3, S3 Control, DynamoDB and SNS together parse it
/// eight times in a cold start; sharing makes it one. Proxy variables are honoured as in the SDK's own default.
pub(crate) fn client() -> SharedHttpClient {
    let inner = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    SharedHttpClient::new(Once(inner))
}

/// Hands out the inner client's connectors, and skips the trial connector that it builds and drops whenever a service client
/// is made.
#[derive(Debug)]
struct Once(SharedHttpClient);

impl HttpClient for Once {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}
