//! Jira's times.

use chrono::DateTime;
use serde::{Deserialize, Deserializer};

use crate::flow::JiraTime;

/// Jira's times have an offset without a colon: `2024-11-29T10:44:51.887-0800`.
fn parse_time(text: &str) -> Option<JiraTime> {
    const JIRA: &str = "%Y-%m-%dT%H:%M:%S%.f%z";
    DateTime::parse_from_str(text, JIRA).ok().map(|at| JiraTime::new(at.to_utc())).or_else(|| text.parse().ok())
}

/// The `Date` header.
pub(in crate::jira) fn parse_date(text: &str) -> Option<JiraTime> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| JiraTime::new(at.to_utc()))
}

/// A time, as a text or as a number: `changelog/bulkfetch` answers numbers. Its document's example counts seconds where
/// other numbers of Jira count milliseconds, so size decides: taken for seconds, anything that large lies beyond the
/// year 5000.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<JiraTime, D::Error> {
    const LARGE: i64 = 100_000_000_000;
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Text(String),
        Number(i64),
    }
    let told = Told::deserialize(from)?;
    let time = match &told {
        Told::Text(text) => parse_time(text),
        Told::Number(millis) if *millis >= LARGE => JiraTime::from_epoch_millis(*millis).ok(),
        Told::Number(seconds) => JiraTime::from_epoch_millis(seconds.saturating_mul(1000)).ok(),
    };
    time.ok_or_else(|| match told {
        Told::Text(text) => serde::de::Error::custom(format!("{text:?} is no time")),
        Told::Number(number) => serde::de::Error::custom(format!("{number} is no time")),
    })
}

/// A time that may be missing.
pub(super) fn optional_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<JiraTime>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    parse_time(&text).map(Some).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jiras_times_are_read_with_their_offset() {
        let cases = [
            ("2024-11-29T10:44:51.887-0800", "2024-11-29T18:44:51.887Z"),
            ("2024-11-29T10:44:51.887+0000", "2024-11-29T10:44:51.887Z"),
            ("2024-11-29T10:44:51Z", "2024-11-29T10:44:51.000Z"),
        ];
        for (jira, utc) in cases {
            assert_eq!(parse_time(jira).unwrap().to_string(), utc);
        }
        assert_eq!(parse_date("Tue, 15 Nov 1994 08:12:31 GMT").unwrap().to_string(), "1994-11-15T08:12:31.000Z");
    }

    #[test]
    fn numbers_are_times_in_seconds_or_milliseconds() {
        for number in ["1492070429", "1492070429000", r#""2017-04-13T08:00:29.000+0000""#] {
            let told = time(&mut serde_json::Deserializer::from_str(number)).unwrap();
            assert_eq!(told.to_string(), "2017-04-13T08:00:29.000Z");
        }
    }
}
