//! `[limits]`: how many codes may be asked for.

use super::{
    form::Whole,
    reader::{Found, Section},
};
use crate::domain::{policy::RequestLimits, window::Window};
use std::{sync::Arc, time::Duration};

/// Days that a window may span; a log holds every admitted request of that time.
const MAX_SECONDS: u32 = 30 * 86_400;
/// Requests that a window may admit: the length that a log can have.
const MAX_LIMIT: u32 = 100_000;

pub(super) fn read(section: &mut Section<'_>) -> Option<RequestLimits> {
    let default = RequestLimits::default();
    let identifier = windows(section, "identifier", &default.identifier);
    let address = windows(section, "address", &default.address);
    let all = windows(section, "all", &default.all);
    Some(RequestLimits { identifier: identifier?, address: address?, all: all? })
}

fn windows(section: &mut Section<'_>, key: &'static str, default: &[Window]) -> Option<Arc<[Window]>> {
    let windows: Arc<[Window]> = listed(section, key).or(default.to_vec())?.into();
    if windows.is_empty() {
        section.wrong(key, "has no window", "write at least one { limit = 3, seconds = 300 }, or remove the key");
        return None;
    }
    Some(windows)
}

/// The windows in the list under `key`.
pub(super) fn listed(section: &mut Section<'_>, key: &'static str) -> Found<Vec<Window>> {
    section.tables(key, |section| {
        let limit = section.need("limit", &Whole(1..=MAX_LIMIT));
        let seconds = section.need("seconds", &Whole(1..=MAX_SECONDS));
        Some(Window { limit: limit?, span: Duration::from_secs(u64::from(seconds?)) })
    })
}
