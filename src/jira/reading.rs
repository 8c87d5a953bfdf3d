//! Fresh reads: what Jira holds now, not what its index remembers. All need *Browse projects*, and whatever an issue's
//! security level asks for.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::call::Ask;
use super::dialect::FreshRead;
use super::field::{FieldValue, Fields};
use super::{Client, Error, Fault, get, read, strange, wire};
use crate::flow::{Attachment, Issue, IssueId, Mark};

/// Most issues that one fresh read takes (Jira Cloud's limit of `issue/bulkfetch`).
pub const BATCH: usize = 100;

/// Requests for single issues that are under way at once.
const AT_ONCE: usize = 8;

/// Pages of a changelog that are read: twenty thousand changes of status in a hundred issues are a fault, no work.
const MOST_CHANGELOG_PAGES: usize = 20;

impl Client {
    /// Reads issues afresh, at most [`BATCH`]. What is deleted, hidden, or not to be understood is absent: one odd issue
    /// must not hide the others. Their changelogs are whole as far as changes of status go.
    ///
    /// An issue that moved answers to its old id with its new key.
    ///
    /// # Errors
    /// When Jira does not answer well; or when it shows us none of the issues because it no longer knows us.
    pub async fn fetch(&self, ids: &[&IssueId]) -> Result<Vec<Issue>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut beans = self.read_each(self.dialect.fresh_read(ids)).await?;
        if beans.is_empty() {
            self.assert_identity().await?;
        }
        self.learn_standings(&mut beans);
        self.complete_changelogs(&mut beans).await?;
        Ok(beans.into_iter().filter_map(|bean| self.understood(bean)).collect())
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
        Ok(bean.map(|bean| bean.fields.into_iter().map(|(id, value)| (id, FieldValue::from_jira(value))).collect()))
    }

    /// The files on an issue, in Jira's order; `None` when it is deleted or hidden.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn attachments(&self, issue: &IssueId) -> Result<Option<Vec<Attachment>>, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields=attachment"));
        let bean: Option<wire::IssueBean> = self.if_shown(get(path, "issue").of_one_issue()).await?;
        let attachments = |bean: wire::IssueBean| bean.attachments().into_iter();
        Ok(bean.map(|bean| attachments(bean).map(|file| file.attachment(self.dialect)).collect()))
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
        let mut more = self.status_histories(short.iter().map(|bean| bean.id()).collect()).await?;
        for bean in short {
            let histories = more.remove(bean.id()).unwrap_or_default();
            bean.complete_changelog(histories);
        }
        Ok(())
    }

    async fn status_histories(&self, ids: Vec<&str>) -> Result<BTreeMap<String, Vec<wire::History>>, Error> {
        let mut all: BTreeMap<String, Vec<wire::History>> = BTreeMap::new();
        let mut token = None::<String>;
        for _ in 0..MOST_CHANGELOG_PAGES {
            let mut body = json!({"issueIdsOrKeys": ids, "fieldIds": ["status"], "maxResults": 1000});
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

    fn understood(&self, bean: wire::IssueBean) -> Option<Issue> {
        bean.issue(self.dialect).inspect_err(|lack| tracing::warn!("an issue can't be understood: {lack}")).ok()
    }
}
