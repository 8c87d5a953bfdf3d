//! Create the dev issue of a user issue, marked from the create request itself.

mod amend;

use futures::{FutureExt, StreamExt, stream};

use super::{EFFECT_HORIZON, Found, Outcome};
use crate::engine::write::marks::Traces;
use crate::engine::write::outcome::{Created, Learned, Text};
use crate::engine::write::types::FellBack;
use crate::engine::{CONCURRENCY, Engine, Error, JiraFailure};
use crate::flow::{CreateIssue, Doubt, FieldName, Intent, Issue, IssueRef, IssueType, Mark, Side, SkipReason};
use crate::jira::{self, Fault, Mapped, NewIssue};
use amend::create_alone;
use jira_markup::{Crossing, Loss};

pub(super) async fn perform(
    engine: &Engine,
    intent: &Intent,
    step: &CreateIssue,
    fresh: Option<&Issue>,
) -> Result<Outcome, Error> {
    match prepare(engine, intent, step, fresh).await? {
        Ready::Send(prepared) => create_alone(engine, *prepared).await,
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
            Ok(Ready::Send(prepared)) => match sent.next() {
                Some(sent) => end_of(engine, *prepared, sent).await,
                None => Err(untold().into()),
            },
            Ok(Ready::Outdated(reason)) => Ok(Outcome::Outdated(reason)),
            Err(error) => Err(error),
        });
    }
    ends
}

/// What became of one of several. Jira made nothing of one that it refused: alone it has its second chance.
async fn end_of(engine: &Engine, prepared: Prepared, sent: Result<IssueRef, jira::Error>) -> Result<Outcome, Error> {
    match sent {
        Ok(dev) => Ok(prepared.created(engine, dev)),
        Err(error) if matches!(error.what, Fault::Invalid(_)) => create_alone(engine, prepared).await,
        Err(error) => Err(error.into()),
    }
}

/// An outcome that is missing is one that is not known.
fn untold() -> JiraFailure {
    JiraFailure::Untold { doing: "POST issue/bulk".to_owned(), why: "it is not said what became of it".to_owned() }
}

/// Whether a create can be sent.
enum Ready {
    Send(Box<Prepared>),
    Outdated(SkipReason),
}

/// What a dev issue is made of.
struct Prepared {
    /// As it was read just before.
    user: Issue,
    text: Option<Crossing>,
    kind: IssueType,
    /// The type that was wanted, where `issueType` stands in for it since Jira refused it in this very create.
    fell_back: Option<FellBack>,
    link: Option<String>,
    /// Whether text and link go along as the description; else they follow.
    description: Text,
    /// The most characters of the description.
    room: usize,
    mark: Mark,
    mapped: Mapped,
    /// The mapped fields that it goes without, and why.
    left_out: LeftOut,
}

impl Prepared {
    fn new_issue<'a>(&'a self, engine: &'a Engine) -> NewIssue<'a> {
        let is_described = self.description == Text::Described;
        NewIssue {
            project: &engine.sides.dev.id,
            summary: &self.user.summary,
            description: self.text.as_ref().filter(|_| is_described),
            issue_type: &self.kind,
            link: self.link.clone().filter(|_| is_described),
            room: self.room,
            mark: self.mark.clone(),
            fields: self.mapped.fields.clone(),
        }
    }

    /// Whether a description is asked for at all.
    fn has_text(&self) -> bool {
        self.text.is_some() || self.link.is_some()
    }

    /// Another type has another create screen.
    async fn become_of(&mut self, engine: &Engine, kind: IssueType) -> Result<(), Error> {
        self.kind = kind;
        self.description = if engine.lacks_description(&self.kind) { Text::Follows } else { Text::Described };
        self.map(engine).await
    }

    /// Reads the values of mapped fields, as the type and the limits known now take them.
    async fn map(&mut self, engine: &Engine) -> Result<(), Error> {
        self.mapped = engine.mapped(&self.user, &self.kind).await?;
        self.left_out = self.mapped.left_out.clone();
        Ok(())
    }

    fn created(self, engine: &Engine, dev: IssueRef) -> Outcome {
        let text = if self.has_text() { self.description } else { Text::Described };
        if let Some(fell_back) = self.fell_back {
            engine.learn_fallback(fell_back, &self.kind, &self.user.at.key);
        }
        let lost = self.text.map(|text| text.lost).unwrap_or_default();
        Outcome::Done(Learned::Created(Created { dev, lost, left_out: self.left_out, text }))
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
    let Some(issue) = fresh.cloned().or(read_now) else {
        return Ok(Ready::Outdated(SkipReason::CounterpartMissing));
    };
    if engine.side_of(&issue) != Some(Side::User) {
        return Ok(Ready::Outdated(SkipReason::MovedMeanwhile));
    }
    let kind = engine.type_for(&issue.issue_type).await?;
    let mut prepared = Prepared {
        text: issue.description.as_ref().map(|text| engine.jira.carried(text)),
        kind: IssueType::default(),
        fell_back: None,
        link: step.cross_link.then(|| engine.jira.site().browse(&issue.at.key)),
        description: Text::Described,
        room: engine.jira.text_limit(),
        mark: Mark::Created {
            site: engine.jira.site().own().clone(),
            user_issue: user.id.clone(),
            intent: intent.id.clone(),
        },
        mapped: Mapped::default(),
        left_out: Vec::new(),
        user: issue,
    };
    prepared.become_of(engine, kind).await?;
    Ok(Ready::Send(Box::new(prepared)))
}

/// The mark is looked for among the dev issues created since. Its absence counts only when two healthy searches lack it:
/// the first after twice the index lag, and not before an effect that came as late as can be would show; the second
/// another lag later.
pub(super) async fn find(
    engine: &Engine,
    intent: &Intent,
    step: &CreateIssue,
    doubt: Doubt,
    traces: &Traces,
) -> Result<Found, Error> {
    let Some(dev) = traces.created_by(&intent.id) else { return Ok(absent(engine, doubt, traces)) };
    // Whoever sent the request did not live to tell, or did not know, that it took effect.
    let Some(user) = engine.jira.fetch_one(&intent.user.id).await? else {
        return Ok(Found::Happened(created(dev, Vec::new(), Vec::new(), Text::Described)));
    };
    let lost = user.description.as_ref().map(|text| engine.jira.carried(text).lost).unwrap_or_default();
    let made = engine.jira.fetch_one(&dev.id).await?;
    let text = made.as_ref().map_or(Text::Described, |made| text_of(&user, made, step));
    let left_out = match (engine.flow.field_map.is_empty(), made) {
        (true, _) | (false, None) => Vec::new(),
        (false, Some(made)) => engine.mapped(&user, &made.issue_type).await?.left_out,
    };
    Ok(Found::Happened(created(dev, lost, left_out, text)))
}

/// Whether a dev issue was created with its description, by what it shows now.
fn text_of(user: &Issue, dev: &Issue, step: &CreateIssue) -> Text {
    let lacks_line = || dev.description.as_ref().and_then(|text| jira_markup::link_in(text, "User Link")).is_none();
    let lacks_text = || dev.description.is_none() && user.description.is_some();
    let follows = if step.cross_link { lacks_line() } else { lacks_text() };
    if follows { Text::Follows } else { Text::Described }
}

fn created(dev: &IssueRef, lost: Vec<Loss>, left_out: LeftOut, text: Text) -> Learned {
    Learned::Created(Created { dev: dev.clone(), lost, left_out, text })
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
    /// The values of mapped fields that a dev issue gets.
    async fn mapped(&self, user: &Issue, kind: &IssueType) -> Result<Mapped, Error> {
        let copies = &self.flow.field_map;
        if copies.is_empty() {
            return Ok(Mapped::default());
        }
        Ok(self.jira.mapped(copies, &user.at.id, &self.sides.dev.id, kind).await?)
    }
}

/// Fields that a dev issue is created without, and why.
type LeftOut = Vec<(FieldName, String)>;
