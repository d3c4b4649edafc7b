//! Reading the options of a control from the settings, with errors that name the option.

use std::collections::BTreeMap;

use crate::{Control, OptionSpec};

/// The options of one control. `lookup(control, option)` is what the settings say; `None` means «use the default».
pub(crate) struct Options<'a> {
    pub(crate) control: &'static Control,
    pub(crate) lookup: &'a dyn Fn(&str, &str) -> Option<toml::Value>,
}

impl Options<'_> {
    fn value(&self, name: &str) -> Option<toml::Value> {
        debug_assert!(
            self.control.options.iter().any(|option: &OptionSpec| option.name == name),
            "`{name}` is an OptionSpec of `{}`",
            self.control.id
        );
        (self.lookup)(self.control.id, name)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, &format!("must be text in quotes, not {}", other.type_str()))),
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        self.list(name, "texts", |item| match item {
            toml::Value::String(text) => Ok(text),
            other => Err(format!("a list with {}", other.type_str())),
        })
    }

    /// A list whose items `read` understands or describes; `what` they are, for people.
    pub(crate) fn list<T>(
        &self,
        name: &str,
        what: &str,
        read: impl Fn(toml::Value) -> Result<T, String>,
    ) -> Result<Option<Vec<T>>, String> {
        let wrong = |found: &str| self.wrong(name, &format!("must be a list of {what}, not {found}"));
        match self.value(name) {
            None => Ok(None),
            Some(toml::Value::Array(items)) => {
                items.into_iter().map(|item| read(item).map_err(|odd| wrong(&odd))).collect::<Result<_, _>>().map(Some)
            }
            Some(other) => Err(wrong(other.type_str())),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(toml::Value::Boolean(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(name, &format!("must be true or false, not {}", other.type_str()))),
        }
    }

    /// A tag that marks a resource.
    pub(crate) fn tag(&self, name: &str) -> Result<Option<TagMatch>, String> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => match TagMatch::parse(&text) {
                Some(tag) => Ok(Some(tag)),
                None => Err(self.wrong(name, &format!("must be `key` or `key=value`, not `{text}`"))),
            },
        }
    }

    /// A whole number from `least` to `most`, of `unit`.
    pub(crate) fn number(&self, name: &str, unit: &str, least: i64, most: i64) -> Result<Option<i64>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(toml::Value::Integer(number)) if (least..=most).contains(&number) => Ok(Some(number)),
            Some(toml::Value::Integer(number)) => {
                let most = if most == i64::MAX { String::new() } else { format!(" to {most}") };
                Err(self.wrong(name, &format!("must be a number of {unit} from {least}{most}, not `{number}`")))
            }
            Some(other) => Err(self.wrong(name, &format!("must be a number of {unit}, not {}", other.type_str()))),
        }
    }

    /// The error for a word that is none of `known`, with the nearest of them.
    pub(crate) fn not_one_of(&self, name: &str, found: &str, known: &[&str]) -> String {
        let near = known.iter().map(|word| (strsim::damerau_levenshtein(word, found), word)).min();
        let hint = match near {
            Some((distance, word)) if distance <= 3 => format!(", did you mean `{word}`?"),
            _ => String::new(),
        };
        let words: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
        self.wrong(name, &format!("must be one of {}, not `{found}`{hint}", words.join(", ")))
    }

    /// The error that the option `name` is `what`.
    pub(crate) fn wrong(&self, name: &str, what: &str) -> String {
        format!("option `{name}` of control `{}` {what}", self.control.id)
    }
}

/// A tag that marks a resource: `key` or `key=value`, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMatch {
    key: String,
    value: Option<String>,
}

impl TagMatch {
    fn parse(text: &str) -> Option<Self> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        (!key.is_empty()).then(|| Self { key: key.to_owned(), value })
    }

    /// The tag `key` with the value `true`: how a kind's own marks are made.
    pub(crate) fn is_true(key: &str) -> Self {
        Self { key: key.to_owned(), value: Some("true".to_owned()) }
    }

    /// Whether `tags` hold it.
    #[must_use]
    pub fn matches(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(&self.key).is_some_and(|found| self.value.as_ref().is_none_or(|wanted| wanted == found))
    }
}

impl std::fmt::Display for TagMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(&self.key),
        }
    }
}
