//! One service's model, as far as naming and parameters need it.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::route::Route;

/// The head of a model: enough to choose a service without reading its operations.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Metadata {
    pub(crate) api_version: String,
    pub(crate) endpoint_prefix: String,
    pub(crate) protocol: String,
    pub(crate) protocols: Vec<String>,
    pub(crate) signing_name: Option<String>,
    pub(crate) target_prefix: Option<String>,
}

impl Metadata {
    /// The name in the credential scope.
    pub(crate) fn signing_name(&self) -> &str {
        self.signing_name.as_deref().unwrap_or(&self.endpoint_prefix)
    }

    /// The service puts its operations into method and path.
    pub(crate) fn is_rest(&self) -> bool {
        self.protocol.starts_with("rest-") || self.protocols.iter().any(|protocol| protocol.starts_with("rest-"))
    }
}

/// A loaded service.
#[derive(Debug)]
pub(crate) struct Service {
    /// botocore's name, for example `s3control`.
    pub(crate) name: String,
    pub(crate) metadata: Metadata,
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) shapes: HashMap<String, Shape>,
    pub(crate) routes: Vec<Route>,
}

/// One operation.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    #[serde(default)]
    pub(crate) http: Http,
    pub(crate) input: Option<Member>,
    pub(crate) output: Option<Member>,
    #[serde(default)]
    pub(crate) deprecated: bool,
}

/// Method and path of an operation.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) request_uri: String,
}

/// A shape.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) required: Vec<String>,
    pub(crate) member: Option<Member>,
    pub(crate) key: Option<Member>,
    pub(crate) value: Option<Member>,
    pub(crate) payload: Option<String>,
    pub(crate) flattened: bool,
    pub(crate) sensitive: bool,
}

/// A reference to a shape, with where it stands on the wire.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Member {
    pub(crate) shape: String,
    pub(crate) location: Option<String>,
    pub(crate) location_name: Option<String>,
    pub(crate) query_name: Option<String>,
    pub(crate) flattened: bool,
    pub(crate) xml_attribute: bool,
}

#[derive(Deserialize)]
struct File {
    metadata: Metadata,
    operations: BTreeMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

impl Service {
    pub(crate) fn parse(name: &str, json: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let routes = if file.metadata.is_rest() {
            file.operations
                .iter()
                .map(|(name, operation)| {
                    let input = operation.input.as_ref().and_then(|input| file.shapes.get(&input.shape));
                    Route::new(name, operation, input)
                })
                .collect()
        } else {
            Vec::new()
        };
        Ok(Self {
            name: name.to_owned(),
            metadata: file.metadata,
            operations: file.operations,
            shapes: file.shapes,
            routes,
        })
    }

    pub(crate) fn shape(&self, member: &Member) -> Option<&Shape> {
        self.shapes.get(&member.shape)
    }

    pub(crate) fn input(&self, operation: &str) -> Option<&Shape> {
        self.shape(self.operations.get(operation)?.input.as_ref()?)
    }

    pub(crate) fn output(&self, operation: &str) -> Option<&Shape> {
        self.shape(self.operations.get(operation)?.output.as_ref()?)
    }
}
