//! The ledger of users' files that need not be copied any more.

use serde_json::{Value as Json, json};

use super::{About, Column, Created, Fields, Line, Record, Row, Table, Unfit, Value};
use crate::flow::{AttachmentId, Copied, Side};
use crate::store::Change;

/// Pages are in the order of the files' ids as texts.
static ATTACHMENTS: Table = Table {
    name: "attachments",
    key: &[Column::plain("file_id")],
    key_is_id: true,
    created: Created::Anew,
    updated: false,
    versioned: true,
};

impl Record for Copied {
    const NAME: &'static str = "ledger";
    const TABLES: &'static [&'static Table] = &[&ATTACHMENTS];
    type Key = AttachmentId;

    fn key(&self) -> AttachmentId {
        self.file.clone()
    }

    fn locate(file: &AttachmentId) -> (&'static Table, Vec<Value>) {
        (&ATTACHMENTS, vec![file.as_str().into()])
    }

    fn about(side: Side) -> Option<About> {
        match side {
            Side::User => About::by(&ATTACHMENTS, "user_issue_id"),
            Side::Dev => None,
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        let copy = self.copy.as_ref().map(AttachmentId::as_str);
        vec![("user_issue_id", (&self.on).into()), ("copy_id", copy.into())]
    }

    fn read(row: &Row) -> Result<Self, Unfit> {
        Ok(Self { on: row.parsed("user_issue_id")?, file: row.parsed("file_id")?, copy: row.maybe("copy_id")? })
    }
}

impl Line for Copied {
    const KIND: &'static str = "copied";

    fn line(&self) -> Json {
        let copy = self.copy.as_ref().map(ToString::to_string);
        json!({ "file": self.file.as_str(), "user": self.on.as_str(), "copy": copy })
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        Ok(Self { file: fields.text("file")?, on: fields.text("user")?, copy: fields.maybe("copy")? })
    }

    fn changes(self) -> Vec<Change> {
        vec![Change::PutCopied(self)]
    }
}
