//! Names and ids of flows, projects, issues and other things of Lockstep and Jira.
//!
//! Ids are opaque strings, as in Jira's API. Keys are shown to users and change when an issue moves; pairs are
//! identified by ids (docs/sync.md, "Pairs").

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The error of a text that breaks the rule of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a valid {what}: {rule}")]
pub struct NotA {
    what: &'static str,
    found: String,
    rule: &'static str,
}

impl NotA {
    /// `found` is not repeated in full where it may hold a password (`user:password@host`).
    pub(super) fn new(what: &'static str, found: &str, rule: &'static str) -> Self {
        let found = match found.split_once('@') {
            Some((_, host)) => format!("***@{host}"),
            None => found.to_owned(),
        };
        Self { what, found, rule }
    }

    /// The rule of the type, without the text: for texts that may be secret.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The message without the text: `is not a valid flow name: …`.
    #[must_use]
    pub fn without_text(&self) -> String {
        format!("is not a valid {}: {}", self.what, self.rule)
    }
}

/// Declares an opaque, comparable text type with `FromStr` and `Display`, and the rule for its values.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text as Jira or the flow file has it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotA;

            fn from_str(text: &str) -> Result<Self, NotA> {
                let holds: fn(&str) -> bool = $holds;
                if holds(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NotA::new($what, text, $rule))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// A flow's identity everywhere: in logs, the API, and (each `-` as `_`) the name of its database.
    #[derive(PartialOrd, Ord)]
    FlowName, "flow name", "1 to 63 letters, digits, '-' or '_', the first a letter or digit",
    |s| (1..=63).contains(&s.len())
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && s.as_bytes()[0].is_ascii_alphanumeric()
);

text!(
    /// The name of a flow's database, in a form that any store can take.
    #[derive(PartialOrd, Ord)]
    DatabaseName, "database name", "1 to 63 letters, digits, '-' or '_', the first a letter or digit",
    |s| s.parse::<FlowName>().is_ok()
);

text!(
    /// A Jira project's key, as written in the flow file.
    #[derive(PartialOrd, Ord)]
    ProjectKey, "project key", "letters, digits, '-' or '_', beginning with a letter",
    |s| s.starts_with(|c: char| c.is_ascii_alphabetic())
        && s.len() <= 255
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
);

text!(
    /// A Jira project's numeric id (Jira's `project.id`), the same for its whole life whatever its key.
    #[derive(PartialOrd, Ord)]
    ProjectId, "project id", "digits only, without leading zeros",
    |s| (1..=19).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit()) && (s == "0" || !s.starts_with('0'))
);

text!(
    /// An issue's key such as `USER-A-12`: a project key and a number. Changes when the issue moves.
    #[derive(PartialOrd, Ord)]
    IssueKey, "issue key", "a project key, '-', and a number",
    |s| s.rsplit_once('-').is_some_and(|(project, number)| {
        project.parse::<ProjectKey>().is_ok() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
);

text!(
    /// An issue's numeric id (Jira's `id`), the same for its whole life.
    IssueId, "issue id", "digits only, without leading zeros",
    |s| (1..=19).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit()) && (s == "0" || !s.starts_with('0'))
);

text!(
    /// A status' id (Jira's `status.id`), which survives renaming.
    #[derive(PartialOrd, Ord)]
    StatusId, "status id", "not empty", |s| !s.is_empty()
);

text!(
    /// The account of a user in Jira: `accountId` on Cloud.
    #[derive(PartialOrd, Ord)]
    AccountId, "account id", "not empty", |s| !s.is_empty()
);

text!(
    /// An attachment's id (Jira's `attachment.id`), which is never reused.
    #[derive(PartialOrd, Ord)]
    AttachmentId, "attachment id", "not empty", |s| !s.is_empty()
);

text!(
    /// A rule's `id` in its flow file.
    #[derive(PartialOrd, Ord)]
    RuleId, "rule id", "not empty", |s| !s.trim().is_empty()
);

text!(
    /// The id of one intent, never reused; the mark on the created issue contains it.
    #[derive(PartialOrd, Ord)]
    IntentId, "intent id", "not empty", |s| !s.is_empty()
);

impl FlowName {
    /// The name of the flow's database: each `-` becomes `_` (`sync-ab` is kept in `sync_ab`).
    #[must_use]
    pub fn database(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl From<&FlowName> for DatabaseName {
    fn from(flow: &FlowName) -> Self {
        Self(flow.database())
    }
}

impl IssueKey {
    /// The key as a user typed it: in capitals or not, with blanks around it or not.
    ///
    /// # Errors
    /// When it is no issue key.
    pub fn typed(text: &str) -> Result<Self, NotA> {
        text.trim().to_ascii_uppercase().parse()
    }

    /// The project's part of the key.
    #[must_use]
    pub fn project(&self) -> &str {
        self.0.rsplit_once('-').map_or("", |(project, _)| project)
    }
}

/// Ordered by number: an issue that was created later has a larger id.
impl Ord for IssueId {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for IssueId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One of a pair's two projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Where customers report and are answered.
    User,
    /// Where the work is done.
    Dev,
}

impl Side {
    /// Both sides, user first.
    pub const BOTH: [Self; 2] = [Self::User, Self::Dev];

    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::User => Self::Dev,
            Self::Dev => Self::User,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::User => "user",
            Self::Dev => "dev",
        })
    }
}

impl FromStr for Side {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        match text {
            "user" => Ok(Self::User),
            "dev" => Ok(Self::Dev),
            _ => Err(NotA::new("side", text, "'user' or 'dev'")),
        }
    }
}

/// A reference to an issue: its id and its present key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssueRef {
    /// Never changes.
    pub id: IssueId,
    /// For messages and links.
    pub key: IssueKey,
}

impl fmt::Display for IssueRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_what_their_rule_refuses() {
        assert!("sync-ab".parse::<FlowName>().is_ok());
        for wrong in ["", "-x", "a/b", "ä", "../x", "a.b"] {
            assert!(wrong.parse::<FlowName>().is_err(), "{wrong:?}");
        }
        for wrong in ["12", "USER-", "USER", "-1", "USER-A-1x"] {
            assert!(wrong.parse::<IssueKey>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn issue_ids_are_in_the_order_of_their_creation() {
        let id = |text: &str| text.parse::<IssueId>().unwrap();
        assert!(id("9999") < id("10000"));
        assert!(id("10000") < id("10001"));
    }

    #[test]
    fn project_keys_with_hyphens_are_split_at_the_last_one() {
        let key: IssueKey = "USER-A-12".parse().unwrap();
        assert_eq!(key.project(), "USER-A");
    }

    #[test]
    fn a_flow_keeps_its_data_under_its_name_with_underscores() {
        assert_eq!("sync-ab".parse::<FlowName>().unwrap().database(), "sync_ab");
    }
}
