//! Makes texts from outside (of Jira, proxies, databases, file names) safe to quote in logs, answers and on terminals.
//!
//! Such a text may hold credentials, control sequences for a terminal, or a hundred kilobytes. [`told`] shortens it to
//! one line, [`Mask`] hides known secrets in it, and output to a terminal or log also leaves out what
//! [`is_unprintable`].

use std::fmt::{self, Write as _};
use std::iter::once;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

/// Most characters quoted of a foreign text: enough to recognise a login page.
pub const ENOUGH: usize = 300;

/// Most characters of a message that quotes foreign texts.
pub const LONGEST: usize = 4_000;

/// Fewest characters of a secret that is hidden: stars within common words would reveal a shorter one.
pub const LEAST: usize = 6;

/// Fewest characters at the end of a text that are hidden as the beginning of a secret.
const LEAST_PART: usize = 4;

/// Ends a text that was shortened.
const CUT: char = '…';

/// Replaces a secret.
const STARS: &str = "***";

/// A foreign text on one line of at most [`ENOUGH`] characters, without the user info of its URLs.
#[must_use]
pub fn told(text: &str) -> String {
    let line = one_line(&without_user_info(text));
    match line.char_indices().nth(ENOUGH) {
        // A mask recognises the sign: what stands before it may be the beginning of a secret.
        Some(_) => line.chars().take(ENOUGH - 1).chain([CUT]).collect(),
        None => line,
    }
}

/// A message of ours that quotes foreign texts: on one line of at most [`LONGEST`] characters.
#[must_use]
pub fn message(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} characters in all)", &text[..end], text.chars().count()),
        None => text,
    }
}

/// Whether a character controls a terminal, or makes it show something else than the text.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_hidden(c)
}

/// Whether a character is invisible or reverses the direction of text.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with a blank for each [unprintable](is_unprintable) character.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// The text on one line, without control characters and hidden ones.
#[must_use]
pub fn one_line(text: &str) -> String {
    let plain = text.chars().filter(|c| c.is_control() || c.is_whitespace() || !is_hidden(*c));
    let plain: String = plain.map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same JSON with each [unprintable](is_unprintable) character written as `\uXXXX`.
#[must_use]
pub fn printable_json(json: &str) -> String {
    let mut printable = String::with_capacity(json.len());
    for c in json.chars() {
        // Line ends and tabs are allowed between JSON's tokens; within its strings they are escaped already.
        if is_unprintable(c) && !matches!(c, '\n' | '\r' | '\t') {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| {
                // Writing to a string does not fail.
                let _ = write!(printable, "\\u{unit:04x}");
            });
        } else {
            printable.push(c);
        }
    }
    printable
}

/// The text with stars for user and password of each `scheme://user:password@host`.
#[must_use]
pub fn without_user_info(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(behind) = rest.find("://").map(|at| at + 3) {
        let (before, url) = rest.split_at(behind);
        cleaned.push_str(before);
        let hidden = user_info(url);
        cleaned.push_str(if hidden == 0 { "" } else { STARS });
        rest = &url[hidden..];
    }
    cleaned + rest
}

/// User info in our own messages that show how an address is written; it is not hidden.
const PLACEHOLDER: &str = "USER:PASSWORD@";

/// The number of bytes of user and password in a text that follows `scheme://`.
fn user_info(url: &str) -> usize {
    let end_of = |ends: &dyn Fn(char) -> bool| url.find(ends).unwrap_or(url.len());
    let word = &url[..end_of(&|c| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`'))];
    if word.starts_with(PLACEHOLDER) {
        return 0;
    }
    let authority = &word[..word.find(['/', '?', '#', '\\']).unwrap_or(word.len())];
    if let Some(at) = authority.rfind('@') {
        return at;
    }
    // A password with an unescaped `/` ends the authority early. A colon with anything but a port behind it shows that.
    let is_port =
        |port: &str| port.trim_end_matches([',', '.', ';', ':', ')', ']', '\'']).bytes().all(|b| b.is_ascii_digit());
    match authority.split_once(':') {
        Some((host, port)) if !host.starts_with('[') && !authority.contains(',') && !is_port(port) => {
            word.rfind('@').unwrap_or(0)
        }
        Some(_) | None => 0,
    }
}

/// Hides known secrets in foreign texts, in every spelling in which they could come back.
#[derive(Clone, Default)]
pub struct Mask(Vec<SecretString>);

impl Mask {
    /// Hides these secrets, plain and in Base64.
    #[must_use]
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long = secrets.into_iter().filter(|secret| secret.chars().count() >= LEAST);
        let forms = long.flat_map(|secret| [secret.to_owned(), STANDARD.encode(secret)]);
        let mut all: Vec<_> = forms.flat_map(|form| spellings(&form)).collect();
        // The longest first, since it may contain a shorter one.
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Self(all.into_iter().map(SecretString::from).collect())
    }

    /// Hides the secrets of both masks.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut all: Vec<_> = self.0.into_iter().chain(other.0).collect();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self(all)
    }

    /// `text` with stars for each secret, also one that is broken over lines or cut off by the end of the text.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut cleaned = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let hidden = self.0.iter().find_map(|secret| begin(rest, secret.expose_secret()));
            cleaned.push_str(if hidden.is_some() { STARS } else { &rest[..first.len_utf8()] });
            rest = &rest[hidden.unwrap_or(first.len_utf8())..];
        }
        cleaned
    }

    /// A [`message`] that quotes foreign texts, without secrets and user info.
    #[must_use]
    pub fn tell(&self, text: &str) -> String {
        message(&one_line(&without_user_info(&self.clean(text))))
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask of {}", self.0.len())
    }
}

/// The spellings of a text in pages, addresses and JSON.
fn spellings(text: &str) -> [String; 4] {
    let upper = in_url(text, |byte| format!("%{byte:02X}"));
    [text.to_owned(), upper, in_url(text, |byte| format!("%{byte:02x}")), text.replace('/', "\\/")]
}

fn in_url(text: &str, escape: impl Fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { escape(byte) }).collect()
}

/// How many bytes at the beginning of `text` are `secret`, which may be broken by white space; `None` if it begins
/// otherwise. The first [`LEAST_PART`] characters or more of the secret also count where the text or [`CUT`] ends it.
fn begin(text: &str, secret: &str) -> Option<usize> {
    let mut wanted = secret.chars().peekable();
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        match wanted.peek() {
            None => return Some(at),
            Some(next) if *next == c => drop(wanted.next()),
            Some(_) if at > 0 && c.is_whitespace() => {}
            Some(_) if c == CUT => {
                end = at;
                break;
            }
            Some(_) => return None,
        }
    }
    let left = wanted.count();
    (left == 0 || secret.chars().count() - left >= LEAST_PART).then_some(end)
}

/// Whether a word may be a token or a generated password: long, and with many changes between letters and digits.
#[must_use]
pub fn looks_secret(word: &str) -> bool {
    let turns = word.as_bytes().windows(2).filter(|pair| is_turn(pair[0], pair[1])).count();
    word.len() >= 20 && turns >= 6
}

/// Whether two characters are a letter and a digit, or a small letter and a capital: names have few such places.
fn is_turn(first: u8, second: u8) -> bool {
    let digits = [first, second].map(|byte| byte.is_ascii_digit());
    let both = first.is_ascii_alphanumeric() && second.is_ascii_alphanumeric();
    both && (digits[0] != digits[1] || first.is_ascii_lowercase() && second.is_ascii_uppercase())
}

/// The text with stars for each word that [looks secret](looks_secret).
#[must_use]
pub fn without_lookalikes(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | '_' | '-');
    let mut cleaned = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().map(Some).chain(once(None)) {
        if let Some(c) = c.filter(|c| in_word(*c)) {
            word.push(c);
            continue;
        }
        cleaned.push_str(if looks_secret(&word) { STARS } else { &word });
        word.clear();
        cleaned.extend(c);
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_is_one_short_line_that_plays_no_tricks() {
        assert_eq!(told("a\u{1b}[31m\r\nb\u{202e}c \u{9b}1m\u{61c}\u{2066}d"), "a [31m bc 1md");
        let long = told(&"x".repeat(100_000));
        assert!(long.chars().count() == ENOUGH && long.ends_with("x…"), "{long}");
        assert_eq!(told(&"x".repeat(ENOUGH)), "x".repeat(ENOUGH));
        assert_eq!(told(&"ä ".repeat(10_000)).chars().count(), ENOUGH);
        let long = message(&"ö".repeat(100_000));
        assert!(long.chars().count() < LONGEST + 40 && long.ends_with("ö… (100000 characters in all)"), "{long}");
        assert_eq!(message("a\nb"), "a b");
    }

    #[test]
    fn the_user_info_of_an_address_is_hidden_as_a_whole() {
        for (text, shown) in [
            ("via http://u:p@proxy:3128/ it", "via http://***@proxy:3128/ it"),
            ("mongodb://u:a@b@db1,db2/x?y=1@2", "mongodb://***@db1,db2/x?y=1@2"),
            ("mongodb+srv://u:p/w@db", "mongodb+srv://***@db"),
            ("\"socks5://token@h\", https://h:8080/a@b", "\"socks5://***@h\", https://h:8080/a@b"),
            ("http://[::1]:1/@x http://h: no http://h:80.", "http://[::1]:1/@x http://h: no http://h:80."),
            ("https://a/x?user=me@b", "https://a/x?user=me@b"),
            ("use mongodb://USER:PASSWORD@HOST", "use mongodb://USER:PASSWORD@HOST"),
            ("://@ :// ://", "://@ :// ://"),
        ] {
            assert_eq!(without_user_info(text), shown);
        }
        let cut = format!("http://u:hunter2@{}", "h".repeat(ENOUGH));
        assert!(told(&cut).starts_with("http://***@hhh"), "hidden before it is cut");
    }

    #[test]
    fn a_secret_is_starred_in_every_spelling() {
        let mask = Mask::of(["hunter2/=", "bWU6aHVudGVyMi89"]);
        let spellings =
            ["hunter2/=", "hunter2%2F%3D", "hunter2%2f%3d", "hunter2\\/=", "bWU6aHVudGVyMi89", "aHVudGVyMi89"];
        for text in spellings {
            assert_eq!(mask.clean(&format!("you sent {text}!")), "you sent ***!");
        }
    }

    #[test]
    fn a_secret_that_is_broken_or_cut_is_no_less_a_secret() {
        let mask = Mask::of(["hunter2-token"]);
        assert_eq!(mask.clean("sent: hunter2\r\n -token, so"), "sent: ***, so");
        assert_eq!(mask.clean("sent: hunter2-tok"), "sent: ***");
        assert_eq!(mask.clean("sent: hunter2-tok…; see to it"), "sent: ***…; see to it");
        let cut = format!("{}hunter2-token", "x".repeat(ENOUGH - 10));
        assert!(!mask.clean(&format!("{}; see to it", told(&cut))).contains("hunter"), "cut, then quoted");
        assert_eq!(mask.clean("hunters hunt"), "hunters ***", "which is little lost");
        assert_eq!(mask.clean("hun"), "hun");
        assert_eq!(mask.clean("hunter2-töken"), "hunter2-töken");
    }

    #[test]
    fn a_short_secret_is_not_told_by_its_stars() {
        for short in ["", "a", "abcde"] {
            assert_eq!(Mask::of([short]).clean("all is well, abcde"), "all is well, abcde");
        }
        assert_eq!(Mask::of(["abcdef"]).clean("is abcdef"), "is ***");
    }

    #[test]
    fn json_for_a_terminal_means_the_same_and_orders_nothing() {
        let json = "{\n \"a\": \"\u{9b}1m\u{202e}\u{e0041}ö\"}";
        let printable = printable_json(json);
        assert_eq!(printable, "{\n \"a\": \"\\u009b1m\\u202e\\udb40\\udc41ö\"}");
        assert!(!printable.chars().any(|c| c != '\n' && is_unprintable(c)));
    }

    #[test]
    fn a_token_in_the_wrong_place_is_told_from_names() {
        for token in ["ATATT3xFfGF0T4_Tq-9ZxYw=7A1B", "NjM0MTQ0ODQ2MjQ3OkJhcgVx4", "9f86d081884c7d659a2feaa0c55ad015"] {
            assert_eq!(without_lookalikes(&format!("\"{token}\" is none")), "\"***\" is none");
        }
        for name in [
            "flows.d/sync-ab.json:12:7: rules[0].actions.targetStatus",
            "user-in-progress-to-dev-in-progress-2, Sync-User-A-To-Dev-B-Closed-2",
            "createWhenUserWillDo2 customfield_10042",
        ] {
            assert_eq!(without_lookalikes(name), name);
        }
    }
}
