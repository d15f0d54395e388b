//! Signatures that do not hold, and tokens in the place of others.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::grpc::proto::InactiveReason;

use super::{assert_refused, assert_unseen, forge::Forge, objection, refresh, sign_out};
use crate::both_stores::on_both_stores;

// `no_flipped_bit_is_overlooked` beside the signer tries 10^5 flips; these few go over the wire.
on_both_stores!(a70_broken_signatures, |world| {
    let forge = Forge::new(&world, "a70@example.com").await;
    let client = world.server.client().await;
    let [header, payload, signature] = forge.parts();
    assert_refused(&client, &forge.by_a_foreign_key(), InactiveReason::Signature).await;
    assert_unseen(&world, signature);
    let malformed = [
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{}.{header}", forge.token),
        format!(".{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
    ];
    for token in malformed {
        assert_refused(&client, &token, InactiveReason::Malformed).await;
    }
    let signatures = [
        String::new(),
        signature[..signature.len() - 2].to_owned(),
        format!("{signature}="),
        format!("{signature}AA"),
        format!(" {signature}"),
        URL_SAFE_NO_PAD.encode([0; 256]),
        URL_SAFE_NO_PAD.encode([1; 8]),
    ];
    for broken in signatures {
        assert_refused(&client, &format!("{header}.{payload}.{broken}"), InactiveReason::Signature).await;
    }
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for bit in (0..bytes.len() * 8).step_by(13) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let token = format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(flipped));
        assert_eq!(objection(&client, &token, "", "").await, Some(InactiveReason::Signature), "bit {bit}");
    }
    for byte in (0..payload.len()).step_by(9) {
        let mut flipped = payload.as_bytes().to_vec();
        flipped[byte] = if flipped[byte] == b'A' { b'B' } else { b'A' };
        let token = format!("{header}.{}.{signature}", String::from_utf8(flipped).unwrap());
        assert_eq!(objection(&client, &token, "", "").await, Some(InactiveReason::Signature), "character {byte}");
    }
    assert_eq!(objection(&client, &forge.token, "", "").await, None, "the token itself is still good");
});

on_both_stores!(a91_each_token_in_the_others_place, |world| {
    let tokens = world.server.sign_in("a91@example.com").await.tokens.unwrap();
    let client = world.server.client().await;
    assert_refused(&client, &tokens.refresh_token, InactiveReason::Malformed).await;
    let refusal = refresh(&client, &tokens.access_token).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (tonic::Code::Unauthenticated, "REFRESH_TOKEN_INVALID"));
    // Signing out with an access token in the refresh token's field is answered like any dead token, and ends nothing.
    let _ = sign_out(&client, &tokens.access_token).await;
    assert_eq!(objection(&client, &tokens.access_token, "", "").await, None);
    refresh(&client, &tokens.refresh_token).await.unwrap();
    assert_unseen(&world, &tokens.refresh_token);
    assert_unseen(&world, &tokens.access_token);
});
