//! Reading many issues so that one can fail (docs/jira.md, "One issue that can't be read").
//!
//! A request that ends badly says nothing of the issues that it asked for together: they are asked for in halves, down to
//! the one to blame, which then fails alone. Before that Jira must say that it knows us: one that is down as a whole ends
//! the cycle, and is not asked a hundred times more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::super::call::Ask;
use super::super::dialect::{FreshRead, Wanted};
use super::super::{Client, Error, wire};
use super::AT_ONCE;

/// Tries of a request for a part of those that failed together: enough to tell a bad issue from a bad moment.
const TRIES_APART: u32 = 2;

/// Requests of one read that may fail. With so many bad issues in a hundred the others wait for their next try.
const MOST_FAILURES: usize = 48;

/// The longest that one read looks for the issues to blame: each of its requests may last until its time limit.
const LONGEST_SEARCH: Duration = Duration::from_secs(10 * 60);

/// Issues that are remembered as to be read alone.
const MOST_SUSPECTS: usize = 1_000;

/// What was read of several issues.
#[derive(Default)]
pub(in crate::jira) struct Read {
    pub beans: Vec<wire::IssueBean>,
    /// Those that could not be read, by the names by which they were asked for. What is deleted or hidden is not
    /// among them.
    pub unread: BTreeMap<String, Error>,
}

/// What went wrong so far in one read.
pub(super) struct Trouble {
    failures: usize,
    until: Option<Instant>,
    last: Option<Error>,
}

/// What one request brought.
struct Answered {
    beans: Vec<wire::IssueBean>,
    unreadable: Vec<wire::Unreadable>,
}

/// Names that one request asks for together.
type Group<'a> = Vec<&'a str>;

impl Trouble {
    pub(super) fn new() -> Self {
        Self { failures: 0, until: None, last: None }
    }

    /// The error to tell of those for whom nothing more is asked; `None` as long as more may be asked.
    pub(super) fn enough(&self, now: Instant) -> Option<&Error> {
        let is_over = self.failures >= MOST_FAILURES || self.until.is_some_and(|until| now >= until);
        self.last.as_ref().filter(|_| is_over)
    }

    /// How often a request is sent.
    pub(super) fn tries(&self, ask: &Ask) -> u32 {
        if self.last.is_some() { TRIES_APART } else { ask.tries }
    }
}

impl Client {
    /// Whether the last read of the issue of this id, or by this key, failed although Jira was there.
    #[must_use]
    pub fn could_not_read(&self, name: &str) -> bool {
        self.suspects.contains(name)
    }

    /// Reads issues, each of which may fail by itself.
    pub(in crate::jira) async fn read_each(&self, names: &[&str], wanted: Wanted) -> Result<Read, Error> {
        let (alone, together): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| self.suspects.contains(name));
        let is_batch = matches!(self.dialect.reads(wanted, &together, names.len()), FreshRead::Together(_));
        let mut groups: Vec<Group<'_>> = if is_batch { vec![together] } else { apart(together) };
        groups.extend(apart(alone));
        groups.retain(|group| !group.is_empty());
        let (mut read, mut trouble) = (Read::default(), Trouble::new());
        while !groups.is_empty() {
            groups = self.read_groups(groups, (wanted, names.len()), (&mut read, &mut trouble)).await?;
        }
        self.suspects.forget(names.iter().filter(|name| !read.unread.contains_key(**name)));
        let mut seen = BTreeSet::new();
        read.beans.retain(|bean| seen.insert(bean.id().to_owned()));
        Ok(read)
    }

    /// One round of requests. Answers what is to be asked for in the next.
    async fn read_groups<'a>(
        &self,
        groups: Vec<Group<'a>>,
        (wanted, among): (Wanted, usize),
        (read, trouble): (&mut Read, &mut Trouble),
    ) -> Result<Vec<Group<'a>>, Error> {
        let (so_far, is_suspect) =
            (&*trouble, |group: &[&str]| matches!(group, [only] if self.suspects.contains(only)));
        // Whose requests have not come to an end.
        let mut open: BTreeSet<&'a str> = groups.iter().flatten().copied().collect();
        let ask = |group: Group<'a>| {
            let tries =
                |ask: Ask| Ask { tries: if is_suspect(&group) { TRIES_APART } else { so_far.tries(&ask) }, ..ask };
            (self.request(wanted, &group, among).map(tries), group)
        };
        let asks: Vec<_> = groups.into_iter().map(ask).collect();
        let requests: Vec<_> = asks
            .into_iter()
            .map(|(ask, group)| async {
                let answered = match ask {
                    Some(ask) => self.ask_for(ask).await,
                    None => Ok(Answered { beans: Vec::new(), unreadable: Vec::new() }),
                };
                (group, answered)
            })
            .collect();
        let mut next: Vec<Group<'a>> = Vec::new();
        let mut ends = stream::iter(requests).buffered(AT_ONCE);
        while let Some((group, answered)) = ends.next().await {
            open.retain(|name| !group.contains(name));
            match answered {
                Ok(answered) => next.extend(self.taken_in(group, answered, read)),
                Err(error) if error.is_of_content() => {
                    next.extend(self.failed_together(group, error, (&mut *read, &mut *trouble)).await?);
                }
                Err(error) => return Err(error),
            }
            if let Some(error) = trouble.enough(self.clock.now()) {
                // They were not asked for alone, so none of them is blamed.
                let rest = next.iter().flatten().chain(&open).map(|name| ((*name).to_owned(), error.clone()));
                read.unread.extend(rest);
                return Ok(Vec::new());
            }
        }
        Ok(next)
    }

    fn request(&self, wanted: Wanted, group: &[&str], among: usize) -> Option<Ask> {
        match self.dialect.reads(wanted, group, among) {
            FreshRead::Together(ask) => Some(ask),
            FreshRead::Apart(mut asks) => asks.pop(),
        }
    }

    async fn ask_for(&self, ask: Ask) -> Result<Answered, Error> {
        if ask.of_one_issue {
            let bean = self.if_shown::<wire::IssueBean>(ask).await?;
            return Ok(Answered { beans: bean.into_iter().collect(), unreadable: Vec::new() });
        }
        let fetched: wire::Fetched = self.json(ask).await?.value;
        let mut answered = Answered { beans: Vec::new(), unreadable: Vec::new() };
        for entry in fetched.issues.into_each() {
            match entry {
                Ok(bean) => answered.beans.push(bean),
                Err(unreadable) => answered.unreadable.push(unreadable),
            }
        }
        Ok(answered)
    }

    /// Keeps what was read. Where nobody can say which of the issues an entry is that can't be read, those that may be
    /// it are asked for again.
    fn taken_in<'a>(&self, group: Group<'a>, answered: Answered, read: &mut Read) -> Vec<Group<'a>> {
        let Answered { beans, unreadable } = answered;
        let is_named = |name: &&str, id: Option<&str>, key: Option<&str>| {
            id == Some(*name) || key.is_some_and(|key| key.eq_ignore_ascii_case(name))
        };
        let mut left: Vec<_> = group
            .into_iter()
            .filter(|name| !beans.iter().any(|bean| is_named(name, Some(bean.id()), Some(bean.key()))))
            .collect();
        read.beans.extend(beans);
        let mut strangers = Vec::new();
        for entry in unreadable {
            let whose = left.iter().position(|name| is_named(name, entry.id.as_deref(), entry.key.as_deref()));
            match whose {
                Some(place) => self.blame(left.remove(place), self.unreadable("issue", &entry.lack), read),
                None => strangers.push(entry),
            }
        }
        match (strangers.first(), &left[..]) {
            (None, _) | (Some(_), []) => Vec::new(),
            (Some(entry), [only]) => {
                self.blame(only, self.unreadable("issue", &entry.lack), read);
                Vec::new()
            }
            (Some(_), _) => halves(left),
        }
    }

    /// A request failed. Answers how to ask for its issues again.
    async fn failed_together<'a>(
        &self,
        group: Group<'a>,
        error: Error,
        (read, trouble): (&mut Read, &mut Trouble),
    ) -> Result<Vec<Group<'a>>, Error> {
        self.note_trouble(&error, trouble).await?;
        if let [only] = group[..] {
            self.blame(only, error, read);
            return Ok(Vec::new());
        }
        Ok(halves(group))
    }

    /// Counts a failure; before the first counts, Jira must say that it is there and knows us.
    pub(super) async fn note_trouble(&self, error: &Error, trouble: &mut Trouble) -> Result<(), Error> {
        if trouble.last.is_none() {
            self.assert_identity().await?;
        }
        trouble.failures += 1;
        trouble.until.get_or_insert(self.clock.now() + LONGEST_SEARCH);
        trouble.last = Some(error.clone());
        Ok(())
    }

    /// This one can't be read, and whatever it is asked for with fails too.
    pub(super) fn blame(&self, name: &str, error: Error, read: &mut Read) {
        tracing::warn!("issue {name} can't be read: {error}");
        self.suspects.remember(name);
        read.unread.insert(name.to_owned(), error);
    }
}

fn apart(names: Vec<&str>) -> Vec<Group<'_>> {
    names.into_iter().map(|name| vec![name]).collect()
}

fn halves(mut group: Group<'_>) -> Vec<Group<'_>> {
    let second = group.split_off(group.len() / 2);
    [group, second].into_iter().filter(|half| !half.is_empty()).collect()
}

/// The issues whose last read failed by itself: they are read alone, so that they don't spoil others again.
#[derive(Default)]
pub(in crate::jira) struct Suspects(Mutex<BTreeSet<String>>);

impl Suspects {
    fn contains(&self, name: &str) -> bool {
        self.0.lock().contains(name)
    }

    pub(super) fn remember(&self, name: &str) {
        let mut suspects = self.0.lock();
        if suspects.len() >= MOST_SUSPECTS {
            suspects.clear();
        }
        suspects.insert(name.to_owned());
    }

    fn forget<'a>(&self, names: impl Iterator<Item = &'a &'a str>) {
        let mut suspects = self.0.lock();
        for name in names {
            suspects.remove(*name);
        }
    }
}
