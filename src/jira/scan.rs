//! Walking through projects by time (docs/sync.md, "Paging by time").
//!
//! After each page the search is asked again from the last time seen, and what was seen with that same state is dropped;
//! only within one instant do we page by the server's own means. So an issue that is edited, deleted or moved while we
//! walk can hide no other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::jql::{By, scan};
use super::{Client, Error, strange, wire};
use crate::flow::{IssueId, JiraTime, ProjectKey, Row, Watermark};

/// Rows asked for at once; the server may give fewer.
const PAGE: usize = 100;

/// So many pages without anything new are no accident.
const MOST_IDLE_PAGES: u32 = 3;

/// A walk through the issues of some projects.
pub struct Scan {
    projects: Vec<ProjectKey>,
    by: By,
    from: Option<JiraTime>,
    /// What was returned already at or after `from`, with the time it had.
    seen: BTreeMap<IssueId, JiraTime>,
    token: Option<String>,
    /// What was answered since we ask from `from`, whether or not it was new.
    round: BTreeSet<IssueId>,
    /// Pages in a row that only repeated what is in `round`.
    idle_pages: u32,
    ended: bool,
}

/// Some rows of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// New ones only; may be empty.
    pub rows: Vec<Row>,
    /// Up to when all changes are seen, if this walk goes to its end and was the cycle's first search.
    pub watermark: Watermark,
}

impl Scan {
    /// From `from` on, or from the beginning; `seen` are issues already handled at that very instant.
    #[must_use]
    pub fn new(projects: Vec<ProjectKey>, by: By, from: Option<JiraTime>, seen: &[IssueId]) -> Self {
        let seen = from.map(|at| seen.iter().map(|id| (id.clone(), at)).collect()).unwrap_or_default();
        Self { projects, by, from, seen, token: None, round: BTreeSet::new(), idle_pages: 0, ended: false }
    }

    /// The next rows; `None` when the walk is over.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn next(&mut self, client: &Client) -> Result<Option<Page>, Error> {
        if self.ended {
            return Ok(None);
        }
        let answer = client.search(self.request()).await?;
        let date = answer.date.unwrap_or_else(|| client.jira_now());
        let watermark = Watermark::from_answer(date, answer.round_trip);
        let token = answer.value.next_page_token;
        let rows = answer.value.issues.into_iter().map(wire::IssueBean::row).collect::<Result<Vec<_>, _>>();
        let rows = rows.map_err(|lack| strange("search/jql", &lack))?;
        Ok(Some(Page { rows: self.absorb(rows, token)?, watermark }))
    }

    /// How far the walk has come: the time reached, and the issues seen at it.
    #[must_use]
    pub fn reached(&self) -> (Option<JiraTime>, Vec<IssueId>) {
        let at = self.seen.values().max().copied().or(self.from);
        let ids = self.seen.iter().filter(|(_, seen)| Some(**seen) == at).map(|(id, _)| id.clone());
        (at, ids.collect())
    }

    fn request(&self) -> serde_json::Value {
        let mut body = json!({
            "jql": scan(&self.projects, self.by, self.from),
            "maxResults": PAGE,
            "fields": ["status", "created", "updated"],
            "properties": [wire::PROPERTY],
        });
        if let Some(token) = &self.token {
            body["nextPageToken"] = json!(token);
        }
        body
    }

    /// Takes an answer in: says what of it is new, and knows where to ask next.
    fn absorb(&mut self, rows: Vec<Row>, token: Option<String>) -> Result<Vec<Row>, Error> {
        self.refuse_to_circle(&rows)?;
        self.step(&rows, token)?;
        Ok(self.unseen(rows))
    }

    /// Where to ask next: from the last time seen, or, while that is where we are, by the server's token.
    fn step(&mut self, rows: &[Row], token: Option<String>) -> Result<(), Error> {
        let last = rows.last().map(|row| self.time(row));
        match token {
            None => self.ended = true,
            // An index that answers its rows out of order must not lead us back.
            Some(_) if last > self.from => {
                self.from = last;
                self.token = None;
                self.round.clear();
            }
            Some(token) if self.token.as_ref() == Some(&token) => {
                return Err(strange("search/jql", "it repeats a page token"));
            }
            Some(token) => self.token = Some(token),
        }
        Ok(())
    }

    /// Tokens that change while their pages don't would lead us round for ever. One such page may be a tie that the
    /// server sorted anew.
    fn refuse_to_circle(&mut self, rows: &[Row]) -> Result<(), Error> {
        let before = self.round.len();
        self.round.extend(rows.iter().map(|row| row.at.id.clone()));
        let idle = self.token.is_some() && self.round.len() == before;
        self.idle_pages = if idle { self.idle_pages + 1 } else { 0 };
        if self.idle_pages < MOST_IDLE_PAGES { Ok(()) } else { Err(strange("search/jql", "it repeats its pages")) }
    }

    fn unseen(&mut self, rows: Vec<Row>) -> Vec<Row> {
        let by = self.by;
        let new =
            rows.into_iter().filter(|row| self.seen.insert(row.at.id.clone(), time(by, row)) != Some(time(by, row)));
        let new = new.collect();
        // What lies before the place from which we ask is not answered again.
        self.seen.retain(|_, at| Some(*at) >= self.from);
        new
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
            status: "1".parse().unwrap(),
            created: JiraTime::from_epoch_millis(at).unwrap(),
            updated: JiraTime::from_epoch_millis(at).unwrap(),
            mark: None,
        }
    }

    /// Takes an answer as `next` would; says which ids were new.
    fn take(scan: &mut Scan, rows: &[(u32, i64)], token: Option<&str>) -> Result<Vec<String>, Error> {
        let rows = rows.iter().map(|(id, at)| row(*id, *at)).collect();
        let new = scan.absorb(rows, token.map(str::to_owned))?;
        Ok(new.into_iter().map(|row| row.at.id.to_string()).collect())
    }

    fn walk() -> Scan {
        Scan::new(vec!["AB".parse().unwrap()], By::Updated, None, &[])
    }

    #[test]
    fn each_page_is_asked_from_the_last_time_seen_and_repeats_nothing() {
        let mut scan = walk();
        assert_eq!(take(&mut scan, &[(1, 10), (2, 20)], Some("t")).unwrap(), ["1", "2"]);
        assert_eq!((scan.from.unwrap().epoch_millis(), scan.token.as_deref()), (20, None));
        assert_eq!(take(&mut scan, &[(2, 20), (1, 30)], None).unwrap(), ["1"], "changed meanwhile: seen again");
        assert!(scan.ended);
    }

    #[test]
    fn within_one_instant_the_servers_token_leads_on() {
        let mut scan = walk();
        assert_eq!(take(&mut scan, &[(1, 10), (2, 10)], Some("t")).unwrap(), ["1", "2"]);
        assert_eq!(take(&mut scan, &[(1, 10), (2, 10)], Some("u")).unwrap(), [""; 0]);
        assert_eq!(scan.token.as_deref(), Some("u"));
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
        let mut scan = Scan::new(vec!["AB".parse().unwrap()], By::Created, at, &seen);
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
        let mut again = Scan::new(vec!["AB".parse().unwrap()], By::Updated, at, &ids);
        assert_eq!(take(&mut again, &[(2, 20), (3, 20), (4, 20)], None).unwrap(), ["4"]);
    }
}
