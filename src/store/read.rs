//! Reading a flow's data: one port for its worker and for everything else that reads.
//!
//! A store answers three questions about rows; the typed ones are asked here, the same way of every store. Rows come in a
//! total order: [`Record`]s in that of their keys, failures by time, then side, then issue id, open intents by age,
//! history latest first.
//!
//! A walk asks for the page behind the last key that it has seen. A damaged index can answer with rows from before that
//! key, and then the walk would never end. So each row of a page must come behind the one before it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use futures::Stream;
use futures::future::BoxFuture;
use futures::stream::try_unfold;

use super::records::{
    BY_AGE, BY_DEV, BY_TIME, BY_USER, Condition, DEV_STATE, Due, FAILURES, Failure, HISTORY, HandledIssue, INTENTS,
    JIRA_MAPPING, Record, Row, SYNC_STATE, Select, Table, USER_STATE, Unfit, Value, compare, read_state,
};
use super::{Error, NEWEST, State};
use crate::flow::{
    Event, FlowName, HistoryQuery, Intent, IssueId, IssueKey, IssueName, IssueRef, JiraTime, Pair, PairState, Side,
    Told,
};

/// One flow's data, for reading. It makes nothing and waits for no writer; what it tells is what was last committed.
pub trait Read: Send + Sync {
    /// The flow.
    fn flow(&self) -> &FlowName;
    /// The rows that a question asks for.
    fn rows(&self, select: Select) -> BoxFuture<'_, Result<Vec<Row>, Error>>;
    /// How many rows a table has, without those of the Node.js service.
    fn count_rows(&self, table: &'static Table) -> BoxFuture<'_, Result<u64, Error>>;
    /// The error for data that can't be used.
    fn unusable(&self, why: Unusable) -> Error;
}

/// What answers have shown of a flow's data.
#[derive(Debug)]
pub enum Unusable {
    /// It does not hold together; in words.
    Damaged(String),
    /// This version can't read it.
    Unfit(Unfit),
}

impl dyn Read + '_ {
    /// The state document.
    pub(crate) async fn state(&self) -> Result<State, Error> {
        let own = Condition::Is("name", self.flow().as_str().into());
        let found = self.rows(Select::from(&SYNC_STATE).filter(own)).await?;
        let Some(row) = found.first() else { return Ok(State::default()) };
        let pairs = self.count_rows(&JIRA_MAPPING).await?;
        self.understood(read_state(row, pairs))
    }

    /// The records about these issues, in the order of their keys.
    pub(crate) async fn get<R: Record>(&self, keys: Vec<(Side, IssueId)>) -> Result<Vec<R>, Error> {
        let mut records = Vec::new();
        for table in R::TABLES {
            let of_side = |side| R::about(side).filter(|about| about.table == *table)?.some(side, &keys);
            let either: Vec<_> = Side::BOTH.into_iter().filter_map(of_side).collect();
            if !either.is_empty() {
                records.extend(self.records(Select::from(table).filter(Condition::Any(either))).await?);
            }
        }
        records.sort_by(|one: &R, other| {
            let ((table, one), (_, other)) = (R::locate(&one.key()), R::locate(&other.key()));
            compare(table.key, &one, &other)
        });
        Ok(records)
    }

    /// At most `most` records in the order of their keys, beginning behind the one of `after`.
    pub(crate) async fn page<R: Record>(&self, after: Option<R::Key>, most: u32) -> Result<Vec<R>, Error> {
        let mut after = after.map(|key| R::locate(&key));
        let begun = |table: &&&Table| after.as_ref().is_none_or(|(last, _)| last == *table);
        let first = R::TABLES.iter().position(|table| begun(&table)).unwrap_or_default();
        let mut records: Vec<R> = Vec::new();
        for table in R::TABLES.iter().skip(first) {
            let after = after.take().map(|(_, key)| key);
            let rest = most.saturating_sub(u32::try_from(records.len()).unwrap_or(most));
            let select = Select::from(table).ordered(table.key).after(after.clone()).at_most(rest);
            let page = self.records(select).await?;
            self.refuse_disorder((table, Ordering::Greater), after, &page)?;
            records.extend(page);
        }
        Ok(records)
    }

    /// All records in the order of their keys, in pages of `most`.
    pub(crate) fn pages<R: Record>(&self, most: u32) -> impl Stream<Item = Result<Vec<R>, Error>> {
        pages(move |after| self.page(after, most))
    }

    /// How many records there are.
    pub(crate) async fn count<R: Record>(&self) -> Result<u64, Error> {
        let mut all = 0;
        for table in R::TABLES {
            all += self.count_rows(table).await?;
        }
        Ok(all)
    }

    /// Open intents, oldest first.
    pub(crate) async fn open_intents(&self, most: u32) -> Result<Vec<Intent>, Error> {
        self.records(Select::from(&INTENTS).ordered(BY_AGE).at_most(most)).await
    }

    /// Failures, by time.
    pub(crate) async fn failures(&self, most: u32) -> Result<Vec<Failure>, Error> {
        self.failures_by_time(Vec::new(), None, most).await
    }

    /// The failures of these issues, and those of dev issues that could never be read, which may be theirs; by time.
    pub(crate) async fn failures_about(&self, keys: Vec<(Side, IssueId)>) -> Result<Vec<Failure>, Error> {
        let of_dev = Condition::Is("side", Side::Dev.into());
        let unseen = Condition::AtLeast("unseen_since", JiraTime::FIRST.into());
        let mut found = self.get::<Failure>(keys).await?;
        found.extend(self.records::<Failure>(Select::from(&FAILURES).filter(of_dev).filter(unseen)).await?);
        found.sort_by(|one, other| compare(BY_TIME, &one.place_in_time(), &other.place_in_time()));
        found.dedup();
        Ok(found)
    }

    /// At most `most` failures that are due, by time, behind the one of `after`: those whose next try was put off too far
    /// come last.
    pub(crate) async fn due_failures(
        &self,
        due: &Due,
        after: Option<&Failure>,
        most: u32,
    ) -> Result<Vec<Failure>, Error> {
        let in_time = vec![Condition::AtMost("next_try", due.now.into())];
        let mut found = self.failures_by_time(in_time, after, most).await?;
        let rest = most.saturating_sub(u32::try_from(found.len()).unwrap_or(most));
        if rest > 0 && !due.latest.is_empty() {
            found.extend(self.failures_by_time(vec![too_late(due)], after, rest).await?);
        }
        Ok(found)
    }

    async fn failures_by_time(
        &self,
        mut conditions: Vec<Condition>,
        after: Option<&Failure>,
        most: u32,
    ) -> Result<Vec<Failure>, Error> {
        // Where the index is entered.
        conditions.extend(after.map(|after| Condition::AtLeast("next_try", after.next_try.into())));
        let after = after.map(Failure::place_in_time);
        let select = Select { conditions, ..Select::from(&FAILURES).ordered(BY_TIME).after(after).at_most(most) };
        self.records(select).await
    }

    /// At most `most` pairs that are not kept in sync, by user issue, and last of all those that an operator took apart.
    pub(crate) async fn troubled_pairs(&self, most: u32) -> Result<Vec<Pair>, Error> {
        let (active, unpaired) = (PairState::Active.as_str(), PairState::Unpaired.as_str());
        let not = |state: &str| Condition::Not("state", state.into());
        let all = || Select::from(&JIRA_MAPPING).ordered(BY_USER);
        let mut troubled: Vec<Pair> =
            self.records(all().filter(not(active)).filter(not(unpaired)).at_most(most)).await?;
        let rest = most.saturating_sub(u32::try_from(troubled.len()).unwrap_or(most));
        let apart = Condition::Is("state", unpaired.into());
        troubled.extend(self.records::<Pair>(all().filter(apart).at_most(rest)).await?);
        Ok(troubled)
    }

    /// The pairs that have this issue's key recorded.
    pub(crate) async fn pairs_recorded_as(&self, key: &IssueKey) -> Result<Vec<Pair>, Error> {
        let either = ["user_issue_key", "dev_issue_key"].map(|column| vec![Condition::Is(column, key.as_str().into())]);
        self.records(Select::from(&JIRA_MAPPING).filter(Condition::Any(either.into()))).await
    }

    /// The issues of that side with the largest ids that were ever recorded, as handled or in a pair: at most [`NEWEST`],
    /// largest first.
    pub(crate) async fn newest_issues(&self, side: Side) -> Result<Vec<IssueRef>, Error> {
        let (table, order, id, key) = match side {
            Side::User => (&USER_STATE, BY_USER, "user_issue_id", "user_issue_key"),
            Side::Dev => (&DEV_STATE, BY_DEV, "dev_issue_id", "dev_issue_key"),
        };
        let newest = |table, order| Select::from(table).descending(order).at_most(NEWEST);
        let handled: Vec<HandledIssue> = self.records(newest(table, table.key)).await?;
        let handled = handled.into_iter().filter_map(|it| Some(IssueRef { id: it.id, key: it.key? }));
        let paired = self.rows(newest(&JIRA_MAPPING, order)).await?;
        let paired: Vec<_> = self.understood(paired.iter().map(|row| row.issue(id, key)).collect())?;
        // Of equal ids the handled one comes first and stays: its key is refreshed whenever the issue changes.
        let mut issues: Vec<_> = handled.chain(paired).collect();
        issues.sort_by(|one, other| other.id.cmp(&one.id));
        issues.dedup_by(|later, earlier| later.id == earlier.id);
        issues.truncate(NEWEST as usize);
        Ok(issues)
    }

    /// How often a status was synced within that time, by history, for those of these user issues where it ever was. What
    /// came before their pair was last mended or decided about by an operator does not count.
    pub(crate) async fn recent_writes(
        &self,
        users: Vec<IssueId>,
        within: RangeInclusive<DateTime<Utc>>,
    ) -> Result<BTreeMap<IssueId, u32>, Error> {
        let events = [Event::STATUS_SYNCED, Event::PAIR_MENDED, Event::PAIR_ORDER].map(str::to_owned);
        let lines = Select::from(&HISTORY)
            .filter(Condition::Among("issue_id", users.iter().map(ToString::to_string).collect()))
            .filter(Condition::AtLeast("at", (*within.start()).into()))
            .filter(Condition::Among("event", events.into()))
            .ordered(HISTORY.key);
        let mut counts = BTreeMap::new();
        for Told { at, issue, event, .. } in self.records(lines).await? {
            if event.as_deref() != Some(Event::STATUS_SYNCED) {
                counts.remove(&issue.id);
            } else if at <= *within.end() {
                *counts.entry(issue.id).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// Lines of history, latest first.
    pub(crate) async fn history(&self, query: HistoryQuery) -> Result<Vec<Told>, Error> {
        let before = query.before.map(|number| vec![number.into()]);
        let mut lines = Select::from(&HISTORY).descending(HISTORY.key).after(before.clone()).at_most(query.most);
        if let Some(issue) = &query.issue {
            lines = lines.filter(Condition::Among("issue_id", self.issues_meant(issue).await?));
        }
        let page = self.records(lines).await?;
        self.refuse_disorder((&HISTORY, Ordering::Less), before, &page)?;
        Ok(page)
    }

    /// The issues of which history tells when it is asked about this one: a dev issue's is that of its user issue.
    async fn issues_meant(&self, issue: &IssueName) -> Result<Vec<String>, Error> {
        let (mut ids, pairs) = match issue {
            IssueName::Id(id) => (vec![id.to_string()], self.get::<Pair>(vec![(Side::Dev, id.clone())]).await?),
            IssueName::Key(key) => {
                // Looks through all of a history that is bounded by age: people ask so now and then, and workers never.
                let called = Condition::Is("issue_key", key.as_str().into());
                let lines: Vec<Told> = self.records(Select::from(&HISTORY).filter(called)).await?;
                let told = lines.into_iter().map(|line| line.issue.id.to_string()).collect();
                (told, self.pairs_recorded_as(key).await?)
            }
        };
        ids.extend(pairs.into_iter().map(|pair| pair.user.id.to_string()));
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    async fn records<R: Record>(&self, select: Select) -> Result<Vec<R>, Error> {
        let rows = self.rows(select).await?;
        self.understood(rows.iter().map(R::read).collect())
    }

    fn understood<T>(&self, read: Result<T, Unfit>) -> Result<T, Error> {
        read.map_err(|unfit| self.unusable(Unusable::Unfit(unfit)))
    }

    fn refuse_disorder<R: Record>(
        &self,
        (table, behind): (&Table, Ordering),
        after: Option<Vec<Value>>,
        page: &[R],
    ) -> Result<(), Error> {
        let keys = page.iter().map(|record| R::locate(&record.key()).1);
        disorder((table, behind), after, keys).map_or(Ok(()), |why| Err(self.unusable(Unusable::Damaged(why))))
    }
}

/// What is wrong with a page in which a key does not come behind the one before it, in words.
fn disorder(
    (table, behind): (&Table, Ordering),
    after: Option<Vec<Value>>,
    keys: impl Iterator<Item = Vec<Value>>,
) -> Option<String> {
    let name = |key: &[Value]| key.iter().map(ToString::to_string).collect::<Vec<_>>().join("/");
    let mut last = after;
    for next in keys {
        if let Some(last) = last.filter(|last| compare(table.key, &next, last) != behind) {
            let (next, last) = (name(&next), name(&last));
            return Some(format!("its table {} answers {next} when asked for what comes after {last}", table.name));
        }
        last = Some(next);
    }
    None
}

/// All pages that `page` answers, each behind the last record of the one before; the last one is followed by an empty one.
pub(super) fn pages<R: Record, F: Future<Output = Result<Vec<R>, Error>>>(
    page: impl Fn(Option<R::Key>) -> F,
) -> impl Stream<Item = Result<Vec<R>, Error>> {
    try_unfold((page, None), |(page, after)| async move {
        let records = page(after).await?;
        let last = records.last().map(Record::key);
        Ok(last.map(|last| (records, (page, Some(last)))))
    })
}

/// The last time is the largest, and so holds whatever the number of attempts.
fn too_late(Due { now: _, latest }: &Due) -> Condition {
    let class = |(attempts, latest): (usize, &DateTime<Utc>)| {
        vec![Condition::Is("attempts", Value::from(attempts as u64)), Condition::Above("next_try", (*latest).into())]
    };
    let all = latest.last().map(|longest| vec![Condition::Above("next_try", (*longest).into())]);
    Condition::Any(latest.iter().enumerate().map(class).chain(all).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(after: Option<&str>, page: &[&str]) -> Option<String> {
        let key = |text: &&str| vec![Value::from(*text)];
        disorder((&JIRA_MAPPING, Ordering::Greater), after.as_ref().map(key), page.iter().map(key))
    }

    #[test]
    fn a_page_that_leads_on_by_number_is_taken() {
        assert_eq!(checked(Some("9"), &["10", "11", "100"]), None);
        assert_eq!(checked(None, &["1"]), None);
        assert_eq!(checked(Some("9"), &[]), None);
    }

    #[test]
    fn a_page_that_leads_nowhere_names_its_table() {
        for (after, page, said) in [
            (Some("10"), &["10"][..], "answers 10 when asked for what comes after 10"),
            (Some("10"), &["9", "11"], "answers 9 when asked for what comes after 10"),
            (None, &["7", "8", "8"], "answers 8 when asked for what comes after 8"),
        ] {
            assert_eq!(checked(after, page), Some(format!("its table jira_mapping {said}")));
        }
    }

    #[test]
    fn history_leads_back_in_time() {
        let page = |numbers: &[u64]| {
            let keys = numbers.iter().map(|number| vec![Value::from(*number)]);
            disorder((&HISTORY, Ordering::Less), Some(vec![Value::from(9)]), keys)
        };
        assert_eq!(page(&[8, 3]), None);
        assert!(page(&[10]).is_some());
    }
}
