//! Rows for machines.

use rectify_render::escape;

use crate::Row;

/// `row` as one line of JSON, line feed included. What a reader would not see is escaped, so that it is harmless on a terminal
/// and means the same.
///
/// # Errors
///
/// None that a row can cause: the serialiser's own.
pub fn json_line(row: &Row) -> serde_json::Result<String> {
    let mut line = escape::json(&serde_json::to_string(row)?);
    line.push('\n');
    Ok(line)
}
