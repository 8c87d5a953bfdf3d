//! `lockstep status FLOW`: one flow as text. What needs attention comes first, each with what to do next.

use std::io::{self, Write};

use crate::api::{self, FlowData, FullSync, IntentState, List, PairState, Patrol};
use crate::cli::text::{counted, one_line};

/// Writes the state of a flow and what its data says; nothing of its data if that can't be read.
pub(super) fn show(page: &api::FlowPage, out: &mut dyn Write) -> io::Result<()> {
    super::show(&page.flow, out)?;
    writeln!(out, "  file: {}", one_line(&page.flow.file))?;
    for problem in &page.problems {
        writeln!(
            out,
            "  the file is refused, the flow keeps running with its last valid version: {}",
            one_line(problem)
        )?;
    }
    match (&page.data, &page.error) {
        (Some(data), _) => show_data(&page.flow, data, out),
        (None, Some(_)) => Ok(()),
        (None, None) => writeln!(out, "  this version does not understand the data of the flow; see it with --json"),
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
        writeln!(out, "Nothing needs attention.")?;
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
        None => writeln!(out, "  handled: no cycle has completed yet")?,
    }
    match &data.full_sync {
        FullSync::Completed => writeln!(out, "  full sync: completed")?,
        FullSync::UnderWay { side, done } => {
            writeln!(out, "  full sync: running in the {side} project, {done} issues done")?;
        }
        FullSync::Incomplete => {
            writeln!(
                out,
                "  full sync: incomplete, as Jira did not show all issues that it counts; repeated a day later"
            )?;
        }
        FullSync::NotBegun => writeln!(out, "  full sync: not started")?,
    }
    match &data.patrol {
        Some(Patrol { begun, under_way: true }) => writeln!(out, "  daily check of all pairs: running since {begun}"),
        Some(Patrol { begun, under_way: false }) => {
            writeln!(out, "  daily check of all pairs: next one a day after {begun}")
        }
        None => writeln!(out, "  daily check of all pairs: not started"),
    }
}

fn show_doubts(doubts: &[&api::Intent], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if doubts.is_empty() {
        return Ok(());
    }
    writeln!(out, "In doubt: {}, outcome unknown.", counted(doubts.len(), "write", more))?;
    doubts.iter().try_for_each(|intent| show_intent(intent, out))?;
    writeln!(out, "  Next: wait. Each cycle looks it up; it is repeated only if it certainly did not happen.")
}

fn show_failures(failures: &List<api::Failure>, out: &mut dyn Write) -> io::Result<()> {
    if failures.list.is_empty() {
        return Ok(());
    }
    writeln!(out, "Failed: {}, retried automatically.", counted(failures.list.len(), "issue", failures.more))?;
    for api::Failure { issue, attempts, next_try, why, .. } in &failures.list {
        let times = if *attempts == 1 { "once".to_owned() } else { format!("{attempts} times in a row") };
        writeln!(out, "  {}: failed {times}, next try {next_try}: {}", issue.key, one_line(why))?;
    }
    writeln!(out, "  Next: correct what the reason names. An issue that changes is retried at once.")
}

fn show_troubled(flow: &str, pairs: &[&api::Pair], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    writeln!(out, "Not synced: {}.", counted(pairs.len(), "pair", more))?;
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
    writeln!(out, "Taken over, but the dev issue can't be read: {count}. No other one is created.")?;
    for api::Missing { user, dev_key } in &missing.list {
        let user = &user.key;
        writeln!(out, "  {user} and {dev_key}: missing")?;
        writeln!(
            out,
            "    Next: give Lockstep access to {dev_key}; or name another: lockstep pair {flow} {user} KEY; or, if it is \
             gone: lockstep recreate {flow} {user}"
        )?;
    }
    Ok(())
}

fn show_others(intents: &[&api::Intent], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if intents.is_empty() {
        return Ok(());
    }
    writeln!(out, "In progress: {}.", counted(intents.len(), "write", more))?;
    intents.iter().try_for_each(|intent| show_intent(intent, out))
}

fn show_apart(flow: &str, pairs: &[&api::Pair], more: bool, out: &mut dyn Write) -> io::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    writeln!(out, "Unpaired by an operator: {}.", counted(pairs.len(), "pair", more))?;
    for api::Pair { user, dev, .. } in pairs {
        writeln!(out, "  {} and {}; to pair them again: lockstep pair {flow} {0} {1}", user.key, dev.key)?;
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
    let owed = if intent.state == IntentState::Owed { ", to be retried" } else { "" };
    format!("step {number} of {}: {step}{since}{owed}", intent.steps)
}

/// The state of a pair, and what to do about it.
fn state_and_advice<'a>(flow: &str, pair: &'a api::Pair) -> (&'a str, String) {
    let (user, dev) = (&pair.user.key, &pair.dev.key);
    let history = || format!("lockstep history {flow} {user}");
    match &pair.state {
        PairState::Suspended => {
            ("suspended", format!("move the issue that left its project back; or: lockstep unpair {flow} {user}"))
        }
        PairState::Broken => (
            "broken",
            format!(
                "an issue was deleted or is hidden from Lockstep: give Lockstep access to it; or: lockstep recreate {flow} \
                 {user}, lockstep unpair {flow} {user}"
            ),
        ),
        PairState::Held => (
            "held",
            format!(
                "check whether rules trigger each other. It is checked again after an hour; or now: lockstep pair {flow} \
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
    const PROGRESS: &str = "  handled: every change before L by Jira's clock\n  full sync: completed\n  daily check of all pairs: running since B\n";

    #[test]
    fn a_flow_that_needs_no_attention_says_so() {
        let said = shown("[]", &data("", "", "", "", false));
        assert_eq!(said, format!("{HEAD}{PROGRESS}Nothing needs attention.\n"));
    }

    #[test]
    fn without_its_data_the_state_of_a_flow_is_shown() {
        let said = shown(r#"["1:1: not JSON"]"#, r#", "error": "the disk is gone""#);
        let refused = "  the file is refused, the flow keeps running with its last valid version: 1:1: not JSON\n";
        assert_eq!(said, format!("{HEAD}{refused}"));
    }

    #[test]
    fn data_of_an_unknown_shape_is_reported() {
        let said = shown("[]", &data("", "", "", "", false).replace("completed", "beingInvented"));
        let unknown = "  this version does not understand the data of the flow; see it with --json\n";
        assert_eq!(said, format!("{HEAD}{unknown}"));
    }

    #[test]
    fn without_members_that_older_daemons_lack_the_state_is_shown() {
        let first_with_data = data("", "", "", "", false).replace(r#", "missing": {"list": [], "more": false}"#, "");
        assert!(!first_with_data.contains("missing"));
        let unknown = "  this version does not understand the data of the flow; see it with --json\n";
        assert_eq!(shown("[]", &first_with_data), format!("{HEAD}{unknown}"));
    }

    #[test]
    fn what_needs_attention_comes_first_each_with_what_to_do_next() {
        let intents = [intent("inHand", "null"), intent("owed", "null"), intent("inDoubt", "\"D\"")].join(",");
        let failure = r#"{"side": "dev", "issue": {"id": "2", "key": "DEV-A-2"}, "attempts": 3, "nextTry": "N",
            "why": "Jira\nsays no"}"#;
        let pairs = [pair(3, "broken"), pair(4, "held"), pair(5, "suspended"), pair(6, "unpaired")].join(",");
        let missing = r#"{"user": {"id": "1", "key": "USER-A-7"}, "devKey": "DEV-A-7"}"#;
        let said = shown("[]", &data(&intents, failure, &pairs, missing, true));
        let expected = "\
In doubt: at least 1 write, outcome unknown.
  USER-A-1: create by rule accepted, begun T, step 1 of 2: create, in doubt since D
  Next: wait. Each cycle looks it up; it is repeated only if it certainly did not happen.
Failed: at least 1 issue, retried automatically.
  DEV-A-2: failed 3 times in a row, next try N: Jira says no
  Next: correct what the reason names. An issue that changes is retried at once.
Not synced: 3 pairs.
  USER-A-3 and DEV-A-3: broken
    Next: an issue was deleted or is hidden from Lockstep: give Lockstep access to it; or: lockstep recreate sync-ab USER-A-3, lockstep unpair sync-ab USER-A-3
  USER-A-4 and DEV-A-4: held
    Next: check whether rules trigger each other. It is checked again after an hour; or now: lockstep pair sync-ab USER-A-4 DEV-A-4
  USER-A-5 and DEV-A-5: suspended
    Next: move the issue that left its project back; or: lockstep unpair sync-ab USER-A-5
Taken over, but the dev issue can't be read: at least 1 user issue. No other one is created.
  USER-A-7 and DEV-A-7: missing
    Next: give Lockstep access to DEV-A-7; or name another: lockstep pair sync-ab USER-A-7 KEY; or, if it is gone: lockstep recreate sync-ab USER-A-7
In progress: at least 2 writes.
  USER-A-1: create by rule accepted, begun T, step 1 of 2: create
  USER-A-1: create by rule accepted, begun T, step 1 of 2: create, to be retried
Unpaired by an operator: at least 1 pair.
  USER-A-6 and DEV-A-6; to pair them again: lockstep pair sync-ab USER-A-6 DEV-A-6
";
        assert_eq!(said, format!("{HEAD}{PROGRESS}{expected}"));
    }
}
