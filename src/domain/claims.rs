//! What an access token says (RFC 9068 section 2.2, RFC 7519).

use super::{
    contact::Channel,
    digest::Digest,
    id::{SessionId, UserId},
    session::{LiveSession, Method},
    time::Timestamp,
    user::Role,
};
use serde::{Deserialize, Serialize};

/// The claims of an access token; times are seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer.
    pub iss: String,
    /// The user's id.
    pub sub: String,
    /// Audiences, at least one.
    pub aud: Vec<String>,
    /// Expiry.
    pub exp: i64,
    /// Issue.
    pub iat: i64,
    /// Not valid before.
    pub nbf: i64,
    /// The token's id.
    pub jti: String,
    /// The client application.
    pub client_id: String,
    /// The session.
    pub session_id: String,
    /// The device; empty where the client named none.
    pub device_id: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Authentication methods: those of RFC 8176, and `link`, for which it has none.
    pub amr: Vec<String>,
    /// Authentication context class: the assurance level of NIST SP 800-63B.
    pub acr: String,
    /// When the person last proved who they are.
    pub auth_time: i64,
}

impl AccessClaims {
    /// The claims of the token that a session gets at its present counter. The same session in the same state gives the
    /// same claims, `jti` included, so that an answer that was lost can be given again to the letter; and another state
    /// gives another `jti`, so that no two tokens share one. It expires with its session at the latest.
    #[must_use]
    pub fn of(live: &LiveSession, issuer: &str, audiences: &[String], lifetime: std::time::Duration) -> Self {
        let session = &live.session;
        let issue_time = session.last_use_time;
        let mut claims = Self {
            iss: issuer.to_owned(),
            sub: session.user_id.to_string(),
            aud: audiences.to_vec(),
            exp: issue_time.after(lifetime).min(session.idle_expire_time).min(session.absolute_expire_time).seconds(),
            iat: issue_time.seconds(),
            nbf: issue_time.seconds(),
            jti: String::new(),
            client_id: session.client_id.as_str().to_owned(),
            session_id: session.session_id.to_string(),
            device_id: session.device.device_id.clone(),
            roles: live.roles.iter().map(Role::as_str).map(str::to_owned).collect(),
            amr: methods(session.channel, session.method),
            acr: "aal1".to_owned(),
            auth_time: session.auth_time.seconds(),
        };
        claims.jti = claims.token_id(session.counter, issue_time);
        claims
    }

    /// A UUID (RFC 9562, version 8) of everything that the token says and of its place in the session.
    fn token_id(&self, counter: u32, issued: Timestamp) -> String {
        let numbers = [i64::from(counter), issued.micros(), self.exp, self.auth_time].map(i64::to_be_bytes);
        let single = [&self.iss, &self.sub, &self.client_id, &self.session_id, &self.device_id, &self.acr];
        let lists = [&self.aud, &self.roles, &self.amr];
        let lengths = lists.map(|list| list.len().to_be_bytes());
        let mut fields: Vec<&[u8]> = vec![b"identity.v1 token"];
        fields.extend(numbers.iter().map(<[u8; 8]>::as_slice));
        fields.extend(lengths.iter().map(<[u8; 8]>::as_slice));
        fields.extend(single.into_iter().chain(lists.into_iter().flatten()).map(String::as_bytes));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Digest::sha256(&fields).bytes()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
    }

    /// The session's id, where the claim has the form of one.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        SessionId::parse(&self.session_id)
    }

    /// The user's id, where the claim has the form of one.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        UserId::parse(&self.sub)
    }
}

/// How the person proved who they are (RFC 8176 section 2). It has no word for a code by email, nor for a link: that is
/// `link`, which section 1 leaves to the parties.
fn methods(channel: Channel, method: Method) -> Vec<String> {
    let methods: &[&str] = match (channel, method) {
        (Channel::Email, Method::Code) => &["otp"],
        (Channel::Sms, Method::Code) => &["otp", "sms"],
        (Channel::Email, Method::Link) => &["link"],
        (Channel::Sms, Method::Link) => &["link", "sms"],
    };
    methods.iter().map(|method| (*method).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        client::ClientId,
        session::{Device, Method, Session},
    };
    use std::time::Duration;

    #[test]
    fn a_code_by_sms_is_told_from_one_by_email() {
        let mut live = live();
        let claims = |live: &LiveSession| AccessClaims::of(live, "issuer", &[], Duration::from_mins(15));
        let email = claims(&live);
        live.session.channel = Channel::Sms;
        let sms = claims(&live);
        assert_eq!((email.amr, sms.amr), (vec!["otp".to_owned()], vec!["otp".to_owned(), "sms".to_owned()]));
        assert_eq!((email.acr, sms.acr), ("aal1".to_owned(), "aal1".to_owned()));
        assert_ne!(email.jti, sms.jti);
        live.session.method = Method::Link;
        let link_by_sms = claims(&live);
        live.session.channel = Channel::Email;
        let link = claims(&live);
        assert_eq!((link.amr, link_by_sms.amr), (vec!["link".to_owned()], vec!["link".to_owned(), "sms".to_owned()]));
        assert_ne!(email.jti, link.jti);
    }

    fn live() -> LiveSession {
        let time = Timestamp::from_micros(1_800_000_000_400_000);
        LiveSession {
            session: Session {
                session_id: SessionId::new(uuid::Uuid::from_u128(1)),
                user_id: UserId::new(uuid::Uuid::from_u128(2)),
                client_id: ClientId::new("default").unwrap(),
                device: Device { device_id: "phone".to_owned(), ..Device::default() },
                channel: Channel::Email,
                method: Method::Code,
                create_time: time,
                auth_time: time,
                last_use_time: time,
                last_use_address: None,
                idle_expire_time: time.after(Duration::from_hours(1)),
                absolute_expire_time: time.after(Duration::from_hours(2)),
                counter: 3,
                refresh_hash: Digest::sha256(&[]),
            },
            roles: vec![Role::new("viewer").unwrap()],
        }
    }

    fn of(live: &LiveSession) -> AccessClaims {
        AccessClaims::of(live, "https://id.example", &["api".to_owned()], Duration::from_mins(15))
    }

    #[test]
    fn the_same_state_gives_the_same_claims() {
        let claims = of(&live());
        assert_eq!(claims, of(&live()));
        assert_eq!((claims.iat, claims.nbf, claims.exp), (1_800_000_000, 1_800_000_000, 1_800_000_900));
        assert_eq!(claims.session(), Some(live().session.session_id));
        assert_eq!(claims.user(), Some(live().session.user_id));
    }

    #[test]
    fn another_state_gives_another_token() {
        let change = |change: fn(&mut LiveSession)| {
            let mut live = live();
            change(&mut live);
            of(&live).jti
        };
        let other = [
            of(&live()).jti,
            change(|live| live.session.counter += 1),
            change(|live| live.session.session_id = SessionId::new(uuid::Uuid::from_u128(9))),
            change(|live| live.session.last_use_time = live.session.last_use_time.after(Duration::from_micros(1))),
            change(|live| live.roles.clear()),
            change(|live| live.session.device.device_id.clear()),
        ];
        let distinct: std::collections::HashSet<_> = other.iter().collect();
        assert_eq!(distinct.len(), other.len());
    }

    #[test]
    fn a_token_does_not_outlive_its_session() {
        let mut live = live();
        live.session.absolute_expire_time = live.session.last_use_time.after(Duration::from_mins(1));
        assert_eq!(of(&live).exp, 1_800_000_060);
        live.session.idle_expire_time = live.session.last_use_time.after(Duration::from_secs(30));
        assert_eq!(of(&live).exp, 1_800_000_030, "nor the time that it may be left alone");
    }
}
