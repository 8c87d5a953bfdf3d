//! Times on Jira's clock, which may differ from this machine's.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// An instant on the clock of the Jira site, at the millisecond precision of its `created` and `updated` fields.
///
/// Its own type so that it can't be compared with this machine's clock. Displayed and parsed as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JiraTime(DateTime<Utc>);

impl JiraTime {
    /// The beginning of 1970, before any Jira.
    pub const FIRST: Self = Self(DateTime::UNIX_EPOCH);

    /// The time in Jira's `created`, `updated`, `serverTime` or `Date`.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        // Truncating to milliseconds can't leave chrono's range.
        Self(DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at))
    }

    /// Milliseconds since 1970, the form in which JQL takes it without any time zone (docs/sync.md, "Paging by time").
    #[must_use]
    pub fn epoch_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// # Errors
    /// When `millis` is outside the years that can be written.
    pub fn from_epoch_millis(millis: i64) -> Result<Self, NoTime> {
        DateTime::from_timestamp_millis(millis).map(Self).ok_or(NoTime)
    }

    /// The time earlier by this much, or the earliest possible one.
    #[must_use]
    pub fn earlier(self, by: Duration) -> Self {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        Self(self.0.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC))
    }

    /// The time later by this much, or the latest possible one.
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        Self(self.0.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// The duration since `earlier`; zero if this is before it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        (self.0 - earlier.0).to_std().unwrap_or_default()
    }
}

/// The error of a text or number that is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time")]
pub struct NoTime;

impl FromStr for JiraTime {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        DateTime::parse_from_rfc3339(text).map(|at| Self::new(at.to_utc())).map_err(|_| NoTime)
    }
}

impl fmt::Display for JiraTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for JiraTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `last_sync`: every change in Jira before this instant has been handled. Always on Jira's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watermark(pub JiraTime);

impl Watermark {
    /// The watermark after a search: the `Date` of its answer, less the whole round trip, less one second since `Date`
    /// counts whole seconds. It is never too late.
    #[must_use]
    pub fn from_answer(date: JiraTime, round_trip: Duration) -> Self {
        Self(date.earlier(round_trip).earlier(Duration::from_secs(1)))
    }
}

impl fmt::Display for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> JiraTime {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_written_in_utc_with_milliseconds_and_read_back() {
        let time = at("2024-11-29T10:44:51.887123-08:00");
        assert_eq!(time.to_string(), "2024-11-29T18:44:51.887Z");
        assert_eq!(at(&time.to_string()), time);
        assert_eq!(JiraTime::from_epoch_millis(time.epoch_millis()), Ok(time));
    }

    #[test]
    fn a_watermark_is_never_later_than_the_search_was_sent() {
        let mark = Watermark::from_answer(at("2024-01-01T00:00:10Z"), Duration::from_millis(2500));
        assert_eq!(mark.0, at("2024-01-01T00:00:06.500Z"));
    }

    #[test]
    fn time_before_is_no_duration() {
        assert_eq!(at("2024-01-01T00:00:00Z").since(at("2024-01-02T00:00:00Z")), Duration::ZERO);
    }
}
