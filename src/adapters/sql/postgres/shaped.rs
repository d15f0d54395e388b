//! Statements that are given any number of rows, as `VALUES` with a place for each value.
//!
//! One text for any number would be simpler, with an array for each column and `unnest`: that costs PostgreSQL more than the
//! work itself, for it fills a table of its own for each array (`docs/decisions/0156-values-instead-of-arrays.md`). So a text is
//! made for each power of two, and rows that are not there are all null.

use super::link::Bound;
use sqlx::{Encode, Postgres, Type};
use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{LazyLock, Mutex, PoisonError},
};

/// Name and type of a column.
pub(super) type Column = (&'static str, &'static str);

/// A statement with places for rows: `{events}` for events, `{input}` for what it is about, `{input: a, b}` for these columns of
/// it alone. What each part of a statement reads is best said there: a list of all columns that several parts read has to be
/// kept, and that costs more than to write it twice. Values that come once have the numbers from `$1` on.
pub(super) struct Shaped {
    /// The text.
    pub(super) text: &'static str,
    /// How many values come once.
    pub(super) singles: usize,
    /// The columns of the input; a row's number `op` follows.
    pub(super) input: &'static [Column],
}

/// The columns of an event; the number `op` of its step follows.
const EVENT: &[Column] = &[
    ("event_id", "uuid"),
    ("time", "bigint"),
    ("act", "text"),
    ("outcome", "text"),
    ("reason", "text"),
    ("actor", "text"),
    ("address", "text"),
    ("trace_id", "text"),
    ("identifier_key", "bytea"),
    ("user_id", "uuid"),
    ("session_id", "uuid"),
    ("challenge_id", "uuid"),
    ("message_id", "uuid"),
    ("client_id", "text"),
    ("device_id", "text"),
];

/// The place of a statement in memory, for how many events, and for how many rows of input.
type Shape = (usize, usize, usize);

/// The texts that have been made, which are few.
static TEXTS: LazyLock<Mutex<HashMap<Shape, &'static str>>> = LazyLock::new(Mutex::default);

impl Shaped {
    /// The statement for `events` events and `rows` rows of input. What comes once is bound first, then the events, then the
    /// input: column by column.
    pub(super) fn query(&'static self, events: usize, rows: usize) -> Bound {
        let mut query = Bound::of(self.text_for(events, rows));
        query.reserve(self.singles + (EVENT.len() + 1) * size(events) + (self.input.len() + 1) * size(rows));
        query
    }

    /// Its text.
    pub(super) fn text_for(&'static self, events: usize, rows: usize) -> &'static str {
        let (events, rows) = (size(events), size(rows));
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        let place = std::ptr::from_ref(self).addr();
        texts.entry((place, events, rows)).or_insert_with(|| self.written(events, rows).leak())
    }

    fn written(&self, events: usize, rows: usize) -> String {
        let mut text = String::new();
        let first_event = self.singles + 1;
        let events = List { name: "e", columns: EVENT, rows: events, first: first_event };
        let bound = if self.text.contains("{events}") { events.places() } else { 0 };
        let input = List { name: "i", columns: self.input, rows, first: first_event + bound };
        let mut rest = self.text;
        while let Some((before, mark, after)) = next_mark(rest) {
            text.push_str(before);
            match mark.split_once(':') {
                None if mark == "events" => events.write(&mut text, |_| true),
                None => input.write(&mut text, |_| true),
                Some((_, some)) => input.write(&mut text, |column| some.split(',').any(|name| name.trim() == column)),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// What stands before the next place, what it is for, and what stands behind it.
fn next_mark(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (mark, after) = rest.split_once('}')?;
    Some((before, mark, after))
}

/// Leaves out the rows that are not there. Said so, and not as `op IS NOT NULL`, it lets the planner expect hardly any rows, so
/// that it goes by key for each; where it expects many it reads small tables as a whole.
const THERE: &str = "op BETWEEN 1 AND 65535";

/// How many rows the text for `rows` rows has.
const fn size(rows: usize) -> usize {
    rows.next_power_of_two()
}

/// Rows of places, numbered column by column.
struct List {
    name: &'static str,
    columns: &'static [Column],
    rows: usize,
    first: usize,
}

impl List {
    /// How many places there are.
    const fn places(&self) -> usize {
        (self.columns.len() + 1) * self.rows
    }

    /// Writes those columns that are wanted, and the number `op`.
    fn write(&self, text: &mut String, wanted: impl Fn(&str) -> bool) {
        let columns = self.columns.iter().copied().enumerate().filter(|(_, (column, _))| wanted(column));
        let columns: Vec<_> = columns.chain([(self.columns.len(), ("op", "bigint"))]).collect();
        text.push_str("(SELECT * FROM (VALUES ");
        for row in 0..self.rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for (nth, (column, (_, kind))) in columns.iter().enumerate() {
                let comma = if nth == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}${}", self.first + column * self.rows + row);
                if row == 0 {
                    let _ = write!(text, "::{kind}");
                }
            }
            text.push(')');
        }
        let names = columns.iter().map(|(_, (column, _))| *column).collect::<Vec<_>>().join(", ");
        let _ = write!(text, ") AS v ({names}) WHERE {THERE}) AS {}", self.name);
    }
}

/// Rows that are bound, a column after the other.
pub(super) struct Rows {
    query: Bound,
    rows: usize,
}

impl Rows {
    /// As many rows as the text of `query` was asked for.
    pub(super) fn of(query: Bound, rows: usize) -> Self {
        Self { query, rows }
    }

    /// Binds one value for each row.
    pub(super) fn column<'v, T>(mut self, values: impl IntoIterator<Item = T>) -> Self
    where
        T: Encode<'v, Postgres> + Type<Postgres> + 'v,
    {
        let mut bound = 0;
        for value in values {
            self.query.add(value);
            bound += 1;
        }
        debug_assert_eq!(bound, self.rows, "a value for each row");
        for _ in bound..size(self.rows) {
            self.query.add(None::<T>);
        }
        self
    }

    /// Binds the numbers of the rows, which are counted from 1, as their last column.
    pub(super) fn numbered(self) -> Bound {
        let rows = self.rows;
        self.numbers((1..).take(rows))
    }

    /// Binds the number of the step that each row belongs to.
    pub(super) fn numbers(self, numbers: impl IntoIterator<Item = i64>) -> Bound {
        self.column(numbers).query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static BOTH: Shaped = Shaped { text: "{input}; {events}; $1", singles: 1, input: &[("a", "text"), ("b", "uuid")] };
    static ALONE: Shaped = Shaped { text: "{input}; $1, $2", singles: 2, input: &[("a", "text")] };

    #[test]
    fn places_are_numbered_column_by_column() {
        assert_eq!(
            ALONE.text_for(0, 1),
            "(SELECT * FROM (VALUES ($3::text, $4::bigint)) AS v (a, op) WHERE op BETWEEN 1 AND 65535) AS i; $1, $2"
        );
        assert!(ALONE.text_for(0, 2).contains("(VALUES ($3::text, $5::bigint), ($4, $6)) AS v (a, op)"));
        let text = BOTH.text_for(1, 2);
        assert!(
            text.contains("(VALUES ($18::text, $20::uuid, $22::bigint), ($19, $21, $23)) AS v (a, b, op)"),
            "{text}"
        );
        assert!(text.contains("(VALUES ($2::uuid, ") && text.contains(", $17::bigint)) AS v (event_id, "), "{text}");
    }

    #[test]
    fn a_part_has_the_places_of_its_columns() {
        static PARTS: Shaped = Shaped {
            text: "{input: a, c}; {input: b}; {events}",
            singles: 0,
            input: &[("a", "text"), ("b", "uuid"), ("c", "bytea")],
        };
        let text = PARTS.text_for(1, 2);
        let of = |nth| text.split("; ").nth(nth).unwrap();
        assert_eq!(
            of(0),
            "(SELECT * FROM (VALUES ($17::text, $21::bytea, $23::bigint), ($18, $22, $24)) AS v (a, c, op) \
            WHERE op BETWEEN 1 AND 65535) AS i"
        );
        assert!(of(1).contains("(VALUES ($19::uuid, $23::bigint), ($20, $24)) AS v (b, op)"), "{text}");
        assert!(of(2).contains("(VALUES ($1::uuid, ") && of(2).contains(", $16::bigint)) AS v (event_id, "), "{text}");
    }

    #[test]
    fn there_are_few_texts() {
        let texts: std::collections::HashSet<_> = (0..=64).map(|rows| ALONE.text_for(0, rows).as_ptr()).collect();
        assert_eq!(texts.len(), 7);
    }
}
