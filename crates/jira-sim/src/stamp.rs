//! How times are written.

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

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

/// The form of the back door: `2026-03-02T12:00:00.000Z`.
pub(super) fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Serializes a time as [`utc`].
pub(super) fn as_utc<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&utc(*at))
}

/// Serializes a time as [`utc`], and none as null.
pub(super) fn as_utc_or_null<S: Serializer>(at: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    at.map(utc).serialize(to)
}
