//! What was read afresh, put together: each pair once, each issue without a counterpart by itself.

use std::collections::BTreeSet;

use super::observe;
use crate::engine::cx::Cx;
use crate::engine::known::{Candidates, Known, Obstacle, Separation, pair_of, sighting, user_of};
use crate::engine::past::Past;
use crate::flow::{Issue, IssueKey, IssueRef, JiraTime, Observed, Pair, PairState, Side};

/// One pair or one issue without a counterpart, read afresh.
pub(in crate::engine) enum Unit {
    /// There is something to decide.
    Decide(Box<Observed>),
    /// A pair that can't be kept in step.
    Separated(Pair, Separation),
    /// A pair that an operator took apart, and those of its issues that are on their sides.
    Unpaired(Pair, Vec<(Side, Issue)>),
    /// A dev issue of its own: nothing of ours.
    LoneDev(Box<Issue>),
    /// An issue that can't be read although Jira is there, or one that waits for such an issue; why, in words. Of a pair it
    /// is the user issue.
    Unread(Side, IssueRef, String),
    /// Not in a pair, and deleted, moved away or hidden.
    Gone(Side, IssueRef),
    /// A user issue that had a dev issue, by its back-mark or text or as it was taken over: nobody knows where it is. In
    /// words for people.
    CounterpartLost(Box<Issue>, String),
    /// A user issue that would get a dev issue, but links to one that does not answer.
    OneWayLink(Box<Observed>),
}

impl Unit {
    /// The issue by which people know it, and its side.
    pub(in crate::engine) fn about(&self) -> (Side, IssueRef) {
        match self {
            Self::Decide(seen) | Self::OneWayLink(seen) => (Side::User, user_of(seen).issue.at.clone()),
            Self::Separated(pair, _) | Self::Unpaired(pair, _) => (Side::User, pair.user.clone()),
            Self::LoneDev(dev) => (Side::Dev, dev.at.clone()),
            Self::Unread(side, at, _) | Self::Gone(side, at) => (*side, at.clone()),
            Self::CounterpartLost(user, _) => (Side::User, user.at.clone()),
        }
    }
}

/// The fresh read says on which side an issue is, if on any: the search that named it may have been behind.
pub(in crate::engine) fn put_together(cx: &Cx, candidates: &Candidates, known: &Known, past: Past) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut paired = BTreeSet::new();
    for (id, (side, at)) in candidates.iter().filter(|(id, _)| !known.resting.contains(*id)) {
        let read = known.issues.get(id).and_then(|issue| Some((issue, cx.sides.of_issue(issue)?)));
        match (pair_of(known, id), read) {
            (Some(pair), _) if paired.insert(pair.user.id.clone()) => units.push(pair_unit(cx, pair, known, past)),
            (Some(_), _) => {}
            (None, Some((user, Side::User))) => units.push(user_unit(cx, user, known, past)),
            (None, Some((dev, Side::Dev))) => units.push(Unit::LoneDev(Box::new(dev.clone()))),
            (None, None) => units.push(match known.unread.get(id) {
                Some(why) => Unit::Unread(*side, at.clone(), format!("{at} can't be read: {why}")),
                None => Unit::Gone(*side, at.clone()),
            }),
        }
    }
    units
}

/// A user issue without a pair. Where it names a dev issue without proof, nothing is created behind anyone's back.
fn user_unit(cx: &Cx, user: &Issue, known: &Known, past: Past) -> Unit {
    if let Some(Obstacle::Elsewhere(address)) = known.obstacles.get(&user.at.id) {
        cx.memory.other_addresses.found(address, [&user.at]);
    }
    let seen = Box::new(observe::unpaired_user(cx, user, known, past));
    match known.obstacles.get(&user.at.id) {
        Some(Obstacle::Hidden(dev)) => {
            let why = format!("its dev issue ({dev}) can't be read, and no other is created for it");
            Unit::CounterpartLost(Box::new(user.clone()), why)
        }
        Some(Obstacle::Missing(dev)) => Unit::CounterpartLost(Box::new(user.clone()), why_missing(cx, user, dev)),
        Some(Obstacle::Unread(why)) => Unit::Unread(Side::User, user.at.clone(), why.clone()),
        Some(Obstacle::OneWayLink | Obstacle::Elsewhere(_)) => Unit::OneWayLink(seen),
        None => Unit::Decide(seen),
    }
}

fn why_missing(cx: &Cx, user: &Issue, dev: &IssueKey) -> String {
    let (flow, user) = (&cx.flow.name, &user.at.key);
    format!(
        "its dev issue {dev}, known from the Node.js service, can't be read, and no other is created for it: let this \
         account see it, or give it another with `lockstep pair {flow} {user} KEY`, or, if it is gone, with `lockstep \
         recreate {flow} {user}`"
    )
}

fn pair_unit(cx: &Cx, pair: &Pair, known: &Known, past: Past) -> Unit {
    cx.memory.other_addresses.settled(&pair.user.id);
    if pair.state == PairState::Unpaired {
        let home = Side::BOTH.into_iter().filter_map(|side| Some((side, at_home(cx, pair, side, known)?.clone())));
        return Unit::Unpaired(pair.clone(), home.collect());
    }
    if let Some(why) = unread_of(pair, known) {
        return Unit::Unread(Side::User, pair.user.clone(), why);
    }
    match both_at_home(cx, pair, known) {
        Ok([user, dev]) => Unit::Decide(Box::new(paired(pair, [user, dev], known, observe::not_before(cx, past)))),
        Err(separation) => Unit::Separated(pair.clone(), separation),
    }
}

/// Both issues of a pair, if both can be read and are on their sides.
fn both_at_home<'a>(cx: &Cx, pair: &Pair, known: &'a Known) -> Result<[&'a Issue; 2], Separation> {
    match (at_home(cx, pair, Side::User, known), at_home(cx, pair, Side::Dev, known)) {
        (Some(user), Some(dev)) => Ok([user, dev]),
        (None | Some(_), None) | (None, Some(_)) => Err(separation(cx, pair, known)),
    }
}

fn separation(cx: &Cx, pair: &Pair, known: &Known) -> Separation {
    let is_read = |side: &Side| known.issues.contains_key(&pair.on(*side).id);
    let unreadable: Vec<_> = Side::BOTH.into_iter().filter(|side| !is_read(side)).collect();
    if unreadable.is_empty() {
        let left = Side::BOTH.into_iter().filter_map(|side| left(cx, pair, side, known));
        return Separation::Left(left.collect::<Vec<_>>().join("; "));
    }
    let names: Vec<_> = unreadable.iter().map(|side| pair.on(*side).to_string()).collect();
    Separation::Unreadable(format!("{} can't be read: deleted, or hidden from this account", names.join(" and ")))
}

/// Where the issue on `side` went, if it left its project.
fn left(cx: &Cx, pair: &Pair, side: Side, known: &Known) -> Option<String> {
    let issue = known.issues.get(&pair.on(side).id)?;
    let (was, now, project) = (pair.on(side), &issue.at.key, cx.flow.project(side));
    match cx.sides.of_issue(issue) {
        Some(on) if on == side => None,
        Some(on) => Some(format!("{was} left {project} and is now {now}, on the {on} side")),
        None => Some(format!("{was} left {project} and is now {now}")),
    }
}

/// The issue of a pair, if it can be read and is on its side.
fn at_home<'a>(cx: &Cx, pair: &Pair, side: Side, known: &'a Known) -> Option<&'a Issue> {
    known.issues.get(&pair.on(side).id).filter(|issue| cx.sides.of_issue(issue) == Some(side))
}

/// Which issue of a pair can't be read although Jira is there, and why. That it is deleted or hidden is not said by it.
fn unread_of(pair: &Pair, known: &Known) -> Option<String> {
    let told = |side| known.unread.get(&pair.on(side).id).map(|why| format!("{} can't be read: {why}", pair.on(side)));
    Side::BOTH.into_iter().find_map(told)
}

fn paired(pair: &Pair, [user, dev]: [&Issue; 2], known: &Known, not_before: Option<JiraTime>) -> Observed {
    Observed::Paired {
        pair: Pair { user: user.at.clone(), dev: dev.at.clone(), ..pair.clone() },
        user: sighting(user, known),
        dev: sighting(dev, known),
        not_before,
        copied: known.copied.get(&pair.user.id).cloned().unwrap_or_default(),
        recent_writes: known.recent_writes.get(&pair.user.id).copied().unwrap_or_default(),
    }
}
