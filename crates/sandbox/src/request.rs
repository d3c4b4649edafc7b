//! A request as the gateway sees it, and whom its signature names.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use percent_encoding::percent_decode_str;

/// A whole request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The credential scope of a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Seen {
    /// The host the caller wrote, without the port.
    pub(crate) fn host(&self) -> &str {
        let host = self.uri.host().or_else(|| self.header(header::HOST.as_str())).unwrap_or_default();
        host.rsplit_once(':').map_or(
            host,
            |(name, port)| {
                if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
            },
        )
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The query, decoded; a key without `=` has an empty value.
    pub(crate) fn query(&self) -> BTreeMap<String, String> {
        self.uri.query().map(|query| form(query.as_bytes()).into_iter().collect()).unwrap_or_default()
    }

    /// The parameters of the Query protocols, from the body or, for `GET`, from the address.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let is_form = self
            .header(header::CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let mut pairs = if is_form { form(&self.body) } else { Vec::new() };
        if !pairs.iter().any(|(key, _)| key == "Action")
            && let Some(query) = self.uri.query().filter(|query| query.contains("Action="))
        {
            pairs.extend(form(query.as_bytes()));
        }
        pairs
    }

    /// Whom the signature names: `Authorization` (version 4 and 2) or a presigned address.
    pub(crate) fn scope(&self) -> Option<Scope> {
        if let Some(authorization) = self.header(header::AUTHORIZATION.as_str()) {
            if let Some((_, rest)) = authorization.split_once("Credential=") {
                return Scope::parse(rest.split([',', ' ']).next().unwrap_or(rest));
            }
            let (access_key, _) = authorization.strip_prefix("AWS ")?.split_once(':')?;
            return Some(Scope { access_key: access_key.to_owned(), service: "s3".to_owned(), ..Scope::default() });
        }
        let query = self.query();
        if let Some(credential) = query.get("X-Amz-Credential") {
            return Scope::parse(credential);
        }
        let access_key = query.get("AWSAccessKeyId")?.clone();
        Some(Scope { access_key, service: "s3".to_owned(), ..Scope::default() })
    }
}

impl Scope {
    /// `AKIA…/20261123/eu-central-1/s3/aws4_request`; version 4a has no region.
    fn parse(credential: &str) -> Option<Self> {
        let parts: Vec<&str> = credential.split('/').collect();
        let (access_key, region, service) = match parts.as_slice() {
            [access_key, _, region, service, "aws4_request"] => (access_key, *region, service),
            [access_key, _, service, "aws4_request"] => (access_key, "", service),
            _ => return None,
        };
        Some(Self {
            access_key: (*access_key).to_owned(),
            region: region.to_owned(),
            service: (*service).to_lowercase(),
        })
    }
}

/// Decodes `application/x-www-form-urlencoded`.
pub(crate) fn form(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}
