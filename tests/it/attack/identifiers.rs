//! Group D: one person under many spellings.

use identity::grpc::proto::VerifyOtpResponse;
use tonic::Code;

use crate::both_stores::on_both_stores;
use crate::support::refusal::Refusal;
use crate::support::world::World;

/// Signs in with an address as a person typed it, and reads the code where `canonical` reads mail.
async fn sign_in(world: &World, typed: &str, canonical: &str) -> VerifyOtpResponse {
    let (client, mailbox) = (world.server.client().await, world.server.mailbox());
    let before = mailbox.to(canonical).len();
    let challenge = client.send_otp(typed).await.unwrap_or_else(|refusal| panic!("{typed}: {}", refusal.message));
    let code = mailbox.wait_for(canonical, before + 1).await.code().unwrap();
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap()
}

fn assert_limited(refusal: &Refusal) {
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    assert_eq!(refusal.metadata.get("layer").map(String::as_str), Some("identifier"));
}

on_both_stores!(a31_letter_case_is_one_bucket_and_one_account, |world| {
    let first = sign_in(&world, "ALICE@EX.com", "alice@ex.com").await;
    let second = sign_in(&world, "alice@ex.COM", "alice@ex.com").await;
    assert!(first.new_user && !second.new_user);
    assert_eq!(first.user.unwrap().user_id, second.user.unwrap().user_id);
    let client = world.server.client().await;
    client.send_otp("aLiCe@eX.cOm").await.unwrap();
    assert_limited(&client.send_otp("Alice@Ex.Com").await.unwrap_err());
    assert_limited(&client.send_otp("alice@ex.com").await.unwrap_err());
});

on_both_stores!(a32_dots_at_gmail_are_two_accounts_and_one_bucket, |world| {
    let dotted = sign_in(&world, "a.l.i.c.e@gmail.com", "a.l.i.c.e@gmail.com").await;
    let plain = sign_in(&world, "alice@gmail.com", "alice@gmail.com").await;
    assert_ne!(dotted.user.unwrap().user_id, plain.user.unwrap().user_id);
    let client = world.server.client().await;
    client.send_otp("ali.ce@googlemail.com").await.unwrap();
    assert_limited(&client.send_otp("a.lice@gmail.com").await.unwrap_err());
    // Each provider that ignores something else in a name, or has more domains than one.
    for (spellings, one_more) in [
        (["a.lice@proton.me", "a-lice@protonmail.com", "a_lice@pm.me"], "alice@protonmail.ch"),
        (["alice@icloud.com", "alice@me.com", "alice+x@mac.com"], "alice+y@icloud.com"),
        (["alice@yandex.ru", "alice@ya.ru", "alice@yandex.com"], "alice+x@yandex.kz"),
    ] {
        let mut users = std::collections::BTreeSet::new();
        for address in spellings {
            users.insert(sign_in(&world, address, address).await.user.unwrap().user_id);
        }
        assert_eq!(users.len(), 3, "{spellings:?} are accounts of their own");
        assert_limited(&client.send_otp(one_more).await.unwrap_err());
    }
    // Elsewhere dots tell people apart.
    for address in ["a.lice@example.com", "al.ice@example.com", "ali.ce@example.com", "alic.e@example.com"] {
        client.send_otp(address).await.unwrap();
    }
});

on_both_stores!(a33_sub_addresses_share_the_bucket_and_not_the_account, |world| {
    let tagged = sign_in(&world, "alice+shop@example.com", "alice+shop@example.com").await;
    let plain = sign_in(&world, "alice@example.com", "alice@example.com").await;
    assert_ne!(tagged.user.unwrap().user_id, plain.user.unwrap().user_id);
    let client = world.server.client().await;
    let mut admitted = 0;
    for tag in 1..=50 {
        match client.send_otp(&format!("alice+{tag}@example.com")).await {
            Ok(_) => admitted += 1,
            Err(refusal) => assert_limited(&refusal),
        }
    }
    assert_eq!(admitted, 1, "the third of five minutes");
    // Sub-addresses of other forms, where a provider has them.
    for (tagged, other) in [
        (["shop@alice.fastmail.com", "alice+a@fastmail.com", "alice@fastmail.com"], "alice@fastmail.fm"),
        (["base-shop@yahoo.com", "base-news@yahoo.com", "base+a@yahoo.com"], "base-shop@yahoo.co.jp"),
        (["alice+a@outlook.com", "alice+b@outlook.com", "alice@outlook.com"], "al.ice@outlook.com"),
    ] {
        for address in tagged {
            client.send_otp(address).await.unwrap();
        }
        for address in tagged {
            assert_limited(&client.send_otp(address).await.unwrap_err());
        }
        client.send_otp(other).await.unwrap();
    }
});

on_both_stores!(a35_unicode_and_ascii_domains_are_one, |world| {
    let unicode = sign_in(&world, "a@b\u{fc}cher.de", "a@xn--bcher-kva.de").await;
    let ascii = sign_in(&world, "a@XN--BCHER-KVA.de", "a@xn--bcher-kva.de").await;
    assert_eq!(unicode.user.unwrap().user_id, ascii.user.unwrap().user_id);
    let client = world.server.client().await;
    client.send_otp("A@bu\u{308}cher.de").await.unwrap();
    assert_limited(&client.send_otp("a@b\u{fc}cher\u{3002}de").await.unwrap_err());
    let refusal = client.send_otp("a@xn--example-.org").await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "INVALID_EMAIL"));
});

on_both_stores!(a36_a38_what_is_not_one_plain_address_is_refused, |world| {
    let client = world.server.client().await;
    let long = format!("{}@{}.com", "l".repeat(64), "d".repeat(260));
    for text in [
        "a36@example.com ",
        " a36@example.com",
        "a36@example.com\t",
        "a36@example.com\u{200b}",
        "a36@example.com\u{1bca0}",
        "a36@exam\u{1d173}ple.com",
        "a36\u{202e}@example.com",
        "a36\0@example.com",
        "a36@example.com\r\nBcc: other@example.com",
        "a36@x.com,b@y.com",
        "a36@x.com;b@y.com",
        "\"a36@x\"@example.com",
        "\"a36\"@example.com",
        "a36(comment)@example.com",
        "<a36@example.com>",
        "A <a36@example.com>",
        "a36@[127.0.0.1]",
        "a36@127.0.0.1",
        "a36@example.com@example.com",
        "a36",
        "",
        &long,
    ] {
        let refusal = client.send_otp(text).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "INVALID_EMAIL"), "{text:?}");
        assert_eq!(refusal.field_names(), ["email"], "{text:?}");
        assert!(text.is_empty() || !refusal.message.contains(text), "the address is not repeated: {}", refusal.message);
    }
    // None of them was counted, and none got a message: the budget is whole.
    for _ in 0..3 {
        client.send_otp("a36@example.com").await.unwrap();
    }
    world.server.mailbox().wait_for("a36@example.com", 3).await;
    assert_eq!(world.server.mailbox().all().len(), 3);
});
