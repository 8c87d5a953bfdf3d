//! One flow's page as text: what needs somebody comes first, each with what to do next.

use std::io::{self, Write};

use crate::api::{self, FlowData, FullSync, IntentState, List, PairState, Patrol};
use crate::cli::text::{counted, one_line};

/// A flow's state and what its data says; of its data, nothing if that can't be read now.
pub(super) fn show(page: &api::FlowPage, out: &mut dyn Write) -> io::Result<()> {
    super::show(&page.flow, out)?;
    writeln!(out, "  file: {}", one_line(&page.flow.file))?;
    for problem in &page.problems {
        writeln!(out, "  the file is refused as it is now, the flow runs on as before: {}", one_line(problem))?;
    }
    match (&page.data, &page.error) {
        (Some(data), _) => show_data(&page.flow, data, out),
        (None, Some(_)) => Ok(()),
        (None, None) => writeln!(out, "  what its data says is not understood by this version; see it with --json"),
    }
}

fn show_data(flow: &api::Flow, data: &FlowData, out: &mut dyn Write) -> io::Result<()> {
    show_progress(data, out)?;
    let FlowData { intents, failures, pairs, missing, .. } = data;
    let (doubts, others): (Vec<_>, Vec<_>) =
        intents.list.iter().partition(|intent| intent.state == IntentState::InDoubt);
    let (apart, troubled): (Vec<_>, Vec<_>) = pairs.list.iter().partition(|pair| pair.state == PairState::Unpaired);
    let is_well = failures.list.is_empty() && missing.list.is_empty() && flow.notices.is_empty() && !flow.degraded;
    if is_well && doubts.is_empty() && troubled.is_empty() {
        writeln!(out, "Nothing needs anybody.")?;
    }
    show_doubts(&doubts, intents.more, out)?;
    show_failures(failures, out)?;
    // Those that were taken apart come last: if there is one, no other is missing.
    show_troubled(&flow.name, &troubled, pairs.more && apart.is_empty(), out)?;
    show_missing(&flow.name, missing, out)?;
    show_others(&others, intents.more, out)?;
    show_apart(&flow.name, &apart, pairs.more, out)
}

fn show_progress(data: &FlowData, out: &mut dyn Write) -> io::Result<()> {
    match &data.last_sync {
        Some(mark) => writeln!(out, "  handled: every change before {mark} by Jira's clock")?,
        None => writeln!(out, "  handled: no cycle has come to its end yet")?,
    }
    match &data.full_sync {
        FullSync::Completed => writeln!(out, "  full sync: completed")?,
        FullSync::UnderWay { side, done } => {
            writeln!(out, "  full sync: under way in the {side} project, {done} issues done")?;
        }
        FullSync::Incomplete => {
            writeln!(out, "  full sync: Jira did not show all that it counts; it is made again a day later")?;
        }
        FullSync::NotBegun => writeln!(out, "  full sync: not begun")?,
    }
    match &data.patrol {
        Some(Patrol { begun, under_way: true }) => writeln!(out, "  patrol: under way since {begun}"),
        Some(Patrol { begun, under_way: false }) => writeln!(out, "  patrol: daily, counted from {begun}"),
        None => writeln!(out, "  patrol: not begun"),
    }
}

fn show_doubts(doubts: &[&api::Intent], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if doubts.is_empty() {
        return Ok(());
    }
    writeln!(out, "In doubt: {} of which nobody knows whether it happened.", counted(doubts.len(), "write", more))?;
    doubts.iter().try_for_each(|intent| show_intent(intent, out))?;
    writeln!(out, "  Next: wait. Each cycle looks it up, and it is repeated only when it certainly did not happen.")
}

fn show_failures(failures: &List<api::Failure>, out: &mut dyn Write) -> io::Result<()> {
    if failures.list.is_empty() {
        return Ok(());
    }
    writeln!(out, "Failed: {}, tried again by itself.", counted(failures.list.len(), "issue", failures.more))?;
    for api::Failure { issue, attempts, next_try, why, .. } in &failures.list {
        let times = counted(*attempts as usize, "time", false);
        writeln!(out, "  {}: {times} in a row, next try {next_try}: {}", issue.key, one_line(why))?;
    }
    writeln!(out, "  Next: mend in Jira what the reason names. An issue that changes is tried at once.")
}

fn show_troubled(flow: &str, pairs: &[&api::Pair], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    writeln!(out, "Not kept in step: {}.", counted(pairs.len(), "pair", more))?;
    for pair in pairs {
        let (state, next) = state_and_advice(flow, pair);
        writeln!(out, "  {} and {}: {}", pair.user.key, pair.dev.key, one_line(state))?;
        writeln!(out, "    Next: {next}")?;
    }
    Ok(())
}

fn show_missing(flow: &str, missing: &List<api::Missing>, out: &mut dyn Write) -> io::Result<()> {
    if missing.list.is_empty() {
        return Ok(());
    }
    let count = counted(missing.list.len(), "user issue", missing.more);
    writeln!(out, "Taken over without a dev issue that can be read: {count}. No other one is created.")?;
    for api::Missing { user, dev_key } in &missing.list {
        let user = &user.key;
        writeln!(out, "  {user} and {dev_key}: missing")?;
        writeln!(
            out,
            "    Next: show {dev_key} to us; or give another: lockstep pair {flow} {user} KEY; or, if it is gone: lockstep \
             recreate {flow} {user}"
        )?;
    }
    Ok(())
}

fn show_others(intents: &[&api::Intent], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if intents.is_empty() {
        return Ok(());
    }
    writeln!(out, "In hand: {}.", counted(intents.len(), "write", more))?;
    intents.iter().try_for_each(|intent| show_intent(intent, out))
}

fn show_apart(flow: &str, pairs: &[&api::Pair], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    writeln!(out, "Taken apart by an operator: {}.", counted(pairs.len(), "pair", more))?;
    for api::Pair { user, dev, .. } in pairs {
        writeln!(out, "  {} and {}; together again with: lockstep pair {flow} {0} {1}", user.key, dev.key)?;
    }
    Ok(())
}

fn show_intent(intent: &api::Intent, out: &mut dyn Write) -> io::Result<()> {
    let dev = intent.dev.as_ref().map(|dev| format!(" and {}", dev.key)).unwrap_or_default();
    let rule = intent.rule.as_ref().map(|rule| format!(" by rule {}", one_line(rule))).unwrap_or_default();
    let step = current_step(intent);
    writeln!(out, "  {}{dev}: {}{rule}, begun {}, {step}", intent.user.key, intent.kind, intent.begun)
}

fn current_step(intent: &api::Intent) -> String {
    let Some(step) = &intent.step else { return "all steps done".to_owned() };
    let number = intent.steps_done + 1;
    let since = intent.doubt_since.as_ref().map(|since| format!(", in doubt since {since}")).unwrap_or_default();
    let owed = if intent.state == IntentState::Owed { ", to be tried again" } else { "" };
    format!("step {number} of {}: {step}{since}{owed}", intent.steps)
}

/// The state of a pair, and what to do about it.
fn state_and_advice<'a>(flow: &str, pair: &'a api::Pair) -> (&'a str, String) {
    let (user, dev) = (&pair.user.key, &pair.dev.key);
    let history = || format!("lockstep history {flow} {user}");
    match &pair.state {
        PairState::Suspended => {
            ("suspended", format!("move back the one that left its project; or: lockstep unpair {flow} {user}"))
        }
        PairState::Broken => (
            "broken",
            format!(
                "one of them was deleted or is hidden from us: show it to us; or: lockstep recreate {flow} {user}, \
                 lockstep unpair {flow} {user}"
            ),
        ),
        PairState::Held => (
            "held",
            format!(
                "see whether rules answer each other. It is judged anew after an hour; or now: lockstep pair {flow} \
                 {user} {dev}"
            ),
        ),
        PairState::Active => ("active", history()),
        PairState::Unpaired => ("unpaired", history()),
        PairState::Other(state) => (state, history()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDING: &str = r#""name": "sync-ab", "file": "flows.d/sync-ab.json", "state": "idle",
        "since": "S", "why": null, "lastCycle": null, "lastHeartbeat": null"#;

    fn shown(problems: &str, data: &str) -> String {
        let page = format!("{{{STANDING}, \"problems\": {problems}{data}}}");
        let mut out = Vec::new();
        show(&serde_json::from_str(&page).unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn data(intents: &str, failures: &str, pairs: &str, missing: &str, more: bool) -> String {
        format!(
            r#", "lastSync": "L", "fullSync": {{"state": "completed"}}, "patrol": {{"begun": "B", "underWay": true}},
            "intents": {{"list": [{intents}], "more": {more}}}, "failures": {{"list": [{failures}], "more": {more}}},
            "pairs": {{"list": [{pairs}], "more": {more}}}, "missing": {{"list": [{missing}], "more": {more}}}"#
        )
    }

    fn intent(state: &str, since: &str) -> String {
        format!(
            r#"{{"id": "i", "kind": "create", "state": "{state}", "doubtSince": {since}, "rule": "accepted",
            "source": "user", "user": {{"id": "1", "key": "USER-A-1"}}, "dev": null, "step": "create", "stepsDone": 0,
            "steps": 2, "begun": "T"}}"#
        )
    }

    fn pair(number: u8, state: &str) -> String {
        format!(
            r#"{{"user": {{"id": "1", "key": "USER-A-{number}"}}, "dev": {{"id": "2", "key": "DEV-A-{number}"}},
            "state": "{state}"}}"#
        )
    }

    const HEAD: &str = "sync-ab: idle since S, last good cycle none yet\n  file: flows.d/sync-ab.json\n";
    const PROGRESS: &str =
        "  handled: every change before L by Jira's clock\n  full sync: completed\n  patrol: under way since B\n";

    #[test]
    fn a_flow_that_needs_nobody_says_so() {
        let said = shown("[]", &data("", "", "", "", false));
        assert_eq!(said, format!("{HEAD}{PROGRESS}Nothing needs anybody.\n"));
    }

    #[test]
    fn without_its_data_a_flow_is_shown_as_far_as_it_is_known() {
        let said = shown(r#"["1:1: not JSON"]"#, r#", "error": "the disk is gone""#);
        let refused = "  the file is refused as it is now, the flow runs on as before: 1:1: not JSON\n";
        assert_eq!(said, format!("{HEAD}{refused}"));
    }

    #[test]
    fn what_a_later_daemon_may_say_is_not_passed_over_in_silence() {
        let said = shown("[]", &data("", "", "", "", false).replace("completed", "beingInvented"));
        let unknown = "  what its data says is not understood by this version; see it with --json\n";
        assert_eq!(said, format!("{HEAD}{unknown}"));
    }

    #[test]
    fn of_an_older_daemon_the_state_is_shown() {
        let first_with_data = data("", "", "", "", false).replace(r#", "missing": {"list": [], "more": false}"#, "");
        assert!(!first_with_data.contains("missing"));
        let unknown = "  what its data says is not understood by this version; see it with --json\n";
        assert_eq!(shown("[]", &first_with_data), format!("{HEAD}{unknown}"));
    }

    #[test]
    fn what_needs_somebody_comes_first_and_each_with_what_to_do_next() {
        let intents = [intent("inHand", "null"), intent("owed", "null"), intent("inDoubt", "\"D\"")].join(",");
        let failure = r#"{"side": "dev", "issue": {"id": "2", "key": "DEV-A-2"}, "attempts": 3, "nextTry": "N",
            "why": "Jira\nsays no"}"#;
        let pairs = [pair(3, "broken"), pair(4, "held"), pair(5, "suspended"), pair(6, "unpaired")].join(",");
        let missing = r#"{"user": {"id": "1", "key": "USER-A-7"}, "devKey": "DEV-A-7"}"#;
        let said = shown("[]", &data(&intents, failure, &pairs, missing, true));
        let expected = "\
In doubt: at least 1 write of which nobody knows whether it happened.
  USER-A-1: create by rule accepted, begun T, step 1 of 2: create, in doubt since D
  Next: wait. Each cycle looks it up, and it is repeated only when it certainly did not happen.
Failed: at least 1 issue, tried again by itself.
  DEV-A-2: 3 times in a row, next try N: Jira says no
  Next: mend in Jira what the reason names. An issue that changes is tried at once.
Not kept in step: 3 pairs.
  USER-A-3 and DEV-A-3: broken
    Next: one of them was deleted or is hidden from us: show it to us; or: lockstep recreate sync-ab USER-A-3, lockstep unpair sync-ab USER-A-3
  USER-A-4 and DEV-A-4: held
    Next: see whether rules answer each other. It is judged anew after an hour; or now: lockstep pair sync-ab USER-A-4 DEV-A-4
  USER-A-5 and DEV-A-5: suspended
    Next: move back the one that left its project; or: lockstep unpair sync-ab USER-A-5
Taken over without a dev issue that can be read: at least 1 user issue. No other one is created.
  USER-A-7 and DEV-A-7: missing
    Next: show DEV-A-7 to us; or give another: lockstep pair sync-ab USER-A-7 KEY; or, if it is gone: lockstep recreate sync-ab USER-A-7
In hand: at least 2 writes.
  USER-A-1: create by rule accepted, begun T, step 1 of 2: create
  USER-A-1: create by rule accepted, begun T, step 1 of 2: create, to be tried again
Taken apart by an operator: at least 1 pair.
  USER-A-6 and DEV-A-6; together again with: lockstep pair sync-ab USER-A-6 DEV-A-6
";
        assert_eq!(said, format!("{HEAD}{PROGRESS}{expected}"));
    }
}
