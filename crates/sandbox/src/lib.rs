//! A small AWS on loopback for the real binaries: `moto` as the cloud, a gateway in front of it, an event bus and a
//! Lambda service.
//!
//! The way of a call: the `gateway` names it from botocore's service models, lets moto answer, and the
//! `trail` mints the CloudTrail event AWS would have sent; the `bus` matches that against the rules in
//! `template.yaml`; the `lambda` service hands it to the function's real `bootstrap` binary over the Runtime API.
//! The function's own calls come back to the gateway and are checked by moto against exactly the policies of the
//! template. Where moto is wrong in something a function needs, `standins` has it.
//!
//! Functions are also fed from queues (`lambda/event_source.rs`), by whoever sends to one.
//!
//! Around the hub there can be an [`Organization`]: `members` deploys the members' stacks, the `bus` forwards only what a
//! member's own rule forwards and takes only events that its policy lets in, `sts` and `authority` decide who may take which
//! role, and a key says who acts in which account (`trail::identity`).
//!
//! **Invariant: no branch in product code.** A function learns of the sandbox only through `AWS_ENDPOINT_URL`,
//! `HTTP_PROXY`, `AWS_LAMBDA_RUNTIME_API` and its credentials, and of where Slack is (`slack`) by `RECTIFY_SLACK_API`, an ordinary
//! setting of the notifier.
//! **Invariant: nothing stays.** Every process ends with the [`World`], also when the sandbox is killed.
//! **Invariant: nothing leaves.** Whatever host a request names, moto on loopback answers it.

mod answer;
mod authority;
mod bus;
mod busy;
mod control;
mod deploy;
mod drift;
mod error;
mod faults;
mod gateway;
mod hub;
mod lambda;
mod members;
mod model;
mod moto;
mod naming;
mod objects;
mod organization;
mod progress;
mod python;
mod record;
mod request;
mod scheduler;
mod slack;
mod standins;
mod sts;
mod template;
mod trail;
mod world;

pub use error::{PythonError, SandboxError, TemplateError};
pub use faults::{Effect, Fault};
pub use naming::binary_name;
pub use organization::{Member, Organization, Unit};
pub use progress::{Progress, Step};
pub use python::{Python, cache_directory};
pub use record::{Call, Invocation, LogLine, Message, Outcome, Posted};
pub use scheduler::Scheduled;
pub use slack::{SlackAnswer, SlackCall};
pub use world::{World, WorldBuilder};
