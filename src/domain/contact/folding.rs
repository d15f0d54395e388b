//! Which addresses reach one mailbox, for counting requests: never for identity.
//!
//! Only what a provider says of itself stands here. Two people who were folded into one would share a budget, and one
//! person with two budgets only has two: in doubt an address is left as it is.

/// The addresses of a provider that are one mailbox.
struct Provider {
    /// Its domains, written alike for each mailbox; the first stands for all where `joined`.
    domains: &'static [&'static str],
    /// Whether a name is the same mailbox under each of the domains.
    joined: bool,
    /// What it ignores in a name.
    ignored: &'static [char],
    /// What begins a sub-address, beside `+`.
    tag: Option<char>,
    /// Whether a name may stand as a label before the domain, with anything before the `@`.
    labels: bool,
}

/// What holds where nothing else is said.
const PLAIN: Provider = Provider { domains: &[], joined: false, ignored: &[], tag: None, labels: false };

const PROVIDERS: [Provider; 6] = [
    // https://support.google.com/mail/answer/10313: dots are no part of a name. googlemail.com is the same mailbox.
    Provider { domains: &["gmail.com", "googlemail.com"], joined: true, ignored: &['.'], ..PLAIN },
    // https://proton.me/support/change-username: dot, hyphen and underscore are transparent, and no variation of a name
    // belongs to another account; https://proton.me/support/addresses-and-aliases: an account has its name at each of these.
    Provider {
        domains: &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
        joined: true,
        ignored: &['.', '-', '_'],
        ..PLAIN
    },
    // https://support.apple.com/118230: an account's address at each of these.
    Provider { domains: &["icloud.com", "me.com", "mac.com"], joined: true, ..PLAIN },
    // https://yandex.com/support/id/authorization/email.html: a user has the same name at all Yandex domains. Which these
    // are: https://github.com/deltachat/provider-db/blob/master/_providers/yandex.ru.md.
    Provider {
        domains: &["yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru", "narod.ru"],
        joined: true,
        ..PLAIN
    },
    // https://www.fastmail.help/hc/en-us/articles/360060591053: anything@name.domain is delivered as name+anything@domain.
    // The same name at two of its domains may be two accounts.
    Provider { domains: &["fastmail.com", "fastmail.fm"], labels: true, ..PLAIN },
    // https://patents.justia.com/patent/20060041621, by Yahoo: a disposable address is a base name, a dash and a keyword;
    // the dash is kept from other names. yahoo.co.jp is another company's.
    Provider { domains: &["yahoo.com"], tag: Some('-'), ..PLAIN },
];

/// The name and the domain that stand for all addresses of a mailbox, as far as is known. Everywhere what follows a `+`
/// is a sub-address (RFC 5233).
pub(super) fn folded<'a>(local: &'a str, domain: &'a str) -> (String, &'a str) {
    let (local, domain, provider) = by_provider(local, domain);
    let base = before(before(local, '+'), provider.tag.unwrap_or('+'));
    let kept: String = base.chars().filter(|c| !provider.ignored.contains(c)).collect();
    let name = if kept.is_empty() { base.to_owned() } else { kept };
    (name, if provider.joined { provider.domains[0] } else { domain })
}

fn by_provider<'a>(local: &'a str, domain: &'a str) -> (&'a str, &'a str, &'static Provider) {
    for provider in &PROVIDERS {
        if provider.domains.contains(&domain) {
            return (local, domain, provider);
        }
        if let Some((label, rest)) = domain.split_once('.')
            && provider.labels
            && provider.domains.contains(&rest)
        {
            return (label, rest, provider);
        }
    }
    (local, domain, &PLAIN)
}

/// What stands before the mark; the whole where there is no mark, or nothing before it.
fn before(text: &str, mark: char) -> &str {
    text.split_once(mark).map_or(text, |(base, _)| if base.is_empty() { text } else { base })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_folds_what_it_says_and_no_more() {
        for (address, name, domain) in [
            ("a.l.i.c.e+x", "gmail.com", ("alice", "gmail.com")),
            ("ali.ce", "googlemail.com", ("alice", "gmail.com")),
            ("ali-ce_1", "gmail.com", ("ali-ce_1", "gmail.com")),
            ("a.l-i_ce+x", "pm.me", ("alice", "proton.me")),
            ("alice", "protonmail.ch", ("alice", "proton.me")),
            ("a-lice", "protonmail.com", ("alice", "proton.me")),
            ("_-_", "proton.me", ("_-_", "proton.me")),
            ("al.ice+x", "me.com", ("al.ice", "icloud.com")),
            ("al.ice", "mac.com", ("al.ice", "icloud.com")),
            ("al.ice", "ya.ru", ("al.ice", "yandex.ru")),
            ("al-ice+x", "yandex.kz", ("al-ice", "yandex.ru")),
            ("shop", "alice.fastmail.com", ("alice", "fastmail.com")),
            ("alice+shop", "fastmail.com", ("alice", "fastmail.com")),
            ("shop", "alice.fastmail.fm", ("alice", "fastmail.fm")),
            ("shop", "a.lice.fastmail.com", ("shop", "a.lice.fastmail.com")),
            ("base-shop", "yahoo.com", ("base", "yahoo.com")),
            ("-shop", "yahoo.com", ("-shop", "yahoo.com")),
            ("base-shop+x", "yahoo.co.jp", ("base-shop", "yahoo.co.jp")),
            ("al.ice+x", "outlook.com", ("al.ice", "outlook.com")),
            ("al.ice+x", "hotmail.com", ("al.ice", "hotmail.com")),
            ("al.i-c_e+x+y", "example.com", ("al.i-c_e", "example.com")),
            ("+x", "example.com", ("+x", "example.com")),
            ("shop", "alice.gmail.com", ("shop", "alice.gmail.com")),
        ]
        .map(|(local, at, (name, domain))| ((local, at), name, domain))
        {
            let (local, at) = address;
            assert_eq!(folded(local, at), (name.to_owned(), domain), "{local}@{at}");
        }
    }

    #[test]
    fn no_domain_is_of_two_providers() {
        let domains: Vec<_> = PROVIDERS.iter().flat_map(|provider| provider.domains).collect();
        let once: std::collections::BTreeSet<_> = domains.iter().collect();
        assert_eq!(once.len(), domains.len());
    }
}
