//! Several dev issues of one page are created in one request. Each has an intent of its own, stored before the request,
//! and from the request's end on goes its own way.

use futures::{FutureExt, StreamExt, stream};

use super::course::{self, Course};
use super::outcome::Outcome;
use super::{executor, failures, steps};
use crate::engine::cx::{CONCURRENCY, Cx, Error};
use crate::engine::known::user_of;
use crate::flow::{CreateIssue, Draft, Intent, Issue, Observed, Side, SkipReason, Step};
use crate::jira::BULK;
use crate::store::{self, Change};

/// A dev issue that is to be created, and for what.
pub(in crate::engine) struct Creation {
    pub draft: Draft,
    pub seen: Observed,
}

/// One that is under way.
struct Begun {
    intent: Intent,
    seen: Observed,
}

impl Begun {
    /// Its first step; `None` if it is no create after all, and so is none to be sent with others.
    fn first(&self) -> Option<(&Intent, &CreateIssue, &Issue)> {
        let Step::Create(step) = self.intent.step()? else { return None };
        Some((&self.intent, step, &user_of(&self.seen).issue))
    }
}

/// Carries creates out, together where there are several. Each is recorded when this returns, or an intent or
/// failure is durable that will see to it.
pub(in crate::engine) async fn create_all(cx: &Cx, mut all: Vec<Creation>) -> Result<(), Error> {
    while !all.is_empty() {
        if cx.pulse.stopping() {
            return Err(Error::Stopping);
        }
        let rest = all.split_off(all.len().min(BULK));
        let begun = begin(cx, std::mem::replace(&mut all, rest)).await?;
        create_begun(cx, begun).await?;
    }
    Ok(())
}

/// Stores the intents, in one batch unless one of them can't be: somebody's earlier one is still open.
async fn begin(cx: &Cx, some: Vec<Creation>) -> Result<Vec<Begun>, Error> {
    let begin = |Creation { draft, seen }| Begun { intent: course::intent(cx, draft, &seen), seen };
    let some: Vec<_> = some.into_iter().map(begin).collect();
    let all = some.iter().map(|one| Change::AddIntent(one.intent.clone())).collect();
    match cx.store.write(all).await {
        Ok(()) => {
            some.iter().for_each(|one| cx.memory.intents.set_busy(&one.intent));
            return Ok(some);
        }
        Err(store::Error::Taken { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mut begun = Vec::new();
    for one in some {
        match cx.store.write(vec![Change::AddIntent(one.intent.clone())]).await {
            Ok(()) => {
                cx.memory.intents.set_busy(&one.intent);
                begun.push(one);
            }
            Err(store::Error::Taken { .. }) => failures::skip(cx, &one.intent.user, SkipReason::OpenIntent),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(begun)
}

async fn create_begun(cx: &Cx, begun: Vec<Begun>) -> Result<(), Error> {
    let firsts: Option<Vec<_>> = begun.iter().map(Begun::first).collect();
    let ends: Vec<_> = match firsts {
        // Alone it is one request less: what one request creates need not be told apart.
        Some(firsts) if firsts.len() > 1 => steps::create_all(cx, &firsts).await.into_iter().map(Some).collect(),
        Some(_) | None => begun.iter().map(|_| None).collect(),
    };
    let work = begun.into_iter().zip(ends).map(|(one, end)| go_on_from(cx, one, end).boxed());
    let work: Vec<_> = work.collect();
    let ends: Vec<Result<(), Error>> = stream::iter(work).buffer_unordered(CONCURRENCY).collect().await;
    ends.into_iter().collect()
}

async fn go_on_from(cx: &Cx, one: Begun, end: Option<Result<Outcome, Error>>) -> Result<(), Error> {
    let Begun { intent, seen } = one;
    let driven = executor::drive_from(cx, Course::new(intent), Some(&user_of(&seen).issue), end).await;
    let end = match driven {
        Ok(driven) => executor::after(cx, driven, &seen).await,
        Err(error) => Err(error),
    };
    let about = (Side::User, user_of(&seen).issue.at.clone());
    failures::unless_contradicted(cx, &about, executor::or_failed(cx, end, &seen).await)
        .await
        .map(Option::unwrap_or_default)
}
