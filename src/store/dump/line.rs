//! The lines of an export, and how they are read back. Whatever this version does not know is refused, by its name.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::flow::{
    Copied, FlowName, Handled, Intent, IssueRef, JiraTime, Level, MissingDev, Pair, Side, Status, StatusName, Told,
    Watermark,
};
use crate::store::records::{
    self, Text, Unfit, cursor_from_json, cursor_json, intent_from_json, intent_json, level_text, origin_from_text,
    origin_text, pair_state_from_text, served_from_json, served_json, shortfalls_from_json, shortfalls_json, wall_text,
};
use crate::store::{Failure, HandledIssue, Patrol, State};

/// What these lines are called, and which of their versions this is. A further kind of record makes no other version:
/// whoever does not know it refuses the lines of that kind, and an export without them is as it always was.
const FORMAT: &str = "export";
const VERSION: u64 = 1;

/// Numbers of lines of history stay below; what is larger, not every program could read.
const LARGEST_NUMBER: u64 = 1 << 53;

/// One line.
#[derive(Debug)]
pub(super) enum Line {
    Header(Header),
    Record(Record),
    /// How many records there were.
    End(u64),
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) flow: FlowName,
    /// When the export began, by the clock of its machine.
    pub(super) at: DateTime<Utc>,
}

/// What is kept of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    State(Box<State>),
    Failure(Failure),
    Handled(Side, HandledIssue),
    Missing(MissingDev),
    Pair(Pair),
    Intent(Box<Intent>),
    Copied(Copied),
    Told(Told),
}

impl Line {
    /// The line, without its end.
    pub(super) fn json(&self) -> String {
        match self {
            Self::Header(Header { flow, at }) => {
                json!({ "lockstep": FORMAT, "version": VERSION, "flow": flow.as_str(), "at": wall_text(*at) })
            }
            Self::Record(record) => record.json(),
            Self::End(records) => json!({ "kind": "end", "records": records }),
        }
        .to_string()
    }

    /// Reads what [`Line::json`] wrote.
    pub(super) fn from_json(text: &str) -> Result<Self, Unfit> {
        let mut fields = Fields(serde_json::from_str(text).map_err(|why| Unfit::new("no JSON object", why))?);
        if fields.0.contains_key("lockstep") {
            return header(fields).map(Self::Header);
        }
        let kind: String = fields.take("kind")?;
        let line = match kind.as_str() {
            "state" => Self::Record(Record::State(Box::new(state(&mut fields)?))),
            "failure" => Self::Record(Record::Failure(failure(&mut fields)?)),
            "handled" => Self::Record(handled(&mut fields)?),
            "missing" => Self::Record(Record::Missing(missing(&mut fields)?)),
            "pair" => Self::Record(Record::Pair(pair(&mut fields)?)),
            "intent" => Self::Record(Record::Intent(Box::new(intent(&mut fields)?))),
            "copied" => Self::Record(Record::Copied(copied(&mut fields)?)),
            "told" => Self::Record(Record::Told(told(&mut fields)?)),
            "end" => Self::End(fields.take("records")?),
            _ => return Err(Unfit::new("field kind", format!("{kind:?} is not known to this version of Lockstep"))),
        };
        fields.end()?;
        Ok(line)
    }
}

impl Record {
    fn json(&self) -> Value {
        match self {
            Self::State(state) => state_json(state),
            Self::Failure(failure) => failure_json(failure),
            Self::Handled(side, HandledIssue { issue, was }) => json!({
                "kind": "handled",
                "side": side.to_string(),
                "issue": issue_json(issue),
                "status": was.status.name.as_str(),
                "status_id": was.status.id.as_str(),
                "seen_updated": was.updated.to_string(),
            }),
            Self::Missing(missing) => json!({
                "kind": "missing",
                "user": issue_json(&missing.user),
                "dev_key": missing.dev.as_str(),
            }),
            Self::Pair(pair) => json!({
                "kind": "pair",
                "user": issue_json(&pair.user),
                "dev": issue_json(&pair.dev),
                "origin": origin_text(pair.origin),
                "state": pair.state.as_str(),
            }),
            Self::Intent(intent) => json!({ "kind": "intent", "intent": value(&intent_json(intent)) }),
            Self::Copied(copied) => json!({
                "kind": "copied",
                "file": copied.file.as_str(),
                "user": copied.on.as_str(),
                "copy": copied.copy.as_ref().map(ToString::to_string),
            }),
            Self::Told(told) => told_json(told),
        }
    }
}

fn header(mut fields: Fields) -> Result<Header, Unfit> {
    let (format, version): (String, u64) = (fields.take("lockstep")?, fields.take("version")?);
    if (format.as_str(), version) != (FORMAT, VERSION) {
        let why = format!("it is {format:?} {version}, this version of Lockstep knows {FORMAT:?} {VERSION}");
        return Err(Unfit::new("field version", why));
    }
    let header = Header { flow: fields.text("flow")?, at: fields.text("at")? };
    fields.end()?;
    Ok(header)
}

/// Without what is only true of the store that it is in: its counts, and that every mark was seen from there.
fn state_json(state: &State) -> Value {
    let mut line = json!({
        "kind": "state",
        "last_sync": state.last_sync.map(|mark| mark.to_string()),
        "initial_sync_completed": state.initial_sync_completed,
        "cursor": state.cursor.as_ref().map(|cursor| value(&cursor_json(cursor))),
        "started_at": state.started_at.map(|at| at.to_string()),
        "patrol_begun": state.patrol.begun.map(wall_text),
        "patrol_after": state.patrol.after.as_ref().map(ToString::to_string),
    });
    // Left out where there is nothing to say, as in every export from before projects were kept.
    if let Some(served) = &state.served {
        line["projects"] = value(&served_json(served));
    }
    // Left out as long as there is nothing to say, so that older versions read it.
    if let Some(shortfalls) = shortfalls_json(&state.shortfalls) {
        line["shortfalls"] = value(&shortfalls);
    }
    line
}

fn state(fields: &mut Fields) -> Result<State, Unfit> {
    let cursor: Option<Value> = fields.take("cursor")?;
    let cursor = cursor.map(|cursor| cursor_from_json(&cursor.to_string())).transpose();
    // Older exports do not name them.
    let served: Option<Value> = fields.take_if_told("projects")?;
    let served = served.map(|served| served_from_json(&served.to_string())).transpose();
    let shortfalls: Option<Value> = fields.take_if_told("shortfalls")?;
    let shortfalls = shortfalls.map(|kept| shortfalls_from_json(&kept.to_string())).transpose();
    Ok(State {
        last_sync: fields.maybe::<JiraTime>("last_sync")?.map(Watermark),
        initial_sync_completed: fields.take("initial_sync_completed")?,
        cursor: cursor.map_err(|why| Unfit::new("field cursor", why))?,
        started_at: fields.maybe("started_at")?,
        patrol: Patrol { begun: fields.maybe("patrol_begun")?, after: fields.maybe("patrol_after")? },
        served: served.map_err(|why| Unfit::new("field projects", why))?,
        shortfalls: shortfalls.map_err(|why| Unfit::new("field shortfalls", why))?.unwrap_or_default(),
        ..State::default()
    })
}

fn failure_json(failure: &Failure) -> Value {
    json!({
        "kind": "failure",
        "side": failure.side.to_string(),
        "issue": issue_json(&failure.issue),
        "attempts": failure.attempts,
        "next_try": wall_text(failure.next_try),
        "why": failure.why,
        "seen_updated": failure.seen.map(|at| at.to_string()),
        "unseen_since": failure.unseen_since.map(|at| at.to_string()),
    })
}

fn failure(fields: &mut Fields) -> Result<Failure, Unfit> {
    Ok(Failure {
        side: fields.text("side")?,
        issue: fields.issue("issue")?,
        attempts: fields.take("attempts")?,
        next_try: fields.text("next_try")?,
        why: fields.take("why")?,
        seen: fields.maybe("seen_updated")?,
        unseen_since: fields.maybe("unseen_since")?,
    })
}

fn handled(fields: &mut Fields) -> Result<Record, Unfit> {
    let (side, issue) = (fields.text("side")?, fields.issue("issue")?);
    let name: String = fields.take("status")?;
    let status = Status { id: fields.text("status_id")?, name: StatusName::new(&name) };
    let was = Handled { status, updated: fields.text("seen_updated")? };
    Ok(Record::Handled(side, HandledIssue { issue, was }))
}

fn missing(fields: &mut Fields) -> Result<MissingDev, Unfit> {
    Ok(MissingDev { user: fields.issue("user")?, dev: fields.text("dev_key")? })
}

fn pair(fields: &mut Fields) -> Result<Pair, Unfit> {
    let (origin, state): (String, String) = (fields.take("origin")?, fields.take("state")?);
    Ok(Pair {
        user: fields.issue("user")?,
        dev: fields.issue("dev")?,
        origin: origin_from_text(&origin)?,
        state: pair_state_from_text(&state)?,
    })
}

fn intent(fields: &mut Fields) -> Result<Intent, Unfit> {
    let intent: Value = fields.take("intent")?;
    let id = intent.get("id").and_then(Value::as_str).unwrap_or("without an id");
    intent_from_json(id, &intent.to_string()).map_err(|why| Unfit::new("field intent", why))
}

fn copied(fields: &mut Fields) -> Result<Copied, Unfit> {
    Ok(Copied { file: fields.text("file")?, on: fields.text("user")?, copy: fields.maybe("copy")? })
}

fn told_json(told: &Told) -> Value {
    json!({
        "kind": "told",
        "number": told.number,
        "at": wall_text(told.at),
        "issue": issue_json(&told.issue),
        "level": told.level,
        "event": told.event,
        "message": told.message,
        "fields": value(&told.fields),
    })
}

fn told(fields: &mut Fields) -> Result<Told, Unfit> {
    let number: u64 = fields.take("number")?;
    if number >= LARGEST_NUMBER {
        return Err(Unfit::new("field number", format!("{number} is too large")));
    }
    Ok(Told {
        number,
        at: fields.text("at")?,
        issue: fields.issue("issue")?,
        level: level(fields.take("level")?)?,
        event: fields.take("event")?,
        message: fields.take("message")?,
        fields: told_fields(&fields.take("fields")?)?,
    })
}

fn level(text: String) -> Result<String, Unfit> {
    let all = [Level::Debug, Level::Info, Level::Warn, Level::Error];
    let is_known = all.into_iter().any(|level| level_text(level) == text);
    if is_known { Ok(text) } else { Err(Unfit::new("field level", format!("unknown word {text:?}"))) }
}

/// Names that no store takes for something else, with values as they are told.
fn told_fields(fields: &Map<String, Value>) -> Result<String, Unfit> {
    for (name, value) in fields {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_plain = match value {
            Value::String(_) | Value::Bool(_) => true,
            Value::Number(number) => number.is_u64(),
            Value::Array(list) => list.iter().all(Value::is_string),
            Value::Null | Value::Object(_) => false,
        };
        if !is_name || !is_plain {
            return Err(Unfit::new("field fields", format!("{name:?} is none of a line of history")));
        }
    }
    Ok(records::json(fields))
}

fn issue_json(issue: &IssueRef) -> Value {
    json!({ "id": issue.id.as_str(), "key": issue.key.as_str() })
}

/// A stored record as part of a line. One that is no JSON, which no store hands out, is refused when it is read back.
fn value(record: &str) -> Value {
    serde_json::from_str(record).unwrap_or_else(|_| record.into())
}

/// The fields of a line that were not read so far.
struct Fields(Map<String, Value>);

impl Fields {
    /// A field, which must be there.
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Unfit> {
        let unfit = |why: &dyn Display| Unfit::new(format!("field {name}"), why);
        let value = self.0.remove(name).ok_or_else(|| unfit(&"it is missing"))?;
        serde_json::from_value(value).map_err(|why| unfit(&why))
    }

    /// What later versions tell, if it is there.
    fn take_if_told<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, Unfit> {
        if self.0.contains_key(name) { self.take(name) } else { Ok(None) }
    }

    /// A text as what it stands for.
    fn text<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, Unfit> {
        self.take::<Text<T>>(name).map(|text| text.0)
    }

    /// A text as what it stands for, or null.
    fn maybe<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Unfit> {
        Ok(self.take::<Option<Text<T>>>(name)?.map(|text| text.0))
    }

    fn issue(&mut self, name: &str) -> Result<IssueRef, Unfit> {
        let mut fields = Self(self.take(name)?);
        let issue = (|| {
            let issue = IssueRef { id: fields.text("id")?, key: fields.text("key")? };
            fields.end()?;
            Ok(issue)
        })();
        issue.map_err(|why: Unfit| Unfit::new(format!("field {name}"), why))
    }

    /// Refuses what is left.
    fn end(self) -> Result<(), Unfit> {
        let unknown = |(name, _)| Unfit::new(format!("field {name}"), "it is not known to this version of Lockstep");
        self.0.into_iter().next().map_or(Ok(()), |field| Err(unknown(field)))
    }
}
