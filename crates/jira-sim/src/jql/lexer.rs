//! From characters to words.

use std::iter::Peekable;
use std::str::Chars;

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub at: At,
}

/// Where something stands in a query; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    line: u32,
    character: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: a field, a keyword, a number or a value.
    Word(String),
    /// Text in quotes: a field or a value, never a keyword.
    Quoted(String),
    /// `cf[10010]`, or a property such as `issue.property[x].y`: a field, and nothing else.
    Indexed(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `~` or `!~`.
    Operator(&'static str),
    Open,
    Close,
    Comma,
}

impl Kind {
    /// How a message shows it.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Word(text) | Self::Quoted(text) | Self::Indexed(text) => text,
            Self::Operator(text) => text,
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
        }
    }

    /// Whether it is this keyword, in any letter case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

impl At {
    /// A message as Jira ends it.
    pub(super) fn told(self, message: &str) -> String {
        format!("Error in the JQL Query: {message} (line {}, character {})", self.line, self.character)
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer { rest: text.chars().peekable(), at: At { line: 1, character: 1 } };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_spaces();
        let at = lexer.at;
        match lexer.take() {
            None => return Ok(tokens),
            Some(first) => tokens.push(Token { kind: lexer.kind(first, at)?, at }),
        }
    }
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    /// Of the next character.
    at: At,
}

impl Lexer<'_> {
    fn take(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        self.at = match next {
            '\n' => At { line: self.at.line + 1, character: 1 },
            _ => At { character: self.at.character + 1, ..self.at },
        };
        Some(next)
    }

    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        self.rest.peek().copied().filter(|next| wanted(*next))?;
        self.take()
    }

    fn skip_spaces(&mut self) {
        while self.take_if(is_space).is_some() {}
    }

    /// Whether a bracket comes next, perhaps behind spaces.
    fn bracket_follows(&self) -> bool {
        self.rest.clone().find(|next| !is_space(*next)) == Some('[')
    }

    /// Whether this character comes next; if so it is passed.
    fn goes_on(&mut self, with: char) -> bool {
        self.take_if(|next| next == with).is_some()
    }

    fn kind(&mut self, first: char, at: At) -> Result<Kind, String> {
        Ok(match first {
            '(' => Kind::Open,
            ')' => Kind::Close,
            ',' => Kind::Comma,
            '=' => Kind::Operator("="),
            '~' => Kind::Operator("~"),
            '<' => Kind::Operator(if self.goes_on('=') { "<=" } else { "<" }),
            '>' => Kind::Operator(if self.goes_on('=') { ">=" } else { ">" }),
            '!' if self.goes_on('=') => Kind::Operator("!="),
            '!' if self.goes_on('~') => Kind::Operator("!~"),
            '!' => Kind::Word("!".into()),
            '&' => self.doubled('&', "AND"),
            '|' => self.doubled('|', "OR"),
            '"' | '\'' => self.quoted(first, at)?,
            _ => self.word(first, at)?,
        })
    }

    /// `&` and `&&` are one word, as `|` and `||` are.
    fn doubled(&mut self, sign: char, word: &str) -> Kind {
        self.goes_on(sign);
        Kind::Word(word.into())
    }

    fn quoted(&mut self, quote: char, start: At) -> Result<Kind, String> {
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.take() {
                None => return Err(start.told(&format!("The quoted string '{text}' has not been completed."))),
                Some('\\') => text.push_str(&self.in_quotes(at)?),
                Some(next) if next == quote => return Ok(Kind::Quoted(text)),
                Some(next) => text.push(next),
            }
        }
    }

    fn word(&mut self, first: char, at: At) -> Result<Kind, String> {
        let (mut word, mut next, mut at) = (String::new(), Some(first), at);
        while let Some(character) = next {
            match character {
                '\\' => word.push(self.escaped(at)?),
                '[' if !word.is_empty() => return self.indexed(word, at),
                _ if is_reserved(character) => return Err(at.told(&reserved(character))),
                _ => word.push(character),
            }
            at = self.at;
            next = self.take_if(|next| !ends_word(next));
        }
        if self.bracket_follows() {
            self.skip_spaces();
            let at = self.at;
            self.take();
            return self.indexed(word, at);
        }
        Ok(Kind::Word(word))
    }

    /// A field with something in brackets: a number if it is a custom field, else a word; what follows a dot belongs to it.
    fn indexed(&mut self, field: String, at: At) -> Result<Kind, String> {
        let is_custom = field.eq_ignore_ascii_case("cf");
        let fits = |next: char| if is_custom { next.is_ascii_digit() } else { !ends_word(next) && !is_reserved(next) };
        let index = self.all_of(fits);
        if index.is_empty() || !self.goes_on(']') {
            return Err(at.told(&reserved('[')));
        }
        let path = if is_custom { String::new() } else { self.all_of(|next| !ends_word(next) && !is_reserved(next)) };
        Ok(Kind::Indexed(format!("{field}[{index}]{path}")))
    }

    fn all_of(&mut self, fits: impl Fn(char) -> bool) -> String {
        std::iter::from_fn(|| self.take_if(&fits)).collect()
    }

    /// What a backslash in quotes and the characters after it stand for: those without it.
    fn in_quotes(&mut self, at: At) -> Result<String, String> {
        match self.take() {
            Some(itself @ ('t' | 'n' | 'r' | '\\' | '\'' | '"' | ' ')) => Ok(itself.into()),
            Some('u') => {
                let digits: String = (0..4).map_while(|_| self.take_if(|next| next.is_ascii_hexdigit())).collect();
                if digits.len() == 4 { Ok(format!("u{digits}")) } else { Err(illegal_escape("u", at)) }
            }
            other => Err(illegal_escape(&other.map(String::from).unwrap_or_default(), at)),
        }
    }

    /// What the characters after a backslash mean outside of quotes.
    fn escaped(&mut self, at: At) -> Result<char, String> {
        match self.take() {
            Some('t') => Ok('\t'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some(itself @ ('\\' | '\'' | '"' | ' ')) => Ok(itself),
            Some('u') => self.code_point().ok_or_else(|| illegal_escape("u", at)),
            other => Err(illegal_escape(&other.map(String::from).unwrap_or_default(), at)),
        }
    }

    /// The four digits of `\u0041`.
    fn code_point(&mut self) -> Option<char> {
        let mut digits = String::new();
        for _ in 0..4 {
            digits.push(self.take_if(|next| next.is_ascii_hexdigit())?);
        }
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    }
}

/// Characters that Jira keeps for later use.
fn is_reserved(character: char) -> bool {
    "{}*/%+^$#@?;[]".contains(character) || character.is_control()
}

/// All others, such as a space that does not break, are letters.
fn is_space(character: char) -> bool {
    [' ', '\t', '\n', '\r'].contains(&character)
}

fn ends_word(character: char) -> bool {
    is_space(character) || "()=!<>~,&|\"'".contains(character)
}

fn reserved(character: char) -> String {
    let code = u32::from(character);
    format!(
        "The character '{character}' is a reserved JQL character. You must enclose it in a string or use the escape \
         '\\u{code:04x}' instead."
    )
}

fn illegal_escape(sign: &str, at: At) -> String {
    at.told(&format!(
        "'\\{sign}' is an illegal JQL escape sequence. The valid escape sequences are \\', \\\", \\t, \\n, \\r, \\\\, \
         '\\ ' and \\uXXXX."
    ))
}
