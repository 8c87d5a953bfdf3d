//! Issues that failed and are to be tried again.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::line::issue_json;
use super::{About, Column, Created, Fields, Line, Record, Row, Table, Unfit, Value, wall_text};
use crate::flow::{IssueId, IssueRef, JiraTime, Side};
use crate::store::Change;

/// An issue that failed and is to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its side.
    pub side: Side,
    /// The issue.
    pub issue: IssueRef,
    /// How often in a row.
    pub attempts: u32,
    /// When to try again, by this machine's wall clock; kept to the millisecond.
    pub next_try: DateTime<Utc>,
    /// What went wrong, for people.
    pub why: String,
    /// The latest `updated` of what failed, its counterpart's included: as long as nothing is newer, nothing is tried
    /// before `next_try`. `None`: try whenever it is seen.
    pub seen: Option<JiraTime>,
    /// What happened to an issue that was never handled is looked at from there on, as at its first try. Of a dev issue:
    /// `Some` as long as it could never be read, so that it may belong to any user issue.
    pub unseen_since: Option<JiraTime>,
}

/// Which failures are due.
#[derive(Clone, Debug)]
pub struct Due {
    /// Those whose next try is not later.
    pub now: DateTime<Utc>,
    /// And those whose next try is later than they can have been put off to, so that a clock was set back since: by the
    /// number of attempts, the last one for all more. That is the largest.
    pub latest: Vec<DateTime<Utc>>,
}

/// The order in which failures are tried: by time, then side, then issue id, the latter two as texts.
pub(in crate::store) const BY_TIME: &[Column] =
    &[Column::plain("next_try"), Column::plain("side"), Column::plain("issue_id")];

/// Pages are in the order of sides and ids as texts.
pub(in crate::store) static FAILURES: Table = Table {
    name: "failures",
    key: &[Column::plain("side"), Column::plain("issue_id")],
    key_is_id: true,
    created: Created::First,
    updated: true,
    versioned: true,
};

impl Failure {
    /// Its place in [`BY_TIME`].
    pub(in crate::store) fn place_in_time(&self) -> Vec<Value> {
        vec![self.next_try.into(), self.side.into(), (&self.issue.id).into()]
    }
}

impl Record for Failure {
    const NAME: &'static str = "failures";
    const TABLES: &'static [&'static Table] = &[&FAILURES];
    type Key = (Side, IssueId);

    fn key(&self) -> (Side, IssueId) {
        (self.side, self.issue.id.clone())
    }

    fn locate((side, id): &(Side, IssueId)) -> (&'static Table, Vec<Value>) {
        (&FAILURES, vec![(*side).into(), id.into()])
    }

    fn about(_: Side) -> Option<About> {
        Some(About { table: &FAILURES, issue: "issue_id", side: Some("side") })
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("issue_key", self.issue.key.as_str().into()),
            ("attempts", u64::from(self.attempts).into()),
            ("next_try", self.next_try.into()),
            ("why", self.why.as_str().into()),
            ("seen_updated", self.seen.into()),
            ("unseen_since", self.unseen_since.into()),
        ]
    }

    fn read(row: &Row) -> Result<Self, Unfit> {
        Ok(Self {
            side: row.parsed("side")?,
            issue: row.issue("issue_id", "issue_key")?,
            attempts: u32::try_from(row.number("attempts")?).map_err(|why| row.unfit("attempts", why))?,
            next_try: row.wall("next_try")?,
            why: row.text("why")?.to_owned(),
            seen: row.maybe_jira_time("seen_updated")?,
            unseen_since: row.maybe_jira_time("unseen_since")?,
        })
    }
}

impl Line for Failure {
    const KIND: &'static str = "failure";

    fn line(&self) -> Json {
        json!({
            "side": self.side.to_string(),
            "issue": issue_json(&self.issue),
            "attempts": self.attempts,
            "next_try": wall_text(self.next_try),
            "why": self.why,
            "seen_updated": self.seen.map(|at| at.to_string()),
            "unseen_since": self.unseen_since.map(|at| at.to_string()),
        })
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        Ok(Self {
            side: fields.text("side")?,
            issue: fields.issue("issue")?,
            attempts: fields.take("attempts")?,
            next_try: fields.text("next_try")?,
            why: fields.take("why")?,
            seen: fields.maybe("seen_updated")?,
            unseen_since: fields.maybe("unseen_since")?,
        })
    }

    fn changes(self) -> Vec<Change> {
        vec![Change::PutFailure(self)]
    }
}
