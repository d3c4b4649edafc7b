//! A replay's answer as text: a page for a browser, lines for a terminal, rows for a spreadsheet and for machines.
//!
//! **Architecture invariant:** pure. The same report always gives the same bytes.
//!
//! **Architecture invariant:** every name in a log is somebody else's text. Each form makes it harmless where it is written, and
//! shows the characters that a reader would not see.

mod csv;
mod html;
mod jsonl;
mod text;
mod words;

use jiff::Timestamp;

pub use self::{
    csv::{COLUMNS, csv_header, csv_row},
    html::html,
    jsonl::json_line,
    text::text,
};

/// Where a report comes from: what it cannot know of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// What stands above it, for example `Replay of July`.
    pub title: String,
    /// What was read, as it was asked for.
    pub paths: Vec<String>,
    /// The settings that were taken, for example `settings.toml` or `the defaults`.
    pub settings: String,
    /// When it was made.
    pub made: Timestamp,
    /// The version of rectify that made it.
    pub version: String,
}
