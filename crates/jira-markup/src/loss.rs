//! What a text could not take along, told so that a caller can warn.

use std::collections::BTreeMap;
use std::fmt;

/// Something that the other side can't express. Its words stay in the text; what is gone is what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// A mention: a name now, without a notification.
    Mention,
    /// An embedded file or picture: its name in brackets now.
    Media,
    /// An emoji that is no character: its short name now.
    Emoji,
    /// A status lozenge: bracketed words now.
    Status,
    /// A date that followed its reader's language: digits now.
    Date,
    /// A task or a decision: a list item now, its box drawn with characters.
    Task,
    /// A part that could be folded away: open now, its title a bold line.
    Expand,
    /// A macro or an app's part: its name or text now.
    Macro,
    /// A link that the other side would not follow: its address is in the text now.
    Link,
    /// Looks: a colour, an alignment, a title bar, a mark inside code.
    Looks,
    /// Structure: what may not stand where it stood was unfolded into what stands around it.
    Structure,
    /// The language that a block of code was coloured for.
    Language,
    /// A kind of part that is not known here: its text now, or its kind in brackets.
    Unknown,
}

impl Lost {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Mention => ("mention", "mentions"),
            Self::Media => ("embedded file", "embedded files"),
            Self::Emoji => ("emoji", "emojis"),
            Self::Status => ("status", "statuses"),
            Self::Date => ("date", "dates"),
            Self::Task => ("task", "tasks"),
            Self::Expand => ("foldable part", "foldable parts"),
            Self::Macro => ("macro", "macros"),
            Self::Link => ("link", "links"),
            Self::Looks => ("detail of looks", "details of looks"),
            Self::Structure => ("detail of structure", "details of structure"),
            Self::Language => ("language of code", "languages of code"),
            Self::Unknown => ("unknown part", "unknown parts"),
        }
    }
}

/// One kind of loss, and how often it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What was lost.
    pub what: Lost,
    /// How often; at least once.
    pub times: usize,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = self.what.words();
        write!(f, "{} {}", self.times, if self.times == 1 { one } else { many })
    }
}

/// Counts while a text crosses.
#[derive(Debug, Default)]
pub(super) struct Losses(BTreeMap<Lost, usize>);

impl Losses {
    pub fn note(&mut self, what: Lost) {
        *self.0.entry(what).or_default() += 1;
    }

    /// In the order of [`Lost`], each kind once.
    pub fn into_list(self) -> Vec<Loss> {
        self.0.into_iter().map(|(what, times)| Loss { what, times }).collect()
    }
}
