//! Texts that do not fit into memory, part by part.

use std::io::{self, Read};

/// Reads the next `more` bytes behind the first `filled` of `window`. What was read before an error counts.
pub(super) fn fill(
    reader: &mut dyn Read,
    window: &mut Vec<u8>,
    filled: usize,
    more: usize,
) -> (usize, Option<io::Error>) {
    let most = filled + more;
    if window.len() < most {
        window.resize(most, 0);
    }
    let mut end = filled;
    let error = loop {
        // A decompressor that is asked for nothing may lose its place.
        if end == most {
            break None;
        }
        match window.get_mut(end..most).map(|free| reader.read(free)) {
            None | Some(Ok(0)) => break None,
            Some(Ok(read)) => end += read,
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Some(Err(error)) => break Some(error),
        }
    };
    (end - filled, error)
}
