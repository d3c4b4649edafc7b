//! From JSON to combinations of fields.

use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::{Map, Number, Value};

use crate::{
    Field, MAX_COMBINATIONS,
    error::PatternError,
    operator::{Operator, Range, TextOperator, address, comparable},
    text::{AnyCase, Wildcard, join},
};

/// Names that cannot be fields inside `$or` (`aws/event-ruler`, reserved field names in the or relationship).
const RESERVED: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

type Combination = Vec<Arc<Field>>;

pub(crate) fn compile(pattern: &Value) -> Result<Vec<Combination>, PatternError> {
    let fields = pattern.as_object().ok_or(PatternError::NotAnObject)?;
    let mut combinations = object(fields, "", false)?;
    for combination in &mut combinations {
        combination.sort_by(|a, b| a.path.cmp(&b.path));
        if let Some(path) = repeated(combination) {
            return Err(PatternError::RepeatedPath { path });
        }
    }
    Ok(combinations)
}

fn repeated(sorted: &[Arc<Field>]) -> Option<String> {
    sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| a.path == b.path).map(|(a, _)| a.path.clone())
}

/// All combinations of an object: the product of its fields, of which only `$or` has more than one.
fn object(fields: &Map<String, Value>, path: &str, inside_or: bool) -> Result<Vec<Combination>, PatternError> {
    if fields.is_empty() {
        return Err(PatternError::EmptyObject { path: path.to_owned() });
    }
    let mut combinations = vec![Combination::new()];
    for (step, value) in fields {
        let here = join(path, step);
        if step == "$or" {
            combinations = product(&combinations, &alternatives(value, path, &here)?)?;
            continue;
        }
        if inside_or && RESERVED.contains(&step.as_str()) {
            return Err(PatternError::ReservedName { path: here, name: step.clone() });
        }
        match value {
            Value::Object(inner) => combinations = product(&combinations, &object(inner, &here, inside_or)?)?,
            Value::Array(values) => {
                let field = Arc::new(Field { operators: operators(values, &here)?, path: here });
                combinations.iter_mut().for_each(|combination| combination.push(Arc::clone(&field)));
            }
            _ => return Err(PatternError::BareValue { path: here }),
        }
    }
    Ok(combinations)
}

/// The combinations of a `$or` list, one alternative after the other. `path` is the object that holds the list.
fn alternatives(list: &Value, path: &str, here: &str) -> Result<Vec<Combination>, PatternError> {
    let wrong = || PatternError::Or { path: here.to_owned() };
    let items = list.as_array().filter(|items| items.len() >= 2).ok_or_else(wrong)?;
    let mut all = Vec::new();
    for item in items {
        all.extend(object(item.as_object().ok_or_else(wrong)?, path, true)?);
        check_count(all.len())?;
    }
    Ok(all)
}

fn product(left: &[Combination], right: &[Combination]) -> Result<Vec<Combination>, PatternError> {
    check_count(left.len().saturating_mul(right.len()))?;
    Ok(left.iter().flat_map(|a| right.iter().map(move |b| a.iter().chain(b).cloned().collect())).collect())
}

fn check_count(count: usize) -> Result<(), PatternError> {
    let limit = MAX_COMBINATIONS;
    if count > limit { Err(PatternError::TooManyCombinations { limit }) } else { Ok(()) }
}

fn operators(values: &[Value], path: &str) -> Result<Vec<Operator>, PatternError> {
    if values.is_empty() {
        return Err(PatternError::EmptyList { path: path.to_owned() });
    }
    values
        .iter()
        .map(|value| match value {
            Value::Object(expression) => {
                let (operator, operand) = only(expression, path)?;
                expression_operator(operator, operand, path)
            }
            Value::Array(_) => Err(PatternError::NestedList { path: path.to_owned() }),
            Value::Number(number) => Ok(Operator::ExactNumber(number.clone())),
            exact => Ok(Operator::Exact(exact.clone())),
        })
        .collect()
}

/// The one entry of a match expression.
fn only<'v>(expression: &'v Map<String, Value>, path: &str) -> Result<(&'v str, &'v Value), PatternError> {
    let mut entries = expression.iter();
    match (entries.next(), entries.next()) {
        (Some((operator, operand)), None) => Ok((operator, operand)),
        _ => Err(PatternError::OperatorCount { path: path.to_owned(), count: expression.len() }),
    }
}

fn expression_operator(operator: &str, operand: &Value, path: &str) -> Result<Operator, PatternError> {
    match operator {
        "exactly" => Ok(Operator::Text(TextOperator::Equals(string(operand, "exactly", path)?.to_owned()))),
        "equals-ignore-case" | "prefix" | "suffix" | "wildcard" => {
            Ok(Operator::Text(text_operator(operator, operand, path)?))
        }
        "exists" => match operand {
            Value::Bool(true) => Ok(Operator::Exists),
            Value::Bool(false) => Ok(Operator::Absent),
            _ => Err(needs(path, "exists", "`true` or `false`")),
        },
        "numeric" => numeric(operand, path).map(Operator::Numeric),
        "cidr" => cidr(string(operand, "cidr", path)?, path).map(Operator::Cidr),
        "anything-but" => anything_but(operand, path),
        unknown => Err(PatternError::UnknownOperator { path: path.to_owned(), operator: unknown.to_owned() }),
    }
}

/// An operator on strings, as it stands in a list of values; with `prefix` and `suffix` also in their any-case form.
fn text_operator(operator: &str, operand: &Value, path: &str) -> Result<TextOperator, PatternError> {
    let any_case = |name: &'static str| match operand {
        Value::Object(inner) => match only(inner, path)? {
            ("equals-ignore-case", text) => {
                string(text, "equals-ignore-case", path).map(|text| Some(AnyCase::new(text)))
            }
            _ => Err(needs(path, name, "a string or {\"equals-ignore-case\": a string}")),
        },
        _ => Ok(None),
    };
    match operator {
        "prefix" => Ok(match any_case("prefix")? {
            Some(text) => TextOperator::PrefixAnyCase(text),
            None => TextOperator::Prefix(string(operand, "prefix", path)?.to_owned()),
        }),
        "suffix" => Ok(match any_case("suffix")? {
            Some(text) => TextOperator::SuffixAnyCase(text),
            None => TextOperator::Suffix(string(operand, "suffix", path)?.to_owned()),
        }),
        "wildcard" => wildcard(string(operand, "wildcard", path)?, path),
        _ => Ok(TextOperator::EqualsAnyCase(AnyCase::new(string(operand, "equals-ignore-case", path)?))),
    }
}

fn wildcard(source: &str, path: &str) -> Result<TextOperator, PatternError> {
    Wildcard::parse(source).map(TextOperator::Wildcard).map_err(|problem| PatternError::Wildcard {
        path: path.to_owned(),
        wildcard: source.to_owned(),
        problem,
    })
}

fn anything_but(operand: &Value, path: &str) -> Result<Operator, PatternError> {
    const NEEDS: &str =
        "strings, or numbers within ±5e9, or one of `prefix`, `suffix`, `equals-ignore-case`, `wildcard`";
    let wrong = || needs(path, "anything-but", NEEDS);
    if let Value::Object(expression) = operand {
        let (operator, operand) = only(expression, path)?;
        let texts = list(operand, path)?;
        let each: fn(&str, &str) -> Result<TextOperator, PatternError> = match operator {
            "prefix" => |text, _| Ok(TextOperator::Prefix(text.to_owned())),
            "suffix" => |text, _| Ok(TextOperator::Suffix(text.to_owned())),
            "equals-ignore-case" => |text, _| Ok(TextOperator::EqualsAnyCase(AnyCase::new(text))),
            "wildcard" => wildcard,
            _ => return Err(wrong()),
        };
        let operators = texts.iter().map(|text| {
            let text = text.as_str().ok_or_else(wrong)?;
            if text.is_empty() && matches!(operator, "prefix" | "suffix") {
                return Err(needs(path, "anything-but", "a prefix or suffix that is not empty"));
            }
            each(text, path)
        });
        return Ok(Operator::NoneOf(operators.collect::<Result<_, _>>()?));
    }
    let values = list(operand, path)?;
    if values.iter().all(Value::is_string) {
        let texts = values.iter().filter_map(Value::as_str).map(|text| TextOperator::Equals(text.to_owned()));
        return Ok(Operator::NoneOf(texts.collect()));
    }
    let numbers = values.iter().map(|value| value.as_number().and_then(comparable).ok_or_else(wrong));
    Ok(Operator::NoNumberOf(numbers.collect::<Result<_, _>>()?))
}

/// A list, or one value as a list of one; never empty.
fn list<'v>(operand: &'v Value, path: &str) -> Result<&'v [Value], PatternError> {
    match operand {
        Value::Array(items) if items.is_empty() => Err(PatternError::EmptyList { path: path.to_owned() }),
        Value::Array(items) => Ok(items),
        one => Ok(std::slice::from_ref(one)),
    }
}

/// `["=", n]`, one bound, or a lower bound followed by an upper one.
fn numeric(operand: &Value, path: &str) -> Result<Range, PatternError> {
    let wrong = || {
        needs(path, "numeric", "`[\"=\", n]`, one comparison, or a lower (`>`, `>=`) then an upper (`<`, `<=`) bound")
    };
    let items = operand.as_array().ok_or_else(wrong)?;
    let mut range = Range::default();
    let (comparisons, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    for [comparison, bound] in comparisons {
        let bound = bound.as_number().ok_or_else(wrong)?;
        let bound = limited(bound, path)?;
        let fresh = range.bottom.is_none() && range.top.is_none();
        match comparison.as_str() {
            Some("=") if fresh => range = Range { bottom: Some((bound, true)), top: Some((bound, true)) },
            Some(">") if fresh => range.bottom = Some((bound, false)),
            Some(">=") if fresh => range.bottom = Some((bound, true)),
            Some("<") if range.top.is_none() => range.top = Some((bound, false)),
            Some("<=") if range.top.is_none() => range.top = Some((bound, true)),
            _ => return Err(wrong()),
        }
    }
    match (comparisons.len(), range.bottom, range.top) {
        (0, ..) => Err(wrong()),
        (2.., Some((bottom, _)), Some((top, _))) if bottom >= top => {
            Err(needs(path, "numeric", "a lower bound that is below the upper one"))
        }
        _ => Ok(range),
    }
}

fn limited(number: &Number, path: &str) -> Result<f64, PatternError> {
    comparable(number).ok_or_else(|| needs(path, "numeric", "numbers between -5e9 and 5e9"))
}

/// AWS masks the host bits away, and refuses a block of a single address.
fn cidr(source: &str, path: &str) -> Result<IpNet, PatternError> {
    let wrong = |problem| PatternError::Cidr { path: path.to_owned(), cidr: source.to_owned(), problem };
    let (base, bits) = source.split_once('/').ok_or_else(|| wrong("one `/` is required"))?;
    let bits: u8 = bits.parse().map_err(|_| wrong("the mask must be a number of bits"))?;
    match address(base).ok_or_else(|| wrong("the address is neither IPv4 nor IPv6"))? {
        std::net::IpAddr::V4(base) if bits < 32 => Ipv4Net::new(base, bits).map(IpNet::V4),
        std::net::IpAddr::V4(_) => return Err(wrong("an IPv4 mask must be below 32; write a single address as it is")),
        std::net::IpAddr::V6(base) if bits < 128 => Ipv6Net::new(base, bits).map(IpNet::V6),
        std::net::IpAddr::V6(_) => {
            return Err(wrong("an IPv6 mask must be below 128; write a single address as it is"));
        }
    }
    .map(|block| block.trunc())
    .map_err(|_| wrong("the mask is too long"))
}

fn string<'v>(operand: &'v Value, operator: &'static str, path: &str) -> Result<&'v str, PatternError> {
    operand.as_str().ok_or_else(|| needs(path, operator, "a string"))
}

fn needs(path: &str, operator: &'static str, needs: &'static str) -> PatternError {
    PatternError::Operand { path: path.to_owned(), operator, needs }
}
