//! `rectify controls`

use std::fmt::Write as _;

use rectify_controls::{Action, Control, ResourceKind, Severity, Trigger};
use rectify_render::{Style, escape};
use serde_json::json;

use crate::{
    exit,
    failure::Failure,
    kinds::{self, NoControl},
    output::{self, Format, Text, paint},
};

/// Read the rule book: every control, or one in full.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A control, for example `s3-bucket-public-acl`. Without it all are listed.
    id: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// A control in its place in the book.
struct Entry {
    kind: ResourceKind,
    control: &'static Control,
    events: &'static [Trigger],
}

/// The whole book.
fn book() -> Vec<Entry> {
    let entries = |kind: &'static kinds::KindEntry| {
        kind.controls.iter().map(|control| Entry { kind: kind.name, control, events: kind.events })
    };
    kinds::KINDS.iter().flat_map(entries).collect()
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let book = book();
    match (&args.id, args.output) {
        (None, Format::Text) => output::data(&table(&book))?,
        (None, Format::Json) => output::json(&book.iter().map(Entry::json).collect())?,
        (Some(id), format) => {
            let Some(entry) = find(&book, id)? else { return Ok(exit::FINE) };
            match format {
                Format::Text => output::data(&entry.text())?,
                Format::Json => output::json(&entry.json())?,
            }
        }
    }
    Ok(exit::FINE)
}

fn find<'b>(book: &'b [Entry], id: &str) -> Result<Option<&'b Entry>, NoControl> {
    let control = kinds::control(id)?;
    Ok(book.iter().find(|entry| entry.control.id == control.id))
}

fn table(book: &[Entry]) -> Text {
    let id_width = book.iter().map(|entry| entry.control.id.len()).max().unwrap_or_default();
    let mut text = Text::new();
    let head = format!("{:id_width$}  {:8}  {:7}  TITLE", "CONTROL", "SEVERITY", "DEFAULT");
    let _ = writeln!(text, "{}", paint(Style::Strong, &head));
    for Entry { control, .. } in book {
        let severity = paint(style(control.severity), &format!("{:8}", control.severity.to_string()));
        let action = action(control.action);
        let _ =
            writeln!(text, "{:id_width$}  {severity}  {action:7}  {}", control.id, escape::line(control.title, 200));
    }
    text
}

impl Entry {
    fn events(&self) -> impl Iterator<Item = &'static Trigger> {
        self.events.iter().filter(|trigger| trigger.controls.contains(&self.control.id))
    }

    fn text(&self) -> Text {
        let control = self.control;
        let mut text = Text::new();
        let _ = writeln!(text, "{}  {}", paint(Style::Strong, control.id), escape::line(control.title, 200));
        let severity = paint(style(control.severity), &control.severity.to_string());
        let _ = writeln!(text, "\n{} severity, {}", severity, meaning(control.action));
        section(&mut text, "What breaks it", &wrapped(control.breach));
        section(&mut text, "What a correction does", &wrapped(control.correction));
        section(&mut text, "What can break then", &wrapped(control.disruption));
        section(&mut text, "Why", &wrapped(control.guidance.why));
        let events: Vec<String> = self.events().map(|event| format!("{} ({})", event.name, event.source)).collect();
        section(&mut text, "Woken by", &events.join("\n"));
        let options: Vec<String> = (control.options.iter())
            .map(|option| format!("{} = {}\n    {}", option.name, option.default, option.doc))
            .collect();
        section(&mut text, &format!("Options, under [control.{}]", control.id), &options.join("\n"));
        let frameworks: Vec<String> =
            control.frameworks.iter().map(|framework| format!("{}: {}", framework.name, framework.ids)).collect();
        section(&mut text, "In published frameworks", &frameworks.join("\n"));
        section(&mut text, "Terraform", control.guidance.terraform);
        section(&mut text, "CloudFormation", control.guidance.cloudformation);
        section(&mut text, "CDK", control.guidance.cdk);
        text
    }

    fn json(&self) -> serde_json::Value {
        let control = self.control;
        let guidance = &control.guidance;
        json!({
            "id": control.id,
            "kind": self.kind,
            "title": control.title,
            "severity": control.severity,
            "action": control.action,
            "breach": control.breach,
            "correction": control.correction,
            "disruption": control.disruption,
            "guidance": {
                "why": guidance.why,
                "terraform": guidance.terraform,
                "cloudformation": guidance.cloudformation,
                "cdk": guidance.cdk,
            },
            "events": self.events().map(|event| json!({ "source": event.source, "name": event.name })).collect::<Vec<_>>(),
            "options": control.options.iter().map(|option| {
                json!({ "name": option.name, "default": option.default, "doc": option.doc })
            }).collect::<Vec<_>>(),
            "frameworks": control.frameworks.iter().map(|framework| {
                json!({ "name": framework.name, "ids": framework.ids.split(", ").collect::<Vec<_>>() })
            }).collect::<Vec<_>>(),
        })
    }
}

fn section(text: &mut Text, heading: &str, body: &str) {
    if body.trim().is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(Style::Strong, heading));
    for line in escape::block(body, 20_000).lines() {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
    }
}

/// Prose in lines of at most 98 characters, paragraphs kept.
fn wrapped(prose: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in prose.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 98 {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Correct => "correct",
        Action::Guarded => "guarded",
        Action::Notify => "notify",
    }
}

fn meaning(action: Action) -> &'static str {
    match action {
        Action::Correct => "put back where the environment is corrective",
        Action::Guarded => "put back only where the settings switch it on by name",
        Action::Notify => "told only",
    }
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::Bad,
        Severity::High => Style::Warn,
        Severity::Medium => Style::Plain,
        Severity::Low => Style::Dim,
    }
}
