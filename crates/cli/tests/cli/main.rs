//! The real `rectify` binary, run as a person or a script runs it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod controls;
mod doctor;
mod harness;
mod offline;
mod policy;
mod render;
mod replay;
mod report;
mod sandbox;
mod scp;
mod shell;
mod stack;
mod story;
mod sweep;
