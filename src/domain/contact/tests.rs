//! What is an address, which addresses are one, and which share a budget.

mod properties;

use super::*;
use crate::domain::secret::secret32;

fn parse(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap_or_else(|_| panic!("{text:?} is an address"))
}

fn identity(text: &str) -> IdentifierKey {
    parse(text).identity_key(&secret32([1; 32]))
}

fn abuse(text: &str) -> IdentifierKey {
    parse(text).abuse_key(&secret32([1; 32]))
}

#[test]
fn takes_addresses_in_one_spelling() {
    for (text, canonical) in [
        ("alice@example.com", "alice@example.com"),
        ("ALICE@EX.com", "alice@ex.com"),
        ("a@b.co", "a@b.co"),
        ("first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"),
        ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
        ("12345@example.com", "12345@example.com"),
        // The forms of Unicode: composed and decomposed, the Kelvin and the Angstrom sign.
        ("jose\u{301}@example.com", "jos\u{e9}@example.com"),
        ("JOS\u{c9}@example.com", "jos\u{e9}@example.com"),
        ("\u{212a}elvin@example.com", "kelvin@example.com"),
        ("\u{212b}ngstrom@example.com", "\u{e5}ngstrom@example.com"),
        // Letter case that is not one to one: the capital sharp s, the Turkish i, the final sigma.
        ("GRO\u{1e9e}@example.com", "gro\u{df}@example.com"),
        ("\u{131}pek@example.com", "\u{131}pek@example.com"),
        ("\u{130}pek@example.com", "i\u{307}pek@example.com"),
        ("\u{39f}\u{394}\u{39f}\u{3a3}@example.com", "\u{3bf}\u{3b4}\u{3bf}\u{3c2}@example.com"),
        ("\u{39f}\u{394}\u{39f}\u{3a3}.\u{391}@example.com", "\u{3bf}\u{3b4}\u{3bf}\u{3c2}.\u{3b1}@example.com"),
        ("\u{3bf}\u{3b4}\u{3bf}\u{3c2}-\u{3b1}@example.com", "\u{3bf}\u{3b4}\u{3bf}\u{3c2}-\u{3b1}@example.com"),
        // Other scripts, and scripts mixed: a Cyrillic a between Latin letters is another mailbox.
        ("用户@example.com", "用户@example.com"),
        ("p\u{430}ypal@example.com", "p\u{430}ypal@example.com"),
        ("उपयोगकर्ता@example.com", "उपयोगकर्ता@example.com"),
        // Domains: to ASCII, full stops of other scripts, compatibility letters, hyphens.
        ("a@b\u{fc}cher.de", "a@xn--bcher-kva.de"),
        ("a@B\u{dc}CHER.DE", "a@xn--bcher-kva.de"),
        ("a@bu\u{308}cher.de", "a@xn--bcher-kva.de"),
        ("a@xn--bcher-kva.de", "a@xn--bcher-kva.de"),
        ("a@XN--BCHER-KVA.DE", "a@xn--bcher-kva.de"),
        ("a@fa\u{df}.de", "a@xn--fa-hia.de"),
        ("a@FA\u{1e9e}.de", "a@xn--fa-hia.de"),
        ("a@example\u{3002}com", "a@example.com"),
        ("a@example\u{ff0e}com", "a@example.com"),
        ("a@example\u{ff61}com", "a@example.com"),
        ("a@\u{ff45}xample.com", "a@example.com"),
        ("a@i\u{2764}.ws", "a@xn--i-7iq.ws"),
        ("a@r3---sn.example.com", "a@r3---sn.example.com"),
        ("a@3com.com", "a@3com.com"),
        ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
    ] {
        assert_eq!(parse(text).as_str(), canonical, "{text:?}");
    }
}

#[test]
fn refuses_what_hides_or_surrounds() {
    for text in [
        "",
        "@",
        "a",
        "a@",
        "@b.co",
        "a@b",
        "a@localhost",
        "alice",
        "alice@@example.com",
        "a@b@example.com",
        // Nothing is trimmed.
        " a@example.com",
        "a@example.com ",
        "\ta@example.com",
        "a@example.com\t",
        "a @example.com",
        "a@ example.com",
        "a@example.com\r\n",
        "a@example.com\nbcc: b@example.com",
        "a\0@example.com",
        "a@exam\0ple.com",
        "a\u{7f}@example.com",
        "a\u{85}@example.com",
        "a\u{a0}@example.com",
        "a\u{3000}@example.com",
        "a@example.com\u{2028}",
        "a@example\u{3000}.com",
        // Nothing invisible.
        "a\u{200b}@example.com",
        "a@exam\u{200b}ple.com",
        "\u{feff}a@example.com",
        "a\u{200d}@example.com",
        "a\u{202e}@example.com",
        "\u{2066}a@example.com",
        "a\u{61c}@example.com",
        "a\u{ad}@example.com",
        "a@exam\u{ad}ple.com",
        "a\u{34f}@example.com",
        "a\u{fe0f}@example.com",
        "a\u{3164}@example.com",
        "a\u{115f}@example.com",
        "a\u{e0041}@example.com",
        "a\u{2800}@example.com",
        "a\u{1d173}@example.com",
        "a@exam\u{1d173}ple.com",
        "a@exam\u{1d17a}ple.com",
        "a@example.com\u{1bca0}",
        "a@exam\u{1bca3}ple.com",
        "a\u{fff9}@example.com",
        "a\u{180e}@example.com",
        "a\u{e000}@example.com",
        "a\u{ffff}@example.com",
        "a@example.com\u{200b}",
        "\u{301}a@example.com",
        // Signs that are letters nowhere, and those that become header syntax when composed.
        "😀@example.com",
        "a\u{37e}b@example.com",
        "a\u{ff0c}b@example.com",
        "a\u{ff20}example.com",
        "a\u{ff20}b@example.com",
    ] {
        assert_eq!(EmailAddress::parse(text), Err(NotAnEmailAddress), "{text:?}");
    }
}

#[test]
fn refuses_other_forms_of_address_and_unsound_domains() {
    for text in [
        // Several addresses, quotes, comments, names, routes, literals.
        "a@x.com,b@y.com",
        "a@x,b@y",
        "a@x.com;b@y.com",
        "a@x.com b@y.com",
        "<a@x.com>",
        "A <a@x.com>",
        "\"a\"@x.com",
        "\"a b\"@x.com",
        "\"a@b\"@x.com",
        "a\\@b@x.com",
        "a(comment)@x.com",
        "a@(comment)x.com",
        "a@x.com(comment)",
        "@x.com:a@y.com",
        "mailto:a@x.com",
        "a:b@x.com",
        "[a]@x.com",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@1.2.3.4",
        "a@0x7f.0x1",
        "a@example.1",
        "a@::1",
        "a@example.com:25",
        "a@example.com/x",
        "a@ex_ample.com",
        "a@example.com?x",
        "a@*.com",
        "a@exa%6dple.com",
        // Dots and hyphens.
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        ".@example.com",
        "a@.example.com",
        "a@example..com",
        "a@example.com.",
        "a@example.com\u{3002}",
        "a@.",
        "a@-example.com",
        "a@example-.com",
        "a@example.-com",
        "a@example.c",
        // What claims to be punycode and is not, or is not the one form of it.
        "a@xn--example-.org",
        "a@xn--a.org",
        "a@xn--.org",
        "a@xn--zzzzzzzzzz99999.org",
        "a@xn--bcher-kvA\u{fc}.de",
        "a@xn--bucher-.de",
        "a@xn--www-hia.\u{200d}.de",
        "a@xn--FA-.de",
        "a@xn--0.pt",
        "a@\u{2488}com",
        "a@a\u{2024}com",
    ] {
        assert_eq!(EmailAddress::parse(text), Err(NotAnEmailAddress), "{text:?}");
    }
}

#[test]
fn bounds_the_lengths_in_octets() {
    let labels = |length: usize| -> String {
        // Labels of 63 at most, the last one "com".
        let mut left = length - 4;
        let mut domain = String::new();
        while left > 0 {
            let take = left.min(63);
            domain.push_str(&"d".repeat(take));
            left -= take;
            if left > 0 {
                domain.push('.');
                left -= 1;
            }
        }
        domain + ".com"
    };
    for (name, text, taken) in [
        ("254 octets", format!("{}@{}", "l".repeat(64), labels(189)), true),
        ("255 octets", format!("{}@{}", "l".repeat(64), labels(190)), false),
        ("320 octets", format!("{}@{}", "l".repeat(64), labels(255)), false),
        ("a local part of 64", format!("{}@example.com", "l".repeat(64)), true),
        ("of 65", format!("{}@example.com", "l".repeat(65)), false),
        ("of 32 letters of two octets", format!("{}@example.com", "\u{e9}".repeat(32)), true),
        ("of 33", format!("{}@example.com", "\u{e9}".repeat(33)), false),
        ("a label of 63", format!("a@{}.com", "d".repeat(63)), true),
        ("a label of 64", format!("a@{}.com", "d".repeat(64)), false),
        (
            "longer in ASCII than as given",
            format!("a@{}", ["\u{fc}".repeat(50), "\u{f6}".repeat(50)].join(".") + ".de"),
            true,
        ),
        ("a label too long in ASCII only", format!("a@{}.de", "\u{65e5}\u{672c}".repeat(30)), false),
        ("a megabyte", format!("{}@example.com", "l".repeat(1 << 20)), false),
    ] {
        assert_eq!(EmailAddress::parse(&text).is_ok(), taken, "{name}");
    }
}

#[test]
fn sub_addresses_share_a_budget_and_nothing_else() {
    for (one, other, same_identity, same_budget) in [
        ("ALICE@EX.com", "alice@ex.COM", true, true),
        ("alice@example.com", "alice+1@example.com", false, true),
        ("alice+1@example.com", "ALICE+50@example.com", false, true),
        ("alice+a+b@example.com", "alice@example.com", false, true),
        ("alice+@example.com", "alice@example.com", false, true),
        ("+a@example.com", "+b@example.com", false, false),
        ("+a@example.com", "a@example.com", false, false),
        ("a.l.i.c.e@gmail.com", "alice@gmail.com", false, true),
        ("a.l.i.c.e+x@googlemail.com", "Alice@gmail.com", false, true),
        ("a.lice@example.com", "alice@example.com", false, false),
        ("a.lice@gmail.com.example.com", "alice@gmail.com.example.com", false, false),
        ("alice@gmail.com", "alice@example.com", false, false),
        ("a@b\u{fc}cher.de", "a@xn--bcher-kva.de", true, true),
        ("jose\u{301}@example.com", "jos\u{e9}@example.com", true, true),
        ("\u{ff41}lice@example.com", "alice@example.com", false, true),
        ("\u{1d41a}lice@example.com", "alice@example.com", false, true),
        ("\u{17f}am@example.com", "sam@example.com", false, true),
        ("\u{fb01}nn@example.com", "finn@example.com", false, true),
        ("gro\u{df}@example.com", "gross@example.com", false, false),
        ("\u{131}pek@example.com", "ipek@example.com", false, false),
        ("\u{130}pek@example.com", "i\u{307}pek@example.com", true, true),
        ("\u{3bf}\u{3b4}\u{3bf}\u{3c2}@example.com", "\u{39f}\u{394}\u{39f}\u{3a3}@example.com", true, true),
        ("\u{3bf}\u{3b4}\u{3bf}\u{3c2}@example.com", "\u{3bf}\u{3b4}\u{3bf}\u{3c3}@example.com", false, true),
        ("\u{1c80}\u{430}\u{43d}\u{44f}@example.com", "\u{432}\u{430}\u{43d}\u{44f}@example.com", false, true),
        ("p\u{430}ypal@example.com", "paypal@example.com", false, false),
        ("alice@example.com", "bob@example.com", false, false),
        ("a{b}*@example.com", "a{b}**@example.com", false, false),
    ] {
        assert_eq!(identity(one) == identity(other), same_identity, "identity of {one:?} and {other:?}");
        assert_eq!(abuse(one) == abuse(other), same_budget, "budget of {one:?} and {other:?}");
    }
}

#[test]
fn keys_depend_on_the_secret_and_on_their_use() {
    let address = parse("alice@example.com");
    let (one, other) = (secret32([1; 32]), secret32([2; 32]));
    assert_ne!(address.identity_key(&one), address.identity_key(&other));
    assert_ne!(address.abuse_key(&one), address.abuse_key(&other));
    assert_ne!(address.identity_key(&one), address.abuse_key(&one));
}

#[test]
fn shows_the_first_letter_and_the_domain_at_most() {
    for (text, masked) in [
        ("alice@example.com", "a***@example.com"),
        ("a@example.com", "a***@example.com"),
        ("用户@b\u{fc}cher.de", "用***@xn--bcher-kva.de"),
        ("e\u{301}lise@example.com", "\u{e9}***@example.com"),
    ] {
        assert_eq!(parse(text).masked(), masked);
    }
    assert_eq!(format!("{:?}", parse("alice@example.com")), "EmailAddress(…)");
    assert!(!format!("{:?}", identity("alice@example.com")).contains(&identity("alice@example.com").0.hex()));
}
