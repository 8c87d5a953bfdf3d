//! Projects: known by their ids, called by their keys.

use super::name::{IssueKey, ProjectId, ProjectKey, Side};
use super::time::JiraTime;

/// A project as Jira refers to it: its lasting id and its present key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRef {
    /// Survives renaming.
    pub id: ProjectId,
    /// For people; an administrator can change it.
    pub key: ProjectKey,
}

/// A project that a flow serves: its id, and every key that it is known to have or to have had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Decides what belongs to it.
    pub id: ProjectId,
    /// What happened in it before is not the flow's business; `None` where that is said for the whole flow.
    pub since: Option<JiraTime>,
    /// Never empty: the first that it was known by, then others, its present key last.
    keys: Vec<ProjectKey>,
}

impl Home {
    /// A project by the key that it was first known by, and those that were told since, the present one last.
    #[must_use]
    pub fn new(id: ProjectId, first: ProjectKey, since: impl IntoIterator<Item = ProjectKey>) -> Self {
        Self { id, since: None, keys: std::iter::once(first).chain(since).collect() }
    }

    /// The key that it was first known by: never changes.
    #[must_use]
    pub fn first_key(&self) -> &ProjectKey {
        &self.keys[0]
    }

    /// The same, of which only what happened since then is the flow's business.
    #[must_use]
    pub fn since(self, since: JiraTime) -> Self {
        Self { since: Some(since), ..self }
    }

    fn has_key(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.as_str().eq_ignore_ascii_case(key))
    }

    fn is_called(&self, key: &str) -> bool {
        self.keys.last().is_some_and(|present| present.as_str().eq_ignore_ascii_case(key))
    }
}

/// Both projects of a flow, as Jira knows them: which issue is on which side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// Where customers report.
    pub user: Home,
    /// Where the work is done.
    pub dev: Home,
}

impl Sides {
    /// The project on `side`.
    #[must_use]
    pub fn on(&self, side: Side) -> &Home {
        match side {
            Side::User => &self.user,
            Side::Dev => &self.dev,
        }
    }

    /// The id of the project on `side`.
    #[must_use]
    pub fn id(&self, side: Side) -> &ProjectId {
        &self.on(side).id
    }

    /// Both ids, the user project's first.
    #[must_use]
    pub fn ids(&self) -> [ProjectId; 2] {
        Side::BOTH.map(|side| self.id(side).clone())
    }

    /// The side that a project is on; `None` when it is neither.
    #[must_use]
    pub fn of(&self, project: &ProjectId) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| self.id(*side) == project)
    }

    /// The side that an issue of this key is or was on, as far as a key can say: only for issues that can't be read, since
    /// a key may be given to another project. The present keys count before the former ones.
    #[must_use]
    pub fn of_key(&self, key: &IssueKey) -> Option<Side> {
        let present = Side::BOTH.into_iter().find(|side| self.on(*side).is_called(key.project()));
        present.or_else(|| Side::BOTH.into_iter().find(|side| self.on(*side).has_key(key.project())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(id: &str, former: &[&str], key: &str) -> Home {
        let mut keys = former.iter().chain([&key]).map(|key| key.parse().unwrap());
        Home::new(id.parse().unwrap(), keys.next().unwrap(), keys)
    }

    #[test]
    fn a_project_is_known_by_its_id_whatever_it_is_called() {
        let sides = Sides { user: home("10001", &["UAB"], "URX"), dev: home("10002", &[], "DAB") };
        assert_eq!(sides.of(&"10002".parse().unwrap()), Some(Side::Dev));
        assert_eq!(sides.of(&"10003".parse().unwrap()), None);
        let of_key = |key: &str| sides.of_key(&key.parse().unwrap());
        assert_eq!(
            [of_key("uab-1"), of_key("URX-1"), of_key("DAB-1")],
            [Some(Side::User), Some(Side::User), Some(Side::Dev)]
        );
        assert_eq!(of_key("OTHER-1"), None);
    }

    #[test]
    fn a_former_key_that_the_other_project_has_now_is_the_others() {
        let sides = Sides { user: home("10001", &["UAB"], "URX"), dev: home("10002", &["DAB"], "UAB") };
        assert_eq!(sides.of_key(&"UAB-1".parse().unwrap()), Some(Side::Dev));
    }
}
