//! What people and services do, as work to be driven.

mod refresh;
mod send;
mod sign_in;
mod validate;

pub(crate) use refresh::Refresh;
pub(crate) use send::Send;
pub(crate) use sign_in::SignIn;
pub(crate) use validate::Validate;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use identity::grpc::proto::send_otp_request::Identifier;
use identity::grpc::proto::{Device, SendOtpRequest, TokenSet};
use tonic::Request;

/// People who take turns, so that nobody is in two calls at once.
#[derive(Clone, Debug)]
pub(crate) struct People {
    next: Arc<AtomicUsize>,
    count: usize,
}

impl People {
    /// So many people.
    pub(crate) fn new(count: usize) -> Self {
        Self { next: Arc::default(), count }
    }

    /// The next one's email address, and the request for a code as a gateway makes it for that person.
    pub(crate) fn next(&self) -> anyhow::Result<(String, Request<SendOtpRequest>)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.count;
        let email = format!("person{number}@load.example");
        let mut request = Request::new(SendOtpRequest {
            identifier: Some(Identifier::Email(email.clone())),
            device: Some(device()),
            ..SendOtpRequest::default()
        });
        let address = format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255);
        request.metadata_mut().insert("x-forwarded-for", address.parse()?);
        Ok((email, request))
    }
}

/// A signed-in person's tokens.
#[derive(Clone)]
pub(crate) struct Kept {
    /// The session's newest refresh token.
    pub(crate) refresh_token: String,
    /// An access token of the session.
    pub(crate) access_token: String,
}

impl From<TokenSet> for Kept {
    fn from(tokens: TokenSet) -> Self {
        Self { refresh_token: tokens.refresh_token, access_token: tokens.access_token }
    }
}

/// Sessions that nobody uses at the moment, the one unused for longest first.
#[derive(Clone, Default)]
pub(crate) struct Sessions {
    resting: Arc<Mutex<VecDeque<Kept>>>,
}

impl Sessions {
    /// Takes a session; give it back when done.
    pub(crate) fn take(&self) -> Option<Kept> {
        self.resting.lock().unwrap().pop_front()
    }

    /// Adds a session.
    pub(crate) fn give(&self, kept: Kept) {
        self.resting.lock().unwrap().push_back(kept);
    }

    /// The access tokens of all.
    pub(crate) fn access_tokens(&self) -> Vec<String> {
        self.resting.lock().unwrap().iter().map(|kept| kept.access_token.clone()).collect()
    }

    /// Every session, taken.
    pub(crate) fn drain(&self) -> Vec<Kept> {
        self.resting.lock().unwrap().drain(..).collect()
    }
}

/// The device of every call: what a client ordinarily says.
fn device() -> Device {
    Device {
        device_id: "load".to_owned(),
        display_name: "Load generator".to_owned(),
        platform: "linux".to_owned(),
        public_key_jwk: String::new(),
    }
}
