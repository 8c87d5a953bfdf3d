//! Writes one line of words with their marks and links.

use super::super::super::loss::{Losses, Lost};
use super::super::super::model::{Inline, Marks, Script, tidy};
use super::super::escape::escape;
use super::super::lexis::{bare_address, is_address};

/// Writes a line, without the spaces around it.
pub fn write(line: &[Inline], lost: &mut Losses) -> String {
    let runs = trimmed(tidy(line.iter().flat_map(addresses_apart).flat_map(spaces_apart).collect()));
    let mut writer = Writer { lost, line: String::new() };
    for (index, run) in runs.iter().enumerate() {
        if let Inline::Text(text, marks) = run {
            writer.run(text, marks, begin_of(runs.get(index + 1)));
        }
    }
    writer.line
}

/// An address among words becomes a link, as Jira would make it one.
fn addresses_apart(run: &Inline) -> Vec<Inline> {
    let Inline::Text(text, marks) = run else { return vec![run.clone()] };
    if marks.code || marks.link.is_some() {
        return vec![run.clone()];
    }
    let (mut runs, mut begin, mut at) = (Vec::new(), 0, 0);
    while let Some(c) = text[at..].chars().next() {
        match bare_address(text[..at].chars().next_back(), &text[at..]) {
            Some(length) => {
                let address = &text[at..at + length];
                runs.push(Inline::Text(text[begin..at].to_owned(), marks.clone()));
                runs.push(Inline::Text(address.to_owned(), Marks { link: Some(address.to_owned()), ..marks.clone() }));
                at += length;
                begin = at;
            }
            None => at += c.len_utf8(),
        }
    }
    runs.push(Inline::Text(text[begin..].to_owned(), marks.clone()));
    runs
}

/// A run that looks special, without the spaces at its ends: its signs would not work beside them, and so they stay
/// outside.
fn spaces_apart(run: Inline) -> Vec<Inline> {
    let Inline::Text(text, marks) = run else { return vec![run] };
    let core = text.trim();
    let begin = text.len() - text.trim_start().len();
    let end = begin + core.len();
    vec![Inline::plain(&text[..begin]), Inline::Text(core.to_owned(), marks), Inline::plain(&text[end..])]
}

/// Without the spaces at both ends, which are not shown, and which would make signs next to them look harmless.
fn trimmed(mut runs: Vec<Inline>) -> Vec<Inline> {
    let blank = |run: &Inline| matches!(run, Inline::Text(text, _) if text.trim().is_empty());
    let begin = runs.iter().position(|run| !blank(run)).unwrap_or(runs.len());
    runs.drain(..begin);
    while runs.last().is_some_and(blank) {
        runs.pop();
    }
    if let Some(Inline::Text(first, _)) = runs.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Inline::Text(last, _)) = runs.last_mut() {
        *last = last.trim_end().to_owned();
    }
    runs
}

/// What a run begins with, as far as its neighbour minds: a mark or link is taken for a letter, since its signs may be
/// taken for anything.
fn begin_of(run: Option<&Inline>) -> &str {
    match run {
        Some(Inline::Text(text, marks)) if *marks == Marks::default() => text,
        Some(Inline::Text(..)) => "x",
        Some(Inline::Break) | None => "",
    }
}

struct Writer<'a> {
    lost: &'a mut Losses,
    line: String,
}

impl Writer<'_> {
    fn run(&mut self, text: &str, marks: &Marks, next: &str) {
        if *marks == Marks::default() {
            self.line.push_str(&escape(text, self.line.is_empty()));
        } else {
            self.marked(text, marks, next);
        }
    }

    fn marked(&mut self, core: &str, marks: &Marks, next: &str) {
        let signs = signs(marks);
        let free = self.stands_free(next) && ends_in_letters(core) && marks.link.is_none() && marks.colour.is_none();
        let written = |sign: char| if free { sign.to_string() } else { format!("{{{sign}}}") };
        self.line.extend(marks.colour.iter().map(|colour| format!("{{color:{colour}}}")));
        self.line.extend(signs.iter().map(|sign| written(*sign)));
        let alone = signs.is_empty() && marks.colour.is_none() && self.stands_free(next);
        let braced = marks.code && signs.is_empty() && !self.parts_from_letters(next);
        self.core(core, marks, alone, braced);
        self.line.extend(signs.iter().rev().map(|sign| written(*sign)));
        self.line.extend(marks.colour.iter().map(|_| "{color}"));
    }

    /// Whether no neighbour could keep simple signs from working.
    fn stands_free(&self, next: &str) -> bool {
        let before = self.line.chars().next_back();
        let behind = next.trim_start_matches(['.', ',', ';', ':', '?']);
        let space = |c: char| c.is_ascii_whitespace() || c == '\u{a0}';
        before.is_none_or(space) && (behind.is_empty() || behind.starts_with(space))
    }

    /// Whether neither neighbour is taken for a letter, beside which the braces of code would be plain characters.
    fn parts_from_letters(&self, next: &str) -> bool {
        let letter = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
        !self.line.ends_with(letter) && !next.starts_with(letter)
    }

    fn core(&mut self, core: &str, marks: &Marks, alone: bool, braced: bool) {
        let words = || match (marks.code, braced && marks.link.is_none()) {
            (true, true) => format!("{{{{{{}}{}{{}}}}}}", escape(core, false)),
            (true, false) => format!("{{{{{}}}}}", escape(core, false)),
            (false, _) => escape(core, false),
        };
        let Some(href) = &marks.link else {
            return self.line.push_str(&words());
        };
        let address = encoded(href);
        if !(is_address(&address) || address.len() > 1 && address.starts_with(['#', '/'])) {
            self.lost.note(Lost::Link);
            self.line.push_str(&words());
            self.line.push_str(&escape(&format!(" ({href})"), false));
        } else if core != address || marks.code || !is_address(&address) || address.starts_with("mailto:") {
            self.line.push_str(&format!("[{}|{address}]", words()));
        } else if alone && bare_address(None, core) == Some(core.len()) {
            self.line.push_str(core);
        } else {
            self.line.push_str(&format!("[{address}]"));
        }
    }
}

fn signs(marks: &Marks) -> Vec<char> {
    let script = |which: Script| marks.script == Some(which);
    [
        ('*', marks.strong),
        ('_', marks.em),
        ('+', marks.underline),
        ('-', marks.strike),
        ('~', script(Script::Sub)),
        ('^', script(Script::Sup)),
    ]
    .into_iter()
    .filter_map(|(sign, set)| set.then_some(sign))
    .collect()
}

fn ends_in_letters(core: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    is_letter(core.chars().next()) && is_letter(core.chars().next_back())
}

/// An address without the characters that would end it.
fn encoded(href: &str) -> String {
    let mut address = String::with_capacity(href.len());
    for c in href.trim().chars() {
        if c.is_whitespace() || c.is_control() || "[]{}|\\^`\"<>".contains(c) {
            let mut bytes = [0; 4];
            address.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        } else {
            address.push(c);
        }
    }
    address
}
