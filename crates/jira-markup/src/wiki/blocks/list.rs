//! Lists of wiki markup: every line tells by its signs how deep it is.

use super::super::super::model::{Block, DEEPEST};
use super::{BlockContext, Reader, begins_anew};

/// An item, and of what kind the lists are that it is in, the innermost last.
struct Entry {
    ordered: Vec<bool>,
    blocks: Vec<Block>,
}

/// The signs that a list item begins with. A dash alone or several may also begin a sentence or a line of dashes.
pub(super) fn marker(line: &str) -> Option<&str> {
    let signs = &line[..line.bytes().take_while(|byte| b"*#-".contains(byte)).count()];
    let rest = &line[signs.len()..];
    let dashes = signs.bytes().all(|byte| byte == b'-');
    let begins = if dashes { signs.len() == 1 && !rest.is_empty() } else { !signs.is_empty() };
    (begins && (rest.is_empty() || rest.starts_with(char::is_whitespace))).then_some(signs)
}

impl Reader<'_> {
    /// Reads all lists up to the first line that belongs to none.
    pub(super) fn lists(&mut self, place: &mut BlockContext<'_>) -> Vec<Block> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(signs) = marker(place.line()) {
            let above = entries.last().map_or(0, |entry| entry.ordered.len());
            let entry = self.item(place, signs, above);
            entries.push(entry);
        }
        nested(entries, 1)
    }

    /// An item lies at most one level deeper than the one `above` it.
    fn item(&mut self, place: &mut BlockContext<'_>, signs: &str, above: usize) -> Entry {
        place.skip_spaces();
        place.at += signs.len();
        let end = place.end_where(|_, next| begins_anew(next));
        let text = &place.text[place.at..end];
        place.at = (end + 1).min(place.text.len());
        let level = signs.len().min(above + 1).min(DEEPEST - place.depth);
        let ordered = signs.bytes().rev().take(level).map(|sign| sign == b'#').collect::<Vec<_>>();
        let blocks = self.blocks(text, place.depth + level);
        Entry { ordered: ordered.into_iter().rev().collect(), blocks }
    }
}

/// Puts items that lie deeper than `level` into the item above them.
fn nested(entries: Vec<Entry>, level: usize) -> Vec<Block> {
    let mut lists: Vec<Block> = Vec::new();
    let mut entries = entries.into_iter().peekable();
    while let Some(entry) = entries.next() {
        let ordered = entry.ordered.last().copied().unwrap_or_default();
        let mut item = entry.blocks;
        let mut below = Vec::new();
        while let Some(deeper) = entries.next_if(|next| next.ordered.len() > level) {
            below.push(deeper);
        }
        item.extend(nested(below, level + 1));
        match lists.last_mut() {
            Some(Block::List { ordered: same, items }) if *same == ordered => items.push(item),
            _ => lists.push(Block::List { ordered, items: vec![item] }),
        }
    }
    lists
}
