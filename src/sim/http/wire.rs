//! How the site writes things down as JSON.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::routes::Api;
use super::texts;
use crate::sim::issue::{Change, Comment, Issue, Item};
use crate::sim::setup::{Account, Flavour};
use crate::sim::stamp;
use crate::sim::state::{Home, State};
use crate::sim::workflow::{Status, Transition};

/// Writes for one reader, in the zone of that reader.
pub(super) struct Wire<'a> {
    pub state: &'a State,
    pub api: Api,
    pub flavour: Flavour,
    /// The account id of the reader; empty for a stranger.
    pub account: String,
    zone: Tz,
    root: &'static str,
}

/// Which parts of an issue are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub fields: Fields,
    pub expand: Vec<String>,
    pub properties: Vec<String>,
}

/// Which fields are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Fields {
    /// The id and nothing else, not even a `fields` object.
    #[default]
    IdOnly,
    /// Names, `*all`, `*navigable`, and exclusions such as `-comment`.
    Named(Vec<String>),
}

/// `expand=changelog` carries at most so many entries.
const MOST_EXPANDED_CHANGES: usize = 40;

const ALL_FIELDS: [&str; 14] = [
    "summary",
    "status",
    "description",
    "issuetype",
    "project",
    "created",
    "updated",
    "creator",
    "reporter",
    "labels",
    "priority",
    "assignee",
    "resolution",
    "resolutiondate",
];

/// The one field that `*navigable` leaves out.
const COMMENT: &str = "comment";

impl Fields {
    pub(super) fn of(names: &[&str]) -> Self {
        Self::Named(names.iter().map(|&name| name.into()).collect())
    }

    fn includes(&self, field: &str) -> bool {
        let Self::Named(names) = self else { return false };
        let named = |wanted: &str| names.iter().any(|name| name == wanted);
        // Exclusions alone exclude from what comes by default.
        let only_exclusions = names.iter().all(|name| name.starts_with('-'));
        let navigable = (named("*navigable") || only_exclusions) && field != COMMENT;
        (named(field) || named("*all") || navigable) && !named(&format!("-{field}"))
    }
}

impl Selection {
    pub(super) fn expands(&self, what: &str) -> bool {
        self.expand.iter().any(|it| it == what)
    }
}

impl<'a> Wire<'a> {
    pub(super) fn new(state: &'a State, call: &Call) -> Self {
        let zone = state.accounts.get(&call.account).map_or(Tz::UTC, |account| account.time_zone);
        Self { state, api: call.api, flavour: call.flavour, account: call.account.clone(), zone, root: call.root }
    }

    pub(super) fn time(&self, at: DateTime<Utc>) -> String {
        stamp::jira(at, self.zone)
    }

    /// The address of a resource in the API.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{}/{path}", self.state.setup.base_url, self.root)
    }

    pub(super) fn issue(&self, issue: &Issue, selection: &Selection) -> Value {
        if selection.fields == Fields::IdOnly && selection.expand.is_empty() && selection.properties.is_empty() {
            return json!({"id": issue.id.to_string()});
        }
        let mut written = Map::new();
        written.insert("id".into(), issue.id.to_string().into());
        if let Fields::Named(_) = selection.fields {
            written.insert("expand".into(), "renderedFields,names,schema,transitions,changelog".into());
            written.insert("key".into(), issue.key().into());
            written.insert("self".into(), self.url(&format!("issue/{}", issue.id)).into());
            written.insert("fields".into(), self.fields(issue, &selection.fields));
        }
        if !selection.properties.is_empty() {
            written.insert("properties".into(), properties(issue, &selection.properties));
        }
        if selection.expands("changelog") {
            written.insert("changelog".into(), self.expanded_changelog(issue));
        }
        if selection.expands("transitions") {
            written.insert("transitions".into(), self.transitions(issue, false, false).into());
        }
        written.into()
    }

    fn fields(&self, issue: &Issue, wanted: &Fields) -> Value {
        let custom = self.state.setup.custom_fields.iter().map(|field| field.id.as_str());
        let fields = ALL_FIELDS.into_iter().chain(custom).chain([COMMENT]).filter(|field| wanted.includes(field));
        fields.map(|field| (field.to_owned(), self.field(issue, field))).collect::<Map<_, _>>().into()
    }

    fn field(&self, issue: &Issue, field: &str) -> Value {
        match field {
            "summary" => issue.summary.clone().into(),
            "status" => self.status(self.state.status(issue)),
            "description" => issue.description.as_ref().map(|text| texts::write(self.api, text)).into(),
            "issuetype" => self.issue_type(&issue.kind),
            "project" => self.state.projects.get(&issue.project).map(|home| self.project(home)).into(),
            "created" => self.time(issue.created).into(),
            "updated" => self.time(issue.updated).into(),
            "creator" | "reporter" => self.user(&issue.creator),
            COMMENT => self.comment_page(issue),
            "resolutiondate" => issue.resolved.map(|at| self.time(at)).into(),
            other => self.value(issue, other),
        }
    }

    fn comment_page(&self, issue: &Issue) -> Value {
        let comments: Vec<Value> = issue.comments.iter().map(|it| self.comment(issue, it, false)).collect();
        let count = comments.len();
        let url = self.url(&format!("issue/{}/comment", issue.id));
        json!({"comments": comments, "self": url, "maxResults": count, "total": count, "startAt": 0})
    }

    pub(super) fn comment(&self, issue: &Issue, comment: &Comment, with_properties: bool) -> Value {
        let author = self.user(&comment.author);
        let mut written = json!({
            "self": self.url(&format!("issue/{}/comment/{}", issue.id, comment.id)),
            "id": comment.id.to_string(),
            "author": author,
            "updateAuthor": author,
            "body": texts::write(self.api, &comment.body),
            "created": self.time(comment.created),
            "updated": self.time(comment.created),
            "jsdPublic": true,
        });
        if with_properties {
            let entity = |(key, value): (&String, &Value)| json!({"key": key, "value": value});
            written["properties"] = comment.properties.iter().map(entity).collect();
        }
        written
    }

    /// Newest first, and not all of them.
    fn expanded_changelog(&self, issue: &Issue) -> Value {
        let newest = issue.history.iter().rev().take(MOST_EXPANDED_CHANGES);
        let histories: Vec<Value> = newest.map(|change| self.change(change)).collect();
        let shown = histories.len();
        json!({"startAt": 0, "maxResults": shown, "total": issue.history.len(), "histories": histories})
    }

    pub(super) fn change(&self, change: &Change) -> Value {
        json!({
            "id": change.id.to_string(),
            "author": self.user(&change.author),
            "created": self.time(change.at),
            "items": change.items.iter().map(item).collect::<Vec<_>>(),
        })
    }

    /// The transitions that the reader is offered; with those whose conditions it does not meet, if `all`.
    pub(super) fn transitions(&self, issue: &Issue, with_fields: bool, all: bool) -> Vec<Value> {
        let Some(home) = self.state.projects.get(&issue.project).filter(|_| self.may_move(issue)) else {
            return Vec::new();
        };
        let workflow = &home.project.workflow;
        let offered = workflow.offered(&issue.status.id).filter(|it| all || it.allows(&self.account));
        offered.filter_map(|it| Some(self.transition(it, workflow.status(&it.to)?, with_fields))).collect()
    }

    fn transition(&self, transition: &Transition, to: &Status, with_fields: bool) -> Value {
        let mut written = json!({
            "id": transition.id,
            "name": transition.name,
            "to": self.status(to),
            "hasScreen": transition.screen.is_some(),
            "isGlobal": transition.is_global(),
            "isInitial": false,
            "isAvailable": transition.allows(&self.account),
            "isConditional": transition.only_for.is_some(),
            "isLooped": false,
        });
        if with_fields {
            let screen = transition.screen.clone().unwrap_or_default();
            written["fields"] = self.screen(&screen, self.state.setup.under_reported_fields).into();
        }
        written
    }

    pub(super) fn status(&self, status: &Status) -> Value {
        let category = status.category;
        json!({
            "self": self.url(&format!("status/{}", status.id)),
            "description": "",
            "iconUrl": format!("{}/images/icons/statuses/generic.png", self.state.setup.base_url),
            "name": status.name,
            "id": status.id,
            "statusCategory": {
                "self": self.url(&format!("statuscategory/{}", category.id())),
                "id": category.id(),
                "key": category.key(),
                "colorName": category.color(),
                "name": category.name(),
            },
        })
    }

    pub(super) fn issue_type(&self, name: &str) -> Value {
        let id = self.state.type_id(name);
        let is_subtask = self.state.setup.subtask_types.iter().any(|it| it == name);
        json!({
            "self": self.url(&format!("issuetype/{id}")),
            "id": id,
            "description": "",
            "name": name,
            "subtask": is_subtask,
            "hierarchyLevel": if is_subtask { -1 } else { 0 },
        })
    }

    pub(super) fn project(&self, home: &Home) -> Value {
        json!({
            "self": self.url(&format!("project/{}", home.id)),
            "id": home.id.to_string(),
            "key": home.project.key,
            "name": home.project.name,
            "projectTypeKey": "software",
            "simplified": false,
        })
    }

    /// An account as others see it. On Cloud e-mail addresses and zones are usually hidden from them.
    pub(super) fn user(&self, account: &str) -> Value {
        let name = self.state.name_of(account);
        match self.flavour {
            Flavour::Cloud => json!({
                "self": self.url(&format!("user?accountId={account}")),
                "accountId": account,
                "displayName": name,
                "active": true,
                "accountType": "atlassian",
            }),
            Flavour::DataCenter => self.named_user(account, name),
        }
    }

    /// Data Center knows people by a name that may change and a key that may not.
    fn named_user(&self, account: &str, name: &str) -> Value {
        let known = self.state.accounts.get(account);
        let user_name = known.map_or(account, |known| &known.user_name);
        let mut written = json!({
            "self": self.url(&format!("user?username={user_name}")),
            "name": user_name,
            "key": account,
            "displayName": name,
            "active": true,
        });
        self.add_profile(&mut written, known);
        written
    }

    fn add_profile(&self, written: &mut Value, account: Option<&Account>) {
        if let Some(account) = account.filter(|account| !account.hides_profile) {
            written["emailAddress"] = account.email.clone().into();
            written["timeZone"] = account.time_zone.name().into();
        }
    }

    /// An account as it sees itself.
    pub(super) fn own_account(&self, account: &Account) -> Value {
        let mut written = self.user(&account.id);
        self.add_profile(&mut written, Some(account));
        written["locale"] = "en_US".into();
        written
    }
}

fn item(item: &Item) -> Value {
    json!({
        "field": item.field,
        "fieldtype": if item.custom.is_some() { "custom" } else { "jira" },
        "fieldId": item.custom.as_deref().unwrap_or(&item.field),
        "from": item.from,
        "fromString": item.from_text,
        "to": item.to,
        "toString": item.to_text,
    })
}

fn properties(issue: &Issue, wanted: &[String]) -> Value {
    let all = wanted.iter().any(|key| key == "*all");
    let chosen = issue.properties.iter().filter(|(key, _)| all || wanted.contains(key));
    chosen.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>().into()
}
