//! One request to a provider over HTTP, and its answer: bounded in size and time, without redirects, without proxies of
//! the environment, and never logged.

use crate::{
    adapters::certificate::{self, TlsFault},
    domain::message::Handover,
};
use reqwest::{
    Certificate, Client, ClientBuilder, RequestBuilder, StatusCode, Url,
    header::{HeaderMap, HeaderName},
    redirect::Policy,
};
use std::{error::Error, net::IpAddr, time::Duration};

/// No answer that is read is longer. A provider's own are below a kibibyte.
const MAX_ANSWER: usize = 64 * 1024;

/// How long an unused connection is kept: less than providers and what stands before them keep theirs.
const IDLE: Duration = Duration::from_secs(20);

/// How many unused connections are kept.
const MAX_IDLE: usize = 16;

/// A provider that cannot be used as the options say.
#[derive(Debug, thiserror::Error)]
pub enum HttpOptionFault {
    /// The address is not an absolute URL of `https`, or of `http` on this machine.
    #[error("the address is not an https URL, nor an http URL of this machine")]
    Address,
    /// The address names a network that is not public, and that is not permitted.
    #[error("the address is not of the public internet")]
    NotPublic,
    /// The authorities hold no certificate that can be used.
    #[error("the authorities hold no certificate")]
    NoCertificate,
    /// The secret has not the form of such a secret.
    #[error("the secret has the wrong form")]
    Secret,
    /// The client cannot be made.
    #[error("an HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// A client that keeps its bounds. `authorities` are trusted instead of the system's.
pub(super) fn client(
    time_limit: Duration,
    authorities: Option<&[u8]>,
    more: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, HttpOptionFault> {
    let mut builder = Client::builder()
        .timeout(time_limit)
        // So that most of what takes too long is known not to have been sent.
        .connect_timeout(time_limit / 2)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MAX_IDLE)
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .user_agent(concat!("identity/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = authorities {
        let certificates = Certificate::from_pem_bundle(pem).map_err(|_| HttpOptionFault::NoCertificate)?;
        if certificates.is_empty() {
            return Err(HttpOptionFault::NoCertificate);
        }
        builder = builder.tls_certs_only(certificates);
    }
    more(builder).build().map_err(HttpOptionFault::Client)
}

/// The address of a provider's service: https, or http on this machine.
pub(super) fn endpoint(text: &str) -> Result<Url, HttpOptionFault> {
    let url = Url::parse(text).map_err(|_| HttpOptionFault::Address)?;
    let loopback = match address(&url) {
        Some(address) => address.is_loopback(),
        None => url.host_str() == Some("localhost"),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err(HttpOptionFault::Address),
    }
}

/// The host of a URL where it is an address and no name.
pub(super) fn address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// What a provider answered, whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    /// A header's value, where it is there and text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the status means that no body explains. One that is neither an acceptance that the protocol knows nor a
    /// refusal leaves open what became of the message.
    pub(super) fn meaning(&self) -> Handover {
        match self.status.as_u16() {
            300..=399 => Handover::Misconfigured { reason: "ENDPOINT_MOVED" },
            401 | 403 | 407 => Handover::Misconfigured { reason: "LOGIN_REFUSED" },
            404 | 405 | 406 | 410 | 415 | 421 | 501 | 505 => Handover::Misconfigured { reason: "ENDPOINT_WRONG" },
            408 | 425 | 429 => Handover::Deferred { reason: "PROVIDER_BUSY" },
            400..=499 => Handover::Refused { reason: "MESSAGE_REFUSED" },
            // What stands before the provider had no answer from it.
            502 | 504 => Handover::Unanswered { reason: "ANSWER_LOST" },
            500..=599 => Handover::Deferred { reason: "PROVIDER_FAILED" },
            _ => Handover::Unanswered { reason: "ANSWER_UNREADABLE" },
        }
    }
}

/// A provider's id for a message as it may be kept: up to 128 visible characters of ASCII; else empty, as if it gave none.
pub(super) fn kept_id(id: &str) -> String {
    let fits = id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic()) && !id.contains('@');
    if fits { id.to_owned() } else { String::new() }
}

/// Sends a request and reads the whole answer, or tells what became of the message without one.
pub(super) async fn exchange(request: RequestBuilder) -> Result<Answer, Handover> {
    let mut response = request.send().await.map_err(|error| without_answer(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(Answer { status, body, headers }),
            Ok(Some(part)) if body.len() + part.len() <= MAX_ANSWER => body.extend_from_slice(&part),
            Ok(Some(_)) => return Err(Handover::Unanswered { reason: "ANSWER_TOO_LONG" }),
            Err(error) => return Err(without_answer(&error)),
        }
    }
}

fn without_answer(error: &reqwest::Error) -> Handover {
    if error.is_builder() {
        return Handover::Refused { reason: "MESSAGE_REFUSED" };
    }
    if !error.is_connect() {
        let reason = if error.is_timeout() { "PROVIDER_TIMED_OUT" } else { "ANSWER_LOST" };
        return Handover::Unanswered { reason };
    }
    match certificate::fault(error) {
        Some(TlsFault::Certificate) => Handover::Misconfigured { reason: "CERTIFICATE_REFUSED" },
        Some(TlsFault::Other) => Handover::Deferred { reason: "TLS_FAILED" },
        None if is_forbidden(error) => Handover::Misconfigured { reason: "ADDRESS_FORBIDDEN" },
        None if error.is_timeout() => Handover::Deferred { reason: "PROVIDER_TIMED_OUT" },
        None => Handover::Deferred { reason: "PROVIDER_UNREACHABLE" },
    }
}

/// The host has no address that may be dialled.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address of the public internet")]
pub(super) struct Forbidden;

fn is_forbidden(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<Forbidden>() {
            return true;
        }
        source = cause.source();
    }
    false
}
