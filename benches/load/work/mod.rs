//! What people and services do, as work to be driven.

mod refresh;
mod send;
mod sign_in;
mod validate;

pub(crate) use refresh::Refresh;
pub(crate) use send::Send;
pub(crate) use sign_in::SignIn;
pub(crate) use validate::Validate;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use identity::grpc::proto::send_otp_request::Identifier;
use identity::grpc::proto::{Device, SendOtpRequest, TokenSet};
use tonic::Request;

/// People who take turns, so that nobody is in two calls at once. What proves that their device signed in before they keep
/// and bring along, as a client does.
#[derive(Clone, Debug)]
pub(crate) struct People {
    next: Arc<AtomicUsize>,
    count: usize,
    devices: Arc<Mutex<HashMap<String, String>>>,
    on_new_devices: bool,
}

/// Whose turn it is.
pub(crate) struct Person {
    /// Their email address.
    pub(crate) email: String,
    /// What their device was given with its last sign-in; empty for a new device.
    pub(crate) device_token: String,
    /// The request for a code as a gateway makes it for them.
    pub(crate) request: Request<SendOtpRequest>,
}

impl People {
    /// So many people.
    pub(crate) fn new(count: usize) -> Self {
        Self { next: Arc::default(), count, devices: Arc::default(), on_new_devices: false }
    }

    /// The same people; the turn is of the one of this number.
    pub(crate) fn after(self, number: usize) -> Self {
        self.next.store(number, Ordering::Relaxed);
        self
    }

    /// How many turns there have been.
    pub(crate) fn turns(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }

    /// How many they are.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The same people, each time on a device that never signed in before.
    pub(crate) fn on_new_devices(&self) -> Self {
        Self { on_new_devices: true, ..self.clone() }
    }

    /// The next one.
    pub(crate) fn next(&self) -> anyhow::Result<Person> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.count;
        let email = format!("person{number}@load.example");
        let kept = if self.on_new_devices { None } else { self.devices.lock().unwrap().get(&email).cloned() };
        let device_token = kept.unwrap_or_default();
        let mut request = Request::new(SendOtpRequest {
            identifier: Some(Identifier::Email(email.clone())),
            device: Some(device()),
            device_token: device_token.clone(),
            ..SendOtpRequest::default()
        });
        let address = format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255);
        request.metadata_mut().insert("x-forwarded-for", address.parse()?);
        Ok(Person { email, device_token, request })
    }

    /// A device of theirs has signed in.
    pub(crate) fn keep(&self, email: String, device_token: String) {
        self.devices.lock().unwrap().insert(email, device_token);
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
