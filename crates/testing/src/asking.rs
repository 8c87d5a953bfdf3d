//! The least of an HTTP client: one request, one connection, JSON both ways.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Null if there is none; what is no JSON as a text.
    pub body: Value,
}

/// Asks the server at this URL (`http://HOST:PORT`). Header lines end with `\r\n`; no body is sent if it is null.
pub fn ask(url: &str, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
    let host = url.trim_start_matches("http://");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    Answer::read(&text)
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body =
            if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap_or_else(|_| body.into()) };
        Self { status, body }
    }
}
