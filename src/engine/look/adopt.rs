//! Finding out that two issues belong together already, before anything is created for one of them (docs/sync.md,
//! "Adoption").
//!
//! ```text
//! follow (read what the issues of the page name) -> survey (the dev project, where it was not seen whole)
//!     -> evidence (pure: who belongs to whom) -> record (pair, files, history) -> obstacles (links that prove nothing)
//! ```

mod evidence;
pub(in crate::engine) mod survey;

use std::collections::{BTreeMap, BTreeSet};

use super::observe::{self, FreshRead};
use crate::engine::cx::{Cx, Error};
use crate::engine::known::{Candidates, Known, Obstacle, Proof, pair_of};
use crate::engine::past::{Past, Seen};
use crate::engine::plan::{Plan, plan};
use crate::flow::{Fallback, Issue, IssueId, IssueKey, JiraTime, MissingDev, Pair, Side, SkipReason};
use crate::jira::{BATCH, FetchedByKey};
use evidence::{Answer, Evidence, back_mark, dev_links, elsewhere, mark, user_link};

pub(in crate::engine) use evidence::answers;

/// How far names are followed: from a clone to the user issue that it claims, from that to the original, and from that
/// to whom it names.
const ROUNDS: usize = 3;

/// Reads what shows which issues belong together, before anything is created for them. Answers of which dev issues it
/// was seen by then.
pub(in crate::engine) async fn gather(
    cx: &Cx,
    candidates: &Candidates,
    known: &mut Known,
    past: Past,
) -> Result<Past, Error> {
    learn_addresses(cx, known.issues.values()).await;
    follow(cx, known).await?;
    let past = with_other_addresses(cx, past);
    if past.dev_issues_seen != Seen::All {
        let wanting = wanting(cx, candidates, known, past);
        let claimants = survey::survey(cx, &wanting, known).await?;
        fetch_into(cx, known, &claimants, &BTreeSet::new()).await?;
        follow(cx, known).await?;
    }
    Ok(past)
}

/// Where issues are named under other addresses, it proves nothing that the dev project was read: those dev issues are
/// in no pair, and must be looked for before anything is created.
fn with_other_addresses(cx: &Cx, past: Past) -> Past {
    match past.dev_issues_seen {
        Seen::All if cx.memory.other_addresses.are_seen() => past.of_dev_issues_seen_in_part(),
        Seen::All | Seen::Older | Seen::Some => past,
    }
}

/// Notes who is named under other addresses without proof.
fn note_other_addresses(cx: &Cx, known: &mut Known, past: Past) -> Past {
    let evidence = evidence(cx, known);
    let mut devs = BTreeSet::new();
    for (dev, address, users) in evidence.elsewhere() {
        devs.insert(dev.at.id.clone());
        cx.memory.other_addresses.found(address, users.into_iter().map(|user| &user.at));
    }
    known.named_elsewhere = devs;
    with_other_addresses(cx, past)
}

/// Reads what unpaired issues name, by mark or line or as they were taken over, and what those name in turn.
async fn follow(cx: &Cx, known: &mut Known) -> Result<(), Error> {
    known.by_key.extend(known.issues.values().map(|issue| (issue.at.key.clone(), Some(issue.at.id.clone()))));
    let mut asked = BTreeSet::new();
    for _ in 0..ROUNDS {
        recall_missing(cx, known).await?;
        let unpaired: Vec<_> = known.issues.values().filter(|it| pair_of(known, &it.at.id).is_none()).collect();
        let (ids, keys) = named_by(cx, &unpaired, known);
        let ids: BTreeSet<_> =
            ids.into_iter().filter(|id| !known.issues.contains_key(id) && asked.insert(id.clone())).collect();
        let keys: BTreeSet<_> = keys.into_iter().filter(|key| !known.by_key.contains_key(key)).collect();
        if ids.is_empty() && keys.is_empty() {
            break;
        }
        fetch_into(cx, known, &ids, &keys).await?;
    }
    Ok(())
}

/// Finds out which of the unpaired user issues had a dev issue that could not be read when they were taken over.
async fn recall_missing(cx: &Cx, known: &mut Known) -> Result<(), Error> {
    let is_news = |user: &&Issue| {
        cx.sides.of_issue(user) == Some(Side::User)
            && pair_of(known, &user.at.id).is_none()
            && !known.missing.contains_key(&user.at.id)
    };
    let users: Vec<_> = known.issues.values().filter(is_news).map(|user| user.at.id.clone()).collect();
    known.missing.extend(users.iter().map(|user| (user.clone(), None)));
    let missing = cx.store.get::<MissingDev>(Side::User, users).await?;
    known.missing.extend(missing.into_iter().map(|MissingDev { user, dev }| (user.id, Some(dev))));
    Ok(())
}

fn named_by(cx: &Cx, issues: &[&Issue], known: &Known) -> (BTreeSet<IssueId>, BTreeSet<IssueKey>) {
    let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
    let site = cx.jira.site();
    for issue in issues {
        match cx.sides.of_issue(issue) {
            Some(Side::User) => {
                ids.extend(back_mark(issue).cloned());
                keys.extend(dev_links(&site, issue));
                keys.extend(known.missing_dev_of(&issue.at.id).cloned());
            }
            Some(Side::Dev) => {
                ids.extend(mark(issue).cloned());
                keys.extend(user_link(&site, issue));
                let elsewhere = elsewhere(&site, issue).and_then(|elsewhere| elsewhere.key);
                keys.extend(elsewhere.filter(|key| cx.sides.of_key(key) == Some(Side::User)));
            }
            None => {}
        }
    }
    (ids, keys)
}

/// Reads these issues afresh, unless they are known, and finds out with whom they are paired.
async fn fetch_into(
    cx: &Cx,
    known: &mut Known,
    ids: &BTreeSet<IssueId>,
    keys: &BTreeSet<IssueKey>,
) -> Result<(), Error> {
    let missing = ids.iter().filter(|id| !known.issues.contains_key(*id)).cloned().collect();
    let FreshRead { issues: mut read, unread } = observe::fetch_all(cx, &missing).await?;
    known.unread.extend(unread);
    for batch in keys.iter().collect::<Vec<_>>().chunks(BATCH) {
        let FetchedByKey { issues: mut found, unread } = cx.jira.fetch_by_key(batch).await?;
        known.unread_keys.extend(unread.into_iter().map(|(key, error)| (key, error.to_string())));
        for key in batch {
            let issue = found.remove(*key);
            known.by_key.insert((*key).clone(), issue.as_ref().map(|issue| issue.at.id.clone()));
            read.extend(issue.map(|issue| (issue.at.id.clone(), issue)));
        }
    }
    known.by_key.extend(read.values().map(|issue| (issue.at.key.clone(), Some(issue.at.id.clone()))));
    // A dev issue that can't be read may be known as another's all the same.
    let pairs: Vec<Pair> = cx.store.get_on_both(read.keys().chain(&missing).cloned()).await?;
    let both = pairs.iter().flat_map(|pair| [&pair.user.id, &pair.dev.id]);
    let about: BTreeSet<_> = read.keys().chain(&missing).chain(both).cloned().collect();
    let new = pairs.into_iter().filter(|pair| pair_of(known, &pair.user.id).is_none());
    known.pairs.extend(new.collect::<Vec<_>>());
    known.add_failures(cx.store.get_on_both(about).await?);
    let on_side = |side| read.values().filter(move |it| cx.sides.of_issue(it) == Some(side));
    for side in Side::BOTH {
        known.handled.extend(cx.store.handled(side, on_side(side).map(|it| it.at.id.clone()).collect()).await?);
    }
    learn_addresses(cx, read.values()).await;
    known.issues.extend(read);
    Ok(())
}

/// An address at Atlassian's gateway may be this site's.
async fn learn_addresses(cx: &Cx, issues: impl Iterator<Item = &Issue>) {
    for issue in issues {
        if let Some(elsewhere) = elsewhere(&cx.jira.site(), issue) {
            cx.jira.learn_cloud_id(&elsewhere.address).await;
        }
    }
}

/// The unpaired user issues about whom the whole dev project must be heard: something would be done for them, or a
/// dev issue claims them without being named in return, and may be a clone of the right one.
fn wanting(cx: &Cx, candidates: &Candidates, known: &Known, past: Past) -> BTreeMap<IssueId, JiraTime> {
    let evidence = evidence(cx, known);
    let claimed_by = |user: &Issue| evidence.dev_of(user).map(|(_, claim)| claim.answer);
    let mut wanting = unpaired(cx, candidates, known, |user| has_news(cx, user, known, past));
    if past.dev_issues_seen == Seen::Some {
        wanting.extend(concerned(cx, candidates, known, &evidence).into_iter().filter(|it| claimed_by(it).is_some()));
    }
    wanting.retain(|user| matches!(claimed_by(user), Some(Answer::None) | None));
    wanting.into_iter().map(|user| (user.at.id.clone(), user.created)).collect()
}

/// Whether a dev issue is about to be created for an unpaired user issue, or a rule would act if it had one.
fn has_news(cx: &Cx, user: &Issue, known: &Known, past: Past) -> bool {
    let Plan { draft, changed, skipped, lost: _, hold: _ } =
        plan(&cx.flow.rules, &observe::unpaired_user(cx, user, known, past));
    let acts_on_pairs = |reason: &SkipReason| match reason {
        SkipReason::NoMapping => true,
        SkipReason::NoRule => cx.flow.rules.fallback == Fallback::CloseDev,
        SkipReason::IntermediateStatus
        | SkipReason::AlreadyEqual
        | SkipReason::LostConflict
        | SkipReason::BeforeAdoption
        | SkipReason::MovedMeanwhile
        | SkipReason::OpenIntent
        | SkipReason::CounterpartMissing
        | SkipReason::HasLink
        | SkipReason::Suspended
        | SkipReason::Broken
        | SkipReason::PingPong
        | SkipReason::Unpaired => false,
    };
    draft.is_some() || (!changed.is_empty() && skipped.iter().any(acts_on_pairs))
}

fn about_to_be_created<'a>(cx: &Cx, candidates: &Candidates, known: &'a Known, past: Past) -> Vec<&'a Issue> {
    unpaired(cx, candidates, known, |user| {
        plan(&cx.flow.rules, &observe::unpaired_user(cx, user, known, past)).draft.is_some()
    })
}

/// The unpaired user issues among the candidates, of a certain kind, that no open intent is about.
fn unpaired<'a>(cx: &Cx, candidates: &Candidates, known: &'a Known, kind: impl Fn(&Issue) -> bool) -> Vec<&'a Issue> {
    let unpaired = candidates.keys().filter(|id| pair_of(known, id).is_none() && !cx.memory.intents.is_busy(id));
    let users = unpaired.filter_map(|id| known.issues.get(id));
    users.filter(|issue| cx.sides.of_issue(issue) == Some(Side::User) && kind(issue)).collect()
}

/// The unpaired user issues among the candidates, and those that dev issues among them name.
fn concerned<'a>(cx: &Cx, candidates: &Candidates, known: &'a Known, evidence: &Evidence<'a>) -> Vec<&'a Issue> {
    let mut users = BTreeMap::new();
    for issue in candidates.keys().filter_map(|id| known.issues.get(id)) {
        let user = match cx.sides.of_issue(issue) {
            Some(Side::User) => Some(issue),
            Some(Side::Dev) => evidence.user_of(issue),
            None => None,
        };
        users.extend(user.map(|user| (&user.at.id, user)));
    }
    users.retain(|id, _| pair_of(known, id).is_none());
    users.into_values().collect()
}

fn evidence<'a>(cx: &'a Cx, known: &'a Known) -> Evidence<'a> {
    Evidence::new(&cx.sides, cx.jira.site(), known)
}

/// The issues without a pair that belong together by proof.
pub(in crate::engine) fn matches(cx: &Cx, candidates: &Candidates, known: &Known) -> Vec<(Issue, Issue, Proof)> {
    let evidence = evidence(cx, known);
    let matched = |user: &Issue| {
        let (dev, claim) = evidence.dev_of(user)?;
        Some((user.clone(), dev.clone(), claim.proof))
    };
    concerned(cx, candidates, known, &evidence).into_iter().filter_map(matched).collect()
}

/// Finds what stands in the way of creating, for those for whom it would be done now.
pub(in crate::engine) async fn find_obstacles(
    cx: &Cx,
    candidates: &Candidates,
    known: &mut Known,
    past: Past,
) -> Result<(), Error> {
    // Among those found may be dev issues, seen for the first time, of user issues for whom nothing was looked through.
    let past = note_other_addresses(cx, known, past);
    let creates: Vec<_> = about_to_be_created(cx, candidates, known, past).into_iter().map(|it| &it.at.id).collect();
    if creates.is_empty() {
        return Ok(());
    }
    let creates: Vec<_> = creates.into_iter().cloned().collect();
    // Which of them are dev issues is said by their projects, not by their keys.
    let links = creates.iter().filter_map(|id| known.issues.get(id)).flat_map(|user| &user.linked);
    let links = links.map(|to| to.id.clone()).collect();
    fetch_into(cx, known, &links, &BTreeSet::new()).await?;
    // Those may name others by a key.
    follow(cx, known).await?;
    let evidence = evidence(cx, known);
    let unseen = unseen_dev_issues(candidates, known, past);
    let users = creates.iter().filter_map(|id| known.issues.get(id));
    let obstacle = |user: &Issue| evidence.obstacle(user).or_else(|| may_be_its_dev_issue(user, &unseen));
    let obstacles: Vec<_> = users.filter_map(|user| Some((user.at.id.clone(), obstacle(user)?))).collect();
    known.obstacles.extend(obstacles);
    Ok(())
}

/// The dev issues that can't be read and of which nobody has ever seen whose they are, with their names for people.
fn unseen_dev_issues(candidates: &Candidates, known: &Known, past: Past) -> BTreeMap<IssueId, String> {
    let failed = known.failures.values().filter(|failure| failure.side == Side::Dev && failure.unseen_since.is_some());
    let mut unseen: BTreeMap<_, _> =
        failed.map(|failure| (failure.issue.id.clone(), failure.issue.to_string())).collect();
    if past.dev_issues_seen != Seen::All {
        let in_hand = candidates.iter().filter(|(id, (side, _))| *side == Side::Dev && known.unread.contains_key(*id));
        unseen.extend(in_hand.map(|(id, (_, at))| (id.clone(), at.to_string())));
    }
    unseen.extend(known.unseen.clone());
    unseen.retain(|id, _| pair_of(known, id).is_none() && !known.issues.contains_key(id));
    unseen
}

/// A dev issue that nobody could read yet may belong to any user issue that is older than it.
fn may_be_its_dev_issue(user: &Issue, unseen: &BTreeMap<IssueId, String>) -> Option<Obstacle> {
    let (_, dev) = unseen.iter().find(|(dev, _)| **dev > user.at.id)?;
    Some(Obstacle::Unread(format!(
        "{dev} can't be read, and may be its dev issue: no other is created before it can be read, or an operator decides"
    )))
}
