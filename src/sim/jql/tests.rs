//! Which queries are understood, and what they mean.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Names, Query, Reader};
use crate::sim::issue::Issue;
use crate::sim::workflow::{Category, Status};

struct Site;

impl Names for Site {
    fn project(&self, wanted: &str) -> Option<String> {
        ["USER-A", "DEV-A"].iter().find(|key| key.eq_ignore_ascii_case(wanted)).map(|key| (*key).into())
    }

    fn status(&self, wanted: &str) -> Option<String> {
        ["Open", "Will Do"].iter().find(|name| name.eq_ignore_ascii_case(wanted)).map(|name| name.to_lowercase())
    }

    fn issue(&self, wanted: &str) -> Option<u64> {
        [("USER-A-1", 1), ("USER-A-2", 2), ("USER-A-10", 10), ("DEV-A-3", 3)]
            .iter()
            .find(|(key, id)| key.eq_ignore_ascii_case(wanted) || id.to_string() == wanted)
            .map(|(_, id)| *id)
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn read(text: &str, zone: Tz) -> Result<Query, String> {
    Query::read(text, &Reader { names: &Site, zone, now: at("2026-03-02T12:00:00Z") })
}

fn issue(id: u64, project: &str, number: u64, status: &str, updated: &str) -> Issue {
    Issue {
        id,
        version: 1,
        project: project.into(),
        number,
        kind: "Bug".into(),
        summary: String::new(),
        description: None,
        status: Status { id: status.into(), name: status.into(), category: Category::New },
        values: BTreeMap::new(),
        resolved: None,
        viewers: None,
        comments: vec![],
        attachments: Vec::new(),
        links: Vec::new(),
        remote_links: Vec::new(),
        properties: BTreeMap::new(),
        history: vec![],
        created: at("2026-03-01T00:00:00Z"),
        updated: at(updated),
        creator: String::new(),
    }
}

/// The ids that a query finds among four issues, in its order.
fn found_in(zone: Tz, text: &str) -> Vec<u64> {
    let issues = [
        issue(1, "USER-A", 1, "open", "2026-03-02T10:00:00Z"),
        issue(2, "USER-A", 2, "will do", "2026-03-02T11:00:00.500Z"),
        issue(10, "USER-A", 10, "open", "2026-03-02T11:59:00Z"),
        issue(3, "DEV-A", 3, "open", "2026-03-01T00:00:00Z"),
    ];
    let query = read(text, zone).unwrap();
    let mut rows: Vec<&Issue> = issues.iter().filter(|issue| query.matches(issue)).collect();
    rows.sort_by(|one, other| query.compare(&query.place(one), &query.place(other)));
    rows.iter().map(|issue| issue.id).collect()
}

fn found(text: &str) -> Vec<u64> {
    found_in(Tz::UTC, text)
}

#[test]
fn clauses_name_projects_keys_and_statuses() {
    assert_eq!(found("project = USER-A ORDER BY key"), [1, 2, 10]);
    assert_eq!(found("project in ('DEV-A', user-a) order by KEY desc"), [10, 2, 1, 3]);
    assert_eq!(found("key = USER-A-2"), [2]);
    assert_eq!(found("id in (10, USER-A-1, NOPE-7) order by key"), [1, 10]);
    assert_eq!(found("project = USER-A and status = \"will do\""), [2]);
    assert_eq!(found("project = USER-A and status != 'Will Do' order by key"), [1, 10]);
    assert_eq!(found("status not in (Open)"), [2]);
}

#[test]
fn or_binds_less_than_and_which_binds_less_than_not() {
    assert_eq!(found("project = DEV-A or project = USER-A and status = 'Will Do' order by key"), [3, 2]);
    assert_eq!(found("(project = DEV-A or project = USER-A) and not status = Open"), [2]);
}

#[test]
fn an_unquoted_number_is_epoch_milliseconds() {
    let millis = at("2026-03-02T11:00:00.500Z").timestamp_millis();
    assert_eq!(found(&format!("updated >= {millis} order by updated asc")), [2, 10]);
    assert_eq!(found(&format!("updated > {millis}")), [10]);
    assert!(read(&format!("updated >= \"{millis}\""), Tz::UTC).is_err());
}

#[test]
fn a_quoted_date_is_read_in_the_askers_zone() {
    assert_eq!(found_in(Tz::Asia__Ho_Chi_Minh, "updated >= '2026-03-02 18:00' order by updated asc"), [2, 10]);
    assert_eq!(found_in(Tz::UTC, "updated >= '2026-03-02 18:00'"), [] as [u64; 0]);
    assert_eq!(found_in(Tz::Asia__Ho_Chi_Minh, "updated < '2026/03/02'"), [3]);
}

#[test]
fn a_period_counts_from_now() {
    assert_eq!(found("updated >= -5m"), [10]);
    assert_eq!(found("updated >= '-2h' order by updated asc, key asc"), [1, 2, 10]);
}

#[test]
fn dates_order_from_new_to_old_unless_told_otherwise() {
    assert_eq!(found("status = Open order by updated"), [10, 1, 3]);
    assert_eq!(found("status = Open order by created asc, key desc"), [10, 1, 3]);
}

#[test]
fn what_jira_would_not_understand_is_refused_in_its_words() {
    for (text, complaint) in [
        ("", "Unbounded JQL"),
        ("order by key", "Unbounded JQL"),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("status = Lost", "The value 'Lost' does not exist for the field 'status'."),
        ("key = USER-A-99", "An issue with key 'USER-A-99' does not exist for field 'key'."),
        ("colour = red", "Field 'colour' does not exist"),
        ("project USER-A", "Expecting operator but got 'USER-A'"),
        ("project = ", "Expecting a value before the end"),
        ("project = in", "Expecting a value but got 'in'"),
        ("project = USER-A status = Open", "Expecting either 'OR' or 'AND' but got 'status'"),
        ("project = USER-A order key", "Expecting 'BY'"),
        ("project = USER-A order by colour", "Not able to sort using field 'colour'"),
        ("project > USER-A", "The operator '>' is not supported by the 'project' field."),
        ("(project = USER-A", "Expecting ')'"),
        ("project = 'USER-A", "has not been completed"),
        ("updated >= 2026-03-02 10:00", "reserved JQL character"),
        ("updated >= yesterday", "Date value 'yesterday' for field 'updated' is invalid"),
        ("summary ~ x", "reserved JQL character"),
    ] {
        let message = read(text, Tz::UTC).unwrap_err();
        assert!(message.contains(complaint), "{text}: {message}");
    }
}
