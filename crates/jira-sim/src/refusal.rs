//! Why something could not be done on the site.

/// Why a person could not do that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message tells what its variant means")]
pub enum Refusal {
    #[error("there is no account {0}")]
    NoAccount(String),
    #[error("there is no project {0}")]
    NoProject(String),
    #[error("the key {0} is that of another project, or was")]
    KeyTaken(String),
    #[error("there is no issue {0}")]
    NoIssue(String),
    #[error("{value} can't be entered as {field}")]
    BadValue { field: &'static str, value: String },
    #[error("{field}: {why}")]
    Unfit { field: String, why: String },
    #[error("the issue has no comment {0}")]
    NoComment(String),
    #[error("the issue has no attachment {0}")]
    NoAttachment(String),
    #[error("{filename} has {size} bytes, and no more than {limit} can be attached")]
    TooLarge { filename: String, size: u64, limit: u64 },
    #[error("{issue} is {status}, from where no transition leads to {wanted}")]
    NotOffered { issue: String, status: String, wanted: String },
}
