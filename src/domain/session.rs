//! Running sessions, and where a request comes from.

use super::{
    client::ClientId,
    contact::Channel,
    digest::Digest,
    id::{SessionId, UserId},
    time::Timestamp,
    user::Role,
};
use std::net::IpAddr;

/// The device that a person signs in with, in the client's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Chosen by the client; empty where it named none, else at most 128 characters.
    pub device_id: String,
    /// At most 128 characters.
    pub display_name: String,
    /// At most 64 characters.
    pub platform: String,
}

/// Where a request comes from, for limits and audit.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's network address as far as it can be trusted; an IPv4-mapped IPv6 address is IPv4.
    pub address: Option<IpAddr>,
    /// The W3C trace id, 32 hexadecimal digits; empty where the request is not traced.
    pub trace_id: String,
}

/// How a person proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// By a one-time code.
    Code,
    /// By a magic link.
    Link,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Code, Self::Link];

    /// The name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Link => "link",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// A session as the store keeps it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session's id.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The client application.
    pub client_id: ClientId,
    /// The device that signed in.
    pub device: Device,
    /// The way its code or link travelled.
    pub channel: Channel,
    /// By which of them it began.
    pub method: Method,
    /// When the person signed in.
    pub create_time: Timestamp,
    /// When the person last proved who they are.
    pub auth_time: Timestamp,
    /// When tokens were last issued.
    pub last_use_time: Timestamp,
    /// The network address of that last use.
    pub last_use_address: Option<IpAddr>,
    /// Ends when not used before; moves with each use, never past `absolute_expire_time`.
    pub idle_expire_time: Timestamp,
    /// Ends at the latest.
    pub absolute_expire_time: Timestamp,
    /// How many times the refresh token has been rotated.
    pub counter: u32,
    /// SHA-256 of the live refresh token's secret.
    pub refresh_hash: Digest,
}

/// A session together with the user's state of the same moment: what an access token is made of.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// The session.
    pub session: Session,
    /// The user's roles.
    pub roles: Vec<Role>,
}
