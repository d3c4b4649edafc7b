//! Logs in a few lines: calls in the order in which they were made, and what a replay would say after each.
//!
//! Included with `#[path]` by each kind's tests, because a test binary is a crate of its own.

use std::marker::PhantomData;

use rectify_controls::{AccountId, Kind, Place, Region, Selection, State, Trust};
use rectify_event::Event;
use serde_json::{Value, json};

/// One resource and what a log has told of it.
pub(crate) struct Past<K: Kind> {
    pub(crate) place: Place,
    pub(crate) source: &'static str,
    /// When the calls that follow are made.
    pub(crate) time: String,
    pub(crate) facts: K::Facts,
    pub(crate) kind: PhantomData<K>,
}

impl<K: Kind> Past<K> {
    pub(crate) fn of(source: &'static str, region: &str, id: &K::Id) -> Self {
        let place = Place { account: AccountId::new("123456789012").unwrap(), region: Region::new(region).unwrap() };
        let facts = K::unseen(id, &place).unwrap();
        Self { place, source, time: "2026-11-20T09:12:01Z".to_owned(), facts, kind: PhantomData }
    }

    /// A call with an answer; the resources that it hints at.
    pub(crate) fn answered(&mut self, name: &str, request: Value, response: Value) -> Vec<K::Id> {
        let mut event = json!({
            "source": format!("aws.{}", self.source.split('.').next().unwrap()),
            "detail-type": "AWS API Call via CloudTrail",
            "account": self.place.account.as_str(),
            "region": self.place.region.as_str(),
            "time": self.time,
            "detail": {
                "eventSource": self.source, "eventName": name, "eventTime": self.time,
                "requestParameters": null, "responseElements": null
            }
        });
        *event.pointer_mut("/detail/requestParameters").unwrap() = request;
        *event.pointer_mut("/detail/responseElements").unwrap() = response;
        let event = event.to_string();
        let event = Event::parse(&event).unwrap();
        K::learn(&mut self.facts, &event);
        K::hinted(&event)
    }

    pub(crate) fn call(mut self, name: &str, request: Value) -> Self {
        self.answered(name, request, Value::Null);
        self
    }

    /// What `control` says now.
    pub(crate) fn says(&self, control: &str) -> &'static str {
        let control =
            K::CONTROLS.iter().find(|one| one.id == control).unwrap_or_else(|| panic!("no control {control}"));
        let rules = K::rules(&Trust::default(), &|_, _| None).unwrap();
        match K::judge(&self.facts, &rules, &Selection::from([control.id])).pop().map(|finding| finding.state) {
            None => "nothing",
            Some(State::Live) => "live",
            Some(State::Neutralised { .. }) => "neutralised",
            Some(State::Unverifiable) => "unknown",
        }
    }

    /// Checks what `control` says now.
    #[track_caller]
    pub(crate) fn is(self, control: &str, expected: &str) -> Self {
        assert_eq!(self.says(control), expected, "{control} of {:?}", self.facts);
        self
    }
}
