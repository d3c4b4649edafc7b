//! What an event data store takes in and keeps, against what it did when it was last well. Nothing else says what a store is for: one
//! for configuration items or for the data events of one bucket is whole as it is.

use serde::{Deserialize, Serialize};

use super::{
    Change, Rules, Selectors, StoreFacts,
    book::{Found, blind, live},
    model, weakened,
};
use crate::{Evidence, Fact};

/// `GetEventDataStore`, the settings that decide what it holds. Whether it is the organisation's is not among them: only the management
/// account changes that, and with rights on the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSettings {
    /// `MultiRegionEnabled`.
    pub multi_region: bool,
    /// `TerminationProtectionEnabled`: with it, the store cannot be deleted.
    pub protected: bool,
    /// `RetentionPeriod`, in days. Whatever is older is deleted.
    pub retention: i32,
    /// `AdvancedEventSelectors`.
    pub selectors: Selectors,
}

impl StoreSettings {
    /// These where they are no worse than `kept`, and of each that is, what was kept.
    pub(super) fn better(&self, kept: &Self) -> Self {
        Self {
            multi_region: self.multi_region || kept.multi_region,
            protected: self.protected || kept.protected,
            retention: self.retention.max(kept.retention),
            selectors: if self.selectors.cover(&kept.selectors) { &self.selectors } else { &kept.selectors }.clone(),
        }
    }
}

/// What a store no longer takes in, in words.
fn lost(now: &Selectors, kept: &Selectors, rules: &Rules) -> Vec<String> {
    let data = if rules.keep_data_events { now.lost(kept) } else { Vec::new() };
    // As of a trail: a source that may be left out is no loss.
    let management =
        if now.management_gaps(&rules.excludable).is_empty() { Vec::new() } else { now.lost_of_management(kept) };
    management.into_iter().chain(data).collect()
}

pub(super) fn judge(facts: &StoreFacts, rules: &Rules) -> Option<Found> {
    let kept = facts.kept_settings.as_ref()?;
    // A store that is to be deleted takes no changes: that it comes back is another control's to see to.
    if facts.status.known().is_some_and(|status| status == model::PENDING_DELETION) {
        return None;
    }
    let subject = format!("event data store {}", facts.store);
    let now = match &facts.settings {
        Fact::Known(now) => now,
        unknown => return blind(&weakened::WEAKENED, &subject, unknown, "cloudtrail:GetEventDataStore"),
    };
    let lost = lost(&now.selectors, &kept.selectors, rules);
    let mut evidence: Vec<Evidence> =
        lost.iter().map(|lost| Evidence::new("no longer taken in", lost.as_str())).collect();
    if kept.multi_region && !now.multi_region {
        evidence.push(Evidence::new("no longer taken in", "events of other regions"));
    }
    if kept.protected && !now.protected {
        evidence.push(Evidence::new("termination protection", "off"));
    }
    if now.retention < kept.retention {
        evidence.push(Evidence::new("kept for", format!("{} days instead of {}", now.retention, kept.retention)));
    }
    if evidence.is_empty() {
        return None;
    }
    let better = now.better(kept);
    let selectors = if lost.is_empty() { Some(now.selectors.clone()) } else { now.selectors.with(&kept.selectors) };
    let change = selectors.map(|selectors| Change::Store(Box::new(StoreSettings { selectors, ..better })));
    // A store that takes nothing in is started first; its settings cannot be changed until then.
    let enabled = facts.status.known().is_some_and(|status| status == model::ENABLED);
    let changes = change.into_iter().filter(|_| enabled).collect();
    live(&weakened::WEAKENED, format!("{subject} takes less in than it did, or keeps it worse"), evidence, changes)
}
