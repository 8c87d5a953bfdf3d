//! The tables of a flow's file, and how older files come to have them.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::trouble::{REPLACE, Trouble};

/// Each brings a file from the layout numbered by its place to the next one. Only ever append: files out there stand at
/// every number.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// The layout that this version reads and writes, kept in the file as `PRAGMA user_version`.
const LATEST: usize = MIGRATIONS.len();

/// Looks whether the file holds together: damage is found before anything is built upon it.
pub(super) fn refuse_damaged(connection: &Connection) -> Result<(), Trouble> {
    // Of this file only: else SQLite makes a database for temporary tables too, with a cache that stays with the connection.
    let found: String = connection.query_row("PRAGMA main.quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(Trouble::Unfit(format!("it is damaged ({found}); {REPLACE}"))) }
}

/// Carries out what the file lacks, all of it or nothing.
pub(super) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), Trouble> {
    if layout(connection)? == LATEST {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = migrate(&transaction)?;
    transaction.commit()?;
    if (1..LATEST).contains(&before) {
        tracing::info!("{}: its layout was brought from number {before} to {LATEST}", path.display());
    }
    Ok(())
}

/// Refuses every layout but the latest, without changing anything.
pub(super) fn refuse_unless_latest(connection: &Connection) -> Result<(), Trouble> {
    let found = layout(connection)?;
    let when = "which changes when its flow starts";
    match found.cmp(&LATEST) {
        Ordering::Equal => Ok(()),
        Ordering::Less if found == 0 => Err(Trouble::Unusable(format!("it is empty, {when}"))),
        Ordering::Less | Ordering::Greater => {
            Err(Trouble::Unusable(format!("its layout is still number {found} and not {LATEST}, {when}")))
        }
    }
}

/// Answers the layout before. Looks again at it: someone else may have been faster.
pub(super) fn migrate(transaction: &Transaction<'_>) -> Result<usize, Trouble> {
    let before = layout(transaction)?;
    if before == 0 {
        refuse_strangers(transaction)?;
    }
    for migration in &MIGRATIONS[before..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", LATEST.cast_signed())?;
    Ok(before)
}

/// A file of some other program has no layout number either.
fn refuse_strangers(transaction: &Transaction<'_>) -> Result<(), Trouble> {
    let tables: u32 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let why = "it is the database of another program; name another one in database.name, or move it away";
    if tables == 0 { Ok(()) } else { Err(Trouble::Unfit(why.to_owned())) }
}

/// The file's layout, at most [`LATEST`].
fn layout(connection: &Connection) -> Result<usize, Trouble> {
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(found).ok().filter(|layout| *layout <= LATEST).ok_or_else(|| {
        let why = format!("its layout is number {found}, this version knows up to {LATEST}");
        Trouble::Unfit(format!("{why}; run the version that wrote it, or a later one"))
    })
}
