//! Create the dev issue of a user issue, marked from the create request itself.

use std::sync::{Arc, PoisonError};

use futures::{FutureExt, StreamExt, stream};

use super::{EFFECT_HORIZON, Found, Outcome};
use crate::engine::apply::{Created, Learned};
use crate::engine::recover::Traces;
use crate::engine::{CONCURRENCY, Engine, Error};
use crate::flow::{CreateIssue, Doubt, FieldName, Intent, Issue, IssueRef, Mark, Side, SkipReason};
use crate::jira::markup::{Crossing, Loss};
use crate::jira::{self, Fault, Fields, Mapped, NewIssue};

pub(super) async fn perform(
    engine: &Engine,
    intent: &Intent,
    step: &CreateIssue,
    fresh: Option<&Issue>,
) -> Result<Outcome, Error> {
    match prepare(engine, intent, step, fresh).await? {
        Ready::Send(prepared) => create_alone(engine, &prepared).await,
        Ready::Outdated(reason) => Ok(Outcome::Outdated(reason)),
    }
}

/// Creates several dev issues in as few requests as can be: the first steps of these intents, each of a user issue that
/// was read just now. Each has its own mark and its own end, in the order of the intents.
pub(in crate::engine) async fn perform_all(
    engine: &Engine,
    all: &[(&Intent, &CreateIssue, &Issue)],
) -> Vec<Result<Outcome, Error>> {
    let preparing: Vec<_> =
        all.iter().map(|(intent, step, user)| prepare(engine, intent, step, Some(user)).boxed()).collect();
    let ready: Vec<_> = stream::iter(preparing).buffered(CONCURRENCY).collect().await;
    let to_send: Vec<_> = ready
        .iter()
        .filter_map(|ready| if let Ok(Ready::Send(prepared)) = ready { Some(prepared.new_issue(engine)) } else { None })
        .collect();
    let mut sent = engine.jira.create_all(&to_send).await.into_iter();
    let mut ends = Vec::new();
    for ready in ready {
        ends.push(match ready {
            Ok(Ready::Send(prepared)) => end_of(engine, &prepared, sent.next().unwrap_or_else(untold)).await,
            Ok(Ready::Outdated(reason)) => Ok(Outcome::Outdated(reason)),
            Err(error) => Err(error),
        });
    }
    ends
}

/// What became of one of several. Jira made nothing of one that it refused: alone it has its second chance.
async fn end_of(engine: &Engine, prepared: &Prepared, sent: Result<IssueRef, jira::Error>) -> Result<Outcome, Error> {
    match sent {
        Ok(dev) => Ok(prepared.created(dev, prepared.mapped.left_out.clone())),
        Err(error) if matches!(error.what, Fault::Invalid(_)) => create_alone(engine, prepared).await,
        Err(error) => Err(error.into()),
    }
}

/// An outcome that is missing is one that nobody knows.
fn untold() -> Result<IssueRef, jira::Error> {
    let what = Fault::Unanswered("it is not said what became of it".to_owned());
    Err(jira::Error { request: "POST issue/bulk".to_owned(), what, only_reads: false })
}

async fn create_alone(engine: &Engine, prepared: &Prepared) -> Result<Outcome, Error> {
    let left_out = prepared.mapped.left_out.clone();
    let (dev, left_out) = engine.create_without_what_is_refused(prepared.new_issue(engine), left_out).await?;
    Ok(prepared.created(dev, left_out))
}

/// Whether a create can be sent.
enum Ready {
    Send(Box<Prepared>),
    Outdated(SkipReason),
}

/// What a dev issue is made of.
struct Prepared {
    summary: String,
    text: Option<Crossing>,
    kind: String,
    link: Option<String>,
    mark: Mark,
    mapped: Mapped,
}

impl Prepared {
    fn new_issue<'a>(&'a self, engine: &'a Engine) -> NewIssue<'a> {
        NewIssue {
            project: &engine.sides.dev.id,
            summary: &self.summary,
            description: self.text.as_ref(),
            issue_type: &self.kind,
            link: self.link.clone(),
            mark: self.mark.clone(),
            fields: self.mapped.fields.clone(),
        }
    }

    fn created(&self, dev: IssueRef, left_out: LeftOut) -> Outcome {
        let lost = self.text.as_ref().map(|text| text.lost.clone()).unwrap_or_default();
        Outcome::Done(Learned::Created(Created { dev, lost, left_out }))
    }
}

/// The pair table is asked once more: between the plan and now the issue may have been adopted.
async fn prepare(engine: &Engine, intent: &Intent, step: &CreateIssue, fresh: Option<&Issue>) -> Result<Ready, Error> {
    let user = &intent.user;
    if !engine.store.pairs(Side::User, vec![user.id.clone()]).await?.is_empty() {
        return Ok(Ready::Outdated(SkipReason::MovedMeanwhile));
    }
    let read_now = match fresh {
        Some(_) => None,
        None => engine.jira.fetch_one(&user.id).await?,
    };
    let Some(issue) = fresh.or(read_now.as_ref()) else {
        return Ok(Ready::Outdated(SkipReason::CounterpartMissing));
    };
    if engine.side_of(issue) != Some(Side::User) {
        return Ok(Ready::Outdated(SkipReason::MovedMeanwhile));
    }
    let kind = engine.type_for(&issue.issue_type).await?;
    Ok(Ready::Send(Box::new(Prepared {
        summary: issue.summary.clone(),
        text: issue.description.as_ref().map(|text| engine.jira.carried(text)),
        mapped: engine.mapped(issue, &kind).await?,
        kind,
        link: step.cross_link.then(|| engine.jira.site().browse(&issue.at.key)),
        mark: Mark::Created {
            site: engine.jira.site().clone(),
            user_issue: user.id.clone(),
            intent: intent.id.clone(),
        },
    })))
}

/// The mark is looked for among the dev issues created since. Its absence counts only when two healthy searches lack it:
/// the first after twice the index lag, and not before an effect that came as late as can be would show; the second
/// another lag later.
pub(super) async fn find(engine: &Engine, intent: &Intent, doubt: Doubt, traces: &Traces) -> Result<Found, Error> {
    let Some(dev) = traces.created_by(&intent.id) else { return Ok(absent(engine, doubt, traces)) };
    // Whoever sent the request did not live to tell, or did not know, that it took effect.
    let Some(user) = engine.jira.fetch_one(&intent.user.id).await? else {
        return Ok(Found::Happened(created(dev, Vec::new(), Vec::new())));
    };
    let lost = user.description.as_ref().map(|text| engine.jira.carried(text).lost).unwrap_or_default();
    let left_out = match engine.flow.field_map.is_empty() {
        true => Vec::new(),
        false => engine.mapped(&user, &engine.type_for(&user.issue_type).await?).await?.left_out,
    };
    Ok(Found::Happened(created(dev, lost, left_out)))
}

fn created(dev: &IssueRef, lost: Vec<Loss>, left_out: LeftOut) -> Learned {
    Learned::Created(Created { dev: dev.clone(), lost, left_out })
}

fn absent(engine: &Engine, doubt: Doubt, traces: &Traces) -> Found {
    let lag = engine.flow.index_lag;
    let Some(now) = traces.asked() else { return Found::NotYet(doubt) };
    let ripe = doubt.sent_by.later((lag * 2).max(EFFECT_HORIZON + lag));
    if !traces.are_healthy() || now < ripe {
        return Found::NotYet(doubt);
    }
    match doubt.first_absent {
        Some(first) if now >= first.later(lag) => Found::Absent,
        Some(_) => Found::NotYet(doubt),
        None => Found::NotYet(Doubt { first_absent: Some(now), ..doubt }),
    }
}

impl Engine {
    /// The source's type if the dev project has it, else the flow's.
    async fn type_for(&self, source: &str) -> Result<String, Error> {
        let known = self.issue_types.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = match known {
            Some(known) => known,
            None => self.jira.issue_types(&self.sides.dev.id).await?.into_iter().map(|kind| kind.name).collect(),
        };
        let wanted = if known.iter().any(|name| name == source) { source } else { &self.flow.issue_type };
        *self.issue_types.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(wanted.to_owned())
    }

    /// The values of mapped fields that a dev issue gets.
    async fn mapped(&self, user: &Issue, kind: &str) -> Result<Mapped, Error> {
        let copies = &self.flow.field_map;
        if copies.is_empty() {
            return Ok(Mapped::default());
        }
        Ok(self.jira.mapped(copies, &user.at.id, &self.sides.dev.id, kind).await?)
    }

    /// A mapped field that Jira does not take must not cost the dev issue: it is left out, and that is told. Jira made
    /// nothing of a create that it refused.
    async fn create_without_what_is_refused(
        &self,
        mut new: NewIssue<'_>,
        mut left_out: LeftOut,
    ) -> Result<(IssueRef, LeftOut), Error> {
        loop {
            let error = match self.jira.create(&new).await {
                Ok(dev) => return Ok((dev, left_out)),
                Err(error) => error,
            };
            let Fault::Invalid(said) = &error.what else { return Err(error.into()) };
            // Perhaps the project has other types by now.
            *self.issue_types.lock().unwrap_or_else(PoisonError::into_inner) = None;
            let refused = refused(&new.fields, said);
            if refused.is_empty() {
                return Err(error.into());
            }
            new.fields.retain(|id, _| !refused.contains(id));
            left_out.extend(refused.iter().filter_map(|id| Some((FieldName::new(id)?, said.to_string()))));
        }
    }
}

/// Fields that a dev issue is created without, and why.
type LeftOut = Vec<(FieldName, String)>;

/// The fields that Jira complains of by their ids; all of them if it names none, since its words may be cut.
fn refused(fields: &Fields, said: &str) -> Vec<String> {
    let named: Vec<_> = fields.keys().filter(|id| said.contains(id.as_str())).cloned().collect();
    if named.is_empty() { fields.keys().cloned().collect() } else { named }
}
