//! The search index: what search believes, which is older than what is true.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;

use super::chance;
use super::freeze::{Freeze, News};
use super::garbled::{Garbage, Garbled};
use super::issue::Issue;
use super::issues::Rename;
use super::setup::Setup;

/// For each issue that search can find, the version it knows.
pub(super) struct Index {
    known: BTreeMap<u64, Arc<Issue>>,
    /// Deleted issues, which a late indexing of an old version must not bring back.
    buried: BTreeSet<u64>,
    freeze: Freeze,
    garbled: Garbled,
    lag: RangeInclusive<Duration>,
    flicker: f64,
    stream: StdRng,
}

/// An issue that flickers: the version that search shows again, and when.
pub(super) type Reappearance = (DateTime<Utc>, Arc<Issue>);

/// How long an issue that flickers stays out of the index.
const FLICKER_MILLIS: RangeInclusive<i64> = 100..=3_000;

impl Index {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            known: BTreeMap::new(),
            buried: BTreeSet::new(),
            freeze: Freeze::default(),
            garbled: Garbled::default(),
            lag: setup.index_lag.clone(),
            flicker: setup.flicker.clamp(0.0, 1.0),
            stream: chance::stream(setup.seed, 2),
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Arc<Issue>> {
        self.known.values()
    }

    /// The row of an issue as search shows it.
    pub(super) fn shown(&self, issue: u64, row: Value) -> Value {
        self.garbled.row(issue, row)
    }

    /// From now on search shows this in place of the row of the issue; the row again if `None`.
    pub(super) fn garble(&mut self, issue: u64, garbage: Option<Garbage>) {
        self.garbled.set(issue, garbage);
    }

    /// After how long search hears of the next write.
    pub(super) fn draw_lag(&mut self) -> Duration {
        chance::between(&mut self.stream, &self.lag)
    }

    /// Freezes the row of this issue, or all rows.
    pub(super) fn freeze(&mut self, issue: Option<u64>, until: DateTime<Utc>) {
        self.freeze.freeze(issue, until);
    }

    /// Learns what waited for rows that are no longer frozen.
    pub(super) fn thaw(&mut self, now: DateTime<Utc>) -> Vec<Reappearance> {
        self.freeze.thaw(now).into_iter().filter_map(|news| self.take_in(now, news)).collect()
    }

    /// Learns this, unless the row is frozen.
    pub(super) fn hear(&mut self, now: DateTime<Utc>, news: News) -> Option<Reappearance> {
        self.freeze.pass(now, news).and_then(|news| self.take_in(now, news))
    }

    /// Learns a version, unless a newer one is known already.
    pub(super) fn learn(&mut self, version: Arc<Issue>) {
        if self.is_news(&version) {
            self.known.insert(version.id, version);
        }
    }

    /// The rows of a renamed project's issues show their new keys.
    pub(super) fn rename_project(&mut self, rename: &Rename<'_>) {
        self.known.values_mut().for_each(|row| rename.issue(row));
        self.freeze.waiting_mut().for_each(|news| news.rename_project(rename));
    }

    fn take_in(&mut self, now: DateTime<Utc>, news: News) -> Option<Reappearance> {
        let version = match news {
            News::Version(version) => version,
            News::Gone(id) => {
                self.known.remove(&id);
                self.buried.insert(id);
                return None;
            }
        };
        if self.is_news(&version) && self.stream.random_bool(self.flicker) {
            self.known.remove(&version.id);
            return Some((now + TimeDelta::milliseconds(self.stream.random_range(FLICKER_MILLIS)), version));
        }
        self.learn(version);
        None
    }

    /// Whether learning this version would change anything.
    fn is_news(&self, version: &Issue) -> bool {
        let newer = self.known.get(&version.id).is_none_or(|known| known.version < version.version);
        newer && !self.buried.contains(&version.id)
    }
}
