//! The flows of a folder, for commands that need no daemon.

use anyhow::bail;

use super::env;
use crate::config::{self, Around, Problem};
use crate::flow::{Flow, FlowName};
use crate::settings::Settings;

/// What is in the folder of flow files.
pub(super) struct Folder {
    /// The flows that could be served.
    pub(super) flows: Vec<Flow>,
    /// What is wrong with the other files.
    pub(super) problems: Vec<Problem>,
}

impl Folder {
    /// Reads and checks all files.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub(super) fn read(settings: &Settings) -> anyhow::Result<Self> {
        let around = Around { env: &env, file: &config::beside, default_interval: settings.interval };
        let mut folder = Self { flows: Vec::new(), problems: Vec::new() };
        for verdict in config::set(&config::scan(&settings.flows)?, &[], &around) {
            match verdict.outcome {
                Ok(checked) => folder.flows.push(checked.flow),
                Err(problems) => folder.problems.extend(problems),
            }
        }
        Ok(folder)
    }

    /// The flow of that name.
    ///
    /// # Errors
    /// When there is none; says which there are, and which files are refused.
    pub(super) fn take(&mut self, name: &FlowName, settings: &Settings) -> anyhow::Result<Flow> {
        match self.flows.iter().position(|flow| flow.name == *name) {
            Some(place) => Ok(self.flows.remove(place)),
            None => bail!("there is no flow {name} in {}{}", settings.flows.display(), self.instead()),
        }
    }

    fn instead(&self) -> String {
        let names: Vec<_> = self.flows.iter().map(|flow| flow.name.as_str()).collect();
        let there = if names.is_empty() { String::new() } else { format!("; there is {}", names.join(", ")) };
        let refused: Vec<_> = self.problems.iter().map(|problem| format!("\n  {problem}")).collect();
        if refused.is_empty() { there } else { format!("{there}; refused:{}", refused.concat()) }
    }
}
