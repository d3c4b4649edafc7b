//! The plain-text e-mail, as SNS sends it.

use std::fmt::Write as _;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::{DiffLine, Message, Standing, console, escape, wording};

/// Longest subject: SNS takes fewer than 100 characters (SNS API reference, `Publish`, `Subject`).
const SUBJECT: usize = 99;
/// How much of the resource's name the subject spares.
const SUBJECT_NAME: usize = 40;
/// Longest text from outside in the body; [`Message::new`] has cut most of it before.
const TEXT: usize = 2_500;

impl Message {
    /// The subject: printable ASCII, fewer than 100 characters, what happened first, then the resource.
    #[must_use]
    pub fn subject(&self) -> String {
        let alarm = if self.alarm { "ALARM " } else { "" };
        let head = escape::ascii(&format!("{alarm}{}: {}", wording::of(self).headline, self.control.title), SUBJECT);
        let name = escape::ascii(&self.resource.name, SUBJECT_NAME);
        let place = escape::ascii(&self.environment, 20);
        let tail = format!(" - {name} ({}, {place})", self.severity);
        let room = SUBJECT.saturating_sub(tail.len());
        format!("{}{tail}", escape::ascii(&head, room))
    }

    /// The body: plain text for a developer who has never heard of rectify. What happened and what was done stand first,
    /// who and where after it, what can be done about it last.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write_body(&mut text);
        text
    }

    fn write_body(&self, out: &mut String) {
        let wording = wording::of(self);
        if let Some(paused) = &self.paused {
            line(out, &format!("{}.", stop(&capital(&escape::value(paused, TEXT)))));
            line(out, "");
        }
        if self.alarm {
            line(out, "ALARM: somebody has to look now.");
            line(out, "");
        }
        line(out, &format!("{}: {}.", wording.headline, stop(&self.control.title)));
        line(out, &wording.sentence);
        if let Some(why) = &self.why {
            line(out, &format!("{}: {}.", wording.why, stop(&escape::value(why, TEXT))));
        }
        line(out, "");
        line(out, &format!("{}.", stop(&capital(&escape::value(&self.summary, TEXT)))));
        for piece in &self.evidence {
            line(out, &format!("  {}: {}", escape::value(&piece.what, TEXT), escape::value(&piece.value, TEXT)));
        }
        omitted(out, self.evidence_omitted);
        if self.state == Standing::Neutralised {
            let by = self.neutralised_by.as_deref().unwrap_or("another setting");
            line(out, &format!("It has no effect at the moment because of {}.", stop(&escape::value(by, TEXT))));
        }
        if self.repeats > 0 {
            line(out, &format!("The same was found {} more since the last message.", times(self.repeats)));
        }

        self.write_undone(out);
        self.write_done(out);
        self.write_difference(out);
        self.write_where(out);
        self.write_who(out);
        self.write_next(out);
        line(out, "");
        line(out, "Sent by rectify, which watches the AWS rules of your organisation.");
    }

    fn write_undone(&self, out: &mut String) {
        let Some(undo) = &self.undone else { return };
        heading(out, "Who undid it");
        field(out, "Principal", &escape::value(&undo.by, TEXT));
        field(out, "Reason", &escape::value(&undo.reason, TEXT));
        field(out, "Undid", &escape::value(&undo.correction, TEXT));
        if let Some(until) = &undo.until {
            field(out, "Held off", &format!("until {}", wording::time(until)));
        }
    }

    fn write_done(&self, out: &mut String) {
        if self.changes.is_empty() {
            return;
        }
        heading(out, "What rectify did");
        for (number, change) in self.changes.iter().enumerate() {
            line(out, &format!("  {}. {}", number + 1, escape::value(change, TEXT)));
        }
        omitted(out, self.changes_omitted);
        if let Some(proof) = &self.proof {
            line(out, &format!("  Proof: {}", escape::value(proof, TEXT)));
        }
        if let Some(took) = self.took_ms {
            line(out, &format!("  Time:  {} from the event to the outcome", wording::duration(took)));
        }
    }

    fn write_difference(&self, out: &mut String) {
        let lines = self.diff(60);
        if lines.is_empty() {
            return;
        }
        let proposed = self.difference.as_ref().is_some_and(|difference| difference.proposed);
        heading(out, if proposed { "What would put it right" } else { "What changed" });
        for DiffLine { sign, text } in lines {
            let shown = text.trim_start_matches(' ');
            let indent = (text.len() - shown.len()).min(40);
            line(out, &format!("  {} {:indent$}{}", sign.as_char(), "", escape::value(shown, TEXT)));
        }
    }

    fn write_where(&self, out: &mut String) {
        heading(out, "Where");
        field(out, "Resource", &escape::value(&self.resource.arn, TEXT));
        // Built again, never taken from the message: a message that somebody else made must not carry a link.
        if let Some(link) = console::link(&self.resource.arn, &self.account, &self.region) {
            field(out, "Console", &link);
        }
        let called = self.account_name.as_deref().map(|name| format!(" ({})", escape::value(name, TEXT)));
        field(out, "Account", &format!("{}{}", escape::value(&self.account, TEXT), called.unwrap_or_default()));
        field(out, "Region", &escape::value(&self.region, TEXT));
        let mode = wording::mode(self.mode);
        let read = self.environment_read.as_deref();
        let read = read.map(|read| format!("; organisation read {}", escape::value(read, TEXT))).unwrap_or_default();
        field(out, "Environment", &format!("{} ({mode}{read})", escape::value(&self.environment, TEXT)));
        field(out, "Severity", &self.severity.to_string());
        field(out, "Control", &escape::value(&self.control.id, TEXT));
    }

    fn write_who(&self, out: &mut String) {
        if self.is("exempt") {
            // Nobody did anything to the resource.
            return;
        }
        let actor = &self.actor;
        let with = match (&actor.tool, &actor.user_agent) {
            (Some(tool), _) => Some(format!("{} (as far as the event tells)", escape::value(tool, TEXT))),
            (None, Some(user_agent)) => Some(escape::value(user_agent, TEXT)),
            (None, None) => None,
        };
        let shown = |text: &Option<String>| text.as_deref().map(|text| escape::value(text, TEXT));
        let fields = [
            ("Principal", shown(&actor.principal)),
            ("Session", shown(&actor.session)),
            ("From", shown(&actor.source_ip)),
            ("With", with),
            ("Through", shown(&actor.invoked_by)),
            ("Call", shown(&actor.event_name)),
            ("When", actor.event_time.as_deref().map(wording::time)),
            ("Event", shown(&actor.event_id)),
        ];
        let nobody = fields.iter().all(|(_, value)| value.is_none()) && actor.chain.is_empty();
        if nobody && (self.undone.is_some() || self.is_about_an_exemption()) {
            return;
        }
        heading(
            out,
            if self.undone.is_some() {
                "Who made the change that was corrected"
            } else if self.is("resolved") {
                "Who put it right (as far as the event tells)"
            } else {
                "Who"
            },
        );
        if nobody {
            line(out, "  Not known: found by a look at the resource, not by a call.");
        }
        for (name, value) in fields {
            if let Some(value) = value {
                field(out, name, &value);
            }
        }
        if !actor.chain.is_empty() {
            // The arrow is ours: one in a name does not make another link.
            let links: Vec<String> =
                actor.chain.iter().map(|link| escape::value(link, TEXT).replace('→', "->")).collect();
            line(out, &format!("  Acting through  {}", links.join(" → ")));
        }
    }

    fn write_next(&self, out: &mut String) {
        if let Some(next) = &self.next {
            heading(out, "What to do");
            line(out, &format!("  {}.", stop(&capital(&escape::value(next, TEXT)))));
        }
        if let Some(correction) = &self.correction {
            self.write_undo(out, correction);
        }
        if self.closes && self.correction.is_none() && self.undone.is_none() {
            return; // nothing is open, and rectify changed nothing: there is nothing to exempt or to fix
        }
        if self.is_about_an_exemption() {
            heading(out, "To stay exempt");
            line(
                out,
                "  If the reason still holds, ask your security team for a later end, with a ticket that says so.",
            );
        } else {
            let held_off = self.undone.as_ref().is_some_and(|undo| undo.until.is_some());
            heading(out, if held_off { "To be exempted for longer" } else { "To be exempted" });
            line(out, "  Ask your security team to add this to settings.toml, with your owner, reason and ticket:");
            line(out, "");
            for row in self.exemption().lines() {
                line(out, &format!("    {row}"));
            }
        }
        if !self.control.guidance.is_empty() {
            heading(out, "Why this control exists");
            for row in escape::block(&self.control.guidance, TEXT).lines() {
                line(out, &format!("  {}", row.trim_end()));
            }
        }
        for fix in &self.fixes {
            heading(out, &format!("How to fix it in {}", escape::value(&fix.tool, TEXT)));
            for row in escape::block(&fix.snippet, 5_000).lines() {
                line(out, &format!("    {}", row.trim_end()));
            }
        }
    }

    /// How to take back what the ledger calls `id`.
    fn write_undo(&self, out: &mut String, id: &str) {
        let is_undo = self.undone.is_some() || wording::is_undo(id);
        heading(out, if is_undo { "To take the undo back" } else { "If the change was intended" });
        let Some(command) = wording::undo_command(id) else {
            line(out, "  What stood there before is kept in the ledger, under this correction:");
            line(out, &format!("  {}", escape::value(id, TEXT)));
            line(out, "  Ask your security team to restore it from there.");
            return;
        };
        let undone = self.undone.as_ref().map_or("", |undo| undo.correction.as_str());
        line(out, &format!("  {command}"));
        if is_undo && !wording::is_undo(undone) {
            line(out, "  brings the correction back: exactly what stood before the undo.");
        } else {
            line(out, "  restores exactly what stood before, and holds this control off for 24 hours.");
        }
        line(out, "  Ask your security team if you may not run it.");
    }

    pub(crate) fn is_about_an_exemption(&self) -> bool {
        self.is(wording::EXPIRING)
    }

    fn is(&self, outcome: &str) -> bool {
        self.outcome.eq_ignore_ascii_case(outcome)
    }

    /// The `[[exemption]]` that would cover this finding. It ends ninety days after the event.
    pub(crate) fn exemption(&self) -> String {
        let mut toml = String::from("[[exemption]]\n");
        let _ = writeln!(toml, "control = {}", escape::toml(&self.control.id));
        let _ = writeln!(toml, "resource = {}", escape::toml(&self.resource.arn));
        let _ = writeln!(toml, "owner = \"\"");
        let _ = writeln!(toml, "reason = \"\"");
        let _ = writeln!(toml, "ticket = \"\"");
        let expires = (self.actor.event_time.as_deref())
            .and_then(|time| time.parse::<Timestamp>().ok())
            .and_then(|time| time.to_zoned(TimeZone::UTC).date().checked_add(90.days()).ok());
        let _ = match expires {
            Some(date) => writeln!(toml, "expires = {date}"),
            None => writeln!(toml, "expires =            # a date, for example 2030-01-31"),
        };
        toml
    }
}

/// `text` without the stop it may already end with.
pub(crate) fn stop(text: &str) -> &str {
    text.trim_end().trim_end_matches('.')
}

/// `text` with a capital first letter.
pub(crate) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect()
}

pub(crate) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn heading(out: &mut String, text: &str) {
    line(out, "");
    line(out, text);
}

fn field(out: &mut String, name: &str, value: &str) {
    line(out, &format!("  {name:<12} {value}"));
}

fn omitted(out: &mut String, count: usize) {
    if count > 0 {
        line(out, &format!("  … and {count} more"));
    }
}
