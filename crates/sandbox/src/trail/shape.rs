//! Parameters in CloudTrail's spelling: member names with a small first letter, times as words, secrets hidden.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::{Member, Service, Shape};
use crate::naming::{Named, Protocol};
use crate::request::Seen;
use crate::trail::xml;

const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
/// Models are trees in practice, but their shapes may refer to themselves.
const DEEPEST: usize = 40;

/// `BucketName` → `bucketName`, `DBInstanceIdentifier` → `dBInstanceIdentifier`.
pub(crate) fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}

/// `requestParameters` of a request in one of the JSON, CBOR and REST protocols.
pub(crate) fn of_request(named: &Named, seen: &Seen) -> Map<String, Value> {
    let service = &*named.service;
    let Some(shape) = service.input(&named.operation) else { return Map::new() };
    let mut parameters = Map::new();
    match named.protocol {
        Protocol::Json => {
            if let Ok(body) = serde_json::from_slice::<Value>(&seen.body) {
                return object(from_json(service, shape, body, 0));
            }
        }
        Protocol::Cbor => {
            if let Ok(body) = ciborium::from_reader::<ciborium::Value, _>(&*seen.body) {
                return object(from_json(service, shape, from_cbor(body), 0));
            }
        }
        Protocol::Query | Protocol::Ec2 => {}
        Protocol::RestJson | Protocol::RestXml => {
            parameters = of_body(service, shape, named.protocol, &seen.body);
            if service.name == "apigateway" && !parameters.is_empty() {
                let input = format!("{}Input", lower_first(&named.operation));
                parameters = Map::from_iter([(input, Value::Object(parameters))]);
            }
            of_envelope(service, shape, named, seen, &mut parameters);
        }
    }
    parameters
}

/// `responseElements` of a successful answer in one of the JSON, CBOR and REST protocols.
pub(crate) fn of_response(named: &Named, body: &[u8]) -> Map<String, Value> {
    let service = &*named.service;
    let Some(shape) = service.output(&named.operation) else { return Map::new() };
    match named.protocol {
        Protocol::Json => serde_json::from_slice::<Value>(body)
            .map(|body| object(from_json(service, shape, body, 0)))
            .unwrap_or_default(),
        Protocol::Cbor => ciborium::from_reader::<ciborium::Value, _>(body)
            .map(|body| object(from_json(service, shape, from_cbor(body), 0)))
            .unwrap_or_default(),
        protocol => of_body(service, shape, protocol, body),
    }
}

fn of_body(service: &Service, shape: &Shape, protocol: Protocol, body: &[u8]) -> Map<String, Value> {
    let inner = shape.payload.as_deref().and_then(|name| Some((name, shape.members.get(name)?)));
    let (name, of) = match inner {
        Some((name, member)) => match service.shape(member) {
            Some(of) if of.kind == "structure" => (Some(name), of),
            _ => return Map::new(),
        },
        None => (None, shape),
    };
    let value = if protocol == Protocol::RestXml {
        xml::of_document(service, of, body, xml::Lists::Plain).unwrap_or_default()
    } else {
        serde_json::from_slice::<Value>(body).map(|body| object(from_json(service, of, body, 0))).unwrap_or_default()
    };
    match name {
        Some(name) if !value.is_empty() => Map::from_iter([(lower_first(name), Value::Object(value))]),
        _ => value,
    }
}

/// What stands in path, query and headers.
fn of_envelope(service: &Service, shape: &Shape, named: &Named, seen: &Seen, into: &mut Map<String, Value>) {
    let query = seen.query();
    for (name, member) in &shape.members {
        let wire = member.location_name.as_deref().unwrap_or(name);
        let text = match member.location.as_deref() {
            Some("uri") => named.labels.get(wire).cloned(),
            Some("querystring") => query.get(wire).cloned(),
            Some("header") => seen.header(wire).map(str::to_owned),
            _ => None,
        };
        let Some(text) = text else { continue };
        let kind = service.shape(member);
        let value = if kind.is_some_and(|shape| shape.sensitive) {
            Value::from(HIDDEN)
        } else if kind.is_some_and(|shape| shape.kind == "list") {
            let all = seen.uri.query().map(|query| crate::request::form(query.as_bytes())).unwrap_or_default();
            all.into_iter().filter(|(key, _)| key == wire).map(|(_, value)| Value::from(value)).collect()
        } else {
            typed(kind, &text)
        };
        // A REST API's path says `restapi_id`, its records say `restApiId`, and have the body in a container (recorded CreateStage).
        let by_name = member.location.as_deref() == Some("header") || service.name == "apigateway";
        let key = if by_name { name } else { wire };
        into.insert(lower_first(key), value);
    }
}

/// A JSON value under `shape`, respelled.
pub(crate) fn from_json(service: &Service, shape: &Shape, value: Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let child = |member: Option<&Member>, value: Value| match member.and_then(|member| service.shape(member)) {
        Some(shape) => from_json(service, shape, value, depth + 1),
        None => value,
    };
    match value {
        Value::Object(_) if shape.sensitive => Value::Object(Map::new()),
        Value::Null => Value::Null,
        _ if shape.sensitive => Value::from(HIDDEN),
        Value::Object(fields) if shape.kind == "structure" => {
            let by_wire: BTreeMap<&str, &Member> = shape
                .members
                .iter()
                .map(|(name, member)| (member.location_name.as_deref().unwrap_or(name), member))
                .collect();
            let respelled = fields.into_iter().filter(|(key, value)| key != "SecretAccessKey" && !value.is_null()).map(
                |(key, value)| {
                    let member = by_wire.get(key.as_str()).copied().or_else(|| shape.members.get(&key));
                    (lower_first(&key), child(member, value))
                },
            );
            Value::Object(respelled.collect())
        }
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key, child(shape.value.as_ref(), value))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| child(shape.member.as_ref(), item)).collect(),
        Value::Number(number) if shape.kind == "timestamp" => {
            number.as_f64().and_then(in_words).unwrap_or(Value::Number(number))
        }
        other => other,
    }
}

/// The parameters of the Query protocols as API-named JSON; `ec2` has its own names and flattens every list.
pub(crate) fn from_form(service: &Service, shape: &Shape, form: &BTreeMap<String, String>, ec2: bool) -> Value {
    structure(&Form { service, pairs: form, ec2 }, shape, "", 0).unwrap_or_else(|| Value::Object(Map::new()))
}

struct Form<'a> {
    service: &'a Service,
    pairs: &'a BTreeMap<String, String>,
    ec2: bool,
}

impl Form<'_> {
    /// Whether anything begins with `prefix`.
    fn has(&self, prefix: &str) -> bool {
        let dotted = format!("{prefix}.");
        self.pairs.contains_key(prefix)
            || self.pairs.range(dotted.clone()..).next().is_some_and(|(key, _)| key.starts_with(&dotted))
    }
}

fn structure(form: &Form<'_>, shape: &Shape, prefix: &str, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let mut fields = Map::new();
    for (name, member) in &shape.members {
        let wire = if form.ec2 {
            let upper = member.location_name.as_deref().map(upper_first);
            member.query_name.clone().or(upper).unwrap_or_else(|| name.clone())
        } else {
            member.location_name.clone().unwrap_or_else(|| name.clone())
        };
        let at = if prefix.is_empty() { wire } else { format!("{prefix}.{wire}") };
        if let Some(value) = value(form, member, &at, depth + 1) {
            fields.insert(name.clone(), value);
        }
    }
    Some(Value::Object(fields)).filter(|_| depth == 0 || form.has(prefix))
}

fn value(form: &Form<'_>, member: &Member, at: &str, depth: usize) -> Option<Value> {
    let shape = form.service.shape(member)?;
    if !form.has(at) {
        return None;
    }
    match shape.kind.as_str() {
        "structure" => structure(form, shape, at, depth),
        "list" => {
            let item = shape.member.as_ref()?;
            let flat = form.ec2 || shape.flattened || member.flattened;
            let prefix = match (flat, item.location_name.as_deref()) {
                (true, Some(name)) if !form.ec2 => {
                    at.rsplit_once('.').map_or_else(|| name.to_owned(), |(head, _)| format!("{head}.{name}"))
                }
                (true, _) => at.to_owned(),
                (false, name) => format!("{at}.{}", name.unwrap_or("member")),
            };
            let items = (1..).map_while(|n| value(form, item, &format!("{prefix}.{n}"), depth + 1));
            Some(items.collect())
        }
        "map" => {
            let (key, of) = (shape.key.as_ref()?, shape.value.as_ref()?);
            let prefix = if shape.flattened || member.flattened { at.to_owned() } else { format!("{at}.entry") };
            let (key, name) =
                (key.location_name.as_deref().unwrap_or("key"), of.location_name.as_deref().unwrap_or("value"));
            let entries = (1..).map_while(|n| {
                let key = form.pairs.get(&format!("{prefix}.{n}.{key}"))?;
                Some((key.clone(), value(form, of, &format!("{prefix}.{n}.{name}"), depth + 1)?))
            });
            Some(Value::Object(entries.collect()))
        }
        _ => Some(typed(Some(shape), form.pairs.get(at)?)),
    }
}

/// A scalar that travelled as text.
pub(crate) fn typed(shape: Option<&Shape>, text: &str) -> Value {
    match shape.map(|shape| shape.kind.as_str()) {
        Some("boolean") => text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
        Some("integer" | "long") => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        Some("float" | "double") => text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from),
        Some("timestamp") => text
            .parse::<jiff::Timestamp>()
            .ok()
            .and_then(|time| in_words(time.as_second() as f64))
            .unwrap_or_else(|| Value::from(text)),
        _ => Value::from(text),
    }
}

/// `Jul 10, 2023 12:23:05 PM`, as CloudTrail writes the times inside parameters.
fn in_words(seconds: f64) -> Option<Value> {
    let time = jiff::Timestamp::from_second(seconds as i64).ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    Some(Value::from(time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string()))
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn upper_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

fn from_cbor(value: ciborium::Value) -> Value {
    match value {
        ciborium::Value::Integer(number) => i64::try_from(number).map_or(Value::Null, Value::from),
        ciborium::Value::Float(number) => Value::from(number),
        ciborium::Value::Text(text) => Value::from(text),
        ciborium::Value::Bool(flag) => Value::from(flag),
        ciborium::Value::Array(items) => items.into_iter().map(from_cbor).collect(),
        ciborium::Value::Map(entries) => {
            entries.into_iter().filter_map(|(key, value)| Some((key.into_text().ok()?, from_cbor(value)))).collect()
        }
        // Tag 1 is a time in seconds.
        ciborium::Value::Tag(_, inner) => from_cbor(*inner),
        _ => Value::Null,
    }
}
