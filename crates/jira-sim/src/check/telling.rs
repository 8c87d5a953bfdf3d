//! Disagreements in words.

use std::fmt;

use super::{Disagreement, Unlinked};

impl fmt::Display for Disagreement {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twins { user, devs } => write!(to, "{user} has several dev issues: {}", devs.join(", ")),
            Self::Unmarked { dev } => write!(to, "{dev} was made by the daemon and carries no mark"),
            Self::Missing { user } => write!(to, "{user} should have a dev issue and has none"),
            Self::Unasked { user, dev } => write!(to, "{dev} was made for {user}, and nobody asked for it"),
            Self::Unlinked { user, dev, why } => write!(to, "{user} and {dev} are not linked well: {why}"),
            Self::OutOfStep { said, by_status, on, is, wanted } => {
                write!(to, "people moved {said} to {by_status}, so {on} should be {wanted} but is {is}")
            }
            Self::Echo { on, status, moved, reasons } => {
                write!(to, "{on} was moved to {status} {moved} times by the daemon, for {reasons} reasons")
            }
            Self::Chatter { on, comments, reasons } => {
                write!(to, "{on} has {comments} comments by the daemon, for {reasons} reasons")
            }
            Self::TwinFiles { on, file, copies, originals } => {
                write!(to, "{on} has {copies} copies of {file} by the daemon, for {originals} originals")
            }
            Self::Repeated { on, text } => write!(to, "the daemon said twice in a row on {on}: {text}"),
        }
    }
}

impl fmt::Display for Unlinked {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark => write!(to, "the user issue's mark does not name the dev issue"),
            Self::DevLinks(count) => write!(to, "{count} Dev Link lines instead of one"),
            Self::UserLinks(count) => write!(to, "{count} User Link lines instead of one"),
            Self::Comments(count) => write!(to, "{count} comments at creation instead of one"),
        }
    }
}
