//! What a change of the settings changes: that, and nothing else.

use rectify_replay::{Changed, Item, Progress, Replay, Report, Verdict};
use serde_json::json;

use crate::made::{ACCOUNT, CORRECTIVE, GROUP, SSH, close, file, log, open, read, rule, settings, with};

fn compare(old: &str, new: &str, items: Vec<Item>) -> ([Report; 2], Vec<Changed>) {
    let (old, new) = (settings(old), settings(new));
    let (one, two) = (Replay::new(&old, None, 2).unwrap(), Replay::new(&new, None, 2).unwrap());
    let mut all = Vec::new();
    let mut keep = |changed: &Changed| {
        all.push(changed.clone());
        Ok(())
    };
    let reports = one.compare(&two, items.into_iter(), &Progress::default(), &mut keep).unwrap();
    (reports, all)
}

fn logs() -> Vec<Item> {
    // Without ids, several of a second, and of one name.
    let nameless = with(&open("2025-07-10T13:00:00Z", "x"), |record| {
        record.remove("eventID");
    });
    let failed = with(&nameless, |record| {
        record.insert("errorCode".to_owned(), json!("Client.UnauthorizedOperation"));
    });
    vec![file(
        "log",
        log(&[
            open("2025-07-10T12:00:00Z", "a"),
            close("2025-07-10T12:01:00Z", "b"),
            open("2025-07-10T12:10:00Z", "c"),
            rule("AuthorizeSecurityGroupIngress", GROUP, 3389, "2025-07-10T12:10:00Z", "d"),
            read(1),
            nameless.clone(),
            nameless,
            failed.clone(),
            failed,
        ]),
    )]
}

fn exemption(lines: &str) -> String {
    format!(
        "{CORRECTIVE}{lines}[[exemption]]\ncontrol = \"{SSH}\"\nresource = \"arn:aws:ec2:*:{ACCOUNT}:security-group/{GROUP}\"\n\
         owner = \"jane@example.com\"\nreason = \"bastion\"\nticket = \"SEC-1\"\nexpires = 2027-01-01\n"
    )
}

#[test]
fn the_same_settings_change_nothing() {
    for settings in [CORRECTIVE.to_owned(), exemption(""), format!("{CORRECTIVE}[control.{SSH}]\ngrace = \"5m\"\n")] {
        let ([before, after], changed) = compare(&settings, &settings, logs());
        assert!(changed.is_empty(), "{changed:#?}");
        assert_eq!(serde_json::to_value(before).unwrap(), serde_json::to_value(after).unwrap());
    }
}

#[test]
fn an_exemption_on_another_line_is_the_same_one() {
    let ([before, _], changed) = compare(&exemption(""), &exemption("# Somebody wrote a remark.\n\n"), logs());
    assert!(before.verdicts.exempt > 0);
    assert!(changed.is_empty(), "{changed:#?}");
    let other = exemption("").replace("bastion", "a bastion");
    assert_eq!(compare(&exemption(""), &other, logs()).1.len() as u64, before.verdicts.exempt);
}

#[test]
fn a_mode_changes_one_control() {
    let new = format!("{CORRECTIVE}[control.{SSH}]\nmode = \"detective\"\n");
    let (_, changed) = compare(CORRECTIVE, &new, logs());
    assert!(changed.len() >= 2);
    for one in &changed {
        let (before, after) = (one.before.as_ref().unwrap(), one.after.as_ref().unwrap());
        let again = after.why.as_deref().is_some_and(|why| why.starts_with("told already"));
        assert_eq!(before.control, SSH);
        assert!(after.verdict == if again { Verdict::Ignored } else { Verdict::WouldTell }, "{after:?}");
        assert_eq!((&before.event_id, before.time), (&after.event_id, after.time));
    }
}

#[test]
fn a_grace_time_changes_what_waits() {
    let new = format!("{CORRECTIVE}[control.{SSH}]\ngrace = \"5m\"\n");
    for (old, new, turned) in [(CORRECTIVE, &*new, false), (&*new, CORRECTIVE, true)] {
        let ([before, after], changed) = compare(old, new, logs());
        // The first was closed in time; the second comes later, for another reason; what comes while it waits is not said at all.
        let of = |id: &str| {
            let is = |one: &&Changed| {
                one.before
                    .as_ref()
                    .or(one.after.as_ref())
                    .is_some_and(|row| row.event_id.as_deref() == Some(id) && row.control == SSH)
            };
            let one = changed.iter().find(is).unwrap();
            let (mut before, mut after) = (one.before.as_ref(), one.after.as_ref());
            if turned {
                std::mem::swap(&mut before, &mut after);
            }
            (before.map(|row| row.verdict), after.map(|row| (row.verdict, row.why.clone().unwrap_or_default())))
        };
        let ignored = (Verdict::Ignored, "closed within its grace time".to_owned());
        let later = (Verdict::WouldCorrect, "after its grace time".to_owned());
        assert_eq!(of("a"), (Some(Verdict::WouldCorrect), Some(ignored)));
        assert_eq!(of("c"), (Some(Verdict::WouldCorrect), Some(later)));
        // Each row of each report is in a difference or the same in both.
        let rows = |report: &Report| Verdict::ALL.iter().map(|verdict| report.verdicts.of(*verdict)).sum::<u64>();
        let only = |side: fn(&Changed) -> bool| changed.iter().filter(|one| side(one)).count() as u64;
        assert_eq!(rows(&before) - only(|one| one.before.is_some()), rows(&after) - only(|one| one.after.is_some()));
    }
}

#[test]
fn an_event_of_a_million_costs_no_memory() {
    // Of one resource, each of them another verdict.
    let many: Vec<String> = (0..4_000)
        .map(|n| open(&format!("2025-07-{:02}T12:{:02}:{:02}Z", n / 1000 + 1, n / 60 % 60, n % 60), &format!("e{n}")))
        .collect();
    let (old, new) = (settings(CORRECTIVE), settings(&CORRECTIVE.replace("corrective", "detective")));
    let (one, two) = (Replay::new(&old, None, 1).unwrap(), Replay::new(&new, None, 1).unwrap());
    let mut seen = Vec::new();
    let mut keep = |changed: &Changed| {
        seen.push(changed.before.as_ref().or(changed.after.as_ref()).map(|row| row.time));
        Ok(())
    };
    one.compare(&two, [file("log", log(&many))].into_iter(), &Progress::default(), &mut keep).unwrap();
    assert!(seen.len() >= 3);
    // They come as they are found, in the order of time, and are not gathered until the resource is over.
    assert!(seen.is_sorted());
}
