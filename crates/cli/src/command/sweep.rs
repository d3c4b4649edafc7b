//! `rectify sweep`

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use futures::{StreamExt as _, stream};
use rectify_controls::{AccountId, Order, Region, Severity, Status, Swept, SweptRow, Unswept};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use super::{history::entry, org};
use crate::{
    connection::{self, CloudError, Connection, StackApart, wait_for},
    exit,
    failure::Failure,
    guard::Guards,
    kinds::{self, KindEntry},
    output::{self, Format, Text, paint, table},
};

/// Look at everything now, as the nightly sweep does: find, put back and tell what no event told of.
///
/// The guards list the resources of each account and region and go the ordinary way with each: the same decisions, the same
/// ledger, one message per finding. With `--dry-run` they say what they would do, and do nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 3 when something is broken and stays so: told, withheld, deferred or not proven, or in a dry run found at all;
11 when not everything could be looked at.

Examples:
  rectify sweep --dry-run
  rectify sweep --account 111122223333 --region eu-central-1 --control s3-bucket-public-acl")]
pub(crate) struct Args {
    /// Only this account; can be given more than once. Default: every active account of the organisation, or the stack's own.
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<AccountId>,
    /// Only this region; can be given more than once. Default: those the stack watches.
    #[arg(long = "region", value_name = "REGION", value_parser = connection::region)]
    regions: Vec<Region>,
    /// Only this control; can be given more than once.
    #[arg(long = "control", value_name = "ID", value_parser = kinds::control_id)]
    controls: Vec<&'static str>,
    /// Only resources of this kind; can be given more than once.
    #[arg(long = "kind", value_name = "KIND", value_parser = kinds::kind)]
    kinds: Vec<&'static KindEntry>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// A profile that may read the organisation, where that is another one than the stack's.
    #[arg(long, value_name = "NAME")]
    organization_profile: Option<String>,
    #[command(flatten)]
    stack: StackApart,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why nothing was swept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    Organization(#[from] org::Error),
    #[error("control `{control}` is not one of the kinds that were named")]
    OtherKind { control: &'static str },
    #[error("the guard of kind {kind} watches `{region}`, which is no region")]
    Region { kind: &'static str, region: String },
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::Organization(error) => error.code(),
            Self::OtherKind { .. } => exit::USAGE,
            Self::Region { .. } => exit::AWS,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::Organization(error) => error.help(),
            Self::OtherKind { control } => {
                kinds::of_control(control).map(|kind| format!("leave --kind out, or name --kind {}", kind.name))
            }
            Self::Region { .. } => Some("name the regions with --region, and correct the stack's parameter".to_owned()),
        }
    }
}

/// Places that are swept at a time. Each is one invocation, and a guard has more to do than this.
const AT_ONCE: usize = 4;

/// Rows of findings that are printed; all of them are in the JSON.
const SHOWN: usize = 200;

/// A kind's resources in one account and region.
#[derive(Debug, Clone)]
struct Place {
    kind: &'static KindEntry,
    account: AccountId,
    region: Region,
    controls: Vec<String>,
}

/// What came of a place: as much as was answered, and why no more was.
#[derive(Debug)]
struct Came {
    place: Place,
    swept: Swept,
    error: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    wait_for(sweep(args))
}

async fn sweep(args: &Args) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let places = places(args, &connection).await?;
    let progress = output::progress(places.len(), "accounts and regions");
    let guards = Guards::new(&connection);
    let mut coming = stream::iter(places)
        .map(async |place| follow(&guards, place, args.dry_run, &progress).await)
        .buffer_unordered(AT_ONCE);
    let mut came = Vec::new();
    let mut stopped = false;
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            next = coming.next() => match next {
                Some(one) => came.push(one),
                None => break,
            },
            // What was answered so far is shown; the guards finish what they are at.
            Ok(()) = &mut stop => {
                stopped = true;
                break;
            }
        }
        progress.inc(1);
    }
    drop(coming);
    progress.finish_and_clear();
    came.sort_by(|a, b| {
        let key = |came: &Came| (came.place.account.clone(), came.place.region.clone(), came.place.kind.name);
        key(a).cmp(&key(b))
    });
    match args.output {
        Format::Json => output::json(&json!({
            "dryRun": args.dry_run,
            "stopped": stopped,
            "places": came.iter().map(Came::json).collect::<Vec<_>>(),
        }))?,
        Format::Text => output::data(&text(&came, args.dry_run))?,
    }
    if stopped {
        output::talk("stopped: this is what was answered until then");
    }
    Ok(code(&came, args.dry_run, stopped))
}

/// Every kind, account and region that is meant.
async fn places(args: &Args, connection: &Connection) -> Result<Vec<Place>, Error> {
    let mut of: Vec<&'static KindEntry> =
        if args.kinds.is_empty() { kinds::KINDS.iter().collect() } else { args.kinds.clone() };
    of.sort_by_key(|kind| kind.name);
    of.dedup_by_key(|kind| kind.name);
    let has = |kind: &KindEntry, control: &str| kind.controls.iter().any(|known| known.id == control);
    if let Some(control) = args.controls.iter().find(|control| !of.iter().any(|kind| has(kind, control))) {
        return Err(Error::OtherKind { control });
    }
    let guards = Guards::new(connection);
    let mut accounts: Option<BTreeSet<AccountId>> =
        Some(args.accounts.iter().cloned().collect()).filter(|named: &BTreeSet<_>| !named.is_empty());
    let mut places = Vec::new();
    for kind in of {
        let controls: Vec<String> =
            args.controls.iter().filter(|control| has(kind, control)).map(|control| (*control).to_owned()).collect();
        if controls.is_empty() && !args.controls.is_empty() {
            continue;
        }
        let status: Status = guards.order(kind.name, &Order::Status {}).await?;
        let known = match &accounts {
            Some(known) => known.clone(),
            None => {
                let found = if status.organization.is_some() {
                    org::active(connection, args.organization_profile.as_deref()).await?.into_iter().collect()
                } else {
                    BTreeSet::from([connection.caller().await?.account])
                };
                accounts = Some(found);
                accounts.clone().unwrap_or_default()
            }
        };
        let regions: BTreeSet<Region> = if !args.regions.is_empty() {
            args.regions.iter().cloned().collect()
        } else if status.regions.is_empty() {
            BTreeSet::from([connection.region().clone()])
        } else {
            let read =
                |name: &String| Region::new(name).map_err(|_| Error::Region { kind: kind.name, region: name.clone() });
            status.regions.iter().map(read).collect::<Result<_, _>>()?
        };
        for account in &known {
            for region in &regions {
                let (account, region, controls) = (account.clone(), region.clone(), controls.clone());
                places.push(Place { kind, account, region, controls });
            }
        }
    }
    Ok(places)
}

/// One place, page after page.
async fn follow(guards: &Guards<'_>, place: Place, dry_run: bool, progress: &indicatif::ProgressBar) -> Came {
    let mut came = Came { place, swept: Swept::default(), error: None };
    loop {
        let order = Order::Sweep {
            account: came.place.account.clone(),
            region: came.place.region.clone(),
            controls: came.place.controls.clone(),
            dry_run,
            after: came.swept.next.clone(),
        };
        match guards.order::<Swept>(came.place.kind.name, &order).await {
            Ok(page) => {
                if page.next.is_some() && page.next == came.swept.next {
                    came.error = Some("the guard does not get any further".to_owned());
                    return came;
                }
                came.swept.looked += page.looked;
                came.swept.fine += page.fine;
                came.swept.rows.extend(page.rows);
                came.swept.failed.extend(page.failed);
                came.swept.skipped = page.skipped;
                came.swept.next = page.next;
                progress.set_message(format!("accounts and regions, {} resources in the last", came.swept.looked));
            }
            Err(error) => {
                came.error = Some(error.to_string());
                return came;
            }
        }
        if came.swept.next.is_none() {
            return came;
        }
    }
}

/// Whether a finding with this outcome is still there.
fn stays(outcome: &str, dry_run: bool) -> bool {
    match outcome {
        "corrected" => dry_run,
        "exempt" | "ignored" | "compliant" | "superseded" | "resolved" | "restored" => false,
        _ => true,
    }
}

fn code(came: &[Came], dry_run: bool, stopped: bool) -> u8 {
    if stopped {
        exit::STOPPED
    } else if came.iter().any(|came| came.error.is_some() || !came.swept.failed.is_empty()) {
        exit::AWS
    } else if came.iter().flat_map(|came| &came.swept.rows).any(|row| stays(&row.outcome, dry_run)) {
        exit::BREACH
    } else {
        exit::FINE
    }
}

impl Came {
    fn json(&self) -> Value {
        json!({
            "account": self.place.account,
            "region": self.place.region,
            "kind": self.place.kind.name,
            "looked": self.swept.looked,
            "fine": self.swept.fine,
            "findings": self.swept.rows,
            "failed": self.swept.failed,
            "skipped": self.swept.skipped,
            "error": self.error,
        })
    }
}

/// A table of controls and outcomes, the findings, what could not be looked at, and a sum.
fn text(came: &[Came], dry_run: bool) -> Text {
    let mut text = Text::new();
    let rows: Vec<(&Came, &SweptRow)> =
        came.iter().flat_map(|came| came.swept.rows.iter().map(move |row| (came, row))).collect();
    let mut sums: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (_, row) in &rows {
        *sums.entry((row.control.as_str(), row.outcome.as_str())).or_default() += 1;
    }
    if !sums.is_empty() {
        let cells: Vec<[Text; 3]> = sums
            .iter()
            .map(|((control, outcome), number)| {
                let outcome = paint(entry::style(outcome), &escape::line(outcome, 40));
                [escape::line(control, 100), outcome, number.to_string()]
            })
            .collect();
        let heading = if dry_run { "WOULD BE" } else { "OUTCOME" };
        let _ = writeln!(text, "{}", table(["CONTROL", heading, "FINDINGS"], &cells));
    }
    let mut worst = rows.clone();
    worst.sort_by_key(|(_, row)| std::cmp::Reverse(row.severity.unwrap_or(Severity::Low)));
    for (came, row) in worst.iter().take(SHOWN) {
        let would = if dry_run { "would be " } else { "" };
        let outcome = paint(entry::style(&row.outcome), &format!("{would}{}", escape::line(&row.outcome, 40)));
        let (resource, control) = (escape::line(&row.resource, 500), escape::line(&row.control, 100));
        let Place { account, region, .. } = &came.place;
        let _ = writeln!(text, "{outcome}  {resource}  {control}  ({account}, {region})");
        for more in [&row.summary, &row.why].into_iter().flatten() {
            let _ = writeln!(text, "  {}", escape::value(more, 500));
        }
        if let Some(id) = &row.correction {
            let _ = writeln!(text, "  recorded as {}", escape::line(id, 60));
        }
    }
    if rows.len() > SHOWN {
        let _ = writeln!(text, "and {} more: --output json has all", rows.len() - SHOWN);
    }
    let (mut looked, mut fine, mut failed) = (0, 0, 0);
    for Came { place: Place { account, region, kind, .. }, swept, error } in came {
        looked += swept.looked;
        fine += swept.fine;
        failed += swept.failed.len();
        let at = format!("{} in {account}, {region}", kind.name);
        if let Some(why) = &swept.skipped {
            let _ = writeln!(text, "{} {at}: {}", paint(Style::Dim, "nothing to look at:"), escape::line(why, 300));
        }
        for Unswept { resource, error } in &swept.failed {
            let resource = escape::line(resource, 500);
            let _ = writeln!(text, "{} {resource}: {}", paint(Style::Bad, "not judged:"), escape::line(error, 500));
        }
        if let Some(error) = error {
            let _ = writeln!(text, "{} {at}: {}", paint(Style::Bad, "not swept to its end:"), escape::line(error, 500));
        }
    }
    let nothing = if dry_run { "; nothing was changed, written down or told" } else { "" };
    let _ = writeln!(
        text,
        "{looked} resources in {} places: {fine} break nothing, {} findings, {failed} not judged{nothing}",
        came.len(),
        rows.len()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(outcomes: &[&str]) -> Came {
        let rows = outcomes.iter().map(|outcome| SweptRow {
            resource: "arn:aws:s3:::data\u{1b}[31m".into(),
            control: "s3-bucket-public-acl".into(),
            severity: Some(Severity::High),
            outcome: (*outcome).into(),
            summary: Some("open".into()),
            why: None,
            correction: None,
        });
        let place = Place {
            kind: &kinds::KINDS[0],
            account: AccountId::new("111122223333").unwrap(),
            region: Region::new("eu-central-1").unwrap(),
            controls: Vec::new(),
        };
        Came { place, swept: Swept { looked: 3, rows: rows.collect(), ..Swept::default() }, error: None }
    }

    #[test]
    fn the_code_says_what_is_left() {
        assert_eq!(code(&[came(&["corrected", "exempt"])], false, false), exit::FINE);
        assert_eq!(code(&[came(&["corrected"])], true, false), exit::BREACH, "a dry run leaves it open");
        assert_eq!(code(&[came(&["notified"])], false, false), exit::BREACH);
        assert_eq!(code(&[came(&["notified"])], false, true), exit::STOPPED);
        let mut broken = came(&["notified"]);
        broken.error = Some("no".into());
        assert_eq!(code(&[broken], false, false), exit::AWS);
    }

    #[test]
    fn the_table_counts_and_escapes() {
        let text = text(&[came(&["corrected", "corrected", "withheld"])], false);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains("s3-bucket-public-acl  corrected  2"), "{text}");
        assert!(text.contains("3 resources in 1 places: 0 break nothing, 3 findings"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
