//! Statuses are known by their ids: changelogs in another language, renamed statuses, several of one name.

use jira_sim::{Action, Setup};
use testing::house::{FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock};

const FILE: &str = "sync-ab.json";

/// Lives a story on both kinds of Jira.
fn on_both(change: impl Fn(&mut Setup), story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let house = House::quiet_with(13, |jira| {
                jira.flavour = flavour;
                change(jira);
            });
            story(house).await;
        });
    }
}

/// Ids of the statuses that the customers' workflow calls so.
fn id(house: &House, name: &str) -> String {
    let project = house.site.projects().into_iter().find(|project| project.key == "USER-A").unwrap();
    project.workflow.status_named(name).unwrap().id.clone()
}

fn reports(house: &House, summary: &str) -> String {
    let (project, summary, text) = ("USER-A".to_owned(), summary.to_owned(), String::new());
    house.act("customer-ines", Action::Create { project, summary, text })
}

fn moves(house: &House, issue: &str, status: &str) {
    house.act("customer-ines", Action::Move { issue: issue.to_owned(), status: status.to_owned() });
}

fn status(house: &House, issue: &str) -> String {
    house.site.issue(issue).unwrap().status
}

fn dev_issues(house: &House) -> Vec<String> {
    house.site.issues("DEV-A").into_iter().map(|issue| issue.summary).collect()
}

/// All of them in French, as a site's own language can be.
fn french(jira: &mut Setup) {
    let statuses = jira.projects.iter().flat_map(|project| &project.workflow.statuses);
    jira.status_names_of_site = statuses.map(|status| (status.id.clone(), format!("« {} »", status.id))).collect();
}

#[test]
fn a_report_that_passed_through_the_accepting_status_counts_in_any_language() {
    on_both(french, async |mut house| {
        house.live_for(12 * MINUTE).await;
        let ticket = reports(&house, "passed through");
        moves(&house, &ticket, "Will Do");
        moves(&house, &ticket, "In Progress");
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_issues(&house), ["passed through"], "{}", house.about(&ticket));
        moves(&house, "DEV-A-1", "Closed");
        house.live_for(12 * MINUTE).await;
        assert_eq!(status(&house, &ticket), "Resolved");
    });
}

#[test]
fn a_status_that_was_renamed_is_shown_with_its_new_name_until_the_file_has_it() {
    on_both(
        |_| {},
        async |mut house| {
            let ticket = reports(&house, "before");
            moves(&house, &ticket, "Will Do");
            house.live_for(12 * MINUTE).await;
            house.site.rename_status(&id(&house, "Will Do"), "Accepted");
            house.live_for(12 * MINUTE).await;
            let said =
                "the rule user-will-do names the status Will Do, which USER-A does not have: it is called Accepted now";
            assert_eq!(house.events.about(said).lines().count(), 1, "{}", house.events.about("names the status"));
            let text = house.flow_text(FILE).replace("\"Will Do\"", "\"Accepted\"");
            house.write_flow(FILE, &text);
            let later = reports(&house, "after");
            moves(&house, &later, "Accepted");
            moves(&house, &later, "In Progress");
            house.live_for(12 * MINUTE).await;
            assert_eq!(dev_issues(&house), ["before", "after"], "{}", house.about(&later));
            assert_eq!(house.events.about("names the status").lines().count(), 1, "it is shown no more");
        },
    );
}

#[test]
fn a_status_that_is_renamed_while_the_flow_runs_is_shown_once_an_issue_tells() {
    on_both(
        |_| {},
        async |mut house| {
            let (ticket, other) = (reports(&house, "first"), reports(&house, "second"));
            moves(&house, &ticket, "Will Do");
            let (site, clock, id) = (house.site.clone(), house.clock.clone(), id(&house, "Will Do"));
            let beside = async |_| {
                clock.sleep(HOUR).await;
                site.rename_status(&id, "Accepted");
                let issue = other.clone();
                site.act("customer-ines", Action::Move { issue, status: "Accepted".to_owned() }).unwrap();
            };
            house.live_beside(testing::house::End::At(2 * HOUR), beside).await;
            let said = "which USER-A does not have: it is called Accepted now";
            assert_eq!(house.events.about(said).lines().count(), 1, "{}", house.events.about("names the status"));
        },
    );
}

#[test]
fn a_status_that_no_project_ever_had_is_shown_without_a_new_name() {
    on_both(
        |_| {},
        async |mut house| {
            let text = house.flow_text(FILE).replace("\"Will Do\"", "\"Shall Do\"");
            house.write_flow(FILE, &text);
            house.live_for(12 * MINUTE).await;
            let said = "the rule user-will-do names the status Shall Do, which USER-A does not have: the rule does nothing there";
            assert_eq!(house.events.about(said).lines().count(), 1, "{}", house.events.about("Shall Do"));
        },
    );
}

#[test]
fn a_rule_means_every_status_of_its_name() {
    on_both(french, async |mut house| {
        // As in projects whose teams make statuses of their own.
        house.site.rename_status(&id(&house, "Declined"), "Will Do");
        let ids: Vec<_> = ["first", "second"].map(|summary| reports(&house, summary)).into();
        moves(&house, &ids[0], "Will Do");
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_issues(&house), ["first"]);
        house.site.rename_status(&id(&house, "Will Do"), "Agreed");
        moves(&house, &ids[1], "Will Do");
        moves(&house, &ids[1], "In Progress");
        house.live_for(12 * MINUTE).await;
        assert_eq!(dev_issues(&house), ["first", "second"], "{}", house.about(&ids[1]));
    });
}
