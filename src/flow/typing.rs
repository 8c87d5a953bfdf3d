//! The issue type of a created dev issue.

/// An issue type of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssueType {
    /// Jira's `id`: on some sites several types have the same name.
    pub id: String,
    /// Its name, in the account's language.
    pub name: String,
}

/// An issue type as a flow file names it: its id or the name that people see. Compared without case. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName(String);

/// One entry of `issueTypeMap`: a user issue of one type gets a dev issue of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeCopy {
    /// The user issue's type.
    pub from: TypeName,
    /// The dev issue's type.
    pub to: TypeName,
}

/// `issueTypeMap` and `issueType`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueTypes {
    /// Each type is on the left at most once.
    pub map: Vec<TypeCopy>,
    /// The type if the map has none, and the dev project lacks the source's type.
    pub default: TypeName,
}

impl TypeName {
    /// The name without surrounding blanks; `None` when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let name = text.trim();
        (!name.is_empty()).then(|| Self(name.to_owned()))
    }

    /// The name as written, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is that type, by its id or its name.
    #[must_use]
    pub fn is(&self, kind: &IssueType) -> bool {
        self.0 == kind.id || folded(&self.0) == folded(&kind.name)
    }

    /// The type in `listed` that it names; an id takes precedence over a name.
    #[must_use]
    pub fn among<'a>(&self, listed: &'a [IssueType]) -> Option<&'a IssueType> {
        listed.iter().find(|kind| kind.id == self.0).or_else(|| listed.iter().find(|kind| self.is(kind)))
    }
}

impl IssueTypes {
    /// The type for the dev issue of a user issue of type `source`, among those of the dev project: the one in the map,
    /// else the one of the same name, else the default.
    #[must_use]
    pub fn choose<'a>(&self, listed: &'a [IssueType], source: &IssueType) -> Option<&'a IssueType> {
        let mapped = self.map.iter().find(|entry| entry.from.is(source));
        let mapped = mapped.and_then(|entry| entry.to.among(listed));
        mapped.or_else(|| same(listed, source)).or_else(|| self.default.among(listed))
    }
}

/// The same type, else one of the same name.
fn same<'a>(listed: &'a [IssueType], source: &IssueType) -> Option<&'a IssueType> {
    let shared = listed.iter().find(|kind| !source.id.is_empty() && kind.id == source.id);
    let named = || listed.iter().find(|kind| kind.name == source.name);
    let alike = || listed.iter().find(|kind| folded(&kind.name) == folded(&source.name));
    shared.or_else(named).or_else(alike)
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind((id, name): (&str, &str)) -> IssueType {
        IssueType { id: id.to_owned(), name: name.to_owned() }
    }

    fn name(text: &str) -> TypeName {
        TypeName::new(text).unwrap()
    }

    /// `issueTypeMap`, `issueType`, the source; the id that is chosen.
    type Row =
        (&'static [(&'static str, &'static str)], &'static str, (&'static str, &'static str), Option<&'static str>);

    #[test]
    fn a_type_is_chosen_by_map_then_by_name_then_by_default() {
        let dev = [("1", "Bug"), ("2", "Task"), ("3", "Epic"), ("10", "Aufgabe")].map(kind);
        let table: [Row; 12] = [
            (&[], "Bug", ("2", "Task"), Some("2")),
            (&[], "Bug", ("99", "task "), Some("2")),
            (&[], "Bug", ("10", "Anything"), Some("10")),
            (&[], "Bug", ("99", "Question"), Some("1")),
            (&[], "3", ("99", "Question"), Some("3")),
            (&[], "Story", ("99", "Question"), None),
            (&[("Question", "Task")], "Bug", ("99", "question"), Some("2")),
            (&[("Task", "Epic")], "Bug", ("2", "Task"), Some("3")),
            (&[("2", "Aufgabe")], "Bug", ("2", "Task"), Some("10")),
            (&[("Question", "10")], "Bug", ("99", "Question"), Some("10")),
            (&[("Task", "Story")], "Bug", ("2", "Task"), Some("2")),
            (&[("Question", "Story")], "Bug", ("99", "Question"), Some("1")),
        ];
        for (map, default, source, wanted) in table {
            let map = map.iter().map(|(from, to)| TypeCopy { from: name(from), to: name(to) }).collect();
            let types = IssueTypes { map, default: name(default) };
            let chosen = types.choose(&dev, &kind(source));
            assert_eq!(chosen.map(|kind| kind.id.as_str()), wanted, "{types:?} {source:?}");
        }
    }

    #[test]
    fn a_number_names_an_id_before_a_name() {
        let listed = [("1", "2"), ("2", "Bug")].map(kind);
        assert_eq!(name("2").among(&listed).unwrap().name, "Bug");
        assert_eq!(TypeName::new(" \t"), None);
    }
}
