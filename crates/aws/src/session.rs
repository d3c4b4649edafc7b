//! Where calls go.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use aws_config::{Region as SdkRegion, SdkConfig};
use rectify_controls::{AccountId, Place, Region};

/// The sessions of this process, one per region.
#[derive(Debug)]
pub struct Sessions {
    base: SdkConfig,
    home: AccountId,
    cache: Mutex<BTreeMap<Region, Session>>,
}

/// A configuration that reaches one [`Place`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Session {
    /// The place.
    pub place: Place,
    /// The configuration for it: clients made from it call the place's region.
    pub config: SdkConfig,
}

/// The resource is in an account that this deployment has no way into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("account `{account}` is not covered by this deployment, which acts in `{home}` only")]
pub struct Elsewhere {
    /// The resource's account.
    pub account: AccountId,
    /// The account we can act in.
    pub home: AccountId,
}

impl Sessions {
    /// Sessions on top of `config`, whose credentials belong to the account `home`.
    #[must_use]
    pub fn new(config: &SdkConfig, home: AccountId) -> Self {
        Self { base: config.clone(), home, cache: Mutex::default() }
    }

    /// The session for `place`. Makes no call.
    ///
    /// # Errors
    /// [`Elsewhere`] when the account is not the home account: calling anyway would act on a resource of the same name in
    /// the wrong account.
    pub fn session(&self, place: &Place) -> Result<Session, Elsewhere> {
        if place.account != self.home {
            return Err(Elsewhere { account: place.account.clone(), home: self.home.clone() });
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let session = cache.entry(place.region.clone()).or_insert_with(|| Session {
            place: place.clone(),
            config: self.base.to_builder().region(SdkRegion::new(place.region.to_string())).build(),
        });
        Ok(session.clone())
    }
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;

    use super::*;

    fn place(account: &str, region: &str) -> Place {
        Place { account: AccountId::new(account).unwrap(), region: Region::new(region).unwrap() }
    }

    #[test]
    fn a_session_has_the_region_of_its_place() {
        let base = SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
        let sessions = Sessions::new(&base, AccountId::new("111122223333").unwrap());
        let session = sessions.session(&place("111122223333", "eu-west-1")).unwrap();
        assert_eq!(session.config.region().map(AsRef::as_ref), Some("eu-west-1"));
        assert_eq!(session.place, place("111122223333", "eu-west-1"));
        let other = sessions.session(&place("111122223333", "us-east-1")).unwrap();
        assert_eq!(other.config.region().map(AsRef::as_ref), Some("us-east-1"));
    }

    #[test]
    fn another_account_is_elsewhere() {
        let base = SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
        let sessions = Sessions::new(&base, AccountId::new("111122223333").unwrap());
        let elsewhere = sessions.session(&place("444455556666", "eu-west-1")).unwrap_err();
        assert_eq!(elsewhere.account.as_str(), "444455556666");
        assert_eq!(
            elsewhere.to_string(),
            "account `444455556666` is not covered by this deployment, which acts in `111122223333` only"
        );
    }
}
