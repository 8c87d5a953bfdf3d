//! Looking into a flow's file from outside its worker.

use std::path::PathBuf;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rusqlite::Connection;

use super::trouble::Trouble;
use super::{connection, read};
use crate::flow::{FlowName, Intent, Pair};
use crate::store::reader::{Reader, Room};
use crate::store::{Error, Failure, Query, State, Told};

/// How long to wait for a writer that keeps even readers out, which is rare and short.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens the file for each question, for reading only.
pub(super) struct Look {
    flow: FlowName,
    file: PathBuf,
    room: Room,
}

impl Look {
    pub(super) fn new(flow: FlowName, file: PathBuf, room: Room) -> Self {
        Self { flow, file, room }
    }

    fn ask<T, F>(&self, query: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &FlowName) -> Result<T, Trouble> + Send + 'static,
    {
        let (flow, file) = (self.flow.clone(), self.file.clone());
        let answer = move || {
            let connected = connection::look(&file, PATIENCE).and_then(|connection| {
                read::refuse_foreign(&connection, &flow)?;
                query(&connection, &flow)
            });
            connected.map_err(|trouble| trouble.at(&file))
        };
        self.room.read(self.file.display().to_string(), answer).boxed()
    }
}

impl Reader for Look {
    fn state(&self) -> BoxFuture<'_, Result<State, Error>> {
        self.ask(read::state)
    }

    fn open_intents(&self, most: u32) -> BoxFuture<'_, Result<Vec<Intent>, Error>> {
        self.ask(move |connection, _| read::open_intents(connection, Some(most)))
    }

    fn failures(&self, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>> {
        self.ask(move |connection, _| read::failures(connection, Some(most)))
    }

    fn troubled_pairs(&self, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>> {
        self.ask(move |connection, _| read::troubled_pairs(connection, most))
    }

    fn history(&self, query: Query) -> BoxFuture<'_, Result<Vec<Told>, Error>> {
        self.ask(move |connection, _| read::history(connection, &query))
    }
}
