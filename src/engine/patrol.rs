//! The daily look at all known pairs (docs/sync.md, "Patrol"): no search ever names an issue that was deleted, hidden or
//! moved away.

use chrono::TimeDelta;

use super::observe::Candidates;
use super::{Engine, Error, Past};
use crate::flow::{Event, IssueId, Pair, PairState, Side};
use crate::jira::BATCH;
use crate::store::Patrol;

/// From one patrol's beginning to the next one's.
const EVERY: TimeDelta = TimeDelta::days(1);

/// Batches that a cycle reads at most: a patrol is spread, so that nobody waits for it.
const BATCHES: usize = 5;

/// Pairs of a batch: as many as one fresh read takes with both their issues.
#[expect(clippy::cast_possible_truncation, reason = "half a hundred")]
const PAIRS: u32 = (BATCH / 2) as u32;

/// Pairs that are counted at a time.
const COUNTED: u32 = 1000;

impl Engine {
    /// This cycle's part of the patrol, if it is time for one. Answers how far it has come.
    pub(super) async fn patrol(&self, patrol: Patrol, past: Past) -> Result<Patrol, Error> {
        let Some(mut patrol) = self.patrol_under_way(&patrol) else { return Ok(self.patrol_to_come(patrol)) };
        for _ in 0..BATCHES {
            if self.pulse.stopping() {
                return Err(Error::Stopping);
            }
            let pairs = self.store.pairs_after(patrol.after.clone(), PAIRS).await?;
            let ended = pairs.len() < PAIRS as usize;
            patrol.after = pairs.last().map(|pair| pair.user.id.clone()).or(patrol.after);
            self.handle_candidates(to_read(pairs), past).await?;
            if ended {
                self.tell_patrol().await?;
                return Ok(Patrol { after: None, ..patrol });
            }
        }
        Ok(patrol)
    }

    /// The patrol that goes on or begins now. A clock that was set back must not put it off.
    fn patrol_under_way(&self, patrol: &Patrol) -> Option<Patrol> {
        let now = self.clock.wall();
        let is_due = |begun| now - begun >= EVERY || begun > now;
        match (patrol.begun, &patrol.after) {
            (Some(_), Some(_)) => Some(patrol.clone()),
            (Some(begun), None) => is_due(begun).then_some(Patrol { begun: Some(now), after: None }),
            (None, _) => None,
        }
    }

    /// A flow's first patrol comes a day after its first cycle or full sync: what has just been read needs none.
    pub(super) fn patrol_to_come(&self, patrol: Patrol) -> Patrol {
        Patrol { begun: patrol.begun.or_else(|| Some(self.clock.wall())), ..patrol }
    }

    async fn tell_patrol(&self) -> Result<(), Error> {
        let (mut pairs, mut broken, mut suspended) = (0, 0, 0);
        let mut after = None::<IssueId>;
        loop {
            let page = self.store.pairs_after(after, COUNTED).await?;
            let in_state = |state| page.iter().filter(|pair| pair.state == state).count() as u64;
            pairs += page.len() as u64 - in_state(PairState::Unpaired);
            broken += in_state(PairState::Broken);
            suspended += in_state(PairState::Suspended);
            if page.len() < COUNTED as usize {
                break;
            }
            after = page.last().map(|pair| pair.user.id.clone());
        }
        self.tell(&Event::PatrolCompleted { pairs, broken, suspended });
        Ok(())
    }
}

/// What an operator took apart is nobody's business.
fn to_read(pairs: Vec<Pair>) -> Candidates {
    let wanted = pairs.into_iter().filter(|pair| pair.state != PairState::Unpaired);
    wanted.map(|pair| (pair.user.id.clone(), (Side::User, pair.user))).collect()
}
