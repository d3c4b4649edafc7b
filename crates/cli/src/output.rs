//! Where text goes and how it looks. Colours only where a terminal shows them and nobody switched them off (`NO_COLOR`,
//! `CLICOLOR`).

use std::io::{self, Write as _};

use anstyle::{AnsiColor, Effects};
use clap::ValueEnum;
use rectify_render::{Line, Style};

use crate::failure::Failure;

/// Text with colours in it.
pub(crate) type Text = String;

/// For people or for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For machines: one JSON document.
    Json,
}

/// `text`, already escaped, as `style` looks.
pub(crate) fn paint(style: Style, text: &str) -> String {
    let ansi = match style {
        Style::Plain => return text.to_owned(),
        Style::Dim => anstyle::Style::new().effects(Effects::DIMMED),
        Style::Strong => anstyle::Style::new().bold(),
        Style::Good => AnsiColor::Green.on_default().bold(),
        Style::Warn => AnsiColor::Yellow.on_default().bold(),
        Style::Bad => AnsiColor::Red.on_default().bold(),
    };
    format!("{ansi}{text}{ansi:#}")
}

/// A rendered line with its colours.
pub(crate) fn painted(line: &Line) -> String {
    line.spans.iter().map(|span| paint(span.style, &span.text)).collect()
}

/// Writes `text` to standard output.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut out = anstream::AutoStream::auto(io::stdout()).lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
}

/// Writes `value` to standard output as JSON, harmless to look at.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    data(&format!("{}\n", json_lines(&format!("{value:#}"))))
}

/// Pretty JSON keeps its line feeds; inside a string there are none, so every other hidden character is escaped.
fn json_lines(pretty: &str) -> String {
    pretty.lines().map(rectify_render::escape::json).collect::<Vec<_>>().join("\n")
}

/// Writes a line to standard error. Nobody listening is no failure.
pub(crate) fn talk(text: &str) {
    let _ = writeln!(anstream::AutoStream::auto(io::stderr()).lock(), "{text}");
}
