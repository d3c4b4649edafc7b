//! What a replay is held against: the same files inflated by the fastest decoder there is, on all cores, and nothing else done.
//! `cargo run --release -p rectify-replay --example inflate -- DIR` prints how many bytes came out.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example that cannot go on has failed")]

use std::{
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use rectify_replay::{Item, items};

fn main() {
    let paths: Vec<PathBuf> = env::args().skip(1).map(PathBuf::from).collect();
    let files: Vec<PathBuf> = items(&paths)
        .filter_map(|item| match item {
            Item::File(path) => Some(path),
            _ => None,
        })
        .collect();
    let next = AtomicUsize::new(0);
    let inflate = || {
        let (mut decoder, mut out, mut total) = (libdeflater::Decompressor::new(), Vec::new(), 0);
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let stored = fs::read(path).unwrap();
            let size = u32::from_le_bytes(*stored.last_chunk().unwrap());
            out.resize(out.len().max(usize::try_from(size).unwrap()), 0);
            total += decoder.gzip_decompress(&stored, &mut out).unwrap();
        }
        total
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let total: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(inflate)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    println!("{total} bytes");
}
