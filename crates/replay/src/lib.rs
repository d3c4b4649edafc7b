//! What every control would have said of months of CloudTrail, without any live state: `rectify replay`.
//!
//! The main path is [`Replay::run`]. [`input`](items) opens what a person names; `scan` finds the records in it without parsing them;
//! `read` parses those few that a kind watches and asks the rule book's `screen` what they are about; `lead` keeps them until all are
//! there; `fold` tells the events of each resource in the order of time, lets the rule book judge what is known then, and asks
//! [`decide`](rectify_controls::decide) what would be done; `tally` counts. The rule book, settings and decision are those of the Lambdas.
//!
//! **Architecture invariant:** nothing here knows what breaks a control. What a log says of a resource is the kind's own word
//! (`Kind::learn`), and what it does not say is «needs live state».
//!
//! **Architecture invariant:** memory does not grow with the input, and no input is an error: what cannot be read is counted and named.

mod cost;
mod fold;
mod form;
mod hours;
mod input;
mod kinds;
mod lead;
#[expect(dead_code, reason = "docs/cost.md needs the others")]
mod price;
mod read;
mod record;
mod report;
mod run;
mod scan;
pub mod show;
mod table;
mod tally;

pub use input::{Item, NOTHING, items};
pub use report::*;
pub use run::{Progress, Replay, Write};
