//! One page of a search, and the marks of its rows.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::call::Answer;
use super::jql::Dates;
use super::scan::{Answered, Question};
use super::{BATCH, Client, Error, Fault, strange, wire};
use crate::flow::{IssueId, JiraTime, Mark, Row, Watermark};

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
                *self.dates.lock().unwrap_or_else(PoisonError::into_inner) = dates;
                Ok(answered)
            }
            end => end,
        }
    }

    fn dates(&self) -> Dates {
        *self.dates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn search_in(&self, question: &Question<'_>, dates: Dates) -> Result<Answered, Error> {
        let ask = self.dialect.search(&question.jql(dates), question.place, question.marks);
        let answer: Answer<wire::SearchPage> = self.json(ask).await?;
        let date = answer.date.unwrap_or_else(|| self.jira_now());
        let watermark = Watermark::from_answer(date, answer.round_trip);
        let next = self.dialect.next_page(&answer.value);
        let rows = answer.value.issues.into_iter().map(wire::IssueBean::row).collect::<Result<Vec<_>, _>>();
        let rows = rows.map_err(|lack| strange("search", &lack))?;
        Ok(Answered { rows, next, dates, watermark })
    }

    /// Rows with their marks, where the search could not tell them. What was read of an issue in that same state is not
    /// read again.
    pub(super) async fn with_marks(&self, mut rows: Vec<Row>) -> Result<Vec<Row>, Error> {
        if self.dialect.searches_tell_marks() {
            return Ok(rows);
        }
        let unknown: Vec<_> = rows.iter().filter(|row| self.marks.of(row).is_none()).collect();
        let mut read = BTreeMap::new();
        for batch in unknown.chunks(BATCH) {
            let ids: Vec<_> = batch.iter().map(|row| &row.at.id).collect();
            read.extend(self.read_marks(&ids).await?);
        }
        for row in &mut rows {
            if self.marks.of(row).is_none() {
                self.marks.learn(row, read.remove(&row.at.id).flatten());
            }
            row.mark = self.marks.of(row).flatten();
        }
        Ok(rows)
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
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (as_of, mark) = known.get(&row.at.id)?;
        (*as_of == row.updated).then(|| mark.clone())
    }

    fn learn(&self, row: &Row, mark: Option<Mark>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(row.at.id.clone(), (row.updated, mark));
    }

    /// We wrote to the issue: nobody promises that a property alone changes `updated`.
    pub(super) fn forget(&self, id: &IssueId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}
