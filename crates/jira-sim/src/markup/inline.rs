//! From wiki markup to ADF, within a line or paragraph.

use serde_json::{Value, json};

/// What Jira takes a backslash away before. Its renderer names these characters in a pattern of its own, and
/// Atlassian's editor repeats them.
const ESCAPABLE: &str = "-#*_+?^~|%{}[]()!@";

/// The nodes that a piece of wiki markup stands for. Line ends become hard breaks, as Jira renders them.
pub(super) fn nodes(text: &str) -> Vec<Value> {
    read(text, &[])
}

fn read(text: &str, marks: &[Value]) -> Vec<Value> {
    let mut reader = Reader { rest: text, before: None, marks, plain: String::new(), nodes: Vec::new() };
    while let Some(next) = reader.rest.chars().next() {
        reader.step(next);
    }
    reader.flush();
    reader.nodes
}

struct Reader<'a> {
    rest: &'a str,
    /// The character before `rest`.
    before: Option<char>,
    marks: &'a [Value],
    /// Read, but not yet a node.
    plain: String,
    nodes: Vec<Value>,
}

impl Reader<'_> {
    fn step(&mut self, next: char) {
        let understood = match next {
            '\n' => self.hard_break(1),
            '\\' => self.escape(),
            ':' | ';' | '(' => self.emoji(),
            '{' => self.code() || self.color() || self.braced_mark(),
            '[' => self.link(),
            'h' => self.address(),
            _ => self.mark(next),
        };
        if !understood {
            self.plain.push(next);
            self.advance(next.len_utf8());
        }
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.before = passed.chars().next_back().or(self.before);
        self.rest = rest;
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.plain);
        if !text.is_empty() {
            self.nodes.push(text_node(&text, self.marks));
        }
    }

    /// Passes over what was understood as these nodes.
    fn take(&mut self, bytes: usize, nodes: Vec<Value>) -> bool {
        self.flush();
        self.nodes.extend(nodes);
        self.advance(bytes);
        true
    }

    fn hard_break(&mut self, bytes: usize) -> bool {
        self.take(bytes, vec![json!({"type": "hardBreak"})])
    }

    /// `\\` breaks the line, unless a third backslash stands before it or in the word after it. One backslash makes the
    /// character after it mean itself, if Jira knows it as one that may mean something else; and else stays.
    fn escape(&mut self) -> bool {
        let again = self.before == Some('\\');
        match self.rest[1..].chars().next() {
            Some('\\') if again || self.rest[2..].split(char::is_whitespace).next().unwrap_or("").contains('\\') => {
                self.verbatim(2)
            }
            Some('\\') => self.hard_break(2),
            Some(next) if ESCAPABLE.contains(next) && again => self.verbatim(2),
            Some(next) if ESCAPABLE.contains(next) => {
                self.advance(1);
                self.verbatim(1)
            }
            _ => false,
        }
    }

    fn verbatim(&mut self, bytes: usize) -> bool {
        self.plain.push_str(&self.rest[..bytes]);
        self.advance(bytes);
        true
    }

    /// `:)` and its like, unless a letter or digit follows.
    fn emoji(&mut self) -> bool {
        let here = |wiki: &str| {
            let after = self.rest.strip_prefix(wiki);
            after.is_some_and(|after| !after.starts_with(|next: char| next.is_ascii_alphanumeric()))
        };
        let Some((wiki, name, text)) = EMOJIS.into_iter().find(|(wiki, ..)| here(wiki)) else { return false };
        self.take(wiki.len(), vec![json!({"type": "emoji", "attrs": {"shortName": name, "text": text}})])
    }

    /// `{{code}}`, or beside letters `{{{}code{}}}`. Of all marks it may only be a link as well.
    fn code(&mut self) -> bool {
        self.coded("{{{}", "{}}}") || !self.before.is_some_and(is_letter) && self.coded("{{", "}}")
    }

    fn coded(&mut self, begin: &str, end: &str) -> bool {
        let Some((code, after)) = self.rest.strip_prefix(begin).and_then(|rest| rest.split_once(end)) else {
            return false;
        };
        let free = begin.ends_with("{}") || !after.starts_with(is_letter);
        if !free || code.is_empty() || code.contains('\n') {
            return false;
        }
        let code = &unescaped(code);
        let length = self.rest.len() - after.len();
        let mut marks: Vec<Value> = self.marks.iter().filter(|mark| mark["type"] == "link").cloned().collect();
        marks.push(json!({"type": "code"}));
        self.take(length, vec![text_node(code, &marks)])
    }

    /// `{color:#ff0000}red{color}`. A color by name stays uncolored: ADF knows numbers only.
    fn color(&mut self) -> bool {
        let Some((name, rest)) = self.rest.strip_prefix("{color:").and_then(|rest| rest.split_once('}')) else {
            return false;
        };
        let Some((inner, _)) = rest.split_once("{color}") else { return false };
        let mark = json!({"type": "textColor", "attrs": {"color": name.to_ascii_lowercase()}});
        let marked = if name.starts_with('#') && name.len() == 7 { self.with(mark) } else { self.marks.to_vec() };
        let nodes = read(inner, &marked);
        self.take("{color:}".len() + name.len() + inner.len() + "{color}".len(), nodes)
    }

    /// `{*}strong{*}`, for a mark that begins or ends within a word.
    fn braced_mark(&mut self) -> bool {
        let Some(sign) = self.rest[1..].chars().next() else { return false };
        let (Some(mark), delimiter) = (mark_of(sign), format!("{{{sign}}}")) else { return false };
        let Some((inner, _)) = self.rest.strip_prefix(&delimiter).and_then(|rest| rest.split_once(&delimiter)) else {
            return false;
        };
        let nodes = read(inner, &self.with(mark));
        self.take(inner.len() + 2 * delimiter.len(), nodes)
    }

    /// `*strong*` and its like, around words.
    fn mark(&mut self, sign: char) -> bool {
        let Some(mark) = mark_of(sign).filter(|_| !self.before.is_some_and(is_letter)) else {
            return false;
        };
        let Some(inner) = delimited(&self.rest[1..], sign) else { return false };
        let nodes = read(inner, &self.with(mark));
        self.take(inner.len() + 2, nodes)
    }

    /// `[words|address]`, `[address]` or `[~somebody]`.
    fn link(&mut self) -> bool {
        let Some((inside, _)) = self.rest[1..].split_once(']').filter(|(inside, _)| !inside.contains('\n')) else {
            return false;
        };
        let nodes = match inside.strip_prefix('~') {
            Some(who) => vec![mention(who)],
            None => match self.linked(inside) {
                Some(nodes) => nodes,
                None => return false,
            },
        };
        self.take(inside.len() + 2, nodes)
    }

    fn linked(&self, inside: &str) -> Option<Vec<Value>> {
        let parts: Vec<&str> = inside.split('|').collect();
        let address = |text: &str| text.contains("://") || text.starts_with("mailto:");
        match parts[..] {
            [_, href, "smart-link"] => Some(vec![json!({"type": "inlineCard", "attrs": {"url": href}})]),
            [words, href] if address(href) => Some(read(words, &self.with(link_to(href)))),
            [href] if address(href) => Some(vec![text_node(href, &self.with(link_to(href)))]),
            _ => None,
        }
    }

    /// An address without any markup is a link too.
    fn address(&mut self) -> bool {
        let already = self.marks.iter().any(|mark| mark["type"] == "link");
        if already || self.before.is_some_and(char::is_alphanumeric) {
            return false;
        }
        match address_at(self.rest) {
            0 => false,
            length => {
                let href = &self.rest[..length];
                self.take(length, vec![text_node(href, &self.with(link_to(href)))])
            }
        }
    }

    fn with(&self, mark: Value) -> Vec<Value> {
        let mut marks: Vec<Value> = self.marks.iter().filter(|known| known["type"] != mark["type"]).cloned().collect();
        marks.push(mark);
        marks
    }
}

/// The pictures of wiki markup, with their short names and what they are as characters.
const EMOJIS: [(&str, &str, &str); 30] = [
    (":)", ":slight_smile:", "🙂"),
    (":-)", ":slight_smile:", "🙂"),
    (":(", ":disappointed:", "😞"),
    (":-(", ":disappointed:", "😞"),
    (":P", ":stuck_out_tongue:", "😛"),
    (":-P", ":stuck_out_tongue:", "😛"),
    (":p", ":stuck_out_tongue:", "😛"),
    (":-p", ":stuck_out_tongue:", "😛"),
    (":D", ":smiley:", "😃"),
    (":-D", ":smiley:", "😃"),
    (";)", ":wink:", "😉"),
    (";-)", ":wink:", "😉"),
    ("(y)", ":thumbsup:", "👍"),
    ("(n)", ":thumbsdown:", "👎"),
    ("(i)", ":info:", ":info:"),
    ("(/)", ":check_mark:", ":check_mark:"),
    ("(x)", ":cross_mark:", ":cross_mark:"),
    ("(!)", ":warning:", ":warning:"),
    ("(+)", ":plus:", ":plus:"),
    ("(-)", ":minus:", ":minus:"),
    ("(?)", ":question:", ":question:"),
    ("(on)", ":light_bulb_on:", ":light_bulb_on:"),
    ("(off)", ":light_bulb_off:", ":light_bulb_off:"),
    ("(*)", ":yellow_star:", ":yellow_star:"),
    ("(*y)", ":yellow_star:", ":yellow_star:"),
    ("(*r)", ":red_star:", ":red_star:"),
    ("(*g)", ":green_star:", ":green_star:"),
    ("(*b)", ":blue_star:", ":blue_star:"),
    ("(flag)", ":flag_on:", ":flag_on:"),
    ("(flagoff)", ":flag_off:", ":flag_off:"),
];

/// How many bytes of an address this text begins with. Punctuation at its end belongs to the sentence around it.
pub(super) fn address_at(text: &str) -> usize {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return 0;
    }
    let end = text.find(|it: char| it.is_whitespace() || "|[]{}<>\"\\".contains(it)).unwrap_or(text.len());
    let address = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '*', '_']);
    if address.ends_with('/') && address.ends_with("://") { 0 } else { address.len() }
}

/// What a sign beside it marks nothing for: letters and digits, and whatever is not ASCII but a non-breaking space.
fn is_letter(it: char) -> bool {
    it.is_ascii_alphanumeric() || !it.is_ascii() && it != '\u{a0}'
}

/// Code without the backslashes that make its characters mean themselves.
fn unescaped(code: &str) -> String {
    let mut words = String::new();
    let mut rest = code.chars().peekable();
    while let Some(next) = rest.next() {
        let escapes = next == '\\' && !words.ends_with('\\') && rest.peek().is_some_and(|it| ESCAPABLE.contains(*it));
        words.push(if escapes { rest.next().unwrap_or(next) } else { next });
    }
    words
}

/// The mark that a delimiter of wiki markup stands for.
fn mark_of(sign: char) -> Option<Value> {
    Some(match sign {
        '*' => json!({"type": "strong"}),
        '_' => json!({"type": "em"}),
        '-' => json!({"type": "strike"}),
        '+' => json!({"type": "underline"}),
        '^' => json!({"type": "subsup", "attrs": {"type": "sup"}}),
        '~' => json!({"type": "subsup", "attrs": {"type": "sub"}}),
        _ => return None,
    })
}

/// The text up to the closing delimiter: on the same line, tight around words.
fn delimited(text: &str, sign: char) -> Option<&str> {
    if text.starts_with(|first: char| first.is_whitespace() || first == sign) {
        return None;
    }
    let closes = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + sign.len_utf8()..].chars().next();
        before.is_some_and(|it| !it.is_whitespace() && it != '\\') && !after.is_some_and(is_letter)
    };
    let line = text.lines().next().unwrap_or_default();
    let end = line.match_indices(sign).map(|(at, _)| at).find(|at| closes(*at))?;
    Some(&text[..end])
}

fn mention(who: &str) -> Value {
    json!({"type": "mention", "attrs": {"id": who.strip_prefix("accountid:").unwrap_or(who)}})
}

fn link_to(href: &str) -> Value {
    json!({"type": "link", "attrs": {"href": href}})
}

fn text_node(text: &str, marks: &[Value]) -> Value {
    match marks {
        [] => json!({"type": "text", "text": text}),
        marks => json!({"type": "text", "text": text, "marks": marks}),
    }
}
