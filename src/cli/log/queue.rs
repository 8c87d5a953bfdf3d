//! Queue of lines that wait to be written, bounded in bytes.

use std::collections::VecDeque;

use super::entry::Severity;
use crate::flow::LineCounts;

/// What a line takes beside its text, roughly: its place in the queue and the allocator's own.
const OVERHEAD: usize = 64;

const LEVELS: usize = 5;

/// Lines in the order in which they came. When it is full, what matters less is dropped first.
pub(super) struct Queue {
    limit: usize,
    used: usize,
    next_number: u64,
    /// By severity.
    lanes: [Lane; LEVELS],
    dropped: LineCounts,
    /// Dropped since this was last told.
    untold: LineCounts,
}

#[derive(Default)]
struct Lane {
    lines: VecDeque<Numbered>,
    used: usize,
}

struct Numbered {
    number: u64,
    /// Takes no more room than it is counted for.
    text: Box<str>,
}

impl Queue {
    /// At most so many bytes wait in it.
    pub(super) fn new(limit: usize) -> Self {
        let (dropped, untold) = (LineCounts::default(), LineCounts::default());
        Self { limit, used: 0, next_number: 0, lanes: Default::default(), dropped, untold }
    }

    /// Puts a line at the end. If there is no room, lines of lower levels make some, the lowest and oldest first; where
    /// these are not enough, the line itself is dropped.
    pub(super) fn push(&mut self, severity: Severity, text: String) {
        let size = size(&text);
        if !self.make_room(size, severity) {
            self.count_dropped(severity);
            return;
        }
        let numbered = Numbered { number: self.next_number, text: text.into_boxed_str() };
        self.next_number += 1;
        self.used += size;
        let lane = &mut self.lanes[severity as usize];
        lane.used += size;
        lane.lines.push_back(numbered);
    }

    /// Takes the line that came first.
    pub(super) fn pop(&mut self) -> Option<Box<str>> {
        let first = |lane: &Lane| lane.lines.front().map(|line| line.number);
        let lane =
            (0..LEVELS).filter(|lane| first(&self.lanes[*lane]).is_some()).min_by_key(|l| first(&self.lanes[*l]))?;
        self.take_first(lane)
    }

    /// Bytes that wait.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// What was dropped so far.
    pub(super) fn dropped(&self) -> LineCounts {
        self.dropped
    }

    /// Whether lines were dropped since [`Self::take_untold`].
    pub(super) fn has_untold(&self) -> bool {
        self.untold.total() > 0
    }

    /// What was dropped since the last call.
    pub(super) fn take_untold(&mut self) -> LineCounts {
        std::mem::take(&mut self.untold)
    }

    fn make_room(&mut self, size: usize, severity: Severity) -> bool {
        let lower = severity as usize;
        let displaceable: usize = self.lanes[..lower].iter().map(|lane| lane.used).sum();
        if self.used - displaceable + size > self.limit {
            return false;
        }
        for lane in [Severity::Trace, Severity::Debug, Severity::Info, Severity::Warn, Severity::Error] {
            while self.used + size > self.limit && lane < severity && self.take_first(lane as usize).is_some() {
                self.count_dropped(lane);
            }
        }
        true
    }

    fn take_first(&mut self, lane: usize) -> Option<Box<str>> {
        let lane = &mut self.lanes[lane];
        let line = lane.lines.pop_front()?;
        let size = size(&line.text);
        lane.used -= size;
        self.used -= size;
        Some(line.text)
    }

    fn count_dropped(&mut self, severity: Severity) {
        for counts in [&mut self.dropped, &mut self.untold] {
            *match severity {
                Severity::Trace => &mut counts.trace,
                Severity::Debug => &mut counts.debug,
                Severity::Info => &mut counts.info,
                Severity::Warn => &mut counts.warn,
                Severity::Error => &mut counts.error,
            } += 1;
        }
    }
}

fn size(text: &str) -> usize {
    text.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room for so many lines of one letter.
    fn queue(lines: usize) -> Queue {
        Queue::new(lines * (1 + OVERHEAD))
    }

    /// The lines that are left, each a letter.
    fn left(queue: &mut Queue) -> String {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    /// A line for each letter, of the level that begins with it.
    fn push(queue: &mut Queue, levels: &str) {
        for letter in levels.chars() {
            let severity = match letter {
                't' => Severity::Trace,
                'd' => Severity::Debug,
                'i' => Severity::Info,
                'w' => Severity::Warn,
                _ => Severity::Error,
            };
            queue.push(severity, letter.to_string());
        }
    }

    #[test]
    fn lines_leave_in_the_order_in_which_they_came_whatever_their_levels() {
        let mut queue = queue(10);
        push(&mut queue, "iwtdeiwtde");
        assert_eq!(left(&mut queue), "iwtdeiwtde");
        assert_eq!((queue.used(), queue.dropped().total()), (0, 0));
    }

    #[test]
    fn a_full_queue_drops_the_least_important_lines_first() {
        for (came, stay) in [
            ("iiii", "iii"),
            ("tdii", "dii"),
            ("ditw", "diw"),
            ("idiw", "iiw"),
            ("wiie", "wie"),
            ("iiiwwwe", "wwe"),
            ("wwwi", "www"),
            ("eeew", "eee"),
            ("eeee", "eee"),
            ("iwet", "iwe"),
        ] {
            let mut queue = queue(3);
            push(&mut queue, came);
            let dropped = queue.dropped().total();
            assert_eq!((left(&mut queue).as_str(), dropped), (stay, (came.len() - 3) as u64), "{came}");
        }
    }

    #[test]
    fn what_is_dropped_is_counted_by_level_and_told_once() {
        let mut queue = queue(2);
        push(&mut queue, "tiidwewe");
        let counts = LineCounts { trace: 1, debug: 1, info: 2, warn: 2, error: 0 };
        assert_eq!(left(&mut queue), "ee");
        assert_eq!((queue.dropped(), queue.take_untold()), (counts, counts));
        assert!(!queue.has_untold() && queue.take_untold() == LineCounts::default());
        assert_eq!(queue.dropped(), counts);
    }

    #[test]
    fn a_line_that_would_not_fit_even_then_displaces_nothing() {
        let mut queue = queue(3);
        push(&mut queue, "tww");
        queue.push(Severity::Error, "e".repeat(3 * (1 + OVERHEAD)));
        assert_eq!(left(&mut queue), "tww");
        assert_eq!(queue.dropped(), LineCounts { error: 1, ..LineCounts::default() });
    }
}
