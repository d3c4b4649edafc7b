//! Answers as the gateway gives them: whole, cut in the middle, and dated.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use jiff::SignedDuration;
use jiff::fmt::rfc2822;

pub(crate) type Answer = Response<BoxBody<Bytes, std::io::Error>>;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut by an injected fault")]
pub(crate) struct Cut;

/// A cloud's answer, whole.
pub(crate) struct Whole {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Whole {
    /// The answer as it is, or one that promises everything and breaks off.
    pub(crate) fn into_answer(self, truncate: bool) -> Answer {
        let body = if truncate {
            Truncated { all: self.body, sent: false }.boxed()
        } else {
            Full::new(self.body).map_err(|never: Infallible| match never {}).boxed()
        };
        let mut answer = Response::new(body);
        *answer.status_mut() = self.status;
        for (name, value) in &self.headers {
            if name != header::CONNECTION && name != header::TRANSFER_ENCODING && name != header::CONTENT_LENGTH {
                answer.headers_mut().append(name.clone(), value.clone());
            }
        }
        // An answer to HEAD has the length of the body it does not have.
        if let Some(length) = self.headers.get(header::CONTENT_LENGTH).cloned() {
            answer.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        answer
    }
}

/// An answer of the gateway's own.
pub(crate) fn text(status: StatusCode, body: &str) -> Answer {
    let mut answer =
        Response::new(Full::new(Bytes::from(body.to_owned())).map_err(|never: Infallible| match never {}).boxed());
    *answer.status_mut() = status;
    answer
}

/// Moves the time an answer says it was given at.
pub(crate) fn shift(headers: &mut HeaderMap, seconds: i64) {
    if seconds == 0 {
        return;
    }
    let said = headers.get(header::DATE).and_then(|date| date.to_str().ok());
    let said =
        said.and_then(|date| rfc2822::parse(date).ok()).map_or_else(jiff::Timestamp::now, |date| date.timestamp());
    let shifted = said.checked_add(SignedDuration::from_secs(seconds)).ok();
    let date = shifted.and_then(|time| rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok());
    if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
        headers.insert(header::DATE, date);
    }
}

/// Promises the whole body, sends half of it, and fails.
struct Truncated {
    all: Bytes,
    sent: bool,
}

impl Body for Truncated {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.sent {
            return Poll::Ready(Some(Err(std::io::Error::other(Cut))));
        }
        self.sent = true;
        let half = self.all.slice(..self.all.len() / 2);
        Poll::Ready(Some(Ok(Frame::data(half))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.all.len() as u64)
    }
}
