//! Jira's “Clone”: what of an issue its copy has, and what not.

use crate::fields::{Field, LONGEST_LINE};
use crate::issue::Issue;
use crate::link::{IssueLink, LINK_TYPES, LinkType};
use crate::refusal::Refusal;
use crate::state::State;
use crate::write::{Attached, Draft, Join, Write};

impl State {
    pub(super) fn intend_clone(&mut self, issue: &str, with_properties: bool) -> Result<(String, Write), Refusal> {
        let original = self.known(issue)?.clone();
        let draft = self.copy(&original, with_properties);
        let (id, source, destination) = (self.next_id(), draft.id, original.id);
        let link = IssueLink { id, kind: CLONERS, source, destination };
        let key = format!("{}-{}", draft.project, draft.number);
        Ok((key, Write::Clone(Box::new(draft), Join { link, comment: None })))
    }

    fn copy(&mut self, original: &Issue, with_properties: bool) -> Draft {
        let mut values = original.values.clone();
        values.remove(Field::Resolution.id());
        Draft {
            id: self.next_id(),
            number: self.projects.next_number(&original.project),
            project: original.project.clone(),
            kind: original.kind.clone(),
            summary: format!("CLONE - {}", original.summary).chars().take(LONGEST_LINE).collect(),
            description: original.description.clone(),
            values,
            properties: if with_properties { original.properties.clone() } else { Default::default() },
            transition: None,
            viewers: original.viewers.clone(),
            files: original.attachments.iter().map(|file| Attached::copy_of(file, self.next_id())).collect(),
        }
    }
}

/// The type of the link from a clone to what it was made from.
const CLONERS: LinkType = LINK_TYPES[1];
