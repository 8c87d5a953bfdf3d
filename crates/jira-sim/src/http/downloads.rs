//! The bytes of attached files.
//!
//! Cloud redirects to a media host of its own, with an address that is good for a while and for any client that has it. That host
//! is served by a router of its own; it takes the address for the only proof there is, and refuses a client that presents
//! anything else. Data Center hands files out itself, like any other page: who is not logged in is led to the login page.

use http::StatusCode;
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::attachments::asked_for;
use super::call::Call;
use super::entry::Credentials;
use crate::attachment::Attachment;
use crate::file::hex;
use crate::flavour::Flavour;
use crate::state::State;

mod range;

use range::Wanted;

/// Cloud's address of a file.
pub(super) fn content(state: &State, call: &Call) -> Result<Answer, Answer> {
    let (_, attachment) = asked_for(state, call)?;
    match call.query("redirect") {
        None | Some("true") => Ok(Answer::redirect(StatusCode::SEE_OTHER, &state.signed_url(attachment))),
        Some("false") => part(call, attachment).map_err(|wrong| match wrong {
            Wanted::Malformed => Answer::bad("The range is malformed."),
            Wanted::Nothing => Answer::range_not_satisfiable(attachment.file.size()),
        }),
        Some(other) => Err(Answer::bad(&format!("The parameter 'redirect' cannot be '{other}'."))),
    }
}

/// Data Center's address of a file. The name in it is for people; the id decides.
pub(super) fn page(state: &State, call: &Call) -> Result<Answer, Answer> {
    if state.setup.downloads_need_password && matches!(call.credentials, Credentials::Bearer(_)) {
        return Ok(to_login(state, &call.path));
    }
    let (_, attachment) = asked_for(state, call)?;
    plainly(call, attachment)
}

/// What a browser without a session is shown instead of the page it asked for.
pub(super) fn to_login(state: &State, path: &str) -> Answer {
    let page = format!("{}/login.jsp?permissionViolation=true&os_destination={}", state.setup.base_url, escaped(path));
    Answer::redirect(StatusCode::FOUND, &page)
}

pub(super) fn login_page(_: &State, _: &Call) -> Result<Answer, Answer> {
    Ok(Answer::html(StatusCode::OK, LOGIN_PAGE))
}

/// The media host's address of a file.
pub(super) fn signed(state: &State, call: &Call) -> Result<Answer, Answer> {
    let denied = |status, code| Err(Answer::xml(status, format!("<Error><Code>{code}</Code></Error>")));
    if call.presents_credentials() {
        return denied(StatusCode::BAD_REQUEST, "OnlyOneAuthMechanismAllowed");
    }
    let expires = call.query("expires").and_then(|expires| expires.parse().ok()).unwrap_or_default();
    let id = call.param("id").parse().unwrap_or_default();
    if call.query("token") != Some(&state.signature(id, expires)) {
        return denied(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
    }
    if state.now.timestamp() >= expires {
        return denied(StatusCode::FORBIDDEN, "RequestHasExpired");
    }
    match state.issues.attachment(id) {
        Some((_, attachment)) => plainly(call, attachment),
        None => denied(StatusCode::NOT_FOUND, "NoSuchKey"),
    }
}

/// The part that is asked for; all of it if the range is not understood, as RFC 9110 has it.
fn plainly(call: &Call, attachment: &Attachment) -> Result<Answer, Answer> {
    let size = attachment.file.size();
    part(call, attachment).or_else(|wrong| match wrong {
        Wanted::Malformed => Ok(whole(attachment)),
        Wanted::Nothing => Err(Answer::range_not_satisfiable(size)),
    })
}

fn part(call: &Call, attachment: &Attachment) -> Result<Answer, Wanted> {
    let size = attachment.file.size();
    let disposition = format!("attachment; filename*=UTF-8''{}", escaped(&attachment.filename));
    let answer = match range::wanted(call.header("Range"), size)? {
        None => whole(attachment),
        Some(range) => {
            let told = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            let file = &attachment.file;
            Answer::file(StatusCode::PARTIAL_CONTENT, &attachment.mime, file, range).with("Content-Range", told)
        }
    };
    Ok(answer.with("Accept-Ranges", "bytes").with("Content-Disposition", disposition))
}

fn whole(attachment: &Attachment) -> Answer {
    let file = &attachment.file;
    Answer::file(StatusCode::OK, &attachment.mime, file, 0..file.size())
}

impl State {
    /// Where a browser finds the bytes of an attachment.
    pub(super) fn content_path(&self, attachment: &Attachment) -> Option<String> {
        match self.setup.flavour {
            Flavour::Cloud => None,
            Flavour::DataCenter => {
                Some(format!("/secure/attachment/{}/{}", attachment.id, escaped(&attachment.filename)))
            }
        }
    }

    fn signed_url(&self, attachment: &Attachment) -> String {
        // A lifetime beyond what times can hold is as good as none at all.
        let lifetime = i64::try_from(self.setup.media_url_lifetime.as_secs()).unwrap_or(i64::MAX);
        let expires = self.now.timestamp().saturating_add(lifetime);
        let (host, id) = (&self.setup.media_url, attachment.id);
        format!("{host}/file/{id}/binary?expires={expires}&token={}", self.signature(id, expires))
    }

    /// No real secret guards it, only the site's seed: enough for tests, and the same in each run.
    fn signature(&self, attachment: u64, expires: i64) -> String {
        hex(&Sha256::digest(format!("{}/{attachment}/{expires}", self.setup.seed)))
    }
}

/// A text as a part of an address (RFC 3986, 2.3).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Log in - Jira</title></head><body>\
    <form action=\"/login.jsp\" method=\"post\"><input name=\"os_username\"><input name=\"os_password\" \
    type=\"password\"></form></body></html>\n";
