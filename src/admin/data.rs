//! A flow's data, as the API shows it.

use super::answer::timestamp;
use crate::api;
use crate::flow::{Intent, IssueRef, MissingDev, Pair, PairState, Stage, Step};
use crate::supervisor::{Failing, FullSync, Listed, Patrol, Survey};

impl From<Survey> for api::FlowData {
    fn from(survey: Survey) -> Self {
        let Survey { progress, intents, failures, pairs, missing } = survey;
        Self {
            last_sync: progress.last_sync.map(|mark| mark.to_string()),
            full_sync: progress.full_sync.into(),
            patrol: progress.patrol.map(api::Patrol::from),
            intents: list(&intents),
            failures: list(&failures),
            pairs: list(&pairs),
            missing: list(&missing),
        }
    }
}

fn list<'a, F, T: From<&'a F>>(listed: &'a Listed<F>) -> api::List<T> {
    api::List { list: listed.first.iter().map(T::from).collect(), more: listed.more }
}

impl From<&IssueRef> for api::Issue {
    fn from(issue: &IssueRef) -> Self {
        Self { id: issue.id.to_string(), key: issue.key.to_string() }
    }
}

impl From<FullSync> for api::FullSync {
    fn from(full_sync: FullSync) -> Self {
        match full_sync {
            FullSync::Completed => Self::Completed,
            FullSync::UnderWay { side, done } => Self::UnderWay { side: side.to_string(), done },
            FullSync::Incomplete => Self::Incomplete,
            FullSync::NotBegun => Self::NotBegun,
        }
    }
}

impl From<Patrol> for api::Patrol {
    fn from(patrol: Patrol) -> Self {
        Self { begun: timestamp(patrol.begun), under_way: patrol.under_way }
    }
}

impl From<&Intent> for api::Intent {
    fn from(intent: &Intent) -> Self {
        let (state, doubt_since) = match intent.state.stage() {
            Stage::InHand => (api::IntentState::InHand, None),
            Stage::Owed => (api::IntentState::Owed, None),
            Stage::InDoubt(doubt) => (api::IntentState::InDoubt, Some(doubt.sent_by.to_string())),
        };
        Self {
            id: intent.id.to_string(),
            kind: intent.kind.to_string(),
            state,
            doubt_since,
            rule: intent.rule.as_ref().map(ToString::to_string),
            source: intent.source.to_string(),
            user: (&intent.user).into(),
            dev: intent.dev.as_ref().map(api::Issue::from),
            step: intent.step().map(Step::name).map(str::to_owned),
            steps_done: intent.state.cursor(),
            steps: intent.steps.len(),
            begun: intent.begun.to_string(),
        }
    }
}

impl From<&Failing> for api::Failure {
    fn from(failing: &Failing) -> Self {
        Self {
            side: failing.side.to_string(),
            issue: (&failing.issue).into(),
            attempts: failing.attempts,
            next_try: timestamp(failing.next_try),
            why: failing.why.clone(),
        }
    }
}

impl From<&Pair> for api::Pair {
    fn from(pair: &Pair) -> Self {
        Self { user: (&pair.user).into(), dev: (&pair.dev).into(), state: pair.state.into() }
    }
}

impl From<PairState> for api::PairState {
    fn from(state: PairState) -> Self {
        match state {
            PairState::Active => Self::Active,
            PairState::Suspended => Self::Suspended,
            PairState::Broken => Self::Broken,
            PairState::Held => Self::Held,
            PairState::Unpaired => Self::Unpaired,
        }
    }
}

impl From<&MissingDev> for api::Missing {
    fn from(missing: &MissingDev) -> Self {
        Self { user: (&missing.user).into(), dev_key: missing.dev.to_string() }
    }
}
