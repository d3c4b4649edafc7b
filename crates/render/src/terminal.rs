//! Terminal lines, with colours as data: who prints decides whether colours are wanted.

use std::fmt;

use crate::{Message, Standing, escape, wording};

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// As it is.
    Plain,
    /// Less important.
    Dim,
    /// A name or a heading.
    Strong,
    /// Put right, private.
    Good,
    /// Look at it.
    Warn,
    /// Broken, public, failed.
    Bad,
}

/// A piece of text in one style. Never holds control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// How it looks.
    pub style: Style,
    /// The text.
    pub text: String,
}

/// One line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Its pieces, in order.
    pub spans: Vec<Span>,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `text`, which comes from outside: it is escaped and cut to `limit` characters.
    #[must_use]
    pub fn outside(self, style: Style, text: &str, limit: usize) -> Self {
        self.push(style, escape::value(text, limit))
    }

    /// Adds `text` of our own.
    #[must_use]
    pub fn own(self, style: Style, text: &str) -> Self {
        self.push(style, escape::block(text, usize::MAX).replace('\n', " "))
    }

    fn push(mut self, style: Style, text: String) -> Self {
        self.spans.push(Span { style, text });
        self
    }
}

/// Without colours.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spans.iter().try_for_each(|span| f.write_str(&span.text))
    }
}

/// Longest text from outside on a terminal line.
const SHORT: usize = 200;

impl Message {
    /// The message in a few lines: outcome, evidence, changes, proof. For a log that a person watches; the e-mail has the
    /// rest.
    #[must_use]
    pub fn terminal(&self) -> Vec<Line> {
        let wording = wording::of(self);
        let mut first = Line::new();
        if self.alarm {
            first = first.own(Style::Bad, "ALARM ");
        }
        first = first
            .own(wording.style, &wording.headline)
            .own(Style::Plain, " ")
            .outside(Style::Strong, &self.resource.name, SHORT)
            .own(Style::Plain, ": ")
            .outside(Style::Plain, &self.summary, SHORT)
            .own(Style::Dim, &format!(" ({}, {})", self.control.id, self.severity));
        let mut lines = vec![first];
        if let Some(paused) = &self.paused {
            lines.push(Line::new().own(Style::Warn, "  ").outside(Style::Warn, paused, SHORT));
        }
        let evidence = self.evidence.iter().map(|piece| {
            Line::new().own(Style::Dim, "  ").outside(Style::Dim, &piece.what, SHORT).own(Style::Dim, ": ").outside(
                Style::Plain,
                &piece.value,
                SHORT,
            )
        });
        lines.extend(evidence);
        if let (Standing::Neutralised, Some(by)) = (self.state, &self.neutralised_by) {
            lines.push(Line::new().own(Style::Dim, "  without effect because of ").outside(Style::Plain, by, SHORT));
        }
        if let Some(undo) = &self.undone {
            lines.push(
                Line::new()
                    .own(Style::Dim, "  undone by ")
                    .outside(Style::Plain, &undo.by, SHORT)
                    .own(Style::Dim, ": ")
                    .outside(Style::Plain, &undo.reason, SHORT),
            );
        }
        for change in &self.changes {
            lines.push(Line::new().own(Style::Dim, "  did: ").outside(Style::Plain, change, SHORT));
        }
        for (name, text) in [("proof", &self.proof), (wording.why, &self.why), ("to do", &self.next)] {
            if let Some(text) = text {
                lines.push(Line::new().own(Style::Dim, &format!("  {}: ", name.to_lowercase())).outside(
                    Style::Plain,
                    text,
                    SHORT,
                ));
            }
        }
        let took = self.took_ms.map(|took| format!("took {}", wording::duration(took)));
        let id = self.correction.as_ref().map(|id| {
            let what = if wording::is_undo(id) { "undo" } else { "correction" };
            format!("{what} {}", escape::value(id, SHORT))
        });
        let last: Vec<String> = took.into_iter().chain(id).collect();
        if !last.is_empty() {
            lines.push(Line::new().own(Style::Dim, &format!("  {}", last.join(", "))));
        }
        lines
    }
}
