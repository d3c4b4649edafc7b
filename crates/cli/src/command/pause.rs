//! `rectify pause`

use std::fmt::Write as _;

use clap::ArgGroup;
use rectify_controls::{AccountId, Reach, Switch};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use crate::{
    connection::{CloudError, Stack, wait_for},
    exit,
    failure::Failure,
    kinds, moment,
    output::{self, Format, Text, paint},
    words,
};

/// Stop corrections: all, those of one control, or those in one account. Findings are still told.
///
/// Effective with the next event, everywhere. Without arguments: what is paused. `rectify resume` ends it.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("reach").requires("reason"), after_help = "\
Example:
  rectify pause --all --reason \"migration of the landing zone\"")]
pub(crate) struct Args {
    /// Every correction.
    #[arg(long, group = "reach")]
    all: bool,
    /// Corrections of this control.
    #[arg(long, value_name = "ID", value_parser = kinds::control_id, group = "reach")]
    control: Option<&'static str>,
    /// Corrections in this account.
    #[arg(long, value_name = "ID", group = "reach")]
    account: Option<AccountId>,
    /// Why. Everybody who gets messages reads it.
    #[arg(long, value_name = "TEXT", value_parser = words::sentence, requires = "reach")]
    reason: Option<String>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why nothing was paused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        let Self::Cloud(error) = self;
        error.code()
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        let Self::Cloud(error) = self;
        error.help()
    }
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    wait_for(async {
        match (reach(args.all, args.control, args.account.as_ref()), &args.reason) {
            (Some(reach), Some(reason)) => pause(args, reach, reason).await,
            _ => list(args).await,
        }
    })
}

/// What the arguments mean.
pub(crate) fn reach(all: bool, control: Option<&str>, account: Option<&AccountId>) -> Option<Reach> {
    match (control, account) {
        (Some(control), _) => Some(Reach::Control(control.to_owned())),
        (None, Some(account)) => Some(Reach::Account(account.clone())),
        (None, None) => all.then_some(Reach::All),
    }
}

async fn pause(args: &Args, reach: Reach, reason: &str) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let caller = connection.caller().await.map_err(Error::Cloud)?;
    let ledger = connection.ledger();
    let switch = Switch { reach, reason: reason.to_owned(), by: caller.arn, paused_at: ledger.now() };
    let before = ledger.pause(&switch).await.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
    let already = before.is_some();
    let switch = before.unwrap_or(switch);
    match args.output {
        Format::Json => {
            let mut json = switch_json(&switch);
            if let Some(members) = json.as_object_mut() {
                members.insert("already".to_owned(), already.into());
            }
            output::json(&json)?;
        }
        Format::Text => {
            let mut text = Text::new();
            let word = if already { paint(Style::Warn, "Already paused") } else { paint(Style::Good, "Paused") };
            let _ = writeln!(text, "{word}: {}", what(&switch.reach));
            text.push_str(&details(&switch));
            if already {
                let _ = writeln!(text, "  nothing was changed");
            } else {
                let _ = writeln!(text, "  findings are told, and not put back, from the next event on");
            }
            let _ = writeln!(text, "  `rectify resume {}` ends it", option(&switch.reach));
            output::data(&text)?;
        }
    }
    Ok(exit::FINE)
}

async fn list(args: &Args) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let mut switches =
        connection.ledger().switches().await.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
    switches.sort_by(|a, b| a.paused_at.cmp(&b.paused_at).then_with(|| a.reach.cmp(&b.reach)));
    match args.output {
        Format::Json => output::json(&switches.iter().map(switch_json).collect())?,
        Format::Text => {
            let text: Text = switches
                .iter()
                .map(|switch| format!("{}: {}\n{}", paint(Style::Warn, "Paused"), what(&switch.reach), details(switch)))
                .collect();
            output::data(&text)?;
        }
    }
    if switches.is_empty() {
        output::talk("nothing is paused");
    }
    Ok(exit::FINE)
}

fn details(switch: &Switch) -> Text {
    format!(
        "  {}\n  by {} since {}\n",
        escape::value(&switch.reason, 1_000),
        escape::line(&switch.by, 300),
        moment::shown(switch.paused_at)
    )
}

/// What a switch holds back, in words.
pub(crate) fn what(reach: &Reach) -> String {
    match reach {
        Reach::All => "every correction".to_owned(),
        Reach::Control(control) => format!("corrections of {}", escape::line(control, 100)),
        Reach::Account(account) => format!("corrections in account {account}"),
    }
}

/// The option that names it.
fn option(reach: &Reach) -> String {
    match reach {
        Reach::All => "--all".to_owned(),
        Reach::Control(control) => format!("--control {}", escape::line(control, 100)),
        Reach::Account(account) => format!("--account {account}"),
    }
}

pub(crate) fn switch_json(switch: &Switch) -> Value {
    let (control, account) = match &switch.reach {
        Reach::All => (None, None),
        Reach::Control(control) => (Some(control), None),
        Reach::Account(account) => (None, Some(account)),
    };
    json!({
        "all": switch.reach == Reach::All,
        "control": control,
        "account": account,
        "reason": switch.reason,
        "by": switch.by,
        "paused_at": switch.paused_at,
    })
}
