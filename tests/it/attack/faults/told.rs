//! A103: what the database says of a fault is nobody's but its operator's.

use std::time::{Duration, Instant};

use identity::grpc::proto::{GetUserRequest, RefreshTokenRequest};
use tonic::Code;

use crate::both_stores::{on_both_stores, test_on_both_stores};
use crate::support::client::operator;
use crate::support::refusal::Refusal;
use crate::support::world::World;

/// A fault of the database, on PostgreSQL and on SQLite: what brings it about and what ends it.
struct Fault {
    name: &'static str,
    begin: [&'static str; 2],
    end: [&'static str; 2],
}

const FAULTS: [Fault; 5] = [
    Fault {
        name: "a unique violation",
        begin: ["CREATE UNIQUE INDEX canary_once ON challenges (channel)"; 2],
        end: ["DROP INDEX canary_once"; 2],
    },
    Fault {
        name: "a violated check",
        begin: [
            "ALTER TABLE challenges ADD CONSTRAINT canary_check CHECK (code_length < 0) NOT VALID",
            "CREATE TRIGGER canary_check BEFORE INSERT ON challenges BEGIN SELECT RAISE(ABORT, 'canary SELECT'); END",
        ],
        end: ["ALTER TABLE challenges DROP CONSTRAINT canary_check", "DROP TRIGGER canary_check"],
    },
    Fault {
        name: "words of the database's own",
        begin: [
            "CREATE FUNCTION canary() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'canary %', NEW \
             USING DETAIL = 'canary detail', HINT = 'canary hint', ERRCODE = '23505'; END $$; \
             CREATE TRIGGER canary BEFORE INSERT OR UPDATE ON challenges FOR EACH ROW EXECUTE FUNCTION canary()",
            "CREATE TRIGGER canary BEFORE INSERT ON challenges BEGIN SELECT RAISE(FAIL, 'canary detail INSERT INTO'); END",
        ],
        end: ["DROP TRIGGER canary ON challenges; DROP FUNCTION canary", "DROP TRIGGER canary"],
    },
    Fault {
        name: "another type",
        begin: [
            "ALTER TABLE challenges ALTER COLUMN code_length TYPE text",
            "ALTER TABLE challenges RENAME COLUMN code_length TO canary_length",
        ],
        end: [
            "ALTER TABLE challenges ALTER COLUMN code_length TYPE bigint USING code_length::bigint",
            "ALTER TABLE challenges RENAME COLUMN canary_length TO code_length",
        ],
    },
    Fault {
        name: "a missing table",
        begin: ["ALTER TABLE challenges RENAME TO canary_challenges"; 2],
        end: ["ALTER TABLE canary_challenges RENAME TO challenges"; 2],
    },
];

/// Words of statements, of tables and of what is in them.
const WORDS: [&str; 14] = [
    "canary",
    "select",
    "insert",
    "update ",
    "relation",
    "constraint",
    "column",
    "challenges",
    "syntax",
    "sqlite",
    "postgres",
    "pg_",
    "a103",
    "23505",
];

/// The fixed texts: of a fault, and of a store that is away.
fn is_fixed(what: &str, refusal: &Refusal) {
    let texts = [
        (Code::Internal, "INTERNAL", "The service failed. Try again. If it fails again, contact support."),
        (
            Code::Unavailable,
            "STORE_UNAVAILABLE",
            "The service cannot answer now. Nothing was lost. Try again in a moment.",
        ),
    ];
    let told = (refusal.code, refusal.reason.as_str(), refusal.message.as_str());
    assert!(texts.contains(&told), "{what}: {told:?}");
    assert!(refusal.metadata.is_empty() && refusal.fields.is_empty(), "{what}: {refusal:?}");
    let whole = format!("{:?}", refusal.status).to_lowercase();
    for word in WORDS {
        assert!(!whole.contains(word), "{what} tells {word}: {whole}");
    }
}

/// What is asked while the database has a fault, and how many of the answers are faults.
async fn asked(world: &World, what: &str) -> usize {
    let client = world.server.client().await;
    let answers = [
        client.send_otp("a103-new@example.com").await.err(),
        client.verify_otp("0198c3c4-0000-7000-8000-0000000000aa", "000000").await.err(),
        client.inspect("lnk_a103").await.err(),
    ];
    let faults: Vec<Refusal> = answers.into_iter().flatten().filter(|one| one.code != Code::Unauthenticated).collect();
    for fault in &faults {
        is_fixed(what, fault);
    }
    faults.len()
}

test_on_both_stores!(a103_no_fault_of_the_database_is_told_in_its_own_words, unhurried, |world| {
    let store = usize::from(world.database.is_none());
    let (challenge, code) = world.server.request_code("a103@example.com").await;
    for fault in FAULTS {
        world.execute(fault.begin[store]).await;
        assert!(asked(&world, fault.name).await > 0, "{} is no fault", fault.name);
        world.execute(fault.end[store]).await;
    }
    let log = world.server.log().text().to_lowercase();
    for word in ["a103", "canary detail", "canary hint", "insert into", "select 1", "update challenges"] {
        assert!(!log.contains(word), "the log tells {word}: {log}");
    }
    // Nothing is left of any of them.
    world.server.client().await.verify_otp(&challenge.challenge_id, &code).await.unwrap();
});

on_both_stores!(a103_a_database_that_does_not_answer_in_time, |world| {
    let signed_in = world.server.sign_in("a103@example.com").await;
    let tokens = signed_in.tokens.unwrap();
    let (client, admin) = (world.server.client().await, world.server.admin().await);
    let hold = world.hold_users().await;
    let asked = Instant::now();
    let request = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
    let refused = client.identity().refresh_token(request.clone()).await.unwrap_err();
    is_fixed("a timeout", &Refusal::from(refused));
    assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
    if world.database.is_some() {
        let get = GetUserRequest { user_id: signed_in.user.unwrap().user_id };
        let refused = admin.admin().get_user(operator(get, &world.server.admin_token())).await.unwrap_err();
        is_fixed("a timeout", &Refusal::from(refused));
    }
    drop(hold);
    crate::support::wait::until("it answers again", Duration::from_secs(5), async || {
        client.identity().refresh_token(request.clone()).await.ok()
    })
    .await;
});

/// What holds the tables of users and sessions, so that whoever asks waits.
enum Hold {
    Postgres { _held: sqlx::PgConnection },
    Sqlite { _held: sqlx::SqliteConnection },
}

impl World {
    async fn hold_users(&self) -> Hold {
        use sqlx::{Connection as _, Executor as _};
        if let Some(database) = &self.database {
            let mut held = sqlx::PgConnection::connect(database.url()).await.unwrap();
            held.execute("BEGIN; LOCK TABLE users, sessions IN ACCESS EXCLUSIVE MODE").await.unwrap();
            Hold::Postgres { _held: held }
        } else {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.sqlite_file());
            let mut held = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            held.execute("BEGIN IMMEDIATE").await.unwrap();
            Hold::Sqlite { _held: held }
        }
    }
}
