//! One page of a search, and the marks of its rows.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::call::Answer;
use super::call::Ask;
use super::dialect::PAGE;
use super::jql::Dates;
use super::reading::ReadMarks;
use super::scan::OddRow;
use super::scan::{Answered, Question};
use super::{BATCH, Client, Error, Fault, wire};
use crate::flow::{IssueId, JiraTime, Mark, Row, Watermark};

/// Tries of a search for fewer rows, once one for more has failed.
const TRIES_FOR_FEWER: u32 = 2;

impl Client {
    /// One page. A server that refuses an instant as a number is asked once more with a quoted date, and from then on
    /// always so.
    pub(super) async fn search(&self, question: &Question<'_>) -> Result<Answered, Error> {
        let dates = self.dates();
        match self.search_in(question, dates).await {
            Err(refused)
                if dates == Dates::Epoch && question.has_date() && matches!(refused.what, Fault::Invalid(_)) =>
            {
                let dates = Dates::quoted(self.zone);
                let answered = self.search_in(question, dates).await.map_err(|error| {
                    // If that is refused too, the dates were not to blame.
                    if matches!(error.what, Fault::Invalid(_)) { refused } else { error }
                })?;
                *self.dates.lock() = dates;
                Ok(answered)
            }
            end => end,
        }
    }

    fn dates(&self) -> Dates {
        *self.dates.lock()
    }

    /// A page that can't be read as a whole is asked for with fewer rows, down to one: what spoils it may lie behind.
    async fn search_in(&self, question: &Question<'_>, dates: Dates) -> Result<Answered, Error> {
        let ask = |rows| self.dialect.search(&question.jql(dates), question.place, question.marks, rows);
        let mut error = match self.page(ask(PAGE), question, dates).await {
            Err(error) if error.may_be_of_its_size() => error,
            end => return end,
        };
        self.assert_identity().await?;
        let mut rows = PAGE / 2;
        while rows > 0 {
            match self.page(Ask { tries: TRIES_FOR_FEWER, ..ask(rows) }, question, dates).await {
                Err(again) if again.may_be_of_its_size() => error = again,
                end => return end,
            }
            rows /= 2;
        }
        Err(error)
    }

    async fn page(&self, ask: Ask, question: &Question<'_>, dates: Dates) -> Result<Answered, Error> {
        let answer: Answer<wire::SearchPage> = self.json(ask).await?;
        let date = answer.date.unwrap_or_else(|| self.jira_now());
        let watermark = Watermark::from_answer(date, answer.round_trip);
        let follows = self.dialect.follows(&answer.value, question.place, question.shown);
        let (mut rows, mut odd) = (Vec::new(), Vec::new());
        for entry in answer.value.issues.into_each() {
            match entry.and_then(|bean| bean.row()) {
                Ok(row) => rows.push(row),
                Err(entry) => odd.push(OddRow::of(entry, |lack| self.caller.tell(lack))),
            }
        }
        Ok(Answered { rows, odd, follows, dates, watermark })
    }

    /// Rows with their marks, where the search could not tell them. What was read of an issue in that same state is not
    /// read again. A row whose mark can't be read is an odd one.
    pub(super) async fn with_marks(&self, mut rows: Vec<Row>) -> Result<(Vec<Row>, Vec<OddRow>), Error> {
        if self.dialect.searches_tell_marks() {
            return Ok((rows, Vec::new()));
        }
        let unknown: Vec<_> = rows.iter().filter(|row| self.marks.of(row).is_none()).collect();
        let mut read = ReadMarks::default();
        for batch in unknown.chunks(BATCH) {
            let ids: Vec<_> = batch.iter().map(|row| &row.at.id).collect();
            let ReadMarks { marks, unread } = self.read_marks(&ids).await?;
            read.marks.extend(marks);
            read.unread.extend(unread);
        }
        let is_unread = |row: &mut Row| read.unread.contains_key(&row.at.id);
        let odd = rows.extract_if(.., is_unread).map(|row| OddRow::without_mark(row.at)).collect();
        for row in &mut rows {
            if self.marks.of(row).is_none() {
                self.marks.learn(row, read.marks.remove(&row.at.id).flatten());
            }
            row.mark = self.marks.of(row).flatten();
        }
        Ok((rows, odd))
    }
}

/// The marks that were read of issues, each good for one `updated` of its issue.
#[derive(Default)]
pub(super) struct Marks(Mutex<BTreeMap<IssueId, (JiraTime, Option<Mark>)>>);

impl Marks {
    /// Enough for what a cycle looks at again and again; beyond it all is forgotten, which costs requests only.
    const MOST: usize = 20_000;

    /// What is known of the mark of a row's issue: `None` if nothing is, `Some(None)` if it has none.
    #[expect(clippy::option_option, reason = "not known, and known to be absent, lead to different requests")]
    fn of(&self, row: &Row) -> Option<Option<Mark>> {
        let known = self.0.lock();
        let (as_of, mark) = known.get(&row.at.id)?;
        (*as_of == row.updated).then(|| mark.clone())
    }

    fn learn(&self, row: &Row, mark: Option<Mark>) {
        let mut known = self.0.lock();
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(row.at.id.clone(), (row.updated, mark));
    }

    /// We wrote to the issue: nobody promises that a property alone changes `updated`.
    pub(super) fn forget(&self, id: &IssueId) {
        self.0.lock().remove(id);
    }
}
