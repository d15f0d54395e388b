//! From rows to values of the domain.

use super::{fault, fields::Fields};
use crate::{
    domain::{
        challenge::{Challenge, LiveCode, Purpose, Scope},
        client::ClientId,
        contact::{Channel, IdentifierKey},
        digest::Digest,
        funnel::Abandoned,
        id::{ChallengeId, MessageId, SessionId, UserId},
        keyring::KeyId,
        link::{Asker, Completion, Link, LinkState, MatchNumber},
        message::{ClaimedMessage, Recipient},
        progress::{DeliveryState, Standing},
        receipt::Receipt,
        sealed::Sealed,
        session::{Device, Method, Session},
        time::Timestamp,
        user::{Role, SealedContact, User},
    },
    ports::store::StoreFault,
};

/// A challenge with all of its codes, newest first.
pub(super) struct StoredChallenge {
    pub(super) challenge: Challenge,
    pub(super) codes: Vec<LiveCode>,
}

/// A session with what its rotation needs beside.
pub(super) struct StoredSession {
    pub(super) session: Session,
    pub(super) parent_hash: Option<Digest>,
    pub(super) request_key: Option<Digest>,
    pub(super) ended: bool,
}

/// A digest in a column.
pub(super) fn digest(row: &impl Fields, column: &'static str) -> Result<Digest, StoreFault> {
    row.array(column).map(Digest::from_bytes)
}

/// A time in a column.
pub(super) fn time(row: &impl Fields, column: &'static str) -> Result<Timestamp, StoreFault> {
    row.integer(column).map(Timestamp::from_micros)
}

/// A challenge.
pub(super) fn challenge(row: &impl Fields) -> Result<StoredChallenge, StoreFault> {
    let scope = Scope {
        purpose: the_only(row, "purpose", Purpose::SignIn, Purpose::SignIn.as_str())?,
        channel: channel(row)?,
        client_id: client_id(row)?,
        identifier_key: IdentifierKey(digest(row, "identifier_key")?),
        challenge_id: ChallengeId::new(row.id("challenge_id")?),
        salt: row.array("salt")?,
    };
    let newest = LiveCode {
        mac: digest(row, "code1_mac")?,
        pepper_id: key_id(&row.text("code1_pepper_id")?)?,
        expire_time: time(row, "code1_expire_time")?,
    };
    let older = [
        live_code(row, ["code2_mac", "code2_pepper_id", "code2_expire_time"])?,
        live_code(row, ["code3_mac", "code3_pepper_id", "code3_expire_time"])?,
    ];
    let challenge = Challenge {
        scope,
        destination: sealed(row, "destination_key_id", "destination")?,
        locale: row.text("locale")?,
        binding_hash: digest(row, "binding_hash")?,
        code_length: u8::try_from(row.integer("code_length")?).map_err(|_| fault::broken("code_length"))?,
        max_attempts: row.count("max_attempts")?,
        attempts: row.count("attempts")?,
        create_time: time(row, "create_time")?,
        resend_time: time(row, "resend_time")?,
        expire_time: newest.expire_time,
        used: row.flag("used")?,
        link: link(row)?.map(Box::new),
    };
    Ok(StoredChallenge { challenge, codes: std::iter::once(newest).chain(older.into_iter().flatten()).collect() })
}

/// The links of a challenge, where it has any.
fn link(row: &impl Fields) -> Result<Option<Link>, StoreFault> {
    let Some(completion) = row.text_or_none("link_completion")? else { return Ok(None) };
    let unknown = || fault::broken("a column of a link has a new value");
    let sent = [
        live_code(row, ["link1_mac", "link1_pepper_id", "link1_expire_time"])?,
        live_code(row, ["link2_mac", "link2_pepper_id", "link2_expire_time"])?,
        live_code(row, ["link3_mac", "link3_pepper_id", "link3_expire_time"])?,
    ];
    let match_number = row.integer_or_none("link_match_number")?;
    let match_number = match_number.map(|number| u64::try_from(number).ok().and_then(MatchNumber::from_draw));
    let address = row.text_or_none("link_address")?;
    Ok(Some(Link {
        completion: Completion::named(&completion).ok_or_else(unknown)?,
        state: link_state(row)?.ok_or_else(unknown)?,
        redirect_uri: row.text("link_redirect_uri")?,
        match_number: match_number.map(|number| number.ok_or_else(unknown)).transpose()?,
        asker: Asker {
            device: Device {
                device_id: row.text("link_device_id")?,
                display_name: row.text("link_device_name")?,
                platform: row.text("link_platform")?,
            },
            address: address.map(|text| text.parse()).transpose().map_err(|_| fault::broken("an address"))?,
        },
        sent: sent.into_iter().flatten().collect(),
    }))
}

fn link_state(row: &impl Fields) -> Result<Option<LinkState>, StoreFault> {
    let state = row.text_or_none("link_state")?;
    state
        .map(|name| LinkState::named(&name).ok_or_else(|| fault::broken("column link_state has a new name")))
        .transpose()
}

/// Whether a provider accepted a message; `None` where it is not settled.
pub(super) fn accepted(row: &impl Fields) -> Result<Option<bool>, StoreFault> {
    row.integer_or_none("settle_time")?.map(|_| row.flag("delivered")).transpose()
}

/// What was last told of a message. What a later release may tell is nothing here.
pub(super) fn receipt(row: &impl Fields) -> Result<Option<Receipt>, StoreFault> {
    Ok(Receipt::weighing(row.count("receipt")?))
}

/// A challenge as those who watch it are told. One that a release before this has begun has no message here, and one whose
/// text message was kept back has none at all: both wait.
pub(super) fn standing(row: &impl Fields) -> Result<(ChallengeId, Standing), StoreFault> {
    let delivery = DeliveryState::of(accepted(row)?, &row.text("reason")?, receipt(row)?);
    let code = row.integer("code1_expire_time")?;
    let last = row.integer_or_none("link1_expire_time")?.map_or(code, |link| link.max(code));
    let standing = Standing {
        used: row.flag("used")?,
        link: link_state(row)?,
        expire_time: Timestamp::from_micros(last),
        delivery,
    };
    Ok((ChallengeId::new(row.id("challenge_id")?), standing))
}

/// A challenge that ended unused; `None` for a used one, and for one in the words of another release: it is swept all
/// the same.
pub(super) fn abandoned(row: &impl Fields) -> Option<Abandoned> {
    if row.flag("used").ok()? {
        return None;
    }
    Some(Abandoned {
        challenge_id: ChallengeId::new(row.id("challenge_id").ok()?),
        channel: channel(row).ok()?,
        purpose: the_only(row, "purpose", Purpose::SignIn, Purpose::SignIn.as_str()).ok()?,
        client_id: client_id(row).ok()?,
        locale: row.text("locale").ok()?,
        expire_time: time(row, "code1_expire_time").ok()?,
        exhausted: row.count("attempts").ok()? >= row.count("max_attempts").ok()?,
    })
}

/// A user.
pub(super) fn user(row: &impl Fields) -> Result<User, StoreFault> {
    Ok(User {
        user_id: UserId::new(row.id("user_id")?),
        contact: contact(row)?,
        roles: roles(row)?,
        create_time: time(row, "user_create_time")?,
        disabled: row.flag("disabled")?,
    })
}

/// How a user is reached. What there is not is empty, for a release before this one reads an address of every user.
fn contact(row: &impl Fields) -> Result<SealedContact, StoreFault> {
    let part = |key, value| -> Result<Option<Sealed>, StoreFault> {
        let name = row.text(key)?;
        if name.is_empty() { Ok(None) } else { Ok(Some(Sealed { key_id: key_id(&name)?, bytes: row.bytes(value)? })) }
    };
    Ok(SealedContact { email: part("email_key_id", "email")?, phone: part("phone_key_id", "phone")? })
}

/// A part of a contact as it is stored: the name of its key, and the sealed value.
pub(super) fn parts(sealed: Option<&Sealed>) -> (&str, &[u8]) {
    sealed.map_or(("", &[]), |sealed| (sealed.key_id.as_str(), sealed.bytes.as_slice()))
}

fn channel(row: &impl Fields) -> Result<Channel, StoreFault> {
    Channel::named(&row.text("channel")?).ok_or_else(|| fault::broken("column channel has a new name"))
}

/// The roles of a user.
pub(super) fn roles(row: &impl Fields) -> Result<Vec<Role>, StoreFault> {
    let text = row.text("roles")?;
    let roles = text.split_ascii_whitespace().map(Role::new).collect::<Option<_>>();
    roles.ok_or_else(|| fault::broken("column roles names no role"))
}

/// Roles as they are stored.
pub(super) fn joined(roles: &[Role]) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ")
}

/// A session.
pub(super) fn session(row: &impl Fields) -> Result<StoredSession, StoreFault> {
    let address = row.text_or_none("last_use_address")?;
    let session = Session {
        session_id: SessionId::new(row.id("session_id")?),
        user_id: UserId::new(row.id("user_id")?),
        client_id: client_id(row)?,
        device: Device {
            device_id: row.text("device_id")?,
            display_name: row.text("device_name")?,
            platform: row.text("platform")?,
        },
        channel: channel(row)?,
        method: Method::named(&row.text("method")?).ok_or_else(|| fault::broken("column method has a new name"))?,
        create_time: time(row, "create_time")?,
        auth_time: time(row, "auth_time")?,
        last_use_time: time(row, "last_use_time")?,
        last_use_address: address.map(|text| text.parse()).transpose().map_err(|_| fault::broken("an address"))?,
        idle_expire_time: time(row, "idle_expire_time")?,
        absolute_expire_time: time(row, "absolute_expire_time")?,
        counter: row.count("counter")?,
        refresh_hash: digest(row, "refresh_hash")?,
    };
    Ok(StoredSession {
        session,
        parent_hash: digest_or_none(row, "parent_hash")?,
        request_key: digest_or_none(row, "request_key")?,
        ended: row.integer_or_none("end_time")?.is_some(),
    })
}

/// A claimed message.
pub(super) fn message(row: &impl Fields) -> Result<ClaimedMessage, StoreFault> {
    let recipient = match row.id_or_none("user_id")? {
        None => Recipient::InContent,
        Some(id) => Recipient::User { user_id: UserId::new(id), contact: contact(row)?, locale: row.text("locale")? },
    };
    Ok(ClaimedMessage {
        message_id: MessageId::new(row.id("message_id")?),
        challenge_id: row.id_or_none("challenge_id")?.map(ChallengeId::new),
        recipient,
        content: sealed(row, "content_key_id", "content")?,
        attempts: row.count("attempts")?,
        unanswered: row.count("unanswered")?,
        create_time: time(row, "create_time")?,
        expire_time: time(row, "expire_time")?,
    })
}

/// A sealed value and the name of its key.
pub(super) fn sealed(row: &impl Fields, key: &'static str, value: &'static str) -> Result<Sealed, StoreFault> {
    Ok(Sealed { key_id: key_id(&row.text(key)?)?, bytes: row.bytes(value)? })
}

fn key_id(name: &str) -> Result<KeyId, StoreFault> {
    KeyId::new(name).ok_or_else(|| fault::broken("a key's name"))
}

fn client_id(row: &impl Fields) -> Result<ClientId, StoreFault> {
    ClientId::new(&row.text("client_id")?).ok_or_else(|| fault::broken("a client's name"))
}

/// A digest in a column that may hold none.
pub(super) fn digest_or_none(row: &impl Fields, column: &'static str) -> Result<Option<Digest>, StoreFault> {
    let Some(bytes) = row.bytes_or_none(column)? else { return Ok(None) };
    let bytes = bytes.try_into().map_err(|_| fault::broken(format!("column {column} has another length")))?;
    Ok(Some(Digest::from_bytes(bytes)))
}

fn live_code(
    row: &impl Fields,
    [mac, pepper_id, expire_time]: [&'static str; 3],
) -> Result<Option<LiveCode>, StoreFault> {
    let Some(mac) = digest_or_none(row, mac)? else { return Ok(None) };
    Ok(Some(LiveCode { mac, pepper_id: key_id(&row.text(pepper_id)?)?, expire_time: time(row, expire_time)? }))
}

/// A name of which there is one so far.
fn the_only<T>(row: &impl Fields, column: &'static str, value: T, name: &str) -> Result<T, StoreFault> {
    if row.text(column)? == name { Ok(value) } else { Err(fault::broken(format!("column {column} has a new name"))) }
}
