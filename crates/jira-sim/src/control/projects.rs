//! Projects: their keys and statuses, and the permissions there.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::problem::{Body, Problem};
use crate::permissions::{Permission, Permissions};
use crate::refusal::Refusal;
use crate::setup;
use crate::site::Site;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Project {
    key: String,
    name: String,
    issue_types: Vec<String>,
    statuses: Vec<Status>,
}

#[derive(Debug, Serialize)]
struct Status {
    id: String,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    name: String,
}

/// A key as it is to be from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    key: String,
}

/// A project to be made, with the workflow and issue types of another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProject {
    key: String,
    name: String,
    like: String,
}

/// All that is denied; the rest is allowed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Denials {
    denied: Vec<Denial>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Denial {
    /// An account id.
    account: String,
    /// A key.
    project: String,
    /// Jira's keys, such as `EDIT_ISSUES`.
    permissions: Vec<String>,
}

pub(super) async fn list(State(site): State<Arc<Site>>) -> Json<Vec<Project>> {
    Json(site.projects().into_iter().map(Project::from).collect())
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Body(NewProject { key, name, like }): Body<NewProject>,
) -> Result<StatusCode, Problem> {
    let key = new_key(key)?;
    let model = site.projects().into_iter().find(|known| known.key == like).ok_or(Refusal::NoProject(like))?;
    site.add_project(setup::Project { key, name, ..model })?;
    Ok(StatusCode::CREATED)
}

pub(super) async fn rename(
    State(site): State<Arc<Site>>,
    Path(from): Path<String>,
    Body(NewKey { key }): Body<NewKey>,
) -> Result<StatusCode, Problem> {
    site.rename_project(&from, &new_key(key)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Jira's own pattern for new keys, and hyphens and underscores as elsewhere here.
fn new_key(key: String) -> Result<String, Problem> {
    let others = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let fits = key.starts_with(|c: char| c.is_ascii_uppercase()) && key.len() > 1 && key.chars().all(others);
    if fits { Ok(key) } else { Err(Problem::bad(format!("key: {key:?} is no key of a project"))) }
}

/// The new name of a status holds in all workflows that use it.
pub(super) async fn rename_status(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Body(NewName { name }): Body<NewName>,
) -> Result<StatusCode, Problem> {
    if name.trim().is_empty() {
        return Err(Problem::bad("name: must not be empty"));
    }
    let known = site.projects().iter().any(|project| project.workflow.status(&id).is_some());
    if !known {
        return Err(Problem::missing(format!("there is no status with the id {id}; GET /projects lists them")));
    }
    site.rename_status(&id, &name);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn deny(
    State(site): State<Arc<Site>>,
    Body(Denials { denied }): Body<Denials>,
) -> Result<StatusCode, Problem> {
    let mut permissions = Permissions::all();
    for (n, denial) in denied.iter().enumerate() {
        let these = denial.check(&site).map_err(|why| Problem::bad(format!("denied[{n}].{why}")))?;
        permissions = permissions.deny(&denial.account, &denial.project, &these);
    }
    site.set_permissions(permissions);
    Ok(StatusCode::NO_CONTENT)
}

impl Denial {
    fn check(&self, site: &Site) -> Result<Vec<Permission>, String> {
        if !site.accounts().iter().any(|known| known.id == self.account) {
            return Err(format!("account: there is no account {}; GET /accounts lists their ids", self.account));
        }
        if !site.projects().iter().any(|known| known.key == self.project) {
            return Err(format!("project: there is no project {}", self.project));
        }
        let permission = |key: &String| Permission::of_key(key).ok_or_else(|| unknown_permission(key));
        self.permissions.iter().map(permission).collect()
    }
}

fn unknown_permission(key: &str) -> String {
    let known: Vec<&str> = Permission::ALL.into_iter().map(Permission::key).collect();
    format!("permissions: {key:?} is none of {}", known.join(", "))
}

impl From<setup::Project> for Project {
    fn from(project: setup::Project) -> Self {
        let setup::Project { key, name, workflow, issue_types } = project;
        let statuses = workflow.statuses.into_iter().map(|it| Status { id: it.id, name: it.name }).collect();
        Self { key, name, issue_types, statuses }
    }
}
