//! What every control would have said of months of CloudTrail, without any live state.

mod report;
mod scan;

pub use report::*;
