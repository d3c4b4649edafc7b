//! What a trail logs, in both of its forms, and whether one set of selectors logs as much as another.
//!
//! Basic and advanced selectors exclude each other, and the console turns one into the other. So neither is compared as text: both
//! are cut into slices, each of one category and of either reads or writes, and a slice is covered when some other slice asks for no
//! more than it does (CloudTrail user guide, "Logging management events", "Logging data events").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `GetEventSelectors`: one of two forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selectors {
    /// `EventSelectors`.
    Basic(Vec<BasicSelector>),
    /// `AdvancedEventSelectors`.
    Advanced(Vec<AdvancedSelector>),
}

/// `EventSelector`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicSelector {
    /// `ReadWriteType`: `All`, `ReadOnly` or `WriteOnly`.
    pub read_write: String,
    /// `IncludeManagementEvents`.
    pub management: bool,
    /// `ExcludeManagementEventSources`.
    pub excluded: Vec<String>,
    /// `DataResources`.
    pub data: Vec<DataResource>,
}

/// `DataResource`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataResource {
    /// `Type`, for example `AWS::S3::Object`.
    pub kind: String,
    /// `Values`, ARNs or their beginnings.
    pub values: Vec<String>,
}

/// `AdvancedEventSelector`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvancedSelector {
    /// `Name`.
    pub name: Option<String>,
    /// `FieldSelectors`.
    pub fields: Vec<FieldSelector>,
}

/// `AdvancedFieldSelector`. The positive lists are alternatives, the negative ones all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSelector {
    /// `Field`, for example `resources.ARN`.
    pub field: String,
    /// `Equals`.
    #[serde(default)]
    pub equals: Vec<String>,
    /// `StartsWith`.
    #[serde(default)]
    pub starts_with: Vec<String>,
    /// `EndsWith`.
    #[serde(default)]
    pub ends_with: Vec<String>,
    /// `NotEquals`.
    #[serde(default)]
    pub not_equals: Vec<String>,
    /// `NotStartsWith`.
    #[serde(default)]
    pub not_starts_with: Vec<String>,
    /// `NotEndsWith`.
    #[serde(default)]
    pub not_ends_with: Vec<String>,
}

/// Most basic selectors a trail takes (CloudTrail user guide, "Quotas").
const MOST_BASIC: usize = 5;

const MANAGEMENT: &str = "Management";
const CATEGORY: &str = "eventCategory";
const READ_ONLY: &str = "readOnly";
const SOURCE: &str = "eventSource";
const RESOURCE: &str = "resources.ARN";
const RESOURCE_TYPE: &str = "resources.type";

impl FieldSelector {
    fn equals(field: &str, values: &[&str]) -> Self {
        let equals = values.iter().map(|value| (*value).to_owned()).collect();
        Self { field: field.to_owned(), equals, ..Self::default() }
    }

    fn is_positive(&self) -> bool {
        !(self.equals.is_empty() && self.starts_with.is_empty() && self.ends_with.is_empty())
    }

    /// Whether everything that `narrow` lets through passes here too.
    fn admits(&self, narrow: &Self) -> bool {
        let begins = |value: &String| self.starts_with.iter().any(|start| value.starts_with(start.as_str()));
        let ends = |value: &String| self.ends_with.iter().any(|end| value.ends_with(end.as_str()));
        let within = narrow.equals.iter().all(|value| self.equals.contains(value) || begins(value) || ends(value))
            && narrow.starts_with.iter().all(begins)
            && narrow.ends_with.iter().all(ends);
        let only_equals = !narrow.equals.is_empty() && narrow.starts_with.is_empty() && narrow.ends_with.is_empty();
        let kept_out = |hit: &dyn Fn(&str) -> bool, also: bool| {
            also || only_equals && !narrow.equals.iter().any(|value| hit(value))
        };
        (!self.is_positive() || narrow.is_positive() && within)
            && self.not_equals.iter().all(|not| kept_out(&|value| value == not, narrow.not_equals.contains(not)))
            && (self.not_starts_with.iter())
                .all(|not| kept_out(&|v| v.starts_with(not.as_str()), narrow.not_starts_with.contains(not)))
            && (self.not_ends_with.iter())
                .all(|not| kept_out(&|v| v.ends_with(not.as_str()), narrow.not_ends_with.contains(not)))
    }
}

/// What one selector logs of one category, either reads or writes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slice {
    category: String,
    reads: bool,
    fields: BTreeMap<String, FieldSelector>,
}

impl Slice {
    fn covers(&self, other: &Self) -> bool {
        self.category == other.category
            && self.reads == other.reads
            && self.fields.iter().all(|(name, wide)| other.fields.get(name).is_some_and(|narrow| wide.admits(narrow)))
    }

    /// In words, as evidence has it.
    fn words(&self) -> String {
        let way = if self.reads { "read" } else { "write" };
        let first = |name: &str| {
            let field = self.fields.get(name)?;
            field.equals.iter().chain(&field.starts_with).chain(&field.ends_with).next().cloned()
        };
        let of = first(RESOURCE_TYPE).map(|kind| format!(" of {kind}")).unwrap_or_default();
        let on = first(RESOURCE).map(|arn| format!(" on {arn}")).unwrap_or_default();
        format!("{} events that {way}{of}{on}", self.category)
    }
}

impl Selectors {
    /// What a trail logs that has none: all management events.
    #[must_use]
    pub fn default_of_aws() -> Self {
        Self::Basic(vec![BasicSelector {
            read_write: "All".to_owned(),
            management: true,
            excluded: Vec::new(),
            data: Vec::new(),
        }])
    }

    fn slices(&self) -> Vec<Slice> {
        match self {
            Self::Basic(selectors) => selectors.iter().flat_map(advanced).flat_map(|one| slices(&one)).collect(),
            Self::Advanced(selectors) => selectors.iter().flat_map(slices).collect(),
        }
    }

    /// What of the management events is not logged, in words; empty when all are, but for those of the sources in `excludable`.
    #[must_use]
    pub fn management_gaps(&self, excludable: &[String]) -> Vec<String> {
        let slices = self.slices();
        let whole = |slice: &Slice| slice.fields.keys().all(|field| field == SOURCE) && !positive(slice);
        let mut gaps = Vec::new();
        for reads in [true, false] {
            let of_way = || slices.iter().filter(move |s| s.category == MANAGEMENT && s.reads == reads);
            let way = if reads { "read" } else { "write" };
            let left_out = |slice: &Slice| -> Vec<String> {
                let not = slice.fields.get(SOURCE).map(|field| field.not_equals.clone()).unwrap_or_default();
                not.into_iter().filter(|source| !excludable.contains(source)).collect()
            };
            match of_way().filter(|slice| whole(slice)).map(left_out).min_by_key(Vec::len) {
                Some(sources) => gaps.extend(
                    sources.into_iter().map(|source| format!("management events of {source} that {way} are left out")),
                ),
                None if of_way().next().is_some() => {
                    gaps.push(format!("not all management events that {way} are logged"))
                }
                None => gaps.push(format!("management events that {way} are not logged")),
            }
        }
        gaps
    }

    /// What `before` logged and these do not, in words. Without management events, which
    /// [`management_gaps`](Self::management_gaps) judges on their own.
    #[must_use]
    pub fn lost(&self, before: &Self) -> Vec<String> {
        self.lost_where(before, |category| category != MANAGEMENT)
    }

    /// What of the management events `before` logged and these do not, in words.
    pub(super) fn lost_of_management(&self, before: &Self) -> Vec<String> {
        self.lost_where(before, |category| category == MANAGEMENT)
    }

    fn lost_where(&self, before: &Self, counts: impl Fn(&str) -> bool) -> Vec<String> {
        let now = self.slices();
        let mut lost: Vec<String> = (before.slices().iter())
            .filter(|slice| counts(&slice.category) && !now.iter().any(|wide| wide.covers(slice)))
            .map(Slice::words)
            .collect();
        lost.sort();
        lost.dedup();
        lost
    }

    /// Whether everything that `other` logs is logged by these too.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        let wide = self.slices();
        other.slices().iter().all(|slice| wide.iter().any(|wide| wide.covers(slice)))
    }

    /// Selectors that log everything `before` did and everything these do: `before` as it was, where these add nothing to it.
    /// `None` when that takes more selectors than a trail can have.
    #[must_use]
    pub fn with(&self, before: &Self) -> Option<Self> {
        if before.cover(self) {
            return Some(before.clone());
        }
        let now = self.slices();
        let missing = |slices: Vec<Slice>| slices.iter().any(|slice| !now.iter().any(|wide| wide.covers(slice)));
        match (self, before) {
            (Self::Basic(own), Self::Basic(before)) => {
                let lost = before.iter().filter(|one| missing(advanced(one).iter().flat_map(slices).collect()));
                let all: Vec<_> = own.iter().chain(lost).cloned().collect();
                (all.len() <= MOST_BASIC).then_some(Self::Basic(all))
            }
            _ => {
                let mut all = self.advanced();
                all.extend(before.advanced().into_iter().filter(|one| missing(slices(one))));
                Some(Self::Advanced(all))
            }
        }
    }

    /// The same with all management events, but for those of `excludable` sources that are left out now. Data events stay as they are.
    #[must_use]
    pub fn with_management(&self, excludable: &[String]) -> Self {
        if self.management_gaps(excludable).is_empty() {
            return self.clone();
        }
        let mut left_out: Vec<String> = match self {
            Self::Basic(all) => all.iter().filter(|one| one.management).flat_map(|one| one.excluded.clone()).collect(),
            Self::Advanced(all) => all.iter().filter(|one| is_management(one)).flat_map(excluded_by).collect(),
        };
        left_out.retain(|source| excludable.contains(source));
        left_out.sort();
        left_out.dedup();
        match self {
            Self::Basic(all) => {
                let whole = BasicSelector {
                    read_write: "All".to_owned(),
                    management: true,
                    excluded: left_out,
                    data: Vec::new(),
                };
                // What only asked for management events is replaced; data events keep the selector they had.
                let keep = all.iter().filter(|one| !one.data.is_empty());
                let keep = keep.map(|one| BasicSelector { management: false, excluded: Vec::new(), ..one.clone() });
                let mut fixed: Vec<_> = std::iter::once(whole.clone()).chain(keep).collect();
                if fixed.len() > MOST_BASIC {
                    fixed = all.clone();
                    if let Some(first) = fixed.first_mut() {
                        *first = BasicSelector { data: first.data.clone(), ..whole };
                    }
                }
                Self::Basic(fixed)
            }
            Self::Advanced(all) => {
                let mut fields = vec![FieldSelector::equals(CATEGORY, &[MANAGEMENT])];
                if !left_out.is_empty() {
                    fields.push(FieldSelector { field: SOURCE.to_owned(), not_equals: left_out, ..Default::default() });
                }
                let whole = AdvancedSelector { name: Some("Management events".to_owned()), fields };
                let others = all.iter().filter(|one| !is_management(one)).cloned();
                Self::Advanced(std::iter::once(whole).chain(others).collect())
            }
        }
    }

    fn advanced(&self) -> Vec<AdvancedSelector> {
        match self {
            Self::Basic(selectors) => selectors.iter().flat_map(advanced).collect(),
            Self::Advanced(selectors) => selectors.clone(),
        }
    }
}

fn positive(slice: &Slice) -> bool {
    slice
        .fields
        .values()
        .any(|field| field.is_positive() || !field.not_starts_with.is_empty() || !field.not_ends_with.is_empty())
}

fn is_management(selector: &AdvancedSelector) -> bool {
    selector.fields.iter().any(|field| field.field == CATEGORY && field.equals.iter().any(|value| value == MANAGEMENT))
}

fn excluded_by(selector: &AdvancedSelector) -> Vec<String> {
    selector.fields.iter().filter(|field| field.field == SOURCE).flat_map(|field| field.not_equals.clone()).collect()
}

/// One basic selector as the advanced ones that log the same. A data resource whose value is the service alone means all of its kind;
/// one without values means none.
fn advanced(basic: &BasicSelector) -> Vec<AdvancedSelector> {
    let way = match basic.read_write.as_str() {
        "ReadOnly" => Some(FieldSelector::equals(READ_ONLY, &["true"])),
        "WriteOnly" => Some(FieldSelector::equals(READ_ONLY, &["false"])),
        _ => None,
    };
    let mut all = Vec::new();
    if basic.management {
        let mut fields = vec![FieldSelector::equals(CATEGORY, &[MANAGEMENT])];
        if !basic.excluded.is_empty() {
            let not_equals = basic.excluded.clone();
            fields.push(FieldSelector { field: SOURCE.to_owned(), not_equals, ..FieldSelector::default() });
        }
        fields.extend(way.clone());
        all.push(AdvancedSelector { name: Some("Management events".to_owned()), fields });
    }
    for data in basic.data.iter().filter(|data| !data.values.is_empty()) {
        let mut fields =
            vec![FieldSelector::equals(CATEGORY, &["Data"]), FieldSelector::equals(RESOURCE_TYPE, &[&data.kind])];
        let everything = |value: &String| value.split(':').nth(3).is_none();
        if !data.values.iter().any(everything) {
            let mut arns = FieldSelector { field: RESOURCE.to_owned(), ..FieldSelector::default() };
            // Of S3 it is a beginning, of everything else the whole ARN (CloudTrail API reference, `DataResource`).
            if data.kind == "AWS::S3::Object" {
                arns.starts_with.clone_from(&data.values);
            } else {
                arns.equals.clone_from(&data.values);
            }
            fields.push(arns);
        }
        fields.extend(way.clone());
        all.push(AdvancedSelector { name: Some(format!("Data events of {}", data.kind)), fields });
    }
    all
}

fn slices(selector: &AdvancedSelector) -> Vec<Slice> {
    let value = |name: &str| {
        selector.fields.iter().find(|field| field.field == name).and_then(|field| field.equals.first()).cloned()
    };
    let Some(category) = value(CATEGORY) else { return Vec::new() };
    let ways: &[bool] = match value(READ_ONLY).as_deref() {
        Some("true") => &[true],
        Some("false") => &[false],
        _ => &[true, false],
    };
    let mut fields: BTreeMap<String, FieldSelector> = (selector.fields.iter())
        .filter(|field| field.field != CATEGORY && field.field != READ_ONLY)
        .map(|field| (field.field.clone(), field.clone()))
        .collect();
    // Each resource on its own: they may be spread over several selectors elsewhere.
    let resources = fields.remove(RESOURCE).map_or_else(|| vec![None], |field| one_by_one(&field));
    let slice = |reads: bool, resource: Option<FieldSelector>| {
        let mut fields = fields.clone();
        fields.extend(resource.map(|field| (RESOURCE.to_owned(), field)));
        Slice { category: category.clone(), reads, fields }
    };
    ways.iter()
        .flat_map(|reads| resources.iter().map(|resource| slice(*reads, resource.clone())).collect::<Vec<_>>())
        .collect()
}

fn one_by_one(field: &FieldSelector) -> Vec<Option<FieldSelector>> {
    if !field.is_positive() {
        return vec![Some(field.clone())];
    }
    let bare = FieldSelector { equals: Vec::new(), starts_with: Vec::new(), ends_with: Vec::new(), ..field.clone() };
    let equals = field.equals.iter().map(|v| FieldSelector { equals: vec![v.clone()], ..bare.clone() });
    let starts = field.starts_with.iter().map(|v| FieldSelector { starts_with: vec![v.clone()], ..bare.clone() });
    let ends = field.ends_with.iter().map(|v| FieldSelector { ends_with: vec![v.clone()], ..bare.clone() });
    equals.chain(starts).chain(ends).map(Some).collect()
}
