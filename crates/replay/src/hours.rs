//! Corrections by hour: how many more there would have been than the budgets of the settings allow.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use rectify_controls::Limits;

use crate::{
    report::{BudgetRow, Budgets},
    tally::listed,
};

/// Hours, accounts and controls that are counted one by one; what does not fit is counted all together.
const MOST: usize = 200_000;

/// One control in one account in one hour: the ledger counts these, from full hour to full hour.
type Key = (&'static str, u64, i64);

/// Corrections that would have been made, by control, account and hour. Which of an hour come first does not count.
#[derive(Debug, Default)]
pub(crate) struct Hours {
    counts: HashMap<Key, u64, RandomState>,
    left_out: u64,
}

impl Hours {
    /// Counts one correction. Every account id is a number of twelve digits.
    pub(crate) fn count(&mut self, control: &'static str, account: &str, at: Timestamp) {
        let hour = at.as_second().div_euclid(3_600);
        self.add((control, account.parse().unwrap_or_default(), hour), 1);
    }

    fn add(&mut self, key: Key, count: u64) {
        let full = self.counts.len() >= MOST;
        match self.counts.entry(key) {
            Entry::Occupied(mut mine) => *mine.get_mut() += count,
            Entry::Vacant(free) if !full => _ = free.insert(count),
            Entry::Vacant(_) => self.left_out += count,
        }
    }

    /// Adds what another thread counted.
    pub(crate) fn merge(&mut self, other: Self) {
        self.left_out += other.left_out;
        for (key, count) in other.counts {
            self.add(key, count);
        }
    }

    /// The hours in which a budget would have been spent, those with most beyond it first. A correction that the account's budget holds
    /// back is not counted in that of all accounts, as in the ledger.
    pub(crate) fn budgets(self, limits: &Limits) -> Budgets {
        let (here, everywhere) =
            (u64::from(limits.corrections_per_hour), u64::from(limits.corrections_per_hour_everywhere));
        let mut together: BTreeMap<(&'static str, i64), u64> = BTreeMap::new();
        let mut rows = Vec::new();
        let row = |control, account, hour: i64, corrections, limit| BudgetRow {
            control,
            account,
            hour: Timestamp::from_second(hour.saturating_mul(3_600)).unwrap_or_default(),
            corrections,
            limit,
        };
        for ((control, account, hour), count) in self.counts {
            *together.entry((control, hour)).or_default() += count.min(here);
            if count > here {
                rows.push(row(control, Some(format!("{account:012}")), hour, count, here));
            }
        }
        for ((control, hour), count) in together {
            if count > everywhere {
                rows.push(row(control, None, hour, count, everywhere));
            }
        }
        rows.sort_by(|a, b| {
            let key = |row: &BudgetRow| (std::cmp::Reverse(row.beyond()), row.hour, row.control);
            (key(a), &a.account).cmp(&(key(b), &b.account))
        });
        Budgets { beyond: rows.iter().map(BudgetRow::beyond).sum(), left_out: self.left_out, hours: listed(rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_said() {
        let limits = Limits { corrections_per_hour: 0, corrections_per_hour_everywhere: 0, ..Limits::default() };
        let mut some = [Hours::default(), Hours::default()];
        for (at, hours) in (0_i64..).zip(&mut some) {
            for hour in 0..150_000 {
                hours.count("c", "000000000012", Timestamp::from_second((hour + at * 100_000) * 3_600 + 7).unwrap());
            }
        }
        let [mut one, other] = some;
        one.merge(other);
        let budgets = one.budgets(&limits);
        assert_eq!((budgets.left_out, budgets.beyond, budgets.hours.total), (50_000, 250_000, 200_000));
        let first = &budgets.hours.rows[0];
        assert_eq!((first.account.as_deref(), first.corrections), (Some("000000000012"), 2));
    }
}
