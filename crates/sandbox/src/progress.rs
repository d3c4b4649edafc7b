//! What the sandbox says while a person waits.

use std::sync::Arc;

/// One thing that is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// What, for example `installing moto`.
    pub what: &'a str,
    /// The part of it at hand, for example a package's name; may be empty.
    pub detail: &'a str,
    /// How many parts are done; 0 when nothing is counted.
    pub done: usize,
    /// How many there are; 0 when nothing is counted.
    pub total: usize,
}

type Listener = dyn Fn(Step<'_>) + Send + Sync;

/// Where steps are told. Cheap to clone; the default tells nobody.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Listener>>);

impl Progress {
    /// Tells every step to `listener`, which must not block.
    pub fn new(listener: impl Fn(Step<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(crate) fn step(&self, what: &str) {
        self.tell(Step { what, detail: "", done: 0, total: 0 });
    }

    pub(crate) fn count(&self, what: &str, detail: &str, done: usize, total: usize) {
        self.tell(Step { what, detail, done, total });
    }

    fn tell(&self, step: Step<'_>) {
        if let Some(listener) = &self.0 {
            listener(step);
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}
