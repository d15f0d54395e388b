//! What a policy would have refused: a replay of the audit log, page by page.

use super::fault;
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent},
        client::Clients,
        id::EventId,
        policy::PolicyInForce,
        refusal::{FieldReason, FieldViolation, Refusal},
        session::Origin,
        simulation::{Report, Simulation},
        time::Timestamp,
    },
    ports::{clock::Clock, entropy::Entropy, policy::PolicyReader, store::Store},
};
use std::{sync::Arc, time::Duration};

/// How many events are read at once.
const PAGE: u32 = 2000;

/// How long before the span the replay begins, so that windows are filled as they were.
const WARM_UP: Duration = Duration::from_hours(24);

/// How long a replay for a caller may take; what is not read by then is left out, and told.
const PATIENCE: Duration = Duration::from_secs(6);

/// How far back a replay may go.
pub const LONGEST_SPAN: Duration = Duration::from_hours(30 * 24);

/// What the engine works with.
pub struct SimulateParts {
    /// Where the audit log is.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where event ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// The registered client applications.
    pub clients: Arc<Clients>,
    /// Who reads a policy's text.
    pub reader: Arc<dyn PolicyReader>,
}

/// A replay that has ended.
#[derive(Debug)]
pub struct Replay {
    /// The policy's name.
    pub policy: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// What it would have refused.
    pub report: Report,
    /// How many events of the log were read.
    pub events: u64,
    /// Whether the log was read to its end.
    pub complete: bool,
}

/// How far a replay is: events read so far, and the time that they have reached.
pub type Progress<'a> = &'a (dyn Fn(u64, Timestamp) + Send + Sync);

/// Replays the audit log under policies that are not in force.
pub struct SimulateEngine {
    parts: SimulateParts,
}

impl SimulateEngine {
    /// An engine of the parts.
    #[must_use]
    pub const fn new(parts: SimulateParts) -> Self {
        Self { parts }
    }

    /// What the policy of `text` would have refused over the last `span`, as far as a caller can wait.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with everything that is wrong with the policy; faults.
    pub async fn simulate(&self, text: &str, span: Duration, origin: &Origin) -> Result<Replay, Refusal> {
        let (policy, version) = self.parts.reader.read(text).map_err(|wrong| {
            let violation = |description| FieldViolation { field: "policy", description, reason: FieldReason::Field };
            Refusal::Invalid(wrong.into_iter().map(violation).collect())
        })?;
        let policy = PolicyInForce::new(policy, version, self.parts.clock.now());
        self.replay(policy, span, Some(PATIENCE), origin, &|_, _| {}).await
    }

    /// The same of a policy that has been read; `patience` bounds the time that it takes, and `progress` hears of each
    /// page. It is recorded before anything is told.
    ///
    /// # Errors
    /// Faults.
    pub async fn replay(
        &self,
        policy: PolicyInForce,
        span: Duration,
        patience: Option<Duration>,
        origin: &Origin,
        progress: Progress<'_>,
    ) -> Result<Replay, Refusal> {
        let SimulateParts { store, clock, entropy, clients, .. } = &self.parts;
        let until = clock.now();
        let since = until.before(span);
        let (name, sha256) = (policy.policy().name.clone(), policy.version().hex());
        let mut event = AuditEvent::new(EventId::new(entropy.uuid()), until, Act::PolicySimulated, origin);
        event.actor = Actor::Operator;
        event.reason = format!("{name} sha256:{sha256}").into();
        store.record(&event).await.map_err(|fault| fault::store(&fault))?;

        let default_client = clients.find("").ok_or(Refusal::Internal)?.client_id.clone();
        let mut simulation = Simulation::new(policy, default_client, since);
        let mut after = Some(EventId::first_at(since.before(WARM_UP)));
        let (mut events, mut reached) = (0_u64, since);
        while let Some(from) = after {
            if patience.is_some_and(|patience| clock.now().since(until) > patience) {
                break;
            }
            let page = store.requests(from, PAGE).await.map_err(|fault| fault::store(&fault))?;
            for request in page.requests.iter().filter(|request| request.time <= until) {
                simulation.see(request);
                reached = reached.max(request.time);
            }
            events += u64::from(page.events);
            progress(events, reached);
            after = page.last;
        }
        let complete = after.is_none();
        let report = simulation.report(if complete { until } else { reached });
        Ok(Replay { policy: name, sha256, report, events, complete })
    }
}
