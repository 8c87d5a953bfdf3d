//! What a store keeps, each kind declared once: where it is, by which key, with which fields, and how it stands in a line
//! of an export. SQLite, MongoDB, export and import know [`Record`]s and none of them by name.
//!
//! These are shapes of the store's own, apart from those of `flow`, which can so change freely. Leaves (ids, keys, times)
//! are kept as the text that they display and parse as. What has a structure is a JSON document that carries its version:
//! one that this program does not know, or a field that it does not know, is refused rather than half understood.

mod copied;
mod failure;
mod handled;
mod history;
mod intent;
mod line;
mod missing;
mod pair;
mod row;
mod served;
mod state;
mod table;

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::failure::{Due, Failure};
pub use self::handled::HandledIssue;
pub use self::line::{Exported, Fields, Line};
pub use self::row::{Row, Value};
pub use self::table::{Column, Condition, Created, Select, Table};

pub(super) use self::failure::{BY_TIME, FAILURES};
pub(super) use self::handled::{DEV_STATE, FORMER, USER_STATE};
pub(super) use self::history::{HISTORY, entry_fields};
pub(super) use self::intent::{BY_AGE, INTENTS, intent_json, kind_text};
pub(super) use self::pair::{BY_DEV, BY_USER, JIRA_MAPPING, origin_text};
pub(super) use self::state::{SYNC_STATE, read_state, state_fields};
pub(super) use self::table::compare;

use super::{Error, Read};
use crate::flow::{Copied, Intent, IssueId, MissingDev, Pair, Side, Told};

/// A kind of record that is read, put and removed by its key.
pub trait Record: Line + Clone + Send + 'static {
    /// How messages name a question for it.
    const NAME: &'static str;
    /// Where it is kept: in one table as a rule. Pages go through them in this order.
    const TABLES: &'static [&'static Table];
    /// What there is one record of.
    type Key: Clone + Send;

    /// The record's key.
    fn key(&self) -> Self::Key;
    /// The table that has the record of a key, and the key's columns there.
    fn locate(key: &Self::Key) -> (&'static Table, Vec<Value>);
    /// How records about issues of a side are found; `None` if none is.
    fn about(side: Side) -> Option<About>;
    /// All else that is kept, by the names of columns.
    fn fields(&self) -> Vec<(&'static str, Value)>;
    /// Reads what is stored.
    ///
    /// # Errors
    /// When a field is not as it should be.
    fn read(row: &Row) -> Result<Self, Unfit>;
    /// All that an export takes along, in the order in which an import is to see it.
    fn all(reader: &dyn Read, most: u32) -> BoxStream<'_, Result<Vec<Self>, Error>> {
        reader.pages(most).boxed()
    }
}

/// A kind of record on its way through an export.
pub(super) struct Kind {
    /// What its lines say they are.
    pub(super) name: &'static str,
    pub(super) from_line: fn(&mut Fields) -> Result<Box<dyn Exported>, Unfit>,
    /// All records, in pages of so many at most.
    pub(super) all: for<'a> fn(&'a dyn Read, u32) -> Exports<'a>,
}

type Exports<'a> = BoxStream<'a, Result<Vec<Box<dyn Exported>>, Error>>;

/// All kinds but the state, in the order of an export. The flow may be served meanwhile, and then no two questions see the
/// same moment. So what says that something was done is read before that on which it relies: what is read later may know
/// more, and must not know less.
///
/// - Failures come before what was handled: an issue that failed and is in order since is looked at once more. They come
///   again behind the intents, as an intent that is closed may leave one. The later record of an issue counts.
/// - What was handled comes before the pairs: no issue is handled as one of a pair that is not there.
/// - Missing dev issues come before pairs and intents: each is there, or what took its place is.
/// - Pairs come before intents and the ledger: what a step did is there, or the step is.
pub(super) static KINDS: [Kind; 8] = [
    kind::<Failure>(),
    kind::<HandledIssue>(),
    kind::<MissingDev>(),
    kind::<Pair>(),
    kind::<Intent>(),
    kind::<Failure>(),
    kind::<Copied>(),
    kind::<Told>(),
];

const fn kind<R: Record>() -> Kind {
    Kind { name: R::KIND, from_line: |fields| Ok(Box::new(R::from_line(fields)?)), all: exports::<R> }
}

fn exports<R: Record>(reader: &dyn Read, most: u32) -> Exports<'_> {
    let boxed = |record| Box::new(record) as Box<dyn Exported>;
    let portable = move |page: Vec<R>| page.into_iter().filter(Line::is_portable).map(boxed).collect();
    R::all(reader, most).map_ok(portable).boxed()
}

/// How records about an issue are found.
pub struct About {
    /// In this table.
    pub(super) table: &'static Table,
    /// By this column, which has the issue's id.
    pub(super) issue: &'static str,
    /// And this one, if both sides' records are in one table.
    pub(super) side: Option<&'static str>,
}

impl About {
    fn by(table: &'static Table, issue: &'static str) -> Option<Self> {
        Some(Self { table, issue, side: None })
    }

    /// The condition for some issues of a side; `None` for none.
    pub(super) fn some(&self, side: Side, keys: &[(Side, IssueId)]) -> Option<Vec<Condition>> {
        let ids = keys.iter().filter(|(of, _)| *of == side).map(|(_, id)| id.to_string());
        let ids: Vec<_> = ids.collect();
        let by_side = self.side.map(|column| Condition::Is(column, side.into()));
        (!ids.is_empty()).then(|| by_side.into_iter().chain([Condition::Among(self.issue, ids)]).collect())
    }
}

/// Something stored that can't be read, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Unfit {
    what: String,
    why: String,
}

impl Unfit {
    /// `what` names the thing so that an operator finds it.
    pub(super) fn new(what: impl Display, why: impl Display) -> Self {
        Self { what: what.to_string(), why: why.to_string() }
    }
}

/// A moment of this machine's wall clock, kept to the millisecond; such texts sort as their moments do.
pub(super) fn wall_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A leaf as its text.
pub(super) struct Text<T>(pub(super) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// The JSON of a record, or of a list of ids.
#[expect(clippy::expect_used, reason = "records are made of texts, numbers and lists: they always have a JSON form")]
pub(super) fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("a record has a JSON form")
}

fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Unfit> {
    serde_json::from_str(text).map_err(|why| Unfit::new(what, why))
}
