//! What is in the fields that not every issue has, and how that changes.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::fields::{self, Choice, CustomField, Field, USUAL_PRIORITY};
use super::issue::{By, Issue, Item};
use super::markup;
use super::workflow::Resolves;

/// What a field of an issue holds; an issue has no entry for an empty field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldValue {
    /// Texts and days.
    Text(String),
    /// A rich text, in the form in which the site keeps them.
    Rich(Value),
    Number(Number),
    Flag(bool),
    One(Term),
    /// Never empty.
    Many(Vec<Term>),
}

/// An option, priority, resolution, version, label or account: what programs know it by, and people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Labels have none.
    pub id: Option<String>,
    pub text: String,
}

/// A change to one field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Touch {
    pub field: String,
    /// What the changelog calls the field.
    pub told_as: String,
    pub operation: Operation,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operation {
    /// Nothing empties the field.
    Set(Option<FieldValue>),
    Add(Term),
    Remove(Term),
}

/// What the fields of a new issue hold unless something else is said.
pub(super) fn usual_values() -> BTreeMap<String, FieldValue> {
    let (id, name) = USUAL_PRIORITY;
    [(Field::Priority.id().to_owned(), FieldValue::One(Term::new(id, name)))].into()
}

impl Issue {
    /// Changes one of the fields that not every issue has.
    pub(super) fn touch(&mut self, by: &By, touch: Touch) -> Vec<Item> {
        let old = self.values.remove(&touch.field);
        let new = touch.operation.applied_to(old.clone());
        if let Some(new) = &new {
            self.values.insert(touch.field.clone(), new.clone());
        }
        if touch.field == Field::Resolution.id() && old != new {
            self.resolved = new.is_some().then_some(by.at);
        }
        match touch.told_as.as_str() {
            _ if old == new => Vec::new(),
            "Version" | "Fix Version" if !is_custom(&touch.field) => Item::of_versions(&touch.told_as, old, new),
            _ => vec![Item::of_field(touch.field, touch.told_as, old, new)],
        }
    }
}

impl Issue {
    /// In another project versions become those of the same name there, and what has none is lost. (Jira asks the user
    /// who moves an issue.)
    pub(super) fn change_versions(&mut self, custom: &[CustomField], there: &[Term]) {
        let of_that_name = |term: &Term| there.iter().find(|version| version.text == term.text).cloned();
        let values = std::mem::take(&mut self.values).into_iter().filter_map(|(id, value)| {
            let holds_versions = Field::find(&id, custom).is_some_and(|field| field.holds_versions());
            let moved = match &value {
                FieldValue::One(version) if holds_versions => of_that_name(version).map(FieldValue::One),
                FieldValue::Many(versions) if holds_versions => {
                    FieldValue::many(versions.iter().filter_map(of_that_name).collect())
                }
                FieldValue::One(_) | FieldValue::Many(_) | FieldValue::Text(_) => Some(value),
                FieldValue::Rich(_) | FieldValue::Number(_) | FieldValue::Flag(_) => Some(value),
            };
            Some((id, moved?))
        });
        self.values = values.collect();
    }
}

impl Item {
    fn of_field(id: String, told_as: String, from: Option<FieldValue>, to: Option<FieldValue>) -> Self {
        let side = |value: Option<FieldValue>| {
            let text = value.as_ref().map(FieldValue::text);
            // Where a label was or is nothing, Jira writes an empty text and no null.
            let text = if id == Field::Labels.id() { Some(text.unwrap_or_default()) } else { text };
            (value.and_then(|value| value.id()), text)
        };
        let ((from, from_text), (to, to_text)) = (side(from), side(to));
        let custom = is_custom(&id).then_some(id);
        Self { field: told_as.into(), custom, from, from_text, to, to_text }
    }
}

impl Item {
    /// Each version that came or went has an item of its own.
    fn of_versions(told_as: &str, from: Option<FieldValue>, to: Option<FieldValue>) -> Vec<Self> {
        let (old, new) = (terms(from), terms(to));
        let gone = old.iter().filter(|term| !new.contains(term)).map(|term| (Some(term), None));
        let come = new.iter().filter(|term| !old.contains(term)).map(|term| (None, Some(term)));
        let item = |(from, to): (Option<&Term>, Option<&Term>)| Self {
            field: told_as.to_owned().into(),
            custom: None,
            from: from.and_then(|it| it.id.clone()),
            from_text: from.map(|it| it.text.clone()),
            to: to.and_then(|it| it.id.clone()),
            to_text: to.map(|it| it.text.clone()),
        };
        gone.chain(come).map(item).collect()
    }
}

fn is_custom(field: &str) -> bool {
    field.starts_with("customfield_")
}

fn terms(value: Option<FieldValue>) -> Vec<Term> {
    match value {
        Some(FieldValue::Many(terms)) => terms,
        Some(FieldValue::One(term)) => vec![term],
        Some(FieldValue::Text(_) | FieldValue::Rich(_) | FieldValue::Number(_) | FieldValue::Flag(_)) | None => vec![],
    }
}

impl Resolves {
    pub(super) fn touch(&self) -> Option<Touch> {
        let value = match self {
            Self::No => return None,
            Self::Clears => None,
            Self::As(name) => fields::named(&fields::RESOLUTIONS, name).map(FieldValue::One),
        };
        Some(Field::Resolution.touch(Operation::Set(value)))
    }
}

impl Operation {
    /// What the field holds afterwards.
    pub(super) fn applied_to(self, old: Option<FieldValue>) -> Option<FieldValue> {
        match (self, old) {
            (Self::Set(new), _) => new,
            (Self::Add(term), Some(FieldValue::Many(mut terms))) => {
                if !terms.contains(&term) {
                    terms.push(term);
                }
                FieldValue::many(terms)
            }
            (Self::Add(term), _) => FieldValue::many(vec![term]),
            (Self::Remove(term), Some(FieldValue::Many(mut terms))) => {
                terms.retain(|it| *it != term);
                FieldValue::many(terms)
            }
            (Self::Remove(_), old) => old,
        }
    }
}

impl FieldValue {
    /// A list, if there is anything in it.
    fn many(terms: Vec<Term>) -> Option<Self> {
        (!terms.is_empty()).then_some(Self::Many(terms))
    }

    /// What people read in the changelog.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Rich(text) => markup::to_wiki(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::One(term) => term.text.clone(),
            Self::Many(terms) => {
                let separator = if terms.iter().any(|term| term.id.is_some()) { "," } else { " " };
                terms.iter().map(|term| term.text.as_str()).collect::<Vec<_>>().join(separator)
            }
        }
    }

    /// What programs read in the changelog, where the field has ids.
    pub(super) fn id(&self) -> Option<String> {
        match self {
            Self::Text(_) | Self::Rich(_) | Self::Number(_) | Self::Flag(_) => None,
            Self::One(term) => term.id.clone(),
            Self::Many(terms) => {
                let ids: Vec<&str> = terms.iter().filter_map(|term| term.id.as_deref()).collect();
                (!ids.is_empty()).then(|| format!("[{}]", ids.join(", ")))
            }
        }
    }
}

impl Term {
    pub(super) fn new(id: &str, text: &str) -> Self {
        Self { id: Some(id.into()), text: text.into() }
    }

    pub(super) fn label(text: &str) -> Self {
        Self { id: None, text: text.into() }
    }
}

impl From<&Choice> for Term {
    fn from(choice: &Choice) -> Self {
        Self::new(&choice.id, &choice.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(texts: &[&str]) -> Option<FieldValue> {
        let terms: Vec<Term> = texts.iter().map(|text| Term::label(text)).collect();
        (!terms.is_empty()).then_some(FieldValue::Many(terms))
    }

    #[test]
    fn lists_take_each_value_once_and_end_up_empty_when_the_last_is_removed() {
        let (red, blue) = (Term::label("red"), Term::label("blue"));
        for (before, operation, after) in [
            (&[][..], Operation::Add(red.clone()), &["red"][..]),
            (&["red"], Operation::Add(red.clone()), &["red"]),
            (&["red"], Operation::Add(blue), &["red", "blue"]),
            (&["red"], Operation::Remove(red.clone()), &[]),
            (&[], Operation::Remove(red), &[]),
            (&["red"], Operation::Set(None), &[]),
        ] {
            assert_eq!(operation.clone().applied_to(labels(before)), labels(after), "{operation:?}");
        }
    }
}
