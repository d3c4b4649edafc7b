//! Points in time and lengths of time as people type and read them. Days are days of UTC.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

/// Length of time such as `90s`, `2m`, `24h`, `30d`, `2w`, longer than nothing. A day has 24 hours.
pub(crate) fn length(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is not a length of time such as `2m`, `24h`, `30d` or `2w`");
    let span: Span = text.trim().parse().map_err(|_| wrong())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(format!("`{text}`: months and years have no fixed length, say it in days"));
    }
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if length.is_positive() { Ok(length) } else { Err(format!("`{text}` is no time at all")) }
}

/// As [`length`], within what an undo may hold a control off.
pub(crate) fn undo_length(text: &str) -> Result<SignedDuration, String> {
    let length = length(text)?;
    let bounds = SignedDuration::from_mins(1)..=SignedDuration::from_hours(90 * 24);
    if bounds.contains(&length) { Ok(length) } else { Err("between 1m and 90d".to_owned()) }
}

/// A point in the past: a length of time ago, a day (from its beginning), or an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    Ago(SignedDuration),
    At(Timestamp),
}

impl Since {
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(length) => now.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::At(at) => at,
        }
    }
}

pub(crate) fn since(text: &str) -> Result<Since, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    if let Some(day) = day(text) {
        return beginning(day).map(Since::At).ok_or_else(|| format!("`{text}` is out of range"));
    }
    length(text)
        .map(Since::Ago)
        .map_err(|_| format!("`{text}` is neither a length of time such as `7d` nor a day such as `2026-11-01`"))
}

/// A point in time to come: the end of a day, as in the settings file, or an RFC 3339 time.
pub(crate) fn until(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    day(text)
        .and_then(|day| day.checked_add(1.day()).ok())
        .and_then(beginning)
        .ok_or_else(|| format!("`{text}` is not a day such as `2027-06-30`, of which the whole counts"))
}

/// Only the day itself: `Date` also takes what follows a `T`.
fn day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|_| text.len() == "2026-11-01".len())
}

fn beginning(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// To the second, as in `2026-11-23T09:26:03Z`.
pub(crate) fn shown(at: Timestamp) -> String {
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    at.to_string()
}

/// How long something is, roughly: its largest unit.
pub(crate) fn rough(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let (number, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn lengths_are_as_people_type_them() {
        for (text, seconds) in
            [("90s", 90), ("2m", 120), ("24h", 86_400), ("30d", 2_592_000), ("2w", 1_209_600), ("1h 30m", 5_400)]
        {
            assert_eq!(length(text).unwrap().as_secs(), seconds, "{text}");
        }
        for text in ["", "7", "-1h", "0s", "soon", "1mo", "1y", "P1M"] {
            assert!(length(text).is_err(), "{text}");
        }
        assert!(undo_length("59s").is_err() && undo_length("91d").is_err());
        assert!(undo_length("1m").is_ok() && undo_length("90d").is_ok());
    }

    #[test]
    fn a_day_begins_for_since_and_ends_for_until() {
        let now = at("2026-11-23T12:00:00Z");
        assert_eq!(since("7d").unwrap().from(now), at("2026-11-16T12:00:00Z"));
        assert_eq!(since("2026-11-01").unwrap().from(now), at("2026-11-01T00:00:00Z"));
        assert_eq!(since("2026-11-01T10:00:00+02:00").unwrap().from(now), at("2026-11-01T08:00:00Z"));
        assert!(since("yesterday").is_err() && since("2026-13-01").is_err());
        assert_eq!(until("2027-06-30").unwrap(), at("2027-07-01T00:00:00Z"));
        assert_eq!(until("2027-06-30T12:00:00Z").unwrap(), at("2027-06-30T12:00:00Z"));
        assert!(until("30d").is_err() && until("2027-06-31").is_err());
    }

    #[test]
    fn times_are_short() {
        assert_eq!(shown(at("2026-11-23T09:26:03.987654Z")), "2026-11-23T09:26:03Z");
        for (seconds, text) in
            [(1, "1 second"), (90, "90 seconds"), (7_000, "116 minutes"), (90_000, "25 hours"), (200_000, "2 days")]
        {
            assert_eq!(rough(SignedDuration::from_secs(seconds)), text);
        }
    }
}
