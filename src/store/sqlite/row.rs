//! Columns as our types, and our types as parameters.

use std::fmt::Display;
use std::str::FromStr;

use rusqlite::Row;

use super::trouble::Trouble;
use crate::flow::{IssueId, IssueRef, Side};
use crate::store::records::{self, Unfit};

/// A column's text as what it stands for.
pub(super) fn parsed<T: FromStr<Err: Display>>(row: &Row<'_>, column: &str) -> Result<T, Trouble> {
    let text: String = row.get(column)?;
    parse(column, &text)
}

/// A column's text, if there is one, as what it stands for.
pub(super) fn maybe<T: FromStr<Err: Display>>(row: &Row<'_>, column: &str) -> Result<Option<T>, Trouble> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parse(column, &text)).transpose()
}

/// The issue in two columns.
pub(super) fn issue(row: &Row<'_>, id: &str, key: &str) -> Result<IssueRef, Trouble> {
    Ok(IssueRef { id: parsed(row, id)?, key: parsed(row, key)? })
}

/// Ids as the JSON array of which `json_each` makes a table: any number of them in one statement.
pub(super) fn id_list(ids: &[IssueId]) -> String {
    records::json(&ids.iter().map(IssueId::as_str).collect::<Vec<_>>())
}

/// The table of what was handled on a side.
pub(super) fn handled_table(side: Side) -> &'static str {
    match side {
        Side::User => "user_project_issue_state",
        Side::Dev => "dev_project_issue_state",
    }
}

fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T, Trouble> {
    text.parse().map_err(|why| Unfit::new(format!("{column} {text:?}"), why).into())
}
