//! Searches, as Jira's query language says them.

use std::fmt::Write;

use crate::flow::{JiraTime, ProjectKey};

/// By which of an issue's times a scan walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Jira's `created`: an issue has one place for ever.
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

/// Issues of `projects` from an instant on, in order of time. Times are unquoted epoch milliseconds: quoted dates would
/// be read in the account's time zone and to the minute.
pub(super) fn scan(projects: &[ProjectKey], by: By, from: Option<JiraTime>) -> String {
    let field = by.field();
    let mut jql = format!("project in ({})", projects.iter().map(quoted).collect::<Vec<_>>().join(", "));
    if let Some(from) = from {
        // Writing to a String can't fail.
        let _ = write!(jql, " AND {field} >= {}", from.epoch_millis());
    }
    let _ = write!(jql, " ORDER BY {field} ASC, key ASC");
    jql
}

/// Project keys hold no quotes (see [`ProjectKey`]), so none need escaping.
fn quoted(project: &ProjectKey) -> String {
    format!("\"{project}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_are_bounded_ordered_and_free_of_time_zones() {
        let projects: Vec<ProjectKey> = ["USER-A", "DEV-A"].map(|p| p.parse().unwrap()).into();
        let from = Some(JiraTime::from_epoch_millis(1_700_000_000_123).unwrap());
        let cases = [
            (
                By::Updated,
                from,
                r#"project in ("USER-A", "DEV-A") AND updated >= 1700000000123 ORDER BY updated ASC, key ASC"#,
            ),
            (By::Created, None, r#"project in ("USER-A", "DEV-A") ORDER BY created ASC, key ASC"#),
        ];
        for (by, from, jql) in cases {
            assert_eq!(scan(&projects, by, from), jql);
        }
    }
}
