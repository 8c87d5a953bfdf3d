//! Reads one line of wiki markup: its marks, links, mentions and pictures.

use super::super::loss::{Losses, Lost};
use super::super::model::{Inline, Marks, Script, tidy, words_of};
use super::super::{Context, attachment, colour};
use super::lexis::{Bracket, GAP, bare_address, bracket, breaks, escapes, picture, unit};

/// Reads a line.
pub fn read(line: &str, context: &Context, lost: &mut Losses) -> Vec<Inline> {
    Reader::new(line, context, lost, true).read()
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    context: &'a Context,
    lost: &'a mut Losses,
    /// Within a link's words there are no links.
    links: bool,
    done: Vec<Inline>,
    /// Plain characters not yet in `done`.
    words: String,
    open: Vec<Open>,
}

/// A mark that was opened and may yet be closed. Until then its sign is plain characters, at `index` of `done`.
struct Open {
    mark: Mark,
    index: usize,
}

#[derive(Clone, PartialEq, Eq)]
enum Mark {
    Strong,
    Em,
    Cite,
    Underline,
    Strike,
    Sub,
    Sup,
    Colour(Option<String>),
}

impl Mark {
    /// A second one of its kind neither opens nor hides the first.
    fn same_kind(&self, other: &Self) -> bool {
        self == other || matches!((self, other), (Self::Colour(_), Self::Colour(_)))
    }
}

/// A sign that opens or closes a mark.
struct Sign {
    mark: Mark,
    length: usize,
    opens: bool,
    closes: bool,
}

impl<'a> Reader<'a> {
    fn new(line: &'a str, context: &'a Context, lost: &'a mut Losses, links: bool) -> Self {
        Self { line, at: 0, context, lost, links, done: Vec::new(), words: String::new(), open: Vec::new() }
    }

    fn read(mut self) -> Vec<Inline> {
        while self.at < self.line.len() {
            if !(self.escape() || self.code() || self.reference() || self.sign()) {
                self.take(unit(self.line, self.at));
            }
        }
        self.flush();
        tidy(self.done)
    }

    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    /// The next characters are just that.
    fn take(&mut self, length: usize) {
        self.words.push_str(&self.line[self.at..self.at + length]);
        self.at += length;
    }

    fn flush(&mut self) {
        if !self.words.is_empty() {
            self.done.push(Inline::plain(std::mem::take(&mut self.words)));
        }
    }

    fn put(&mut self, inlines: impl IntoIterator<Item = Inline>, end: usize) {
        self.flush();
        self.done.extend(inlines);
        self.at = end;
    }

    fn escape(&mut self) -> bool {
        let Some(behind) = self.rest().strip_prefix('\\') else { return false };
        if breaks(self.line, self.at) {
            self.break_line();
        } else if escapes(self.line, self.at) {
            self.at += 1;
            self.take(1);
        } else {
            self.take(unit(self.line, self.at));
            self.at += if behind.starts_with(GAP) { GAP.len_utf8() } else { 0 };
        }
        true
    }

    /// Spaces around a forced break are not shown.
    fn break_line(&mut self) {
        self.words.truncate(self.words.trim_end_matches(' ').len());
        self.put([Inline::Break], self.at + 2);
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    fn code(&mut self) -> bool {
        let Some((inside, length)) = monospaced(self.rest()) else { return false };
        let words = words_of(&Reader::new(inside, self.context, self.lost, false).read()).replace('\n', " ");
        let marks = Marks { code: true, ..Marks::default() };
        self.put([Inline::Text(words, marks)], self.at + length);
        true
    }

    /// Links, mentions, files, pictures, bare addresses.
    fn reference(&mut self) -> bool {
        if !self.links {
            return false;
        }
        if let Some((bracket, end)) = bracket(self.line, self.at) {
            let inlines = self.bracketed(&bracket);
            self.put(inlines, end);
        } else if let Some((name, end)) = picture(self.line, self.at) {
            let inline = self.pictured(name);
            self.put([inline], end);
        } else if let Some(length) = bare_address(self.before(), self.rest()) {
            self.put([Inline::address(&self.rest()[..length])], self.at + length);
        } else {
            return false;
        }
        true
    }

    fn bracketed(&mut self, bracket: &Bracket<'_>) -> Vec<Inline> {
        match *bracket {
            Bracket::Mention(name) => {
                self.lost.note(Lost::Mention);
                vec![Inline::plain(self.context.mentioned(name))]
            }
            Bracket::File(name) => {
                self.lost.note(Lost::Media);
                vec![Inline::plain(attachment(Some(name)))]
            }
            Bracket::Link { text, href, titled } => {
                if titled {
                    self.lost.note(Lost::Looks);
                }
                self.linked(text, href)
            }
        }
    }

    fn linked(&mut self, text: Option<&str>, href: &str) -> Vec<Inline> {
        let Some(text) = text else {
            let shown = href.strip_prefix("mailto:").unwrap_or(href);
            return vec![Inline::Text(shown.to_owned(), Marks { link: Some(href.to_owned()), ..Marks::default() })];
        };
        let mut inlines = Reader::new(text, self.context, self.lost, false).read();
        for inline in &mut inlines {
            if let Inline::Text(_, marks) = inline {
                marks.link = Some(href.to_owned());
            }
        }
        inlines
    }

    fn pictured(&mut self, name: &str) -> Inline {
        self.lost.note(Lost::Media);
        if super::lexis::is_address(name) { Inline::address(name) } else { Inline::plain(attachment(Some(name))) }
    }

    /// Opens or closes a mark, if a sign for one is here.
    fn sign(&mut self) -> bool {
        let Some(sign) = self.sign_here() else { return false };
        let opened = self.open.iter().rposition(|open| open.mark.same_kind(&sign.mark));
        match opened {
            Some(position) if sign.closes && self.holds_something(position) => self.close(position),
            None if sign.opens => self.start(&sign),
            Some(_) | None => return false,
        }
        self.at += sign.length;
        true
    }

    fn holds_something(&self, position: usize) -> bool {
        !self.words.is_empty() || self.done.len() > self.open[position].index + 1
    }

    fn start(&mut self, sign: &Sign) {
        self.flush();
        self.open.push(Open { mark: sign.mark.clone(), index: self.done.len() });
        self.done.push(Inline::plain(&self.rest()[..sign.length]));
    }

    /// What was opened since then and not closed stays as it was written.
    fn close(&mut self, position: usize) {
        self.flush();
        let Some(Open { mark, index }) = self.open.drain(position..).next() else { return };
        self.done[index] = Inline::plain("");
        for inline in &mut self.done[index + 1..] {
            if let Inline::Text(_, marks) = inline {
                apply(&mark, marks, self.lost);
            }
        }
    }

    fn sign_here(&self) -> Option<Sign> {
        let rest = self.rest();
        if let Some(braced) = rest.strip_prefix('{') {
            return braced_sign(braced);
        }
        let cite = rest.starts_with("??");
        let sign = rest.chars().next()?;
        let length = if cite { 2 } else { 1 };
        let mark = if cite { Mark::Cite } else { mark_of(sign)? };
        let (before, after) = (self.before(), rest[length..].chars().next());
        let alone = before != Some(sign) && after != Some(sign);
        let opens = alone && !before.is_some_and(char::is_alphanumeric) && after.is_some_and(|c| !c.is_whitespace());
        let closes = alone && !after.is_some_and(char::is_alphanumeric) && before.is_some_and(|c| !c.is_whitespace());
        Some(Sign { mark, length, opens, closes })
    }

    fn before(&self) -> Option<char> {
        self.line[..self.at].chars().next_back()
    }
}

fn mark_of(sign: char) -> Option<Mark> {
    Some(match sign {
        '*' => Mark::Strong,
        '_' => Mark::Em,
        '+' => Mark::Underline,
        '-' => Mark::Strike,
        '~' => Mark::Sub,
        '^' => Mark::Sup,
        _ => return None,
    })
}

/// `{*}`, which works within words, too, and `{color:…}`, `{color}`. `rest` is what follows the brace.
fn braced_sign(rest: &str) -> Option<Sign> {
    if let Some(colour) = rest.strip_prefix("color") {
        let end = colour.bytes().take(40).position(|byte| byte == b'}')?;
        let name = &colour[..end];
        let mark = Mark::Colour(name.strip_prefix(':').and_then(colour::hex));
        let known = name.is_empty() || name.starts_with(':');
        return known.then_some(Sign { mark, length: end + 7, opens: !name.is_empty(), closes: name.is_empty() });
    }
    let sign = rest.chars().next()?;
    let mark = mark_of(sign).filter(|_| rest[sign.len_utf8()..].starts_with('}'))?;
    Some(Sign { mark, length: 3, opens: true, closes: true })
}

fn apply(mark: &Mark, marks: &mut Marks, lost: &mut Losses) {
    if marks.code {
        lost.note(Lost::Looks);
        return;
    }
    match mark {
        Mark::Strong => marks.strong = true,
        Mark::Em | Mark::Cite => marks.em = true,
        Mark::Underline => marks.underline = true,
        Mark::Strike => marks.strike = true,
        Mark::Sub => marks.script = marks.script.or(Some(Script::Sub)),
        Mark::Sup => marks.script = marks.script.or(Some(Script::Sup)),
        Mark::Colour(Some(hex)) => marks.colour = marks.colour.take().or_else(|| Some(hex.clone())),
        Mark::Colour(None) => lost.note(Lost::Looks),
    }
}

/// What is in the double braces that `text` begins with, and how long it is with them. In braces of their own,
/// `{{{}…{}}}`, they work beside letters, too.
fn monospaced(text: &str) -> Option<(&str, usize)> {
    [("{{{}", "{}}}"), ("{{", "}}")].into_iter().find_map(|(begin, end)| {
        let inside = between(text.strip_prefix(begin)?, end)?;
        Some((inside, begin.len() + inside.len() + end.len()))
    })
}

/// What is before `end`. Further opening braces mean that the first are plain characters, which also keeps this from
/// looking far.
fn between<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(end) && at > 0 {
            // Of three in a row the first belongs to what is inside.
            return Some(&text[..if rest.starts_with("}}}") { at + 1 } else { at }]);
        }
        if rest.starts_with("{{") {
            return None;
        }
        at += unit(text, at);
    }
    None
}
