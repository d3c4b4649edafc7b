//! How far it is, on standard error, and Ctrl-C.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use rectify_replay::{Item, Progress, items};

use crate::exit;

/// Shows a progress and listens for Ctrl-C while something runs.
pub(super) struct Watch<'p> {
    progress: &'p Progress,
    /// How many bytes there are, as far as that is known.
    total: Arc<AtomicU64>,
}

impl<'p> Watch<'p> {
    /// Begins to count what is in `paths`.
    pub(super) fn begin(paths: &[PathBuf], progress: &'p Progress) -> Self {
        let total = Arc::new(AtomicU64::new(0));
        if io::stderr().is_terminal() {
            let (paths, total) = (paths.to_vec(), Arc::clone(&total));
            // A directory of a million files takes a while; nobody waits for it.
            thread::spawn(move || {
                let sizes = items(&paths).filter_map(|item| match item {
                    Item::File(path) => std::fs::metadata(path).ok().map(|metadata| metadata.len()),
                    _ => None,
                });
                total.store(sizes.sum(), Ordering::Relaxed);
            });
        }
        Self { progress, total }
    }

    /// Runs `work`, which ends early when somebody presses Ctrl-C.
    pub(super) fn while_running<T>(&self, work: impl FnOnce() -> T) -> T {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.look(&done));
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            done.store(true, Ordering::Relaxed);
            worked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn look(&self, done: &AtomicBool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let bar = bar();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            while !done.load(Ordering::Relaxed) {
                tokio::select! {
                    Ok(()) = tokio::signal::ctrl_c() => {
                        // Who presses it twice does not want to wait for what is being read.
                        if self.progress.stop.swap(true, Ordering::Relaxed) {
                            bar.finish_and_clear();
                            std::process::exit(i32::from(exit::STOPPED));
                        }
                        bar.set_message("stopping");
                    }
                    () = tokio::time::sleep(Duration::from_millis(20)) => {
                        let total = self.total.load(Ordering::Relaxed);
                        if total > 0 {
                            bar.set_length(total);
                        }
                        bar.set_position(self.progress.bytes.load(Ordering::Relaxed));
                    }
                }
            }
        });
        bar.finish_and_clear();
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
