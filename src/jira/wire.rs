//! Jira's JSON, seen only here. Field names are Jira's own; what we do not read is not named.

mod attachment;
mod changelog;
mod comment;
mod entries;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod issue;
mod link;
mod mark;
mod meta;
mod overwritten;
mod search;
mod time;
mod user;

#[cfg(any(test, fuzzing))]
pub use fuzz::read_as_everything;

pub(super) use attachment::attachment_id;
pub(super) use changelog::{Completed, History, Reader};
pub(super) use comment::{CommentBean, Comments};
pub(super) use entries::{Entries, Unreadable};
pub(super) use issue::{IssueBean, RawIssue, StatusBean};
pub(super) use link::RemoteLinkBean;
pub(super) use mark::{PROPERTY, Property, comment_of, intent_in, mark_value, marked_with};
pub(super) use meta::{
    BulkCreated, Created, EditMeta, Editable, FieldBean, FieldPage, FieldSchema, IssueTypeBean, IssueTypePage,
    KnownField, Permissions, ProjectBean, ProjectTypes, StatusesOfType, TransitionBean, Transitions,
};
pub(super) use search::{ChangelogPage, Count, Fetched, SearchPage};
pub(super) use time::parse_date;
pub(super) use user::{ServerInfo, TenantInfo, User};

use crate::flow::{IssueKey, IssueRef, NotA};

/// What an answer lacked.
pub(super) type Lack = String;

fn issue_ref(id: &str, key: &str) -> Result<IssueRef, Lack> {
    Ok(IssueRef { id: parse(id)?, key: parse::<IssueKey>(key)? })
}

fn parse<T: std::str::FromStr<Err = NotA>>(text: &str) -> Result<T, Lack> {
    text.parse().map_err(|not: NotA| not.to_string())
}

fn lack(key: &str, field: &str) -> Lack {
    format!("{key} came without {field}")
}
