//! Which queries are understood, and what they mean.

mod generated;
mod oracle;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{IssueName, Names, Query, Reader, Rules};
use crate::issue::Issue;
use crate::values::{FieldValue, Term};
use crate::workflow::{Category, Status};

struct Site;

impl Names for Site {
    fn project(&self, wanted: &str) -> Option<String> {
        ["USER-A", "DEV-A"].iter().find(|key| key.eq_ignore_ascii_case(wanted)).map(|key| (*key).into())
    }

    fn project_of(&self, _: &str) -> Option<String> {
        None
    }

    fn status(&self, wanted: &str) -> Option<String> {
        ["Open", "Will Do"].iter().find(|name| name.eq_ignore_ascii_case(wanted)).map(|name| name.to_lowercase())
    }

    fn issue_type(&self, wanted: &str) -> Option<String> {
        ["Bug", "Task"].iter().find(|name| name.eq_ignore_ascii_case(wanted)).map(|name| (*name).into())
    }

    fn user(&self, wanted: &str) -> Option<String> {
        ["bot", "ann"].iter().find(|id| **id == wanted).map(|id| (*id).into())
    }

    fn issue(&self, wanted: &str) -> Option<IssueName> {
        [("USER-A", 1, 1), ("USER-A", 2, 2), ("USER-A", 10, 10), ("DEV-A", 3, 3)]
            .into_iter()
            .map(|(project, number, id)| IssueName { id, project: project.into(), number })
            .find(|it| {
                format!("{}-{}", it.project, it.number).eq_ignore_ascii_case(wanted) || it.id.to_string() == wanted
            })
    }
}

/// As Cloud reads queries.
const CLOUD: Rules = Rules { bounded: true, unknown_keys_in_lists: true, validate: true, epoch_dates: true };

/// As Data Center does.
const CENTRE: Rules = Rules { bounded: false, unknown_keys_in_lists: false, validate: true, epoch_dates: true };

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn read_by(rules: Rules, text: &str, zone: Tz) -> Result<Query, String> {
    Query::read(text, &Reader { names: &Site, account: "bot", zone, now: at("2026-03-02T12:00:00Z"), rules })
}

fn read(text: &str, zone: Tz) -> Result<Query, String> {
    read_by(CLOUD, text, zone)
}

fn issue(id: u64, project: &str, number: u64, status: &str, updated: &str) -> Issue {
    Issue {
        id,
        version: 1,
        project: project.into(),
        number,
        kind: if id == 3 { "Task" } else { "Bug" }.into(),
        summary: format!("Login-page number {id} hung up"),
        description: None,
        status: Status {
            id: status.into(),
            name: status.into(),
            category: if status == "open" { Category::New } else { Category::Done },
        },
        values: if id == 2 { values() } else { BTreeMap::new() },
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
        creator: if id == 3 { "bot" } else { "ann" }.into(),
    }
}

/// Assigned to Ann, with two labels.
fn values() -> BTreeMap<String, FieldValue> {
    let label = |text: &str| Term { id: None, text: text.into() };
    let ann = Term { id: Some("ann".into()), text: "Ann".into() };
    let labels = FieldValue::Many(vec![label("red"), label("blue")]);
    [("assignee".into(), FieldValue::One(ann)), ("labels".into(), labels)].into()
}

/// The ids that a query finds among four issues, in its order.
fn found_in(zone: Tz, text: &str) -> Vec<u64> {
    found_by(&read(text, zone).unwrap())
}

fn found_by(query: &Query) -> Vec<u64> {
    let issues = [
        issue(1, "USER-A", 1, "open", "2026-03-02T10:00:00Z"),
        issue(2, "USER-A", 2, "will do", "2026-03-02T11:00:00.500Z"),
        issue(10, "USER-A", 10, "open", "2026-03-02T11:59:00Z"),
        issue(3, "DEV-A", 3, "open", "2026-03-01T00:00:00Z"),
    ];
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
fn each_field_knows_its_values_in_any_letter_case() {
    for (text, expected) in [
        ("PROJECT = user-a order by key", &[1, 2, 10][..]),
        ("\"project\" = DEV-A", &[3]),
        ("statusCategory = Done", &[2]),
        ("statuscategory in ('to do', done) order by key", &[3, 1, 2, 10]),
        ("statusCategory != new", &[2]),
        ("issuetype = task", &[3]),
        ("type not in (Task) order by key", &[1, 2, 10]),
        ("reporter = currentUser()", &[3]),
        ("creator in (currentUser(), ann) and project = DEV-A", &[3]),
        ("creator = ann order by key", &[1, 2, 10]),
        ("assignee is empty order by key", &[3, 1, 10]),
        ("assignee = NULL and project = DEV-A", &[3]),
        ("assignee is not EMPTY", &[2]),
        ("assignee = ann", &[2]),
        ("labels = red and labels in (green, blue)", &[2]),
        ("labels in (Red)", &[]),
        ("labels is empty order by key", &[3, 1, 10]),
        ("key is not empty and project = DEV-A", &[3]),
        ("created is empty", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn what_is_empty_is_neither_equal_nor_unequal() {
    assert_eq!(found("assignee != ann"), [] as [u64; 0]);
    assert_eq!(found("not assignee = ann"), [] as [u64; 0]);
    assert_eq!(found("assignee != bot"), [2]);
    assert_eq!(found("not (assignee is empty or project = DEV-A)"), [2]);
}

#[test]
fn a_range_of_keys_stays_within_its_project() {
    assert_eq!(found("key > USER-A-1 order by key"), [2, 10]);
    assert_eq!(found("key >= user-a-2 order by key desc"), [10, 2]);
    assert_eq!(found("not key > USER-A-1"), [1]);
    assert_eq!(found("key < DEV-A-3"), [] as [u64; 0]);
}

#[test]
fn a_text_is_searched_for_words() {
    for (text, expected) in [
        ("summary ~ HUNG and project = DEV-A", &[3][..]),
        ("summary ~ 'number 10'", &[10]),
        ("summary ~ 'numb* 10'", &[10]),
        ("summary ~ numb and project = DEV-A", &[]),
        ("summary ~ '\"number 2\"'", &[2]),
        ("summary ~ '\"2 number\"'", &[]),
        ("summary ~ login-page and key = USER-A-1", &[1]),
        ("summary !~ 10 and project = USER-A order by key", &[1, 2]),
        ("description is empty and key = USER-A-1", &[1]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn dates_are_written_in_four_ways_and_as_periods() {
    for date in ["'2026-03-02 11:00'", "'2026/03/02 11:00'", "-1h", "'-1h'", "'-0d 60m'", "\"-1h\""] {
        assert_eq!(found(&format!("updated >= {date} order by updated asc")), [2, 10], "{date}");
    }
    for date in ["2026-03-02", "'2026-03-02'", "'2026/03/02'", "-12h", "startOfDay()", "startofday('0d')"] {
        assert_eq!(found(&format!("updated < {date}")), [3], "{date}");
    }
    assert_eq!(found("updated <= now() and updated > endOfDay(-1d) order by updated asc"), [1, 2, 10]);
    for date in [
        "'2026-03-02 11:00:00'",
        "'2026-03-02T11:00'",
        "'2026-03/02'",
        "'02-03-2026'",
        "1h30",
        "-1y",
        "'- 1d'",
        "''",
        "'1 2'",
    ] {
        let message = read(&format!("updated >= {date}"), Tz::UTC).unwrap_err();
        assert!(message.contains("for field 'updated' is invalid. Valid formats include:"), "{date}: {message}");
    }
}

#[test]
fn an_older_server_refuses_milliseconds() {
    let rules = Rules { epoch_dates: false, ..CENTRE };
    let message = read_by(rules, "updated >= 1772449200500", Tz::UTC).unwrap_err();
    assert!(message.starts_with("Date value '1772449200500' for field 'updated' is invalid."), "{message}");
}

#[test]
fn data_center_takes_unbounded_queries_and_insists_on_every_key() {
    assert_eq!(found_by(&read_by(CENTRE, "order by key", Tz::UTC).unwrap()), [3, 1, 2, 10]);
    assert_eq!(found_by(&read_by(CENTRE, "", Tz::UTC).unwrap()).len(), 4);
    let message = read_by(CENTRE, "key in (USER-A-1, NOPE-7)", Tz::UTC).unwrap_err();
    assert_eq!(message, "An issue with key 'NOPE-7' does not exist for field 'key'.");
}

#[test]
fn unknown_names_match_nothing_and_are_warned_of_without_validation() {
    let lenient = Rules { validate: false, ..CENTRE };
    let query = read_by(lenient, "key in (USER-A-1, NOPE-7) or project = NOPE or key = NOPE-8", Tz::UTC).unwrap();
    assert_eq!(found_by(&query), [1]);
    assert_eq!(query.warnings.len(), 3, "{:?}", query.warnings);
    assert!(read_by(lenient, "key in (", Tz::UTC).is_err());
}

#[test]
fn signs_escapes_and_quotes_stand_for_what_they_mean() {
    for text in [
        "project = DEV-A && status = Open",
        "project = DEV-A & !(status = 'Will Do')",
        "key = NOPE-1 || project = DEV-A",
        "status = \\u004fpen and project = 'DEV-A'",
        "status=Open AND\nproject=DEV-A",
        "project = DEV\\-A",
    ] {
        let understood = read(text, Tz::UTC).map(|query| found_by(&query));
        match text {
            // A key that must exist, and an escape that there is not.
            _ if text.starts_with("key") => assert!(understood.unwrap_err().contains("NOPE-1")),
            _ if text.ends_with("\\-A") => assert!(understood.unwrap_err().contains("illegal JQL escape sequence")),
            _ => assert_eq!(understood.unwrap(), [3], "{text}"),
        }
    }
}

#[test]
fn in_quotes_a_backslash_is_dropped_and_the_letter_stays() {
    for (quoted, value) in
        [(r"a\nb", "anb"), (r"\u0041", "u0041"), (r"\t\r\ \\", "tr \\"), (r"x\'y", "x'y"), ("a\nb", "a\nb")]
    {
        let message = read(&format!("project = \"{quoted}\""), Tz::UTC).unwrap_err();
        assert_eq!(message, format!("The value '{value}' does not exist for the field 'project'."));
    }
}

#[test]
fn lists_hold_lists_and_emptiness() {
    for (text, expected) in [
        ("assignee in (empty) order by key", &[3, 1, 10][..]),
        ("assignee in (ann, NULL) order by key", &[3, 1, 2, 10]),
        ("assignee not in (empty, bot)", &[2]),
        ("key in (USER-A-1, (USER-A-2, (3))) order by key", &[3, 1, 2]),
        ("key in ((empty), USER-A-1)", &[1]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn what_a_status_was_and_whether_it_changed_is_in_its_history() {
    for (text, expected) in [
        ("status was 'Will Do'", &[2][..]),
        ("status was not in ('Will Do') order by key", &[3, 1, 10]),
        ("status was in (Open) and key = USER-A-1", &[1]),
        ("status changed", &[]),
        ("not status changed from Open to 'Will Do' and key = DEV-A-3", &[3]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
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
        ("project USER-A", "Expecting operator but got 'USER-A'. The valid operators are '=', "),
        ("project = ", "Expecting either a value, list or function before the end of the query."),
        ("project = in", "but got 'in'. You must surround 'in' in quotation marks to use it as a value."),
        ("project = USER-A status = Open", "Expecting either 'OR' or 'AND' but got 'status'. (line 1, character 18)"),
        ("project = USER-A order key", "Expecting 'by' but got 'key'."),
        ("status = select", "'select' is a reserved JQL word. You must surround it in quotation marks to use it in"),
        ("group = x", "'group' is a reserved JQL word."),
        ("project = (USER-A)", "Operator '=' does not support the list value '(\"USER-A\")' for field 'project'."),
        ("project in USER-A", "Operator 'in' does not support the non-list value '\"USER-A\"' for field 'project'."),
        ("project is USER-A", "The operator 'is' only supports the values 'EMPTY' and 'NULL'"),
        ("project = foo()", "Unable to find JQL function 'foo()'."),
        ("project was DEV-A", "The operator 'was' is not supported by the 'project' field."),
        ("status was Open after '2026-01-01'", "This site does not know 'after' of changes of the field 'status'."),
        ("status was in Open", "Expecting a list or function but got 'Open'."),
        ("status = during", "'during' is a reserved JQL word."),
        ("status = LIMIT", "'LIMIT' is a reserved JQL word."),
        ("project = USER-A order by limit", "Expecting a field name but got 'limit'."),
        ("cf[x] = 1", "The character '[' is a reserved JQL character."),
        ("cf[10010] = 1", "Field 'cf[10010]' does not exist or you do not have permission to view it."),
        ("key in ()", "Expecting either a value, list or function but got ')'."),
        ("project = \u{a0}USER-A", "The value '\u{a0}USER-A' does not exist for the field 'project'."),
        ("status = foo(limit)", "Expecting either ')' or an argument but got 'limit'."),
        ("status = \"\\x\"", "'\\x' is an illegal JQL escape sequence."),
        ("status ~ Open", "The operator '~' is not supported by the 'status' field."),
        ("summary = x", "The operator '=' is not supported by the 'summary' field."),
        ("summary ~ '*x'", "is not allowed to start with character '*'."),
        ("reporter = nobody", "The value 'nobody' does not exist for the field 'reporter'."),
        ("issuetype = Epic", "The value 'Epic' does not exist for the field 'issuetype'."),
        ("key = 999", "A value with ID '999' does not exist for the field 'key'."),
        ("key = nonsense", "The issue key 'nonsense' for field 'key' is invalid."),
        ("key > USER-A-99", "An issue with key 'USER-A-99' does not exist for field 'key'."),
        (
            "project = a@b",
            "The character '@' is a reserved JQL character. You must enclose it in a string or use the \
          escape '\\u0040' instead. (line 1, character 12)",
        ),
        ("project =\n%", "(line 2, character 1)"),
        ("project = USER-A order by colour", "Not able to sort using field 'colour'"),
        ("project > USER-A", "The operator '>' is not supported by the 'project' field."),
        ("(project = USER-A", "Expecting ')'"),
        ("project = 'USER-A", "has not been completed"),
        ("updated >= 2026-03-02 10:00", "Expecting either 'OR' or 'AND' but got '10:00'."),
        ("updated >= yesterday", "Date value 'yesterday' for field 'updated' is invalid"),
    ] {
        let message = read(text, Tz::UTC).unwrap_err();
        assert!(message.contains(complaint), "{text}: {message}");
    }
}
