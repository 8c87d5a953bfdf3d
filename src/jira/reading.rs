//! Fresh reads: what Jira holds now, not what its index remembers. All need *Browse projects*, and whatever an issue's
//! security level asks for.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::call::Ask;
use super::dialect::FreshRead;
use super::field::{FieldValue, Fields};
use super::wire::Completed;
use super::{Client, Error, Fault, get, read, strange, wire};
use crate::flow::{Attachment, Issue, IssueId, IssueKey, Mark, Status};

/// Most issues that one fresh read takes (Jira Cloud's limit of `issue/bulkfetch`).
pub const BATCH: usize = 100;

/// Requests for single issues that are under way at once.
const AT_ONCE: usize = 8;

/// Pages of a changelog that are read: twenty thousand changes of status in a hundred issues are a fault, no work.
const MOST_CHANGELOG_PAGES: usize = 20;

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
    /// Reads issues afresh, at most [`BATCH`]. What is deleted, hidden, or not to be understood is absent: one odd issue
    /// must not hide the others. Their changelogs are whole as far as changes of status go.
    ///
    /// An issue that moved answers to its old id with its new key.
    ///
    /// # Errors
    /// When Jira does not answer well; or when it shows us none of the issues because it no longer knows us.
    pub async fn fetch(&self, ids: &[&IssueId]) -> Result<Vec<Issue>, Error> {
        self.fetch_named(&ids.iter().map(|id| id.as_str()).collect::<Vec<_>>()).await
    }

    /// Reads issues afresh, at most [`BATCH`], each under the key by which it was asked for: an issue that moved answers
    /// to its former keys too. What is deleted, hidden, or not to be understood is absent.
    ///
    /// # Errors
    /// As [`Client::fetch`].
    pub async fn fetch_by_key(&self, keys: &[&IssueKey]) -> Result<BTreeMap<IssueKey, Issue>, Error> {
        let mut issues = self.fetch_named(&keys.iter().map(|key| key.as_str()).collect::<Vec<_>>()).await?;
        let mut found = BTreeMap::new();
        for key in keys {
            // Nobody's former key is ever given to another issue.
            let ours = issues.iter().find(|issue| issue.at.key.as_str().eq_ignore_ascii_case(key.as_str()));
            found.extend(ours.map(|issue| ((*key).clone(), issue.clone())));
        }
        issues.retain(|issue| !found.values().any(|known| known.at.id == issue.at.id));
        // Those that are left have moved, and which of them was meant by which key is told only one by one.
        for key in keys {
            if issues.is_empty() || found.contains_key(key) {
                continue;
            }
            let id = self.id_behind(key).await?;
            let ours = issues.iter().find(|issue| Some(&issue.at.id) == id.as_ref());
            found.extend(ours.map(|issue| ((*key).clone(), issue.clone())));
        }
        Ok(found)
    }

    /// Which issue answers to this key now.
    async fn id_behind(&self, key: &IssueKey) -> Result<Option<IssueId>, Error> {
        let ask = get(self.dialect.api(&format!("issue/{key}?fields=status")), "issue").of_one_issue();
        let bean: Option<wire::IssueBean> = self.if_shown(ask).await?;
        Ok(bean.and_then(|bean| bean.id().parse().ok()))
    }

    async fn fetch_named(&self, names: &[&str]) -> Result<Vec<Issue>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut beans = self.read_each(self.dialect.fresh_read(names)).await?;
        if beans.is_empty() {
            self.assert_identity().await?;
        }
        self.learn_standings(&mut beans);
        self.complete_changelogs(&mut beans).await?;
        let mut issues: Vec<_> = beans.into_iter().filter_map(|bean| self.understood(bean)).collect();
        self.name_statuses(&mut issues).await?;
        Ok(issues)
    }

    /// Reads one issue afresh; `None` when it is deleted or hidden.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn fetch_one(&self, id: &IssueId) -> Result<Option<Issue>, Error> {
        Ok(self.fetch(&[id]).await?.into_iter().find(|issue| issue.at.id == *id))
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
        let bean: Option<wire::RawIssue> = self.if_shown(get(path, "issue").of_one_issue()).await?;
        let Some(mut bean) = bean else { return Ok(None) };
        let (status, is_done) = bean.status().map_err(|lack| strange("issue", &lack))?;
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
        Ok(bean.map(|bean| bean.attachments(self.dialect)))
    }

    /// The marks of issues, of those that are shown to us.
    pub(super) async fn read_marks(&self, ids: &[&IssueId]) -> Result<BTreeMap<IssueId, Option<Mark>>, Error> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let beans = self.read_each(self.dialect.mark_read(ids)).await?;
        Ok(beans.into_iter().filter_map(|bean| Some((bean.id().parse().ok()?, bean.mark()))).collect())
    }

    async fn read_each(&self, reads: FreshRead) -> Result<Vec<wire::IssueBean>, Error> {
        match reads {
            FreshRead::Together(ask) => {
                let fetched: wire::Fetched = self.json(ask).await?.value;
                Ok(fetched.issues)
            }
            FreshRead::Apart(asks) => {
                let reads: Vec<_> = asks.into_iter().map(|ask| self.if_shown(ask)).collect();
                let beans = stream::iter(reads).buffered(AT_ONCE).try_collect::<Vec<Option<_>>>().await?;
                Ok(beans.into_iter().flatten().collect())
            }
        }
    }

    /// The answer to a question about one issue; `None` when that is deleted or hidden.
    pub(super) async fn if_shown<T: serde::de::DeserializeOwned>(&self, ask: Ask) -> Result<Option<T>, Error> {
        match self.json(ask).await {
            Ok(answer) => Ok(Some(answer.value)),
            Err(error) if matches!(error.what, Fault::Missing(_) | Fault::Forbidden(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for the changes of status of all issues whose changelog may be longer than what came with them.
    async fn complete_changelogs(&self, beans: &mut [wire::IssueBean]) -> Result<(), Error> {
        let most = self.dialect.changelog_limit();
        let short: Vec<_> = beans.iter_mut().filter(|bean| bean.changelog_may_be_short(most)).collect();
        if short.is_empty() {
            return Ok(());
        }
        if most.is_none() {
            for bean in short {
                tracing::warn!("the changelog of issue {} came in part only", bean.id());
            }
            return Ok(());
        }
        // Texts are long, and hardly ever tell what their newest changes don't.
        let completed = match short.iter().any(|bean| bean.needs_older_texts(self.reader())) {
            true => Completed::StatusesAndTexts,
            false => Completed::Statuses,
        };
        let mut more = self.histories(short.iter().map(|bean| bean.id()).collect(), completed).await?;
        for bean in short {
            let histories = more.remove(bean.id()).unwrap_or_default();
            bean.complete_changelog(histories, completed);
        }
        Ok(())
    }

    async fn histories(&self, ids: Vec<&str>, which: Completed) -> Result<BTreeMap<String, Vec<wire::History>>, Error> {
        let fields: &[&str] = match which {
            Completed::Statuses => &["status"],
            Completed::StatusesAndTexts => &["status", "description"],
        };
        let mut all: BTreeMap<String, Vec<wire::History>> = BTreeMap::new();
        let mut token = None::<String>;
        for _ in 0..MOST_CHANGELOG_PAGES {
            let mut body = json!({"issueIdsOrKeys": ids, "fieldIds": fields, "maxResults": 1000});
            if let Some(token) = &token {
                body["nextPageToken"] = json!(token);
            }
            let ask = read(self.dialect.api("changelog/bulkfetch"), body, "changelogs");
            let page: wire::ChangelogPage = self.json(ask).await?.value;
            for log in page.issue_change_logs {
                all.entry(log.issue_id).or_default().extend(log.change_histories);
            }
            match page.next_page_token {
                None => return Ok(all),
                next if next == token => break,
                next => token = next,
            }
        }
        Err(strange("changelog/bulkfetch", "it does not come to an end"))
    }

    fn reader(&self) -> wire::Reader<'_> {
        wire::Reader { dialect: self.dialect, us: &self.account }
    }

    fn understood(&self, bean: wire::IssueBean) -> Option<Issue> {
        bean.issue(self.reader()).inspect_err(|lack| tracing::warn!("an issue can't be understood: {lack}")).ok()
    }
}

fn fields_in(bean: wire::RawIssue) -> Fields {
    bean.fields.into_iter().map(|(id, value)| (id, FieldValue::from_jira(value))).collect()
}
