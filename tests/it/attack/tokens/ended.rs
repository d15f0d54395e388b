//! A75: what was ended is never called good again, whatever is away: Redis, the store, or the store of one replica alone.

use std::time::{Duration, Instant};

use identity::grpc::proto::{DisableUserRequest, GetCurrentUserRequest};
use tonic::Code;

use super::{refresh, sign_out};
use crate::support::client::{Client, bearer, operator};
use crate::support::postgres::Postgres;
use crate::support::proxy::{Fault, Proxy};
use crate::support::wait;
use crate::support::world::{Store, World};

/// Past this age of what was read of revocations no token is called active.
const AGE: Duration = Duration::from_secs(2);

/// What a token is good for.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Active,
    Inactive,
    Unknown,
}

/// Asks both doors that take an access token: what one calls ended is good at neither.
async fn standing(client: &Client, access_token: &str) -> Standing {
    let told = match client.validate(access_token).await {
        Ok(answer) if answer.active => Standing::Active,
        Ok(_) => Standing::Inactive,
        Err(refusal) => {
            assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
            Standing::Unknown
        }
    };
    let request = bearer(GetCurrentUserRequest::default(), access_token);
    match client.sessions().get_current_user(request).await {
        // The store may have come back between the two.
        Ok(_) => assert_ne!(told, Standing::Inactive),
        Err(status) if told == Standing::Inactive => assert_eq!(status.code(), Code::Unauthenticated),
        // Between the two its time may have come, and who the person is stands in the store alone.
        Err(status) => assert!([Code::Unavailable, Code::Unauthenticated].contains(&status.code()), "{status:?}"),
    }
    told
}

#[tokio::test]
async fn a75_what_was_ended_is_never_good_again_on_postgres() {
    let way = format!("127.0.0.1:{}", Postgres::shared().port());
    let (own, others) = (Proxy::start(&way).await, Proxy::start(&way).await);
    let port = |proxy: &Proxy| i64::from(proxy.address().port());
    let mut world = World::with(Store::Postgres, |settings| {
        settings.set("store.postgres.port", port(&own));
        settings.set("store.migrate", "by-command");
        settings.set("sessions.max_feed_age", "2s");
    })
    .await;
    world.settings.set("store.postgres.port", port(&others));
    let other = world.another().await;
    let (here, there) = (world.server.client().await, other.client().await);
    let sign_in = async |name: &str| world.server.sign_in(&format!("a75-{name}@example.com")).await;

    // A session, a user, and a family that somebody stole are ended while Redis is away.
    let (session, user, family) = (sign_in("session").await, sign_in("user").await, sign_in("family").await);
    let bystander = sign_in("bystander").await.tokens.unwrap();
    let late = sign_in("late").await.tokens.unwrap();
    world.redis.as_mut().unwrap().stop();
    let session = session.tokens.unwrap();
    sign_out(&here, &session.refresh_token).await.unwrap();
    let user_id = user.user.unwrap().user_id;
    let disable = operator(DisableUserRequest { user_id, ..Default::default() }, &world.server.admin_token());
    world.server.admin().await.admin().disable_user(disable).await.unwrap();
    let first = family.tokens.unwrap();
    let second = refresh(&here, &first.refresh_token).await.unwrap();
    refresh(&here, &second.refresh_token).await.unwrap();
    refresh(&here, &first.refresh_token).await.unwrap_err();
    let user = user.tokens.unwrap();
    let ended = [&session, &user, &first, &second].map(|tokens| tokens.access_token.as_str());
    for token in ended {
        assert_eq!(standing(&here, token).await, Standing::Inactive);
        wait::until("the other replica knows", Duration::from_secs(1), async || {
            (standing(&there, token).await == Standing::Inactive).then_some(())
        })
        .await;
        assert_eq!(standing(&there, &bystander.access_token).await, Standing::Active);
    }

    // The store is away for one of them, which cannot hear of what ends now: for so long it may be wrong, and no longer.
    others.set(Fault::Refuse);
    let cut = Instant::now();
    sign_out(&here, &late.refresh_token).await.unwrap();
    assert_eq!(standing(&here, &late.access_token).await, Standing::Inactive);
    while cut.elapsed() < AGE + Duration::from_secs(2) {
        let asked = cut.elapsed();
        for token in ended {
            assert_eq!(standing(&there, token).await, Standing::Inactive);
        }
        for token in [&late.access_token, &bystander.access_token] {
            let told = standing(&there, token).await;
            assert!(told == Standing::Unknown || asked < AGE && told == Standing::Active, "{told:?} after {asked:?}");
        }
    }
    // Of what it reads then, nothing is called good before what is ended is known.
    others.set(Fault::None);
    let first_told = wait::until("the store is back", Duration::from_secs(5), async || {
        Some(standing(&there, &late.access_token).await).filter(|told| *told != Standing::Unknown)
    })
    .await;
    assert_eq!(first_told, Standing::Inactive);
    assert_eq!(standing(&there, &bystander.access_token).await, Standing::Active);

    // And for both.
    own.set(Fault::Refuse);
    others.set(Fault::Refuse);
    tokio::time::sleep(AGE + Duration::from_millis(500)).await;
    for client in [&here, &there] {
        for token in ended {
            assert_eq!(standing(client, token).await, Standing::Inactive);
        }
        assert_eq!(standing(client, &bystander.access_token).await, Standing::Unknown);
        assert_eq!(refresh(client, &session.refresh_token).await.unwrap_err().code, Code::Unavailable);
    }
}

#[tokio::test]
async fn a75_what_was_ended_is_never_good_again_on_sqlite() {
    let world = World::with(Store::Sqlite, |settings| settings.set("sessions.max_feed_age", "2s")).await;
    let client = world.server.client().await;
    let ended = world.server.sign_in("a75@example.com").await.tokens.unwrap();
    let bystander = world.server.sign_in("a75-bystander@example.com").await.tokens.unwrap();
    sign_out(&client, &ended.refresh_token).await.unwrap();
    let (file, aside) = (world.sqlite_file(), world.sqlite_file().with_extension("aside"));
    std::fs::rename(&file, &aside).unwrap();
    let gone = Instant::now();
    while gone.elapsed() < AGE + Duration::from_secs(2) {
        let asked = gone.elapsed();
        assert_eq!(standing(&client, &ended.access_token).await, Standing::Inactive);
        let told = standing(&client, &bystander.access_token).await;
        assert!(told == Standing::Unknown || asked < AGE + Duration::from_secs(1), "{told:?} after {asked:?}");
    }
    std::fs::rename(&aside, &file).unwrap();
    wait::until("the file is back", Duration::from_secs(5), async || {
        assert_eq!(standing(&client, &ended.access_token).await, Standing::Inactive);
        (standing(&client, &bystander.access_token).await == Standing::Active).then_some(())
    })
    .await;
}
