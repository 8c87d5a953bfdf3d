//! Each verb of the client, on both kinds of Jira: what it says, and what it does on the site.

use std::time::Duration;

use jira_markup::MOST;
use jira_sim::fields::FieldKind;
use jira_sim::{
    Action, Category, CustomField, FileContent, Flavour, Permissions, Screen, Screens, Status, Transition, Visibility,
    Workflow,
};
use lockstep::flow::{IntentId, IssueId, IssueType, Mark, StatusName};
use lockstep::jira::{Client, Edit, Effect, Fault, FieldValue, Fields, NewIssue, Permission, RemoteLink, Sought};

use testing::desk::{ANN, Desk, dev_key, dev_project, on_a_paused_clock};
use testing::story::{DEV_PROJECT, InJira as _, USER_PROJECT};

/// Lives the story once on each kind of Jira.
fn on_both(story: impl AsyncFn(Desk)) {
    on_both_built(furnish, story);
}

/// Lives it on sites that are changed before they are born.
fn on_both_built(change: impl Fn(&mut jira_sim::Setup), story: impl AsyncFn(Desk)) {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        println!("{flavour:?}");
        on_a_paused_clock(async { story(Desk::built(flavour, &change)).await });
    }
}

/// Who finishes an issue of the development project must say how.
fn with_a_screen(setup: &mut jira_sim::Setup) {
    let statuses = [Status::new("1", "Open", Category::New), Status::new("10100", "Fixed", Category::Done)];
    let fix = Transition::to("Fix", "Fixed").from(&["Open"]).screen(Screen::of(&["resolution!"]));
    setup.projects[1].workflow = Workflow::new(statuses).with(fix);
}

/// A team's field on all screens, and colleagues of the bot's who can be spoken to among themselves.
fn furnish(setup: &mut jira_sim::Setup) {
    setup.custom_fields = vec![CustomField::new(10010, "Team", FieldKind::Text)];
    setup.screens =
        [USER_PROJECT, DEV_PROJECT].map(|project| (project.to_owned(), Screens::default().with(&[TEAM]))).into();
    setup.upload_limit = 1 << 20;
    for account in &mut setup.accounts {
        account.roles = vec!["Developers".to_owned()];
    }
}

const TEAM: &str = "customfield_10010";

#[test]
fn an_issue_is_created_with_text_link_mark_and_fields_and_read_back() {
    on_both(async |desk| {
        let client = desk.client().await;
        let user = desk.report(USER_PROJECT, "original");
        desk.describes(ANN, user.as_str(), "It *hurts*\nwhen {clicked}");
        let original = client.fetch_one(&user).await.unwrap().unwrap();

        let text = original.description.as_ref().map(|text| client.carried(text));
        let mark = mark(&client, &user, "intent-1");
        let fields = Fields::from([(TEAM.to_owned(), FieldValue::text("red"))]);
        let new = NewIssue {
            description: text.as_ref(),
            link: Some("https://jira.example.net/browse/USER-A-1".to_owned()),
            fields: fields.clone(),
            ..new_issue("copied", mark.clone())
        };
        let made = client.create(&new).await.unwrap();
        let truth = desk.site.issue(made.id.as_str()).unwrap();
        assert!(truth.description.starts_with("It *hurts*\nwhen {clicked}\n"), "{}", truth.description);
        assert!(truth.description.ends_with("User Link: https://jira.example.net/browse/USER-A-1"), "{truth:?}");
        let read = client.fetch_one(&made.id).await.unwrap().unwrap();
        assert_eq!((read.summary.as_str(), read.issue_type.name.as_str(), read.mark), ("copied", "Task", Some(mark)));
        assert_eq!(client.fields_of(&made.id, &[TEAM]).await.unwrap(), Some(fields));
    });
}

#[test]
fn of_many_creates_each_has_its_own_end() {
    on_both(async |desk| {
        let client = desk.client().await;
        let user = desk.report(USER_PROJECT, "original");
        let [one, two, three] = ["intent-1", "intent-2", "intent-3"].map(|intent| mark(&client, &user, intent));
        let epos = IssueType { id: "99999".to_owned(), name: "Epos".to_owned() };
        let all = [
            new_issue("first", one.clone()),
            NewIssue { issue_type: &epos, ..new_issue("second", two) },
            new_issue("third", three.clone()),
        ];
        let ends = client.create_all(&all).await;
        let error = ends[1].as_ref().unwrap_err();
        assert!(matches!(&error.what, Fault::Invalid(_)) && error.effect() == Effect::Never, "{error}");
        for (place, summary, mark) in [(0, "first", one), (2, "third", three)] {
            let made = ends[place].as_ref().unwrap();
            assert_eq!(desk.site.issue(made.id.as_str()).unwrap().summary, summary);
            assert_eq!(client.mark_of(&made.id).await.unwrap(), Some(mark));
        }
        assert_eq!(desk.dev_count(), 2);
    });
}

#[test]
fn more_creates_than_one_request_takes_go_in_several() {
    on_both(async |desk| {
        let client = desk.client().await;
        let user = desk.report(USER_PROJECT, "original");
        let intents: Vec<String> = (0..120).map(|n| format!("intent-{n}")).collect();
        let all: Vec<_> = intents.iter().map(|intent| new_issue(intent, mark(&client, &user, intent))).collect();
        let made: Vec<_> = client.create_all(&all).await.into_iter().map(Result::unwrap).collect();
        for (intent, made) in intents.iter().zip(&made) {
            assert_eq!(desk.site.issue(made.id.as_str()).unwrap().summary, *intent);
        }
        assert_eq!(desk.site.requests().iter().filter(|line| line.path.ends_with("/issue/bulk")).count(), 3);
    });
}

#[test]
fn one_edit_sets_mark_link_comment_and_fields_and_keeps_the_text() {
    on_both(async |desk| {
        let client = desk.client().await;
        let user = desk.report(USER_PROJECT, "original");
        desk.describes(ANN, user.as_str(), "my own words");
        let read = client.fetch_one(&user).await.unwrap().unwrap();
        let linked = Mark::Linked { dev_issue: "77".parse().unwrap(), intent: intent("intent-1") };
        let edit = Edit {
            mark: Some(linked.clone()),
            link: Some("https://jira.example.net/browse/DEV-A-1".to_owned()),
            description: read.description.as_ref(),
            comment: Some("Dev issue: DEV-A-1".to_owned()),
            fields: Fields::from([(TEAM.to_owned(), FieldValue::text("blue"))]),
        };
        client.edit(&user, &edit).await.unwrap();
        let truth = desk.site.issue(user.as_str()).unwrap();
        assert_eq!(truth.description, "my own words\nDev Link: https://jira.example.net/browse/DEV-A-1");
        assert_eq!(truth.comments.len(), 1);
        assert_eq!(truth.comments[0].text, "Dev issue: DEV-A-1");
        assert_eq!(client.mark_of(&user).await.unwrap(), Some(linked));

        client.remove_mark(&user).await.unwrap();
        assert_eq!(client.mark_of(&user).await.unwrap(), None);
    });
}

#[test]
fn only_our_own_comments_are_recognised() {
    on_both(async |desk| {
        let client = desk.client().await;
        let user = desk.report(USER_PROJECT, "original");
        let since = client.jira_now();
        desk.comments(ANN, user.as_str(), "Fixed in DEV-A-1");
        let (ours, others) = (intent("intent-1"), intent("intent-2"));
        let said = client.plain("Fixed in DEV-A-1");
        let sought = |intent| Sought { intent, body: &said, since };
        assert!(!client.has_comment_of(&user, &sought(&ours)).await.unwrap(), "Ann said the same");

        client.comment(&user, &said, &ours).await.unwrap();
        assert!(client.has_comment_of(&user, &sought(&ours)).await.unwrap());
        if desk.flavour == Flavour::Cloud {
            assert!(!client.has_comment_of(&user, &sought(&others)).await.unwrap(), "another intent's");
        }
        let later = Sought { since: since.later(Duration::from_secs(3600)), ..sought(&ours) };
        assert!(!client.has_comment_of(&user, &later).await.unwrap(), "what is older than the intent is not its");
    });
}

#[test]
fn restricted_comments_are_told_apart_and_all_of_hundreds_are_read() {
    on_both(async |desk| {
        let client = desk.client().await;
        let user = desk.report(USER_PROJECT, "original");
        let since = client.jira_now();
        for n in 0..230 {
            desk.comments(ANN, user.as_str(), &format!("number {n}"));
        }
        let visibility = Visibility::Role("Developers".to_owned());
        desk.act(ANN, Action::CommentFor { issue: user.to_string(), text: "among us".to_owned(), visibility });
        let read = client.comments(&user, since).await.unwrap();
        assert_eq!(read.iter().filter(|comment| !comment.restricted).count(), 230);
        // The bot is a developer on this desk, Ann is one too.
        assert_eq!(read.iter().filter(|comment| comment.restricted).count(), 1);
    });
}

#[test]
fn links_and_pages_are_set_once_however_often_they_are_asked_for() {
    on_both(async |desk| {
        let client = desk.client().await;
        let (user, dev) = (desk.report(USER_PROJECT, "one"), desk.report(DEV_PROJECT, "two"));
        let page = |title: &str| RemoteLink {
            global_id: "lockstep-1".to_owned(),
            url: "https://jira.example.net/browse/DEV-A-1".to_owned(),
            title: title.to_owned(),
        };
        for title in ["old", "new"] {
            client.link("Relates", &user, &dev).await.unwrap();
            client.set_remote_link(&user, &page(title)).await.unwrap();
        }
        let links = client.links(&user).await.unwrap().unwrap();
        assert_eq!(
            links.iter().map(|link| (link.kind.as_str(), &link.other.id)).collect::<Vec<_>>(),
            [("Relates", &dev)]
        );
        assert_eq!(client.remote_links(&user).await.unwrap(), [page("new")]);
    });
}

#[test]
fn a_project_tells_its_types_fields_statuses_and_what_we_may() {
    on_both(async |desk| {
        let client = desk.client().await;
        let types = client.issue_types(&dev_project()).await.unwrap();
        assert_eq!(types.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(), ["Bug", "Task"]);
        let fields = client.create_fields(&dev_project(), &types[0]).await.unwrap();
        assert!(fields.iter().any(|field| field.id == TEAM && !field.must_be_set), "{fields:?}");
        assert!(fields.iter().any(|field| field.id == "summary" && field.must_be_set), "{fields:?}");
        let statuses = client.statuses(&dev_project()).await.unwrap();
        assert!(statuses.iter().any(|status| status.name.as_str() == "In Review"), "{statuses:?}");

        let needed = [Permission::CreateIssues, Permission::AddComments];
        assert_eq!(client.lacking(&dev_key(), &needed).await.unwrap(), []);
        desk.site.set_permissions(Permissions::all().deny(
            "account-bot",
            DEV_PROJECT,
            &[jira_sim::Permission::AddComments],
        ));
        assert_eq!(client.lacking(&dev_key(), &needed).await.unwrap(), [Permission::AddComments]);
    });
}

#[test]
fn an_issue_is_moved_with_what_the_screen_of_the_transition_asks_for() {
    on_both_built(with_a_screen, async |desk| {
        let client = desk.client().await;
        let dev = desk.report(DEV_PROJECT, "one");
        let fixed = StatusName::new("Fixed");
        let standing = client.standing(&dev).await.unwrap();
        let offer = standing.offers_to(&fixed)[0];
        assert_eq!((standing.status.name.as_str(), offer.is_done), ("Open", true));
        let screen = client.screen(&dev, offer).await.unwrap();
        assert!(screen.iter().any(|field| field.id == "resolution" && field.must_be_set), "{screen:?}");

        let error = client.transition(&dev, offer, &Fields::new()).await.unwrap_err();
        assert!(matches!(error.what, Fault::Invalid(_)), "{error}");
        let resolution = Fields::from([("resolution".to_owned(), FieldValue::named("Done"))]);
        client.transition(&dev, offer, &resolution).await.unwrap();
        assert_eq!(client.standing(&dev).await.unwrap().status.name, fixed);
        let again = client.transition(&dev, offer, &resolution).await.unwrap_err();
        assert_eq!(again.effect(), Effect::Never, "the offer no longer holds: {again}");
    });
}

#[test]
fn many_issues_are_fetched_at_once_and_one_is_marked_twice() {
    on_both(async |desk| {
        let client = desk.client().await;
        let project = client.project_called(&dev_key()).await.unwrap().unwrap();
        assert_eq!((&project.id, &project.key), (&dev_project(), &dev_key()));
        assert_eq!(client.project_of(&project.id).await.unwrap(), Some(project));
        assert_eq!(client.project_called(&"NOPE".parse().unwrap()).await.unwrap(), None);
        let ids = ["one", "two", "three"].map(|summary| desk.report(USER_PROJECT, summary));
        let gone = "424242".parse().unwrap();
        let asked: Vec<&IssueId> = ids.iter().chain([&gone]).collect();
        let mut read: Vec<_> =
            client.fetch(&asked).await.unwrap().issues.into_iter().map(|issue| issue.summary).collect();
        read.sort();
        assert_eq!(read, ["one", "three", "two"]);
        for name in ["intent-1", "intent-2"] {
            let mark = mark(&client, &ids[0], name);
            client.set_mark(&ids[0], &mark).await.unwrap();
            assert_eq!(client.mark_of(&ids[0]).await.unwrap(), Some(mark));
        }
    });
}

#[test]
fn a_long_history_is_read_to_its_beginning() {
    on_both(async |desk| {
        let client = desk.client().await;
        let user = desk.report(USER_PROJECT, "original");
        for round in 0..60 {
            let status = ["In Progress", "Resolved"][round % 2];
            desk.moves(ANN, user.as_str(), status);
            desk.clock.sleep(Duration::from_secs(60)).await;
        }
        let read = client.fetch_one(&user).await.unwrap().unwrap();
        assert_eq!(read.changes.len(), 60);
        assert_eq!(read.first_status().as_str(), "1");
        assert!(read.changes.is_sorted_by_key(|change| change.at));
    });
}

#[test]
fn a_file_goes_from_issue_to_issue_and_no_stranger_sees_our_credentials() {
    on_both(async |desk| {
        let client = desk.client().await;
        let (user, dev) = (desk.report(USER_PROJECT, "one"), desk.report(DEV_PROJECT, "two"));
        let content = FileContent::Made { size: 700_000, seed: 3 };
        desk.attaches(ANN, user.as_str(), "a \"b\" ü.png", content);
        let attachment = client.attachments(&user).await.unwrap().unwrap().remove(0);
        let copied = client.copy_attachment(&client, &attachment, &dev).await.unwrap();

        let (from, to) = (desk.site.issue(user.as_str()).unwrap(), desk.site.issue(dev.as_str()).unwrap());
        let told = |issue: &jira_sim::IssueView| {
            let file = issue.attachments[0].clone();
            (file.filename, file.size, file.sha256, file.mime)
        };
        assert_eq!(told(&from), told(&to));
        assert_eq!(copied.as_str(), to.attachments[0].id);
        assert_eq!(desk.site.leaks(), 0);
    });
}

#[test]
fn a_file_that_is_too_large_is_refused_and_leaves_nothing() {
    on_both(async |desk| {
        let client = desk.client().await;
        let (user, dev) = (desk.report(USER_PROJECT, "one"), desk.report(DEV_PROJECT, "two"));
        let content = FileContent::Made { size: 1 << 20, seed: 3 };
        desk.attaches(ANN, user.as_str(), "big.bin", content);
        let attachment = client.attachments(&user).await.unwrap().unwrap().remove(0);
        desk.site.set_upload_limit((1 << 20) - 1);
        let error = client.copy_attachment(&client, &attachment, &dev).await.unwrap_err();
        assert!(matches!(error.what, Fault::TooLarge(_)), "{error}");
        assert_eq!(error.effect(), Effect::Never);
        assert!(desk.site.issue(dev.as_str()).unwrap().attachments.is_empty());
        assert_eq!(client.attachment_limits().await.unwrap().upload_limit, Some((1 << 20) - 1));
    });
}

fn new_issue<'a>(summary: &'a str, mark: Mark) -> NewIssue<'a> {
    // Lives as long as the tests do.
    let project = Box::leak(Box::new(dev_project()));
    let task = Box::leak(Box::new(IssueType { id: "10001".to_owned(), name: "Task".to_owned() }));
    let (room, fields) = (MOST, Fields::new());
    NewIssue { project, summary, description: None, issue_type: task, link: None, room, mark, fields }
}

fn mark(client: &Client, user: &IssueId, name: &str) -> Mark {
    Mark::Created { site: client.site().own().clone(), user_issue: user.clone(), intent: intent(name) }
}

fn intent(name: &str) -> IntentId {
    name.parse().unwrap()
}
