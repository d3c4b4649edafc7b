//! Columns that fit.

use rectify_render::{Line, Style, escape};
use textwrap::core::display_width;

use crate::show::words::fit;

/// How much of either end of a name there is before it is cut to its column.
const NAME: usize = 200;
/// Least width of a column that gives way.
const LEAST: usize = 12;

/// A text from outside, as one harmless line. Of one that is far too long both ends stay, for [`fit`].
pub(super) fn outside(text: &str) -> String {
    escape::value(&ends(text), usize::MAX)
}

/// A path of the reader's, as one visible line that can be copied.
pub(super) fn path(text: &str) -> String {
    escape::line(&ends(text), usize::MAX)
}

fn ends(text: &str) -> String {
    let long = text.chars().count() > 2 * NAME;
    if !long {
        return text.to_owned();
    }
    let mut tail: Vec<char> = text.chars().rev().take(NAME).collect();
    tail.reverse();
    text.chars().take(NAME).chain(std::iter::once('…')).chain(tail).collect()
}

/// How many columns of a terminal `text` takes.
pub(super) fn width(text: &str) -> usize {
    display_width(text)
}

/// A column: its name, and where its cells stand.
pub(super) struct Column {
    name: &'static str,
    right: bool,
    rest: bool,
}

impl Column {
    /// Text.
    pub(super) fn left(name: &'static str) -> Self {
        Self { name, right: false, rest: false }
    }

    /// Numbers.
    pub(super) fn right(name: &'static str) -> Self {
        Self { name, right: true, rest: false }
    }

    /// Text that gives way when there is not enough room.
    pub(super) fn rest(name: &'static str) -> Self {
        Self { name, right: false, rest: true }
    }
}

/// Rows below the names of their columns.
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<(Style, String)>>,
}

impl Grid {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Cells, escaped already, as many as there are columns.
    pub(super) fn row(&mut self, cells: Vec<(Style, String)>) {
        self.rows.push(cells);
    }

    pub(super) fn write(self, lines: &mut Vec<Line>, indent: &str, room: usize) {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| display_width(column.name)).collect();
        for row in &self.rows {
            for (widest, (_, cell)) in widths.iter_mut().zip(row) {
                *widest = display_width(cell).max(*widest);
            }
        }
        let gaps = self.columns.len().saturating_sub(1) * 2;
        let all = indent.len() + gaps + widths.iter().sum::<usize>();
        for (width, column) in widths.iter_mut().zip(&self.columns) {
            if column.rest {
                *width = width.saturating_sub(all.saturating_sub(room)).max(LEAST.min(*width));
            }
        }
        let names = self.columns.iter().map(|column| (Style::Dim, column.name.to_owned())).collect();
        for row in std::iter::once(names).chain(self.rows) {
            let mut line = Line::new().own(Style::Plain, indent);
            let last = row.len().saturating_sub(1);
            for (at, ((style, cell), (column, width))) in
                row.into_iter().zip(self.columns.iter().zip(&widths)).enumerate()
            {
                let cell = fit(&cell, *width);
                let pad = " ".repeat(width.saturating_sub(display_width(&cell)));
                let (before, after) = if column.right { (pad, "") } else { (String::new(), pad.as_str()) };
                let after = if at == last { String::new() } else { format!("{after}  ") };
                if !before.is_empty() {
                    line = line.own(Style::Plain, &before);
                }
                line = line.own(style, &cell);
                if !after.is_empty() {
                    line = line.own(Style::Plain, &after);
                }
            }
            lines.push(line);
        }
    }
}
