//! Transactions.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Transaction, TransactionBehavior, named_params};

use super::read::refuse_foreign;
use super::row::handled_table;
use super::trouble::Trouble;
use crate::flow::{
    AttachmentId, Copied, Entry, FlowName, Handled, Intent, IntentId, IssueId, IssueRef, MissingDev, Pair, Side, Told,
};
use crate::store::records::{
    cursor_json, fields_json, intent_json, kind_text, level_text, origin_text, served_json, shortfalls_json, wall_text,
};
use crate::store::{Change, Epoch, Error, Failure, HISTORY_AGE, State};

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
    let writing = Writing { transaction: &transaction, flow, at: now, now: wall_text(now) };
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
    at: DateTime<Utc>,
    now: String,
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
            Change::CloseIntent(id) => self.close_intent(id),
            Change::PutPair(pair) => self.put_pair(pair),
            Change::RemovePair(user) => self.remove_pair(user),
            Change::PutMissing(missing) => self.put_missing(missing),
            Change::ClearMissing(user) => self.clear_missing(user),
            Change::PutCopied(copied) => self.put_copied(copied),
            Change::Tell(entry) => self.tell(entry),
            Change::Retell(told) => self.retell(told),
            Change::PutHandled(side, issue, handled) => self.put_handled(*side, issue, handled),
            Change::PutFailure(failure) => self.put_failure(failure),
            Change::ClearFailure(side, id) => self.clear_failure(*side, id),
            Change::PutState(state) => self.put_state(state),
            Change::PutPause(until) => self.put_pause(*until),
        }
    }

    fn add_intent(&self, intent: &Intent) -> Result<(), Trouble> {
        let kind = kind_text(intent.kind);
        let sql = "INSERT INTO intents (id, source_side, source_issue_id, kind, document, created_at, updated_at)
                   VALUES (:id, :side, :issue, :kind, :document, :now, :now)";
        let params = named_params! {
            ":id": intent.id.as_str(),
            ":side": intent.source.to_string(),
            ":issue": intent.source_id().as_str(),
            ":kind": kind,
            ":document": intent_json(intent),
            ":now": self.now,
        };
        let source = intent.on(intent.source).unwrap_or(&intent.user);
        self.insert(sql, params, || format!("an open {kind} intent for {source}"))
    }

    fn update_intent(&self, intent: &Intent) -> Result<(), Trouble> {
        let sql = "UPDATE intents SET document = :document, updated_at = :now WHERE id = :id";
        let document = intent_json(intent);
        let params = named_params! { ":id": intent.id.as_str(), ":document": document, ":now": self.now };
        self.replace(sql, params)
    }

    fn close_intent(&self, id: &IntentId) -> Result<(), Trouble> {
        self.execute("DELETE FROM intents WHERE id = :id", named_params! { ":id": id.as_str() })?;
        Ok(())
    }

    fn put_pair(&self, pair: &Pair) -> Result<(), Trouble> {
        let refresh = "UPDATE jira_mapping SET user_issue_key = :user_key, dev_issue_key = :dev_key, state = :state
                       WHERE user_issue_id = :user_id AND dev_issue_id = :dev_id";
        let params = named_params! {
            ":user_id": pair.user.id.as_str(),
            ":user_key": pair.user.key.as_str(),
            ":dev_id": pair.dev.id.as_str(),
            ":dev_key": pair.dev.key.as_str(),
            ":state": pair.state.as_str(),
        };
        if self.execute(refresh, params)? == 0 { self.add_pair(pair) } else { Ok(()) }
    }

    fn add_pair(&self, pair: &Pair) -> Result<(), Trouble> {
        let sql = "INSERT INTO jira_mapping
                       (user_issue_id, user_issue_key, dev_issue_id, dev_issue_key, origin, state, created_at)
                   VALUES (:user_id, :user_key, :dev_id, :dev_key, :origin, :state, :now)";
        let params = named_params! {
            ":user_id": pair.user.id.as_str(),
            ":user_key": pair.user.key.as_str(),
            ":dev_id": pair.dev.id.as_str(),
            ":dev_key": pair.dev.key.as_str(),
            ":origin": origin_text(pair.origin),
            ":state": pair.state.as_str(),
            ":now": self.now,
        };
        self.insert(sql, params, || format!("another pair of {} or {}", pair.user, pair.dev))?;
        self.count_pairs(1)
    }

    /// What we do ourselves is counted as it is done, so that only what others remove is missed.
    fn count_pairs(&self, more: i64) -> Result<(), Trouble> {
        let sql = "UPDATE sync_state SET pairs = max(0, pairs + :more) WHERE name = :name";
        self.execute(sql, named_params! { ":more": more, ":name": self.flow.as_str() })?;
        Ok(())
    }

    fn remove_pair(&self, user: &IssueId) -> Result<(), Trouble> {
        let params = named_params! { ":id": user.as_str() };
        self.execute("DELETE FROM attachments WHERE user_issue_id = :id", params)?;
        let removed = self.execute("DELETE FROM jira_mapping WHERE user_issue_id = :id", params)?;
        if removed == 0 { Ok(()) } else { self.count_pairs(-1) }
    }

    fn put_missing(&self, missing: &MissingDev) -> Result<(), Trouble> {
        let sql = "INSERT OR REPLACE INTO missing_dev_issues (user_issue_id, user_issue_key, dev_issue_key, created_at)
                   VALUES (:user_id, :user_key, :dev_key, :now)";
        let params = named_params! {
            ":user_id": missing.user.id.as_str(),
            ":user_key": missing.user.key.as_str(),
            ":dev_key": missing.dev.as_str(),
            ":now": self.now,
        };
        self.execute(sql, params)?;
        Ok(())
    }

    fn clear_missing(&self, user: &IssueId) -> Result<(), Trouble> {
        let params = named_params! { ":id": user.as_str() };
        self.execute("DELETE FROM missing_dev_issues WHERE user_issue_id = :id", params)?;
        Ok(())
    }

    fn put_copied(&self, copied: &Copied) -> Result<(), Trouble> {
        let sql = "INSERT OR REPLACE INTO attachments (file_id, user_issue_id, copy_id, created_at)
                   VALUES (:file, :user, :copy, :now)";
        let params = named_params! {
            ":file": copied.file.as_str(),
            ":user": copied.on.as_str(),
            ":copy": copied.copy.as_ref().map(AttachmentId::as_str),
            ":now": self.now,
        };
        self.execute(sql, params)?;
        Ok(())
    }

    fn tell(&self, entry: &Entry) -> Result<(), Trouble> {
        let sql = "INSERT INTO history (at, issue_id, issue_key, level, event, message, fields)
                   VALUES (:at, :id, :key, :level, :event, :message, :fields)";
        let params = named_params! {
            ":at": wall_text(entry.at),
            ":id": entry.issue.id.as_str(),
            ":key": entry.issue.key.as_str(),
            ":level": level_text(entry.line.level),
            ":event": entry.line.event,
            ":message": entry.line.message,
            ":fields": fields_json(&entry.line.fields),
        };
        self.execute(sql, params)?;
        Ok(())
    }

    fn retell(&self, told: &Told) -> Result<(), Trouble> {
        let sql = "INSERT OR REPLACE INTO history (number, at, issue_id, issue_key, level, event, message, fields)
                   VALUES (:number, :at, :id, :key, :level, :event, :message, :fields)";
        let params = named_params! {
            ":number": told.number.cast_signed(),
            ":at": wall_text(told.at),
            ":id": told.issue.id.as_str(),
            ":key": told.issue.key.as_str(),
            ":level": told.level,
            ":event": told.event,
            ":message": told.message,
            ":fields": told.fields,
        };
        self.execute(sql, params)?;
        Ok(())
    }

    fn put_handled(&self, side: Side, issue: &IssueRef, handled: &Handled) -> Result<(), Trouble> {
        let sql = format!(
            "INSERT OR REPLACE INTO {} (issue_id, issue_key, status, status_id, seen_updated, updated_at)
             VALUES (:id, :key, :status, :status_id, :seen, :now)",
            handled_table(side)
        );
        let params = named_params! {
            ":id": issue.id.as_str(),
            ":key": issue.key.as_str(),
            ":status": handled.status.name.as_str(),
            ":status_id": handled.status.id.as_str(),
            ":seen": handled.updated.to_string(),
            ":now": self.now,
        };
        self.execute(&sql, params)?;
        Ok(())
    }

    fn put_failure(&self, failure: &Failure) -> Result<(), Trouble> {
        let sql =
            "INSERT INTO failures (side, issue_id, issue_key, attempts, next_try, why, seen_updated, unseen_since,
                       created_at, updated_at)
                   VALUES (:side, :id, :key, :attempts, :next_try, :why, :seen, :unseen_since, :now, :now)
                   ON CONFLICT (side, issue_id) DO UPDATE SET issue_key = excluded.issue_key,
                       attempts = excluded.attempts, next_try = excluded.next_try, why = excluded.why,
                       seen_updated = excluded.seen_updated, unseen_since = excluded.unseen_since,
                       updated_at = excluded.updated_at";
        let params = named_params! {
            ":side": failure.side.to_string(),
            ":id": failure.issue.id.as_str(),
            ":key": failure.issue.key.as_str(),
            ":attempts": failure.attempts,
            ":next_try": wall_text(failure.next_try),
            ":why": failure.why,
            ":seen": failure.seen.map(|at| at.to_string()),
            ":unseen_since": failure.unseen_since.map(|at| at.to_string()),
            ":now": self.now,
        };
        self.execute(sql, params)?;
        Ok(())
    }

    fn clear_failure(&self, side: Side, id: &IssueId) -> Result<(), Trouble> {
        let params = named_params! { ":side": side.to_string(), ":id": id.as_str() };
        self.execute("DELETE FROM failures WHERE side = :side AND issue_id = :id", params)?;
        Ok(())
    }

    fn put_state(&self, state: &State) -> Result<(), Trouble> {
        let sql = "UPDATE sync_state SET last_sync = :last_sync, initial_sync_completed = :completed, cursor = :cursor,
                       started_at = :started_at, all_read = :all_read, named_elsewhere = :named_elsewhere,
                       patrol_begun = :patrol_begun, patrol_after = :patrol_after, projects = :projects,
                       held_until = NULL,
                       shortfalls = :shortfalls,
                       pairs = (SELECT count(*) FROM jira_mapping),
                       revision = revision + 1, updated_at = :now
                   WHERE name = :name AND revision = :revision";
        let params = named_params! {
            ":name": self.flow.as_str(),
            ":revision": state.revision.0.cast_signed(),
            ":last_sync": state.last_sync.map(|mark| mark.to_string()),
            ":completed": state.initial_sync_completed,
            ":cursor": state.cursor.as_ref().map(cursor_json),
            ":started_at": state.started_at.map(|at| at.to_string()),
            ":all_read": state.all_read,
            ":named_elsewhere": state.named_elsewhere,
            ":patrol_begun": state.patrol.begun.map(wall_text),
            ":patrol_after": state.patrol.after.as_ref().map(IssueId::as_str),
            ":projects": state.served.as_ref().map(served_json),
            ":shortfalls": shortfalls_json(&state.shortfalls),
            ":now": self.now,
        };
        self.replace(sql, params)?;
        self.forget_old_history()
    }

    fn put_pause(&self, until: DateTime<Utc>) -> Result<(), Trouble> {
        let sql = "UPDATE sync_state SET held_until = :until WHERE name = :name";
        self.replace(sql, named_params! { ":name": self.flow.as_str(), ":until": wall_text(until) })
    }

    fn forget_old_history(&self) -> Result<(), Trouble> {
        let oldest = self.at - HISTORY_AGE;
        self.execute("DELETE FROM history WHERE at < :oldest", named_params! { ":oldest": wall_text(oldest) })?;
        Ok(())
    }

    /// Adds a row; `what` names it if there is one like it already.
    fn insert(&self, sql: &str, params: impl Params, what: impl FnOnce() -> String) -> Result<(), Trouble> {
        match self.execute(sql, params) {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Err(Error::Taken { what: what() }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces a row that must still be as the caller knows it.
    fn replace(&self, sql: &str, params: impl Params) -> Result<(), Trouble> {
        if self.execute(sql, params)? == 0 { Err(Error::Outdated.into()) } else { Ok(()) }
    }

    fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.transaction.prepare_cached(sql)?.execute(params)
    }
}
