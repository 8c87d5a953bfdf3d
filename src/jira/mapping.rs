//! Values of fields on their way from one issue to a new one (`fieldMap`).
//!
//! What a new issue takes is said by its create screen (`screen`); a value that can be said in its terms is (`value`).
//! Ids stay behind: those of options, versions and components belong to one project, their names are what people mean.

mod screen;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::field::{FieldValue, Fields};
use super::{Client, Error, Fault};
use crate::flow::{Body, FieldCopy, FieldName, IssueId, IssueType, ProjectId};
use screen::Taken;
use value::{Converted, convert};

/// What a new issue gets of another one's fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapped {
    /// By id, in values that its create screen takes.
    pub fields: Fields,
    /// What it does not get although the source has it, as a whole or in part: the new issue's field, and why, in words.
    pub left_out: Vec<(FieldName, String)>,
    /// The ids of all fields of its create screen that `fieldMap` names: another source may have values for them.
    pub targets: BTreeSet<String>,
}

impl Client {
    /// The values of `source` that `copies` name, as a new issue of `project` and type `issue_type` takes them. Options,
    /// versions, components and the like cross by name, people as the accounts that they are, rich texts as with
    /// [`Client::carried`]. What can't be taken is left out with the reason; what is empty is left out in silence.
    ///
    /// One request for the values; the names of fields, and what the create screen takes, cost requests only the first
    /// time, and again after Jira refused a create. Even so Jira may refuse a value, such as somebody who can't be
    /// assigned there; a 400 had no effect, so that the same create can be tried without `fields`. Needs *Browse
    /// projects* and *Create issues*.
    ///
    /// # Errors
    /// When Jira does not answer well; never for the sake of a field.
    pub async fn mapped(
        &self,
        copies: &[FieldCopy],
        source: &IssueId,
        project: &ProjectId,
        issue_type: &IssueType,
    ) -> Result<Mapped, Error> {
        if copies.is_empty() {
            return Ok(Mapped::default());
        }
        let values = self.values_of(copies, source).await?;
        let screen = self.create_screen(copies, project, issue_type).await?;
        let mut mapped = Mapped::default();
        for (copy, value) in copies.iter().zip(values) {
            let Some(taken) = screen.get(&copy.to) else {
                let kind = &issue_type.name;
                let why = format!("the screen on which a {kind} is created there does not have it");
                mapped.leave_out_unless_empty(copy, value, why);
                continue;
            };
            mapped.targets.insert(taken.id.clone());
            match value {
                Found::Value(value) => mapped.take(copy, taken, convert(&value, taken, self)),
                Found::Nothing => {}
                Found::NoField => mapped.leave_out(copy, format!("there is no field {} to copy", copy.from)),
            }
        }
        Ok(mapped)
    }

    /// What the source has in each of the fields that `copies` name.
    async fn values_of(&self, copies: &[FieldCopy], source: &IssueId) -> Result<Vec<Found>, Error> {
        let names: Vec<_> = copies.iter().map(|copy| &copy.from).collect();
        let meant = self.fields_named(&names).await?;
        let ids: Vec<_> = meant.iter().flatten().map(String::as_str).collect();
        let values = if ids.is_empty() { None } else { self.fields_of(source, &ids).await? };
        let values = values.unwrap_or_default();
        Ok(meant.iter().map(|ids| Found::of(ids, &values)).collect())
    }

    /// What the create screen takes for each of the fields that `copies` name; those that it lacks are absent.
    async fn create_screen(
        &self,
        copies: &[FieldCopy],
        project: &ProjectId,
        kind: &IssueType,
    ) -> Result<Arc<Screen>, Error> {
        let of = Place {
            project: project.clone(),
            issue_type: kind.id.clone(),
            fields: copies.iter().map(|copy| copy.to.as_str().to_lowercase()).collect(),
        };
        if let Some(known) = self.create_screens.of(&of) {
            return Ok(known);
        }
        let screen = match self.read_create_screen(copies, project, kind).await {
            // The create itself will tell what is wrong, if it is.
            Err(error) if matches!(error.what, Fault::Missing(_) | Fault::Invalid(_)) => return Ok(Arc::default()),
            read => Arc::new(read?),
        };
        self.create_screens.learn(of, Arc::clone(&screen));
        Ok(screen)
    }

    async fn read_create_screen(
        &self,
        copies: &[FieldCopy],
        project: &ProjectId,
        kind: &IssueType,
    ) -> Result<Screen, Error> {
        let beans = self.create_field_beans(project, kind).await?;
        let taken = |copy: &FieldCopy| Some((copy.to.clone(), Taken::named(&copy.to, &beans)?));
        Ok(Screen(copies.iter().filter_map(taken).collect()))
    }

    /// A rich text as it arrives here.
    fn rich(&self, body: &Body) -> FieldValue {
        let carried = self.carried(body).body;
        FieldValue::from_jira(jira_markup::to_json(&jira_markup::shortened(&carried, self.text_limit())))
    }
}

/// What the source has in a field.
enum Found {
    Value(FieldValue),
    Nothing,
    NoField,
}

impl Found {
    /// Of several fields of one name that which the issue can have, and best that which says something.
    fn of(ids: &[String], values: &Fields) -> Self {
        if ids.is_empty() {
            return Self::NoField;
        }
        let value = ids.iter().filter_map(|id| values.get(id)).find(|value| !value.is_empty());
        value.map_or(Self::Nothing, |value| Self::Value(value.clone()))
    }
}

impl Mapped {
    fn take(&mut self, copy: &FieldCopy, taken: &Taken, converted: Converted) {
        let Converted { value, lost } = converted;
        self.fields.extend(value.map(|value| (taken.id.clone(), value)));
        if let Some(why) = lost {
            self.leave_out(copy, why);
        }
    }

    fn leave_out_unless_empty(&mut self, copy: &FieldCopy, value: Found, why: String) {
        match value {
            Found::Value(_) | Found::NoField => self.leave_out(copy, why),
            Found::Nothing => {}
        }
    }

    fn leave_out(&mut self, copy: &FieldCopy, why: String) {
        self.left_out.push((copy.to.clone(), why));
    }
}

/// What a create screen takes for the fields that were asked for. As many as flow files name.
#[derive(Default)]
pub(super) struct Screen(Vec<(FieldName, Taken)>);

impl Screen {
    fn get(&self, name: &FieldName) -> Option<&Taken> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, taken)| taken)
    }
}

/// Whose create screen, and what was looked for on it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    project: ProjectId,
    issue_type: String,
    fields: Vec<String>,
}

/// The create screens that were looked at.
#[derive(Default)]
pub(super) struct CreateScreens(Mutex<BTreeMap<Place, Arc<Screen>>>);

impl CreateScreens {
    /// More than a project has types; beyond it all is forgotten, which costs requests only.
    const MOST: usize = 100;

    fn of(&self, place: &Place) -> Option<Arc<Screen>> {
        self.0.lock().get(place).cloned()
    }

    fn learn(&self, place: Place, screen: Arc<Screen>) {
        let mut known = self.0.lock();
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(place, screen);
    }

    /// Jira refused a create there.
    pub(super) fn forget(&self, project: &ProjectId) {
        self.0.lock().retain(|place, _| place.project != *project);
    }
}
