//! One control in full.

use std::fmt::Write as _;

use rectify_controls::Action;
use rectify_render::{Style, escape};
use serde_json::json;

use super::{Entry, mode, style};
use crate::output::{Text, paint};

pub(super) fn text(entry: &Entry) -> Text {
    let control = entry.control;
    let mut text = Text::new();
    let _ = writeln!(text, "{}  {}", paint(Style::Strong, control.id), escape::line(control.title, 200));
    let severity = paint(style(control.severity), &control.severity.to_string());
    let _ = writeln!(text, "\n{} severity, {}", severity, meaning(control.action));
    section(&mut text, "What breaks it", &wrapped(control.breach));
    section(&mut text, "What a correction does", &wrapped(control.correction));
    section(&mut text, "What can break then", &wrapped(control.disruption));
    section(&mut text, "Why", &wrapped(control.guidance.why));
    let modes: Vec<String> = entry.modes.iter().map(|(name, how)| format!("{name}: {}", mode(*how))).collect();
    section(&mut text, "Mode here", &modes.join("\n"));
    let calls = entry.events().map(|event| format!("{} ({})", event.name, event.source));
    let notices = entry.notices().map(|notice| format!("{} ({})", notice.detail_type, notice.source));
    let events: Vec<String> = calls.chain(notices).collect();
    section(&mut text, "Woken by", &events.join("\n"));
    let options: Vec<String> = (control.options.iter())
        .map(|option| format!("{} = {}\n    {}", option.name, option.default, option.doc))
        .collect();
    section(&mut text, &format!("Options, under [control.{}]", control.id), &options.join("\n"));
    let frameworks: Vec<String> =
        control.frameworks.iter().map(|framework| format!("{}: {}", framework.name, framework.ids)).collect();
    section(&mut text, "In published frameworks", &frameworks.join("\n"));
    section(&mut text, "Console", control.guidance.console);
    section(&mut text, "Command line", control.guidance.cli);
    section(&mut text, "Terraform", control.guidance.terraform);
    section(&mut text, "CloudFormation", control.guidance.cloudformation);
    section(&mut text, "CDK", control.guidance.cdk);
    text
}

pub(super) fn json(entry: &Entry) -> serde_json::Value {
    let control = entry.control;
    let guidance = &control.guidance;
    json!({
        "id": control.id,
        "kind": entry.kind,
        "title": control.title,
        "severity": control.severity,
        "action": control.action,
        "breach": control.breach,
        "correction": control.correction,
        "disruption": control.disruption,
        "guidance": {
            "why": guidance.why,
            "console": guidance.console,
            "cli": guidance.cli,
            "terraform": guidance.terraform,
            "cloudformation": guidance.cloudformation,
            "cdk": guidance.cdk,
        },
        "modes": entry.modes.iter().map(|(name, how)| (name.clone(), json!(mode(*how)))).collect::<serde_json::Map<_, _>>(),
        "notices": entry.notices().map(|notice| json!({ "source": notice.source, "detail_type": notice.detail_type })).collect::<Vec<_>>(),
        "events": entry.events().map(|event| json!({ "source": event.source, "name": event.name })).collect::<Vec<_>>(),
        "options": control.options.iter().map(|option| {
            json!({ "name": option.name, "default": option.default, "doc": option.doc })
        }).collect::<Vec<_>>(),
        "frameworks": control.frameworks.iter().map(|framework| {
            json!({ "name": framework.name, "ids": framework.ids.split(", ").collect::<Vec<_>>() })
        }).collect::<Vec<_>>(),
    })
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

fn meaning(action: Action) -> &'static str {
    match action {
        Action::Correct => "put back where the environment is corrective",
        Action::Guarded => "put back only where the settings switch it on by name",
        Action::Notify => "told only",
    }
}
