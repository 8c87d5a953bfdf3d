//! The lines of an export, and how they are read back. Whatever this version does not know is refused, by its name.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::flow::FlowName;
use crate::store::State;
use crate::store::records::{Exported, Fields, KINDS, Line as _, Unfit, wall_text};

/// What these lines are called, and which of their versions this is. A further kind of record makes no other version: a
/// version that does not know it refuses the lines of that kind, and an export without them is as it always was.
const FORMAT: &str = "export";
const VERSION: u64 = 1;

const END: &str = "end";

/// One line.
pub(super) enum Line {
    Header(Header),
    State(Box<State>),
    Record(Box<dyn Exported>),
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

/// The first line, without its end.
pub(super) fn header(Header { flow, at }: &Header) -> String {
    json!({ "lockstep": FORMAT, "version": VERSION, "flow": flow.as_str(), "at": wall_text(*at) }).to_string()
}

/// The last line, without its end.
pub(super) fn end(records: u64) -> String {
    json!({ "kind": END, "records": records }).to_string()
}

impl Line {
    /// Reads a line.
    pub(super) fn from_json(text: &str) -> Result<Self, Unfit> {
        let mut fields = Fields::of(text)?;
        if fields.has("lockstep") {
            return read_header(fields).map(Self::Header);
        }
        let kind: String = fields.take("kind")?;
        let line = if kind == END {
            Self::End(fields.take("records")?)
        } else if kind == State::KIND {
            Self::State(Box::new(State::from_line(&mut fields)?))
        } else if let Some(known) = KINDS.iter().find(|known| known.name == kind) {
            Self::Record((known.from_line)(&mut fields)?)
        } else {
            return Err(Unfit::new("field kind", format!("{kind:?} is not known to this version of Lockstep")));
        };
        fields.end()?;
        Ok(line)
    }
}

fn read_header(mut fields: Fields) -> Result<Header, Unfit> {
    let (format, version): (String, u64) = (fields.take("lockstep")?, fields.take("version")?);
    if (format.as_str(), version) != (FORMAT, VERSION) {
        let why = format!("it is {format:?} {version}, this version of Lockstep knows {FORMAT:?} {VERSION}");
        return Err(Unfit::new("field version", why));
    }
    let header = Header { flow: fields.text("flow")?, at: fields.text("at")? };
    fields.end()?;
    Ok(header)
}
