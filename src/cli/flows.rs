//! The flows of a folder and their store, for commands that need no daemon.

use std::path::PathBuf;

use anyhow::bail;

use super::{Outcome, env, in_runtime, print_error, print_note};
use crate::config::{self, CheckInputs, Problem};
use crate::flow::{Flow, FlowName};
use crate::settings::{Overrides, Settings, StoreFlags};
use crate::store::mongo_url;

/// Where flows and their state are.
#[derive(clap::Args)]
pub(super) struct Place {
    /// The folder of flow files [default: $CONFIG_DIR, else flows.d]
    #[arg(long, value_name = "DIR")]
    flows: Option<PathBuf>,
    /// Where the flows' state is kept, such as sqlite:./data or mongodb://HOST [default: $DATABASE_URL, else
    /// sqlite:./data]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The file with that address, for one with a password [default: $DATABASE_URL_FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    store_file: Option<PathBuf>,
}

impl Place {
    /// Carries a command out with what these arguments and the environment say.
    pub(super) fn run(&self, command: impl AsyncFnOnce(&Settings) -> anyhow::Result<Outcome>) -> Outcome {
        let store = StoreFlags { url: self.store.clone(), file: self.store_file.clone() };
        let overrides = Overrides { flows: self.flows.clone(), store, ..Overrides::default() };
        match Settings::from_env(&env, &overrides, mongo_url) {
            Ok(settings) => {
                settings.warnings.iter().for_each(print_note);
                in_runtime(command(&settings))
            }
            Err(wrong) => {
                print_error(wrong);
                Outcome::WrongUsage
            }
        }
    }
}

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
        let inputs = CheckInputs {
            env: &env,
            file: &config::read_named_file,
            mongo: mongo_url,
            default_interval: settings.interval,
        };
        let mut folder = Self { flows: Vec::new(), problems: Vec::new() };
        for verdict in config::set(config::read_each(&config::scan(&settings.flows)?), &[], &inputs) {
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
