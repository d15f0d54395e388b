//! `[pages]`: the pages for people on the HTTP listener.

use super::{form::Switch, reader::Section};

/// The section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Whether people may sign in on pages of this service.
    pub enabled: bool,
}

/// Reads the section. Off unless it says so: an update opens no door that nobody asked for.
pub(super) fn read(section: &mut Section<'_>) -> Option<Pages> {
    Some(Pages { enabled: section.get("enabled", &Switch).or(false)? })
}
