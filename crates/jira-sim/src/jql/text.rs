//! Searching texts for words, without regard to letter case.

/// What follows `~`: words that must all be there, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Word(String),
    /// `hung*`: how a word begins.
    Beginning(String),
    /// `"hung up"` within the quotes of the value: words in a row.
    Phrase(Vec<String>),
}

impl Words {
    /// The error is the message that Jira would give.
    pub(super) fn read(text: &str, field: &str) -> Result<Self, String> {
        if let Some(first) = text.trim_start().chars().next().filter(|first| ['*', '?'].contains(first)) {
            return Err(format!(
                "The text query '{text}' for field '{field}' is not allowed to start with character '{first}'."
            ));
        }
        let mut terms = Vec::new();
        for (place, part) in text.split('"').enumerate() {
            // Between quotes is every second part.
            if place % 2 == 1 {
                terms.push(Term::Phrase(words(part)));
            } else {
                part.split_whitespace().for_each(|word| terms.extend(term(word)));
            }
        }
        match terms.is_empty() {
            false => Ok(Self(terms)),
            true => Err(format!("The field '{field}' does not support searching for an empty string.")),
        }
    }

    pub(super) fn are_in(&self, text: &str) -> bool {
        let there = words(text);
        self.0.iter().all(|term| term.is_in(&there))
    }
}

/// A word of the query, which punctuation may divide into several.
fn term(word: &str) -> Option<Term> {
    match (word.strip_suffix('*'), words(word)) {
        (_, there) if there.is_empty() => None,
        (Some(beginning), _) => Some(Term::Beginning(beginning.to_lowercase())),
        (None, mut there) if there.len() == 1 => there.pop().map(Term::Word),
        (None, there) => Some(Term::Phrase(there)),
    }
}

impl Term {
    fn is_in(&self, there: &[String]) -> bool {
        match self {
            Self::Word(word) => there.contains(word),
            Self::Beginning(beginning) => there.iter().any(|word| word.starts_with(beginning)),
            Self::Phrase(phrase) => phrase.is_empty() || there.windows(phrase.len()).any(|row| row == phrase),
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !it.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
