//! Requests to a running daemon.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::text::Screen;
use super::{Outcome, env, print_error, print_note, token};
use crate::api;
use crate::clock::Clock;
use crate::flow::Secret;
use crate::jira::{Network, Transport as _, WireBody};
use crate::settings::{self, Proxies, StoreFlags};
use crate::store::mongo_url;

/// The longest wait for an answer: longer than the daemon itself waits for an order to be executed.
const LIMIT: Duration = Duration::from_secs(150);

/// The longest answer that is read, in bytes.
const LONGEST: usize = 8 << 20;

/// Arguments of commands that ask a running daemon.
#[derive(clap::Args)]
pub(super) struct DaemonArgs {
    /// Where the daemon answers [default: $LOCKSTEP_API, else http://127.0.0.1:$PORT, else http://127.0.0.1:3000]
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// The file with the API's token [default: $LOCKSTEP_API_TOKEN_FILE, else the token in $LOCKSTEP_API_TOKEN, else
    /// api-token in the data folder]
    #[arg(long, value_name = "FILE")]
    api_token_file: Option<PathBuf>,
    /// The daemon's data, in whose folder it keeps its token [default: $DATABASE_URL, else sqlite:./data]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The file with the address of the daemon's data [default: $DATABASE_URL_FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    store_file: Option<PathBuf>,
    /// Print the daemon's answer as it is, as JSON
    #[arg(long)]
    json: bool,
}

/// An answer of the daemon.
struct Answer {
    is_good: bool,
    text: Bytes,
}

impl DaemonArgs {
    /// Sends an order and shows the answer: by `show`, or as it is with `--json`.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        show: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
    ) -> Outcome {
        let body = serde_json::to_vec(body).context("the order can't be written as JSON");
        self.shown(body.and_then(|body| self.asked(Method::POST, path, body.into())), show)
    }

    /// Requests something and shows the answer: by `show`, or as it is with `--json`.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        show: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
    ) -> Outcome {
        self.shown(self.asked(Method::GET, path, Bytes::new()), show)
    }

    /// The same, where a refusal can hold part of the answer: then `show` shows that part, and the error follows.
    pub(super) fn get_what_is_known<T: DeserializeOwned>(
        &self,
        path: &str,
        show: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
    ) -> Outcome {
        let answer = self.asked(Method::GET, path, Bytes::new());
        let part = answer.as_ref().ok().filter(|answer| !answer.is_good && !self.json);
        match part.and_then(|answer| serde_json::from_slice(&answer.text).ok()) {
            Some(part) => {
                // A reader that went away has seen what it wanted.
                let _ = show(&part, &mut Screen::new(io::stdout().lock(), false));
                self.shown(answer, |_: &api::Problem, _| Ok(()))
            }
            None => self.shown(answer, show),
        }
    }

    fn shown<T: DeserializeOwned>(
        &self,
        answer: anyhow::Result<Answer>,
        show: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
    ) -> Outcome {
        match answer.and_then(|answer| self.show(&answer, show)) {
            Ok(true) => Outcome::Good,
            Ok(false) => Outcome::Bad,
            Err(error) => {
                print_error(format!("{error:#}"));
                Outcome::Bad
            }
        }
    }

    /// Returns whether the answer was a good one.
    fn show<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        show: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<bool> {
        let mut out = Screen::new(io::stdout().lock(), self.json);
        // A reader that went away has seen what it wanted; the exit code still tells.
        if self.json {
            let _ = out.write_all(&answer.text).and_then(|()| writeln!(out));
        } else if answer.is_good {
            let _ = show(
                &serde_json::from_slice(&answer.text).context("the answer is not that of a Lockstep daemon")?,
                &mut out,
            );
        } else {
            let problem: api::Problem =
                serde_json::from_slice(&answer.text).context("the answer is not that of a Lockstep daemon")?;
            print_error(problem.error);
        }
        Ok(answer.is_good)
    }

    fn asked(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Answer> {
        let api = address(self.api.as_deref())?;
        let flags = StoreFlags { url: self.store.clone(), file: self.store_file.clone() };
        let store = settings::store(&env, &flags, mongo_url)?;
        store.warnings.iter().for_each(print_note);
        let token = token::for_requests(self.api_token_file.as_deref(), &store.url, api.is_here)?;
        let request = request(method, &format!("{}{path}", api.url), &token, body)?;
        answered(request, LIMIT, &api)
    }
}

/// Checks whether a daemon answers at all, without a token.
pub(super) fn is_alive(api: Option<&str>, limit: Duration) -> anyhow::Result<()> {
    let api = address(api)?;
    let request = Request::get(format!("{}/livez", api.url)).body(full(Bytes::new()))?;
    if !answered(request, limit, &api)?.is_good {
        bail!("what answers at {} is not a running Lockstep daemon", api.url);
    }
    Ok(())
}

fn address(flag: Option<&str>) -> anyhow::Result<Address> {
    let (name, text) = address_text(flag, &env);
    Address::read(&text)
        .with_context(|| format!("{name} is not the address of a daemon; write it as http://127.0.0.1:3000"))
}

/// As `run` reads its variables: an empty one is not set.
fn address_text(flag: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> (&'static str, String) {
    let set = |name: &str| env(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match (flag, set("LOCKSTEP_API"), set("PORT")) {
        (Some(url), _, _) => ("--api", url.to_owned()),
        (None, Some(url), _) => ("LOCKSTEP_API", url),
        (None, None, Some(port)) => ("PORT", format!("http://127.0.0.1:{port}")),
        (None, None, None) => ("--api", "http://127.0.0.1:3000".to_owned()),
    }
}

/// Address of a daemon.
#[derive(Debug)]
struct Address {
    /// Without a slash at its end.
    url: String,
    /// Whether it is on this machine.
    is_here: bool,
}

impl Address {
    /// The errors don't repeat the text: it may hold a password.
    fn read(text: &str) -> anyhow::Result<Self> {
        let url = text.trim().trim_end_matches('/').to_owned();
        let uri: Uri = url.parse().context("not a URL")?;
        let authority =
            uri.authority().filter(|at| !at.as_str().contains('@')).context("it must name a host, without a user")?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            bail!("it must begin with http:// or https://");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        Ok(Self { url, is_here })
    }
}

fn request(method: Method, url: &str, token: &Secret, body: Bytes) -> anyhow::Result<Request<WireBody>> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::AUTHORIZATION, format!("Bearer {}", token.expose()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, body.len());
    // The error is left out: it could hold the token.
    request.body(full(body)).map_err(|_| anyhow!("the token or the address can't be sent"))
}

fn full(body: Bytes) -> WireBody {
    Full::from(body).map_err(|never| match never {}).boxed_unsync()
}

fn answered(request: Request<WireBody>, limit: Duration, api: &Address) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let unanswered = || format!("no answer from {}; is the daemon running there? Name another with --api", api.url);
    runtime.block_on(carried(request, limit)).with_context(unanswered)
}

async fn carried(request: Request<WireBody>, limit: Duration) -> anyhow::Result<Answer> {
    let proxies = Arc::new(Proxies::from_env(&env)?);
    let (network, clock) = (Network::new(&proxies)?, Clock::system());
    let answer = async {
        let (head, body) = network.send(request).await?.into_parts();
        let body = Limited::new(body, LONGEST).collect().await.map_err(|why| anyhow!("the answer broke off: {why}"))?;
        anyhow::Ok(Answer { is_good: head.status.is_success(), text: body.to_bytes() })
    };
    tokio::select! {
        biased;
        answer = answer => answer,
        () = clock.sleep(limit) => bail!("none within {}", humantime::format_duration(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_comes_from_the_flag_or_a_variable_that_is_not_empty() {
        for (flag, api, port, found) in [
            (Some("http://a"), "http://b", "1", "http://a"),
            (None, "http://b", "1", "http://b"),
            (None, " ", " 8080 ", "http://127.0.0.1:8080"),
            (None, "", "", "http://127.0.0.1:3000"),
        ] {
            let env = |name: &str| Some(if name == "PORT" { port } else { api }.to_owned());
            assert_eq!(address_text(flag, &env).1, found);
        }
    }

    #[test]
    fn only_loopback_addresses_are_on_this_machine() {
        for (text, url, is_here) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000", true),
            ("http://localhost/", "http://localhost", true),
            ("http://[::1]:3000", "http://[::1]:3000", true),
            ("https://lockstep.example.net/sub/", "https://lockstep.example.net/sub", false),
            ("http://10.0.0.7", "http://10.0.0.7", false),
            ("http://localhost.evil.net", "http://localhost.evil.net", false),
        ] {
            let address = Address::read(text).unwrap();
            assert_eq!((&*address.url, address.is_here), (url, is_here));
        }
    }

    #[test]
    fn a_wrong_address_is_refused_without_repeating_it() {
        for text in ["", "localhost:3000", "ftp://x", "http://me:hunter2@localhost", "3000"] {
            let why = format!("{:#}", Address::read(text).unwrap_err());
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
