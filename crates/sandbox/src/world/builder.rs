//! How a world is made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::World;
use crate::error::SandboxError;
use crate::hub::Hub;
use crate::lambda::Ready;
use crate::members::Stacks;
use crate::organization::Organization;
use crate::progress::Progress;
use crate::template::{FunctionSpec, Template};

type Binaries = Arc<dyn Fn(&str) -> PathBuf + Send + Sync>;

/// How a world is made. Only the template and the binaries have no default.
#[derive(Clone)]
pub struct WorldBuilder {
    pub(super) template: PathBuf,
    pub(super) binaries: Binaries,
    pub(super) guards: Option<Vec<String>>,
    pub(super) port: u16,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) settings_directory: Option<PathBuf>,
    pub(super) organization: Option<Organization>,
    pub(super) regions: Vec<String>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) variables: Vec<(String, String)>,
    pub(super) retry_delay: Duration,
    pub(super) ready: Ready,
    pub(super) progress: Progress,
}

impl WorldBuilder {
    /// The hub account unless [`WorldBuilder::account`] names another: moto's.
    pub const ACCOUNT: &'static str = "123456789012";
    /// The hub's region unless [`WorldBuilder::region`] names another.
    pub const REGION: &'static str = "eu-central-1";

    /// A world from `template`, in which `binaries` tells each function's executable by its logical id.
    pub fn new(template: impl Into<PathBuf>, binaries: impl Fn(&str) -> PathBuf + Send + Sync + 'static) -> Self {
        Self {
            template: template.into(),
            binaries: Arc::new(binaries),
            guards: None,
            port: 0,
            account: Self::ACCOUNT.to_owned(),
            region: Self::REGION.to_owned(),
            settings_directory: None,
            organization: None,
            regions: Vec::new(),
            parameters: BTreeMap::new(),
            variables: Vec::new(),
            retry_delay: Duration::from_millis(200),
            ready: Ready::default(),
            progress: Progress::default(),
        }
    }

    /// A cloud with nothing in it, for tests of what only calls AWS.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(Template::NONE, |_| PathBuf::new())
    }

    /// Only these guards, by their logical ids (`S3BucketGuard`); the functions that guard nothing are always there. Default: all of
    /// the template. What a world does not have is not deployed and not woken, and its binary need not be there.
    #[must_use]
    pub fn guards(mut self, guards: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.guards = Some(guards.into_iter().map(Into::into).collect());
        self
    }

    /// Every guard of the template, as by default.
    #[must_use]
    pub fn every_guard(mut self) -> Self {
        self.guards = None;
        self
    }

    /// Whether the resource `logical_id` belongs to a guard of the template that this world has not. A guard's own resources
    /// are called as it is, with more behind: `S3BucketGuardRole`, `S3BucketSchedulerRole`.
    pub(super) fn leaves_out(&self, logical_id: &str, functions: &[FunctionSpec]) -> bool {
        let Some(wanted) = &self.guards else { return false };
        let mut others = functions.iter().map(|function| &function.logical_id).filter(|id| !wanted.contains(id));
        others.any(|id| {
            let own =
                |kind: &str| ["Guard", "Scheduler"].iter().any(|part| logical_id.starts_with(&format!("{kind}{part}")));
            id.strip_suffix("Guard").is_some_and(own)
        })
    }

    /// The gateway's port; 0, the default, takes a free one. People expect 4566.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The hub account. Default: 123456789012, which moto gives to unknown credentials.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }

    /// The hub's region. Default: eu-central-1.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// A directory that stands for `/opt` in every function, in place of the template's layers.
    #[must_use]
    pub fn settings_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings_directory = Some(directory.into());
        self
    }

    /// An organisation around the hub, whose members get the stacks of `member.yaml` and `member-correct.yaml` beside the
    /// template. The template's parameters `OrganizationId` and `Regions` are set, unless they are given. Default: none.
    #[must_use]
    pub fn organization(mut self, organization: Organization) -> Self {
        self.organization = Some(organization);
        self
    }

    /// The regions that members' rules are in besides the hub's, which is always one. Default: us-east-1, where the events of
    /// global services are.
    #[must_use]
    pub fn regions(mut self, regions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.regions = regions.into_iter().map(Into::into).collect();
        self
    }

    /// The value of a template's parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// A variable every function gets; the template's own value wins.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The wait before a failed invocation is tried again. Default: 200 ms; AWS waits minutes.
    #[must_use]
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.retry_delay = delay;
        self
    }

    /// Called with a new process's id when it first asks for work, before it gets any: where AWS takes the processor away
    /// that a starting function has. Must not block for long.
    #[must_use]
    pub fn ready(mut self, told: impl Fn(u32) + Send + Sync + 'static) -> Self {
        self.ready = Ready::new(told);
        self
    }

    /// Where to tell what is being done.
    #[must_use]
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// The members' stacks, with the parameters that the hub's has as well.
    pub(super) fn stacks(&self, hub: &Hub, endpoint: &str) -> Result<Option<Stacks>, SandboxError> {
        let Some(organization) = &self.organization else { return Ok(None) };
        let others: Vec<String> =
            if self.regions.is_empty() { vec!["us-east-1".to_owned()] } else { self.regions.clone() };
        let mut regions = vec![self.region.clone()];
        regions.extend(others.into_iter().filter(|region| *region != self.region));
        let mut parameters = Stacks::parameters(hub, organization, &regions);
        parameters.extend(self.parameters.clone());
        let correct = self.template.with_file_name("member-correct.yaml");
        Ok(Some(Stacks {
            member: Template::read(&self.template.with_file_name("member.yaml"))?,
            correct: if correct.is_file() { Some(Template::read(&correct)?) } else { None },
            endpoint: endpoint.to_owned(),
            regions,
            parameters,
        }))
    }

    /// Starts the world: the same as [`World::start`].
    ///
    /// # Errors
    /// See [`World::start`].
    pub async fn start(self) -> Result<World, SandboxError> {
        World::start(self).await
    }
}

impl std::fmt::Debug for WorldBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorldBuilder").field("template", &self.template).finish_non_exhaustive()
    }
}
