//! botocore's service models: which operation a request is, and what its parameters are called.

pub(crate) mod index;
pub(crate) mod route;
pub(crate) mod service;

pub(crate) use index::Index;
pub(crate) use service::{Member, Service, Shape};
