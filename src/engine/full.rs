//! The full sync: everything, once (docs/sync.md, "Sync mode").

use tokio::time::Instant;

use super::progress::Progress;
use super::{Desk, Engine, Error, Past};
use crate::flow::{Event, JiraTime, ProjectKey, Side, Watermark};
use crate::jira::{By, Page, Scan};
use crate::store::{Cursor, Patrol, State};

/// A full sync under way.
struct Walk {
    state: State,
    done: u64,
    progress: Progress,
    /// When the next pass in between is due.
    next_pass: Instant,
    /// Up to when a pass in between has seen everything.
    passed: Option<Watermark>,
}

impl Engine {
    /// Row 1: first the dev project, so that whatever was created before is known before anything is created; then the
    /// user project. The cursor is committed page by page.
    pub(super) async fn full(
        &self,
        state: State,
        (cursor, started_at): (Option<Cursor>, Option<JiraTime>),
        desk: &mut dyn Desk,
    ) -> Result<(), Error> {
        self.tell(&Event::InitialSyncStarted { resumed: cursor.is_some() });
        let mut walk = self.begin_walk(state, cursor.as_ref(), started_at);
        let resumed_side = cursor.as_ref().map_or(Side::Dev, |cursor| cursor.side);
        for side in [Side::Dev, Side::User].into_iter().skip_while(|side| *side != resumed_side) {
            let left = cursor.as_ref().filter(|cursor| cursor.side == side);
            let mut scan = self.full_scan(side, left);
            while let Some(page) = self.next_page(&mut scan).await? {
                walk = self.handle_page(walk, side, page, &scan).await?;
                self.tell_progress(&mut walk.progress, walk.done).await?;
                self.serve(desk).await?;
                self.pass_in_between(&mut walk, side, desk).await?;
            }
        }
        self.end_walk(walk).await
    }

    /// Without a cursor this is the very first search, whatever an earlier full sync left behind.
    fn begin_walk(&self, state: State, cursor: Option<&Cursor>, started_at: Option<JiraTime>) -> Walk {
        let now = self.clock.now();
        let done = cursor.map_or(0, |cursor| cursor.done);
        Walk {
            state: State { started_at: started_at.filter(|_| cursor.is_some()), ..state },
            done,
            progress: Progress::new(now, done),
            // People have waited since it was left.
            next_pass: if cursor.is_some() { now } else { now + self.flow.interval },
            passed: None,
        }
    }

    async fn handle_page(&self, walk: Walk, side: Side, page: Page, scan: &Scan) -> Result<Walk, Error> {
        let Walk { mut state, done, .. } = walk;
        let started_at = *state.started_at.get_or_insert(page.watermark.0);
        let done = done + page.rows.len() as u64;
        self.handle(page.rows, Past::of_full_sync(side, started_at)).await?;
        let (created, ids_at) = scan.reached();
        let state = self.commit(State { cursor: Some(Cursor { side, created, ids_at, done }), ..state }).await?;
        Ok(Walk { state, done, ..walk })
    }

    /// A long first sync must not leave people waiting: whenever the interval has passed, what changed since it began is
    /// handled first. Nothing of this moves `last_sync`.
    async fn pass_in_between(&self, walk: &mut Walk, side: Side, desk: &mut dyn Desk) -> Result<(), Error> {
        let Some(started_at) = walk.state.started_at.filter(|_| self.clock.now() >= walk.next_pass) else {
            return Ok(());
        };
        self.recover().await?;
        let since = walk.passed.map_or(started_at, |passed| passed.0);
        let from = since.earlier(self.flow.overlap());
        let past = Past::in_between(side, from);
        let reached = self.search_since(from, past, desk).await?;
        self.handle_due_failures(past).await?;
        walk.passed = walk.passed.max(reached);
        walk.next_pass = self.clock.now() + self.flow.interval;
        Ok(())
    }

    async fn end_walk(&self, walk: Walk) -> Result<(), Error> {
        let Walk { state, done, .. } = walk;
        if done == 0 {
            // Nothing at all is what a lapsed credential shows.
            self.jira.assert_identity().await?;
        }
        self.commit(State {
            last_sync: state.started_at.map(Watermark),
            initial_sync_completed: Some(true),
            cursor: None,
            all_read: true,
            patrol: self.patrol_to_come(Patrol::default()),
            ..state
        })
        .await?;
        self.tell(&Event::InitialSyncCompleted { issues: done });
        Ok(())
    }

    fn full_scan(&self, side: Side, left: Option<&Cursor>) -> Scan {
        let project: ProjectKey = self.flow.project(side).clone();
        match left {
            Some(cursor) => Scan::new(vec![project], By::Created, cursor.created, &cursor.ids_at),
            None => Scan::new(vec![project], By::Created, None, &[]),
        }
    }
}
