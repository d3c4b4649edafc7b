//! The sentences that every channel for people says alike.

use rectify_controls::Mode;

use crate::{Message, Standing, Style, escape};

/// How an outcome is said.
pub(crate) struct Wording {
    /// One or two words, for a subject.
    pub(crate) headline: String,
    /// What rectify did about it, as a full sentence.
    pub(crate) sentence: String,
    /// What [`Message::why`] is to this outcome.
    pub(crate) why: &'static str,
    /// How it looks.
    pub(crate) style: Style,
}

/// The outcome of a message about an exemption that ends soon.
pub(crate) const EXPIRING: &str = "expiring";

/// How the outcome of `message` is said.
pub(crate) fn of(message: &Message) -> Wording {
    let word = message.outcome.to_ascii_lowercase().replace(['_', '-'], " ");
    let (headline, sentence, style) = match word.as_str() {
        "corrected" => ("Corrected", "rectify put it back and read the resource again to prove it.", Style::Good),
        "not proven" | "notproven" => (
            "Not proven",
            "rectify tried to put it back, but could not prove that it worked. Take it as broken until somebody has looked.",
            Style::Bad,
        ),
        "notified" | "told" => ("Found", told(message), Style::Warn),
        "withheld" => ("Not corrected", "rectify would put this back, but changed nothing.", Style::Bad),
        "failed" => ("Failed", "rectify could not finish. Take it as broken until somebody has looked.", Style::Bad),
        "unverifiable" => (
            "Unverifiable",
            "rectify could not read enough to decide and changed nothing. Take it as broken until somebody has looked.",
            Style::Warn,
        ),
        "deferred" => (
            "Waiting",
            "rectify gives you time to fix it, then looks again. What is right by then is left alone.",
            Style::Warn,
        ),
        "restored" => ("Undone", restored(message), Style::Warn),
        "not restored" | "notrestored" => (
            "Not undone",
            "rectify tried to undo the correction, but could not prove that what stood before stands again.",
            Style::Bad,
        ),
        "resolved" => {
            ("Resolved", "It is not so any more: somebody put it right, or the resource is gone.", Style::Good)
        }
        "exempt" => {
            ("Exempt now", "An exemption covers it now, so rectify leaves it alone until that ends.", Style::Dim)
        }
        EXPIRING => {
            ("Exemption ends soon", "From its end on rectify acts on the resource as on any other.", Style::Warn)
        }
        "shadowed" => ("Shadow", "rectify is in shadow mode here: it decided, and changed nothing.", Style::Dim),
        _ => {
            let other = escape::value(&word, 40);
            let sentence = format!("The outcome was `{other}`.");
            return Wording { headline: other, sentence, why: "Reason", style: Style::Warn };
        }
    };
    let why = match word.as_str() {
        "not proven" | "notproven" => "Still broken",
        "deferred" | "corrected" | "restored" | "resolved" => "Note",
        EXPIRING | "exempt" => "Exemption",
        _ => "Reason",
    };
    Wording { headline: headline.to_owned(), sentence: sentence.to_owned(), why, style }
}

/// What became of the finding, for machines that keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It is still there.
    Open,
    /// It is right now: corrected, put right by somebody, or gone.
    Right,
    /// It is there, and somebody answers for that: an exemption, or an undo.
    Accepted,
}

/// What became of the finding with `message`.
pub(crate) fn end(message: &Message) -> End {
    match message.outcome.to_ascii_lowercase().as_str() {
        "corrected" | "resolved" => End::Right,
        "exempt" => End::Accepted,
        // The undo of an undo brings the correction back.
        "restored" if message.undone.as_ref().is_some_and(|undo| is_undo(&undo.correction)) => End::Right,
        "restored" => End::Accepted,
        _ if message.closes => End::Right,
        _ => End::Open,
    }
}

/// One thing that a reader can do: a sentence, and the command or setting in it. Both may hold text from outside.
pub(crate) struct Step {
    /// Without a final stop.
    pub(crate) text: String,
    /// What to copy.
    pub(crate) code: Option<String>,
}

/// What a reader can do about `message`, the most useful first. For channels that have no room for the e-mail's sections.
pub(crate) fn steps(message: &Message) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |text: &str, code: Option<String>| steps.push(Step { text: text.to_owned(), code });
    if let Some(next) = &message.next {
        step(&crate::email::capital(crate::email::stop(next)), None);
    }
    if message.is_about_an_exemption() {
        step("If the reason still holds, ask your security team for a later end, with a ticket that says so", None);
        return steps;
    }
    let outcome = message.outcome.to_ascii_lowercase();
    // Named only when the change came from it: to others the first snippet is an example.
    let tool = message.actor.tool.as_deref().unwrap_or_default();
    let source = ["Terraform", "CloudFormation", "CDK", "OpenTofu"].into_iter().find(|name| tool.starts_with(name));
    let source = source.map_or_else(|| "fix it at the source".to_owned(), |name| format!("fix it in your {name} code"));
    match end(message) {
        End::Right if outcome == "corrected" && !message.fixes.is_empty() => {
            step(&format!("Nothing is open, but your next deployment can bring it back: {source}"), None);
        }
        End::Open if outcome != "shadowed" => step(&crate::email::capital(&source), None),
        _ => {}
    }
    if let Some(command) = message.correction.as_deref().and_then(undo_command) {
        let text = match (&message.undone, end(message)) {
            (Some(_), End::Accepted) => "To take the undo back, run (or ask your security team to run)",
            (Some(_), _) => "To undo it again, run (or ask your security team to run)",
            (None, _) => "Meant it? To undo the correction, run (or ask your security team to run)",
        };
        step(text, Some(command));
    }
    if outcome != "resolved" && outcome != "exempt" {
        step(
            "To be exempted, ask your security team for an `[[exemption]]` of the control",
            Some(message.control.id.clone()),
        );
    }
    steps
}

fn told(message: &Message) -> &'static str {
    match (message.state, message.mode) {
        (Standing::Neutralised, _) => "It has no effect at the moment, so rectify changed nothing.",
        (Standing::Unverifiable, _) => {
            "rectify could not read enough to decide and changed nothing. Take it as broken until somebody has looked."
        }
        (Standing::Live, Mode::Corrective) => "rectify changed nothing: this control only tells here.",
        (Standing::Live, _) => "rectify changed nothing: it only tells in this environment.",
    }
}

fn restored(message: &Message) -> &'static str {
    if message.undone.as_ref().is_some_and(|undo| is_undo(&undo.correction)) {
        "A person took the undo back: what the correction had made stands again, and was read again to prove it."
    } else {
        "A person undid the correction: what stood before stands again, and was read again to prove it."
    }
}

/// Whether `id` is the ledger's name for an undo, not for a correction.
pub(crate) fn is_undo(id: &str) -> bool {
    id.starts_with("u-")
}

/// The command that undoes what the ledger calls `id`. `None` for what the ledger would not call so: nobody is told to run
/// a text from outside.
pub(crate) fn undo_command(id: &str) -> Option<String> {
    // Crockford's base 32 in lower case, as `CorrectionId` in rectify-aws.
    let digit = |b: u8| b.is_ascii_digit() || (b.is_ascii_lowercase() && !matches!(b, b'i' | b'l' | b'o' | b'u'));
    let number = id.strip_prefix("c-").or_else(|| id.strip_prefix("u-"))?;
    (number.len() == 18 && number.bytes().all(digit)).then(|| format!("rectify undo {id} --reason \"why\""))
}

/// A duration for people: `85 ms`, `1.4 s`, `2 min 5 s`.
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1_000),
    }
}

/// A point in time for people, in UTC; the text itself when it is not RFC 3339.
pub(crate) fn time(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => escape::value(text, 40),
    }
}

/// A mode, as settings spell it.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Shadow => "shadow",
        Mode::Detective => "detective",
        Mode::Corrective => "corrective",
    }
}
