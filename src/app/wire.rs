//! Builds the adapters and engines that the configuration chooses.

pub(super) mod analytics;
pub(super) mod captcha;
pub(super) mod limiter;
pub(super) mod listeners;
pub(super) mod messenger;
pub(super) mod policies;
pub(super) mod questions;
pub(super) mod store;

use super::{
    Failure,
    jobs::{self, InForce, KeyFiles, KeyStamp, WatchedPolicy, WatchedReview},
    lock::Lock,
    material::Material,
    serve::{ServeOptions, Services},
};
use crate::{
    adapters::{
        analytics::AnalyticsWriter,
        counted::CountedLimiter,
        keys::FileKeys,
        policy::SwappedPolicy,
        review::SwappedReview,
        signer::{SigningKeys, TokenSigner},
        system::{SystemClock, SystemEntropy},
    },
    config::{
        Config, limiter::Limiter as LimiterChoice, links::LinkPages, policy::PolicyFile, problem::because,
        review::ReviewFile, secrets::Stamp, service::Environment, store::Store as StoreChoice,
    },
    domain::{policy::PolicyInForce, time::Timestamp},
    engine::{
        account::{AccountEngine, AccountParts, AdminEngine},
        delivery::{
            DeliveryDesk, DeskParts, Handoff, LEASE_MARGIN, MailboxReader, ReceiptDesk, ReceiptParts, ReceiptSource,
            SuppressedAddresses, Worker, WorkerOptions, WorkerParts,
        },
        funnel::Funnel,
        key_log::KeyLog,
        limiter_log::LimiterLog,
        otp::{LinkBase, OtpEngine, OtpParts},
        policy::{PolicyEngine, PolicyParts},
        readiness::Readiness,
        review::{ReviewEngine, ReviewParts},
        token::{TokenIssuer, TokenParts},
    },
    grpc::{OperatorEngines, OperatorToken},
    ports::{clock::Clock, entropy::Entropy, keys::Keys, store::Store},
};
use limiter::Counter;
use messenger::Carrier;
use std::{num::NonZeroUsize, sync::Arc, thread::available_parallelism};
use store::OpenStore;

/// Signatures that may wait for each thread that signs; at 250 µs each the last waits a quarter of a second.
const WAITING_PER_THREAD: usize = 1024;

/// Everything, built and not yet begun.
pub(super) struct Wired {
    /// What stands behind the listeners.
    pub(super) services: Services,
    /// Where and how to listen.
    pub(super) options: ServeOptions,
    /// The store, for jobs.
    pub(super) store: Arc<dyn Store>,
    /// The clock, for jobs.
    pub(super) clock: Arc<dyn Clock>,
    /// The token issuer, for jobs.
    pub(super) tokens: Arc<TokenIssuer>,
    /// Who delivers messages.
    pub(super) worker: Worker,
    /// Who counts the funnel of signing in.
    pub(super) funnel: Funnel,
    /// Who writes its events, where anybody takes them.
    pub(super) analytics: Option<AnalyticsWriter>,
    /// Who counts requests, for its jobs.
    pub(super) counter: Counter,
    /// Who records its changes.
    pub(super) limiter_log: LimiterLog,
    /// Who gets no message for a while, for its job.
    pub(super) suppressed: Arc<SuppressedAddresses>,
    /// Who reads key files again.
    pub(super) key_files: KeyFiles,
    /// Who reads the policy file again, where there is one.
    pub(super) policy_file: Option<WatchedPolicy>,
    /// Who reads the file of review accounts again, where there is one, and what it read first.
    pub(super) review_file: Option<(WatchedReview, ReviewFile)>,
    /// Holds a SQLite database for this process.
    pub(super) lock: Option<Lock>,
}

/// The state of files before they were read.
pub(super) struct Seen {
    /// Of the key files.
    pub(super) keys: KeyStamp,
    /// Of the policy file.
    pub(super) policy: Stamp,
    /// Of the file of review accounts.
    pub(super) review: Stamp,
}

/// Builds everything. `seen` is the state of the files before they were read.
///
/// # Errors
/// Where a part is not to be had, or cannot be made of what the configuration says.
pub(super) async fn wire(config: &Config, material: Material, seen: Seen) -> Result<Wired, Failure> {
    let lock = only_counter(config)?;
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let carrier = Carrier::build(config, material.delivery, clock.clone())?;
    let counter = limiter::build(config, material.limiter, clock.clone())?;
    let proof = captcha::build(config, material.captcha)?;
    let operator_token = OperatorToken::new(&material.admin_token);
    let options = listeners::options(config, material.listener.clone(), operator_token.clone())?;
    let store = OpenStore::open(config, material.store_password).await?.ready(config.migrate).await?;
    let file_keys = Arc::new(FileKeys::new(material.keys));
    let keys: Arc<dyn Keys> = file_keys.clone();
    let (clients, sessions) = (Arc::new(config.clients.clone()), Arc::new(config.sessions.clone()));
    let (funnel, analytics) = analytics::build(config, material.collector_authorities, keys.clone())?;
    let handoff = Handoff::new(carrier.messengers.time_limit() + LEASE_MARGIN);
    jobs::warn_of(config, &material.policy.warnings);
    let policies = policy_in_force(material.policy, clock.now());

    let limiter = Arc::new(CountedLimiter(counter.limiter()));
    let guesses = questions::guesses(store.clone(), limiter.clone(), keys.clone(), entropy.clone(), policies.clone());
    let tokens = Arc::new(TokenIssuer::new(TokenParts {
        signer: Arc::new(signer(material.signing)?),
        store: store.clone(),
        keys: keys.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        clients: clients.clone(),
        policies: policies.clone(),
        policy: sessions.clone(),
        guesses: guesses.clone(),
    }));
    let review = Arc::new(SwappedReview::default());
    let suppressed = Arc::new(SuppressedAddresses::new(store.clone(), clock.clone(), entropy.clone()));
    let otp = OtpParts {
        store: store.clone(),
        limiter,
        keys: keys.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        clients: clients.clone(),
        policies: policies.clone(),
        proof,
        review: review.clone(),
        sessions,
        tokens: tokens.clone(),
        handoff: handoff.clone(),
        funnel: funnel.clone(),
        sms: carrier.messengers.sms.is_some(),
        links: Arc::new(link_base(config)),
        guesses,
        suppressed: suppressed.clone(),
    };
    let (explain, pages) = (questions::explain(&otp), questions::pages(&otp));
    let (account, policy) = (account_of(&otp), policy_engine(policies.clone(), &otp));
    let simulate = questions::simulate(store.clone(), clock.clone(), entropy.clone(), clients.clone());
    let watched = |file| WatchedPolicy::new(file, clients, policy.clone(), clock.clone(), seen.policy);
    let policy_file = config.policy_file.clone().map(watched);
    let review = ReviewParts { desk: review, store: store.clone(), keys: keys.clone(), clock: clock.clone() };
    let worker = WorkerParts {
        outbox: store.clone(),
        messengers: carrier.messengers,
        keys,
        clock: clock.clone(),
        entropy: entropy.clone(),
        policies: policies.clone(),
        handoff,
        funnel: funnel.clone(),
        templates: Arc::new(material.templates),
        suppressed: suppressed.clone(),
        clocks: tokens.clocks(),
    };
    let desk = desk_of(&worker, &store);
    let services = Services {
        otp: Arc::new(OtpEngine::new(otp)),
        tokens: tokens.clone(),
        accounts: Arc::new(AccountEngine::new(account.clone())),
        operators: OperatorEngines { admin: Arc::new(AdminEngine::new(account)), policy, explain, simulate, desk },
        readiness: Readiness::new(store.clone(), tokens.clone(), counter.limiter(), clock.clone()),
        mailbox: carrier.mailbox.map(MailboxReader::new),
        pages: config.pages.enabled.then_some(pages),
        receipts: receipts_of(&worker, &store, carrier.receipts),
    };
    let key_log = KeyLog::new(store.clone(), clock.clone(), entropy.clone());
    let in_force = InForce::new(file_keys, operator_token, config.listen.tls.clone(), material.listener);
    Ok(Wired {
        services,
        options,
        limiter_log: LimiterLog::new(store.clone(), entropy),
        suppressed,
        store,
        clock,
        tokens,
        worker: worker_of(worker, config),
        funnel,
        analytics,
        counter,
        key_files: KeyFiles::new(config.secrets.clone(), in_force, key_log, seen.keys),
        policy_file,
        review_file: watched_review(config, review, seen.review).zip(material.review),
        lock,
    })
}

fn account_of(otp: &OtpParts) -> AccountParts {
    AccountParts {
        store: otp.store.clone(),
        keys: otp.keys.clone(),
        clock: otp.clock.clone(),
        entropy: otp.entropy.clone(),
        tokens: otp.tokens.clone(),
        guesses: otp.guesses.clone(),
    }
}

fn policy_engine(policies: Arc<SwappedPolicy>, otp: &OtpParts) -> Arc<PolicyEngine> {
    let (store, clock, entropy) = (otp.store.clone(), otp.clock.clone(), otp.entropy.clone());
    Arc::new(PolicyEngine::new(PolicyParts { policies, store, clock, entropy }))
}

/// Where links lead; of the own listener nothing is known before it is bound.
fn link_base(config: &Config) -> LinkBase {
    match &config.links {
        LinkPages::At(url) => LinkBase::at(url),
        LinkPages::OwnListener => LinkBase::default(),
    }
}

fn policy_in_force(read: PolicyFile, now: Timestamp) -> Arc<SwappedPolicy> {
    Arc::new(SwappedPolicy::new(PolicyInForce::new(read.policy, read.version, now)))
}

fn worker_of(parts: WorkerParts, config: &Config) -> Worker {
    let options = WorkerOptions { stop_limit: config.listen.limits.drain_timeout, ..WorkerOptions::default() };
    Worker::new(parts, options)
}

fn desk_of(worker: &WorkerParts, store: &Arc<dyn Store>) -> Arc<DeliveryDesk> {
    Arc::new(DeliveryDesk::new(DeskParts {
        messengers: worker.messengers.clone(),
        store: store.clone(),
        keys: worker.keys.clone(),
        clock: worker.clock.clone(),
        entropy: worker.entropy.clone(),
    }))
}

fn receipts_of(worker: &WorkerParts, store: &Arc<dyn Store>, sources: Vec<ReceiptSource>) -> Arc<ReceiptDesk> {
    Arc::new(ReceiptDesk::new(ReceiptParts {
        sources,
        store: store.clone(),
        clock: worker.clock.clone(),
        entropy: worker.entropy.clone(),
        suppressed: worker.suppressed.clone(),
    }))
}

fn watched_review(config: &Config, parts: ReviewParts, seen: Stamp) -> Option<WatchedReview> {
    let clock = parts.clock.clone();
    config.review.clone().map(|file| WatchedReview::new(file, ReviewEngine::new(parts), clock, seen))
}

/// Two processes that count in memory would each grant the whole budget: production refuses the second, development
/// hears of it.
fn only_counter(config: &Config) -> Result<Option<Lock>, Failure> {
    let (StoreChoice::Sqlite { path }, LimiterChoice::Memory) = (&config.store, &config.limiter) else {
        return Ok(None);
    };
    let place = path.display();
    let lock = Lock::take(path)
        .map_err(|error| Failure::Unavailable(format!("{place}: its folder cannot be written: {}", because(&error))))?;
    if lock.is_none() && config.service.environment == Environment::Production {
        return Err(Failure::Unavailable(format!(
            "{place}: another process serves it; stop that one, or use PostgreSQL with Redis"
        )));
    }
    if lock.is_none() {
        tracing::warn!("another process serves this database: each grants the whole budget of request limits");
    }
    Ok(lock)
}

fn signer(keys: SigningKeys) -> Result<TokenSigner, Failure> {
    let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    TokenSigner::start(keys, threads, WAITING_PER_THREAD * threads.get())
        .map_err(|error| Failure::Fault(format!("no thread can be started for signatures: {}", error.kind())))
}
