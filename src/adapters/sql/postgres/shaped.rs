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

/// A statement with places for rows: `{events}` for events, `{input}` for what it is about. Values that come once have the
/// numbers from `$1` on.
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
    pub(super) fn query<'q>(&'static self, events: usize, rows: usize) -> Bound<'q> {
        sqlx::query(self.text_for(events, rows))
    }

    /// Its text.
    pub(super) fn text_for(&'static self, events: usize, rows: usize) -> &'static str {
        let (events, rows) = (size(events), size(rows));
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        let place = std::ptr::from_ref(self).addr();
        texts.entry((place, events, rows)).or_insert_with(|| self.written(events, rows).leak())
    }

    fn written(&self, events: usize, rows: usize) -> String {
        let mut text = self.text.to_owned();
        let mut next = self.singles + 1;
        for (mark, name, columns, rows) in [("{events}", "e", EVENT, events), ("{input}", "i", self.input, rows)] {
            if text.contains(mark) {
                text = text.replace(mark, &values(name, columns, rows, next));
                next += (columns.len() + 1) * rows;
            }
        }
        text
    }
}

/// Leaves out the rows that are not there. Said so, and not as `op IS NOT NULL`, it lets the planner expect hardly any rows, so
/// that it goes by key for each; where it expects many it reads small tables as a whole.
const THERE: &str = "op BETWEEN 1 AND 65535";

/// How many rows the text for `rows` rows has.
const fn size(rows: usize) -> usize {
    rows.next_power_of_two()
}

/// Rows of places, numbered column by column from `next` on.
fn values(name: &str, columns: &[Column], rows: usize, next: usize) -> String {
    let columns = || columns.iter().copied().chain([("op", "bigint")]);
    let mut text = String::from("(SELECT * FROM (VALUES ");
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for (nth, (_, kind)) in columns().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}${}", next + nth * rows + row);
            if row == 0 {
                let _ = write!(text, "::{kind}");
            }
        }
        text.push(')');
    }
    let names = columns().map(|(column, _)| column).collect::<Vec<_>>().join(", ");
    let _ = write!(text, ") AS v ({names}) WHERE {THERE}) AS {name}");
    text
}

/// Rows that are bound, a column after the other.
pub(super) struct Rows<'q> {
    query: Bound<'q>,
    rows: usize,
}

impl<'q> Rows<'q> {
    /// As many rows as the text of `query` was asked for.
    pub(super) fn of(query: Bound<'q>, rows: usize) -> Self {
        Self { query, rows }
    }

    /// Binds one value for each row.
    pub(super) fn column<T>(mut self, values: impl IntoIterator<Item = T>) -> Self
    where
        T: Encode<'q, Postgres> + Type<Postgres> + 'q,
    {
        let mut bound = 0;
        for value in values {
            self.query = self.query.bind(value);
            bound += 1;
        }
        debug_assert_eq!(bound, self.rows, "a value for each row");
        for _ in bound..size(self.rows) {
            self.query = self.query.bind(None::<T>);
        }
        self
    }

    /// Binds the numbers of the rows, which are counted from 1, as their last column.
    pub(super) fn numbered(self) -> Bound<'q> {
        let rows = self.rows;
        self.numbers((1..).take(rows))
    }

    /// Binds the number of the step that each row belongs to.
    pub(super) fn numbers(self, numbers: impl IntoIterator<Item = i64>) -> Bound<'q> {
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
    fn there_are_few_texts() {
        let texts: std::collections::HashSet<_> = (0..=64).map(|rows| ALONE.text_for(0, rows).as_ptr()).collect();
        assert_eq!(texts.len(), 7);
    }
}
