//! A browser without a script: keeps cookies, sends forms as its own page's, and follows where they lead.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::http::{self, Answer};

/// One person's browser.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    address: SocketAddr,
    /// By name.
    pub(crate) cookies: BTreeMap<String, String>,
    /// More headers of every request.
    pub(crate) headers: Vec<(String, String)>,
}

impl Browser {
    /// A new one, at the HTTP listener.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Opens a page.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", &[]).await
    }

    /// Sends a form from our own page, and gives the answer itself.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(path, fields, &[("sec-fetch-site", "same-origin")]).await
    }

    /// Sends a form with these headers alone.
    pub(crate) async fn post_from(&mut self, path: &str, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
        self.send("POST", path, &encoded(fields), more).await
    }

    /// Sends a form, and opens the page that it leads to.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{}\n{}", answer.head, answer.body);
        let location = answer.header("location").unwrap().to_owned();
        self.get(&location).await
    }

    async fn send(&mut self, method: &str, path: &str, body: &str, more: &[(&str, &str)]) -> Answer {
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("host: {}", self.address)];
        lines.push("connection: close".to_owned());
        lines.extend(own.chain(more.iter().copied()).map(|(name, value)| format!("{name}: {value}")));
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            lines.push(format!("cookie: {}", pairs.join("; ")));
        }
        if method == "POST" {
            lines.push("content-type: application/x-www-form-urlencoded".to_owned());
            lines.push(format!("content-length: {}", body.len()));
        }
        let request = lines.join("\r\n");
        let answer = http::exchange(self.address, &format!("{request}\r\n\r\n{body}")).await;
        self.take_cookies(&answer);
        answer
    }

    fn take_cookies(&mut self, answer: &Answer) {
        let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
        for (_, line) in lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (pair, rules) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rules.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Fields as a form sends them.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// The value of a hidden field on a page.
pub(crate) fn field(answer: &Answer, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let found = answer.body.split(&mark).nth(1).unwrap_or_else(|| panic!("no field {name}:\n{}", answer.body));
    found.split('"').next().unwrap().to_owned()
}
