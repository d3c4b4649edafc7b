//! What the gateway, the Lambda service and the deployment share: moto, who is who, and the records.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::busy::Busy;
use crate::moto::{Moto, Own};
use crate::record::Records;
use crate::trail::identity::Identities;

pub(crate) struct Hub {
    pub(crate) moto: Moto,
    pub(crate) identities: Identities,
    pub(crate) records: Records,
    pub(crate) busy: Busy,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The invocation each environment is in.
    running: RwLock<HashMap<u64, String>>,
    environments: AtomicU64,
}

impl Hub {
    pub(crate) fn new(moto: Moto, account: &str, region: &str) -> Self {
        Self {
            moto,
            identities: Identities::new(account),
            records: Records::new(),
            busy: Busy::new(),
            account: account.to_owned(),
            region: region.to_owned(),
            running: RwLock::default(),
            environments: AtomicU64::new(1),
        }
    }

    /// The hub account, for one of the sandbox's own calls.
    pub(crate) fn own<'a>(&'a self, service: &'a str) -> Own<'a> {
        Own { service, region: &self.region, account: &self.account }
    }

    pub(crate) fn new_environment(&self) -> u64 {
        self.environments.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn set_running(&self, environment: u64, request_id: Option<&str>) {
        let mut running = self.running.write();
        match request_id {
            Some(id) => running.insert(environment, id.to_owned()),
            None => running.remove(&environment),
        };
    }

    pub(crate) fn running(&self, environment: u64) -> Option<String> {
        self.running.read().get(&environment).cloned()
    }
}
