//! What an operator decides about pairs, carried out between two cycles (docs/sync.md, "Orders").
//!
//! The pair table holds every decision; what is written to Jira besides are marks, and those may be written again. So an
//! order that was cut short is simply given again: what it did is found done.

mod marks;
mod pair;
mod recreate;
mod unpair;

use super::{Engine, Error, JiraFailure};
use crate::flow::{Entry, Event, Intent, Issue, IssueId, IssueKey, IssueRef, Obeyed, Order, Pair, Refused, Side};
use crate::jira::{self, FetchedByKey};
use crate::store::{self, Change};

/// Pairs that are read at once where one is looked for by its key.
const PAGE: u32 = 500;

/// Why an order was not carried out.
enum Hindrance {
    /// Something is in the way, and nothing was changed.
    Refused(Refused),
    /// The flow can't go on.
    Failed(Error),
}

impl From<Refused> for Hindrance {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Hindrance {
    fn from(error: Error) -> Self {
        match error {
            Error::Jira(failure) => failure.into(),
            Error::Stopping | Error::Refused(_) | Error::SearchIncomplete(_) | Error::Store(_) => Self::Failed(error),
        }
    }
}

impl From<store::Error> for Hindrance {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// What concerns one issue does not keep the flow from going on.
impl From<JiraFailure> for Hindrance {
    fn from(failure: JiraFailure) -> Self {
        if failure.is_local() { refused(failure.to_string()).into() } else { Self::Failed(failure.into()) }
    }
}

impl From<jira::Error> for Hindrance {
    fn from(error: jira::Error) -> Self {
        JiraFailure::from(error).into()
    }
}

impl Engine {
    /// Carries an order out. To be called between two cycles, or where a cycle asks its [`Desk`](super::Desk). An order that
    /// has been carried out already changes nothing and says so.
    ///
    /// # Errors
    /// When the flow can't go on, as with [`Engine::cycle`]. The order may have been carried out in part then; it may be
    /// given again.
    pub async fn obey(&self, order: &Order) -> Result<Result<Obeyed, Refused>, Error> {
        let end = match order {
            Order::Pair { user, dev } => self.pair(order, user, dev).await,
            Order::Unpair { issue } => self.unpair(order, issue).await,
            Order::Recreate { user } => self.recreate(order, user).await,
        };
        match end {
            Ok(what) => Ok(Ok(Obeyed { what })),
            Err(Hindrance::Refused(refused)) => Ok(Err(refused)),
            Err(Hindrance::Failed(error)) => Err(error),
        }
    }

    /// Reads the issue that an order names, which must be on that side now.
    async fn issue_on(&self, side: Side, key: &IssueKey) -> Result<Issue, Hindrance> {
        let project = self.flow.project(side);
        let Some(issue) = self.issue_by(key).await? else {
            return Err(refused(format!("{key} can't be read: it was deleted, or is hidden from us")).into());
        };
        if self.side_of(&issue) == Some(side) {
            return Ok(issue);
        }
        let now = if issue.at.key == *key { String::new() } else { format!(" is {} now and", issue.at.key) };
        Err(refused(format!("{key}{now} is not in {project}, the {side} project of this flow")).into())
    }

    /// The issue that answers to a key. One that can't be read although Jira is there is no missing one.
    async fn issue_by(&self, key: &IssueKey) -> Result<Option<Issue>, Hindrance> {
        let FetchedByKey { mut issues, mut unread } = self.jira.fetch_by_key(&[key]).await?;
        match unread.remove(key) {
            Some(error) => Err(refused(format!("{key} can't be read, nothing was changed: {error}")).into()),
            None => Ok(issues.remove(key)),
        }
    }

    /// The pairs that one of these issues is in, of whatever state.
    async fn pairs_with(&self, user: &IssueId, dev: Option<&IssueId>) -> Result<Vec<Pair>, Error> {
        // Also asked to put back what an order took away that is not carried out.
        let store = self.store.for_record();
        let mut pairs = store.pairs(Side::User, vec![user.clone()]).await?;
        let others = store.pairs(Side::Dev, dev.cloned().into_iter().collect()).await?;
        pairs.extend(others.into_iter().filter(|pair| pair.user.id != *user));
        Ok(pairs)
    }

    /// The open intents that one of these issues is part of.
    async fn intents_of(&self, issues: &[&IssueId]) -> Result<Vec<Intent>, Error> {
        let open = self.store.open_intents().await?.into_iter();
        let is_named = |at: Option<&IssueRef>| at.is_some_and(|at| issues.contains(&&at.id));
        Ok(open.filter(|intent| Side::BOTH.iter().any(|side| is_named(intent.on(*side)))).collect())
    }

    /// Records a decision and tells it, as an event and in history.
    async fn decide_as_ordered(&self, order: &Order, user: &IssueRef, mut batch: Vec<Change>) -> Result<(), Error> {
        let event = Event::OrderObeyed { key: user.key.clone(), order: order.to_string() };
        batch.push(Change::Tell(Entry::of(&event, user, self.clock.wall())));
        self.store.write(batch).await?;
        self.other_addresses.settled(&user.id);
        self.tell(&event);
        Ok(())
    }
}

fn refused(why: impl Into<String>) -> Refused {
    Refused { why: why.into() }
}

/// What an open intent says to somebody whose order it is in the way of.
fn still_open(intent: &Intent) -> Refused {
    let step = intent.step().map_or("end", crate::flow::Step::name);
    let state = if intent.is_owed() {
        "it is still owed and is tried again"
    } else {
        "nobody knows yet whether it happened; it is being looked up"
    };
    refused(format!(
        "the {} for {} is still open: its step in hand is the {step}, and {state}. Give the order again once it is closed",
        intent.kind, intent.user
    ))
}
