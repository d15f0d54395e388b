//! Everything that a pair of stores is measured for in a round.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::calibrate;
use super::drive::{self, Run, Span, Work};
use super::inbox::Inbox;
use super::mint;
use super::options::{Options, Pair};
use super::outside;
use super::procfs::Party;
use super::stack::Stack;
use super::stats::Latency;
use super::work::{People, Refresh, Send, Sessions, SignIn, Validate};
use super::yardsticks::{Echo, Yardsticks};

/// What one method gave.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// As fast as answers come.
    pub(crate) peak: Run,
    /// At half that rate, by its own clock.
    pub(crate) half: Option<Run>,
}

/// What one pair of stores gave.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Which pair.
    pub(crate) pair: Pair,
    /// The floor of a sign-in, in microseconds.
    pub(crate) floor: f64,
    /// One script of Redis and one durable commit, in microseconds.
    pub(crate) parts: (f64, f64),
    /// The median sign-in on a known device where nothing else happens, in microseconds.
    pub(crate) alone: f64,
    /// What a new device brings along.
    pub(crate) new_device: NewDevice,
    /// The median way of a message, at half load, in microseconds.
    pub(crate) delivery: f64,
    /// `E` of `ValidateToken`, measured right before it, in calls a second.
    pub(crate) echo_validate: f64,
    /// `E` of `SendOtp`, measured right before it, in calls a second.
    pub(crate) echo_send: f64,
    /// By name, in the order of the tables.
    pub(crate) methods: Vec<(&'static str, Measured)>,
    /// The most memory that the server held, in bytes.
    pub(crate) resident: u64,
    /// Tokens that jsonwebtoken checked.
    pub(crate) checked: usize,
}

impl Figures {
    /// What a method gave.
    pub(crate) fn method(&self, name: &str) -> Option<&Measured> {
        self.methods.iter().find(|(found, _)| *found == name).map(|(_, measured)| measured)
    }
}

/// What a sign-in on a new device brings along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewDevice {
    /// The median where nothing else happens, in microseconds.
    pub(crate) alone: f64,
    /// How many messages left for each at saturation: 2 where every notice left at once.
    pub(crate) messages: f64,
}

/// Names of what is measured. Somebody who comes back, on the device that they signed in with before.
pub(crate) const SIGN_IN: &str = "sign-in";
/// Somebody who was never here: the user is created.
pub(crate) const FIRST: &str = "sign-in, first";
/// Somebody who comes back on another device, and is told of that, by another message, once an hour.
pub(crate) const NEW_DEVICE: &str = "sign-in, new device";
pub(crate) const REFRESH: &str = "RefreshToken";
pub(crate) const VALIDATE_HOT: &str = "ValidateToken, hot";
pub(crate) const VALIDATE_NEW: &str = "ValidateToken, new";
pub(crate) const SEND: &str = "SendOtp";

/// Measures the server on a pair of stores that are started for it alone.
pub(crate) async fn figures(
    pair: Pair,
    options: &Options,
    yardsticks: &Yardsticks,
    echo: &Echo,
) -> anyhow::Result<Figures> {
    let stack = Stack::start(pair, options).await?;
    let parts = floors(&stack, options).await?;
    // A sign-in calls twice, counts once, commits three times and signs once.
    let floor = 2.0 * yardsticks.echo_call + parts.0 + 3.0 * parts.1 + yardsticks.signature;
    let clients = stack.clients(options.connections).await?;
    let sessions = Sessions::default();
    let resident = Arc::new(AtomicU64::new(0));
    let watch = tokio::spawn(watch(stack.parties().remove(0), Arc::clone(&resident)));
    let driven = Driven { options, parties: stack.parties() };

    let sign_in = |people| SignIn {
        clients: clients.clone(),
        inbox: stack.inbox.clone(),
        people,
        sessions: sessions.clone(),
        delivery: Arc::new(Mutex::new(Latency::new())),
    };
    let people = People::new(options.people());
    let everybody = Arc::new(sign_in(people.clone()));
    let warm = people.count() / 20;
    sound(drive::each(&everybody, options.workers, warm, &driven.parties).await)?;
    let first = sound(drive::each(&everybody, options.workers, people.count() - warm, &driven.parties).await)?;
    let signed_in = driven.peak(&Arc::new(sign_in(people.clone())), 1.0, 6.0).await?;
    let alone = driven.alone(&everybody).await?;
    let paced = Arc::new(sign_in(people.clone()));
    let half = driven.half(&paced, &signed_in, 4.0).await?;
    let delivery = paced.delivery.lock().unwrap().micros(0.5);
    let (on_new_devices, new_device) = new_devices(&driven, &stack.inbox, sign_in(people.on_new_devices())).await?;
    let mut methods = vec![
        (SIGN_IN, Measured { peak: signed_in, half: Some(half) }),
        (FIRST, Measured { peak: first, half: None }),
        (NEW_DEVICE, on_new_devices),
    ];

    let tokens = sessions.access_tokens();
    let checked = outside::check(&clients, &tokens, 200).await?;
    let refresh = Refresh { clients: clients.clone(), sessions: sessions.clone() };
    methods.push((REFRESH, driven.both(refresh, 1.0, 4.0).await?));
    let hot: Vec<String> = tokens.iter().rev().take(1000).cloned().collect();
    let sample = hot.first().context("nobody signed in")?.clone();
    let echo_validate = echo.validations(options).await.rate();
    methods.push((VALIDATE_HOT, driven.both(Validate::new(clients.clone(), hot), 1.0, 3.0).await?));
    let new = mint::like(&sample, &stack.signing_key()?, if options.quick { 10_000 } else { 60_000 })?;
    let count = new.len();
    let fresh = Arc::new(Validate::new(clients.clone(), new));
    let peak = sound(drive::each(&fresh, options.workers, count, &driven.parties).await)?;
    methods.push((VALIDATE_NEW, Measured { peak, half: None }));
    let echo_send = echo.sends(options).await.rate();
    let sent = driven.peak(&Arc::new(Send { clients, people }), 1.0, 4.0).await?;
    methods.push((SEND, Measured { peak: sent, half: None }));
    watch.abort();
    let resident = resident.load(Ordering::Relaxed);
    Ok(Figures {
        pair,
        floor,
        parts,
        alone,
        new_device,
        delivery,
        echo_validate,
        echo_send,
        methods,
        resident,
        checked,
    })
}

/// Sign-ins on new devices: each of people who have not been told of one within the hour, so nobody comes twice.
async fn new_devices(driven: &Driven<'_>, inbox: &Inbox, sign_in: SignIn) -> anyhow::Result<(Measured, NewDevice)> {
    let sign_in = Arc::new(sign_in);
    let people = sign_in.people.clone();
    let begun = people.turns();
    let alone = driven.alone(&sign_in).await?;
    inbox.caught_up(PATIENCE).await?;
    let (turns, received) = (people.turns(), inbox.received());
    let peak = driven.peak(&sign_in, 0.5, 3.0).await?;
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    let messages = (inbox.received() - received) as f64 / (people.turns() - turns) as f64;
    // What is late is not to burden what comes next.
    inbox.caught_up(PATIENCE).await?;
    let half = driven.half(&sign_in, &peak, 3.0).await?;
    ensure!(people.turns() - begun <= people.count(), "somebody signed in on two new devices: take more --people");
    inbox.caught_up(PATIENCE).await?;
    Ok((Measured { peak, half: Some(half) }, NewDevice { alone, messages }))
}

/// Messages that do not arrive within this time after the last call never will.
const PATIENCE: Duration = Duration::from_mins(1);

async fn floors(stack: &Stack, options: &Options) -> anyhow::Result<(f64, f64)> {
    let commits = if options.quick { 300 } else { 1500 };
    Ok(match (&stack.postgres, &stack.redis) {
        (Some(postgres), Some(redis)) => (
            calibrate::script_floor(redis, 2000).await?,
            calibrate::postgres_floor(&postgres.url("postgres"), commits).await?,
        ),
        _ => (0.0, calibrate::sqlite_floor(commits).await?),
    })
}

struct Driven<'a> {
    options: &'a Options,
    parties: Vec<Party>,
}

impl Driven<'_> {
    /// The median where nothing else happens, in microseconds.
    async fn alone<W: Work>(&self, work: &Arc<W>) -> anyhow::Result<f64> {
        calibrate::serial(work, if self.options.quick { 100 } else { 500 }).await
    }

    async fn peak<W: Work>(&self, work: &Arc<W>, warm: f64, measured: f64) -> anyhow::Result<Run> {
        let span = span(self.options, warm, measured, self.parties.clone());
        sound(drive::closed(work, self.options.workers, &span).await)
    }

    async fn half<W: Work>(&self, work: &Arc<W>, peak: &Run, measured: f64) -> anyhow::Result<Run> {
        let span = span(self.options, 1.0, measured, self.parties.clone());
        sound(drive::open(work, peak.rate() / 2.0, &span).await)
    }

    async fn both<W: Work>(&self, work: W, warm: f64, measured: f64) -> anyhow::Result<Measured> {
        let work = Arc::new(work);
        let peak = self.peak(&work, warm, measured).await?;
        let half = self.half(&work, &peak, measured).await?;
        Ok(Measured { peak, half: Some(half) })
    }
}

/// How long to drive: so many seconds, less in a short round.
pub(crate) fn span(options: &Options, warm: f64, measured: f64, parties: Vec<Party>) -> Span {
    Span { warm: options.seconds(warm), measured: options.seconds(measured), parties }
}

/// A run in which anything failed is no measurement.
fn sound(run: Run) -> anyhow::Result<Run> {
    let failure = run.failure.as_deref().unwrap_or_default();
    ensure!(run.failed == 0, "{} of {} calls failed, the first so: {failure}", run.failed, run.done + run.failed);
    ensure!(run.done > 0, "nothing was done");
    Ok(run)
}

async fn watch(server: Party, most: Arc<AtomicU64>) {
    loop {
        most.fetch_max(server.resident(), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
