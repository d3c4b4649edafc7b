//! Comparing strings: wildcards and letter case.

use std::iter;

/// A wildcard expression: literals with anything (or nothing) between them.
#[derive(Debug, Clone)]
pub(crate) struct Wildcard {
    first: String,
    /// What follows each `*`; empty when there is none.
    rest: Vec<String>,
}

impl Wildcard {
    /// `*` is any text, `\*` and `\\` are the characters themselves. The error is what is wrong with `source`.
    pub(crate) fn parse(source: &str) -> Result<Self, &'static str> {
        let mut literals = vec![String::new()];
        let mut characters = source.chars().peekable();
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' if characters.peek() == Some(&'*') => return Err("has two `*` in a row"),
                '*' => {
                    literals.push(String::new());
                    continue;
                }
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '\\')) => escaped,
                    _ => return Err("has a backslash that is followed neither by `*` nor by a backslash"),
                },
                other => other,
            };
            if let Some(last) = literals.last_mut() {
                last.push(literal);
            }
        }
        let mut literals = literals.into_iter();
        Ok(Self { first: literals.next().unwrap_or_default(), rest: literals.collect() })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((last, middle)) = self.rest.split_last() else { return text == self.first };
        let Some(mut text) = text.strip_prefix(self.first.as_str()) else { return false };
        for literal in middle {
            // The earliest occurrence leaves the most for the literals after it.
            match text.split_once(literal.as_str()) {
                Some((_, after)) => text = after,
                None => return false,
            }
        }
        text.ends_with(last.as_str())
    }
}

/// A text in which each character may be in its lower or its upper case.
#[derive(Debug, Clone)]
pub(crate) struct AnyCase(Vec<[String; 2]>);

impl AnyCase {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.chars().map(|c| [c.to_lowercase().collect(), c.to_uppercase().collect()]).collect())
    }

    pub(crate) fn equals(&self, text: &str) -> bool {
        self.after_prefix(text).is_some_and(str::is_empty)
    }

    pub(crate) fn is_prefix_of(&self, text: &str) -> bool {
        self.after_prefix(text).is_some()
    }

    pub(crate) fn is_suffix_of(&self, text: &str) -> bool {
        self.0
            .iter()
            .rev()
            .try_fold(text, |text, cases| cases.iter().find_map(|c| text.strip_suffix(c.as_str())))
            .is_some()
    }

    fn after_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.iter().try_fold(text, |text, cases| cases.iter().find_map(|c| text.strip_prefix(c.as_str())))
    }
}

/// Joins a path and a step.
pub(crate) fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { iter::once(path).chain([".", step]).collect() }
}
