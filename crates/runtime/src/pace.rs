//! How many resources a sweep looks at at a time: fewer as soon as AWS throttles, one more while it does not.

/// Additive increase, multiplicative decrease. Pure: the caller says how each look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    limit: usize,
    calm: usize,
}

/// At the start: a look at a bucket is a dozen calls at once.
const START: usize = 4;
/// More would only wait for the function's share of a processor.
const MOST: usize = 8;
/// Looks without being throttled before one more is tried.
const CALM: usize = 8;

impl Pace {
    pub(crate) fn new() -> Self {
        Self { limit: START, calm: 0 }
    }

    /// How many may be under way.
    pub(crate) fn limit(self) -> usize {
        self.limit
    }

    /// A look ended without being throttled.
    pub(crate) fn went_well(&mut self) {
        self.calm += 1;
        if self.calm >= CALM {
            self.calm = 0;
            self.limit = (self.limit + 1).min(MOST);
        }
    }

    /// A look was throttled.
    pub(crate) fn throttled(&mut self) {
        self.calm = 0;
        self.limit = (self.limit / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_halves_and_calm_adds_one_within_bounds() {
        let mut pace = Pace::new();
        assert_eq!(pace.limit(), 4);
        (0..CALM - 1).for_each(|_| pace.went_well());
        assert_eq!(pace.limit(), 4, "not yet");
        pace.went_well();
        assert_eq!(pace.limit(), 5);
        (0..100 * CALM).for_each(|_| pace.went_well());
        assert_eq!(pace.limit(), MOST);
        pace.throttled();
        assert_eq!(pace.limit(), 4);
        (0..10).for_each(|_| pace.throttled());
        assert_eq!(pace.limit(), 1, "never none: a sweep that does nothing never ends");
    }

    #[test]
    fn a_throttled_look_begins_the_calm_anew() {
        let mut pace = Pace::new();
        (0..CALM - 1).for_each(|_| pace.went_well());
        pace.throttled();
        pace.went_well();
        assert_eq!(pace.limit(), 2);
    }
}
