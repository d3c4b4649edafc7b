//! Where messages go: `[messages]`, `[[channel]]` and `[[digest]]`, and which message belongs where.

use jiff::SignedDuration;

use crate::{Severity, exemption::matches};

/// `[messages]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// `reminder`: how long the same finding stays silent after it was told.
    pub reminder: SignedDuration,
    /// `owner-tag`: the tag of an account whose value says who answers for it.
    pub owner_tag: String,
    /// `flood`: how many messages a minute a channel for people takes; what is above becomes a summary. 0 for no limit.
    pub flood: u32,
}

impl Default for Messages {
    fn default() -> Self {
        Self { reminder: SignedDuration::from_hours(24), owner_tag: "owner".to_owned(), flood: 30 }
    }
}

/// One `[[channel]]` table: a way out, and what leaves by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// `name`: 1 to 64 letters, digits, hyphens and underscores. The ledger keeps what was sent by it.
    pub name: String,
    /// `type`, with what the type needs.
    pub way: Outlet,
    /// What leaves by it.
    pub filter: Filter,
}

/// What a channel leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlet {
    /// `sns`: a topic, with a body for each protocol.
    Sns {
        /// `topic`: its ARN; the stack's own when there is none.
        topic: Option<String>,
    },
    /// `slack`: a webhook or a bot.
    Slack {
        /// `secret`: ARN of the Secrets Manager secret or SSM parameter that holds the webhook's address or the bot's token.
        secret: String,
        /// `channel`: id of the Slack channel, which a bot needs.
        channel: Option<String>,
    },
    /// `chat`: a topic that Amazon Q Developer in chat applications reads.
    Chat {
        /// `topic`: its ARN. Not the stack's: there every message would be said twice.
        topic: String,
    },
    /// `security-hub`: findings of the account and region we run in.
    SecurityHub,
    /// `ocsf`: compliance findings on the bus.
    Ocsf,
}

impl Outlet {
    /// The word for it in the settings.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sns { .. } => "sns",
            Self::Slack { .. } => "slack",
            Self::Chat { .. } => "chat",
            Self::SecurityHub => "security-hub",
            Self::Ocsf => "ocsf",
        }
    }

    /// Whether people read it, so that a flood is no help there. Machines get every message.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        match self {
            Self::Sns { .. } | Self::Slack { .. } | Self::Chat { .. } => true,
            Self::SecurityHub | Self::Ocsf => false,
        }
    }
}

/// What leaves by a channel. Everything set has to hold; an empty list sets nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `severity`: at least this.
    pub severity: Option<Severity>,
    /// `environments`: names.
    pub environments: Vec<String>,
    /// `controls`: ids, in which `*` stands for any characters.
    pub controls: Vec<String>,
    /// `outcomes`: words of [`OUTCOMES`].
    pub outcomes: Vec<String>,
    /// `owners`: values of the owner tag, in which `*` stands for any characters.
    pub owners: Vec<String>,
    /// `alarms`: alarms only.
    pub alarms: bool,
}

/// How a message can end a finding's story, in the words of messages. What `outcomes` may name.
pub const OUTCOMES: [&str; 13] = [
    "corrected",
    "not-proven",
    "notified",
    "withheld",
    "failed",
    "unverifiable",
    "deferred",
    "shadowed",
    "restored",
    "not-restored",
    "resolved",
    "exempt",
    "expiring",
];

/// What of a message decides where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Routed<'a> {
    /// Of the finding; `None` for the warning that an exemption ends.
    pub severity: Option<Severity>,
    /// Name of the account's environment; `None` for the same warning.
    pub environment: Option<&'a str>,
    /// Id of the control; `*` for an exemption of all of them.
    pub control: &'a str,
    /// The outcome's word.
    pub outcome: &'a str,
    /// Who answers for the account, or for the exemption.
    pub owner: Option<&'a str>,
    /// Somebody has to look now.
    pub alarm: bool,
    /// The finding is over.
    pub closes: bool,
}

/// Whether a message belongs into a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It does.
    Yes,
    /// It does when the channel was told of the finding before: it says that the finding is over, and only `severity`,
    /// `outcomes` or `alarms` would hold it back.
    IfTold,
    /// It does not.
    No,
}

impl Channel {
    /// The one channel there is when the settings name none: the stack's topic, everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { name: "default".to_owned(), way: Outlet::Sns { topic: None }, filter: Filter::default() }
    }

    /// Whether a message leaves by this channel.
    ///
    /// Environment, control and owner are the finding's: they are the same in each of its messages, so what begins in a
    /// channel ends there too. `severity`, `outcomes` and `alarms` are about the single message (a finding that something
    /// neutralises is told with less), and would keep the end from people who were told of the beginning: a message that
    /// closes passes those three where the finding was told before.
    /// What a message does not have holds it back only from `owners`: what nobody answers for is in no team's channel.
    #[must_use]
    pub fn wants(&self, message: &Routed<'_>) -> Wanted {
        let Filter { severity, environments, controls, outcomes, owners, alarms } = &self.filter;
        let any = |patterns: &[String], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, text))
        };
        let finding = (environments.is_empty()
            || message.environment.is_none_or(|name| environments.iter().any(|known| known == name)))
            && (message.control == "*" || any(controls, message.control))
            && (owners.is_empty() || message.owner.is_some_and(|owner| any(owners, owner)));
        let single = severity.is_none_or(|least| message.severity.is_none_or(|severity| severity >= least))
            && (outcomes.is_empty() || outcomes.iter().any(|outcome| outcome == message.outcome))
            && (!alarms || message.alarm);
        match (finding, single) {
            (true, true) => Wanted::Yes,
            (true, false) if message.closes => Wanted::IfTold,
            _ => Wanted::No,
        }
    }

    /// Whether it has to be remembered which findings the channel was told of; see [`Wanted::IfTold`].
    #[must_use]
    pub fn hangs_on_the_message(&self) -> bool {
        self.filter.severity.is_some() || !self.filter.outcomes.is_empty() || self.filter.alarms
    }
}

/// One `[[digest]]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// `name`: as a channel's.
    pub name: String,
    /// `every`.
    pub every: Every,
    /// `owner`: only of accounts this owner answers for; everything when there is none.
    pub owner: Option<String>,
    /// `to`: addresses, by SES.
    pub to: Vec<String>,
    /// `channel`: name of a channel for people.
    pub channel: Option<String>,
}

/// How often a digest is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// `day`.
    Day,
    /// `week`: on Mondays, UTC.
    Week,
}

impl Every {
    /// The word for it in the settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(filter: Filter) -> Channel {
        Channel { filter, ..Channel::everything() }
    }

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    const MESSAGE: Routed<'_> = Routed {
        severity: Some(Severity::High),
        environment: Some("production"),
        control: "s3-bucket-public-acl",
        outcome: "notified",
        owner: Some("web"),
        alarm: false,
        closes: false,
    };

    #[test]
    fn each_filter_holds_back_what_it_says_and_all_have_to_hold() {
        let none = Filter::default;
        let cases = [
            (Filter { severity: Some(Severity::High), ..none() }, true),
            (Filter { severity: Some(Severity::Critical), ..none() }, false),
            (Filter { environments: list(&["canary", "production"]), ..none() }, true),
            (Filter { environments: list(&["prod*"]), ..none() }, false),
            (Filter { controls: list(&["s3-*"]), ..none() }, true),
            (Filter { controls: list(&["ec2-*", "s3-bucket-acl"]), ..none() }, false),
            (Filter { outcomes: list(&["failed", "notified"]), ..none() }, true),
            (Filter { outcomes: list(&["failed"]), ..none() }, false),
            (Filter { owners: list(&["w*"]), ..none() }, true),
            (Filter { owners: list(&["Web"]), ..none() }, false),
            (Filter { alarms: true, ..none() }, false),
            (Filter { owners: list(&["web"]), outcomes: list(&["failed"]), ..none() }, false),
            (none(), true),
        ];
        for (filter, wanted) in cases {
            let expected = if wanted { Wanted::Yes } else { Wanted::No };
            assert_eq!(channel(filter.clone()).wants(&MESSAGE), expected, "{filter:?}");
        }
        let alarm = Routed { alarm: true, ..MESSAGE };
        assert_eq!(channel(Filter { alarms: true, ..none() }).wants(&alarm), Wanted::Yes);
    }

    #[test]
    fn what_begins_in_a_channel_can_end_there_and_nothing_else_can() {
        let resolved = Routed { outcome: "resolved", closes: true, ..MESSAGE };
        for filter in [
            Filter { outcomes: list(&["notified"]), ..Filter::default() },
            Filter { alarms: true, ..Filter::default() },
            // Told as critical, then neutralised, then put right.
            Filter { severity: Some(Severity::Critical), ..Filter::default() },
        ] {
            let channel = channel(filter);
            assert!(channel.hangs_on_the_message());
            assert_eq!(channel.wants(&resolved), Wanted::IfTold);
            assert_eq!(channel.wants(&Routed { closes: false, ..resolved }), Wanted::No);
            assert_eq!(channel.wants(&Routed { severity: Some(Severity::Low), ..resolved }), Wanted::IfTold);
        }
        let other = channel(Filter { owners: list(&["data"]), outcomes: list(&["notified"]), ..Filter::default() });
        assert_eq!(other.wants(&resolved), Wanted::No, "its beginning was not told there either");
        assert_eq!(channel(Filter::default()).wants(&resolved), Wanted::Yes);
    }

    #[test]
    fn a_warning_passes_what_it_does_not_have_except_the_owner() {
        let warning = Routed {
            severity: None,
            environment: None,
            control: "*",
            outcome: "expiring",
            owner: None,
            alarm: false,
            closes: false,
        };
        let filter = Filter {
            severity: Some(Severity::Critical),
            environments: list(&["production"]),
            controls: list(&["s3-bucket-public-acl"]),
            ..Filter::default()
        };
        assert_eq!(channel(filter).wants(&warning), Wanted::Yes);
        let owners = channel(Filter { owners: list(&["*"]), ..Filter::default() });
        assert_eq!(owners.wants(&warning), Wanted::No);
        assert_eq!(owners.wants(&Routed { owner: Some("web"), ..warning }), Wanted::Yes);
    }

    #[test]
    fn names_from_outside_match_only_whole_and_as_they_are() {
        for owner in ["", "web\u{202e}", "web\n", "*", &"w".repeat(100_000)] {
            let message = Routed { owner: Some(owner), control: "", outcome: "", environment: Some(""), ..MESSAGE };
            let filter = Filter { owners: list(&["web"]), ..Filter::default() };
            assert_eq!(channel(filter).wants(&message), Wanted::No, "{owner:.20}");
        }
    }
}
