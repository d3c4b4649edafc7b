//! What the rest of the sandbox learns of a call that succeeded.

use super::{Gateway, Under};
use crate::answer::Whole;
use crate::bus::put;
use crate::naming::Named;

impl Gateway {
    /// What a successful call teaches: keys, buckets' regions, messages, mails, what was posted, and events somebody put.
    pub(super) fn learn(&self, named: &Named, call: &Under, whole: &Whole) {
        match (named.service.name.as_str(), named.operation.as_str()) {
            ("sts" | "iam", _) => self.hub.identities.learn(named, &call.principal, &call.parameters, &whole.body),
            ("s3", "CreateBucket") => {
                if let Some(bucket) = named.labels.get("Bucket") {
                    self.buckets.write().insert(bucket.clone(), call.region.clone());
                }
            }
            ("s3", "DeleteBucket") => {
                if let Some(bucket) = named.labels.get("Bucket") {
                    self.buckets.write().remove(bucket);
                }
            }
            ("s3", "PutBucketNotificationConfiguration") => {
                if let Some(bucket) = named.labels.get("Bucket") {
                    self.notifying.learn(bucket, &call.seen.body);
                }
            }
            ("sns", "Publish" | "PublishBatch") => {
                let at_ns = self.hub.records.now();
                let function = call.record.function.clone();
                for message in crate::bus::messages(&call.seen.form(), function.as_deref(), at_ns) {
                    self.hub.records.messages.push(message);
                }
            }
            ("sqs", operation) => {
                if let Some(sources) = self.sources.get() {
                    let function = call.record.function.as_deref();
                    sources.learn(operation, &call.record.resource, function, &call.seen.body, &whole.body);
                }
            }
            ("sesv2", "SendEmail") => {
                self.hub.records.mails.push(serde_json::from_slice(&call.seen.body).unwrap_or_default());
            }
            ("cloudformation", "DetectStackDrift") => {
                let id = crate::trail::xml::first_text(&whole.body, "StackDriftDetectionId");
                if let (Some(bus), Some(id)) = (self.bus.get(), id) {
                    let (hub, bus) = (std::sync::Arc::clone(&self.hub), std::sync::Arc::clone(bus));
                    self.calls.lock().spawn(crate::drift::announce(hub, bus, call.place(), id));
                }
            }
            ("scheduler", _) => {
                if let Some(bus) = self.bus.get() {
                    self.scheduler.learn(named, &call.seen, &call.account, &call.region, bus);
                }
            }
            ("events", "PutEvents") => {
                for (to, event) in put::accepted(&call.seen.body, &whole.body, &call.place()) {
                    self.hub.records.events.push(event.clone());
                    if let Some(bus) = self.bus.get() {
                        bus.arrive(&to, &event);
                    }
                }
            }
            ("events", operation) => {
                if let Some(bus) = self.bus.get() {
                    bus.learn(operation, &call.seen.body, &call.account, &call.region);
                }
            }
            _ => {}
        }
    }
}
