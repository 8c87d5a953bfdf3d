//! The people of the site: customers who report, triagers who answer, engineers who work.
//!
//! They live by an agenda: each errand, when its time has come, does one thing and sets the time of the next. All that
//! they draw comes from a stream of their own, and they only do what the workflow offers.

mod habits;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rand::RngExt;
use rand::rngs::StdRng;

use super::accounts::Account;
use super::chance;
use super::issue::Issue;
use super::state::State;
use super::write::{Edit, Write};
use habits::{Habit, Role, Side};

/// The people at work on a site: where, until when and how busy.
#[derive(Clone, Debug)]
pub struct People {
    /// Keys of the users' and the developers' project of each pair.
    pub pairs: Vec<(String, String)>,
    /// When they stop.
    pub until: DateTime<Utc>,
    /// 1.0 is the pace of an office: in each pair a ticket about every half hour, and each open ticket is looked at
    /// every one to three hours. 60.0 is sixty times as fast.
    pub pace: f64,
}

/// An action of a person that is planned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Errand {
    /// A customer reports something new in this pair.
    Report { pair: usize },
    /// An engineer notes something in this pair that no customer asked for.
    Idea { pair: usize },
    /// A person looks after an issue, unless a later errand has taken its place.
    Tend { issue: u64, turn: u64 },
}

/// The people with their plans and their memory.
pub(super) struct Population {
    people: People,
    stream: StdRng,
    /// The errand that looks after each issue.
    turns: BTreeMap<u64, u64>,
    /// When people last acted on a ticket, and on which side.
    acted: BTreeMap<String, (Side, DateTime<Utc>)>,
}

/// The site's seed makes several streams; this is the people's.
const STREAM: u64 = 3;

/// People never act on both sides of one ticket within so long, at any pace: otherwise it would be unclear which came last.
const APART: Duration = Duration::from_secs(5);

impl Population {
    /// Brings the people to the site, in place of those who lived there.
    pub(super) fn settle_in(state: &mut State, people: People) -> Self {
        words::accounts().for_each(|account| state.accounts.add(account));
        let stream = chance::stream(state.setup.seed, STREAM);
        let mut population = Self { people, stream, turns: BTreeMap::new(), acted: BTreeMap::new() };
        let now = state.now;
        for pair in 0..population.people.pairs.len() {
            population.plan(state, now, minutes(1, 30), Errand::Report { pair });
            population.plan(state, now, minutes(60, 300), Errand::Idea { pair });
        }
        let issues: Vec<u64> = state.issues.all().map(|issue| issue.id).collect();
        issues.into_iter().for_each(|issue| population.follow(state, now, issue));
        population
    }

    /// Does an errand, and plans the next.
    pub(super) fn run(&mut self, state: &mut State, now: DateTime<Utc>, errand: Errand) {
        if now > self.people.until {
            return;
        }
        match errand {
            Errand::Report { pair } => {
                self.report(state, now, pair);
                self.plan(state, now, minutes(15, 45), errand);
            }
            Errand::Idea { pair } => {
                self.note_idea(state, now, pair);
                self.plan(state, now, minutes(120, 360), errand);
            }
            Errand::Tend { issue, turn } if self.turns.get(&issue) == Some(&turn) => self.look_after(state, now, issue),
            Errand::Tend { .. } => {}
        }
    }

    /// Plans a look at this issue, since it is new or a program has moved it.
    pub(super) fn follow(&mut self, state: &mut State, now: DateTime<Utc>, issue: u64) {
        let ours = state.issues.get(issue).is_some_and(|issue| self.side(issue).is_some());
        if ours {
            self.tend_after(state, now, minutes(60, 180), issue);
        }
    }

    fn report(&mut self, state: &mut State, now: DateTime<Utc>, pair: usize) {
        let Some((project, _)) = self.people.pairs.get(pair).cloned() else { return };
        let story = words::complaint(&mut self.stream);
        self.create(state, now, &project, Role::Customer, story);
    }

    fn note_idea(&mut self, state: &mut State, now: DateTime<Utc>, pair: usize) {
        let Some((_, project)) = self.people.pairs.get(pair).cloned() else { return };
        let story = words::idea(&mut self.stream);
        self.create(state, now, &project, Role::Engineer, story);
    }

    fn create(&mut self, state: &mut State, now: DateTime<Utc>, project: &str, role: Role, story: words::Story) {
        let author = self.draw_account(role);
        let Some(draft) = state.draft(project, &story.summary, story.description) else { return };
        let id = draft.id;
        // It can only fail where the project has no status at all; then there is nothing to look after.
        if state.do_now(&author, Write::Create(draft)).is_ok() {
            self.follow(state, now, id);
        }
    }

    fn look_after(&mut self, state: &mut State, now: DateTime<Utc>, id: u64) {
        let Some(issue) = state.issues.get(id).cloned() else { return };
        let Some(side) = self.side(&issue) else { return };
        let ticket = self.ticket(&issue, side);
        if self.other_side_is_busy(&ticket, side, now) {
            // Time to spare, drawn so that two who wait for each other do not meet again.
            let pause = chance::between(&mut self.stream, &(APART..=APART * 3));
            return self.tend_at(state, now + pause, id);
        }
        let habit = habits::choose(&mut self.stream, side, &issue.status.name);
        if self.do_habit(state, &issue, side, habit) {
            self.acted.insert(ticket, (side, now));
        }
        let status = state.issues.get(id).map(|issue| issue.status.category);
        let pause = if status.is_some_and(habits::is_quiet) { minutes(180, 720) } else { minutes(60, 180) };
        self.tend_after(state, now, pause, id);
    }

    /// Whether anything was done.
    fn do_habit(&mut self, state: &mut State, issue: &Issue, side: Side, habit: Habit) -> bool {
        let Some((role, edit)) = self.intend(state, issue, side, habit) else { return false };
        // Customers look after what is theirs.
        let own = role == Role::Customer && words::is_customer(&issue.creator);
        let author = if own { issue.creator.clone() } else { self.draw_account(role) };
        state.do_now(&author, Write::Edit { issue: issue.id, edit }).is_ok()
    }

    fn intend(&mut self, state: &mut State, issue: &Issue, side: Side, habit: Habit) -> Option<(Role, Edit)> {
        match habit {
            Habit::Wait => None,
            Habit::Take(name, role) => {
                let workflow = &state.projects.get(&issue.project)?.project.workflow;
                let transition = workflow.offered(&issue.status.id).find(|it| it.name == name)?.id.clone();
                Some((role, Edit { transition: Some(transition), ..Edit::default() }))
            }
            Habit::Rename => {
                let summary = words::clearer(&mut self.stream, &issue.summary);
                Some((side.owner(), Edit { summary: Some(summary), ..Edit::default() }))
            }
            Habit::Remark => {
                let role = if self.stream.random_bool(0.5) { side.owner() } else { side.helper() };
                let remark = state.remark(words::remark(&mut self.stream, role));
                Some((role, Edit { comments: vec![remark], ..Edit::default() }))
            }
        }
    }

    /// People go on in a project that got another key.
    pub(super) fn rename_project(&mut self, from: &str, to: &str) {
        for key in self.people.pairs.iter_mut().flat_map(|(user, dev)| [user, dev]) {
            if key == from {
                to.clone_into(key);
            }
        }
    }

    fn draw_account(&mut self, role: Role) -> String {
        words::account_of(&mut self.stream, role)
    }

    fn side(&self, issue: &Issue) -> Option<Side> {
        let of_pair = |(user, dev): &(String, String)| match &issue.project {
            project if project == user => Some(Side::User),
            project if project == dev => Some(Side::Dev),
            _ => None,
        };
        self.people.pairs.iter().find_map(of_pair)
    }

    /// What both issues of a pair have in common: the key of the user issue, which the dev issue's description links to.
    fn ticket(&self, issue: &Issue, side: Side) -> String {
        let linked = || {
            let text = issue.description_text();
            let (_, after) = text.rsplit_once("/browse/")?;
            let end = after.find(|next: char| !next.is_alphanumeric() && next != '-').unwrap_or(after.len());
            Some(after[..end].to_owned())
        };
        match side {
            Side::User => issue.key(),
            Side::Dev => linked().unwrap_or_else(|| issue.key()),
        }
    }

    fn other_side_is_busy(&self, ticket: &str, side: Side, now: DateTime<Utc>) -> bool {
        let last = self.acted.get(ticket);
        last.is_some_and(|(acted, at)| {
            *acted != side && now - *at < chrono::Duration::from_std(APART).unwrap_or_default()
        })
    }

    fn tend_after(
        &mut self,
        state: &mut State,
        now: DateTime<Utc>,
        pause: std::ops::RangeInclusive<Duration>,
        id: u64,
    ) {
        let due = now + self.draw(&pause);
        self.tend_at(state, due, id);
    }

    fn tend_at(&mut self, state: &mut State, due: DateTime<Utc>, id: u64) {
        let turn = self.turns.entry(id).or_default();
        *turn += 1;
        state.schedule_errand(due, Errand::Tend { issue: id, turn: *turn });
    }

    fn plan(
        &mut self,
        state: &mut State,
        now: DateTime<Utc>,
        pause: std::ops::RangeInclusive<Duration>,
        errand: Errand,
    ) {
        let due = now + self.draw(&pause);
        state.schedule_errand(due, errand);
    }

    /// A pause at the people's pace.
    fn draw(&mut self, pause: &std::ops::RangeInclusive<Duration>) -> Duration {
        // A pace of zero or less would stop time for the people, which `until` can say better.
        chance::between(&mut self.stream, pause).div_f64(self.people.pace.max(0.001))
    }
}

fn minutes(least: u64, most: u64) -> std::ops::RangeInclusive<Duration> {
    Duration::from_secs(least * 60)..=Duration::from_secs(most * 60)
}

/// An account that only uses the browser.
fn account(id: &str, name: &str) -> Account {
    let email = format!("{id}@people.example.net");
    Account::new(id, name, &email, "", Tz::UTC)
}
