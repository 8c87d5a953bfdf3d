//! Projects that get another key.
//!
//! A renamed project keeps its id. Its former key goes on answering, in paths and queries, until an administrator takes it
//! away and gives it to another project; so do the former keys of its issues.

use super::{Due, State};
use crate::issues::Rename;
use crate::refusal::Refusal;
use crate::write::{Effect, Write};

impl State {
    /// Gives a project another key. Neither its issues' `updated` nor their changelogs know of it.
    pub(crate) fn rename_project(&mut self, from: &str, to: &str) -> Result<(), Refusal> {
        self.projects.rename(from, to)?;
        let rename = Rename { from, to };
        self.issues.rename_project(&rename);
        self.index.rename_project(&rename);
        self.agenda.entries_mut().for_each(|due| due.rename_project(&rename));
        self.accounts.rename_project(from, to);
        if let Some(population) = &mut self.population {
            population.rename_project(from, to);
        }
        Ok(())
    }
}

impl Due {
    fn rename_project(&mut self, rename: &Rename<'_>) {
        match self {
            Self::Effect(effect) => effect.rename_project(rename),
            Self::Index(news) => news.rename_project(rename),
            Self::Reappear(version) => rename.issue(version),
            Self::Thaw | Self::Errand(_) => {}
        }
    }
}

impl Effect {
    fn rename_project(&mut self, rename: &Rename<'_>) {
        match &mut self.write {
            Write::Create(draft) => rename.key(&mut draft.project),
            Write::Clone(draft, _) => rename.key(&mut draft.project),
            Write::Move { to, .. } => rename.key(&mut to.project),
            Write::Edit { .. } | Write::Restrict { .. } | Write::Delete { .. } => {}
            Write::Hang { .. } | Write::Link(_) | Write::Unlink { .. } => {}
        }
    }
}
