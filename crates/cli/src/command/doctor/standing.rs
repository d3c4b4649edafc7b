//! What stands in the ledger and holds corrections back: pauses, and exemptions that end soon. None of it is a fault.

use jiff::Timestamp;
use rectify_controls::{Exemption, Settings, Switch};

use super::{Desk, check::Check};
use crate::moment;

pub(super) async fn check(desk: &Desk<'_>) -> Vec<Check> {
    let ledger = desk.connection.ledger();
    let (switches, exemptions) = futures::join!(ledger.switches(), ledger.exemptions());
    let settings = desk.file.as_ref().and_then(|file| file.settings.as_ref());
    let warning = settings.map_or(Settings::fallback().exemption_warning, |settings| settings.exemption_warning);
    let now = ledger.now();
    let mut checks = match switches {
        Ok(switches) => pauses(&switches),
        Err(failure) => vec![Check::unread("pauses", "", &desk.connection.failure(failure))],
    };
    match exemptions {
        Ok(mut exemptions) => {
            exemptions.extend(settings.iter().flat_map(|settings| settings.exemptions.clone()));
            let horizon = now.checked_add(warning).unwrap_or(Timestamp::MAX);
            checks.extend(endings(&exemptions, now, horizon));
        }
        Err(failure) => checks.push(Check::unread("exemptions", "", &desk.connection.failure(failure))),
    }
    checks
}

fn pauses(switches: &[Switch]) -> Vec<Check> {
    const ID: &str = "pauses";
    if switches.is_empty() {
        return vec![Check::fine(ID, "", "nothing is paused")];
    }
    let told = |switch: &Switch| {
        let since = moment::shown(switch.paused_at);
        let option = match switch.reach.to_string().split_once(' ') {
            Some((what, id)) => format!("--{what} {id}"),
            None => "--all".to_owned(),
        };
        let seen = format!("paused since {since} by {}: {}", switch.by, switch.reason);
        Check::warning(ID, switch.reach.to_string(), seen, format!("`rectify resume {option}` when it is time"))
    };
    switches.iter().map(told).collect()
}

fn endings(exemptions: &[Exemption], now: Timestamp, horizon: Timestamp) -> Vec<Check> {
    const ID: &str = "exemptions";
    let soon: Vec<&Exemption> = exemptions.iter().filter(|one| now < one.until && one.until <= horizon).collect();
    if soon.is_empty() {
        return vec![Check::fine(ID, "", "none ends soon")];
    }
    let told = |exemption: &&Exemption| {
        let until = moment::shown(exemption.until);
        let seen = format!("of {} on {} ends {until}", exemption.owner, exemption.resource);
        let next = format!("ask {}; in {}: renew it, or let it end", exemption.owner, exemption.stands());
        Check::warning(ID, exemption.control.clone(), seen, next)
    };
    soon.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use rectify_controls::{AccountId, Reach};

    use super::{super::check::Verdict, *};

    #[test]
    fn a_pause_says_how_to_end_it() {
        assert_eq!(pauses(&[])[0].verdict, Verdict::Fine);
        let account = AccountId::new("111122223333").unwrap();
        for (reach, option) in [
            (Reach::All, "resume --all"),
            (Reach::Control("a".to_owned()), "resume --control a"),
            (Reach::Account(account), "resume --account 111122223333"),
        ] {
            let switch = Switch { reach, reason: "x".to_owned(), by: "y".to_owned(), paused_at: Timestamp::UNIX_EPOCH };
            let check = pauses(&[switch]).remove(0);
            assert_eq!(check.verdict, Verdict::Warning);
            assert!(check.next.as_deref().unwrap().contains(option), "{check:?}");
        }
    }
}
