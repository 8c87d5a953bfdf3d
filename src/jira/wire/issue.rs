//! Issues, with whatever fields were asked for.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::attachment::AttachmentBean;
use super::changelog::{Changelog, Completed, History, Reader};
use super::entries::{Entries, Unreadable, if_readable, or_none};
use super::link::LinkBean;
use super::mark::{PROPERTY, mark};
use super::meta::{ProjectBean, TransitionBean};
use super::time::optional_time;
use super::{Lack, issue_ref, lack, parse};
use crate::flow::{Attachment, Issue, IssueType, JiraTime, Mark, Row, Status, StatusName};
use crate::foreign::Mask;
use crate::jira::linking::IssueLink;
use crate::jira::moving::Lineage;

/// An issue, from a search or a fresh read.
#[derive(Deserialize)]
pub(in crate::jira) struct IssueBean {
    id: String,
    key: String,
    fields: Option<Fields>,
    /// People can set ours too, to anything.
    properties: Option<Box<RawValue>>,
    changelog: Option<Changelog>,
    #[serde(default, deserialize_with = "or_none")]
    transitions: Entries<TransitionBean>,
}

#[derive(Deserialize)]
struct Fields {
    project: Option<ProjectBean>,
    summary: Option<String>,
    description: Option<Box<RawValue>>,
    status: Option<StatusBean>,
    #[serde(default, deserialize_with = "optional_time")]
    created: Option<JiraTime>,
    #[serde(default, deserialize_with = "optional_time")]
    updated: Option<JiraTime>,
    issuetype: Option<Named>,
    #[serde(default, deserialize_with = "if_readable")]
    resolution: Option<Named>,
    #[serde(default, deserialize_with = "or_none")]
    attachment: Entries<AttachmentBean>,
    #[serde(default, deserialize_with = "or_none")]
    issuelinks: Entries<LinkBean>,
}

/// An issue of which some fields were asked for, each as Jira has it.
#[derive(Deserialize)]
pub(in crate::jira) struct RawIssue {
    pub fields: BTreeMap<String, Value>,
}

/// A status, wherever it stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct StatusBean {
    id: String,
    name: String,
    status_category: Option<Category>,
}

#[derive(Deserialize)]
struct Category {
    key: Option<String>,
}

/// Something with a name.
#[derive(Deserialize)]
pub(in crate::jira) struct Named {
    #[serde(default)]
    pub id: String,
    pub name: String,
}

impl IssueBean {
    /// Its id, as it came.
    pub(in crate::jira) fn id(&self) -> &str {
        &self.id
    }

    /// Its key, as it came.
    pub(in crate::jira) fn key(&self) -> &str {
        &self.key
    }

    pub(in crate::jira) fn row(self) -> Result<Row, Unreadable> {
        let names = (self.id.clone(), self.key.clone());
        self.whole_row().map_err(|lack| Unreadable { id: Some(names.0), key: Some(names.1), lack })
    }

    fn whole_row(self) -> Result<Row, Lack> {
        let mark = self.mark();
        let fields = self.fields.as_ref().ok_or_else(|| lack(&self.key, "fields"))?;
        Ok(Row {
            at: issue_ref(&self.id, &self.key)?,
            project: fields.project.as_ref().ok_or_else(|| lack(&self.key, "project"))?.project()?,
            status: parse(&fields.status.as_ref().ok_or_else(|| lack(&self.key, "status"))?.id)?,
            created: fields.created.ok_or_else(|| lack(&self.key, "created"))?,
            updated: fields.updated.ok_or_else(|| lack(&self.key, "updated"))?,
            mark,
        })
    }

    pub(in crate::jira) fn issue(self, reader: Reader<'_>) -> Result<Issue, Lack> {
        let mark = self.mark();
        let dialect = reader.dialect;
        let key = self.key;
        let fields = self.fields.ok_or_else(|| lack(&key, "fields"))?;
        Ok(Issue {
            at: issue_ref(&self.id, &key)?,
            project: fields.project.ok_or_else(|| lack(&key, "project"))?.project()?,
            summary: fields.summary.unwrap_or_default(),
            description: fields.description.map(|text| jira_markup::from_json_text(&text)).transpose()?.flatten(),
            issue_type: fields.issuetype.map(|kind| IssueType { id: kind.id, name: kind.name }).unwrap_or_default(),
            status: fields.status.ok_or_else(|| lack(&key, "status"))?.status()?,
            created: fields.created.ok_or_else(|| lack(&key, "created"))?,
            updated: fields.updated.ok_or_else(|| lack(&key, "updated"))?,
            mark,
            attachments: files(fields.attachment, &key, reader),
            linked: links(fields.issuelinks, &key, reader.mask).into_iter().map(|link| link.other).collect(),
            overwritten: self.changelog.as_ref().and_then(|log| log.overwritten(reader)),
            changes: self.changelog.map(|log| log.status_changes(dialect)).transpose()?.unwrap_or_default(),
        })
    }

    /// Our property. Data Center's document wraps the properties once more in an object of that name.
    pub(in crate::jira) fn mark(&self) -> Option<Mark> {
        let properties = members(self.properties.as_deref()?)?;
        let wrapped = || properties.get("properties").and_then(|within| members(within)?.remove(PROPERTY));
        mark(&properties.get(PROPERTY).cloned().or_else(wrapped)?)
    }

    /// Where it stands and where it can go; the latter is taken out.
    pub(in crate::jira) fn standing(&mut self, mask: &Mask) -> Result<(Status, Vec<TransitionBean>), Lack> {
        let status = self.fields.as_ref().and_then(|fields| fields.status.as_ref());
        let status = status.ok_or_else(|| lack(&self.key, "status"))?.status()?;
        Ok((status, std::mem::take(&mut self.transitions).into_readable(&self.key, mask)))
    }

    /// Whether the status that it stands in is of the category "done".
    pub(in crate::jira) fn is_done(&self) -> bool {
        let status = self.fields.as_ref().and_then(|fields| fields.status.as_ref());
        status.is_some_and(StatusBean::is_done)
    }

    /// The name of the resolution that it has.
    pub(in crate::jira) fn resolution(&self) -> Option<String> {
        self.fields.as_ref()?.resolution.as_ref().map(|resolution| resolution.name.clone())
    }

    /// What decides by which workflow it goes, as far as that came along.
    pub(in crate::jira) fn lineage(&self) -> Lineage {
        let project = self.key.rsplit_once('-').map_or(self.key.as_str(), |(project, _)| project).to_owned();
        let kind = self.fields.as_ref().and_then(|fields| fields.issuetype.as_ref());
        Lineage { project, issue_type: kind.map(|kind| kind.name.clone()).unwrap_or_default() }
    }

    pub(in crate::jira) fn attachments(self, reader: Reader<'_>) -> Vec<Attachment> {
        files(self.fields.map(|fields| fields.attachment).unwrap_or_default(), &self.key, reader)
    }

    pub(in crate::jira) fn links(self, mask: &Mask) -> Vec<IssueLink> {
        links(self.fields.map(|fields| fields.issuelinks).unwrap_or_default(), &self.key, mask)
    }

    /// Whether its changelog may be longer than what came, when at most `most` entries come at once.
    pub(in crate::jira) fn changelog_may_be_short(&self, most: Option<usize>) -> bool {
        self.changelog.as_ref().is_some_and(|log| log.may_be_short(most))
    }

    /// Whether more of its changelog must tell of its description too.
    pub(in crate::jira) fn needs_older_texts(&self, reader: Reader<'_>) -> bool {
        self.changelog.as_ref().is_some_and(|log| log.needs_older_texts(reader))
    }

    /// Takes in more of its changelog.
    pub(in crate::jira) fn complete_changelog(&mut self, more: Entries<History>, completed: Completed) {
        if let Some(log) = &mut self.changelog {
            log.complete(more, completed);
        }
    }
}

/// The members of an object.
fn members(raw: &RawValue) -> Option<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(raw.get()).ok()
}

fn files(all: Entries<AttachmentBean>, key: &str, reader: Reader<'_>) -> Vec<Attachment> {
    all.into_readable(key, reader.mask).into_iter().map(|file| file.attachment(reader.dialect)).collect()
}

fn links(all: Entries<LinkBean>, key: &str, mask: &Mask) -> Vec<IssueLink> {
    let told = |lack: &Lack| tracing::warn!("a link of {key} can't be understood: {}", mask.tell(lack));
    all.into_readable(key, mask).into_iter().filter_map(|link| link.link().inspect_err(told).ok()).collect()
}

impl RawIssue {
    /// Where it stands, and whether that is of the category "done".
    pub(in crate::jira) fn status(&self) -> Result<(Status, bool), Lack> {
        let status = self.fields.get("status").ok_or("an issue came without its status")?;
        let status = StatusBean::deserialize(status).map_err(|e| format!("an issue's status can't be read: {e}"))?;
        Ok((status.status()?, status.is_done()))
    }
}

impl StatusBean {
    pub(super) fn of(id: &str, name: String) -> Self {
        Self { id: id.to_owned(), name, status_category: None }
    }

    pub(in crate::jira) fn status(&self) -> Result<Status, Lack> {
        Ok(Status { id: parse(&self.id)?, name: StatusName::new(&self.name) })
    }

    /// Whether its category is "done".
    pub(in crate::jira) fn is_done(&self) -> bool {
        let key = self.status_category.as_ref().and_then(|category| category.key.as_deref());
        key == Some("done")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jira::dialect::Dialect;

    #[test]
    fn status_changes_come_oldest_first_and_entries_without_ids_are_skipped() {
        let bean: IssueBean = serde_json::from_value(json!({
            "id": "1", "key": "AB-1",
            "fields": {"project": {"id": "10000", "key": "AB"}, "status": {"id": "3", "name": "Done"}, "created": "2024-01-01T00:00:00.000+0000",
                       "updated": "2024-01-01T00:00:09.000+0000"},
            "changelog": {"histories": [
                {"author": {"accountId": "a"}, "created": "2024-01-01T00:00:09.000+0000",
                 "items": [{"field": "status", "from": "2", "to": "3", "toString": "Done"}]},
                {"created": "2024-01-01T00:00:05.000+0000",
                 "items": [{"field": "status", "from": "1", "to": "2", "toString": "Doing"},
                           {"field": "labels", "from": null, "to": null, "toString": "x"}]}]}
        }))
        .unwrap();
        let issue =
            bean.issue(Reader { dialect: Dialect::Cloud, us: &"a".parse().unwrap(), mask: &Mask::default() }).unwrap();
        let seen: Vec<_> = issue.changes.iter().map(|c| (c.from.id.as_str(), c.to.name.as_str())).collect();
        assert_eq!(seen, [("1", "Doing"), ("2", "Done")]);
        assert_eq!(issue.first_status().as_str(), "1");
    }

    #[test]
    fn a_mark_is_found_in_either_shape_of_properties() {
        let value = json!({"devIssue": "10002", "intent": "i-1"});
        for properties in [json!({"lockstep": value}), json!({"properties": {"lockstep": value.to_string()}})] {
            let bean: IssueBean =
                serde_json::from_value(json!({"id": "1", "key": "AB-1", "properties": properties})).unwrap();
            assert!(bean.mark().is_some(), "{properties}");
        }
    }
}
