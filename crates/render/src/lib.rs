//! A finding as text: e-mail, Slack, Amazon Q Developer, Security Hub, OCSF, JSON for machines and terminal lines, and the
//! summary of many. All escaping lives here.
//!
//! The way is always the same: a guard fills a [`Notice`] with what it knows, [`Message::new`] bounds it and adds what
//! can be derived (console link, matching snippet), and each channel is one function of a [`Message`]. A message is
//! also the JSON that travels over SNS, so whoever receives it renders it with the same functions.
//!
//! **Architecture invariant:** every text from outside goes through [`escape`] exactly where it is written into an
//! output. Names, user agents and policy texts are the attacker's.
//!
//! **Architecture invariant:** pure. No clock, no client, no environment; the same notice always gives the same text.

pub mod asff;
mod chat;
mod console;
mod diff;
mod email;
mod ending;
mod html;
mod message;
mod notice;
mod ocsf;
mod post;
mod slack;
mod sns;
mod summary;
mod terminal;
mod wording;

#[cfg(feature = "schema")]
pub mod schema;

pub mod escape;
pub mod overview;

pub use console::link as console_link;
pub use diff::{DiffLine, Sign};
pub use ending::{About, Expiring};
pub use message::{Actor, Difference, Fix, Message, MessageError, Resource, Rule, SCHEMA_VERSION, Standing, Undo};
pub use notice::{Notice, Undone, Who};
pub use overview::Overview;
pub use post::Post;
pub use sns::Sns;
pub use summary::{Count, Held, Report, Summary, Top, Worst};
pub use terminal::{Line, Span, Style};
