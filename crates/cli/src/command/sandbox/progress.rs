//! What is shown while the sandbox starts: a bar on a terminal, lines elsewhere.

use std::{io::IsTerminal as _, sync::Mutex};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rectify_render::escape;
use rectify_sandbox::{Progress, Step};

use crate::output;

/// The progress that is shown on standard error.
#[derive(Clone)]
pub(crate) struct Shown(ProgressBar);

impl Shown {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// What the sandbox tells.
    pub(crate) fn listener(&self) -> Progress {
        let bar = self.0.clone();
        if !std::io::stderr().is_terminal() {
            let last = Mutex::new(String::new());
            return Progress::new(move |step| {
                // One line per step, not per part of it.
                if let Ok(mut last) = last.lock()
                    && *last != step.what
                {
                    step.what.clone_into(&mut last);
                    output::talk(&escape::line(step.what, 200));
                }
            });
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Progress::new(move |step| show(&bar, step))
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn show(bar: &ProgressBar, step: Step<'_>) {
    let counted = step.total > 0;
    let template = if counted { "{spinner} {msg} {pos}/{len} ({elapsed})" } else { "{spinner} {msg} ({elapsed})" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if counted {
        bar.set_length(step.total as u64);
        bar.set_position(step.done as u64);
    }
    let detail = if step.detail.is_empty() { String::new() } else { format!(": {}", escape::line(step.detail, 60)) };
    bar.set_message(format!("{}{detail}", escape::line(step.what, 60)));
}
