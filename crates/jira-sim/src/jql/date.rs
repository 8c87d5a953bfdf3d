//! Moments as JQL writes them.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Reader;

/// Without quotes: epoch milliseconds, a period such as `-5m`, or a date.
pub(super) fn bare(text: &str, reader: &Reader) -> Option<DateTime<Utc>> {
    epoch(text).filter(|_| reader.rules.epoch_dates).or_else(|| quoted(text, reader))
}

/// In quotes: a period, or a date in the asker's zone, with or without a time of day.
pub(super) fn quoted(text: &str, reader: &Reader) -> Option<DateTime<Utc>> {
    period(text, reader.now).or_else(|| local(text, reader.zone))
}

/// `now()`, `startOfDay()` or `endOfDay()`, the last two with a period if wished: `startOfDay("-1d")`.
pub(super) fn function(name: &str, arguments: &[String], reader: &Reader) -> Option<DateTime<Utc>> {
    let today = reader.now.with_timezone(&reader.zone).date_naive();
    let moment = match name.to_ascii_lowercase().as_str() {
        "now" if arguments.is_empty() => return Some(reader.now),
        "startofday" => on_the_clock(today.and_time(NaiveTime::MIN), reader.zone)?,
        "endofday" => {
            on_the_clock(today.succ_opt()?.and_time(NaiveTime::MIN), reader.zone)? - Duration::milliseconds(1)
        }
        _ => return None,
    };
    match arguments {
        [] => Some(moment),
        [shift] => period(shift, moment),
        _ => None,
    }
}

fn epoch(text: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(text.parse().ok()?)
}

/// Such as `-5m`, `2w` or `-1d 2h`: before or after now, in weeks, days, hours and minutes. The sign is for all of it.
fn period(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (sign, parts) = match text.strip_prefix('-') {
        Some(parts) => (-1, parts),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let minutes = parts.split_whitespace().map(minutes).try_fold(0_i64, |sum, part| sum.checked_add(part?))?;
    let some = parts.starts_with(|first: char| first.is_ascii_digit());
    now.checked_add_signed(Duration::try_minutes(minutes.checked_mul(sign)?)?).filter(|_| some)
}

fn minutes(part: &str) -> Option<i64> {
    let (count, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
    let count: i64 = count.parse().ok().filter(|_| count.bytes().all(|digit| digit.is_ascii_digit()))?;
    count.checked_mul(match unit {
        "w" => 7 * 24 * 60,
        "d" => 24 * 60,
        "h" => 60,
        "m" => 1,
        _ => return None,
    })
}

fn local(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let minute =
        ["%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M"].iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || ["%Y/%m/%d", "%Y-%m-%d"].iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok());
    on_the_clock(minute.or_else(|| Some(day()?.and_time(NaiveTime::MIN)))?, zone)
}

/// When the zone's clocks show this: the first time if they do so twice, and an hour later if they skip it.
fn on_the_clock(shown: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let first = |shown: &NaiveDateTime| zone.from_local_datetime(shown).earliest();
    let at = first(&shown).or_else(|| first(&(shown + Duration::hours(1))))?;
    Some(at.with_timezone(&Utc))
}
