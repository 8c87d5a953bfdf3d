//! A file between two requests: what comes from one body goes into another, never more than a piece at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use super::transport::{Body, BoxError};
use crate::clock::Clock;

/// Who is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Where the file comes from.
    Source,
    /// Where it goes.
    Sink,
    /// The whole file was handed over.
    Answer,
}

/// How far a file is. Clones are one.
#[derive(Clone)]
pub(super) struct Progress(Arc<Mutex<Moved>>);

struct Moved {
    stage: Stage,
    /// When something last moved.
    at: Instant,
    /// What is wrong with the source, if that is why the body broke.
    broken: Option<String>,
}

impl Progress {
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Moved { stage: Stage::Sink, at: now, broken: None })))
    }

    pub(super) fn stage(&self) -> Stage {
        self.0.lock().stage
    }

    /// What is wrong with the source, if anything.
    pub(super) fn broken(&self) -> Option<String> {
        let moved = self.0.lock();
        moved.broken.clone()
    }

    /// Waits until nothing has moved for too long. Says who is to blame.
    pub(super) async fn stalled(&self, clock: &Clock, limits: &Limits) -> Stage {
        loop {
            let (stage, until) = {
                let moved = self.0.lock();
                // Storing a large file takes Jira longer than taking a piece of it.
                let limit = if moved.stage == Stage::Answer { limits.request } else { limits.silence };
                (moved.stage, moved.at + limit)
            };
            if clock.now() >= until {
                if stage == Stage::Source {
                    self.0.lock().broken = Some("it stopped coming".to_owned());
                }
                return stage;
            }
            clock.sleep_until(until).await;
        }
    }

    fn enter(&self, stage: Stage, now: Instant) {
        let mut moved = self.0.lock();
        (moved.stage, moved.at) = (stage, now);
    }
}

/// What a [`Through`] is made of.
pub(super) struct Parts<M> {
    /// Goes before the file.
    pub head: Bytes,
    pub file: Body,
    /// Bytes that the file must have.
    pub size: u64,
    /// Goes after it.
    pub tail: Bytes,
    pub progress: Progress,
    /// Breaks the body from outside.
    pub abort: CancellationToken,
    /// Told of each piece; says what time it is.
    pub moved: M,
}

/// A body made of another that is still coming. Breaks, rather than end well, if that is not of the announced size: a
/// server that is promised more bytes than it gets stores nothing.
pub(super) struct Through<M> {
    parts: Parts<M>,
    aborted: BoxFuture<'static, ()>,
    next: Next,
    /// Bytes of the file so far.
    seen: u64,
}

enum Next {
    Head,
    File,
    Nothing,
}

impl<M: Fn() -> Instant + Unpin> Through<M> {
    pub(super) fn new(parts: Parts<M>) -> Self {
        let aborted = parts.abort.clone().cancelled_owned().boxed();
        Self { parts, aborted, next: Next::Head, seen: 0 }
    }

    fn length(&self) -> u64 {
        let left = self.parts.size.saturating_sub(self.seen);
        let (head, tail) = (self.parts.head.len() as u64, self.parts.tail.len() as u64);
        match self.next {
            Next::Head => head + left + tail,
            Next::File => left + tail,
            Next::Nothing => 0,
        }
    }

    /// Hands a piece over.
    fn hand(&self, piece: Bytes, stage: Stage) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.parts.progress.enter(stage, (self.parts.moved)());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn break_off(&mut self, why: String) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.next = Next::Nothing;
        self.parts.progress.0.lock().broken = Some(why.clone());
        Poll::Ready(Some(Err(why.into())))
    }

    /// The next piece of the file; `None` at its end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, String>> {
        let size = self.parts.size;
        loop {
            match ready!(http_body::Body::poll_frame(Pin::new(&mut self.parts.file), cx)) {
                Some(Err(e)) => return Poll::Ready(Err(format!("it broke off after {} bytes: {e}", self.seen))),
                None if self.seen < size => {
                    return Poll::Ready(Err(format!("it ended after {} of {size} bytes", self.seen)));
                }
                None => return Poll::Ready(Ok(None)),
                Some(Ok(frame)) => {
                    let Ok(piece) = frame.into_data() else { continue };
                    self.seen += piece.len() as u64;
                    if self.seen > size {
                        return Poll::Ready(Err(format!("it has more than the {size} bytes that were announced")));
                    }
                    if !piece.is_empty() {
                        return Poll::Ready(Ok(Some(piece)));
                    }
                }
            }
        }
    }
}

impl<M: Fn() -> Instant + Unpin> http_body::Body for Through<M> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if !matches!(this.next, Next::Nothing) && this.aborted.poll_unpin(cx).is_ready() {
            this.next = Next::Nothing;
            return Poll::Ready(Some(Err("the upload was given up".into())));
        }
        match this.next {
            Next::Head => {
                this.next = Next::File;
                this.hand(this.parts.head.clone(), Stage::Sink)
            }
            Next::File => {
                if this.parts.progress.stage() == Stage::Sink {
                    this.parts.progress.enter(Stage::Source, (this.parts.moved)());
                }
                match ready!(this.poll_piece(cx)) {
                    Ok(Some(piece)) => this.hand(piece, Stage::Sink),
                    Ok(None) => {
                        this.next = Next::Nothing;
                        this.hand(this.parts.tail.clone(), Stage::Answer)
                    }
                    Err(why) => this.break_off(why),
                }
            }
            Next::Nothing => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.next, Next::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use futures::stream;
    use http_body_util::{BodyExt, StreamBody};

    type Piece = Result<&'static str, &'static str>;

    fn through(pieces: Vec<Piece>, size: u64) -> (Through<impl Fn() -> Instant>, Progress, CancellationToken) {
        let clock = Clock::system();
        let frames = pieces.into_iter().map(|piece| piece.map(|data| Frame::data(data.into())).map_err(BoxError::from));
        let (progress, abort) = (Progress::new(clock.now()), CancellationToken::new());
        let parts = Parts {
            head: "<".into(),
            file: StreamBody::new(stream::iter(frames.collect::<Vec<_>>())).boxed_unsync(),
            size,
            tail: ">".into(),
            progress: progress.clone(),
            abort: abort.clone(),
            moved: move || clock.now(),
        };
        (Through::new(parts), progress, abort)
    }

    async fn end(pieces: Vec<Piece>, size: u64) -> Result<Bytes, String> {
        let body = through(pieces, size).0;
        body.collect().await.map(|whole| whole.to_bytes()).map_err(|e| e.to_string())
    }

    #[tokio::test]
    async fn a_whole_file_is_wrapped_and_its_length_known_before() {
        let (body, progress, _abort) = through(vec![Ok("ab"), Ok(""), Ok("c")], 3);
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "<abc>");
        assert_eq!((progress.stage(), progress.broken()), (Stage::Answer, None));
    }

    #[tokio::test]
    async fn a_file_of_another_size_breaks_the_body() {
        assert!(end(vec![Ok("ab")], 3).await.unwrap_err().contains("2 of 3"));
        assert!(end(vec![Ok("ab"), Ok("cd")], 3).await.unwrap_err().contains("more than"));
        assert!(end(vec![Ok("ab"), Err("reset")], 3).await.unwrap_err().contains("reset"));
        assert_eq!(end(vec![], 0).await.unwrap(), "<>");
    }

    #[tokio::test]
    async fn a_file_that_breaks_is_told_from_an_upload_that_is_given_up() {
        let (body, progress, _abort) = through(vec![Err("reset")], 3);
        assert!(body.collect().await.is_err());
        assert!(progress.broken().is_some());
        let (body, progress, abort) = through(vec![Ok("abc")], 3);
        abort.cancel();
        assert!(body.collect().await.is_err());
        assert_eq!((progress.stage(), progress.broken()), (Stage::Sink, None));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_what_last_moved() {
        let clock = Clock::system();
        let limits = Limits { silence: Duration::from_secs(3), ..Limits::STANDARD };
        let progress = Progress::new(clock.now());
        let begun = clock.now();
        let moving = async {
            clock.sleep(Duration::from_secs(2)).await;
            progress.enter(Stage::Source, clock.now());
        };
        let (stage, ()) = tokio::join!(progress.stalled(&clock, &limits), moving);
        assert_eq!((stage, clock.now() - begun), (Stage::Source, Duration::from_secs(5)));
        assert!(progress.broken().is_some());
    }
}
