//! What people do to that which hangs on issues.

use std::collections::BTreeMap;

use crate::attachment::mime_of;
use crate::file::{File, FileContent};
use crate::issue::Issue;
use crate::markup;
use crate::refusal::Refusal;
use crate::state::State;
use crate::visibility::Visibility;
use crate::write::{Attached, Edit, Hanging, Remark, Rewording, Write};

type Intended = Result<(String, Write), Refusal>;

impl State {
    pub(super) fn intend_attach(&mut self, issue: &str, filename: String, content: FileContent) -> Intended {
        let size = content.size();
        let limit = if content.kept() > self.storage_left() { self.storage_left() } else { self.setup.upload_limit };
        if size > limit {
            return Err(Refusal::TooLarge { filename, size, limit });
        }
        let (id, mime) = (self.next_id(), mime_of(&filename).into());
        let file = Attached { id, filename, mime, file: File::new(content) };
        self.intend_hang(issue, |_| Ok(Hanging::Attach(vec![file])))
    }

    pub(super) fn intend_detach(&self, issue: &str, attachment: &str) -> Intended {
        let fits = |issue: &Issue| issue.attachments.iter().map(|it| it.id).find(|id| id.to_string() == attachment);
        let missing = || Refusal::NoAttachment(attachment.into());
        self.intend_hang(issue, |issue| fits(issue).map(Hanging::Detach).ok_or_else(missing))
    }

    pub(super) fn intend_comment_for(&mut self, issue: &str, text: &str, visibility: Visibility) -> Intended {
        let remark = Remark { visibility: Some(visibility), ..self.remark(text) };
        self.intend_edit(issue, Edit { comments: vec![remark], ..Edit::default() })
    }

    pub(super) fn intend_edit_comment(&self, issue: &str, comment: &str, text: &str) -> Intended {
        let (body, properties) = (markup::paragraphs(text), BTreeMap::new());
        let reword = |comment| Hanging::Reword(Rewording { comment, body, properties, visibility: None });
        self.intend_hang(issue, |issue| known_comment(issue, comment).map(reword))
    }

    pub(super) fn intend_delete_comment(&self, issue: &str, comment: &str) -> Intended {
        self.intend_hang(issue, |issue| known_comment(issue, comment).map(Hanging::Unsay))
    }

    fn intend_hang(&self, issue: &str, what: impl FnOnce(&Issue) -> Result<Hanging, Refusal>) -> Intended {
        let issue = self.known(issue)?;
        Ok((issue.key(), Write::Hang { issue: issue.id, what: what(issue)? }))
    }
}

fn known_comment(issue: &Issue, wanted: &str) -> Result<u64, Refusal> {
    let known = issue.comments.iter().map(|comment| comment.id).find(|id| id.to_string() == wanted);
    known.ok_or_else(|| Refusal::NoComment(wanted.into()))
}
