//! The two workflows that the demo and most tests live by.

use super::{Category, Status, Transition, Workflow};

impl Workflow {
    /// The customers' side: reported, accepted, answered, confirmed.
    pub fn customer() -> Self {
        preset(
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
        preset(
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
}

/// A transition without sources is global.
fn preset(statuses: &[Preset], transitions: &[(&str, &[Preset], Preset)]) -> Workflow {
    let mut workflow = Workflow::new(statuses.iter().map(|&(id, name, category)| Status::new(id, name, category)));
    for (name, from, to) in transitions {
        let transition = Transition::to(name, to.1);
        let names: Vec<&str> = from.iter().map(|it| it.1).collect();
        workflow = workflow.with(if names.is_empty() { transition } else { transition.from(&names) });
    }
    workflow
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
