//! The limits that Jira publishes, as a pure function of the site's clock.
//!
//! Cloud has a bucket of tokens for each endpoint and method, and counts the writes to each issue. Data Center has one
//! bucket for each account.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::flavour::Flavour;

/// How much the site puts up with. Which of the limits apply depends on the kind of Jira it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Cloud: `GET` and `POST` to one endpoint, each on its own.
    pub reading: Bucket,
    /// Cloud: `PUT` and `DELETE` to one endpoint, each on its own.
    pub writing: Bucket,
    /// Cloud: at most so many writes to one issue within so long.
    pub per_issue: Vec<(usize, Duration)>,
    /// Data Center: all requests of one account.
    pub per_account: Bucket,
}

/// A bucket of tokens, of which each request takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The most tokens that it holds.
    pub size: u32,
    /// How many tokens come back…
    pub fill: u32,
    /// … each time that so long has passed. Not zero.
    pub every: Duration,
}

impl Limits {
    /// Cloud's numbers as Atlassian publishes them. Data Center's are for its administrator to choose; these, ten a
    /// second and a hundred saved up, are an example.
    pub fn published() -> Self {
        let second = Duration::from_secs(1);
        Self {
            reading: Bucket { size: 100, fill: 100, every: second },
            writing: Bucket { size: 50, fill: 50, every: second },
            per_issue: vec![(20, Duration::from_secs(2)), (100, Duration::from_secs(30))],
            per_account: Bucket { size: 100, fill: 10, every: second },
        }
    }
}

/// A request as the limits see it.
pub(super) struct Caller<'a> {
    pub flavour: Flavour,
    /// An account id.
    pub account: &'a str,
    /// `METHOD template`.
    pub endpoint: &'a str,
    /// `GET` and `POST`.
    pub is_reading: bool,
    /// The issue it writes to.
    pub issue: Option<u64>,
}

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Excess {
    pub which: Which,
    /// When it would be let in.
    pub until: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Cloud's limit for an endpoint.
    Burst(Bucket),
    /// Cloud's limit for an issue: so many writes.
    Issue(usize),
    /// Data Center's limit for an account.
    Account(Bucket),
}

/// What has been used up.
#[derive(Default)]
pub(super) struct Meter {
    buckets: BTreeMap<String, Level>,
    /// When each issue was written to, oldest first, no longer ago than the longest window.
    writes: BTreeMap<u64, VecDeque<DateTime<Utc>>>,
}

/// How full a bucket was at a time.
#[derive(Clone, Copy)]
struct Level {
    tokens: u32,
    /// Since when the next tokens are on their way.
    since: DateTime<Utc>,
}

impl Meter {
    /// Lets a request in, or says why not. Who is turned away uses nothing up.
    pub(super) fn admit(&mut self, limits: &Limits, caller: &Caller, now: DateTime<Utc>) -> Result<(), Excess> {
        match caller.flavour {
            Flavour::DataCenter => {
                let bucket = limits.per_account;
                self.take(caller.account, bucket, now).map_err(|until| Excess { which: Which::Account(bucket), until })
            }
            Flavour::Cloud => {
                if let Some(issue) = caller.issue {
                    self.may_write(limits, issue, now)?;
                }
                let bucket = if caller.is_reading { limits.reading } else { limits.writing };
                self.take(caller.endpoint, bucket, now)
                    .map_err(|until| Excess { which: Which::Burst(bucket), until })?;
                caller.issue.into_iter().for_each(|issue| self.writes.entry(issue).or_default().push_back(now));
                Ok(())
            }
        }
    }

    fn may_write(&mut self, limits: &Limits, issue: u64, now: DateTime<Utc>) -> Result<(), Excess> {
        let longest = limits.per_issue.iter().map(|(_, window)| *window).max().unwrap_or_default();
        self.forget(now - delta(longest));
        let Some(writes) = self.writes.get(&issue) else { return Ok(()) };
        for &(most, window) in &limits.per_issue {
            let window = delta(window);
            let recent = writes.iter().filter(|at| now - **at < window).count();
            if let Some(first) = writes.get(writes.len() - recent).filter(|_| recent >= most) {
                return Err(Excess { which: Which::Issue(most), until: *first + window });
            }
        }
        Ok(())
    }

    /// Forgets writes before that time, so that this stays as small as what happened lately.
    fn forget(&mut self, before: DateTime<Utc>) {
        self.writes.retain(|_, writes| {
            while writes.front().is_some_and(|at| *at <= before) {
                writes.pop_front();
            }
            !writes.is_empty()
        });
    }

    /// Takes a token, or says when there will be one.
    fn take(&mut self, name: &str, bucket: Bucket, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        let every = delta(bucket.every).max(TimeDelta::milliseconds(1));
        let level = self.buckets.entry(name.to_owned()).or_insert(Level { tokens: bucket.size, since: now });
        let times = (now - level.since).num_milliseconds().max(0) / every.num_milliseconds();
        level.tokens = refilled(level.tokens, times, bucket);
        level.since += every * i32::try_from(times).unwrap_or(i32::MAX);
        match level.tokens.checked_sub(1) {
            Some(left) => {
                level.tokens = left;
                Ok(())
            }
            None => Err(level.since + every),
        }
    }
}

fn refilled(tokens: u32, times: i64, bucket: Bucket) -> u32 {
    let more = i64::from(bucket.fill).saturating_mul(times).saturating_add(i64::from(tokens));
    u32::try_from(more).unwrap_or(u32::MAX).min(bucket.size)
}

fn delta(length: Duration) -> TimeDelta {
    TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX)
}
