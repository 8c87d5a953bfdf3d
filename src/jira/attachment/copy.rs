//! One file from one issue to another.

use bytes::Bytes;
use http::{Method, Response, header};
use http_body_util::BodyExt;
use reqwest::Url;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::AttachmentLimits;
use super::form::Form;
use crate::flow::{Attachment, AttachmentId};
use crate::jira::budget::Pass;
use crate::jira::call::{Ask, Caller, Upload};
use crate::jira::error::{Error, Fault, is_html};
use crate::jira::limits::transfer_limit;
use crate::jira::transfer::{Parts, Progress, Through};
use crate::jira::transport::Body;
use crate::jira::{get, wire};
use crate::pulse::Purpose;

/// From where to where.
pub(super) struct Route<'a> {
    pub source: &'a Caller,
    pub sink: &'a Caller,
    /// The attachments of the issue that gets the file, below the sink's address.
    pub path: String,
    /// Where the sink tells what may be attached.
    pub limits: String,
}

/// One of the files in the answer to an upload.
#[derive(Deserialize)]
struct Uploaded {
    #[serde(deserialize_with = "wire::attachment_id")]
    id: AttachmentId,
    size: u64,
}

impl Route<'_> {
    pub(super) async fn copy(self, attachment: &Attachment) -> Result<AttachmentId, Error> {
        // First the turn, then the file: an open download does not like to wait.
        let pass = self.sink.turn(&self.ask()).await?;
        let fetch = get(place(&attachment.content), "attachment").of_one_issue();
        let file = self.open(&fetch, attachment).await?;
        let progress = Progress::new(self.sink.now());
        let end = self.sink.upload(self.upload(attachment, file, (progress.clone(), pass))).await;
        match (end, progress.broken()) {
            (Ok(said), _) => self.copied(attachment, &said).map_err(|why| self.sink.error(&self.ask(), why)),
            // How the upload ended tells only that its body broke.
            (Err(_), Some(why)) => Err(self.source.error(&fetch, Fault::Unanswered(why))),
            (Err(error), None) => Err(self.too_large_after_all(error, attachment).await),
        }
    }

    fn ask(&self) -> Ask {
        let path = self.path.clone();
        let (method, purpose) = (Method::POST, Purpose::Write);
        Ask { method, path, body: None, endpoint: "attach", purpose, of_one_issue: true, tries: 1 }
    }

    async fn open(&self, fetch: &Ask, attachment: &Attachment) -> Result<Body, Error> {
        let site = self.source.url("");
        let at = site.and_then(|site| address(&site, &attachment.content));
        let at = at.map_err(|why| self.source.error(fetch, why))?;
        self.source.open(fetch, &at, |response| fits(response, attachment)).await
    }

    fn upload(&self, attachment: &Attachment, file: Body, (progress, pass): (Progress, Pass)) -> Upload {
        let form = Form::new(self.sink.draw(), &attachment.filename, &attachment.mime);
        let (length, limit) = (form.length(attachment.size), transfer_limit(attachment.size));
        let abort = CancellationToken::new();
        let body = Through::new(Parts {
            head: form.head,
            file,
            size: attachment.size,
            tail: form.tail,
            progress: progress.clone(),
            abort: abort.clone(),
            moved: self.sink.moved(),
        });
        let content_type = form.content_type;
        Upload { ask: self.ask(), pass, content_type, length, limit, body: body.boxed_unsync(), progress, abort }
    }

    /// What the answer to an upload says.
    fn copied(&self, attachment: &Attachment, said: &Bytes) -> Result<AttachmentId, Fault> {
        let files: Vec<Uploaded> = serde_json::from_slice(said).map_err(|e| Fault::NotJira(e.to_string()))?;
        match &files[..] {
            [Uploaded { id, size }] if *size == attachment.size => Ok(id.clone()),
            [Uploaded { size, .. }] => {
                Err(Fault::NotJira(format!("{} bytes were sent, and {size} were kept", attachment.size)))
            }
            _ => Err(Fault::NotJira(format!("one file was sent, and {} were taken", files.len()))),
        }
    }

    /// Data Center says 404 to a file that is too large, as to an issue that is missing: its limit tells which.
    async fn too_large_after_all(&self, error: Error, attachment: &Attachment) -> Error {
        let Fault::Missing(said) = &error.what else { return error };
        let limits = self.sink.json::<AttachmentLimits>(ask_limits(self.limits.clone())).await;
        match limits.ok().and_then(|answer| answer.value.upload_limit).filter(|limit| attachment.size > *limit) {
            Some(limit) => {
                let why = format!("{} bytes, and {limit} may be uploaded ({said})", attachment.size);
                Error { what: Fault::TooLarge(why), ..error }
            }
            None => error,
        }
    }
}

/// The question what may be attached.
pub(super) fn ask_limits(path: String) -> Ask {
    get(path, "attachment meta")
}

/// The resource that an attachment's address names, below the site's own address. A site can name another host than the
/// one that we reach it by (a gateway, a proxy in front of it), and only ours is told who we are.
fn place(content: &str) -> String {
    let path = content.parse().map_or_else(|_| content.to_owned(), |url: Url| url.path().to_owned());
    let begin = ["/secure/attachment/", "/rest/api/"].iter().find_map(|begin| path.find(begin));
    begin.map_or_else(|| path.clone(), |begin| path[begin..].to_owned())
}

/// Where to fetch a file: at the site if it is a resource of Jira's, else where it says.
fn address(site: &Url, content: &str) -> Result<Url, Fault> {
    let place = place(content);
    if place.starts_with("/secure/attachment/") || place.starts_with("/rest/api/") {
        let base = site.as_str().trim_end_matches('/');
        return format!("{base}{place}").parse().map_err(|e| Fault::Invalid(format!("{place}: {e}").into()));
    }
    let elsewhere: Url = content.parse().map_err(|e| Fault::Invalid(format!("the address of the file: {e}").into()))?;
    match (site.scheme(), elsewhere.scheme()) {
        (_, "https") | ("http", "http") => Ok(elsewhere),
        _ => Err(Fault::Invalid("the file is where it would not be encrypted".to_owned().into())),
    }
}

/// Whether an answer can be the file: whole, and no page in its place.
fn fits(response: &Response<Body>, attachment: &Attachment) -> Result<(), Fault> {
    let headers = response.headers();
    if response.status() != http::StatusCode::OK {
        return Err(Fault::NotJira(format!("{} instead of the whole file", response.status())));
    }
    let meant = attachment.mime.contains("html") || headers.contains_key(header::CONTENT_DISPOSITION);
    if is_html(headers) && !meant {
        return Err(Fault::NotJira("a page instead of the file, perhaps to log in; check the credentials".to_owned()));
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    match announced.filter(|length: &u64| *length != attachment.size) {
        Some(length) => Err(Fault::NotJira(format!("{length} bytes come instead of {}", attachment.size))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_fetched_from_the_address_that_we_know_the_site_by() {
        let cases = [
            ("https://a.example.net", "https://a.example.net/rest/api/3/attachment/content/1"),
            ("https://api.example.com/ex/jira/77", "https://a.example.net/rest/api/3/attachment/content/1"),
            ("http://10.0.0.7/jira", "https://jira.example.net/jira/secure/attachment/1/a%20b.png"),
            ("https://a.example.net", "https://files.example.org/1?sig=x"),
        ];
        let fetched = cases.map(|(site, content)| address(&site.parse().unwrap(), content).unwrap().to_string());
        assert_eq!(
            fetched,
            [
                "https://a.example.net/rest/api/3/attachment/content/1",
                "https://api.example.com/ex/jira/77/rest/api/3/attachment/content/1",
                "http://10.0.0.7/jira/secure/attachment/1/a%20b.png",
                "https://files.example.org/1?sig=x",
            ]
        );
        assert!(address(&"https://a.example.net".parse().unwrap(), "http://files.example.org/1").is_err());
        assert!(address(&"https://a.example.net".parse().unwrap(), "file:///etc/passwd").is_err());
    }
}

#[cfg(test)]
mod over_sockets;
