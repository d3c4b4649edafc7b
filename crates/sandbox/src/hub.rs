//! What the gateway, the Lambda service and the deployment share: moto, who is who, and the records.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::RwLock;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::busy::Busy;
use crate::moto::{Moto, Own};
use crate::organization::Organization;
use crate::record::Records;
use crate::trail::identity::Identities;

pub(crate) struct Hub {
    pub(crate) moto: Moto,
    pub(crate) identities: Identities,
    pub(crate) records: Records,
    pub(crate) busy: Busy,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) organization: Option<Organization>,
    /// The invocation each environment is in.
    running: RwLock<HashMap<u64, String>>,
    environments: AtomicU64,
    /// The process of each environment that has one.
    processes: RwLock<HashMap<u64, u32>>,
    /// Environments that were killed by a fault: nothing they still say is heard.
    killed: RwLock<HashSet<u64>>,
    /// What is added to the clock that functions see in answers, in seconds.
    pub(crate) clock_offset: AtomicI64,
}

impl Hub {
    pub(crate) fn new(moto: Moto, account: &str, region: &str, organization: Option<Organization>) -> Self {
        Self {
            moto,
            identities: Identities::new(account),
            records: Records::new(),
            busy: Busy::new(),
            account: account.to_owned(),
            region: region.to_owned(),
            organization,
            running: RwLock::default(),
            environments: AtomicU64::new(1),
            processes: RwLock::default(),
            killed: RwLock::default(),
            clock_offset: AtomicI64::new(0),
        }
    }

    /// The hub account, for one of the sandbox's own calls.
    pub(crate) fn own<'a>(&'a self, service: &'a str) -> Own<'a> {
        Own { service, region: &self.region, account: &self.account }
    }

    /// Any account, for one of the sandbox's own calls.
    pub(crate) fn own_in<'a>(&'a self, service: &'a str, account: &'a str, region: &'a str) -> Own<'a> {
        Own { service, region, account }
    }

    /// The id of the organisation an account is in.
    pub(crate) fn organization_of(&self, account: &str) -> Option<&str> {
        let organization = self.organization.as_ref()?;
        let is_in = account == self.account || organization.account(account).is_some();
        is_in.then_some(organization.id.as_str())
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

    /// The leader of the process group of an environment; `None` once it has ended.
    pub(crate) fn set_process(&self, environment: u64, pid: Option<u32>) {
        let mut processes = self.processes.write();
        match pid {
            Some(pid) => processes.insert(environment, pid),
            None => processes.remove(&environment),
        };
    }

    /// Kills an environment's process, at once and without a word to it. What waits for the process learns of its end.
    pub(crate) fn kill(&self, environment: u64) {
        self.killed.write().insert(environment);
        // Read until the signal is sent: the entry goes before the process's id can be another's.
        let processes = self.processes.read();
        let pid = processes.get(&environment).and_then(|pid| i32::try_from(*pid).ok()).and_then(Pid::from_raw);
        if let Some(Err(error)) = pid.map(|pid| kill_process_group(pid, Signal::KILL)) {
            tracing::warn!(environment, %error, "a function's process could not be killed");
        }
    }

    pub(crate) fn is_killed(&self, environment: u64) -> bool {
        self.killed.read().contains(&environment)
    }
}
