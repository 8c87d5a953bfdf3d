//! Whether a failed request is tried again, and when. Pure.

use std::time::Duration;

use super::{Ask, Failed};
use crate::jira::budget::LONGEST_PAUSE;
use crate::jira::error::Repeat;

/// Tries of a request that may be repeated, as Atlassian advises.
pub(in crate::jira) const TRIES: u32 = 4;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How long to wait before a request that failed is repeated; `None` when it must not be. `unit` is a draw from
/// `0.0..1.0`.
pub(super) fn pause(failed: &Failed, ask: &Ask, tried: u32, unit: f64) -> Option<Duration> {
    let repeat = failed.fault.nature().repeat;
    // Where Jira has not looked at the request, another try says nothing of what was asked.
    let most = if repeat == Repeat::Always { TRIES } else { ask.tries };
    let harmless = match repeat {
        Repeat::Always => true,
        Repeat::Reads => ask.reads(),
        Repeat::ReadsOnce => ask.reads() && tried == 1,
        Repeat::No => false,
    };
    if !harmless || failed.is_final || tried >= most || failed.at_least > LONGEST_PAUSE {
        return None;
    }
    // Atlassian's jitter, 0.7 to 1.3; what Jira asks for is only ever lengthened.
    let doubling = FIRST_PAUSE * 2u32.pow(tried.saturating_sub(1));
    Some(doubling.mul_f64(0.7 + 0.6 * unit).max(failed.at_least.mul_f64(1.0 + 0.3 * unit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jira::error::Fault;
    use crate::pulse::Purpose;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn asked(reads: bool, tries: u32) -> Ask {
        let (path, endpoint, purpose) = (String::new(), "", if reads { Purpose::Read } else { Purpose::Write });
        Ask { method: http::Method::POST, path, body: None, endpoint, purpose, of_one_issue: false, tries }
    }

    fn failed(fault: Fault, at_least: Duration) -> Failed {
        Failed { at_least, ..fault.into() }
    }

    fn unanswered() -> Fault {
        Fault::Unanswered("503".to_owned())
    }

    #[test]
    fn pauses_double_within_the_jitter_for_four_tries() {
        let pause =
            |tried, unit| pause(&failed(unanswered(), S(0)), &asked(true, TRIES), tried, unit).map(|it| it.as_millis());
        assert_eq!([1, 2, 3].map(|tried| pause(tried, 0.5).unwrap()), [500, 1000, 2000]);
        assert_eq!((pause(2, 0.0), pause(2, 1.0)), (Some(700), Some(1300)));
        assert_eq!(pause(4, 0.5), None);
    }

    #[test]
    fn what_jira_asks_for_is_obeyed_at_least_or_the_request_given_up() {
        let pause =
            |at_least, unit| pause(&failed(Fault::Throttled(at_least), at_least), &asked(false, TRIES), 1, unit);
        assert_eq!((pause(S(10), 0.0), pause(S(10), 1.0)), (Some(S(10)), Some(S(13))));
        assert_eq!(pause(S(121), 0.0), None);
    }

    #[test]
    fn a_write_is_repeated_only_if_nothing_happened() {
        let pause = |fault| pause(&failed(fault, S(0)), &asked(false, TRIES), 1, 0.5);
        assert!(pause(Fault::NotSent(String::new())).is_some());
        assert!(pause(Fault::Throttled(S(0))).is_some());
        let not_jira = Fault::NotJira(String::new());
        for fault in [unanswered(), not_jira, Fault::Conflict(String::new()), Fault::Stopping, Fault::Cancelled] {
            assert_eq!(pause(fault), None);
        }
    }

    #[test]
    fn who_asks_for_fewer_tries_gets_them_unless_jira_never_looked() {
        let pause = |fault, tried| pause(&failed(fault, S(0)), &asked(true, 2), tried, 0.5).is_some();
        assert!(pause(unanswered(), 1) && !pause(unanswered(), 2));
        assert!(pause(Fault::NotSent(String::new()), 3) && pause(Fault::Throttled(S(0)), 3));
    }
}
