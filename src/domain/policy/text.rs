//! A policy as the text of its file: every figure of the base, and of each override what it changes.

use super::{Change, LockoutChange, Policy};
use crate::domain::{challenge::Purpose, client::ClientId, contact::Channel, window::Window};
use std::{
    fmt::{Display, Write as _},
    sync::Arc,
    time::Duration,
};

/// The policy as TOML. Read again it is the same policy; equal policies have equal texts.
#[must_use]
pub fn text(policy: &Policy) -> String {
    let mut lines = Lines::default();
    lines.text("name", Some(policy.name.as_str()));
    lines.text("template", Some(policy.template.as_str()));
    let rules = &policy.rules;
    let whole = Change {
        codes: rules.codes.as_change(),
        links: rules.links.as_change(),
        lockout: LockoutChange::whole(&rules.lockout),
        limits: rules.limits.as_change(),
        guard: rules.guard.as_change(),
        responses: rules.responses.as_change(),
        sms: rules.sms.as_change(),
    };
    whole.write(&mut lines);
    for each in &policy.overrides {
        lines.begin_override();
        lines.text("client", each.traffic.client.as_ref().map(ClientId::as_str));
        lines.text("channel", each.traffic.channel.map(Channel::as_str));
        lines.text("purpose", each.traffic.purpose.map(Purpose::as_str));
        each.change.write(&mut lines);
    }
    lines.text
}

impl Change {
    fn write(&self, lines: &mut Lines) {
        self.codes.write(lines);
        self.links.write(lines);
        self.lockout.write(lines);
        self.limits.write(lines);
        self.guard.write(lines);
        self.responses.write(lines);
        self.sms.write(lines);
    }
}

/// The text while it grows. Names and words are of forms that need no escaping.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    prefix: &'static str,
    /// The section that the next figure stands in, until its heading is written.
    heading: Option<String>,
}

impl Lines {
    fn begin_override(&mut self) {
        self.prefix = "override.";
        self.heading = None;
        self.text.push_str("\n[[override]]\n");
    }

    /// The figures that follow stand in this section; without any it is left out.
    pub(super) fn section(&mut self, name: &str) {
        self.heading = Some(format!("\n[{}{name}]\n", self.prefix));
    }

    /// A number.
    pub(super) fn figure(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.line(key, value);
        }
    }

    /// A span of time.
    pub(super) fn span(&mut self, key: &str, value: Option<Duration>) {
        self.text(key, value.map(show_span).as_deref());
    }

    /// A word.
    pub(super) fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.line(key, format_args!("\"{value}\""));
        }
    }

    /// A list, each entry on a line of its own; none where it is empty.
    pub(super) fn list(&mut self, key: &str, entries: impl Iterator<Item = String>) {
        let entries: Vec<String> = entries.map(|entry| format!("  {entry},\n")).collect();
        if !entries.is_empty() {
            self.line(key, format_args!("[\n{}]", entries.concat()));
        }
    }

    /// Windows, each on a line of its own.
    pub(super) fn windows(&mut self, key: &str, windows: Option<&Arc<[Window]>>) {
        let windows = windows.into_iter().flat_map(|windows| windows.iter());
        self.list(key, windows.map(|w| format!("{{ limit = {}, seconds = {} }}", w.limit, w.span.as_secs())));
    }

    fn line(&mut self, key: &str, value: impl Display) {
        self.text.push_str(&self.heading.take().unwrap_or_default());
        let _ = writeln!(self.text, "{key} = {value}");
    }
}

/// The span in the largest unit that is whole, as a file may say it.
#[must_use]
pub fn show_span(span: Duration) -> String {
    let seconds = span.as_secs();
    if span.subsec_millis() > 0 {
        return format!("{}ms", span.as_millis());
    }
    let unit = [(86_400, "d"), (3600, "h"), (60, "m")];
    unit.into_iter()
        .find(|(size, _)| seconds > 0 && seconds.is_multiple_of(*size))
        .map_or_else(|| format!("{seconds}s"), |(size, name)| format!("{}{name}", seconds / size))
}
