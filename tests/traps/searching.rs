//! What a search says, and what it leaves out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use jira_sim::{Action, Flavour};
use lockstep::flow::{IssueId, JiraTime};
use lockstep::jira::{By, Client, Fault, Scan};
use parking_lot::Mutex;
use serde_json::{Value, json};

use testing::desk::{ANN, Desk, user_project};
use testing::story::{InJira as _, USER_PROJECT};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Search learns of a write late, and may forget an issue for a moment; a read by id shows it at once.
pub async fn a_search_may_miss_what_a_read_shows(flavour: Flavour) {
    let desk = Desk::built(flavour, |setup| {
        setup.index_lag = 10 * SECOND..=10 * SECOND;
        setup.flicker = 1.0;
    });
    let client = desk.client().await;
    let issue = desk.report(USER_PROJECT, "new");
    assert_eq!(desk.walk(&client, By::Created).await.unwrap(), []);
    assert_eq!(client.fetch_one(&issue).await.unwrap().unwrap().summary, "new");

    desk.clock.sleep(20 * SECOND).await;
    assert_eq!(desk.walk(&client, By::Created).await.unwrap(), std::slice::from_ref(&issue));

    desk.act(ANN, Action::Rename { issue: issue.to_string(), summary: "newer".to_owned() });
    desk.clock.sleep(10 * SECOND).await;
    assert_eq!(desk.walk(&client, By::Created).await.unwrap(), [], "it vanishes while it is indexed anew");
    assert_eq!(client.fetch_one(&issue).await.unwrap().unwrap().summary, "newer");
}

/// On Cloud a search that asks for nothing gets ids only: rows must come with all that we need of them.
pub async fn rows_are_asked_for_with_their_fields(flavour: Flavour) {
    let desk = Desk::new(flavour);
    let client = desk.client().await;
    let issue = desk.report(USER_PROJECT, "new");
    let mark = json!({"devIssue": "77", "intent": "intent-1"});
    desk.marks(ANN, issue.as_str(), mark);

    let mut scan = Scan::new(vec![user_project()], By::Updated, None, &[]).with_marks();
    let row = scan.next(&client).await.unwrap().unwrap().rows.remove(0);
    let truth = desk.site.issue(issue.as_str()).unwrap();
    assert_eq!((row.at.id, row.at.key.to_string()), (issue, truth.key));
    assert_eq!(row.created, JiraTime::new(truth.created));
    assert_eq!(row.updated, JiraTime::new(truth.updated));
    assert_eq!(row.status.as_str(), "1");
    assert!(row.mark.is_some(), "evidence comes with the row");
}

/// Quoted dates are read in the account's zone and to the minute. Whatever the zone, the server's age and the privacy of
/// the account: nothing later than the instant is missing, and nothing is found that the server could leave out.
pub async fn an_instant_is_the_same_in_every_time_zone(flavour: Flavour) {
    for zone in [Tz::Asia__Ho_Chi_Minh, Tz::America__Los_Angeles, Tz::UTC] {
        for (knows_epoch, hides_zone) in [(true, false), (true, true), (false, false), (false, true)] {
            let desk = Desk::built(flavour, |setup| {
                setup.accounts[0].time_zone = zone;
                setup.accounts[0].hides_profile = hides_zone;
                setup.refuses_epoch_dates = !knows_epoch;
            });
            let client = desk.client().await;
            let long_ago = desk.report(USER_PROJECT, "long ago");
            desk.clock.sleep(40 * HOUR).await;
            let before = desk.report(USER_PROJECT, "an hour before");
            desk.clock.sleep(HOUR).await;
            let from = JiraTime::new(desk.clock.wall());
            let at = desk.report(USER_PROJECT, "at that instant");
            desk.clock.sleep(HOUR).await;
            let after = desk.report(USER_PROJECT, "an hour later");

            let found = walk_from(&client, from).await;
            let case = format!("{zone}, epoch {knows_epoch}, hidden {hides_zone}: {found:?}");
            assert!(found.is_superset(&[at, after].into()), "{case}");
            assert_eq!(found.contains(&before), !knows_epoch && hides_zone, "{case}");
            assert!(!found.contains(&long_ago), "{case}");
        }
    }
}

/// A cursor that moves past the last time seen loses what else happened at that very time.
pub async fn issues_of_one_instant_are_all_found_once(flavour: Flavour) {
    let desk = Desk::built(flavour, |setup| setup.page_cap = 2);
    let client = desk.client().await;
    let mut issues = Vec::new();
    for moment in 0..3 {
        issues.extend((0..7).map(|n| desk.report(USER_PROJECT, &format!("{n} of moment {moment}"))));
        desk.clock.sleep(Duration::from_millis(1)).await;
    }
    for by in [By::Created, By::Updated] {
        let found = desk.walk(&client, by).await.unwrap();
        assert_eq!(found, issues, "{by:?}");
    }
}

/// A page that is repeated, under the same token or ever new ones, or an end that never comes.
pub async fn pages_that_lead_nowhere_are_an_error_and_no_loop(flavour: Flavour) {
    for stale_token in [true, false] {
        let mut desk = Desk::built(flavour, |setup| setup.page_cap = 2);
        (0..2).for_each(|n| drop(desk.report(USER_PROJECT, &n.to_string())));
        let mut count = 0;
        desk.plot.forgets_pages = true;
        desk.plot.twist = Some(Arc::new(Mutex::new(move |path: &str, answer: &mut Value| {
            if path.contains("/search") {
                count += 1;
                answer["isLast"] = json!(false);
                answer["total"] = json!(9999);
                answer["nextPageToken"] =
                    json!(if stale_token { "stale".to_owned() } else { format!("token {count}") });
            }
        })));
        let client = desk.client().await;
        match desk.walk(&client, By::Created).await {
            Err(error) => assert!(matches!(error.what, Fault::NotJira(_)), "{error}"),
            // Counted pages are left for keys where they lead nowhere, and these have an end.
            Ok(found) => assert!(flavour == Flavour::DataCenter && found.len() == 2, "{found:?}"),
        }
        assert!(desk.site.requests().len() < 30, "it was noticed soon: {}", desk.site.requests().len());
    }
}

async fn walk_from(client: &Client, from: JiraTime) -> BTreeSet<IssueId> {
    let mut scan = Scan::new(vec![user_project()], By::Updated, Some(from), &[]);
    let mut found = BTreeSet::new();
    while let Some(page) = scan.next(client).await.unwrap() {
        found.extend(page.rows.into_iter().map(|row| row.at.id));
    }
    found
}
