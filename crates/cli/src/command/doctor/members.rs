//! The members: whether a guard gets into each to read, and where the settings allow correcting, to write; and how old what is
//! known of each is.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use rectify_controls::{AccountFacts, AccountId, Entry, Membership, Mode, Order, Region, Settings, Way};

use super::{Desk, check::Check};
use crate::{
    command::org,
    connection::CloudError,
    guard::Guards,
    kinds::{KINDS, KindEntry},
    moment, output,
};

const ENTER: &str = "members";
const FACTS: &str = "organization";

/// Orders at a time: a guard's reserved concurrency is for events first.
const AT_ONCE: usize = 4;

/// Accounts that are named before the rest is a number.
const NAMED: usize = 3;

/// One question: may a guard of `kind` enter there?
struct Question<'a> {
    kind: &'static KindEntry,
    account: &'a AccountId,
    region: &'a Region,
    write: bool,
}

/// The accounts' own results, and the age of what is known of them.
pub(super) async fn check(desk: &Desk<'_>, accounts: &[AccountId], regions: &[Region]) -> Vec<Check> {
    let known = match known(desk, accounts).await {
        Ok(known) => known,
        Err(check) => return vec![check],
    };
    if known.is_empty() {
        let next = "name credentials that may list them with --organization-profile, or accounts with --account";
        let seen = "the organisation shows no other active account to these credentials";
        return vec![Check::warning(ENTER, "", seen, next)];
    }
    let settings = desk.file.as_ref().and_then(|file| file.settings.as_ref());
    let questions = questions(&known, regions, settings);
    let guards = Guards::new(desk.connection);
    let progress = output::progress(questions.len(), "ways into accounts");
    let answers: Vec<(AccountId, Vec<Closed>)> = stream::iter(questions)
        .map(async |question| {
            let order = Order::Enter {
                account: question.account.clone(),
                region: question.region.clone(),
                write: question.write,
            };
            let answer: Result<Entry, CloudError> = guards.order(question.kind.name, &order).await;
            progress.inc(1);
            (question.account.clone(), closed(question.kind.name, question.account, question.region, answer))
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    progress.finish_and_clear();
    let mut checks = grouped(known.len(), answers, settings.is_some());
    checks.push(ages(&known, settings, Timestamp::now()));
    checks
}

/// The accounts that are named, or all that the organisation shows.
async fn known(desk: &Desk<'_>, accounts: &[AccountId]) -> Result<BTreeMap<AccountId, Option<AccountFacts>>, Check> {
    let found = if accounts.is_empty() {
        org::active(desk.connection, desk.organization_profile).await
    } else {
        Ok(accounts.to_vec())
    };
    let failed = |error: org::Error| {
        let next = "name accounts with --account, or credentials that may list them with --organization-profile";
        let next = error.help().map_or_else(|| next.to_owned(), |help| format!("{next}: {help}"));
        Check::failed(ENTER, "", error.to_string(), next)
    };
    let mut found = found.map_err(failed)?;
    found.retain(|account| account != desk.account);
    org::known(desk.connection, found).await.map_err(failed)
}

/// The first guard reads everywhere; each guard writes once per account, where the settings allow any of its controls to.
fn questions<'a>(
    known: &'a BTreeMap<AccountId, Option<AccountFacts>>,
    regions: &'a [Region],
    settings: Option<&Settings>,
) -> Vec<Question<'a>> {
    let mut questions = Vec::new();
    for (account, facts) in known {
        for (nth, kind) in KINDS.iter().enumerate() {
            let write = settings.is_some_and(|settings| corrects(settings, kind, account, facts.as_ref()));
            for (at, region) in regions.iter().enumerate() {
                if nth == 0 || (at == 0 && write) {
                    questions.push(Question { kind, account, region, write: write && at == 0 });
                }
            }
        }
    }
    questions
}

fn corrects(settings: &Settings, kind: &KindEntry, account: &AccountId, facts: Option<&AccountFacts>) -> bool {
    match settings.environment(account, facts) {
        Membership::In(environment) => {
            kind.controls.iter().any(|control| settings.mode(control, environment) == Mode::Corrective)
        }
        Membership::Unknown { .. } => false,
    }
}

/// Why a guard does not get in, in words that are the same for every account with the same trouble.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Closed {
    to: &'static str,
    why: String,
    next: String,
}

fn closed(kind: &str, account: &AccountId, region: &Region, answer: Result<Entry, CloudError>) -> Vec<Closed> {
    let same = |why: &str| why.replace(account.as_str(), "ACCOUNT");
    let entry = match answer {
        Ok(entry) => entry,
        Err(error) => {
            let next = error.help().unwrap_or_else(|| format!("see `status` of {kind}"));
            return vec![Closed { to: "read", why: same(&error.to_string()), next }];
        }
    };
    let stack_set = |template: &str| {
        format!("deploy `{template}` there: `aws cloudformation list-stack-instances` of its StackSet says what failed")
    };
    let mut closed = Vec::new();
    if let Way::Closed { why } = &entry.read {
        let why = format!("{} (region {region})", same(why));
        closed.push(Closed { to: "read", why, next: stack_set("member.yaml") });
    }
    if let Some(Way::Closed { why }) = &entry.write {
        let next = format!(
            "{}; where nothing may be put back, the settings should say so (mode `detective`)",
            stack_set("member-correct.yaml")
        );
        closed.push(Closed { to: "write", why: same(why), next });
    }
    closed
}

/// Accounts with the same trouble are one line.
fn grouped(accounts: usize, answers: Vec<(AccountId, Vec<Closed>)>, with_settings: bool) -> Vec<Check> {
    let mut groups: BTreeMap<Closed, BTreeSet<AccountId>> = BTreeMap::new();
    for (account, closed) in answers {
        for closed in closed {
            groups.entry(closed).or_default().insert(account.clone());
        }
    }
    if groups.is_empty() {
        let ways = if with_settings { "to read, and to write where the settings correct" } else { "to read" };
        return vec![Check::fine(ENTER, "", format!("the guards get into {} {ways}", many(accounts)))];
    }
    groups
        .into_iter()
        .map(|(Closed { to, why, next }, accounts)| {
            let named: Vec<&str> = accounts.iter().take(NAMED).map(AccountId::as_str).collect();
            let more = accounts.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let seen = format!("no way to {to} in {}: {}{more}: {why}", many(accounts.len()), named.join(", "));
            Check::failed(ENTER, "", seen, next)
        })
        .collect()
}

fn many(accounts: usize) -> String {
    format!("{accounts} account{}", if accounts == 1 { "" } else { "s" })
}

/// How old what is known of the accounts is. Where the settings hang on it, nothing is corrected beyond that age.
fn ages(known: &BTreeMap<AccountId, Option<AccountFacts>>, settings: Option<&Settings>, now: Timestamp) -> Check {
    let limit = settings.map_or(org::OLD, |settings| settings.organization_max_age);
    let age = |facts: &Option<AccountFacts>| facts.as_ref().map(|facts| now.duration_since(facts.read_at));
    let old: Vec<&AccountId> = (known.iter())
        .filter(|(_, facts)| age(facts).is_none_or(|age| age > limit))
        .map(|(account, _)| account)
        .collect();
    if old.is_empty() {
        let oldest = known.values().filter_map(age).max().unwrap_or(SignedDuration::ZERO);
        return Check::fine(FACTS, "", format!("every account was read within {}", moment::rough(oldest)));
    }
    let named: Vec<&str> = old.iter().take(NAMED).map(|account| account.as_str()).collect();
    let seen = format!(
        "{} of {} not read within {}, for example {}",
        old.len(),
        many(known.len()),
        moment::rough(limit),
        named.join(", ")
    );
    let next = "`rectify org refresh`, every day";
    if old.iter().any(|account| settings.is_some_and(|settings| settings.hangs_on_organization(account))) {
        Check::failed(FACTS, "", format!("{seen}; there nothing is corrected"), next)
    } else {
        Check::warning(FACTS, "", seen, next)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::check::Verdict, *};

    fn account(nth: usize) -> AccountId {
        AccountId::new(format!("{nth:012}")).unwrap()
    }

    fn entry(nth: usize, read: bool, write: Option<bool>) -> Entry {
        let way = |open: bool, role: &str| {
            let arn = format!("arn:aws:iam::{}:role/rectify/rectify-{role}", account(nth));
            if open {
                Way::Open { arn }
            } else {
                Way::Closed { why: format!("sts:AssumeRole of `{arn}`: AccessDenied") }
            }
        };
        Entry {
            account: account(nth),
            region: Region::new("eu-central-1").unwrap(),
            read: way(read, "observe"),
            write: write.map(|open| way(open, "correct-s3-bucket")),
        }
    }

    fn answers(entries: Vec<Entry>) -> Vec<(AccountId, Vec<Closed>)> {
        entries
            .into_iter()
            .map(|entry| {
                let (account, region) = (entry.account.clone(), entry.region.clone());
                (account.clone(), closed("s3-bucket", &account, &region, Ok(entry)))
            })
            .collect()
    }

    #[test]
    fn ten_accounts_with_the_same_trouble_are_one_line() {
        let mut entries: Vec<Entry> = (0..10).map(|nth| entry(nth, false, None)).collect();
        entries.extend((10..15).map(|nth| entry(nth, true, Some(true))));
        entries.push(entry(15, true, Some(false)));
        let checks = grouped(16, answers(entries), true);
        assert_eq!(checks.len(), 2, "{checks:#?}");
        assert!(checks.iter().all(|check| check.verdict == Verdict::Failed));
        let read = &checks[0];
        assert!(
            read.seen.starts_with("no way to read in 10 accounts: 000000000000, 000000000001, 000000000002 and 7 more")
        );
        assert!(read.seen.contains("arn:aws:iam::ACCOUNT:role/rectify/rectify-observe"), "{}", read.seen);
        assert!(read.next.as_deref().unwrap().contains("member.yaml"));
        assert!(checks[1].seen.contains("no way to write in 1 account: 000000000015"), "{}", checks[1].seen);
        assert!(checks[1].next.as_deref().unwrap().contains("member-correct.yaml"));
    }

    #[test]
    fn ways_that_are_open_are_one_line_too() {
        let checks = grouped(2, answers(vec![entry(0, true, None), entry(1, true, Some(true))]), true);
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].verdict, Verdict::Fine);
    }

    fn facts(read_at: Timestamp) -> Option<AccountFacts> {
        Some(AccountFacts { name: None, path: vec!["r-ab12".to_owned()], tags: BTreeMap::new(), read_at })
    }

    #[test]
    fn what_is_too_old_matters_where_settings_hang_on_it() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let fresh = BTreeMap::from([(account(1), facts(now))]);
        assert_eq!(ages(&fresh, None, now).verdict, Verdict::Fine);
        let old = now - SignedDuration::from_hours(24 * 30);
        for known in [BTreeMap::from([(account(1), None)]), BTreeMap::from([(account(1), facts(old))])] {
            assert_eq!(ages(&known, None, now).verdict, Verdict::Warning);
            let text = "[[environment]]\nname = \"a\"\nmode = \"corrective\"\norganizational-units = [\"ou-ab12-11111111\"]\n\n\
                        [[environment]]\nname = \"b\"\nmode = \"detective\"\ndefault = true\n";
            let settings = crate::kinds::settings(text).unwrap();
            let check = ages(&known, Some(&settings), now);
            assert_eq!(check.verdict, Verdict::Failed);
            assert!(check.next.unwrap().contains("rectify org refresh"));
        }
    }

    #[test]
    fn writing_is_asked_only_where_the_settings_correct() {
        let text = "[[environment]]\nname = \"a\"\nmode = \"corrective\"\naccounts = [\"000000000001\"]\n\n\
                    [[environment]]\nname = \"b\"\nmode = \"detective\"\ndefault = true\n";
        let settings = crate::kinds::settings(text).unwrap();
        assert!(corrects(&settings, &KINDS[0], &account(1), None));
        assert!(!corrects(&settings, &KINDS[0], &account(2), None));
    }
}
