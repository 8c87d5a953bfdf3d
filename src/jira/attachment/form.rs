//! The form in which a file is uploaded (RFC 7578): what goes before the file, and what after it.

use bytes::Bytes;
use http::HeaderValue;
use uuid::Uuid;

/// A form of one part, `file`, as Jira wants it.
pub(super) struct Form {
    pub content_type: HeaderValue,
    pub head: Bytes,
    pub tail: Bytes,
}

impl Form {
    /// `boundary` must not be in the file; one that was drawn is not.
    pub(super) fn new(boundary: Uuid, filename: &str, mime: &str) -> Self {
        let boundary = format!("lockstep-{}", boundary.simple());
        let name = quoted(filename);
        let kind =
            if HeaderValue::from_str(mime).is_ok() && mime.contains('/') { mime } else { "application/octet-stream" };
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename={name}\r\nContent-Type: {kind}\r\n\r\n"
        );
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
        Self {
            // Letters, digits and hyphens only.
            content_type: content_type.unwrap_or(HeaderValue::from_static("multipart/form-data")),
            head: head.into(),
            tail: format!("\r\n--{boundary}--\r\n").into(),
        }
    }

    /// Bytes of the form with a file of `size` in it.
    pub(super) fn length(&self, size: u64) -> u64 {
        size + (self.head.len() + self.tail.len()) as u64
    }
}

/// A name as a quoted string: quotes and backslashes escaped, everything else as it is, in UTF-8. Jira does not
/// understand `filename*`, and RFC 7578 forbids it here. What would end the line can't be quoted, and is written as
/// browsers write it.
fn quoted(name: &str) -> String {
    let mut quoted = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\r' => quoted.push_str("%0D"),
            '\n' => quoted.push_str("%0A"),
            '\0' => quoted.push_str("%00"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_kind_stay_within_their_quotes() {
        assert_eq!(quoted("report.pdf"), r#""report.pdf""#);
        assert_eq!(quoted("Übersicht 表.png"), "\"Übersicht 表.png\"");
        assert_eq!(quoted(r#"a "b" \c.txt"#), r#""a \"b\" \\c.txt""#);
        assert_eq!(quoted("a\"\r\nContent-Type: x"), r#""a\"%0D%0AContent-Type: x""#);
    }

    #[test]
    fn the_length_of_the_form_is_known_before_it_is_sent() {
        let form = Form::new(Uuid::nil(), "ä.txt", "text/plain");
        let whole = [&form.head[..], b"12345", &form.tail].concat();
        assert_eq!(form.length(5), whole.len() as u64);
        let text = String::from_utf8(whole).unwrap();
        let boundary = "--lockstep-00000000000000000000000000000000";
        assert!(text.starts_with(&format!("{boundary}\r\n")) && text.ends_with(&format!("12345\r\n{boundary}--\r\n")));
    }

    #[test]
    fn a_type_that_would_break_the_form_is_replaced() {
        for odd in ["", "text", "a/b\r\nX: y"] {
            let head = Form::new(Uuid::nil(), "x", odd).head;
            assert!(String::from_utf8_lossy(&head).contains("Content-Type: application/octet-stream\r\n\r\n"), "{odd}");
        }
    }
}
