//! Commands that ask a daemon, before one that answers exactly this.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::thread::{self, JoinHandle};

use testing::daemon::lockstep;

/// A daemon that answers the first request so, and its address. Ends with that request, which it returns.
fn daemon(status: &'static str, body: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answering = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
        }
        let length = head.to_lowercase().split_once("content-length: ").unwrap().1.lines().next().unwrap().to_owned();
        let mut asked = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut asked).unwrap();
        let length = body.len();
        write!(
            stream.get_mut(),
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: \
             {length}\r\n\r\n{body}"
        )
        .unwrap();
        format!("{} {}", head.split(" HTTP").next().unwrap(), String::from_utf8(asked).unwrap())
    });
    (address, answering)
}

/// The exit code of a command, what it printed, and what it asked.
fn asked(line: &str, status: &'static str, body: &'static str) -> (Option<i32>, String, String) {
    let (address, answering) = daemon(status, body);
    let args: Vec<_> = line.split(' ').chain(["--api", &address]).collect();
    let token = ("LOCKSTEP_API_TOKEN".to_owned(), "hunter2-hunter2".to_owned());
    let Output { status, stdout, .. } = lockstep(&args, &[token]).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), answering.join().unwrap())
}

#[test]
fn json_is_the_answer_of_the_daemon_as_it_is() {
    let odd = r#"{ "list": [1.50, {"b": null, "a": "é\n"}],  "more":true }"#;
    for (line, request) in [
        ("status --json", "GET /api/v1/flows "),
        ("status sync-ab --json", "GET /api/v1/flows/sync-ab "),
        ("history sync-ab --json", "GET /api/v1/flows/sync-ab/history? "),
        ("history sync-ab user-a-1 --limit 2 --json", "GET /api/v1/flows/sync-ab/history?issue=USER-A-1&limit=2 "),
        (
            "pair sync-ab user-a-1 DEV-A-7 --json",
            r#"POST /api/v1/flows/sync-ab/pair {"user":"USER-A-1","dev":"DEV-A-7"}"#,
        ),
        ("unpair sync-ab DEV-A-7 --json", r#"POST /api/v1/flows/sync-ab/unpair {"issue":"DEV-A-7"}"#),
        ("recreate sync-ab USER-A-1 --json", r#"POST /api/v1/flows/sync-ab/recreate {"user":"USER-A-1"}"#),
    ] {
        for (status, code) in [("200 OK", 0), ("503 Service Unavailable", 1)] {
            assert_eq!(asked(line, status, odd), (Some(code), format!("{odd}\n"), request.to_owned()), "{line}");
        }
    }
}
