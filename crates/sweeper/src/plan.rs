//! What is asked for: every kind in every account and region.

use rectify_controls::{AccountId, Region, SweepRequest};

/// The kinds and regions that are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) kinds: Vec<String>,
    pub(crate) regions: Vec<Region>,
}

impl Plan {
    /// From two lists with commas; `here` is the region when none is listed.
    pub(crate) fn new(kinds: &str, regions: &str, here: &str) -> Result<Self, String> {
        let kinds: Vec<String> = listed(kinds).map(str::to_owned).collect();
        if kinds.is_empty() {
            return Err("`RECTIFY_KINDS` names no kind of resource".to_owned());
        }
        let named: Vec<&str> = listed(regions).collect();
        let named = if named.is_empty() { vec![here] } else { named };
        let mut regions = Vec::new();
        for name in named {
            let region = Region::new(name).map_err(|error| format!("`RECTIFY_REGIONS`: {error}"))?;
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        Ok(Self { kinds, regions })
    }

    /// The details of the events. Account after account: each guard's first events are about different accounts, whose limits
    /// are their own.
    pub(crate) fn events(&self, accounts: &[AccountId], sweep: &str) -> Vec<String> {
        let mut events = Vec::new();
        for region in &self.regions {
            for account in accounts {
                for kind in &self.kinds {
                    let request = SweepRequest {
                        kind: kind.clone(),
                        account: account.clone(),
                        region: region.clone(),
                        controls: Vec::new(),
                        sweep: sweep.to_owned(),
                        after: None,
                    };
                    events.extend(serde_json::to_string(&request));
                }
            }
        }
        events
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_account_and_region_is_asked_for_once() {
        let plan = Plan::new("s3-bucket, ebs", "eu-central-1,us-east-1, eu-central-1", "").unwrap();
        let accounts: Vec<_> =
            ["111122223333", "444455556666", "777788889999"].map(|id| AccountId::new(id).unwrap()).to_vec();
        let events = plan.events(&accounts, "one");
        assert_eq!(events.len(), 2 * 3 * 2);
        assert_eq!(events.iter().collect::<BTreeSet<_>>().len(), events.len());
        let read: SweepRequest = serde_json::from_str(&events[0]).unwrap();
        assert_eq!((read.kind.as_str(), read.sweep.as_str(), read.after), ("s3-bucket", "one", None));
    }

    #[test]
    fn without_regions_it_is_the_function_s_own() {
        assert_eq!(Plan::new("a", " ,", "eu-west-1").unwrap().regions, [Region::new("eu-west-1").unwrap()]);
        assert!(Plan::new("a", "", "").unwrap_err().contains("RECTIFY_REGIONS"));
        assert!(Plan::new("a", "../x", "eu-west-1").is_err());
        assert!(Plan::new(" ", "", "eu-west-1").unwrap_err().contains("RECTIFY_KINDS"));
    }
}
