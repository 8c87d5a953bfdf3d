//! Comments for one group or role.

use serde::{Deserialize, Serialize};

use super::accounts::Account;

/// The only users who may read a comment. To all others the comment does not exist.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Visibility {
    /// Who has this role in the project, by name; such as `Developers`.
    #[serde(rename = "role")]
    Role(String),
    /// Who is in this group, by name.
    #[serde(rename = "group")]
    Group(String),
}

impl Visibility {
    /// Jira's `visibility.type`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Role(_) => "role",
            Self::Group(_) => "group",
        }
    }

    /// Jira's `visibility.value`.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Role(name) | Self::Group(name) => name,
        }
    }

    /// Whether this account is one of those people.
    pub(super) fn includes(&self, account: &Account) -> bool {
        let among = match self {
            Self::Role(_) => &account.roles,
            Self::Group(_) => &account.groups,
        };
        among.iter().any(|name| name == self.name())
    }
}
