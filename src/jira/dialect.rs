//! The only place that knows one kind of Jira from another.

use serde_json::json;

use super::call::Ask;
use super::scan::{Follows, Place};
use super::{get, read, wire};
use crate::flow::{AccountId, Deployment, IssueId, ProjectKey};
use jira_markup::Format;

/// How a Jira wants to be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Jira Cloud, REST v3: bodies are Atlassian documents, searches have page tokens, issues are read in batches.
    Cloud,
    /// Jira Data Center, REST v2: bodies are wiki markup, searches count rows, issues are read one by one.
    DataCenter,
}

/// The requests of a fresh read of several issues.
pub(super) enum FreshRead {
    /// One for all; it leaves out in silence what is missing or hidden.
    Together(Ask),
    /// One for each; 404 is missing or hidden.
    Apart(Vec<Ask>),
}

impl FreshRead {
    /// See [`Ask::for_record`].
    fn for_record(self) -> Self {
        match self {
            Self::Together(ask) => Self::Together(ask.for_record()),
            Self::Apart(asks) => Self::Apart(asks.into_iter().map(Ask::for_record).collect()),
        }
    }
}

/// What is read of issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All that is ever looked at, with changelog and mark.
    Everything,
    /// The mark alone.
    Marks,
    /// The same of issues that were created just now, to record which is which: a stop does not drop it.
    MarksOfCreated,
}

/// Rows of a search asked for at once; the server may give fewer.
pub(super) const PAGE: usize = 100;

/// Data Center answers an error or nothing beyond so many rows.
const DEEPEST_ROW: u64 = 9_000;

/// Of so many issues Data Center is asked along with a fresh read where they can go, which costs it some work.
const FEW: usize = 8;

/// What the fresh read of an issue asks for.
const ISSUE_FIELDS: [&str; 10] = [
    "project",
    "summary",
    "description",
    "status",
    "created",
    "updated",
    "issuetype",
    "attachment",
    "issuelinks",
    "resolution",
];

/// What a search asks for.
const ROW_FIELDS: [&str; 4] = ["project", "status", "created", "updated"];

impl Dialect {
    /// What a flow asks for, or what `serverInfo.deploymentType` says: of that only `Cloud` means anything, versions
    /// and stand-ins disagree on the rest.
    pub(super) fn of(wanted: Deployment, told: Option<&str>) -> Self {
        match (wanted, told) {
            (Deployment::Cloud, _) | (Deployment::Auto, Some("Cloud")) => Self::Cloud,
            (Deployment::DataCenter | Deployment::Auto, _) => Self::DataCenter,
        }
    }

    /// In words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cloud => "Jira Cloud",
            Self::DataCenter => "Jira Data Center",
        }
    }

    /// Whether Atlassian has a name for the site besides its address.
    pub(super) fn has_cloud_id(self) -> bool {
        match self {
            Self::Cloud => true,
            Self::DataCenter => false,
        }
    }

    /// The path of a resource of the platform API.
    pub(super) fn api(self, resource: &str) -> String {
        match self {
            Self::Cloud => format!("/rest/api/3/{resource}"),
            Self::DataCenter => format!("/rest/api/2/{resource}"),
        }
    }

    /// The permanent id of an account.
    pub(super) fn identity(self, user: &wire::User) -> Option<AccountId> {
        let id = match self {
            Self::Cloud => &user.account_id,
            // Since version 8.4 a key is no login; before, it was the login that the account began with.
            Self::DataCenter => &user.key.clone().or_else(|| user.name.clone()),
        };
        id.as_deref().filter(|id| !id.is_empty())?.parse().ok()
    }

    /// An account as the value of a field.
    pub(super) fn person(self, user: &wire::User) -> Option<serde_json::Value> {
        match self {
            Self::Cloud => user.account_id.as_ref().map(|id| json!({"accountId": id})),
            // Its fields take logins; a key says who was meant where the login is hidden.
            Self::DataCenter => {
                let login = user.name.as_ref().map(|name| json!({"name": name}));
                login.or_else(|| user.key.as_ref().map(|key| json!({"key": key})))
            }
        }
    }

    /// One page of a search, of at most so many rows.
    pub(super) fn search(self, jql: &str, place: Option<&Place>, marks: bool, rows: usize) -> Ask {
        let mut body = json!({"jql": jql, "maxResults": rows, "fields": ROW_FIELDS});
        match self {
            Self::Cloud => {
                if marks {
                    body["properties"] = json!([wire::PROPERTY]);
                }
                if let Some(Place::Token(token)) = place {
                    body["nextPageToken"] = json!(token);
                }
                read(self.api("search/jql"), body, "search")
            }
            Self::DataCenter => {
                let start = if let Some(Place::Row(start)) = place { *start } else { 0 };
                body["startAt"] = json!(start);
                read(self.api("search"), body, "search")
            }
        }
    }

    /// What follows a page of a search that was asked for at `asked`, `shown` rows of the same search having come before
    /// it.
    pub(super) fn follows(self, page: &wire::SearchPage, asked: Option<&Place>, shown: u64) -> Follows {
        match self {
            Self::Cloud => follows_by_token(page, shown),
            Self::DataCenter => follows_by_row(page, asked),
        }
    }

    /// How many issues a search would find.
    pub(super) fn count(self, jql: &str) -> Ask {
        match self {
            Self::Cloud => read(self.api("search/approximate-count"), json!({"jql": jql}), "count"),
            Self::DataCenter => read(self.api("search"), json!({"jql": jql, "maxResults": 0}), "search"),
        }
    }

    /// Whether a search can answer issue properties along with its rows.
    pub(super) fn searches_tell_marks(self) -> bool {
        match self {
            Self::Cloud => true,
            Self::DataCenter => false,
        }
    }

    /// Reads issues as they are now, named by id or key; altogether so many are read.
    pub(super) fn reads(self, wanted: Wanted, names: &[&str], among: usize) -> FreshRead {
        match wanted {
            Wanted::Everything => self.fresh_read(names, among),
            Wanted::Marks => self.mark_read(names),
            Wanted::MarksOfCreated => self.mark_read(names).for_record(),
        }
    }

    fn fresh_read(self, names: &[&str], among: usize) -> FreshRead {
        match self {
            Self::Cloud => {
                let body = json!({
                    "issueIdsOrKeys": names,
                    "fields": ISSUE_FIELDS,
                    "expand": ["changelog"],
                    "properties": [wire::PROPERTY],
                });
                FreshRead::Together(read(self.api("issue/bulkfetch"), body, "bulkfetch"))
            }
            Self::DataCenter => {
                // A few are written to at once, if at all; then where they can go need not be asked separately.
                let expand = if among <= FEW { "changelog,transitions" } else { "changelog" };
                let query = format!("fields={}&expand={expand}&properties={}", ISSUE_FIELDS.join(","), wire::PROPERTY);
                FreshRead::Apart(names.iter().map(|name| self.one_issue(name, &query)).collect())
            }
        }
    }

    fn mark_read(self, names: &[&str]) -> FreshRead {
        match self {
            Self::Cloud => {
                let body = json!({
                    "issueIdsOrKeys": names,
                    "fields": ["status"],
                    "properties": [wire::PROPERTY],
                });
                FreshRead::Together(read(self.api("issue/bulkfetch"), body, "bulkfetch"))
            }
            Self::DataCenter => {
                let query = format!("fields=status&properties={}", wire::PROPERTY);
                FreshRead::Apart(names.iter().map(|name| self.one_issue(name, &query)).collect())
            }
        }
    }

    fn one_issue(self, name: &str, query: &str) -> Ask {
        get(self.api(&format!("issue/{name}?{query}")), "issue").of_one_issue()
    }

    /// The most entries of a changelog that come with a fresh read; `None` where all of them come.
    pub(super) fn changelog_limit(self) -> Option<usize> {
        match self {
            Self::Cloud => Some(40),
            Self::DataCenter => None,
        }
    }

    /// A page of an issue's comments, newest first.
    pub(super) fn comments(self, issue: &IssueId, start: u64) -> Ask {
        let tell = match self {
            Self::Cloud => "&expand=properties",
            Self::DataCenter => "",
        };
        let path = format!("issue/{issue}/comment?startAt={start}&maxResults=100&orderBy=-created{tell}");
        get(self.api(&path), "comments").of_one_issue()
    }

    /// Whether comments come with their properties. Data Center's document has them in the answer, and no way to ask
    /// for them.
    pub(super) fn tells_properties_of_comments(self) -> bool {
        match self {
            Self::Cloud => true,
            Self::DataCenter => false,
        }
    }

    /// Which permissions we have in a project, of those named.
    pub(super) fn permissions(self, project: &ProjectKey, keys: &[&str]) -> Ask {
        let which = match self {
            Self::Cloud => format!("&permissions={}", keys.join(",")),
            // It answers all that there are.
            Self::DataCenter => String::new(),
        };
        get(self.api(&format!("mypermissions?projectKey={project}{which}")), "mypermissions")
    }

    /// How this Jira writes rich texts.
    pub(super) fn format(self) -> Format {
        match self {
            Self::Cloud => Format::Adf,
            Self::DataCenter => Format::Wiki,
        }
    }
}

/// A token leads on, whatever `isLast` says; an absent one is the end, unless the answer says that there is more.
fn follows_by_token(page: &wire::SearchPage, shown: u64) -> Follows {
    let missing = page.total.and_then(|total| total.checked_sub(shown + page.issues.len() as u64));
    match (page.next_page_token.as_deref(), page.is_last, missing.filter(|missing| *missing > 0)) {
        (Some(token), _, _) if !token.is_empty() => Follows::Page(Place::Token(token.to_owned())),
        (_, _, missing @ Some(_)) => Follows::Unreachable { missing },
        (_, Some(false), None) => Follows::Unreachable { missing: None },
        (_, Some(true) | None, None) => Follows::Nothing,
    }
}

/// As many rows as `total` counts; a page that does not lead beyond the row at which it begins leads nowhere.
fn follows_by_row(page: &wire::SearchPage, asked: Option<&Place>) -> Follows {
    let asked = if let Some(Place::Row(row)) = asked { *row } else { 0 };
    let start = page.start_at.unwrap_or(asked);
    let end = start + page.issues.len() as u64;
    // The last row once more: by it a shift is noticed. It must be one that can be read.
    let next = page.issues.last_readable().map_or(end, |nth| start + nth as u64);
    match page.total.unwrap_or_default().saturating_sub(end) {
        0 => Follows::Nothing,
        _ if next > asked && end < DEEPEST_ROW => Follows::Page(Place::Row(next)),
        _ if next > asked => Follows::Page(Place::TooDeep),
        missing => Follows::Unreachable { missing: Some(missing) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_cloud_means_cloud() {
        let cases = [
            (Deployment::Auto, Some("Cloud"), Dialect::Cloud),
            (Deployment::Auto, Some("Server"), Dialect::DataCenter),
            (Deployment::Auto, None, Dialect::DataCenter),
            (Deployment::Cloud, Some("Server"), Dialect::Cloud),
            (Deployment::DataCenter, Some("Cloud"), Dialect::DataCenter),
        ];
        for (wanted, told, dialect) in cases {
            assert_eq!(Dialect::of(wanted, told), dialect, "{wanted:?} {told:?}");
        }
    }

    #[test]
    fn accounts_are_known_by_what_never_changes() {
        let user = |json: &str| serde_json::from_str::<wire::User>(json).unwrap();
        let mia = user(r#"{"accountId":"5b10","key":"","name":""}"#);
        let old = user(r#"{"key":"JIRAUSER10100","name":"mia"}"#);
        let names = [(Dialect::Cloud, mia, "5b10"), (Dialect::DataCenter, old, "JIRAUSER10100")];
        for (dialect, user, id) in names {
            assert_eq!(dialect.identity(&user).unwrap().as_str(), id);
        }
        assert_eq!(Dialect::DataCenter.identity(&user("{}")), None);
    }

    #[test]
    fn counted_pages_overlap_and_end() {
        let page = |start: u64, rows: usize, total: u64| {
            let page = json!({"startAt": start, "total": total, "issues": rows_of(rows)});
            let page = serde_json::from_value(page).unwrap();
            Dialect::DataCenter.follows(&page, Some(&Place::Row(start)), 0)
        };
        assert_eq!(page(0, 100, 250), Follows::Page(Place::Row(99)));
        assert_eq!(page(180, 70, 250), Follows::Nothing);
        assert_eq!(page(8_950, 100, 20_000), Follows::Page(Place::TooDeep));
        assert_eq!(page(180, 0, 250), Follows::Unreachable { missing: Some(70) });
        assert_eq!(page(180, 1, 250), Follows::Unreachable { missing: Some(69) }, "only the row that was there before");
    }

    #[test]
    fn an_absent_token_is_the_end_unless_the_answer_says_otherwise() {
        let page = |rest: serde_json::Value, shown: u64| {
            let mut page = json!({"issues": rows_of(3)});
            page.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            Dialect::Cloud.follows(&serde_json::from_value(page).unwrap(), None, shown)
        };
        let token = Follows::Page(Place::Token("t".to_owned()));
        assert_eq!(page(json!({}), 0), Follows::Nothing);
        assert_eq!(page(json!({"isLast": true, "total": 5}), 2), Follows::Nothing);
        assert_eq!(page(json!({"isLast": true, "nextPageToken": "t"}), 0), token, "isLast alone ends nothing");
        assert_eq!(page(json!({"isLast": false}), 0), Follows::Unreachable { missing: None });
        assert_eq!(page(json!({"isLast": false, "nextPageToken": ""}), 0), Follows::Unreachable { missing: None });
        assert_eq!(page(json!({"isLast": true, "total": 30}), 7), Follows::Unreachable { missing: Some(20) });
    }

    fn rows_of(count: usize) -> Vec<serde_json::Value> {
        (0..count).map(|n| json!({"id": n.to_string(), "key": "AB-1"})).collect()
    }
}
