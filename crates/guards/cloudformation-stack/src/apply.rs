//! Making a change.
//!
//! Reverting drift takes CloudFormation minutes, and this waits for none of them: each try goes one step further and answers that it
//! is not done yet, and the runtime comes back to it. What has been done shows in CloudFormation alone, so a try that dies is
//! tried again from where it stood.

use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, DeploymentMode, ExecutionStatus, Parameter, Stack,
};
use jiff::Timestamp;
use rectify_aws::{AwsFailure, FailureKind, done, unless};
use rectify_controls::cloudformation_stack::{Change, PlannedChange, StackId, Target, objection};
use sha2::{Digest, Sha256};

use crate::{SERVICE, Stacks, failure, shape};

const REVERT: &str = "ExecuteChangeSet";

/// A change set, as far as it has come.
struct Planned {
    status: Option<ChangeSetStatus>,
    execution: Option<ExecutionStatus>,
    reason: String,
    changes: Vec<PlannedChange>,
}

impl Stacks {
    /// Makes `change`.
    pub(crate) async fn apply(&self, target: &Target, change: &Change) -> Result<(), AwsFailure> {
        let Some(id) = target.stack() else { return Err(refuse("the stack is not known".to_owned())) };
        match change {
            Change::Protect(on) => {
                let call = self.client.update_termination_protection().stack_name(id.arn(&self.place).as_str());
                done(SERVICE, "UpdateTerminationProtection", call.enable_termination_protection(*on).send().await)
            }
            Change::RevertDrift { resources, deployed_at } => self.revert(id, resources, *deployed_at).await,
            Change::DriftAgain(_) => {
                Err(refuse("CloudFormation has no call that brings a manual change back".to_owned()))
            }
        }
    }

    async fn revert(&self, id: &StackId, resources: &[String], since: Option<Timestamp>) -> Result<(), AwsFailure> {
        let arn = id.arn(&self.place);
        let Some(stack) = self.stack(arn.as_str()).await? else { return Err(refuse("the stack is gone".to_owned())) };
        let state = shape::state(&stack);
        if state.is_in_progress() {
            return Err(later(format!("the stack is {}", state.status)));
        }
        if state.deployed_at != since {
            return self.reverted(id, &stack, resources).await;
        }
        let name = change_set(resources, since);
        let Some(planned) = self.planned(arn.as_str(), &name).await? else {
            self.plan(&stack, arn.as_str(), &name).await?;
            return Err(later("the change set is being made".to_owned()));
        };
        match (&planned.status, &planned.execution) {
            (Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress), _) => {
                Err(later("the change set is being made".to_owned()))
            }
            (Some(ChangeSetStatus::CreateComplete), Some(ExecutionStatus::Available)) => {
                if let Some(why) = objection(&planned.changes, resources) {
                    self.discard(arn.as_str(), &name).await?;
                    return Err(refuse(why));
                }
                let call = self.client.execute_change_set().stack_name(arn.as_str()).change_set_name(&name);
                done(SERVICE, REVERT, call.send().await)?;
                Err(later("the change set is being executed".to_owned()))
            }
            (
                Some(ChangeSetStatus::CreateComplete),
                Some(
                    ExecutionStatus::Unavailable
                    | ExecutionStatus::ExecuteInProgress
                    | ExecutionStatus::ExecuteComplete,
                ),
            ) => Err(later("the change set is being executed".to_owned())),
            (status, execution) => {
                let words = |word: Option<&str>| word.unwrap_or("unknown").to_owned();
                let (status, execution) = (status.as_ref(), execution.as_ref());
                let status = words(status.map(ChangeSetStatus::as_str));
                let execution = words(execution.map(ExecutionStatus::as_str));
                self.discard(arn.as_str(), &name).await?;
                Err(refuse(format!("the change set is {status}, {execution}: {}", planned.reason)))
            }
        }
    }

    /// The stack has been deployed since the plan: what a detection after it says.
    async fn reverted(&self, id: &StackId, stack: &Stack, resources: &[String]) -> Result<(), AwsFailure> {
        let (state, checked_at) = (shape::state(stack), shape::checked_at(stack));
        if checked_at < state.deployed_at {
            return Err(later("the drift is detected again".to_owned()));
        }
        let check = shape::check(stack, &self.results(id).await?, false);
        if !check.whole {
            return Err(later("the drift is being detected".to_owned()));
        }
        let still: Vec<&str> = (check.drifts.iter().map(|drift| drift.logical.as_str()))
            .filter(|logical| resources.iter().any(|resource| resource == logical))
            .collect();
        if still.is_empty() {
            return Ok(());
        }
        Err(refuse(format!("the stack was deployed and is {}, and {} still differs", state.status, still.join(", "))))
    }

    /// The change set of that name with all it would do; `None` when there is none.
    async fn planned(&self, stack: &str, name: &str) -> Result<Option<Planned>, AwsFailure> {
        let mut token = None;
        let mut planned: Option<Planned> = None;
        loop {
            let call = self.client.describe_change_set().stack_name(stack).change_set_name(name);
            let answer = match call.set_next_token(token.clone()).send().await {
                Ok(answer) => answer,
                Err(error) => {
                    let refusal = AwsFailure::new(SERVICE, "DescribeChangeSet", &error);
                    let none = refusal.code_is("ChangeSetNotFound") || refusal.code_is("ChangeSetNotFoundException");
                    return if none { Ok(None) } else { Err(refusal) };
                }
            };
            let changes = answer.changes().iter().filter_map(|change| change.resource_change()).map(shape::planned);
            let changes: Vec<_> = changes.collect();
            match &mut planned {
                Some(planned) => planned.changes.extend(changes),
                None => {
                    let reason = answer.status_reason().unwrap_or("no reason given").to_owned();
                    let (status, execution) = (answer.status.clone(), answer.execution_status.clone());
                    planned = Some(Planned { status, execution, reason, changes });
                }
            }
            match answer.next_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next)) {
                None => return Ok(planned),
                next => token = next,
            }
        }
    }

    /// `CreateChangeSet` with everything as it is.
    async fn plan(&self, stack: &Stack, arn: &str, name: &str) -> Result<(), AwsFailure> {
        let parameters = stack.parameters().iter().filter_map(|parameter| {
            let key = parameter.parameter_key()?;
            Some(Parameter::builder().parameter_key(key).use_previous_value(true).build())
        });
        let capabilities: Vec<Capability> = stack.capabilities().to_vec();
        let call = self
            .client
            .create_change_set()
            .stack_name(arn)
            .change_set_name(name)
            .change_set_type(ChangeSetType::Update)
            .description("rectify: back to the template")
            .use_previous_template(true)
            .deployment_mode(DeploymentMode::RevertDrift)
            .set_parameters(Some(parameters.collect()))
            .set_capabilities(Some(capabilities));
        unless(done(SERVICE, "CreateChangeSet", call.send().await), &["AlreadyExistsException"])
    }

    async fn discard(&self, stack: &str, name: &str) -> Result<(), AwsFailure> {
        let call = self.client.delete_change_set().stack_name(stack).change_set_name(name);
        unless(done(SERVICE, "DeleteChangeSet", call.send().await), &["ChangeSetNotFound"])
    }
}

/// The same for each try of one correction, and another after the next deployment.
fn change_set(resources: &[String], since: Option<Timestamp>) -> String {
    let mut hash = Sha256::new();
    for part in resources.iter().cloned().chain(since.map(|since| since.to_string())) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: String = hash.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    format!("rectify-{digest}")
}

fn later(message: String) -> AwsFailure {
    failure(REVERT, FailureKind::NotYet, message)
}

fn refuse(message: String) -> AwsFailure {
    failure(REVERT, FailureKind::Invalid, message)
}
