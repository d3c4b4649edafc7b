//! `template.yaml`, `member.yaml` and `member-correct.yaml` from the rule book.
//!
//! The YAML lives in `template/*.yaml`, with the comments a reader of the result needs. This module fills in what the rule
//! book knows: names, event patterns and permissions.

mod alarms;
mod dashboard;
mod fill;
mod iam;
mod pattern;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use rectify_controls::{Access, Need, Notice, Trigger, pattern::event_pattern};

use crate::{kinds::KindSummary, repo::Generated};
use fill::fill;

const HUB: &str = include_str!("template/hub.yaml");
const GUARD: &str = include_str!("template/guard.yaml");
const ORGANIZATION: &str = include_str!("template/organization.yaml");
const OUTBOX: &str = include_str!("template/outbox.yaml");
const NOTIFIER: &str = include_str!("template/notifier.yaml");
const SWEEPER: &str = include_str!("template/sweeper.yaml");
const MEMBER: &str = include_str!("template/member.yaml");
const MEMBER_RULE: &str = include_str!("template/member-rule.yaml");
const MEMBER_CORRECT: &str = include_str!("template/member-correct.yaml");
const OBSERVE_ROLE: &str = include_str!("template/observe-role.yaml");
const CORRECT_ROLE: &str = include_str!("template/correct-role.yaml");
const OUTPUTS: &str = include_str!("template/outputs.yaml");

/// The templates for `kinds`.
///
/// # Errors
/// When a part names a placeholder that nothing fills, or an event pattern is longer than every account accepts.
pub(crate) fn files(kinds: &[KindSummary]) -> Result<Vec<Generated>> {
    let guards = kinds.iter().map(guard).collect::<Result<Vec<_>>>()?.join("\n");
    let outputs = kinds
        .iter()
        .map(|kind| fill(OUTPUTS, &[("id", &kind.pascal()), ("kind", kind.name)]))
        .collect::<Result<Vec<_>>>()?
        .concat();
    // Functions by name and not by `!GetAtt`: what names them here depends on nothing that they depend on.
    let functions = lines(kinds, |kind| {
        format!(
            "- !Sub arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:${{AWS::StackName}}-{}",
            kind.name
        )
    });
    let queues = lines(kinds, |kind| format!("- !GetAtt {}GuardDeadLetters.Arn", kind.pascal()));
    let text = fill(
        HUB,
        &[
            ("repository", env!("CARGO_PKG_REPOSITORY")),
            ("version", env!("CARGO_PKG_VERSION")),
            ("functions", &functions),
            ("queues", &queues),
            ("guards", &guards),
            ("outbox", &fill(OUTBOX, &[("alarms", &alarms::outbox()?)])?),
            ("notifier", &notifier()?),
            ("sweeper", &sweeper(kinds)?),
            ("organization", ORGANIZATION.trim_end()),
            ("dashboard", &dashboard::yaml(kinds)),
            ("outputs", &outputs),
        ],
    )?;
    let file = |path: &str, text| Generated { path: path.to_owned(), text, by: "cargo xtask template" };
    Ok(vec![
        file("template.yaml", text),
        file("member.yaml", member(kinds)?),
        file("member-correct.yaml", member_correct(kinds)?),
    ])
}

/// What each kind's rule in a member sends to the hub: every event once, by the rule of the first kind that is woken by it. On the
/// hub's bus each guard's own rule takes what it needs; an event that two rules of a member sent would wake it twice.
fn forwarded(kinds: &[KindSummary]) -> Vec<(Vec<Trigger>, Vec<Notice>)> {
    let mut sent = BTreeSet::new();
    kinds
        .iter()
        .map(|kind| {
            let triggers = kind.triggers.iter().filter(|trigger| sent.insert((trigger.source, trigger.name)));
            let triggers = triggers.copied().collect();
            let notices = kind.notices.iter().filter(|notice| sent.insert((notice.source, notice.detail_type)));
            (triggers, notices.copied().collect())
        })
        .collect()
}

/// What every watched account has.
fn member(kinds: &[KindSummary]) -> Result<String> {
    let rule = |(kind, (triggers, notices)): (&KindSummary, (Vec<Trigger>, Vec<Notice>))| {
        let pattern = pattern::yaml(&triggers, &notices);
        fill(MEMBER_RULE, &[("id", &kind.pascal()), ("kind", kind.name), ("pattern", &pattern)])
    };
    let rules = kinds.iter().zip(forwarded(kinds)).map(rule).collect::<Result<Vec<_>>>()?.join("\n");
    let reader = |kind: &KindSummary| {
        let reads: Vec<Access> = kind.access.iter().filter(reads).copied().collect();
        let (policies, managed) = (iam::policies(&reads), iam::managed(kind.read_policies));
        fill(
            OBSERVE_ROLE,
            &[("id", &kind.pascal()), ("kind", kind.name), ("policies", &policies), ("managed", &managed)],
        )
    };
    let readers = kinds.iter().map(reader).collect::<Result<Vec<_>>>()?.join("\n");
    fill(MEMBER, &[("rules", &rules), ("readers", readers.trim_end())])
}

/// What an account has in which something may be put back.
fn member_correct(kinds: &[KindSummary]) -> Result<String> {
    let role = |kind: &KindSummary| {
        // Reads too: what is written as a whole is read first.
        let policies = iam::policies(kind.access);
        let managed = iam::managed(kind.read_policies);
        fill(
            CORRECT_ROLE,
            &[("id", &kind.pascal()), ("kind", kind.name), ("policies", &policies), ("managed", &managed)],
        )
    };
    let writes = |kind: &&KindSummary| kind.access.iter().any(|access| access.need == Need::Write);
    let roles = kinds.iter().filter(writes).map(role).collect::<Result<Vec<_>>>()?.join("\n");
    fill(MEMBER_CORRECT, &[("roles", &roles)])
}

fn reads(access: &&Access) -> bool {
    access.need == Need::Read
}

/// The detail type of findings that the notifier puts on the bus. No guard's rule takes it.
const LAKE: &str = "OCSF Compliance Finding";

fn notifier() -> Result<String> {
    fill(NOTIFIER, &[("lake", LAKE), ("alarms", &alarms::notifier()?)])
}

fn sweeper(kinds: &[KindSummary]) -> Result<String> {
    let names = kinds.iter().map(|kind| kind.name).collect::<Vec<_>>().join(",");
    fill(SWEEPER, &[("kinds", &names), ("alarms", &alarms::sweeper()?)])
}

/// One line for each kind.
fn lines(kinds: &[KindSummary], line: impl Fn(&KindSummary) -> String) -> String {
    kinds.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn guard(kind: &KindSummary) -> Result<String> {
    let id = kind.pascal();
    rectify_pattern::check_length(
        &event_pattern(kind.triggers, kind.notices).to_string(),
        rectify_pattern::DEFAULT_LENGTH,
    )
    .with_context(|| format!("the rule of kind `{}` needs to be split", kind.name))?;
    let controls = match kind.controls.len() {
        1 => "1 control".to_owned(),
        n => format!("{n} controls"),
    };
    fill(
        GUARD,
        &[
            ("id", &id),
            ("kind", kind.name),
            ("controls", &controls),
            ("pattern", &pattern::yaml(kind.triggers, kind.notices)),
            ("policies", &iam::policies(kind.access)),
            ("managed", &iam::managed(kind.read_policies)),
            ("alarms", &alarms::guard(kind, &id)?),
        ],
    )
}

#[cfg(test)]
mod tests;
