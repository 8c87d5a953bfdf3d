//! The tables of a flow's file, and how older files come to have them.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::trouble::Trouble;

/// Each brings a file from the layout numbered by its place to the next one. Only ever append: files out there stand at
/// every number.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
];

/// Made where they are missing, in files of every layout: older versions get along with them.
const INDEXES: &str = include_str!("schema/indexes.sql");

/// The layout that this version reads and writes, kept in the file as `PRAGMA user_version`.
const LATEST: usize = MIGRATIONS.len();

/// How thoroughly a file is checked before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Its pages, as far as they can be judged one by one: for a file that was closed in order.
    Pages,
    /// Also that each index tells what its table holds: for a file whose process ended without closing it.
    Indexes,
}

/// The largest file whose indexes are checked. It takes about 15 ms a megabyte, so this stays well below the limit of a
/// store call; what is larger has its pages checked, and every walk notices an index that leads back.
const LARGEST: u64 = 512 << 20;

/// Looks whether the file holds together: damage is found before anything is built upon it.
pub(super) fn refuse_damaged(connection: &Connection, check: Check, path: &Path) -> Result<(), Trouble> {
    // Of this file only: else SQLite makes a database for temporary tables too, with a cache that stays with the connection.
    let pragma = match check {
        Check::Indexes if size(connection)? <= LARGEST => "PRAGMA main.integrity_check(1)",
        Check::Indexes => {
            let most = LARGEST >> 20;
            tracing::warn!(
                "{}: it was not closed in order, and is larger than {most} MiB, so only its pages were checked; to check \
                 its indexes too, stop the daemon and run `PRAGMA integrity_check` on it",
                path.display()
            );
            "PRAGMA main.quick_check(1)"
        }
        Check::Pages => "PRAGMA main.quick_check(1)",
    };
    let found: String = connection.query_row(pragma, [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(Trouble::damaged(found)) }
}

/// The file's size, with what is in its log.
fn size(connection: &Connection) -> Result<u64, Trouble> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    Ok((number("page_count")? * number("page_size")?).cast_unsigned())
}

/// Carries out what the file lacks, all of it or nothing.
pub(super) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), Trouble> {
    if layout(connection)? == LATEST {
        return Ok(connection.execute_batch(INDEXES)?);
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
    transaction.execute_batch(INDEXES)?;
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
