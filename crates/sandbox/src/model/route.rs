//! Method, path and query of an operation in the REST protocols, and which of them fits a request best.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::service::{Operation, Shape};

/// How an operation's requests look.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: String,
    pub(crate) method: String,
    segments: Vec<Segment>,
    /// Query keys (with a value where the model has one) that are part of the operation's name, such as `acl`.
    flags: Vec<(String, Option<String>)>,
    /// Required members that travel as query parameters or headers: `uploadId`, `x-amz-copy-source`.
    required_query: Vec<String>,
    required_headers: Vec<String>,
    deprecated: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Label(String),
    Greedy(String),
    /// A label inside a segment: `{Name}.json` or `prefix:{Name}`.
    Mixed {
        before: String,
        label: String,
        after: String,
    },
}

/// What of a request routes look at.
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    /// Without the leading slash, still percent-encoded.
    pub(crate) path: &'a str,
    pub(crate) query: &'a BTreeMap<String, String>,
    pub(crate) has_header: &'a dyn Fn(&str) -> bool,
}

/// Larger is better; the fields are compared in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fit {
    flags: usize,
    required: usize,
    not_greedy: bool,
    literals: usize,
    segments: usize,
    current: bool,
}

impl Route {
    pub(crate) fn new(name: &str, operation: &Operation, input: Option<&Shape>) -> Self {
        let uri = &operation.http.request_uri;
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let flags = query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| match part.split_once('=') {
                Some((key, value)) if !value.is_empty() => (key.to_owned(), Some(value.to_owned())),
                _ => (part.trim_end_matches('=').to_owned(), None),
            })
            .filter(|(key, _)| key != "x-id")
            .collect();
        let required = |location: &str| {
            input
                .into_iter()
                .flat_map(|shape| shape.required.iter().filter_map(|name| Some((name, shape.members.get(name)?))))
                .filter(|(_, member)| member.location.as_deref() == Some(location))
                .map(|(name, member)| member.location_name.clone().unwrap_or_else(|| name.clone()))
                .collect::<Vec<_>>()
        };
        Self {
            operation: name.to_owned(),
            method: operation.http.method.clone(),
            segments: split(path).map(Segment::parse).collect(),
            flags,
            required_query: required("querystring"),
            required_headers: required("header"),
            deprecated: operation.deprecated,
        }
    }

    /// How well a request fits, with the values of the labels; `None` when it cannot be this operation.
    pub(crate) fn fit(&self, target: &Target<'_>) -> Option<(Fit, BTreeMap<String, String>)> {
        if self.method != target.method {
            return None;
        }
        let labels = self.labels(target.path)?;
        let flag_fits = |(key, value): &(String, Option<String>)| {
            target.query.get(key).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        if !self.flags.iter().all(flag_fits)
            || !self.required_query.iter().all(|key| target.query.contains_key(key))
            || !self.required_headers.iter().all(|name| (target.has_header)(name))
        {
            return None;
        }
        let literals = self.segments.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count();
        let fit = Fit {
            flags: self.flags.len(),
            required: self.required_query.len() + self.required_headers.len(),
            not_greedy: !self.segments.iter().any(|segment| matches!(segment, Segment::Greedy(_))),
            literals,
            segments: self.segments.len(),
            current: !self.deprecated,
        };
        Some((fit, labels))
    }

    fn labels(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut labels = BTreeMap::new();
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut rest = Some(path);
        for (at, segment) in self.segments.iter().enumerate() {
            if let Segment::Greedy(name) = segment {
                // Segments after a greedy label are literals at the end of the path.
                let mut value = rest.filter(|rest| !rest.is_empty())?;
                for after in self.segments.iter().skip(at + 1).rev() {
                    let (before, last) = value.rsplit_once('/')?;
                    after.take(last, &decode, &mut labels)?;
                    value = before;
                }
                if value.is_empty() {
                    return None;
                }
                labels.insert(name.clone(), decode(value));
                return Some(labels);
            }
            let (head, tail) = match rest?.split_once('/') {
                Some((head, tail)) => (head, Some(tail)),
                None => (rest?, None),
            };
            if head.is_empty() {
                return None;
            }
            segment.take(head, &decode, &mut labels)?;
            rest = tail;
        }
        rest.is_none_or(|rest| rest.is_empty()).then_some(labels)
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        let Some((before, rest)) = text.split_once('{') else { return Self::Literal(text.to_owned()) };
        let Some((label, after)) = rest.split_once('}') else { return Self::Literal(text.to_owned()) };
        match (before, label.strip_suffix('+'), after) {
            ("", Some(label), "") => Self::Greedy(label.to_owned()),
            ("", None, "") => Self::Label(label.to_owned()),
            _ => Self::Mixed { before: before.to_owned(), label: label.to_owned(), after: after.to_owned() },
        }
    }

    fn take(&self, text: &str, decode: &dyn Fn(&str) -> String, labels: &mut BTreeMap<String, String>) -> Option<()> {
        match self {
            Self::Literal(literal) => (literal == text || *literal == decode(text)).then_some(()),
            Self::Label(label) | Self::Greedy(label) => {
                labels.insert(label.clone(), decode(text));
                Some(())
            }
            Self::Mixed { before, label, after } => {
                let text = decode(text);
                let value = text.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                labels.insert(label.clone(), value.to_owned());
                (!value.is_empty()).then_some(())
            }
        }
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}
