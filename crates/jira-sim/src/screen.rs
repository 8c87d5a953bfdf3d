//! Screens: which fields a request can set, and which it must.

/// The fields of one screen, in the order in which Jira lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Each field once.
    pub fields: Vec<ScreenField>,
}

/// A field's place on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenField {
    /// Such as `summary` or `customfield_10010`.
    pub id: String,
    /// Whether it may not be left empty.
    pub required: bool,
}

/// The screens that a project's issues are created and edited with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screens {
    /// Without project and issue type, which are asked before everything else.
    pub create: Screen,
    /// What can be changed later.
    pub edit: Screen,
}

impl Screen {
    /// The fields of these ids; with a trailing `!` one is required.
    pub fn of(ids: &[&str]) -> Self {
        let field = |id: &&str| ScreenField { id: id.trim_end_matches('!').into(), required: id.ends_with('!') };
        Self { fields: ids.iter().map(field).collect() }
    }

    /// With these fields too, or with what is said of them now.
    #[must_use]
    pub fn with(mut self, ids: &[&str]) -> Self {
        for field in Self::of(ids).fields {
            self.fields.retain(|known| known.id != field.id);
            self.fields.push(field);
        }
        self
    }

    /// Without this field.
    #[must_use]
    pub fn without(mut self, id: &str) -> Self {
        self.fields.retain(|field| field.id != id);
        self
    }

    /// Whether the field is on it.
    pub fn has(&self, id: &str) -> bool {
        self.fields.iter().any(|field| field.id == id)
    }

    /// The fields that may not be left empty.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|field| field.required).map(|field| field.id.as_str())
    }
}

impl Default for Screens {
    /// What Jira's own templates have, of the fields that this site knows.
    fn default() -> Self {
        let screen = Screen::of(&["summary!", "description", "labels", "priority", "assignee"]);
        Self { create: screen.clone(), edit: screen }
    }
}

impl Screens {
    /// With these fields on both screens; `!` as in [`Screen::of`].
    #[must_use]
    pub fn with(self, ids: &[&str]) -> Self {
        Self { create: self.create.with(ids), edit: self.edit.with(ids) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_said_twice_counts_as_said_last() {
        let screen = Screen::of(&["labels", "team!"]).with(&["team", "labels!"]);
        assert_eq!(screen.required().collect::<Vec<_>>(), ["labels"]);
        assert_eq!(screen.fields.len(), 2);
    }
}
