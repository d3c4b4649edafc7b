//! What the doctor found: results, their table and what to do. Pure.

use std::fmt::Write as _;

use rectify_render::{Style, escape};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    connection::CloudError,
    exit,
    output::{Text, paint, table},
};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// As it should be.
    Fine,
    /// Not looked at, for a reason that is no fault.
    Skipped,
    /// It works, and somebody should know.
    Warning,
    /// It does not work, or could not be looked at.
    Failed,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }

    fn painted(self) -> Text {
        let style = match self {
            Self::Fine => Style::Good,
            Self::Skipped => Style::Dim,
            Self::Warning => Style::Warn,
            Self::Failed => Style::Bad,
        };
        paint(style, self.word())
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// What was looked at, for scripts: it never changes its meaning.
    pub(super) id: &'static str,
    /// Of what, for example a kind; empty for the stack as a whole.
    pub(super) of: String,
    pub(super) verdict: Verdict,
    /// What was seen.
    pub(super) seen: String,
    /// What to do; `None` when nothing is.
    pub(super) next: Option<String>,
}

impl Check {
    fn new(id: &'static str, of: impl Into<String>, verdict: Verdict, seen: impl Into<String>) -> Self {
        Self { id, of: of.into(), verdict, seen: seen.into(), next: None }
    }

    pub(super) fn fine(id: &'static str, of: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(id, of, Verdict::Fine, seen)
    }

    pub(super) fn skipped(id: &'static str, of: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(id, of, Verdict::Skipped, why)
    }

    pub(super) fn warning(
        id: &'static str,
        of: impl Into<String>,
        seen: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { next: Some(next.into()), ..Self::new(id, of, Verdict::Warning, seen) }
    }

    pub(super) fn failed(
        id: &'static str,
        of: impl Into<String>,
        seen: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { next: Some(next.into()), ..Self::new(id, of, Verdict::Failed, seen) }
    }

    /// What could not be looked at is not fine.
    pub(super) fn unread(id: &'static str, of: impl Into<String>, error: &CloudError) -> Self {
        let next = error.help().unwrap_or_else(|| "see what AWS says, and try again".to_owned());
        Self::failed(id, of, error.to_string(), next)
    }
}

/// Everything that was found, in the order in which it is told.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings(pub(super) Vec<Check>);

impl Findings {
    fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|check| check.verdict == verdict).count()
    }

    /// A warning is no failure.
    pub(super) fn code(&self) -> u8 {
        if self.count(Verdict::Failed) == 0 { exit::FINE } else { exit::UNWELL }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "fine": self.count(Verdict::Failed) == 0,
            "checks": self.0.iter().map(|check| json!({
                "check": check.id,
                "of": (!check.of.is_empty()).then_some(&check.of),
                "result": check.verdict,
                "seen": check.seen,
                "next": check.next,
            })).collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self) -> Text {
        let rows: Vec<[Text; 4]> = (self.0.iter())
            .map(|check| {
                let of = escape::line(&check.of, 60);
                [check.verdict.painted(), check.id.to_owned(), of, escape::line(&check.seen, 400)]
            })
            .collect();
        let mut text = table(["RESULT", "CHECK", "OF", "SEEN"], &rows);
        let mut to_do = (self.0.iter()).filter_map(|check| Some((check, check.next.as_ref()?))).peekable();
        if to_do.peek().is_some() {
            let _ = writeln!(text, "\n{}", paint(Style::Strong, "What to do"));
        }
        for (check, next) in to_do {
            let of = if check.of.is_empty() { String::new() } else { format!(" of {}", escape::line(&check.of, 60)) };
            let _ = writeln!(text, "  {}{of}: {}", check.id, escape::line(next, 600));
        }
        text
    }

    /// One line for standard error.
    pub(super) fn sum(&self) -> String {
        let said = |verdict: Verdict| match self.count(verdict) {
            0 => None,
            many => Some(format!("{many} {}", verdict.word())),
        };
        let said: Vec<String> =
            [Verdict::Failed, Verdict::Warning, Verdict::Skipped, Verdict::Fine].into_iter().filter_map(said).collect();
        said.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        Findings(vec![
            Check::fine("ledger", "rectify-ledger", "answers"),
            Check::skipped("members", "", "no organisation"),
            Check::warning("version", "s3-bucket", "is 0.1.0", "deploy this release"),
        ])
    }

    #[test]
    fn a_warning_is_no_failure_and_a_failure_is_one() {
        let mut findings = findings();
        assert_eq!((findings.code(), findings.json()["fine"].as_bool()), (exit::FINE, Some(true)));
        findings.0.push(Check::failed("rule", "s3-bucket", "is disabled", "enable it"));
        assert_eq!((findings.code(), findings.json()["fine"].as_bool()), (exit::UNWELL, Some(false)));
        assert_eq!(findings.sum(), "1 failed, 1 warning, 1 skipped, 1 fine");
        assert_eq!(findings.json()["checks"][3]["result"], "failed");
    }

    #[test]
    fn the_table_ends_with_what_to_do() {
        let text = anstream::adapter::strip_str(&findings().text()).to_string();
        assert_eq!(
            text,
            "RESULT   CHECK    OF              SEEN\n\
             fine     ledger   rectify-ledger  answers\n\
             skipped  members                  no organisation\n\
             warning  version  s3-bucket       is 0.1.0\n\n\
             What to do\n  version of s3-bucket: deploy this release\n"
        );
        let fine = Findings(vec![Check::fine("ledger", "", "answers")]);
        assert!(!fine.text().contains("What to do"));
    }

    #[test]
    fn what_others_chose_is_harmless_to_look_at() {
        let text = Findings(vec![Check::failed("function", "x", "\u{1b}[2J\nfine", "\u{7}do")]).text();
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains("\nfine"), "{text:?}");
    }
}
