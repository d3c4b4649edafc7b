//! One publish that serves people and machines.

use std::collections::BTreeMap;

use crate::{Message, escape, wording};

/// What goes into `sns:Publish` (SNS API reference). Everything in it together stays below SNS's 262,144 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sns {
    /// `Subject`.
    pub subject: String,
    /// `Message`, with `MessageStructure` = `json`, which gives each protocol its own: the plain text of
    /// [`Message::text`] for e-mail, the subject for phones, and as `default` the JSON of [`Message::json`] for queues,
    /// functions and web hooks.
    pub message: String,
    /// `MessageAttributes`, all of `DataType` `String`, none empty, for filter policies: `severity`, `account`,
    /// `environment`, `mode`, `control`, `outcome`, `alarm`, `owner`, `closes` and `digest`. Never more than ten: a
    /// subscription of a queue with raw delivery drops what has more (SNS developer guide, «message attributes»).
    ///
    /// `digest` is `single` for a message of its own, `held` for one that people get in a summary only, and `summary` for
    /// that. All have it, because a filter `{"digest": ["single", "summary"]}` takes nothing without the attribute.
    pub attributes: BTreeMap<&'static str, String>,
}

impl Sns {
    /// One publish: `text` for e-mail, `json` for machines, the subject for phones. Attributes without a value are left out.
    pub(crate) fn new<const N: usize>(
        subject: String,
        text: &str,
        json: &str,
        attributes: [(&'static str, String); N],
    ) -> Self {
        let bodies: BTreeMap<&str, &str> = [("default", json), ("email", text), ("sms", subject.as_str())].into();
        Self {
            message: serde_json::to_string(&bodies).unwrap_or_default(),
            attributes: attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            subject,
        }
    }
}

impl Message {
    /// The message as one SNS publish, for people and machines.
    #[must_use]
    pub fn sns(&self) -> Sns {
        self.publish("single")
    }

    /// The message as one SNS publish in a flood: for machines, while people get a [`crate::Summary`].
    #[must_use]
    pub fn sns_held(&self) -> Sns {
        self.publish("held")
    }

    fn publish(&self, digest: &str) -> Sns {
        let attributes = [
            ("severity", self.severity.to_string()),
            ("account", self.account.clone()),
            ("environment", escape::value(&self.environment, 100)),
            ("mode", wording::mode(self.mode).to_owned()),
            ("control", self.control.id.clone()),
            ("outcome", escape::value(&self.outcome, 100)),
            ("alarm", self.alarm.to_string()),
            ("closes", self.closes.to_string()),
            ("digest", digest.to_owned()),
            ("owner", self.owner.as_deref().map(|owner| escape::value(owner, 100)).unwrap_or_default()),
        ];
        Sns::new(self.subject(), &self.text(), &self.json(), attributes)
    }
}
