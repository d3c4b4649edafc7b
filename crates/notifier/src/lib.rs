//! The Lambda that carries messages: from the outbox queue to every channel of the settings.
//!
//! It renders nothing itself and decides nothing about a finding: what a message looks like in a channel is a function in
//! `rectify-render`, who gets it is a filter in the settings. See docs/adr/0013.

// The SDK's calls and the streams around them are futures in futures in futures.
#![recursion_limit = "256"]

mod call;
mod deliver;
mod digest;
mod flush;
mod mail;
mod notifier;
mod reports;
mod route;
mod secret;
mod security_hub;
mod slack;
#[cfg(test)]
mod testing;

pub use call::{Call, CallError, Record};
pub use notifier::{Failure, Invocation, Notifier, StartError};
