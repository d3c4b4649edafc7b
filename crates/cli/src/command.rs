//! One module per subcommand.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod controls;
pub(crate) mod deadletters;
pub(crate) mod doctor;
pub(crate) mod exempt;
pub(crate) mod explain;
pub(crate) mod history;
pub(crate) mod org;
pub(crate) mod pause;
pub(crate) mod policy;
pub(crate) mod render;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod sandbox;
pub(crate) mod scp;
pub(crate) mod settings;
pub(crate) mod sweep;
pub(crate) mod undo;
