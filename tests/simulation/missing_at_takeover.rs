//! The Node.js service is replaced while a dev issue can't be read: whether it is gone is unknown, so its ticket gets no
//! other one until an operator orders it.

use std::time::Duration;

use jira_sim::Flavour;
use lockstep::flow::Order;
use lockstep::store::KeyPair;
use lockstep::supervisor::{Handle, OrderOutcome};
use lockstep::worker::{Archive as _, Survey};

use super::takeover::Served;
use testing::house::{End, FLAVOURS, HOUR, MINUTE, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, DEVELOPER, InJira as _};

const DAY: Duration = HOUR.saturating_mul(24);

/// A company of the Node.js service with an accepted ticket that does not name its dev issue, which is being worked on.
pub struct Story {
    pub served: Served,
    pub ticket: String,
    pub dev: String,
}

impl Story {
    pub fn new(flavour: Flavour) -> Self {
        let mut served = Served::new(flavour);
        // The ninth is accepted, is in progress, and says nothing.
        let (ticket, dev) = served.pair(9);
        Self { served, ticket, dev }
    }

    pub fn is_hidden(&self) {
        self.served.house.hides(&self.dev);
    }

    pub fn is_shown(&self) {
        self.served.house.shows(&self.dev);
    }

    /// The dev issue's text is another one.
    pub fn says(&self, text: &str) {
        self.served.house.describes(DEVELOPER, &self.dev, text);
    }

    pub fn is_deleted(&self) {
        self.served.house.deletes(DEVELOPER, &self.dev);
    }

    pub fn is_mentioned(&self) {
        self.served.house.comments(CUSTOMER, &self.ticket, "any news?");
    }

    /// That service is stopped, so long ago that no search of the first cycle shows any of it.
    pub async fn is_stopped(&mut self) {
        self.served.house.clock.sleep(30 * DAY).await;
        self.served.stops();
    }

    /// It is taken over, and what is found then is as it should be.
    pub async fn is_taken_over(&mut self) {
        self.is_stopped().await;
        let report = self.served.taken_over().await;
        let both = KeyPair { user: self.ticket.parse().unwrap(), dev: self.dev.parse().unwrap() };
        assert_eq!((report.taken, report.lost), (0, vec![both]));
        assert_eq!(report.failed_creates, [], "what is left out is none of those");
    }

    pub async fn lives_for(&mut self, span: Duration) {
        self.served.house.live_for(span).await;
    }

    /// Lives for a while, and gets an order after a minute.
    pub async fn is_ordered(&mut self, order: Order, end: End) -> Option<OrderOutcome> {
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

    pub async fn obeys(&mut self, order: Order, part: &str) {
        let answer = self.is_ordered(order, End::At(cycles(2))).await;
        assert!(matches!(&answer, Some(OrderOutcome::Executed(done)) if done.what.contains(part)), "{answer:?}");
    }

    pub async fn refuses(&mut self, order: Order, part: &str) {
        let answer = self.is_ordered(order, End::At(cycles(2))).await;
        assert!(matches!(&answer, Some(OrderOutcome::Refused(no)) if no.why.contains(part)), "{answer:?}");
    }

    pub fn recreate(&self) -> Order {
        Order::Recreate { user: self.ticket.parse().unwrap() }
    }

    pub fn unpair(&self) -> Order {
        Order::Unpair { issue: self.ticket.parse().unwrap() }
    }

    pub fn pair(&self, dev: &str) -> Order {
        Order::Pair { user: self.ticket.parse().unwrap(), dev: dev.parse().unwrap() }
    }

    /// What an operator sees of the flow.
    pub async fn survey(&self) -> Survey {
        let house = &self.served.house;
        house.archive().survey(&house.flow("sync-ab"), 9).await.unwrap()
    }

    pub async fn is_shown_as_missing(&self) -> bool {
        let missing = self.survey().await.missing.first;
        let shown: Vec<_> = missing.iter().map(|it| (it.user.key.to_string(), it.dev.to_string())).collect();
        assert!(shown.is_empty() || shown == [(self.ticket.clone(), self.dev.clone())], "{shown:?}");
        !shown.is_empty()
    }

    pub fn devs(&self) -> usize {
        self.served.dev_issues()
    }

    pub fn adopted(&self) -> usize {
        self.served.house.events.audited("pair.adopted")
    }

    /// Work on the ticket's one dev issue reaches its customer.
    pub async fn is_in_step_with(&mut self, dev: &str) {
        self.served.walk(dev, &["Closed"]);
        self.lives_for(20 * MINUTE).await;
        let about = self.served.house.about(&self.ticket);
        assert_eq!(self.served.house.status(&self.ticket), "Resolved", "{about}");
    }
}

/// A story on each kind of Jira.
pub fn on_both(story: impl AsyncFn(Story)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(story(Story::new(flavour)));
    }
}

#[test]
pub fn a_dev_issue_hidden_at_takeover_is_not_replaced_and_returns_when_shown() {
    on_both(async |mut story| {
        story.is_hidden();
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

        story.is_shown();
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

/// It may say nothing of its ticket, or name it on a site of old.
#[test]
pub fn a_hidden_dev_issue_without_a_valid_link_is_paired_again_when_shown() {
    for text in ["Somebody rewrote this.", "User Link: https://jira.of-old.example.net/browse/USER-A-1"] {
        on_both(async |mut story| {
            story.says(text);
            story.is_hidden();
            story.is_taken_over().await;
            story.lives_for(30 * MINUTE).await;
            story.is_shown();
            story.lives_for(3 * HOUR).await;
            assert_eq!((story.devs(), story.adopted()), (1, 1), "{text}");
            let dev = story.dev.clone();
            story.is_in_step_with(&dev).await;
        });
    }
}

#[test]
pub fn a_missing_dev_issue_is_recreated_once_when_an_operator_orders_it() {
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
        let dev = story.served.house.dev_issues()[0].key.clone();
        story.is_in_step_with(&dev).await;
        let again = story.served.taken_over().await;
        assert_eq!(again.lost.len(), 1, "that service's own pair is still what it was");
        assert!(!story.is_shown_as_missing().await, "a ticket that is in a pair misses nothing");
    });
}

#[test]
pub fn a_dev_issue_that_can_be_read_is_not_replaced() {
    on_both(async |mut story| {
        let writes_before = story.served.house.writes();
        // By its text it is of a ticket that can't be read.
        story.says(&format!("User Link: {}/browse/USER-A-404", story.served.house.site.base_url()));
        story.is_hidden();
        story.is_taken_over().await;
        story.is_shown();
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
pub fn a_clone_of_a_hidden_dev_issue_replaces_it_only_on_an_order() {
    on_both(async |mut story| {
        let clone = story.served.dev_issue(&story.ticket);
        story.is_hidden();
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
pub fn a_second_takeover_that_can_read_the_dev_issue_takes_the_pair_over() {
    on_both(async |mut story| {
        story.is_hidden();
        story.is_taken_over().await;
        story.is_shown();
        let again = story.served.taken_over().await;
        assert_eq!((again.taken, again.lost), (1, vec![]));
        assert!(!story.is_shown_as_missing().await);
        story.lives_for(HOUR).await;
        assert_eq!((story.devs(), story.adopted()), (1, 0));
    });
}
