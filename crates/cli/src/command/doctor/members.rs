//! The members: whether a guard gets into each to read, and where the settings allow correcting, to write; whether its events
//! are sent to the hub; and how old what is known of it is.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use rectify_controls::{
    AccountFacts, AccountId, Entry, Forwarder, Forwarding, Membership, Mode, Order, Region, Settings, Way,
};

use super::{Desk, check::Check, trail};
use crate::{
    command::org,
    connection::CloudError,
    guard::Guards,
    kinds::{KINDS, KindEntry},
    moment, output,
};

const ENTER: &str = "members";
const FORWARDERS: &str = "forwarders";
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
    forwarders: bool,
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
    let answers: Vec<Answer> = stream::iter(questions)
        .map(async |question| {
            let order = Order::Enter {
                account: question.account.clone(),
                region: question.region.clone(),
                write: question.write,
                forwarders: if question.forwarders {
                    KINDS.iter().map(|kind| kind.name.to_owned()).collect()
                } else {
                    Vec::new()
                },
            };
            let answer: Result<Entry, CloudError> = guards.order(question.kind.name, &order).await;
            progress.inc(1);
            Answer {
                account: question.account.clone(),
                region: question.region.clone(),
                troubles: troubles(&|kind| desk.connection.function(kind), &question, answer),
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    progress.finish_and_clear();
    let mut checks = grouped(known.len(), answers, settings.is_some());
    checks.push(ages(&known, settings, Timestamp::now()));
    if let Some(region) = regions.first() {
        checks.extend(trail::of_members(desk, known.keys(), region).await);
    }
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
    let found = found.map_err(failed)?;
    org::known(desk.connection, found).await.map_err(failed)
}

/// The first guard reads everywhere and looks at everybody's forwarding rules; each guard writes once per account, where the settings allow any of its controls to.
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
                    questions.push(Question { kind, account, region, write: write && at == 0, forwarders: nth == 0 });
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

/// What is wrong, in words that are the same for every account with the same trouble.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Trouble {
    check: &'static str,
    what: String,
    why: String,
    next: String,
}

/// What is wrong in one place.
struct Answer {
    account: AccountId,
    region: Region,
    troubles: Vec<Trouble>,
}

/// `rule` names the forwarding rule of a kind: it is called as the kind's function.
fn troubles(rule: &dyn Fn(&str) -> String, question: &Question<'_>, answer: Result<Entry, CloudError>) -> Vec<Trouble> {
    let Question { kind, account, .. } = question;
    // What is wrong in many accounts, or for every guard, is one line.
    let role = |way: &str| (format!("-{way}-{}", kind.name), format!("-{way}-KIND"));
    let (observe, correct) = (role("observe"), role("correct"));
    let same = |why: &str| {
        why.replace(account.as_str(), "ACCOUNT").replace(&observe.0, &observe.1).replace(&correct.0, &correct.1)
    };
    let trouble = |check, what: String, why: &str, next: String| Trouble { check, what, why: same(why), next };
    let entry = match answer {
        Ok(entry) => entry,
        Err(error) => {
            let next = error.help().unwrap_or_else(|| format!("see `status` of {}", kind.name));
            return vec![trouble(ENTER, "no answer about the way in".to_owned(), &error.to_string(), next)];
        }
    };
    let stack_set = |template: &str| {
        format!("deploy `{template}` there: `aws cloudformation list-stack-instances` of its StackSet says what failed")
    };
    let mut troubles = Vec::new();
    if let Way::Closed { why } = &entry.read {
        troubles.push(trouble(ENTER, "no way to read".to_owned(), why, stack_set("member.yaml")));
    }
    if let Some(Way::Closed { why }) = &entry.write {
        let next = format!(
            "{}; where nothing may be put back, the settings should say so (mode `detective`)",
            stack_set("member-correct.yaml")
        );
        troubles.push(trouble(ENTER, "no way to write".to_owned(), why, next));
    }
    for Forwarder { kind, state } in &entry.forwarders {
        let rule = rule(kind);
        let (why, next) = match state {
            Forwarding::Enabled => continue,
            Forwarding::Disabled => (
                "is disabled".to_owned(),
                format!("in each of these places: `aws events enable-rule --name {rule} --region REGION`"),
            ),
            Forwarding::Missing => ("is missing".to_owned(), stack_set("member.yaml")),
            Forwarding::Unread { why } => (format!("could not be read ({why})"), stack_set("member.yaml")),
        };
        let what = format!("the rule `{rule}`, which sends events to the hub, {why}");
        troubles.push(trouble(FORWARDERS, same(&what), "", next));
    }
    troubles
}

/// Accounts with the same trouble are one line.
fn grouped(accounts: usize, answers: Vec<Answer>, with_settings: bool) -> Vec<Check> {
    let mut groups: BTreeMap<Trouble, Places> = BTreeMap::new();
    for Answer { account, region, troubles } in answers {
        for trouble in troubles {
            let places = groups.entry(trouble).or_default();
            places.accounts.insert(account.clone());
            places.regions.insert(region.clone());
        }
    }
    let mut checks = Vec::new();
    let ways = if with_settings { "to read, and to write where the settings correct" } else { "to read" };
    for (check, fine) in [
        (ENTER, format!("the guards get into {} {ways}", many(accounts))),
        (FORWARDERS, "every account that can be read sends its events to the hub".to_owned()),
    ] {
        let wrong: Vec<Check> = (groups.iter())
            .filter(|(trouble, _)| trouble.check == check)
            .map(|(trouble, places)| told(trouble, places))
            .collect();
        if wrong.is_empty() {
            checks.push(Check::fine(check, "", fine));
        } else {
            checks.extend(wrong);
        }
    }
    checks
}

/// Where the same thing is wrong.
#[derive(Default)]
struct Places {
    accounts: BTreeSet<AccountId>,
    regions: BTreeSet<Region>,
}

fn told(Trouble { check, what, why, next }: &Trouble, Places { accounts, regions }: &Places) -> Check {
    let named: Vec<&str> = accounts.iter().take(NAMED).map(AccountId::as_str).collect();
    let more = accounts.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let regions: Vec<&str> = regions.iter().map(Region::as_str).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    let seen =
        format!("{what} in {}, {}{more}, in {}{why}", many(accounts.len()), named.join(", "), regions.join(", "));
    Check::failed(check, "", seen, next.clone())
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
            read: way(read, "observe-s3-bucket"),
            write: write.map(|open| way(open, "correct-s3-bucket")),
            forwarders: Vec::new(),
        }
    }

    fn forwarding(nth: usize, state: Forwarding) -> Entry {
        let forwarders = vec![Forwarder { kind: "s3-bucket".to_owned(), state }];
        Entry { forwarders, ..entry(nth, true, None) }
    }

    fn answers(entries: Vec<Entry>) -> Vec<Answer> {
        let rule = |kind: &str| format!("rectify-{kind}");
        entries
            .into_iter()
            .map(|entry| {
                let (account, region) = (entry.account.clone(), entry.region.clone());
                let question =
                    Question { kind: &KINDS[0], account: &account, region: &region, write: true, forwarders: true };
                let troubles = troubles(&rule, &question, Ok(entry));
                Answer { account: account.clone(), region: region.clone(), troubles }
            })
            .collect()
    }

    #[test]
    fn ten_accounts_with_the_same_trouble_are_one_line() {
        let mut entries: Vec<Entry> = (0..10).map(|nth| entry(nth, false, None)).collect();
        entries.extend((10..15).map(|nth| entry(nth, true, Some(true))));
        entries.push(entry(15, true, Some(false)));
        let checks = grouped(16, answers(entries), true);
        let failed = |check: &&Check| check.verdict == Verdict::Failed;
        assert_eq!((checks.len(), checks.iter().filter(failed).count()), (3, 2), "{checks:#?}");
        let read = &checks[0];
        assert!(
            read.seen.starts_with("no way to read in 10 accounts, 000000000000, 000000000001, 000000000002 and 7 more")
        );
        assert!(read.seen.contains("arn:aws:iam::ACCOUNT:role/rectify/rectify-observe-KIND"), "{}", read.seen);
        assert!(read.next.as_deref().unwrap().contains("member.yaml"));
        assert!(
            checks[1].seen.contains("no way to write in 1 account, 000000000015, in eu-central-1"),
            "{}",
            checks[1].seen
        );
        assert!(checks[1].next.as_deref().unwrap().contains("member-correct.yaml"));
    }

    #[test]
    fn ways_that_are_open_are_one_line_too() {
        let checks = grouped(2, answers(vec![entry(0, true, None), entry(1, true, Some(true))]), true);
        assert!(checks.len() == 2 && checks.iter().all(|check| check.verdict == Verdict::Fine), "{checks:#?}");
    }

    #[test]
    fn a_forwarding_rule_that_is_off_or_gone_is_told() {
        let mut entries = vec![forwarding(0, Forwarding::Enabled), forwarding(1, Forwarding::Disabled)];
        let mut elsewhere = forwarding(1, Forwarding::Disabled);
        elsewhere.region = Region::new("us-east-1").unwrap();
        entries.push(elsewhere);
        entries.push(forwarding(2, Forwarding::Missing));
        entries.push(forwarding(3, Forwarding::Unread { why: "events:DescribeRule: AccessDenied".to_owned() }));
        let checks = grouped(4, answers(entries), false);
        assert_eq!(checks[0].verdict, Verdict::Fine, "the ways in are open");
        let seen: Vec<&str> = checks.iter().skip(1).map(|check| check.seen.as_str()).collect();
        assert_eq!(seen.len(), 3, "{checks:#?}");
        assert!(checks.iter().skip(1).all(|check| check.id == "forwarders" && check.verdict == Verdict::Failed));
        assert!(seen[0].contains("could not be read (events:DescribeRule: AccessDenied)"), "{seen:#?}");
        assert!(seen[1].contains("is disabled in 1 account, 000000000001, in eu-central-1, us-east-1"), "{seen:#?}");
        assert!(checks[2].next.as_deref().unwrap().contains("enable-rule --name rectify-s3-bucket"));
        assert!(seen[2].contains("is missing in 1 account, 000000000002"), "{seen:#?}");
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
