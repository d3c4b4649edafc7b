//! What arrives at a guard: an EventBridge envelope with a CloudTrail record, a Config item, a finding or one of our own
//! events in it. Everything is borrowed from the input (a string is copied only when something in it is escaped) and
//! lenient: only the three fields that make an event are required, and an optional field of the wrong type reads as
//! absent. The one exception is `errorCode`: whatever it is, unless it is empty, its presence means that the call failed.
//!
//! Names, user agents and everything else a caller chooses is passed on as it came. Whoever prints it escapes it.
//!
//! **Architecture invariant:** this crate decides nothing. It does not know controls, accounts we trust or resources.
//!
//! ```
//! use rectify_event::Event;
//!
//! let event = Event::parse(r#"{
//!     "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
//!     "detail": {
//!         "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "userAgent": "[aws-cli/2.17.32]",
//!         "requestParameters": {"bucketName": "logs", "x-amz-acl": "public-read"}
//!     }
//! }"#)?;
//! let record = event.record().unwrap();
//! assert!(!record.failed());
//! assert_eq!(record.request().str("bucketName"), Some("logs"));
//! assert_eq!(record.tool().unwrap().to_string(), "AWS CLI 2.17.32");
//! # Ok::<(), rectify_event::ParseError>(())
//! ```

mod actor;
mod chain;
mod config;
mod envelope;
mod error;
mod finding;
mod identity;
mod lenient;
mod notice;
mod params;
mod record;
mod tool;

pub use actor::Actor;
pub use chain::Link;
pub use config::{ConfigCompliance, ConfigDiff, ConfigItem, Evaluation, Item};
pub use envelope::{Detail, Envelope, Event, OWN_SOURCE};
pub use error::ParseError;
pub use finding::{
    AccessKeyDetails, FindingResource, GuardDutyFinding, GuardDutyResource, GuardDutyService, MacieBucket,
    MacieFinding, MacieObject, MacieResources, MacieSeverity, Named, SecurityHubFinding,
};
pub use identity::{Issuer, OnBehalfOf, Scope, SessionAttributes, SessionContext, UserIdentity, WebIdFederation};
pub use notice::{Bucket, Drift, DriftDetails, DriftStatus, Object, ObjectCreated, Scheduled};
pub use params::Params;
pub use record::{Record, RecordResource, TlsDetails};
pub use tool::{Tool, ToolClass};
