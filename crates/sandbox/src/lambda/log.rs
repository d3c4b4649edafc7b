//! What a function writes. Its output goes to files without a name, not to pipes: after an answer everything written
//! before it is there to be read, so every line finds its invocation.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::Stdio;

use crate::hub::Hub;
use crate::record::LogLine;

/// A longer file is emptied after reading.
const LONGEST: u64 = 8 << 20;

/// The two streams of a process.
pub(super) struct Log {
    function: String,
    streams: [Stream; 2],
}

struct Stream {
    name: &'static str,
    /// Has a reading position of its own.
    file: File,
    read: u64,
    /// The beginning of a line whose end has not been written yet.
    open: Vec<u8>,
}

impl Log {
    /// A log and the ends for the process: its standard output and its standard error.
    pub(super) fn open(function: &str) -> std::io::Result<(Self, Stdio, Stdio)> {
        let (out, out_end) = Stream::open("stdout")?;
        let (err, err_end) = Stream::open("stderr")?;
        Ok((Self { function: function.to_owned(), streams: [out, err] }, out_end, err_end))
    }

    /// Records the lines written since the last time; at the end of the process also one without an end.
    pub(super) fn collect(&mut self, hub: &Hub, request_id: Option<&str>, is_end: bool) {
        for stream in &mut self.streams {
            let at_ns = hub.records.now();
            for line in stream.lines(is_end) {
                hub.records.log(LogLine {
                    function: self.function.clone(),
                    request_id: request_id.map(str::to_owned),
                    stream: stream.name,
                    line,
                    at_ns,
                });
            }
        }
    }
}

impl Stream {
    fn open(name: &'static str) -> std::io::Result<(Self, Stdio)> {
        let named = tempfile::NamedTempFile::new()?;
        let end = OpenOptions::new().append(true).open(named.path())?;
        let file = named.reopen()?;
        Ok((Self { name, file, read: 0, open: Vec::new() }, Stdio::from(end)))
    }

    fn lines(&mut self, is_end: bool) -> Vec<String> {
        let mut new = Vec::new();
        if let Err(error) = self.file.read_to_end(&mut new) {
            tracing::warn!(%error, stream = self.name, "a function's output cannot be read");
        }
        self.read += new.len() as u64;
        if self.read > LONGEST && self.file.set_len(0).is_ok() {
            self.read = 0;
            let _ = std::io::Seek::rewind(&mut self.file);
        }
        self.open.append(&mut new);
        let mut lines: Vec<String> = Vec::new();
        while let Some(end) = self.open.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.open.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned());
        }
        if is_end && !self.open.is_empty() {
            lines.push(String::from_utf8_lossy(&std::mem::take(&mut self.open)).into_owned());
        }
        lines
    }
}
