//! Why nothing was done.

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// No rule names the status.
    NoRule,
    /// The rule wants a counterpart and there is none.
    NoMapping,
    /// A dev status that only a rule naming it may act on.
    IntermediateStatus,
    /// The other side is already there.
    AlreadyEqual,
    /// Both sides changed and the other's change won.
    LostConflict,
    /// Found belonging together: what happened before that is nobody's news.
    BeforeAdoption,
    /// The other side moved while this was in hand; planned anew.
    MovedMeanwhile,
    /// An earlier intent of the pair is still open.
    OpenIntent,
    /// Its counterpart can't be read.
    CounterpartMissing,
    /// It links to an issue of the other project, and nothing proves that the two are a pair.
    HasLink,
    /// Its pair is suspended.
    Suspended,
    /// Its pair is broken.
    Broken,
    /// Its pair is held: rules seem to answer each other.
    PingPong,
    /// An operator took its pair apart.
    Unpaired,
}

impl SkipReason {
    /// The word in the log's `reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRule => "noRule",
            Self::NoMapping => "noMapping",
            Self::IntermediateStatus => "intermediateStatus",
            Self::AlreadyEqual => "alreadyEqual",
            Self::LostConflict => "lostConflict",
            Self::BeforeAdoption => "beforeAdoption",
            Self::MovedMeanwhile => "movedMeanwhile",
            Self::OpenIntent => "openIntent",
            Self::CounterpartMissing => "counterpartMissing",
            Self::HasLink => "hasLink",
            Self::Suspended => "suspended",
            Self::Broken => "broken",
            Self::PingPong => "pingPong",
            Self::Unpaired => "unpaired",
        }
    }
}
