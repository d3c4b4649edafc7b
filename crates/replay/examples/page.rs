//! Writes a page of made-up numbers to standard output, to be looked at in a browser:
//! `cargo run -p rectify-replay --example page > page.html`. With `empty` behind `--`, one of a replay that read nothing; with
//! `text`, the lines of a terminal.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "of the sample, which tests share")]

use std::io::{self, Write as _};

#[expect(dead_code, reason = "tests use all of it")]
#[path = "../tests/show/sample.rs"]
mod sample;

use rectify_replay::show;

fn main() -> io::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let page = match wanted.as_str() {
        "empty" => show::html(&sample::empty(), &sample::about()),
        "text" => show::text(&sample::report()).iter().map(|line| format!("{line}\n")).collect(),
        _ => show::html(&sample::report(), &sample::about()),
    };
    io::stdout().write_all(page.as_bytes())
}
