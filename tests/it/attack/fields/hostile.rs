//! A114, A115: what means something to SQL, to Lua or to Redis is data wherever a caller writes it.

use deadpool_redis::redis::{Value, from_redis_value};
use futures_util::{StreamExt, stream};
use identity::grpc::proto::find_user_request::Identifier;
use identity::grpc::proto::{Device, FindUserRequest, ListSessionsRequest, VerifyOtpRequest};
use prost_types::field_descriptor_proto::Type;
use tonic::Code;

use super::raw::{Callers, with_text};
use super::requests::sound;
use super::{fields, roomy};
use crate::both_stores::test_on_both_stores;
use crate::support::client::{bearer, operator};
use crate::support::world::{Store, World};

/// What ends a string, a statement, an identifier or a pattern somewhere, or asks for one that is slow.
const SQL: [&str; 16] = [
    "'",
    "\"",
    "`",
    "\\",
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "\\'; DROP TABLE users; --",
    "'||(SELECT pg_sleep(9))||'",
    "' UNION SELECT * FROM users --",
    "$1",
    "?1",
    "%_*",
    "/*",
    "$$; DELETE FROM sessions; $$",
    "; ATTACH DATABASE 'pwned' AS pwned; --",
    "\u{2bc} OR \u{ff07}1\u{ff07}=\u{ff07}1",
];

/// What ends a word, a command or a script somewhere, names a key, or spreads keys over slots.
const REDIS: [&str; 8] = [
    "\" redis.call('FLUSHALL') --",
    "]] redis.call('FLUSHALL') --[[",
    "'..redis.call('FLUSHALL')..'",
    "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n",
    "identity:limit:{beginning}",
    "{}{a}",
    "%d%s%n",
    "0x7fffffffffffffff",
];

/// Addresses that are sound, and hostile to whoever pastes them into a statement or a script.
const ADDRESSES: [&str; 8] = [
    "'or'1'='1@example.com",
    "'--@example.com",
    "'||'a@example.com",
    "%@example.com",
    "_____@example.com",
    "$1@example.com",
    "{}*?@example.com",
    "`#'/*@example.com",
];

const TABLES: [&str; 4] = ["users", "sessions", "lockouts", "revoked_devices"];

/// Whatever is written into whichever text: it is refused for what it is, or nothing is found by it.
async fn is_data(world: &World, corpus: &[&'static str], access_token: &str) {
    let callers = Callers::of(world, access_token).await;
    let texts = fields().into_iter().filter(|field| field.r#type == Type::String);
    let calls = texts.flat_map(|field| corpus.iter().map(move |text| (field.clone(), *text)));
    let refused = stream::iter(calls).map(|(field, text)| {
        let callers = callers.clone();
        async move {
            let message = with_text(&sound(&field.method), &field, text);
            let answer = callers.call(&field.method, message).await;
            let code = answer.as_ref().err().map_or(Code::Ok, tonic::Status::code);
            let faults = [Code::Internal, Code::Unknown, Code::Unavailable, Code::DeadlineExceeded, Code::Cancelled];
            assert!(!faults.contains(&code), "{} {} {text}: {answer:?}", field.method, field.path);
            let selects = ["GetUser", "FindUser", "GetSuppression", "GetDelivery", "RevokeSession"];
            let selects = selects.iter().any(|method| field.method.ends_with(method));
            assert!(!selects || code != Code::Ok, "{} {} {text} finds something", field.method, field.path);
            usize::from(code != Code::Ok)
        }
    });
    let refused: usize = refused.buffer_unordered(8).collect::<Vec<_>>().await.into_iter().sum();
    assert!(refused > corpus.len() * 40, "{refused}");
}

test_on_both_stores!(a114_sql_in_every_text, hostile, |world| {
    let answer = world.server.sign_in("a114@example.com").await;
    let (access_token, owner) = (answer.tokens.unwrap().access_token, answer.user.unwrap().user_id);
    let counts = async || {
        let mut counts = Vec::new();
        for table in TABLES {
            counts.push(world.number(&format!("SELECT COUNT(*) FROM {table}")).await);
        }
        counts
    };
    let before = counts().await;
    is_data(&world, &SQL, &access_token).await;
    assert_eq!(counts().await, before, "of {TABLES:?}");
    let faults = world.server.log().lines_with("\"ERROR\"");
    assert!(faults.is_empty(), "{faults:?}");

    // What is sound is kept to the letter, and found by nobody else's.
    let client = world.server.client().await;
    let admin = world.server.admin().await;
    let find = async |email: &str| {
        let request = FindUserRequest { identifier: Some(Identifier::Email(email.to_owned())) };
        let request = operator(request, &world.server.admin_token());
        admin.admin().find_user(request).await.map(|found| found.into_inner().user.unwrap())
    };
    for (email, name) in ADDRESSES.into_iter().zip(SQL) {
        assert_eq!(find(email).await.unwrap_err().code(), Code::NotFound, "{email}");
        let (challenge, code) = world.server.request_code(email).await;
        let device =
            Device { device_id: name.into(), display_name: name.into(), platform: name.into(), ..Default::default() };
        let verify = VerifyOtpRequest {
            challenge_id: challenge.challenge_id,
            code,
            device: Some(device.clone()),
            ..VerifyOtpRequest::default()
        };
        let answer = client.identity().verify_otp(verify).await.unwrap().into_inner();
        assert!(answer.new_user);
        let found = find(email).await.unwrap();
        assert_eq!((found.email.as_str(), &found.user_id), (email, &answer.user.unwrap().user_id));
        let list = bearer(ListSessionsRequest::default(), &answer.tokens.unwrap().access_token);
        let sessions = client.sessions().list_sessions(list).await.unwrap().into_inner().sessions;
        assert_eq!(sessions.len(), 1, "{email}");
        assert_eq!(sessions[0].device.as_ref(), Some(&device));
    }
    assert_eq!(find("a114@example.com").await.unwrap().user_id, owner);
    assert!(client.validate(&access_token).await.unwrap().active);
});

/// The commands that Redis was given since the last time, without those of the test itself.
fn commands(world: &World) -> Vec<Vec<String>> {
    let redis = world.redis.as_ref().unwrap();
    let entries: Vec<Value> = from_redis_value(redis.command(&["SLOWLOG", "GET", "-1"])).unwrap();
    redis.command(&["SLOWLOG", "RESET"]);
    let told = entries.into_iter().map(|entry| {
        let fields: Vec<Value> = from_redis_value(entry).unwrap();
        let words: Vec<Vec<u8>> = from_redis_value(fields[3].clone()).unwrap();
        words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect::<Vec<_>>()
    });
    told.filter(|words| !["SLOWLOG", "CONFIG"].contains(&words[0].to_ascii_uppercase().as_str())).collect()
}

/// What the service's scripts do, and what a connection begins with. None of it runs text, or reads what it was not given.
const COMMANDS: [&str; 18] = [
    "GET", "SET", "INCR", "LINDEX", "LLEN", "LRANGE", "LPUSH", "RPUSH", "LPOP", "RPOP", "LTRIM", "PEXPIRE", "DEL",
    "TIME", "PING", "HELLO", "CLIENT", "SELECT",
];

/// The hashes of the service's scripts.
fn scripts(world: &World) -> Vec<String> {
    const OWN: [&str; 4] = [
        include_str!("../../../../src/adapters/redis/admit.lua"),
        include_str!("../../../../src/adapters/redis/count.lua"),
        include_str!("../../../../src/adapters/redis/probe.lua"),
        include_str!("../../../../src/adapters/redis/stand.lua"),
    ];
    let redis = world.redis.as_ref().unwrap();
    OWN.map(|script| from_redis_value(redis.command(&["SCRIPT", "LOAD", script])).unwrap()).into()
}

/// Redis is asked by the same few scripts whoever asks, and what callers say is in none of their words.
#[tokio::test]
async fn a115_callers_words_are_neither_script_nor_key() {
    let world = World::hostile(Store::Postgres).await;
    let access_token = world.server.sign_in("a115@example.com").await.tokens.unwrap().access_token;
    let redis = world.redis.as_ref().unwrap();
    for setting in [["slowlog-log-slower-than", "0"], ["slowlog-max-len", "100000"]] {
        redis.command(&["CONFIG", "SET", setting[0], setting[1]]);
    }
    let client = world.server.client().await;
    redis.command(&["SET", "canary", "alive"]);
    let own = scripts(&world);
    commands(&world);
    let wrong = async |email: &str| {
        let (challenge, code) = world.server.request_code(email).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err();
        client.verify_otp("0198c3c4-0000-7000-8000-000000000000", wrong).await.unwrap_err();
    };
    for email in ADDRESSES {
        wrong(email).await;
    }
    is_data(&world, &REDIS, &access_token).await;
    let hostile = commands(&world);
    for words in &hostile {
        let name = words[0].to_ascii_uppercase();
        let known = if name == "EVALSHA" { own.contains(&words[1]) } else { COMMANDS.contains(&name.as_str()) };
        assert!(known, "{words:?}");
    }
    let calls = hostile.iter().filter(|words| words[0].eq_ignore_ascii_case("EVALSHA")).count();
    assert!(calls > 3 * ADDRESSES.len(), "{calls}");
    for words in &hostile {
        let told = words.join(" ");
        // A key is a digest in hexadecimal: four of one letter come in it by chance.
        for part in ["example", "FLUSHALL", "redis.call", "127.0.0.1", "cccccccc"] {
            assert!(!told.contains(part), "{told}");
        }
    }
    assert_eq!(redis.command(&["GET", "canary"]), Value::BulkString(b"alive".to_vec()));
}

impl World {
    async fn hostile(store: Store) -> Self {
        roomy(store).await
    }
}
