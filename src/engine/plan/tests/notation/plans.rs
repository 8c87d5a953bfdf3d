//! Plans: `close: user -> Resolved, say "Fixed"; user lost Reopened -> To Do (lostConflict)`.

use super::super::super::Plan;
use crate::flow::{CopyAttachment, Draft, IntentKind, Side, Step};

/// So many files are named one by one.
const NAMED: usize = 3;

/// A plan as the table has it.
pub(in super::super) fn words(plan: &Plan) -> String {
    let mut words = match (&plan.draft, plan.hold) {
        (Some(draft), _) => format!("{}: {}", by(draft), steps(&draft.steps).join(", ")),
        (None, Some(writes)) => format!("hold after {writes}"),
        (None, None) => "nothing".to_owned(),
    };
    if let Some(lost) = &plan.lost {
        words += &format!("; {} lost {} -> {}", lost.side, lost.status, lost.wanted);
    }
    if !plan.skipped.is_empty() {
        let reasons: Vec<_> = plan.skipped.iter().map(|reason| reason.as_str()).collect();
        words += &format!(" ({})", reasons.join(", "));
    }
    words
}

/// Which sides have changed, as the table has it.
pub(in super::super) fn sides(sides: &[Side]) -> String {
    let sides: Vec<_> = sides.iter().map(ToString::to_string).collect();
    if sides.is_empty() { "none".to_owned() } else { sides.join(", ") }
}

fn by(draft: &Draft) -> String {
    match (&draft.rule, draft.kind) {
        (Some(rule), _) => rule.to_string(),
        (None, IntentKind::Mirror) => "fallback".to_owned(),
        (None, kind @ (IntentKind::Create | IntentKind::Attach | IntentKind::Restore | IntentKind::Link)) => {
            kind.to_string()
        }
    }
}

fn steps(steps: &[Step]) -> Vec<String> {
    let files = steps.iter().filter(|step| matches!(step, Step::Attach(_))).count();
    let mut words: Vec<_> = steps.iter().map(|step| word(step, files)).collect();
    words.dedup_by(|a, b| files > NAMED && a == b);
    words
}

fn word(step: &Step, files: usize) -> String {
    match step {
        Step::Create(step) if step.cross_link => "create".to_owned(),
        Step::Create(_) => "create without link".to_owned(),
        Step::Link(step) => {
            let what = if step.cross_link { "link" } else { "mark" };
            step.comment.as_ref().map_or(what.to_owned(), |text| format!("{what} saying \"{text}\""))
        }
        Step::Transition(step) => {
            let with = step.resolution.as_ref().map(|it| format!(" with {}", it.as_str())).unwrap_or_default();
            format!("{} -> {}{with}", step.side, step.to)
        }
        Step::Comment(step) => format!("say \"{}\"", step.text),
        Step::Attach(_) if files > NAMED => format!("copy {files} files"),
        Step::Attach(step) => copy(step),
        Step::Reply(step) => format!("set {}", step.field),
        Step::Restore(step) if step.cross_link => "restore with link".to_owned(),
        Step::Restore(_) => "restore".to_owned(),
        Step::Describe(_) => "say the text".to_owned(),
    }
}

fn copy(step: &CopyAttachment) -> String {
    let before: Vec<_> = step.before.iter().map(ToString::to_string).collect();
    let beside = if before.is_empty() { String::new() } else { format!(" beside {}", before.join(" ")) };
    format!("copy {}{beside}", step.file.filename)
}
