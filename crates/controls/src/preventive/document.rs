//! A document: its name and its text.

use super::statement::Statement;

/// A service control policy, as AWS takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// `STACK-NUMBER-guardrails`.
    pub name: String,
    /// What the console shows.
    pub description: String,
    /// Minified JSON, ASCII only: as many characters as bytes.
    pub content: String,
    /// The `Sid` of each statement.
    pub statements: Vec<String>,
}

impl Document {
    pub(super) fn new(stack: &str, number: usize, statements: &[Statement]) -> Self {
        Self {
            name: format!("{stack}-{number}-guardrails"),
            description: format!("Written by rectify scp for the stack {stack}: change the settings, not this"),
            content: content(statements),
            statements: statements.iter().map(|statement| statement.sid.clone()).collect(),
        }
    }
}

/// The text of a document with these statements.
pub(super) fn content(statements: &[Statement]) -> String {
    let mut text = String::from(r#"{"Version":"2012-10-17","Statement":["#);
    for (index, statement) in statements.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&statement.json());
    }
    text.push_str("]}");
    text
}
