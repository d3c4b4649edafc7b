//! The file as tables that know where they stand, so that every mistake has its line and the name that was probably meant.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use toml::{Table, Value, de::DeTable};

use crate::{AccountId, Mode, Tags};

/// What is wrong with a settings file: the first thing, with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SettingsError {
    /// 1-based; of the nearest key that is there.
    pub line: usize,
    /// One sentence with the next step in it.
    pub what: String,
}

/// One table of the file and the way to it.
pub(super) struct Reader<'a> {
    lines: &'a Lines<'a>,
    path: Vec<PathPart<'a>>,
    pub(super) table: &'a Table,
}

#[derive(Clone, Copy)]
enum PathPart<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Reader<'a> {
    /// The whole file.
    pub(super) fn new(lines: &'a Lines<'a>, root: &'a Table) -> Self {
        Self { lines, path: Vec::new(), table: root }
    }

    fn below(&self, part: &[PathPart<'a>], table: &'a Table) -> Reader<'a> {
        Reader { lines: self.lines, path: [&*self.path, part].concat(), table }
    }

    /// An error at `key` of this table, or at the table itself when it has no such key.
    pub(super) fn error(&self, key: &str, what: &str) -> SettingsError {
        let mut name = String::new();
        for part in self.path.iter().filter_map(|part| match part {
            PathPart::Key(key) => Some(*key),
            PathPart::Index(_) => None,
        }) {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(part);
        }
        let place = match (name.is_empty(), key.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!("`{key}`: "),
            (false, true) => format!("[{name}]: "),
            (false, false) => format!("[{name}] `{key}`: "),
        };
        SettingsError { line: self.lines.of(&self.path, key), what: format!("{place}{what}") }
    }

    /// The line of `key` of this table, or of the table itself when it has no such key.
    pub(super) fn line(&self, key: &str) -> usize {
        self.lines.of(&self.path, key)
    }

    /// A length of time longer than nothing.
    pub(super) fn duration(&self, key: &str) -> Result<Option<SignedDuration>, SettingsError> {
        let Some(text) = self.str(key)? else { return Ok(None) };
        let span = text.parse::<Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
        let duration = span.ok().filter(SignedDuration::is_positive);
        duration
            .map(Some)
            .ok_or_else(|| self.error(key, &format!("`{text}` is not a duration such as \"2m\", \"24h\" or \"7d\"")))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let expected = || self.error(key, "expected a list of texts in quotes");
        let list = value.as_array().ok_or_else(expected)?;
        list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(expected)).collect()
    }

    /// Checks that `unit` looks like what Organizations calls a unit or a root (API reference, `ListParents`).
    pub(super) fn unit(&self, key: &str, unit: &str) -> Result<(), SettingsError> {
        let part = |text: &str, least: usize| {
            (least..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let parts: Vec<&str> = unit.split('-').collect();
        match *parts {
            ["r", root] if part(root, 4) => Ok(()),
            ["ou", root, unit] if part(root, 4) && part(unit, 8) => Ok(()),
            _ => Err(self.error(
                key,
                &format!("`{unit}` is not the id of an organisational unit such as `ou-ab12-11111111`, or of a root such as `r-ab12`"),
            )),
        }
    }

    pub(super) fn tags(&self, key: &str) -> Result<Tags, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Tags::new()) };
        let expected = || self.error(key, "expected tags such as { environment = \"production\" }");
        let table = value.as_table().ok_or_else(expected)?;
        let tag = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        table.iter().map(|item| tag(item).ok_or_else(expected)).collect()
    }

    /// Refuses every key that is not in `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), SettingsError> {
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(self.error(key, &format!("there is no such setting{}", did_you_mean(key, known)))),
            None => Ok(()),
        }
    }

    pub(super) fn table(&self, key: &'a str) -> Result<Option<Reader<'a>>, SettingsError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(self.below(&[PathPart::Key(key)], table))),
            Some(_) => Err(self.error(key, &format!("expected a table: write `[{key}]`"))),
        }
    }

    pub(super) fn tables(&self, key: &'a str) -> Result<Vec<Reader<'a>>, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let expected = || self.error(key, &format!("expected a list of tables: write `[[{key}]]`"));
        value
            .as_array()
            .ok_or_else(expected)?
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let table = item.as_table().ok_or_else(expected)?;
                Ok(self.below(&[PathPart::Key(key), PathPart::Index(index)], table))
            })
            .collect()
    }

    pub(super) fn str(&self, key: &str) -> Result<Option<&'a str>, SettingsError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(key, "expected text in quotes")),
        }
    }

    pub(super) fn required(&self, key: &str) -> Result<String, SettingsError> {
        match self.str(key)? {
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            Some(_) => Err(self.error(key, "must not be empty")),
            None => Err(self.error("", &format!("`{key}` is missing"))),
        }
    }

    pub(super) fn bool(&self, key: &str) -> Result<Option<bool>, SettingsError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Boolean(yes)) => Ok(Some(*yes)),
            Some(_) => Err(self.error(key, "expected true or false")),
        }
    }

    pub(super) fn mode(&self, key: &str) -> Result<Option<Mode>, SettingsError> {
        Ok(match self.str(key)? {
            None => None,
            Some("off") => Some(Mode::Off),
            Some("shadow") => Some(Mode::Shadow),
            Some("detective") => Some(Mode::Detective),
            Some("corrective") => Some(Mode::Corrective),
            Some(other) => {
                let hint = did_you_mean(other, &["off", "shadow", "detective", "corrective"]);
                return Err(self.error(key, &format!("`{other}` is not a mode{hint}")));
            }
        })
    }

    pub(super) fn accounts(&self, key: &str) -> Result<Vec<AccountId>, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let expected = || self.error(key, "expected a list of account ids in quotes");
        value
            .as_array()
            .ok_or_else(expected)?
            .iter()
            .map(|item| {
                let text = item.as_str().ok_or_else(expected)?;
                AccountId::new(text).map_err(|error| self.error(key, &error.to_string()))
            })
            .collect()
    }
}

/// `: did you mean …`, or the choice when nothing is near.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min();
    match near {
        Some((_, candidate)) => format!(": did you mean `{candidate}`?"),
        None if known.len() <= 12 => format!(": expected one of {}", known.join(", ")),
        None => ": see `rectify controls`".to_owned(),
    }
}

/// Where keys stand in the text.
pub(super) struct Lines<'a> {
    text: &'a str,
    tree: Option<toml::Spanned<DeTable<'a>>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, tree: DeTable::parse(text).ok() }
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    /// The line of `key` below `path`, or of the deepest part of the path that stands in the text.
    fn of(&self, path: &[PathPart<'_>], key: &str) -> usize {
        let mut line = 1;
        let Some(tree) = &self.tree else { return line };
        let mut table = Some(tree.get_ref());
        let mut list = None;
        let key = (!key.is_empty()).then_some(PathPart::Key(key));
        for part in path.iter().copied().chain(key) {
            let value = match part {
                PathPart::Key(name) => {
                    let found = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name));
                    let Some((key, value)) = found else { return line };
                    line = self.line(key.span().start);
                    value
                }
                PathPart::Index(index) => {
                    let found = list.and_then(|list: &toml::de::DeArray<'_>| list.get(index));
                    let Some(value) = found else { return line };
                    line = self.line(value.span().start);
                    value
                }
            };
            table = value.get_ref().as_table();
            list = value.get_ref().as_array();
        }
        line
    }
}
