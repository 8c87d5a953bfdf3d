//! Walking through projects by time (docs/sync.md, "Paging by time").
//!
//! After each page the search is asked again from the last time seen, and what was seen with that same state is dropped;
//! only within one instant do we page by the server's own means. So an issue that is edited, deleted or moved while we
//! walk can hide no other.
//!
//! A server that says that there is more, and does not lead there, is asked again from the last row seen, then for the
//! rows of that very instant by key, and for what comes after it. What is still not shown then is told by [`Ending`].

use std::collections::{BTreeMap, BTreeSet};

use super::jql::{self, By, Dates};
use super::wire::Unreadable;
use super::{Client, Error, strange};
use crate::flow::{IssueId, IssueKey, IssueRef, JiraTime, ProjectId, Row, Watermark};

/// So many pages without anything new are no accident.
const MOST_IDLE_PAGES: u32 = 3;

/// So often may issues leave an instant while we page through it: once may happen any time, this often it is no accident.
const MOST_SHIFTS: u32 = 20;

/// A walk through the issues of some projects.
pub struct Scan {
    projects: Vec<ProjectId>,
    by: By,
    from: Option<JiraTime>,
    /// Whether rows must have their marks.
    marks: bool,
    /// What was returned already at or after `from`, with the time it had.
    seen: BTreeMap<IssueId, JiraTime>,
    /// Where the next page begins; `None` at the beginning of a question.
    place: Option<Place>,
    /// What was answered since we ask from `from`, whether or not it was new.
    round: BTreeSet<(IssueId, JiraTime)>,
    /// Pages in a row that only repeated what is in `round`.
    idle_pages: u32,
    /// How often pages had shifted since we ask from `from`.
    shifts: u32,
    /// Whether the question in hand was put again because its answer led nowhere.
    asked_again: bool,
    /// New rows so far.
    shown: u64,
    /// What could not be reached, and from where on.
    lack: Option<(Missing, Reached)>,
    ended: bool,
}

/// How many rows Jira counts beyond those that it shows; `None` if it says only that there are more.
type Missing = Option<u64>;

/// How far a walk has come: the time reached, and the issues seen at it.
type Reached = (Option<JiraTime>, Vec<IssueId>);

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All that Jira counts was shown.
    Whole,
    /// Jira says that there is more than it showed.
    Short(Lack),
}

/// What a walk was not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Issues that the walk was shown.
    pub shown: u64,
    /// Issues that Jira counts beyond them; `None` if it says only that there are more.
    pub missing: Option<u64>,
    /// The time up to which the walk came.
    pub reached: Option<JiraTime>,
}

/// Where a page begins, by the server's own means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the page of this token.
    Token(String),
    /// At this row, from 0.
    Row(u64),
    /// Further than the server pages.
    TooDeep,
    /// One instant is gone through by key: at which of the projects, and after which key.
    Key(usize, Option<IssueKey>),
}

/// What a server says of what comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// Nothing: the page was the last.
    Nothing,
    /// The page that begins there.
    Page(Place),
    /// There is more, and nothing leads to it.
    Unreachable {
        /// How many rows, if they are counted.
        missing: Option<u64>,
    },
}

/// Some rows of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// New ones only; may be empty.
    pub rows: Vec<Row>,
    /// Those that can't be read; they may be new.
    pub odd: Vec<OddRow>,
    /// Up to when all changes are seen, if this walk goes to its end and was the cycle's first search.
    pub watermark: Watermark,
}

/// A row that can't be read, and what can be of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddRow {
    /// Which issue it is, as far as it says so.
    pub id: Option<IssueId>,
    /// The key that the issue had.
    pub key: Option<IssueKey>,
    /// What is wrong with it, in words.
    pub why: String,
}

impl OddRow {
    /// `tell` takes out of what an answer says what must not be told.
    pub(super) fn of(entry: Unreadable, tell: impl Fn(&str) -> String) -> Self {
        let Unreadable { id, key, lack } = entry;
        let key = key.and_then(|key| key.parse().ok());
        Self { id: id.and_then(|id| id.parse().ok()), key, why: tell(&lack) }
    }

    pub(super) fn without_mark(at: IssueRef) -> Self {
        Self { id: Some(at.id), key: Some(at.key), why: "its mark can't be read".to_owned() }
    }
}

/// What a walk asks next.
pub(super) struct Question<'a> {
    pub place: Option<&'a Place>,
    pub marks: bool,
    /// Rows that were answered to it so far, page by page.
    pub shown: u64,
    projects: &'a [ProjectId],
    by: By,
    from: Option<JiraTime>,
}

/// A server's answer to it.
pub(super) struct Answered {
    pub rows: Vec<Row>,
    pub odd: Vec<OddRow>,
    pub follows: Follows,
    /// In which dates the question was put.
    pub dates: Dates,
    pub watermark: Watermark,
}

impl Question<'_> {
    /// In Jira's query language.
    pub(super) fn jql(&self, dates: Dates) -> String {
        match (self.place, self.from) {
            (Some(Place::Key(nth, last)), Some(at)) => {
                jql::at_instant(&self.projects[*nth], self.by, at, last.as_ref())
            }
            _ => jql::scan(self.projects, self.by, self.from, dates),
        }
    }

    /// Whether it names an instant.
    pub(super) fn has_date(&self) -> bool {
        self.from.is_some()
    }
}

impl Scan {
    /// From `from` on, or from the beginning; `seen` are issues already handled at that very instant.
    #[must_use]
    pub fn new(projects: Vec<ProjectId>, by: By, from: Option<JiraTime>, seen: &[IssueId]) -> Self {
        let seen = from.map(|at| seen.iter().map(|id| (id.clone(), at)).collect()).unwrap_or_default();
        Self {
            projects,
            by,
            from,
            marks: false,
            seen,
            place: None,
            round: BTreeSet::new(),
            idle_pages: 0,
            shifts: 0,
            asked_again: false,
            shown: 0,
            lack: None,
            ended: false,
        }
    }

    /// The same walk, with [`Row::mark`] filled in: free on Cloud, on Data Center a request for each row that was not
    /// read before in that state.
    #[must_use]
    pub fn with_marks(self) -> Self {
        Self { marks: true, ..self }
    }

    /// The next rows; `None` when the walk is over, and [`Scan::ending`] says how. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn next(&mut self, client: &Client) -> Result<Option<Page>, Error> {
        if self.ended {
            return Ok(None);
        }
        let Answered { rows, mut odd, follows, dates, watermark } = client.search(&self.question()).await?;
        let mut rows = self.absorb(rows, follows, dates)?;
        if self.marks {
            let (marked, unmarked) = client.with_marks(rows).await?;
            odd.extend(unmarked);
            rows = marked;
        }
        Ok(Some(Page { rows, odd, watermark }))
    }

    /// How far the walk has come: the time reached, and the issues seen at it. Never beyond the first place from which
    /// something could not be reached.
    #[must_use]
    pub fn reached(&self) -> (Option<JiraTime>, Vec<IssueId>) {
        self.lack.as_ref().map_or_else(|| self.seen_to(), |(_, from)| from.clone())
    }

    fn seen_to(&self) -> Reached {
        let at = self.seen.values().max().copied().max(self.from);
        let ids = self.seen.iter().filter(|(_, seen)| Some(**seen) == at).map(|(id, _)| id.clone());
        (at, ids.collect())
    }

    /// How the walk ended; of one that is not over, how it would end here.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match &self.lack {
            None => Ending::Whole,
            Some((missing, (reached, _))) => {
                Ending::Short(Lack { shown: self.shown, missing: *missing, reached: *reached })
            }
        }
    }

    fn question(&self) -> Question<'_> {
        let Self { projects, by, from, marks, place, round, .. } = self;
        Question { place: place.as_ref(), marks: *marks, shown: round.len() as u64, projects, by: *by, from: *from }
    }

    /// Takes an answer in: says what of it is new, and knows where to ask next.
    fn absorb(&mut self, rows: Vec<Row>, follows: Follows, dates: Dates) -> Result<Vec<Row>, Error> {
        let shifted = self.has_shifted(&rows, &follows);
        self.refuse_to_circle(&rows)?;
        match self.place {
            _ if shifted => self.begin_again()?,
            Some(Place::Key(nth, _)) => self.step_by_key(nth, &rows, &follows)?,
            Some(Place::Token(_) | Place::Row(_) | Place::TooDeep) | None => self.step(&rows, follows, dates)?,
        }
        Ok(self.unseen(rows, dates))
    }

    /// Where to ask next: from the last time seen; or, while that would bring the same answers again, by the server's
    /// own means.
    fn step(&mut self, rows: &[Row], follows: Follows, dates: Dates) -> Result<(), Error> {
        let last = rows.last().map(|row| self.time(row));
        // An index that answers its rows out of order must not lead us back.
        let leads_on = last > self.from && last.map(|last| dates.reach(last)) >= self.from;
        match follows {
            Follows::Nothing => self.ended = true,
            Follows::Page(_) | Follows::Unreachable { .. } if leads_on => self.ask_from(last),
            Follows::Page(next) if self.place.as_ref() == Some(&next) => {
                return Err(strange("search", "it repeats a page token"));
            }
            Follows::Page(Place::TooDeep) if dates == Dates::Epoch && self.from.is_some() => {
                self.place = Some(Place::Key(0, None));
            }
            Follows::Page(Place::TooDeep) => {
                return Err(strange("search", "more issues at one time than this Jira pages through"));
            }
            Follows::Page(next @ (Place::Token(_) | Place::Row(_) | Place::Key(..))) => self.place = Some(next),
            Follows::Unreachable { missing } => {
                self.ask_again(!self.round.is_empty() && dates == Dates::Epoch, missing)
            }
        }
        Ok(())
    }

    /// There is more, and nothing leads to it. Rows of one instant are gone through by key, and then what comes after
    /// it; where there are none, the question is put once more.
    fn ask_again(&mut self, by_key: bool, missing: Missing) {
        if by_key && self.from.is_some() {
            self.place = Some(Place::Key(0, None));
        } else if self.asked_again {
            self.cannot_reach(missing);
            self.ended = true;
        } else {
            self.ask_from(self.from);
            self.asked_again = true;
        }
    }

    /// On to the next keys, the next project, and at last beyond this instant.
    fn step_by_key(&mut self, nth: usize, rows: &[Row], follows: &Follows) -> Result<(), Error> {
        let next = rows.last().map(|last| Place::Key(nth, Some(last.at.key.clone())));
        let repeats = next.is_some() && self.place == next;
        match (next, follows) {
            (Some(_), Follows::Page(_)) if repeats => return Err(strange("search", "it repeats its pages")),
            (Some(next), Follows::Page(_)) => self.place = Some(next),
            (Some(next), Follows::Unreachable { .. }) if !repeats => self.place = Some(next),
            (_, Follows::Unreachable { missing }) => {
                self.cannot_reach(*missing);
                self.leave_keys_of(nth);
            }
            (_, Follows::Nothing) | (None, Follows::Page(_)) => self.leave_keys_of(nth),
        }
        Ok(())
    }

    /// The first place counts, and the last number.
    fn cannot_reach(&mut self, missing: Missing) {
        let from = self.lack.take().map_or_else(|| self.seen_to(), |(_, from)| from);
        self.lack = Some((missing, from));
    }

    fn leave_keys_of(&mut self, nth: usize) {
        if nth + 1 < self.projects.len() {
            self.place = Some(Place::Key(nth + 1, None));
        } else {
            self.ask_from(self.from.map(|at| at.later(std::time::Duration::from_millis(1))));
        }
    }

    /// A page that is counted, or begins at a key, must begin with the row at which the one before ended. If it does
    /// not, that row left the list or others before it did, and rows that nobody has seen may lie between the two. A page
    /// that is empty although more are counted tells nothing of them.
    fn has_shifted(&self, rows: &[Row], follows: &Follows) -> bool {
        let first = rows.first();
        if first.is_none() && matches!(follows, Follows::Unreachable { .. }) {
            return false;
        }
        match &self.place {
            Some(Place::Row(start)) if *start > 0 => first.is_none_or(|first| !self.round.contains(&self.state(first))),
            Some(Place::Key(_, Some(last))) => first.is_none_or(|first| first.at.key != *last),
            Some(Place::Token(_) | Place::Row(_) | Place::TooDeep | Place::Key(..)) | None => false,
        }
    }

    /// Goes through this instant once more; what was seen already is not new.
    fn begin_again(&mut self) -> Result<(), Error> {
        self.shifts += 1;
        if self.shifts > MOST_SHIFTS {
            return Err(strange("search", "its pages shift whenever they are asked for"));
        }
        self.place = match self.place {
            Some(Place::Key(nth, _)) => Some(Place::Key(nth, None)),
            Some(Place::Token(_) | Place::Row(_) | Place::TooDeep) | None => None,
        };
        self.round.clear();
        Ok(())
    }

    fn ask_from(&mut self, from: Option<JiraTime>) {
        self.from = from;
        self.place = None;
        self.shifts = 0;
        self.asked_again = false;
        self.round.clear();
    }

    /// Tokens that change while their pages don't would lead us round forever. One such page may be a tie that the
    /// server sorted anew.
    fn refuse_to_circle(&mut self, rows: &[Row]) -> Result<(), Error> {
        let before = self.round.len();
        self.round.extend(rows.iter().map(|row| (row.at.id.clone(), time(self.by, row))));
        let idle = matches!(self.place, Some(Place::Token(_) | Place::Row(_))) && self.round.len() == before;
        self.idle_pages = if idle { self.idle_pages + 1 } else { 0 };
        if self.idle_pages < MOST_IDLE_PAGES { Ok(()) } else { Err(strange("search", "it repeats its pages")) }
    }

    fn unseen(&mut self, rows: Vec<Row>, dates: Dates) -> Vec<Row> {
        let by = self.by;
        let new =
            rows.into_iter().filter(|row| self.seen.insert(row.at.id.clone(), time(by, row)) != Some(time(by, row)));
        let new: Vec<_> = new.collect();
        self.shown += new.len() as u64;
        // What lies before the place from which we ask is not answered again.
        let answered_from = self.from.map(|from| dates.reach(from));
        self.seen.retain(|_, at| Some(*at) >= answered_from);
        new
    }

    /// What tells a row from itself after a change.
    fn state(&self, row: &Row) -> (IssueId, JiraTime) {
        (row.at.id.clone(), self.time(row))
    }

    fn time(&self, row: &Row) -> JiraTime {
        time(self.by, row)
    }
}

fn time(by: By, row: &Row) -> JiraTime {
    match by {
        By::Created => row.created,
        By::Updated => row.updated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u32, at: i64) -> Row {
        Row {
            at: crate::flow::IssueRef { id: id.to_string().parse().unwrap(), key: format!("AB-{id}").parse().unwrap() },
            project: crate::flow::ProjectRef { id: "10001".parse().unwrap(), key: "AB".parse().unwrap() },
            status: "1".parse().unwrap(),
            created: JiraTime::from_epoch_millis(at).unwrap(),
            updated: JiraTime::from_epoch_millis(at).unwrap(),
            mark: None,
        }
    }

    /// Takes an answer as `next` would; says which ids were new.
    fn take(scan: &mut Scan, rows: &[(u32, i64)], token: Option<&str>) -> Result<Vec<String>, Error> {
        let rows = rows.iter().map(|(id, at)| row(*id, *at)).collect();
        take_page(scan, rows, token.map(|token| Place::Token(token.to_owned())), Dates::Epoch)
    }

    fn take_page(scan: &mut Scan, rows: Vec<Row>, next: Option<Place>, dates: Dates) -> Result<Vec<String>, Error> {
        take_answer(scan, rows, next.map_or(Follows::Nothing, Follows::Page), dates)
    }

    fn take_answer(scan: &mut Scan, rows: Vec<Row>, follows: Follows, dates: Dates) -> Result<Vec<String>, Error> {
        let new = scan.absorb(rows, follows, dates)?;
        Ok(new.into_iter().map(|row| row.at.id.to_string()).collect())
    }

    /// How a walk ends at a server of one project that cuts its pages after so many rows, says that there are more, and
    /// leads nowhere. Answers the ids that were shown too, and gives up after many questions.
    fn walked(rows: &[(u32, i64)], cut: usize, hidden: Option<u64>, dates: Dates) -> (Vec<String>, Ending) {
        let (mut scan, mut shown) = (walk(), Vec::new());
        for _ in 0..200 {
            if scan.ended {
                return (shown, scan.ending());
            }
            let found = |(id, at): &&(u32, i64)| match (&scan.place, scan.from) {
                (Some(Place::Key(_, last)), Some(from)) => {
                    let behind = |last: &IssueKey| format!("AB-{id}") >= last.to_string();
                    *at == from.epoch_millis() && last.as_ref().is_none_or(behind)
                }
                (_, from) => from.is_none_or(|from| *at >= dates.reach(from).epoch_millis()),
            };
            let found: Vec<_> = rows.iter().filter(found).map(|(id, at)| row(*id, *at)).collect();
            let missing = found.len().saturating_sub(cut) as u64 + hidden.unwrap_or_default();
            let follows = match (missing, hidden) {
                (0, None | Some(1..)) => Follows::Nothing,
                (0, Some(0)) => Follows::Unreachable { missing: None },
                (missing, _) => Follows::Unreachable { missing: Some(missing) },
            };
            let page = found.into_iter().take(cut).collect();
            shown.extend(take_answer(&mut scan, page, follows, dates).unwrap());
        }
        panic!("two hundred questions, and no end")
    }

    #[test]
    fn pages_that_are_cut_are_asked_for_again_from_their_last_row() {
        let rows = [(1, 10), (2, 20), (3, 20), (4, 20), (5, 20), (6, 30), (7, 31)];
        let all: Vec<_> = rows.iter().map(|(id, _)| id.to_string()).collect();
        for cut in 2..=8 {
            let (shown, ending) = walked(&rows, cut, None, Dates::Epoch);
            assert_eq!((shown, ending), (all.clone(), Ending::Whole), "{cut} rows a page");
        }
    }

    #[test]
    fn a_counted_page_that_is_empty_leads_on_by_key() {
        let mut scan =
            Scan::new(vec!["10001".parse().unwrap()], By::Updated, JiraTime::from_epoch_millis(10).ok(), &[]);
        let mut page = |ids: &[u32], follows| {
            let rows = ids.iter().map(|id| row(*id, 10)).collect();
            take_answer(&mut scan, rows, follows, Dates::Epoch).unwrap();
            scan.place.clone()
        };
        assert_eq!(page(&[1, 2], Follows::Page(Place::Row(1))), Some(Place::Row(1)));
        assert_eq!(page(&[], Follows::Unreachable { missing: Some(3) }), Some(Place::Key(0, None)));
    }

    #[test]
    fn what_is_counted_and_never_shown_is_told_by_the_ending() {
        let at = |millis| JiraTime::from_epoch_millis(millis).ok();
        for (rows, hidden, reached) in [
            (&[(1, 10), (2, 20)][..], 29, 20),
            (&[(1, 10), (2, 10), (3, 10)], 1, 10),
            (&[(1, 10), (2, 20), (3, 20), (4, 40)], 400, 40),
        ] {
            let (shown, ending) = walked(rows, 100, Some(hidden), Dates::Epoch);
            let lack = Lack { shown: rows.len() as u64, missing: Some(hidden), reached: at(reached) };
            assert_eq!((shown.len(), ending), (rows.len(), Ending::Short(lack)));
        }
        let nothing = Lack { shown: 0, missing: Some(3), reached: None };
        assert_eq!(walked(&[], 100, Some(3), Dates::Epoch), (Vec::new(), Ending::Short(nothing)));
    }

    #[test]
    fn a_server_that_always_says_there_is_more_comes_to_an_end() {
        let rows = [(1, 10), (2, 20), (3, 20)];
        let (shown, ending) = walked(&rows, 100, Some(0), Dates::Epoch);
        let lack = Lack { shown: 3, missing: None, reached: JiraTime::from_epoch_millis(20).ok() };
        assert_eq!((shown.len(), ending), (3, Ending::Short(lack)));
        let (shown, ending) = walked(&rows, 100, Some(7), Dates::Zoned(chrono_tz::Tz::UTC));
        assert!(matches!(ending, Ending::Short(Lack { missing: Some(7), .. })), "{shown:?} {ending:?}");
    }

    fn walk() -> Scan {
        Scan::new(vec!["10001".parse().unwrap()], By::Updated, None, &[])
    }

    #[test]
    fn each_page_is_asked_from_the_last_time_seen_and_repeats_nothing() {
        let mut scan = walk();
        assert_eq!(take(&mut scan, &[(1, 10), (2, 20)], Some("t")).unwrap(), ["1", "2"]);
        assert_eq!((scan.from.unwrap().epoch_millis(), &scan.place), (20, &None));
        assert_eq!(take(&mut scan, &[(2, 20), (1, 30)], None).unwrap(), ["1"], "changed meanwhile: seen again");
        assert!(scan.ended);
    }

    #[test]
    fn within_one_instant_the_servers_token_leads_on() {
        let mut scan = walk();
        assert_eq!(take(&mut scan, &[(1, 10), (2, 10)], Some("t")).unwrap(), ["1", "2"]);
        assert_eq!(take(&mut scan, &[(1, 10), (2, 10)], Some("u")).unwrap(), [""; 0]);
        assert_eq!(scan.place, Some(Place::Token("u".to_owned())));
        assert_eq!(take(&mut scan, &[(3, 10)], None).unwrap(), ["3"]);
    }

    #[test]
    fn a_token_that_leads_nowhere_is_an_error_not_a_loop() {
        let mut scan = walk();
        take(&mut scan, &[(1, 10)], Some("t")).unwrap();
        take(&mut scan, &[(1, 10)], Some("u")).unwrap();
        assert!(take(&mut scan, &[(1, 10)], Some("u")).is_err());
    }

    #[test]
    fn a_page_that_is_repeated_under_new_tokens_is_an_error_not_a_loop() {
        let mut scan = walk();
        let ends =
            (0..1000).map(|n| take(&mut scan, &[(1, 10), (2, 10)], Some(&format!("t{n}")))).any(|it| it.is_err());
        assert!(ends, "a thousand times the same page");
    }

    #[test]
    fn a_walk_that_was_left_within_one_instant_leafs_through_what_it_has_seen() {
        let seen: Vec<IssueId> = (1..=40).map(|id: u32| id.to_string().parse().unwrap()).collect();
        let at = Some(JiraTime::from_epoch_millis(10).unwrap());
        let mut scan = Scan::new(vec!["10001".parse().unwrap()], By::Created, at, &seen);
        for page in 0..8 {
            let rows: Vec<_> = (page * 5 + 1..=page * 5 + 5).map(|id| (id, 10)).collect();
            assert_eq!(take(&mut scan, &rows, Some(&format!("t{page}"))).unwrap(), [""; 0]);
        }
        assert_eq!(take(&mut scan, &[(41, 10)], None).unwrap(), ["41"]);
    }

    #[test]
    fn a_walk_can_be_taken_up_where_it_was_left() {
        let mut scan = walk();
        take(&mut scan, &[(1, 10), (2, 20), (3, 20)], Some("t")).unwrap();
        let (at, ids) = scan.reached();
        assert_eq!((at.unwrap().epoch_millis(), ids.len()), (20, 2));
        let mut again = Scan::new(vec!["10001".parse().unwrap()], By::Updated, at, &ids);
        assert_eq!(take(&mut again, &[(2, 20), (3, 20), (4, 20)], None).unwrap(), ["4"]);
    }

    #[test]
    fn dates_that_count_minutes_do_not_lead_back_within_a_minute() {
        let dates = Dates::Zoned(chrono_tz::Tz::UTC);
        let mut scan =
            Scan::new(vec!["10001".parse().unwrap()], By::Updated, JiraTime::from_epoch_millis(30_000).ok(), &[]);
        let mut page = |rows: &[(u32, i64)], next| {
            let rows = rows.iter().map(|(id, at)| row(*id, *at)).collect();
            let new = take_page(&mut scan, rows, Some(Place::Row(next)), dates).unwrap();
            (new, scan.from.unwrap().epoch_millis(), scan.place.clone())
        };
        let within = page(&[(1, 1_000), (2, 40_000)], 2);
        assert_eq!(within, (vec!["1".to_owned(), "2".to_owned()], 30_000, Some(Place::Row(2))));
        let beyond = page(&[(2, 40_000), (3, 61_000)], 3);
        assert_eq!(beyond, (vec!["3".to_owned()], 61_000, None), "the next minute is asked for by itself");
        assert_eq!(page(&[(3, 61_000)], 1).0, [""; 0], "what that minute repeats is not new");
    }

    #[test]
    fn an_instant_with_more_issues_than_the_server_pages_through_is_walked_by_key() {
        let mut scan = walk();
        take(&mut scan, &[(1, 10)], Some("t")).unwrap();
        let mut page = |ids: &[u32], next| {
            take_page(&mut scan, ids.iter().map(|id| row(*id, 10)).collect(), next, Dates::Epoch).unwrap();
            (scan.from.unwrap().epoch_millis(), scan.place.clone())
        };
        assert_eq!(page(&[2], Some(Place::TooDeep)), (10, Some(Place::Key(0, None))));
        let after = |key: &str| Some(Place::Key(0, Some(key.parse().unwrap())));
        assert_eq!(page(&[1, 2], Some(Place::Row(2))), (10, after("AB-2")));
        assert_eq!(page(&[3], None), (10, Some(Place::Key(0, None))), "the last key left: from the first one again");
        assert_eq!(page(&[1, 3], Some(Place::Row(2))), (10, after("AB-3")));
        assert_eq!(page(&[3, 4], None), (11, None), "then on beyond that instant");
    }

    #[test]
    fn counted_pages_that_shifted_are_gone_through_again() {
        let mut scan =
            Scan::new(vec!["10001".parse().unwrap()], By::Updated, JiraTime::from_epoch_millis(10).ok(), &[]);
        let mut page = |ids: &[u32], next: Option<u64>| {
            let rows = ids.iter().map(|id| row(*id, 10)).collect();
            let new = take_page(&mut scan, rows, next.map(Place::Row), Dates::Epoch).unwrap();
            (new.join(" "), scan.place.clone(), scan.ended)
        };
        assert_eq!(page(&[1, 2, 3], Some(2)), ("1 2 3".to_owned(), Some(Place::Row(2)), false));
        // The first was deleted: row 2 is another now, and one before it was never shown.
        assert_eq!(page(&[5, 6], None), ("5 6".to_owned(), None, false));
        assert_eq!(page(&[2, 3, 4], Some(2)), ("4".to_owned(), Some(Place::Row(2)), false));
        assert_eq!(page(&[4, 5, 6], None), (String::new(), Some(Place::Row(2)), true));
    }

    #[test]
    fn pages_that_shift_for_ever_are_an_error_not_a_loop() {
        let mut scan =
            Scan::new(vec!["10001".parse().unwrap()], By::Updated, JiraTime::from_epoch_millis(10).ok(), &[]);
        let mut page = |id| take_page(&mut scan, vec![row(id, 10)], Some(Place::Row(1)), Dates::Epoch);
        assert!((1..100).any(|id| page(id).is_err()));
    }
}
