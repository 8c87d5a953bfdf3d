//! What a flow's data says, as JSON.

use serde::Serialize;

use super::health::written;
use crate::flow::{Intent, IssueRef, MissingDev, Pair, Side, Stage};
use crate::supervisor::{Failing, FullSync, Listed, Patrol, Survey};

/// Part of a flow's page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    last_sync: Option<String>,
    full_sync: FullSyncJson,
    patrol: Option<PatrolJson>,
    intents: List<IntentJson>,
    failures: List<FailureJson>,
    pairs: List<PairJson>,
    missing: List<MissingJson>,
}

#[derive(Serialize)]
struct List<T> {
    list: Vec<T>,
    more: bool,
}

/// An issue, by what lasts and by what people say.
#[derive(Serialize)]
pub(super) struct IssueJson {
    id: String,
    key: String,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
enum FullSyncJson {
    Completed,
    UnderWay { side: &'static str, done: u64 },
    Incomplete,
    NotBegun,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PatrolJson {
    begun: String,
    under_way: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IntentJson {
    id: String,
    kind: String,
    state: &'static str,
    doubt_since: Option<String>,
    rule: Option<String>,
    source: &'static str,
    user: IssueJson,
    dev: Option<IssueJson>,
    /// `None`: all are done, and it is being closed.
    step: Option<&'static str>,
    steps_done: usize,
    steps: usize,
    begun: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureJson {
    side: &'static str,
    issue: IssueJson,
    attempts: u32,
    next_try: String,
    why: String,
}

#[derive(Serialize)]
struct PairJson {
    user: IssueJson,
    dev: IssueJson,
    state: &'static str,
}

/// A dev issue that was never read is known by its key only.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MissingJson {
    user: IssueJson,
    dev_key: String,
}

impl From<Survey> for Data {
    fn from(survey: Survey) -> Self {
        let Survey { progress, intents, failures, pairs, missing } = survey;
        Self {
            last_sync: progress.last_sync.map(|mark| mark.to_string()),
            full_sync: progress.full_sync.into(),
            patrol: progress.patrol.map(PatrolJson::from),
            intents: List::of(&intents),
            failures: List::of(&failures),
            pairs: List::of(&pairs),
            missing: List::of(&missing),
        }
    }
}

impl<T> List<T> {
    fn of<'a, F>(listed: &'a Listed<F>) -> Self
    where
        T: From<&'a F>,
    {
        Self { list: listed.first.iter().map(T::from).collect(), more: listed.more }
    }
}

impl From<&IssueRef> for IssueJson {
    fn from(issue: &IssueRef) -> Self {
        Self { id: issue.id.to_string(), key: issue.key.to_string() }
    }
}

impl From<FullSync> for FullSyncJson {
    fn from(full_sync: FullSync) -> Self {
        match full_sync {
            FullSync::Completed => Self::Completed,
            FullSync::UnderWay { side, done } => Self::UnderWay { side: side_json(side), done },
            FullSync::Incomplete => Self::Incomplete,
            FullSync::NotBegun => Self::NotBegun,
        }
    }
}

impl From<Patrol> for PatrolJson {
    fn from(patrol: Patrol) -> Self {
        Self { begun: written(patrol.begun), under_way: patrol.under_way }
    }
}

impl From<&Intent> for IntentJson {
    fn from(intent: &Intent) -> Self {
        let (state, doubt_since) = match intent.state.stage() {
            Stage::InHand => ("inHand", None),
            Stage::Owed => ("owed", None),
            Stage::InDoubt(doubt) => ("inDoubt", Some(doubt.sent_by.to_string())),
        };
        Self {
            id: intent.id.to_string(),
            kind: intent.kind.to_string(),
            state,
            doubt_since,
            rule: intent.rule.as_ref().map(ToString::to_string),
            source: side_json(intent.source),
            user: (&intent.user).into(),
            dev: intent.dev.as_ref().map(IssueJson::from),
            step: intent.step().map(crate::flow::Step::name),
            steps_done: intent.state.cursor(),
            steps: intent.steps.len(),
            begun: intent.begun.to_string(),
        }
    }
}

impl From<&Failing> for FailureJson {
    fn from(failing: &Failing) -> Self {
        Self {
            side: side_json(failing.side),
            issue: (&failing.issue).into(),
            attempts: failing.attempts,
            next_try: written(failing.next_try),
            why: failing.why.clone(),
        }
    }
}

impl From<&Pair> for PairJson {
    fn from(pair: &Pair) -> Self {
        Self { user: (&pair.user).into(), dev: (&pair.dev).into(), state: pair.state.as_str() }
    }
}

impl From<&MissingDev> for MissingJson {
    fn from(missing: &MissingDev) -> Self {
        Self { user: (&missing.user).into(), dev_key: missing.dev.to_string() }
    }
}

fn side_json(side: Side) -> &'static str {
    match side {
        Side::User => "user",
        Side::Dev => "dev",
    }
}
