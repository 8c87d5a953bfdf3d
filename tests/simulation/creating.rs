//! What a dev project's types, create screens and limits ask of a create, and what a comment may be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jira_sim::{CustomField, Flavour, Screens, Setup, fields::FieldKind};

use super::crashes::company;
use serde_json::json;
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, FIRE, InJira as _, TRIAGER, USER_PROJECT};

const EPIC_NAME: &str = "customfield_10011";

/// One flow on a fine site of this kind that is changed before it is born.
fn house(flavour: Flavour, change: impl FnOnce(&mut Setup)) -> House {
    House::quiet_with(7, |jira| {
        jira.flavour = flavour;
        change(jira);
    })
}

/// How many creates of single issues and of several the site was asked for.
fn creates(house: &House) -> [u64; 2] {
    ["issue", "issue/bulk"].map(|resource| house.requests_to("POST", resource))
}

fn types(house: &House) -> Vec<String> {
    house.dev_issues().into_iter().map(|dev| dev.issue_type).collect()
}

/// How often something was told, by a part of its words.
fn told(house: &House, part: &str) -> usize {
    house.events.about(part).lines().count()
}

/// A crash in front of the first request whose place begins so, in the first life of a report's creation.
async fn crash_before(flavour: Flavour, request: &str) -> Arc<Crash> {
    let (mut house, all) = (company(flavour), Crash::never());
    house.accepts_ticket(CUSTOMER);
    house.live(End::Crash(Arc::clone(&all), cycles(2))).await;
    let place = all.passed().iter().position(|place| place.starts_with(&format!("Before Jira {request}")));
    Crash::at(1 + u64::try_from(place.unwrap()).unwrap())
}

/// A database of a time when flow files could have blank templates.
#[test]
fn a_stored_blank_comment_costs_neither_link_nor_mark() {
    for (flavour, blank) in FLAVOURS.into_iter().zip(["", " \\n\u{a0}"]) {
        let crash = on_a_paused_clock(crash_before(flavour, "PUT"));
        on_a_paused_clock(async {
            let mut house = company(flavour);
            let ticket = house.accepts_ticket(CUSTOMER);
            house.live(End::Crash(crash, cycles(2))).await;
            let database = house.data.database();
            let sql = "UPDATE intents SET document = replace(document, 'Dev issue: ${targetKey}', ?1)";
            assert_eq!(database.execute(sql, [blank]).unwrap(), 1);
            drop(database);
            house.live_for(HOUR).await;
            let issue = house.site.issue(&ticket).unwrap();
            assert!(issue.description.contains("Dev Link: "), "{flavour:?} {blank:?}: {}", house.about(&ticket));
            assert!(issue.properties.contains_key("lockstep"));
            assert_eq!((issue.comments.len(), house.events.audited("action.comment")), (0, 0));
        });
    }
}

/// Team-managed projects have types of their own, by the same names: a create by name is refused there forever.
#[test]
fn a_type_whose_name_others_have_too_is_sent_by_its_id() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, |jira| {
                if flavour == Flavour::Cloud {
                    jira.team_managed = vec![DEV_PROJECT.to_owned(), "DEV-C".to_owned()];
                }
            });
            house.accepts(TRIAGER, FIRE, "One.");
            house.live_for(10 * MINUTE).await;
            house.accepts(TRIAGER, FIRE, "Two.");
            house.accepts(TRIAGER, FIRE, "Three.");
            house.live_for(10 * MINUTE).await;
            assert_eq!(types(&house), ["Bug"; 3], "{flavour:?}: {}", house.events.about(USER_PROJECT));
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

/// An administrator may remove a type and make another of the same name.
#[test]
fn the_list_of_types_is_read_again_when_jira_refuses_one() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, |_| {});
            let lists = AtomicU32::new(0);
            house.twist(move |_, path, answer| {
                let is_list = path.split('?').next().is_some_and(|path| path.ends_with("/issuetypes"));
                if !is_list || lists.fetch_add(1, Ordering::Relaxed) > 0 {
                    return;
                }
                for name in ["issueTypes", "values"] {
                    for kind in answer[name].as_array_mut().into_iter().flatten() {
                        kind["id"] = format!("9{}", kind["id"].as_str().unwrap()).into();
                    }
                }
            });
            house.accepts(TRIAGER, FIRE, "One.");
            house.live_for(6 * MINUTE).await;
            assert_eq!((types(&house), creates(&house)), (vec!["Bug".to_owned()], [2, 0]), "{flavour:?}");
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

#[test]
fn a_mapped_type_goes_before_one_of_the_same_name() {
    for (flavour, map) in
        FLAVOURS.into_iter().zip([json!({"support REQUEST": "Task"}), json!({"Support request": "10002"})])
    {
        on_a_paused_clock(async {
            let mut house = house(flavour, |jira| {
                // Types are numbered by name: Bug, Support request, Task.
                jira.projects[1].issue_types.push("Support request".to_owned());
            });
            house.flow_fixture().with(json!({"issueTypeMap": map})).write();
            house.accepts(TRIAGER, FIRE, "One.");
            house.live_for(10 * MINUTE).await;
            assert_eq!(types(&house), ["Task"], "{flavour:?}");
            assert_eq!(house.events.audited("flow.degraded"), 0);
        });
    }
}

#[test]
fn a_type_name_that_jira_does_not_have_is_told_at_first_contact() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, |_| {});
            house.flow_fixture().with(json!({"issueTypeMap": {"Question": "Story"}})).write();
            house.live_for(6 * MINUTE).await;
            assert_eq!(house.events.audited("flow.degraded"), 1, "once, not once a cycle");
            let why = house.events.about("Flow degraded");
            for part in ["\"Question\"", "\"Story\"", "it has Bug, Task", "it has Support request, Bug"] {
                assert!(why.contains(part), "{part}: {why}");
            }
        });
    }
}

#[test]
fn a_project_without_any_of_the_types_fails_with_the_types_that_it_has() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, |_| {});
            house.flow_fixture().with(json!({"issueType": "Story"})).write();
            let ticket = house.accepts(TRIAGER, FIRE, "One.");
            house.live_for(MINUTE).await;
            let why = house.events.about(&format!("{ticket} failed"));
            for part in ["Support request", "Story", "it has Bug, Task", "issueTypeMap"] {
                assert!(why.contains(part), "{part}: {why}");
            }
            assert_eq!(creates(&house), [0, 0], "nothing is sent that can't be right");
            house.flow_fixture().replace("\"Story\"", "\"task\"").write();
            house.live_for(HOUR).await;
            assert_eq!(types(&house), ["Task"]);
        });
    }
}

/// The dev project's Epics must have an Epic Name; so must those of customers, who gave one.
fn demands_epic_names(jira: &mut Setup) {
    jira.custom_fields = vec![CustomField::new(10011, "Epic Name", FieldKind::Text)];
    jira.projects[0].issue_types = vec!["Epic".to_owned()];
    jira.projects[1].issue_types.push("Epic".to_owned());
    let screen = Screens::default().create.with(&[format!("{EPIC_NAME}!").as_str()]);
    jira.type_screens.insert((DEV_PROJECT.to_owned(), "Epic".to_owned()), screen);
}

#[test]
fn a_type_that_demands_what_can_not_be_given_becomes_the_default_type() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, demands_epic_names);
            house.accepts(TRIAGER, FIRE, "One.");
            house.live_for(6 * MINUTE).await;
            assert_eq!((types(&house), creates(&house)), (vec!["Bug".to_owned()], [2, 0]), "{flavour:?}");
            let told_once = "Jira does not create Epic for";
            assert_eq!(told(&house, told_once), 1, "{}", house.events.about("Epic"));
            assert!(house.events.about(told_once).contains("Epic Name is required"));
            for text in ["Two.", "Three.", "Four."] {
                house.accepts(TRIAGER, FIRE, text);
            }
            house.live_for(6 * MINUTE).await;
            assert_eq!((types(&house), told(&house, told_once)), (vec!["Bug".to_owned(); 4], 2), "once a life");
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

#[test]
fn several_of_a_type_that_demands_something_each_get_one_dev_issue() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, demands_epic_names);
            for text in ["One.", "Two.", "Three."] {
                house.accepts(TRIAGER, FIRE, text);
            }
            house.clock.sleep(MINUTE).await;
            house.live_for(6 * MINUTE).await;
            assert_eq!(types(&house), ["Bug"; 3], "{flavour:?}");
            assert_eq!(told(&house, "Jira does not create Epic for"), 1);
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

/// What a customer left empty is that issue's lack, not the type's: other types would hide it.
#[test]
fn a_refusal_for_a_field_that_can_be_given_is_no_reason_for_another_type() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, |jira| {
                jira.projects[0].issue_types = vec!["Task".to_owned()];
                let screen = Screens::default().create.with(&["labels!"]);
                jira.type_screens.insert((DEV_PROJECT.to_owned(), "Task".to_owned()), screen);
            });
            house.flow_fixture().with(json!({"fieldMap": {"labels": "labels"}})).write();
            let ticket = house.accepts(TRIAGER, FIRE, "One.");
            house.live_for(MINUTE).await;
            assert_eq!((house.dev_count(), house.events.audited("issue.failed")), (0, 1), "{flavour:?}");
            house.labels(TRIAGER, &ticket, &["hot"]);
            house.live_for(HOUR).await;
            assert_eq!((types(&house), told(&house, "Jira does not create")), (vec!["Task".to_owned()], 0));
        });
    }
}

/// Issues of the dev project are created without a description; it can be edited in later.
fn lacks_descriptions(jira: &mut Setup) {
    let usual = Screens::default();
    let create = usual.create.clone().without("description");
    jira.screens.insert(DEV_PROJECT.to_owned(), Screens { create, ..usual });
}

/// The one dev issue has its text as one comment, its link as a remote link, and the pair is whole.
fn assert_described(house: &House, ticket: &str, text: &str, after: &str) {
    let dev = &house.dev_issues()[..];
    let [dev] = dev else { panic!("{after}: {dev:#?}") };
    let said: Vec<_> = dev.comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!((said, dev.description.as_str()), (vec![text], ""), "{:?} {after}", house.flavour);
    let links: BTreeSet<_> = dev.remote_links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(links, [format!("https://jira.example.net/browse/{ticket}").as_str()].into(), "{after}");
    let user = house.site.issue(ticket).unwrap();
    assert_eq!(user.properties["lockstep"]["devIssue"], dev.id.as_str(), "{after}");
    assert!(user.description.contains("Dev Link: "), "{after}");
    assert_eq!(user.comments.len(), 1, "{after}");
}

#[test]
fn a_text_without_a_field_for_it_follows_as_a_comment() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, lacks_descriptions);
            let ticket = house.accepts(TRIAGER, FIRE, "It burns.");
            house.live_for(6 * MINUTE).await;
            assert_described(&house, &ticket, "It burns.", "at once");
            assert_eq!((creates(&house), house.events.audited("text.asComment")), ([2, 0], 1));
            house.live_for(6 * MINUTE).await;
            assert_described(&house, &ticket, "It burns.", "later");
            house.moves(DEVELOPER, "DEV-A-1", "Closed");
            house.live_for(10 * MINUTE).await;
            assert_eq!(house.status(&ticket), "Resolved", "the pair works");
        });
    }
}

#[test]
fn several_without_a_field_for_their_text_each_get_their_comment() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, lacks_descriptions);
            for text in ["One.", "Two.", ""] {
                house.accepts(TRIAGER, FIRE, text);
            }
            house.clock.sleep(MINUTE).await;
            house.live_for(6 * MINUTE).await;
            let mut said: Vec<Vec<String>> = house
                .dev_issues()
                .into_iter()
                .map(|dev| dev.comments.into_iter().map(|it| it.text).collect())
                .collect();
            said.sort();
            assert_eq!(said, [vec![], vec!["One.".to_owned()], vec!["Two.".to_owned()]], "{flavour:?}");
            assert_eq!(house.dev_issues().iter().filter(|dev| dev.remote_links.len() == 1).count(), 3);
            house.accepts(TRIAGER, FIRE, "Four.");
            let before = creates(&house)[0];
            house.live_for(6 * MINUTE).await;
            assert_eq!(house.dev_count(), 4);
            // Another life: it asks once more whether the screen is as it was.
            assert_eq!(creates(&house)[0], before + 2);
        });
    }
}

/// From the create on; what comes before is the same for every create.
#[test]
fn a_crash_around_a_text_as_comment_says_it_exactly_once() {
    for flavour in FLAVOURS {
        let begin = || house(flavour, lacks_descriptions);
        let gates = on_a_paused_clock(async {
            let (mut house, all) = (begin(), Crash::never());
            house.accepts(TRIAGER, FIRE, "It burns.");
            house.live(End::Crash(Arc::clone(&all), 4 * MINUTE)).await;
            all.passed()
        });
        let create = format!("Before Jira POST {}", house(flavour, |_| {}).api("issue"));
        let first = gates.iter().position(|gate| *gate == create).unwrap();
        let last = gates.iter().rposition(|gate| gate.contains("/comment")).unwrap();
        for (number, gate) in gates.iter().enumerate().take(last + 4).skip(first) {
            on_a_paused_clock(async {
                let mut house = begin();
                let ticket = house.accepts(TRIAGER, FIRE, "It burns.");
                house.live(End::Crash(Crash::at(number as u64 + 1), 4 * MINUTE)).await;
                house.live_for(25 * MINUTE).await;
                assert_described(&house, &ticket, "It burns.", gate);
            });
        }
    }
}

/// Only its mark tells to whom a dev issue without a description belongs.
#[test]
fn a_dev_issue_without_a_description_is_known_by_its_mark() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = house(flavour, lacks_descriptions);
            let ticket = house.accepts(TRIAGER, FIRE, "It burns.");
            house.live_for(6 * MINUTE).await;
            house.data.lose();
            house.live_for(30 * MINUTE).await;
            assert_described(&house, &ticket, "It burns.", "after the loss of the store");
            assert_eq!(house.events.audited("pair.adopted"), 1, "{}", house.events.about(USER_PROJECT));
        });
    }
}

/// The words in which sites refuse texts: the number is parted as the account's language has it.
fn limited(flavour: Flavour, shown: &'static str, limit: usize) -> House {
    let mut house = house(flavour, |jira| jira.text_limit = limit);
    house.twist(move |_, _, answer| {
        if let Some(errors) = answer.get_mut("errors").and_then(|errors| errors.as_object_mut()) {
            for said in errors.values_mut().filter(|said| said.as_str().is_some_and(|it| it.contains("too long"))) {
                *said = format!("Texte trop long : {shown} caractères au plus").into();
            }
        }
    });
    house
}

#[test]
fn a_text_above_the_sites_limit_is_cut_to_it_and_the_limit_is_kept() {
    for (flavour, shown) in FLAVOURS.into_iter().zip(["2\u{202f}000", "2.000"]) {
        on_a_paused_clock(async {
            let mut house = limited(flavour, shown, 2_000);
            let long = "The paper jams. ".repeat(300);
            let ticket = house.accepts(TRIAGER, FIRE, &long);
            house.live_for(6 * MINUTE).await;
            assert_eq!(creates(&house), [2, 0], "{flavour:?}: {}", house.events.about(&ticket));
            let dev = &house.dev_issues()[0];
            assert!(dev.description.contains("(shortened)"), "{}", dev.description);
            assert!(dev.description.ends_with(&format!("/browse/{ticket}")), "{}", dev.description);
            assert!((1_500..=2_000).contains(&dev.description.chars().count()));
            let user = house.site.issue(&ticket).unwrap();
            assert_eq!(user.description.trim(), long.trim(), "a customer's own text is never cut");
            assert_eq!((user.remote_links.len(), user.comments.len()), (1, 1));
            assert!(user.properties.contains_key("lockstep"));
        });
    }
}

#[test]
fn a_known_limit_costs_later_issues_no_refused_create() {
    on_a_paused_clock(async {
        let mut house = limited(Flavour::DataCenter, "2,000", 2_000);
        let long = "The paper jams. ".repeat(300);
        let site = Arc::clone(&house.site);
        house.accepts(TRIAGER, FIRE, &long);
        let clock = house.clock.clone();
        house
            .live_beside(End::At(20 * MINUTE), async move |_| {
                clock.sleep(8 * MINUTE).await;
                site.accepts(TRIAGER, "Again", &long);
            })
            .await;
        assert_eq!((house.dev_count(), creates(&house)), (2, [3, 0]));
    });
}

/// A comment is Lockstep's own text: it may be cut, and must not cost the link and the mark.
#[test]
fn a_comment_above_the_sites_limit_is_cut_to_it() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = limited(flavour, "1 000", 1_000);
            let template = format!("Dev issue: ${{targetKey}}. {}", "We look at it. ".repeat(100));
            house.flow_fixture().replace("Dev issue: ${targetKey}", &template).write();
            let ticket = house.accepts(TRIAGER, FIRE, "It burns.");
            house.live_for(6 * MINUTE).await;
            let user = house.site.issue(&ticket).unwrap();
            let said: Vec<_> = user.comments.iter().map(|comment| comment.text.as_str()).collect();
            let [said] = said[..] else { panic!("{flavour:?}: {said:?} {}", house.about(&ticket)) };
            assert!(said.starts_with("Dev issue: DEV-A-1.") && said.ends_with("(shortened)"), "{said}");
            assert!(user.description.contains("Dev Link: ") && user.properties.contains_key("lockstep"));
        });
    }
}
