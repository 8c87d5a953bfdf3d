//! `lockstep schema`: what a flow file may hold, for editors.

use std::io::{self, Write};

use super::{Outcome, print_error};
use crate::config;

/// Prints the JSON Schema (draft 2020-12) of flow files. A flow file whose "$schema" names it is completed and
/// checked by editors while it is written. What depends on several fields or files only `lockstep check` sees.
#[derive(clap::Args)]
#[command(after_help = "Example: lockstep schema > flow.schema.json\n\
                        Exit codes: 0 it was printed, 1 it could not be written.")]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> Outcome {
    match print(&mut io::stdout().lock()) {
        Ok(()) => Outcome::Good,
        Err(why) => {
            print_error(format!("can't print the schema: {why}"));
            Outcome::Bad
        }
    }
}

fn print(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(config::schema()?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file at the repository's root, which the shipped flows name. `BLESS=1 cargo test` writes it anew.
    const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/flow.schema.json");

    #[test]
    fn the_shipped_schema_is_what_the_command_prints() {
        let mut printed = Vec::new();
        print(&mut printed).unwrap();
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(SHIPPED, &printed).unwrap();
        }
        let shipped = std::fs::read_to_string(SHIPPED).unwrap_or_default();
        assert!(shipped.as_bytes() == printed, "flow.schema.json is outdated; run: BLESS=1 cargo test --lib schema");
    }
}
