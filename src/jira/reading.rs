//! Fresh reads: what Jira holds now, not what its index remembers. All need *Browse projects*, and whatever an issue's
//! security level asks for.

mod batch;
mod changelogs;

use std::collections::BTreeMap;

use super::call::Ask;
use super::dialect::Wanted;
use super::field::{FieldValue, Fields};
use super::{Client, Error, Fault, get, wire};
use crate::flow::{Attachment, Issue, IssueId, IssueKey, Mark, Status};

pub(super) use batch::Suspects;

/// Most issues that one fresh read takes (Jira Cloud's limit of `issue/bulkfetch`).
pub const BATCH: usize = 100;

/// Requests for single issues that are under way at once.
const AT_ONCE: usize = 8;

/// What a fresh read showed. What is deleted or hidden is in neither list.
#[derive(Debug, Default)]
pub struct Fetched {
    /// The issues.
    pub issues: Vec<Issue>,
    /// The issues that could not be read although Jira was there: they may be anything, and nothing may be concluded
    /// from their absence.
    pub unread: BTreeMap<IssueId, Error>,
}

/// What a fresh read by keys showed; see [`Fetched`].
#[derive(Debug, Default)]
pub struct FetchedByKey {
    /// The issues, each under the key by which it was asked for.
    pub issues: BTreeMap<IssueKey, Issue>,
    /// The keys whose issues could not be read.
    pub unread: BTreeMap<IssueKey, Error>,
}

/// How far an issue has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Where it stands.
    pub status: Status,
    /// Whether that status is of the category "done".
    pub is_done: bool,
    /// The fields that were asked for, by id; one that the issue can't have is absent.
    pub fields: Fields,
}

impl Client {
    /// Reads issues afresh, at most [`BATCH`]. What is deleted or hidden is absent, and what can't be read fails alone: one
    /// odd issue must not hide the others. Their changelogs are whole as far as changes of status go.
    ///
    /// An issue that moved answers to its old id with its new key.
    ///
    /// # Errors
    /// When Jira as a whole does not answer well; or when it shows us none of the issues because it no longer knows us.
    pub async fn fetch(&self, ids: &[&IssueId]) -> Result<Fetched, Error> {
        let (issues, unread) = self.fetch_named(&ids.iter().map(|id| id.as_str()).collect::<Vec<_>>()).await?;
        let unread = unread.into_iter().filter_map(|(name, error)| Some((name.parse().ok()?, error))).collect();
        Ok(Fetched { issues, unread })
    }

    /// Reads issues afresh, at most [`BATCH`], each under the key by which it was asked for: an issue that moved answers
    /// to its former keys too.
    ///
    /// # Errors
    /// As [`Client::fetch`].
    pub async fn fetch_by_key(&self, keys: &[&IssueKey]) -> Result<FetchedByKey, Error> {
        let (mut issues, mut failed) =
            self.fetch_named(&keys.iter().map(|key| key.as_str()).collect::<Vec<_>>()).await?;
        let mut found = FetchedByKey::default();
        for key in keys {
            // Nobody's former key is ever given to another issue.
            let ours = issues.iter().find(|issue| issue.at.key.as_str().eq_ignore_ascii_case(key.as_str()));
            found.issues.extend(ours.map(|issue| ((*key).clone(), issue.clone())));
            found.unread.extend(failed.remove(key.as_str()).map(|error| ((*key).clone(), error)));
        }
        issues.retain(|issue| !found.issues.values().any(|known| known.at.id == issue.at.id));
        // Those that are left have moved, and which of them was meant by which key is told only one by one.
        for key in keys {
            let is_settled = found.issues.contains_key(key) || found.unread.contains_key(key);
            if is_settled || (issues.is_empty() && failed.is_empty()) {
                continue;
            }
            match self.id_behind(key).await {
                Ok(id) => {
                    let ours = issues.iter().find(|issue| Some(&issue.at.id) == id.as_ref());
                    found.issues.extend(ours.map(|issue| ((*key).clone(), issue.clone())));
                    let error = id.and_then(|id| failed.get(id.as_str()));
                    found.unread.extend(error.map(|error| ((*key).clone(), error.clone())));
                }
                Err(error) if error.is_of_content() => drop(found.unread.insert((*key).clone(), error)),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Which issue answers to this key now.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn id_behind(&self, key: &IssueKey) -> Result<Option<IssueId>, Error> {
        let ask = get(self.dialect.api(&format!("issue/{key}?fields=status")), "issue").of_one_issue();
        let bean: Option<wire::IssueBean> = self.if_shown(ask).await?;
        Ok(bean.and_then(|bean| bean.id().parse().ok()))
    }

    /// The issues, and why the others could not be read, by the name by which they were asked for, or by id.
    async fn fetch_named(&self, names: &[&str]) -> Result<(Vec<Issue>, BTreeMap<String, Error>), Error> {
        if names.is_empty() {
            return Ok((Vec::new(), BTreeMap::new()));
        }
        let mut read = self.read_each(names, Wanted::Everything).await?;
        if read.beans.is_empty() && read.unread.is_empty() {
            self.assert_identity().await?;
        }
        self.learn_standings(&mut read.beans);
        self.complete_changelogs(&mut read).await?;
        let mut issues = Vec::new();
        for bean in std::mem::take(&mut read.beans) {
            let name = names.iter().find(|name| bean.key().eq_ignore_ascii_case(name)).copied();
            let name = name.unwrap_or(bean.id()).to_owned();
            match bean.issue(self.reader()) {
                Ok(issue) => issues.push(issue),
                Err(lack) => self.blame(&name, self.unreadable("issue", &lack), &mut read),
            }
        }
        self.name_statuses(&mut issues).await?;
        Ok((issues, read.unread))
    }

    /// Reads one issue afresh; `None` when it is deleted or hidden.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue can't be read.
    pub async fn fetch_one(&self, id: &IssueId) -> Result<Option<Issue>, Error> {
        let Fetched { issues, mut unread } = self.fetch(&[id]).await?;
        match unread.remove(id) {
            Some(error) => Err(error),
            None => Ok(issues.into_iter().find(|issue| issue.at.id == *id)),
        }
    }

    /// Some fields of an issue as Jira has them, by id; `None` when it is deleted or hidden.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn fields_of(&self, issue: &IssueId, ids: &[&str]) -> Result<Option<Fields>, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields={}", ids.join(",")));
        let bean: Option<wire::RawIssue> = self.if_shown(get(path, "issue").of_one_issue()).await?;
        Ok(bean.map(fields_in))
    }

    /// Where an issue stands and what some of its fields hold, read together; `None` when it is deleted or hidden. Needs
    /// *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn progress(&self, issue: &IssueId, ids: &[&str]) -> Result<Option<Progress>, Error> {
        let fields: Vec<_> = ["status"].iter().chain(ids).copied().collect();
        let path = self.dialect.api(&format!("issue/{issue}?fields={}", fields.join(",")));
        self.progress_by(get(path, "issue").of_one_issue(), ids).await
    }

    /// The status in which an issue stands right after a transition of ours; `None` when it is deleted or hidden. A stop
    /// does not keep it from being asked for: it is what that transition has done.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn status_reached(&self, issue: &IssueId) -> Result<Option<Status>, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields=status"));
        let progress = self.progress_by(get(path, "issue").of_one_issue().for_record(), &[]).await?;
        Ok(progress.map(|progress| progress.status))
    }

    async fn progress_by(&self, ask: Ask, ids: &[&str]) -> Result<Option<Progress>, Error> {
        let bean: Option<wire::RawIssue> = self.if_shown(ask).await?;
        let Some(mut bean) = bean else { return Ok(None) };
        let (status, is_done) = bean.status().map_err(|lack| self.unreadable("issue", &lack))?;
        bean.fields.retain(|id, _| ids.contains(&id.as_str()));
        Ok(Some(Progress { status, is_done, fields: fields_in(bean) }))
    }

    /// The files on an issue, in Jira's order; `None` when it is deleted or hidden.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn attachments(&self, issue: &IssueId) -> Result<Option<Vec<Attachment>>, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields=attachment"));
        let bean: Option<wire::IssueBean> = self.if_shown(get(path, "issue").of_one_issue()).await?;
        Ok(bean.map(|bean| bean.attachments(self.reader())))
    }

    /// The marks of issues, of those that are shown to us; and the ids of those that could not be read.
    pub(super) async fn read_marks(&self, ids: &[&IssueId]) -> Result<ReadMarks, Error> {
        self.marks_among(ids, Wanted::Marks).await
    }

    /// The same of issues that were created just now, which are known by them only.
    pub(super) async fn read_marks_of_created(&self, ids: &[&IssueId]) -> Result<ReadMarks, Error> {
        self.marks_among(ids, Wanted::MarksOfCreated).await
    }

    async fn marks_among(&self, ids: &[&IssueId], wanted: Wanted) -> Result<ReadMarks, Error> {
        if ids.is_empty() {
            return Ok(ReadMarks::default());
        }
        let names: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
        let read = self.read_each(&names, wanted).await?;
        let marks = read.beans.into_iter().filter_map(|bean| Some((bean.id().parse().ok()?, bean.mark()))).collect();
        let unread = read.unread.into_iter().filter_map(|(name, error)| Some((name.parse().ok()?, error))).collect();
        Ok(ReadMarks { marks, unread })
    }

    /// The answer to a question about one issue; `None` when that is deleted or hidden.
    pub(super) async fn if_shown<T: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        ask: Ask,
    ) -> Result<Option<T>, Error> {
        match self.json(ask).await {
            Ok(answer) => Ok(Some(answer.value)),
            Err(error) if matches!(error.what, Fault::Missing(_) | Fault::Forbidden(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn reader(&self) -> wire::Reader<'_> {
        wire::Reader { dialect: self.dialect, us: &self.account, mask: self.caller.mask() }
    }
}

/// What was read of marks.
#[derive(Default)]
pub(super) struct ReadMarks {
    pub marks: BTreeMap<IssueId, Option<Mark>>,
    /// The issues of which nothing is known: they may have any mark.
    pub unread: BTreeMap<IssueId, Error>,
}

fn fields_in(bean: wire::RawIssue) -> Fields {
    bean.fields.into_iter().map(|(id, value)| (id, FieldValue::from_jira(value))).collect()
}
