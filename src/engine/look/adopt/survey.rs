//! Looking through the dev project for issues that say to whom they belong, where this store has not seen them all.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{elsewhere, linked_by, mark, user_link};
use crate::engine::cx::{Cx, Error};
use crate::engine::known::Known;
use crate::engine::look::observe::{self, FreshRead};
use crate::engine::memory::survey::{Claims, Survey};
use crate::engine::walk::{self, Walked};
use crate::flow::{Issue, IssueId, IssueKey, IssueRef, JiraTime, Pair, Side};
use crate::jira::{BATCH, By, Ending, FetchedByKey, Scan};
use crate::store::WalkKind;

/// Claims that are remembered at most; beyond it none are, which costs requests only.
const MOST: usize = 20_000;

/// The dev issues that name one of the `wanting`, user issues with the time of their creation: a dev issue comes
/// later than what it was made for. What could not be read is added to [`Known::unseen`].
pub(super) async fn survey(
    cx: &Cx,
    wanting: &BTreeMap<IssueId, JiraTime>,
    known: &mut Known,
) -> Result<BTreeSet<IssueId>, Error> {
    let Some(from) = wanting.values().min().copied() else { return Ok(BTreeSet::new()) };
    // Where issues came from elsewhere, a dev issue may be the older one.
    let from = if cx.memory.other_addresses.are_seen() { JiraTime::FIRST } else { from };
    let (found, unread) = survey_from(cx, from, known, |claims| {
        let users = wanting.keys();
        let claimed = users.flat_map(|user| claims.on(user, known.issues.get(user).and_then(linked_by)));
        (claimed.cloned().collect(), claims.unread.clone())
    })
    .await?;
    known.unseen.extend(unread);
    Ok(found)
}

/// All dev issues without a pair that name a user issue, from the first one on.
pub(in crate::engine) async fn survey_all(cx: &Cx) -> Result<BTreeSet<IssueId>, Error> {
    survey_from(cx, JiraTime::FIRST, &Known::default(), Claims::all).await
}

/// What is to be known of the claims of dev issues created since `from`.
async fn survey_from<T: Send>(
    cx: &Cx,
    from: JiraTime,
    known: &Known,
    wanted: impl FnOnce(&Claims) -> T + Send,
) -> Result<T, Error> {
    let before = cx.memory.survey.lock().take();
    let begun = cx.jira.jira_now();
    let mut claims = Claims::default();
    let survey = match before {
        Some(Survey { from: seen_from, until, claims: seen }) => {
            claims = seen;
            read_again(cx, &mut claims, known).await?;
            let mut from = from.min(seen_from);
            if from < seen_from {
                let scan = look_through(cx, from, Some(seen_from), &mut claims, known).await?;
                // One that was left where the other began is not over.
                if scan.ending() != Ending::Whole {
                    walk::walked(cx, WalkKind::Survey, &scan).await?;
                    from = seen_from;
                }
            }
            let until = until.earlier(cx.flow.overlap());
            let scan = look_through(cx, until, None, &mut claims, known).await?;
            let until = surveyed(cx, begun, until, &scan).await?;
            Survey { from, until, claims }
        }
        None => {
            let scan = look_through(cx, from, None, &mut claims, known).await?;
            Survey { from, until: surveyed(cx, begun, from, &scan).await?, claims }
        }
    };
    let found = wanted(&survey.claims);
    if survey.claims.len() <= MOST {
        *cx.memory.survey.lock() = Some(survey);
    }
    Ok(found)
}

/// What could not be read when it was looked at.
async fn read_again(cx: &Cx, claims: &mut Claims, known: &Known) -> Result<(), Error> {
    let before = std::mem::take(&mut claims.unread);
    if before.is_empty() {
        return Ok(());
    }
    let FreshRead { issues, unread } = observe::fetch_all(cx, &before.keys().cloned().collect()).await?;
    claims.unread.extend(before.into_iter().filter(|(id, _)| unread.contains_key(id)));
    note(cx, issues, claims, known).await
}

/// Up to when every dev issue was looked at.
async fn surveyed(cx: &Cx, begun: JiraTime, from: JiraTime, scan: &Scan) -> Result<JiraTime, Error> {
    Ok(match walk::walked(cx, WalkKind::Survey, scan).await? {
        Walked::Whole => begun,
        Walked::Short(reached) => begun.min(reached.unwrap_or(from)),
    })
}

/// Reads the dev issues created from `from` on, up to `to`, that are in no pair, and notes whom they name. Answers the
/// walk, which knows whether it was shown all of them.
pub(in crate::engine) async fn look_through(
    cx: &Cx,
    from: JiraTime,
    to: Option<JiraTime>,
    claims: &mut Claims,
    known: &Known,
) -> Result<Scan, Error> {
    let mut scan = Scan::new(vec![cx.sides.dev.id.clone()], By::Created, Some(from), &[]);
    while let Some(page) = walk::next_page(cx, &mut scan).await? {
        let beyond = page.rows.last().zip(to).is_some_and(|(last, to)| last.created > to);
        let odd = observe::odd_candidates(cx, page.odd).await?.into_values().map(|(_, at)| at);
        let single = without_pair(cx, page.rows.into_iter().map(|row| row.at).chain(odd).collect()).await?;
        let FreshRead { issues, unread } = observe::fetch_all(cx, &single.keys().cloned().collect()).await?;
        let unread = single.into_iter().filter(|(id, _)| unread.contains_key(id));
        claims.unread.extend(unread.map(|(id, at)| (id, at.to_string())));
        note(cx, issues, claims, known).await?;
        if beyond {
            break;
        }
    }
    Ok(scan)
}

async fn without_pair(cx: &Cx, all: Vec<IssueRef>) -> Result<BTreeMap<IssueId, IssueRef>, Error> {
    let ids: Vec<_> = all.iter().map(|at| at.id.clone()).collect();
    let paired: BTreeSet<_> =
        cx.store.get::<Pair>(Side::Dev, ids).await?.into_iter().map(|Pair { dev, .. }| dev.id).collect();
    Ok(all.into_iter().map(|at| (at.id.clone(), at)).filter(|(id, _)| !paired.contains(id)).collect())
}

async fn note(cx: &Cx, issues: BTreeMap<IssueId, Issue>, claims: &mut Claims, known: &Known) -> Result<(), Error> {
    let site = cx.jira.site();
    let elsewhere: Vec<_> = issues.values().filter_map(|dev| Some((elsewhere(&site, dev)?, &dev.at.id))).collect();
    let by_line = issues.values().filter_map(|dev| Some((user_link(&site, dev)?, &dev.at.id)));
    let others = elsewhere.iter().filter_map(|(named, dev)| Some((named.key.clone()?, *dev)));
    let others = others.filter(|(key, _)| cx.sides.of_key(key) == Some(Side::User));
    let by_line: Vec<_> = by_line.chain(others).collect();
    let keys: BTreeSet<_> = by_line.iter().map(|(key, _)| key.clone()).collect();
    let (behind, untold) = ids_behind(cx, &keys, known).await?;
    let names_untold = by_line.iter().filter(|(key, _)| untold.contains(key)).filter_map(|(_, dev)| issues.get(*dev));
    claims.unread.extend(names_untold.map(|dev| (dev.at.id.clone(), dev.at.to_string())));
    let by_mark = issues.values().filter_map(|dev| Some((mark(dev)?, &dev.at.id)));
    let by_line = by_line.iter().filter_map(|(key, dev)| Some((behind.get(key)?, *dev)));
    for (user, dev) in by_mark.chain(by_line) {
        claims.of.entry(user.clone()).or_default().insert(dev.clone());
    }
    for ((_, intent), dev) in elsewhere.iter().filter_map(|(named, dev)| Some((named.mark?, dev))) {
        claims.by_intent.entry(intent.clone()).or_default().insert((*dev).clone());
    }
    Ok(())
}

/// Which issues answer to these keys now; those that can't be read are absent.
/// And those that can't be read although Jira is there.
async fn ids_behind(
    cx: &Cx,
    keys: &BTreeSet<IssueKey>,
    known: &Known,
) -> Result<(BTreeMap<IssueKey, IssueId>, BTreeSet<IssueKey>), Error> {
    let in_hand = keys.iter().filter_map(|key| Some((key.clone(), known.by_key.get(key)?.clone()?)));
    let mut behind: BTreeMap<_, _> = in_hand.collect();
    let unknown: Vec<_> = keys.iter().filter(|key| !behind.contains_key(*key)).collect();
    let (mut read, mut untold) = (BTreeMap::new(), BTreeSet::new());
    for batch in unknown.chunks(BATCH) {
        let FetchedByKey { issues, unread } = cx.jira.fetch_by_key(batch).await?;
        read.extend(issues);
        untold.extend(unread.into_keys());
    }
    behind.extend(read.into_iter().map(|(key, issue)| (key, issue.at.id)));
    Ok((behind, untold))
}
