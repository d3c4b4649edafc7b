//! Service control policies, rendered from `[preventive]`: what members may not do at all, so that it never has to be put
//! back.
//!
//! Pure: settings and names in, documents out, the same bytes each time. Service control policies bind neither the
//! management account nor service-linked roles nor principals outside the organisation (Organizations user guide,
//! `orgs_manage_policies_scps`), and they grant nothing: `FullAWSAccess` stays attached beside them.
//!
//! **Architecture invariant:** whoever is exempt by name can be made and changed only by whoever is exempt. A role's name is
//! all that a service control policy sees, so a document with exemptions always protects the exempt names, too.

mod document;
mod global;
mod pack;
mod protect;
mod statement;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use document::Document;
pub use global::GLOBAL;

use crate::{AccountId, Partition, Region};

/// `[preventive]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preventive {
    /// `hub-account`: where the hub stack is.
    pub hub_account: Option<AccountId>,
    /// `regions`: nothing may be done elsewhere, but by [`GLOBAL`] services. Empty: everywhere.
    pub regions: Vec<Region>,
    /// `regions-exempt-services`: actions that are allowed in every region beside [`GLOBAL`], as in a policy.
    pub regions_exempt_services: Vec<String>,
    /// `services`: nothing else may be used, as actions in a policy (`s3:*`). Empty: all.
    pub services: Vec<String>,
    /// `protect`.
    pub protect: Vec<Protection>,
    /// `leave-organization`: whether a member may leave.
    pub may_leave: bool,
    /// `exempt-principals`: roles that nothing here but leaving binds, as ARN patterns.
    pub exempt_principals: Vec<String>,
    /// `targets`: roots, organisational units and accounts that the policies are attached to.
    pub targets: Vec<String>,
    /// `max-characters`: of one document.
    pub max_characters: usize,
    /// `max-policies`: attached to one target, those of others counted.
    pub max_policies: usize,
}

impl Preventive {
    /// `max-characters` unless set. AWS's quota table says 10,240 today and said 5,120 before; an organisation that has the
    /// smaller one refuses a larger document only half-way through an apply, so the smaller is assumed.
    pub const CHARACTERS: usize = 5_120;
    /// The most that `max-characters` can be (Organizations user guide, "quotas").
    pub const MOST_CHARACTERS: usize = 10_240;
    /// The least that `max-characters` can be: no list of exemptions fits into less.
    pub const LEAST_CHARACTERS: usize = 2_048;
    /// `max-policies` unless set; 10 today, 5 before, and the smaller is assumed for the same reason.
    pub const POLICIES: usize = 5;
    /// The most that `max-policies` can be (Organizations user guide, "quotas").
    pub const MOST_POLICIES: usize = 10;

    /// The partition that the settings are about: that of `regions`, else that of `exempt-principals`, else the commercial
    /// one. Settings that name two are refused.
    #[must_use]
    pub fn partition(&self) -> Partition {
        let of_arn = |arn: &String| match arn.split(':').nth(1) {
            Some("aws-cn") => Partition::AwsCn,
            Some("aws-us-gov") => Partition::AwsUsGov,
            _ => Partition::Aws,
        };
        let region = self.regions.first().map(Region::partition);
        region.or_else(|| self.exempt_principals.first().map(of_arn)).unwrap_or(Partition::Aws)
    }
}

impl Default for Preventive {
    /// What an empty `[preventive]` says.
    fn default() -> Self {
        Self {
            hub_account: None,
            regions: Vec::new(),
            regions_exempt_services: Vec::new(),
            services: Vec::new(),
            protect: Protection::ALL.to_vec(),
            may_leave: false,
            exempt_principals: Vec::new(),
            targets: Vec::new(),
            max_characters: Self::CHARACTERS,
            max_policies: Self::POLICIES,
        }
    }
}

/// Something that members may not switch off, weaken or remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// rectify's own roles, rules, bus, functions, ledger and stacks.
    Rectify,
    /// Trails and event data stores.
    CloudTrail,
    /// Recorder, delivery channel, rules and aggregators.
    Config,
    /// Detectors, their members, and what hides findings.
    GuardDuty,
    /// Sessions, members, and what hides findings.
    Macie,
}

impl Protection {
    /// Each, in the order of the documents.
    pub const ALL: [Self; 5] = [Self::Rectify, Self::CloudTrail, Self::Config, Self::GuardDuty, Self::Macie];

    /// As the settings spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rectify => "rectify",
            Self::CloudTrail => "cloudtrail",
            Self::Config => "config",
            Self::GuardDuty => "guardduty",
            Self::Macie => "macie",
        }
    }
}

/// What the documents have to know of the deployment: docs/adr/0011-hub-and-members.md.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Of the organisation.
    pub partition: Partition,
    /// The hub stack's name: a letter, then letters, digits and hyphens.
    pub stack: String,
    /// The account of the hub stack.
    pub hub: AccountId,
}

/// Why no documents can be made of settings that are each good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreventiveError {
    /// A list that says what stays allowed has to stay whole.
    #[error(
        "the statement `{sid}` alone makes a document of {characters} characters, more than the {most} that are allowed, and \
         a list of what stays allowed cannot be split"
    )]
    Whole {
        /// Its `Sid`.
        sid: String,
        /// Of a document with nothing else in it.
        characters: usize,
        /// `max-characters`.
        most: usize,
    },
    /// With one action left in it, it still does not fit.
    #[error(
        "the statement `{sid}` with a single action makes a document of {characters} characters, more than the {most} that are allowed"
    )]
    One {
        /// Its `Sid`.
        sid: String,
        /// Of a document with nothing else in it.
        characters: usize,
        /// `max-characters`.
        most: usize,
    },
    /// No target can have so many.
    #[error(
        "{documents} documents are needed, and a target can have {most} policies, one of which allows what these do not deny"
    )]
    TooMany {
        /// Rendered.
        documents: usize,
        /// `max-policies`.
        most: usize,
    },
}

impl PreventiveError {
    /// The next step.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Whole { .. } => {
                "shorten `services`, `regions-exempt-services` or `exempt-principals` under [preventive] (`s3:*` for single \
                 actions, one pattern for several roles), or raise `max-characters` up to 10240"
            }
            Self::One { .. } => {
                "shorten `exempt-principals` under [preventive] (one pattern for several roles), or raise `max-characters` up \
                 to 10240"
            }
            Self::TooMany { .. } => {
                "raise `max-characters` (up to 10240) or `max-policies` (up to 10) under [preventive], if your organisation \
                 has AWS's present quotas, or protect less"
            }
        }
    }
}

/// The documents, in the order of their names: statements in a fixed order, each in the first document that has room.
/// Empty when nothing is denied.
///
/// # Errors
/// [`PreventiveError`] when they do not fit AWS's limits as the settings have them.
pub fn render(preventive: &Preventive, deployment: &Deployment) -> Result<Vec<Document>, PreventiveError> {
    let statements = statement::all(preventive, deployment);
    let packed = pack::pack(statements, preventive.max_characters)?;
    // One place is `FullAWSAccess`'s, without which nothing is allowed at all.
    if packed.len() >= preventive.max_policies {
        return Err(PreventiveError::TooMany { documents: packed.len(), most: preventive.max_policies });
    }
    Ok(packed
        .into_iter()
        .enumerate()
        .map(|(index, statements)| Document::new(&deployment.stack, index + 1, &statements))
        .collect())
}

/// What a document says, as a short text: the same for documents that differ in white space and in the order of keys only.
#[must_use]
pub fn fingerprint(content: &str) -> String {
    let same = serde_json::from_str::<serde_json::Value>(content).map_or_else(
        |_| content.to_owned(),
        |mut value| {
            // Whether serde_json keeps the order of keys hangs on the features of whatever it is built with.
            value.sort_all_objects();
            value.to_string()
        },
    );
    Sha256::digest(same).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `name` is one that a stack's documents have, now or with other settings.
#[must_use]
pub fn is_document_of(stack: &str, name: &str) -> bool {
    name.strip_prefix(stack)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_suffix("-guardrails"))
        .is_some_and(|number| {
            (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0')
        })
}
