//! Writes to Jira that are not done, each a JSON document with what finds it beside it. Stored is what is open.

use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::line::document_json;
use super::{About, Column, Created, Fields, Line, Record, Row, Table, Text, Unfit, Value, from_json};
use crate::flow::{
    AccountId, Attachment, AttachmentId, BadTemplate, Comment, CopyAttachment, CreateIssue, Describe, Doubt, FieldName,
    Handled, Intent, IntentId, IntentKind, IntentState, IssueId, IssueKey, IssueRef, JiraTime, LinkIssues, OwedLink,
    Resolution, RestoreText, RuleId, SetReplied, Side, Stage, Status, StatusId, StatusName, Step, Template, Transition,
    WantedResolution,
};
use crate::store::{Change, Error, Read};

/// Oldest first, by the numbers that stores hand out.
pub(in crate::store) const BY_AGE: &[Column] = &[Column::plain("number")];

pub(in crate::store) static INTENTS: Table = Table {
    name: "intents",
    key: &[Column::plain("id")],
    key_is_id: true,
    created: Created::First,
    updated: true,
    versioned: false,
};

impl Record for Intent {
    const NAME: &'static str = "open_intents";
    const TABLES: &'static [&'static Table] = &[&INTENTS];
    type Key = IntentId;

    fn key(&self) -> IntentId {
        self.id.clone()
    }

    fn locate(id: &IntentId) -> (&'static Table, Vec<Value>) {
        (&INTENTS, vec![id.as_str().into()])
    }

    /// Those that the issue is the source of.
    fn about(_: Side) -> Option<About> {
        Some(About { table: &INTENTS, issue: "source_issue_id", side: Some("source_side") })
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("source_side", self.source.into()),
            ("source_issue_id", self.source_id().into()),
            ("kind", kind_text(self.kind).into()),
            ("document", Value::Json(intent_json(self))),
        ]
    }

    fn read(row: &Row) -> Result<Self, Unfit> {
        let id = row.text("id")?;
        let intent = row.document("document", |json| intent_from_json(id, json))?;
        intent.ok_or_else(|| row.is_missing("document"))
    }

    /// Oldest first: so they are numbered again.
    fn all(reader: &dyn Read, _: u32) -> BoxStream<'_, Result<Vec<Self>, Error>> {
        reader.open_intents(u32::MAX).into_stream().boxed()
    }
}

impl Line for Intent {
    const KIND: &'static str = "intent";

    fn line(&self) -> Json {
        json!({ "intent": document_json(&intent_json(self)) })
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        let intent: Json = fields.take("intent")?;
        let id = intent.get("id").and_then(Json::as_str).unwrap_or("without an id");
        intent_from_json(id, &intent.to_string()).map_err(|why| Unfit::new("field intent", why))
    }

    fn changes(self) -> Vec<Change> {
        vec![Change::CloseIntent(self.id.clone()), Change::AddIntent(self)]
    }
}

/// How an intent is kept.
pub(in crate::store) fn intent_json(intent: &Intent) -> String {
    super::json(&Document::V1(intent.into()))
}

/// Reads what [`intent_json`] wrote; `id` names it in the error.
fn intent_from_json(id: &str, text: &str) -> Result<Intent, Unfit> {
    let Document::V1(stored) = from_json(&format!("intent {id}"), text)?;
    Ok(stored.into())
}

/// How an intent's kind is kept beside it.
pub(in crate::store) fn kind_text(kind: IntentKind) -> &'static str {
    match kind {
        IntentKind::Create => "create",
        IntentKind::Mirror => "mirror",
        IntentKind::Attach => "attach",
        IntentKind::Restore => "restore",
        IntentKind::Link => "link",
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "version")]
enum Document {
    #[serde(rename = "1")]
    V1(IntentV1),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentV1 {
    id: Text<IntentId>,
    kind: KindV1,
    rule: Option<Text<RuleId>>,
    source: Text<Side>,
    user: IssueV1,
    dev: Option<IssueV1>,
    steps: Vec<StepV1>,
    cursor: usize,
    doubt: Option<DoubtV1>,
    begun: Text<JiraTime>,
    settles_user: Option<HandledV1>,
    settles_dev: Option<HandledV1>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindV1 {
    Create,
    Mirror,
    Attach,
    Restore,
    Link,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueV1 {
    id: Text<IssueId>,
    key: Text<IssueKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum StepV1 {
    Create {
        cross_link: bool,
    },
    Link {
        cross_link: bool,
        comment: Option<TemplateV1>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owed: Option<OwedLinkV1>,
    },
    Transition {
        side: Text<Side>,
        from: StatusV1,
        to: StatusNameV1,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resolution: Option<ResolutionV1>,
        /// Else the flow's: so it was where documents did not tell, since that one never replaces a person's.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resolution_of_rule: bool,
    },
    Comment {
        text: TemplateV1,
    },
    Attach {
        file: AttachmentV1,
        before: Vec<Text<AttachmentId>>,
    },
    Reply {
        field: FieldNameV1,
    },
    Restore {
        cross_link: bool,
    },
    Describe {
        cross_link: bool,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttachmentV1 {
    id: Text<AttachmentId>,
    filename: String,
    size: u64,
    mime: String,
    author: Option<Text<AccountId>>,
    created: Text<JiraTime>,
    content: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwedLinkV1 {
    created_by: Text<IntentId>,
    locked_in: Option<Text<StatusId>>,
}

/// As a flow file has it.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(Clone)]
struct ResolutionV1(Resolution);

/// As a flow file has it.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(Clone)]
struct FieldNameV1(FieldName);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusV1 {
    id: Text<StatusId>,
    name: StatusNameV1,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoubtV1 {
    sent_by: Text<JiraTime>,
    first_absent: Option<Text<JiraTime>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandledV1 {
    status: StatusV1,
    updated: Text<JiraTime>,
}

/// As people wrote it.
#[derive(Serialize, Deserialize)]
struct StatusNameV1(String);

/// As a flow file has it.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(Clone)]
struct TemplateV1(Template);

impl TryFrom<String> for TemplateV1 {
    type Error = BadTemplate;

    fn try_from(text: String) -> Result<Self, BadTemplate> {
        Template::parse(&text).map(Self)
    }
}

impl From<TemplateV1> for String {
    fn from(template: TemplateV1) -> Self {
        template.0.to_string()
    }
}

impl From<&Intent> for IntentV1 {
    fn from(intent: &Intent) -> Self {
        Self {
            id: Text(intent.id.clone()),
            kind: intent.kind.into(),
            rule: intent.rule.clone().map(Text),
            source: Text(intent.source),
            user: (&intent.user).into(),
            dev: intent.dev.as_ref().map(Into::into),
            steps: intent.steps.iter().map(Into::into).collect(),
            cursor: intent.state.cursor(),
            doubt: doubt(intent.state.stage()),
            begun: Text(intent.begun),
            settles_user: intent.settles_user.as_ref().map(Into::into),
            settles_dev: intent.settles_dev.as_ref().map(Into::into),
        }
    }
}

impl From<IntentV1> for Intent {
    fn from(stored: IntentV1) -> Self {
        Self {
            id: stored.id.0,
            kind: stored.kind.into(),
            rule: stored.rule.map(|rule| rule.0),
            source: stored.source.0,
            user: stored.user.into(),
            dev: stored.dev.map(Into::into),
            steps: stored.steps.into_iter().map(Into::into).collect(),
            state: IntentState::stored(stored.cursor, stage(stored.doubt)),
            begun: stored.begun.0,
            settles_user: stored.settles_user.map(Into::into),
            settles_dev: stored.settles_dev.map(Into::into),
        }
    }
}

impl From<IntentKind> for KindV1 {
    fn from(kind: IntentKind) -> Self {
        match kind {
            IntentKind::Create => Self::Create,
            IntentKind::Mirror => Self::Mirror,
            IntentKind::Attach => Self::Attach,
            IntentKind::Restore => Self::Restore,
            IntentKind::Link => Self::Link,
        }
    }
}

impl From<KindV1> for IntentKind {
    fn from(stored: KindV1) -> Self {
        match stored {
            KindV1::Create => Self::Create,
            KindV1::Mirror => Self::Mirror,
            KindV1::Attach => Self::Attach,
            KindV1::Restore => Self::Restore,
            KindV1::Link => Self::Link,
        }
    }
}

impl From<&IssueRef> for IssueV1 {
    fn from(issue: &IssueRef) -> Self {
        Self { id: Text(issue.id.clone()), key: Text(issue.key.clone()) }
    }
}

impl From<IssueV1> for IssueRef {
    fn from(stored: IssueV1) -> Self {
        Self { id: stored.id.0, key: stored.key.0 }
    }
}

impl TryFrom<String> for ResolutionV1 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Resolution::new(&text).map(Self).ok_or("a resolution without a name")
    }
}

impl From<ResolutionV1> for String {
    fn from(resolution: ResolutionV1) -> Self {
        resolution.0.as_str().to_owned()
    }
}

impl TryFrom<String> for FieldNameV1 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        FieldName::new(&text).map(Self).ok_or("a field without a name")
    }
}

impl From<FieldNameV1> for String {
    fn from(field: FieldNameV1) -> Self {
        field.0.as_str().to_owned()
    }
}

impl From<&Attachment> for AttachmentV1 {
    fn from(file: &Attachment) -> Self {
        Self {
            id: Text(file.id.clone()),
            filename: file.filename.clone(),
            size: file.size,
            mime: file.mime.clone(),
            author: file.author.clone().map(Text),
            created: Text(file.created),
            content: file.content.clone(),
        }
    }
}

impl From<AttachmentV1> for Attachment {
    fn from(stored: AttachmentV1) -> Self {
        let AttachmentV1 { id, filename, size, mime, author, created, content } = stored;
        Self { id: id.0, filename, size, mime, author: author.map(|author| author.0), created: created.0, content }
    }
}

impl From<&Step> for StepV1 {
    fn from(step: &Step) -> Self {
        match step {
            Step::Create(CreateIssue { cross_link }) => Self::Create { cross_link: *cross_link },
            Step::Link(LinkIssues { cross_link, comment, owed }) => Self::Link {
                cross_link: *cross_link,
                comment: comment.clone().map(TemplateV1),
                owed: owed.clone().map(Into::into),
            },
            Step::Transition(Transition { side, from, to, resolution }) => {
                let (side, from, to) = (Text(*side), from.into(), to.into());
                let (resolution, resolution_of_rule) = match resolution.clone() {
                    None => (None, false),
                    Some(WantedResolution::OfFlow(name)) => (Some(ResolutionV1(name)), false),
                    Some(WantedResolution::OfRule(name)) => (Some(ResolutionV1(name)), true),
                };
                Self::Transition { side, from, to, resolution, resolution_of_rule }
            }
            Step::Comment(Comment { text }) => Self::Comment { text: TemplateV1(text.clone()) },
            Step::Attach(CopyAttachment { file, before }) => {
                Self::Attach { file: file.into(), before: before.iter().cloned().map(Text).collect() }
            }
            Step::Reply(SetReplied { field }) => Self::Reply { field: FieldNameV1(field.clone()) },
            Step::Restore(RestoreText { cross_link }) => Self::Restore { cross_link: *cross_link },
            Step::Describe(Describe { cross_link }) => Self::Describe { cross_link: *cross_link },
        }
    }
}

impl From<StepV1> for Step {
    fn from(stored: StepV1) -> Self {
        match stored {
            StepV1::Create { cross_link } => Self::Create(CreateIssue { cross_link }),
            StepV1::Link { cross_link, comment, owed } => {
                let (comment, owed) = (comment.map(|template| template.0), owed.map(Into::into));
                Self::Link(LinkIssues { cross_link, comment, owed })
            }
            StepV1::Transition { side, from, to, resolution, resolution_of_rule } => {
                let of = if resolution_of_rule { WantedResolution::OfRule } else { WantedResolution::OfFlow };
                let resolution = resolution.map(|name| of(name.0));
                Self::Transition(Transition { side: side.0, from: from.into(), to: to.into(), resolution })
            }
            StepV1::Comment { text } => Self::Comment(Comment { text: text.0 }),
            StepV1::Attach { file, before } => {
                let before = before.into_iter().map(|id| id.0).collect();
                Self::Attach(CopyAttachment { file: file.into(), before })
            }
            StepV1::Reply { field } => Self::Reply(SetReplied { field: field.0 }),
            StepV1::Restore { cross_link } => Self::Restore(RestoreText { cross_link }),
            StepV1::Describe { cross_link } => Self::Describe(Describe { cross_link }),
        }
    }
}

impl From<OwedLink> for OwedLinkV1 {
    fn from(owed: OwedLink) -> Self {
        Self { created_by: Text(owed.created_by), locked_in: owed.locked_in.map(Text) }
    }
}

impl From<OwedLinkV1> for OwedLink {
    fn from(stored: OwedLinkV1) -> Self {
        Self { created_by: stored.created_by.0, locked_in: stored.locked_in.map(|status| status.0) }
    }
}

impl From<&StatusName> for StatusNameV1 {
    fn from(name: &StatusName) -> Self {
        Self(name.as_str().to_owned())
    }
}

impl From<StatusNameV1> for StatusName {
    fn from(stored: StatusNameV1) -> Self {
        Self::new(&stored.0)
    }
}

impl From<&Status> for StatusV1 {
    fn from(status: &Status) -> Self {
        Self { id: Text(status.id.clone()), name: (&status.name).into() }
    }
}

impl From<StatusV1> for Status {
    fn from(stored: StatusV1) -> Self {
        Self { id: stored.id.0, name: stored.name.into() }
    }
}

/// Nothing is stored of a step in hand; of one that is owed, a doubt that ended before Jira's first issue.
fn doubt(stage: Stage) -> Option<DoubtV1> {
    let doubt = match stage {
        Stage::InHand => return None,
        Stage::Owed => OWED,
        Stage::InDoubt(doubt) => doubt,
    };
    Some(DoubtV1 { sent_by: Text(doubt.sent_by), first_absent: doubt.first_absent.map(Text) })
}

/// See [`doubt`].
fn stage(stored: Option<DoubtV1>) -> Stage {
    let Some(DoubtV1 { sent_by, first_absent }) = stored else { return Stage::InHand };
    let doubt = Doubt { sent_by: sent_by.0, first_absent: first_absent.map(|at| at.0) };
    if doubt == OWED { Stage::Owed } else { Stage::InDoubt(doubt) }
}

/// How a step that is owed is stored.
const OWED: Doubt = Doubt::since(JiraTime::FIRST);

impl From<&Handled> for HandledV1 {
    fn from(handled: &Handled) -> Self {
        Self { status: (&handled.status).into(), updated: Text(handled.updated) }
    }
}

impl From<HandledV1> for Handled {
    fn from(stored: HandledV1) -> Self {
        Self { status: stored.status.into(), updated: stored.updated.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document as version 1 writes it. It must stay readable forever: databases out there hold it.
    const V1: &str = r#"{"version":"1","id":"i-1","kind":"mirror","rule":"closed","source":"dev","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"create":{"cross_link":true}},{"link":{"cross_link":false,"comment":"Dev issue: ${targetKey}"}},{"transition":{"side":"user","from":{"id":"3","name":"In Progress"},"to":"Resolved"}},{"comment":{"text":"Fixed in ${sourceKey}"}}],"cursor":2,"doubt":{"sent_by":"2024-01-01T00:00:00.000Z","first_absent":null},"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":{"status":{"id":"6","name":"Closed"},"updated":"2024-01-01T00:00:00.002Z"}}"#;

    #[test]
    fn a_document_of_version_1_is_read_and_written_unchanged() {
        let intent = intent_from_json("i-1", V1).unwrap();
        assert_eq!(intent_json(&intent), V1);
    }

    /// What version 1 has learned since: further kinds, further steps, and the resolution of a transition.
    const LATER: [&str; 6] = [
        r#"{"version":"1","id":"i-2","kind":"attach","rule":null,"source":"user","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"attach":{"file":{"id":"70001","filename":"a.png","size":5000000000,"mime":"image/png","author":"ann","created":"2024-01-01T00:00:00.003Z","content":"https://a.example.net/70001"},"before":["80001"]}},{"attach":{"file":{"id":"70002","filename":"","size":0,"mime":"","author":null,"created":"2024-01-01T00:00:00.003Z","content":""},"before":[]}}],"cursor":0,"doubt":null,"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":null}"#,
        r#"{"version":"1","id":"i-3","kind":"restore","rule":null,"source":"user","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"restore":{"cross_link":true}}],"cursor":0,"doubt":null,"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":null}"#,
        r#"{"version":"1","id":"i-4","kind":"mirror","rule":"closed","source":"dev","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"transition":{"side":"user","from":{"id":"3","name":"In Progress"},"to":"Resolved","resolution":"Won't Do"}},{"reply":{"field":"customfield_10042"}}],"cursor":0,"doubt":null,"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":null}"#,
        r#"{"version":"1","id":"i-5","kind":"create","rule":"take","source":"user","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"create":{"cross_link":true}},{"describe":{"cross_link":true}}],"cursor":1,"doubt":null,"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":null}"#,
        r#"{"version":"1","id":"i-7","kind":"mirror","rule":"closed","source":"dev","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"transition":{"side":"user","from":{"id":"3","name":"In Progress"},"to":"Resolved","resolution":"Won't Do","resolution_of_rule":true}}],"cursor":0,"doubt":null,"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":null}"#,
        r#"{"version":"1","id":"i-6","kind":"link","rule":"accepted","source":"user","user":{"id":"10001","key":"USER-A-1"},"dev":{"id":"20001","key":"DEV-A-7"},"steps":[{"link":{"cross_link":true,"comment":null,"owed":{"created_by":"i-0","locked_in":"6"}}},{"link":{"cross_link":false,"comment":null,"owed":{"created_by":"i-0","locked_in":null}}}],"cursor":0,"doubt":null,"begun":"2024-01-01T00:00:00.001Z","settles_user":null,"settles_dev":null}"#,
    ];

    #[test]
    fn later_kinds_and_steps_are_read_and_written_unchanged() {
        for text in LATER {
            assert_eq!(intent_json(&intent_from_json("i-1", text).unwrap()), text);
        }
    }

    #[test]
    fn each_stage_is_kept_as_the_doubt_of_version_1() {
        let at = |text: &str| text.parse::<JiraTime>().unwrap();
        let doubt = Doubt::since(at("2024-01-01T00:00:00Z"));
        let absent = Doubt { first_absent: Some(at("2024-01-01T00:10:00Z")), ..doubt };
        for (stage, kept) in [
            (Stage::InHand, "null"),
            (Stage::Owed, r#"{"sent_by":"1970-01-01T00:00:00.000Z","first_absent":null}"#),
            (Stage::InDoubt(doubt), r#"{"sent_by":"2024-01-01T00:00:00.000Z","first_absent":null}"#),
            (
                Stage::InDoubt(absent),
                r#"{"sent_by":"2024-01-01T00:00:00.000Z","first_absent":"2024-01-01T00:10:00.000Z"}"#,
            ),
        ] {
            let text = LATER[0].replacen("\"doubt\":null", &format!("\"doubt\":{kept}"), 1);
            let intent = intent_from_json("i-2", &text).unwrap();
            assert_eq!((intent.state.stage(), intent_json(&intent)), (stage, text));
        }
    }

    #[test]
    fn an_intent_that_cannot_be_read_is_named() {
        for (sound, broken) in [
            (r#""version":"1""#, r#""version":"2""#),
            (r#""cursor":2"#, r#""cursor":2,"urgent":true"#),
            (r#"{"comment":"#, r#"{"attach":"#),
            ("${sourceKey}", "${reporter}"),
            ("20001", "twenty"),
        ] {
            let text = V1.replacen(sound, broken, 1);
            assert_ne!(text, V1, "{sound}");
            let error = intent_from_json("i-1", &text).unwrap_err().to_string();
            assert!(error.starts_with("intent i-1: "), "{error}");
        }
    }
}
