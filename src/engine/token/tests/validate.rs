use super::{fakes::text, *};

fn claims(world: &World) -> AccessClaims {
    let first = RefreshToken { session_id: session_id(1), counter: 0, secret: secret32([1; 32]) };
    AccessClaims::of(&live(world, &first), ISSUER, &["api".to_owned(), "more".to_owned()], Duration::from_mins(15))
}

async fn reason(issuer: &TokenIssuer, token: &str, audience: &str, device: &str) -> Option<Inactive> {
    match issuer.validate(token, audience, device).await.unwrap() {
        Validation::Active(_) => None,
        Validation::Inactive(reason) => Some(reason),
    }
}

#[tokio::test]
async fn a_good_token_is_active_and_says_what_it_says() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = text("k1", &claims(&world));
    for (audience, device) in [("", ""), ("api", ""), ("more", "phone"), ("", "phone")] {
        let Validation::Active(found) = issuer.validate(&token, audience, device).await.unwrap() else { panic!() };
        assert_eq!(*found, claims(&world));
    }
    assert_eq!(*issuer.authenticate(&token).unwrap(), claims(&world));
}

#[tokio::test]
async fn each_reason_and_their_order() {
    let world = World::new();
    let issuer = ready(&world).await;
    let now = world.now().seconds();
    let good = claims(&world);
    let with = |change: &dyn Fn(&mut AccessClaims)| {
        let mut claims = good.clone();
        change(&mut claims);
        text("k1", &claims)
    };
    issuer.note_ended(&[session_id(9)]);
    let dead = |claims: &mut AccessClaims| claims.session_id = session_id(9).to_string();
    let cases = [
        ("no-space".to_owned(), Inactive::Malformed),
        (with(&|claims| claims.session_id = "1".into()), Inactive::Malformed),
        (with(&|claims| claims.sub = "somebody".into()), Inactive::Malformed),
        (text("k2", &good), Inactive::Signature),
        (with(&|claims| (claims.iss, claims.exp) = ("https://id.example/".into(), 0)), Inactive::Issuer),
        (with(&|claims| claims.iss.clear()), Inactive::Issuer),
        (with(&|claims| claims.nbf = now + 6), Inactive::NotYetValid),
        (with(&|claims| claims.iat = now + 6), Inactive::NotYetValid),
        (with(&|claims| claims.iat = i64::MAX), Inactive::NotYetValid),
        (with(&|claims| (claims.exp, claims.aud) = (now - 5, vec![])), Inactive::Expired),
        (with(&|claims| claims.exp = i64::MIN), Inactive::Expired),
        (with(&|claims| (claims.aud, claims.device_id) = (vec![], String::new())), Inactive::Audience),
        (with(&|claims| claims.aud = vec!["API".into()]), Inactive::Audience),
        (
            with(&|claims| (claims.device_id, claims.session_id) = ("tv".into(), session_id(9).to_string())),
            Inactive::Device,
        ),
        (with(&|claims| claims.device_id.clear()), Inactive::Device),
        (with(&dead), Inactive::Revoked),
    ];
    for (token, expected) in cases {
        for _ in 0..2 {
            assert_eq!(reason(&issuer, &token, "api", "phone").await, Some(expected), "{token}");
        }
        if !matches!(expected, Inactive::Device) {
            assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid, "{token}");
        }
    }
}

#[tokio::test]
async fn an_empty_audience_stands_for_this_issuers_own() {
    let world = World::new();
    let issuer = ready(&world).await;
    let mut foreign = claims(&world);
    foreign.aud = vec!["elsewhere".to_owned()];
    assert_eq!(reason(&issuer, &text("k1", &foreign), "", "").await, Some(Inactive::Audience));
    foreign.aud.push("shop-api".to_owned());
    assert_eq!(reason(&issuer, &text("k1", &foreign), "", "").await, None);
    assert_eq!(reason(&issuer, &text("k1", &foreign), "api", "").await, Some(Inactive::Audience));
}

#[tokio::test]
async fn the_edges_of_time_are_five_seconds_wide() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = text("k1", &claims(&world));
    let micro = Duration::from_micros(1);
    world.set_back(Duration::from_secs(5));
    issuer.poll_revocations().await.unwrap();
    assert_eq!(reason(&issuer, &token, "", "").await, None);
    world.set_back(micro);
    assert_eq!(reason(&issuer, &token, "", "").await, Some(Inactive::NotYetValid));
    world.pass(Duration::from_secs(5 + 900 + 5));
    issuer.poll_revocations().await.unwrap();
    assert_eq!(reason(&issuer, &token, "", "").await, None);
    world.pass(micro);
    assert_eq!(reason(&issuer, &token, "", "").await, Some(Inactive::Expired));
}

#[tokio::test]
async fn a_signature_is_checked_once_and_everything_else_each_time() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = text("k1", &claims(&world));
    for _ in 0..10 {
        assert_eq!(reason(&issuer, &token, "", "").await, None);
    }
    assert_eq!(world.opened(), 1);
    assert_eq!(reason(&issuer, &token, "other", "").await, Some(Inactive::Audience));
    assert_eq!(reason(&issuer, &token, "", "tv").await, Some(Inactive::Device));
    assert_eq!(world.opened(), 1, "from the cache");

    *world.kids.lock().unwrap() = vec!["k2".to_owned()];
    assert_eq!(reason(&issuer, &token, "", "").await, Some(Inactive::Signature), "the key is no longer published");
    *world.kids.lock().unwrap() = vec!["k1".to_owned()];
    assert_eq!(reason(&issuer, &token, "", "").await, None);
    assert_eq!(world.opened(), 2);

    issuer.note_ended(&[session_id(1)]);
    assert_eq!(reason(&issuer, &token, "", "").await, Some(Inactive::Revoked));
    world.pass(Duration::from_secs(905));
    assert_eq!(reason(&issuer, &token, "", "").await, Some(Inactive::Expired), "told before any other");
}

#[tokio::test]
async fn failures_are_not_kept() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = text("k2", &claims(&world));
    assert_eq!(reason(&issuer, &token, "", "").await, Some(Inactive::Signature));
    assert_eq!(reason(&issuer, &token, "", "").await, Some(Inactive::Signature));
    assert_eq!(world.opened(), 2);
    world.kids.lock().unwrap().push("k2".to_owned());
    assert_eq!(reason(&issuer, &token, "", "").await, None);
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token() {
    let world = World::new();
    let issuer = ready(&world).await;
    let refresh = issuer.first_token(session_id(1)).to_text(&secret32([b'a'; 32]));
    assert_eq!(reason(&issuer, refresh.expose_secret(), "", "").await, Some(Inactive::Malformed));
}
