//! HTML pages: the frame of all of them, and one finding as a page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{Message, Sign, Standing, console, email::capital, escape, overview::tag, wording};

/// Longest text from outside; [`Message::new`] has cut most of it before.
const TEXT: usize = 2_500;

/// A whole page. Nothing in it is loaded or run, and its policy forbids that to whatever might get into it
/// (W3C, «Content Security Policy Level 3»).
pub(crate) fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("overview/page.css"))) }
            }
            body { (body) }
        }
    };
    ended(page)
}

/// A file ends with a line feed.
pub(crate) fn ended(page: Markup) -> String {
    let mut text = page.into_string();
    text.push('\n');
    text
}

impl Message {
    /// The finding as a page of its own: what the e-mail says, in its order.
    #[must_use]
    pub fn html(&self) -> String {
        let wording = wording::of(self);
        let headline = format!("{}: {}", wording.headline, escape::value(&self.control.title, TEXT));
        let body = html! {
            header {
                h1 { (headline) }
                p class="dim" { (tag(self.severity)) (escape::value(&self.environment, TEXT)) }
                @if let Some(paused) = &self.paused { p class="warning" role="note" { (escape::value(paused, TEXT)) } }
                @if self.alarm { p class="warning" role="note" { b { "ALARM: somebody has to look now." } } }
            }
            main {
                p class="headline" { (wording.sentence) }
                @if let Some(why) = &self.why { p { (wording.why) ": " (escape::value(why, TEXT)) } }
                p { (capital(&escape::value(&self.summary, TEXT))) }
                ul {
                    @for piece in &self.evidence { li { (escape::value(&piece.what, TEXT)) ": " (escape::value(&piece.value, TEXT)) } }
                    (omitted(self.evidence_omitted))
                }
                @if self.state == Standing::Neutralised {
                    p {
                        "It has no effect at the moment because of "
                        (escape::value(self.neutralised_by.as_deref().unwrap_or("another setting"), TEXT)) "."
                    }
                }
                @if self.repeats > 0 { p { "Found again since the last message: " (self.repeats) "." } }
                (self.page_undone())
                (self.page_done())
                (self.page_difference())
                (self.page_where())
                (self.page_who())
                (self.page_next())
            }
            footer { p { "Sent by rectify, which watches the AWS rules of your organisation." } }
        };
        document(&headline, &body)
    }

    fn page_undone(&self) -> Markup {
        html! { @if let Some(undo) = &self.undone {
            h2 { "Who undid it" }
            dl {
                (field("Principal", Some(&undo.by)))
                (field("Reason", Some(&undo.reason)))
                (field("Undid", Some(&undo.correction)))
                (field("Held off until", undo.until.as_deref().map(wording::time).as_deref()))
            }
        } }
    }

    fn page_done(&self) -> Markup {
        html! { @if !self.changes.is_empty() {
            h2 { "What rectify did" }
            ol { @for change in &self.changes { li { (escape::value(change, TEXT)) } } (omitted(self.changes_omitted)) }
            dl {
                (field("Proof", self.proof.as_deref()))
                (field("Time", self.took_ms.map(wording::duration).as_deref()))
            }
        } }
    }

    fn page_difference(&self) -> Markup {
        let lines = self.diff(200);
        let proposed = self.difference.as_ref().is_some_and(|difference| difference.proposed);
        html! { @if !lines.is_empty() {
            h2 { @if proposed { "What would put it right" } @else { "What changed" } }
            pre { @for line in lines {
                @let class = match line.sign { Sign::Gone => "gone", Sign::New => "new", Sign::Same | Sign::Skipped => "same" };
                @let indent = line.text.len() - line.text.trim_start_matches(' ').len();
                span class=(class) {
                    (line.sign.as_char()) " " (" ".repeat(indent.min(40))) (escape::value(line.text.trim_start_matches(' '), TEXT))
                }
                "\n"
            } }
        } }
    }

    fn page_where(&self) -> Markup {
        // Built again, never taken from the message: a message that somebody else made must not carry a link.
        let link = console::link(&self.resource.arn, &self.account, &self.region);
        html! {
            h2 { "Where" }
            dl {
                (field("Resource", Some(&self.resource.arn)))
                @if let Some(link) = link { dt { "Console" } dd { a href=(link) { "open in the AWS console" } } }
                dt { "Account" }
                dd {
                    (escape::value(&self.account, TEXT))
                    @if let Some(name) = &self.account_name { " (" (escape::value(name, TEXT)) ")" }
                }
                (field("Owner", self.owner.as_deref()))
                (field("Region", Some(&self.region)))
                (field("Environment", Some(&self.environment)))
                (field("Mode", Some(wording::mode(self.mode))))
                (field("Organisation read", self.environment_read.as_deref()))
                (field("Control", Some(&self.control.id)))
            }
        }
    }

    fn page_who(&self) -> Markup {
        let actor = &self.actor;
        let time = actor.event_time.as_deref().map(wording::time);
        html! {
            h2 { "Who" }
            @if *actor == crate::Actor::default() { p { "Not known: found by a look at the resource, not by a call." } }
            dl {
                (field("Principal", actor.principal.as_deref()))
                (field("Session", actor.session.as_deref()))
                @for link in &actor.chain { (field("Through", Some(link))) }
                (field("From", actor.source_ip.as_deref()))
                (field("With", actor.tool.as_deref().or(actor.user_agent.as_deref())))
                (field("Invoked by", actor.invoked_by.as_deref()))
                (field("Call", actor.event_name.as_deref()))
                (field("When", time.as_deref()))
                (field("Event", actor.event_id.as_deref()))
            }
        }
    }

    fn page_next(&self) -> Markup {
        html! {
            @if let Some(next) = &self.next { h2 { "What to do" } p { (escape::value(next, TEXT)) } }
            @if let Some(correction) = &self.correction {
                @let undo = self.undone.is_some() || wording::is_undo(correction);
                h2 { @if undo { "To take the undo back" } @else { "If the change was intended" } }
                @match wording::undo_command(correction) {
                    Some(command) => { pre { (command) } p { "Restores exactly what stood before it. Ask your security team if you may not run it." } }
                    None => p { "What stood there before is kept in the ledger, under " (escape::value(correction, TEXT)) "." },
                }
            }
            @if !self.closes && !self.is_about_an_exemption() {
                h2 { "To be exempted" }
                p { "Ask your security team to add this to settings.toml, with your owner, reason and ticket:" }
                pre { (self.exemption()) }
            }
            @if !self.control.guidance.is_empty() {
                h2 { "Why this control exists" }
                p { @for line in escape::block(&self.control.guidance, TEXT).lines() { (line) " " } }
            }
            @for fix in &self.fixes {
                h2 { "How to fix it in " (escape::value(&fix.tool, TEXT)) }
                pre { (escape::block(&fix.snippet, 5_000)) }
            }
        }
    }
}

fn field(name: &str, value: Option<&str>) -> Markup {
    html! { @if let Some(value) = value { dt { (name) } dd { (escape::value(value, TEXT)) } } }
}

fn omitted(count: usize) -> Markup {
    html! { @if count > 0 { li { "… and " (count) " more" } } }
}
