//! Counts text messages and keeps back those that a rule stops.

use crate::{
    adapters::sql::{
        fault,
        fields::Fields,
        link::{Link, values},
        rows, statements,
        steps::outbox,
    },
    domain::{
        audit::{Act, Actor, AuditEvent, Outcome},
        digest::Digest,
        id::{ChallengeId, MessageId},
        message::NewMessage,
        money::Money,
        policy::Mode,
        session::Origin,
        sms::{self, Budget, Slot, SmsStop, Traffic, slot_of},
        time::Timestamp,
    },
    ports::store::{StoreFault, TextMessage, Withheld},
    telemetry::metrics::TEXT_MESSAGES_STOPPED,
};
use uuid::Uuid;

/// An operator hears of the same budget once in this time.
const BETWEEN_ALARMS: i64 = 3_600_000_000;

/// Accepts the message of a code, by whatever channel, and records its event. A text message is counted; one that a rule
/// stops is kept back instead, and the event says so.
pub(in super::super) async fn accept(
    link: &mut impl Link,
    message: &NewMessage,
    text: Option<&TextMessage>,
    event: &AuditEvent,
    now: Timestamp,
) -> Result<Option<Withheld>, StoreFault> {
    let (withheld, further) = match text {
        None => (None, None),
        Some(text) => judge(link, text, Source::of(message), event, now).await?,
    };
    let event = match withheld {
        None => {
            outbox::accept(link, message, None).await?;
            event.clone()
        }
        Some(Withheld { stop, .. }) => {
            AuditEvent { act: Act::CodeWithheld, message_id: None, ..event.clone() }.failed(stop.as_str())
        }
    };
    link.record(&[event].into_iter().chain(further).collect::<Vec<_>>()).await?;
    Ok(withheld)
}

/// Counts a notice, or tells why it may not go. One that has been counted may go.
pub(in super::super) async fn count_notice(
    link: &mut impl Link,
    id: MessageId,
    text: &TextMessage,
    event: &AuditEvent,
    now: Timestamp,
) -> Result<Option<Withheld>, StoreFault> {
    let source = Source { id: id.uuid(), is_code: false };
    let (withheld, further) = judge(link, text, source, event, now).await?;
    link.record(further.as_slice()).await?;
    Ok(withheld)
}

/// What a message is counted for.
struct Source {
    /// The challenge, whose messages come one after the other, or the notice's own.
    id: Uuid,
    is_code: bool,
}

impl Source {
    fn of(message: &NewMessage) -> Self {
        let challenge = message.challenge_id.map(ChallengeId::uuid);
        Self { id: challenge.unwrap_or_else(|| message.message_id.uuid()), is_code: challenge.is_some() }
    }
}

/// Counts a message, or tells why it may not go; and what else the log says.
async fn judge(
    link: &mut impl Link,
    text: &TextMessage,
    source: Source,
    event: &AuditEvent,
    now: Timestamp,
) -> Result<(Option<Withheld>, Option<AuditEvent>), StoreFault> {
    link.row(statements::LOCK_TEXT_MESSAGES, values![b"".as_slice()]).await?;
    if !source.is_code && link.row(statements::IS_COUNTED, values![source.id]).await?.is_some() {
        return Ok((None, None));
    }
    let traffic = traffic(link, text, now).await?;
    let stop = sms::stop(&text.rules, text.country, text.kind, &traffic, now);
    if let Some(stop) = stop {
        TEXT_MESSAGES_STOPPED.add(row(stop), usize::from(text.rules.mode == Mode::Shadow));
    }
    let Some(stop) = stop.filter(|_| text.rules.mode == Mode::Enforce) else {
        count(link, text, source, now).await?;
        let shadowed = AuditEvent { event_id: text.further_event_id, act: Act::RefusalShadowed, ..event.clone() };
        return Ok((None, stop.map(|stop| shadowed.ended(Outcome::WouldRefuse, stop.as_str()))));
    };
    let alarm = match stop.budget() {
        Some(budget) => raise(link, text, stop, budget, now).await?,
        None => false,
    };
    // The alarm is the service's, and about nobody: whose request found the budget spent says nothing.
    let origin = Origin { address: None, trace_id: event.origin.trace_id.clone() };
    let mut stopped = AuditEvent::new(text.further_event_id, now, Act::SmsStopped, &origin);
    stopped.actor = Actor::Service;
    let stopped = alarm.then(|| stopped.failed(stop.as_str()));
    Ok((Some(Withheld { stop, country: text.country, alarm }), stopped))
}

/// The row of the instrument.
fn row(stop: SmsStop) -> usize {
    SmsStop::ALL.iter().position(|one| *one == stop).unwrap_or(SmsStop::ALL.len())
}

/// Counts the messages of a challenge as used, once.
pub(in super::super) async fn note_use(link: &mut impl Link, id: ChallengeId) -> Result<(), StoreFault> {
    let Some(row) = link.row(statements::TAKE_TEXT_MESSAGES_SENT, values![id.uuid()]).await? else { return Ok(()) };
    let (slot, messages) = (row.integer("slot")?, row.integer("messages")?);
    for (budget, column) in [(Budget::Prefix, "prefix_key"), (Budget::Network, "network_key")] {
        let key = rows::digest(&row, column)?;
        link.execute(statements::USE_TEXT_MESSAGES, values![budget.as_str(), key.bytes(), slot, messages]).await?;
    }
    Ok(())
}

/// The key of a message's row in a budget.
fn key(budget: Budget, text: &TextMessage) -> Vec<u8> {
    match budget {
        Budget::Prefix => text.prefix_key.bytes().to_vec(),
        Budget::Network => text.network_key.bytes().to_vec(),
        Budget::Country => text.country.map_or_else(Vec::new, |country| country.as_str().as_bytes().to_vec()),
        Budget::All => Vec::new(),
    }
}

async fn traffic(link: &mut impl Link, text: &TextMessage, now: Timestamp) -> Result<Traffic, StoreFault> {
    let since = now.before(sms::look_back(&text.rules)).before(sms::SLOT).micros();
    let mut traffic = Traffic::default();
    for budget in Budget::ALL {
        let key = key(budget, text);
        let rows = link.rows(statements::TEXT_MESSAGES, values![budget.as_str(), key.as_slice(), since]).await?;
        let slots = rows.iter().map(slot).collect::<Result<Vec<_>, _>>()?;
        match budget {
            Budget::Prefix => traffic.prefix = slots,
            Budget::Network => traffic.network = slots,
            Budget::Country => traffic.country = slots,
            Budget::All => traffic.all = slots,
        }
    }
    Ok(traffic)
}

fn slot(row: &impl Fields) -> Result<Slot, StoreFault> {
    let count = |column| u64::try_from(row.integer(column)?).map_err(|_| fault::broken("a count is negative"));
    let (start, cost) = (rows::time(row, "slot")?, Money::from_millionths(count("cost")?));
    Ok(Slot { start, sent: count("sent")?, codes: count("codes")?, used: count("used")?, cost })
}

async fn count(link: &mut impl Link, text: &TextMessage, source: Source, now: Timestamp) -> Result<(), StoreFault> {
    let slot = slot_of(now).micros();
    let price = text.rules.price_of(text.country).millionths();
    let price = i64::try_from(price).map_err(|_| fault::broken("a price is out of range"))?;
    for budget in Budget::ALL {
        let (key, codes) = (key(budget, text), i64::from(source.is_code));
        let values = values![budget.as_str(), key.as_slice(), slot, codes, price];
        link.execute(statements::COUNT_TEXT_MESSAGE, values).await?;
    }
    let counted = values![source.id, text.prefix_key.bytes(), text.network_key.bytes(), slot];
    link.execute(statements::NOTE_TEXT_MESSAGE, counted).await?;
    Ok(())
}

/// Whether nobody has been told of this budget within the hour.
async fn raise(
    link: &mut impl Link,
    text: &TextMessage,
    stop: SmsStop,
    budget: Budget,
    now: Timestamp,
) -> Result<bool, StoreFault> {
    let key = Digest::sha256(&[stop.as_str().as_bytes(), &key(budget, text)]);
    let hour = now.micros().div_euclid(BETWEEN_ALARMS) * BETWEEN_ALARMS;
    Ok(link.execute(statements::RAISE_TEXT_MESSAGES, values![key.bytes(), hour]).await? == 1)
}
