//! Wrong guesses at what nobody can guess: they fill no audit log, and hinder nobody who shows the right thing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::grpc::proto::{
    GetUserRequest, InspectMagicLinkRequest, LinkCompletion, RedeemMagicLinkRequest, RefreshTokenRequest,
    RejectMagicLinkRequest, ResendOtpRequest, SendOtpRequest, VerifyOtpRequest,
};
use tonic::{Request, Status};

use super::lockout::wrong;
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::Browser;
use crate::support::client::{operator, send_otp_request, with_metadata};
use crate::support::http;
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};

/// How many wrong guesses an address has in five minutes: as many as requests for codes.
const BUDGET: usize = 20;

const ADDRESS: &str = "203.0.113.7";
const NEIGHBOUR: &str = "203.0.113.8";

/// A link of a challenge that never was.
const LINK: &str = "AZrM2X6Xc2W9lU5w3k1n2gABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

async fn behind_a_proxy(store: Store) -> World {
    World::with(store, |settings| {
        settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"]);
        settings.set("pages.enabled", true);
        settings.limit("network", 30, 300);
    })
    .await
}

fn from<T>(address: &str, message: T) -> Request<T> {
    with_metadata(Request::new(message), "x-forwarded-for", address)
}

fn reason(refused: Status) -> String {
    Refusal::from(refused).reason
}

/// How many events of an act there are, beside the one that says that more are missing.
async fn events(world: &World, act: &str, wrong: &str) -> usize {
    let audit = world.audit().await;
    assert_eq!(audit.count(act, "TOO_MANY_GUESSES"), 1, "the log says that the next ones are missing");
    let found = audit.0.iter().filter(|event| event.act == act && event.reason != "TOO_MANY_GUESSES");
    assert!(audit.count(act, wrong) > 0);
    found.count()
}

async fn wrong_links_from_one_address_are_recorded_so_many_times(store: Store) {
    let world = behind_a_proxy(store).await;
    let client = world.server.client().await;
    let (_, link) = world.server.request_link("mira@example.org", LinkCompletion::OpeningDevice).await;
    let guess = async |address: &str, nth: usize| {
        let token = if nth.is_multiple_of(2) { LINK.to_owned() } else { "no link at all".to_owned() };
        let mut identity = client.identity();
        let refused = match nth % 4 {
            0 | 1 => {
                let asked = InspectMagicLinkRequest { token };
                identity.inspect_magic_link(from(address, asked)).await.unwrap_err()
            }
            2 => {
                let asked = RedeemMagicLinkRequest { token, ..RedeemMagicLinkRequest::default() };
                identity.redeem_magic_link(from(address, asked)).await.unwrap_err()
            }
            _ => {
                let asked = RejectMagicLinkRequest { token, ..RejectMagicLinkRequest::default() };
                identity.reject_magic_link(from(address, asked)).await.unwrap_err()
            }
        };
        assert_eq!(reason(refused), "LINK_INVALID", "{nth}");
    };
    for nth in 0..3 * BUDGET {
        guess(ADDRESS, nth).await;
    }
    let mut browser = Browser::at(world.server.addresses().http).with("x-forwarded-for", ADDRESS);
    let page = browser.post("/link/inspect", &[("token", LINK)]).await;
    assert_eq!(page.status, 409, "{}", page.body);
    assert_eq!(events(&world, "link.refused", "LINK_MALFORMED").await, BUDGET, "the page has the same budget");

    // The same address, and what is right.
    let asked = RedeemMagicLinkRequest { token: link, ..RedeemMagicLinkRequest::default() };
    let signed_in = client.identity().redeem_magic_link(from(ADDRESS, asked)).await.unwrap().into_inner();
    assert!(signed_in.tokens.is_some());
    assert_eq!(world.audit().await.count("link.redeemed", ""), 1);
    let asked = SendOtpRequest { ..send_otp_request("noa@example.org") };
    client.identity().send_otp(from(ADDRESS, asked)).await.expect("guesses cost no request for a code");
    guess(NEIGHBOUR, 0).await;
    assert_eq!(events(&world, "link.refused", "CHALLENGE_NOT_FOUND").await, BUDGET + 1);
}

async fn names_of_challenges_and_a_network_of_addresses_have_the_same_budget(store: Store) {
    let world = behind_a_proxy(store).await;
    let client = world.server.client().await;
    for nth in 0..40 {
        let asked = VerifyOtpRequest {
            challenge_id: format!("0199cccc-0000-7000-8000-{nth:012}"),
            code: "123456".to_owned(),
            ..VerifyOtpRequest::default()
        };
        let address = format!("2001:db8:7:{nth:x}::1");
        let refused = client.identity().verify_otp(from(&address, asked)).await.unwrap_err();
        assert_eq!(reason(refused), "CODE_INVALID");
    }
    let found = events(&world, "code.verified", "CHALLENGE_NOT_FOUND").await;
    assert_eq!(found, 30, "an IPv6 network of 48 bits has a budget of its own");
}

async fn wrong_tokens_of_operators_are_recorded_so_many_times(store: Store) {
    let world = behind_a_proxy(store).await;
    let (client, token) = (world.server.admin().await, world.server.admin_token());
    let call = async |address: &str, token: &str| {
        let asked = GetUserRequest { user_id: "0199cccc-0000-7000-8000-000000000000".to_owned() };
        reason(client.admin().get_user(operator(from(address, asked), token)).await.unwrap_err())
    };
    for nth in 0..2 * BUDGET {
        assert_eq!(call(ADDRESS, &format!("{token}{nth}")).await, "SERVICE_CREDENTIAL_REQUIRED");
    }
    assert_eq!(call(ADDRESS, &token).await, "NOT_FOUND", "the right one is let in");
    assert_eq!(call(NEIGHBOUR, "wrong").await, "SERVICE_CREDENTIAL_REQUIRED");
    assert_eq!(events(&world, "operator.refused", "SERVICE_CREDENTIAL_REQUIRED").await, BUDGET + 1);
}

async fn wrong_codes_of_applications_are_recorded_so_many_times(store: Store) {
    let world = behind_a_proxy(store).await;
    let address = world.server.addresses().http;
    for nth in 0..2 * BUDGET {
        let body = format!(
            "grant_type=authorization_code&client_id=default&redirect_uri=x&code=idg_{nth}&code_verifier={}",
            "v".repeat(43)
        );
        let request = format!(
            "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: {ADDRESS}\r\ncontent-type: \
            application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = http::exchange(address, &request).await;
        assert!(answer.status == 400 && answer.body.contains("invalid_grant"), "{}", answer.body);
    }
    assert_eq!(events(&world, "grant.redeemed", "GRANT_INVALID").await, BUDGET);
    // How a sign-in stands is told to the browser that began it; for others nothing is looked up or written.
    let before = world.audit().await.0.len();
    for _ in 0..5 {
        let mut browser = Browser::at(address).with("cookie", "identity_sign_in=MQ.made-up");
        assert_eq!(browser.get("/sign-in/standing").await.status, 404);
    }
    assert_eq!(world.audit().await.0.len(), before);
}

async fn refresh_tokens_that_are_not_good_are_recorded_so_many_times(store: Store) {
    let world = behind_a_proxy(store).await;
    let client = world.server.client().await;
    let first = world.server.sign_in("mira@example.org").await.tokens.unwrap().refresh_token;
    let refresh = async |token: &str| {
        let asked = RefreshTokenRequest { refresh_token: token.to_owned(), ..RefreshTokenRequest::default() };
        client.identity().refresh_token(from(ADDRESS, asked)).await
    };
    // Version and session are no secret; the rest is made up. In turn of a session that is, of one that is not, and no token.
    let bytes = URL_SAFE_NO_PAD.decode(first.strip_prefix("idr_").unwrap()).unwrap();
    for nth in 0..3 * BUDGET {
        let mut made_up = bytes.clone();
        made_up[40..].fill(0x5a);
        if nth % 3 == 1 {
            made_up[1..17].fill(0x5a);
        }
        let token = format!("idr_{}", URL_SAFE_NO_PAD.encode(made_up));
        let token = if nth % 3 == 2 { "no token at all" } else { token.as_str() };
        assert_eq!(reason(refresh(token).await.unwrap_err()), "REFRESH_TOKEN_INVALID", "{nth}");
    }
    assert_eq!(events(&world, "token.refreshed", "REFRESH_TOKEN_INVALID").await, BUDGET);
    let named = "SELECT COUNT(DISTINCT session_id) FROM audit_events WHERE reason = 'REFRESH_TOKEN_INVALID'";
    assert_eq!(world.number(named).await, 1, "a session that nobody knows is not named");
    // The same address, and what changes something: a rotation, and the replay of a token that was given out.
    let second = refresh(&first).await.unwrap().into_inner().tokens.unwrap().refresh_token;
    refresh(&second).await.unwrap();
    assert_eq!(reason(refresh(&first).await.unwrap_err()), "REFRESH_TOKEN_REUSED");
    let audit = world.audit().await;
    assert_eq!((audit.count("token.refreshed", ""), audit.total("refresh_token.reused")), (2, 1));
}

async fn what_is_asked_of_a_challenge_that_is_over_is_recorded_so_many_times(store: Store) {
    let world = behind_a_proxy(store).await;
    let client = world.server.client().await;
    let verify = async |address: &str, challenge_id: &str, code: &str| {
        let (challenge_id, code) = (challenge_id.to_owned(), code.to_owned());
        let asked = VerifyOtpRequest { challenge_id, code, ..VerifyOtpRequest::default() };
        client.identity().verify_otp(from(address, asked)).await
    };
    let (used, code) = world.server.request_code("mira@example.org").await;
    verify(ADDRESS, &used.challenge_id, &code).await.unwrap();
    for _ in 0..2 * BUDGET {
        assert_eq!(reason(verify(ADDRESS, &used.challenge_id, &code).await.unwrap_err()), "CODE_INVALID");
    }
    let (open, code) = world.server.request_code("noa@example.org").await;
    for _ in 0..2 * BUDGET {
        let asked = ResendOtpRequest { challenge_id: open.challenge_id.clone(), ..ResendOtpRequest::default() };
        let refused = client.identity().resend_otp(from(NEIGHBOUR, asked)).await.unwrap_err();
        assert_eq!(reason(refused), "RESEND_TOO_SOON");
    }
    let audit = world.audit().await;
    for (act, wrong) in [("code.verified", "CODE_USED"), ("code.resent", "RESEND_TOO_SOON")] {
        assert_eq!((audit.count(act, wrong), audit.count(act, "TOO_MANY_GUESSES")), (BUDGET, 1), "{act}");
    }
    // Wrong codes from the same address are charged, so each is recorded; so is the lock, and each that it refuses.
    for nth in 0..3 + 2 * BUDGET {
        let expected = if nth < 3 { "CODE_INVALID" } else { "ACCOUNT_LOCKED" };
        assert_eq!(reason(verify(ADDRESS, &open.challenge_id, &wrong(&code)).await.unwrap_err()), expected);
    }
    let audit = world.audit().await;
    let count = |reason| audit.count("code.verified", reason);
    assert_eq!((count("CODE_INVALID"), audit.total("identifier.locked"), count("ACCOUNT_LOCKED")), (3, 1, 2 * BUDGET));
}

bodies_on_both_stores!(
    refresh_tokens_that_are_not_good_are_recorded_so_many_times,
    what_is_asked_of_a_challenge_that_is_over_is_recorded_so_many_times,
    wrong_links_from_one_address_are_recorded_so_many_times,
    names_of_challenges_and_a_network_of_addresses_have_the_same_budget,
    wrong_tokens_of_operators_are_recorded_so_many_times,
    wrong_codes_of_applications_are_recorded_so_many_times,
);

#[tokio::test]
async fn without_redis_wrong_guesses_are_bounded_too() {
    let mut world = behind_a_proxy(Store::Postgres).await;
    world.redis.as_mut().unwrap().stop();
    let client = world.server.client().await;
    for _ in 0..3 * BUDGET {
        let asked = InspectMagicLinkRequest { token: LINK.to_owned() };
        let refused = client.identity().inspect_magic_link(from(ADDRESS, asked)).await.unwrap_err();
        assert_eq!(reason(refused), "LINK_INVALID");
    }
    let found = events(&world, "link.refused", "CHALLENGE_NOT_FOUND").await;
    assert!(found <= BUDGET, "{found}");
}
