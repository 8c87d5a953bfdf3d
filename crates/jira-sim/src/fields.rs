//! The fields that can be set, and what they can hold.

use super::flavour::Flavour;
use super::values::{Operation, Term, Touch};

/// The most characters of a label, and of a field of one line.
pub(super) const LONGEST_LINE: usize = 255;

/// A custom field of the site. It can be set where a [`Screen`](super::screen::Screen) shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomField {
    /// Such as `customfield_10010`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it can hold.
    pub kind: FieldKind,
}

/// What a custom field can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// One line of at most 255 characters.
    Text,
    /// A rich text, as the description is one: ADF in version 3 of the API, wiki markup in version 2.
    Paragraph,
    /// A JSON number.
    Number,
    /// A day, `2026-03-02`.
    Date,
    /// One of these.
    Select(Vec<Choice>),
    /// Any of these.
    MultiSelect(Vec<Choice>),
    /// Any of these. With a single choice it is what Jira has in place of a boolean.
    Checkboxes(Vec<Choice>),
    /// A JSON `true` or `false`. Jira itself has no such field; apps bring them.
    Flag,
    /// Words without spaces.
    Labels,
    /// One of the versions of the issue's own project.
    Version,
    /// Any of them.
    Versions,
}

/// One of the options of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// A number, as text; unique on the site.
    pub id: String,
    /// What people see.
    pub value: String,
}

impl CustomField {
    /// The field `customfield_{number}`.
    pub fn new(number: u32, name: &str, kind: FieldKind) -> Self {
        Self { id: format!("customfield_{number}"), name: name.into(), kind }
    }

    /// A field that holds one of these; its options' ids are its own number followed by 00, 01, …
    pub fn select(number: u32, name: &str, values: &[&str]) -> Self {
        Self::new(number, name, FieldKind::Select(choices(number, values)))
    }

    /// A field that holds any of these, in a list; ids as with [`Self::select`].
    pub fn multi_select(number: u32, name: &str, values: &[&str]) -> Self {
        Self::new(number, name, FieldKind::MultiSelect(choices(number, values)))
    }

    /// A field that holds any of these; ids as with [`Self::select`].
    pub fn checkboxes(number: u32, name: &str, values: &[&str]) -> Self {
        Self::new(number, name, FieldKind::Checkboxes(choices(number, values)))
    }

    /// The number in its id.
    pub(super) fn number(&self) -> u32 {
        self.id.rsplit('_').next().and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

impl FieldKind {
    fn is_list(&self) -> bool {
        match self {
            Self::MultiSelect(_) | Self::Checkboxes(_) | Self::Labels | Self::Versions => true,
            Self::Text | Self::Paragraph | Self::Number | Self::Date | Self::Flag => false,
            Self::Select(_) | Self::Version => false,
        }
    }
}

fn choices(number: u32, values: &[&str]) -> Vec<Choice> {
    let choice = |(n, value): (usize, &&str)| Choice { id: format!("{number}{n:02}"), value: (*value).into() };
    values.iter().enumerate().map(choice).collect()
}

/// A field that requests can set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Summary,
    Description,
    Labels,
    Priority,
    Assignee,
    Resolution,
    /// The versions that have the trouble.
    AffectedVersions,
    FixVersions,
    Custom(&'a CustomField),
}

impl<'a> Field<'a> {
    /// The fields of every site.
    pub(super) const SYSTEM: [Self; 8] = [
        Self::Summary,
        Self::Description,
        Self::Labels,
        Self::Priority,
        Self::Assignee,
        Self::Resolution,
        Self::AffectedVersions,
        Self::FixVersions,
    ];

    /// The field of this id, if the site has it.
    pub(super) fn find(id: &str, custom: &'a [CustomField]) -> Option<Self> {
        let system = Self::SYSTEM.into_iter().find(|field| field.id() == id);
        system.or_else(|| custom.iter().find(|field| field.id == id).map(Self::Custom))
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Self::Summary => "summary",
            Self::Description => "description",
            Self::Labels => "labels",
            Self::Priority => "priority",
            Self::Assignee => "assignee",
            Self::Resolution => "resolution",
            Self::AffectedVersions => "versions",
            Self::FixVersions => "fixVersions",
            Self::Custom(field) => &field.id,
        }
    }

    pub(super) fn name(&self, flavour: Flavour) -> &str {
        match (self, flavour) {
            (Self::AffectedVersions, Flavour::Cloud) => "Affects versions",
            (Self::AffectedVersions, Flavour::DataCenter) => "Affects Version/s",
            (Self::FixVersions, Flavour::Cloud) => "Fix versions",
            (Self::FixVersions, Flavour::DataCenter) => "Fix Version/s",
            (Self::Summary, _) => "Summary",
            (Self::Description, _) => "Description",
            (Self::Labels, _) => "Labels",
            (Self::Priority, _) => "Priority",
            (Self::Assignee, _) => "Assignee",
            (Self::Resolution, _) => "Resolution",
            (Self::Custom(field), _) => &field.name,
        }
    }

    /// What the changelog calls it: Jira's own fields by id, with exceptions, others by name.
    pub(super) fn told_as(&self) -> &str {
        match self {
            Self::Custom(field) => &field.name,
            Self::AffectedVersions => "Version",
            Self::FixVersions => "Fix Version",
            Self::Summary | Self::Description | Self::Labels | Self::Priority | Self::Assignee | Self::Resolution => {
                self.id()
            }
        }
    }

    /// Whether it holds several values, which can be added and removed one by one.
    pub(super) fn is_list(&self) -> bool {
        match self {
            Self::Labels | Self::AffectedVersions | Self::FixVersions => true,
            Self::Custom(field) => field.kind.is_list(),
            Self::Summary | Self::Description | Self::Priority | Self::Assignee | Self::Resolution => false,
        }
    }

    /// Whether what it holds are versions of the project.
    pub(super) fn holds_versions(&self) -> bool {
        match self {
            Self::AffectedVersions | Self::FixVersions => true,
            Self::Custom(field) => matches!(field.kind, FieldKind::Version | FieldKind::Versions),
            Self::Summary | Self::Description | Self::Labels => false,
            Self::Priority | Self::Assignee | Self::Resolution => false,
        }
    }

    /// The verbs of `update` that it takes.
    pub(super) fn operations(&self) -> &'static [&'static str] {
        if self.is_list() { &["add", "set", "remove"] } else { &["set"] }
    }

    /// A change of this field.
    pub(super) fn touch(&self, operation: Operation) -> Touch {
        Touch { field: self.id().into(), told_as: self.told_as().into(), operation }
    }
}

/// Ids and names of Jira's own priorities; new issues get [`USUAL_PRIORITY`].
pub(super) const PRIORITIES: [(&str, &str); 5] =
    [("1", "Highest"), ("2", "High"), ("3", "Medium"), ("4", "Low"), ("5", "Lowest")];

pub(super) const USUAL_PRIORITY: (&str, &str) = PRIORITIES[2];

/// Ids and names of Cloud's own resolutions.
pub(super) const RESOLUTIONS: [(&str, &str); 5] = [
    ("10000", "Done"),
    ("10001", "Won't Do"),
    ("10002", "Duplicate"),
    ("10003", "Cannot Reproduce"),
    ("10004", "Known Error"),
];

/// What Jira has against a label.
pub(super) fn label_fault(label: &str) -> Option<String> {
    if label.is_empty() || label.contains(char::is_whitespace) {
        Some(format!("The label '{label}' contains spaces which is invalid."))
    } else if label.chars().count() > LONGEST_LINE {
        Some(format!("The label '{label}' exceeds the maximum length for labels of {LONGEST_LINE} characters."))
    } else {
        None
    }
}

/// The entry of this id or name, names in any letter case.
pub(super) fn named(list: &[(&str, &str)], wanted: &str) -> Option<Term> {
    let known = list.iter().find(|(id, name)| *id == wanted || name.eq_ignore_ascii_case(wanted));
    known.map(|(id, name)| Term::new(id, name))
}
