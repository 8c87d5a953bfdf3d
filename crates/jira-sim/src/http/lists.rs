//! What the site has in common for all projects, and what the caller may do.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::meta;
use super::wire::Wire;
use crate::fields::{Field, PRIORITIES, RESOLUTIONS};
use crate::flavour::Flavour;
use crate::permissions::Permission;
use crate::projects::Home;
use crate::state::State;
use crate::values::Term;

pub(super) fn fields(state: &State, call: &Call) -> Result<Answer, Answer> {
    let custom = state.setup.custom_fields.iter().map(Field::Custom);
    let settable = Field::SYSTEM.into_iter().chain(custom).map(|field| listed(&field, call.flavour));
    let fixed = UNSETTABLE.iter().map(|(id, name, kind, items)| {
        let schema = match (*kind, *items) {
            ("", _) => None,
            (kind, "") => Some(json!({"type": kind, "system": id})),
            (kind, items) => Some(json!({"type": kind, "items": items, "system": id})),
        };
        entry(id, name, false, false, schema)
    });
    let mut all: Vec<Value> = fixed.chain(settable).collect();
    if call.flavour == Flavour::DataCenter {
        all.iter_mut().filter_map(Value::as_object_mut).for_each(|field| drop(field.remove("key")));
    }
    Ok(Answer::ok(all.into()))
}

/// Id, name, type and type of the items of the fields that requests can't simply set; empty where there is none.
const UNSETTABLE: [(&str, &str, &str, &str); 12] = [
    ("issuekey", "Key", "", ""),
    ("project", "Project", "project", ""),
    ("issuetype", "Issue Type", "issuetype", ""),
    ("status", "Status", "status", ""),
    ("creator", "Creator", "user", ""),
    ("reporter", "Reporter", "user", ""),
    ("created", "Created", "datetime", ""),
    ("updated", "Updated", "datetime", ""),
    ("resolutiondate", "Resolved", "datetime", ""),
    ("attachment", "Attachment", "array", "attachment"),
    ("issuelinks", "Linked Issues", "array", "issuelinks"),
    ("comment", "Comment", "comments-page", ""),
];

fn listed(field: &Field, flavour: Flavour) -> Value {
    let custom = matches!(field, Field::Custom(_));
    entry(field.id(), field.name(flavour), true, custom, Some(meta::schema(field)))
}

fn entry(id: &str, name: &str, orderable: bool, custom: bool, schema: Option<Value>) -> Value {
    let mut written = json!({
        "id": id, "key": id, "name": name, "custom": custom, "orderable": orderable, "navigable": id != "comment",
        "searchable": true, "clauseNames": clauses(id, name),
    });
    if let Some(schema) = schema {
        written["schema"] = schema;
    }
    written
}

/// How queries name the field.
fn clauses(id: &str, name: &str) -> Vec<String> {
    let number = id.strip_prefix("customfield_").map(|number| format!("cf[{number}]"));
    match (number, id) {
        (Some(number), _) => vec![number, name.into()],
        (None, "versions") => vec!["affectedVersion".into()],
        (None, "fixVersions") => vec!["fixVersion".into()],
        (None, id) => vec![id.into()],
    }
}

/// The projects that the caller may browse: none without an account.
fn seen<'a>(state: &'a State, call: &'a Call) -> impl Iterator<Item = &'a Home> {
    let may = |home: &&Home| state.accounts.may(&call.account, &home.project.key, Permission::BrowseProjects);
    state.projects.all().filter(|_| !call.account.is_empty()).filter(may)
}

pub(super) fn projects(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    Ok(Answer::ok(seen(state, call).map(|home| wire.project(home)).collect()))
}

/// The same page by page, of Cloud only.
pub(super) fn project_page(state: &State, call: &Call) -> Result<Answer, Answer> {
    const LARGEST_PAGE: usize = 100;
    let wire = Wire::new(state, call);
    let start = call.number("startAt")?.unwrap_or(0);
    let most = call.number("maxResults")?.unwrap_or(50).min(LARGEST_PAGE);
    let (words, keys) = (call.query("query").unwrap_or_default().to_lowercase(), call.list("keys"));
    let fits = |home: &&Home| {
        let project = &home.project;
        let named = [&project.key, &project.name].into_iter().any(|name| name.to_lowercase().contains(&words));
        named && keys.as_ref().is_none_or(|keys| keys.contains(&project.key))
    };
    let all: Vec<_> = seen(state, call).filter(fits).collect();
    let values: Vec<Value> = all.iter().skip(start).take(most).map(|home| wire.project(home)).collect();
    let is_last = start + values.len() >= all.len();
    Ok(Answer::ok(json!({
        "startAt": start, "maxResults": most, "total": all.len(), "isLast": is_last, "values": values,
    })))
}

/// The types of all these projects, each once.
pub(super) fn issue_types(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let of_home = |home: &Home| {
        let project = &home.project;
        let types = project.issue_types.iter();
        types
            .map(|name| ((name.clone(), state.projects.type_id(&project.key, name)), project.key.clone()))
            .collect::<Vec<_>>()
    };
    let types: BTreeMap<_, _> = seen(state, call).flat_map(of_home).collect();
    Ok(Answer::ok(types.into_iter().map(|((name, _), project)| wire.issue_type(&project, &name)).collect()))
}

pub(super) fn priorities(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    Ok(Answer::ok(PRIORITIES.iter().map(|(id, name)| wire.priority(&Term::new(id, name))).collect()))
}

pub(super) fn resolutions(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    Ok(Answer::ok(RESOLUTIONS.iter().map(|(id, name)| wire.resolution(&Term::new(id, name))).collect()))
}

/// The statuses of all projects that the caller may browse.
pub(super) fn statuses(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let seen = |id: &&str| {
        let mut homes = state.projects.all().filter(|home| home.project.workflow.status(id).is_some());
        homes.any(|home| state.accounts.may(&call.account, &home.project.key, Permission::BrowseProjects))
    };
    let statuses = state.projects.statuses();
    Ok(Answer::ok(statuses.iter().filter(|(id, _)| seen(id)).map(|(_, status)| wire.status(status)).collect()))
}

/// What the caller may do in a project, with an issue, or, if neither is named, anywhere at all.
pub(super) fn my_permissions(state: &State, call: &Call) -> Result<Answer, Answer> {
    let asked = asked_permissions(call)?;
    let projects = asked_projects(state, call)?;
    let held = |permission| projects.iter().any(|project| state.accounts.may(&call.account, project, permission));
    let entry = |permission: Permission| {
        let kind = if permission.is_global() { "GLOBAL" } else { "PROJECT" };
        let written = json!({
            "id": permission.id(), "key": permission.key(), "name": permission.name(), "type": kind,
            "description": "", "havePermission": held(permission),
        });
        (permission.key().to_owned(), written)
    };
    Ok(Answer::ok(json!({"permissions": asked.into_iter().map(entry).collect::<Map<_, _>>()})))
}

/// Cloud wants to be told which; Data Center knows no such parameter and tells all.
fn asked_permissions(call: &Call) -> Result<Vec<Permission>, Answer> {
    if call.flavour == Flavour::DataCenter {
        return Ok(Permission::ALL.into());
    }
    let keys = call.list("permissions").filter(|keys| !keys.is_empty());
    let keys = keys.ok_or_else(|| Answer::bad("The 'permissions' query parameter is required."))?;
    let known =
        |key: &String| Permission::of_key(key).ok_or_else(|| Answer::bad(&format!("Unrecognized permission: {key}")));
    keys.iter().map(known).collect()
}

/// The keys of the projects that the question is about. Ids win over keys, and an issue over its project.
fn asked_projects(state: &State, call: &Call) -> Result<Vec<String>, Answer> {
    if let Some(wanted) = call.query("issueId").or(call.query("issueKey")) {
        let issue = state.find_for(&call.account, wanted).ok_or_else(Answer::no_issue)?;
        return Ok(vec![issue.project.clone()]);
    }
    let Some(wanted) = call.query("projectId").or(call.query("projectKey")) else {
        return Ok(state.projects.all().map(|home| home.project.key.clone()).collect());
    };
    let known = state.projects.find(wanted).map(|home| home.project.key.clone());
    let seen = known.filter(|key| state.accounts.may(&call.account, key, Permission::BrowseProjects));
    seen.map(|key| vec![key]).ok_or_else(|| super::about::no_project(call, wanted))
}
