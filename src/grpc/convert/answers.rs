//! Answers of the engines as messages.

use crate::{
    domain::{
        claims::AccessClaims,
        contact::Channel,
        policy::PolicyInForce,
        secret::ExposeSecret,
        session::{Device, Session},
        time::Timestamp,
    },
    engine::{
        account::{LockoutView, SessionList, UserView},
        otp::{ChallengeView, SignedIn},
        token::{Inactive, PublicKey, Tokens, Validation},
    },
    grpc::proto::{self, InactiveReason},
};

/// A challenge of a sign-in.
pub(in crate::grpc) fn challenge(view: ChallengeView) -> proto::Challenge {
    proto::Challenge {
        challenge_id: view.challenge_id,
        channel: match view.channel {
            Channel::Email => proto::Channel::Email.into(),
            Channel::Sms => proto::Channel::Sms.into(),
        },
        purpose: proto::Purpose::SignIn.into(),
        masked_destination: view.masked_destination,
        code_length: view.code_length.into(),
        attempts_remaining: i32::try_from(view.attempts_remaining).unwrap_or(i32::MAX),
        expire_time: Some(time(view.expire_time)),
        resend_time: Some(time(view.resend_time)),
        binding_secret: view.binding_secret.map(|secret| secret.expose_secret().to_owned()).unwrap_or_default(),
        match_number: view.match_number.map(|number| number.to_string()).unwrap_or_default(),
    }
}

/// A completed sign-in.
pub(in crate::grpc) fn signed_in(signed_in: SignedIn) -> proto::VerifyOtpResponse {
    proto::VerifyOtpResponse {
        tokens: Some(tokens(&signed_in.tokens)),
        user: Some(user(signed_in.user)),
        session: Some(session(signed_in.session, true)),
        new_user: signed_in.new_user,
        device_token: signed_in.device_token.expose_secret().to_owned(),
    }
}

/// The policy in force.
pub(in crate::grpc) fn policy(policy: &PolicyInForce) -> proto::Policy {
    let sha256 = policy.version().hex();
    proto::Policy {
        name: policy.policy().name.clone(),
        version: sha256[..12].to_owned(),
        sha256,
        load_time: Some(time(policy.load_time())),
        text: policy.text(),
    }
}

/// How an address stands.
pub(in crate::grpc) fn lockout(lockout: LockoutView) -> proto::GetLockoutResponse {
    proto::GetLockoutResponse {
        consecutive_failures: i32::try_from(lockout.failures).unwrap_or(i32::MAX),
        lock_expire_time: lockout.locked_until.map(time),
        suspended: lockout.suspended,
    }
}

/// Tokens for a client.
pub(in crate::grpc) fn tokens(tokens: &Tokens) -> proto::TokenSet {
    proto::TokenSet {
        access_token: tokens.access_token.expose_secret().to_owned(),
        token_type: "Bearer".to_owned(),
        access_token_expire_time: Some(time(tokens.access_token_expire_time)),
        expires_in: i32::try_from(tokens.expires_in.as_secs()).unwrap_or(i32::MAX),
        refresh_token: tokens.refresh_token.expose_secret().to_owned(),
        refresh_token_expire_time: Some(time(tokens.refresh_token_expire_time)),
    }
}

/// A user.
pub(in crate::grpc) fn user(view: UserView) -> proto::User {
    proto::User {
        user_id: view.user_id.to_string(),
        email: view.contact.email,
        phone_number: view.contact.phone_number,
        roles: view.roles.iter().map(|role| role.as_str().to_owned()).collect(),
        create_time: Some(time(view.create_time)),
        disabled: view.disabled,
    }
}

/// A page of sessions.
pub(in crate::grpc) fn session_list(list: SessionList) -> proto::ListSessionsResponse {
    let current = list.current;
    let sessions = list.sessions.into_iter().map(|one| {
        let is_current = one.session_id == current;
        session(one, is_current)
    });
    proto::ListSessionsResponse { sessions: sessions.collect(), next_page_token: list.next_page_token }
}

/// Whether a token is good.
pub(in crate::grpc) fn validation(validation: &Validation) -> proto::ValidateTokenResponse {
    match validation {
        Validation::Active(active) => proto::ValidateTokenResponse {
            active: true,
            claims: Some(claims(active)),
            inactive_reason: InactiveReason::Unspecified.into(),
        },
        Validation::Inactive(reason) => proto::ValidateTokenResponse {
            active: false,
            claims: None,
            inactive_reason: inactive_reason(*reason).into(),
        },
    }
}

/// The published keys.
pub(in crate::grpc) fn key_set(keys: &[PublicKey]) -> proto::GetJwksResponse {
    let key = |key: &PublicKey| proto::JsonWebKey {
        kty: key.kty.to_owned(),
        r#use: key.usage.to_owned(),
        alg: key.alg.to_owned(),
        kid: key.kid.clone(),
        n: key.n.clone(),
        e: key.e.clone(),
    };
    proto::GetJwksResponse { keys: keys.iter().map(key).collect() }
}

/// A device, in its client's words.
pub(super) fn device(device: Device) -> proto::Device {
    let Device { device_id, display_name, platform } = device;
    proto::Device { device_id, display_name, platform, public_key_jwk: String::new() }
}

fn session(session: Session, current: bool) -> proto::Session {
    proto::Session {
        session_id: session.session_id.to_string(),
        user_id: session.user_id.to_string(),
        device: Some(device(session.device)),
        client_id: session.client_id.as_str().to_owned(),
        create_time: Some(time(session.create_time)),
        last_use_time: Some(time(session.last_use_time)),
        last_use_address: session.last_use_address.map(|address| address.to_string()).unwrap_or_default(),
        expire_time: Some(time(session.idle_expire_time.min(session.absolute_expire_time))),
        current,
    }
}

fn claims(claims: &AccessClaims) -> proto::AccessTokenClaims {
    let seconds = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    proto::AccessTokenClaims {
        iss: claims.iss.clone(),
        sub: claims.sub.clone(),
        aud: claims.aud.clone(),
        expire_time: seconds(claims.exp),
        issue_time: seconds(claims.iat),
        not_before_time: seconds(claims.nbf),
        jti: claims.jti.clone(),
        client_id: claims.client_id.clone(),
        session_id: claims.session_id.clone(),
        device_id: claims.device_id.clone(),
        roles: claims.roles.clone(),
        amr: claims.amr.clone(),
        acr: claims.acr.clone(),
        auth_time: seconds(claims.auth_time),
    }
}

const fn inactive_reason(reason: Inactive) -> InactiveReason {
    match reason {
        Inactive::Malformed => InactiveReason::Malformed,
        Inactive::Signature => InactiveReason::Signature,
        Inactive::Issuer => InactiveReason::Issuer,
        Inactive::NotYetValid => InactiveReason::NotYetValid,
        Inactive::Expired => InactiveReason::Expired,
        Inactive::Audience => InactiveReason::Audience,
        Inactive::Device => InactiveReason::Device,
        Inactive::Revoked => InactiveReason::Revoked,
    }
}

/// A point in time.
pub(super) fn time(time: Timestamp) -> prost_types::Timestamp {
    let micros = i32::try_from(time.micros().rem_euclid(1_000_000)).unwrap_or(0);
    prost_types::Timestamp { seconds: time.seconds(), nanos: micros * 1000 }
}
