//! From characters to words.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word: a field, a keyword, a number or a value.
    Word(String),
    /// Text in quotes, always a value.
    Quoted(String),
    /// `=`, `!=`, `<`, `<=`, `>` or `>=`.
    Operator(&'static str),
    Open,
    Close,
    Comma,
}

impl Token {
    /// How a message shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Quoted(text) => text.clone(),
            Self::Operator(text) => (*text).into(),
            Self::Open => "(".into(),
            Self::Close => ")".into(),
            Self::Comma => ",".into(),
        }
    }

    /// Whether it is this keyword, in any letter case. Quoted text is never a keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(next) = rest.next() {
        if !next.is_whitespace() {
            tokens.push(token(next, &mut rest)?);
        }
    }
    Ok(tokens)
}

fn token(first: char, rest: &mut Peekable<Chars>) -> Result<Token, String> {
    match first {
        '(' => Ok(Token::Open),
        ')' => Ok(Token::Close),
        ',' => Ok(Token::Comma),
        '"' | '\'' => quoted(first, rest),
        '=' => Ok(Token::Operator("=")),
        '!' if rest.next_if_eq(&'=').is_some() => Ok(Token::Operator("!=")),
        '<' => Ok(Token::Operator(if rest.next_if_eq(&'=').is_some() { "<=" } else { "<" })),
        '>' => Ok(Token::Operator(if rest.next_if_eq(&'=').is_some() { ">=" } else { ">" })),
        _ if is_plain(first) => Ok(word(first, rest)),
        _ => Err(reserved(first)),
    }
}

fn quoted(quote: char, rest: &mut Peekable<Chars>) -> Result<Token, String> {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        match next {
            '\\' => text.extend(rest.next()),
            _ if next == quote => return Ok(Token::Quoted(text)),
            _ => text.push(next),
        }
    }
    Err(format!("Error in the JQL Query: The quoted string '{text}' has not been completed."))
}

fn word(first: char, rest: &mut Peekable<Chars>) -> Token {
    let mut word = String::from(first);
    while let Some(next) = rest.next_if(|next| is_plain(*next)) {
        word.push(next);
    }
    Token::Word(word)
}

/// Whether a character may stand in a bare word. Atlassian reserves most punctuation, but not the hyphen.
fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || "-_.".contains(character)
}

fn reserved(character: char) -> String {
    let code = u32::from(character);
    format!(
        "Error in the JQL Query: The character '{character}' is a reserved JQL character. You must enclose it in a \
         string or use the escape '\\u{code:04x}' instead."
    )
}
