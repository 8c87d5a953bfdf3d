//! One cycle of one flow: scan, look, plan, write (docs/sync.md).
//!
//! A search only names candidates; a fresh read decides; an intent is durable before the first request of any write; what
//! is recorded is what has been handled.
//!
//! ```text
//! scan -> handle -> look, plan, write -> cx and what stands beside it
//! ```
//!
//! Reading order: `scan` says what a cycle does and finds candidates, `handle` takes a page of them through the other three:
//! `look` reads them afresh and puts them together, `plan` decides (it is pure), `write` is the only writer and settles
//! what an earlier cycle left open. All of them are handed a `cx::Cx`; `known` is what they say to each other, `memory` what
//! a worker remembers from cycle to cycle. `orders` and `takeover` stand beside `scan`. tests/layers checks who may
//! import whom.

mod cx;
mod failure;
mod handle;
mod known;
mod look;
mod memory;
mod orders;
mod past;
mod plan;
mod retry;
mod scan;
mod takeover;
mod tally;
mod teller;
mod walk;
mod write;

use std::sync::Arc;

use crate::clock::{Clock, Entropy};
use crate::flow::{self, Event, Executed, Flow, Notices, Observer, Order, Refused, Sides};
use crate::jira::Client;
use crate::pulse::Pulse;
use crate::store::{Failure, Legacy, Store};
use cx::Cx;
use memory::Memory;
use tally::Tally;
use teller::Teller;

pub use cx::Error;
pub use failure::JiraFailure;
pub use look::projects::Projects;
pub use takeover::{Progress, Report};
pub use walk::OrderHandler;

/// Runs a flow's cycles.
pub struct Engine {
    cx: Cx,
}

/// What an engine is made of.
pub struct Parts {
    /// The flow.
    pub flow: Arc<Flow>,
    /// Its projects, as Jira knows them.
    pub sides: Sides,
    /// Its client, connected.
    pub jira: Client,
    /// Its store, opened.
    pub store: Store,
    /// The worker's sign of life.
    pub pulse: Pulse,
    /// This machine's clock.
    pub clock: Clock,
    /// The worker's randomness.
    pub entropy: Entropy,
    /// Who is told.
    pub observer: Arc<dyn Observer>,
    /// Where is said why the flow can't do all that it should.
    pub notices: Notices,
}

impl Engine {
    /// Ready for its first cycle.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { flow, sides, jira, store, pulse, clock, entropy, observer, notices } = parts;
        let teller = Teller::new(flow::Teller::new(flow.name.clone(), observer), notices, clock.clone());
        let (tally, memory) = (Tally::default(), Memory::default());
        Self { cx: Cx { flow, sides, jira, store, pulse, clock, entropy, teller, tally, memory } }
    }

    /// Remembers the projects that the flow serves from now on, and tells what became of them. To be called before the first
    /// cycle.
    ///
    /// # Errors
    /// When Jira or the store can't be asked.
    pub async fn take_projects(&self, projects: &Projects) -> Result<(), Error> {
        if let Some(state) = look::projects::begin_with(&self.cx, projects).await? {
            write::commit(&self.cx, state).await?;
        }
        Ok(())
    }

    /// One cycle, as the sync mode table says. `orders` are carried out between two pages, since there may be any number of
    /// them.
    ///
    /// # Errors
    /// When it could not be brought to its end. What was handled until then is recorded, the watermark is not moved.
    pub async fn cycle(&self, orders: &mut dyn OrderHandler) -> Result<(), Error> {
        let cx = &self.cx;
        let begun = cx.clock.now();
        cx.tally.reset(cx.pulse.requests());
        look::site::compare_clocks(cx).await;
        look::statuses::look_for_named_statuses(cx).await?;
        write::types::check_type_names(cx).await?;
        let state = cx.store.state().await?;
        cx.memory.short_walks.recall(&state);
        let end = scan::run(cx, state, orders).await;
        let kept = scan::keep_short_walks(cx).await;
        end.and(kept)?;
        let duration = cx.clock.now().saturating_duration_since(begun);
        let failures = cx.store.count::<Failure>().await?;
        cx.teller.tell(&Event::CycleCompleted(cx.tally.report(duration, cx.pulse.requests(), failures)));
        Ok(())
    }

    /// Carries an order out. To be called between two cycles, or where a cycle asks its [`OrderHandler`]. An order that has
    /// been carried out already changes nothing and says so.
    ///
    /// # Errors
    /// When the flow can't go on, as with [`Engine::cycle`]. The order may have been carried out in part then; it may be
    /// given again.
    pub async fn execute(&self, order: &Order) -> Result<Result<Executed, Refused>, Error> {
        orders::execute(&self.cx, order).await
    }

    /// Records what `legacy` says under the ids of its issues. What this store knows already stays as it is. `progress`
    /// is told now and then how many pairs were gone through.
    ///
    /// # Errors
    /// When Jira or the store can't be asked. What was taken over until then stays; the takeover may be begun again.
    pub async fn take_over(&self, legacy: &Legacy, progress: Progress<'_>) -> Result<Report, Error> {
        takeover::take_over(&self.cx, legacy, progress).await
    }
}
