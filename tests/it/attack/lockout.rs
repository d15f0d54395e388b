//! Group E: lockout as a weapon, and what keeps it from being one.

use std::time::Duration;

use identity::grpc::proto::{GetLockoutRequest, UnlockRequest, get_lockout_request, unlock_request};
use identity::grpc::proto::{
    ResendOtpRequest, RevokeSessionRequest, SendOtpRequest, SignOutRequest, VerifyOtpRequest, VerifyOtpResponse,
};
use tonic::Code;

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, bearer, operator, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    lim_3_each_wrong_code_doubles_the_pause,
    a48_a_known_device_signs_in_while_strangers_are_locked_out,
    a49_a_known_device_has_a_reserve_of_requests,
    a51_a_hundred_wrong_codes_suspend_strangers_until_it_is_lifted,
    a97_a_device_token_is_good_for_its_own_account_until_it_is_revoked,
    a98_ending_a_session_takes_its_device_with_it,
    an_operator_unlocks,
);

/// A world whose requests are not what is limited.
pub(super) async fn world(store: Store) -> World {
    World::with_clock_and(store, |settings| {
        settings.limit("identifier", 10_000, 60);
        settings.limit("address", 10_000, 60);
        settings.limit("all", 10_000, 60);
    })
    .await
}

/// What a person's device does.
pub(super) struct Device<'w> {
    world: &'w World,
    pub(super) client: Client,
    email: &'static str,
    pub(super) token: String,
}

impl<'w> Device<'w> {
    pub(super) async fn new(world: &'w World, email: &'static str) -> Self {
        Self { world, client: world.server.client().await, email, token: String::new() }
    }

    pub(super) async fn send(&self) -> Result<(String, String), Refusal> {
        let codes = || self.world.server.mailbox().to(self.email).into_iter().filter_map(|mail| mail.code());
        let before = codes().count();
        let request = SendOtpRequest { device_token: self.token.clone(), ..send_otp_request(self.email) };
        let answer = self.client.identity().send_otp(request).await?.into_inner();
        let arrived = async || codes().nth(before);
        let newest = wait::until("the code arrives", Duration::from_secs(10), arrived).await;
        Ok((answer.challenge.unwrap().challenge_id, newest))
    }

    pub(super) async fn verify(&self, challenge_id: &str, code: &str) -> Result<VerifyOtpResponse, Refusal> {
        let request = VerifyOtpRequest {
            challenge_id: challenge_id.to_owned(),
            code: code.to_owned(),
            device_token: self.token.clone(),
            ..VerifyOtpRequest::default()
        };
        Ok(self.client.identity().verify_otp(request).await?.into_inner())
    }

    pub(super) async fn resend(&self, challenge_id: &str) -> Result<(), Refusal> {
        let (challenge_id, device_token) = (challenge_id.to_owned(), self.token.clone());
        let request = ResendOtpRequest { challenge_id, device_token, ..ResendOtpRequest::default() };
        self.client.identity().resend_otp(request).await?;
        Ok(())
    }

    pub(super) async fn sign_in(&mut self) -> Result<VerifyOtpResponse, Refusal> {
        let (challenge, code) = self.send().await?;
        let answer = self.verify(&challenge, &code).await?;
        self.token.clone_from(&answer.device_token);
        Ok(answer)
    }

    /// Fails until so many wrong codes have been evaluated, waiting wherever a wait is told.
    pub(super) async fn fail(&self, times: u32) {
        let mut evaluated = 0;
        while evaluated < times {
            let (challenge, code) = self.send().await.unwrap();
            for _ in 0..4 {
                let refusal = self.verify(&challenge, &wrong(&code)).await.unwrap_err();
                match refusal.reason.as_str() {
                    "CODE_INVALID" => evaluated += 1,
                    _ => self.world.advance(refusal.retry_delay.expect("a wait")),
                }
                if evaluated == times || refusal.reason != "CODE_INVALID" {
                    break;
                }
            }
        }
    }
}

pub(super) fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn lim_3_each_wrong_code_doubles_the_pause(store: Store) {
    let world = World::with_clock_and(store, |settings| settings.policy("lockout.first_delay", "1s")).await;
    let device = Device::new(&world, "lim3@example.com").await;
    let (challenge, code) = device.send().await.unwrap();
    for seconds in [1, 2] {
        assert_eq!(device.verify(&challenge, &wrong(&code)).await.unwrap_err().reason, "CODE_INVALID");
        let soon = device.verify(&challenge, &code).await.unwrap_err();
        assert_eq!((soon.code, soon.reason.as_str()), (Code::ResourceExhausted, "ATTEMPT_TOO_SOON"));
        let wait = soon.retry_delay.expect("RetryInfo");
        assert!(wait > Duration::from_millis(seconds * 1000 - 900) && wait <= Duration::from_secs(seconds), "{wait:?}");
        // Whoever asks meanwhile does not lengthen it.
        let again = device.verify(&challenge, &code).await.unwrap_err().retry_delay.unwrap();
        assert!(again <= wait);
        world.advance(wait);
    }
    // Waiting exactly that long is enough: the right code is evaluated now.
    device.verify(&challenge, &code).await.unwrap();
    let audit = world.audit().await;
    assert_eq!(audit.count("code.verified", "CODE_INVALID"), 2);
    assert_eq!(audit.count("code.verified", "ATTEMPT_TOO_SOON"), 4);
    assert_eq!(audit.total("identifier.locked"), 0);
}

async fn a48_a_known_device_signs_in_while_strangers_are_locked_out(store: Store) {
    let world = world(store).await;
    let mut owner = Device::new(&world, "a48@example.com").await;
    owner.sign_in().await.unwrap();
    let stranger = Device::new(&world, "a48@example.com").await;
    stranger.fail(15).await;
    // The right code does not help a stranger, and is not used up.
    let (challenge, code) = stranger.send().await.unwrap();
    let locked = stranger.verify(&challenge, &code).await.unwrap_err();
    assert_eq!((locked.code, locked.reason.as_str()), (Code::ResourceExhausted, "ACCOUNT_LOCKED"));
    assert!(locked.retry_delay.unwrap() > Duration::from_hours(23));
    // The owner's own device notices nothing, and its own mistakes are its own.
    owner.fail(1).await;
    owner.sign_in().await.unwrap();
    assert_eq!(stranger.verify(&challenge, &code).await.unwrap_err().reason, "ACCOUNT_LOCKED");
    // The person is told, at most once an hour: the locks came at once, after 5 and 35 minutes, and after 95.
    assert_eq!(world.audit().await.count("identifier.locked", "TOO_MANY_FAILURES"), 4);
    let notices = || {
        let mails = world.server.mailbox().to("a48@example.com").into_iter();
        mails.filter(|mail| mail.header("Subject").is_some_and(|subject| subject.contains("too many wrong")))
    };
    let told = async || notices().nth(1);
    let notice = wait::until("the second notice", Duration::from_secs(10), told).await;
    assert!(notice.text.contains("You can still sign in on a device that you have used before."), "{}", notice.text);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(notices().count(), 2);
}

async fn a49_a_known_device_has_a_reserve_of_requests(store: Store) {
    let world = World::with(store, |settings| settings.limit("identifier", 3, 300)).await;
    let mut owner = Device::new(&world, "a49@example.com").await;
    owner.sign_in().await.unwrap();
    let stranger = Device::new(&world, "a49@example.com").await;
    for _ in 0..2 {
        stranger.send().await.unwrap();
    }
    let spent = stranger.send().await.unwrap_err();
    assert_eq!((spent.code, spent.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    for _ in 0..3 {
        owner.sign_in().await.unwrap();
    }
    // The reserve has an end too, and is nobody else's.
    assert_eq!(owner.send().await.unwrap_err().reason, "RATE_LIMITED");
    let mut other = Device::new(&world, "a49-other@example.com").await;
    other.sign_in().await.unwrap();
    let copied = Device { token: other.token.clone(), ..Device::new(&world, "a49@example.com").await };
    assert_eq!(copied.send().await.unwrap_err().reason, "RATE_LIMITED");
    // The log says which limit it was.
    let audit = world.audit().await;
    let refused = |limit: &str| audit.count("code.sent", &format!("RATE_LIMITED_{limit}"));
    assert_eq!((refused("DEVICE"), refused("IDENTIFIER"), audit.count("code.sent", "RATE_LIMITED")), (1, 2, 0));
}

async fn a51_a_hundred_wrong_codes_suspend_strangers_until_it_is_lifted(store: Store) {
    let world = world(store).await;
    let mut owner = Device::new(&world, "a51@example.com").await;
    owner.sign_in().await.unwrap();
    let stranger = Device::new(&world, "a51@example.com").await;
    stranger.fail(100).await;
    world.advance(Duration::from_hours(1000));
    let (challenge, code) = stranger.send().await.unwrap();
    let suspended = stranger.verify(&challenge, &code).await.unwrap_err();
    assert_eq!((suspended.code, suspended.reason.as_str()), (Code::ResourceExhausted, "ACCOUNT_LOCKED"));
    assert_eq!(suspended.retry_delay, None, "time does not cure it");
    let token = world.server.admin_token();
    let asked =
        GetLockoutRequest { identifier: Some(get_lockout_request::Identifier::Email("A51@example.com".into())) };
    let standing = world.server.admin().await.admin().get_lockout(operator(asked, &token)).await.unwrap().into_inner();
    assert_eq!((standing.consecutive_failures, standing.suspended, standing.lock_expire_time), (100, true, None));
    // Nobody else is concerned, and the owner proves the address anew: that lifts it.
    world.server.sign_in("a51-other@example.com").await;
    owner.sign_in().await.unwrap();
    Device::new(&world, "a51@example.com").await.sign_in().await.unwrap();
    assert_eq!(world.audit().await.count("identifier.locked", "SUSPENDED"), 1);
}

async fn a97_a_device_token_is_good_for_its_own_account_until_it_is_revoked(store: Store) {
    let world = world(store).await;
    let mut thief = Device::new(&world, "a97-thief@example.com").await;
    thief.sign_in().await.unwrap();
    let mut owner = Device::new(&world, "a97@example.com").await;
    let session = owner.sign_in().await.unwrap();
    Device::new(&world, "a97@example.com").await.fail(3).await;
    let stolen = Device { token: thief.token, ..Device::new(&world, "a97@example.com").await };
    let forged = Device { token: format!("{}A", owner.token), ..Device::new(&world, "a97@example.com").await };
    for stranger in [&stolen, &forged] {
        let (challenge, code) = stranger.send().await.unwrap();
        assert_eq!(stranger.verify(&challenge, &code).await.unwrap_err().reason, "ACCOUNT_LOCKED");
    }
    // Its own is known, and yet it takes a code, and a wrong one counts.
    owner.fail(1).await;
    let kept = owner.token.clone();
    owner.sign_in().await.unwrap();
    // Signing out everywhere revokes it, an older copy with it.
    let tokens = session.tokens.unwrap();
    let out = SignOutRequest { refresh_token: tokens.refresh_token, all_sessions: true, ..SignOutRequest::default() };
    owner.client.identity().sign_out(out).await.unwrap();
    for token in [kept, owner.token.clone()] {
        let revoked = Device { token, ..Device::new(&world, "a97@example.com").await };
        let (challenge, code) = revoked.send().await.unwrap();
        assert_eq!(revoked.verify(&challenge, &code).await.unwrap_err().reason, "ACCOUNT_LOCKED");
    }
}

async fn a98_ending_a_session_takes_its_device_with_it(store: Store) {
    let world = world(store).await;
    let mut lost = Device::new(&world, "a98@example.com").await;
    let session_id = lost.sign_in().await.unwrap().session.unwrap().session_id;
    let mut kept = Device::new(&world, "a98@example.com").await;
    let tokens = kept.sign_in().await.unwrap().tokens.unwrap();
    Device::new(&world, "a98@example.com").await.fail(3).await;
    let end = RevokeSessionRequest { session_id, ..RevokeSessionRequest::default() };
    kept.client.sessions().revoke_session(bearer(end, &tokens.access_token)).await.unwrap();
    let (challenge, code) = lost.send().await.unwrap();
    assert_eq!(lost.verify(&challenge, &code).await.unwrap_err().reason, "ACCOUNT_LOCKED");
    kept.sign_in().await.unwrap();
}

async fn an_operator_unlocks(store: Store) {
    let world = world(store).await;
    let (admin, token) = (world.server.admin().await.admin(), world.server.admin_token());
    for email in ["unlock@example.com", "nobody@example.com"] {
        if email.starts_with("unlock") {
            world.server.sign_in(email).await;
        }
        let get = || {
            let asked = GetLockoutRequest { identifier: Some(get_lockout_request::Identifier::Email(email.into())) };
            let (mut admin, token) = (admin.clone(), token.clone());
            async move { admin.get_lockout(operator(asked, &token)).await.unwrap().into_inner() }
        };
        assert_eq!(get().await.consecutive_failures, 0);
        let device = Device { email, ..Device::new(&world, "unlock@example.com").await };
        device.fail(3).await;
        let locked = get().await;
        assert_eq!(
            (locked.consecutive_failures, locked.suspended, locked.lock_expire_time.is_some()),
            (3, false, true)
        );
        let unlock = UnlockRequest {
            identifier: Some(unlock_request::Identifier::Email(email.into())),
            request_id: "0b0e6a52-0a5f-4f0e-9d7b-3f6f4b1f6a01"
                .replace("01", if email.starts_with('u') { "02" } else { "03" }),
        };
        for _ in 0..2 {
            admin.clone().unlock(operator(unlock.clone(), &token)).await.unwrap();
        }
        assert_eq!(get().await.consecutive_failures, 0);
        let (challenge, code) = device.send().await.unwrap();
        device.verify(&challenge, &code).await.unwrap();
    }
    let audit = world.audit().await;
    assert_eq!((audit.total("identifier.unlocked"), audit.total("lockout.read")), (2, 6));
}
