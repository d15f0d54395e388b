//! The listeners: binds them, tells where, and serves until it is time to stop.

use super::accept::{BadTlsIdentity, Certificate, Door, Settings};
use crate::{
    engine::{
        account::AccountEngine,
        delivery::{MailboxReader, ReceiptDesk},
        grant::GrantEngine,
        otp::OtpEngine,
        pages::PageDesk,
        readiness::{Readiness, Ready},
        token::TokenIssuer,
    },
    grpc::{self, FrontOptions, Health, OperatorEngines, OperatorToken, WebOrigins},
    telemetry::metrics::{CLOCK_AHEAD, Exposition},
    web::{self, PagesOptions},
};
use hyper::service::service_fn;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How often the parts that the service needs are looked after.
const LOOK_AFTER: Duration = Duration::from_millis(500);

/// For how long it waits at most for its parts before it serves at all, and how often it looks in that time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// What stands behind the listeners.
pub struct Services {
    /// Codes.
    pub otp: Arc<OtpEngine>,
    /// Tokens.
    pub tokens: Arc<TokenIssuer>,
    /// A person's own account.
    pub accounts: Arc<AccountEngine>,
    /// Operators' acts.
    pub operators: OperatorEngines,
    /// Whether the store and the feed of revocations are there.
    pub readiness: Readiness,
    /// The mailbox of development, where the deployment uses it; its page exists only then.
    pub mailbox: Option<MailboxReader>,
    /// What the pages for people keep in browsers and give client applications, where the deployment shows them.
    pub pages: Option<(Arc<PageDesk>, Arc<GrantEngine>)>,
    /// Who takes what providers post of messages.
    pub receipts: Arc<ReceiptDesk>,
}

/// Where and how to listen.
#[derive(Debug)]
pub struct ServeOptions {
    /// gRPC and gRPC-Web for gateways and services.
    pub grpc: SocketAddr,
    /// Key set, discovery, health, receipts of providers, the pages for people, and the mailbox page.
    pub http: SocketAddr,
    /// `AdminService`.
    pub admin: SocketAddr,
    /// Metrics for Prometheus; `None` is no listener.
    pub metrics: Option<SocketAddr>,
    /// The certificate of all of them; `None` is in clear.
    pub tls: Option<Certificate>,
    /// How much is taken at once, and how long it may last.
    pub limits: ServeLimits,
    /// Whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which web pages may call by gRPC-Web.
    pub web_origins: WebOrigins,
    /// What operators have to show.
    pub operator_token: OperatorToken,
    /// The `iss` of access tokens: the base of the discovery document.
    pub issuer: String,
}

/// How much a listener takes at once, and how long it may last.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// Open connections of each listener; for one more another makes room, or it is closed where a call is under way on each.
    pub max_connections: usize,
    /// Calls at once on one connection.
    pub max_concurrent_streams: u32,
    /// Calls at once on one listener; one more is answered `OVERLOADED`.
    pub max_concurrent_calls: usize,
    /// The longest time for a call, whatever its caller grants.
    pub request_timeout: Duration,
    /// From a connection's opening to its first bytes behind TLS.
    pub handshake_timeout: Duration,
    /// Silence after which a caller is asked whether it is still there.
    pub idle_timeout: Duration,
    /// How long running calls may go on after the signal to stop.
    pub drain_timeout: Duration,
}

/// Where the listeners are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// gRPC and gRPC-Web.
    pub grpc: SocketAddr,
    /// HTTP.
    pub http: SocketAddr,
    /// `AdminService`.
    pub admin: SocketAddr,
    /// Metrics, where they are served.
    pub metrics: Option<SocketAddr>,
}

/// A listener cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindFault {
    /// Its address is taken, not this machine's, or needs other rights.
    #[error("cannot listen on {address}, as `{key}` has it; end what listens there, or give another address")]
    Address {
        /// The key of the configuration that asks for it.
        key: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Its certificate cannot be used.
    #[error("cannot use the certificate")]
    Tls(#[from] BadTlsIdentity),
}

/// Bound listeners. Callers may connect already and are served once [`run`] has begun.
pub struct Bound {
    grpc: Door,
    http: Door,
    admin: Door,
    metrics: Option<Door>,
    addresses: Addresses,
    options: ServeOptions,
}

impl Bound {
    /// Where the listeners are; ports that were 0 are chosen now.
    #[must_use]
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }
}

/// Binds the listeners.
///
/// # Errors
/// Where an address cannot be bound or the certificate cannot be used.
pub async fn bind(options: ServeOptions) -> Result<Bound, BindFault> {
    let tls = options.tls.as_ref().map(Certificate::acceptor).transpose()?;
    let limits = &options.limits;
    let settings = Arc::new(Settings {
        max_connections: limits.max_connections,
        max_concurrent_streams: limits.max_concurrent_streams,
        max_untaken_answers: limits.max_concurrent_calls,
        handshake_timeout: limits.handshake_timeout,
        idle_timeout: limits.idle_timeout,
        drain_timeout: limits.drain_timeout,
    });
    let open = async |key, address| {
        let door = Door::open(address, tls.clone(), Arc::clone(&settings)).await;
        let bound = door.and_then(|door| door.address().map(|address| (door, address)));
        bound.map_err(|source| BindFault::Address { key, address, source })
    };
    let (grpc, grpc_address) = open("listen.grpc", options.grpc).await?;
    let (http, http_address) = open("listen.http", options.http).await?;
    let (admin, admin_address) = open("listen.admin", options.admin).await?;
    let (metrics, metrics_address) = match options.metrics {
        Some(address) => {
            open("telemetry.metrics_listen", address).await.map(|(door, address)| (Some(door), Some(address)))?
        }
        None => (None, None),
    };
    let addresses =
        Addresses { grpc: grpc_address, http: http_address, admin: admin_address, metrics: metrics_address };
    Ok(Bound { grpc, http, admin, metrics, addresses, options })
}

/// Serves until `stop`, then lets running calls end within the drain time-out. Metrics are those of `exposition`.
pub async fn run(bound: Bound, services: Services, exposition: Option<Exposition>, stop: CancellationToken) {
    let Bound { grpc, http, admin, metrics, options, .. } = bound;
    let Services { otp, tokens, accounts, operators, readiness, mailbox, pages, receipts } = services;
    let over = CancellationToken::new();
    let front = FrontOptions {
        max_concurrent_calls: options.limits.max_concurrent_calls,
        request_timeout: options.limits.request_timeout,
        trusted_proxies: options.trusted_proxies,
        web_origins: options.web_origins,
        over: over.clone(),
    };
    let for_pages = PagesOptions {
        issuer: options.issuer.clone(),
        secure: options.issuer.starts_with("https://"),
        trusted_proxies: front.trusted_proxies.clone(),
        max_concurrent_calls: front.max_concurrent_calls,
        request_timeout: front.request_timeout,
    };
    // Nobody calls the operators' listener from a web page.
    let back = FrontOptions { web_origins: WebOrigins::None, ..front.clone() };
    let health = Health::default();
    // Whatever comes of the first look: nothing is called ready before, and every service is there to be watched.
    health.set(Ready::UNKNOWN).await;
    let (ready, is_ready) = watch::channel(Ready::UNKNOWN);
    let looked_after = Arc::clone(&otp);
    let told = Told { otp: &looked_after, health: &health, ready: &ready, over: &over };
    let _ = tokio::time::timeout(FIRST_WAIT, look_first(&readiness, &told)).await;
    let people = grpc::people(&otp, &tokens, &accounts, &health, front);
    let operators = grpc::operators(operators, options.operator_token, &health, back);
    let pages = pages.map(|(desk, grants)| {
        let tokens = tokens.clone();
        web::PagesParts { otp, tokens, accounts, desk, grants, options: for_pages }
    });
    let pages = web::router(web::Parts { issuer: options.issuer, tokens, ready: is_ready, mailbox, pages, receipts });

    let serve_grpc = grpc.serve(
        |peer| {
            let people = people.clone();
            service_fn(move |request| {
                let people = people.clone();
                async move { Ok::<_, Infallible>(people.answer(peer, request).await) }
            })
        },
        stop.clone(),
    );
    let serve_admin = admin.serve(
        |peer| {
            let operators = operators.clone();
            service_fn(move |request| {
                let operators = operators.clone();
                async move { Ok::<_, Infallible>(operators.answer(peer, request).await) }
            })
        },
        stop.clone(),
    );
    let serve_http = http.serve(
        |peer| TowerToHyperService::new(pages.clone().map_request(move |request| web::of_peer(peer, request))),
        stop.clone(),
    );
    let serve_metrics = async {
        if let (Some(metrics), Some(exposition)) = (metrics, exposition) {
            let page = web::metrics(exposition);
            metrics.serve(|_| TowerToHyperService::new(page.clone()), stop.clone()).await;
        }
    };
    tokio::join!(serve_grpc, serve_admin, serve_http, serve_metrics, look_after(&readiness, &told, &stop));
}

/// Who is told what is there.
struct Told<'t> {
    otp: &'t OtpEngine,
    health: &'t Health,
    ready: &'t watch::Sender<Ready>,
    over: &'t CancellationToken,
}

impl Told<'_> {
    async fn tell(&self, now: Ready) {
        self.otp.note_store(now.store);
        if let Some(ahead) = now.ahead {
            CLOCK_AHEAD.set_micros(ahead);
        }
        self.health.set(now).await;
        self.ready.send_replace(now);
    }
}

/// Tells what is there before anybody is answered: whoever calls at once is not told of a part that is about to be there.
async fn look_first(readiness: &Readiness, told: &Told<'_>) {
    loop {
        let now = readiness.look().await;
        told.tell(now).await;
        if now.all() {
            return;
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

/// Tells what is there, until it is time to stop; then that nothing is, so that callers go elsewhere, and
/// ends what would go on.
async fn look_after(readiness: &Readiness, told: &Told<'_>, stop: &CancellationToken) {
    loop {
        told.tell(readiness.look().await).await;
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(LOOK_AFTER) => {}
        }
    }
    let Told { health, ready, over, .. } = told;
    health.set(Ready::UNKNOWN).await;
    ready.send_replace(Ready::UNKNOWN);
    over.cancel();
}
