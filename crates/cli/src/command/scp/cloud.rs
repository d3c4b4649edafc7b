//! AWS Organizations: reading this stack's policies, and one write at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_organizations::{
    Client,
    types::{OrganizationFeatureSet, PolicyType, PolicyTypeStatus, Tag},
};
use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::preventive::{fingerprint, is_document_of};

use super::{
    Error,
    plan::{CONTENT, Change, Desired, Existing, STACK},
};
use crate::connection::{CloudError, Connection};

const SERVICE: &str = "organizations";
const TYPE: PolicyType = PolicyType::ServiceControlPolicy;

/// Tries of one call that somebody else's change gets in the way of; the SDK tries throttled calls again by itself.
const TRIES: u32 = 6;

/// The organisation, for its policies.
pub(super) struct Organization<'c> {
    connection: &'c Connection,
    client: Client,
    /// Its id.
    pub(super) id: String,
    /// The account that no service control policy binds.
    pub(super) management: String,
}

/// What there is.
pub(super) struct Policies {
    /// This stack's.
    pub(super) ours: Vec<Existing>,
    /// Named like this stack's, but without its tag.
    pub(super) foreign: Vec<String>,
}

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Create(Desired),
    Update { before: Existing, after: Desired },
    Mark(Existing),
    Attach { policy: String, target: String },
    Detach { policy: String, target: String },
    Delete { policy: String },
}

impl<'c> Organization<'c> {
    /// Looks whether there is an organisation that can have service control policies.
    pub(super) async fn new(connection: &'c Connection, profile: Option<&str>) -> Result<Self, Error> {
        let client = connection.organizations(profile).await;
        let answer = client.describe_organization().send().await;
        let answer =
            answer.map_err(|error| cloud(connection, AwsFailure::new(SERVICE, "DescribeOrganization", &error)))?;
        let odd = || Error::Odd("DescribeOrganization");
        let organization = answer.organization.ok_or_else(odd)?;
        if organization.feature_set() == Some(&OrganizationFeatureSet::ConsolidatedBilling) {
            return Err(Error::BillingOnly);
        }
        let id = organization.id.ok_or_else(odd)?;
        let management = organization.master_account_id.ok_or_else(odd)?;
        let this = Self { connection, client, id, management };
        this.is_enabled().await?;
        Ok(this)
    }

    async fn is_enabled(&self) -> Result<(), Error> {
        let mut pages = self.client.list_roots().into_paginator().send();
        let mut first = None;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed(AwsFailure::new(SERVICE, "ListRoots", &error)))?;
            for root in page.roots() {
                let enabled = root.policy_types().iter().any(|policies| {
                    policies.r#type() == Some(&TYPE) && policies.status() == Some(&PolicyTypeStatus::Enabled)
                });
                if enabled {
                    return Ok(());
                }
                first = first.or_else(|| root.id().map(str::to_owned));
            }
        }
        Err(Error::NotEnabled { root: first.unwrap_or_else(|| "ROOT".to_owned()) })
    }

    /// This stack's policies: by their names and by their tag.
    pub(super) async fn policies(&self, stack: &str) -> Result<Policies, Error> {
        let mut pages = self.client.list_policies().filter(TYPE).into_paginator().send();
        let mut named = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed(AwsFailure::new(SERVICE, "ListPolicies", &error)))?;
            for policy in page.policies.unwrap_or_default() {
                let (Some(id), Some(name)) = (policy.id, policy.name) else { continue };
                if is_document_of(stack, &name) {
                    named.insert(name, (id, policy.description.unwrap_or_default()));
                }
            }
        }
        let mut policies = Policies { ours: Vec::new(), foreign: Vec::new() };
        for (name, (id, description)) in named {
            let tags = self.tags(&id).await?;
            if tags.get(STACK).map(String::as_str) != Some(stack) {
                policies.foreign.push(name);
                continue;
            }
            let (content, targets) = (self.content(&id).await?, self.targets(&id).await?);
            policies.ours.push(Existing { id, name, description, content, tags, targets });
        }
        Ok(policies)
    }

    async fn tags(&self, id: &str) -> Result<BTreeMap<String, String>, Error> {
        let mut pages = self.client.list_tags_for_resource().resource_id(id).into_paginator().items().send();
        let mut tags = BTreeMap::new();
        while let Some(tag) = pages.next().await {
            let tag = tag.map_err(|error| self.failed(AwsFailure::new(SERVICE, "ListTagsForResource", &error)))?;
            tags.insert(tag.key, tag.value);
        }
        Ok(tags)
    }

    async fn content(&self, id: &str) -> Result<String, Error> {
        let answer = self.client.describe_policy().policy_id(id).send().await;
        let answer = answer.map_err(|error| self.failed(AwsFailure::new(SERVICE, "DescribePolicy", &error)))?;
        answer.policy.and_then(|policy| policy.content).ok_or(Error::Odd("DescribePolicy"))
    }

    async fn targets(&self, id: &str) -> Result<BTreeSet<String>, Error> {
        let mut pages = self.client.list_targets_for_policy().policy_id(id).into_paginator().send();
        let mut targets = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed(AwsFailure::new(SERVICE, "ListTargetsForPolicy", &error)))?;
            targets.extend(page.targets.into_iter().flatten().filter_map(|target| target.target_id));
        }
        Ok(targets)
    }

    /// Checks that each target exists and has room, before anything is changed.
    pub(super) async fn check_room(&self, changes: &[Change], most: usize) -> Result<(), Error> {
        let ours: BTreeSet<&String> = changes.iter().map(|change| &change.name).collect();
        let mut wanted: BTreeMap<&String, usize> = BTreeMap::new();
        for target in changes.iter().filter_map(|change| change.after.as_ref()).flat_map(|after| &after.targets) {
            *wanted.entry(target).or_default() += 1;
        }
        for (target, wanted) in wanted {
            let mut pages =
                self.client.list_policies_for_target().target_id(target).filter(TYPE).into_paginator().send();
            let mut others = Vec::new();
            while let Some(page) = pages.next().await {
                let page =
                    page.map_err(|error| self.failed(AwsFailure::new(SERVICE, "ListPoliciesForTarget", &error)))?;
                let names = page.policies.into_iter().flatten().filter_map(|policy| policy.name);
                others.extend(names.filter(|name| !ours.contains(name)));
            }
            if others.len() + wanted > most {
                return Err(Error::NoRoom { target: target.clone(), wanted, others, most });
            }
        }
        Ok(())
    }

    /// Carries out `step`. One that was carried out before is done.
    pub(super) async fn carry_out(
        &self,
        step: &Step,
        stack: &str,
        ids: &mut BTreeMap<String, String>,
    ) -> Result<(), Error> {
        match step {
            Step::Create(policy) => {
                let id = self.create(policy, stack).await?;
                ids.insert(policy.name.clone(), id);
                Ok(())
            }
            Step::Update { before, after } => {
                // Both, so that a write that is cut off here or after it is not taken for somebody else's.
                let both = format!("{}+{}", fingerprint(&before.content), fingerprint(&after.content));
                self.mark(&before.id, both).await?;
                self.update(&before.id, after).await?;
                self.mark(&before.id, fingerprint(&after.content)).await
            }
            Step::Mark(policy) => self.mark(&policy.id, fingerprint(&policy.content)).await,
            Step::Attach { policy, target } => self.attach(id_of(ids, policy)?, target).await,
            Step::Detach { policy, target } => self.detach(id_of(ids, policy)?, target).await,
            Step::Delete { policy } => self.delete(id_of(ids, policy)?).await,
        }
    }

    async fn create(&self, policy: &Desired, stack: &str) -> Result<String, Error> {
        let tags = vec![tag(STACK, stack)?, tag(CONTENT, fingerprint(&policy.content))?];
        let call = self
            .client
            .create_policy()
            .name(&policy.name)
            .description(&policy.description)
            .content(&policy.content)
            .r#type(TYPE)
            .set_tags(Some(tags));
        let create =
            || async { call.clone().send().await.map_err(|error| AwsFailure::new(SERVICE, "CreatePolicy", &error)) };
        let answer = retried(create).await.map_err(|failure| self.failed(failure))?;
        let summary = answer.policy.and_then(|policy| policy.policy_summary);
        summary.and_then(|summary| summary.id).ok_or(Error::Odd("CreatePolicy"))
    }

    async fn update(&self, id: &str, policy: &Desired) -> Result<(), Error> {
        let call = self.client.update_policy().policy_id(id).description(&policy.description).content(&policy.content);
        let update = || async {
            let answer = call.clone().send().await;
            answer.map(drop).map_err(|error| AwsFailure::new(SERVICE, "UpdatePolicy", &error))
        };
        retried(update).await.map_err(|failure| self.failed(failure))
    }

    async fn mark(&self, id: &str, written: String) -> Result<(), Error> {
        let call = self.client.tag_resource().resource_id(id).tags(tag(CONTENT, written)?);
        let mark = || async {
            let answer = call.clone().send().await;
            answer.map(drop).map_err(|error| AwsFailure::new(SERVICE, "TagResource", &error))
        };
        retried(mark).await.map_err(|failure| self.failed(failure))
    }

    async fn attach(&self, id: &str, target: &str) -> Result<(), Error> {
        let call = self.client.attach_policy().policy_id(id).target_id(target);
        let attach = || async {
            let answer = call.clone().send().await;
            answer.map(drop).map_err(|error| AwsFailure::new(SERVICE, "AttachPolicy", &error))
        };
        self.done(retried(attach).await, "DuplicatePolicyAttachmentException")
    }

    async fn detach(&self, id: &str, target: &str) -> Result<(), Error> {
        let call = self.client.detach_policy().policy_id(id).target_id(target);
        let detach = || async {
            let answer = call.clone().send().await;
            answer.map(drop).map_err(|error| AwsFailure::new(SERVICE, "DetachPolicy", &error))
        };
        self.done(retried(detach).await, "PolicyNotAttachedException")
    }

    async fn delete(&self, id: &str) -> Result<(), Error> {
        let call = self.client.delete_policy().policy_id(id);
        let delete = || async {
            let answer = call.clone().send().await;
            answer.map(drop).map_err(|error| AwsFailure::new(SERVICE, "DeletePolicy", &error))
        };
        self.done(retried(delete).await, "PolicyNotFoundException")
    }

    /// A call that had nothing left to do, because an earlier try did it, has worked.
    fn done(&self, answer: Result<(), AwsFailure>, already: &str) -> Result<(), Error> {
        match answer {
            Err(failure) if failure.code_is(already) => Ok(()),
            answer => answer.map_err(|failure| self.failed(failure)),
        }
    }

    fn failed(&self, failure: AwsFailure) -> Error {
        cloud(self.connection, failure)
    }
}

fn cloud(connection: &Connection, failure: AwsFailure) -> Error {
    match connection.failure(failure) {
        CloudError::Aws(failure) => Error::Aws(failure),
        error => Error::Cloud(error),
    }
}

fn id_of<'i>(ids: &'i BTreeMap<String, String>, policy: &str) -> Result<&'i String, Error> {
    ids.get(policy).ok_or(Error::Odd("CreatePolicy"))
}

fn tag(key: &str, value: impl Into<String>) -> Result<Tag, Error> {
    Tag::builder().key(key).value(value).build().map_err(|_| Error::Odd("TagResource"))
}

/// Tries again while somebody else changes the organisation (`ConcurrentModificationException`).
async fn retried<T, F: Future<Output = Result<T, AwsFailure>>>(call: impl Fn() -> F) -> Result<T, AwsFailure> {
    let mut pause = Duration::from_millis(250);
    for _ in 1..TRIES {
        match call().await {
            Err(failure)
                if failure.kind == FailureKind::Conflict && failure.code_is("ConcurrentModificationException") =>
            {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            answer => return answer,
        }
    }
    call().await
}
