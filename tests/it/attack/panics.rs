//! A131: what panics takes nothing else with it. The machine runs out of randomness, which is what makes the released
//! program panic: within calls, within pages, within jobs.

use std::time::Duration;

use identity::grpc::proto::{DisableUserRequest, RefreshTokenRequest, SendMagicLinkRequest, VerifyOtpRequest};
use tonic::{Code, Status};

use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::Browser;
use crate::support::client::{operator, send_link_request, send_otp_request};
use crate::support::preload::Ailment;
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};
use crate::support::{entropy, http, wait};

bodies_on_both_stores!(a131_calls_and_pages_that_panic_are_answered);

/// More of them panic than may run at once: each gives back its place.
const AT_ONCE: u16 = 4;

async fn a_world(store: Store) -> (World, Ailment) {
    let mut world = World::with(store, |settings| {
        settings.set("listen.max_concurrent_calls", i64::from(AT_ONCE));
        settings.set("telemetry.metrics_listen", "127.0.0.1:0");
        settings.set("pages.enabled", true);
    })
    .await;
    let drought = entropy::in_folder(world.settings.folder());
    world.server.restart_by(drought.rules()).await;
    (world, drought)
}

/// What a panic says outside: that there was a fault, and nothing of it.
fn is_told_alike(what: &str, status: Status) {
    let refusal = Refusal::from(status);
    let text = "The service failed. Try again. If it fails again, contact support.";
    let told = (refusal.code, refusal.reason.as_str(), refusal.message.as_str());
    assert_eq!(told, (Code::Internal, "INTERNAL", text), "{what}");
    assert!(refusal.metadata.is_empty() && refusal.fields.is_empty(), "{what}: {refusal:?}");
}

async fn panics(world: &World) -> u64 {
    let text = http::get(world.server.addresses().metrics.unwrap(), "/metrics").await.body;
    let line = text.lines().find(|line| line.starts_with("identity_panics_total")).unwrap_or_else(|| panic!("{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn a131_calls_and_pages_that_panic_are_answered(store: Store) {
    let (mut world, drought) = a_world(store).await;
    let signed_in = world.server.sign_in("before@example.org").await;
    let (tokens, user) = (signed_in.tokens.unwrap(), signed_in.user.unwrap());
    let (challenge, code) = world.server.request_code("a131@example.org").await;
    let (client, admin) = (world.server.client().await, world.server.admin().await);
    let page = http::get(world.server.addresses().http, "/sign-in").await;
    assert_eq!((page.status, panics(&world).await), (200, 0));

    let verify = VerifyOtpRequest { challenge_id: challenge.challenge_id, code, ..VerifyOtpRequest::default() };
    let refresh = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
    let disable = DisableUserRequest { user_id: user.user_id, ..DisableUserRequest::default() };
    drought.begin();
    for nth in 0..3 * AT_ONCE {
        let ask = send_otp_request(&format!("a131-{nth}@example.org"));
        is_told_alike("SendOtp", client.identity().send_otp(ask).await.unwrap_err());
    }
    let link = SendMagicLinkRequest { ..send_link_request("a131-link@example.org") };
    is_told_alike("SendMagicLink", client.identity().send_magic_link(link).await.unwrap_err());
    is_told_alike("VerifyOtp", client.identity().verify_otp(verify.clone()).await.unwrap_err());
    is_told_alike("RefreshToken", client.identity().refresh_token(refresh.clone()).await.unwrap_err());
    let disabled = admin.admin().disable_user(operator(disable, &world.server.admin_token())).await;
    is_told_alike("DisableUser", disabled.unwrap_err());
    // What draws no number is served beside them, on the same connection.
    assert!(client.validate(&tokens.access_token).await.unwrap().active);
    for nth in 0..3 * AT_ONCE {
        // A browser that comes for the first time is given a name, which is drawn.
        let mut browser = Browser::at(world.server.addresses().http);
        let page = browser.post("/sign-in", &[("identifier", "a131-page@example.org")]).await;
        assert_eq!(page.status, 500, "{nth}: {}", page.body);
        assert_eq!(page.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
        assert!(page.body.contains("something broke in this service"), "{}", page.body);
    }
    let told = panics(&world).await;
    assert!(told >= u64::from(6 * AT_ONCE) + 4, "{told} panics were counted");

    // As if nothing had been: the same process, its locks, its places, and what the calls were about.
    drought.end();
    client.identity().verify_otp(verify).await.unwrap();
    client.identity().refresh_token(refresh).await.unwrap();
    world.server.sign_in("a131-after@example.org").await;
    let mut browser = Browser::at(world.server.addresses().http);
    assert_eq!(browser.submit("/sign-in", &[("identifier", "a131-page@example.org")]).await.status, 200);
    assert!(world.server.process().exited().is_none());
    let log = world.server.log();
    assert!(log.lines_with("panicked").iter().all(|line| !line.contains('@')), "{}", log.text());
    assert_eq!(world.number("SELECT COUNT(*) FROM challenges").await, 4, "no panic left half of a request");
}

/// A job has nobody to answer to. What lost one ends, having served what was under way, and says which.
#[tokio::test]
async fn a131_a_job_that_panics_ends_the_service() {
    let (mut world, drought) = a_world(Store::Postgres).await;
    let tokens = world.server.sign_in("job@example.org").await.tokens.unwrap();
    drought.begin();
    // The change of who counts is written to the audit log, under a number that is drawn.
    world.redis.as_mut().unwrap().stop();
    let ended = wait::until("the end", Duration::from_secs(15), async || world.server.process().exited()).await;
    assert_eq!(ended.code(), Some(70), "{}", world.server.log().text());
    assert_eq!(world.server.log().lines_with("a job has ended that must not").len(), 1);
    // Whoever starts it again finds everything as it was.
    drought.end();
    world.redis.as_mut().unwrap().start_again();
    world.server.restart_by(drought.rules()).await;
    let refresh = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
    world.server.client().await.identity().refresh_token(refresh).await.unwrap();
}
