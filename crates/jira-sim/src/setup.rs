//! What a simulated site is made of: its clock, its seed, its projects and its accounts.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;

use super::accounts::Account;
use super::fields::CustomField;
use super::flavour::Flavour;
use super::limits::Limits;
use super::permissions::Permissions;
use super::screen::{Screen, Screens};
use super::workflow::Workflow;

/// The site's clock. It is an input, so that a test can own time; it must run at the pace of tokio's clock, which the
/// site sleeps by.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Everything a [`Site`](super::Site) is told at its birth.
#[derive(Clone)]
pub struct Setup {
    /// The kind of Jira it is.
    pub flavour: Flavour,
    /// Where people find the site, without a trailing slash; `self` URLs begin with it.
    pub base_url: String,
    /// The site's permanent id (Atlassian's cloud id), whatever its address, as `/_edge/tenant_info` tells any client; that
    /// is missing if absent. Only Cloud has it.
    pub cloud_id: Option<String>,
    /// What time it is there.
    pub now: Now,
    /// All chance comes from it: faults, index lag and people have a stream each.
    pub seed: u64,
    /// All projects there will ever be.
    pub projects: Vec<Project>,
    /// All accounts that may log in; the people of [`People`](super::People) come on their own.
    pub accounts: Vec<Account>,
    /// How long after a write search learns of it; drawn for each write.
    pub index_lag: RangeInclusive<Duration>,
    /// How long a request takes; drawn for each request.
    pub latency: RangeInclusive<Duration>,
    /// The most rows that one search page carries, whatever the client asks for.
    pub page_cap: usize,
    /// The chance (0 to 1) that an issue vanishes from search for a moment while it is indexed anew.
    pub flicker: f64,
    /// The last place that a search by offset can reach, of Data Center only: beyond it the server breaks down.
    pub offset_limit: usize,
    /// Whether the dates of queries may not be epoch milliseconds, as on some older servers.
    pub refuses_epoch_dates: bool,
    /// The longest description or comment, in characters; 0 for no limit, which only Data Center's administrators can
    /// choose.
    pub text_limit: usize,
    /// Whether a search with a bad token is answered with an empty page instead of a 401. On Cloud then whatever a
    /// stranger may ask is answered as to a stranger, and an issue or a project is not shown (404), as was seen there.
    pub silent_auth_failure: bool,
    /// Whether `changelog/bulkfetch` writes times as epoch milliseconds. Atlassian's schema says text, its example shows
    /// numbers.
    pub numeric_changelog_dates: bool,
    /// What accounts may not do; can be changed later by [`Site::set_permissions`](super::Site::set_permissions).
    pub permissions: Permissions,
    /// All custom fields there will ever be.
    pub custom_fields: Vec<CustomField>,
    /// Names of the versions of each project, by its key. Versions of one name in two projects are two versions with ids
    /// of their own.
    pub versions: BTreeMap<String, Vec<String>>,
    /// By project key; projects that are not named here have the usual [`Screens`].
    pub screens: BTreeMap<String, Screens>,
    /// What statuses are called in the site's own language, by id: changelogs name them so. Everything else names them in
    /// the language of the account that asks, which is the one that workflows are written in here.
    pub status_names_of_site: BTreeMap<String, String>,
    /// Create screens of single issue types, by project key and name of the type; the others of a project have its usual
    /// one.
    pub type_screens: BTreeMap<(String, String), Screen>,
    /// Keys of team-managed projects, which Cloud alone has: their issue types are their own, with ids of their own, though
    /// others may have the same names.
    pub team_managed: Vec<String>,
    /// Names of those issue types whose issues are sub-tasks.
    pub subtask_types: Vec<String>,
    /// Whether `expand=transitions.fields` leaves out what a screen requires, as real sites do where the requirement is
    /// made by a validator.
    pub under_reported_fields: bool,
    /// Whether a transition must be sent what its screen requires even where the issue has it already.
    pub transitions_want_values_again: bool,
    /// Whether a transition whose screen has the resolution refuses to empty it.
    pub resolutions_cannot_be_emptied: bool,
    /// For so long after a transition of an issue the next is refused with 409.
    pub transition_rest: Duration,
    /// The limits that Jira publishes; none are enforced if absent.
    pub limits: Option<Limits>,
    /// Whether a write of remote links alone makes an issue `updated`; how Jira behaves is not documented.
    pub remote_links_bump_updated: bool,
    /// Where downloads are redirected to on Cloud, without a trailing slash: a host of its own, that must not be shown
    /// any credentials.
    pub media_url: String,
    /// How long such an address may be used.
    pub media_url_lifetime: Duration,
    /// The most bytes that an attached file may have, and the most that the site holds of a file while it comes in.
    pub upload_limit: u64,
    /// The most bytes of attached files that the site keeps at all. Jira's own limit depends on the plan; how Jira
    /// refuses what exceeds it is not documented, so that is done as with a file that is too big.
    pub storage_limit: u64,
    /// How a bigger file is refused: 413, as it really is, or 404, as Data Center's document has it.
    pub oversized_upload: StatusCode,
    /// Whether Data Center redirects a download with a bearer token to its login page, as versions
    /// before 8.15 or so were seen to do.
    pub downloads_need_password: bool,
    /// How far the `Date` of answers, which a proxy before the site stamps, is ahead of the site's own clock; behind it
    /// if negative.
    pub date_ahead: TimeDelta,
    /// Whether a DELETE without a `Content-Type` is refused with 415, as some gateways do.
    pub delete_needs_content_type: bool,
}

impl Setup {
    /// A site without projects and accounts, that answers at once and indexes within seconds.
    pub fn new(now: Now, seed: u64) -> Self {
        Self {
            flavour: Flavour::Cloud,
            base_url: "https://jira.example.net".into(),
            cloud_id: Some("35273b54-3f06-40d2-880f-dd28cf8daafa".into()),
            now,
            seed,
            projects: Vec::new(),
            accounts: Vec::new(),
            index_lag: Duration::from_millis(200)..=Duration::from_secs(5),
            latency: Duration::ZERO..=Duration::ZERO,
            // Far below Cloud's 5000, so that paging is exercised by small stories too.
            page_cap: 100,
            flicker: 0.0,
            offset_limit: 10_000,
            refuses_epoch_dates: false,
            text_limit: 32_767,
            silent_auth_failure: true,
            numeric_changelog_dates: false,
            permissions: Permissions::all(),
            custom_fields: Vec::new(),
            versions: BTreeMap::new(),
            screens: BTreeMap::new(),
            status_names_of_site: BTreeMap::new(),
            type_screens: BTreeMap::new(),
            team_managed: Vec::new(),
            subtask_types: Vec::new(),
            under_reported_fields: false,
            transitions_want_values_again: false,
            resolutions_cannot_be_emptied: false,
            transition_rest: Duration::ZERO,
            limits: None,
            remote_links_bump_updated: true,
            media_url: "https://media.example.net".into(),
            media_url_lifetime: Duration::from_secs(600),
            upload_limit: 10 << 20,
            storage_limit: 1 << 30,
            oversized_upload: StatusCode::PAYLOAD_TOO_LARGE,
            downloads_need_password: false,
            date_ahead: TimeDelta::zero(),
            delete_needs_content_type: false,
        }
    }
}

/// A project: its issues are numbered `KEY-1`, `KEY-2`, … and all follow one workflow.
#[derive(Clone, Debug)]
pub struct Project {
    /// May contain a hyphen (`USER-A`, whose issues are `USER-A-1`, …).
    pub key: String,
    /// What people call it.
    pub name: String,
    /// The statuses of its issues.
    pub workflow: Workflow,
    /// Names of the issue types, such as `Bug`.
    pub issue_types: Vec<String>,
}
