//! Counts text messages and keeps back those that a rule stops.

use crate::{
    adapters::sql::{
        fault,
        fields::Fields as _,
        link::{Link, values},
        rows, statements,
        steps::outbox,
    },
    domain::{
        audit::{Act, AuditEvent, Outcome},
        digest::Digest,
        id::ChallengeId,
        message::NewMessage,
        money::Money,
        policy::Mode,
        sms::{self, Slot, SmsStop, Traffic, slot_of},
        time::Timestamp,
    },
    ports::store::{StoreFault, TextMessage, Withheld},
};
use std::time::Duration;

/// An operator hears of the same budget once in this time.
const BETWEEN_ALARMS: i64 = 3_600_000_000;

/// Accepts the message of a code and records its event; a text message that a rule stops is kept back instead, and the
/// event says so.
pub(in super::super) async fn accept(
    link: &mut impl Link,
    message: &NewMessage,
    text: Option<&TextMessage>,
    event: &AuditEvent,
    now: Timestamp,
) -> Result<Option<Withheld>, StoreFault> {
    let (withheld, further) = match text {
        None => (None, None),
        Some(text) => judge(link, text, message.challenge_id, event, now).await?,
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

/// Counts a notice, or tells why it may not go.
pub(in super::super) async fn count_notice(
    link: &mut impl Link,
    text: &TextMessage,
    event: &AuditEvent,
    now: Timestamp,
) -> Result<Option<Withheld>, StoreFault> {
    let (withheld, further) = judge(link, text, None, event, now).await?;
    link.record(further.as_slice()).await?;
    Ok(withheld)
}

/// Counts a message, of a challenge where it carries a code, or tells why it may not go; and what else the log says.
async fn judge(
    link: &mut impl Link,
    text: &TextMessage,
    challenge_id: Option<ChallengeId>,
    event: &AuditEvent,
    now: Timestamp,
) -> Result<(Option<Withheld>, Option<AuditEvent>), StoreFault> {
    link.row(statements::LOCK_TEXT_MESSAGES, values![b"".as_slice()]).await?;
    let traffic = traffic(link, text, now).await?;
    let stop = sms::stop(&text.rules, text.country, text.kind, &traffic, now);
    let further = |act| AuditEvent { event_id: text.further_event_id, act, ..event.clone() };
    let Some(stop) = stop.filter(|_| text.rules.mode == Mode::Enforce) else {
        count(link, text, challenge_id, now).await?;
        let would = |stop: SmsStop| further(Act::RefusalShadowed).ended(Outcome::WouldRefuse, stop.as_str());
        return Ok((None, stop.map(would)));
    };
    let alarm = stop.is_alarm() && raise(link, text, stop, now).await?;
    let stopped = alarm.then(|| AuditEvent { message_id: None, ..further(Act::SmsStopped) }.failed(stop.as_str()));
    Ok((Some(Withheld { stop, alarm }), stopped))
}

/// Counts the messages of a challenge as used, once.
pub(in super::super) async fn note_use(link: &mut impl Link, id: ChallengeId) -> Result<(), StoreFault> {
    let Some(row) = link.row(statements::TAKE_TEXT_MESSAGES_SENT, values![id.uuid()]).await? else { return Ok(()) };
    let (slot, messages) = (row.integer("slot")?, row.integer("messages")?);
    for (kind, column) in [(PREFIX, "prefix_key"), (NETWORK, "network_key")] {
        let key = rows::digest(&row, column)?;
        link.execute(statements::USE_TEXT_MESSAGES, values![kind, key.bytes(), slot, messages]).await?;
    }
    Ok(())
}

const PREFIX: &str = "prefix";
const NETWORK: &str = "network";
const COUNTRY: &str = "country";
const ALL: &str = "all";

/// What a message counts on, in the order in which their rows are written.
fn budgets(text: &TextMessage) -> [(&'static str, Vec<u8>); 4] {
    [
        (PREFIX, text.prefix_key.bytes().to_vec()),
        (NETWORK, text.network_key.bytes().to_vec()),
        (COUNTRY, text.country.map_or_else(Vec::new, |country| country.as_str().as_bytes().to_vec())),
        (ALL, Vec::new()),
    ]
}

async fn traffic(link: &mut impl Link, text: &TextMessage, now: Timestamp) -> Result<Traffic, StoreFault> {
    // A slot that a window touches, and the life of the codes that the share of unused ones waits for.
    let since = now.before(text.rules.longest() + sms::SLOT * 2 + Duration::from_mins(5)).micros();
    let mut found = Vec::with_capacity(4);
    for (kind, key) in budgets(text) {
        let rows = link.rows(statements::TEXT_MESSAGES, values![kind, key.as_slice(), since]).await?;
        found.push(rows.iter().map(slot).collect::<Result<Vec<_>, _>>()?);
    }
    let [prefix, network, country, all] = found.try_into().map_err(|_| fault::broken("a budget is missing"))?;
    Ok(Traffic { prefix, network, country, all })
}

fn slot(row: &impl crate::adapters::sql::fields::Fields) -> Result<Slot, StoreFault> {
    let count = |column| u64::try_from(row.integer(column)?).map_err(|_| fault::broken("a count is negative"));
    let (start, cost) = (rows::time(row, "slot")?, Money::from_millionths(count("cost")?));
    Ok(Slot { start, sent: count("sent")?, used: count("used")?, cost })
}

async fn count(
    link: &mut impl Link,
    text: &TextMessage,
    challenge_id: Option<ChallengeId>,
    now: Timestamp,
) -> Result<(), StoreFault> {
    let slot = slot_of(now).micros();
    let price = text.rules.price_of(text.country).millionths();
    let price = i64::try_from(price).map_err(|_| fault::broken("a price is out of range"))?;
    // A notice has no code that could go unused.
    let used = i64::from(challenge_id.is_none());
    for (kind, key) in budgets(text) {
        link.execute(statements::COUNT_TEXT_MESSAGE, values![kind, key.as_slice(), slot, price, used]).await?;
    }
    if let Some(id) = challenge_id {
        let of_challenge = values![id.uuid(), text.prefix_key.bytes(), text.network_key.bytes(), slot];
        link.execute(statements::NOTE_TEXT_MESSAGE, of_challenge).await?;
    }
    Ok(())
}

/// Whether nobody has been told of this budget within the hour.
async fn raise(link: &mut impl Link, text: &TextMessage, stop: SmsStop, now: Timestamp) -> Result<bool, StoreFault> {
    let [prefix, network, country, all] = budgets(text);
    let (_, key) = match stop {
        SmsStop::PrefixBudget | SmsStop::UnusedPrefix => prefix,
        SmsStop::UnusedNetwork => network,
        SmsStop::Country | SmsStop::CountryBudget => country,
        SmsStop::NumberType | SmsStop::TotalBudget | SmsStop::MoneyBudget => all,
    };
    let key = Digest::sha256(&[stop.as_str().as_bytes(), &key]);
    let hour = now.micros().div_euclid(BETWEEN_ALARMS) * BETWEEN_ALARMS;
    Ok(link.execute(statements::RAISE_TEXT_MESSAGES, values![key.bytes(), hour]).await? == 1)
}
