//! Links that a user issue can't be given where it stands: its workflow forbids edits there. What was to be said with the
//! link is said by itself; link and back-mark wait, as an intent of their own that holds nothing up, until the issue
//! stands elsewhere or the patrol comes by (docs/sync.md, "Links that are owed").

use super::executor::{Course, Driven, GivenUp};
use super::recovery::Leave;
use super::steps::Locked;
use crate::engine::look::observe::Trial;
use crate::engine::{Engine, Error};
use crate::flow::{
    Event, Intent, IntentId, IntentKind, IntentState, Issue, IssueId, IssueRef, LinkIssues, OwedLink, Pair, RuleId,
    Side, StatusId, StatusName, Step,
};
use crate::store::Change;

/// A link that is left to be made by an intent of its own.
pub(in crate::engine) struct LeftLink {
    link: LinkIssues,
    /// Where the user issue can't be edited.
    status: StatusName,
}

/// Whether an intent owes a link, and nothing was sent for it: it waits for its user issue.
pub(in crate::engine) fn waits_for_its_issue(intent: &Intent) -> bool {
    intent.kind == IntentKind::Link && intent.is_owed()
}

impl Course {
    /// The step in hand, if it is known not to be possible where the user issue stands.
    pub(in crate::engine) fn locked_out(&self, step: &Step) -> Option<Locked> {
        let left = self.left_link.as_ref().filter(|_| matches!(step, Step::Link(_)))?;
        Some(Locked { said: None, link: left.link.clone(), status: left.status.clone() })
    }
}

impl Engine {
    /// The user issue can't be edited. What is to be said comes first, and is stored as a step before it is sent. Answers
    /// how driving ends, if it ends here.
    pub(in crate::engine) async fn locked(&self, course: &mut Course, locked: Locked) -> Result<Option<Driven>, Error> {
        let Locked { said, link, status } = locked;
        let owed = Step::Link(link.clone());
        if course.intent.kind == IntentKind::Link {
            course.intent.split([owed]);
            course.intent.state.owed();
            let again = std::mem::take(&mut course.closing);
            let owed = Change::UpdateIntent(course.intent.clone());
            self.store.write(again.into_iter().chain([owed]).collect()).await?;
            self.remember_link(&course.intent);
            self.set_free(&course.intent);
            return Ok(Some(Driven::Open));
        }
        course.left_link = Some(LeftLink { link, status });
        match said {
            Some(said) => {
                course.intent.split([said, owed]);
                self.keep(course).await?;
            }
            None => {
                course.intent.split([owed.clone()]);
                self.pass_over(course, &owed).await?;
            }
        }
        Ok(None)
    }

    /// What is recorded, before an intent is closed, of the link that it leaves to be made.
    pub(in crate::engine) async fn to_be_linked_later(
        &self,
        closed: &Intent,
        left: Option<LeftLink>,
    ) -> Result<Vec<Change>, Error> {
        let Some(LeftLink { link, status }) = left else { return Ok(Vec::new()) };
        let told = self.record(&Event::LinkOwed { key: closed.user.key.clone(), status }, &closed.user);
        let owed = self.link_intent((&closed.user, closed.dev.as_ref()), closed.rule.clone(), link).await?;
        Ok([told].into_iter().chain(owed.map(Change::AddIntent)).collect())
    }

    /// The link of a pair that was found by the mark of its dev issue, where its user issue shows that it was never made:
    /// it was owed when the store was lost. What was to be said with it may have been said.
    pub(in crate::engine) async fn link_to_be_made(
        &self,
        pair: &Pair,
        created_by: IntentId,
    ) -> Result<Option<Change>, Error> {
        let owed = Some(OwedLink { created_by, locked_in: None });
        let link = LinkIssues { cross_link: self.flow.rules.cross_links(), comment: None, owed };
        Ok(self.link_intent((&pair.user, Some(&pair.dev)), None, link).await?.map(Change::AddIntent))
    }

    /// `None` if there is one already: a crash kept the intent that it came from.
    async fn link_intent(
        &self,
        (user, dev): (&IssueRef, Option<&IssueRef>),
        rule: Option<RuleId>,
        link: LinkIssues,
    ) -> Result<Option<Intent>, Error> {
        if self.open_link(&user.id).await?.is_some() {
            return Ok(None);
        }
        let intent = Intent {
            id: self.intent_id(),
            kind: IntentKind::Link,
            rule,
            source: Side::User,
            user: user.clone(),
            dev: dev.cloned(),
            steps: vec![Step::Link(link)],
            state: IntentState::FIRST_OWED,
            begun: self.jira.jira_now(),
            settles_user: None,
            settles_dev: None,
        };
        self.remember_link(&intent);
        Ok(Some(intent))
    }

    async fn open_link(&self, user: &IssueId) -> Result<Option<Intent>, Error> {
        let open = self.store.for_record().open_intents().await?;
        Ok(open.into_iter().find(|intent| intent.kind == IntentKind::Link && intent.user.id == *user))
    }

    /// Makes the link that a user issue is owed, if it can be edited where it stands now. Answers whether a failure says
    /// that it is to be tried again.
    pub(in crate::engine) async fn try_owed_link(&self, user: &IssueRef, status: &StatusId) -> Result<bool, Error> {
        if !self.is_link_due(&user.id, status) || self.is_busy(&user.id) {
            return Ok(false);
        }
        let Some(intent) = self.open_link(&user.id).await?.filter(waits_for_its_issue) else {
            self.forget_link(&user.id);
            return Ok(false);
        };
        match self.leave(&intent).await? {
            Leave::Granted => {}
            Leave::Later => return Ok(false),
            Leave::Never => {
                self.drop_intent(&intent).await?;
                return Ok(true);
            }
        }
        match self.jira.may_edit(&user.id).await {
            Ok(true) => self.make_owed_link(intent).await,
            Ok(false) => self.still_locked(intent, status).await,
            Err(error) if error.is_local() => {
                let why = format!("the link is still owed: {error}");
                self.failed(Side::User, user, why, Trial::default()).await?;
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn make_owed_link(&self, mut intent: Intent) -> Result<bool, Error> {
        // Once more is sent, that nothing was is no longer true.
        intent.state.sent();
        self.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
        self.set_busy(&intent);
        let open = match self.drive(Course::new(intent.clone()), None).await? {
            Driven::Closed => false,
            Driven::Open => true,
            Driven::GivenUp(GivenUp::Outdated(_) | GivenUp::Failed(_)) => false,
        };
        if open && self.open_link(&intent.user.id).await?.is_some_and(|left| waits_for_its_issue(&left)) {
            self.set_free(&intent);
        }
        Ok(open)
    }

    async fn still_locked(&self, mut intent: Intent, status: &StatusId) -> Result<bool, Error> {
        let Some(Step::Link(link)) = intent.steps.get_mut(intent.state.cursor()) else { return Ok(false) };
        if let Some(owed) = link.owed.as_mut().filter(|owed| owed.locked_in.as_ref() != Some(status)) {
            owed.locked_in = Some(status.clone());
            self.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
        }
        self.remember_link(&intent);
        Ok(false)
    }

    /// Which user issues are owed a link, as the store has it.
    pub(in crate::engine) fn remember_links(&self, open: &[Intent]) {
        self.owed_links.lock().clear();
        open.iter().filter(|intent| waits_for_its_issue(intent)).for_each(|intent| self.remember_link(intent));
    }

    fn remember_link(&self, intent: &Intent) {
        let locked_in = intent.owed_link().and_then(|owed| owed.locked_in.clone());
        let mut owed = self.owed_links.lock();
        owed.insert(intent.user.id.clone(), locked_in);
    }

    pub(in crate::engine) fn forget_link(&self, user: &IssueId) {
        self.owed_links.lock().remove(user);
    }

    /// Links of these user issues are tried again wherever they stand: perhaps their workflow is another by now.
    pub(in crate::engine) fn try_links_again(&self, pairs: &[Pair]) {
        let mut owed = self.owed_links.lock();
        for pair in pairs {
            if let Some(locked_in) = owed.get_mut(&pair.user.id) {
                *locked_in = None;
            }
        }
    }

    fn is_link_due(&self, user: &IssueId, status: &StatusId) -> bool {
        let owed = self.owed_links.lock();
        owed.get(user).is_some_and(|locked_in| locked_in.as_ref() != Some(status))
    }
}

/// Whether the user issue of a pair shows nothing of a link: neither back-mark nor line.
pub(in crate::engine) fn is_unlinked(user: &Issue) -> bool {
    user.mark.is_none() && !super::steps::has_line(user)
}
