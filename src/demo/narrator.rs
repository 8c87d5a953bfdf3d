//! The demo's output: a line for what people do, a line for what Lockstep does about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::flow::{Event, FlowName, Level, Observer};
use jira_sim::Site;

/// Writes to standard output, and keeps count.
pub(super) struct Narrator {
    clock: Clock,
    begun: Instant,
    colours: bool,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    /// How much of the site's journal.
    journal: usize,
    people: u64,
    flows: BTreeMap<FlowName, Counts>,
}

#[derive(Default)]
struct Counts {
    created: u64,
    synced: u64,
    comments: u64,
    doubts: u64,
    cycles: u64,
    requests: u64,
}

impl Narrator {
    pub(super) fn new(clock: Clock) -> Self {
        let begun = clock.now();
        Self { clock, begun, colours: std::io::stdout().is_terminal(), tally: Mutex::default() }
    }

    /// Prints a text as it is.
    pub(super) fn say(&self, text: &str) {
        // Fails if the other end of a pipe is closed: then there is no reader.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Prints what people did on the site since the last call. What came through the API is told by Lockstep's events.
    pub(super) fn tell_of_people(&self, site: &Site) {
        let mut tally = self.tally.lock();
        for happening in site.journal(tally.journal) {
            tally.journal = happening.number + 1;
            if !happening.by_bot {
                tally.people += 1;
                self.line(Voice::Person, &happening.who, &format!("{}: {}", happening.issue_key, happening.what));
            }
        }
    }

    /// The counts and the verdict at the end.
    pub(super) fn summary(&self, agreed: Option<bool>, drained: bool, differences: &[String]) -> String {
        let tally = self.tally.lock();
        let mut text = format!("\nAfter {}:\n\n", hours(self.clock.now().saturating_duration_since(self.begun)));
        let _ = writeln!(text, "  people did {} things", tally.people);
        for (flow, counts) in &tally.flows {
            let Counts { created, synced, comments, doubts, cycles, requests } = counts;
            let _ = writeln!(
                text,
                "  {flow}: {created} dev issues created, {synced} statuses brought across, {comments} comments, \
                 {doubts} doubts looked up; {cycles} cycles, {requests} requests"
            );
        }
        text.push('\n');
        text.push_str(&verdict(agreed, differences));
        if !drained {
            text.push_str("\nA flow was still busy when the grace period ended.");
        }
        text
    }

    fn count(&self, flow: &FlowName, event: &Event) {
        let mut tally = self.tally.lock();
        let counts = tally.flows.entry(flow.clone()).or_default();
        #[expect(clippy::wildcard_enum_match_arm, reason = "a summary counts a few things and leaves out the rest")]
        match event {
            Event::IssueCreated { .. } => counts.created += 1,
            Event::StatusSynced { .. } => counts.synced += 1,
            Event::Commented { .. } => counts.comments += 1,
            Event::InDoubt { .. } => counts.doubts += 1,
            Event::CycleCompleted(report) => {
                counts.cycles += 1;
                counts.requests += report.requests;
            }
            _ => {}
        }
    }

    fn line(&self, voice: Voice, who: &str, what: &str) {
        let time = hours(self.clock.now().saturating_duration_since(self.begun));
        let (on, off) = if self.colours { (voice.colour(), "\x1b[0m") } else { ("", "") };
        self.say(&format!("{time}  {on}{who:<16} {what}{off}"));
    }
}

impl Observer for Narrator {
    fn see(&self, flow: Option<&FlowName>, event: &Event) {
        if let Some(flow) = flow {
            self.count(flow, event);
        }
        let line = event.line();
        if is_worth_a_line(event) && line.level >= Level::Info {
            let who = flow.map_or("lockstep", FlowName::as_str);
            self.line(Voice::of(line.level), who, &format!("-> {}", line.message));
        }
    }
}

/// Whether an event gets a line. Left out is what the lines about people say already, and what happens every few seconds.
fn is_worth_a_line(event: &Event) -> bool {
    let left_out = matches!(
        event,
        Event::StatusChanged { .. }
            | Event::IssueProcessed { .. }
            | Event::Skipped { .. }
            | Event::CycleCompleted(_)
            | Event::WorkerStarted
    );
    !left_out
}

#[derive(Clone, Copy)]
enum Voice {
    Person,
    Lockstep,
    Trouble,
}

impl Voice {
    fn of(level: Level) -> Self {
        match level {
            Level::Debug | Level::Info => Self::Lockstep,
            Level::Warn | Level::Error => Self::Trouble,
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Person => "",
            Self::Lockstep => "\x1b[32m",
            Self::Trouble => "\x1b[33m",
        }
    }
}

fn verdict(agreed: Option<bool>, differences: &[String]) -> String {
    match (agreed, differences) {
        (None, _) => "Stopped by hand, in the middle of things.".to_owned(),
        (Some(true), []) => {
            "Both sides agree: every accepted ticket has one dev issue, every status that a rule names has crossed, \
             nothing was done twice."
                .to_owned()
        }
        (Some(_), differences) => format!("The two sides do not agree:\n  {}", differences.join("\n  ")),
    }
}

fn hours(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
