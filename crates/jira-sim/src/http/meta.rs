//! What can be set where: the screens, as programs read them.

use serde_json::{Map, Value, json};

use super::about::asked_for;
use super::answer::Answer;
use super::call::Call;
use super::wire::Wire;
use crate::fields::{Choice, Field, FieldKind, PRIORITIES, RESOLUTIONS, USUAL_PRIORITY};
use crate::flavour::Flavour;
use crate::issue::Issue;
use crate::permissions::Permission;
use crate::screen::{Screen, ScreenField};
use crate::state::State;
use crate::values::Term;

const LARGEST_PAGE: usize = 200;

pub(super) fn create_types(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let home = asked_for(state, call)?;
    let may = state.accounts.may(&call.account, &home.project.key, Permission::CreateIssues);
    let types = home.project.issue_types.iter().filter(|_| may);
    page(call, "issueTypes", types.map(|name| wire.issue_type(&home.project.key, name)).collect())
}

/// The create screen of an issue type.
pub(super) fn create_fields(state: &State, call: &Call) -> Result<Answer, Answer> {
    let wire = Wire::new(state, call);
    let home = asked_for(state, call)?;
    let wanted = call.param("issueTypeId");
    let kind = home.project.issue_types.iter().find(|name| state.projects.type_id(&home.project.key, name) == wanted);
    let kind = kind.ok_or_else(|| Answer::bad(&format!("Issue type with id '{wanted}' does not exist.")))?;
    let may = state.accounts.may(&call.account, &home.project.key, Permission::CreateIssues);
    let fixed = [
        wire.fixed_field("project", "Project", wire.project(home)),
        wire.fixed_field("issuetype", "Issue Type", wire.issue_type(&home.project.key, kind)),
    ];
    let screen = state.projects.create_screen(&home.project.key, Some(kind.as_str()));
    let all =
        fixed.into_iter().chain(wire.on_screen(&screen, &home.project.key).map(|(_, field)| field)).filter(|_| may);
    page(call, "fields", all.collect())
}

/// The edit screen; empty for callers that may not edit, and where the status forbids it.
pub(super) fn edit_fields(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let may =
        state.accounts.may(&call.account, &issue.project, Permission::EditIssues) && !state.projects.is_locked(issue);
    let screen = if may { state.projects.screens(&issue.project).edit } else { Screen::default() };
    Ok(Answer::ok(json!({"fields": Wire::new(state, call).screen(&screen, &issue.project, false)})))
}

/// Cloud names the list by what is in it; Data Center has the same page for everything.
fn page(call: &Call, cloud: &str, all: Vec<Value>) -> Result<Answer, Answer> {
    let start = call.number("startAt")?.unwrap_or(0);
    let most = call.number("maxResults")?.unwrap_or(50);
    if most > LARGEST_PAGE && call.flavour == Flavour::Cloud {
        return Err(Answer::bad(&format!("Parameter 'maxResults' must not exceed the limit '{LARGEST_PAGE}'")));
    }
    let most = most.min(LARGEST_PAGE);
    let total = all.len();
    let rows: Vec<Value> = all.into_iter().skip(start).take(most).collect();
    let is_last = start + rows.len() >= total;
    Ok(Answer::ok(match call.flavour {
        Flavour::Cloud => json!({"startAt": start, "maxResults": most, "total": total, cloud: rows}),
        Flavour::DataCenter => {
            json!({"startAt": start, "maxResults": most, "total": total, "isLast": is_last, "values": rows})
        }
    }))
}

impl Wire<'_> {
    /// The fields of a screen by id, for issues of this project; without those that are required, if the site under-reports.
    pub(super) fn screen(&self, screen: &Screen, project: &str, under_reported: bool) -> Map<String, Value> {
        let shown = self.on_screen(screen, project).filter(|(on, _)| !(under_reported && on.required));
        shown.map(|(on, field)| (on.id.clone(), self.keyed(field))).collect()
    }

    /// The fields of a screen that the site knows, in its order.
    fn on_screen<'s>(&'s self, screen: &'s Screen, project: &'s str) -> impl Iterator<Item = (&'s ScreenField, Value)> {
        screen.fields.iter().filter_map(|on| {
            let field = Field::find(&on.id, &self.state.setup.custom_fields)?;
            Some((on, self.settable(&field, project, on.required)))
        })
    }

    /// A field that stands under its id: there Cloud has no `fieldId`, and Data Center has.
    fn keyed(&self, mut field: Value) -> Value {
        if let (Flavour::Cloud, Some(members)) = (self.flavour, field.as_object_mut()) {
            members.remove("fieldId");
        }
        field
    }

    fn settable(&self, field: &Field, project: &str, required: bool) -> Value {
        let mut written = json!({
            "required": required,
            "schema": schema(field),
            "name": field.name(self.flavour),
            "fieldId": field.id(),
            "hasDefaultValue": matches!(field, Field::Priority),
            "operations": field.operations(),
        });
        self.mark_key(&mut written);
        if let Some(allowed) = self.allowed(field, project) {
            written["allowedValues"] = allowed;
        }
        if let Field::Priority = field {
            written["defaultValue"] = self.priority(&Term::new(USUAL_PRIORITY.0, USUAL_PRIORITY.1));
        }
        written
    }

    /// A field that a create request must name, and that has but one value by now.
    fn fixed_field(&self, id: &str, name: &str, value: Value) -> Value {
        let mut written = json!({
            "required": true,
            "schema": {"type": id, "system": id},
            "name": name,
            "fieldId": id,
            "hasDefaultValue": false,
            "operations": ["set"],
            "allowedValues": [value],
        });
        self.mark_key(&mut written);
        written
    }

    /// Data Center's fields have no `key` beside the `fieldId`.
    fn mark_key(&self, field: &mut Value) {
        if self.flavour == Flavour::Cloud {
            field["key"] = field["fieldId"].clone();
        }
    }

    fn allowed(&self, field: &Field, project: &str) -> Option<Value> {
        let versions = || self.state.projects.versions(project).iter().map(|version| self.version(version)).collect();
        match field {
            Field::AffectedVersions | Field::FixVersions => Some(versions()),
            Field::Priority => Some(PRIORITIES.iter().map(|(id, name)| self.priority(&Term::new(id, name))).collect()),
            Field::Resolution => {
                Some(RESOLUTIONS.iter().map(|(id, name)| self.resolution(&Term::new(id, name))).collect())
            }
            Field::Custom(custom) => match &custom.kind {
                FieldKind::Select(choices) | FieldKind::MultiSelect(choices) | FieldKind::Checkboxes(choices) => {
                    Some(self.options(choices))
                }
                FieldKind::Version | FieldKind::Versions => Some(versions()),
                FieldKind::Text | FieldKind::Paragraph | FieldKind::Labels => None,
                FieldKind::Number | FieldKind::Date | FieldKind::Flag => None,
            },
            Field::Summary | Field::Description | Field::Labels | Field::Assignee => None,
        }
    }

    fn options(&self, choices: &[Choice]) -> Value {
        choices.iter().map(|choice| self.option(&Term::from(choice))).collect()
    }

    /// Whether a transition of the issue would be shown to this reader at all.
    pub(super) fn may_move(&self, issue: &Issue) -> bool {
        self.state.accounts.may(&self.account, &issue.project, Permission::TransitionIssues)
    }
}

/// Jira's description of what a field holds.
pub(super) fn schema(field: &Field) -> Value {
    let (kind, items) = match field {
        Field::Summary | Field::Description => ("string", None),
        Field::Labels => ("array", Some("string")),
        Field::Priority => ("priority", None),
        Field::Assignee => ("user", None),
        Field::Resolution => ("resolution", None),
        Field::AffectedVersions | Field::FixVersions => ("array", Some("version")),
        Field::Custom(custom) => custom_kind(&custom.kind),
    };
    let mut schema = json!({"type": kind});
    if let Some(items) = items {
        schema["items"] = items.into();
    }
    if let Field::Custom(custom) = field {
        schema["custom"] = custom_type(&custom.kind).into();
        schema["customId"] = custom.number().into();
    } else {
        schema["system"] = field.id().into();
    }
    schema
}

fn custom_kind(kind: &FieldKind) -> (&'static str, Option<&'static str>) {
    match kind {
        FieldKind::Text | FieldKind::Paragraph => ("string", None),
        FieldKind::Number => ("number", None),
        FieldKind::Date => ("date", None),
        FieldKind::Select(_) => ("option", None),
        FieldKind::MultiSelect(_) | FieldKind::Checkboxes(_) => ("array", Some("option")),
        FieldKind::Flag => ("boolean", None),
        FieldKind::Labels => ("array", Some("string")),
        FieldKind::Version => ("version", None),
        FieldKind::Versions => ("array", Some("version")),
    }
}

/// The key of the type: the plug-in that brings it, and its name there.
fn custom_type(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
        FieldKind::Paragraph => "com.atlassian.jira.plugin.system.customfieldtypes:textarea",
        FieldKind::Number => "com.atlassian.jira.plugin.system.customfieldtypes:float",
        FieldKind::Date => "com.atlassian.jira.plugin.system.customfieldtypes:datepicker",
        FieldKind::Select(_) => "com.atlassian.jira.plugin.system.customfieldtypes:select",
        FieldKind::MultiSelect(_) => "com.atlassian.jira.plugin.system.customfieldtypes:multiselect",
        FieldKind::Checkboxes(_) => "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes",
        FieldKind::Labels => "com.atlassian.jira.plugin.system.customfieldtypes:labels",
        FieldKind::Version => "com.atlassian.jira.plugin.system.customfieldtypes:version",
        FieldKind::Versions => "com.atlassian.jira.plugin.system.customfieldtypes:multiversion",
        FieldKind::Flag => "net.example.jira.fields:flag",
    }
}
