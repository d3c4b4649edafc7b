//! Step 2: whether an event concerns this guard, and whose and where it is.

use rectify_controls::{AccountId, Environment, Ignored, Kind, Mode, Place, Region, Screen, Selection, Settings};
use rectify_event::Event;

/// What is to be looked at, and under which rules.
#[derive(Debug)]
pub(crate) struct Admitted<'a, Id> {
    pub(crate) targets: Vec<Id>,
    pub(crate) selection: Selection,
    pub(crate) suspicious: bool,
    pub(crate) own_event: bool,
    pub(crate) place: Place,
    pub(crate) environment: &'a Environment,
}

/// Decides whether `event` concerns kind `K` in account `home`.
///
/// The account is the envelope's and nobody else's: the detail is what a caller in that account chose to send. Controls
/// that are off in the account's environment are not even looked at.
pub(crate) fn admit<'a, K: Kind>(
    event: &Event<'_>,
    settings: &'a Settings,
    home: &AccountId,
    own_role: Option<&str>,
) -> Result<Admitted<'a, K::Id>, Ignored> {
    let Screen::Look { targets, mut selection, suspicious } = (match K::screen(event) {
        Screen::Ignore(why) => return Err(why),
        look @ Screen::Look { .. } => look,
    }) else {
        return Err(Ignored::NotOurs);
    };
    let place = place(event)?;
    if place.account != *home {
        return Err(Ignored::Elsewhere(format!("account {} is not the account this stack runs in", place.account)));
    }
    let environment = settings
        .environment(&place.account)
        .ok_or_else(|| Ignored::Elsewhere(format!("no environment covers account {}", place.account)))?;
    selection.retain(|id| {
        K::CONTROLS.iter().any(|control| control.id == *id && settings.mode(control, environment) != Mode::Off)
    });
    if selection.is_empty() {
        return Err(Ignored::NotApplicable("every control this event can break is off here".to_owned()));
    }
    let issuer = event.record().and_then(|record| record.issuer_arn());
    let own_event = own_role.is_some() && issuer == own_role;
    Ok(Admitted { targets, selection, suspicious, own_event, place, environment })
}

fn place(event: &Event<'_>) -> Result<Place, Ignored> {
    let envelope = &event.envelope;
    let elsewhere = |what: String| Ignored::Elsewhere(what);
    let account = envelope.account.as_deref().ok_or_else(|| elsewhere("the envelope names no account".to_owned()))?;
    let region = envelope.region.as_deref().ok_or_else(|| elsewhere("the envelope names no region".to_owned()))?;
    Ok(Place {
        account: AccountId::new(account).map_err(|error| elsewhere(error.to_string()))?,
        region: Region::new(region).map_err(|error| elsewhere(error.to_string()))?,
    })
}
