//! The door of a gRPC listener: every call passes it, in gRPC or gRPC-Web.

mod headers;
mod held;
mod message;
mod until;

pub use headers::too_many_headers;

use super::{
    layers::{
        answer,
        call::Call,
        calls,
        deadline::{self, NotATimeout},
        methods, trace,
    },
    status::{self, Fault},
};
use crate::{
    domain::session::Origin,
    edge::{KeptOpen, arriving::Arriving, origin, words::Accepted},
    telemetry,
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use ipnet::IpNet;
use message::Message;
use std::{
    convert::Infallible, error::Error, future::Future, net::SocketAddr, panic::AssertUnwindSafe, pin::pin, sync::Arc,
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::{Instrument as _, Span};
use until::until;

/// The media types of gRPC-Web.
const GRPC_WEB: [&[u8]; 4] = [
    b"application/grpc-web",
    b"application/grpc-web+proto",
    b"application/grpc-web-text",
    b"application/grpc-web-text+proto",
];

/// Which web pages may call, by their origin such as `https://app.example.com`.
#[derive(Clone, Debug, Default)]
pub enum WebOrigins {
    /// None.
    #[default]
    None,
    /// Every one: for development.
    Any,
    /// These.
    These(Vec<http::HeaderValue>),
}

/// How a listener takes calls.
#[derive(Clone, Debug)]
pub struct FrontOptions {
    /// How many calls may run at once; one more is refused.
    pub max_concurrent_calls: usize,
    /// The longest time for a call.
    pub request_timeout: Duration,
    /// Whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which web pages may call.
    pub web_origins: WebOrigins,
    /// Cancelled when the service ends: calls that go on are told to begin again elsewhere.
    pub over: CancellationToken,
}

/// Where a call goes once it is let in.
pub(super) trait Dispatch: Send + Sync + 'static {
    /// Answers the call. Its `Call` is in the extensions.
    fn dispatch<B>(&self, request: Request<B>) -> impl Future<Output = Response<Body>> + Send
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + Send;
}

/// The door of a listener. Clones are the same door.
pub struct Front<D>(Arc<Inner<D>>);

impl<D> Clone for Front<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<D> {
    dispatch: D,
    options: FrontOptions,
    /// Calls whose message did not come as a whole at once.
    arriving: Arriving,
    running: Arc<Semaphore>,
    kept_open: Arc<Semaphore>,
    cors: CorsLayer,
}

#[expect(private_bounds, reason = "the two dispatchers of this module are the only ones")]
impl<D: Dispatch> Front<D> {
    pub(super) fn new(dispatch: D, options: FrontOptions) -> Self {
        let arriving = Arriving::new(options.max_concurrent_calls);
        let running = Arc::new(Semaphore::new(options.max_concurrent_calls));
        let kept_open = Arc::new(Semaphore::new(held::MOST));
        let cors = cors(&options.web_origins);
        Self(Arc::new(Inner { dispatch, options, arriving, running, kept_open, cors }))
    }

    /// Answers one HTTP request of a connection with `peer`.
    pub async fn answer<B>(&self, peer: SocketAddr, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + std::fmt::Display + Send,
    {
        match kind(&request) {
            Kind::Call => self.call(peer, request).await,
            Kind::FromThePage => Box::pin(self.web_call(peer, request)).await,
            Kind::OldHttp => {
                answer::not_a_call(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC needs HTTP/2; gRPC-Web does not.\n")
            }
            Kind::NotACall => {
                answer::not_a_call(StatusCode::UNSUPPORTED_MEDIA_TYPE, "This port speaks gRPC and gRPC-Web.\n")
            }
        }
    }

    /// gRPC-Web, and the question of a browser whether a page may call (CORS).
    async fn web_call<B>(&self, peer: SocketAddr, mut request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + std::fmt::Display + Send,
    {
        // Parameters and letter case of a media type are the caller's to choose (RFC 9110 section 8.3.1); the layer takes one form.
        if let Some(media_type) = request.headers_mut().get_mut(header::CONTENT_TYPE)
            && let Ok(plain) = HeaderValue::from_bytes(&without_parameters(media_type.as_bytes()))
        {
            *media_type = plain;
        }
        let call = service_fn(|request| async move { Ok::<_, Infallible>(self.call(peer, request).await) });
        let Ok(answer) = self.0.cors.layer(GrpcWebLayer::new().layer(call)).oneshot(request).await;
        answer
    }

    /// Lets a call in, gives it its time and its span, and answers in the words of the contract.
    async fn call<B>(&self, peer: SocketAddr, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + Send,
    {
        let accepted = Accepted::of(request.headers());
        let parent = telemetry::extract_parent(request.headers());
        let method = methods::place(request.uri().path());
        let goes_on = held::goes_on(request.uri().path());
        let begun = Instant::now();
        let asked = deadline::asked(request.headers()).and_then(|asked| begun.checked_add(asked));
        let span = telemetry::rpc_span(methods::NAMES[method], parent.clone());
        let work = async {
            let ends = match deadline::of(request.headers(), self.0.options.request_timeout) {
                Ok(time) => begun + time,
                Err(NotATimeout) => return status::of(&deadline::not_a_timeout()).into_http(),
            };
            let origin = Origin {
                address: Some(origin::address_of(peer, request.headers(), &self.0.options.trusted_proxies)),
                trace_id: telemetry::trace_id(&Span::current(), &parent),
            };
            let answering = AssertUnwindSafe(self.let_in(origin, ends, request)).catch_unwind();
            match tokio::time::timeout_at(ends, answering).await {
                Ok(Ok(Ok(answer))) => answer,
                Ok(Ok(Err(fault))) => answer::of(fault),
                Ok(Err(_)) => {
                    tracing::error!("a call ended in a panic");
                    answer::of(Fault::Panicked)
                }
                Err(_) => answer::of(Fault::DeadlineExceeded),
            }
        };
        let mut answer = answer::in_our_words(work.instrument(span.clone()).await, &accepted);
        if goes_on {
            answer.extensions_mut().insert(KeptOpen);
            answer = until(answer, asked, self.0.options.over.clone(), accepted);
        }
        trace::record_end(&span, answer.headers());
        calls::count(method, answer.headers());
        answer
    }

    /// Gives a call its place once its message is whole. One whose time is over by then is not begun: what has begun runs to its end.
    async fn let_in<B>(&self, origin: Origin, ends: Instant, request: Request<B>) -> Result<Response<Body>, Fault>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + Send,
    {
        let Inner { dispatch, arriving, running, kept_open, .. } = &*self.0;
        let (parts, body) = request.into_parts();
        let message = if held::asks_on(parts.uri.path()) {
            Message::unread(body)
        } else {
            let mut reading = pin!(Message::read(body));
            if let Some(message) = reading.as_mut().now_or_never() {
                message?
            } else {
                arriving.wait(reading).await.ok_or(Fault::Overloaded)??
            }
        };
        let keeps = held::is_kept_open(parts.uri.path()).then(|| Arc::clone(kept_open).try_acquire_owned());
        let keeps = keeps.transpose().map_err(|_| Fault::Overloaded)?;
        if Instant::now() >= ends {
            return Err(Fault::DeadlineExceeded);
        }
        let place = Arc::clone(running).try_acquire_owned().map_err(|_| Fault::Overloaded)?;
        let mut request = Request::from_parts(parts, message);
        request.extensions_mut().insert(Call::new(origin, place));
        let answer = dispatch.dispatch(request).await;
        Ok(match keeps {
            Some(keeps) => held::held(answer, keeps),
            None => answer,
        })
    }
}

/// What a request is.
enum Kind {
    Call,
    FromThePage,
    OldHttp,
    NotACall,
}

fn kind<B>(request: &Request<B>) -> Kind {
    let media_type = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    match (request.method(), &without_parameters(media_type)[..]) {
        (&Method::OPTIONS, _) => Kind::FromThePage,
        (&Method::POST, web) if GRPC_WEB.contains(&web) => Kind::FromThePage,
        (&Method::POST, b"application/grpc" | b"application/grpc+proto") => {
            if request.version() == Version::HTTP_2 {
                Kind::Call
            } else {
                Kind::OldHttp
            }
        }
        _ => Kind::NotACall,
    }
}

/// A media type without its parameters, in lower case.
fn without_parameters(media_type: &[u8]) -> Vec<u8> {
    media_type.split(|c| *c == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase()
}

fn cors(origins: &WebOrigins) -> CorsLayer {
    let name = header::HeaderName::from_static;
    let readable = [
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "retry-after",
    ];
    let writable = [
        "content-type",
        "x-grpc-web",
        "x-user-agent",
        "grpc-timeout",
        "authorization",
        "traceparent",
        "tracestate",
        "baggage",
    ];
    let layer = CorsLayer::new()
        .allow_methods([Method::POST])
        .allow_headers(writable.map(name))
        .expose_headers(readable.map(name))
        .max_age(Duration::from_hours(1));
    match origins {
        WebOrigins::None => layer.allow_origin(AllowOrigin::list([])),
        WebOrigins::Any => layer.allow_origin(AllowOrigin::any()),
        WebOrigins::These(origins) => layer.allow_origin(AllowOrigin::list(origins.iter().cloned())),
    }
}

#[cfg(test)]
mod tests;
