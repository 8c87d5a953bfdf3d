//! The memory that Jira's answers take while they are read, counted in bytes (docs/architecture.md, "Memory").
//!
//! One budget for the process, and at most a quarter of it for one flow. What a large answer will take is charged before
//! it is read and given back once it is parsed; whoever must wait for memory holds none, and has no answer under way: so
//! nobody waits for each other. Small answers are not counted, as there are only a few at once.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::limits::MOST_BYTES;

/// What all answers that are being read may take together, unless the process is set up otherwise.
pub const DEFAULT_BYTES: usize = 256 << 20;

/// The least budget: a flow can then read answers of some megabytes, a hundred usual issues.
pub const LEAST_BYTES: usize = 64 << 20;

/// The part of the budget that one flow may take: one with large issues must not hold up all others.
const PARTS: usize = 4;

/// An answer so small is not counted, and is parsed where it arrives.
pub(super) const SMALL: usize = 64 * 1024;

/// What an answer takes in memory while it is read and parsed, for each of its bytes. Measured by `benches/answers.rs`:
/// while two flows each fetch a hundred issues in an answer of 20 MiB, whether of documents, long texts or changelogs, up
/// to 82 MiB more are resident, which is 2.0 times the answers. Half as much again is for a buffer that has just grown.
const FACTOR: usize = 3;

/// Memory is counted in these.
const UNIT: usize = 1024;

/// What Jira's answers may take in one process, and where they are parsed. Clones are one.
#[derive(Clone)]
pub struct AnswerMemory {
    total: Arc<Semaphore>,
    units: usize,
    parsing: Parsing,
}

/// One flow's part of it. Clones are one.
#[derive(Clone)]
pub struct AnswerShare {
    total: Arc<Semaphore>,
    own: Arc<Semaphore>,
    units: usize,
    parsing: Parsing,
}

/// Where large answers are parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsing {
    /// On tokio's threads for blocking work, so that other flows go on: production.
    Blocking,
    /// On the spot: simulation, because only that replays.
    Inline,
}

/// Memory that is charged for one answer, until it is dropped.
#[derive(Default)]
pub(super) struct Charge {
    units: usize,
    held: Vec<OwnedSemaphorePermit>,
}

/// There is not as much memory now as an answer needs: what it may need at least, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Short(pub usize);

impl AnswerMemory {
    /// A budget of so many bytes, 64 MiB at least.
    #[must_use]
    pub fn new(bytes: usize, parsing: Parsing) -> Self {
        let units = (bytes.max(LEAST_BYTES) / UNIT).min(Semaphore::MAX_PERMITS);
        Self { total: Arc::new(Semaphore::new(units)), units, parsing }
    }

    /// The part of one flow.
    #[must_use]
    pub fn share(&self) -> AnswerShare {
        let units = self.units / PARTS;
        let (total, own) = (Arc::clone(&self.total), Arc::new(Semaphore::new(units)));
        AnswerShare { total, own, units, parsing: self.parsing }
    }
}

impl AnswerShare {
    /// The largest answer that can be read.
    pub(super) fn most_bytes(&self) -> usize {
        (self.units * UNIT / FACTOR).min(MOST_BYTES)
    }

    /// Waits for the memory of an answer of so many bytes; in the order of asking.
    pub(super) async fn wait_for(&self, bytes: usize) -> Charge {
        let units = self.units_of(bytes);
        let mut held = Vec::new();
        // One's own part first: what waits for the whole then holds up this flow alone.
        for semaphore in [&self.own, &self.total] {
            // Neither is ever closed.
            held.extend(Arc::clone(semaphore).acquire_many_owned(permits(units)).await.ok());
        }
        Charge { units, held }
    }

    /// Charges for an answer of so many bytes, if it can be done at once.
    pub(super) fn extend(&self, charge: &mut Charge, bytes: usize) -> Result<(), Short> {
        let missing = self.units_of(bytes).saturating_sub(charge.units);
        if bytes <= SMALL || missing == 0 {
            return Ok(());
        }
        // Growing step by step would ask again for every piece.
        let missing = missing.max(charge.units.min(self.units - charge.units));
        for semaphore in [&self.own, &self.total] {
            match Arc::clone(semaphore).try_acquire_many_owned(permits(missing)) {
                Ok(permit) => charge.held.push(permit),
                Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                    return Err(Short(bytes.saturating_mul(2)));
                }
            }
        }
        charge.units += missing;
        Ok(())
    }

    fn units_of(&self, bytes: usize) -> usize {
        (bytes.saturating_mul(FACTOR) / UNIT + 1).min(self.units)
    }

    /// Parses an answer of so many bytes. `None` when the runtime ends before it began.
    pub(super) async fn parse<T: Send + 'static>(
        &self,
        bytes: usize,
        parse: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.parsing == Parsing::Inline || bytes <= SMALL {
            return Some(parse());
        }
        match tokio::task::spawn_blocking(parse).await {
            Ok(parsed) => Some(parsed),
            // A panic goes on in the caller, whose end it is.
            Err(error) => error.try_into_panic().map_or(None, |panic| resume_unwind(panic)),
        }
    }
}

fn permits(units: usize) -> u32 {
    u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const MIB: usize = 1 << 20;

    fn memory() -> AnswerMemory {
        AnswerMemory::new(64 * MIB, Parsing::Inline)
    }

    fn charged(share: &AnswerShare, bytes: usize) -> Result<Charge, Short> {
        let mut charge = Charge::default();
        share.extend(&mut charge, bytes).map(|()| charge)
    }

    #[test]
    fn one_flow_gets_a_quarter_and_all_flows_the_whole() {
        let memory = memory();
        let flows: Vec<_> = (0..6).map(|_| memory.share()).collect();
        let most = flows[0].most_bytes();
        assert!((4 * MIB..=16 * MIB).contains(&most), "{most}");
        let held: Vec<_> = flows.iter().map(|flow| charged(flow, most)).collect();
        assert_eq!(held.iter().filter(|end| end.is_ok()).count(), PARTS);
        assert_eq!(charged(&flows[0], MIB).err(), Some(Short(2 * MIB)), "its part is used up");
        assert!(flows[5].wait_for(most).now_or_never().is_none());
        drop(held);
        assert!(flows[5].wait_for(most).now_or_never().is_some());
    }

    #[test]
    fn what_could_not_be_extended_holds_nothing_once_it_is_dropped() {
        let memory = memory();
        let (one, other) = (memory.share(), memory.share());
        let mut charge = charged(&one, MIB).unwrap();
        let rest = charged(&one, one.most_bytes() - MIB - MIB / 2);
        assert!(one.extend(&mut charge, 3 * MIB).is_err());
        drop((charge, rest));
        assert_eq!((one.own.available_permits(), one.total.available_permits()), (one.units, memory.units));
        assert!(charged(&other, other.most_bytes()).is_ok());
    }

    #[test]
    fn small_answers_are_not_counted() {
        let memory = memory();
        let share = memory.share();
        let all = charged(&share, share.most_bytes()).unwrap();
        assert!(charged(&share, SMALL).is_ok() && charged(&share, SMALL + 1).is_err());
        drop(all);
    }

    #[tokio::test]
    async fn large_answers_are_parsed_beside_the_runtime_and_in_simulation_on_the_spot() {
        let cases =
            [(Parsing::Blocking, SMALL + 1, true), (Parsing::Blocking, SMALL, false), (Parsing::Inline, MIB, false)];
        let here = std::thread::current().id();
        for (parsing, bytes, beside) in cases {
            let share = AnswerMemory::new(64 * MIB, parsing).share();
            let there = share.parse(bytes, || std::thread::current().id()).await.unwrap();
            assert_eq!(there != here, beside, "{parsing:?} {bytes}");
        }
    }

    #[test]
    fn an_answer_larger_than_a_flows_part_never_waits_for_more_than_that() {
        let share = memory().share();
        assert!(share.wait_for(usize::MAX).now_or_never().is_some());
    }
}
