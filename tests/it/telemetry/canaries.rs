//! TEL-2, A24, A99, A105, A106: secrets are planted, every method is called, and every sink is searched for them.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use identity::grpc::proto::find_user_request::Identifier;
use identity::grpc::proto::{
    Device, DisableUserRequest, EnableUserRequest, FindUserRequest, GetCurrentUserRequest, GetJwksRequest,
    GetUserRequest, ListSessionsRequest, RefreshTokenRequest, ResendOtpRequest, RevokeOtherSessionsRequest,
    RevokeSessionRequest, SendOtpRequest, SendOtpResponse, SetUserRolesRequest, SignOutRequest, ValidateTokenRequest,
    VerifyOtpRequest,
};
use prost::Message;

use crate::support::client::{bearer, operator, send_otp_request, send_sms_request};
use crate::support::otlp::Collector;
use crate::support::postgres::Postgres;
use crate::support::world::{Store, World};

mod links;
mod pages;
mod receipts;

const EMAIL: &str = "canary-6d1f0c@birds.example";
/// Its digits stand nowhere else; formatted as a person types it.
const NUMBER: &str = "+4917693847261";
const TYPED: &str = "+49 176 9384-7261";
const DEVICE: &str = "canary-device-91b2";

/// Everything that must not be found, each with the name under which a finding is reported.
#[derive(Default)]
struct Canaries(Vec<(String, Vec<u8>)>);

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl Canaries {
    /// Plants a secret: itself, and the spellings that it might hide in.
    fn plant(&mut self, name: &str, secret: &str) {
        assert!(!secret.is_empty(), "{name} is empty");
        let spellings = [
            secret.to_owned(),
            secret.to_uppercase(),
            STANDARD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            hex(secret.as_bytes()),
        ];
        self.0.extend(spellings.map(|spelling| (name.to_owned(), spelling.into_bytes())));
    }

    /// Plants a secret as it is: one that nobody spells otherwise.
    fn plant_as_it_is(&mut self, name: &str, secret: &str) {
        assert!(!secret.is_empty(), "{name} is empty");
        self.0.push((name.to_owned(), secret.as_bytes().to_vec()));
    }

    /// The names of the canaries that stand in `bytes`.
    fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let found = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
        self.0.iter().filter(|(_, needle)| found(needle)).map(|(name, _)| name.as_str()).collect()
    }

    fn assert_absent(&self, sink: &str, bytes: &[u8]) {
        assert!(self.found_in(bytes).is_empty(), "{sink} tells: {:?}", self.found_in(bytes));
    }
}

#[tokio::test]
async fn a99_no_sink_tells_a_secret_sqlite() {
    search(Store::Sqlite).await;
}

#[tokio::test]
async fn a99_no_sink_tells_a_secret_postgres() {
    search(Store::Postgres).await;
}

async fn search(store: Store) {
    let collector = Collector::start().await;
    let mut world = World::with(store, |settings| {
        settings.set("telemetry.otlp_endpoint", collector.url());
        settings.set("telemetry.log_level", "trace");
        settings.policy("codes.resend_cooldown", "1s");
        settings.offer_sms();
        pages::offer(settings);
    })
    .await;
    let mut canaries = Canaries::default();
    for name in ["peppers/1", "sealing/1", "refresh/1", "index-key", "admin-token"] {
        canaries.plant(name, fs::read_to_string(world.settings.secrets().join(name)).unwrap().trim());
    }
    canaries.plant("email", EMAIL);
    canaries.plant("number", NUMBER);
    canaries.plant("number", &NUMBER[4..]);
    canaries.plant("number", TYPED);
    let answers = call_everything(&world, &mut canaries).await;
    pages::visit(&world, &mut canaries).await;

    // Codes are six digits: a number of that length may stand anywhere by chance, so they are searched for in the
    // answers alone, byte by byte, and in the stores as part of what only a code's message could hold.
    for (method, answer) in &answers {
        let told = canaries.found_in(answer);
        let permitted: &[&str] = match *method {
            "SendOtp" => &["binding_secret"],
            "VerifyOtp" => &["access_token", "refresh_token", "device_token", "email"],
            "VerifyOtp by SMS" | "FindUser by number" => &["number"],
            "RefreshToken" => &["access_token", "refresh_token", "email"],
            "GetCurrentUser" | "GetUser" | "FindUser" | "SetUserRoles" | "DisableUser" | "EnableUser" => &["email"],
            _ => &[],
        };
        assert!(told.iter().all(|name| permitted.contains(name)), "{method} tells {told:?}");
    }
    for name in ["identity.v1.IdentityService/VerifyOtp", "POST /token"] {
        collector.wait_for(name).await;
    }
    canaries.assert_absent("Prometheus", pages::scrape(&world).await.as_bytes());
    search_sinks(store, &mut world, &collector, &canaries).await;
}

/// Searches the stores, the log and the spans of a service, which ends.
async fn search_sinks(store: Store, world: &mut World, collector: &Collector, canaries: &Canaries) {
    if let Some(redis) = &world.redis {
        for entry in redis.everything() {
            canaries.assert_absent("Redis", &entry);
        }
    }
    let files = match store {
        Store::Sqlite => world.settings.folder().to_owned(),
        Store::Postgres => Postgres::shared().data(),
    };
    if store == Store::Postgres {
        Postgres::shared().execute("postgres", "CHECKPOINT".to_owned()).await;
    }
    let searched = search_files(&files, canaries);
    assert!(searched > 2, "the store's files were searched: {searched}");
    world.server.terminate().await;
    canaries.assert_absent("the log", world.server.log().text().as_bytes());
    canaries.assert_absent("standard output", world.server.output().text().as_bytes());
    for metric in collector.metrics() {
        canaries.assert_absent(&format!("the metric {}", metric.name), format!("{metric:?}").as_bytes());
    }
    for span in collector.spans() {
        canaries.assert_absent(&format!("the span {}", span.name), &span.encode_to_vec());
        canaries.assert_absent(&format!("the span {}", span.name), format!("{span:?}").as_bytes());
    }
    assert!(collector.spans().len() > 10, "{} spans", collector.spans().len());
}

/// Searches every file below a folder but the keys themselves and the mailbox, which is the delivery.
fn search_files(folder: &Path, canaries: &Canaries) -> usize {
    let mut searched = 0;
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if name != "secrets" && name != "mailbox" {
                searched += search_files(&path, canaries);
            }
        } else if let Ok(bytes) = fs::read(&path) {
            canaries.assert_absent(&path.display().to_string(), &bytes);
            searched += 1;
        }
    }
    searched
}

/// Calls every method, rightly and wrongly, and gives the answers in their wire form.
async fn call_everything(world: &World, canaries: &mut Canaries) -> Vec<(&'static str, Vec<u8>)> {
    let mut answers = Vec::new();
    let client = world.server.client().await;
    let device = || Some(Device { device_id: DEVICE.to_owned(), ..Device::default() });

    let ask = SendOtpRequest {
        request_id: "7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8c".to_owned(),
        device: device(),
        ..send_otp_request(EMAIL)
    };
    let sent = client.identity().send_otp(ask.clone()).await.unwrap().into_inner();
    let challenge = sent.challenge.clone().unwrap();
    canaries.plant("binding_secret", &challenge.binding_secret);
    answers.push(("SendOtp", sent.encode_to_vec()));
    answers.push(("SendOtp", client.identity().send_otp(ask).await.unwrap().into_inner().encode_to_vec()));
    let mail = world.server.mailbox().wait_for(EMAIL, 1).await;
    let first_code = mail.code().unwrap();

    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let resend = ResendOtpRequest { challenge_id: challenge.challenge_id.clone(), ..ResendOtpRequest::default() };
    answers.push(("ResendOtp", client.identity().resend_otp(resend).await.unwrap().into_inner().encode_to_vec()));
    let code = world.server.mailbox().wait_for(EMAIL, 2).await.code().unwrap();

    let wrong = if code == "000000" || first_code == "000000" { "111111" } else { "000000" };
    let refused = client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
    answers.push(("a refusal", format!("{:?}", refused.status).into_bytes()));
    let verify = VerifyOtpRequest {
        challenge_id: challenge.challenge_id.clone(),
        code: code.clone(),
        device: device(),
        request_id: "7f2c1d9e-58b1-4a6e-9c3a-0d5e4f6a7b8d".to_owned(),
        ..VerifyOtpRequest::default()
    };
    let signed_in = client.identity().verify_otp(verify).await.unwrap().into_inner();
    let (tokens, user) = (signed_in.tokens.clone().unwrap(), signed_in.user.clone().unwrap());
    canaries.plant("access_token", &tokens.access_token);
    canaries.plant("refresh_token", &tokens.refresh_token);
    canaries.plant("device_token", &signed_in.device_token);
    answers.push(("VerifyOtp", signed_in.encode_to_vec()));
    for (method, answer) in &answers {
        for code in [&first_code, &code] {
            assert!(!String::from_utf8_lossy(answer).contains(code.as_str()), "{method} tells the code");
        }
    }

    let refresh = RefreshTokenRequest { refresh_token: tokens.refresh_token, device: device(), ..Default::default() };
    let refreshed = client.identity().refresh_token(refresh).await.unwrap().into_inner();
    let tokens = refreshed.tokens.clone().unwrap();
    canaries.plant("access_token", &tokens.access_token);
    canaries.plant("refresh_token", &tokens.refresh_token);
    answers.push(("RefreshToken", refreshed.encode_to_vec()));
    let bad = RefreshTokenRequest { refresh_token: "idr_canary-no-token".to_owned(), ..Default::default() };
    canaries.plant("a bad refresh token", "idr_canary-no-token");
    let refused = client.identity().refresh_token(bad).await.unwrap_err();
    answers.push(("a refusal", format!("{refused:?}").into_bytes()));

    for audience in ["", "elsewhere"] {
        let access_token = tokens.access_token.clone();
        let request = ValidateTokenRequest { access_token, audience: audience.to_owned(), ..Default::default() };
        let validated = client.tokens().validate_token(request).await.unwrap().into_inner();
        answers.push(("ValidateToken", validated.encode_to_vec()));
    }
    answers.push(("GetJwks", client.tokens().get_jwks(GetJwksRequest {}).await.unwrap().into_inner().encode_to_vec()));

    let own = &tokens.access_token;
    let me = client.sessions().get_current_user(bearer(GetCurrentUserRequest {}, own)).await.unwrap().into_inner();
    answers.push(("GetCurrentUser", me.encode_to_vec()));
    let list = client.sessions().list_sessions(bearer(ListSessionsRequest::default(), own)).await.unwrap().into_inner();
    answers.push(("ListSessions", list.encode_to_vec()));
    client.sessions().revoke_other_sessions(bearer(RevokeOtherSessionsRequest::default(), own)).await.unwrap();
    let session_id = signed_in.session.unwrap().session_id;

    let admin = world.server.admin().await;
    let token = world.server.admin_token();
    let user_id = user.user_id;
    let got = admin.admin().get_user(operator(GetUserRequest { user_id: user_id.clone() }, &token)).await.unwrap();
    answers.push(("GetUser", got.into_inner().encode_to_vec()));
    let find = FindUserRequest { identifier: Some(Identifier::Email(EMAIL.to_owned())) };
    answers.push((
        "FindUser",
        admin.admin().find_user(operator(find, &token)).await.unwrap().into_inner().encode_to_vec(),
    ));
    let roles = SetUserRolesRequest { user_id: user_id.clone(), roles: vec!["maker".to_owned()], ..Default::default() };
    let changed = admin.admin().set_user_roles(operator(roles, &token)).await.unwrap().into_inner();
    answers.push(("SetUserRoles", changed.encode_to_vec()));
    canaries.plant("a bad admin token", "canary-operator-credential");
    let bad = operator(GetUserRequest { user_id: user_id.clone() }, "canary-operator-credential");
    answers.push(("a refusal", format!("{:?}", admin.admin().get_user(bad).await.unwrap_err()).into_bytes()));

    client
        .sessions()
        .revoke_session(bearer(RevokeSessionRequest { session_id, ..Default::default() }, own))
        .await
        .unwrap();
    by_number(world, &mut answers).await;
    links::call(world, canaries, &mut answers).await;
    let out = SignOutRequest { refresh_token: tokens.refresh_token, ..SignOutRequest::default() };
    client.identity().sign_out(out).await.unwrap();
    let disable = DisableUserRequest { user_id: user_id.clone(), ..DisableUserRequest::default() };
    let disabled = admin.admin().disable_user(operator(disable, &token)).await.unwrap().into_inner();
    answers.push(("DisableUser", disabled.encode_to_vec()));
    let enable = EnableUserRequest { user_id, ..EnableUserRequest::default() };
    let enabled = admin.admin().enable_user(operator(enable, &token)).await.unwrap().into_inner();
    answers.push(("EnableUser", enabled.encode_to_vec()));
    answers
}

/// Signs in by SMS, rightly and wrongly, and asks for the user by number.
async fn by_number(world: &World, answers: &mut Vec<(&'static str, Vec<u8>)>) {
    let client = world.server.client().await;
    let sent = client.identity().send_otp(send_sms_request(TYPED)).await.unwrap().into_inner();
    answers.push(("SendOtp by SMS", SendOtpResponse { challenge: sent.challenge.clone() }.encode_to_vec()));
    let code = world.server.mailbox().wait_for(NUMBER, 1).await.code().unwrap();
    let challenge_id = sent.challenge.unwrap().challenge_id;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    let refused = client.verify_otp(&challenge_id, wrong).await.unwrap_err();
    answers.push(("a refusal", format!("{:?}", refused.status).into_bytes()));
    let signed_in = client.verify_otp(&challenge_id, &code).await.unwrap();
    answers.push(("VerifyOtp by SMS", signed_in.user.unwrap().encode_to_vec()));
    let bad = client.identity().send_otp(send_sms_request(&format!("{TYPED}9"))).await.unwrap_err();
    answers.push(("a refusal", format!("{bad:?}").into_bytes()));
    let find = FindUserRequest { identifier: Some(Identifier::PhoneNumber(TYPED.to_owned())) };
    let admin = world.server.admin().await;
    let found = admin.admin().find_user(operator(find, &world.server.admin_token())).await.unwrap().into_inner();
    answers.push(("FindUser by number", found.encode_to_vec()));
}
