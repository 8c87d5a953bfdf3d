//! The two kinds of Jira.

/// Which kind of Jira a site is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Atlassian's own sites: REST v3 with rich texts as ADF, and v2 with wiki markup.
    #[default]
    Cloud,
    /// Jira on one's own machines: REST v2, rich texts as wiki markup, users by name and key.
    DataCenter,
}
