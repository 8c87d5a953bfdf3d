//! What the flow's site does that an operator should see: clocks that differ, requests that it refuses.

use crate::engine::cx::Cx;
use crate::flow::NoticeKind;
use crate::jira::ClockDifference;
use std::time::Duration;

/// Answers may be stamped by another clock than Jira's own. The earlier of the two is gone by.
pub(in crate::engine) async fn compare_clocks(cx: &Cx) {
    let difference = cx.jira.compare_clocks().await;
    cx.teller.notice(NoticeKind::ClocksDiffer, difference.and_then(clocks_differ));
}

/// Shows which kinds of requests Jira refuses.
pub(in crate::engine) fn notice_refused_requests(cx: &Cx) {
    cx.teller.notice(NoticeKind::RequestsRefused, requests_refused(&cx.jira.refused_requests()));
}

/// Why a flow shows that some kinds of requests are refused.
fn requests_refused(refused: &[String]) -> Option<String> {
    (!refused.is_empty()).then(|| {
        format!(
            "Jira refuses some requests though it accepts the account ({}): give the account and its token what these \
             need (docs/jira.md); until then what needs them fails, is tried again, and holds up nothing else",
            refused.join("; ")
        )
    })
}

/// Why a flow shows that the clocks of its site differ: by more than a minute. In whole minutes, so that it is told once.
fn clocks_differ(difference: ClockDifference) -> Option<String> {
    let (by, how) = match difference {
        ClockDifference::Ahead(by) => (by, "ahead of"),
        ClockDifference::Behind(by) => (by, "behind"),
    };
    let minutes = by.as_secs().saturating_add(30) / 60;
    (by > Duration::from_secs(60)).then(|| {
        format!(
            "the clock that stamps Jira's answers (their `Date`) is {minutes} min {how} Jira's own clock \
             (`serverInfo.serverTime`): correct the clock of the proxy before Jira, or of Jira's machine; until then \
             Lockstep goes by the earlier of the two, so that no change is missed"
        )
    })
}
