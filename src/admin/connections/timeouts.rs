//! How long a client is waited for: while it sends a body, and while it takes an answer.
//!
//! For its headers, and between two requests, hyper waits (`header_read_timeout`).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use futures::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Clock;

/// The longest that a whole body may take: the API's are a few hundred bytes.
pub(super) const BODY: Duration = Duration::from_secs(10);

/// The longest that a client may take nothing of an answer.
pub(super) const WRITE: Duration = Duration::from_secs(30);

/// A limit that begins to run when it is first looked at.
struct Limit {
    clock: Clock,
    length: Duration,
    end: Option<BoxFuture<'static, ()>>,
}

impl Limit {
    fn new(clock: &Clock, length: Duration) -> Self {
        Self { clock: clock.clone(), length, end: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let (clock, length) = (&self.clock, self.length);
        let end = self.end.get_or_insert_with(|| {
            let clock = clock.clone();
            Box::pin(async move { clock.sleep(length).await })
        });
        end.as_mut().poll(cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn reset(&mut self) {
        self.end = None;
    }
}

/// A body that ends with an error when it has not come within [`BODY`].
pub(super) struct TimedBody<B> {
    body: B,
    limit: Limit,
}

impl<B> TimedBody<B> {
    pub(super) fn new(body: B, clock: &Clock) -> Self {
        Self { body, limit: Limit::new(clock, BODY) }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for TimedBody<B>
where
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => this.limit.poll(cx).map(|late| Some(Err(late.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket whose writes fail when the client has taken nothing for [`WRITE`].
pub(super) struct TimedWrites<S> {
    socket: S,
    limit: Limit,
}

impl<S> TimedWrites<S> {
    pub(super) fn new(socket: S, clock: &Clock) -> Self {
        Self { socket, limit: Limit::new(clock, WRITE) }
    }

    fn within<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match written {
            Poll::Ready(written) => {
                self.limit.reset();
                Poll::Ready(written)
            }
            Poll::Pending => self.limit.poll(cx).map(Err),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedWrites<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedWrites<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.within(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write_vectored(cx, pieces);
        this.within(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.socket).poll_flush(cx);
        this.within(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.socket).poll_shutdown(cx);
        this.within(cx, shut)
    }
}
