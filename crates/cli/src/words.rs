//! What people write for other people: reasons, owners, tickets.

/// Longest text that fits into a ledger row and a message with room to spare.
const LONGEST: usize = 1_000;

/// A text with something in it, as an argument. White space around it is left out.
pub(crate) fn sentence(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("say something: it is for the people who read it later".to_owned());
    }
    if text.chars().count() > LONGEST {
        return Err(format!("at most {LONGEST} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("one line, without control characters".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_sentence_says_something_on_one_line() {
        assert_eq!(sentence(" because ").unwrap(), "because");
        for text in ["", "  ", "two\nlines", "\u{1b}[31m", &"x".repeat(1_001)] {
            assert!(sentence(text).is_err(), "{text:?}");
        }
    }
}
