//! Jira's JSON, seen only here. Field names are Jira's own; what we do not read is not named.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::markup;
use crate::flow::{Issue, IssueKey, IssueRef, JiraTime, Mark, Row, SiteUrl, Status, StatusChange, StatusName};

/// The issue property that carries our mark.
pub(super) const PROPERTY: &str = "lockstep";

/// `GET serverInfo`. Only `deploymentType` can be relied on to be there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerInfo {
    pub base_url: Option<String>,
    pub deployment_type: Option<String>,
    #[serde(default, deserialize_with = "optional_time")]
    pub server_time: Option<JiraTime>,
}

/// `GET myself`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Myself {
    pub account_id: Option<String>,
}

/// `POST search/jql`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchPage {
    pub issues: Vec<IssueBean>,
    pub next_page_token: Option<String>,
}

/// `POST issue/bulkfetch`. What is missing or hidden is left out in silence.
#[derive(Deserialize)]
pub(super) struct Fetched {
    pub issues: Vec<IssueBean>,
}

/// An issue, with whatever fields were asked for.
#[derive(Deserialize)]
pub(super) struct IssueBean {
    id: String,
    key: String,
    fields: Option<Fields>,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
    changelog: Option<Changelog>,
    #[serde(default)]
    transitions: Vec<TransitionBean>,
}

#[derive(Deserialize)]
struct Fields {
    summary: Option<String>,
    description: Option<Value>,
    status: Option<StatusBean>,
    #[serde(default, deserialize_with = "optional_time")]
    created: Option<JiraTime>,
    #[serde(default, deserialize_with = "optional_time")]
    updated: Option<JiraTime>,
    issuetype: Option<Named>,
}

/// A status, wherever it stands.
#[derive(Deserialize)]
pub(super) struct StatusBean {
    id: String,
    name: String,
}

/// Something with a name.
#[derive(Deserialize)]
pub(super) struct Named {
    pub name: String,
}

/// A transition that is offered.
#[derive(Deserialize)]
pub(super) struct TransitionBean {
    pub id: String,
    pub name: String,
    pub to: StatusBean,
}

#[derive(Deserialize)]
struct Changelog {
    histories: Vec<History>,
}

#[derive(Deserialize)]
struct History {
    author: Option<Author>,
    #[serde(deserialize_with = "time")]
    created: JiraTime,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Author {
    account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    field: String,
    from: Option<String>,
    to: Option<String>,
    to_string: Option<String>,
}

/// `POST issue`.
#[derive(Deserialize)]
pub(super) struct Created {
    id: String,
    key: String,
}

/// `GET issue/createmeta/{project}/issuetypes`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssueTypes {
    pub issue_types: Vec<IssueType>,
}

/// A type that issues of a project may have.
#[derive(Deserialize)]
pub(super) struct IssueType {
    pub name: String,
    #[serde(default)]
    pub subtask: bool,
}

/// `GET issue/{id}/comment`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comments {
    pub comments: Vec<CommentBean>,
    pub start_at: u64,
    pub total: u64,
}

/// A comment with its properties.
#[derive(Deserialize)]
pub(super) struct CommentBean {
    #[serde(default)]
    pub properties: Vec<Property>,
}

/// A property of an issue or comment.
#[derive(Deserialize)]
pub(super) struct Property {
    pub key: String,
    pub value: Value,
}

/// Our mark, as it is stored in Jira.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MarkBean {
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_issue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dev_issue: Option<String>,
    intent: String,
}

/// What an answer lacked.
pub(super) type Lack = String;

impl IssueBean {
    pub(super) fn row(self) -> Result<Row, Lack> {
        let fields = self.fields.as_ref().ok_or_else(|| lack(&self.key, "fields"))?;
        Ok(Row {
            at: issue_ref(&self.id, &self.key)?,
            status: parse(&fields.status.as_ref().ok_or_else(|| lack(&self.key, "status"))?.id)?,
            created: fields.created.ok_or_else(|| lack(&self.key, "created"))?,
            updated: fields.updated.ok_or_else(|| lack(&self.key, "updated"))?,
            mark: self.properties.get(PROPERTY).and_then(mark),
        })
    }

    pub(super) fn issue(self) -> Result<Issue, Lack> {
        let key = self.key;
        let fields = self.fields.ok_or_else(|| lack(&key, "fields"))?;
        Ok(Issue {
            at: issue_ref(&self.id, &key)?,
            summary: fields.summary.unwrap_or_default(),
            description: fields.description.and_then(markup::from_wire),
            issue_type: fields.issuetype.map(|kind| kind.name).unwrap_or_default(),
            status: fields.status.ok_or_else(|| lack(&key, "status"))?.status()?,
            created: fields.created.ok_or_else(|| lack(&key, "created"))?,
            updated: fields.updated.ok_or_else(|| lack(&key, "updated"))?,
            mark: self.properties.get(PROPERTY).and_then(mark),
            changes: self.changelog.map(Changelog::status_changes).transpose()?.unwrap_or_default(),
        })
    }

    pub(super) fn standing(self) -> Result<(Status, Vec<TransitionBean>), Lack> {
        let status = self.fields.and_then(|fields| fields.status).ok_or_else(|| lack(&self.key, "status"))?;
        Ok((status.status()?, self.transitions))
    }
}

impl StatusBean {
    pub(super) fn status(self) -> Result<Status, Lack> {
        Ok(Status { id: parse(&self.id)?, name: StatusName::new(&self.name) })
    }
}

impl Changelog {
    /// Jira answers the newest first, and says nothing of entries of the same instant: so turn it, then sort stably.
    fn status_changes(self) -> Result<Vec<StatusChange>, Lack> {
        let mut changes = Vec::new();
        for history in self.histories.into_iter().rev() {
            for item in &history.items {
                changes.extend(history.status_change(item)?);
            }
        }
        changes.sort_by_key(|change| change.at);
        Ok(changes)
    }
}

impl History {
    /// `from` and `to` can be null, whatever the document says; such an entry tells nothing.
    fn status_change(&self, item: &Item) -> Result<Option<StatusChange>, Lack> {
        let (Some(from), Some(to)) = (&item.from, &item.to) else { return Ok(None) };
        if item.field != "status" {
            return Ok(None);
        }
        let author = self.author.as_ref().and_then(|author| author.account_id.as_deref()).filter(|id| !id.is_empty());
        Ok(Some(StatusChange {
            at: self.created,
            by: author.map(parse).transpose()?,
            from: parse(from)?,
            to: Status { id: parse(to)?, name: StatusName::new(item.to_string.as_deref().unwrap_or_default()) },
        }))
    }
}

impl Created {
    pub(super) fn issue(&self) -> Result<IssueRef, Lack> {
        issue_ref(&self.id, &self.key)
    }
}

/// A mark as Jira is to keep it.
pub(super) fn mark_value(mark: &Mark) -> Value {
    let bean = match mark {
        Mark::Created { site, user_issue, intent } => MarkBean {
            site: Some(site.to_string()),
            user_issue: Some(user_issue.to_string()),
            dev_issue: None,
            intent: intent.to_string(),
        },
        Mark::Linked { dev_issue, intent } => MarkBean {
            site: None,
            user_issue: None,
            dev_issue: Some(dev_issue.to_string()),
            intent: intent.to_string(),
        },
    };
    json!(bean)
}

/// A mark that Jira kept; `None` for what is not ours or not whole.
pub(super) fn mark(value: &Value) -> Option<Mark> {
    let bean: MarkBean = serde_json::from_value(value.clone()).ok()?;
    let intent = bean.intent.parse().ok()?;
    match (bean.site, bean.user_issue, bean.dev_issue) {
        (Some(site), Some(user), None) => {
            Some(Mark::Created { site: site.parse::<SiteUrl>().ok()?, user_issue: user.parse().ok()?, intent })
        }
        (None, None, Some(dev)) => Some(Mark::Linked { dev_issue: dev.parse().ok()?, intent }),
        _ => None,
    }
}

/// Jira's times have an offset without a colon: `2024-11-29T10:44:51.887-0800`.
pub(super) fn parse_time(text: &str) -> Option<JiraTime> {
    const JIRA: &str = "%Y-%m-%dT%H:%M:%S%.f%z";
    DateTime::parse_from_str(text, JIRA).ok().map(|at| JiraTime::new(at.to_utc())).or_else(|| text.parse().ok())
}

/// The `Date` header.
pub(super) fn parse_date(text: &str) -> Option<JiraTime> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| JiraTime::new(at.to_utc()))
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<JiraTime, D::Error> {
    let text = String::deserialize(from)?;
    parse_time(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no time")))
}

fn optional_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<JiraTime>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    parse_time(&text).map(Some).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no time")))
}

fn issue_ref(id: &str, key: &str) -> Result<IssueRef, Lack> {
    Ok(IssueRef { id: parse(id)?, key: parse::<IssueKey>(key)? })
}

fn parse<T: std::str::FromStr<Err = crate::flow::NotA>>(text: &str) -> Result<T, Lack> {
    text.parse().map_err(|not: crate::flow::NotA| not.to_string())
}

fn lack(key: &str, field: &str) -> Lack {
    format!("{key} came without {field}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jiras_times_are_read_with_their_offset() {
        let cases = [
            ("2024-11-29T10:44:51.887-0800", "2024-11-29T18:44:51.887Z"),
            ("2024-11-29T10:44:51.887+0000", "2024-11-29T10:44:51.887Z"),
            ("2024-11-29T10:44:51Z", "2024-11-29T10:44:51.000Z"),
        ];
        for (jira, utc) in cases {
            assert_eq!(parse_time(jira).unwrap().to_string(), utc);
        }
        assert_eq!(parse_date("Tue, 15 Nov 1994 08:12:31 GMT").unwrap().to_string(), "1994-11-15T08:12:31.000Z");
    }

    #[test]
    fn marks_survive_being_kept_by_jira_and_foreign_properties_are_no_marks() {
        let created = Mark::Created {
            site: "https://a.example.net".parse().unwrap(),
            user_issue: "10001".parse().unwrap(),
            intent: "i-1".parse().unwrap(),
        };
        let linked = Mark::Linked { dev_issue: "10002".parse().unwrap(), intent: "i-1".parse().unwrap() };
        for ours in [created, linked] {
            assert_eq!(mark(&mark_value(&ours)), Some(ours));
        }
        for foreign in [json!(null), json!({"intent": "x"}), json!({"site": "s", "devIssue": "1", "intent": "x"})] {
            assert_eq!(mark(&foreign), None);
        }
    }

    #[test]
    fn status_changes_come_oldest_first_and_entries_without_ids_are_skipped() {
        let bean: IssueBean = serde_json::from_value(json!({
            "id": "1", "key": "AB-1",
            "fields": {"status": {"id": "3", "name": "Done"}, "created": "2024-01-01T00:00:00.000+0000",
                       "updated": "2024-01-01T00:00:09.000+0000"},
            "changelog": {"histories": [
                {"author": {"accountId": "a"}, "created": "2024-01-01T00:00:09.000+0000",
                 "items": [{"field": "status", "from": "2", "to": "3", "toString": "Done"}]},
                {"created": "2024-01-01T00:00:05.000+0000",
                 "items": [{"field": "status", "from": "1", "to": "2", "toString": "Doing"},
                           {"field": "labels", "from": null, "to": null, "toString": "x"}]}]}
        }))
        .unwrap();
        let issue = bean.issue().unwrap();
        let seen: Vec<_> = issue.changes.iter().map(|c| (c.from.as_str(), c.to.name.as_str())).collect();
        assert_eq!(seen, [("1", "Doing"), ("2", "Done")]);
        assert_eq!(issue.first_status().as_str(), "1");
    }
}
