//! Origins of web pages, as browsers name them.

/// The origin of an `http` or `https` URL as browsers send it (RFC 6454 section 6.2): in lower case, and without the port
/// that is usual for its scheme. `None` for another URL.
#[must_use]
pub fn of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let usual = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase();
    Some(format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_spelled_as_browsers_spell_them() {
        for (url, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://App.Example.COM/Link?a=b", "https://app.example.com"),
            ("https://app.example.com:443/link", "https://app.example.com"),
            ("https://app.example.com:80?a", "https://app.example.com:80"),
            ("https://app.example.com:8443", "https://app.example.com:8443"),
            ("http://localhost:80/", "http://localhost"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://[::1]:443", "http://[::1]:443"),
        ] {
            assert_eq!(of(url).as_deref(), Some(origin), "{url}");
        }
        for other in ["", "app.example.com", "com.example.app:/link", "com.example.app://link", "HTTPS://a.example"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
