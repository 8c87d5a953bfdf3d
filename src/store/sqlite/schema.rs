//! The tables of a flow's file, and how older files come to have them.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::trouble::Trouble;

/// Each brings a file from the layout numbered by its place to the next one. Only ever append: files out there stand at
/// every number.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The layout that this version reads and writes, kept in the file as `PRAGMA user_version`.
const LATEST: usize = MIGRATIONS.len();

/// Carries out what the file lacks, all of it or nothing.
pub(super) fn bring_up_to_date(connection: &mut Connection) -> Result<(), Trouble> {
    if layout(connection)? == LATEST {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    migrate(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// Looks again at the layout: someone else may have been faster.
fn migrate(transaction: &Transaction<'_>) -> Result<(), Trouble> {
    for migration in &MIGRATIONS[layout(transaction)?..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", LATEST.cast_signed())?;
    Ok(())
}

/// The file's layout, at most [`LATEST`].
fn layout(connection: &Connection) -> Result<usize, Trouble> {
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(found).ok().filter(|layout| *layout <= LATEST).ok_or_else(|| {
        let why = format!("its layout is number {found}, this version knows up to {LATEST}");
        Trouble::Unfit(format!("{why}; run the version that wrote it, or a later one"))
    })
}
