//! What flow files can say and nobody acts upon yet. A line goes when its field comes to life; the checking of its
//! value is complete already.

use super::super::finding::At;
use super::super::raw::FlowFile;
use super::Checker;

/// A field that is not acted upon: the flow would do without something that its writer can't do without.
pub struct NotYet {
    /// Where it stands in a file, as often as it does.
    pub fields: fn(&FlowFile) -> Vec<&At>,
    /// What that means for the file's writer.
    pub words: &'static str,
}

/// All of them.
pub const ALL: &[NotYet] = &[];

impl Checker<'_> {
    pub fn tell_what_is_not_done(&self, raw: &FlowFile, not_yet: &[NotYet]) {
        for NotYet { fields, words } in not_yet {
            fields(raw).into_iter().for_each(|at| self.findings.problem(at, *words));
        }
    }
}
