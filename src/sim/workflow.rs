//! Workflows: which statuses there are, and which transitions lead from one to another.

/// The statuses of a project and the ways between them.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Each once; a new issue starts in the first.
    pub statuses: Vec<Status>,
    /// In the order in which Jira lists them.
    pub transitions: Vec<Transition>,
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
    /// The customers' side: reported, accepted, answered, confirmed.
    pub fn customer() -> Self {
        Self::build(
            &[OPEN, WILL_DO, IN_PROGRESS, RESOLVED, CLOSED, REOPENED, DECLINED],
            &[
                ("Accept", &[OPEN], WILL_DO),
                ("Start progress", &[], IN_PROGRESS),
                ("Resolve", &[], RESOLVED),
                ("Confirm", &[RESOLVED], CLOSED),
                ("Reopen", &[RESOLVED, CLOSED], REOPENED),
                ("Decline", &[], DECLINED),
            ],
        )
    }

    /// The engineers' side: started, reviewed, approved, closed.
    pub fn development() -> Self {
        Self::build(
            &[TO_DO, IN_PROGRESS, IN_REVIEW, DONE, CLOSED, REOPENED, CANCELLED],
            &[
                ("Start", &[TO_DO, REOPENED], IN_PROGRESS),
                ("Review", &[IN_PROGRESS], IN_REVIEW),
                ("Approve", &[IN_REVIEW], DONE),
                ("Close", &[], CLOSED),
                ("Reopen", &[], REOPENED),
                ("Cancel", &[], CANCELLED),
            ],
        )
    }

    /// The status with this id.
    pub fn status(&self, id: &str) -> Option<&Status> {
        self.statuses.iter().find(|status| status.id == id)
    }

    /// The status of this name, in any letter case.
    pub fn status_named(&self, name: &str) -> Option<&Status> {
        self.statuses.iter().find(|status| status.name.eq_ignore_ascii_case(name))
    }

    /// The transitions that an issue in this status is offered.
    pub fn offered(&self, status: &str) -> impl Iterator<Item = &Transition> {
        self.transitions.iter().filter(move |transition| transition.starts_at(status))
    }

    /// A transition without sources is global. Ids count 11, 21, 31, … as Jira's own do.
    fn build(statuses: &[Preset], transitions: &[(&str, &[Preset], Preset)]) -> Self {
        let transition = |(n, (name, from, to)): (usize, &(&str, &[Preset], Preset))| Transition {
            id: (n * 10 + 11).to_string(),
            name: (*name).into(),
            from: if from.is_empty() { From::Any } else { From::Only(from.iter().map(|it| it.0.into()).collect()) },
            to: to.0.into(),
        };
        Self {
            statuses: statuses.iter().map(|&it| Status::from(it)).collect(),
            transitions: transitions.iter().enumerate().map(transition).collect(),
        }
    }
}

impl Transition {
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

/// Id, name and category of a status that the presets use. The small ids are those Jira itself ships with.
type Preset = (&'static str, &'static str, Category);

const OPEN: Preset = ("1", "Open", Category::New);
const IN_PROGRESS: Preset = ("3", "In Progress", Category::Indeterminate);
const REOPENED: Preset = ("4", "Reopened", Category::Indeterminate);
const RESOLVED: Preset = ("5", "Resolved", Category::Done);
const CLOSED: Preset = ("6", "Closed", Category::Done);
const TO_DO: Preset = ("10000", "To Do", Category::New);
const DONE: Preset = ("10001", "Done", Category::Done);
const IN_REVIEW: Preset = ("10002", "In Review", Category::Indeterminate);
const WILL_DO: Preset = ("10003", "Will Do", Category::Indeterminate);
const DECLINED: Preset = ("10004", "Declined", Category::Done);
const CANCELLED: Preset = ("10005", "Cancelled", Category::Done);

impl std::convert::From<Preset> for Status {
    fn from((id, name, category): Preset) -> Self {
        Self { id: id.into(), name: name.into(), category }
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
