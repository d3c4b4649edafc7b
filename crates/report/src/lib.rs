//! The ledger as a [`rectify_render::Overview`]: for the digest and for `rectify report`.
//!
//! Two steps: [`Rows::read`] asks the ledger, [`overview`] makes of the rows what is shown, without asking anybody. What could
//! not be read, or was left out because there is too much of it, is named in [`rectify_render::Overview::gaps`].

mod fill;
mod read;
mod story;

use jiff::Timestamp;
use rectify_controls::{Control, Exemption};

pub use self::{
    fill::overview,
    read::{MOST, Rows},
};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What the answer is called, for example `Daily digest`.
    pub title: &'a str,
    /// Beginning of the period.
    pub from: Timestamp,
    /// End of the period.
    pub to: Timestamp,
    /// Only accounts whose owner tag has this value; `None` for all.
    pub owner: Option<&'a str>,
    /// The account's tag that says who answers for it (`[messages] owner-tag`).
    pub owner_tag: &'a str,
    /// Every control of this release: titles and links come from here.
    pub book: &'a [&'static Control],
    /// The settings file's exemptions; `None` when the file is not at hand, which the answer then says.
    pub settings: Option<&'a [Exemption]>,
}
