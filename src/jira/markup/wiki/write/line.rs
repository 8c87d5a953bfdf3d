//! Writes one line of words with their marks and links.

use super::super::super::loss::{Losses, Lost};
use super::super::super::model::{Inline, Marks, Script, tidy};
use super::super::escape::{Spot, escape};
use super::super::lexis::{bare_address, is_address};

/// Writes a line, without the spaces around it.
pub fn write(line: &[Inline], lost: &mut Losses) -> String {
    let runs = trimmed(tidy(line.to_vec()));
    let mut writer = Writer { lost, line: String::new() };
    for (index, run) in runs.iter().enumerate() {
        if let Inline::Text(text, marks) = run {
            writer.run(text, marks, begin_of(runs.get(index + 1)));
        }
    }
    writer.line
}

/// Without the spaces at both ends, which nobody would see, and which would make signs next to them look harmless.
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
fn begin_of(run: Option<&Inline>) -> Option<char> {
    match run? {
        Inline::Text(text, marks) if *marks == Marks::default() => text.chars().next(),
        Inline::Text(text, _) => text.chars().next().map(|c| if c.is_whitespace() { c } else { 'x' }),
        Inline::Break => None,
    }
}

struct Writer<'a> {
    lost: &'a mut Losses,
    line: String,
}

impl Writer<'_> {
    /// Spaces at either end of a run stay outside its marks, which would not work otherwise.
    fn run(&mut self, text: &str, marks: &Marks, next: Option<char>) {
        let core = text.trim();
        if *marks == Marks::default() || core.is_empty() {
            let spot = Spot { begins_line: self.line.trim().is_empty(), links: true };
            return self.line.push_str(&escape(text, spot));
        }
        let before = text.len() - text.trim_start().len();
        self.line.push_str(&text[..before]);
        let after = &text[before + core.len()..];
        self.marked(core, marks, after.chars().next().or(next));
        self.line.push_str(after);
    }

    fn marked(&mut self, core: &str, marks: &Marks, next: Option<char>) {
        let signs = signs(marks);
        let free = self.stands_free(next) && ends_in_letters(core) && marks.link.is_none() && marks.colour.is_none();
        let written = |sign: char| if free { sign.to_string() } else { format!("{{{sign}}}") };
        self.line.extend(marks.colour.iter().map(|colour| format!("{{color:{colour}}}")));
        self.line.extend(signs.iter().map(|sign| written(*sign)));
        let alone = signs.is_empty() && marks.colour.is_none() && self.stands_free(next);
        self.core(core, marks, alone);
        self.line.extend(signs.iter().rev().map(|sign| written(*sign)));
        self.line.extend(marks.colour.iter().map(|_| "{color}"));
    }

    /// Whether no neighbour could keep simple signs from working.
    fn stands_free(&self, next: Option<char>) -> bool {
        let before = self.line.chars().next_back();
        before.is_none_or(char::is_whitespace) && next.is_none_or(|c| c.is_whitespace() || c == '.' || c == ',')
    }

    fn core(&mut self, core: &str, marks: &Marks, alone: bool) {
        let words = || if marks.code { format!("{{{{{}}}}}", plain(core)) } else { plain(core) };
        let Some(href) = &marks.link else {
            // Between two signs that both mark the same run, an address is one, too.
            let spot = Spot { begins_line: false, links: true };
            let written = if marks.code { words() } else { escape(core, spot) };
            return self.line.push_str(&written);
        };
        let address = encoded(href);
        if !(is_address(&address) || address.len() > 1 && address.starts_with(['#', '/'])) {
            self.lost.note(Lost::Link);
            self.line.push_str(&words());
            self.line.push_str(&plain(&format!(" ({href})")));
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

/// Words within braces or brackets, where addresses are just words.
fn plain(text: &str) -> String {
    escape(text, Spot { begins_line: false, links: false })
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
