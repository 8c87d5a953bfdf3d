//! Comments.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{Client, Error, get, strange, wire, write};
use crate::flow::{AccountId, Body, IntentId, IssueId, JiraTime};

/// The machines of one site need not agree on the time to the second.
const SKEW: Duration = Duration::from_secs(60);

/// Pages of comments that are read of one issue: Jira Cloud keeps at most 5,000 comments on one.
const MOST_PAGES: usize = 200;

/// Comments of our account whose property is asked for one by one; the newest come first, and the one that is sought
/// was made not long ago.
const MOST_UNSURE: usize = 50;

/// Whether a comment is the one that is sought.
enum Likeness {
    Sought,
    /// It is of our account, and only its property can tell.
    Perhaps,
    Other,
}

/// What somebody said on an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Jira's `id`.
    pub id: String,
    /// Who; `None` when Jira hides it.
    pub author: Option<AccountId>,
    /// When, by Jira's clock.
    pub created: JiraTime,
    /// What.
    pub body: Option<Body>,
    /// Whether only a role or group may read it (`visibility`): such a text never crosses by itself.
    pub restricted: bool,
    /// The intent that made it, where it is ours and this Jira tells properties of comments.
    pub intent: Option<IntentId>,
}

/// A comment of ours that may or may not have been made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought<'a> {
    /// The intent that would have made it.
    pub intent: &'a IntentId,
    /// What it would say.
    pub body: &'a Body,
    /// When it was begun, by Jira's clock: what is older is somebody else's.
    pub since: JiraTime,
}

impl Client {
    /// Plain words as this site takes them.
    #[must_use]
    pub fn plain(&self, text: &str) -> Body {
        jira_markup::plain(text, self.dialect.format())
    }

    /// Comments on an issue; the intent's id rides as the comment's property. What is longer than the site takes is cut,
    /// visibly, also after a refusal that names the limit. Needs *Add comments*.
    ///
    /// # Errors
    /// When there is no comment, or nobody knows.
    pub async fn comment(&self, issue: &IssueId, said: &Body, intent: &IntentId) -> Result<(), Error> {
        match self.say(issue, said, intent).await {
            Err(error) if self.learn_text_limit(&error, "comment", said) => self.say(issue, said, intent).await,
            end => end,
        }
    }

    async fn say(&self, issue: &IssueId, said: &Body, intent: &IntentId) -> Result<(), Error> {
        let path = self.dialect.api(&format!("issue/{issue}/comment"));
        let said = jira_markup::to_json(&jira_markup::shortened(said, self.text_limit()));
        let body = json!({"body": said, "properties": wire::comment_of(intent)});
        self.caller.done(write(Method::POST, path, body, "comment").of_one_issue()).await
    }

    /// An issue's comments since an instant, newest first; only those that we may read, and can. Needs *Browse
    /// projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn comments(&self, issue: &IssueId, since: JiraTime) -> Result<Vec<Comment>, Error> {
        let mut comments = Vec::new();
        self.each_comment(issue, since, |bean| {
            comments.push(self.understood_comment(bean));
            Look::On
        })
        .await?;
        Ok(comments)
    }

    /// Whether a comment of ours is on the issue: one that carries the intent, or, where properties of comments are not
    /// told, one of our account, made since, that says just that. What such a one says may have been cut, or its source
    /// have changed meanwhile: if none says just that, the properties of all of them are asked for.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn has_comment_of(&self, issue: &IssueId, sought: &Sought<'_>) -> Result<bool, Error> {
        let said = jira_markup::text_of(sought.body);
        let (mut found, mut unsure) = (false, Vec::new());
        let look = |bean: wire::CommentBean| {
            match self.is_sought(&bean, sought, &said) {
                Likeness::Sought => found = true,
                Likeness::Perhaps => unsure.push(bean.id),
                Likeness::Other => {}
            }
            if found { Look::NoMore } else { Look::On }
        };
        let odd = self.each_comment(issue, sought.since.earlier(SKEW), look).await?;
        for comment in unsure.iter().take(MOST_UNSURE) {
            found = found || self.intent_of_comment(comment).await?.as_ref() == Some(sought.intent);
        }
        match odd {
            // It may be the one that is sought.
            Some(lack) if !found => {
                Err(self.unreadable("comment", &format!("a comment on {issue} can't be read: {lack}")))
            }
            Some(_) | None => Ok(found),
        }
    }

    fn is_sought(&self, bean: &wire::CommentBean, sought: &Sought<'_>, said: &str) -> Likeness {
        let intent = bean.properties.as_deref().and_then(wire::intent_in);
        match (intent, &bean.properties) {
            (Some(intent), _) if intent == *sought.intent => Likeness::Sought,
            (Some(_), _) => Likeness::Other,
            (None, Some(_)) if self.dialect.tells_properties_of_comments() => Likeness::Other,
            (None, _) if self.author(bean).as_ref() != Some(&self.account) => Likeness::Other,
            (None, _) if says(bean, said) => Likeness::Sought,
            (None, _) => Likeness::Perhaps,
        }
    }

    /// The intent that a comment's own property names.
    async fn intent_of_comment(&self, comment: &str) -> Result<Option<IntentId>, Error> {
        let path = self.dialect.api(&format!("comment/{comment}/properties/{}", wire::PROPERTY));
        let told: Option<wire::Property> = self.if_shown(get(path, "comment property")).await?;
        Ok(told.and_then(|property| wire::intent_in(&[property])))
    }

    fn author(&self, bean: &wire::CommentBean) -> Option<AccountId> {
        bean.author.as_ref().and_then(|author| self.dialect.identity(author))
    }

    fn understood_comment(&self, bean: wire::CommentBean) -> Comment {
        Comment {
            author: self.author(&bean),
            id: bean.id,
            created: bean.created,
            body: bean.body.and_then(|body| jira_markup::from_json_text(&body).ok().flatten()),
            restricted: bean.visibility.is_some(),
            intent: bean.properties.as_deref().and_then(wire::intent_in),
        }
    }

    /// Goes through comments, newest first, each once. One that is added meanwhile moves others to the next page, where
    /// they are seen again; one that is deleted moves them to the page before: so the last one is asked for again, and
    /// a page that joins nothing seen so far begins the walk anew. Answers what is wrong with one that can't be read.
    async fn each_comment(
        &self,
        issue: &IssueId,
        since: JiraTime,
        mut see: impl FnMut(wire::CommentBean) -> Look,
    ) -> Result<Option<wire::Lack>, Error> {
        let (mut start, mut asked_again) = (0, false);
        let mut known = BTreeSet::new();
        let mut odd = None;
        for _ in 0..MOST_PAGES {
            let page: wire::Comments = self.json(self.dialect.comments(issue, start)).await?.value;
            let end = page.start_at + page.comments.len() as u64;
            let joins = start == 0 || page.comments.readable().any(|bean| known.contains(&bean.id));
            let over = end >= page.total || ends_before(&page.comments, since);
            for entry in page.comments.into_each() {
                let bean = match entry {
                    Ok(bean) => bean,
                    Err(unreadable) => {
                        odd.get_or_insert(unreadable.lack);
                        continue;
                    }
                };
                if known.insert(bean.id.clone()) && bean.created >= since && see(bean) == Look::NoMore {
                    return Ok(odd);
                }
            }
            match joins {
                false => start = 0,
                true if over => return Ok(odd),
                true if end > start + 1 => start = end - 1,
                // More are counted, and nothing comes after the last one but itself. Asked for twice, the others are taken
                // for comments that are hidden from us.
                true if asked_again => return Ok(odd),
                true => (start, asked_again) = (0, true),
            }
        }
        Err(strange("comment", "its comments do not come to an end"))
    }
}

/// Whether all further comments are older than `since`; a Jira that heeds no order tells nothing by its last one.
fn ends_before(page: &wire::Entries<wire::CommentBean>, since: JiraTime) -> bool {
    let times: Vec<_> = page.readable().map(|bean| bean.created).collect();
    times.is_sorted_by(|newer, older| newer >= older) && times.last().is_some_and(|last| *last < since)
}

/// Whether to look at more comments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    On,
    NoMore,
}

/// Whether a comment says just that. Looks apart: Jira changes line ends, and adds attributes to documents.
fn says(bean: &wire::CommentBean, said: &str) -> bool {
    let body = bean.body.as_ref().and_then(|body| jira_markup::from_json_text(body).ok().flatten());
    body.is_some_and(|body| jira_markup::text_of(&body) == said)
}
