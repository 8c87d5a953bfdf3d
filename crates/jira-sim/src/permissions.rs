//! Permissions of accounts in projects. Everything is allowed that is not denied.

use std::collections::{BTreeMap, BTreeSet};

/// A project permission, as far as the site asks for it. (`ADMINISTER` is Jira's global one.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as Jira names them")]
pub enum Permission {
    Administer,
    AdministerProjects,
    BrowseProjects,
    CreateIssues,
    EditIssues,
    TransitionIssues,
    AssignIssues,
    LinkIssues,
    DeleteIssues,
    AddComments,
    EditOwnComments,
    EditAllComments,
    DeleteOwnComments,
    DeleteAllComments,
    CreateAttachments,
    DeleteOwnAttachments,
    DeleteAllAttachments,
}

/// What is denied to accounts in projects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// By account id and project key.
    denied: BTreeMap<(String, String), BTreeSet<Permission>>,
}

impl Permissions {
    /// All accounts may do everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Without these for the account of this id in the project of this key.
    #[must_use]
    pub fn deny(mut self, account: &str, project: &str, permissions: &[Permission]) -> Self {
        self.denied.entry((account.into(), project.into())).or_default().extend(permissions);
        self
    }

    /// What was denied in a project stays denied under its new key.
    pub(super) fn rename_project(&mut self, from: &str, to: &str) {
        let renamed = |project: String| if project == from { to.to_owned() } else { project };
        let denied = std::mem::take(&mut self.denied).into_iter();
        self.denied = denied.map(|((account, project), these)| ((account, renamed(project)), these)).collect();
    }

    /// Whether the account has the permission in the project. Who may not browse a project may do nothing there.
    pub fn allow(&self, account: &str, project: &str, permission: Permission) -> bool {
        let denied = self.denied.get(&(account.to_owned(), project.to_owned()));
        denied.is_none_or(|denied| !denied.contains(&permission) && !denied.contains(&Permission::BrowseProjects))
    }
}

impl Permission {
    /// All there are, in Jira's order of keys.
    pub const ALL: [Self; 17] = [
        Self::Administer,
        Self::AdministerProjects,
        Self::BrowseProjects,
        Self::CreateIssues,
        Self::EditIssues,
        Self::TransitionIssues,
        Self::AssignIssues,
        Self::LinkIssues,
        Self::DeleteIssues,
        Self::AddComments,
        Self::EditOwnComments,
        Self::EditAllComments,
        Self::DeleteOwnComments,
        Self::DeleteAllComments,
        Self::CreateAttachments,
        Self::DeleteOwnAttachments,
        Self::DeleteAllAttachments,
    ];

    /// The permission of this key.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.key() == key)
    }

    /// Jira's key, such as `EDIT_ISSUES`.
    pub fn key(self) -> &'static str {
        self.facts().1
    }

    /// Jira's number, as text.
    pub fn id(self) -> &'static str {
        self.facts().0
    }

    /// What people read, in English.
    pub fn name(self) -> &'static str {
        self.facts().2
    }

    /// Whether it is of the whole site and not of a project.
    pub fn is_global(self) -> bool {
        self == Self::Administer
    }

    /// Id, key and name.
    fn facts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Administer => ("0", "ADMINISTER", "Administer Jira"),
            Self::AdministerProjects => ("23", "ADMINISTER_PROJECTS", "Administer Projects"),
            Self::BrowseProjects => ("10", "BROWSE_PROJECTS", "Browse Projects"),
            Self::CreateIssues => ("11", "CREATE_ISSUES", "Create Issues"),
            Self::EditIssues => ("12", "EDIT_ISSUES", "Edit Issues"),
            Self::TransitionIssues => ("46", "TRANSITION_ISSUES", "Transition Issues"),
            Self::AssignIssues => ("13", "ASSIGN_ISSUES", "Assign Issues"),
            Self::LinkIssues => ("21", "LINK_ISSUES", "Link Issues"),
            Self::DeleteIssues => ("16", "DELETE_ISSUES", "Delete Issues"),
            Self::AddComments => ("15", "ADD_COMMENTS", "Add Comments"),
            Self::EditOwnComments => ("35", "EDIT_OWN_COMMENTS", "Edit Own Comments"),
            Self::EditAllComments => ("34", "EDIT_ALL_COMMENTS", "Edit All Comments"),
            Self::DeleteOwnComments => ("37", "DELETE_OWN_COMMENTS", "Delete Own Comments"),
            Self::DeleteAllComments => ("36", "DELETE_ALL_COMMENTS", "Delete All Comments"),
            Self::CreateAttachments => ("19", "CREATE_ATTACHMENTS", "Create Attachments"),
            Self::DeleteOwnAttachments => ("39", "DELETE_OWN_ATTACHMENTS", "Delete Own Attachments"),
            Self::DeleteAllAttachments => ("38", "DELETE_ALL_ATTACHMENTS", "Delete All Attachments"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_browse_permission_only_that_project_is_closed() {
        let permissions = Permissions::all().deny("bot", "A", &[Permission::BrowseProjects]);
        assert!(Permission::ALL.iter().all(|it| !permissions.allow("bot", "A", *it)));
        assert!(Permission::ALL.iter().all(|it| permissions.allow("bot", "B", *it)));
        assert!(permissions.allow("ann", "A", Permission::EditIssues));
    }
}
