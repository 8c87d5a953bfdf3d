//! The small signs of wiki markup: escapes, links, pictures, bare addresses.

/// The characters before which Jira takes a backslash away, and then reads them as themselves. Before all others a
/// backslash is a character like any.
pub const ESCAPABLE: &str = "-#*_+?^~|%{}[]()!@";

/// What parts a backslash from a character before which it would vanish: a space without width. The reader takes it
/// away again.
pub const GAP: char = '\u{200b}';

/// How long the unit at `at` is: a backslash with what it may escape, two backslashes, or one character. `at` is inside
/// of `text`.
pub fn unit(text: &str, at: usize) -> usize {
    let mut chars = text[at..].chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), Some(next)) if next == '\\' || ESCAPABLE.contains(next) => 2,
        (first, _) => first.map_or(1, char::len_utf8),
    }
}

/// Whether the backslash at `at` is taken away: one that follows another is not.
pub fn escapes(text: &str, at: usize) -> bool {
    let next = text[at..].strip_prefix('\\').and_then(|rest| rest.chars().next());
    next.is_some_and(|next| ESCAPABLE.contains(next)) && !text[..at].ends_with('\\')
}

/// Whether the line is broken by two backslashes at `at`. They are words behind another backslash, or if one follows
/// before the next space, as in `\\\\server\\share`.
pub fn breaks(text: &str, at: usize) -> bool {
    let Some(rest) = text[at..].strip_prefix("\\\\") else { return false };
    let end = rest.find(|c: char| c == '\\' || c.is_whitespace());
    !text[..at].ends_with('\\') && !end.is_some_and(|end| rest[end..].starts_with('\\'))
}

/// What a pair of brackets means.
#[derive(Debug, PartialEq, Eq)]
pub enum Bracket<'a> {
    /// `[text|address]` or `[address]`.
    Link {
        /// As it was written, markup and all.
        text: Option<&'a str>,
        /// Where it leads.
        href: &'a str,
        /// Whether a title followed, which has no place elsewhere.
        titled: bool,
    },
    /// `[~name]`, `[~accountid:id]`: the name or id.
    Mention(&'a str),
    /// `[^name]`.
    File(&'a str),
}

/// What the bracket at `at` opens, and where it ends. Brackets of which no meaning is known are plain characters.
pub fn bracket(text: &str, at: usize) -> Option<(Bracket<'_>, usize)> {
    let inside = inside_brackets(text, at)?;
    let end = at + inside.len() + 2;
    if let Some(name) = inside.strip_prefix('~') {
        let name = name.strip_prefix("accountid:").unwrap_or(name);
        return is_name(name).then_some((Bracket::Mention(name), end));
    }
    if let Some(name) = inside.strip_prefix('^') {
        return is_name(name).then_some((Bracket::File(name), end));
    }
    let mut parts = split_bars(inside).into_iter();
    let first = parts.next()?;
    let link = match parts.next() {
        None => Bracket::Link { text: None, href: is_address(first.trim()).then(|| first.trim())?, titled: false },
        Some(second) => {
            let href = second.trim();
            let leads = is_address(href) || (href.len() > 1 && href.starts_with(['#', '/']) && !has_space(href));
            let text = Some(first).filter(|text| !text.trim().is_empty());
            // `smart-link` and its like only say how Cloud shows it.
            let titled = parts.next().is_some_and(|title| !title.starts_with("smart-"));
            leads.then_some(Bracket::Link { text, href, titled })?
        }
    };
    Some((link, end))
}

/// From a `[` up to the next `]` of the same line. Another `[` before that means that this one is a plain character,
/// which also keeps this from looking far.
fn inside_brackets(text: &str, at: usize) -> Option<&str> {
    if !text[at..].starts_with('[') {
        return None;
    }
    let begin = at + 1;
    let mut end = begin;
    while end < text.len() {
        match text.as_bytes()[end] {
            b']' => return Some(&text[begin..end]).filter(|inside| !inside.is_empty()),
            b'[' | b'\n' => return None,
            _ => end += unit(text, end),
        }
    }
    None
}

fn split_bars(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut at) = (Vec::new(), 0, 0);
    while at < text.len() {
        let length = unit(text, at);
        if text.as_bytes()[at] == b'|' {
            parts.push(&text[begin..at]);
            begin = at + 1;
        }
        at += length;
    }
    parts.push(&text[begin..]);
    parts
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && !name.contains(['|', '\\'])
}

/// Addresses that are links without saying so. Others, such as `javascript:`, are none.
pub fn is_address(text: &str) -> bool {
    const SCHEMES: [&str; 5] = ["http://", "https://", "ftp://", "mailto:", "tel:"];
    !has_space(text) && SCHEMES.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

fn has_space(text: &str) -> bool {
    text.contains(char::is_whitespace)
}

/// The picture at `at`, as `!name|looks!`: its name or address, and where it ends.
///
/// People also shout: so only what looks like a file or an address is a picture.
pub fn picture(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text[at..].strip_prefix('!')?;
    if text[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inside = &rest[..rest.find(['!', '\n', '[', ']', '{', '}', '\\'])?];
    if !rest[inside.len()..].starts_with('!') {
        return None;
    }
    let name = inside.split('|').next().unwrap_or_default();
    let whole = !name.is_empty() && name.trim() == name;
    (whole && (is_address(name) || has_extension(name))).then_some((name, at + inside.len() + 2))
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=5).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && extension.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

/// How long the bare address is that `text` begins with, if it does. What usually ends a sentence is no part of it.
/// None begins within a word, that is, behind such a character `before` it.
pub fn bare_address(before: Option<char>, text: &str) -> Option<usize> {
    // Looked at first: whatever begins like an address but is none is not read to its end.
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let scheme = ["http://", "https://", "ftp://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let rest = text[scheme.len()..].starts_with(char::is_alphanumeric).then(|| &text[scheme.len()..])?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || "/:.?&=%#_~+-,;@$()'".contains(c))).unwrap_or(rest.len());
    let address = rest[..end].trim_end_matches(['.', ',', ';', ':', '?', '\'', ')', '(']);
    Some(scheme.len() + address.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_markup_only_where_they_surely_mean_something() {
        let link = |text, href| Some(Bracket::Link { text, href, titled: false });
        let cases = [
            ("[here|https://a.example/x]", link(Some("here"), "https://a.example/x")),
            ("[https://a.example]", link(None, "https://a.example")),
            ("[a\\|b|#top]", link(Some("a\\|b"), "#top")),
            ("[x|https://a.example|smart-link]", link(Some("x"), "https://a.example")),
            ("[~anna]", Some(Bracket::Mention("anna"))),
            ("[~accountid:5b:10]", Some(Bracket::Mention("5b:10"))),
            ("[^log file.txt]", Some(Bracket::File("log file.txt"))),
            ("[i|j]", None),
            ("[todo]", None),
            ("[x|javascript:alert(1)]", None),
            ("[[x|https://a.example]", None),
            ("[open", None),
            ("[]", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bracket(text, 0).map(|(bracket, _)| bracket), expected, "{text}");
        }
    }

    #[test]
    fn a_picture_looks_like_a_file_and_shouting_does_not() {
        let cases = [
            ("!shot 1.png|thumbnail!", Some("shot 1.png")),
            ("!https://a.example/x!", Some("https://a.example/x")),
            ("!really!", None),
            ("! a.png!", None),
            ("!!!", None),
            ("!1.5!", None),
        ];
        for (text, expected) in cases {
            assert_eq!(picture(text, 0).map(|(name, _)| name), expected, "{text}");
        }
        assert_eq!(picture("no!a.png!", 2), None);
    }

    #[test]
    fn a_bare_address_ends_where_the_sentence_goes_on() {
        for (text, address) in [
            ("https://a.example/x_y~z, and", "https://a.example/x_y~z"),
            ("http://a.example/?q=1).", "http://a.example/?q=1"),
            ("http://a.example|b", "http://a.example"),
        ] {
            assert_eq!(bare_address(None, text).map(|length| &text[..length]), Some(address));
        }
        assert_eq!(bare_address(None, "http://..."), None);
    }
}
