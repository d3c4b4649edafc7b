//! The published JSON schema of a [`Message`], derived from the types and their documentation.

use schemars::generate::SchemaSettings;

use crate::Message;

/// The schema (JSON Schema 2020-12) of what [`Message::json`] writes, as pretty JSON with a final line feed. Every field is
/// always there; a reader has to expect further ones.
#[must_use]
pub fn message() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Message>();
    schema.insert(
        "$id".to_owned(),
        concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/schema/message-1.json").into(),
    );
    let mut schema = schema.to_value();
    // The order of keys depends on which features of serde_json a build has.
    schema.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
