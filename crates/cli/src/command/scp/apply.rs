//! Carrying a plan out, and keeping what was there before.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use super::{
    Error,
    cloud::{Organization, Step},
    plan::{Backup, Change, Existing, FORMAT, Write},
};
use crate::{
    difference,
    output::{Text, paint},
};

/// What was done and what was not.
pub(super) struct Done {
    pub(super) done: Vec<Step>,
    /// What stopped it, and what is left, the step that failed first.
    pub(super) stopped: Option<(Error, Vec<Step>)>,
}

/// The steps of a plan: what is new and what changes before what goes, so that nothing is open in between that is closed
/// before and after.
pub(super) fn steps(changes: &[Change]) -> Vec<Step> {
    let mut steps = Vec::new();
    for change in changes {
        match (change.write(), &change.before, &change.after) {
            (Write::Create, _, Some(after)) => steps.push(Step::Create(after.clone())),
            (Write::Update, Some(before), Some(after)) => {
                steps.push(Step::Update { before: before.clone(), after: after.clone() });
            }
            (Write::Mark, Some(before), _) => steps.push(Step::Mark(before.clone())),
            _ => {}
        }
        let attach = |target: &String| Step::Attach { policy: change.name.clone(), target: target.clone() };
        steps.extend(change.attach().into_iter().map(attach));
    }
    for change in changes {
        let detach = |target: &String| Step::Detach { policy: change.name.clone(), target: target.clone() };
        steps.extend(change.detach().into_iter().map(detach));
        if change.write() == Write::Delete {
            steps.push(Step::Delete { policy: change.name.clone() });
        }
    }
    steps
}

/// Carries out what there is to do, up to the first failure.
pub(super) async fn carry_out(organization: &Organization<'_>, stack: &str, changes: &[Change]) -> Done {
    let before = changes.iter().filter_map(|change| change.before.as_ref());
    let mut ids: BTreeMap<String, String> = before.map(|policy| (policy.name.clone(), policy.id.clone())).collect();
    let mut done = Vec::new();
    let mut left = steps(changes).into_iter();
    while let Some(step) = left.next() {
        if let Err(error) = organization.carry_out(&step, stack, &mut ids).await {
            return Done { done, stopped: Some((error, std::iter::once(step).chain(left).collect())) };
        }
        done.push(step);
    }
    Done { done, stopped: None }
}

/// Writes down what there is, in a file of its own.
pub(super) fn keep(
    directory: &Path,
    organization: &str,
    stack: &str,
    existing: &[Existing],
    at: Timestamp,
) -> Result<PathBuf, Error> {
    let backup = Backup {
        format: FORMAT.to_owned(),
        at,
        organization: organization.to_owned(),
        stack: stack.to_owned(),
        policies: existing.iter().map(Existing::kept).collect(),
    };
    let path = directory.join(format!("{stack}-scp-{}.json", at.strftime("%Y%m%dT%H%M%S%3fZ")));
    let write = || -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        // Never over another one.
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let text = serde_json::to_string_pretty(&backup)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    match write() {
        Ok(()) => Ok(path),
        Err(source) => Err(Error::Keep { path, source }),
    }
}

impl Step {
    /// What it is, after «done» and «not done».
    pub(super) fn words(&self) -> String {
        match self {
            Self::Create(policy) => format!("create {}", policy.name),
            Self::Update { after, .. } => format!("update {}", after.name),
            Self::Mark(policy) => format!("mark {} as written", policy.name),
            Self::Attach { policy, target } => format!("attach {policy} to {target}"),
            Self::Detach { policy, target } => format!("detach {policy} from {target}"),
            Self::Delete { policy } => format!("delete {policy}"),
        }
    }
}

/// What would change, for people.
pub(super) fn shown(changes: &[Change]) -> Text {
    let mut text = Text::new();
    for change in changes.iter().filter(|change| change.is_something()) {
        let (style, word) = match change.write() {
            Write::Create => (Style::Good, "create"),
            Write::Update => (Style::Warn, "update"),
            Write::Mark => (Style::Plain, "mark as written"),
            Write::Delete => (Style::Bad, "delete"),
            Write::Keep => (Style::Plain, "keep"),
        };
        let _ = writeln!(text, "{} {}", paint(style, word), escape::line(&change.name, 200));
        if change.overwrites() {
            let _ = writeln!(text, "  {}", paint(Style::Bad, "somebody else changed it since rectify wrote it"));
        }
        text.push_str(&written(change));
        for target in change.attach() {
            let _ = writeln!(text, "  {}", paint(Style::Good, &format!("+ attach to {}", escape::line(target, 100))));
        }
        for target in change.detach() {
            let _ = writeln!(text, "  {}", paint(Style::Bad, &format!("- detach from {}", escape::line(target, 100))));
        }
    }
    text
}

/// What is different in a policy's text: of a whole document the names of its statements, which say more than four hundred
/// lines with a `+`.
fn written(change: &Change) -> Text {
    let statements = |content: &str, style, sign| {
        let names = statements(content)?;
        Some(format!("  {}\n", paint(style, &format!("{sign} denies {}", escape::line(&names.join(", "), 1_000)))))
    };
    let before = change.before.as_ref().map(|policy| &*policy.content);
    let after = change.after.as_ref().map(|policy| &*policy.content);
    let (style, sign, whole) = match change.write() {
        Write::Create => (Style::Good, '+', after),
        Write::Delete if !change.overwrites() => (Style::Bad, '-', before),
        Write::Update | Write::Delete => (Style::Plain, ' ', None),
        Write::Mark | Write::Keep => return Text::new(),
    };
    let short = whole.and_then(|content| statements(content, style, sign));
    let lines = || {
        let side = |content: Option<&str>| content.map(pretty).unwrap_or_default();
        difference::lines(&side(before), &side(after), "  ")
    };
    short.unwrap_or_else(lines)
}

/// The `Sid` of each statement; `None` when it is not a document as rectify makes them.
fn statements(content: &str) -> Option<Vec<String>> {
    let document: Value = serde_json::from_str(content).ok()?;
    let sid = |statement: &Value| statement.get("Sid")?.as_str().map(str::to_owned);
    document.get("Statement")?.as_array()?.iter().map(sid).collect()
}

/// As [`shown`], for machines: policies that stay as they are are in it, too.
pub(super) fn shown_json(changes: &[Change]) -> Value {
    let change = |change: &Change| {
        json!({
            "name": change.name,
            "change": change.write(),
            "changed_by_others": change.overwrites(),
            "before": change.before.as_ref().map(|policy| &policy.content),
            "after": change.after.as_ref().map(|policy| &policy.content),
            "attach": change.attach(),
            "detach": change.detach(),
        })
    };
    changes.iter().map(change).collect()
}

fn pretty(content: &str) -> String {
    serde_json::from_str::<Value>(content).map_or_else(
        |_| content.to_owned(),
        |mut value| {
            value.sort_all_objects();
            format!("{value:#}\n")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::plan::{Desired, plan},
        *,
    };

    #[test]
    fn nothing_is_taken_away_before_what_replaces_it_is_there() {
        let desired = |number: usize, content: &str| Desired {
            name: format!("rectify-{number}-guardrails"),
            description: String::new(),
            content: content.to_owned(),
            targets: ["r-1".to_owned()].into(),
        };
        let existing = |number: usize| {
            let Desired { name, description, content, targets } = desired(number, "{}");
            Existing { id: format!("p-{number}"), name, description, content, tags: BTreeMap::default(), targets }
        };
        let changes = plan(vec![existing(1), existing(2)], vec![desired(2, "{\"a\":1}"), desired(3, "{}")]);
        let words: Vec<String> = steps(&changes).iter().map(Step::words).collect();
        assert_eq!(
            words,
            [
                "update rectify-2-guardrails",
                "create rectify-3-guardrails",
                "attach rectify-3-guardrails to r-1",
                "detach rectify-1-guardrails from r-1",
                "delete rectify-1-guardrails",
            ]
        );
    }

    #[test]
    fn what_somebody_wrote_into_a_policy_is_escaped() {
        let policy = Existing {
            id: "p-1".to_owned(),
            name: "rectify-1-guardrails".to_owned(),
            description: String::new(),
            content: "\u{1b}]0;x\u{7}".to_owned(),
            tags: BTreeMap::default(),
            targets: ["r-\u{1b}[2J".to_owned()].into(),
        };
        let text = anstream::adapter::strip_str(&shown(&plan(vec![policy], Vec::new()))).to_string();
        assert!(text.contains("somebody else changed it") && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("\\u{1b}"), "{text}");
    }
}
