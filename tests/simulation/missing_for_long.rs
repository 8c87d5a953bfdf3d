//! Dev issues that could not be read at takeover, in stories of many hours or many lives.

use std::sync::Arc;

use chrono::TimeDelta;
use jira_sim::{Flavour, Rows};
use lockstep::supervisor::Handle;

use super::missing_at_takeover::Story;
use testing::house::{Crash, End, HOUR, MINUTE, on_a_paused_clock};
use testing::story::InJira as _;

#[test]
fn an_issue_hidden_past_all_retries_is_found_by_the_patrol() {
    on_a_paused_clock(async {
        let mut story = Story::new(Flavour::Cloud);
        story.is_hidden();
        story.is_taken_over().await;
        story.lives_for(30 * HOUR).await;
        let house = &story.served.house;
        for issue in [&story.ticket, &story.dev] {
            let rows = Rows::Of(issue.clone());
            house.site.freeze_index(&rows, house.clock.wall() + TimeDelta::days(9)).unwrap();
        }
        story.is_shown();
        story.lives_for(25 * HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (1, 1));
        assert!(!story.is_shown_as_missing().await);
    });
}

#[test]
fn a_takeover_cut_short_at_any_write_and_repeated_creates_nothing() {
    let cut = at_each_write(Flavour::Cloud, async |mut story, crash| {
        story.is_hidden();
        story.is_stopped().await;
        story.served.house.take_over_until("sync-ab", &story.served.legacy.clone(), &crash).await;
        let place = crash.place();
        story.served.taken_over().await;
        assert!(story.is_shown_as_missing().await, "after a crash at {place:?}");
        story.lives_for(HOUR).await;
        assert_eq!(story.devs(), 1, "after a crash at {place:?}");
    });
    assert!(cut > 2, "{cut}");
}

#[test]
fn an_adoption_that_is_cut_short_at_any_write_ends_with_one_dev_issue() {
    let cut = at_each_write(Flavour::Cloud, async |mut story, crash| {
        story.is_hidden();
        story.is_taken_over().await;
        story.lives_for(11 * MINUTE).await;
        story.is_shown();
        story.served.house.live(End::Crash(Arc::clone(&crash), HOUR)).await;
        let place = crash.place();
        story.lives_for(3 * HOUR).await;
        assert_eq!(story.devs(), 1, "after a crash at {place:?}");
        let dev = story.dev.clone();
        story.is_in_step_with(&dev).await;
    });
    assert!(cut > 2, "{cut}");
}

#[test]
fn an_order_to_create_it_anew_that_is_cut_short_at_any_write_creates_one() {
    let cut = at_each_write(Flavour::Cloud, async |mut story, crash| {
        story.is_deleted();
        story.is_taken_over().await;
        story.lives_for(11 * MINUTE).await;
        crash.sleep();
        let woken = Arc::clone(&crash);
        let order = story.recreate();
        let flow = story.served.house.flow("sync-ab").name;
        let clock = story.served.house.clock.clone();
        let beside = async |handle: Handle| {
            clock.sleep(MINUTE).await;
            woken.wake();
            handle.order(&flow, order).await;
        };
        story.served.house.live_beside(End::Crash(Arc::clone(&crash), 3 * MINUTE), beside).await;
        let place = crash.place();
        story.lives_for(HOUR).await;
        assert!(story.devs() <= 1, "after a crash at {place:?}");
        // One that was withdrawn is given again.
        if story.devs() == 0 {
            story.obeys(story.recreate(), "was created for USER-A-1").await;
        }
        story.lives_for(HOUR).await;
        assert_eq!(story.devs(), 1, "after a crash at {place:?}");
        assert!(!story.is_shown_as_missing().await, "after a crash at {place:?}");
        let dev = story.served.house.dev_issues()[0].key.clone();
        story.is_in_step_with(&dev).await;
    });
    assert!(cut > 4, "{cut}");
}

/// Lives a story once undisturbed, and then once for each moment of a write in it. Answers how many those are.
fn at_each_write(flavour: Flavour, story: impl AsyncFn(Story, Arc<Crash>)) -> usize {
    let undisturbed = Crash::never();
    on_a_paused_clock(story(Story::new(flavour), Arc::clone(&undisturbed)));
    let passed = undisturbed.passed();
    let is_write = |place: &str| place.ends_with("Store write") || (place.contains(" Jira P") && !is_read(place));
    let writes: Vec<_> = (1..).zip(&passed).filter(|(_, place)| is_write(place)).map(|(gate, _)| gate).collect();
    for gate in &writes {
        let crash = Crash::at(*gate);
        on_a_paused_clock(story(Story::new(flavour), Arc::clone(&crash)));
        assert!(crash.place().is_some(), "it did not come to {}", passed[usize::try_from(*gate).unwrap() - 1]);
    }
    writes.len()
}

fn is_read(place: &str) -> bool {
    ["/search", "/search/jql", "/bulkfetch"].iter().any(|read| place.ends_with(read))
}
