//! What `lockstep status` shows of the daemon's log: only what is wrong with it.

use std::io::{self, Write};

use serde::Deserialize;

use crate::cli::text::one_line;

/// State of the daemon's log.
#[derive(Deserialize)]
pub(super) struct LogState {
    dropped: Dropped,
    failure: Option<String>,
}

#[derive(Deserialize)]
struct Dropped {
    trace: u64,
    debug: u64,
    info: u64,
    warn: u64,
    error: u64,
}

impl LogState {
    pub(super) fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Dropped { trace, debug, info, warn, error } = self.dropped;
        let total = trace + debug + info + warn + error;
        if total > 0 {
            let levels = format!("{error} error, {warn} warn, {info} info, {debug} debug, {trace} trace");
            writeln!(
                out,
                "the log dropped {total} lines since the daemon started ({levels}): see what reads it, and its disk"
            )?;
        }
        match &self.failure {
            Some(why) => writeln!(out, "the log is in trouble, and this is tried again: {}", one_line(why)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_dropped_lines_or_can_not_be_written_is_shown_and_no_other() {
        let nothing = r#""dropped": {"trace":0,"debug":0,"info":0,"warn":0,"error":0}"#;
        let some = r#""dropped": {"trace":0,"debug":0,"info":7,"warn":0,"error":1}"#;
        for (dropped, failure, expected) in [
            (nothing, "null", ""),
            (
                some,
                "null",
                "the log dropped 8 lines since the daemon started (1 error, 0 warn, 7 info, 0 debug, 0 trace): see what \
                 reads it, and its disk\n",
            ),
            (nothing, r#""no storage space""#, "the log is in trouble, and this is tried again: no storage space\n"),
        ] {
            let state: LogState = serde_json::from_str(&format!(r#"{{ {dropped}, "failure": {failure} }}"#)).unwrap();
            let mut shown = Vec::new();
            state.show(&mut shown).unwrap();
            assert_eq!(String::from_utf8(shown).unwrap(), expected);
        }
    }
}
