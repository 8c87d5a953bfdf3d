//! A pause of the whole account, and who asks whether it is over. Pure.

use std::time::Duration;

use tokio::time::Instant;

use super::{HoldCause, LONGEST_PAUSE};

/// How long the answer of the request that asks is waited for: longer than any API call lives.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// A person's edit or order may have Jira asked before a pause is over, so often at most.
const EARLY_EVERY: Duration = Duration::from_secs(60);

/// What the account may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Whatever it likes.
    Free,
    /// Nothing before then.
    NotBefore(Instant),
    /// Send one request, to find out whether the pause is over.
    Ask,
}

/// A pause of the whole account. After one that was too long to be waited for, one request of all flows goes first, and
/// the others wait for its answer.
#[derive(Debug, Default)]
pub(super) struct Hold {
    until: Option<Instant>,
    cause: HoldCause,
    long: bool,
    /// Since when a request is under way that asks.
    asking: Option<Instant>,
    /// When one last asked early.
    asked_early: Option<Instant>,
    /// When Jira last asked for a pause.
    told: Option<Instant>,
}

impl Hold {
    /// `hurried`: since when a person waits for the worker that wants to know.
    pub(super) fn access(&self, now: Instant, hurried: Option<Instant>) -> Access {
        let Some(until) = self.until else { return Access::Free };
        let answer_by = self.asking.map(|since| since + ANSWERED_WITHIN).filter(|by| now < *by);
        match answer_by {
            Some(by) => Access::NotBefore(by),
            None if now >= until && self.long => Access::Ask,
            None if now >= until => Access::Free,
            None => self.early(now, hurried).unwrap_or(Access::NotBefore(until)),
        }
    }

    /// Whoever came before Jira's last word has its answer.
    fn early(&self, now: Instant, hurried: Option<Instant>) -> Option<Access> {
        let since = hurried?;
        if !self.long || self.told.is_some_and(|told| told >= since) {
            return None;
        }
        let from = self.asked_early.map_or(now, |asked| asked + EARLY_EVERY);
        Some(if now >= from { Access::Ask } else { Access::NotBefore(from) })
    }

    /// A request goes that was let through by [`Access::Ask`].
    pub(super) fn ask(&mut self, now: Instant) {
        self.asking = Some(now);
        if self.until.is_some_and(|until| now < until) {
            self.asked_early = Some(now);
        }
    }

    /// Jira asks for a pause. What it says to a request that asks takes the place of what it said before.
    pub(super) fn begin(&mut self, now: Instant, (until, cause): (Instant, HoldCause), asked: bool) {
        if asked || self.until.is_none_or(|earlier| earlier <= until) {
            self.cause = cause;
        }
        let until = if asked { until } else { self.until.map_or(until, |earlier| earlier.max(until)) };
        self.until = Some(until);
        self.long = now + LONGEST_PAUSE < until || (self.long && !asked);
        self.told = Some(now);
        if asked {
            self.asking = None;
        }
    }

    /// A pause that an earlier worker was asked for: it is no new word of Jira's.
    pub(super) fn resume(&mut self, now: Instant, until: Instant) {
        if self.until.is_none_or(|earlier| earlier < until) {
            (self.until, self.cause) = (Some(until), HoldCause::RateLimit);
            self.long |= now + LONGEST_PAUSE < until;
        }
    }

    /// The request that asked was answered otherwise: the pause is over.
    pub(super) fn end(&mut self) {
        (self.until, self.asking, self.long) = (None, None, false);
    }

    /// The request that asked has no answer that tells: another one asks, in a while.
    pub(super) fn unanswered(&mut self, now: Instant) {
        self.asking = None;
        self.until = self.until.map(|until| until.max(now + EARLY_EVERY));
    }

    /// Until when it holds, if it is for a rate limit.
    pub(super) fn limited_until(&self) -> Option<Instant> {
        self.until.filter(|_| self.cause == HoldCause::RateLimit)
    }

    /// How much of it is left.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn limit(until: Instant) -> (Instant, HoldCause) {
        (until, HoldCause::RateLimit)
    }

    #[test]
    fn after_a_long_pause_one_asks_and_the_others_wait_for_its_answer() {
        let now = Clock::system().now();
        let mut hold = Hold::default();
        hold.begin(now, limit(now + S(1800)), false);
        assert_eq!(hold.access(now + S(1799), None), Access::NotBefore(now + S(1800)));
        let over = now + S(1800);
        assert_eq!(hold.access(over, None), Access::Ask);
        hold.ask(over);
        assert_eq!(hold.access(over, None), Access::NotBefore(over + ANSWERED_WITHIN));
        hold.end();
        assert_eq!(hold.access(over, None), Access::Free);
    }

    #[test]
    fn a_short_pause_ends_by_itself() {
        let now = Clock::system().now();
        let mut hold = Hold::default();
        hold.begin(now, limit(now + S(120)), false);
        assert_eq!(hold.access(now, Some(now)), Access::NotBefore(now + S(120)), "nobody need ask early");
        assert_eq!(hold.access(now + S(120), None), Access::Free);
    }

    #[test]
    fn what_jira_says_to_the_request_that_asks_counts_and_nothing_else_shortens_a_pause() {
        let now = Clock::system().now();
        let mut hold = Hold::default();
        hold.begin(now, limit(now + S(1800)), false);
        hold.begin(now + S(1), limit(now + S(200)), false);
        assert_eq!(hold.left(now), Some(S(1800)));
        hold.ask(now + S(1800));
        hold.begin(now + S(1800), limit(now + S(1810)), true);
        assert_eq!(hold.access(now + S(1810), None), Access::Free);
    }

    #[test]
    fn a_request_that_asks_and_is_never_answered_is_followed_by_another() {
        let now = Clock::system().now();
        let mut hold = Hold::default();
        hold.begin(now, limit(now + S(1800)), false);
        let over = now + S(1800);
        hold.ask(over);
        assert_eq!(hold.access(over + ANSWERED_WITHIN, None), Access::Ask);
        hold.unanswered(over);
        assert_eq!(hold.access(over + S(59), None), Access::NotBefore(over + S(60)));
        assert_eq!(hold.access(over + S(60), None), Access::Ask);
    }

    #[test]
    fn a_person_may_have_it_asked_early_once_a_minute_for_the_account() {
        let now = Clock::system().now();
        let mut hold = Hold::default();
        hold.begin(now, limit(now + S(1800)), false);
        assert_eq!(hold.access(now + S(10), Some(now + S(9))), Access::Ask);
        hold.ask(now + S(10));
        hold.begin(now + S(11), limit(now + S(1811)), true);
        assert_eq!(hold.access(now + S(12), Some(now + S(9))), Access::NotBefore(now + S(1811)), "it has its answer");
        assert_eq!(hold.access(now + S(20), Some(now + S(20))), Access::NotBefore(now + S(70)));
        assert_eq!(hold.access(now + S(70), Some(now + S(20))), Access::Ask);
    }
}
