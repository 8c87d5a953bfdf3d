//! What attributes of nodes and marks may say.

use serde_json::Value;

use Attribute::{May, Must};

/// The attributes of a node or mark, in one of several forms.
pub enum Attrs {
    /// There are none, not even an empty object.
    None,
    /// They may be left out as a whole.
    May(&'static [&'static [Attribute]]),
    /// They may not.
    Must(&'static [&'static [Attribute]]),
}

/// A single one, by its name.
pub enum Attribute {
    /// It may not be left out.
    Must(&'static str, Is),
    /// It may.
    May(&'static str, Is),
}

/// What an attribute's value is.
pub enum Is {
    Text,
    /// Not empty.
    Word,
    Number,
    /// From here to there.
    Within(f64, f64),
    /// From here on.
    Least(f64),
    Flag,
    /// One of these.
    One(&'static [&'static str]),
    /// `#rrggbb`.
    Colour,
    /// `#rrggbb` or `#rrggbbaa`.
    ColourOfBorder,
    /// A name or `#rrggbb`.
    ColourOfStatus,
    Numbers,
    /// At least one.
    Texts,
    /// What a card of many issues shows.
    Source,
    Anything,
}

/// Whether an object has all that it must of these attributes, and nothing else.
pub fn fit(given: &Value, form: &[Attribute]) -> bool {
    let Some(given) = given.as_object() else { return false };
    let known = |name: &String| form.iter().any(|(Must(own, _) | May(own, _))| own == name);
    let fits = |attribute: &Attribute| match attribute {
        Must(name, is) => given.get(*name).is_some_and(|value| is.holds(value)),
        May(name, is) => given.get(*name).is_none_or(|value| is.holds(value)),
    };
    given.keys().all(known) && form.iter().all(fits)
}

impl Is {
    pub fn holds(&self, value: &Value) -> bool {
        let text = |fits: fn(&str) -> bool| value.as_str().is_some_and(fits);
        match self {
            Self::Text => value.is_string(),
            Self::Word => text(|text| !text.is_empty()),
            Self::Number => value.is_number(),
            Self::Within(least, most) => value.as_f64().is_some_and(|number| (*least..=*most).contains(&number)),
            Self::Least(least) => value.as_f64().is_some_and(|number| number >= *least),
            Self::Flag => value.is_boolean(),
            Self::One(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Colour => text(|text| has_digits(text, 6)),
            Self::ColourOfBorder => text(|text| has_digits(text, 6) || has_digits(text, 8)),
            Self::ColourOfStatus => text(|text| STATUS_COLOURS.contains(&text) || has_digits(text, 6)),
            Self::Numbers => value.as_array().is_some_and(|all| all.iter().all(Value::is_number)),
            Self::Texts => value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_string)),
            Self::Source => fit(value, SOURCE) && has_views(&value["views"]),
            Self::Anything => true,
        }
    }
}

const STATUS_COLOURS: [&str; 6] = ["neutral", "purple", "blue", "red", "yellow", "green"];

const SOURCE: &[Attribute] = &[Must("id", Is::Text), Must("parameters", Is::Anything), Must("views", Is::Anything)];

const VIEW: &[Attribute] = &[Must("type", Is::Text), May("properties", Is::Anything)];

fn has_views(views: &Value) -> bool {
    views.as_array().is_some_and(|views| !views.is_empty() && views.iter().all(|view| fit(view, VIEW)))
}

fn has_digits(text: &str, count: usize) -> bool {
    let hex = |hex: &str| hex.len() == count && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    text.strip_prefix('#').is_some_and(hex)
}
