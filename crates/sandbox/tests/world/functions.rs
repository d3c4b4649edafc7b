//! Functions: their world, their failures, their rights.
