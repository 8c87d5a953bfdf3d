//! Files on their way in.
//!
//! A form is read piece by piece, and of its files no more is kept than the site takes. The request is decided when the
//! form is complete, like every other write: a form that breaks off half-way attaches nothing.

use std::io;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use multer::{Field, Multipart};

use crate::attachment::mime_of;
use crate::file::{File, FileContent};

/// One file of a form.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub filename: String,
    pub mime: String,
    pub file: File,
}

/// Why a form cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spoilt {
    /// It broke off, or is no form at all.
    Broken,
    /// This file, or it together with those before it, has more bytes than the site takes.
    TooLarge(String),
    TooMany,
}

/// The files of a form, in their order.
pub(super) type Upload = Result<Vec<Part>, Spoilt>;

/// The name that the parts must have, as documented.
const PART: &str = "file";

/// The most files that Cloud takes in one request, as documented.
const MOST_FILES: usize = 60;

/// The boundary of a multipart form, if this is the content type of one.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    multer::parse_boundary(content_type).ok()
}

/// Reads a form to its end, even if it is refused: a client that is still sending would not hear why.
pub(super) async fn read(body: Body, boundary: String, limit: u64) -> Upload {
    let mut form = Multipart::new(unhurried(body), boundary);
    let (mut parts, mut spoilt, mut left) = (Vec::new(), None, limit);
    while let Some(field) = form.next_field().await.map_err(|_| Spoilt::Broken)? {
        // A name that only comes as `filename*` (RFC 5987) is none: RFC 7578 forbids that form, and servers of Jira's
        // kind do not read it. A part without a file name is no file.
        let Some(filename) = field.file_name().filter(|_| field.name() == Some(PART)).map(String::from) else {
            continue;
        };
        let mime = field.content_type().map_or_else(|| mime_of(&filename).into(), |mime| mime.to_string());
        match kept(field, left).await? {
            _ if spoilt.is_some() => {}
            None => spoilt = Some(Spoilt::TooLarge(filename)),
            Some(_) if parts.len() == MOST_FILES => spoilt = Some(Spoilt::TooMany),
            Some(bytes) => {
                left -= bytes.len() as u64;
                parts.push(Part { filename, mime, file: File::new(FileContent::Kept(bytes)) });
            }
        }
    }
    spoilt.map_or(Ok(parts), Err)
}

/// The bytes of a file; none if there are more than that.
async fn kept(mut field: Field<'_>, most: u64) -> Result<Option<Bytes>, Spoilt> {
    let mut kept = Some(BytesMut::new());
    while let Some(piece) = field.chunk().await.map_err(|_| Spoilt::Broken)? {
        kept = kept.filter(|kept| (kept.len() + piece.len()) as u64 <= most);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&piece);
        }
    }
    Ok(kept.map(BytesMut::freeze))
}

/// The parser takes in whatever is ready before it looks at any of it. So after each piece nothing is ready for a moment,
/// or the parser would hold a form from memory, or from a fast client, as a whole. (It also takes an end that comes right
/// behind the first boundary for a form without one.)
fn unhurried(body: Body) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold((body.into_data_stream(), false), |(mut pieces, rests)| async move {
        if rests {
            tokio::task::yield_now().await;
        }
        let piece = pieces.next().await?;
        Some((piece.map_err(io::Error::other), (pieces, true)))
    })
}
