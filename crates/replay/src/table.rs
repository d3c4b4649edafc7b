//! Exports with columns: what CloudTrail Lake and Athena save of a query, as CSV.

use std::{
    cell::Cell,
    io::{self, Read},
};

use serde_json::{Map, Value};

/// No row is larger, as no record is.
const LARGEST: usize = 16 << 20;

/// Columns that make a table one of records.
const NAME: &str = "eventname";
const WHOLE: &str = "eventjson";
/// The column without which most records say nothing of a resource.
const REQUEST: &str = "requestParameters";

/// Whether `text` begins with a line of columns of which one is a record or its name.
pub(crate) fn is_table(text: &[u8]) -> bool {
    let begins = text.get(..text.len().min(20_000)).unwrap_or_default();
    let line = begins.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.first().is_none_or(|first| matches!(first, b'{' | b'[')) {
        return false;
    }
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    line.split(',').map(|column| column.trim().trim_matches('"')).any(|column| column == NAME || column == WHOLE)
}

/// Gives `each` row as a record, and whether its request could be read. A column that is not JSON and should be is left out: the record
/// says less then.
///
/// # Errors
/// What is wrong with the table, and where.
pub(crate) fn records(reader: &mut dyn Read, mut each: impl FnMut(&str, bool)) -> Result<(), String> {
    // A quote without an end makes one row of all that follows.
    let left = Cell::new(LARGEST);
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(Rows { inner: reader, left: &left });
    let columns = table.byte_headers().map(text).map_err(|error| error.to_string())?;
    let whole = columns.iter().position(|column| column.eq_ignore_ascii_case(WHOLE));
    let (mut odd, mut unread) = (0_u64, 0_u64);
    for row in table.into_byte_records() {
        left.set(LARGEST);
        let row = text(&row.map_err(|error| error.to_string())?);
        match whole {
            Some(at) => match row.get(at).filter(|text| text.trim_start().starts_with('{')) {
                Some(text) => each(text, true),
                None => odd += 1,
            },
            None => {
                let (record, is_read) = record(&columns, &row);
                unread += u64::from(!is_read);
                each(&record, is_read);
            }
        }
    }
    match (odd, unread) {
        (0, 0) => Ok(()),
        (0, 1) => Err("1 row has a request that is not JSON, so what it is about is not known".to_owned()),
        (0, unread) => {
            Err(format!("{unread} rows have requests that are not JSON, so what they are about is not known"))
        }
        (1, _) => Err("1 row has no record in `eventJson`".to_owned()),
        (odd, _) => Err(format!("{odd} rows have no record in `eventJson`")),
    }
}

/// A row whose bytes that are no text are replaced: one such name does not end the table.
fn text(row: &csv::ByteRecord) -> csv::StringRecord {
    row.iter().map(String::from_utf8_lossy).collect()
}

/// Ends a row that has no end.
struct Rows<'r> {
    inner: &'r mut dyn Read,
    /// Bytes that may be read until the next row.
    left: &'r Cell<usize>,
}

impl Read for Rows<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.get().checked_sub(read) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other("a row of it has more than 16 MiB without an end")),
        }
        Ok(read)
    }
}

/// A record of a row's columns, and whether its request could be read.
fn record(columns: &csv::StringRecord, row: &csv::StringRecord) -> (String, bool) {
    let mut record = Map::new();
    let mut is_read = true;
    for (column, cell) in columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty() && *cell != "null") {
        let json = || cell.starts_with('{').then(|| serde_json::from_str::<Value>(cell).ok()).flatten();
        let value = match cell {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ if cell.starts_with('{') => match json() {
                Some(value) => value,
                None => {
                    is_read &= proper(column) != REQUEST;
                    continue;
                }
            },
            _ => Value::String(cell.to_owned()),
        };
        record.insert(proper(column), value);
    }
    (Value::Object(record).to_string(), is_read)
}

/// Athena writes every name in lower case.
fn proper(column: &str) -> String {
    const NAMES: [&str; 17] = [
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "errorCode",
        "errorMessage",
        "requestParameters",
        "responseElements",
        "requestID",
        "eventID",
        "readOnly",
        "eventType",
        "recipientAccountId",
    ];
    NAMES
        .iter()
        .find(|name| name.eq_ignore_ascii_case(column))
        .map_or_else(|| column.to_owned(), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<String>, Result<(), String>) {
        let mut found = Vec::new();
        let result = records(&mut text.as_bytes(), |record, is_read| {
            found.push(format!("{record}{}", if is_read { "" } else { " without its request" }))
        });
        (found, result)
    }

    #[test]
    fn lake_s_whole_records() {
        let text = "eventJson,n\n\"{\"\"eventName\"\":\"\"A\"\"}\",1\n,2\n";
        assert!(is_table(text.as_bytes()));
        assert_eq!(
            all(text),
            (vec![r#"{"eventName":"A"}"#.to_owned()], Err("1 row has no record in `eventJson`".to_owned()))
        );
    }

    #[test]
    fn columns_of_athena() {
        let text = "eventtime,eventname,eventsource,requestparameters,useridentity\n\
                    2025-07-10T12:00:00Z,PutBucketAcl,s3.amazonaws.com,\"{\"\"bucketName\"\":\"\"a\"\"}\",{type=Root}\n";
        let (found, result) = all(text);
        assert_eq!(result, Ok(()));
        let record: Value = serde_json::from_str(&found[0]).unwrap();
        assert_eq!(record["eventName"], "PutBucketAcl");
        assert_eq!(record["requestParameters"]["bucketName"], "a");
        assert!(record.get("userIdentity").is_none());
        let (found, result) = all("eventname,requestparameters\nA,{bucketName=a}\nB,null\nC,\n");
        assert!(
            found[0].ends_with("without its request") && found[1..].iter().all(|one| one.ends_with('}')),
            "{found:?}"
        );
        assert_eq!(result, Err("1 row has a request that is not JSON, so what it is about is not known".to_owned()));
    }

    #[test]
    fn other_texts_are_no_tables() {
        for text in ["{\"eventName\":1}", "a,b\n1,2", "", "eventName is a word\n", "[1]"] {
            assert!(!is_table(text.as_bytes()), "{text}");
        }
    }
}
