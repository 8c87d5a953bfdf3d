//! What a step that is done has taught: what is recorded of it, and what is told.

use super::executor::Course;
use crate::engine::{Engine, Error};
use crate::flow::{
    Attachment, AttachmentId, Copied, CreateIssue, Describe, Event, FieldName, Intent, IntentKind, IssueRef, Origin,
    Pair, PairState, Side, Status, StatusName, Step,
};
use crate::jira::Linked;
use crate::store::Change;
use jira_markup::Loss;

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

impl Engine {
    /// A step is done: records what was learned by it, unless closing does so at once.
    pub(in crate::engine) async fn take_up(&self, course: &mut Course, learned: Learned) -> Result<(), Error> {
        for event in told(&course.intent, &learned) {
            let told = self.record(&event, &course.intent.user);
            course.done.push(told);
        }
        let on = course.intent.user.id.clone();
        match learned {
            Learned::Created(Created { dev, text, .. }) => {
                self.tally.created.add(1);
                let (user, state) = (course.intent.user.clone(), PairState::Active);
                let pair = Pair { user, dev: dev.clone(), origin: Origin::Created, state };
                course.done.push(Change::PutPair(pair));
                course.done.push(Change::ClearMissing(on));
                course.intent.dev = Some(dev);
                add_describing(&mut course.intent, text);
                self.set_busy(&course.intent);
            }
            Learned::Moved(Moved { side, reached, .. }) => {
                self.tally.synced.add(1);
                if let Some(settles) = course.intent.settles_mut(side) {
                    settles.status = reached;
                }
            }
            Learned::Copied(file, copy) => {
                course.done.push(Change::PutCopied(Copied { on, file: file.id, copy: Some(copy) }));
            }
            Learned::StaysBehind(file, _) => {
                course.done.push(Change::PutCopied(Copied { on, file: file.id, copy: None }));
            }
            Learned::NoFile(file) => self.settle_file(course, file).await?,
            Learned::Linked { .. }
            | Learned::Said
            | Learned::Replied(_)
            | Learned::Restored(_)
            | Learned::Described
            | Learned::Refused { .. } => {}
        }
        course.intent.state.advance();
        self.keep(course).await
    }

    /// The ledger keeps what it knows of a file.
    async fn settle_file(&self, course: &mut Course, file: Attachment) -> Result<(), Error> {
        let on = course.intent.user.id.clone();
        let known = self.store.for_record().ledger(vec![on.clone()]).await?.iter().any(|copied| copied.file == file.id);
        if !known {
            course.done.push(Change::PutCopied(Copied { on, file: file.id, copy: None }));
        }
        Ok(())
    }
}

/// The text follows at once: after the user issue is linked, its text has our link in it.
fn add_describing(intent: &mut Intent, text: Text) {
    match (text, intent.step()) {
        (Text::Follows, Some(Step::Create(CreateIssue { cross_link }))) => {
            let step = Step::Describe(Describe { cross_link: *cross_link });
            intent.add_next(step);
        }
        (Text::Follows | Text::Described, _) => {}
    }
}

/// What is told of a step that is done.
fn told(intent: &Intent, learned: &Learned) -> Vec<Event> {
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
