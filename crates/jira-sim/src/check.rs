//! The checker: looks at the truth of a site and says where two projects are not in step.
//!
//! It knows nothing of how the daemon works, only what must hold once everything has had time to settle. What counts is
//! what *people* did: all accounts but the daemon's.

mod repetition;
mod telling;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::issue::{ChangeView, CommentView, IssueView};
use super::site::Site;

pub use repetition::repetitions;

/// What the daemon was told to keep true for one pair of projects.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The key of the project where customers report.
    pub user_project: String,
    /// The key of the project where the work is done.
    pub dev_project: String,
    /// The account id that the daemon acts as.
    pub bot_account: String,
    /// A user issue that people move into this status gets a dev issue.
    pub create_on: String,
    /// Which changes cross, and as what; the first that fits counts.
    pub mirrors: Vec<Mirror>,
    /// The issue property by which the daemon marks both issues of a pair.
    pub mark_property: String,
    /// What people did before is no concern of the daemon's; everything is if absent.
    pub watched_since: Option<DateTime<Utc>>,
}

/// People's change of one side into `status` brings the other side into `to_status`.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The side that people change.
    pub from: Side,
    /// The name of the status they bring it into.
    pub status: String,
    /// The name of the status that the other side must then reach.
    pub to_status: String,
}

/// One of the two projects of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where customers report.
    User,
    /// Where the work is done.
    Dev,
}

/// Something that does not hold. Issues are named by key, statuses by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the line above each variant tells what its fields are")]
pub enum Disagreement {
    /// Several dev issues were made for one user issue.
    Twins { user: String, devs: Vec<String> },
    /// The daemon made a dev issue that carries no readable mark.
    Unmarked { dev: String },
    /// People asked for a dev issue and there is none.
    Missing { user: String },
    /// There is a dev issue without a reason; `user` is as its mark says.
    Unasked { user: String, dev: String },
    /// The two issues of a pair do not point at each other as they should.
    Unlinked { user: String, dev: String, why: Unlinked },
    /// People's last word on the pair did not arrive on the other side.
    OutOfStep { said: String, by_status: String, on: String, is: String, wanted: String },
    /// The daemon moved an issue into a status more often than people gave reason to.
    Echo { on: String, status: String, moved: usize, reasons: usize },
    /// The daemon commented more often than creation and its own moves explain.
    Chatter { on: String, comments: usize, reasons: usize },
    /// The daemon copied a file to a dev issue more often than the user issue ever had it. Only [`repetitions`] tells.
    TwinFiles { on: String, file: String, copies: usize, originals: usize },
    /// The daemon said the same twice in a row, with no change of status between. Only [`repetitions`] tells.
    Repeated { on: String, text: String },
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// The user issue's mark does not name the dev issue.
    Mark,
    /// The user issue's description has so many `Dev Link:` lines to the dev issue, instead of one.
    DevLinks(usize),
    /// The dev issue's description has so many `User Link:` lines to the user issue, instead of one.
    UserLinks(usize),
    /// At creation the daemon made so many comments that name the dev issue, instead of one.
    Comments(usize),
}

/// Everything that does not hold now. Ask when the daemon has had time to do its work.
pub fn agree(site: &Site, expected: &Expectation) -> Vec<Disagreement> {
    Ledger::read(site, expected).disagreements()
}

/// What the two projects hold, sorted for the questions.
struct Ledger<'a> {
    expected: &'a Expectation,
    users: Vec<IssueView>,
    devs: Vec<IssueView>,
    /// User issues that were deleted.
    gone: Vec<IssueView>,
    /// Ids of user issues whose dev issue was deleted since: nothing is recreated behind people's backs.
    bereaved: Vec<String>,
}

/// One user issue with the one dev issue made for it.
struct Pair<'a> {
    expected: &'a Expectation,
    user: &'a IssueView,
    dev: &'a IssueView,
}

impl<'a> Ledger<'a> {
    fn read(site: &Site, expected: &'a Expectation) -> Self {
        let deleted = site.deleted(&expected.dev_project);
        Self {
            users: site.issues(&expected.user_project),
            devs: site.issues(&expected.dev_project),
            gone: site.deleted(&expected.user_project),
            bereaved: deleted.iter().filter_map(|dev| expected.marked_user(dev)).collect(),
            expected,
        }
    }

    fn disagreements(&self) -> Vec<Disagreement> {
        let by_user = self.devs_by_user();
        let none = Vec::new();
        let mut found = self.unmarked();
        for user in &self.users {
            let devs = by_user.get(&user.id).unwrap_or(&none);
            found.extend(self.judge(user, devs));
        }
        found.extend(self.orphans(&by_user));
        found
    }

    fn devs_by_user(&self) -> BTreeMap<String, Vec<&IssueView>> {
        let mut by_user: BTreeMap<String, Vec<&IssueView>> = BTreeMap::new();
        for dev in &self.devs {
            if let Some(user) = self.expected.marked_user(dev) {
                by_user.entry(user).or_default().push(dev);
            }
        }
        by_user
    }

    fn unmarked(&self) -> Vec<Disagreement> {
        let by_bot = self.devs.iter().filter(|dev| dev.created_by == self.expected.bot_account);
        let bare = by_bot.filter(|dev| self.expected.marked_user(dev).is_none());
        bare.map(|dev| Disagreement::Unmarked { dev: dev.key.clone() }).collect()
    }

    /// Dev issues whose mark names what never was a user issue. One whose user issue was deleted since is honest.
    fn orphans(&self, by_user: &BTreeMap<String, Vec<&IssueView>>) -> Vec<Disagreement> {
        let known = |id: &str| self.users.iter().chain(&self.gone).any(|user| user.id == id);
        let strangers = by_user.iter().filter(|(user, _)| !known(user));
        let devs = strangers.flat_map(|(user, devs)| devs.iter().map(move |dev| (user, dev)));
        devs.map(|(user, dev)| Disagreement::Unasked { user: user.clone(), dev: dev.key.clone() }).collect()
    }

    fn judge(&self, user: &IssueView, devs: &[&IssueView]) -> Vec<Disagreement> {
        match devs {
            [] => self.missing(user),
            [dev] => Pair { expected: self.expected, user, dev }.judge(),
            twins => {
                let devs = twins.iter().map(|dev| dev.key.clone()).collect();
                vec![Disagreement::Twins { user: user.key.clone(), devs }]
            }
        }
    }

    fn missing(&self, user: &IssueView) -> Vec<Disagreement> {
        let asked = self
            .expected
            .people(user)
            .any(|change| same(&change.to, &self.expected.create_on) && self.expected.is_watched(change.at));
        let lost = asked && !self.bereaved.contains(&user.id);
        if lost { vec![Disagreement::Missing { user: user.key.clone() }] } else { vec![] }
    }
}

impl Expectation {
    /// The id of the user issue that a dev issue's mark names.
    fn marked_user(&self, dev: &IssueView) -> Option<String> {
        self.mark(dev, "userIssue")
    }

    /// Ids should be texts; a number is understood too.
    fn mark(&self, issue: &IssueView, member: &str) -> Option<String> {
        match &issue.properties.get(&self.mark_property)?[member] {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// People's changes of an issue's status, oldest first.
    fn people<'a>(&'a self, issue: &'a IssueView) -> impl Iterator<Item = &'a ChangeView> {
        issue.history.iter().filter(|change| change.field == "status" && change.author != self.bot_account)
    }

    /// The daemon's changes of an issue's status, oldest first.
    fn moves<'a>(&'a self, issue: &'a IssueView) -> impl Iterator<Item = &'a ChangeView> {
        issue.history.iter().filter(|change| change.field == "status" && change.author == self.bot_account)
    }

    fn is_watched(&self, at: DateTime<Utc>) -> bool {
        self.watched_since.is_none_or(|since| at >= since)
    }

    fn mirror(&self, from: Side, status: &str) -> Option<&Mirror> {
        self.mirrors.iter().find(|mirror| mirror.from == from && same(&mirror.status, status))
    }
}

impl Pair<'_> {
    fn judge(&self) -> Vec<Disagreement> {
        let mut found = Vec::new();
        found.extend(self.unasked());
        found.extend(self.unlinked());
        found.extend(self.out_of_step());
        found.extend(self.echoes(Side::User));
        found.extend(self.echoes(Side::Dev));
        found.extend(self.chatter());
        found
    }

    fn unasked(&self) -> Option<Disagreement> {
        let by_bot = self.dev.created_by == self.expected.bot_account;
        let asked = self.user.history.iter().any(|it| it.field == "status" && same(&it.to, &self.expected.create_on));
        (by_bot && !asked).then(|| Disagreement::Unasked { user: self.user.key.clone(), dev: self.dev.key.clone() })
    }

    fn unlinked(&self) -> Vec<Disagreement> {
        let mark = self.expected.mark(self.user, "devIssue");
        let dev_links = link_lines(&self.user.description, "Dev Link:", &self.dev.key);
        let user_links = link_lines(&self.dev.description, "User Link:", &self.user.key);
        let comments = self.comments_at_creation();
        let wrong = [
            (mark.as_ref() != Some(&self.dev.id)).then_some(Unlinked::Mark),
            (dev_links != 1).then_some(Unlinked::DevLinks(dev_links)),
            (user_links != 1).then_some(Unlinked::UserLinks(user_links)),
            (comments != 1).then_some(Unlinked::Comments(comments)),
        ];
        let tell = |why| Disagreement::Unlinked { user: self.user.key.clone(), dev: self.dev.key.clone(), why };
        wrong.into_iter().flatten().map(tell).collect()
    }

    /// How often the daemon announced the dev issue. Comments on later moves may name it too, so what counts is what was
    /// said before the first move, or in one breath with the link.
    fn comments_at_creation(&self) -> usize {
        let moves = self.expected.moves(self.user).chain(self.expected.moves(self.dev));
        let first_move = moves.map(|change| change.at).min();
        let by_bot = self.user.history.iter().filter(|change| change.author == self.expected.bot_account);
        let linked: Vec<_> = by_bot.filter(|it| it.field == "description").map(|it| it.at).collect();
        let early = |at| first_move.is_none_or(|first| at < first) || linked.contains(&at);
        let naming = self.bot_comments().filter(|comment| names(&comment.text, &self.dev.key));
        naming.filter(|comment| early(comment.created)).count()
    }

    /// The last thing that people did to either status decides. If a mirror names it, the other side must have followed.
    fn out_of_step(&self) -> Option<Disagreement> {
        let (side, last) = self.last_word()?;
        let wanted = &self.expected.mirror(side, &last.to)?.to_status;
        let (said, on) = (self.issue(side), self.issue(side.other()));
        (!same(&on.status, wanted)).then(|| Disagreement::OutOfStep {
            said: said.key.clone(),
            by_status: last.to.clone(),
            on: on.key.clone(),
            is: on.status.clone(),
            wanted: wanted.clone(),
        })
    }

    /// What people did before the dev issue existed was its creation's business.
    fn last_word(&self) -> Option<(Side, &ChangeView)> {
        let said = |side| self.expected.people(self.issue(side)).map(move |change| (side, change));
        let counted = |change: &ChangeView| change.at > self.dev.created && self.expected.is_watched(change.at);
        let words = said(Side::User).chain(said(Side::Dev)).filter(|(_, change)| counted(change));
        words.max_by_key(|(_, change)| change.at)
    }

    fn echoes(&self, on: Side) -> Vec<Disagreement> {
        let mut moved: BTreeMap<&str, usize> = BTreeMap::new();
        for change in self.expected.moves(self.issue(on)) {
            *moved.entry(&change.to).or_default() += 1;
        }
        let tell = |(status, moved): (&str, usize)| {
            let reasons = self.reasons(on, status);
            let on = self.issue(on).key.clone();
            (moved > reasons).then(|| Disagreement::Echo { on, status: status.into(), moved, reasons })
        };
        moved.into_iter().filter_map(tell).collect()
    }

    /// How often people did something on the other side that a mirror brings here as this status.
    fn reasons(&self, on: Side, status: &str) -> usize {
        let from = on.other();
        let wants = |change: &&ChangeView| {
            self.expected.mirror(from, &change.to).is_some_and(|mirror| same(&mirror.to_status, status))
        };
        self.expected.people(self.issue(from)).filter(wants).count()
    }

    fn chatter(&self) -> Option<Disagreement> {
        let comments = self.bot_comments().count();
        // A rule of either direction may tell the customer of what it moved.
        let reasons = 1 + self.expected.moves(self.user).count() + self.expected.moves(self.dev).count();
        let on = self.user.key.clone();
        (comments > reasons).then_some(Disagreement::Chatter { on, comments, reasons })
    }

    fn bot_comments(&self) -> impl Iterator<Item = &CommentView> {
        self.user.comments.iter().filter(|comment| comment.author == self.expected.bot_account)
    }

    fn issue(&self, side: Side) -> &IssueView {
        match side {
            Side::User => self.user,
            Side::Dev => self.dev,
        }
    }
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::User => Self::Dev,
            Self::Dev => Self::User,
        }
    }
}

/// Statuses are compared as Jira compares names.
fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// How many lines begin with the label and name the issue.
fn link_lines(text: &str, label: &str, key: &str) -> usize {
    text.lines().filter(|line| line.trim_start().starts_with(label) && names(line, key)).count()
}

/// Whether the text names this key, not just a longer one: `DEV-1` is not named by `DEV-12`, nor by `A-DEV-1`.
fn names(text: &str, key: &str) -> bool {
    let part_of_key = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '-');
    text.match_indices(key).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + key.len()..].chars().next();
        !part_of_key(before) && !part_of_key(after)
    })
}
