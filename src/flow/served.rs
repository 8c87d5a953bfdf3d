//! Which projects a flow has served: what its store remembers of them from one start to the next.

use super::name::{ProjectId, ProjectKey, Side};
use super::site::SiteUrl;
use super::time::JiraTime;

/// Both projects as they were when the flow last began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The Jira site as it named itself.
    pub site: SiteUrl,
    /// Jira's clock when the flow first served these two: of two flows that want the same, the earlier one has it.
    pub since: JiraTime,
    /// Where customers report.
    pub user: ServedProject,
    /// Where the work is done.
    pub dev: ServedProject,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedProject {
    /// By which it is known.
    pub id: ProjectId,
    /// Its key as it stood in the flow file. If another project answers to that one now, the file did not mean it.
    pub written: ProjectKey,
    /// The first key that it was known by, and those that Jira told since, the latest last.
    pub keys: Vec<ProjectKey>,
    /// How much of it is the flow's business.
    pub extent: Extent,
}

/// How much of a project is a flow's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// As much as of the flow itself, by how that began.
    AsTheFlow,
    /// All of it, which is still to be read: the flow came to it at that time.
    Owed(JiraTime),
    /// What happened since then.
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

    /// When the flow came to projects that are still to be read from their beginning, by their side; dev first, as they
    /// are read.
    pub fn owed(&self) -> impl Iterator<Item = (Side, JiraTime)> {
        [Side::Dev, Side::User].into_iter().filter_map(|side| match self.on(side).extent {
            Extent::Owed(since) => Some((side, since)),
            Extent::AsTheFlow | Extent::From(_) => None,
        })
    }

    /// The same with nothing owed any more.
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
    /// The key that Jira told last.
    #[must_use]
    pub fn last_key(&self) -> &ProjectKey {
        self.keys.last().unwrap_or(&self.written)
    }
}
