//! What changed since the watermark (docs/sync.md, "Watermark", "Looking back").

use std::time::Duration;

use tokio::time::Instant;

use super::short::Walked;
use crate::engine::{Desk, Engine, Error, Past};
use crate::flow::{Event, JiraTime, Watermark};
use crate::jira::{By, Scan};
use crate::store::{State, WalkKind};

/// Jira's clock may seem to go back by so much: `Date` is stamped before it arrives, and by one of several machines.
const CLOCK_SLACK: Duration = Duration::from_secs(120);

/// How far a search looks back now and then, for what its index learnt late.
const LOOK_BACK: Duration = Duration::from_secs(24 * 3600);

/// From one look back to the next.
const LOOK_BACK_EVERY: Duration = Duration::from_secs(3600);

/// What a worker remembers from cycle to cycle; whoever lacks it asks more, and misses nothing.
#[derive(Default)]
pub(in crate::engine) struct Memory {
    /// When the last look back began that came to its end.
    looked_back: Option<Instant>,
    /// The latest `updated` that a search has shown: as long as one reaches back to it, an empty answer is a surprise.
    shown: Option<JiraTime>,
}

/// How far a search reaches back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Reach {
    /// Where it begins.
    pub from: JiraTime,
    /// Where it would begin if it did not look back.
    pub usual: JiraTime,
}

impl Reach {
    /// Begins where every search does that goes on at `start`.
    fn usual(start: Watermark, overlap: Duration) -> Self {
        let from = start.0.earlier(overlap);
        Self { from, usual: from }
    }

    /// Reaches back further, but not behind what a flow that started from now may judge.
    fn looking_back(self, start: Watermark, earliest: Option<JiraTime>) -> Self {
        let from = start.0.earlier(LOOK_BACK);
        let from = earliest.map_or(from, |earliest| from.max(earliest));
        Self { from: from.min(self.usual), ..self }
    }
}

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Searched {
    /// Jira's clock when it began.
    pub begun: Watermark,
    /// Every change before it was shown.
    pub shown_to: Watermark,
}

/// Up to when a search that began at `from` has shown every change. They come in the order of their times.
fn shown_to(begun: Watermark, from: JiraTime, walked: Walked) -> Watermark {
    match walked {
        Walked::Whole => begun,
        Walked::Short(reached) => begun.min(Watermark(reached.unwrap_or(from))),
    }
}

impl Engine {
    /// Row 4: what changed since the watermark, and a good deal before it.
    pub(in crate::engine) async fn incremental(&self, state: State, desk: &mut dyn Desk) -> Result<(), Error> {
        let Some(last_sync) = state.last_sync else { return Ok(()) };
        let begun = self.clock.now();
        let start = self.search_start(last_sync, &state);
        let looks_back = self.looks_back(begun);
        let reach = self.reach(start, looks_back, &state);
        let past = Past::of(&state, reach);
        let state = self.look_at_other_addresses(state, past).await?;
        let searched = self.search_since(reach.from, past, desk).await?;
        let Searched { begun: asked, shown_to } = searched.unwrap_or(Searched { begun: start, shown_to: start });
        self.handle_due_failures(past).await?;
        if asked.0.later(CLOCK_SLACK) < start.0 {
            // Jira's clock was set back since we last heard of it, so this search began in its future and saw nothing.
            // Nothing is committed: the next cycle knows, and searches as far back as this one should have.
            self.memory.lock().shown = None;
            return Ok(());
        }
        let patrol = self.patrol(state.patrol.clone(), past).await?;
        // A second search within a second of the first may be entitled to less than is handled already.
        self.commit(State { last_sync: Some(shown_to.max(start)), patrol, ..state }).await?;
        if looks_back {
            self.memory.lock().looked_back = Some(begun);
        }
        Ok(())
    }

    /// Handles all that changed in both projects since `from`, as far as Jira shows it.
    pub(in crate::engine) async fn search_since(
        &self,
        from: JiraTime,
        past: Past,
        desk: &mut dyn Desk,
    ) -> Result<Option<Searched>, Error> {
        let projects = self.sides.ids().into();
        let mut scan = Scan::new(projects, By::Updated, Some(from), &[]);
        let (mut reached, mut shown) = (None, None);
        while let Some(page) = self.next_page(&mut scan).await? {
            reached.get_or_insert(page.watermark);
            shown = shown.max(page.rows.iter().map(|row| row.updated).max());
            self.handle(page, past).await?;
            self.serve(desk).await?;
        }
        self.believe(from, shown).await?;
        let walked = self.walked(WalkKind::Changes, &scan).await?;
        Ok(reached.map(|begun| Searched { begun, shown_to: shown_to(begun, from, walked) }))
    }

    /// An empty answer to a search that must show what an earlier one showed is believed once Jira has said that it knows
    /// us: a lapsed credential can look like an empty Jira, and a proxy can drop the header that tells.
    async fn believe(&self, from: JiraTime, shown: Option<JiraTime>) -> Result<(), Error> {
        let expected = self.memory.lock().shown.is_some_and(|latest| latest >= from);
        if shown.is_none() && expected {
            self.jira.assert_identity().await?;
        }
        self.memory.lock().shown = shown;
        Ok(())
    }

    fn looks_back(&self, now: Instant) -> bool {
        self.memory.lock().looked_back.is_none_or(|last| now.saturating_duration_since(last) >= LOOK_BACK_EVERY)
    }

    fn reach(&self, start: Watermark, looks_back: bool, state: &State) -> Reach {
        let overlap = self.flow.overlap();
        let usual = Reach::usual(start, overlap);
        let earliest = Past::begins(state).map(|begin| begin.earlier(overlap));
        if looks_back { usual.looking_back(start, earliest) } else { usual }
    }

    /// Normally the watermark. If Jira's clock is behind it, the clock was set back: then as long before Jira's now as
    /// we have been away.
    fn search_start(&self, last_sync: Watermark, state: &State) -> Watermark {
        let now = self.jira.jira_now_at_latest();
        if last_sync.0 <= now {
            return last_sync;
        }
        self.tell(&Event::ClockWentBack { last_sync, now });
        let away = state.updated_at.and_then(|at| (self.clock.wall() - at).to_std().ok()).unwrap_or_default();
        Watermark(self.jira.jira_now().earlier(away).earlier(self.flow.overlap()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(text: &str) -> JiraTime {
        text.parse().unwrap()
    }

    #[test]
    fn a_look_back_reaches_a_day_back_but_not_behind_a_start_from_now() {
        let start = Watermark(at("2026-03-02T12:00:00Z"));
        let usual = Reach::usual(start, HOUR);
        let from = |earliest: Option<&str>| usual.looking_back(start, earliest.map(at)).from;
        assert_eq!(usual.from, at("2026-03-02T11:00:00Z"));
        assert_eq!(from(None), at("2026-03-01T12:00:00Z"));
        assert_eq!(from(Some("2026-03-02T03:00:00Z")), at("2026-03-02T03:00:00Z"));
        assert_eq!(from(Some("2026-03-02T11:30:00Z")), usual.from, "never less than every search");
    }

    #[test]
    fn a_lag_of_more_than_half_a_day_reaches_back_further_than_a_look_back() {
        let start = Watermark(at("2026-03-02T12:00:00Z"));
        let usual = Reach::usual(start, 48 * HOUR);
        assert_eq!(usual.looking_back(start, None), usual);
    }
}
