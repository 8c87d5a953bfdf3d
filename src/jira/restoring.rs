//! A person's own text: whether it has room for our link, and putting it back where an edit of ours replaced it unread.

use http::Method;
use serde_json::json;

use super::{Client, Error, Linked, write};
use crate::flow::{Body, IssueId};
use jira_markup::{Context, Format, WhenFull};

impl Client {
    /// Whether [`Client::edit`] would find room for the `Dev Link` line to `url` in a person's own text.
    #[must_use]
    pub fn has_room(&self, own: Option<&Body>, url: &str) -> bool {
        let format = self.dialect.format();
        let is_foreign = own.is_some_and(|own| Format::of(own) != format);
        !is_foreign
            && jira_markup::with_link_within(self.text_limit(), own, format, "Dev Link", url, WhenFull::Refuse)
                .is_some()
    }

    /// Makes `text`, as the changelog has it, an issue's description, with the `Dev Link` line to `link` where there is
    /// room for it; says whether there was. Needs *Edit issues*.
    ///
    /// # Errors
    /// When it was not done, or nobody knows.
    pub async fn put_back(&self, issue: &IssueId, text: &Body, link: Option<&str>) -> Result<Linked, Error> {
        let format = self.dialect.format();
        let own = jira_markup::cross(text, format, &Context::default()).body;
        let most = self.text_limit();
        let linked =
            link.map(|url| jira_markup::with_link_within(most, Some(&own), format, "Dev Link", url, WhenFull::Refuse));
        let room = if matches!(linked, Some(None)) { Linked::NoRoom } else { Linked::Yes };
        let description = linked.flatten().unwrap_or(own);
        let body = json!({"fields": {"description": jira_markup::to_json(&description)}});
        let path = self.dialect.api(&format!("issue/{issue}"));
        self.caller.done(write(Method::PUT, path, body, "edit").of_one_issue()).await?;
        Ok(room)
    }
}
