//! A whole replay over files: every form in which people have logs, whatever is wrong with them, and what it makes of the events.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "helpers of tests")]

mod bounds;
mod compare;
mod counts;
mod cut;
mod folding;
mod forms;
mod guard;
mod made;
mod records;
mod trees;
