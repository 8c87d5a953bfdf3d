//! Pages of tables in the order of their keys: each row must come behind the one before it.
//!
//! A walk asks for the page behind the last key that it has seen. A damaged index can answer with rows from before that
//! key, and then the walk would never end. So every such page passes [`in_order`], whichever store it comes from:
//! [`Store`](super::Store) checks those of a worker, [`Ordered`] those of everything else that reads.

use std::cmp::Reverse;
use std::fmt::Display;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Error, Failure, HandledIssue, Reader, State};
use crate::flow::{AttachmentId, Copied, HistoryQuery, Intent, IssueId, MissingDev, Pair, Side, Told};

/// A page of a table, and where it has to begin.
pub(super) struct KeyedPage<T, K> {
    /// As people find the table in the database.
    pub(super) table: &'static str,
    /// The key behind which the page was asked for.
    pub(super) after: Option<K>,
    pub(super) rows: Vec<T>,
}

/// The rows, if each comes behind the one before; else what is wrong with the table, in words.
pub(super) fn in_order<T, K: Ord + KeyName>(page: KeyedPage<T, K>, key: impl Fn(&T) -> K) -> Result<Vec<T>, String> {
    let KeyedPage { table, after, rows } = page;
    let mut last = after;
    for row in &rows {
        let next = key(row);
        if let Some(last) = last.filter(|last| next <= *last) {
            let (next, last) = (next.name(), last.name());
            return Err(format!("its table {table} answers {next} when asked for what comes after {last}"));
        }
        last = Some(next);
    }
    Ok(rows)
}

/// How messages name a key.
pub(super) trait KeyName {
    /// The key's name.
    fn name(&self) -> String;
}

impl KeyName for IssueId {
    fn name(&self) -> String {
        self.to_string()
    }
}

/// Ordered as text: ids of files, and sides with ids of issues.
impl KeyName for String {
    fn name(&self) -> String {
        self.clone()
    }
}

/// Numbers of lines of history: the latest comes first.
impl KeyName for Reverse<u64> {
    fn name(&self) -> String {
        self.0.to_string()
    }
}

/// Pairs, by their user issues.
pub(super) fn pairs(after: Option<IssueId>, rows: Vec<Pair>) -> Result<Vec<Pair>, String> {
    in_order(KeyedPage { table: "jira_mapping", after, rows }, |pair| pair.user.id.clone())
}

/// Missing dev issues, by their user issues.
pub(super) fn missing(after: Option<IssueId>, rows: Vec<MissingDev>) -> Result<Vec<MissingDev>, String> {
    in_order(KeyedPage { table: "missing_dev_issues", after, rows }, |missing| missing.user.id.clone())
}

/// Lines of history, latest first.
pub(super) fn history(before: Option<u64>, rows: Vec<Told>) -> Result<Vec<Told>, String> {
    in_order(KeyedPage { table: "history", after: before.map(Reverse), rows }, |told| Reverse(told.number))
}

fn handled(side: Side, after: Option<IssueId>, rows: Vec<HandledIssue>) -> Result<Vec<HandledIssue>, String> {
    let table = match side {
        Side::User => "user_project_issue_state",
        Side::Dev => "dev_project_issue_state",
    };
    in_order(KeyedPage { table, after, rows }, |handled| handled.issue.id.clone())
}

fn failures(after: Option<(Side, IssueId)>, rows: Vec<Failure>) -> Result<Vec<Failure>, String> {
    let key = |side: Side, id: &dyn Display| format!("{side}/{id}");
    let after = after.map(|(side, id)| key(side, &id));
    in_order(KeyedPage { table: "failures", after, rows }, |failure| key(failure.side, &failure.issue.id))
}

fn ledger(after: Option<AttachmentId>, rows: Vec<Copied>) -> Result<Vec<Copied>, String> {
    let after = after.map(|file| file.to_string());
    in_order(KeyedPage { table: "attachments", after, rows }, |copied| copied.file.to_string())
}

/// A reader whose pages are in order.
pub(super) struct Ordered(pub(super) Arc<dyn Reader>);

impl Ordered {
    fn checked<'a, T: 'a>(
        &'a self,
        page: BoxFuture<'a, Result<Vec<T>, Error>>,
        check: impl FnOnce(Vec<T>) -> Result<Vec<T>, String> + Send + 'a,
    ) -> BoxFuture<'a, Result<Vec<T>, Error>> {
        async move { check(page.await?).map_err(|why| self.0.damaged(why)) }.boxed()
    }
}

impl Reader for Ordered {
    fn state(&self) -> BoxFuture<'_, Result<State, Error>> {
        self.0.state()
    }

    fn open_intents(&self, most: u32) -> BoxFuture<'_, Result<Vec<Intent>, Error>> {
        self.0.open_intents(most)
    }

    fn failures(&self, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>> {
        self.0.failures(most)
    }

    fn troubled_pairs(&self, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>> {
        self.0.troubled_pairs(most)
    }

    fn missing_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<MissingDev>, Error>> {
        self.checked(self.0.missing_after(after.clone(), most), |rows| missing(after, rows))
    }

    fn history(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Told>, Error>> {
        let before = query.before;
        self.checked(self.0.history(query), move |rows| history(before, rows))
    }

    fn failures_after(&self, after: Option<(Side, IssueId)>, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>> {
        self.checked(self.0.failures_after(after.clone(), most), |rows| failures(after, rows))
    }

    fn pairs_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>> {
        self.checked(self.0.pairs_after(after.clone(), most), |rows| pairs(after, rows))
    }

    fn handled_after(
        &self,
        side: Side,
        after: Option<IssueId>,
        most: u32,
    ) -> BoxFuture<'_, Result<Vec<HandledIssue>, Error>> {
        self.checked(self.0.handled_after(side, after.clone(), most), move |rows| handled(side, after, rows))
    }

    fn ledger_after(&self, after: Option<AttachmentId>, most: u32) -> BoxFuture<'_, Result<Vec<Copied>, Error>> {
        self.checked(self.0.ledger_after(after.clone(), most), |rows| ledger(after, rows))
    }

    fn damaged(&self, what: String) -> Error {
        self.0.damaged(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(after: Option<&str>, rows: &[&str]) -> Result<Vec<IssueId>, String> {
        let id = |text: &&str| text.parse::<IssueId>().unwrap();
        let page =
            KeyedPage { table: "jira_mapping", after: after.as_ref().map(id), rows: rows.iter().map(id).collect() };
        in_order(page, IssueId::clone)
    }

    #[test]
    fn a_page_that_leads_on_by_number_is_taken() {
        assert_eq!(checked(Some("9"), &["10", "11", "100"]).unwrap().len(), 3);
        assert_eq!(checked(None, &["1"]).unwrap().len(), 1);
        assert_eq!(checked(Some("9"), &[]).unwrap(), []);
    }

    #[test]
    fn a_page_that_leads_nowhere_names_its_table() {
        for (after, rows, said) in [
            (Some("10"), &["10"][..], "answers 10 when asked for what comes after 10"),
            (Some("10"), &["9", "11"], "answers 9 when asked for what comes after 10"),
            (None, &["7", "8", "8"], "answers 8 when asked for what comes after 8"),
        ] {
            assert_eq!(checked(after, rows).unwrap_err(), format!("its table jira_mapping {said}"));
        }
    }

    #[test]
    fn history_leads_back_in_time() {
        let page = |after, rows: Vec<u64>| KeyedPage { table: "history", after, rows };
        assert!(in_order(page(Some(Reverse(9)), vec![8, 3]), |number| Reverse(*number)).is_ok());
        assert!(in_order(page(Some(Reverse(9)), vec![10]), |number| Reverse(*number)).is_err());
    }
}
