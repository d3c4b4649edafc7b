//! XML as CloudTrail shows it: by the model's shapes for most services, word for word for S3.

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

use crate::model::{Member, Service, Shape};
use crate::trail::shape::{lower_first, typed};

/// How lists are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// As arrays.
    Plain,
    /// EC2: `{"items": [...]}`, and `{}` when empty.
    Items,
}

const DEEPEST: usize = 40;

/// The document's root element under `shape`; a `…Result` element inside it is looked into first.
pub(crate) fn of_document(service: &Service, shape: &Shape, body: &[u8], lists: Lists) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(body).ok()?;
    let document = Document::parse(text).ok()?;
    let root = document.root_element();
    let wrapped = elements(root).find(|node| node.tag_name().name().ends_with("Result"));
    Some(structure(service, shape, wrapped.unwrap_or(root), lists, 0))
}

fn structure(service: &Service, shape: &Shape, node: Node<'_, '_>, lists: Lists, depth: usize) -> Map<String, Value> {
    let mut fields = Map::new();
    if depth > DEEPEST {
        return fields;
    }
    for (name, member) in &shape.members {
        let wire = wire_name(service, name, member);
        if member.xml_attribute {
            continue;
        }
        let mut found = elements(node).filter(|child| child.tag_name().name() == wire).peekable();
        let Some(first) = found.peek().copied() else { continue };
        let Some(of) = service.shape(member) else { continue };
        if name == "SecretAccessKey" {
            continue;
        }
        let value = match of.kind.as_str() {
            "list" => {
                let item = of.member.as_ref().and_then(|member| service.shape(member));
                let nodes: Vec<Node<'_, '_>> =
                    if of.flattened || member.flattened { found.collect() } else { elements(first).collect() };
                let items: Vec<Value> =
                    nodes.into_iter().map(|node| scalar_or_more(service, item, node, lists, depth + 1)).collect();
                match lists {
                    Lists::Plain => Value::Array(items),
                    Lists::Items if items.is_empty() => Value::Object(Map::new()),
                    Lists::Items => Value::Object(Map::from_iter([("items".to_owned(), Value::Array(items))])),
                }
            }
            _ => scalar_or_more(service, Some(of), first, lists, depth + 1),
        };
        let spelled = if lists == Lists::Items { wire } else { name };
        fields.insert(if spelled == "return" { "_return".to_owned() } else { lower_first(spelled) }, value);
    }
    fields
}

fn wire_name<'a>(service: &'a Service, name: &'a str, member: &'a Member) -> &'a str {
    let flat = service.shape(member).filter(|shape| shape.kind == "list" && (shape.flattened || member.flattened));
    let item = flat.and_then(|shape| shape.member.as_ref()?.location_name.as_deref());
    member.location_name.as_deref().or(item).unwrap_or(name)
}

fn scalar_or_more(service: &Service, shape: Option<&Shape>, node: Node<'_, '_>, lists: Lists, depth: usize) -> Value {
    match shape {
        Some(shape) if shape.kind == "structure" => Value::Object(structure(service, shape, node, lists, depth)),
        Some(shape) if shape.kind == "map" => {
            let entries = elements(node).filter_map(|entry| {
                let mut parts = elements(entry);
                let key = parts.next()?.text().unwrap_or_default().to_owned();
                Some((key, Value::from(parts.next()?.text().unwrap_or_default())))
            });
            Value::Object(entries.collect())
        }
        Some(shape) if shape.kind == "list" => {
            let item = shape.member.as_ref().and_then(|member| service.shape(member));
            elements(node).map(|node| scalar_or_more(service, item, node, lists, depth + 1)).collect()
        }
        shape => typed(shape, node.text().unwrap_or_default()),
    }
}

/// The document word for word, as S3's records have it: `{"Root": {…, "xmlns": …}}`, a repeated element as an array, a
/// single one not, `true` and whole numbers as such.
pub(crate) fn word_for_word(body: &[u8]) -> Option<(String, Value)> {
    let text = std::str::from_utf8(body).ok()?;
    let document = Document::parse(text).ok()?;
    let root = document.root_element();
    Some((root.tag_name().name().to_owned(), element(root, 0)))
}

fn element(node: Node<'_, '_>, depth: usize) -> Value {
    let mut fields = Map::new();
    let inherited = node.parent_element();
    for namespace in node.namespaces() {
        let known = inherited.is_some_and(|parent| {
            parent.namespaces().any(|outer| outer.name() == namespace.name() && outer.uri() == namespace.uri())
        });
        if !known && namespace.name() != Some("xml") {
            let key = namespace.name().map_or_else(|| "xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
            fields.insert(key, Value::from(namespace.uri()));
        }
    }
    for attribute in node.attributes() {
        let prefix = attribute.namespace().and_then(|uri| node.lookup_prefix(uri));
        let key = prefix.map_or_else(|| attribute.name().to_owned(), |prefix| format!("{prefix}:{}", attribute.name()));
        fields.insert(key, Value::from(attribute.value()));
    }
    let mut has_children = false;
    if depth < DEEPEST {
        for child in elements(node) {
            has_children = true;
            let value = element(child, depth + 1);
            match fields.get_mut(child.tag_name().name()) {
                Some(Value::Array(several)) => several.push(value),
                Some(one) => *one = Value::Array(vec![one.take(), value]),
                None => {
                    fields.insert(child.tag_name().name().to_owned(), value);
                }
            }
        }
    }
    let text = node.text().map(str::trim).unwrap_or_default();
    if fields.is_empty() {
        return guessed(text);
    }
    if !has_children && !text.is_empty() {
        fields.insert("content".to_owned(), guessed(text));
    }
    Value::Object(fields)
}

fn guessed(text: &str) -> Value {
    match text {
        "true" => Value::from(true),
        "false" => Value::from(false),
        // A leading zero or many digits are an identifier (an account, a version), not a number.
        _ if text.len() < 10 && !(text.starts_with('0') && text.len() > 1) => {
            text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
        }
        _ => Value::from(text),
    }
}

pub(crate) fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

/// The text of the first element called `name`, at any depth.
pub(crate) fn first_text(body: &[u8], name: &str) -> Option<String> {
    let document = Document::parse(std::str::from_utf8(body).ok()?).ok()?;
    let node = document.descendants().find(|node| node.tag_name().name() == name)?;
    Some(node.text().unwrap_or_default().to_owned())
}
