//! What health says, second by second, of flows to which such things happen.

use std::ops::Range;

use chrono::TimeDelta;

use super::*;
use crate::clock::Clock;

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum What {
    /// A page, a write or a commit succeeds.
    Success,
    /// A page of a full sync is handled to its end.
    FullSyncPage,
    /// A cycle completes.
    Completed,
    /// A cycle or a start fails.
    Failed,
    /// Jira's rate limit lets the flow wait for so many seconds.
    Limited(u64),
    /// A cycle ends as Jira asks to wait.
    AskedToWait,
    /// The flow is found to be served by another process.
    StandsBy,
    /// This is wanted from now on.
    Wants(Wish),
}
use What::{AskedToWait, Completed, Failed, FullSyncPage, Limited, StandsBy, Success, Wants};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

fn every(step: u64, span: Range<u64>, what: What) -> Vec<(u64, What)> {
    span.step_by(usize::try_from(step).unwrap()).map(|at| (at, what)).collect()
}

/// A flow of that interval in seconds, to which things happen.
struct Story {
    interval: u64,
    happens: Vec<(u64, What)>,
}

impl Story {
    fn new(interval: u64, happens: impl IntoIterator<Item = (u64, What)>) -> Self {
        let mut happens: Vec<_> = happens.into_iter().collect();
        happens.sort_by_key(|(at, _)| *at);
        Self { interval, happens }
    }

    /// What health says at each second before `end`.
    fn samples(&self, end: u64) -> Vec<Option<Degraded>> {
        let begin = Moment { now: Clock::system().now(), wall: DateTime::UNIX_EPOCH };
        let at = |second: u64| {
            let passed = Duration::from_secs(second);
            Moment { now: begin.now + passed, wall: begin.wall + passed }
        };
        let mut health = Health::new(Duration::from_secs(self.interval), begin);
        let mut outcomes = Outcomes::default();
        let sample = |second| {
            let now = at(second);
            for (_, what) in self.happens.iter().filter(|(at, _)| *at == second) {
                match what {
                    Success => outcomes.succeeded = Some(now),
                    FullSyncPage => {
                        let first = outcomes.full_sync.map_or(now.now, |(first, _)| first);
                        (outcomes.succeeded, outcomes.full_sync) = (Some(now), Some((first, now.now)));
                    }
                    Limited(seconds) => outcomes.limited_until = Some(at(second + seconds).now),
                    Completed => health.completed(now),
                    Failed => {
                        health.failed(format!("failed at {second}"), now);
                        // Another worker follows.
                        outcomes = Outcomes::default();
                    }
                    AskedToWait => health.asked_to_wait(format!("asked at {second}"), now),
                    StandsBy => health.stands_by(now),
                    Wants(wish) => health.wants(*wish, now),
                }
                health.observe(&outcomes);
            }
            health.degraded(now.now)
        };
        (0..end).map(sample).collect()
    }

    /// The spans of seconds in which the flow is degraded, up to `end`.
    fn spans(&self, end: u64) -> Vec<(u64, u64)> {
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for (second, sample) in (0..end).zip(self.samples(end)) {
            match (sample.is_some(), spans.last_mut()) {
                (true, Some((_, end))) if *end == second => *end += 1,
                (true, _) => spans.push((second, second + 1)),
                (false, _) => {}
            }
        }
        spans
    }
}

fn check(sentence: &str, interval: u64, happens: Vec<Vec<(u64, What)>>, end: u64, expected: &[(u64, u64)]) {
    assert_eq!(Story::new(interval, happens.concat()).spans(end), expected, "{sentence}");
}

#[test]
fn a_flow_is_degraded_from_its_first_failure_until_a_cycle_completes() {
    check("it never worked", 300, vec![every(10, 0..HOUR, Failed)], HOUR, &[(0, HOUR)]);
    check("one failure", 300, vec![vec![(9, Completed), (20, Failed), (50, Completed)]], 300, &[(20, 50)]);
    let starts = every(10, 20..1000, Success);
    check(
        "each start asks a little",
        300,
        vec![vec![(9, Completed)], starts, every(10, 21..1000, Failed)],
        1000,
        &[(21, 1000)],
    );
}

#[test]
fn a_flow_is_degraded_when_nothing_succeeds_for_a_minute_or_two_intervals() {
    for (interval, from) in [(5, 60), (30, 60), (31, 62), (300, 600)] {
        check("nothing ever succeeds", interval, vec![], HOUR, &[(from, HOUR)]);
        check("nothing any more", interval, vec![vec![(7, Success)]], HOUR, &[(from + 7, HOUR)]);
    }
    check("until something does", 5, vec![every(59, 100..200, Success)], 210, &[(60, 100)]);
}

#[test]
fn a_silence_that_ends_in_a_failure_is_one_trouble_with_the_last_reason() {
    let story = Story::new(5, [(10, Completed), (185, Failed), (370, Failed)]);
    assert_eq!(story.spans(600), [(70, 600)]);
    let samples = story.samples(600);
    let since = DateTime::UNIX_EPOCH + TimeDelta::seconds(70);
    let why = |second: usize| samples[second].as_ref().map(|degraded| (degraded.since, degraded.why.as_str())).unwrap();
    assert_eq!(why(100).0, since);
    assert!(why(100).1.contains("no page, write or commit has succeeded since 1970-01-01 00:00:10 UTC"));
    assert_eq!((why(185), why(599)), ((since, "failed at 185"), (since, "failed at 370")));
}

#[test]
fn a_wait_for_a_rate_limit_is_the_last_reason_of_a_flow_that_failed_before() {
    let story = Story::new(5, [(5, Failed), (9, Limited(100)), (9, AskedToWait)]);
    let last = story.samples(20).pop().flatten().unwrap();
    assert_eq!((last.since, last.why.as_str()), (DateTime::UNIX_EPOCH + TimeDelta::seconds(5), "asked at 9"));
}

#[test]
fn a_first_sync_that_progresses_is_not_degraded_however_long_it_takes() {
    let pages = every(50, 0..6 * HOUR, FullSyncPage);
    check("it never fails", 5, vec![pages.clone()], 6 * HOUR, &[]);
    check("it has gone on since it failed", 5, vec![pages, vec![(1000, Failed)]], 6 * HOUR, &[(1000, 1150)]);
    let [pages, failures] = [every(100, 0..HOUR, FullSyncPage), every(100, 30..HOUR, Failed)];
    check("it fails after each page", 5, vec![pages, failures], HOUR, &[(30, HOUR)]);
}

#[test]
fn a_stated_wait_for_a_rate_limit_is_no_trouble_for_half_an_hour() {
    let wait = |at, seconds| vec![(at, Limited(seconds)), (at, AskedToWait)];
    let end = 2 * HOUR;
    check("it works then", 5, vec![wait(9, 1800), every(5, 1809..end, Completed)], end, &[]);
    check("nothing succeeds then", 5, vec![wait(9, 300)], end, &[(369, end)]);
    check(
        "it is asked again and again",
        5,
        vec![wait(0, 1500), wait(1500, 1500), wait(3000, 1500)],
        end,
        &[(1860, end)],
    );
    check("it waits within a request", 5, vec![vec![(9, Limited(120))], vec![(130, Completed)]], 180, &[]);
    check("the wait is not stated", 5, vec![vec![(9, AskedToWait)], vec![(60, Completed)]], 100, &[(9, 60)]);
    check("it failed before", 5, vec![vec![(5, Failed)], wait(9, 100), vec![(110, Completed)]], 150, &[(5, 110)]);
}

#[test]
fn a_flow_that_another_process_serves_is_not_degraded_as_long_as_that_is_known() {
    check("it stands by", 5, vec![every(10, 0..HOUR, StandsBy)], HOUR, &[]);
    check("it failed before", 5, vec![vec![(5, Failed)], every(10, 20..300, StandsBy)], 300, &[(5, 20)]);
    check("it can't find out", 5, vec![every(10, 0..100, StandsBy), vec![(110, Failed)]], 300, &[(110, 300)]);
    check("it hangs", 5, vec![every(10, 0..100, StandsBy)], 300, &[(150, 300)]);
}

#[test]
fn a_pause_is_no_trouble_and_a_stop_leaves_things_as_they_are() {
    let paused = |from, to| vec![(from, Wants(Wish::Pause)), (to, Wants(Wish::Work))];
    check("paused while it works", 5, vec![vec![(5, Completed)], paused(10, 500)], 600, &[(560, 600)]);
    check("paused while it fails", 5, vec![vec![(5, Failed)], paused(10, 500)], 520, &[(5, 10)]);
    check("stopped while it works", 5, vec![vec![(10, Wants(Wish::Stop))]], 300, &[]);
    check("stopped while it fails", 5, vec![vec![(5, Failed), (10, Wants(Wish::Stop))]], 300, &[(5, 300)]);
    check("stopped while it is silent", 5, vec![vec![(90, Wants(Wish::Stop))]], 300, &[(60, 300)]);
}

#[test]
fn a_flow_is_due_to_become_degraded_when_it_does() {
    let begin = Clock::simulated(DateTime::UNIX_EPOCH).moment();
    let mut health = Health::new(Duration::from_secs(5 * MINUTE), begin);
    let due = health.due().unwrap();
    assert_eq!(due, begin.now + Duration::from_secs(10 * MINUTE));
    assert!(health.degraded(due - Duration::from_millis(1)).is_none() && health.degraded(due).is_some());
    health.failed("a reason".to_owned(), begin);
    assert_eq!(health.due(), None, "it is already");
}
