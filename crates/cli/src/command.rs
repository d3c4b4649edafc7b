//! One module per subcommand.

pub(crate) mod completions;
pub(crate) mod controls;
pub(crate) mod policy;
pub(crate) mod sandbox;
