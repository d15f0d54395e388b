//! A sign-in as it is recorded, sealed, for a repeated call.

use super::SignedIn;
use crate::{
    domain::{
        client::ClientId,
        contact::Channel,
        digest::Digest,
        id::{SessionId, UserId},
        secret::{ExposeSecret, SecretString},
        session::{Device, Method, Session},
        time::Timestamp,
        user::{Contact, Role},
    },
    engine::{account::UserView, token::Tokens},
};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, time::Duration};

#[derive(Serialize, Deserialize)]
pub(super) struct RecordedSignIn {
    access_token: String,
    access_token_expire_time: i64,
    /// The release before tells it as it stands. Now it is counted when the record is opened.
    expires_in: Duration,
    refresh_token: String,
    refresh_token_expire_time: i64,
    user_id: String,
    email: String,
    /// Not there in what the release before has recorded.
    #[serde(default)]
    phone_number: String,
    roles: Vec<String>,
    user_create_time: i64,
    session_id: String,
    client_id: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    method: Option<String>,
    device_id: String,
    display_name: String,
    platform: String,
    create_time: i64,
    address: Option<IpAddr>,
    idle_expire_time: i64,
    absolute_expire_time: i64,
    refresh_hash: [u8; 32],
    new_user: bool,
    device_token: String,
}

impl From<&SignedIn> for RecordedSignIn {
    fn from(signed_in: &SignedIn) -> Self {
        let SignedIn { tokens, user, session, new_user, device_token } = signed_in;
        Self {
            access_token: tokens.access_token.expose_secret().to_owned(),
            access_token_expire_time: tokens.access_token_expire_time.micros(),
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token.expose_secret().to_owned(),
            refresh_token_expire_time: tokens.refresh_token_expire_time.micros(),
            user_id: user.user_id.to_string(),
            email: user.contact.email.clone(),
            phone_number: user.contact.phone_number.clone(),
            roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            user_create_time: user.create_time.micros(),
            session_id: session.session_id.to_string(),
            client_id: session.client_id.as_str().to_owned(),
            channel: Some(session.channel.as_str().to_owned()),
            method: Some(session.method.as_str().to_owned()),
            device_id: session.device.device_id.clone(),
            display_name: session.device.display_name.clone(),
            platform: session.device.platform.clone(),
            create_time: session.create_time.micros(),
            address: session.last_use_address,
            idle_expire_time: session.idle_expire_time.micros(),
            absolute_expire_time: session.absolute_expire_time.micros(),
            refresh_hash: *session.refresh_hash.bytes(),
            new_user: *new_user,
            device_token: device_token.expose_secret().to_owned(),
        }
    }
}

impl RecordedSignIn {
    /// The sign-in, as it is told `now`; `None` where the record is not one of this program's.
    pub(super) fn restore(self, now: Timestamp) -> Option<SignedIn> {
        let user_id = UserId::parse(&self.user_id)?;
        let create_time = Timestamp::from_micros(self.create_time);
        let access_token_expire_time = Timestamp::from_micros(self.access_token_expire_time);
        Some(SignedIn {
            tokens: Tokens {
                access_token: SecretString::from(self.access_token),
                access_token_expire_time,
                expires_in: Tokens::expires_in(access_token_expire_time, now),
                refresh_token: SecretString::from(self.refresh_token),
                refresh_token_expire_time: Timestamp::from_micros(self.refresh_token_expire_time),
            },
            user: UserView {
                user_id,
                contact: Contact { email: self.email, phone_number: self.phone_number },
                roles: self.roles.iter().map(|role| Role::new(role)).collect::<Option<_>>()?,
                create_time: Timestamp::from_micros(self.user_create_time),
                disabled: false,
            },
            session: Session {
                session_id: SessionId::parse(&self.session_id)?,
                user_id,
                client_id: ClientId::new(&self.client_id)?,
                device: Device { device_id: self.device_id, display_name: self.display_name, platform: self.platform },
                channel: self.channel.as_deref().and_then(Channel::named).unwrap_or(Channel::Email),
                method: self.method.as_deref().and_then(Method::named).unwrap_or(Method::Code),
                create_time,
                auth_time: create_time,
                last_use_time: create_time,
                last_use_address: self.address,
                idle_expire_time: Timestamp::from_micros(self.idle_expire_time),
                absolute_expire_time: Timestamp::from_micros(self.absolute_expire_time),
                counter: 0,
                refresh_hash: Digest::from_bytes(self.refresh_hash),
            },
            new_user: self.new_user,
            device_token: SecretString::from(self.device_token),
        })
    }
}
