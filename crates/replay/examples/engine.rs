//! The engine alone, to measure it: `cargo run --release -p rectify-replay --example engine -- SETTINGS PATH…` prints the answer as JSON.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example that cannot go on has failed")]

use std::{env, fs, path::PathBuf, thread};

use rectify_controls::{Settings, every_control};
use rectify_replay::{Progress, Replay, items};

fn main() {
    let mut arguments = env::args().skip(1);
    let settings = fs::read_to_string(arguments.next().unwrap()).unwrap();
    let settings = Settings::parse(&settings, &every_control().collect::<Vec<_>>()).unwrap();
    let paths: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let replay = Replay::new(&settings, None, threads).unwrap();
    let report = replay.run(items(&paths), &Progress::default(), None).unwrap();
    println!("{:#}", serde_json::to_value(&report).unwrap());
}
