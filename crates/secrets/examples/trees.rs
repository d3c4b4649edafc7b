//! What the detector says about trees of files that hold no secrets, and how fast it is:
//!
//! ```text
//! cargo run --release -p rectify-secrets --example trees -- ~/.cargo/registry/src /usr/lib/python3
//! ```
//!
//! Every match is printed with file, line and rule, never with what matched; then the totals. Files are read whole into memory
//! first, so that the time is the detector's own.

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rectify_secrets::{Limits, Reader};

fn main() {
    let roots: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (mut files, mut bytes, mut hit) = (0_u64, 0_u64, 0_u64);
    let mut spent = Duration::ZERO;
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    for root in &roots {
        walk(root, &mut |path| {
            let Ok(content) = fs::read(path) else { return };
            files += 1;
            bytes += content.len() as u64;
            let start = Instant::now();
            let mut reader = Reader::new(Limits::default());
            for piece in content.chunks(64 * 1024) {
                reader.feed(piece);
            }
            let report = reader.finish();
            spent += start.elapsed();
            hit += u64::from(!report.found.is_empty());
            for found in report.found {
                *rules.entry(found.rule).or_default() += 1;
                let member = found.member.map(|member| format!(" > {member}")).unwrap_or_default();
                println!("{}{member}:{}: {}", path.display(), found.line, found.rule);
            }
        });
    }
    let megabytes = bytes as f64 / 1e6;
    println!(
        "{files} files, {megabytes:.1} MB in {:.2} s: {:.0} MB/s",
        spent.as_secs_f64(),
        megabytes / spent.as_secs_f64()
    );
    println!("{hit} files with a match; {:.2} in 100,000 files", hit as f64 * 1e5 / files as f64);
    for (rule, count) in rules {
        println!("{count:6} {rule}");
    }
}

fn walk(path: &Path, file: &mut dyn FnMut(&Path)) {
    let Ok(kind) = fs::symlink_metadata(path).map(|meta| meta.file_type()) else { return };
    if kind.is_file() {
        file(path);
    } else if kind.is_dir() {
        let Ok(entries) = fs::read_dir(path) else { return };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            walk(&path, file);
        }
    }
}
