//! What AWS would refuse.

/// Why a text is not a pattern. `path` is where, steps joined with dots; empty at the top.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The text is not JSON.
    #[error("the pattern is not JSON: {source}")]
    NotJson {
        /// Line and column.
        source: serde_json::Error,
    },
    /// The pattern itself is a list or a value.
    #[error("a pattern is a JSON object, for example {{\"source\": [\"aws.s3\"]}}")]
    NotAnObject,
    /// A field holds a bare value.
    #[error("`{path}` must be an object or a list: write the value in a list")]
    BareValue {
        /// Where.
        path: String,
    },
    /// `{}`.
    #[error("`{path}` is an empty object, which AWS refuses; leave it out, or name a field in it")]
    EmptyObject {
        /// Where.
        path: String,
    },
    /// `[]`.
    #[error("`{path}` is an empty list, which AWS refuses; leave it out to accept every value")]
    EmptyList {
        /// Where.
        path: String,
    },
    /// A list inside a list of values.
    #[error("`{path}` has a list inside its list of values")]
    NestedList {
        /// Where.
        path: String,
    },
    /// An operator that EventBridge does not have.
    #[error("`{path}`: `{operator}` is not an operator{}", suggestion(.operator))]
    UnknownOperator {
        /// Where.
        path: String,
        /// As written.
        operator: String,
    },
    /// `{"prefix": "a", "suffix": "b"}`, or an operator object with nothing in it.
    #[error(
        "`{path}`: a match expression has exactly one operator, this one has {count}; use two list entries for `or`"
    )]
    OperatorCount {
        /// Where.
        path: String,
        /// How many there are.
        count: usize,
    },
    /// The operator exists, but not with this operand.
    #[error("`{path}`: `{operator}` needs {needs}")]
    Operand {
        /// Where.
        path: String,
        /// The operator.
        operator: &'static str,
        /// What AWS accepts.
        needs: &'static str,
    },
    /// `**`, a backslash before anything but `*` and `\`, or one at the end.
    #[error("`{path}`: wildcard `{wildcard}` {problem}")]
    Wildcard {
        /// Where.
        path: String,
        /// As written.
        wildcard: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An address block that AWS refuses.
    #[error("`{path}`: `{cidr}` is not an address block: {problem}")]
    Cidr {
        /// Where.
        path: String,
        /// As written.
        cidr: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// `$or` with something else than two or more objects.
    #[error("`{path}` must be a list of at least two objects")]
    Or {
        /// Where.
        path: String,
    },
    /// An operator's name as a field name inside `$or`.
    #[error("`{path}`: `{name}` is a reserved word and cannot be a field name inside `$or`")]
    ReservedName {
        /// Where.
        path: String,
        /// The word.
        name: String,
    },
    /// More combinations than [`crate::MAX_COMBINATIONS`].
    #[error("the `$or` lists multiply to more than {limit} combinations; split the rule")]
    TooManyCombinations {
        /// The limit.
        limit: usize,
    },
    /// The same path twice in one combination: only one of the two would count.
    #[error("`{path}` is named twice in one combination of `$or` alternatives; only one would count")]
    RepeatedPath {
        /// Where.
        path: String,
    },
    /// The text is longer than AWS accepts.
    #[error("the pattern has {length} characters, {limit} are allowed")]
    TooLong {
        /// Characters it has.
        length: usize,
        /// Characters it may have.
        limit: usize,
    },
}

/// `, did you mean …` for the misspellings and for the operators of similar languages.
fn suggestion(operator: &str) -> String {
    let known = match operator.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
        "anythingbut" | "anything-but" | "not" | "anything-but-prefix" => "anything-but",
        "equals-ignorecase" | "equalsignorecase" | "ignore-case" | "equals-ignore-case" => "equals-ignore-case",
        "starts-with" | "startswith" | "begins-with" | "prefix" => "prefix",
        "ends-with" | "endswith" | "suffix" => "suffix",
        "exist" | "exists" => "exists",
        "regex" | "regexp" | "shellstyle" | "like" | "wild-card" | "wildcard" | "contains" => "wildcard",
        "number" | "numeric" => "numeric",
        "cidr" | "ip" | "ip-address" => "cidr",
        _ => return String::new(),
    };
    format!(", did you mean `{known}`?")
}
