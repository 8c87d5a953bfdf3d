//! Dates as JQL writes them.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Reader;
use super::lexer::Token;

/// A moment: epoch milliseconds (only without quotes), a period such as `-5m`, or a date in the asker's zone (only with
/// quotes where it holds a time).
pub(super) fn read(value: &Token, reader: &Reader) -> Option<DateTime<Utc>> {
    match value {
        Token::Word(text) => epoch(text).or_else(|| period(text, reader.now)).or_else(|| local(text, reader.zone)),
        Token::Quoted(text) => period(text, reader.now).or_else(|| local(text, reader.zone)),
        Token::Operator(_) | Token::Open | Token::Close | Token::Comma => None,
    }
}

fn epoch(text: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(text.parse().ok()?)
}

/// Such as `-5m` or `2w`: before or after now, in weeks, days, hours or minutes.
fn period(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let unit = text.chars().next_back()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let minutes = match unit {
        'w' => 7 * 24 * 60,
        'd' => 24 * 60,
        'h' => 60,
        'm' => 1,
        _ => return None,
    };
    now.checked_add_signed(Duration::try_minutes(count.checked_mul(minutes)?)?)
}

fn local(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.replace('/', "-");
    let minute = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M").ok();
    let day = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    on_the_clock(minute.or_else(day)?, zone)
}

/// When the zone's clocks show this: the first time if they do so twice, and an hour later if they skip it.
fn on_the_clock(shown: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let first = |shown: &NaiveDateTime| zone.from_local_datetime(shown).earliest();
    let at = first(&shown).or_else(|| first(&(shown + Duration::hours(1))))?;
    Some(at.with_timezone(&Utc))
}
