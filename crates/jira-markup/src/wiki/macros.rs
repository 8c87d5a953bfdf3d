//! Parts in braces that stand for themselves: `{code}…{code}`, `{quote}…{quote}` and their like.

use std::ops::Range;

use super::lexis::unit;

/// A kind of such part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Verbatim, for a language.
    Code,
    /// Verbatim.
    NoFormat,
    /// A quotation.
    Quote,
    /// A box.
    Panel,
    /// A box that informs.
    Info,
    /// A box beside the point.
    Note,
    /// A box with advice.
    Tip,
    /// A box that warns.
    Warning,
}

const KINDS: [(Kind, &str); 8] = [
    (Kind::Code, "code"),
    (Kind::NoFormat, "noformat"),
    (Kind::Quote, "quote"),
    (Kind::Panel, "panel"),
    (Kind::Info, "info"),
    (Kind::Note, "note"),
    (Kind::Tip, "tip"),
    (Kind::Warning, "warning"),
];

impl Kind {
    /// The tag that ends it.
    pub fn end(self) -> &'static str {
        match self {
            Self::Code => "{code}",
            Self::NoFormat => "{noformat}",
            Self::Quote => "{quote}",
            Self::Panel => "{panel}",
            Self::Info => "{info}",
            Self::Note => "{note}",
            Self::Tip => "{tip}",
            Self::Warning => "{warning}",
        }
    }

    /// Whether nothing in it is markup.
    pub fn is_verbatim(self) -> bool {
        matches!(self, Self::Code | Self::NoFormat)
    }
}

/// A whole part, from tag to tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// What it is.
    pub kind: Kind,
    /// Behind the colon of its opening tag.
    pub params: &'a str,
    /// Where what it holds is in the text.
    pub inside: Range<usize>,
    /// Behind its closing tag.
    pub end: usize,
}

/// Finds parts in one text. It remembers which closing tags were looked for in vain, so that a text full of opening
/// tags is not read over and over.
pub struct Macros<'a> {
    text: &'a str,
    in_vain: Vec<Kind>,
}

impl<'a> Macros<'a> {
    /// Over this text.
    pub fn new(text: &'a str) -> Self {
        Self { text, in_vain: Vec::new() }
    }

    /// The part that begins exactly at `at`. Without a closing tag there is none: then its braces are plain characters.
    pub fn at(&mut self, at: usize) -> Option<Span<'a>> {
        let (kind, params, begin) = opening(self.text, at)?;
        if self.in_vain.contains(&kind) {
            return None;
        }
        let Some(inside_end) = self.closing(kind, begin) else {
            self.in_vain.push(kind);
            return None;
        };
        Some(Span { kind, params, inside: begin..inside_end, end: inside_end + kind.end().len() })
    }

    /// As [`Macros::at`], for parts in which nothing is markup; others are not looked for.
    pub fn verbatim_at(&mut self, at: usize) -> Option<Span<'a>> {
        let (kind, ..) = opening(self.text, at)?;
        if kind.is_verbatim() { self.at(at) } else { None }
    }

    /// The first part that begins in `range`.
    pub fn within(&mut self, range: Range<usize>) -> Option<(usize, Span<'a>)> {
        let mut at = range.start;
        while at < range.end {
            if let Some(span) = self.at(at) {
                return Some((at, span));
            }
            at += unit(self.text, at);
        }
        None
    }

    /// Where the part's closing tag begins. Verbatim parts within others hide what they hold.
    fn closing(&mut self, kind: Kind, begin: usize) -> Option<usize> {
        if kind.is_verbatim() {
            return self.text[begin..].find(kind.end()).map(|at| begin + at);
        }
        let mut at = begin;
        while at < self.text.len() {
            if self.text[at..].starts_with(kind.end()) {
                return Some(at);
            }
            let verbatim = self.verbatim_at(at);
            at = verbatim.map_or_else(|| at + unit(self.text, at), |span| span.end);
        }
        None
    }
}

/// The opening tag at `at`: what it opens, its parameters, and where it ends.
fn opening(text: &str, at: usize) -> Option<(Kind, &str, usize)> {
    let rest = text[at..].strip_prefix('{')?;
    let (kind, name) = KINDS.into_iter().find(|(_, name)| rest.starts_with(name))?;
    let rest = &rest[name.len()..];
    let end = rest.bytes().take(MOST_PARAMS).position(|byte| byte == b'}')?;
    let params = &rest[..end];
    let whole = params.is_empty() || (params.starts_with(':') && !params.contains(['\n', '{']));
    whole.then(|| (kind, params.trim_start_matches(':'), at + 1 + name.len() + end + 1))
}

/// Bytes of parameters; a tag that goes on for longer is none.
const MOST_PARAMS: usize = 400;

/// A parameter's value, as in `title=Log|bgColor=#fff`.
pub fn param<'a>(params: &'a str, name: &str) -> Option<&'a str> {
    let pairs = params.split('|').filter_map(|param| param.split_once('='));
    pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The parts that are open at byte `at`, innermost first: what must be closed if the text ended there.
pub fn open_at(text: &str, at: usize) -> Vec<Kind> {
    let mut open = Vec::new();
    let (mut range, mut nested) = (0..text.len(), true);
    while nested {
        nested = false;
        let inner = &text[range.clone()];
        let cut = at - range.start;
        let mut macros = Macros::new(inner);
        let mut from = 0;
        while let Some((_, span)) = macros.within(from..cut.min(inner.len())) {
            from = span.end;
            if span.inside.start <= cut && cut < span.end {
                open.insert(0, span.kind);
                nested = !span.kind.is_verbatim() && cut <= span.inside.end;
                range = range.start + span.inside.start..range.start + span.inside.end;
                break;
            }
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_at_its_own_tag_and_verbatim_parts_hide_theirs() {
        let text = "{quote}a {code:rust}{quote}{code} b{quote} c";
        let span = Macros::new(text).at(0).unwrap();
        assert_eq!((span.kind, &text[span.end..]), (Kind::Quote, " c"));
    }

    #[test]
    fn a_tag_that_is_never_closed_is_no_part() {
        assert_eq!(Macros::new("{code} x").at(0), None);
        assert_eq!(Macros::new("{codes}{code}").at(0), None);
    }

    #[test]
    fn what_is_open_at_a_place_is_told_innermost_first() {
        let text = "a{quote}b{code}c{code}d{quote}e";
        for (sign, open) in
            [("a", vec![]), ("b", vec![Kind::Quote]), ("c{", vec![Kind::Code, Kind::Quote]), ("e", vec![])]
        {
            assert_eq!(open_at(text, text.rfind(sign).unwrap()), open, "{sign}");
        }
    }
}
