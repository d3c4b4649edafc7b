//! Where calls go, and as whom.
//!
//! In the hub account a function acts as itself. In a member it reads as one role and writes as another
//! (docs/adr/0011-hub-and-members.md): a reading session is shared by everything that looks at the account, a writing
//! session is made for one correction and named after it, so that the member's own trail says why something changed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_config::{Region as SdkRegion, SdkConfig};
use aws_sdk_sts::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
    types::Tag,
};
use rectify_controls::{AccountId, Place, Region};

use crate::{AlsoRetry, AwsFailure, FailureKind, Names, every_call_its_tries};

/// How long before its end a session is no longer used: longer than an invocation lasts.
const MARGIN: Duration = Duration::from_secs(16 * 60);

/// How long a session lasts, in seconds. An hour is the most that role chaining allows (IAM user guide, "Role chaining"),
/// and a function's own credentials are a role's.
const LASTS: i32 = 3600;

/// Most accounts whose sessions are kept. A function that sweeps an organisation has 128 MB.
const KEPT: usize = 64;

/// A session tag's value is at most so long (STS API reference, `Tag`).
const LONGEST_TAG: usize = 256;

/// The sessions of this process.
#[derive(Debug)]
pub struct Sessions {
    base: SdkConfig,
    home: AccountId,
    members: Option<Members>,
    serial: AtomicU64,
}

/// The way into other accounts.
#[derive(Debug)]
struct Members {
    names: Names,
    kind: String,
    client: Client,
    /// By role and session name. The inner lock is held while a session is being made: whoever needs the same one waits for it
    /// instead of asking again.
    made: std::sync::Mutex<BTreeMap<(String, String), Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Made>>>;

/// Credentials with their end.
#[derive(Debug, Clone)]
struct Made {
    credentials: Credentials,
    until: SystemTime,
    serial: u64,
}

/// A configuration that reaches one [`Place`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Session {
    /// The place.
    pub place: Place,
    /// The configuration for it: clients made from it call the place's region.
    pub config: SdkConfig,
    /// Whose credentials these are: the same number, the same credentials. 0 is the function's own. Clients keep the
    /// credentials they were made with, so whoever keeps clients keeps them by this number too ([`PerSession`](crate::PerSession)).
    pub serial: u64,
}

impl Session {
    /// Whether these are the function's own credentials: then the place is in the account that it runs in.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.serial == 0
    }
}

/// For what a writing session is made. Both stand in the member's CloudTrail.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    /// Id of the correction or undo; becomes the session's name.
    pub correction: &'a str,
    /// The controls that are put right.
    pub controls: &'a [String],
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The resource is in an account that this deployment has no way into.
    #[error("account `{account}` is not covered by this deployment, which acts in `{home}` only")]
    Elsewhere {
        /// The resource's account.
        account: AccountId,
        /// The account we can act in.
        home: AccountId,
    },
    /// The member's role could not be assumed.
    #[error("no way into account {account} as `{role}`: {failure}")]
    Refused {
        /// The member.
        account: AccountId,
        /// The role's ARN.
        role: String,
        /// What STS said.
        failure: Box<AwsFailure>,
    },
}

impl SessionError {
    /// The next step.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Elsewhere { .. } => "deploy the hub stack with the organisation's id to cover other accounts",
            Self::Refused { .. } if self.is_refusal() => {
                "the member stack is missing in that account, or is of another hub: `rectify doctor --account ID`"
            }
            Self::Refused { .. } => "it is tried again",
        }
    }

    /// Whether we may not go in, as opposed to a failure that passes by itself.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Elsewhere { .. } => true,
            Self::Refused { failure, .. } => failure.kind == FailureKind::Denied,
        }
    }

    /// As a failed call, for whoever reports calls.
    #[must_use]
    pub fn into_failure(self) -> AwsFailure {
        match self {
            Self::Refused { failure, .. } => *failure,
            Self::Elsewhere { .. } => AwsFailure {
                service: "sts",
                operation: "AssumeRole",
                kind: FailureKind::Denied,
                code: None,
                message: Some(self.to_string()),
                request_id: None,
            },
        }
    }
}

impl Sessions {
    /// Sessions on top of `config`, whose credentials belong to the account `home`, in that account only.
    #[must_use]
    pub fn new(config: &SdkConfig, home: AccountId) -> Self {
        Self { base: config.clone(), home, members: None, serial: AtomicU64::new(1) }
    }

    /// As [`Sessions::new`], and into every member of the organisation for the guard of `kind`.
    #[must_use]
    pub fn with_members(config: &SdkConfig, names: Names, kind: &str) -> Self {
        let sts = aws_sdk_sts::config::Builder::from(config)
            .retry_classifier(AlsoRetry)
            .retry_partition(every_call_its_tries())
            .build();
        let home = names.hub.clone();
        let client = Client::from_conf(sts);
        let members = Members { names, kind: kind.to_owned(), client, made: std::sync::Mutex::default() };
        Self { members: Some(members), ..Self::new(config, home) }
    }

    /// Whether `account` is one that [`read`](Self::read) has a way into, as far as is known without asking.
    #[must_use]
    pub fn covers(&self, account: &AccountId) -> bool {
        *account == self.home || self.members.is_some()
    }

    /// How members are reached; `None` without an organisation.
    #[must_use]
    pub fn names(&self) -> Option<&Names> {
        self.members.as_ref().map(|members| &members.names)
    }

    /// The session that reads in `place`. Makes a call only for a member whose session is new or near its end.
    ///
    /// # Errors
    /// [`SessionError`] when there is no way into the account. Calling with other credentials instead would act on a
    /// resource of the same name in the wrong account.
    pub async fn read(&self, place: &Place) -> Result<Session, SessionError> {
        match self.member(place)? {
            None => Ok(self.own(place)),
            Some(members) => {
                let role = members.names.observe_role(&place.account, &members.kind);
                let name = members.names.stack.clone();
                self.assumed(members, place, role, &name, &[]).await
            }
        }
    }

    /// The session that writes in `place` for one correction.
    ///
    /// # Errors
    /// As [`Sessions::read`]. A unit that is only told has no writing role: [`SessionError::Refused`].
    pub async fn write(&self, place: &Place, reason: Reason<'_>) -> Result<Session, SessionError> {
        match self.member(place)? {
            None => Ok(self.own(place)),
            Some(members) => {
                let role = members.names.correct_role(&place.account, &members.kind);
                let tags = [
                    ("rectify:control", tag_value(&reason.controls.join(" "))),
                    ("rectify:correction", tag_value(reason.correction)),
                ];
                self.assumed(members, place, role, reason.correction, &tags).await
            }
        }
    }

    fn member(&self, place: &Place) -> Result<Option<&Members>, SessionError> {
        if place.account == self.home {
            return Ok(None);
        }
        let elsewhere = || SessionError::Elsewhere { account: place.account.clone(), home: self.home.clone() };
        self.members.as_ref().map(Some).ok_or_else(elsewhere)
    }

    fn own(&self, place: &Place) -> Session {
        let region = SdkRegion::new(place.region.to_string());
        Session { place: place.clone(), config: self.base.to_builder().region(region).build(), serial: 0 }
    }

    async fn assumed(
        &self,
        members: &Members,
        place: &Place,
        role: String,
        name: &str,
        tags: &[(&str, String)],
    ) -> Result<Session, SessionError> {
        let slot = members.slot(&role, name);
        let mut made = slot.lock().await;
        let usable = made.as_ref().filter(|made| made.until > SystemTime::now() + MARGIN).cloned();
        let Made { credentials, serial, .. } = match usable {
            Some(usable) => usable,
            None => {
                let refused = |failure| SessionError::Refused {
                    account: place.account.clone(),
                    role: role.clone(),
                    failure: Box::new(failure),
                };
                let (credentials, until) = members.assume(&role, name, tags).await.map_err(refused)?;
                let serial = self.serial.fetch_add(1, Ordering::Relaxed);
                made.insert(Made { credentials, until, serial }).clone()
            }
        };
        let mut session = self.own(place);
        session.serial = serial;
        let credentials = SharedCredentialsProvider::new(credentials);
        session.config = session.config.to_builder().credentials_provider(credentials).build();
        Ok(session)
    }
}

impl Members {
    fn slot(&self, role: &str, name: &str) -> Slot {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (role.to_owned(), name.to_owned());
        if !made.contains_key(&key) && made.len() >= KEPT {
            // Whoever is using one has its own handle. Making one again costs a call.
            made.clear();
        }
        Arc::clone(made.entry(key).or_default())
    }

    async fn assume(
        &self,
        role: &str,
        name: &str,
        tags: &[(&str, String)],
    ) -> Result<(Credentials, SystemTime), AwsFailure> {
        let nothing = |what: &str| AwsFailure {
            service: "sts",
            operation: "AssumeRole",
            kind: FailureKind::Other,
            code: None,
            message: Some(format!("the answer has no {what}")),
            request_id: None,
        };
        let tags: Result<Vec<Tag>, _> =
            tags.iter().map(|(key, value)| Tag::builder().key(*key).value(value).build()).collect();
        let answer = self
            .client
            .assume_role()
            .role_arn(role)
            .role_session_name(name)
            .external_id(self.names.external_id())
            .duration_seconds(LASTS)
            .set_tags(tags.ok().filter(|tags| !tags.is_empty()))
            .send()
            .await
            .map_err(|error| AwsFailure::new("sts", "AssumeRole", &error))?;
        let made = answer.credentials().ok_or_else(|| nothing("credentials"))?;
        let until = SystemTime::try_from(*made.expiration()).map_err(|_| nothing("end"))?;
        let token = Some(made.session_token().to_owned());
        Ok((Credentials::new(made.access_key_id(), made.secret_access_key(), token, Some(until), "rectify"), until))
    }
}

/// `text` as a session tag's value: only characters that STS takes (`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`), and not too many.
fn tag_value(text: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars().filter(|c| allowed(*c)).take(LONGEST_TAG).collect()
}

/// Something that is made from a session and a region and is worth keeping, such as clients. Keeps a few: a session of
/// other credentials makes another, and an organisation has many accounts.
#[derive(Debug)]
pub struct PerSession<T> {
    kept: std::sync::Mutex<BTreeMap<(u64, Place), T>>,
}

impl<T> Default for PerSession<T> {
    fn default() -> Self {
        Self { kept: std::sync::Mutex::default() }
    }
}

impl<T: Clone> PerSession<T> {
    /// What was made for `session` in `region`, or what `make` makes now.
    pub fn at(&self, session: &Session, region: &Region, make: impl FnOnce(&Place) -> T) -> T {
        let place = Place { account: session.place.account.clone(), region: region.clone() };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT && !kept.contains_key(&(session.serial, place.clone())) {
            // The function's own stay: they are used again and again.
            kept.retain(|(serial, _), _| *serial == 0);
            if kept.len() >= KEPT {
                kept.clear();
            }
        }
        kept.entry((session.serial, place)).or_insert_with_key(|(_, place)| make(place)).clone()
    }
}

#[cfg(test)]
mod tests;
