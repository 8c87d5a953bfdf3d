//! How times are written on the wire.

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;

/// Jira's own form, in the reader's zone and without a colon in the offset: `2024-11-29T10:44:51.887-0800`.
pub(super) fn jira(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
}

/// The form of the `Date` header (RFC 7231, 7.1.1.1): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Jira keeps milliseconds and no more.
pub(super) fn whole_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(3)
}
