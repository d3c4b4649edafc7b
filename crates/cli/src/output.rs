//! Where text goes and how it looks. Colours only where a terminal shows them and nobody switched them off (`NO_COLOR`,
//! `CLICOLOR`).

use std::{
    fmt::Write as _,
    fs,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    path::Path,
};

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

/// Whether somebody sits at a terminal who can be asked.
pub(crate) fn is_somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question on standard error and waits for the answer; anything but yes is no.
pub(crate) fn ask(question: &str) -> bool {
    let mut err = anstream::AutoStream::auto(io::stderr()).lock();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut answer = String::new();
    let read = io::stdin().lock().take(100).read_line(&mut answer);
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

/// Rows below a heading, in columns that fit. The cells are escaped already and may have colours in them.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[Text; N]]) -> Text {
    let width = |cell: &str| anstream::adapter::strip_str(cell).to_string().chars().count();
    let mut widths = heading.map(width);
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = width(cell).max(*widest);
        }
    }
    let line = |cells: [&str; N]| {
        let mut line = Text::new();
        for (cell, widest) in cells.into_iter().zip(widths) {
            let _ = write!(line, "{cell}{}", " ".repeat(widest.saturating_sub(width(cell)) + 2));
        }
        line.trim_end().to_owned()
    };
    let mut table = Text::new();
    let _ = writeln!(table, "{}", paint(Style::Dim, &line(heading)));
    for row in rows {
        let _ = writeln!(table, "{}", line(row.each_ref().map(String::as_str)));
    }
    table
}

/// Writes `text` to `file`, or to the file that a link of that name leads to: all of it or nothing, whatever happens in between. What is no file
/// but a pipe or a device is written to as it is.
pub(crate) fn write_file(file: &Path, text: &str) -> io::Result<()> {
    let file = &file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let there = fs::metadata(file).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return fs::OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes());
    }
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "its directory is not there"));
    }
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut page = builder.tempfile_in(directory)?;
    page.write_all(text.as_bytes())?;
    if let Some(there) = there {
        page.as_file().set_permissions(there.permissions())?;
    }
    page.as_file().sync_all()?;
    page.persist(file).map(drop).map_err(|error| error.error)
}

/// Progress on standard error, where somebody sees it. Gone when dropped.
pub(crate) fn progress(of: usize, what: &'static str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(of as u64);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:30} {pos} of {len} {msg}") {
        bar.set_style(style);
    }
    bar.with_message(what).with_finish(indicatif::ProgressFinish::AndClear)
}

/// A sign of life on standard error while nobody knows how long it takes, where somebody sees it. Gone when dropped.
pub(crate) fn waiting(what: &'static str) -> indicatif::ProgressBar {
    let spinner = indicatif::ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(std::time::Duration::from_millis(200));
    spinner.with_finish(indicatif::ProgressFinish::AndClear)
}

/// Writes a line to standard error. Nobody listening is no failure.
pub(crate) fn talk(text: &str) {
    let _ = writeln!(anstream::AutoStream::auto(io::stderr()).lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use rectify_render::Style;

    use super::{paint, table};

    #[test]
    fn columns_fit_what_is_seen() {
        let rows = [
            ["a".to_owned(), paint(Style::Bad, "wide"), "x".to_owned()],
            ["bb".to_owned(), String::new(), String::new()],
        ];
        let text = anstream::adapter::strip_str(&table(["ONE", "TWO", "THREE"], &rows)).to_string();
        assert_eq!(text, "ONE  TWO   THREE\na    wide  x\nbb\n");
    }
}
