//! Statuses are known by their ids: changelogs in another language, renamed statuses, several of one name.

use jira_sim::Setup;
use testing::house::{FLAVOURS, HOUR, House, on_a_paused_clock};
use testing::story::{CUSTOMER, InJira as _, USER_PROJECT};

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
    let project = house.site.projects().into_iter().find(|project| project.key == USER_PROJECT).unwrap();
    project.workflow.status_named(name).unwrap().id.clone()
}

/// All of them in French, as a site's own language can be.
fn french(jira: &mut Setup) {
    let statuses = jira.projects.iter().flat_map(|project| &project.workflow.statuses);
    jira.status_names_of_site = statuses.map(|status| (status.id.clone(), format!("« {} »", status.id))).collect();
}

#[test]
fn passing_through_the_accepting_status_counts_in_any_language() {
    on_both(french, async |mut house| {
        house.cycles(2).await;
        let ticket = house.accepts(CUSTOMER, "passed through", "");
        house.moves(CUSTOMER, &ticket, "In Progress");
        house.cycles(2).await;
        assert_eq!(house.dev_summaries(), ["passed through"], "{}", house.about(&ticket));
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.cycles(2).await;
        assert_eq!(house.status(&ticket), "Resolved");
    });
}

#[test]
fn a_renamed_status_is_shown_by_its_new_name_until_the_file_has_it() {
    on_both(
        |_| {},
        async |mut house| {
            house.accepts(CUSTOMER, "before", "");
            house.cycles(2).await;
            house.site.rename_status(&id(&house, "Will Do"), "Accepted");
            house.cycles(2).await;
            let said =
                "the rule user-will-do names the status Will Do, which USER-A does not have: it is called Accepted now";
            assert_eq!(house.events.about(said).lines().count(), 1, "{}", house.events.about("names the status"));
            house.flow_fixture().replace("\"Will Do\"", "\"Accepted\"").write();
            let later = house.reports("after", "");
            house.moves(CUSTOMER, &later, "Accepted");
            house.moves(CUSTOMER, &later, "In Progress");
            house.cycles(2).await;
            assert_eq!(house.dev_summaries(), ["before", "after"], "{}", house.about(&later));
            assert_eq!(house.events.about("names the status").lines().count(), 1, "it is shown no more");
        },
    );
}

#[test]
fn a_status_renamed_during_a_run_is_shown_once_an_issue_tells() {
    on_both(
        |_| {},
        async |mut house| {
            let (ticket, other) = (house.reports("first", ""), house.reports("second", ""));
            house.moves(CUSTOMER, &ticket, "Will Do");
            let (site, clock, id) = (house.site.clone(), house.clock.clone(), id(&house, "Will Do"));
            let beside = async |_| {
                clock.sleep(HOUR).await;
                site.rename_status(&id, "Accepted");
                site.moves(CUSTOMER, &other, "Accepted");
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
            house.flow_fixture().replace("\"Will Do\"", "\"Shall Do\"").write();
            house.cycles(2).await;
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
        let ids: Vec<_> = ["first", "second"].map(|summary| house.reports(summary, "")).into();
        house.moves(CUSTOMER, &ids[0], "Will Do");
        house.cycles(2).await;
        assert_eq!(house.dev_summaries(), ["first"]);
        house.site.rename_status(&id(&house, "Will Do"), "Agreed");
        house.moves(CUSTOMER, &ids[1], "Will Do");
        house.moves(CUSTOMER, &ids[1], "In Progress");
        house.cycles(2).await;
        assert_eq!(house.dev_summaries(), ["first", "second"], "{}", house.about(&ids[1]));
    });
}
