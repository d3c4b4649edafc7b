//! Where verdicts go as they come, and what other settings change.

use std::io::{self, BufWriter, Write as _};

use rectify_render::{Style, escape};
use rectify_replay::{
    Changed, Report, Row, Verdict,
    show::{csv_header, csv_row, json_line},
};
use serde_json::json;

use super::Form;
use crate::{
    failure::Failure,
    output::{self, Text, paint, table},
};

type Out = BufWriter<io::Stdout>;

/// Verdicts one by one.
pub(super) enum Rows {
    Jsonl(Out),
    Csv(csv::Writer<Out>, bool),
    None,
}

impl Rows {
    pub(super) fn new(form: Form) -> Self {
        let out = BufWriter::with_capacity(1 << 16, io::stdout());
        match form {
            Form::Jsonl => Self::Jsonl(out),
            Form::Csv => Self::Csv(csv::Writer::from_writer(out), false),
            Form::Text | Form::Json => Self::None,
        }
    }

    pub(super) fn row(&mut self, row: &Row) -> io::Result<()> {
        match self {
            Self::Jsonl(out) => out.write_all(json_line(row)?.as_bytes()),
            Self::Csv(out, begun) => {
                if !std::mem::replace(begun, true) {
                    csv_header(out)?;
                }
                Ok(csv_row(out, row)?)
            }
            Self::None => Ok(()),
        }
    }

    pub(super) fn end(self) -> io::Result<()> {
        match self {
            Self::Jsonl(mut out) => out.flush(),
            Self::Csv(mut out, begun) => {
                if !begun {
                    csv_header(&mut out)?;
                }
                out.flush()
            }
            Self::None => Ok(()),
        }
    }
}

/// Differences that are kept to be shown; more are only counted.
const MOST: usize = 10_000;

/// What other settings change.
pub(super) struct Differences {
    form: Form,
    rows: Vec<Changed>,
    total: u64,
}

impl Differences {
    pub(super) fn new(form: Form) -> Self {
        Self { form, rows: Vec::new(), total: 0 }
    }

    pub(super) fn row(&mut self, changed: &Changed) -> io::Result<()> {
        self.total += 1;
        match self.form {
            Form::Jsonl => {
                let line = escape::json(&serde_json::to_string(changed)?);
                writeln!(io::stdout(), "{line}")
            }
            Form::Text | Form::Json | Form::Csv => {
                if self.rows.len() < MOST {
                    self.rows.push(changed.clone());
                }
                Ok(())
            }
        }
    }

    pub(super) fn end(self, files: [&str; 2], reports: [&Report; 2]) -> Result<(), Failure> {
        match self.form {
            Form::Text => output::data(&self.text(files, reports)),
            Form::Json => {
                let [before, after] = reports;
                output::json(&json!({
                    "total": self.total, "rows": self.rows,
                    "before": {"settings": files[0], "report": before}, "after": {"settings": files[1], "report": after},
                }))
            }
            Form::Jsonl | Form::Csv => Ok(()),
        }
    }

    fn text(&self, [old, new]: [&str; 2], [before, after]: [&Report; 2]) -> Text {
        let mut text = format!(
            "{} verdicts are not the same with {} as with {}\n\n",
            paint(Style::Strong, &self.total.to_string()),
            escape::line(new, 300),
            escape::line(old, 300)
        );
        let count = |report: &Report, control: &str, verdict| {
            report.controls.iter().find(|row| row.control == control).map_or(0, |row| row.counts.of(verdict))
        };
        let mut ids: Vec<&str> = before.controls.iter().chain(&after.controls).map(|row| row.control).collect();
        ids.dedup();
        ids.sort_unstable();
        ids.dedup();
        let cell = |control: &str, verdict| {
            let (was, is) = (count(before, control, verdict), count(after, control, verdict));
            if was == is { is.to_string() } else { paint(Style::Warn, &format!("{was} → {is}")) }
        };
        let rows: Vec<[Text; 6]> = ids
            .into_iter()
            .filter(|id| Verdict::ALL.iter().any(|verdict| count(before, id, *verdict) != count(after, id, *verdict)))
            .map(|id| {
                let [correct, tell, exempt, ignored, live] = Verdict::ALL.map(|verdict| cell(id, verdict));
                [id.to_owned(), correct, tell, exempt, ignored, live]
            })
            .collect();
        if !rows.is_empty() {
            text.push_str(&table(["CONTROL", "CORRECT", "TELL", "EXEMPT", "IGNORED", "NEEDS LIVE STATE"], &rows));
            text.push('\n');
        }
        let said = |row: &Option<Row>| {
            row.as_ref().map_or_else(
                || "nothing".to_owned(),
                |row| match &row.why {
                    Some(why) => format!("{} ({})", row.verdict.words(), escape::value(why, 60)),
                    None => row.verdict.words().to_owned(),
                },
            )
        };
        let rows: Vec<[Text; 4]> = self
            .rows
            .iter()
            .take(SHOWN)
            .filter_map(|changed| {
                let row = changed.after.as_ref().or(changed.before.as_ref())?;
                let resource = escape::value(row.resource.as_deref().unwrap_or_default(), 60);
                let change = format!("{} → {}", said(&changed.before), said(&changed.after));
                Some([row.time.to_string(), row.control.to_owned(), resource, change])
            })
            .collect();
        if !rows.is_empty() {
            text.push_str(&table(["TIME", "CONTROL", "RESOURCE", "CHANGE"], &rows));
        }
        if self.total > SHOWN as u64 {
            text.push_str(&format!("and {} more: --output jsonl\n", self.total - SHOWN as u64));
        }
        text
    }
}

/// Differences that are shown as text.
const SHOWN: usize = 40;
