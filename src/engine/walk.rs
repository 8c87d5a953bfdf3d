//! Walks through projects, page by page, and what may be concluded from one that is over.

use futures::future::BoxFuture;

use super::cx::{Cx, Error};
use super::memory::short_walks::{TIMES, said};
use crate::flow::JiraTime;
use crate::jira::{Ending, Page, Scan};
use crate::store::WalkKind;

/// Carries out orders in the middle of a cycle, where nothing is in hand: between two pages.
pub trait OrderHandler: Send {
    /// Carries out the orders that wait, by [`Engine::execute`](super::Engine::execute); an error ends the cycle.
    fn run_pending(&mut self) -> BoxFuture<'_, Result<(), Error>>;
}

/// What may be concluded from a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walked {
    /// All that Jira counts was shown.
    Whole,
    /// Nothing is known of what comes after this time; `None`: of nothing at all.
    Short(Option<JiraTime>),
}

/// The next rows of a walk, unless the worker is told to stop.
pub(super) async fn next_page(cx: &Cx, scan: &mut Scan) -> Result<Option<Page>, Error> {
    if cx.pulse.stopping() { Err(Error::Stopping) } else { Ok(scan.next(&cx.jira).await?) }
}

/// Has the orders carried out that wait, unless the worker is told to stop.
pub(super) async fn between_pages(cx: &Cx, orders: &mut dyn OrderHandler) -> Result<(), Error> {
    if cx.pulse.stopping() { Ok(()) } else { orders.run_pending().await }
}

/// What may be concluded from a walk that is over.
///
/// # Errors
/// When it ended short, and not yet often enough in a row in the same way.
pub(super) async fn walked(cx: &Cx, walk: WalkKind, scan: &Scan) -> Result<Walked, Error> {
    match scan.ending() {
        Ending::Whole => {
            cx.memory.short_walks.forget(walk);
            Ok(Walked::Whole)
        }
        Ending::Short(lack) => {
            let met = cx.memory.short_walks.meet(walk, lack, cx.jira.jira_now());
            if met.times < TIMES {
                let why = said(&cx.flow, walk, &met);
                return Err(Error::SearchIncomplete(format!("{why}; the search is made again")));
            }
            // A lapsed credential can be shown less than there is.
            cx.jira.assert_identity().await?;
            Ok(Walked::Short(lack.reached))
        }
    }
}
