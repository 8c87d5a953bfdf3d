//! `lockstep history`: what a flow did, latest first.

use std::io::{self, Write};

use super::Outcome;
use super::daemon::DaemonArgs;
use super::text::one_line;
use crate::api;
use crate::flow::{FlowName, IssueName};
use crate::store::HISTORY_AGE;

/// Shows what a flow of a running daemon did, latest first.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 it was shown; 1 there is no such flow, its data can't be read, or the daemon did \
                        not answer; 2 wrong usage."
)]
pub(super) struct Args {
    /// The flow
    flow: FlowName,
    /// Only lines about this issue or its pair: a key such as USER-A-1, or an id
    issue: Option<IssueName>,
    /// Number of lines, at most 500 [default: 50]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Only lines older than the line with this number
    #[arg(long, value_name = "N")]
    before: Option<u64>,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub(super) fn run(args: &Args) -> Outcome {
    args.daemon.get(&args.path(), |page, out| show(page, args, out))
}

impl Args {
    fn path(&self) -> String {
        // None of these holds a sign that a URL would understand otherwise.
        let issue = self.issue.as_ref().map(|issue| format!("issue={issue}"));
        let limit = self.limit.map(|limit| format!("limit={limit}"));
        let before = self.before.map(|before| format!("before={before}"));
        let parameters: Vec<_> = [issue, limit, before].into_iter().flatten().collect();
        format!("/api/v1/flows/{}/history?{}", self.flow, parameters.join("&"))
    }

    /// The command that shows what comes after a page.
    fn further(&self, before: u64) -> String {
        let issue = self.issue.as_ref().map(|issue| format!(" {issue}")).unwrap_or_default();
        let limit = self.limit.map(|limit| format!(" --limit {limit}")).unwrap_or_default();
        format!("lockstep history {}{issue}{limit} --before {before}", self.flow)
    }
}

fn show(page: &api::HistoryPage, args: &Args, out: &mut dyn Write) -> io::Result<()> {
    if page.lines.is_empty() {
        let of = args.issue.as_ref().map(|issue| format!(" of {issue}")).unwrap_or_default();
        let older = args.before.map(|before| format!(" before line {before}")).unwrap_or_default();
        let days = HISTORY_AGE.as_secs() / (24 * 3600);
        return writeln!(out, "no history{of}{older}; history is kept for {days} days");
    }
    page.lines.iter().try_for_each(|line| show_line(line, out))?;
    page.next.map_or(Ok(()), |next| writeln!(out, "Older lines: {}", args.further(next)))
}

fn show_line(line: &api::HistoryLine, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  {:<5}  {}: {}", line.at, one_line(&line.level), line.issue.key, one_line(&line.message))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Alone {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &str) -> Result<Args, clap::Error> {
        Alone::try_parse_from(std::iter::once("history").chain(line.split(' '))).map(|alone| alone.args)
    }

    fn shown(args: &Args, page: &str) -> String {
        let mut out = Vec::new();
        show(&serde_json::from_str(page).unwrap(), args, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_request_carries_the_arguments() {
        let path = |line| args(line).unwrap().path();
        assert_eq!(path("sync-ab"), "/api/v1/flows/sync-ab/history?");
        let all = "sync-ab user-a-1 --limit 2 --before 9";
        assert_eq!(path(all), "/api/v1/flows/sync-ab/history?issue=USER-A-1&limit=2&before=9");
        for wrong in ["sync-ab no-key", "sync-ab USER-A-1&limit=9", "..", "sync-ab --limit many"] {
            assert!(args(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_that_is_not_the_last_names_the_next_one() {
        let args = args("sync-ab USER-A-1 --limit 1").unwrap();
        let line = r#"{"number": 8, "at": "2024-05-01T10:00:00.000Z", "issue": {"id": "10001", "key": "USER-A-1"},
            "level": "warn", "event": null, "message": "Held\nup", "fields": {}}"#;
        let said = "2024-05-01T10:00:00.000Z  warn   USER-A-1: Held up\n";
        assert_eq!(shown(&args, &format!(r#"{{"lines": [{line}], "next": null}}"#)), said);
        let further = format!("{said}Older lines: lockstep history sync-ab USER-A-1 --limit 1 --before 7\n");
        assert_eq!(shown(&args, &format!(r#"{{"lines": [{line}], "next": 7}}"#)), further);
    }

    #[test]
    fn a_page_without_lines_says_so() {
        let args = args("sync-ab USER-A-1").unwrap();
        let said = "no history of USER-A-1; history is kept for 90 days\n";
        assert_eq!(shown(&args, r#"{"lines": [], "next": null}"#), said);
    }
}
