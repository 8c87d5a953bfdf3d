//! Permissions: what callers may see and do, checked for each request before its endpoint runs.
//!
//! What an account may not see is told to it as missing. For the rest each refusal has the status that Atlassian's
//! documents list for that endpoint; they list 403 for few, and say of others that a missing permission is a 400.

use http::{Method, StatusCode};

use super::answer::Answer;
use super::call::Call;
use super::endpoint::Route;
use crate::flavour::Flavour;
use crate::issue::Issue;
use crate::permissions::Permission;
use crate::state::State;

impl State {
    /// Refuses a request that names an issue or a project which its caller may not see.
    pub(super) fn check_sight(&self, call: &Call) -> Result<(), Answer> {
        let issue = call.param("issueIdOrKey");
        if self.issues.find(issue).is_some() && self.find_for(&call.account, issue).is_none() {
            return Err(Answer::no_issue());
        }
        match self.projects.find(call.param("projectIdOrKey")) {
            Some(home) if !self.accounts.may(&call.account, &home.project.key, Permission::BrowseProjects) => {
                Err(super::about::no_project(call, call.param("projectIdOrKey")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a write to an issue for which its caller lacks the permission.
    pub(super) fn check_right(&self, route: &Route, call: &Call) -> Result<(), Answer> {
        let Some(issue) = self.issues.find(call.param("issueIdOrKey")) else { return Ok(()) };
        let may = |permission| self.accounts.may(&call.account, &issue.project, permission);
        match needed(&call.method, route.resource) {
            Some(right) if !may(right.permission) => Err(right.refusal(call.flavour)),
            // Files are part of what can't be edited; properties by themselves, remote links and comments are not.
            Some(right) if right.permission == Permission::CreateAttachments && self.projects.is_locked(issue) => {
                Err(right.refusal(call.flavour))
            }
            _ if !may_be_quiet(&call.method, call, may) => Err(Answer::forbidden(NOT_QUIETLY)),
            _ => Ok(()),
        }
    }

    /// Whether the account may delete this, given who made it.
    pub(super) fn may_delete_attachment(&self, account: &str, issue: &Issue, author: &str) -> bool {
        let own = account == author && self.accounts.may(account, &issue.project, Permission::DeleteOwnAttachments);
        own || self.accounts.may(account, &issue.project, Permission::DeleteAllAttachments)
    }
}

/// A permission that an endpoint asks for, and how it refuses.
struct Right {
    permission: Permission,
    cloud: StatusCode,
    data_center: StatusCode,
    words: &'static str,
}

impl Right {
    fn refusal(&self, flavour: Flavour) -> Answer {
        let status = match flavour {
            Flavour::Cloud => self.cloud,
            Flavour::DataCenter => self.data_center,
        };
        Answer::error(status, self.words)
    }
}

/// The documents name 400 for edits and comments. (Jira is often met with 403 there too; a client has to bear both.)
fn needed(method: &Method, resource: &str) -> Option<Right> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
    let right = |permission, status, words| Some(Right { permission, cloud: status, data_center: status, words });
    match (method.as_str(), resource.strip_prefix("/issue/{issueIdOrKey}")?) {
        ("PUT", "") => right(Permission::EditIssues, BAD, NO_EDIT),
        ("DELETE", "") => right(Permission::DeleteIssues, FORBIDDEN, NO_DELETE),
        ("POST", "/comment") => right(Permission::AddComments, BAD, NO_COMMENT),
        ("POST", "/attachments") => right(Permission::CreateAttachments, FORBIDDEN, NO_ATTACHMENTS),
        ("PUT", "/properties/{propertyKey}") => right(Permission::EditIssues, FORBIDDEN, NO_EDIT),
        // To delete a property without the right is documented as if the issue were missing.
        ("DELETE", "/properties/{propertyKey}") => right(Permission::EditIssues, StatusCode::NOT_FOUND, NO_EDIT),
        ("POST" | "DELETE", "/remotelink") | ("PUT" | "DELETE", "/remotelink/{linkId}") => {
            right(Permission::LinkIssues, FORBIDDEN, NO_LINKS)
        }
        _ => None,
    }
}

/// Whether the request asks for no mails, and if so, may do that.
fn may_be_quiet(method: &Method, call: &Call, may: impl Fn(Permission) -> bool) -> bool {
    let quiet = *method == Method::PUT && call.query("notifyUsers") == Some("false");
    !quiet || may(Permission::AdministerProjects) || may(Permission::Administer)
}

pub(super) const NO_EDIT: &str = "You do not have permission to edit issues in this project.";
const NO_DELETE: &str = "You do not have permission to delete issues in this project.";
const NO_COMMENT: &str = "You do not have the permission to comment on this issue.";
const NO_ATTACHMENTS: &str = "You do not have permission to create attachments for this issue.";
const NO_LINKS: &str = "You do not have permission to link issues in this project.";
const NOT_QUIETLY: &str = "To discard the user notification either admin or project admin permissions are required.";
