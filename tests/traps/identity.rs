//! Who we are to Jira, and what it therefore shows us.

use jira_sim::{Action, Flavour};
use lockstep::flow::ProjectKey;
use lockstep::jira::{By, Error, Fault};

use testing::desk::{ANN, Desk};
use testing::story::{DEV_PROJECT, InJira as _, USER_PROJECT};

/// A lapsed credential can be answered with 200 and nothing in it: that is a refusal, whatever was asked.
pub async fn a_bad_token_is_no_empty_jira(flavour: Flavour) {
    for silent in [true, false] {
        let mut desk = Desk::built(flavour, |setup| setup.silent_auth_failure = silent);
        let issue = desk.report(USER_PROJECT, "something");
        let client = desk.client().await;
        // A proxy in between may drop the header that marks an answer as given without an account.
        desk.plot.strips = Some("x-seraph-loginreason");
        let behind_a_proxy = desk.client().await;
        assert_eq!(desk.walk(&client, By::Updated).await.unwrap(), std::slice::from_ref(&issue));

        desk.let_the_token_lapse();
        assert_refused(desk.walk(&client, By::Updated).await);
        assert_refused(client.fetch(&[&issue]).await);
        assert_refused(client.assert_identity().await);
        assert_refused(desk.connect().await.map(|_| ()));

        // Then asking who we are tells, and a read that shows nothing at all asks.
        assert_refused(behind_a_proxy.assert_identity().await);
        assert_refused(behind_a_proxy.fetch(&[&issue]).await);
        assert_refused(desk.connect().await.map(|_| ()));
    }
}

/// 404 is also said of what is hidden, and a moved issue has another key but the same id.
pub async fn what_is_hidden_or_moved_is_not_taken_for_deleted(flavour: Flavour) {
    let desk = Desk::new(flavour);
    let client = desk.client().await;
    let (moved, hidden) = (desk.report(USER_PROJECT, "will move"), desk.report(USER_PROJECT, "will be hidden"));

    let old_key = desk.site.issue(moved.as_str()).unwrap().key;
    desk.moves_to_project(ANN, &old_key, DEV_PROJECT);
    let read = client.fetch_one(&moved).await.unwrap().expect("its id is what it was");
    assert_eq!(read.at.key.project(), DEV_PROJECT);
    assert_ne!(read.at.key.to_string(), old_key);

    desk.act(ANN, Action::Restrict { issue: hidden.to_string(), viewers: Some(vec![ANN.to_owned()]) });
    assert_eq!(client.fetch_one(&hidden).await.unwrap(), None);
    let error = client.standing(&hidden).await.unwrap_err();
    assert!(matches!(error.what, Fault::Missing(_)), "{error}");
    assert!(error.to_string().contains("not shown"), "deleted is not all that it may be: {error}");

    let secret: ProjectKey = "NOWHERE".parse().unwrap();
    assert_eq!(client.project_called(&secret).await.unwrap(), None);
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(end: Result<T, Error>) {
    let error = end.expect_err("an answer without an account is no answer");
    assert!(matches!(error.what, Fault::Refused(_)), "{error}");
}
