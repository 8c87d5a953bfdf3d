//! Links that a user issue can't be given where it stands: its workflow forbids edits there. What was to be said with the
//! link is said by itself; link and back-mark wait, as an intent of their own that holds nothing up, until the issue
//! stands elsewhere or the patrol comes by (docs/sync.md, "Links that are owed").

use super::course::{self, Course, Driven, LeftLink};
use super::outcome::Locked;
use crate::engine::cx::{Cx, Error};
use crate::flow::{
    Event, Intent, IntentId, IntentKind, IntentState, Issue, IssueId, IssueRef, LinkIssues, OwedLink, Pair, RuleId,
    Side, Step,
};
use crate::store::Change;

/// Whether an intent owes a link, and nothing was sent for it: it waits for its user issue.
pub(super) fn waits_for_its_issue(intent: &Intent) -> bool {
    intent.kind == IntentKind::Link && intent.is_owed()
}

/// The user issue can't be edited. What is to be said comes first, and is stored as a step before it is sent. Answers
/// how driving ends, if it ends here.
pub(super) async fn locked(cx: &Cx, course: &mut Course, locked: Locked) -> Result<Option<Driven>, Error> {
    let Locked { said, link, status } = locked;
    let owed = Step::Link(link.clone());
    if course.intent.kind == IntentKind::Link {
        course.intent.split([owed]);
        course.intent.state.owed();
        let again = std::mem::take(&mut course.closing);
        let owed = Change::UpdateIntent(course.intent.clone());
        cx.store.write(again.into_iter().chain([owed]).collect()).await?;
        cx.memory.intents.remember_link(&course.intent);
        cx.memory.intents.set_free(&course.intent);
        return Ok(Some(Driven::Open));
    }
    course.left_link = Some(LeftLink { link, status });
    match said {
        Some(said) => {
            course.intent.split([said, owed]);
            course::keep(cx, course).await?;
        }
        None => {
            course.intent.split([owed.clone()]);
            course::skip_step(cx, course, &owed).await?;
        }
    }
    Ok(None)
}

/// What is recorded, before an intent is closed, of the link that it leaves to be made.
pub(super) async fn to_be_linked_later(cx: &Cx, closed: &Intent, left: Option<LeftLink>) -> Result<Vec<Change>, Error> {
    let Some(LeftLink { link, status }) = left else { return Ok(Vec::new()) };
    let told = cx.teller.record(&Event::LinkOwed { key: closed.user.key.clone(), status }, &closed.user);
    let owed = link_intent(cx, (&closed.user, closed.dev.as_ref()), closed.rule.clone(), link).await?;
    Ok([told].into_iter().chain(owed.map(Change::AddIntent)).collect())
}

/// The link of a pair that was found by the mark of its dev issue, where its user issue shows that it was never made:
/// it was owed when the store was lost. What was to be said with it may have been said.
pub(super) async fn link_to_be_made(cx: &Cx, pair: &Pair, created_by: IntentId) -> Result<Option<Change>, Error> {
    let owed = Some(OwedLink { created_by, locked_in: None });
    let link = LinkIssues { cross_link: cx.flow.rules.cross_links(), comment: None, owed };
    Ok(link_intent(cx, (&pair.user, Some(&pair.dev)), None, link).await?.map(Change::AddIntent))
}

/// `None` if there is one already: a crash kept the intent that it came from.
async fn link_intent(
    cx: &Cx,
    (user, dev): (&IssueRef, Option<&IssueRef>),
    rule: Option<RuleId>,
    link: LinkIssues,
) -> Result<Option<Intent>, Error> {
    if open_link(cx, &user.id).await?.is_some() {
        return Ok(None);
    }
    let intent = Intent {
        id: course::intent_id(cx),
        kind: IntentKind::Link,
        rule,
        source: Side::User,
        user: user.clone(),
        dev: dev.cloned(),
        steps: vec![Step::Link(link)],
        state: IntentState::FIRST_OWED,
        begun: cx.jira.jira_now(),
        settles_user: None,
        settles_dev: None,
    };
    cx.memory.intents.remember_link(&intent);
    Ok(Some(intent))
}

pub(super) async fn open_link(cx: &Cx, user: &IssueId) -> Result<Option<Intent>, Error> {
    // Every link's source is the user issue.
    let open = cx.store.for_record().get::<Intent>(Side::User, [user.clone()]).await?;
    Ok(open.into_iter().find(|intent| intent.kind == IntentKind::Link))
}

/// Whether the user issue of a pair shows nothing of a link: neither back-mark nor line.
pub(super) fn is_unlinked(user: &Issue) -> bool {
    user.mark.is_none() && !super::steps::has_line(user)
}
