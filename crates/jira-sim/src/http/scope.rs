//! What a request may set: the fields of a screen, and who may set them.

use super::call::Call;
use super::values::Spot;
use crate::fields::Field;
use crate::permissions::Permission;
use crate::screen::Screen;
use crate::state::State;

/// What a request may set.
pub(super) struct Scope<'a> {
    /// The request, by whose version of the API its texts are read.
    pub call: &'a Call,
    /// The key of the issue's project, to which its versions belong.
    pub project: String,
    /// The fields that are asked for; all others are refused.
    pub screen: Screen,
    /// Whether a comment can be made along with it.
    pub comments: Comments,
    /// Whether the caller may say whose issue it is.
    pub may_assign: bool,
}

/// What becomes of comments in `update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comments {
    Taken,
    NotOnScreen,
    /// The caller lacks the permission.
    Denied,
}

impl<'a> Scope<'a> {
    /// What the caller may set on this screen of this project; comments are made elsewhere.
    pub(super) fn of(state: &State, call: &'a Call, project: &str, screen: Screen) -> Self {
        let may_assign = state.accounts.may(&call.account, project, Permission::AssignIssues);
        Self { call, project: project.into(), screen, comments: Comments::NotOnScreen, may_assign }
    }

    /// As [`Self::of`], with comments for those who may comment.
    pub(super) fn with_comments(state: &State, call: &'a Call, project: &str, screen: Screen) -> Self {
        let may = state.accounts.may(&call.account, project, Permission::AddComments);
        let comments = if may { Comments::Taken } else { Comments::Denied };
        Self { comments, ..Self::of(state, call, project, screen) }
    }

    /// What a transition without a screen takes: nothing.
    pub(super) fn nothing(call: &'a Call) -> Self {
        let (project, screen) = (String::new(), Screen::default());
        Self { call, project, screen, comments: Comments::NotOnScreen, may_assign: false }
    }

    /// Where its values are put.
    pub(super) fn spot<'s>(&'s self, state: &'s State) -> Spot<'s> {
        Spot { state, api: self.call.api, project: &self.project }
    }

    pub(super) fn shows(&self, field: &str) -> bool {
        self.screen.has(field) && (self.may_assign || field != Field::Assignee.id())
    }
}
