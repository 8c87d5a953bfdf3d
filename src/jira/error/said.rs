//! What an answer says in words: one reading of every shape in which Jira, its gateway or a stranger complains.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::flow::{Credentials, Secret};
use crate::foreign::{Mask, told};

/// Who speaks, as far as the shape tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jira) enum Shape {
    /// `errorMessages` and `errors`: Jira's own resources.
    Jira,
    /// RFC 7807, or the gateway's `message`, `error`, `errorMessage`: the request did not get to a resource of Jira.
    Gateway,
    /// A page for people, or XML.
    Page,
    /// Anything else.
    Other,
    /// Nothing.
    Empty,
}

/// What was said, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jira) struct Said {
    pub shape: Shape,
    pub text: String,
    /// What is said of single fields (`errors`), by their ids.
    pub fields: BTreeMap<String, String>,
}

/// Fields that are told apart; no screen has more that can be wrong at once.
const MOST_FIELDS: usize = 100;

/// Reads the body of an answer that is not what was asked for. Whether it is JSON is not believed to its header.
pub(in crate::jira) fn said(headers: &HeaderMap, body: &[u8]) -> Said {
    let text = String::from_utf8_lossy(body);
    let mut fields = BTreeMap::new();
    let (shape, text) = match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => {
            fields = by_field(object.get("errors"));
            of_json(object)
        }
        _ if text.trim().is_empty() => (Shape::Empty, String::new()),
        _ if is_html(headers) || text.trim_start().starts_with('<') => (Shape::Page, of_page(&text)),
        Ok(_) | Err(_) => (Shape::Other, text.into_owned()),
    };
    let text = told(&text);
    Said { shape, text: if text.is_empty() { "nothing was said".to_owned() } else { text }, fields }
}

fn by_field(errors: Option<&Value>) -> BTreeMap<String, String> {
    let of_field = |(id, value): (&String, &Value)| {
        let mut texts = Vec::new();
        collect(None, value, &mut texts);
        (told(id), told(&texts.join("; ")))
    };
    let errors = errors.and_then(Value::as_object).into_iter().flatten();
    errors.take(MOST_FIELDS).map(of_field).collect()
}

/// Whether the answer calls itself a page.
pub(in crate::jira) fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("text/html") || kind.starts_with("application/xhtml")
}

fn of_json(mut object: Map<String, Value>) -> (Shape, String) {
    let mut take = |name: &str| object.remove(name);
    let (messages, fields) = (take("errorMessages"), take("errors"));
    let shape = match (&messages, &fields) {
        (Some(_), _) | (None, Some(Value::Object(_))) => Shape::Jira,
        _ => Shape::Gateway,
    };
    let further = ["title", "detail", "message", "error", "error_description", "errorMessage"].map(&mut take);
    let mut texts = Vec::new();
    for value in [messages, fields].into_iter().chain(further).flatten() {
        collect(None, &value, &mut texts);
    }
    match texts.is_empty() {
        true => (if shape == Shape::Jira { shape } else { Shape::Other }, Value::Object(object).to_string()),
        false => (shape, texts.join("; ")),
    }
}

/// Every text in a value, with the name of the field that it complains of. Deep enough for all that is known.
fn collect(field: Option<&str>, value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::String(text) if text.trim().is_empty() => {}
        Value::String(text) => texts.push(field.map_or_else(|| text.clone(), |field| format!("{field}: {text}"))),
        Value::Array(values) => values.iter().for_each(|value| collect(field, value, texts)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| collect(Some(name), value, texts)),
        Value::Bool(_) | Value::Number(_) => {
            texts.push(field.map_or_else(|| value.to_string(), |field| format!("{field}: {value}")));
        }
    }
}

/// A page's title, else its text.
fn of_page(page: &str) -> String {
    let title = element(page, "title").map(visible).filter(|title| !title.trim().is_empty());
    title.unwrap_or_else(|| visible(page))
}

/// What is within the first element of that name.
fn element<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    // Changes the case of ASCII only, so that places stay the same.
    let lower = page.to_ascii_lowercase();
    let start = lower.find(&format!("<{name}"))?;
    let inner = start + lower[start..].find('>')? + 1;
    let end = lower[inner..].find(&format!("</{name}")).map_or(page.len(), |end| inner + end);
    Some(&page[inner..end])
}

/// The text of a page as people see it, roughly.
fn visible(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let hidden = ["script", "style"].into_iter().find(|name| begins_with(tag, name));
        let after = match hidden {
            Some(name) => tag.to_ascii_lowercase().find(&format!("</{name}")).map_or("", |end| &tag[end + 1..]),
            None => tag,
        };
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .into_iter()
        .fold(text, |text, (entity, plain)| text.replace(entity, plain))
}

fn begins_with(tag: &str, name: &str) -> bool {
    tag.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

/// What hides this account's secrets in a foreign text: the token, `basic` (the encoded pair of e-mail and token, if that
/// is how we log in), and what the way to Jira knows.
pub(in crate::jira) fn mask(credentials: &Credentials, basic: Option<&str>, of_way: &[Secret]) -> Mask {
    let (Credentials::Basic { token, .. } | Credentials::Bearer { token }) = credentials;
    Mask::of([token.expose()].into_iter().chain(basic).chain(of_way.iter().map(Secret::expose)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(kind: &'static str, body: &str, shape: Shape, text: &str) {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        let said = said(&headers, body.as_bytes());
        assert_eq!((said.shape, said.text.as_str()), (shape, text), "{body}");
    }

    #[test]
    fn complaints_of_every_shape_are_told_on_one_line() {
        let json = |body, shape, text| check("application/json", body, shape, text);
        json(
            r#"{"errorMessages":[],"errors":{"issuetype":"Specify an issue type"}}"#,
            Shape::Jira,
            "issuetype: Specify an issue type",
        );
        json(r#"{"errorMessages":["gone"]}"#, Shape::Jira, "gone");
        json(r#"{"errors":{"a":"b","c":"d"}}"#, Shape::Jira, "a: b; c: d");
        json(r#"{"errorMessages":["x"],"errors":{"a":"b"},"status":400}"#, Shape::Jira, "x; a: b");
        json(r#"{"code":401,"message":"Unauthorized"}"#, Shape::Gateway, "Unauthorized");
        json(r#"{"status":503,"error":"no upstream"}"#, Shape::Gateway, "no upstream");
        json(r#"{"message":"null for uri: http://x","status-code":404}"#, Shape::Gateway, "null for uri: http://x");
        json(r#"{"errorMessage":"Site temporarily unavailable"}"#, Shape::Gateway, "Site temporarily unavailable");
        json(r#"{"weather":"fine"}"#, Shape::Other, r#"{"weather":"fine"}"#);
        check(
            "application/problem+json",
            r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"no such path"}"#,
            Shape::Gateway,
            "Not Found; no such path",
        );
    }

    #[test]
    fn pages_are_told_by_their_title_or_their_text() {
        let page = "<!DOCTYPE html><html><head><TITLE lang=en>Log in &amp; go\n</TITLE></head><body>much</body></html>";
        check("text/html;charset=UTF-8", page, Shape::Page, "Log in & go");
        check(
            "text/plain",
            "<p>Bad <b>Gateway</b><script>if (1<2) x()</script> sorry",
            Shape::Page,
            "Bad Gateway sorry",
        );
        check("text/html", "", Shape::Empty, "nothing was said");
        check("application/json", r#"{"errorMessages":["cut sh"#, Shape::Other, r#"{"errorMessages":["cut sh"#);
    }

    #[test]
    fn foreign_text_is_one_short_line_that_plays_no_tricks() {
        check("text/plain", "a\u{1b}[31m\r\nb\u{202e}c", Shape::Other, "a [31m bc");
    }

    #[test]
    fn broken_pages_are_survived() {
        for page in ["<", "<title", "<title>", "<script", "<script>x", "</", "<title>é</titl", "<é>"] {
            let _ = of_page(page);
        }
    }
}
