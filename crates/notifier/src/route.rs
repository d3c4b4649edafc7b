//! One channel: what leaves by it, and how.

use std::{sync::Arc, time::Duration};

use aws_config::SdkConfig;
use jiff::Timestamp;
use rectify_aws::{AwsFailure, Bus, Http, Ledger, NotPut, Topic};
use rectify_controls::{AccountId, Channel, Outlet, Region, Wanted};
use rectify_event::OWN_SOURCE;
use rectify_render::{Overview, Post, Sns, Summary};

use crate::{
    security_hub::SecurityHub,
    slack::{Slack, SlackError},
};

/// Detail type of OCSF findings on the bus. No guard's rule takes it.
pub(crate) const LAKE: &str = "OCSF Compliance Finding";

/// Why a channel does not have a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    #[error("{0}; {help}", help = .0.help())]
    Aws(#[from] AwsFailure),
    #[error("{0}; {help}", help = .0.failure.help())]
    Bus(#[from] NotPut),
    #[error("{0}")]
    Slack(#[from] SlackError),
    #[error("the function's time was over")]
    OutOfTime,
}

impl Undelivered {
    /// How long the channel asks to be left alone.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Slack(SlackError::Busy(wait)) => Some(*wait),
            _ => None,
        }
    }
}

/// What became of a message in one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// It is there.
    Sent,
    /// People get it with the next summary.
    Held,
    /// It does not belong there.
    NotWanted,
    /// It was there already.
    Already,
}

/// A channel with what it leads to.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) channel: Channel,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Topic(Topic),
    Chat(Topic),
    Slack(Box<Slack>),
    SecurityHub(Box<SecurityHub>),
    Lake(Bus),
}

/// What routes are made with.
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a SdkConfig,
    pub(crate) http: &'a Http,
    pub(crate) home: &'a AccountId,
    pub(crate) region: &'a Region,
    /// The stack's topic.
    pub(crate) topic: &'a str,
    pub(crate) bus: &'a str,
    /// Base of Slack's Web API.
    pub(crate) slack: Arc<str>,
}

impl Route {
    pub(crate) fn new(channel: Channel, parts: &Parts<'_>) -> Self {
        let topic = |arn: &str| Topic::new(parts.config, arn.to_owned());
        let way = match &channel.way {
            Outlet::Sns { topic: arn } => Way::Topic(topic(arn.as_deref().unwrap_or(parts.topic))),
            Outlet::Chat { topic: arn } => Way::Chat(topic(arn)),
            Outlet::Slack { secret, channel } => {
                let api = Arc::clone(&parts.slack);
                Way::Slack(Box::new(Slack::new(parts.config, parts.http, secret, channel.clone(), api)))
            }
            Outlet::SecurityHub => {
                let (home, region) = (parts.home.clone(), parts.region.clone());
                Way::SecurityHub(Box::new(SecurityHub::new(parts.config, parts.http, home, region)))
            }
            Outlet::Ocsf => Way::Lake(Bus::new(parts.config, parts.bus.to_owned())),
        };
        Self { channel, way }
    }

    pub(crate) fn name(&self) -> &str {
        &self.channel.name
    }

    /// A new batch begins.
    pub(crate) fn begin(&self) {
        if let Way::Slack(slack) = &self.way {
            slack.begin();
        }
    }

    /// Delivers one message, when it belongs here: at once, or held for the summary when people had `flood` messages in this
    /// minute. `came_before`: it may be here already.
    pub(crate) async fn deliver(
        &self,
        post: &Post,
        came_before: bool,
        flood: u32,
        ledger: &Ledger,
    ) -> Result<Done, Undelivered> {
        let routed = post.routed();
        let wanted = self.channel.wants(&routed);
        if wanted == Wanted::No || !self.takes(post) {
            return Ok(Done::NotWanted);
        }
        if came_before && ledger.was_sent(self.name(), post.id()).await? {
            return Ok(Done::Already);
        }
        let finding = post.finding().map(|message| message.finding.as_str()).filter(|finding| !finding.is_empty());
        let thread = match finding.filter(|_| self.remembers()) {
            Some(finding) => ledger.thread(self.name(), finding).await?,
            None => None,
        };
        if wanted == Wanted::IfTold && thread.as_ref().is_none_or(|thread| thread.closed) {
            return Ok(Done::NotWanted);
        }
        let held = self.channel.way.is_for_people() && !self.has_room(routed.alarm, flood, ledger).await;
        let mut root = None;
        if held {
            let kept = serde_json::to_string(&post.held()).unwrap_or_default();
            ledger.hold(self.name(), post.id(), &kept).await?;
            if let Way::Topic(topic) = &self.way {
                publish(topic, post.sns_held()).await?;
            }
        } else {
            match &self.way {
                Way::Topic(topic) => publish(topic, post.sns()).await?,
                Way::Chat(topic) => say(topic, post.subject(), post.chat()).await?,
                Way::Slack(slack) => root = slack.post(post, thread.as_ref()).await?.root,
                Way::SecurityHub(hub) => {
                    if let Some(message) = post.finding() {
                        hub.import(message, thread.as_ref(), ledger.now()).await?;
                    }
                }
                Way::Lake(bus) => {
                    if let Some(message) = post.finding() {
                        bus.put(OWN_SOURCE, LAKE, &[message.ocsf().to_string()]).await?;
                    }
                }
            }
        }
        if let Some(finding) = finding.filter(|_| self.remembers()) {
            // It is sent, and sending it again would be worse than a thread that is not found.
            if let Err(error) = ledger.told(self.name(), finding, root.as_deref(), routed.closes).await {
                tracing::warn!(channel = self.name(), finding, %error, "it was not remembered that a finding was told");
            }
        }
        Ok(if held { Done::Held } else { Done::Sent })
    }

    /// Says in one message what was held back. Only channels for people hold anything back.
    pub(crate) async fn summarise(&self, summary: &Summary) -> Result<(), Undelivered> {
        match &self.way {
            Way::Topic(topic) => publish(topic, summary.sns()).await?,
            Way::Chat(topic) => say(topic, summary.subject(), summary.chat()).await?,
            Way::Slack(slack) => slack.say(&summary.slack()).await?,
            Way::SecurityHub(_) | Way::Lake(_) => {}
        }
        Ok(())
    }

    /// Posts a digest.
    pub(crate) async fn digest(&self, overview: &Overview) -> Result<(), Undelivered> {
        match &self.way {
            Way::Topic(topic) => publish(topic, overview.sns()).await?,
            Way::Chat(topic) => say(topic, overview.subject(), overview.chat()).await?,
            Way::Slack(slack) => slack.say(&overview.slack()).await?,
            Way::SecurityHub(_) | Way::Lake(_) => {}
        }
        Ok(())
    }

    /// A warning about an exemption is no finding: it has no place in what takes findings.
    fn takes(&self, post: &Post) -> bool {
        post.finding().is_some() || self.channel.way.is_for_people()
    }

    /// Whether it has to be known what was told before: for threads, for when a finding was new, for ends that a filter would
    /// hold back.
    fn remembers(&self) -> bool {
        matches!(self.way, Way::Slack(_) | Way::SecurityHub(_)) || self.channel.hangs_on_the_message()
    }

    /// Whether the channel takes one more message, or one more alarm, in this minute. When that cannot be told it does: rather too much than not
    /// at all.
    async fn has_room(&self, alarm: bool, flood: u32, ledger: &Ledger) -> bool {
        if flood == 0 {
            return true;
        }
        let now: Timestamp = ledger.now();
        ledger.lets_through(self.name(), alarm, flood, now).await.unwrap_or_else(|error| {
            tracing::warn!(channel = self.name(), %error, "the messages of this minute could not be counted");
            true
        })
    }
}

async fn publish(topic: &Topic, sns: Sns) -> Result<(), AwsFailure> {
    let attributes = sns.attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let message = rectify_aws::Message { subject: sns.subject, body: sns.message, per_protocol: true, attributes };
    topic.publish(&message).await.map(drop)
}

async fn say(topic: &Topic, subject: String, body: String) -> Result<(), AwsFailure> {
    topic.publish(&rectify_aws::Message { subject, body, ..rectify_aws::Message::default() }).await.map(drop)
}
