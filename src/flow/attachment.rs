//! Attachments of issues, and records of their copies.

use super::name::{AccountId, AttachmentId, IssueId};
use super::time::JiraTime;

/// A file on an issue, as Jira lists it (`fields.attachment[]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Jira's id, which is never reused (`id`).
    pub id: AttachmentId,
    /// Its name, which may contain any characters (`filename`).
    pub filename: String,
    /// Its size in bytes (`size`).
    pub size: u64,
    /// Its type as given at the upload, such as `image/png`; may be wrong (`mimeType`).
    pub mime: String,
    /// Who uploaded it; `None` for an account that is gone or hidden (`author`).
    pub author: Option<AccountId>,
    /// When it was uploaded, on Jira's clock (`created`).
    pub created: JiraTime,
    /// The address of its content (`content`).
    pub content: String,
}

impl Attachment {
    /// Whether this may be a copy of `original`, by size and name. Names are compared loosely: Jira, or a proxy before
    /// it, replaces some characters in the names of uploaded files.
    #[must_use]
    pub fn may_be_copy_of(&self, original: &Self) -> bool {
        self.size == original.size && core(&self.filename) == core(&original.filename)
    }
}

/// A record of a user issue's file that needs no copy any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The user issue that has the file.
    pub on: IssueId,
    /// The file.
    pub file: AttachmentId,
    /// Its copy on the dev issue; `None` for a file that is left where it is: it was there before the pair was found,
    /// or Jira will never take it.
    pub copy: Option<AttachmentId>,
}

/// The part of a file name that no Jira, proxy or database changes: plain letters and digits. Blanks and other
/// characters may be replaced or dropped, and an accent may be part of its letter or follow it.
fn core(filename: &str) -> String {
    let next = filename.chars().skip(1).map(Some).chain([None]);
    let plain =
        filename.chars().zip(next).filter(|(c, next)| c.is_ascii_alphanumeric() && !next.is_some_and(is_accent));
    plain.map(|(c, _)| c.to_ascii_lowercase()).collect()
}

/// Whether a character is an accent on the letter before it.
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(filename: &str, size: u64) -> Attachment {
        Attachment {
            id: "1".parse().unwrap(),
            filename: filename.to_owned(),
            size,
            mime: "image/png".to_owned(),
            author: None,
            created: JiraTime::FIRST,
            content: String::new(),
        }
    }

    #[test]
    fn a_copy_has_that_size_and_that_name_but_for_what_jira_may_change_in_one() {
        let original = file("Menü \"A\": 50 %.png", 7);
        assert!(original.may_be_copy_of(&original));
        assert!(
            file("Menu\u{308} _A__ 50 _.png", 7).may_be_copy_of(&original),
            "signs replaced, an accent taken apart"
        );
        assert!(!file("Menü \"A\": 50 %.png", 8).may_be_copy_of(&original), "another size");
        assert!(!file("Menü \"B\": 50 %.png", 7).may_be_copy_of(&original), "another name");
    }
}
