//! How the fields that not every issue has are shown.

use serde_json::{Value, json};

use super::wire::Wire;
use crate::sim::fields::Field;
use crate::sim::issue::Issue;
use crate::sim::values::{FieldValue, Term};

impl Wire<'_> {
    /// What one of the fields holds that not every issue has.
    pub(super) fn value(&self, issue: &Issue, field: &str) -> Value {
        let held = issue.values.get(field);
        match (Field::find(field, &self.state.setup.custom_fields), held) {
            (Some(Field::Labels), None) => json!([]),
            (Some(field), Some(FieldValue::One(term))) => self.term(&field, term),
            (Some(field), Some(FieldValue::Many(terms))) => terms.iter().map(|term| self.term(&field, term)).collect(),
            (Some(_), Some(FieldValue::Text(text))) => text.clone().into(),
            (Some(_), Some(FieldValue::Number(number))) => number.clone().into(),
            (_, None) | (None, _) => Value::Null,
        }
    }

    fn term(&self, field: &Field, term: &Term) -> Value {
        match field {
            Field::Priority => self.priority(term),
            Field::Resolution => self.resolution(term),
            Field::Assignee => self.user(term.id.as_deref().unwrap_or_default()),
            Field::Custom(_) => self.option(term),
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

    /// An option of a custom field.
    pub(super) fn option(&self, term: &Term) -> Value {
        json!({
            "self": self.url(&format!("customFieldOption/{}", term.id.as_deref().unwrap_or_default())),
            "value": term.text,
            "id": term.id,
        })
    }
}
