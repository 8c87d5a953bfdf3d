//! Projects, which are identified by their ids and named by their keys.

use super::issue::Issue;
use super::name::{IssueKey, ProjectId, ProjectKey, Side};
use super::time::JiraTime;

/// A reference to a project: its id and its present key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRef {
    /// Never changes.
    pub id: ProjectId,
    /// An administrator can change it.
    pub key: ProjectKey,
}

/// A project that a flow serves: its id, and its present and former keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Identifies it.
    pub id: ProjectId,
    /// What happened in it before is not synced; `None` if the start of the whole flow decides that.
    pub since: Option<JiraTime>,
    /// Its keys, at least one: the first known one first, the present one last.
    keys: Vec<ProjectKey>,
}

impl Home {
    /// A project with its first known key, and those reported since, the present one last.
    #[must_use]
    pub fn new(id: ProjectId, first: ProjectKey, since: impl IntoIterator<Item = ProjectKey>) -> Self {
        Self { id, since: None, keys: std::iter::once(first).chain(since).collect() }
    }

    /// Its first known key, which stays the same.
    #[must_use]
    pub fn first_key(&self) -> &ProjectKey {
        &self.keys[0]
    }

    /// The same project, of which only changes since then are synced.
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

/// The two projects of a flow: they tell which issue is on which side.
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

    /// The side that an issue is on, by its project; `None` when it is on neither.
    #[must_use]
    pub fn of_issue(&self, issue: &Issue) -> Option<Side> {
        self.of(&issue.project.id)
    }

    /// The side of an issue by its key. Only for issues that can't be read, since a key may be reused for another
    /// project. Present keys take precedence over former ones.
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
