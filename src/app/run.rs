//! The commands: check, migrate, serve.

use super::{
    Failure, announce, failure,
    jobs::{self, Jobs, KeyStamp, Watched as _},
    material::Material,
    serve,
    shutdown::{self, Signals},
    wire::{
        self, Seen, Wired,
        limiter::{self, Counter},
        listeners,
        messenger::Carrier,
        questions,
        store::OpenStore,
    },
};
use crate::{
    adapters::system::{SystemClock, SystemEntropy},
    config::{
        Config,
        policy::PolicyFile,
        problem::Problem,
        secrets::Stamp,
        telemetry::{LogFormat, LogLevel},
    },
    domain::{policy::PolicyInForce, session::Origin},
    engine::simulate::{Progress, Replay},
    grpc::{self, OperatorToken},
    ports::clock::Clock as _,
    telemetry::{
        self, Collector, Settings, Telemetry,
        metrics::{self, Exposition, Instrument},
    },
};
use std::{future::Future, path::Path, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

/// How long the last spans may take to arrive.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Reads every file that the configuration names and makes what can be made of them, without opening a port or a
/// connection. Gives what somebody should look at and may yet be meant.
///
/// # Errors
/// What is wrong.
pub fn check(config: &Config) -> Result<Vec<Problem>, Failure> {
    let material = Material::load(config)?;
    let mut warnings = config.warnings();
    warnings.extend(material.policy.warnings);
    warnings.extend(material.review.into_iter().flat_map(|review| review.warnings));
    // Some parts want a runtime to be made in, and do nothing on it before they are asked.
    block_on(async {
        listeners::options(config, material.listener, OperatorToken::new(&material.admin_token))?;
        limiter::build(config, material.limiter, Arc::new(SystemClock))?;
        Carrier::build(config, material.delivery, Arc::new(SystemClock))?;
        Ok(warnings)
    })
}

/// Brings the database to the form that this program needs. `waiting` hears where that takes long.
///
/// # Errors
/// Where the configuration or a file is wrong, or the database is not to be had.
pub fn migrate(config: &Config, waiting: impl Fn(&str)) -> Result<(), Failure> {
    let material = Material::load(config)?;
    block_on(async {
        let work = async { OpenStore::open_alone(config, material.store_password).await?.migrate(waiting).await };
        let stopped = || Failure::Unavailable("stopped before the schema was up to date; run it again".to_owned());
        Signals::listen()?.unless_told(work).await.unwrap_or_else(|| Err(stopped()))
    })
}

/// What a policy would have refused over the last `span`. `progress` hears of each page of the audit log.
///
/// # Errors
/// Where the configuration, the policy or a file is wrong, or the database is not to be had.
pub fn simulate(config: &Config, file: &Path, span: Duration, progress: Progress<'_>) -> Result<Replay, Failure> {
    let read = PolicyFile::load(file, Some(&config.clients))?;
    let material = Material::load(config)?;
    let clients = Arc::new(config.clients.clone());
    block_on(async {
        let store = OpenStore::open_alone(config, material.store_password).await?.into_store();
        let engine = questions::simulate(store, Arc::new(SystemClock), Arc::new(SystemEntropy), clients);
        let policy = PolicyInForce::new(read.policy, read.version, SystemClock.now());
        let replay = engine.replay(policy, span, None, &Origin::default(), progress).await;
        replay.map_err(|refusal| {
            let what = format!("the audit log cannot be read: {}", refusal.reason());
            Failure::Unavailable(format!("{what}; is it in the form that this program needs? run `identity migrate`"))
        })
    })
}

/// Serves until a signal to stop. The addresses of the listeners go to standard output as one line of JSON.
///
/// # Errors
/// What keeps it from starting, or ends it before it is told to.
pub fn serve(config: &Config) -> Result<(), Failure> {
    // Taken before the files are read, so that a change between the two is noticed.
    let seen = Seen {
        keys: KeyStamp::of(&config.secrets, config.listen.tls.as_ref()),
        policy: Stamp::of(config.policy_file.clone().into_iter()),
        review: Stamp::of(config.review.iter().map(|review| review.file.clone())),
    };
    let material = Material::load(config)?;
    block_on(async {
        // Before anything is waited for: the first process of a container is ended by no signal that it does not hear.
        let mut signals = Signals::listen()?;
        let installed = Telemetry::install(&settings(config, material.collector_authorities.clone()), &instruments())
            .map_err(|fault| Failure::Fault(fault.to_string()))?;
        let exposition = installed.exposition();
        let ended = match signals.unless_told(wire::wire(config, material, seen)).await {
            Some(wired) => async { run(config, wired?, signals, exposition).await }.await,
            None => Ok(()),
        };
        installed.shut_down(LAST_SPANS).await;
        ended
    })
}

async fn run(config: &Config, wired: Wired, signals: Signals, exposition: Option<Exposition>) -> Result<(), Failure> {
    let Wired {
        services,
        options,
        store,
        clock,
        tokens,
        worker,
        funnel,
        analytics,
        counter,
        limiter_log,
        suppressed,
        key_files,
        policy_file,
        review_file,
        lock,
    } = wired;
    let (policy, desk) = (services.operators.policy.clone(), services.operators.desk.clone());
    // No token is called active before this has succeeded; and a database without its tables is found out here.
    tokens.poll_revocations().await.map_err(|fault| {
        Failure::Unavailable(format!("{fault}; is it in the form that this program needs? run `identity migrate`"))
    })?;

    // What a wrong clock would remove, or call expired, is left alone from the beginning.
    services.readiness.look().await;
    let (stop, cut, failed) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
    let jobs = Jobs::new(failed.clone());
    if let Counter::Shared(limiter, changes) = counter {
        // The connection is there, or known not to be, before the first request asks.
        limiter.look().await;
        jobs.begin("limiter", |stop| async move { limiter.watch(stop).await });
        jobs.begin("limiter log", |stop| jobs::record_changes(changes, limiter_log, stop));
        let otp = Arc::clone(&services.otp);
        jobs.begin("guard", |stop| jobs::follow_guard(otp, stop));
    }
    let (for_keys, for_policy, for_review) = (shutdown::hang_ups()?, shutdown::hang_ups()?, shutdown::hang_ups()?);
    jobs.begin("keys", |stop| key_files.follow(for_keys, stop));
    if let Some((review_file, read)) = review_file {
        review_file.begin(read).await?;
        jobs.begin("review accounts", |stop| review_file.follow(for_review, stop));
    }
    let bound = serve::bind(options).await.map_err(|fault| Failure::Unavailable(failure::chain(&fault)))?;
    let scheme = if config.listen.tls.is_some() { "https" } else { "http" };
    services.otp.links_lead_to(&format!("{scheme}://{}", announce::reachable(bound.addresses().http)));
    policy.started().await.map_err(|fault| Failure::Unavailable(failure::chain(&fault)))?;
    if let Some(policy_file) = policy_file {
        jobs.begin("policy", |stop| policy_file.follow(for_policy, stop));
    }
    let clocks = tokens.clocks();
    jobs.begin("revocations", |stop| jobs::follow_revocations(tokens, stop));
    let otp = Arc::clone(&services.otp);
    jobs.begin("watched challenges", |stop| jobs::follow_watched(otp, stop));
    jobs.begin("sweep", |stop| jobs::sweep(store, clock, clocks, funnel, stop));
    // No message goes to a provider that was drained before this process began.
    desk.take_drains().await.map_err(|fault| Failure::Unavailable(failure::chain(&fault)))?;
    jobs.begin("drains", |stop| jobs::follow_drains(desk, stop));
    // Nor to an address that was suppressed.
    suppressed.poll().await.map_err(|fault| Failure::Unavailable(failure::chain(&fault)))?;
    jobs.begin("suppressions", |stop| jobs::follow_suppressions(suppressed, stop));
    jobs.begin("delivery", |stop| worker.run(stop));
    let written = CancellationToken::new();
    let writing = analytics.map(|writer| tokio::spawn(writer.run(written.clone())));
    // On a thread of its own: whoever reads it may have stopped.
    let addresses = bound.addresses();
    tokio::task::spawn_blocking(move || announce::announce(addresses));
    let http = bound.addresses().http;
    if services.mailbox.is_some() && !http.ip().is_loopback() {
        tracing::warn!(
            "whoever reaches {http} reads everybody's codes at /dev/mailbox; have it on the loopback, or deliver otherwise"
        );
    }
    tracing::info!(environment = ?config.service.environment, "serving");
    tokio::spawn(shutdown::obey(signals, stop.clone(), cut.clone()));

    let mut serving = std::pin::pin!(serve::run(bound, services, exposition, stop.clone()));
    let mut served = false;
    tokio::select! {
        () = stop.cancelled() => {}
        () = failed.cancelled() => {}
        () = &mut serving => served = true,
    }
    // Whatever ended before the signal was not meant to.
    let lost = !stop.is_cancelled();
    stop.cancel();
    // Revocations go on being read while running calls end; messages need not wait for them.
    let drained = async {
        if !served {
            serving.await;
        }
        jobs.stop().await;
        // Now nothing happens any more that could be told.
        written.cancel();
        if let Some(writing) = writing {
            let _ = writing.await;
        }
    };
    tokio::select! {
        ended = tokio::time::timeout(config.listen.limits.drain_timeout, drained) => {
            if ended.is_err() {
                tracing::warn!("stopped before everything had ended");
            }
        }
        () = cut.cancelled() => {}
    }
    drop(lock);
    if lost { Err(Failure::Fault("a part of the service ended; the log says which".to_owned())) } else { Ok(()) }
}

/// Everything that is measured.
fn instruments() -> Vec<&'static dyn Instrument> {
    metrics::ALL.into_iter().chain([&grpc::CALLS as &dyn Instrument]).collect()
}

fn settings(config: &Config, authorities: Option<String>) -> Settings {
    let chosen = &config.telemetry;
    Settings {
        level: match chosen.log_level {
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        },
        format: match chosen.log_format {
            LogFormat::Human => telemetry::LogFormat::Human,
            LogFormat::Json => telemetry::LogFormat::Json,
        },
        collector: chosen.otlp_endpoint.clone().map(|endpoint| Collector {
            endpoint,
            authorities,
            sample_ratio: chosen.sample_ratio,
        }),
        service_name: chosen.service_name.clone(),
        prometheus: chosen.metrics_listen.is_some(),
    }
}

/// Runs on one thread less than there are cores: the threads that sign have theirs, and on few cores a call costs less
/// where it is not passed between threads (`docs/performance.md`). Where one thread is left, nothing is prepared for
/// others (`docs/decisions/0159-one-thread-answers-alone.md`).
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1);
    let runtime = match threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        more => tokio::runtime::Builder::new_multi_thread().worker_threads(more).enable_all().build(),
    };
    let runtime = runtime.map_err(|error| Failure::Fault(format!("no thread can be started: {}", error.kind())))?;
    let ended = runtime.block_on(work);
    // Whatever still runs must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}
