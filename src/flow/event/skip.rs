//! Reasons for doing nothing.

/// Why nothing was done for an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// No rule names the status.
    NoRule,
    /// The rule demands a counterpart, and there is none.
    NoMapping,
    /// A dev status that only a rule naming it may act on.
    IntermediateStatus,
    /// The other side has the status already.
    AlreadyEqual,
    /// Both sides changed and the other's change won.
    LostConflict,
    /// The change was made before the pair was found, so it is not synced.
    BeforeAdoption,
    /// The other side changed meanwhile; the pair is planned anew.
    MovedMeanwhile,
    /// An earlier intent of the pair is still open.
    OpenIntent,
    /// Its counterpart can't be read.
    CounterpartMissing,
    /// It has a link to an issue of the other project, without proof that the two are a pair.
    HasLink,
    /// Its pair is suspended.
    Suspended,
    /// Its pair is broken.
    Broken,
    /// Its pair is held: rules seem to trigger each other.
    PingPong,
    /// An operator has unpaired it.
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
