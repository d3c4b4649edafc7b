//! A policy document as data, and editing it without touching what stays.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

/// A resource policy. Statements are numbered from 0 in the order of the document; a single statement that is not in an
/// array is statement 0.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `Version`. Policy variables mean something only in `2012-10-17`.
    pub version: Option<String>,
    /// `Id`.
    pub id: Option<String>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// The members of the document in their order, `Statement` left out, with their text untouched.
    pub(crate) members: Vec<(String, Box<RawValue>)>,
    /// The text of each statement, untouched; as long as `statements`.
    pub(crate) texts: Vec<Box<RawValue>>,
    /// Where `Statement` stood among the members.
    pub(crate) statement_position: usize,
}

/// One statement. Lists that the document gives as a single string have one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// `Sid`; an empty one is `None`.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal`; empty when the element is missing or names nobody.
    pub principals: Vec<Principal>,
    /// `NotPrincipal`: everybody but these. `None` when the element is missing.
    pub not_principals: Option<Vec<Principal>>,
    /// `Action`, as written.
    pub actions: Vec<String>,
    /// `NotAction`: every action but these. `None` when the element is missing.
    pub not_actions: Option<Vec<String>>,
    /// `Resource`, as written.
    pub resources: Vec<String>,
    /// `NotResource`: every resource but these. `None` when the element is missing.
    pub not_resources: Option<Vec<String>>,
    /// `Condition`, one entry per operator and key. All of them must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Takes away. Never grants, whatever it says.
    Deny,
    /// Missing, or a word that AWS refuses, kept as written. Judged as if it granted.
    Unrecognised(String),
}

/// One entry of `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Which list it stands in.
    pub kind: PrincipalKind,
    /// The value as written, for example `*`, `arn:aws:iam::111122223333:root` or `sns.amazonaws.com`.
    pub value: String,
}

/// The list that a principal stands in (IAM User Guide, "AWS JSON policy elements: Principal").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// `"AWS"`, and a bare string such as `"Principal": "*"`.
    Aws,
    /// `"Service"`.
    Service,
    /// `"Federated"`.
    Federated,
    /// `"CanonicalUser"`.
    CanonicalUser,
    /// A word that AWS does not document, as written.
    Other(String),
}

/// One operator applied to one key. The values are alternatives: one of them must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator as written, for example `ForAnyValue:StringLike` or `IpAddressIfExists`.
    pub operator: String,
    /// The key as written; AWS compares keys without regard to case.
    pub key: String,
    /// The values as text: numbers and booleans as JSON writes them. Empty when the document gives none that is a
    /// string, number or boolean.
    pub values: Vec<String>,
}

impl Policy {
    /// The document without the statements of these indices (see [`Policy::statements`]); `None` when no statement is
    /// left, which means: delete the policy, an empty one is refused by AWS.
    ///
    /// The text of every other statement, and of `Version`, `Id` and anything else, is copied as it is; only the white
    /// space between them changes. Indices that do not exist are ignored.
    #[must_use]
    pub fn without(&self, statements: &BTreeSet<usize>) -> Option<String> {
        let kept: Vec<&str> = self
            .texts
            .iter()
            .enumerate()
            .filter(|(index, _)| !statements.contains(index))
            .map(|(_, text)| text.get())
            .collect();
        if kept.is_empty() { None } else { Some(self.with_statements(&kept)) }
    }

    /// The document with `statement` added at the end, or in the place of the statement with the same `Sid`. A
    /// statement without `Sid` is always added. Everything else is copied as in [`Policy::without`].
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the published signature; callers build the value for this call")]
    pub fn with_statement(&self, statement: serde_json::Value) -> String {
        let text = statement.to_string();
        let sid = statement.get("Sid").and_then(|sid| sid.as_str()).filter(|sid| !sid.is_empty());
        let place = sid.and_then(|sid| self.statements.iter().position(|s| s.sid.as_deref() == Some(sid)));
        let mut texts: Vec<&str> = self.texts.iter().map(|text| text.get()).collect();
        match place.and_then(|place| texts.get_mut(place)) {
            Some(slot) => *slot = &text,
            None => texts.push(&text),
        }
        self.with_statements(&texts)
    }

    fn with_statements(&self, texts: &[&str]) -> String {
        let statement = format!("\"Statement\":[{}]", texts.join(","));
        let mut members: Vec<String> = self
            .members
            .iter()
            .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name.as_str()), value.get()))
            .collect();
        members.insert(self.statement_position.min(members.len()), statement);
        format!("{{{}}}", members.join(","))
    }
}
