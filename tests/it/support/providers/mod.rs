//! Providers over HTTP: SendGrid, Twilio and a webhook's receiver as they document themselves, and as they go wrong.

pub(crate) mod protocols;
pub(crate) mod receipts;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::certificates::Certificate;

/// Whose protocol a double speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    SendGrid,
    Twilio,
    Webhook,
}

/// What a double does with requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// What the protocol says.
    Good,
    /// Answers with this status, these header lines and this body, once it knows who asks.
    Says(u16, String, String),
    /// Takes the message and never answers.
    Silent,
    /// Takes the message and hangs up.
    HangsUp,
    /// Takes the message and answers a byte each 200 ms.
    Drips,
    /// Answers what is no HTTP.
    Babbles,
    /// Answers a success whose body has a gibibyte.
    Floods,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method and the path.
    pub(crate) line: String,
    /// The headers, named in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: String,
}

struct State {
    protocol: Protocol,
    behaviour: Mutex<Behaviour>,
    taken: Mutex<Vec<Request>>,
    requests: AtomicU64,
}

/// A running provider; it ends with the value.
pub(crate) struct ProviderServer {
    port: u16,
    tls: bool,
    state: Arc<State>,
    _end: DropGuard,
}

impl ProviderServer {
    /// One on a free port, in clear.
    pub(crate) async fn start(protocol: Protocol) -> Self {
        Self::bind(protocol, None).await
    }

    /// One that shows this certificate.
    pub(crate) async fn start_with_certificate(protocol: Protocol, certificate: &Certificate) -> Self {
        let chain = CertificateDer::pem_reader_iter(Cursor::new(fs::read(&certificate.chain).unwrap()));
        let chain = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(&fs::read(&certificate.key).unwrap()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self::bind(protocol, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn bind(protocol: Protocol, tls: Option<TlsAcceptor>) -> Self {
        let state = Arc::new(State {
            protocol,
            behaviour: Mutex::new(Behaviour::Good),
            taken: Mutex::default(),
            requests: AtomicU64::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let end = CancellationToken::new();
        let (shared, secured) = (state.clone(), tls.is_some());
        let ended = end.clone();
        tokio::spawn(end.clone().run_until_cancelled_owned(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (state, tls) = (shared.clone(), tls.clone());
                tokio::spawn(ended.clone().run_until_cancelled_owned(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(caller) = tls.accept(caller).await {
                                serve(caller, &state).await;
                            }
                        }
                        None => serve(caller, &state).await,
                    }
                }));
            }
        }));
        Self { port, tls: secured, state, _end: end.drop_guard() }
    }

    /// Its address without a path.
    pub(crate) fn endpoint(&self) -> String {
        if self.tls { format!("https://localhost:{}", self.port) } else { format!("http://127.0.0.1:{}", self.port) }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Changes what it does from now on.
    pub(crate) fn set(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// Answers from now on with a status and a body.
    pub(crate) fn says(&self, status: u16, body: &str) {
        self.set(Behaviour::Says(status, String::new(), body.to_owned()));
    }

    /// The messages that it took, in the order in which they came.
    pub(crate) fn taken(&self) -> Vec<Request> {
        self.state.taken.lock().unwrap().clone()
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::SeqCst)
    }
}

async fn serve(caller: impl AsyncRead + AsyncWrite + Unpin, state: &State) {
    let mut caller = BufReader::new(caller);
    while let Some(request) = read(&mut caller).await {
        state.requests.fetch_add(1, Ordering::SeqCst);
        let behaviour = state.behaviour.lock().unwrap().clone();
        let (mut status, mut headers, mut body) = protocols::answer(state.protocol, &request);
        let taken = (200..300).contains(&status);
        if let (Behaviour::Says(said, lines, text), true) = (&behaviour, taken) {
            (status, headers, body) = (*said, lines.clone(), text.clone());
        }
        if taken && (200..300).contains(&status) {
            state.taken.lock().unwrap().push(request);
        }
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\n\r\n{body}");
        match behaviour {
            Behaviour::Good | Behaviour::Says(..) => {}
            Behaviour::Silent => std::future::pending().await,
            Behaviour::HangsUp => return,
            Behaviour::Babbles => {
                let _ = caller.write_all(b"220 mail.example.org ESMTP\r\n250 OK\r\n\r\n").await;
                return;
            }
            Behaviour::Drips => {
                for byte in answer.bytes() {
                    if caller.write_all(&[byte]).await.is_err() || caller.flush().await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
            Behaviour::Floods => return flood(&mut caller, status).await,
        }
        if caller.write_all(answer.as_bytes()).await.is_err() || caller.flush().await.is_err() {
            return;
        }
    }
}

async fn flood(caller: &mut (impl AsyncWrite + Unpin), status: u16) {
    let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", 1_u64 << 30);
    let block = vec![b' '; 1 << 20];
    let mut open = caller.write_all(head.as_bytes()).await.is_ok();
    for _ in 0..1 << 10 {
        open = open && caller.write_all(&block).await.is_ok();
    }
}

async fn read(caller: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Request> {
    let mut line = String::new();
    if caller.read_line(&mut line).await.unwrap_or(0) == 0 {
        return None;
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        caller.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    caller.read_exact(&mut body).await.ok()?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Some(Request { line, headers, body: String::from_utf8(body).unwrap() })
}

impl Request {
    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        protocols::form(&self.body).get(name).cloned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}
