//! What a step that is done has taught: what is recorded of it, and what is told.

use crate::flow::{
    Attachment, AttachmentId, Event, FieldName, Intent, IntentKind, IssueRef, LinkIssues, Side, SkipReason, Status,
    StatusName, Step,
};
use crate::jira::{self, Linked};
use jira_markup::Loss;

/// What became of a step.
#[derive(Debug)]
pub(in crate::engine) enum Outcome {
    /// It is done.
    Done(Learned),
    /// It need not be done, nor need those that tell of it: things stand as they were wanted already.
    Needless,
    /// It can't be done now, and none of the others waits for it: a file.
    Later(jira::Error),
    /// Its precondition no longer holds: nothing was sent.
    Outdated(SkipReason),
    /// Jira does not take it as a whole, and nothing has happened: it is to be done as these steps.
    Split(Vec<Step>),
    /// The user issue can't be edited where it stands, and nothing has happened.
    Locked(Locked),
}

/// A link to a user issue that can't be edited where it stands.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Locked {
    /// What was to be said in the same edit, as a step of its own.
    pub said: Option<Step>,
    /// What is owed.
    pub link: LinkIssues,
    /// Where the user issue stands.
    pub status: StatusName,
}

/// What a step taught us.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) enum Learned {
    /// The dev issue that was created.
    Created(Created),
    /// The user issue was edited: whether the link found room, and whether something was said.
    Linked { room: Linked, said: bool },
    /// An issue was brought from one status to another.
    Moved(Moved),
    /// A comment was made.
    Said,
    /// A file was copied, and this is the copy.
    Copied(Attachment, AttachmentId),
    /// A file is left where it is: Jira will never take it.
    StaysBehind(Attachment, String),
    /// A file need not be copied: it is gone, or the ledger has it.
    NoFile(Attachment),
    /// A field was set.
    Replied(FieldName),
    /// A person's text is back: whether the link found room in it.
    Restored(Linked),
    /// The text of a dev issue is a comment on it.
    Described,
    /// Jira does not take it, and that costs no more than a warning.
    Refused { what: &'static str, why: String },
}

/// A dev issue that was created.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Created {
    pub dev: IssueRef,
    /// What its text could not take along.
    pub lost: Vec<Loss>,
    /// The mapped fields that it was created without, and why.
    pub left_out: Vec<(FieldName, String)>,
    /// Where its text is.
    pub text: Text,
}

/// Where the text of a dev issue and its link are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Text {
    /// In its description, if there is any.
    Described,
    /// Nowhere yet: its create screen has no description. A step of its own sees to them.
    Follows,
}

/// A transition that was made.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Moved {
    pub side: Side,
    /// The status that was wanted.
    pub wanted: StatusName,
    /// The status that was reached.
    pub reached: Status,
    /// What else is worth telling of it.
    pub remarks: Vec<Event>,
}

/// What is told of a step that is done.
pub(super) fn told(intent: &Intent, learned: &Learned) -> Vec<Event> {
    let user = intent.user.key.clone();
    let key_on = |side| intent.on(side).map_or_else(|| user.clone(), |at| at.key.clone());
    match learned {
        Learned::Created(created) => told_of_creation(intent, created),
        Learned::Linked { room, said } => {
            let said = said.then(|| Event::Commented { key: user.clone() });
            let made = || Event::LinkMade { user: user.clone(), dev: key_on(Side::Dev) };
            let made = (intent.kind == IntentKind::Link).then(made);
            no_room(*room, intent).into_iter().chain(said).chain(made).collect()
        }
        Learned::Moved(Moved { side, wanted, reached: _, remarks }) => {
            let (key, because_of) = (key_on(*side), key_on(side.other()));
            let synced =
                Event::StatusSynced { side: *side, key, to: wanted.clone(), because_of, rule: intent.rule.clone() };
            remarks.iter().cloned().chain([synced]).collect()
        }
        Learned::Said => vec![Event::Commented { key: user }],
        Learned::Copied(file, _) => {
            let (dev, filename, size) = (key_on(Side::Dev), file.filename.clone(), file.size);
            vec![Event::AttachmentCopied { user, dev, filename, size }]
        }
        Learned::StaysBehind(file, why) => {
            vec![Event::AttachmentLeftOut { user, filename: file.filename.clone(), why: why.clone() }]
        }
        Learned::NoFile(_) => Vec::new(),
        Learned::Replied(field) => vec![Event::Replied { key: user, field: field.clone() }],
        Learned::Restored(room) => {
            [Event::TextRestored { key: user }].into_iter().chain(no_room(*room, intent)).collect()
        }
        Learned::Described => {
            let dev = key_on(Side::Dev);
            vec![Event::TextAsComment { user, dev }]
        }
        Learned::Refused { what, why } => vec![Event::StepRefused { key: user, what, why: why.clone() }],
    }
}

fn told_of_creation(intent: &Intent, created: &Created) -> Vec<Event> {
    let (user, dev) = (&intent.user.key, &created.dev.key);
    let lost: Vec<_> = created.lost.iter().map(ToString::to_string).collect();
    let lost = (!lost.is_empty()).then(|| Event::NotTakenAlong { user: user.clone(), dev: dev.clone(), lost });
    let left_out = created.left_out.iter().map(|(field, why)| {
        let (field, why) = (field.clone(), why.clone());
        Event::FieldLeftOut { key: user.clone(), field, why }
    });
    let done = Event::IssueCreated { user: user.clone(), dev: dev.clone(), rule: intent.rule.clone() };
    [done].into_iter().chain(lost).chain(left_out).collect()
}

fn no_room(room: Linked, intent: &Intent) -> Option<Event> {
    match room {
        Linked::Yes => None,
        Linked::NoRoom => Some(Event::NoRoomForLink { key: intent.user.key.clone() }),
    }
}
