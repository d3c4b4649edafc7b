//! Reading a text that a person names: a file, or `-` for standard input.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::{Path, PathBuf},
};

use crate::output;

/// Most bytes that are read.
pub(crate) const MAX_BYTES: u64 = 5 * 1024 * 1024;

/// Why a text could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("could not read {}: {source}", name(.path))]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is larger than 5 MiB, the most that is read", name(.path))]
    TooLarge { path: PathBuf },
    #[error("{} is empty", name(.path))]
    Empty { path: PathBuf },
    #[error("{} is {encoding} text, not UTF-8", name(.path))]
    Encoding { path: PathBuf, encoding: &'static str },
    #[error("{} is not UTF-8 text: bad byte in line {line}, column {column}", name(.path))]
    NotUtf8 { path: PathBuf, line: usize, column: usize },
}

impl InputError {
    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Encoding { encoding, path } => {
                let from = encoding.to_ascii_lowercase();
                let file = if is_stdin(path) { "FILE".into() } else { path.to_string_lossy() };
                Some(format!("convert it first, for example with `iconv -f {from} -t utf-8 {file}`"))
            }
            Self::Empty { .. } => Some("a resource without a policy has nothing to judge".to_owned()),
            Self::Read { .. } | Self::TooLarge { .. } | Self::NotUtf8 { .. } => None,
        }
    }
}

/// Reads `path`, or standard input for `-`. A byte order mark is left out.
pub(crate) fn read(path: &Path) -> Result<String, InputError> {
    let failed = |source| InputError::Read { path: path.to_owned(), source };
    let bytes = if is_stdin(path) {
        if io::stdin().is_terminal() {
            output::talk("reading from the terminal; end with Ctrl-D");
        }
        bounded(io::stdin().lock()).map_err(failed)?
    } else {
        bounded(File::open(path).map_err(failed)?).map_err(failed)?
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(InputError::TooLarge { path: path.to_owned() });
    }
    decode(path, &bytes)
}

/// What a path is called in messages, in backticks when it is a person's word.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { format!("`{}`", path.display()) }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(path: &Path, bytes: &[u8]) -> Result<String, InputError> {
    let encoding = match bytes {
        // The longer mark first: it begins like the shorter one.
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        // JSON starts with an ASCII character, so a zero beside it is half of a wider one (RFC 4627, section 3).
        [0, 0, 0, _, ..] | [_, 0, 0, 0, ..] => Some("UTF-32"),
        [0, _, ..] => Some("UTF-16BE"),
        [_, 0, ..] => Some("UTF-16LE"),
        _ => None,
    };
    if let Some(encoding) = encoding {
        return Err(InputError::Encoding { path: path.to_owned(), encoding });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default()).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        InputError::NotUtf8 { path: path.to_owned(), line, column }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(InputError::Empty { path: path.to_owned() });
    }
    Ok(text.to_owned())
}
