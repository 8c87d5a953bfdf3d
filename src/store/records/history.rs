//! What was done, when, and about which issue: lines that are told once, with numbers that stores hand out.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream::{BoxStream, try_unfold};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::line::{document_json, issue_json};
use super::{About, Column, Created, Fields, Line, Record, Row, Table, Unfit, Value, wall_text};
use crate::flow::{Entry, Field, HistoryQuery, IssueRef, Level, Side, Told};
use crate::store::{Change, Error, Read};

/// Numbers of lines of history stay below; what is larger, not every program could read.
const LARGEST_NUMBER: u64 = 1 << 53;

const LEVELS: [Level; 4] = [Level::Debug, Level::Info, Level::Warn, Level::Error];

pub(in crate::store) static HISTORY: Table = Table {
    name: "history",
    key: &[Column::plain("number")],
    key_is_id: true,
    created: Created::No,
    updated: false,
    versioned: true,
};

/// A line that is told for the first time, but for its number.
pub(in crate::store) fn entry_fields(Entry { at, issue, line }: &Entry) -> Vec<(&'static str, Value)> {
    let fields = fields_json(&line.fields);
    line_fields(((*at).into(), issue), (level_text(line.level), line.event, &line.message), fields)
}

fn line_fields(
    (at, issue): (Value, &IssueRef),
    (level, event, message): (&str, Option<&str>, &str),
    fields: String,
) -> Vec<(&'static str, Value)> {
    vec![
        ("at", at),
        ("issue_id", (&issue.id).into()),
        ("issue_key", issue.key.as_str().into()),
        ("level", level.into()),
        ("event", event.into()),
        ("message", message.into()),
        ("fields", Value::Json(fields)),
    ]
}

impl Record for Told {
    const NAME: &'static str = "history";
    const TABLES: &'static [&'static Table] = &[&HISTORY];
    type Key = u64;

    fn key(&self) -> u64 {
        self.number
    }

    fn locate(number: &u64) -> (&'static Table, Vec<Value>) {
        (&HISTORY, vec![(*number).into()])
    }

    /// What a line is about, a query for history says.
    fn about(_: Side) -> Option<About> {
        None
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        let told = (&*self.level, self.event.as_deref(), &*self.message);
        line_fields((self.at.into(), &self.issue), told, self.fields.clone())
    }

    fn read(row: &Row) -> Result<Self, Unfit> {
        let fields = row.document("fields", |json| Ok(json.to_owned()))?;
        Ok(Self {
            number: row.number("number")?,
            at: row.wall("at")?,
            issue: row.issue("issue_id", "issue_key")?,
            level: row.text("level")?.to_owned(),
            event: row.maybe_text("event")?.map(str::to_owned),
            message: row.text("message")?.to_owned(),
            fields: fields.ok_or_else(|| row.is_missing("fields"))?,
        })
    }

    /// Latest first, each line with its number.
    fn all(reader: &dyn Read, most: u32) -> BoxStream<'_, Result<Vec<Self>, Error>> {
        let page = move |before| reader.history(HistoryQuery { issue: None, before, most });
        let pages = try_unfold(Some(None), move |next| async move {
            let Some(before) = next else { return Ok(None) };
            let lines: Vec<Self> = page(before).await?;
            let next = lines.last().map(|last| Some(last.number));
            Ok(next.map(|next| (lines, Some(next))))
        });
        pages.boxed()
    }
}

impl Line for Told {
    const KIND: &'static str = "told";

    fn line(&self) -> Json {
        json!({
            "number": self.number,
            "at": wall_text(self.at),
            "issue": issue_json(&self.issue),
            "level": self.level,
            "event": self.event,
            "message": self.message,
            "fields": document_json(&self.fields),
        })
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        let number: u64 = fields.take("number")?;
        if number >= LARGEST_NUMBER {
            return Err(Unfit::new("field number", format!("{number} is too large")));
        }
        Ok(Self {
            number,
            at: fields.text("at")?,
            issue: fields.issue("issue")?,
            level: known_level(fields.take("level")?)?,
            event: fields.take("event")?,
            message: fields.take("message")?,
            fields: plain_fields(&fields.take("fields")?)?,
        })
    }

    fn changes(self) -> Vec<Change> {
        vec![Change::Retell(self)]
    }
}

/// How a line's level is kept.
fn level_text(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

fn known_level(text: String) -> Result<String, Unfit> {
    let is_known = LEVELS.into_iter().any(|level| level_text(level) == text);
    if is_known { Ok(text) } else { Err(Unfit::new("field level", format!("unknown word {text:?}"))) }
}

/// How the fields of a line of history are kept: a JSON object.
fn fields_json(fields: &[(&'static str, Field)]) -> String {
    super::json(&fields.iter().map(|(name, field)| (*name, FieldRecord::from(field))).collect::<BTreeMap<_, _>>())
}

#[derive(Serialize)]
#[serde(untagged)]
enum FieldRecord<'a> {
    Text(&'a str),
    Number(u64),
    Flag(bool),
    List(&'a [String]),
}

impl<'a> From<&'a Field> for FieldRecord<'a> {
    fn from(field: &'a Field) -> Self {
        match field {
            Field::Text(text) => Self::Text(text),
            Field::Number(number) => Self::Number(*number),
            Field::Flag(flag) => Self::Flag(*flag),
            Field::List(list) => Self::List(list),
        }
    }
}

/// Names that no store takes for something else, with values as they are told.
fn plain_fields(fields: &Map<String, Json>) -> Result<String, Unfit> {
    for (name, value) in fields {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_plain = match value {
            Json::String(_) | Json::Bool(_) => true,
            Json::Number(number) => number.is_u64(),
            Json::Array(list) => list.iter().all(Json::is_string),
            Json::Null | Json::Object(_) => false,
        };
        if !is_name || !is_plain {
            return Err(Unfit::new("field fields", format!("{name:?} is none of a line of history")));
        }
    }
    Ok(super::json(fields))
}
