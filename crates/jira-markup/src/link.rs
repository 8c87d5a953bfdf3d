//! The lines by which two issues name each other: `User Link: URL`, `Dev Link: URL`.
//!
//! They are written as the Node service did, and recognised in whatever form an editor has left them since: plain
//! words, a link, a smart card, brackets.

use serde_json::{Value, json};

use super::limit::{self, MOST, length};
use super::loss::Losses;
use super::model::{Block, Inline, lines_of, words_of};
use super::{Context, Format, adf, cross, model_of, wiki};
use crate::Body;

/// What may happen to a text that leaves no room for a line more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It may be shortened at its end, visibly: a text that Lockstep itself writes.
    Shorten,
    /// It may not: a person's own text.
    Refuse,
}

/// `body`, in `format`, with a last line `LABEL: URL`. The line is there once, however often this is done, and a text
/// that has it is left exactly as it is; so the same call also restores the line on a newer text that a person wrote.
///
/// A body of the other format is converted first; [`cross`] says what that costs.
///
/// `None` when there is no room for the line and none may be made.
#[must_use]
pub fn with_link(body: Option<&Body>, format: Format, label: &str, url: &str, when_full: WhenFull) -> Option<Body> {
    with_link_within(MOST, body, format, label, url, when_full)
}

/// [`with_link`] on a site whose texts have at most so many characters.
#[must_use]
pub fn with_link_within(
    most: usize,
    body: Option<&Body>,
    format: Format,
    label: &str,
    url: &str,
    when_full: WhenFull,
) -> Option<Body> {
    let Some(body) = body else { return Some(only_line(format, label, url)) };
    if Format::of(body) != format {
        let crossed = cross(body, format, &Context::default()).body;
        return with_link_within(most, Some(&crossed), format, label, url, when_full);
    }
    if links_in(body, label).iter().any(|found| same_address(found, url)) {
        return match when_full {
            WhenFull::Shorten if length(body) > most => Some(shortened_with_line(most, body, label, url)),
            WhenFull::Shorten | WhenFull::Refuse => Some(body.clone()),
        };
    }
    let longer = with_line(body, label, url);
    match when_full {
        _ if length(&longer) <= most => Some(longer),
        WhenFull::Shorten => Some(shortened_with_line(most, body, label, url)),
        WhenFull::Refuse => None,
    }
}

/// The address in the last `LABEL: URL` line of a text. One that stands on its own says more than one that stands in a
/// list, quote, panel or table, wherever they are.
#[must_use]
pub fn link_in(body: &Body, label: &str) -> Option<String> {
    links_in(body, label).pop()
}

fn shortened_with_line(most: usize, body: &Body, label: &str, url: &str) -> Body {
    let line = length(&only_line(Format::of(body), label, url));
    // Beside the line itself what separates it from the text.
    with_line(&limit::shortened(body, most.saturating_sub(line + 8)), label, url)
}

fn only_line(format: Format, label: &str, url: &str) -> Body {
    match format {
        Format::Adf => Body::Adf(adf::document(vec![adf_line(label, url)]).to_string()),
        Format::Wiki => Body::Wiki(wiki_line(label, url)),
    }
}

fn with_line(body: &Body, label: &str, url: &str) -> Body {
    match body {
        Body::Adf(text) => {
            let mut doc = adf::parse(text);
            match adf::content_mut(&mut doc) {
                Some(content) => content.push(adf_line(label, url)),
                None => doc["content"] = Value::Array(vec![adf_line(label, url)]),
            }
            Body::Adf(doc.to_string())
        }
        Body::Wiki(text) if text.trim().is_empty() => Body::Wiki(wiki_line(label, url)),
        Body::Wiki(text) => Body::Wiki(format!("{}\n\n{}", text.trim_end(), wiki_line(label, url))),
    }
}

fn adf_line(label: &str, url: &str) -> Value {
    let address = json!({"type": "text", "text": url, "marks": [{"type": "link", "attrs": {"href": url}}]});
    adf::paragraph(vec![adf::words(&format!("{label}: ")), address])
}

fn wiki_line(label: &str, url: &str) -> String {
    let line = [Inline::plain(format!("{label}: ")), Inline::address(url)];
    wiki::write::blocks(&[Block::Paragraph(line.to_vec())], &mut Losses::default())
}

/// The addresses in all `LABEL: URL` lines of a text: several flows may have written one each. First those within lists,
/// quotes, panels and tables, then those that stand on their own, each in their order.
#[must_use]
pub fn links_in(body: &Body, label: &str) -> Vec<String> {
    let blocks = model_of(body, &Context::default(), &mut Losses::default());
    let mut links = Vec::new();
    within(&blocks, label, &mut links);
    links.extend(links_among(&blocks, label));
    links
}

/// Collects the links in what stands inside of these blocks.
fn within(blocks: &[Block], label: &str, links: &mut Vec<String>) {
    let mut inside = |blocks: &[Block]| {
        within(blocks, label, links);
        links.extend(links_among(blocks, label));
    };
    for block in blocks {
        match block {
            Block::List { items, .. } => items.iter().for_each(|item| inside(item)),
            Block::Quote(blocks) | Block::Panel(_, blocks) => inside(blocks),
            Block::Table(rows) => rows.iter().flatten().for_each(|cell| inside(&cell.blocks)),
            Block::Paragraph(_) | Block::Heading { .. } | Block::Code { .. } | Block::Rule => {}
        }
    }
}

/// The links in the lines of these blocks themselves.
fn links_among(blocks: &[Block], label: &str) -> Vec<String> {
    let texts = blocks.iter().filter_map(|block| match block {
        Block::Paragraph(text) | Block::Heading { text, .. } => Some(text),
        Block::Code { .. }
        | Block::List { .. }
        | Block::Quote(_)
        | Block::Panel(..)
        | Block::Table(_)
        | Block::Rule => None,
    });
    let lines: Vec<&[Inline]> = texts.flat_map(|text| lines_of(text)).filter(|line| !is_blank(line)).collect();
    let next = |index: usize| lines.get(index + 1).copied().unwrap_or_default();
    lines.iter().enumerate().filter_map(|(index, line)| linked(line, next(index), label)).collect()
}

fn is_blank(line: &[Inline]) -> bool {
    bare(&words_of(line)).is_empty()
}

/// The address behind the label; an editor that made a card of it may have put that on a line of its own, the `next`.
fn linked(line: &[Inline], next: &[Inline], label: &str) -> Option<String> {
    let words = words_of(line);
    let (head, rest) = words.split_once(':')?;
    if !is_label(head, label) {
        return None;
    }
    if bare(rest).is_empty() { only_address(next, &words_of(next)) } else { only_address(line, rest) }
}

/// Spaces may have become others, and the line a task.
fn is_label(head: &str, label: &str) -> bool {
    let head = bare(head);
    let head = ["[ ]", "[x]"].into_iter().find_map(|task| head.strip_prefix(task)).unwrap_or(head);
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced(head).eq_ignore_ascii_case(&spaced(label))
}

/// The one address of a line, whose `words` say nothing else. A link may lead there in several parts that look
/// different.
fn only_address(line: &[Inline], words: &str) -> Option<String> {
    let words = bare(words);
    let mut leads: Vec<&str> = line.iter().filter_map(|inline| leads(inline, words)).collect();
    leads.dedup();
    match leads[..] {
        [href] => Some(href.to_owned()),
        [] => Some(words.trim_matches(['<', '>']).trim_end_matches(['.', ',', ';']))
            .filter(|text| wiki::lexis::is_address(text))
            .map(str::to_owned),
        _ => None,
    }
}

/// Where a part of a line leads that says something among `words`.
fn leads<'a>(inline: &'a Inline, words: &str) -> Option<&'a str> {
    match inline {
        Inline::Text(text, marks) => {
            marks.link.as_deref().filter(|_| !bare(text).is_empty() && words.contains(bare(text)))
        }
        Inline::Break => None,
    }
}

/// Without the spaces at both ends, and what has no width.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}'))
}

/// Whether two addresses are of one issue, whatever part or view of its page they show.
fn same_address(one: &str, other: &str) -> bool {
    let page = |address: &str| {
        let page = address.trim().split(['?', '#']).next().unwrap_or_default();
        page.trim_end_matches('/').to_ascii_lowercase()
    };
    page(one) == page(other)
}
