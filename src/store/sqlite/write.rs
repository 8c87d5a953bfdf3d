//! Transactions.

use chrono::{DateTime, Utc};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, named_params, params_from_iter,
};

use super::read::refuse_foreign;
use super::trouble::Trouble;
use crate::flow::{Entry, FlowName, Intent, IssueId, MissingDev, Pair};
use crate::store::records::{
    Created, Failure, HISTORY, HandledIssue, JIRA_MAPPING, Record, Table, Value, entry_fields, intent_json, kind_text,
    origin_text, state_fields, wall_text,
};
use crate::store::{Change, Epoch, Error, HISTORY_AGE, State};

/// Columns and what goes into them.
type Values = Vec<(&'static str, Value)>;

/// When a row was first written, and when last.
const CREATED: &str = "created_at";
const UPDATED: &str = "updated_at";

/// Begins a new epoch, with the state document if there is none yet.
pub(super) fn begin(connection: &mut Connection, flow: &FlowName, now: DateTime<Utc>) -> Result<Epoch, Trouble> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    refuse_foreign(&transaction, flow)?;
    let sql = "INSERT INTO sync_state (name, revision, epoch, created_at) VALUES (:name, 0, 1, :now)
               ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1 RETURNING epoch";
    let params = named_params! { ":name": flow.as_str(), ":now": wall_text(now) };
    let epoch: i64 = transaction.query_row(sql, params, |row| row.get(0))?;
    transaction.commit()?;
    Ok(Epoch(epoch.cast_unsigned()))
}

/// Writes all of `batch` or nothing.
pub(super) fn write(
    connection: &mut Connection,
    flow: &FlowName,
    epoch: Epoch,
    batch: &[Change],
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let writing = Writing { transaction: &transaction, flow, now };
    writing.refuse_unless_latest(epoch)?;
    for change in batch {
        writing.apply(change)?;
    }
    transaction.commit()?;
    Ok(())
}

/// A transaction that may write.
struct Writing<'a> {
    transaction: &'a Transaction<'a>,
    flow: &'a FlowName,
    now: DateTime<Utc>,
}

impl Writing<'_> {
    fn refuse_unless_latest(&self, epoch: Epoch) -> Result<(), Trouble> {
        let mut statement = self.transaction.prepare_cached("SELECT epoch FROM sync_state WHERE name = :name")?;
        let params = named_params! { ":name": self.flow.as_str() };
        let latest: Option<i64> = statement.query_row(params, |row| row.get(0)).optional()?;
        if latest == Some(epoch.0.cast_signed()) { Ok(()) } else { Err(Error::Fenced.into()) }
    }

    fn apply(&self, change: &Change) -> Result<(), Trouble> {
        match change {
            Change::AddIntent(intent) => self.add_intent(intent),
            Change::UpdateIntent(intent) => self.update_intent(intent),
            Change::CloseIntent(id) => self.remove::<Intent>(id),
            Change::PutPair(pair) => self.put_pair(pair),
            Change::RemovePair(user) => self.remove_pair(user),
            Change::PutMissing(missing) => self.put(missing),
            Change::ClearMissing(user) => self.remove::<MissingDev>(user),
            Change::PutCopied(copied) => self.put(copied),
            Change::Tell(entry) => self.tell(entry),
            Change::Retell(told) => self.put(told),
            Change::PutHandled(side, issue, was) => self.put(&HandledIssue::new(*side, issue.clone(), was.clone())),
            Change::PutFailure(failure) => self.put(failure),
            Change::ClearFailure(side, id) => self.remove::<Failure>(&(*side, id.clone())),
            Change::PutState(state) => self.put_state(state),
            Change::PutPause(until) => self.put_pause(*until),
        }
    }

    /// Adds a record, or replaces the one of its key.
    fn put<R: Record>(&self, record: &R) -> Result<(), Trouble> {
        let (table, values) = self.row(record);
        let keeps = |column: &str| column == CREATED && table.created == Created::First;
        let columns = values.iter().skip(table.key.len()).map(|(column, _)| *column);
        let replaced: Vec<_> =
            columns.filter(|column| !keeps(column)).map(|column| format!("{column} = excluded.{column}")).collect();
        let key: Vec<_> = table.key.iter().map(|column| column.name).collect();
        let (key, replaced) = (key.join(", "), replaced.join(", "));
        let sql = format!("{} ON CONFLICT ({key}) DO UPDATE SET {replaced}", inserting(table, &values));
        self.execute(&sql, params(values))?;
        Ok(())
    }

    /// Removes the record of a key, if there is one.
    fn remove<R: Record>(&self, key: &R::Key) -> Result<(), Trouble> {
        let (table, key) = R::locate(key);
        let which = listed(" AND ", table.key.iter().map(|column| column.name), 1);
        self.execute(&format!("DELETE FROM {} WHERE {which}", table.name), key)?;
        Ok(())
    }

    /// A record as a new row: first its key, last its stamps.
    fn row<R: Record>(&self, record: &R) -> (&'static Table, Values) {
        let (table, key) = R::locate(&record.key());
        let created = (table.created != Created::No).then_some(CREATED);
        let stamps = created.into_iter().chain(table.updated.then_some(UPDATED));
        let key = table.key.iter().map(|column| column.name).zip(key);
        (table, key.chain(record.fields()).chain(stamps.map(|stamp| (stamp, self.now.into()))).collect())
    }

    fn add_intent(&self, intent: &Intent) -> Result<(), Trouble> {
        let source = intent.on(intent.source).unwrap_or(&intent.user);
        let (table, values) = self.row(intent);
        self.insert(table, values, || format!("an open {} intent for {source}", kind_text(intent.kind)))
    }

    fn update_intent(&self, intent: &Intent) -> Result<(), Trouble> {
        let document = Value::Json(intent_json(intent));
        let sql = "UPDATE intents SET document = ?1, updated_at = ?2 WHERE id = ?3";
        self.replace(sql, vec![document, self.now.into(), intent.id.as_str().into()])
    }

    /// The origin of a pair that is there already stays.
    fn put_pair(&self, pair: &Pair) -> Result<(), Trouble> {
        let mut values = pair.fields();
        let columns = listed(", ", values.iter().map(|(column, _)| *column), 1);
        let which = listed(" AND ", ["user_issue_id", "dev_issue_id"].into_iter(), values.len() + 1);
        let ids = [("user_issue_id", (&pair.user.id).into()), ("dev_issue_id", (&pair.dev.id).into())];
        values.extend(ids);
        let sql = format!("UPDATE jira_mapping SET {columns} WHERE {which}");
        if self.execute(&sql, params(values.clone()))? > 0 {
            return Ok(());
        }
        values.extend([("origin", origin_text(pair.origin).into()), (CREATED, self.now.into())]);
        self.insert(&JIRA_MAPPING, values, || format!("another pair of {} or {}", pair.user, pair.dev))?;
        self.count_pairs(1)
    }

    /// What we do ourselves is counted as it is done, so that only what others remove is missed.
    fn count_pairs(&self, more: i64) -> Result<(), Trouble> {
        let sql = "UPDATE sync_state SET pairs = max(0, pairs + ?1) WHERE name = ?2";
        self.execute(sql, vec![Value::Number(more), self.flow.as_str().into()])?;
        Ok(())
    }

    fn remove_pair(&self, user: &IssueId) -> Result<(), Trouble> {
        self.execute("DELETE FROM attachments WHERE user_issue_id = ?1", vec![user.into()])?;
        let removed = self.execute("DELETE FROM jira_mapping WHERE user_issue_id = ?1", vec![user.into()])?;
        if removed == 0 { Ok(()) } else { self.count_pairs(-1) }
    }

    fn tell(&self, entry: &Entry) -> Result<(), Trouble> {
        let values = entry_fields(entry);
        self.execute(&inserting(&HISTORY, &values), params(values))?;
        Ok(())
    }

    fn put_state(&self, state: &State) -> Result<(), Trouble> {
        let mut values = state_fields(state);
        values.push((UPDATED, self.now.into()));
        let columns = listed(", ", values.iter().map(|(column, _)| *column), 1);
        let which = listed(" AND ", ["name", "revision"].into_iter(), values.len() + 1);
        values.extend([("name", self.flow.as_str().into()), ("revision", state.revision.0.into())]);
        let counted = "pairs = (SELECT count(*) FROM jira_mapping), revision = revision + 1";
        self.replace(&format!("UPDATE sync_state SET {columns}, {counted} WHERE {which}"), params(values))?;
        self.forget_old_history()
    }

    fn put_pause(&self, until: DateTime<Utc>) -> Result<(), Trouble> {
        let sql = "UPDATE sync_state SET held_until = ?1 WHERE name = ?2";
        self.replace(sql, vec![until.into(), self.flow.as_str().into()])
    }

    fn forget_old_history(&self) -> Result<(), Trouble> {
        self.execute("DELETE FROM history WHERE at < ?1", vec![(self.now - HISTORY_AGE).into()])?;
        Ok(())
    }

    /// Adds a row; `what` names it if there is one like it already.
    fn insert(&self, table: &Table, values: Values, what: impl FnOnce() -> String) -> Result<(), Trouble> {
        match self.execute(&inserting(table, &values), params(values)) {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Err(Error::Taken { what: what() }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces a row that must still be as the caller knows it.
    fn replace(&self, sql: &str, params: Vec<Value>) -> Result<(), Trouble> {
        if self.execute(sql, params)? == 0 { Err(Error::Outdated.into()) } else { Ok(()) }
    }

    fn execute(&self, sql: &str, params: Vec<Value>) -> rusqlite::Result<usize> {
        self.transaction.prepare_cached(sql)?.execute(params_from_iter(params))
    }
}

/// The values alone, in the order of their columns.
fn params(values: Values) -> Vec<Value> {
    values.into_iter().map(|(_, value)| value).collect()
}

fn inserting(table: &Table, values: &Values) -> String {
    let columns: Vec<_> = values.iter().map(|(column, _)| *column).collect();
    let places: Vec<_> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", table.name, columns.join(", "), places.join(", "))
}

/// Each column with the parameter of its number.
fn listed<'a>(separator: &str, columns: impl Iterator<Item = &'a str>, first: usize) -> String {
    let all: Vec<_> = columns.zip(first..).map(|(column, number)| format!("{column} = ?{number}")).collect();
    all.join(separator)
}
