use super::*;
use crate::adapters::signer::KeyFault;
use aws_lc_rs::{
    digest,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::Jwk};

/// An RSA key of 1024 bits, made for this test, without its armour.
const WEAK: &str = "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAMHLGGCS6HUx8S6Jz033SbQTZJcj8T+j7NIu+x8Qy4Fp0AJ1bhoy8M9nTZExG14DGCboDhft2E+Cvr6x/QIvdgHVOh3GB7Paxgx1js9WhR2cnFKsKXkzmCWxsdbFgyAU6bP0kmBK7FiMo+d095o+xmjTe8BMfT6SPKaHl2QPeyKlAgMBAAECgYEAkPSWZl5czJSvv8zLKJlpIu5Clp8G7EB0ev8zTZhlcIayVbR6x9QEtk6iAZGG0/pijW+UYyfAXjEA9mjyRDk1/Xe1eMs6JN5G+5Ho6P5FaICL5SyBOTkBTjVAbWwLrtVs2FxFZqZHFC9mngMiM+oupawrR+oA18BBe5ym9i/9/f0CQQD4/SBQFX7y5qlV2jDDeM9nsA2A3OYnlRGEDdpsEXWzt2QlICvXkmVVdlbpmSSyyEhKon1vaIJC1yVECMxGCRFHAkEAx0AVkXZlozoVNVrADaYWGV5F/f53c4uubiR7H08xsAnd1Yar2pS+treDcsQNdyHPvfg74pt/QEWKTDUQP7KCswJAenLRv1Cy+/Xf9S62qIrzRQTZvzPjpDe1Q4Iklt0HS3i3MWLe7Mc8OolWOM9tsta4Zqv+kBmPZhu0Yf8Jpq+y5QJBAIMTRF0J/zjO1+7egWM5NGaB3xeFFD290QUCGMDzDyPYiceTLXDA02lN9jpEgPszEf/N0k9zrdWxKZaSfdr5awMCQQC0IUSQPK5tpxu/BVlkrjAO6WdKQuMj3haJ8vVQhqP+aQkHWCeAnBKoEZ016c8c9zIpT5LRMQI0jwpSur5piefN";

fn armoured(label: &str, der: &str) -> SecretString {
    format!("-----BEGIN {label}-----\n{der}\n-----END {label}-----\n").into()
}

fn fault(pems: &[(&str, SecretString)]) -> KeyFault {
    let pems = pems.iter().map(|(name, pem)| ((*name).to_owned(), pem.clone())).collect();
    SigningKeys::from_pems(pems).map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn another_library_accepts_the_token_by_the_published_key() {
    let signer = signer(keys(&[("a.pem", &PEM)]));
    let published = serde_json::to_value(&signer.public_keys()[0]).unwrap();
    let jwk: Jwk = serde_json::from_value(published).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&["https://api.example"]);
    let data = decode::<AccessClaims>(token(&signer).await, &DecodingKey::from_jwk(&jwk).unwrap(), &rules).unwrap();
    assert_eq!(data.claims, claims());
    assert_eq!(data.header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(data.header.kid.as_deref(), Some(&*signer.public_keys()[0].kid));
}

#[tokio::test]
async fn the_same_claims_get_the_same_token() {
    let signer = signer(keys(&[("a.pem", &PEM)]));
    assert_eq!(token(&signer).await, token(&signer).await);
}

#[test]
fn the_name_of_a_key_is_its_thumbprint_and_only_its_public_half_is_shown() {
    let public = keys(&[("a.pem", &PEM)]).public();
    let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, public[0].e, public[0].n);
    let print = digest::digest(&digest::SHA256, canonical.as_bytes());
    assert_eq!(public[0].kid, URL_SAFE_NO_PAD.encode(print.as_ref()));
    assert_eq!(public[0].e, "AQAB");
    let shown = serde_json::to_value(&public[0]).unwrap();
    let mut members: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
}

#[tokio::test]
async fn the_last_file_signs_and_every_file_is_published() {
    let second = generate_pem().unwrap();
    let old = signer(keys(&[("2026-01.pem", &PEM)]));
    let both = signer(keys(&[("2026-02.pem", &second), ("2026-01.pem", &PEM)]));
    let kids: Vec<_> = both.public_keys().iter().map(|key| key.kid.clone()).collect();
    assert_eq!(kids.len(), 2);
    assert_eq!(both.open(&token(&both).await).unwrap().key_id.as_ref(), kids[0]);
    assert_eq!(both.open(&token(&old).await).unwrap().key_id.as_ref(), kids[1]);
    assert_eq!(kids[1], old.public_keys()[0].kid);
    assert!(old.open(&token(&both).await).is_err(), "a key that is not published signs for nobody");
}

#[tokio::test]
async fn a_key_stays_while_anyone_holds_it() {
    let first = signer(keys(&[("a.pem", &PEM)]));
    drop(keys(&[("a.pem", &PEM)]));
    let again = signer(keys(&[("b.pem", &PEM)]));
    let given = token(&first).await;
    drop(first);
    assert_eq!(token(&again).await, given);
    assert!(again.open(&given).is_ok());
}

#[test]
fn what_cannot_be_used_is_named_with_its_remedy_and_not_shown() {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let curve = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let curve = armoured("PRIVATE KEY", &STANDARD.encode(curve.as_ref()));
    let twice = SecretString::from(format!("{0}{0}", PEM.expose_secret()));
    let cut: String = PEM.expose_secret().chars().take(900).collect();
    let form = |name: &str| KeyFault::Form(name.to_owned());
    let kind = |name: &str| KeyFault::Kind(name.to_owned());
    let cases = [
        (vec![], KeyFault::None),
        (vec![("empty.pem", "".into())], form("empty.pem")),
        (vec![("pkcs1.pem", armoured("RSA PRIVATE KEY", WEAK))], form("pkcs1.pem")),
        (vec![("locked.pem", armoured("ENCRYPTED PRIVATE KEY", WEAK))], form("locked.pem")),
        (vec![("two.pem", twice)], form("two.pem")),
        (vec![("cut.pem", cut.into())], form("cut.pem")),
        (vec![("curve.pem", curve)], kind("curve.pem")),
        (vec![("weak.pem", armoured("PRIVATE KEY", WEAK))], kind("weak.pem")),
        (vec![("noise.pem", armoured("PRIVATE KEY", "AAAA"))], kind("noise.pem")),
        (vec![("a.pem", PEM.clone()), ("b.pem", PEM.clone())], KeyFault::Twice("a.pem".into(), "b.pem".into())),
    ];
    for (pems, expected) in cases {
        let found = fault(&pems);
        assert_eq!(found, expected);
        let text = format!("{found} {found:?}");
        assert!(!text.contains(&WEAK[..24]) && !text.contains("BEGIN RSA"), "{text}");
        for (name, _) in pems {
            assert!(text.contains(name), "{text}");
        }
    }
}
