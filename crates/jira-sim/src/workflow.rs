//! Workflows: which statuses there are, and which transitions lead from one to another.
//!
//! A workflow of one's own reads as it is drawn:
//!
//! ```ignore
//! Workflow::new([Status::new("10100", "Waiting", Category::New), Status::new("10101", "Answered", Category::Done)])
//!     .with(Transition::to("Answer", "Answered").from(&["Waiting"]).screen(Screen::of(&["resolution!"])))
//!     .with(Transition::to("Ask again", "Waiting").resolve(None).only_for(&["ann"]))
//! ```

mod presets;

use std::collections::BTreeSet;

use super::screen::Screen;

/// The statuses of a project and the ways between them.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Each once; a new issue starts in the first.
    pub statuses: Vec<Status>,
    /// In the order in which Jira lists them.
    pub transitions: Vec<Transition>,
    /// The ids of the statuses in which issues can't be edited, but commented on (`jira.issue.editable` is false there).
    pub locked: BTreeSet<String>,
}

/// One status. Its id is unique on the site: projects that use the same name share it, as on Cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// A number, as text.
    pub id: String,
    /// What people see, and what rules are written with.
    pub name: String,
    /// Where in its life an issue of this status is.
    pub category: Category,
}

/// Jira's three status categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Not begun.
    New,
    /// Under way.
    Indeterminate,
    /// Finished, one way or the other.
    Done,
}

/// A named way into a status. Its id is unique within the workflow only.
#[derive(Clone, Debug)]
pub struct Transition {
    /// A number, as text.
    pub id: String,
    /// The words on the button, which need not be those of the status.
    pub name: String,
    /// Where it may start.
    pub from: From,
    /// The id of the status it leads to.
    pub to: String,
    /// What the person who takes it is asked, and what may be set along with it. Nothing if absent.
    pub screen: Option<Screen>,
    /// What it does to the resolution, whatever its screen says (a post function).
    pub resolves: Resolves,
    /// The account ids of those who are offered it (a condition); all if absent.
    pub only_for: Option<Vec<String>>,
    /// Whether `to` is left out of what the API tells of it, as Jira Cloud was seen to do.
    pub hides_target: bool,
}

/// What a transition does to an issue's resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolves {
    /// Leaves it.
    No,
    /// Sets it to the one of this name.
    As(String),
    /// Clears it.
    Clears,
}

/// Where a transition may start.
#[derive(Clone, Debug)]
pub enum From {
    /// A global transition: from every status but its own target.
    Any,
    /// From these statuses, by id.
    Only(Vec<String>),
}

impl Workflow {
    /// A workflow without transitions, whose issues start in the first status.
    pub fn new(statuses: impl IntoIterator<Item = Status>) -> Self {
        Self { statuses: statuses.into_iter().collect(), transitions: Vec::new(), locked: BTreeSet::new() }
    }

    /// With one more transition. It gets its id here: they count 11, 21, 31, … as Jira's own do.
    ///
    /// # Panics
    /// If it names a status that the workflow does not have: workflows are written by hand, so it is a slip of the pen.
    #[must_use]
    pub fn with(mut self, transition: Transition) -> Self {
        let id = |name: &String| match self.status_named(name) {
            Some(status) => status.id.clone(),
            None => panic!("the workflow has no status {name}"),
        };
        let from = match &transition.from {
            From::Any => From::Any,
            From::Only(names) => From::Only(names.iter().map(id).collect()),
        };
        let to = id(&transition.to);
        let number = self.transitions.len() * 10 + 11;
        self.transitions.push(Transition { id: number.to_string(), from, to, ..transition });
        self
    }

    /// With no edits of issues in the status of this name.
    ///
    /// # Panics
    /// If it has no such status, as [`Workflow::with`].
    #[must_use]
    pub fn locking(mut self, status: &str) -> Self {
        let Some(status) = self.status_named(status) else { panic!("the workflow has no status {status}") };
        let id = status.id.clone();
        self.locked.insert(id);
        self
    }

    /// With the transition of this name changed: how a preset gets a screen or a condition.
    #[must_use]
    pub fn changing(mut self, name: &str, change: impl Fn(Transition) -> Transition) -> Self {
        for transition in self.transitions.iter_mut().filter(|it| it.name == name) {
            *transition = change(transition.clone());
        }
        self
    }

    /// The status with this id.
    pub fn status(&self, id: &str) -> Option<&Status> {
        self.statuses.iter().find(|status| status.id == id)
    }

    /// The status of this name, in any letter case.
    pub fn status_named(&self, name: &str) -> Option<&Status> {
        self.statuses.iter().find(|status| status.name.eq_ignore_ascii_case(name))
    }

    /// The transition with this id.
    pub fn transition(&self, id: &str) -> Option<&Transition> {
        self.transitions.iter().find(|transition| transition.id == id)
    }

    /// The transitions that lead out of this status, for any account.
    pub fn offered(&self, status: &str) -> impl Iterator<Item = &Transition> {
        self.transitions.iter().filter(move |transition| transition.starts_at(status))
    }

    /// The transitions out of this status whose conditions the account meets.
    pub fn offered_to<'a>(&'a self, account: &'a str, status: &str) -> impl Iterator<Item = &'a Transition> {
        self.offered(status).filter(move |transition| transition.allows(account))
    }
}

impl Status {
    /// A status by id, name and category.
    pub fn new(id: &str, name: &str, category: Category) -> Self {
        Self { id: id.into(), name: name.into(), category }
    }
}

impl Transition {
    /// A global transition without screen into the status of this name; [`Workflow::with`] turns names into ids.
    pub fn to(name: &str, status: &str) -> Self {
        Self {
            id: String::new(),
            name: name.into(),
            from: From::Any,
            to: status.into(),
            screen: None,
            resolves: Resolves::No,
            only_for: None,
            hides_target: false,
        }
    }

    /// It starts at the statuses of these names only.
    #[must_use]
    pub fn from(self, statuses: &[&str]) -> Self {
        Self { from: From::Only(statuses.iter().map(|&name| name.into()).collect()), ..self }
    }

    /// It shows this screen.
    #[must_use]
    pub fn screen(self, screen: Screen) -> Self {
        Self { screen: Some(screen), ..self }
    }

    /// It sets this resolution, or clears it.
    #[must_use]
    pub fn resolve(self, resolution: Option<&str>) -> Self {
        Self { resolves: resolution.map_or(Resolves::Clears, |name| Resolves::As(name.into())), ..self }
    }

    /// Only these accounts, by id, are offered it.
    #[must_use]
    pub fn only_for(self, accounts: &[&str]) -> Self {
        Self { only_for: Some(accounts.iter().map(|&id| id.into()).collect()), ..self }
    }

    /// The API does not tell where it leads.
    #[must_use]
    pub fn hiding_target(self) -> Self {
        Self { hides_target: true, ..self }
    }

    /// Whether this account meets its condition.
    pub fn allows(&self, account: &str) -> bool {
        self.only_for.as_ref().is_none_or(|ids| ids.iter().any(|id| id == account))
    }

    /// Whether it may start almost anywhere.
    pub fn is_global(&self) -> bool {
        matches!(self.from, From::Any)
    }

    fn starts_at(&self, status: &str) -> bool {
        match &self.from {
            From::Any => self.to != status,
            From::Only(from) => from.iter().any(|id| id == status),
        }
    }
}

impl Category {
    /// Jira's fixed id of the category.
    pub fn id(self) -> u32 {
        match self {
            Self::New => 2,
            Self::Indeterminate => 4,
            Self::Done => 3,
        }
    }

    /// Jira's `statusCategory.key`.
    pub fn key(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Indeterminate => "indeterminate",
            Self::Done => "done",
        }
    }

    /// Jira's `statusCategory.name`, in English.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "To Do",
            Self::Indeterminate => "In Progress",
            Self::Done => "Done",
        }
    }

    /// Jira's `statusCategory.colorName`.
    pub fn color(self) -> &'static str {
        match self {
            Self::New => "blue-gray",
            Self::Indeterminate => "yellow",
            Self::Done => "green",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(workflow: &Workflow, status: &str) -> Vec<String> {
        let status = workflow.status_named(status).unwrap();
        workflow.offered(&status.id).map(|it| it.name.clone()).collect()
    }

    #[test]
    fn a_global_transition_is_not_offered_from_its_own_target() {
        assert_eq!(offered(&Workflow::customer(), "Open"), ["Accept", "Start progress", "Resolve", "Decline"]);
        assert_eq!(offered(&Workflow::customer(), "Resolved"), ["Start progress", "Confirm", "Reopen", "Decline"]);
        assert_eq!(offered(&Workflow::development(), "Closed"), ["Reopen", "Cancel"]);
    }

    #[test]
    fn every_transition_of_the_presets_leads_to_a_status_they_have() {
        for workflow in [Workflow::customer(), Workflow::development()] {
            assert!(workflow.transitions.iter().all(|it| workflow.status(&it.to).is_some()));
        }
    }
}
