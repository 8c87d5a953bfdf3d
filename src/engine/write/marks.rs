//! The marks of creates in doubt, and whether a search that lacks them can be believed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::cx::{Cx, Error};
use crate::engine::walk;
use crate::flow::{Intent, IntentId, IssueId, IssueRef, JiraTime, Mark, Side, Step};
use crate::jira::{By, Ending, Scan};

/// Creates are looked for from a little before their intent was stored.
const MARGIN: Duration = Duration::from_secs(60);

/// What a search for the marks of creates in doubt showed.
#[derive(Default)]
pub(in crate::engine) struct CreateMarks {
    created: BTreeMap<IntentId, IssueRef>,
    healthy: bool,
    /// Jira's clock when the search was sent, never late; `None` when there was nothing to search for.
    asked: Option<JiraTime>,
}

impl CreateMarks {
    /// The dev issue that an intent created.
    pub(in crate::engine) fn created_by(&self, intent: &IntentId) -> Option<&IssueRef> {
        self.created.get(intent)
    }

    /// When it was searched.
    pub(in crate::engine) fn asked(&self) -> Option<JiraTime> {
        self.asked
    }

    /// Whether absence may be concluded: the search was made as ourselves, and shows the newest issue that we know of.
    pub(in crate::engine) fn are_healthy(&self) -> bool {
        self.healthy
    }
}

/// An issue that was read just now, by id: a healthy index shows it.
struct Witness {
    id: IssueId,
    created: JiraTime,
}

/// One search for all creates in doubt.
pub(super) async fn search(cx: &Cx, open: &[&Intent]) -> Result<CreateMarks, Error> {
    let creates = open.iter().filter(|intent| matches!(intent.step(), Some(Step::Create(_))));
    let Some(begun) = creates.map(|intent| intent.begun).min() else { return Ok(CreateMarks::default()) };
    let known = cx.store.newest_issues(Side::Dev).await?;
    let witness = newest_of(cx, &known).await?;
    // Where no dev issue was ever recorded there is none that a healthy index could show. Where all that were recorded
    // can't be read any more, they may be hidden from us, and the one in doubt with them: nothing is concluded until
    // another is seen.
    let healthy = witness.is_none() && known.is_empty();
    let from = witness.iter().map(|witness| witness.created).chain([begun.earlier(MARGIN)]).min();
    let mut marks = CreateMarks { created: BTreeMap::new(), healthy, asked: Some(cx.jira.jira_now()) };
    let mut odd = 0;
    let mut scan = Scan::new(vec![cx.sides.dev.id.clone()], By::Created, from, &[]).with_marks();
    while let Some(page) = walk::next_page(cx, &mut scan).await? {
        odd += page.odd.len();
        for row in page.rows {
            marks.healthy |= witness.as_ref().is_some_and(|witness| witness.id == row.at.id);
            if let Some(Mark::Created { intent, .. }) = row.mark {
                // Oldest first: a clone comes later than what it was cloned from.
                marks.created.entry(intent).or_insert(row.at);
            }
        }
    }
    // Each of them may carry the mark that is lacking.
    marks.healthy &= odd == 0;
    // The newest come last: what is not shown may be the one that is looked for.
    marks.healthy &= scan.ending() == Ending::Whole;
    cx.jira.assert_identity().await?;
    Ok(marks)
}

/// The newest of these dev issues that can still be read.
async fn newest_of(cx: &Cx, known: &[IssueRef]) -> Result<Option<Witness>, Error> {
    let ids: Vec<_> = known.iter().map(|issue| &issue.id).collect();
    let read = cx.jira.fetch(&ids).await?.issues.into_iter();
    let still_here = read.filter(|issue| cx.sides.of_issue(issue) == Some(Side::Dev));
    let newest = still_here.max_by(|one, other| one.at.id.cmp(&other.at.id));
    Ok(newest.map(|issue| Witness { id: issue.at.id, created: issue.created }))
}
