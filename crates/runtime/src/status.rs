//! What a guard says of itself, for `rectify doctor`.

use std::env;

use rectify_controls::{Kind, Status, Switch};

use crate::{Guard, Shell};

impl<G: Guard> Shell<G> {
    /// Carries out [`rectify_controls::Order::Status`]. What does not work is in the answer: it never fails.
    pub(crate) async fn status(&self) -> Status {
        let told = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let standing = self.ledger.standing(&self.home).await;
        Status {
            kind: <G::Kind as Kind>::KIND.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            settings: self.book.digest.clone(),
            degraded: self.book.degraded.clone(),
            ledger: standing.as_ref().err().map(ToString::to_string),
            stack: told("RECTIFY_STACK"),
            organization: told("RECTIFY_ORGANIZATION"),
            bus: told("RECTIFY_BUS"),
            regions: told("RECTIFY_REGIONS").map(|list| regions(&list)).unwrap_or_default(),
            paused: standing.map(|standing| standing.switches.iter().map(paused).collect()).unwrap_or_default(),
        }
    }
}

fn regions(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|region| !region.is_empty()).map(str::to_owned).collect()
}

fn paused(switch: &Switch) -> String {
    format!("{} by {} since {}: {}", switch.reach, switch.by, switch.paused_at, switch.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_listed_by_commas() {
        assert_eq!(regions("eu-central-1, us-east-1,"), ["eu-central-1", "us-east-1"]);
        assert!(regions(" ,").is_empty());
    }
}
