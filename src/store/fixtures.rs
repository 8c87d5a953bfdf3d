//! Committed data of every layout and format, with each variant of everything that is kept: what databases and backups
//! out there hold.
//!
//! The code of today reads it to exactly what it stands for, and writes today's formats exactly so. Hence data opens in
//! both directions: what an earlier build wrote in this one, and what this one writes in an earlier one.
//!
//! `BLESS=1` writes the fixtures of the two worlds anew, which is right only where something further is kept. Those of
//! older layouts never change; a new layout gets a file of its own in `layouts/`.

mod mongo;
mod sqlite;
mod variants;
mod worlds;

use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contract::{flow, start};
use super::{Export, Import, Read, Store, Write};
use crate::clock::Clock;
use crate::pulse::Pulse;

/// The flow that all fixtures are of.
const FLOW: &str = "sync-ab";

/// A committed file.
fn committed(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|why| panic!("{file}: {why}"))
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/fixtures").join(file)
}

/// Fails unless what is written today is what is committed; with `BLESS=1` it is committed from now on.
fn assert_committed(file: &str, today: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path(file), today).unwrap();
        return;
    }
    let committed = committed(file);
    let differing = committed.lines().zip(today.lines()).find(|(committed, today)| committed != today);
    assert_eq!(differing, None, "{file} as committed, and as written today");
    assert_eq!(committed.len(), today.len(), "{file} as committed, and as written today");
}

/// A worker's way to a database.
async fn begun(backend: Arc<dyn Write>) -> Store {
    Store::open(backend, Pulse::new(FLOW, Clock::simulated(start()), None)).await.unwrap()
}

async fn exported(reader: &dyn Read) -> String {
    let mut out = Vec::new();
    Export::new(reader, &mut out).write(&flow(FLOW).name, start()).await.unwrap();
    String::from_utf8(out).unwrap()
}

async fn import(export: &str, store: &Store) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(export.as_bytes()).unwrap();
    file.rewind().unwrap();
    Import::check(file).unwrap().write(store).await.unwrap();
}
