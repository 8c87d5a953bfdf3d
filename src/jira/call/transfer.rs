//! Files: a download that is handed on piece by piece, an upload that takes one so.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Response, header};
use reqwest::Url;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::redirect::Reach;
use super::{Ask, Caller, Failed, Head, Whose, short, throttle};
use crate::flow::JiraTime;
use crate::jira::budget::Pass;
use crate::jira::error::{Error, Fault, no_result, said};
use crate::jira::transfer::{Progress, Stage};
use crate::jira::transport::{Body, ThroughProxy};
use crate::pulse::Gate;

/// A file on its way to Jira.
pub(in crate::jira) struct Upload {
    /// What is asked, its body aside.
    pub ask: Ask,
    /// The turn that came for it.
    pub pass: Pass,
    pub content_type: HeaderValue,
    /// Bytes of the whole body.
    pub length: u64,
    /// The longest that it may live.
    pub limit: Duration,
    pub body: Body,
    /// How far the body is.
    pub progress: Progress,
    /// Breaks the body.
    pub abort: CancellationToken,
}

/// Jira takes no upload without it: it proves that no web page made a browser send this.
const NO_CHECK: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-atlassian-token"), HeaderValue::from_static("no-check"));

impl Caller {
    /// Opens a file. Of what it answers only the head has been read; `fits` says whether that is the file.
    pub(in crate::jira) async fn open(
        &self,
        ask: &Ask,
        from: &Url,
        fits: impl Fn(&Response<Body>) -> Result<(), Fault>,
    ) -> Result<Body, Error> {
        let mut tried = 0;
        loop {
            let pass = self.turn(ask).await?;
            tried += 1;
            match self.open_once((ask, &pass), from, &fits).await {
                Ok(body) => return Ok(body),
                Err(failed) => self.pause(ask, self.settle(ask, failed).await, tried).await?,
            }
        }
    }

    async fn open_once(
        &self,
        (ask, pass): (&Ask, &Pass),
        from: &Url,
        fits: &impl Fn(&Response<Body>) -> Result<(), Fault>,
    ) -> Result<Body, Failed> {
        let exchange = async {
            let (response, whose) = self.get(from.clone(), Reach::Anywhere, "*/*").await?;
            match response.status().is_success() {
                true => Ok((whose, Ok(response))),
                false => short(response).await.map(|complaint| (whose, Err(complaint))),
            }
        };
        let end = self.pulse.through((Gate::Jira, ask.purpose), &ask.told(), self.limits.silence, exchange).await;
        match end.map_err(no_result)?? {
            (whose, Ok(response)) => {
                let proxy = response.extensions().get().cloned();
                let head = Head { status: response.status(), headers: response.headers().clone(), proxy };
                if whose == Whose::Site {
                    self.verdict(ask, pass, &head, b"")?;
                }
                fits(&response)?;
                self.pulse.succeeded();
                Ok(response.into_body())
            }
            (Whose::Site, Err((head, body))) => {
                self.verdict(ask, pass, &head, &body)?;
                Err(Fault::NotJira(head.status.to_string()).into())
            }
            (Whose::Stranger, Err((head, body))) => Err(self.strangers_complaint(&head, &body)),
        }
    }

    /// What a host that keeps files complains of concerns this file: it neither holds our account back nor refuses it.
    fn strangers_complaint(&self, head: &Head, body: &[u8]) -> Failed {
        let pause = throttle::asked_for(head.status, &head.headers, JiraTime::new(self.clock.wall()));
        let by = head.proxy.as_ref().map(|ThroughProxy(proxy)| format!(", or {proxy},")).unwrap_or_default();
        let why = format!("where the file is kept it{by} says {}: {}", head.status, said(&head.headers, body).text);
        let at_least = pause.map_or(Duration::ZERO, |pause| pause.wait);
        Failed { at_least, ..Fault::NotJira(why).into() }
    }

    /// Sends a file, once. The answer's body, or what went wrong and whether the whole file had been handed over.
    pub(in crate::jira) async fn upload(&self, upload: Upload) -> Result<bytes::Bytes, Error> {
        let Upload { ask, pass, content_type, length, limit, body, progress, abort } = upload;
        // Whatever ends this early, the body breaks, and Jira stores no half of a file.
        let _abort = abort.drop_guard();
        let exchange = async {
            self.refuse_unless_ours(&ask)?;
            let url = self.url(&ask.path)?;
            let request = self
                .request(&Method::POST, &url, Whose::Site)
                .header(header::ACCEPT, "application/json")
                .header(header::CONTENT_TYPE, content_type)
                .header(header::CONTENT_LENGTH, length)
                .header(NO_CHECK.0, NO_CHECK.1)
                .body(body)
                .map_err(super::unsendable)?;
            tokio::select! {
                biased;
                answer = async { short(self.send(request).await?).await } => answer,
                stage = progress.stalled(&self.clock, &self.limits) => Err(silent(stage)),
            }
        };
        let end = self.pulse.through((Gate::Jira, ask.purpose), &ask.told(), limit, exchange).await;
        let end = end.map_err(no_result).and_then(|end| end);
        let (head, said) = end.map_err(|fault| self.error(&ask, unsent(fault, &progress)))?;
        if let Err(failed) = self.verdict(&ask, &pass, &head, &said) {
            return Err(self.error(&ask, self.settle(&ask, failed).await.fault));
        }
        match progress.stage() {
            Stage::Answer => {
                self.pulse.succeeded();
                Ok(said)
            }
            Stage::Source | Stage::Sink => {
                let why = "it was content before it had the whole file".to_owned();
                Err(self.error(&ask, Fault::NotJira(why)))
            }
        }
    }

    /// Shows a piece that was handed over: when, and that the worker lives.
    pub(in crate::jira) fn moved(&self) -> impl Fn() -> Instant + Send + Unpin + use<> {
        let (clock, pulse) = (self.clock.clone(), self.pulse.clone());
        move || {
            pulse.beat();
            pulse.succeeded();
            clock.now()
        }
    }

    pub(in crate::jira) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Something that nobody else has drawn.
    pub(in crate::jira) fn draw(&self) -> Uuid {
        self.entropy.id(self.clock.wall())
    }
}

fn silent(stage: Stage) -> Fault {
    Fault::Unanswered(
        match stage {
            Stage::Source => "the file stopped coming",
            Stage::Sink => "Jira stopped taking the file",
            Stage::Answer => "no answer came to the whole file",
        }
        .to_owned(),
    )
}

/// Of a file whose end was never handed over nothing can have been stored.
fn unsent(fault: Fault, progress: &Progress) -> Fault {
    match (fault, progress.stage()) {
        (Fault::Unanswered(why), Stage::Source | Stage::Sink) => {
            Fault::NotSent(format!("the upload broke off, perhaps because the file is too large: {why}"))
        }
        (fault, Stage::Source | Stage::Sink | Stage::Answer) => fault,
    }
}
