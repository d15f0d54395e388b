use super::*;
use crate::ports::signer::TokenFlaw;
use aws_lc_rs::hmac;
use std::time::Instant;

/// A token in its three parts, and what an attacker knows of the key.
struct Target {
    signer: TokenSigner,
    header: String,
    payload: String,
    signature: String,
    kid: String,
}

impl Target {
    async fn new() -> Self {
        let signer = signer(keys(&[("a.pem", &PEM)]));
        let token = token(&signer).await;
        let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        let kid = signer.public_keys()[0].kid.clone();
        let [header, payload, signature] = parts.try_into().unwrap();
        Self { signer, header, payload, signature, kid }
    }

    fn token(&self) -> String {
        format!("{}.{}.{}", self.header, self.payload, self.signature)
    }

    fn flaw(&self, token: &str) -> TokenFlaw {
        self.signer.open(token).expect_err(&token.chars().take(200).collect::<String>())
    }

    /// The right token under another header, with the signature that the key itself makes for it: only the pinning of
    /// the header can refuse it.
    fn signed_with_header(&self, header: &str) -> String {
        let message = format!("{}.{}", encoded(header), self.payload);
        let signature = self.signer.keys.active().sign(message.as_bytes()).unwrap();
        format!("{message}.{signature}")
    }
}

#[tokio::test]
async fn the_token_itself_is_good() {
    let target = Target::new().await;
    let opened = target.signer.open(&target.token()).unwrap();
    assert_eq!((opened.claims, &*opened.key_id), (claims(), target.kid.as_str()));
}

#[tokio::test]
async fn only_the_pinned_header_opens() {
    let target = Target::new().await;
    let kid = &target.kid;
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        let header = format!(r#"{{"kid":"{kid}","typ":"{typ}","alg":"RS256"}}"#);
        assert!(target.signer.open(&target.signed_with_header(&header)).is_ok(), "{header}");
    }
    let mut headers = vec![
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\u{feff}{}".to_owned(),
        format!(r#"["RS256","at+jwt","{kid}"]"#),
        format!(r#" {{"alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#),
        r#"{"alg":"RS256","typ":"at+jwt"}"#.to_owned(),
        format!(r#"{{"alg":"RS256","alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{kid}"}}{{}}"#),
        format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":["{kid}"]}}"#),
        format!(r#"{{"alg":["RS256"],"typ":"at+jwt","kid":"{kid}"}}"#),
    ];
    for alg in ["none", "None", "NONE", "nOnE", "", "rs256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "HS256"] {
        headers.push(format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#));
    }
    for typ in ["", "JWT", "jwt", "dpop+jwt", "id+jwt", "at+jwt ", "application/jwt", "at+jwt\\u0000"] {
        headers.push(format!(r#"{{"alg":"RS256","typ":"{typ}","kid":"{kid}"}}"#));
    }
    for member in [
        r#""jku":"http://127.0.0.1:9/jwks""#,
        r#""x5u":"http://127.0.0.1:9/cert""#,
        r#""jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
        r#""x5c":["MIIB"]"#,
        r#""x5t":"AQAB""#,
        r#""x5t#S256":"AQAB""#,
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""b64":false"#,
        r#""zip":"DEF""#,
        r#""cty":"JWT""#,
        r#""enc":"A256GCM""#,
        r#""epk":{}"#,
        r#""anything":1"#,
    ] {
        headers.push(format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{kid}",{member}}}"#));
    }
    for header in headers {
        assert_eq!(target.flaw(&target.signed_with_header(&header)), TokenFlaw::Malformed, "{header}");
    }
}

#[tokio::test]
async fn no_name_of_a_key_leads_anywhere_else() {
    let target = Target::new().await;
    let mut unknown = target.kid.clone();
    unknown.replace_range(..1, if unknown.starts_with('A') { "B" } else { "A" });
    let header = |kid: &str| format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#);
    assert_eq!(target.flaw(&target.signed_with_header(&header(&unknown))), TokenFlaw::Signature);
    let long = "k".repeat(1024 * 1024);
    let padded = format!("{}=", target.kid);
    let short = &target.kid[..42];
    let kids =
        ["", "../../etc/passwd", "' or 1=1 --", "http://127.0.0.1:9/", "\\u0000", "a.pem", &long, &padded, short];
    for kid in kids {
        let token = target.signed_with_header(&header(kid));
        let start = moment();
        assert_eq!(target.flaw(&token), TokenFlaw::Malformed);
        assert!(start.elapsed().as_millis() < 50, "long names are refused before they are read");
    }
}

#[tokio::test]
async fn nothing_public_is_a_secret_to_sign_with() {
    let target = Target::new().await;
    let key = &target.signer.public_keys()[0];
    let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(&pkcs8()).unwrap();
    let pkcs1 = aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref().to_vec();
    let spki = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(
        aws_lc_rs::signature::KeyPair::public_key(&pair),
    );
    let spki = spki.unwrap().as_ref().to_vec();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&spki);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    let secrets: [Vec<u8>; 8] = [
        pem.trim_end().into(),
        pem.into(),
        spki,
        pkcs1,
        key.n.clone().into(),
        URL_SAFE_NO_PAD.decode(&key.n).unwrap(),
        serde_json::to_vec(key).unwrap(),
        key.kid.clone().into(),
    ];
    for secret in secrets {
        for alg in ["HS256", "RS256"] {
            let header = encoded(&format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}"}}"#, target.kid));
            let message = format!("{header}.{}", target.payload);
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
            target.flaw(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag)));
        }
    }
}

#[tokio::test]
async fn a_foreign_key_under_our_name_does_not_sign() {
    let target = Target::new().await;
    let foreign = keys(&[("x.pem", &generate_pem().unwrap())]);
    let message = format!("{}.{}", target.header, target.payload);
    let signature = foreign.active().sign(message.as_bytes()).unwrap();
    assert_eq!(target.flaw(&format!("{message}.{signature}")), TokenFlaw::Signature);
}

#[tokio::test]
async fn the_form_is_strict() {
    let target = Target::new().await;
    let (header, payload, signature) = (&target.header, &target.payload, &target.signature);
    let token = target.token();
    let mut forms = vec![
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{token}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("Bearer {token}"),
        token.replace('.', ". "),
        token.replace('.', "\u{ff0e}"),
        token.replace('-', "+").replace('_', "/") + "+",
        format!("{}.{}.{}", URL_SAFE_NO_PAD.encode("{}"), payload, signature),
        format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
        format!("idr_{}", "A".repeat(71)),
        "eyJ".to_owned() + &"A".repeat(8 * 1024),
        "a.".repeat(10_000),
        token.clone() + &"A".repeat(1024 * 1024),
    ];
    forms.extend((0..token.len()).step_by(7).map(|length| token[..length].to_owned()));
    for form in forms {
        target.flaw(&form);
    }
}

#[tokio::test]
async fn claims_are_not_parsed_before_the_signature_holds() {
    let target = Target::new().await;
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    let wide = format!("{{{}}}", (0..600).map(|n| format!(r#""{n}":0"#)).collect::<Vec<_>>().join(","));
    for claims in [deep.as_str(), wide.as_str(), "{", "\u{0}", r#"{"iss":1}"#] {
        let unsigned = format!("{}.{}.{}", target.header, encoded(claims), target.signature);
        let flaw = target.flaw(&unsigned);
        let expected = if unsigned.len() > 8 * 1024 { TokenFlaw::Malformed } else { TokenFlaw::Signature };
        assert_eq!(flaw, expected, "{}", claims.len());
    }
    for claims in ["{", "[]", r#"{"iss":"https://identity.example"}"#] {
        let message = format!("{}.{}", target.header, encoded(claims));
        let signature = target.signer.keys.active().sign(message.as_bytes()).unwrap();
        assert_eq!(target.flaw(&format!("{message}.{signature}")), TokenFlaw::Malformed, "{claims}");
    }
}

#[tokio::test]
async fn no_flipped_bit_is_overlooked() {
    let target = Target::new().await;
    let token = target.token();
    let mut tried = 0_u32;
    for index in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            target.flaw(std::str::from_utf8(&bytes).unwrap());
            tried += 1;
        }
    }
    let message = format!("{}.{}", target.header, target.payload);
    let signature = URL_SAFE_NO_PAD.decode(&target.signature).unwrap();
    let bits = signature.len() * 8;
    let mut second = 0;
    while tried < 100_000 {
        for first in 0..bits {
            second = (second + 7919) % bits;
            let mut changed = signature.clone();
            changed[first / 8] ^= 1 << (first % 8);
            if first != second {
                changed[second / 8] ^= 1 << (second % 8);
            }
            target.flaw(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(&changed)));
            tried += 1;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how long a refusal takes")]
fn moment() -> Instant {
    Instant::now()
}

fn pkcs8() -> Vec<u8> {
    let pem = PEM.expose_secret();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}
