//! Points in time, in the form that a language gives them.

use crate::domain::time::Timestamp;
use jiff::fmt::strtime;
use minijinja::{Error, ErrorKind, Value, value::Object};
use std::{fmt, sync::Arc};

/// A point in time in microseconds since the Unix epoch. By itself it comes out as `2026-11-20 19:04 UTC`.
#[derive(Debug)]
pub(super) struct Moment(pub(super) i64);

/// What is said of a form that cannot be taken.
const NO_FORM: &str = "the form of the date is not one of strftime";

impl Moment {
    /// The filter `date`: the time in UTC, in a form of `strftime`.
    #[expect(clippy::needless_pass_by_value, reason = "filters take what they are given")]
    pub(super) fn date(value: &Value, form: String) -> Result<String, Error> {
        let moment = value.downcast_object_ref::<Self>();
        let moment =
            moment.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "date is for points in time alone"))?;
        in_form(moment.0, &form).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, NO_FORM))
    }
}

impl Object for Moment {
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&minute(self.0, "%Y-%m-%d %H:%M UTC"))
    }
}

/// Day and minute in UTC, in a form of `strftime`.
pub(in crate::engine::delivery) fn minute(micros: i64, form: &str) -> String {
    in_form(micros, form).unwrap_or_else(|| Timestamp::from_micros(micros).to_string())
}

/// The time in UTC in a form of `strftime`; `None` where it is none, or the time is outside of the years of `jiff`.
pub(in crate::engine::delivery) fn in_form(micros: i64, form: &str) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond(micros).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    strtime::format(form, &time).ok()
}
