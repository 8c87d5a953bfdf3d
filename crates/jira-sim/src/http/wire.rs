//! How the site writes things down as JSON.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::endpoint::Api;
use super::texts;
use crate::accounts::Account;
use crate::flavour::Flavour;
use crate::issue::{Change, Issue, Item};
use crate::projects::Home;
use crate::stamp;
use crate::state::State;
use crate::workflow::{Status, Transition};

mod hanging;

pub(super) use hanging::identifier;

/// Writes JSON for one account, in its time zone.
pub(super) struct Wire<'a> {
    pub state: &'a State,
    pub api: Api,
    pub flavour: Flavour,
    /// The account id of the reader; empty for a stranger.
    pub account: String,
    zone: Tz,
    reader: Option<&'a Account>,
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

/// On Cloud `expand=changelog` carries at most so many entries.
const MOST_EXPANDED_CHANGES: usize = 40;

const ALL_FIELDS: [&str; 17] = [
    "summary",
    "status",
    "description",
    "issuetype",
    "project",
    "created",
    "updated",
    "creator",
    "reporter",
    "issuelinks",
    "labels",
    "priority",
    "assignee",
    "resolution",
    "resolutiondate",
    "versions",
    "fixVersions",
];

/// The fields that `*navigable` leaves out.
const NOT_NAVIGABLE: [&str; 2] = ["comment", "attachment"];

impl Fields {
    pub(super) fn of(names: &[&str]) -> Self {
        Self::Named(names.iter().map(|&name| name.into()).collect())
    }

    fn includes(&self, field: &str) -> bool {
        let Self::Named(names) = self else { return false };
        let named = |wanted: &str| names.iter().any(|name| name == wanted);
        // Exclusions alone exclude from what comes by default.
        let only_exclusions = names.iter().all(|name| name.starts_with('-'));
        let navigable = (named("*navigable") || only_exclusions) && !NOT_NAVIGABLE.contains(&field);
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
        let reader = state.accounts.get(&call.account);
        let (zone, account) = (reader.map_or(Tz::UTC, |account| account.time_zone), call.account.clone());
        Self { state, api: call.api, flavour: call.flavour, account, zone, reader, root: call.root }
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
        let fields = ALL_FIELDS.into_iter().chain(custom).chain(NOT_NAVIGABLE).filter(|field| wanted.includes(field));
        fields.map(|field| (field.to_owned(), self.field(issue, field))).collect::<Map<_, _>>().into()
    }

    fn field(&self, issue: &Issue, field: &str) -> Value {
        match field {
            "summary" => issue.summary.clone().into(),
            "status" => self.status(self.state.projects.status(issue)),
            "description" => issue.description.as_ref().map(|text| texts::write(self.api, text)).into(),
            "issuetype" => self.issue_type(&issue.project, &issue.kind),
            "project" => self.state.projects.get(&issue.project).map(|home| self.project(home)).into(),
            "created" => self.time(issue.created).into(),
            "updated" => self.time(issue.updated).into(),
            "creator" | "reporter" => self.user(&issue.creator),
            "comment" => self.comment_page(issue),
            "attachment" => issue.attachments.iter().map(|it| self.attachment(it)).collect(),
            "issuelinks" => self.links(issue),
            "resolutiondate" => issue.resolved.map(|at| self.time(at)).into(),
            other => self.value(issue, other),
        }
    }

    /// On Cloud newest first, and not all of them; on Data Center all, oldest first.
    fn expanded_changelog(&self, issue: &Issue) -> Value {
        let change = |change: &Arc<Change>| self.change(change);
        let histories: Vec<Value> = match self.flavour {
            Flavour::Cloud => issue.history.iter().rev().take(MOST_EXPANDED_CHANGES).map(change).collect(),
            Flavour::DataCenter => issue.history.iter().map(change).collect(),
        };
        let shown = histories.len();
        json!({"startAt": 0, "maxResults": shown, "total": issue.history.len(), "histories": histories})
    }

    pub(super) fn change(&self, change: &Change) -> Value {
        json!({
            "id": change.id.to_string(),
            "author": self.user(&change.author),
            "created": self.time(change.at),
            "items": change.items.iter().map(|it| self.item(it)).collect::<Vec<_>>(),
        })
    }

    fn item(&self, item: &Item) -> Value {
        let written = json!({
            "field": item.field,
            "fieldtype": if item.custom.is_some() { "custom" } else { "jira" },
            "fieldId": item.field_id(),
            "from": item.from,
            "fromString": self.item_text(item, &item.from, &item.from_text),
            "to": item.to,
            "toString": self.item_text(item, &item.to, &item.to_text),
        });
        self.without_clouds(&["fieldId"], written)
    }

    /// Statuses are named in the language of the site.
    fn item_text<'t>(&'t self, item: &Item, id: &Option<String>, text: &'t Option<String>) -> Option<&'t String> {
        let names = &self.state.setup.status_names_of_site;
        let of_site = id.as_ref().filter(|_| item.field == "status").and_then(|id| names.get(id));
        of_site.or(text.as_ref())
    }

    /// On Data Center, without the members that only Cloud has.
    fn without_clouds(&self, members: &[&str], mut written: Value) -> Value {
        if let (Flavour::DataCenter, Some(all)) = (self.flavour, written.as_object_mut()) {
            members.iter().for_each(|member| drop(all.remove(*member)));
        }
        written
    }

    /// The transitions that the reader is offered; with those whose conditions it does not meet, if `all`.
    pub(super) fn transitions(&self, issue: &Issue, with_fields: bool, all: bool) -> Vec<Value> {
        let Some(home) = self.state.projects.get(&issue.project).filter(|_| self.may_move(issue)) else {
            return Vec::new();
        };
        let workflow = &home.project.workflow;
        let offered = workflow.offered(&issue.status.id).filter(|it| all || it.allows(&self.account));
        offered
            .filter_map(|it| Some(self.transition(it, workflow.status(&it.to)?, with_fields.then_some(&issue.project))))
            .collect()
    }

    /// With the fields of its screen if a project is named.
    fn transition(&self, transition: &Transition, to: &Status, project: Option<&String>) -> Value {
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
        if let (true, Some(members)) = (transition.hides_target, written.as_object_mut()) {
            members.remove("to");
        }
        if let Some(project) = project {
            let screen = transition.screen.clone().unwrap_or_default();
            written["fields"] = self.screen(&screen, project, self.state.setup.under_reported_fields).into();
        }
        let only_cloud = ["hasScreen", "isGlobal", "isInitial", "isAvailable", "isConditional", "isLooped"];
        self.without_clouds(&only_cloud, written)
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

    pub(super) fn issue_type(&self, project: &str, name: &str) -> Value {
        let id = self.state.projects.type_id(project, name);
        let is_subtask = self.state.setup.subtask_types.iter().any(|it| it == name);
        let written = json!({
            "self": self.url(&format!("issuetype/{id}")),
            "id": id,
            "description": "",
            "name": name,
            "subtask": is_subtask,
            "hierarchyLevel": if is_subtask { -1 } else { 0 },
        });
        self.without_clouds(&["hierarchyLevel"], written)
    }

    /// Without what it is for and where it stands among the others, as the statuses of a project are told.
    pub(super) fn issue_type_in_brief(&self, project: &str, name: &str) -> Value {
        let full = self.issue_type(project, name);
        ["self", "id", "name", "subtask"].map(|member| (member, full[member].clone())).into_iter().collect()
    }

    pub(super) fn project(&self, home: &Home) -> Value {
        let written = json!({
            "self": self.url(&format!("project/{}", home.id)),
            "id": home.id.to_string(),
            "key": home.project.key,
            "name": home.project.name,
            "projectTypeKey": "software",
            "simplified": false,
        });
        self.without_clouds(&["simplified"], written)
    }

    /// An account as others see it. On Cloud e-mail addresses and zones are usually hidden from them.
    pub(super) fn user(&self, account: &str) -> Value {
        let name = self.state.accounts.name_of(account);
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

fn properties(issue: &Issue, wanted: &[String]) -> Value {
    let all = wanted.iter().any(|key| key == "*all");
    let chosen = issue.properties.iter().filter(|(key, _)| all || wanted.contains(key));
    chosen.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>().into()
}
