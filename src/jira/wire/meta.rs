//! What can be done: issue types, fields, transitions, statuses, permissions. And what was created.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::entries::{Entries, if_readable, readable_members};
use super::issue::StatusBean;
use super::{Lack, issue_ref, parse};
use crate::flow::{IssueRef, ProjectRef};

/// A project, by itself or as a field of an issue.
#[derive(Deserialize)]
pub(in crate::jira) struct ProjectBean {
    id: String,
    key: String,
}

impl ProjectBean {
    pub(in crate::jira) fn project(&self) -> Result<ProjectRef, Lack> {
        Ok(ProjectRef { id: parse(&self.id)?, key: parse(&self.key)? })
    }
}

/// `POST issue`.
#[derive(Deserialize)]
pub(in crate::jira) struct Created {
    id: String,
    key: String,
}

/// `POST issue/bulk`.
#[derive(Deserialize)]
pub(in crate::jira) struct BulkCreated {
    /// Those that were created, in the order in which they were asked for.
    pub issues: Vec<Created>,
    #[serde(default)]
    pub errors: Vec<BulkError>,
}

/// One element of a bulk create that was refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct BulkError {
    /// Its place in the request, from 0.
    pub failed_element_number: usize,
    /// `errorMessages` and `errors`.
    #[serde(default)]
    pub element_errors: Value,
    /// As of a request of its own; not every Jira tells it.
    pub status: Option<u16>,
}

/// A page of `GET issue/createmeta/{project}/issuetypes`: Cloud says `issueTypes`, Data Center `values`, some say both.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct IssueTypePage {
    issue_types: Option<Vec<IssueTypeBean>>,
    values: Option<Vec<IssueTypeBean>>,
    pub total: Option<u64>,
    pub is_last: Option<bool>,
}

impl IssueTypePage {
    pub(in crate::jira) fn items(self) -> Result<Vec<IssueTypeBean>, Lack> {
        either(self.issue_types, self.values, "issueTypes")
    }
}

/// The list that is there; of two the one that has something in it.
fn either<T>(first: Option<Vec<T>>, second: Option<Vec<T>>, name: &str) -> Result<Vec<T>, Lack> {
    let (first, second) = (first.filter(|list| !list.is_empty() || second.is_none()), second);
    first.or(second).ok_or_else(|| format!("it has neither {name} nor values"))
}

/// A type that issues of a project may have.
#[derive(Deserialize)]
pub(in crate::jira) struct IssueTypeBean {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub subtask: bool,
}

/// The types of `GET project/{id}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct ProjectTypes {
    pub issue_types: Option<Vec<IssueTypeBean>>,
}

/// A page of `GET issue/createmeta/{project}/issuetypes/{type}`: Cloud says `fields`, Data Center `values`, some say both.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct FieldPage {
    fields: Option<Vec<FieldBean>>,
    values: Option<Vec<FieldBean>>,
    pub total: Option<u64>,
    pub is_last: Option<bool>,
}

impl FieldPage {
    pub(in crate::jira) fn items(self) -> Result<Vec<FieldBean>, Lack> {
        either(self.fields, self.values, "fields")
    }
}

/// A field on a screen.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct FieldBean {
    pub field_id: Option<String>,
    pub name: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub has_default_value: bool,
    pub allowed_values: Option<Vec<Value>>,
    pub schema: Option<FieldSchema>,
}

/// What a field holds.
#[derive(Deserialize)]
pub(in crate::jira) struct FieldSchema {
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Of an `array`.
    pub items: Option<String>,
    /// Of a custom field: the name of its plugin and type, such as `….customfieldtypes:textarea`.
    pub custom: Option<String>,
    /// Of one of Jira's own fields: its id.
    pub system: Option<String>,
}

/// `GET issue/{id}/editmeta`: the fields on its edit screen, by id.
#[derive(Deserialize)]
pub(in crate::jira) struct EditMeta {
    #[serde(default)]
    pub fields: BTreeMap<String, FieldBean>,
}

/// `GET issue/{id}/editmeta`: which fields can be edited, whatever is said of them.
#[derive(Deserialize)]
pub(in crate::jira) struct Editable {
    #[serde(default)]
    pub fields: BTreeMap<String, serde::de::IgnoredAny>,
}

/// One of `GET field`.
#[derive(Deserialize)]
pub(in crate::jira) struct KnownField {
    pub id: String,
    pub name: Option<String>,
    #[serde(default)]
    pub custom: bool,
}

/// A transition that is offered.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct TransitionBean {
    pub id: String,
    pub name: String,
    /// Where it leads; both kinds of Jira may leave it out.
    #[serde(default, deserialize_with = "if_readable")]
    pub to: Option<StatusBean>,
    /// Cloud.
    #[serde(default, deserialize_with = "if_readable")]
    pub has_screen: Option<bool>,
    #[serde(default, deserialize_with = "readable_members")]
    pub fields: BTreeMap<String, FieldBean>,
}

/// `GET issue/{id}/transitions`.
#[derive(Deserialize)]
pub(in crate::jira) struct Transitions {
    pub transitions: Entries<TransitionBean>,
}

/// One of `GET project/{key}/statuses`: the statuses of an issue type.
#[derive(Deserialize)]
pub(in crate::jira) struct StatusesOfType {
    pub statuses: Vec<StatusBean>,
}

/// `GET mypermissions`.
#[derive(Deserialize)]
pub(in crate::jira) struct Permissions {
    pub permissions: BTreeMap<String, PermissionBean>,
}

/// Whether we have a permission; Data Center's document does not promise that it says so.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct PermissionBean {
    pub have_permission: Option<bool>,
}

impl Created {
    pub(in crate::jira) fn issue(&self) -> Result<IssueRef, Lack> {
        issue_ref(&self.id, &self.key)
    }
}
