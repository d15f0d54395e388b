//! `[analytics]`: where events of the funnel go. Without the section there are none.

use super::{form::Switch, network, reader::Section};
use std::path::PathBuf;

/// The section.
#[derive(Clone, Debug, Default)]
pub struct Analytics {
    /// A file that takes one JSON object a line.
    pub file: Option<PathBuf>,
    /// Whether the collector of `[telemetry]` takes them as logs.
    pub otlp: bool,
}

impl Analytics {
    /// Whether anybody takes them.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.file.is_some() || self.otlp
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<Analytics> {
    let file = network::path(section, "file", "the path of a file that takes one JSON object a line").optional();
    let otlp = section.get("otlp", &Switch).or(false);
    Some(Analytics { file: file?, otlp: otlp? })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SMALLEST, parse};
    use std::path::Path;

    #[test]
    fn nobody_counts_unless_a_sink_is_named() {
        let with = |section: &str| parse(&format!("{SMALLEST}[analytics]\n{section}\n"));
        assert!(!parse(SMALLEST).unwrap().analytics.is_on());
        assert!(!with("otlp = false").unwrap().analytics.is_on());
        let config = with("file = \"funnel.jsonl\"").unwrap();
        assert_eq!(config.analytics.file.as_deref(), Some(Path::new("/etc/identity/funnel.jsonl")));
        let told = with("otlp = true").unwrap_err();
        assert!(told.contains("analytics: has no collector"), "{told}");
        let endpoint = "[telemetry]\notlp_endpoint = \"http://localhost:4317\"";
        assert!(with(&format!("otlp = true\n{endpoint}")).unwrap().analytics.is_on());
        assert!(with("file = 5").unwrap_err().contains("analytics.file: is not a string"));
    }
}
