//! Searches, as Jira's query language says them.

use std::fmt::Write;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::flow::{IssueKey, JiraTime, ProjectId};

/// By which of an issue's times a scan walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Jira's `created`: an issue has one place forever.
    Created,
    /// Jira's `updated`: an issue moves to the end whenever it changes.
    Updated,
}

impl By {
    fn field(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
        }
    }
}

/// How instants are written for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    /// As unquoted epoch milliseconds: no zone, no rounding.
    Epoch,
    /// Quoted, to the minute, read by the server in this zone: our account's.
    Zoned(Tz),
    /// Quoted, to the minute, in a zone that is hidden from us.
    Unzoned,
}

/// No two clocks on earth are further apart: from UTC-12 to UTC+14.
const ANY_ZONE: Duration = Duration::from_secs(26 * 3600);

impl Dates {
    /// For a server that takes no numbers.
    pub(super) fn quoted(zone: Option<Tz>) -> Self {
        zone.map_or(Self::Unzoned, Self::Zoned)
    }

    /// An instant not after `at`, from which the server answers when it is asked from `at`.
    pub(super) fn reach(self, at: JiraTime) -> JiraTime {
        match self {
            Self::Epoch => at,
            Self::Zoned(zone) => earliest_unmistakable(zone, minute(at)),
            Self::Unzoned => minute(at.earlier(ANY_ZONE)),
        }
    }

    /// `at` as the query has it.
    fn word(self, at: JiraTime) -> String {
        match self {
            Self::Epoch => at.epoch_millis().to_string(),
            Self::Zoned(zone) => quoted_time(&utc(self.reach(at)).with_timezone(&zone)),
            Self::Unzoned => quoted_time(&utc(self.reach(at))),
        }
    }
}

/// When clocks are set back, an hour's local times come twice, and a server may take ours for the second: then an
/// earlier one is asked from, which comes once.
fn earliest_unmistakable(zone: Tz, at: JiraTime) -> JiraTime {
    const STEP: Duration = Duration::from_secs(15 * 60);
    let mut from = at;
    // No clock was ever set back by more than a day.
    for _ in 0..96 {
        let local = utc(from).with_timezone(&zone).naive_local();
        if zone.from_local_datetime(&local).latest().is_some_and(|latest| latest.to_utc() <= utc(at)) {
            break;
        }
        from = from.earlier(STEP);
    }
    from
}

fn minute(at: JiraTime) -> JiraTime {
    utc(at).duration_trunc(TimeDelta::minutes(1)).map_or(at, JiraTime::new)
}

fn utc(at: JiraTime) -> DateTime<Utc> {
    // A JiraTime came from such a number.
    DateTime::from_timestamp_millis(at.epoch_millis()).unwrap_or(DateTime::UNIX_EPOCH)
}

fn quoted_time<Z: TimeZone<Offset: std::fmt::Display>>(at: &DateTime<Z>) -> String {
    at.format("\"%Y-%m-%d %H:%M\"").to_string()
}

/// Issues of `projects` from an instant on, in order of time.
pub(super) fn scan(projects: &[ProjectId], by: By, from: Option<JiraTime>, dates: Dates) -> String {
    let field = by.field();
    let mut jql = within(projects);
    if let Some(from) = from {
        // Writing to a String can't fail.
        let _ = write!(jql, " AND {field} >= {}", dates.word(from));
    }
    let _ = write!(jql, " ORDER BY {field} ASC, key ASC");
    jql
}

/// Issues of one project at exactly one instant, in order of their keys, from `last` on: for more issues at one instant
/// than a server pages through. A key is only compared with keys of its own project.
pub(super) fn at_instant(project: &ProjectId, by: By, at: JiraTime, last: Option<&IssueKey>) -> String {
    let (field, at) = (by.field(), at.epoch_millis());
    let mut jql = within(std::slice::from_ref(project));
    let _ = write!(jql, " AND {field} >= {at} AND {field} <= {at}");
    if let Some(last) = last {
        let _ = write!(jql, " AND key >= \"{last}\"");
    }
    jql + " ORDER BY key ASC"
}

/// All issues of `projects`.
pub(super) fn all(projects: &[ProjectId]) -> String {
    within(projects)
}

/// By id, which no renaming changes. Unquoted, since Jira takes a quoted number for a key or a name first.
fn within(projects: &[ProjectId]) -> String {
    let ids: Vec<_> = projects.iter().map(ProjectId::as_str).collect();
    format!("project in ({})", ids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> JiraTime {
        text.parse().unwrap()
    }

    #[test]
    fn scans_are_bounded_ordered_and_free_of_time_zones() {
        let projects: Vec<ProjectId> = ["10001", "10002"].map(|p| p.parse().unwrap()).into();
        let from = Some(JiraTime::from_epoch_millis(1_700_000_000_123).unwrap());
        let cases = [
            (
                By::Updated,
                from,
                r#"project in (10001, 10002) AND updated >= 1700000000123 ORDER BY updated ASC, key ASC"#,
            ),
            (By::Created, None, r#"project in (10001, 10002) ORDER BY created ASC, key ASC"#),
        ];
        for (by, from, jql) in cases {
            assert_eq!(scan(&projects, by, from, Dates::Epoch), jql);
        }
    }

    #[test]
    fn quoted_dates_are_the_accounts_own_and_never_later_than_meant() {
        let cases = [
            (Dates::Zoned(Tz::America__Los_Angeles), "2024-11-29T18:44:51.887Z", r#""2024-11-29 10:44""#),
            (Dates::Zoned(Tz::Asia__Kolkata), "2024-11-29T18:44:51.887Z", r#""2024-11-30 00:14""#),
            (Dates::Unzoned, "2024-11-29T18:44:51.887Z", r#""2024-11-28 16:44""#),
        ];
        for (dates, from, word) in cases {
            assert_eq!(dates.word(at(from)), word);
            assert!(dates.reach(at(from)) <= at(from));
        }
    }

    #[test]
    fn an_hour_that_comes_twice_is_asked_from_before_its_first_coming() {
        let berlin = Dates::Zoned(Tz::Europe__Berlin);
        // 02:30 comes at 00:30Z and again at 01:30Z.
        assert_eq!(berlin.word(at("2024-10-27T00:30:00Z")), r#""2024-10-27 01:45""#);
        assert_eq!(berlin.word(at("2024-10-27T01:30:00Z")), r#""2024-10-27 02:30""#);
        assert!(berlin.reach(at("2024-10-27T01:30:00Z")) <= at("2024-10-27T01:30:00Z"));
    }

    #[test]
    fn one_instant_is_walked_through_by_key() {
        let (project, key) = ("10001".parse().unwrap(), "AB-9".parse().unwrap());
        let at = JiraTime::from_epoch_millis(7).unwrap();
        assert_eq!(
            at_instant(&project, By::Created, at, Some(&key)),
            r#"project in (10001) AND created >= 7 AND created <= 7 AND key >= "AB-9" ORDER BY key ASC"#
        );
    }

    /// Every form of a query that we ask, for Atlassian's own parser: see `.ci/oracles`.
    #[test]
    fn queries_that_are_asked_are_handed_to_the_oracles() {
        let Some(folder) = std::env::var_os("LOCKSTEP_ORACLES").map(std::path::PathBuf::from) else { return };
        let projects = ["10001", "2"].map(|id| id.parse::<ProjectId>().unwrap());
        let from = at("2024-10-27T00:30:00Z");
        let mut asked = vec![all(&projects)];
        for dates in [Dates::Epoch, Dates::Zoned(Tz::Europe__Berlin), Dates::Unzoned] {
            asked.extend([By::Created, By::Updated].map(|by| scan(&projects, by, Some(from), dates)));
        }
        asked.push(scan(&projects[..1], By::Updated, None, Dates::Epoch));
        for key in ["USER-A-1", "LIMIT-7", "ORDER-1", "CF-12", "DURING-3", "A1_B-9"].map(|key| key.parse().unwrap()) {
            asked.extend([None, Some(&key)].map(|last| at_instant(&projects[0], By::Created, from, last)));
        }
        let lines: String = asked.iter().map(|query| serde_json::json!({"query": query}).to_string() + "\n").collect();
        std::fs::write(folder.join("asked.jsonl"), lines).unwrap();
    }
}
