//! The Node.js service is replaced while a dev issue can't be read: nobody knows whether it is gone, so its ticket gets no
//! other one until somebody says so.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use lockstep::flow::Order;
use lockstep::sim::{Deed, Flavour, Rows};
use lockstep::store::KeyPair;
use lockstep::supervisor::{Handle, Ordered};
use lockstep::worker::{Archive as _, Survey};

use super::house::{Crash, End, FLAVOURS, HOUR, MINUTE, on_a_paused_clock};
use super::takeover::Served;

const DAY: Duration = HOUR.saturating_mul(24);

/// A company of the Node.js service with an accepted ticket that does not name its dev issue, which is being worked on.
struct Story {
    served: Served,
    ticket: String,
    dev: String,
}

impl Story {
    fn new(flavour: Flavour) -> Self {
        let mut served = Served::new(flavour);
        // The ninth is accepted, is in progress, and says nothing.
        let (ticket, dev) = served.pair(9);
        Self { served, ticket, dev }
    }

    fn is_hidden(&self, hidden: bool) {
        let viewers = hidden.then(|| vec!["dev-bea".to_owned()]);
        self.served.house.act("dev-bea", Deed::Restrict { issue: self.dev.clone(), viewers });
    }

    /// The dev issue's text is another one.
    fn says(&self, text: &str) {
        let (issue, text) = (self.dev.clone(), text.to_owned());
        self.served.house.act("dev-bea", Deed::Describe { issue, text });
    }

    fn is_deleted(&self) {
        self.served.house.act("dev-bea", Deed::Delete { issue: self.dev.clone() });
    }

    fn is_mentioned(&self) {
        let (issue, text) = (self.ticket.clone(), "any news?".to_owned());
        self.served.house.act("customer-ines", Deed::Comment { issue, text });
    }

    /// That service is stopped, so long ago that no search of the first cycle shows any of it.
    async fn is_stopped(&mut self) {
        self.served.house.clock.sleep(30 * DAY).await;
        self.served.stops();
    }

    /// It is taken over, and what is found then is as it should be.
    async fn is_taken_over(&mut self) {
        self.is_stopped().await;
        let report = self.served.taken_over().await;
        let both = KeyPair { user: self.ticket.parse().unwrap(), dev: self.dev.parse().unwrap() };
        assert_eq!((report.taken, report.lost), (0, vec![both]));
        assert_eq!(report.failed_creates, [], "what is left out is none of those");
    }

    async fn lives_for(&mut self, span: Duration) {
        self.served.house.live_for(span).await;
    }

    /// Lives for a while, and gets an order after a minute.
    async fn is_ordered(&mut self, order: Order, end: End) -> Option<Ordered> {
        let clock = self.served.house.clock.clone();
        let flow = self.served.house.flow("sync-ab").name;
        let mut answer = None;
        let beside = async |handle: Handle| {
            clock.sleep(MINUTE).await;
            answer = handle.order(&flow, order).await;
        };
        self.served.house.live_beside(end, beside).await;
        answer
    }

    async fn obeys(&mut self, order: Order, part: &str) {
        let answer = self.is_ordered(order, End::At(12 * MINUTE)).await;
        assert!(matches!(&answer, Some(Ordered::Obeyed(done)) if done.what.contains(part)), "{answer:?}");
    }

    async fn refuses(&mut self, order: Order, part: &str) {
        let answer = self.is_ordered(order, End::At(12 * MINUTE)).await;
        assert!(matches!(&answer, Some(Ordered::Refused(no)) if no.why.contains(part)), "{answer:?}");
    }

    fn recreate(&self) -> Order {
        Order::Recreate { user: self.ticket.parse().unwrap() }
    }

    fn unpair(&self) -> Order {
        Order::Unpair { issue: self.ticket.parse().unwrap() }
    }

    fn pair(&self, dev: &str) -> Order {
        Order::Pair { user: self.ticket.parse().unwrap(), dev: dev.parse().unwrap() }
    }

    /// What an operator sees of the flow.
    async fn survey(&self) -> Survey {
        let house = &self.served.house;
        house.archive().survey(&house.flow("sync-ab"), 9).await.unwrap()
    }

    async fn is_shown_as_missing(&self) -> bool {
        let missing = self.survey().await.missing.first;
        let shown: Vec<_> = missing.iter().map(|it| (it.user.key.to_string(), it.dev.to_string())).collect();
        assert!(shown.is_empty() || shown == [(self.ticket.clone(), self.dev.clone())], "{shown:?}");
        !shown.is_empty()
    }

    fn devs(&self) -> usize {
        self.served.dev_issues()
    }

    fn adopted(&self) -> usize {
        self.served.house.events.audited("pair.adopted")
    }

    /// Work on the ticket's one dev issue reaches its customer.
    async fn is_in_step_with(&mut self, dev: &str) {
        self.served.walk(dev, &["Closed"]);
        self.lives_for(20 * MINUTE).await;
        let about = self.served.house.about(&self.ticket);
        assert_eq!(self.served.house.site.issue(&self.ticket).unwrap().status, "Resolved", "{about}");
    }
}

/// A story on each kind of Jira.
fn on_both(story: impl AsyncFn(Story)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(story(Story::new(flavour)));
    }
}

#[test]
fn a_ticket_whose_dev_issue_is_hidden_at_takeover_gets_no_other_and_has_it_back_once_it_is_shown() {
    on_both(async |mut story| {
        story.is_hidden(true);
        story.is_taken_over().await;
        let writes = story.served.house.writes();
        story.lives_for(30 * MINUTE).await;
        story.is_mentioned();
        story.lives_for(30 * MINUTE).await;
        assert_eq!((story.devs(), story.served.house.writes()), (1, writes), "nothing is created, nothing is written");
        assert!(story.is_shown_as_missing().await);
        let events = &story.served.house.events;
        assert!(!events.about("Nothing to do for USER-A-1: counterpartMissing").is_empty());
        assert!(!events.about("let this account see it, or give it another with `lockstep pair sync-ab").is_empty());
        assert!(!events.about("if it is gone, with `lockstep recreate sync-ab").is_empty());

        story.is_hidden(false);
        story.lives_for(3 * HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (1, 1));
        assert!(!story.is_shown_as_missing().await);
        let dev = story.dev.clone();
        story.is_in_step_with(&dev).await;
        let again = story.served.taken_over().await;
        assert_eq!((again.known, again.lost), (1, vec![]));
        assert_eq!(story.adopted(), 1);
    });
}

#[test]
fn a_dev_issue_that_says_nothing_of_its_ticket_is_its_own_again_once_it_is_shown() {
    on_both(async |mut story| {
        story.says("Somebody rewrote this.");
        story.is_hidden(true);
        story.is_taken_over().await;
        story.lives_for(30 * MINUTE).await;
        story.is_hidden(false);
        story.lives_for(3 * HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (1, 1));
        let dev = story.dev.clone();
        story.is_in_step_with(&dev).await;
    });
}

#[test]
fn a_dev_issue_that_names_its_ticket_on_a_site_of_old_is_its_own_again_once_it_is_shown() {
    on_both(async |mut story| {
        story.says("User Link: https://jira.of-old.example.net/browse/USER-A-1");
        story.is_hidden(true);
        story.is_taken_over().await;
        story.lives_for(30 * MINUTE).await;
        story.is_hidden(false);
        story.lives_for(3 * HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (1, 1));
    });
}

#[test]
fn what_is_hidden_for_longer_than_anybody_asks_is_found_by_the_patrol() {
    on_a_paused_clock(async {
        let mut story = Story::new(Flavour::Cloud);
        story.is_hidden(true);
        story.is_taken_over().await;
        story.lives_for(30 * HOUR).await;
        let house = &story.served.house;
        for issue in [&story.ticket, &story.dev] {
            let rows = Rows::Of(issue.clone());
            house.site.freeze_index(&rows, house.clock.wall() + TimeDelta::days(9)).unwrap();
        }
        story.is_hidden(false);
        story.lives_for(25 * HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (1, 1));
        assert!(!story.is_shown_as_missing().await);
    });
}

#[test]
fn a_dev_issue_that_is_gone_is_created_anew_when_an_operator_says_so_and_once() {
    on_both(async |mut story| {
        story.is_deleted();
        story.is_taken_over().await;
        story.lives_for(3 * HOUR).await;
        story.is_mentioned();
        story.lives_for(HOUR).await;
        assert_eq!(story.devs(), 0);
        story.refuses(story.unpair(), "its dev issue DEV-A-1 could not be read when it was taken over").await;
        assert_eq!(story.devs(), 0);

        story.obeys(story.recreate(), "was created for USER-A-1").await;
        story.lives_for(3 * HOUR).await;
        assert_eq!(story.devs(), 1);
        assert!(!story.is_shown_as_missing().await);
        let dev = story.served.house.site.issues("DEV-A")[0].key.clone();
        story.is_in_step_with(&dev).await;
        let again = story.served.taken_over().await;
        assert_eq!(again.lost.len(), 1, "that service's own pair is still what it was");
        assert!(!story.is_shown_as_missing().await, "a ticket that is in a pair misses nothing");
    });
}

#[test]
fn a_dev_issue_that_can_be_read_is_not_replaced() {
    on_both(async |mut story| {
        let writes_before = story.served.house.writes();
        // By its text it is of a ticket that nobody can read.
        story.says(&format!("User Link: {}/browse/USER-A-404", story.served.house.site.base_url()));
        story.is_hidden(true);
        story.is_taken_over().await;
        story.is_hidden(false);
        story.lives_for(HOUR).await;
        story.refuses(story.recreate(), "belonged together when they were taken over").await;
        assert_eq!((story.devs(), story.served.house.writes()), (1, writes_before));
        story.obeys(story.pair(&story.dev), "are a pair now").await;
        assert!(!story.is_shown_as_missing().await);
        let dev = story.dev.clone();
        story.is_in_step_with(&dev).await;
    });
}

#[test]
fn a_clone_of_a_hidden_dev_issue_does_not_pass_for_it_unless_an_operator_says_so() {
    on_both(async |mut story| {
        let clone = story.served.dev_issue(&story.ticket);
        story.is_hidden(true);
        story.is_stopped().await;
        let report = story.served.taken_over().await;
        let both = [&story.dev, &clone].map(|key| key.parse().unwrap());
        assert_eq!(report.twins, [(story.ticket.parse().unwrap(), both.into())]);
        assert_eq!(report.single, []);
        story.lives_for(HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (2, 0));
        story.obeys(story.pair(&clone), "are a pair now").await;
        assert!(!story.is_shown_as_missing().await);
        story.is_in_step_with(&clone).await;
        assert_eq!(story.devs(), 2);
    });
}

#[test]
fn a_second_takeover_that_can_read_the_dev_issue_takes_the_pair_over() {
    on_both(async |mut story| {
        story.is_hidden(true);
        story.is_taken_over().await;
        story.is_hidden(false);
        let again = story.served.taken_over().await;
        assert_eq!((again.taken, again.lost), (1, vec![]));
        assert!(!story.is_shown_as_missing().await);
        story.lives_for(HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (1, 0));
    });
}

#[test]
fn a_takeover_that_is_cut_short_at_any_write_and_done_again_lets_nothing_be_created() {
    let cut = at_each_write(Flavour::Cloud, async |mut story, crash| {
        story.is_hidden(true);
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
        story.is_hidden(true);
        story.is_taken_over().await;
        story.lives_for(11 * MINUTE).await;
        story.is_hidden(false);
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
        let dev = story.served.house.site.issues("DEV-A")[0].key.clone();
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
