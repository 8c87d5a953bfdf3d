//! The projects that a flow has served, as stored from one start to the next.

use super::name::{ProjectId, ProjectKey, Side};
use super::site::SiteUrl;
use super::time::JiraTime;

/// Both projects of a flow at its last start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The Jira site, by the address that it reported.
    pub site: SiteUrl,
    /// When the flow first served these two, by Jira's clock: of two flows for the same projects, the earlier one
    /// serves them.
    pub since: JiraTime,
    /// Where customers report.
    pub user: ServedProject,
    /// Where the work is done.
    pub dev: ServedProject,
}

/// One project that a flow has served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedProject {
    /// Identifies it.
    pub id: ProjectId,
    /// Its key in the flow file at that time. If that key names another project now, the file still means this one.
    pub written: ProjectKey,
    /// Its first known key, and those that Jira reported since, the latest last.
    pub keys: Vec<ProjectKey>,
    /// Which of its changes are synced.
    pub extent: Extent,
}

/// Which changes in a project are synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those since the start of the flow, as that began.
    AsTheFlow,
    /// All of them, which are still to be read: the flow got this project at that time.
    Owed(JiraTime),
    /// Those since then.
    From(JiraTime),
}

impl Served {
    /// The project on `side`.
    #[must_use]
    pub fn on(&self, side: Side) -> &ServedProject {
        match side {
            Side::User => &self.user,
            Side::Dev => &self.dev,
        }
    }

    /// The projects that are still to be read from their beginning, with the time at which the flow got them; dev
    /// first, the order in which they are read.
    pub fn owed(&self) -> impl Iterator<Item = (Side, JiraTime)> {
        [Side::Dev, Side::User].into_iter().filter_map(|side| match self.on(side).extent {
            Extent::Owed(since) => Some((side, since)),
            Extent::AsTheFlow | Extent::From(_) => None,
        })
    }

    /// The same with all projects read.
    #[must_use]
    pub fn all_read(self) -> Self {
        let read = |project: ServedProject| match project.extent {
            Extent::Owed(_) => ServedProject { extent: Extent::AsTheFlow, ..project },
            Extent::AsTheFlow | Extent::From(_) => project,
        };
        Self { user: read(self.user), dev: read(self.dev), ..self }
    }
}

impl ServedProject {
    /// The key that Jira reported last.
    #[must_use]
    pub fn last_key(&self) -> &ProjectKey {
        self.keys.last().unwrap_or(&self.written)
    }
}
