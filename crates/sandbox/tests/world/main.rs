//! The sandbox as its users meet it: real HTTP, real processes, a fake function that speaks the Runtime API.

mod functions;
mod harness;
mod trail;
