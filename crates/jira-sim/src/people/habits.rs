//! What people tend to do with an issue, by its status.

use rand::rngs::StdRng;

use crate::chance;
use crate::workflow::Category;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    User,
    Dev,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Customer,
    Triager,
    Engineer,
}

/// One thing to do with an issue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Habit {
    /// Take the transition of this name, if it is offered.
    Take(&'static str, Role),
    /// Make the summary clearer.
    Rename,
    Remark,
    Wait,
}

use Habit::{Remark, Rename, Take, Wait};
use Role::{Customer, Engineer, Triager};

/// Habits with their weights.
type Habits = &'static [(u32, Habit)];

pub(super) fn choose(stream: &mut StdRng, side: Side, status: &str) -> Habit {
    let habits = match side {
        Side::User => of_user_side(status),
        Side::Dev => of_dev_side(status),
    };
    chance::weighted(stream, habits).copied().unwrap_or(Wait)
}

/// Issues in such a status are looked at less often.
pub(super) fn is_quiet(category: Category) -> bool {
    category == Category::Done
}

fn of_user_side(status: &str) -> Habits {
    match status {
        "Open" => {
            &[(65, Take("Accept", Triager)), (10, Take("Decline", Triager)), (15, Remark), (5, Rename), (5, Wait)]
        }
        "Will Do" => &[(15, Take("Start progress", Triager)), (25, Remark), (10, Rename), (50, Wait)],
        "In Progress" => &[(5, Take("Resolve", Triager)), (20, Remark), (5, Rename), (70, Wait)],
        "Resolved" => &[(60, Take("Confirm", Customer)), (20, Take("Reopen", Customer)), (10, Remark), (10, Wait)],
        "Reopened" => &[(10, Take("Start progress", Triager)), (5, Take("Decline", Triager)), (25, Remark), (60, Wait)],
        "Closed" => &[(4, Take("Reopen", Customer)), (4, Remark), (92, Wait)],
        "Declined" => &[(3, Take("Start progress", Triager)), (5, Remark), (92, Wait)],
        _ => IN_A_STRANGE_STATUS,
    }
}

fn of_dev_side(status: &str) -> Habits {
    match status {
        "To Do" => {
            &[(70, Take("Start", Engineer)), (8, Take("Close", Engineer)), (4, Take("Cancel", Engineer)), (18, Remark)]
        }
        "In Progress" => &[(60, Take("Review", Engineer)), (10, Take("Close", Engineer)), (20, Remark), (10, Rename)],
        "In Review" => &[(60, Take("Approve", Engineer)), (15, Take("Close", Engineer)), (25, Remark)],
        "Done" => &[(80, Take("Close", Engineer)), (5, Take("Reopen", Engineer)), (15, Remark)],
        "Reopened" => &[(70, Take("Start", Engineer)), (15, Take("Close", Engineer)), (15, Remark)],
        "Closed" => &[(3, Take("Reopen", Engineer)), (4, Remark), (93, Wait)],
        "Cancelled" => &[(2, Take("Reopen", Engineer)), (98, Wait)],
        _ => IN_A_STRANGE_STATUS,
    }
}

/// For a status of a workflow that is not one of the presets.
const IN_A_STRANGE_STATUS: Habits = &[(20, Remark), (5, Rename), (75, Wait)];

impl Side {
    /// Whose words stand in the issue.
    pub(super) fn owner(self) -> Role {
        match self {
            Self::User => Customer,
            Self::Dev => Engineer,
        }
    }

    /// Who answers them.
    pub(super) fn helper(self) -> Role {
        match self {
            Self::User => Triager,
            Self::Dev => Engineer,
        }
    }
}
