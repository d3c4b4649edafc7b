//! The warning that an exemption ends soon. It is about no resource's state, so it is no [`crate::Message`].

use std::{collections::BTreeMap, fmt::Write as _};

use rectify_controls::{Control, Exemption};
use serde_json::json;

use crate::{SCHEMA_VERSION, Sns, escape, wording};

/// Longest text from outside.
const TEXT: usize = 500;

/// An exemption that ends soon.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// The exemption.
    pub exemption: &'a Exemption,
    /// Its control; `None` when it is about every control.
    pub control: Option<&'a Control>,
    /// Where it stands, for people.
    pub stands: &'a str,
}

/// The warning, as one SNS publish: plain text for e-mail, JSON (`outcome` is `expiring`) for machines.
#[must_use]
pub fn ending(ending: &Ending<'_>) -> Sns {
    let exemption = ending.exemption;
    let day = exemption.until.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let control = ending.control.map_or("every control", |control| control.title);
    let subject = format!(
        "{} - {} ({})",
        escape::ascii(&format!("Exemption ends on {}", exemption.until.strftime("%Y-%m-%d")), 40),
        escape::ascii(exemption.resource.rsplit(':').next().unwrap_or_default(), 30),
        escape::ascii(&exemption.owner, 20),
    );
    let value = |text: &str| escape::value(text, TEXT);
    let mut text = format!(
        "An exemption ends soon. From {day} on the control acts on the resource again.\n\n\
         Exemption\n  Control   {} ({})\n  Resource  {}\n",
        value(&exemption.control),
        control,
        value(&exemption.resource)
    );
    let places = [
        ("Account", exemption.account.as_ref().map(ToString::to_string)),
        ("Unit", exemption.organizational_unit.clone()),
        ("Region", exemption.region.as_ref().map(ToString::to_string)),
    ];
    for (name, place) in places {
        if let Some(place) = place {
            let _ = writeln!(text, "  {name:<9} {}", value(&place));
        }
    }
    for (key, tag) in &exemption.tags {
        let _ = writeln!(text, "  Tag       {} = {}", value(key), value(tag));
    }
    let _ = write!(
        text,
        "  Owner     {}\n  Reason    {}\n  Ticket    {}\n  Ends      {day}\n  Stands    in {}\n\n\
         What to do\n  If it is still needed, agree on a new end and change it where it stands; if not, put the resource right \
         before it ends.\n",
        value(&exemption.owner),
        value(&exemption.reason),
        value(&exemption.ticket),
        value(ending.stands)
    );
    let json = escape::json(
        &json!({
            "version": SCHEMA_VERSION,
            "outcome": wording::EXPIRING,
            "alarm": false,
            "control": { "id": exemption.control },
            "exemption": cut(exemption),
            "stands": escape::cut(ending.stands, TEXT),
        })
        .to_string(),
    );
    let bodies: BTreeMap<&str, &str> =
        [("default", json.as_str()), ("email", text.as_str()), ("sms", subject.as_str())].into();
    let attributes = [
        ("outcome", wording::EXPIRING.to_owned()),
        ("control", escape::value(&exemption.control, 100)),
        ("owner", escape::value(&exemption.owner, 100)),
        ("alarm", "false".to_owned()),
        ("closes", "false".to_owned()),
        ("digest", "single".to_owned()),
    ];
    Sns {
        message: serde_json::to_string(&bodies).unwrap_or_default(),
        attributes: attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        subject,
    }
}

/// The exemption with every text short enough for one publish.
fn cut(exemption: &Exemption) -> Exemption {
    let short = |text: &String| escape::cut(text, TEXT);
    Exemption {
        control: short(&exemption.control),
        resource: escape::cut(&exemption.resource, 2_048),
        tags: exemption.tags.iter().take(50).map(|(key, value)| (short(key), short(value))).collect(),
        owner: short(&exemption.owner),
        reason: short(&exemption.reason),
        ticket: short(&exemption.ticket),
        ..exemption.clone()
    }
}

#[cfg(test)]
mod tests {
    use rectify_controls::{Origin, Tags};

    use super::*;

    fn exemption(text: &str) -> Exemption {
        Exemption {
            origin: Origin::Line(12),
            control: "s3-bucket-public-acl".to_owned(),
            resource: format!("arn:aws:s3:::{text}"),
            account: None,
            organizational_unit: None,
            region: None,
            tags: Tags::from([(text.to_owned(), text.to_owned())]),
            owner: text.to_owned(),
            reason: text.to_owned(),
            ticket: "SEC-1".to_owned(),
            until: "2027-07-01T00:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn it_says_what_ends_when_and_whose_it_is() {
        let sns = ending(&Ending { exemption: &exemption("www"), control: None, stands: "line 12 of the settings" });
        assert_eq!(sns.subject, "Exemption ends on 2027-07-01 - www (www)");
        for part in ["line 12 of the settings", "2027-07-01 00:00 UTC", "SEC-1", "\\\"outcome\\\":\\\"expiring\\\""] {
            assert!(sns.message.contains(part), "{part} in {}", sns.message);
        }
    }

    #[test]
    fn hostile_names_stay_harmless_and_short() {
        let hostile = format!("\u{1b}[31m\r\nBcc: x@example.com\u{202e}{}", "x".repeat(100_000));
        let sns = ending(&Ending { exemption: &exemption(&hostile), control: None, stands: "line 12" });
        assert!(sns.message.len() < 100_000, "{}", sns.message.len());
        assert!(sns.subject.len() < 100 && sns.subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", sns.subject);
        let bodies: BTreeMap<String, String> = serde_json::from_str(&sns.message).unwrap();
        assert!(bodies["email"].len() < 10_000 && !bodies["email"].contains(['\u{1b}', '\u{202e}', '\r']));
        assert!(!bodies["email"].contains("\nBcc"), "{}", bodies["email"]);
        assert!(!bodies["default"].contains(['\u{1b}', '\u{202e}', '\n']));
    }
}
