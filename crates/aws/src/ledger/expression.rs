//! Building DynamoDB expressions without naming every attribute three times.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// An update of one row, or a condition on it.
///
/// Every attribute is written `#name` (many of ours are reserved words) and its value `:name`; the two maps that DynamoDB
/// wants beside the text are made from it.
#[derive(Debug, Default)]
pub(super) struct Edit {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    take: Vec<String>,
    condition: Option<String>,
    values: HashMap<String, AttributeValue>,
}

/// An [`Edit`] in DynamoDB's words.
pub(super) struct Expressions {
    pub(super) update: Option<String>,
    pub(super) condition: Option<String>,
    pub(super) names: Option<HashMap<String, String>>,
    pub(super) values: Option<HashMap<String, AttributeValue>>,
}

impl Edit {
    /// The attribute gets this value.
    pub(super) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = :{name}"));
        self.bind(name, value)
    }

    /// The attribute gets this value, when there is one.
    pub(super) fn set_if_any(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// The attribute gets this value, or goes when there is none.
    pub(super) fn set_or_remove(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self.remove(name),
        }
    }

    /// The attribute gets this value unless it has one.
    pub(super) fn set_once(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
        self.bind(name, value)
    }

    /// The number grows; a missing one is zero.
    pub(super) fn add(mut self, name: &str, by: i64) -> Self {
        self.add.push(format!("#{name} :{name}"));
        self.bind(name, number(by))
    }

    /// The set of texts gets this one; a missing set is empty.
    pub(super) fn add_text(mut self, name: &str, value: &str) -> Self {
        self.add.push(format!("#{name} :{name}"));
        self.bind(name, AttributeValue::Ss(vec![value.to_owned()]))
    }

    /// These members of a set go.
    pub(super) fn take(mut self, name: &str, members: AttributeValue) -> Self {
        self.take.push(format!("#{name} :{name}"));
        self.bind(name, members)
    }

    /// The attribute goes.
    pub(super) fn remove(mut self, name: &str) -> Self {
        self.remove.push(format!("#{name}"));
        self
    }

    /// The condition; `#name` and `:name` in it as in DynamoDB.
    pub(super) fn when(mut self, condition: &str) -> Self {
        self.condition = Some(condition.to_owned());
        self
    }

    /// A value that only the condition uses.
    pub(super) fn bind(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    pub(super) fn build(self) -> Expressions {
        let clauses: Vec<String> =
            [("SET", self.set), ("ADD", self.add), ("REMOVE", self.remove), ("DELETE", self.take)]
                .into_iter()
                .filter(|(_, parts)| !parts.is_empty())
                .map(|(word, parts)| format!("{word} {}", parts.join(", ")))
                .collect();
        let update = (!clauses.is_empty()).then(|| clauses.join(" "));
        let names: HashMap<String, String> =
            update.iter().chain(&self.condition).flat_map(|text| attributes(text)).collect();
        Expressions {
            update,
            condition: self.condition,
            names: (!names.is_empty()).then_some(names),
            values: (!self.values.is_empty()).then_some(self.values),
        }
    }
}

/// `#name` → `name`, for each in the text. DynamoDB refuses a name that is not used.
fn attributes(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('#').skip(1).map(|rest| {
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (format!("#{name}"), name)
    })
}

/// A key.
pub(super) fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// A string.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number.
pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_the_used_ones() {
        let built = Edit::default()
            .set("until", number(5))
            .set_once("first_seen", number(1))
            .add("seen", 1)
            .remove("closed_at")
            .when("attribute_not_exists(#pk) OR #until < :now")
            .bind("now", number(9))
            .build();
        assert_eq!(
            built.update.as_deref(),
            Some(
                "SET #until = :until, #first_seen = if_not_exists(#first_seen, :first_seen) ADD #seen :seen REMOVE #closed_at"
            )
        );
        let mut names: Vec<_> = built.names.unwrap().into_values().collect();
        names.sort();
        assert_eq!(names, ["closed_at", "first_seen", "pk", "seen", "until"]);
        let mut values: Vec<_> = built.values.unwrap().into_keys().collect();
        values.sort();
        assert_eq!(values, [":first_seen", ":now", ":seen", ":until"]);
    }

    #[test]
    fn a_bare_condition_has_no_update_and_no_values() {
        let built = Edit::default().when("attribute_not_exists(#paused_at)").build();
        assert_eq!(built.update, None);
        assert!(built.values.is_none());
    }
}
