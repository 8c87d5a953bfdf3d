//! Rich texts: the only place that opens a [`Body`].
//!
//! There are two formats, and a text may have to leave one for the other. [`cross`] takes it over a common ground, the
//! `model`, that knows what both can say; what one of them can't becomes words, and is told as a [`Loss`]. Nothing that
//! a person wrote vanishes in silence. Between two projects on the same kind of Jira a text does not cross: [`copy()`]
//! leaves it as it is but for mentions and files.
//!
//! ```text
//! Atlassian document (JSON) --- adf::read ---> model ---> wiki::write ---> wiki markup
//!                           <-- adf::write ---       <--- wiki::blocks ---
//! ```
//!
//! Everything here is foreign bytes: no text makes these functions panic, recurse without bound or take quadratic time.

mod adf;
mod colour;
mod copy;
mod limit;
mod link;
mod loss;
mod model;
mod wiki;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use loss::Losses;
use model::{Block, Inline, Marks, with_breaks};

pub use copy::copy;
pub use limit::{MOST, length, shortened};
pub use link::{WhenFull, link_in, links_in, with_link, with_link_within};
pub use loss::{Loss, Lost};

/// A rich text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An Atlassian document (Cloud v3), as JSON text.
    Adf(String),
    /// Wiki markup (Data Center, Cloud v2).
    Wiki(String),
}

/// How a rich text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Atlassian documents: Jira Cloud, REST v3.
    Adf,
    /// Wiki markup: Data Center, and REST v2 in general.
    Wiki,
}

impl Format {
    /// How this text is written.
    #[must_use]
    pub fn of(body: &Body) -> Self {
        match body {
            Body::Adf(_) => Self::Adf,
            Body::Wiki(_) => Self::Wiki,
        }
    }
}

/// What helps to put into words what can't be taken along. Empty is fine: then the text itself must know.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Names of files, by the id that a text embeds them with (`media.attrs.id`).
    pub attachments: BTreeMap<String, String>,
    /// Names of people, by account id or user name (`mention.attrs.id`, `[~name]`).
    pub people: BTreeMap<String, String>,
}

impl Context {
    /// A mention of wiki markup in words.
    fn mentioned(&self, name: &str) -> String {
        format!("@{}", self.people.get(name).map_or(name, String::as_str).trim_start_matches('@'))
    }
}

/// A text that has arrived on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The text.
    pub body: Body,
    /// What it could not take along, each kind once.
    pub lost: Vec<Loss>,
}

/// `body` in another format. One that has it already is not touched; see [`copy()`].
#[must_use]
pub fn cross(body: &Body, to: Format, context: &Context) -> Crossing {
    if Format::of(body) == to {
        return Crossing { body: body.clone(), lost: Vec::new() };
    }
    let mut lost = Losses::default();
    let blocks = model_of(body, context, &mut lost);
    let body = written(&blocks, to, &mut lost);
    Crossing { body, lost: lost.into_list() }
}

/// `body` as it arrives in another issue whose texts are in this format: a [`copy()`] if it has that format, else it
/// has to [`cross`].
#[must_use]
pub fn carry(body: &Body, to: Format, context: &Context) -> Crossing {
    if Format::of(body) == to { copy(body, context) } else { cross(body, to, context) }
}

/// Plain words as a body, a line for a line, shortened visibly if they are too long for Jira.
#[must_use]
pub fn plain(text: &str, format: Format) -> Body {
    let body = match format {
        Format::Adf => Body::Adf(adf::document(text.lines().map(adf::line).collect()).to_string()),
        Format::Wiki => written(&paragraphs(text), format, &mut Losses::default()),
    };
    limit::shortened(&body, MOST)
}

/// What there is to read in a body, a line for a line and without looks, for comparisons.
#[must_use]
pub fn text_of(body: &Body) -> String {
    let lines = model::text_of(&model_of(body, &Context::default(), &mut Losses::default()));
    lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A body as Jira takes it: a document or, of wiki markup, a string.
pub fn to_json(body: &Body) -> Value {
    match body {
        Body::Adf(text) => adf::parse(text),
        Body::Wiki(text) => Value::String(text.clone()),
    }
}

/// A body from what Jira sent: a document, a string (wiki markup), or nothing.
pub fn from_json(value: Value) -> Option<Body> {
    match value {
        Value::Object(_) => Some(Body::Adf(value.to_string())),
        Value::String(text) => Some(Body::Wiki(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// A body from what Jira sent, as it came: a document stays unopened, so that it costs no more than its text and nothing
/// in it changes.
///
/// # Errors
/// When it could not be opened later, in words.
pub fn from_json_text(raw: &RawValue) -> Result<Option<Body>, String> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => match adf::depth(text) {
            0..=adf::MOST_DEPTH => Ok(Some(Body::Adf(text.to_owned()))),
            deep => Err(format!("a text is nested {deep} levels deep, and only {} can be opened", adf::MOST_DEPTH)),
        },
        Some(b'"') => {
            let words = serde_json::from_str(text).map_err(|e| format!("a text can't be read: {e}"))?;
            Ok(Some(Body::Wiki(words)))
        }
        Some(_) | None => Ok(None),
    }
}

fn model_of(body: &Body, context: &Context, lost: &mut Losses) -> Vec<Block> {
    match body {
        Body::Adf(text) => adf::read::blocks(&adf::parse(text), context, lost),
        Body::Wiki(text) => wiki::blocks::read(text, context, lost),
    }
}

fn written(blocks: &[Block], format: Format, lost: &mut Losses) -> Body {
    match format {
        Format::Adf => Body::Adf(adf::write::blocks(blocks, lost).to_string()),
        Format::Wiki => Body::Wiki(wiki::write::blocks(blocks, lost)),
    }
}

/// A blank line separates paragraphs.
fn paragraphs(text: &str) -> Vec<Block> {
    let paragraph = |lines: &[Inline]| Block::Paragraph(lines.to_vec());
    let lines = with_breaks(text, &Marks::default());
    let blank = |line: &Inline| matches!(line, Inline::Text(words, _) if words.trim().is_empty());
    lines.split(blank).map(|lines| paragraph(&model::tidy(lines.to_vec()))).collect()
}

/// How an embedded file is shown where it can't be embedded.
fn attachment(name: Option<&str>) -> String {
    name.map_or_else(|| "[attachment]".to_owned(), |name| format!("[attachment: {}]", name.trim()))
}
