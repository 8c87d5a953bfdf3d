//! `recreate USER`: this user issue gets a new dev issue.

use super::{Hindrance, refused, still_open};
use crate::engine::look::observe::counterpart;
use crate::engine::plan::creation;
use crate::engine::write::executor::{Course, Driven, GivenUp};
use crate::engine::{Engine, Error};
use crate::flow::{
    Draft, Intent, Issue, IssueId, IssueKey, IssueRef, MissingDev, Observed, Order, Pair, PairState, Refused, Side,
    Sighting,
};
use crate::store::Change;

impl Engine {
    /// The old marks go first, so that nobody takes the former dev issue for the new one's rival; then the former pair, or
    /// that its dev issue is missing, goes in the moment that the intent comes, which nothing can overtake.
    pub(super) async fn recreate(&self, order: &Order, key: &IssueKey) -> Result<String, Hindrance> {
        let user = self.issue_on(Side::User, key).await?;
        let former = self.pairs_with(&user.at.id, None).await?.pop();
        if let Some(intent) = self.intents_of(&[&user.at.id]).await?.first() {
            return Err(in_the_way(intent, former.as_ref()).into());
        }
        let dev = self.former_dev_issue(&user, former.as_ref()).await?;
        self.refuse_while_served(&user, former.as_ref(), dev.as_ref())?;
        let missing = self.still_missing(&user).await?;
        let seen = self.sighting_of(user.clone()).await?;
        let Some(draft) = creation(&self.flow.rules, &seen) else {
            return Err(refused("no rule of this flow creates issues").into());
        };
        if let Some(lost) = dev_of(&user, former.as_ref()) {
            let read: Vec<_> = [&user].into_iter().chain(&dev).collect();
            if let Some(left) = self.unmark([&user.at.id, lost], &read, former.as_ref()).await?.first() {
                return Err(refused(format!("nothing was created: {left}")).into());
            }
        }
        let as_it_was = self.as_it_is(&user.at, former, missing).await?;
        self.create_as_ordered(order, draft, seen, as_it_was).await
    }

    /// The dev issue that the user issue had, if it can be read.
    async fn former_dev_issue(&self, user: &Issue, former: Option<&Pair>) -> Result<Option<Issue>, Hindrance> {
        match dev_of(user, former) {
            Some(dev) => Ok(self.jira.fetch_one(dev).await?),
            None => Ok(None),
        }
    }

    /// Nobody gets a second dev issue who has one.
    fn refuse_while_served(&self, user: &Issue, former: Option<&Pair>, dev: Option<&Issue>) -> Result<(), Hindrance> {
        let Some(dev) = dev else { return Ok(()) };
        let why = match former.map(|pair| pair.state) {
            Some(PairState::Unpaired) => return Ok(()),
            None if !self.names_user(dev, user) => return Ok(()),
            Some(PairState::Active | PairState::Held | PairState::Broken | PairState::Suspended) => "are a pair",
            None => "belong together by their marks",
        };
        let (user, dev) = (&user.at, &dev.at);
        let way = if former.is_some() { format!("`unpair {user}` first") } else { format!("`pair {user} {dev}`") };
        Err(refused(format!("{user} and {dev} {why}, and both can be read; {way}")).into())
    }

    /// What is recorded of a dev issue that could not be read when it was taken over. If it can be read now it is not
    /// replaced, unless it is another's or left its project.
    async fn still_missing(&self, user: &Issue) -> Result<Option<MissingDev>, Hindrance> {
        let Some(missing) = self.store.missing(vec![user.at.id.clone()]).await?.pop() else { return Ok(None) };
        let Some(dev) = self.issue_by(&missing.dev).await? else {
            return Ok(Some(missing));
        };
        let is_anothers = !self.store.pairs(Side::Dev, vec![dev.at.id.clone()]).await?.is_empty();
        if is_anothers || self.side_of(&dev) != Some(Side::Dev) {
            return Ok(Some(missing));
        }
        let (user, dev) = (&user.at, &dev.at);
        let why = "belonged together when they were taken over";
        Err(refused(format!("{user} and {dev} {why}, and both can be read; `pair {user} {dev}`")).into())
    }

    /// What is recorded of a user issue, in case that nothing is created.
    async fn as_it_is(
        &self,
        user: &IssueRef,
        former: Option<Pair>,
        missing: Option<MissingDev>,
    ) -> Result<Vec<Change>, Error> {
        let ledger = self.store.ledger(vec![user.id.clone()]).await?.into_iter().map(Change::PutCopied);
        let former = former.into_iter().map(Change::PutPair);
        Ok(former.chain(ledger).chain(missing.map(Change::PutMissing)).collect())
    }

    async fn sighting_of(&self, user: Issue) -> Result<Sighting, Error> {
        let handled = self.store.handled(Side::User, vec![user.at.id.clone()]).await?.remove(&user.at.id);
        // Its mark was taken away, or is about to be.
        Ok(Sighting { issue: Issue { mark: None, ..user }, handled })
    }

    async fn create_as_ordered(
        &self,
        order: &Order,
        draft: Draft,
        seen: Sighting,
        as_it_was: Vec<Change>,
    ) -> Result<String, Hindrance> {
        let user = seen.issue.at.clone();
        let fresh = seen.issue.clone();
        let intent = self.intent(draft, &Observed::Unpaired { user: seen, unseen_since: None });
        let forget = [Change::RemovePair(user.id.clone()), Change::ClearMissing(user.id.clone())];
        let calm = Change::ClearFailure(Side::User, user.id.clone());
        let begin = Change::AddIntent(intent.clone());
        self.store.write([begin].into_iter().chain(forget).chain([calm]).collect()).await?;
        self.set_busy(&intent);
        match Box::pin(self.drive(Course::new(intent), Some(&fresh))).await {
            Ok(Driven::Closed | Driven::Open) => {
                self.decide_as_ordered(order, &user, Vec::new()).await?;
                Ok(self.created_for(&user).await?)
            }
            Ok(Driven::GivenUp(why)) => {
                self.store.write(as_it_was).await?;
                Err(given_up(&user, why))
            }
            Err(Error::Stopping) if self.pairs_with(&user.id, None).await?.is_empty() => {
                self.store.write(as_it_was).await?;
                Err(Error::Stopping.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn created_for(&self, user: &IssueRef) -> Result<String, Error> {
        Ok(match self.pairs_with(&user.id, None).await?.pop() {
            Some(pair) => format!("{} was created for {user}", pair.dev),
            None => format!(
                "a dev issue for {user} was asked for, and nobody knows yet whether it was created: that is being \
                 looked up, and it is created if it was not"
            ),
        })
    }
}

/// What a pair that is apart still owes does not close by itself.
fn in_the_way(intent: &Intent, former: Option<&Pair>) -> Refused {
    match former.map(|pair| pair.state) {
        Some(PairState::Broken | PairState::Suspended) => {
            refused(format!("something is still owed to the former pair of {0}; `unpair {0}` first", intent.user))
        }
        Some(PairState::Active | PairState::Held | PairState::Unpaired) | None => still_open(intent),
    }
}

/// The dev issue that a user issue had: by the pair table, else by its back-mark.
fn dev_of<'a>(user: &'a Issue, former: Option<&'a Pair>) -> Option<&'a IssueId> {
    former.map(|pair| &pair.dev.id).or_else(|| counterpart(user))
}

fn given_up(user: &IssueRef, why: GivenUp) -> Hindrance {
    match why {
        GivenUp::Outdated(reason) => {
            refused(format!("nothing was created for {user}: {}; give the order again", reason.as_str())).into()
        }
        GivenUp::Failed(error) if error.is_local() => {
            refused(format!("nothing was created for {user}: {error}")).into()
        }
        GivenUp::Failed(error) => Hindrance::Failed(error.into()),
    }
}
