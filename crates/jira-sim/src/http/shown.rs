//! How the fields that not every issue has are shown.

use serde_json::{Value, json};

use super::texts;
use super::wire::Wire;
use crate::fields::{Field, FieldKind};
use crate::issue::Issue;
use crate::values::{FieldValue, Term};

impl Wire<'_> {
    /// What one of the fields holds that not every issue has.
    pub(super) fn value(&self, issue: &Issue, field: &str) -> Value {
        let held = issue.values.get(field);
        match (Field::find(field, &self.state.setup.custom_fields), held) {
            (Some(Field::Labels | Field::AffectedVersions | Field::FixVersions), None) => json!([]),
            (Some(field), Some(FieldValue::One(term))) => self.term(&field, term),
            (Some(field), Some(FieldValue::Many(terms))) => terms.iter().map(|term| self.term(&field, term)).collect(),
            (Some(_), Some(FieldValue::Text(text))) => text.clone().into(),
            (Some(_), Some(FieldValue::Rich(text))) => texts::write(self.api, text),
            (Some(_), Some(FieldValue::Number(number))) => number.clone().into(),
            (Some(_), Some(FieldValue::Flag(flag))) => (*flag).into(),
            (_, None) | (None, _) => Value::Null,
        }
    }

    fn term(&self, field: &Field, term: &Term) -> Value {
        match field {
            Field::Priority => self.priority(term),
            Field::Resolution => self.resolution(term),
            Field::Assignee => self.user(term.id.as_deref().unwrap_or_default()),
            Field::AffectedVersions | Field::FixVersions => self.version(term),
            Field::Custom(custom) => match custom.kind {
                FieldKind::Version | FieldKind::Versions => self.version(term),
                FieldKind::Labels => term.text.clone().into(),
                FieldKind::Select(_) | FieldKind::MultiSelect(_) | FieldKind::Checkboxes(_) => self.option(term),
                FieldKind::Text | FieldKind::Paragraph | FieldKind::Number | FieldKind::Date | FieldKind::Flag => {
                    Value::Null
                }
            },
            Field::Labels | Field::Summary | Field::Description => term.text.clone().into(),
        }
    }

    pub(super) fn priority(&self, term: &Term) -> Value {
        json!({
            "self": self.url(&format!("priority/{}", term.id.as_deref().unwrap_or_default())),
            "iconUrl": format!("{}/images/icons/priorities/medium.svg", self.state.setup.base_url),
            "name": term.text,
            "id": term.id,
        })
    }

    pub(super) fn resolution(&self, term: &Term) -> Value {
        json!({
            "self": self.url(&format!("resolution/{}", term.id.as_deref().unwrap_or_default())),
            "id": term.id,
            "description": "",
            "name": term.text,
        })
    }

    pub(super) fn version(&self, term: &Term) -> Value {
        let id = term.id.as_deref().unwrap_or_default();
        json!({
            "self": self.url(&format!("version/{id}")), "id": id, "name": term.text, "archived": false, "released": false,
        })
    }

    /// An option of a custom field.
    pub(super) fn option(&self, term: &Term) -> Value {
        json!({
            "self": self.url(&format!("customFieldOption/{}", term.id.as_deref().unwrap_or_default())),
            "value": term.text,
            "id": term.id,
        })
    }
}
