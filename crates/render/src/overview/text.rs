//! The plain-text twin of the HTML e-mail.

use super::{
    Overview,
    count::{SEVERITIES, count},
    words::{NAME, TEXT, day, minute, outcome, rules, some, span},
};
use crate::{escape, wording};

/// Width that plain-text mail is read at.
const WIDTH: usize = 80;
/// Longest subject: SNS takes fewer than 100 characters (SNS API reference, `Publish`, `Subject`).
const SUBJECT: usize = 99;
/// Most open findings, and most rows of every other list.
const OPEN: usize = 30;
const ROWS: usize = 15;
/// About the most bytes of a section, so that six of them fit an SNS publish (262,144 bytes) even when every byte is
/// escaped there.
const SECTION: usize = 15_000;

impl Overview {
    /// The subject of the e-mail: printable ASCII, fewer than 100 characters.
    #[must_use]
    pub fn subject(&self) -> String {
        let owner = self.owner.as_deref().map(|owner| format!(" for {}", escape::ascii(owner, 24))).unwrap_or_default();
        let open = match self.open.len() {
            0 => "nothing is open".to_owned(),
            number => format!("{number} open"),
        };
        let worst =
            SEVERITIES.into_iter().map(|severity| (self.open_of(severity), severity)).find(|(number, _)| *number > 0);
        let worst = worst.map(|(number, severity)| format!(" ({number} {severity})")).unwrap_or_default();
        let corrected = some(count(self.corrections.len()), "correction");
        let title = escape::ascii(&self.title, 30);
        escape::ascii(&format!("{title}{owner}: {open}{worst}, {corrected} - {}", day(self.to)), SUBJECT)
    }

    /// The e-mail as plain text, for 80 columns; only what cannot be broken (links, ARNs) is longer. Bounded: the longest
    /// lists end with how many more there are.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Text::default();
        text.line(&format!("{}, {}", escape::value(&self.title, NAME), self.scope()), "");
        text.line(&self.period(), "");
        text.empty();
        for warning in self.warnings() {
            text.line(&warning, "");
            text.empty();
        }
        for sentence in self.sentences() {
            text.line(&sentence, "");
        }
        self.write_open(&mut text);
        self.write_corrections(&mut text);
        self.write_undos(&mut text);
        self.write_tugs(&mut text);
        self.write_exemptions(&mut text);
        self.write_shadow(&mut text);
        text.empty();
        text.line(&format!("Made by rectify at {}.", minute(self.made_at)), "");
        text.0
    }

    fn write_open(&self, text: &mut Text) {
        text.rows("Open, the worst first", self.worst().into_iter(), OPEN, |text, finding| {
            let (severity, age) = (finding.severity.to_string(), span(finding.first_seen, self.made_at));
            text.line(&format!("  {}, {age}: {}", severity.to_uppercase(), finding.control.shown()), "    ");
            text.line(&format!("    {} - {}", finding.resource.name(), finding.resource.place()), "      ");
            text.line(&format!("    {}", escape::value(&finding.summary, TEXT)), "      ");
            text.line(&format!("    {}", finding.last(self.made_at)), "      ");
            if let Some(link) = finding.resource.link() {
                text.whole(&format!("    {link}"));
            }
        });
    }

    fn write_corrections(&self, text: &mut Text) {
        text.rows("Corrections", self.corrections_by_worth().into_iter(), ROWS, |text, correction| {
            text.line(&format!("  {}  {}", minute(correction.at), rules(&correction.controls)), "    ");
            text.line(&format!("    {} - {}", correction.resource.name(), correction.resource.place()), "      ");
            text.line(&format!("    {}", correction.ended()), "      ");
            if let Some(actor) = &correction.actor {
                text.line(&format!("    opened by {}", escape::value(actor, TEXT)), "      ");
            }
            match wording::undo_command(&correction.id) {
                Some(_) if correction.undone_by.is_some() => {}
                Some(command) => text.whole(&format!("    {command}")),
                None => text.line(&format!("    {}", escape::value(&correction.id, 40)), ""),
            }
        });
    }

    fn write_undos(&self, text: &mut Text) {
        text.rows("Undone", self.undos.iter(), ROWS, |text, undo| {
            text.line(&format!("  {}  {}", minute(undo.at), rules(&undo.controls)), "    ");
            text.line(&format!("    {} - {}", undo.resource.name(), undo.resource.place()), "      ");
            let (by, reason) = (escape::value(&undo.by, TEXT), escape::value(&undo.reason, TEXT));
            text.line(&format!("    {} by {by}: {reason}", outcome(&undo.outcome)), "      ");
            if let Some(until) = undo.until {
                text.line(&format!("    held off until {}", minute(until)), "      ");
            }
        });
    }

    fn write_tugs(&self, text: &mut Text) {
        text.rows("Tugs of war", self.tugs.iter(), ROWS, |text, tug| {
            text.line(&format!("  {} - {}", tug.resource.name(), tug.control.shown()), "    ");
            let by: Vec<String> = tug.by.iter().take(3).map(|by| escape::value(by, NAME)).collect();
            let by = if by.is_empty() { "nobody known".to_owned() } else { by.join(", ") };
            text.line(&format!("    corrected {}, opened by {by}", some(tug.times, "time")), "      ");
        });
    }

    fn write_exemptions(&self, text: &mut Text) {
        let rows = self.exemptions_by_end().into_iter();
        text.rows("Exemptions, the first to end in front", rows, ROWS, |text, exemption| {
            let soon = if self.ends_soon(exemption) { " (soon)" } else { "" };
            text.line(&format!("  until {}{soon}: {}", day(exemption.until), exemption.what()), "    ");
            text.line(&format!("    {}", exemption.why()), "      ");
        });
    }

    fn write_shadow(&self, text: &mut Text) {
        text.rows("What shadow mode would have done", self.shadow.iter(), ROWS, |text, shadow| {
            text.line(&format!("  {}", shadow.control.shown()), "    ");
            text.line(&format!("    {}", shadow.would_have()), "      ");
        });
    }
}

/// Lines of at most [`WIDTH`] columns.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Adds `line`, broken between words; what is broken off begins with `indent`.
    fn line(&mut self, line: &str, indent: &str) {
        let options = textwrap::Options::new(WIDTH)
            .subsequent_indent(indent)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for row in textwrap::wrap(line, options) {
            self.0.push_str(row.trim_end());
            self.0.push('\n');
        }
    }

    /// Adds a line that must stay one: a link, a command.
    fn whole(&mut self, line: &str) {
        self.0.push_str(line);
        self.empty();
    }

    fn empty(&mut self) {
        self.0.push('\n');
    }

    /// A section with at most `limit` rows and, after the first, about [`SECTION`] bytes; nothing when there is no row.
    fn rows<T>(
        &mut self,
        heading: &str,
        rows: impl ExactSizeIterator<Item = T>,
        limit: usize,
        mut write: impl FnMut(&mut Self, T),
    ) {
        let (all, mut shown) = (rows.len(), 0);
        if all == 0 {
            return;
        }
        self.empty();
        self.line(&format!("{heading} ({all})"), "");
        let most = self.0.len() + SECTION;
        for row in rows.take(limit) {
            if self.0.len() > most {
                break;
            }
            if shown > 0 {
                self.empty();
            }
            write(self, row);
            shown += 1;
        }
        if all > shown {
            self.empty();
            self.line(&format!("  … and {} more", all - shown), "");
        }
    }
}
