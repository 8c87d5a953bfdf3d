//! The rest of changelogs that are longer than what comes with a fresh read.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::call::Ask;
use super::super::wire::Completed;
use super::super::{Client, Error, read, strange, wire};
use super::batch::{Read, Trouble};

/// Entries that a page of changelogs has at most, as long as such pages can be read.
const PAGE: usize = 1_000;

/// Entries of the smallest page that is asked for: each is read unless one text is a megabyte.
const SMALLEST_PAGE: usize = 10;

/// Entries that are read of changelogs together: twenty thousand changes of status are a fault, no work.
const MOST_ENTRIES: usize = 20_000;

/// Pages that are read of changelogs together, however small they must be.
const MOST_PAGES: usize = 200;

/// The changelogs of these issues, by pages of so many entries.
struct Portion<'a> {
    ids: Vec<&'a str>,
    page: usize,
}

impl Portion<'_> {
    fn most_pages(&self) -> usize {
        (MOST_ENTRIES / self.page).min(MOST_PAGES)
    }

    /// What to ask for instead where this can't be read; nothing if there is nothing smaller.
    fn smaller(mut self) -> Vec<Self> {
        let page = self.page;
        if self.ids.len() > 1 {
            let second = self.ids.split_off(self.ids.len() / 2);
            return vec![Self { ids: self.ids, page }, Self { ids: second, page }];
        }
        let page = page / 10;
        if page < SMALLEST_PAGE { Vec::new() } else { vec![Self { page, ..self }] }
    }
}

impl Client {
    /// Asks for the changes of status of all issues whose changelog may be longer than what came with them. One whose
    /// changelog can't be read is not read at all: what a changelog lacks counts as not having happened.
    pub(super) async fn complete_changelogs(&self, read: &mut Read) -> Result<(), Error> {
        let most = self.dialect.changelog_limit();
        let short: Vec<_> = read.beans.iter().filter(|bean| bean.changelog_may_be_short(most)).collect();
        if short.is_empty() {
            return Ok(());
        }
        if most.is_none() {
            short.iter().for_each(|bean| tracing::warn!("the changelog of issue {} came in part only", bean.id()));
            return Ok(());
        }
        // Texts are long, and hardly ever tell what their newest changes don't.
        let completed = match short.iter().any(|bean| bean.needs_older_texts(self.reader())) {
            true => Completed::StatusesAndTexts,
            false => Completed::Statuses,
        };
        let ids: Vec<_> = short.iter().map(|bean| bean.id().to_owned()).collect();
        let (mut more, unread) = self.histories(&ids, completed).await?;
        for bean in &mut read.beans {
            // Also where nothing more came: then all is there.
            if ids.iter().any(|id| id == bean.id()) {
                let entries = more.remove(bean.id()).unwrap_or_default();
                bean.complete_changelog(entries, completed);
            }
        }
        read.beans.retain(|bean| !unread.contains_key(bean.id()));
        unread.into_iter().for_each(|(id, error)| self.blame(&id, error, read));
        Ok(())
    }

    /// The changelogs of these issues, and why those that can't be read can't be.
    async fn histories(&self, ids: &[String], which: Completed) -> Result<(Histories, BTreeMap<String, Error>), Error> {
        let (mut all, mut unread) = (Histories::new(), BTreeMap::new());
        let mut trouble = Trouble::new();
        let mut waiting = vec![Portion { ids: ids.iter().map(String::as_str).collect(), page: PAGE }];
        while let Some(portion) = waiting.pop() {
            let enough = trouble.enough(self.clock.now()).cloned();
            let end = match enough {
                Some(error) => Err(error),
                None => self.portion(&portion, which, &trouble).await,
            };
            match end {
                Ok(histories) => all.extend(histories),
                Err(error) if error.is_of_content() => {
                    let named: Vec<_> = portion.ids.iter().map(|id| (*id).to_owned()).collect();
                    let is_over = trouble.enough(self.clock.now()).is_some();
                    let smaller = if is_over { Vec::new() } else { portion.smaller() };
                    if smaller.is_empty() {
                        unread.extend(named.into_iter().map(|id| (id, error.clone())));
                    }
                    if !is_over {
                        self.note_trouble(&error, &mut trouble).await?;
                    }
                    waiting.extend(smaller);
                }
                Err(error) => return Err(error),
            }
        }
        Ok((all, unread))
    }

    async fn portion(&self, portion: &Portion<'_>, which: Completed, trouble: &Trouble) -> Result<Histories, Error> {
        let fields: &[&str] = match which {
            Completed::Statuses => &["status"],
            Completed::StatusesAndTexts => &["status", "description"],
        };
        let mut all = Histories::new();
        let mut token = None::<String>;
        for _ in 0..portion.most_pages() {
            let mut body = json!({"issueIdsOrKeys": portion.ids, "fieldIds": fields, "maxResults": portion.page});
            if let Some(token) = &token {
                body["nextPageToken"] = json!(token);
            }
            let ask = read(self.dialect.api("changelog/bulkfetch"), body, "changelogs");
            let ask = Ask { tries: trouble.tries(&ask), ..ask };
            let page: wire::ChangelogPage = self.json(ask).await?.value;
            for log in page.issue_change_logs.into_each() {
                let log = log.map_err(|entry| self.unreadable("changelog/bulkfetch", &entry.lack))?;
                all.entry(log.issue_id).or_default().extend(log.change_histories.into_each().collect());
            }
            match page.next_page_token {
                None => return Ok(all),
                next if next == token => break,
                next => token = next,
            }
        }
        Err(strange("changelog/bulkfetch", "it does not come to an end"))
    }
}

/// By id of the issue.
type Histories = BTreeMap<String, wire::Entries<wire::History>>;
