//! What comes over the network from others than Jira: strangers at the admin server, and proxies on the way to Jira.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use testing::daemon::Daemon;
use testing::town::Town;

/// The program as it is started with this limit on file descriptors, which it may raise.
fn with_soft_limit(command: &Command, descriptors: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -S -n {descriptors} && exec \"$0\" \"$@\"")]).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// What comes until the server has closed, or has said this.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let (mut said, mut piece) = (String::new(), [0; 1024]);
    while !said.ends_with(end) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(read) => said.push_str(&String::from_utf8_lossy(&piece[..read])),
        }
    }
    said
}

#[test]
fn idle_strangers_take_no_descriptor_from_the_flows_nor_from_livez() {
    let town = Town::with_flow("sync-ab.json");
    let mut command = with_soft_limit(&town.command(town.data()), 200);
    command.env("LOG_LEVEL", "debug").env("LOCKSTEP_API_TOKEN", "hunter2-hunter2");
    let daemon = Daemon::of(command);
    let address = daemon.address();
    let host = address.trim_start_matches("http://");
    let ask = |stream: &mut TcpStream| {
        let head =
            format!("GET /api/v1/flows HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer hunter2-hunter2\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        read_until(stream, "}")
    };
    let mut ours = connect(&address);
    assert!(ask(&mut ours).starts_with("HTTP/1.1 200 "));

    let mut strangers: Vec<_> = (0..400).map(|_| connect(&address)).collect();
    let mut newcomer = connect(&address);
    newcomer.write_all(b"GET /livez HTTP/1.1\r\n\r\n").unwrap();
    assert!(read_until(&mut newcomer, "ok\n").starts_with("HTTP/1.1 200 "));
    assert_eq!(read_until(&mut strangers[0], "never"), "", "the oldest was closed");
    assert!(ask(&mut ours).starts_with("HTTP/1.1 200 "), "who has a token is not");
    daemon.wait_cycles("sync-ab", 2);
    daemon.wait_for("the raised limit", |line| {
        line["message"]
            .as_str()
            .is_some_and(|told| told.starts_with("file descriptors: ") && told.ends_with("after 200 at start"))
    });

    let mut flood = connect(&address);
    let _ = flood.write_all(format!("GET /livez HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(20_000)).as_bytes());
    assert!(read_until(&mut flood, "never").starts_with("HTTP/1.1 431 "));
}

#[test]
fn a_proxy_that_can_not_be_used_keeps_the_process_from_starting() {
    let town = Town::with_flow("sync-ab.json");
    let mut daemon = town.start_with(&[("https_proxy", "http://bot:hunter 2@127.0.0.1:9")]);
    assert_eq!(daemon.ended().code(), Some(2));
    let said = daemon.log().join("\n");
    assert!(said.contains("https_proxy: ") && said.contains("%20") && !said.contains("hunter"), "{said}");
}

/// A proxy that answers every request with this.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Ends with the tests' process.
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_proxy_that_refuses_parks_no_flow_and_is_named() {
    let page = "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 29\r\nconnection: close\r\n\r\n\
                <title>Blocked by us</title>\n";
    for (site, told) in [
        ("https://jira.corp.test", "does not connect us to jira.corp.test"),
        ("http://jira.corp.test", "Blocked by us"),
    ] {
        let town = Town::with_flow("sync-ab.json");
        let proxy = proxy(page);
        let daemon = town.start_with(&[("JIRA_URL", site), ("ALL_PROXY", &proxy)]);
        let named = format!("the proxy {proxy} (ALL_PROXY)");
        // Not "refused", which would park it.
        let failed = daemon.wait_for(told, |line| {
            let message = line["message"].as_str().unwrap_or_default();
            message.starts_with("Worker failed, starting again in ") && message.contains(told)
        });
        assert!(failed["message"].as_str().is_some_and(|message| message.contains(&named)), "{failed}");
        assert_ne!(daemon.get("/health").body["workers"][0]["status"], "parked");
    }
}
