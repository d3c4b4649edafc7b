//! Reading the live state, and asking CloudFormation for one that is newer.

use aws_sdk_cloudformation::types::{Stack, StackResourceDrift, StackStatus};
use jiff::Timestamp;
use rectify_aws::{AwsFailure, FailureKind, Reading, refused, unreadable};
use rectify_controls::{
    Fact, Selection, Tags,
    cloudformation_stack::{Facts, ManualChange, StackId, Target, is_due},
};
use rectify_runtime::{Observed, Page};

use crate::{SERVICE, Stacks, failure, shape};

/// Controls that take what a detection found.
const OF_DRIFT: [&str; 2] = ["stack-drifted", "stack-manual-change"];

/// The longest token of a page (CloudFormation API reference, `ListStacks`).
const LONGEST_TOKEN: usize = 1024;

impl Stacks {
    /// Reads what `selection` needs, and starts a drift detection where one is due.
    pub(crate) async fn observe(&self, target: &Target, selection: &Selection) -> Result<Observed<Facts>, AwsFailure> {
        let Some(id) = target.stack() else { return Ok(Observed::Gone) };
        let mut facts = Facts::unread(id.clone(), self.place.clone());
        if let Target::Changed(_, change) = target {
            facts.news = Some((**change).clone());
        }
        let stack = match self.stack(id.arn(&self.place).as_str()).await {
            Ok(Some(stack)) => stack,
            Ok(None) => return Ok(Observed::Gone),
            Err(refusal) => {
                facts.state = fact(refusal)?;
                return Ok(Observed::Facts(facts));
            }
        };
        let state = shape::state(&stack);
        if OF_DRIFT.iter().any(|control| selection.contains(control)) && state.can_be_checked() {
            let ended = matches!(target, Target::Checked(_));
            facts.check = match self.results(id).await {
                Ok(results) => Fact::Known(shape::check(&stack, &results, ended)),
                Err(refusal) => fact(refusal)?,
            };
            if is_due(target, &state, shape::checked_at(&stack), Timestamp::now())
                && let Err(refusal) = self.detect(id).await
            {
                facts.check = fact(refusal)?;
            }
        }
        facts.state = Fact::Known(state);
        Ok(Observed::Facts(facts))
    }

    /// The stack itself; `None` when there is none such, or no more.
    pub(crate) async fn stack(&self, name: &str) -> Result<Option<Stack>, AwsFailure> {
        match self.client.describe_stacks().stack_name(name).send().await {
            Ok(answer) => Ok(answer
                .stacks
                .and_then(|stacks| stacks.into_iter().next())
                .filter(|stack| stack.stack_status() != Some(&StackStatus::DeleteComplete))),
            Err(error) => absent(AwsFailure::new(SERVICE, "DescribeStacks", &error)),
        }
    }

    /// What detections found of each resource, to the last page.
    pub(crate) async fn results(&self, id: &StackId) -> Result<Vec<StackResourceDrift>, AwsFailure> {
        let arn = id.arn(&self.place);
        let mut pages = self.client.describe_stack_resource_drifts().stack_name(arn.as_str()).max_results(100).send();
        let mut results = Vec::new();
        let mut token = None;
        loop {
            let answer =
                pages.await.map_err(|error| AwsFailure::new(SERVICE, "DescribeStackResourceDrifts", &error))?;
            results.extend(answer.stack_resource_drifts.unwrap_or_default());
            match answer.next_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next)) {
                None => return Ok(results),
                next => token = next,
            }
            pages = self
                .client
                .describe_stack_resource_drifts()
                .stack_name(arn.as_str())
                .max_results(100)
                .set_next_token(token.clone())
                .send();
        }
    }

    /// `DetectStackDrift`. One that is under way is as good; its end has a notice too.
    async fn detect(&self, id: &StackId) -> Result<(), AwsFailure> {
        let call = self.client.detect_stack_drift().stack_name(id.arn(&self.place).as_str());
        let Err(error) = call.send().await else { return Ok(()) };
        let refusal = AwsFailure::new(SERVICE, "DetectStackDrift", &error);
        if says(&refusal, "progress") { Ok(()) } else { Err(refusal) }
    }

    /// Which stack an event is about that names none for good.
    pub(crate) async fn resolve(&self, target: &Target) -> Result<Option<Target>, AwsFailure> {
        match target {
            Target::Stack(_) | Target::Checked(_) | Target::Changed(..) => Ok(Some(target.clone())),
            Target::Named(name) => {
                let stack = self.stack(name.as_str()).await?;
                let id = stack.as_ref().and_then(|stack| self.id(stack.stack_id()?));
                Ok(id.map(Target::Stack))
            }
            Target::Owner(physical, caller) => {
                let call = self.client.describe_stack_resources().physical_resource_id(physical.as_str());
                let answer = match call.send().await {
                    Ok(answer) => answer,
                    Err(error) => return absent(AwsFailure::new(SERVICE, "DescribeStackResources", &error)),
                };
                let mut resources = answer.stack_resources.unwrap_or_default().into_iter();
                let owned = resources.find(|one| one.physical_resource_id() == Some(physical.as_str()));
                Ok(owned.and_then(|one| {
                    let stack = self.id(one.stack_id()?)?;
                    let change = ManualChange {
                        logical: one.logical_resource_id()?.to_owned(),
                        kind: one.resource_type()?.to_owned(),
                        caller: (**caller).clone(),
                    };
                    Some(Target::Changed(stack, Box::new(change)))
                }))
            }
        }
    }

    fn id(&self, arn: &str) -> Option<StackId> {
        StackId::of_arn(arn, &self.place)
    }

    /// The tags of a stack.
    pub(crate) async fn tags(&self, target: &Target) -> Fact<Tags> {
        let Some(id) = target.stack() else { return Fact::NotRead };
        match self.stack(id.arn(&self.place).as_str()).await {
            Ok(Some(stack)) => Fact::Known(shape::tags(&stack)),
            Ok(None) => Fact::NotRead,
            Err(refusal) => Fact::Unreadable(unreadable(refusal)),
        }
    }

    /// `ListStacks`, of those that are there.
    pub(crate) async fn list(&self, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
        if cursor.is_some_and(|token| token.len() > LONGEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            let message = "the cursor is not one that this release made: sweep from the beginning";
            return Err(failure("ListStacks", FailureKind::Invalid, message.to_owned()));
        }
        let there = StackStatus::values().iter().map(|status| StackStatus::from(*status));
        let there = there.filter(|status| *status != StackStatus::DeleteComplete).collect();
        let call =
            self.client.list_stacks().set_stack_status_filter(Some(there)).set_next_token(cursor.map(str::to_owned));
        let answer = call.send().await.map_err(|error| AwsFailure::new(SERVICE, "ListStacks", &error))?;
        let (mut ids, mut odd) = (Vec::new(), Vec::new());
        for stack in answer.stack_summaries() {
            let arn = stack.stack_id().unwrap_or_default();
            match self.id(arn) {
                Some(id) => ids.push(Target::Stack(id)),
                None => odd.push(arn.to_owned()),
            }
        }
        Ok(Page { ids, odd, next: answer.next_token.filter(|token| !token.is_empty()) })
    }
}

/// `None` for what is not there: CloudFormation has no code of its own for that, only words.
fn absent<T>(refusal: AwsFailure) -> Result<Option<T>, AwsFailure> {
    if says(&refusal, "does not exist") { Ok(None) } else { Err(refusal) }
}

fn says(refusal: &AwsFailure, words: &str) -> bool {
    refusal.code_is("ValidationError") && refusal.message.as_ref().is_some_and(|message| message.contains(words))
}

/// A refusal as a fact, or as the end of the look.
fn fact<T>(refusal: AwsFailure) -> Result<Fact<T>, AwsFailure> {
    let reading: Reading<T> = refused(refusal, None);
    reading.or_else(|ended| match ended {
        rectify_aws::Ended::Refused(refusal) => Err(refusal),
        rectify_aws::Ended::Gone => Ok(Fact::NotRead),
    })
}
