//! Review accounts: a given code instead of a drawn one, and everything else as for everyone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use identity::adapters::system::SystemClock;
use identity::grpc::proto::{
    DeliveryState, LinkCompletion, ResendOtpRequest, SendOtpRequest, SetUserRolesRequest, WatchChallengeRequest,
};
use identity::ports::clock::Clock;
use rustix::process::Signal;

use crate::both_stores::bodies_on_both_stores;
use crate::support::audit::Audit;
use crate::support::client::{operator, send_otp_request};
use crate::support::settings::{Settings, write_secret};
use crate::support::wait;
use crate::support::world::{Store, World, identity};

const EMAIL: &str = "review@example.com";
const CODE: &str = "271828";
const SOON: Duration = Duration::from_secs(15);

/// The beginning of the day that many days from now.
fn day(ahead: u64) -> String {
    SystemClock.now().after(Duration::from_hours(24 * ahead)).to_string()[..10].to_owned()
}

fn entry(email: &str, code: &str, day: &str) -> String {
    format!("[[account]]\nemail = \"{email}\"\ncode = \"{code}\"\nexpire_date = {day}\n")
}

fn file(folder: &Path) -> PathBuf {
    folder.join("reviewers/accounts.toml")
}

/// Names a file with this text.
fn list(settings: &mut Settings, text: &str) {
    let path = file(settings.folder());
    write_secret(&path, text);
    settings.set("review.file", path.to_str().unwrap());
    settings.policy("codes.resend_cooldown", "1s");
    settings.limit("identifier", 1000, 60);
    settings.limit("address", 1000, 60);
}

async fn world(store: Store) -> World {
    World::with(store, |settings| list(settings, &entry(EMAIL, CODE, &day(30)))).await
}

/// Gives a user roles.
async fn set_roles(world: &World, user_id: &str, roles: &[&str]) {
    let roles = roles.iter().map(ToString::to_string).collect();
    let request = SetUserRolesRequest { user_id: user_id.to_owned(), roles, ..SetUserRolesRequest::default() };
    let request = operator(request, &world.server.admin_token());
    world.server.admin().await.admin().set_user_roles(request).await.unwrap();
}

/// Waits until an event is there.
async fn event(world: &World, act: &str, reason: &str, count: usize) -> Audit {
    wait::until(&format!("{count} of {act} {reason}"), Duration::from_secs(15), async || {
        Some(world.audit().await).filter(|audit| audit.count(act, reason) == count)
    })
    .await
}

bodies_on_both_stores!(
    the_given_code_signs_in_once_a_challenge_and_no_message_is_sent,
    answers_are_as_for_everyone,
    guesses_on_a_review_account_meet_the_ladder,
    a_role_ends_the_use_of_a_given_code,
    a_named_role_alone_is_elevated_where_roles_are_named,
    the_file_is_read_again,
    nobody_with_a_role_is_listed_at_the_start,
    a_code_of_another_length_is_not_given,
    no_link_is_sent_to_an_account,
);

async fn no_link_is_sent_to_an_account(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let alone = client.send_link(EMAIL, LinkCompletion::AskingDevice).await.unwrap();
    assert_eq!((alone.match_number.len(), alone.code_length), (2, 0), "as for everyone");
    let request = SendOtpRequest { include_magic_link: true, ..send_otp_request(EMAIL) };
    let beside = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let again = ResendOtpRequest { challenge_id: alone.challenge_id.clone(), ..ResendOtpRequest::default() };
    wait::until("the cool-down", Duration::from_secs(5), async || {
        client.identity().resend_otp(again.clone()).await.ok()
    })
    .await;
    event(&world, "message.dropped", "REVIEW_ACCOUNT", 3).await;
    assert_eq!(world.audit().await.count("review_code.drawn", "CODE_LENGTH"), 0, "there is no code to be of any");
    assert!(world.server.mailbox().all().is_empty());
    let request = WatchChallengeRequest { challenge_id: alone.challenge_id, binding_secret: alone.binding_secret };
    let mut changes = client.identity().watch_challenge(request).await.unwrap().into_inner();
    assert_eq!(changes.message().await.unwrap().unwrap().delivery_state(), DeliveryState::Sent, "as for everyone");
    client.verify_otp(&beside.challenge_id, CODE).await.unwrap();
    assert_eq!(world.audit().await.total("review_code.drawn"), 1, "a link alone takes no code");
}

async fn the_given_code_signs_in_once_a_challenge_and_no_message_is_sent(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    for round in 1..=2 {
        let challenge = client.send_otp("Review@Example.com").await.unwrap();
        let request = ResendOtpRequest {
            challenge_id: challenge.challenge_id.clone(),
            binding_secret: challenge.binding_secret.clone(),
            ..ResendOtpRequest::default()
        };
        wait::until("the cool-down", Duration::from_secs(5), async || {
            client.identity().resend_otp(request.clone()).await.ok()
        })
        .await;
        let answer = client.verify_otp(&challenge.challenge_id, CODE).await.unwrap();
        assert_eq!((answer.new_user, answer.user.unwrap().email.as_str()), (round == 1, EMAIL));
        let again = client.verify_otp(&challenge.challenge_id, CODE).await.unwrap_err();
        assert_eq!(again.reason, "CODE_INVALID");
    }
    // The code is the account's alone.
    let (other, code) = world.server.request_code("other@example.com").await;
    assert_ne!(code, CODE, "one in a million; run again");
    assert_eq!(client.verify_otp(&other.challenge_id, CODE).await.unwrap_err().reason, "CODE_INVALID");
    // Messages to the account were written down, and dropped for what they are.
    let audit = event(&world, "message.dropped", "REVIEW_ACCOUNT", 4).await;
    assert!(world.server.mailbox().to(EMAIL).is_empty());
    assert_eq!(world.server.mailbox().all().len(), 1);
    assert_eq!(audit.total("review_code.drawn"), 4);
    assert_eq!((audit.count("review_code.used", ""), audit.total("review_code.used")), (2, 2));
    assert_eq!((audit.total("code.sent"), audit.count("code.verified", "")), (1, 2));
    assert!(!world.server.log().text().contains(CODE));
}

async fn answers_are_as_for_everyone(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let ours = client.send_otp(EMAIL).await.unwrap();
    let theirs = client.send_otp("person@example.com").await.unwrap();
    assert_eq!(
        (ours.code_length, ours.attempts_remaining, ours.binding_secret.len(), ours.challenge_id.len()),
        (theirs.code_length, theirs.attempts_remaining, theirs.binding_secret.len(), theirs.challenge_id.len()),
    );
    let life = |challenge: &identity::grpc::proto::Challenge| {
        let (end, resend) = (challenge.expire_time.unwrap(), challenge.resend_time.unwrap());
        (end.seconds - resend.seconds, end.nanos - resend.nanos)
    };
    assert_eq!(life(&ours), life(&theirs));
    let [ours, theirs] = [&ours, &theirs].map(|challenge| challenge.challenge_id.clone());
    let ours = client.verify_otp(&ours, "000000").await.unwrap_err();
    let theirs = client.verify_otp(&theirs, "000000").await.unwrap_err();
    assert_eq!((ours.code, ours.reason, ours.message), (theirs.code, theirs.reason, theirs.message));
    assert_eq!(ours.status.details(), theirs.status.details());
}

async fn guesses_on_a_review_account_meet_the_ladder(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let mut evaluated = 0;
    for challenge in 0..3 {
        let id = client.send_otp(EMAIL).await.unwrap().challenge_id;
        for guess in 0..3 {
            let refusal = client.verify_otp(&id, &format!("00{challenge}00{guess}")).await.unwrap_err();
            evaluated += usize::from(refusal.reason == "CODE_INVALID");
        }
        // The right one is not even looked at while nothing is evaluated.
        let refusal = client.verify_otp(&id, CODE).await.unwrap_err();
        assert!(["ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"].contains(&refusal.reason.as_str()), "{}", refusal.reason);
    }
    assert!((1..=3).contains(&evaluated), "{evaluated}");
    let audit = world.audit().await;
    assert_eq!((audit.count("code.verified", "CODE_INVALID"), audit.total("review_code.used")), (evaluated, 0));
}

async fn a_role_ends_the_use_of_a_given_code(store: Store) {
    let world = world(store).await;
    let client = world.server.client().await;
    let first = client.send_otp(EMAIL).await.unwrap();
    let user_id = client.verify_otp(&first.challenge_id, CODE).await.unwrap().user.unwrap().user_id;
    // Between the request for the code and its use.
    let open = client.send_otp(EMAIL).await.unwrap();
    set_roles(&world, &user_id, &["viewer"]).await;
    let refusal = client.verify_otp(&open.challenge_id, CODE).await.unwrap_err();
    assert_eq!(refusal.reason, "CODE_INVALID");
    // From now on a code is drawn and sent, as for everyone.
    let (challenge, code) = world.server.request_code(EMAIL).await;
    assert_ne!(code, CODE, "one in a million; run again");
    let audit = world.audit().await;
    assert_eq!(audit.count("review_code.used", "ELEVATED_ROLE"), 1);
    assert_eq!(audit.count("code.verified", "ELEVATED_ROLE"), 1);
    assert_eq!(audit.count("review_code.drawn", "ELEVATED_ROLE"), 1);
    wait::until("the next attempt is evaluated", Duration::from_secs(10), async || {
        client.verify_otp(&challenge.challenge_id, &code).await.ok()
    })
    .await;
    assert_eq!(world.audit().await.count("review_code.used", ""), 1);
    // Without the role it is a review account again.
    set_roles(&world, &user_id, &[]).await;
    let challenge = client.send_otp(EMAIL).await.unwrap();
    client.verify_otp(&challenge.challenge_id, CODE).await.unwrap();
}

async fn a_named_role_alone_is_elevated_where_roles_are_named(store: Store) {
    let world = World::with(store, |settings| {
        list(settings, &entry(EMAIL, CODE, &day(30)));
        settings.set("review.elevated_roles", vec!["operator"]);
    })
    .await;
    let client = world.server.client().await;
    let sign_in = async || {
        let challenge = client.send_otp(EMAIL).await.unwrap();
        client.verify_otp(&challenge.challenge_id, CODE).await
    };
    let user_id = sign_in().await.unwrap().user.unwrap().user_id;
    set_roles(&world, &user_id, &["viewer"]).await;
    assert_eq!(sign_in().await.unwrap().user.unwrap().roles, ["viewer"]);
    set_roles(&world, &user_id, &["operator", "viewer"]).await;
    assert_eq!(sign_in().await.unwrap_err().reason, "CODE_INVALID");
}

/// Makes a file wrong.
type Spoil = fn(&Path);

async fn the_file_is_read_again(store: Store) {
    let mut world = world(store).await;
    let client = world.server.client().await;
    let path = file(world.settings.folder());
    write_secret(&path, &entry("second@example.com", "141421", &day(90)));
    reread(&mut world);
    wait::until("the second account", SOON, async || is_given(&world, "second@example.com").await.then_some(())).await;
    let challenge = client.send_otp("second@example.com").await.unwrap();
    client.verify_otp(&challenge.challenge_id, "141421").await.unwrap();
    assert!(!is_given(&world, EMAIL).await);
    // A wrong file leaves none in force: too far ahead, gone, too open.
    let spoilt: [(&str, Spoil); 3] = [
        ("is more than 90 days ahead", |path| write_secret(path, &entry("second@example.com", "141421", &day(91)))),
        ("does not exist", |path| fs::remove_file(path).unwrap()),
        ("can be used by others", |path| fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap()),
    ];
    for (told, spoil) in spoilt {
        spoil(&path);
        reread(&mut world);
        wait::until(told, SOON, async || world.server.log().text().contains(told).then_some(())).await;
        wait::until("none", SOON, async || (!is_given(&world, "second@example.com").await).then_some(())).await;
        write_secret(&path, &entry("second@example.com", "141421", &day(30)));
        reread(&mut world);
        wait::until("it is back", SOON, async || is_given(&world, "second@example.com").await.then_some(())).await;
    }
    assert!(!world.server.log().text().contains("141421"));
}

/// Asks for the file to be read now.
fn reread(world: &mut World) {
    world.server.process().signal(Signal::HUP);
}

/// Whether a challenge for `email` gets a given code.
async fn is_given(world: &World, email: &str) -> bool {
    let given = async || world.audit().await.count("review_code.drawn", "");
    let before = given().await;
    world.server.client().await.send_otp(email).await.unwrap();
    given().await > before
}

async fn nobody_with_a_role_is_listed_at_the_start(store: Store) {
    let mut world = World::with(store, |settings| list(settings, &entry(EMAIL, CODE, &day(30)))).await;
    let client = world.server.client().await;
    let challenge = client.send_otp(EMAIL).await.unwrap();
    let user_id = client.verify_otp(&challenge.challenge_id, CODE).await.unwrap().user.unwrap().user_id;
    let open = client.send_otp(EMAIL).await.unwrap();
    set_roles(&world, &user_id, &["viewer"]).await;
    // Read again, the file is refused.
    reread(&mut world);
    let told = "account[0].email: belongs to a user with an elevated role; remove the entry";
    wait::until(told, SOON, async || world.server.log().text().contains(told).then_some(())).await;
    // No account is in force, and still the code that one gave before does not sign its user in.
    assert_eq!(client.verify_otp(&open.challenge_id, CODE).await.unwrap_err().reason, "CODE_INVALID");
    assert_eq!(world.audit().await.count("review_code.used", "ELEVATED_ROLE"), 1);
    assert_eq!(world.server.terminate().await.code(), Some(0));
    let output = identity(&["serve", "--config", world.settings.file().to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains(told) && said.contains("accounts.toml") && !said.contains(CODE), "{said}");
}

async fn a_code_of_another_length_is_not_given(store: Store) {
    let world = World::with(store, |settings| {
        list(settings, &(entry(EMAIL, "27182818", &day(30)) + &entry("late@example.com", CODE, &day(0))));
    })
    .await;
    for (email, reason) in [(EMAIL, "CODE_LENGTH"), ("late@example.com", "REVIEW_ACCOUNT_EXPIRED")] {
        let answer = world.server.sign_in(email).await;
        assert_eq!(answer.user.unwrap().email, email);
        let audit = world.audit().await;
        assert_eq!((audit.count("review_code.drawn", reason), audit.count("review_code.drawn", "")), (1, 0));
    }
}
