//! From wiki markup to ADF, within a line or paragraph.

use serde_json::{Value, json};

/// How wiki markup writes a backslash where a plain one would be read as markup.
pub(super) const BACKSLASH: &str = "&#92;";

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
            '&' => self.backslash(),
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

    /// `\\` breaks the line; a backslash before other punctuation makes it mean itself.
    fn escape(&mut self) -> bool {
        match self.rest[1..].chars().next() {
            Some('\\') => self.hard_break(2),
            Some(next) if next.is_ascii_punctuation() => {
                self.plain.push(next);
                self.advance(2);
                true
            }
            _ => false,
        }
    }

    /// A backslash that neither breaks the line nor changes what comes after it.
    fn backslash(&mut self) -> bool {
        let found = self.rest.starts_with(BACKSLASH);
        if found {
            self.plain.push('\\');
            self.advance(BACKSLASH.len());
        }
        found
    }

    /// `{{code}}`, which of all marks may only be a link as well.
    fn code(&mut self) -> bool {
        let Some((code, _)) = self.rest.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) else { return false };
        if code.is_empty() || code.contains('\n') {
            return false;
        }
        let mut marks: Vec<Value> = self.marks.iter().filter(|mark| mark["type"] == "link").cloned().collect();
        marks.push(json!({"type": "code"}));
        self.take(code.len() + 4, vec![text_node(code, &marks)])
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
        let Some(mark) = mark_of(sign).filter(|_| !self.before.is_some_and(char::is_alphanumeric)) else {
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

/// How many bytes of an address this text begins with. Punctuation at its end belongs to the sentence around it.
pub(super) fn address_at(text: &str) -> usize {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return 0;
    }
    let end = text.find(|it: char| it.is_whitespace() || "|[]{}<>\"\\".contains(it)).unwrap_or(text.len());
    let address = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '*', '_']);
    if address.ends_with('/') && address.ends_with("://") { 0 } else { address.len() }
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
        before.is_some_and(|it| !it.is_whitespace() && it != '\\') && !after.is_some_and(char::is_alphanumeric)
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
