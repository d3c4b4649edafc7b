//! One HTTP client for all services.

use std::sync::Once;

use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        connector_metadata::ConnectorMetadata,
        http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
};
use aws_smithy_types::config_bag::ConfigBag;

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
