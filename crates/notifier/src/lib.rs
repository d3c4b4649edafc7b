//! The Lambda that carries messages: from the outbox queue to every channel of the settings.
//!
//! It renders nothing itself and decides nothing about a finding: what a message looks like in a channel is a function in
//! `rectify-render`, who gets it is a filter in the settings. See docs/adr/0013.

mod call;
mod notifier;
mod secret;
mod slack;
#[cfg(test)]
mod testing;

pub use call::{Call, CallError, Record};
pub use notifier::{Failure, Notifier, StartError};
