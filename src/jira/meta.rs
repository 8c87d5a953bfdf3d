//! What a project has and allows: issue types, fields, statuses, permissions.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Client, Error, Fault, get, strange, wire};
use crate::flow::{IssueType, ProjectId, ProjectKey, ProjectRef, Status};

/// Pages of such lists that are read.
const MOST_PAGES: usize = 20;

/// A field on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Such as `resolution` or `customfield_10010`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it must be set: required, and without a default.
    pub must_be_set: bool,
    /// Names of the values that it takes; `None` where that is not limited.
    pub allowed: Option<Vec<String>>,
}

/// What an account may need to be allowed in a project, by Jira's own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// See the project and its issues.
    BrowseProjects,
    /// Make new ones.
    CreateIssues,
    /// Change fields and properties.
    EditIssues,
    /// Change the status.
    TransitionIssues,
    /// Set a resolution with it.
    ResolveIssues,
    /// Say something.
    AddComments,
    /// Add files.
    CreateAttachments,
    /// Link issues, also to other pages.
    LinkIssues,
}

impl Client {
    /// The project that answers to this key, which need not be its present one: a renamed project goes on answering to its
    /// former keys, until another gets them. `None` when there is none, or it is not shown to us. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn project_called(&self, key: &ProjectKey) -> Result<Option<ProjectRef>, Error> {
        self.project(key.as_str()).await
    }

    /// The project of this id; `None` when there is none any more, or it is not shown to us. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn project_of(&self, id: &ProjectId) -> Result<Option<ProjectRef>, Error> {
        Ok(self.project(id.as_str()).await?.filter(|project| project.id == *id))
    }

    async fn project(&self, id_or_key: &str) -> Result<Option<ProjectRef>, Error> {
        let ask = get(self.dialect.api(&format!("project/{id_or_key}")), "project");
        match self.json::<wire::ProjectBean>(ask).await {
            Ok(answer) => answer.value.project().map(Some).map_err(|lack| self.unreadable("project", &lack)),
            Err(Error { what: Fault::Missing(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Those of `needed` that we lack in a project. What Jira says nothing of is not counted as lacking. Anybody may
    /// ask.
    ///
    /// # Errors
    /// When Jira does not answer well, or the project is missing.
    pub async fn lacking(&self, project: &ProjectKey, needed: &[Permission]) -> Result<Vec<Permission>, Error> {
        let keys: Vec<_> = needed.iter().map(|permission| permission.key()).collect();
        let told: wire::Permissions = self.json(self.dialect.permissions(project, &keys)).await?.value;
        let has =
            |permission: &Permission| told.permissions.get(permission.key()).and_then(|told| told.have_permission);
        Ok(needed.iter().filter(|permission| has(permission) == Some(false)).copied().collect())
    }

    /// The types that an issue of `project` may have, sub-tasks apart. Needs *Create issues*.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn issue_types(&self, project: &ProjectId) -> Result<Vec<IssueType>, Error> {
        let path = format!("issue/createmeta/{project}/issuetypes");
        let open = |page: wire::IssueTypePage| {
            let (total, is_last) = (page.total, page.is_last);
            Ok(ListPage { items: page.items()?, total, is_last })
        };
        let all = self.listed(&path, open, |kind| Some(kind.id.clone())).await?;
        Ok(without_subtasks(all))
    }

    /// The types that issues of `project` have, sub-tasks apart; `None` where Jira does not tell them. Needs *Browse
    /// projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the project is missing.
    pub async fn project_types(&self, project: &ProjectId) -> Result<Option<Vec<IssueType>>, Error> {
        let ask = get(self.dialect.api(&format!("project/{project}")), "project");
        let told: wire::ProjectTypes = self.json(ask).await?.value;
        Ok(told.issue_types.map(without_subtasks))
    }

    /// The fields on the create screen of a type. Needs *Create issues*.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn create_fields(&self, project: &ProjectId, kind: &IssueType) -> Result<Vec<Field>, Error> {
        let all = self.create_field_beans(project, kind).await?;
        let fields = all.into_iter().map(|mut bean| bean.field_id.take().map(|id| Field::of(id, bean)));
        fields.collect::<Option<_>>().ok_or_else(|| strange("createmeta", "a field came without its id"))
    }

    pub(super) async fn create_field_beans(
        &self,
        project: &ProjectId,
        kind: &IssueType,
    ) -> Result<Vec<wire::FieldBean>, Error> {
        let path = format!("issue/createmeta/{project}/issuetypes/{}", kind.id);
        let open = |page: wire::FieldPage| {
            let (total, is_last) = (page.total, page.is_last);
            Ok(ListPage { items: page.items()?, total, is_last })
        };
        self.listed(&path, open, |field| field.field_id.clone()).await
    }

    /// The statuses that issues of a project can have, whatever their type, each once. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the project is missing.
    pub async fn statuses(&self, project: &ProjectId) -> Result<Vec<Status>, Error> {
        let ask = get(self.dialect.api(&format!("project/{project}/statuses")), "statuses");
        let types: Vec<wire::StatusesOfType> = self.json(ask).await?.value;
        let all = types.iter().flat_map(|kind| &kind.statuses).map(wire::StatusBean::status);
        let all = all.collect::<Result<Vec<_>, _>>().map_err(|lack| self.unreadable("statuses", &lack))?;
        let mut known = BTreeSet::new();
        Ok(all.into_iter().filter(|status| known.insert(status.id.clone())).collect())
    }

    /// All items of a list that comes in counted pages, each once. What is counted and not shown, although it was asked for
    /// twice, is done without.
    async fn listed<P: DeserializeOwned + Send + 'static, T>(
        &self,
        path: &str,
        open: impl Fn(P) -> Result<ListPage<T>, wire::Lack>,
        id: impl Fn(&T) -> Option<String>,
    ) -> Result<Vec<T>, Error> {
        let (mut all, mut known, mut start, mut asked_again) = (Vec::new(), BTreeSet::new(), 0, false);
        for _ in 0..MOST_PAGES {
            // 200 is the most that Jira gives at once.
            let question = self.dialect.api(&format!("{path}?startAt={start}&maxResults=200"));
            let page = self.json(get(question, "createmeta")).await?.value;
            let ListPage { items, total, is_last } = open(page).map_err(|lack| self.unreadable("createmeta", &lack))?;
            let (before, came) = (all.len(), items.len());
            all.extend(items.into_iter().filter(|item| id(item).is_none_or(|id| known.insert(id))));
            start += came;
            let has_more =
                total.map_or(is_last == Some(false), |total| start as u64 != total && all.len() as u64 != total);
            match (has_more, came) {
                (false, _) => return Ok(all),
                (true, 0) if asked_again => {
                    let counted = total.map_or_else(|| "more".to_owned(), |total| total.to_string());
                    tracing::warn!("{path}: Jira counts {counted} items and shows {}", all.len());
                    return Ok(all);
                }
                (true, 0) => asked_again = true,
                (true, _) if all.len() == before => return Err(strange("createmeta", "it repeats its pages")),
                (true, _) => {}
            }
        }
        Err(strange("createmeta", "it does not come to an end"))
    }
}

/// A sub-task can't be made without a parent.
fn without_subtasks(all: Vec<wire::IssueTypeBean>) -> Vec<IssueType> {
    let types = all.into_iter().filter(|kind| !kind.subtask);
    types.map(|kind| IssueType { id: kind.id, name: kind.name }).collect()
}

/// A page of such a list.
struct ListPage<T> {
    items: Vec<T>,
    total: Option<u64>,
    is_last: Option<bool>,
}

impl Field {
    pub(super) fn of(id: String, bean: wire::FieldBean) -> Self {
        let name = bean.name.unwrap_or_else(|| id.clone());
        let allowed = bean.allowed_values.map(|values| values.iter().filter_map(value_name).collect());
        Self { id, name, must_be_set: bean.required && !bean.has_default_value, allowed }
    }
}

/// How people know a value: an option's `value`, anything else's `name`, or the text that it is.
fn value_name(value: &Value) -> Option<String> {
    let named = value.get("name").or_else(|| value.get("value")).unwrap_or(value);
    named.as_str().map(str::to_owned)
}

impl Permission {
    /// Jira's key of it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::BrowseProjects => "BROWSE_PROJECTS",
            Self::CreateIssues => "CREATE_ISSUES",
            Self::EditIssues => "EDIT_ISSUES",
            Self::TransitionIssues => "TRANSITION_ISSUES",
            Self::ResolveIssues => "RESOLVE_ISSUES",
            Self::AddComments => "ADD_COMMENTS",
            Self::CreateAttachments => "CREATE_ATTACHMENTS",
            Self::LinkIssues => "LINK_ISSUES",
        }
    }
}

/// As it stands in Jira's permission schemes.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BrowseProjects => "Browse Projects",
            Self::CreateIssues => "Create Issues",
            Self::EditIssues => "Edit Issues",
            Self::TransitionIssues => "Transition Issues",
            Self::ResolveIssues => "Resolve Issues",
            Self::AddComments => "Add Comments",
            Self::CreateAttachments => "Create Attachments",
            Self::LinkIssues => "Link Issues",
        })
    }
}
