//! Wiki markup: what its readers and its writer have in common.
//!
//! Jira's own renderer is a pile of patterns without a grammar. Where they leave a choice, a text is taken as its
//! writer most likely meant it, and whatever is not surely markup stays as it was written. The writer escapes at least
//! whatever the reader here would take for markup.

pub mod blocks;
pub mod escape;
pub mod inline;
pub mod lexis;
pub mod macros;
pub mod write;

/// Line ends as they are used within Lockstep. Jira stores what browsers send, which is CR and LF.
pub fn unix(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}
