//! What goes back to the client: refusals, the envelope, and bodies that can break off.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use serde_json::{Map, Value as Json, json};

/// Refuses a request with one of the vendor's codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The vendor's code.
    pub(super) code: Cow<'static, str>,
    /// What is wrong, for people.
    pub(super) message: String,
}

impl Refusal {
    /// Refuses with a code and a message.
    pub(super) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// Says that a gateway does not exist in the region.
    pub(super) fn no_gateway(id: &str) -> Self {
        Self::new(
            "ResourceNotFound.InstanceNotFound",
            format!("there is no gateway {id} in this region"),
        )
    }

    /// Says that a gateway is without a group or network that a request names.
    ///
    /// The vendor lists the code without saying when it is used. That of a gateway which is not
    /// there would be misread here.
    pub(super) fn no_part(id: &str, part: &str) -> Self {
        Self::new(
            "ResourceNotFound.ResourceNotFound",
            format!("{id} has no {part}"),
        )
    }

    /// Says that a change could not be recorded.
    pub(super) fn not_recorded(error: &std::io::Error) -> Self {
        tracing::error!(%error, "the simulator's store can't be written");
        Self::new(
            "InternalError",
            format!("the simulator's store can't be written: {error}"),
        )
    }
}

/// Wraps an outcome as the vendor does; errors too come with HTTP 200.
pub(super) fn envelope(outcome: Result<Map<String, Json>, Refusal>, request_id: String) -> Vec<u8> {
    let mut response = outcome.unwrap_or_else(|Refusal { code, message }| {
        Map::from_iter([(
            "Error".to_owned(),
            json!({ "Code": code, "Message": message }),
        )])
    });
    response.insert("RequestId".to_owned(), request_id.into());
    json!({ "Response": response }).to_string().into_bytes()
}

/// Puts an HTTP answer with a JSON body together.
pub(super) fn http(status: StatusCode, payload: Payload) -> Response<Payload> {
    let mut response = Response::new(payload);
    *response.status_mut() = status;
    // The official client reads an error only under exactly this type, without a charset.
    response.headers_mut().insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("application/json"),
    );
    response
}

/// Tells the server to close the connection without (further) words.
#[derive(Debug)]
pub(super) struct Hangup;

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the simulator was told to hang up")
    }
}

impl std::error::Error for Hangup {}

impl From<Infallible> for Hangup {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Holds an answer's body, which may announce more than it delivers.
#[derive(Debug)]
pub(super) struct Payload {
    announced: u64,
    data: Option<Bytes>,
    breaks_off: bool,
}

impl Payload {
    /// Delivers all of the bytes.
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        let data = bytes.into();
        Self {
            announced: data.len() as u64,
            data: Some(data),
            breaks_off: false,
        }
    }

    /// Announces all of the bytes, delivers half, and hangs up.
    pub(super) fn cut(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            announced: bytes.len() as u64,
            data: Some(bytes.slice(..bytes.len() / 2)),
            breaks_off: true,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Hangup;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Hangup>>> {
        match self.data.take() {
            // An empty one marks that the first half had its chance to leave.
            Some(data) if data.is_empty() && self.breaks_off => Poll::Ready(Some(Err(Hangup))),
            Some(data) => Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data)))),
            None if self.breaks_off => {
                self.data = Some(Bytes::new());
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.breaks_off
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.is_end_stream() {
            0
        } else {
            self.announced
        })
    }
}
