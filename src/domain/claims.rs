//! What an access token says (RFC 9068 section 2.2, RFC 7519).

use super::{
    id::{SessionId, UserId},
    session::LiveSession,
    time::Timestamp,
    user::Role,
};
use crate::domain::digest::Digest;
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
    /// Authentication methods (RFC 8176).
    pub amr: Vec<String>,
    /// Authentication context class: the assurance level of NIST SP 800-63B.
    pub acr: String,
    /// When the person last proved who they are.
    pub auth_time: i64,
}

impl AccessClaims {
    /// The claims of the token that a session gets at its present counter. The same session, counter and time give
    /// the same claims, `jti` included, so that an answer that was lost can be given again to the letter.
    #[must_use]
    pub fn of(live: &LiveSession, issuer: &str, audiences: &[String], lifetime: std::time::Duration) -> Self {
        let session = &live.session;
        let issue_time = session.last_use_time;
        Self {
            iss: issuer.to_owned(),
            sub: session.user_id.to_string(),
            aud: audiences.to_vec(),
            exp: issue_time.after(lifetime).min(session.absolute_expire_time).seconds(),
            iat: issue_time.seconds(),
            nbf: issue_time.seconds(),
            jti: token_id(session.session_id, session.counter, issue_time),
            client_id: session.client_id.as_str().to_owned(),
            session_id: session.session_id.to_string(),
            device_id: session.device.device_id.clone(),
            roles: live.roles.iter().map(Role::as_str).map(str::to_owned).collect(),
            amr: vec!["otp".to_owned()],
            acr: "aal1".to_owned(),
            auth_time: session.auth_time.seconds(),
        }
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

fn token_id(session: SessionId, counter: u32, issued: Timestamp) -> String {
    let digest = Digest::sha256(&[session.uuid().as_bytes(), &counter.to_be_bytes(), &issued.micros().to_be_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
