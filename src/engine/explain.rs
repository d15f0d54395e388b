//! Why a person or an address is refused: where limits and the ladder stand, and what was refused before. It reads and
//! counts nothing.

use super::{fault, layers, otp::unknown_client};
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent, PastRefusal, Subject},
        challenge::Purpose,
        client::Clients,
        contact::{Channel, Identifier},
        digest::Digest,
        id::EventId,
        policy::{LimitRules, Mode},
        proof::{ProofPolicy, ProofWhen},
        refusal::{FieldViolation, Refusal},
        session::Origin,
        time::Timestamp,
        window::Stand,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        limiter::{Layer, Limiter},
        policy::Policies,
        store::Store,
    },
};
use std::{cmp::Reverse, net::IpAddr, sync::Arc, time::Duration};

pub use crate::ports::{limiter::Counter, store::Lockout};

/// How far back refusals are looked for.
const LOOKED_BACK: Duration = Duration::from_hours(7 * 24);

/// What is asked. At least one of identifier and address.
pub struct ExplainLimits {
    /// The identifier, in any spelling.
    pub identifier: Option<Identifier>,
    /// The client address.
    pub address: Option<IpAddr>,
    /// Whose limits; the default client's where empty.
    pub client_id: String,
    /// How many refusals at most.
    pub refusals: u32,
}

/// One limit, and where it stands.
#[derive(Debug)]
pub struct LimitStanding {
    /// Which: its stable name.
    pub layer: &'static str,
    /// Whether it refuses.
    pub mode: Mode,
    /// Its windows.
    pub windows: Vec<Stand>,
}

impl LimitStanding {
    /// How long the limit refuses or, in shadow, would; `None` where a request made now would be admitted.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.windows.iter().filter_map(|window| window.retry_after).max()
    }
}

/// The answer.
#[derive(Debug)]
pub struct Explanation {
    /// When.
    pub time: Timestamp,
    /// SHA-256 of the policy that these limits are of.
    pub policy_version: Digest,
    /// Who counts.
    pub counter: Counter,
    /// Each limit that a request would be judged by, as far as it was asked for.
    pub limits: Vec<LimitStanding>,
    /// How the identifier stands with the ladder, where one was named.
    pub lockout: Option<Lockout>,
    /// What was refused, newest first, each once.
    pub refusals: Vec<PastRefusal>,
    /// Since when refusals were looked for.
    pub refusals_since: Timestamp,
}

/// What the engine works with.
pub struct ExplainParts {
    /// Where lockouts and events are.
    pub store: Arc<dyn Store>,
    /// Who counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// The index key.
    pub keys: Arc<dyn Keys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where event ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// The registered client applications.
    pub clients: Arc<Clients>,
    /// The policy in force.
    pub policies: Arc<dyn Policies>,
    /// Which requests are to give a proof.
    pub proof: Arc<ProofPolicy>,
}

/// Explains refusals.
pub struct ExplainEngine {
    parts: ExplainParts,
}

impl ExplainEngine {
    /// An engine of the parts.
    #[must_use]
    pub const fn new(parts: ExplainParts) -> Self {
        Self { parts }
    }

    /// What speaks against a client application.
    #[must_use]
    pub fn objections(&self, client_id: &str) -> Vec<FieldViolation> {
        if self.parts.clients.find(client_id).is_some() { Vec::new() } else { vec![unknown_client()] }
    }

    /// Where everything stands for an identifier, an address or both, and why they were refused. The look is recorded
    /// before anything is told.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a client application that is not registered; faults.
    pub async fn explain(&self, asked: ExplainLimits, origin: &Origin) -> Result<Explanation, Refusal> {
        let time = self.parts.clock.now();
        let unregistered = || Refusal::Invalid(vec![unknown_client()]);
        let client = self.parts.clients.find(&asked.client_id).ok_or_else(unregistered)?;
        let key = asked.identifier.as_ref().map(|whose| whose.identity_key(&self.parts.keys.index()));
        let mut event = AuditEvent::new(EventId::new(self.parts.entropy.uuid()), time, Act::LimitsExplained, origin);
        event.actor = Actor::Operator;
        event.identifier_key = key;
        event.client_id = Some(client.client_id.clone());
        let store = &self.parts.store;
        store.record(&event).await.map_err(|fault| fault::store(&fault))?;

        let policy = self.parts.policies.current();
        let channel = asked.identifier.as_ref().map_or(Channel::Email, Identifier::channel);
        let rules = policy.rules(&client.client_id, channel, Purpose::SignIn);
        let layers = self.layers(&asked, &rules.limits, &policy.policy().rules.limits);
        let stands = self.parts.limiter.stand(&layers).await.map_err(|fault| fault::limiter(&fault))?;
        let limits = layers.iter().zip(stands.layers);
        let limits =
            limits.map(|(layer, windows)| LimitStanding { layer: layer.kind.as_str(), mode: layer.mode, windows });
        let lockout = match key {
            Some(key) => Some(store.lockout(key).await.map_err(|fault| fault::store(&fault))?),
            None => None,
        };
        let since = time.before(LOOKED_BACK);
        let subjects = key.map(Subject::Identifier).into_iter().chain(asked.address.map(Subject::Address));
        Ok(Explanation {
            time,
            policy_version: *policy.version(),
            counter: stands.counter,
            limits: limits.collect(),
            lockout,
            refusals: self.refusals(subjects, since, asked.refusals).await?,
            refusals_since: since,
        })
    }

    /// The budgets that are asked about; that of everybody always, as it refuses anybody.
    /// Wrong guesses count by the rules of nobody in particular.
    fn layers(&self, asked: &ExplainLimits, limits: &LimitRules, of_all: &LimitRules) -> Vec<Layer> {
        let index = self.parts.keys.index();
        let (whose, address) = (asked.identifier.as_ref(), asked.address);
        let identifier = whose.map(|whose| layers::identifier(whose, &limits.identifier, &index));
        let of_address = address.map(|address| layers::address(Some(address), &limits.address, &index));
        let mut found: Vec<_> = identifier.into_iter().chain(of_address).collect();
        found.extend(layers::network(address, &limits.network, &index));
        if address.is_some() {
            found.extend(layers::guesses(address, of_all, &index));
        }
        found.push(layers::all(&limits.all, &index));
        if let ProofWhen::AfterRequests(unproven) = &self.parts.proof.when {
            found.extend(whose.and_then(|whose| layers::unproven_identifier(whose, &unproven.identifier, &index)));
            found
                .extend(address.and_then(|address| layers::unproven_address(Some(address), &unproven.address, &index)));
        }
        found
    }

    async fn refusals(
        &self,
        subjects: impl Iterator<Item = Subject> + Send,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<PastRefusal>, Refusal> {
        let mut found = Vec::new();
        for subject in subjects {
            let of_subject = self.parts.store.refusals(subject, since, limit).await;
            found.extend(of_subject.map_err(|fault| fault::store(&fault))?);
        }
        found.sort_by_key(|refusal| Reverse((refusal.time, refusal.event_id)));
        found.dedup_by_key(|refusal| refusal.event_id);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }
}
