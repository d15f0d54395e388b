//! Which recipients a provider carries messages to.

use super::contact::{Country, EmailAddress, PhoneNumber};
use std::sync::Arc;

/// The recipients of one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// All of the channel.
    #[default]
    Everyone,
    /// Addresses of these domains, in lower-case ASCII: `example.com` is that domain, `*.example.com` every one below it.
    Domains(Arc<[String]>),
    /// Numbers of these countries.
    Countries(Arc<[Country]>),
}

impl Route {
    /// Whether it leads to an address.
    #[must_use]
    pub fn leads_to_address(&self, to: &EmailAddress) -> bool {
        let domain = to.as_str().rsplit('@').next().unwrap_or_default();
        match self {
            Self::Everyone => true,
            Self::Domains(domains) => domains.iter().any(|pattern| match pattern.strip_prefix('*') {
                Some(below) => domain.len() > below.len() && domain.ends_with(below),
                None => domain == pattern,
            }),
            Self::Countries(_) => false,
        }
    }

    /// Whether it leads to a number. Numbers of no country, such as those of satellite phones, go where everyone does.
    #[must_use]
    pub fn leads_to_number(&self, to: &PhoneNumber) -> bool {
        match self {
            Self::Everyone => true,
            Self::Countries(countries) => to.country().is_some_and(|country| countries.contains(&country)),
            Self::Domains(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_lead_to_themselves_or_to_what_is_below() {
        let route = Route::Domains(["example.com".to_owned(), "*.example.org".to_owned()].into());
        for (to, leads) in [
            ("a@example.com", true),
            ("a@EXAMPLE.com", true),
            ("a@mail.example.com", false),
            ("a@notexample.com", false),
            ("a@mail.example.org", true),
            ("a@b.mail.example.org", true),
            ("a@example.org", false),
            ("a@badexample.org", false),
        ] {
            let to = EmailAddress::parse(to).unwrap();
            assert_eq!(route.leads_to_address(&to), leads, "{}", to.as_str());
            assert!(Route::Everyone.leads_to_address(&to));
        }
    }

    #[test]
    fn countries_lead_to_their_numbers() {
        let route = Route::Countries(["DE", "US"].map(|letters| Country::new(letters).unwrap()).into());
        for (to, leads) in
            [("+491761234567", true), ("+12015550123", true), ("+447400123456", false), ("+16135550123", false)]
        {
            assert_eq!(route.leads_to_number(&PhoneNumber::parse(to).unwrap()), leads, "{to}");
        }
        assert!(!route.leads_to_address(&EmailAddress::parse("a@example.com").unwrap()));
    }
}
